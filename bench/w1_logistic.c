/* W1: logistic regression, dense. */
#include "bench/workload.h"

#include <math.h>

enum { d = 128 };

static void make(size_t n, double *theta, double *v, double *xi, double *constants)
{
    meka_rng rng;
    meka_rng_init(&rng, 1, MEKA_STREAM_PROBLEM, 0, 0);
    for (size_t j = 0; j < d; j++) {
        theta[j] = meka_rng_normal(&rng) / sqrt(d);
        v[j] = meka_rng_normal(&rng);
    }
    for (size_t i = 0; i < n; i++, xi += d + 1) {
        double z = 0.5 * meka_rng_normal(&rng);
        for (size_t j = 0; j < d; j++) {
            xi[j] = meka_rng_normal(&rng);
            z += xi[j] * theta[j];
        }
        xi[d] = z > 0.0 ? 1.0 : -1.0;
    }
}

static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    return ad_softplus(ad_neg(ad_mul(xi[d], ad_dot(d, xi, theta))));
}

const bench_workload bench_w1 = {
    .name = "W1",
    .summary = "logistic regression, softplus(-y x.theta)",
    .n_params = d,
    .n_features = d + 1,
    .n_samples = 4096,
    .make = make,
    .record = record,
    .reference = BENCH_REF_logistic,
    .bar = 1.7,
    .aim = 1.2,
    .note = "gradient and product are multiples of x: four weighted sums of features",
};
