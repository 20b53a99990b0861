/* W3: softmax cross-entropy of a small network; theta = (W1, b1, W2, b2), row by row. */
#include "bench/workload.h"

#include <math.h>

enum { n_in = 16, n_hidden = 32, n_out = 10 };
enum { d = n_hidden * (n_in + 1) + n_out * (n_hidden + 1) };

static void make(size_t n, double *theta, double *v, double *xi, double *constants)
{
    meka_rng rng;
    meka_rng_init(&rng, 3, MEKA_STREAM_PROBLEM, 0, 0);
    for (size_t j = 0; j < d; j++) {
        bool first = j < n_hidden * (n_in + 1);
        theta[j] = meka_rng_normal(&rng) / sqrt(first ? n_in : n_hidden);
        v[j] = 0.1 * meka_rng_normal(&rng);
    }
    for (size_t i = 0; i < n; i++, xi += n_in + 1) {
        for (size_t j = 0; j < n_in; j++)
            xi[j] = meka_rng_normal(&rng);
        xi[n_in] = (double)meka_rng_below(&rng, n_out);
    }
}

/* y_j = W_j.x + b_j; returns the end of the layer's parameters. */
static const ad_var *layer(size_t n_x, const ad_var *x, size_t n_y, ad_var *y,
                           const ad_var *theta)
{
    const ad_var *bias = theta + n_y * n_x;
    for (size_t j = 0; j < n_y; j++)
        y[j] = ad_add(ad_dot(n_x, theta + j * n_x, x), bias[j]);
    return bias + n_y;
}

static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var hidden[n_hidden], logit[n_out], is_label[n_out], exps[n_out];
    theta = layer(n_in, xi, n_hidden, hidden, theta);
    for (size_t j = 0; j < n_hidden; j++)
        hidden[j] = ad_tanh(hidden[j]);
    layer(n_hidden, hidden, n_out, logit, theta);
    ad_var top = logit[0];
    for (size_t c = 0; c < n_out; c++) {
        top = c > 0 ? ad_max(top, logit[c]) : top;
        is_label[c] = ad_eq(xi[n_in], (double)c);
    }
    for (size_t c = 0; c < n_out; c++)
        exps[c] = ad_exp(ad_sub(logit[c], top));
    return ad_sub(ad_add(ad_log(ad_sum(n_out, exps)), top), ad_dot(n_out, is_label, logit));
}

const bench_workload bench_w3 = {
    .name = "W3",
    .summary = "network 16-32-10, tanh, softmax cross-entropy",
    .n_params = d,
    .n_features = n_in + 1,
    .n_samples = 1024,
    .make = make,
    .record = record,
    .reference = BENCH_REF_mlp,
    .bar = 4.0,
    .aim = 2.0,
    .note = "sums over samples of products of stored factors; no per-sample gradient is formed",
};
