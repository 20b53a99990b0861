/* Held-out samples: loss and score. */
#include "optim/run.h"

#include <assert.h>
#include <math.h>

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Adds the sum of the program's values over n samples to *sum. */
static meka_status add(ad_batch *batch, const double *theta, size_t n, const double *xi,
                       double *sum, meka_error *err)
{
    ad_moments moments = {0};
    meka_status status = ad_eval_moments(batch, theta, NULL, n, xi, &moments, err);
    if (status != MEKA_OK && status != MEKA_NONFINITE)
        return status;
    *sum += (double)n * moments.loss_mean;
    return MEKA_OK;
}

meka_status opt_run_test(opt_run *run, const double *theta, opt_test *out, meka_error *err)
{
    assert(run && theta && out);
    const meka_samples *test = run->config.test;
    *out = (opt_test){NAN, NAN};
    if (!test)
        return MEKA_OK;
    double began = seconds_now(), loss = 0.0, score = 0.0;
    meka_status status = MEKA_OK;
    for (size_t first = 0; status == MEKA_OK && first < test->n_rows;) {
        size_t left = test->n_rows - first, n = left < run->test_piece ? left : run->test_piece;
        test->read(test->ctx, first, n, run->test_xi);
        status = add(run->test_batch, theta, n, run->test_xi, &loss, err);
        if (status == MEKA_OK && run->score_batch)
            status = add(run->score_batch, theta, n, run->test_xi, &score, err);
        first += n;
    }
    run->seconds_before -= seconds_now() - began;
    if (status == MEKA_OK)
        *out = (opt_test){loss / (double)test->n_rows,
                          run->score_batch ? score / (double)test->n_rows : NAN};
    return status;
}
