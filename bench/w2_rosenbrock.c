/* W2: the chained Rosenbrock function, as a user's loop of scalar operations. */
#include "bench/workload.h"

enum { d = 1000 };

static void make(size_t n, double *theta, double *v, double *xi, double *constants)
{
    meka_rng rng;
    meka_rng_init(&rng, 2, MEKA_STREAM_PROBLEM, 0, 0);
    for (size_t k = 0; k < d; k++) {
        theta[k] = 1.0 + 0.3 * meka_rng_normal(&rng);
        v[k] = meka_rng_normal(&rng);
    }
    for (size_t i = 0; i < n; i++)
        xi[i] = 1.0 + 0.5 * meka_rng_normal(&rng);
}

static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var sum = ad_const(tape, 0.0);
    for (size_t k = 0; k + 1 < d; k++) {
        ad_var r = ad_sub(theta[k + 1], ad_sqr(theta[k]));
        ad_var e = ad_sub(xi[0], theta[k]);
        sum = ad_add(sum, ad_add(ad_mul(100.0, ad_sqr(r)), ad_sqr(e)));
    }
    return sum;
}

const bench_workload bench_w2 = {
    .name = "W2",
    .summary = "chained Rosenbrock, written as a loop of scalar operations",
    .n_params = d,
    .n_features = 1,
    .n_samples = 256,
    .make = make,
    .record = record,
    .reference = BENCH_REF_rosenbrock,
    .also = BENCH_REF_rosenbrock_hoisted,
    .bar = 1.0,
    .aim = 0.3,
    .note = "the reference computes for every sample what all samples share; the other one "
            "(hoisted) computes it once",
};
