/* U2: a Gaussian mixture with diagonal covariances: theta = (means, log scales, logits),
 * [n_parts][n_dim], [n_parts][n_dim], [n_parts]; the loss is -log density of xi. */
#include "bench/workload.h"

enum { n_dim = 3, n_parts = 5, d = n_parts * (2 * n_dim + 1) };

static void make(size_t n, double *theta, double *v, double *xi, double *constants)
{
    meka_rng rng;
    meka_rng_init(&rng, 6, MEKA_STREAM_PROBLEM, 0, 0);
    for (size_t j = 0; j < d; j++) {
        bool is_mean = j < n_parts * n_dim;
        theta[j] = (is_mean ? 2.0 : 0.3) * meka_rng_normal(&rng);
        v[j] = meka_rng_normal(&rng);
    }
    for (size_t i = 0; i < n; i++) {
        size_t part = meka_rng_below(&rng, n_parts);
        for (size_t k = 0; k < n_dim; k++)
            xi[i * n_dim + k] = theta[part * n_dim + k] + 1.2 * meka_rng_normal(&rng);
    }
}

/* log sum exp z, by hand. */
static ad_var log_sum_exp(size_t n, const ad_var *z)
{
    ad_var exps[n_parts], top = z[0];
    for (size_t c = 1; c < n; c++)
        top = ad_max(top, z[c]);
    for (size_t c = 0; c < n; c++)
        exps[c] = ad_exp(ad_sub(z[c], top));
    return ad_add(ad_log(ad_sum(n, exps)), top);
}

static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    const ad_var *mean = theta, *scale = theta + n_parts * n_dim;
    const ad_var *logit = scale + n_parts * n_dim;
    ad_var z[n_parts];
    for (size_t c = 0; c < n_parts; c++) {
        z[c] = logit[c];
        for (size_t k = 0; k < n_dim; k++) {
            ad_var log_scale = scale[c * n_dim + k];
            ad_var e = ad_mul(ad_sub(xi[k], mean[c * n_dim + k]), ad_exp(ad_neg(log_scale)));
            z[c] = ad_sub(z[c], ad_add(ad_mul(0.5, ad_sqr(e)), log_scale));
        }
    }
    return ad_sub(log_sum_exp(n_parts, logit), log_sum_exp(n_parts, z));
}

const bench_workload bench_u2 = {
    .name = "U2",
    .summary = "Gaussian mixture, 5 parts in 3 dimensions, negative log-likelihood",
    .n_params = d,
    .n_features = n_dim,
    .n_samples = 1024,
    .make = make,
    .record = record,
    .reference = BENCH_REF_mixture,
    .note = "the scales and their exponentials are shared by all samples",
};
