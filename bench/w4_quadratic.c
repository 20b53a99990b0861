/* W4: the noisy quadratic 0.5 (theta - xi)'H(theta - xi); H [d][d] is in the constants. */
#include "bench/workload.h"

enum { d = 20 };

static void make(size_t n, double *theta, double *v, double *xi, double *constants)
{
    double factor[d][d];
    meka_rng rng;
    meka_rng_init(&rng, 4, MEKA_STREAM_PROBLEM, 0, 0);
    for (size_t j = 0; j < d; j++) {
        theta[j] = meka_rng_normal(&rng);
        v[j] = meka_rng_normal(&rng);
        for (size_t k = 0; k < d; k++)
            factor[j][k] = meka_rng_normal(&rng);
    }
    for (size_t j = 0; j < d; j++)
        for (size_t k = 0; k <= j; k++) {
            double sum = j == k ? 0.1 : 0.0;
            for (size_t i = 0; i < d; i++)
                sum += factor[i][j] * factor[i][k] / d;
            constants[j * d + k] = constants[k * d + j] = sum;
        }
    for (size_t i = 0; i < n * d; i++)
        xi[i] = meka_rng_normal(&rng);
}

static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    const double *hessian = ctx;
    ad_var e[d], he[d], row[d];
    for (size_t j = 0; j < d; j++)
        e[j] = ad_sub(theta[j], xi[j]);
    for (size_t j = 0; j < d; j++) {
        for (size_t k = 0; k < d; k++)
            row[k] = ad_const(tape, hessian[j * d + k]);
        he[j] = ad_dot(d, row, e);
    }
    return ad_mul(0.5, ad_dot(d, e, he));
}

const bench_workload bench_w4 = {
    .name = "W4",
    .summary = "noisy quadratic 0.5 (theta-xi)'H(theta-xi)",
    .n_params = d,
    .n_features = d,
    .n_samples = 1024,
    .n_constants = d * d,
    .make = make,
    .record = record,
    .reference = BENCH_REF_quadratic,
    .bar = 3.0,
    .aim = 1.5,
    .note = "the reference knows that H is symmetric: one product per sample, and Hv once",
};
