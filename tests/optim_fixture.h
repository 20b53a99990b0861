/* tests/optim_fixture.h - small problems to optimize, and runs of them step by step. */
#ifndef TESTS_OPTIM_FIXTURE_H
#define TESTS_OPTIM_FIXTURE_H

#include <meka/optim.h>

#include "tests/testing.h"

#include <stdlib.h>

/* f_i = 0.5 sum_j (j+1) w_i (theta_j - x_ij)^2, x_ij ~ 1 + 0.5 N(0,1), w_i ~ U(0.5, 1.5):
 * noise in the Hessian too.  A sample is x_i0 .. x_i,d-1, w_i. */
enum { FIXTURE_D = 3 };

static inline ad_var fixture_record(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                                    const void *ctx)
{
    (void)ctx;
    ad_var sum = ad_const(tape, 0.0);
    for (int j = 0; j < FIXTURE_D; j++)
        sum = ad_add(sum, ad_mul(0.5 * (j + 1), ad_sqr(ad_sub(theta[j], xi[j]))));
    return ad_mul(xi[FIXTURE_D], sum);
}

static inline void fixture_draw(const void *ctx, uint64_t seed, uint64_t step, size_t n,
                                double *xi)
{
    (void)ctx;
    meka_rng rng;
    meka_rng_init(&rng, seed, MEKA_STREAM_SAMPLES, step, 0);
    for (size_t i = 0; i < n; i++) {
        for (int j = 0; j < FIXTURE_D; j++)
            *xi++ = 1.0 + 0.5 * meka_rng_normal(&rng);
        *xi++ = 0.5 + meka_rng_uniform(&rng);
    }
}

static const double fixture_x0[FIXTURE_D] = {4.0, -3.0, 2.5};
/* One sample at the mean: f is linear in (w, w x, w x^2) up to a constant. */
static const double fixture_mean[FIXTURE_D + 1] = {1.0, 1.0, 1.0, 1.0};

static inline ad_objective fixture_objective(void)
{
    return (ad_objective){.name = "weighted quadratic",
                          .n_params = FIXTURE_D,
                          .n_features = FIXTURE_D + 1,
                          .record = fixture_record,
                          .x0 = fixture_x0};
}

static inline meka_source fixture_source(void)
{
    return (meka_source){.n_features = FIXTURE_D + 1,
                         .draw = fixture_draw,
                         .population = fixture_mean,
                         .n_population = 1};
}

/* A run with the program it stands on. */
typedef struct optim_fixture {
    ad_program *program;
    opt_run *run;
} optim_fixture;

static inline void optim_fixture_clear(optim_fixture *f)
{
    opt_run_destroy(f->run);
    ad_program_destroy(f->program);
    *f = (optim_fixture){0};
}

static inline optim_fixture optim_fixture_make(const ad_objective *objective,
                                               const meka_source *source,
                                               const opt_config *config, const double *x0)
{
    optim_fixture f = {0};
    meka_error err = {0};
    assert_ok(ad_program_create(&f.program, objective, &err), err);
    assert_ok(opt_run_create(&f.run, f.program, source, config, x0, &err), err);
    return f;
}

/* The usual case: a method by name on the weighted quadratic. */
static inline opt_config fixture_config(const char *method, const char *settings)
{
    meka_error err = {0};
    opt_config config = opt_config_default();
    assert_ok(opt_method_find(&config.method, method, &err), err);
    config.settings = settings;
    config.batch_size = 8;
    return config;
}

static inline opt_stop fixture_step(opt_run *run)
{
    meka_error err = {0};
    opt_stop stop = OPT_RUNNING;
    assert_ok(opt_run_step(run, &stop, &err), err);
    return stop;
}

#endif
