/* U1: robust linear regression, (nu + 1)/2 log1p((y - x.theta)^2/nu) with nu = 4. */
#include "bench/workload.h"

#include <math.h>

enum { d = 32 };
static const double nu = 4.0;

static void make(size_t n, double *theta, double *v, double *xi, double *constants)
{
    meka_rng rng;
    meka_rng_init(&rng, 5, MEKA_STREAM_PROBLEM, 0, 0);
    for (size_t j = 0; j < d; j++) {
        theta[j] = meka_rng_normal(&rng) / sqrt(d);
        v[j] = meka_rng_normal(&rng);
    }
    for (size_t i = 0; i < n; i++, xi += d + 1) {
        xi[d] = meka_rng_student_t(&rng, nu);
        for (size_t j = 0; j < d; j++) {
            xi[j] = meka_rng_normal(&rng);
            xi[d] += xi[j] * theta[j];
        }
    }
}

static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var r = ad_sub(xi[d], ad_dot(d, xi, theta));
    return ad_mul(0.5 * (nu + 1.0), ad_log1p(ad_div(ad_sqr(r), nu)));
}

const bench_workload bench_u1 = {
    .name = "U1",
    .summary = "linear regression with Student's t errors",
    .n_params = d,
    .n_features = d + 1,
    .n_samples = 1024,
    .make = make,
    .record = record,
    .reference = BENCH_REF_student,
    .note = "not a model for the engine's tuning",
};
