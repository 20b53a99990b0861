/* tests/ad_fixture.h - an objective, its program and a batch, ready to evaluate. */
#ifndef TESTS_AD_FIXTURE_H
#define TESTS_AD_FIXTURE_H

#include <meka/ad.h>

#include "tests/testing.h"

typedef struct fixture {
    ad_program *program;
    ad_batch *batch;
} fixture;

static inline fixture fixture_make(const ad_objective *objective, size_t n_lanes)
{
    fixture f = {0};
    meka_error err = {0};
    ad_batch_options options = {.n_lanes = n_lanes};
    ck_assert_msg(!ad_program_create(&f.program, objective, &err), "%s", err.text);
    ck_assert_msg(!ad_batch_create(&f.batch, f.program, &options, &err), "%s", err.text);
    return f;
}

static inline void fixture_clear(fixture *f)
{
    ad_batch_destroy(f->batch);
    ad_program_destroy(f->program);
}

#endif
