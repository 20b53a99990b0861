/* U3: a predator-prey model, 40 explicit Euler steps; theta = logarithms of its four rates,
 * xi = (x_0, y_0, log x_T, log y_T as observed). */
#include "bench/workload.h"

#include <math.h>

enum { d = 4, m = 4, n_steps = 40 };
static const double dt = 0.05;

static void make(size_t n, double *theta, double *v, double *xi, double *constants)
{
    static const double rate[d] = {1.0, 0.5, 0.6, 1.2};
    meka_rng rng;
    meka_rng_init(&rng, 7, MEKA_STREAM_PROBLEM, 0, 0);
    for (size_t j = 0; j < d; j++) {
        theta[j] = log(rate[j]) + 0.1 * meka_rng_normal(&rng);
        v[j] = meka_rng_normal(&rng);
    }
    for (size_t i = 0; i < n; i++, xi += m) {
        xi[0] = 0.5 + 1.5 * meka_rng_uniform(&rng);
        xi[1] = 0.5 + 1.5 * meka_rng_uniform(&rng);
        xi[2] = 0.5 * meka_rng_normal(&rng);
        xi[3] = 0.5 * meka_rng_normal(&rng);
    }
}

static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var rate[d], x = xi[0], y = xi[1];
    for (size_t j = 0; j < d; j++)
        rate[j] = ad_exp(theta[j]);
    for (int k = 0; k < n_steps; k++) {
        ad_var dx = ad_mul(x, ad_sub(rate[0], ad_mul(rate[1], y)));
        ad_var dy = ad_mul(y, ad_sub(ad_mul(rate[2], x), rate[3]));
        x = ad_add(x, ad_mul(dt, dx));
        y = ad_add(y, ad_mul(dt, dy));
    }
    return ad_add(ad_sqr(ad_sub(ad_log(x), xi[2])), ad_sqr(ad_sub(ad_log(y), xi[3])));
}

const bench_workload bench_u3 = {
    .name = "U3",
    .summary = "Lotka-Volterra, 40 explicit Euler steps",
    .n_params = d,
    .n_features = m,
    .n_samples = 256,
    .make = make,
    .record = record,
    .reference = BENCH_REF_lotka,
    .note = "a recurrence: every step waits for the one before",
};
