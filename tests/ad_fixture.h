/* tests/ad_fixture.h - an objective, its program and a batch, ready to evaluate. */
#ifndef TESTS_AD_FIXTURE_H
#define TESTS_AD_FIXTURE_H

#include <meka/ad.h>

#include "tests/testing.h"

typedef struct fixture {
    ad_program *program;
    ad_batch *batch;
} fixture;

static inline fixture fixture_with(const ad_objective *objective, unsigned passes_off,
                                   size_t n_lanes, ad_isa isa)
{
    fixture f = {0};
    meka_error err = {0};
    ad_program_options passes = {.passes_off = passes_off};
    ad_batch_options options = {.n_lanes = n_lanes, .isa = isa};
    ck_assert_msg(!ad_program_create_with(&f.program, objective, &passes, &err), "%s",
                  err.text);
    ck_assert_msg(!ad_batch_create(&f.batch, f.program, &options, &err), "%s", err.text);
    return f;
}

static inline fixture fixture_make(const ad_objective *objective, size_t n_lanes)
{
    return fixture_with(objective, 0, n_lanes, AD_ISA_BEST);
}

static inline void fixture_clear(fixture *f)
{
    ad_batch_destroy(f->batch);
    ad_program_destroy(f->program);
}

#endif
