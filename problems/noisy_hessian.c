/* A quadratic whose Hessian differs from sample to sample:
 *
 *   f(theta, (xi, w)) = 0.5 (theta - xi)' R diag(w) R (theta - xi),   R = H^(1/2)
 *
 * with xi ~ N(0, noise^2 I) and w_k ~ Gamma(1/v)/(1/v) independent of it: E w = 1, var w = v.
 * The objective is linear in w and quadratic in xi, so that its expectation is
 * 0.5 theta' H theta plus a constant: the population is the single sample xi = 0, w = 1.
 * Beyond Proposition 1, whose samples share one Hessian: here Q > 0. */
#include "problems/rows.h"

#include "base/memory.h"
#include "problems/spectrum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct params {
    uint64_t dim;
    double condition, noise, hessian_noise, start;
} params;

#define ROW(name, type, initial, low, high, meaning, field)                                    \
    {                                                                                          \
        name, type, initial, low, high, NULL, meaning, offsetof(params, field)                 \
    }
static const meka_option options[] = {
    ROW("dim", MEKA_OPTION_COUNT, "20", 1, 100000, "number of parameters d", dim),
    ROW("condition", MEKA_OPTION_REAL, "100", 1, 1e15,
        "condition number L/mu of the mean Hessian H; the largest eigenvalue is L = 1, the "
        "others are spaced evenly in their logarithm",
        condition),
    ROW("noise", MEKA_OPTION_REAL, "1", 0, 1e100, "standard deviation of xi", noise),
    ROW("hessian-noise", MEKA_OPTION_REAL, "2", 0, 1e4,
        "variance of the weights w, which have mean 1; 0: one Hessian for all samples",
        hessian_noise),
    ROW("start", MEKA_OPTION_REAL, "3", 0, 1e100, "standard deviation of the starting point",
        start),
};

typedef struct quadratic {
    size_t d;
    double noise, hessian_noise;
    double *root;  /* R [d][d], symmetric */
    double *x0;    /* [d] */
    double *mean;  /* [2d] the population: xi = 0, then w = 1 */
    double *work;  /* [d] while it is made */
    double *basis; /* [d][d] while it is made */
} quadratic;

/* 0.5 sum_k w_k z_k^2 with z = R (theta - xi). */
static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    const quadratic *q = ctx;
    size_t d = q->d;
    const ad_var *w = xi + d;
    ad_var *e = malloc(d * sizeof *e);
    if (!e)
        return (ad_var){NULL, 0};
    for (size_t j = 0; j < d; j++)
        e[j] = ad_sub(theta[j], xi[j]);
    ad_var total = ad_const(tape, 0.0);
    for (size_t k = 0; k < d; k++) {
        ad_var z = ad_mul(q->root[k * d], e[0]);
        for (size_t j = 1; j < d; j++)
            z = ad_add(z, ad_mul(q->root[k * d + j], e[j]));
        total = ad_add(total, ad_mul(w[k], ad_sqr(z)));
    }
    free(e);
    return ad_mul(0.5, total);
}

static void draw(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    const quadratic *q = ctx;
    size_t d = q->d;
    for (size_t i = 0; i < n; i++, xi += 2 * d) {
        meka_rng rng;
        meka_rng_init(&rng, seed, MEKA_STREAM_SAMPLES, step, i);
        for (size_t k = 0; k < d; k++)
            xi[k] = q->noise * meka_rng_normal(&rng);
        double v = q->hessian_noise;
        for (size_t k = 0; k < d; k++)
            xi[d + k] = v > 0.0 ? meka_rng_gamma(&rng, 1.0 / v, v) : 1.0;
    }
}

static void fill(quadratic *q, const params *p, uint64_t seed)
{
    size_t d = q->d;
    prob_random_rotation(q->basis, d, seed, 0);
    prob_spectrum(q->work, d, p->condition);
    for (size_t k = 0; k < d; k++)
        q->work[k] = sqrt(q->work[k]);
    prob_compose(q->root, q->work, q->basis, d);
    meka_rng rng;
    meka_rng_init(&rng, seed, MEKA_STREAM_START, 0, 0);
    for (size_t k = 0; k < d; k++) {
        q->x0[k] = p->start * meka_rng_normal(&rng);
        q->mean[d + k] = 1.0;
    }
}

static meka_status make(prob_instance *out, const void *values, const prob_request *request,
                        meka_error *err)
{
    uint64_t seed = request->seed;
    const params *p = values;
    size_t d = p->dim;
    size_t n_doubles = 2 * d * d + 4 * d;
    quadratic *q = meka_alloc(1, sizeof *q + n_doubles * sizeof(double), err);
    if (!q)
        return MEKA_ERR_MEMORY;
    q->d = d;
    q->noise = p->noise;
    q->hessian_noise = p->hessian_noise;
    q->root = (double *)(q + 1);
    q->basis = q->root + d * d;
    q->x0 = q->basis + d * d;
    q->mean = q->x0 + d;
    q->work = q->mean + 2 * d;
    fill(q, p, seed);
    *out = (prob_instance){
        .objective = {.name = "noisy-hessian",
                      .n_params = d,
                      .n_features = 2 * d,
                      .record = record,
                      .ctx = q,
                      .x0 = q->x0},
        .source = {.n_features = 2 * d,
                   .draw = draw,
                   .ctx = q,
                   .population = q->mean,
                   .n_population = 1},
        .minimum = 0.0,
        .minimizer = q->mean, /* its first half is 0 */
        .storage = q,
    };
    return MEKA_OK;
}

const prob_problem prob_noisy_hessian = {
    .name = "noisy-hessian",
    .summary = "noisy quadratic with a random Hessian R diag(w) R per sample, E w = 1",
    .reference = "Chen et al. 2020, eq. 14; the noise of the Hessian is ours",
    .minimum = "0 at theta = 0",
    .options = {options, sizeof options / sizeof options[0], sizeof(params)},
    .make = make,
};
