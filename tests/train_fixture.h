/* tests/train_fixture.h - trains a problem that has test samples, and looks at these. */
#ifndef TESTS_TRAIN_FIXTURE_H
#define TESTS_TRAIN_FIXTURE_H

#include "tests/ad_fixture.h"

#include <meka/optim.h>
#include <meka/problems.h>
#include <stdlib.h>

/* The mean of the instance's objective (or score) over its test samples. */
static inline double over_tests(const prob_instance *it, const ad_objective *o,
                                const double *theta)
{
    enum { AT_ONCE = 500 };
    const meka_samples *test = &it->test;
    fixture f = fixture_make(o, 0);
    double *xi = malloc(AT_ONCE * test->n_features * sizeof *xi), sum = 0.0;
    for (size_t first = 0; first < test->n_rows; first += AT_ONCE) {
        size_t left = test->n_rows - first, n = left < AT_ONCE ? left : AT_ONCE;
        ad_moments m = {0};
        test->read(test->ctx, first, n, xi);
        ck_assert_int_eq(ad_eval_moments(f.batch, theta, NULL, n, xi, &m, NULL), MEKA_OK);
        sum += m.loss_mean * (double)n;
    }
    free(xi);
    fixture_clear(&f);
    return sum / (double)test->n_rows;
}

typedef struct outcome {
    double loss[2], accuracy[2]; /* on the test images before and after */
} outcome;

static inline outcome train(const prob_instance *it, const char *method, const char *settings,
                            size_t batch, uint64_t n_steps)
{
    const ad_objective *o = &it->objective;
    double *theta = malloc(o->n_params * sizeof *theta);
    memcpy(theta, o->x0, o->n_params * sizeof *theta);
    opt_config config = opt_config_default();
    opt_result result;
    meka_error err;
    ck_assert_int_eq(opt_method_find(&config.method, method, NULL), MEKA_OK);
    config.settings = settings;
    config.batch_size = batch;
    config.max_steps = n_steps;
    outcome out;
    for (int after = 0; after < 2; after++) {
        if (after) {
            assert_ok(opt_minimize(o, &it->source, &config, theta, &result, &err), err);
            ck_assert_int_eq(result.stop, OPT_BUDGET); /* not diverged, say */
        }
        out.loss[after] = over_tests(it, o, theta);
        out.accuracy[after] = over_tests(it, &it->score, theta);
    }
    free(theta);
    return out;
}

#endif
