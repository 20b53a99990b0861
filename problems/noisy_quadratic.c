/* Noisy quadratics: two problems that share H, the law of xi and the start.
 *
 *   noisy-quadratic   f(theta, xi) = 0.5 (theta - xi)' H (theta - xi)
 *   noisy-hessian     f(theta, (xi, w)) = 0.5 (theta - xi)' R diag(w) R (theta - xi)
 *
 * with R = H^(1/2), E xi = 0, and w_k ~ Gamma(1/v)/(1/v) independent of it: E w = 1, var w = v.
 * The first is eq. 14 of the paper, with one Hessian for all samples; the second goes beyond
 * Proposition 1: its Hessian differs from sample to sample, so that Q > 0.  Both are linear in
 * w and quadratic in xi, so that the expected objective is 0.5 theta' H theta plus a constant
 * whatever the law of xi: the population is the single sample xi = 0, w = 1. */
#include "problems/rows.h"

#include "base/memory.h"
#include "problems/noise_law.h"
#include "problems/spectrum.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AXES_RANDOM, AXES_ALIGNED, AXES_OPPOSED };
static const char *const axes_names[] = {"random", "aligned", "opposed", NULL};

typedef struct params {
    uint64_t dim, groups, blocks, noise_rank;
    double condition, block_condition, noise, noise_condition, dof, hessian_noise, start;
    int spectrum, noise_axes, tail;
} params;

#define ROW(name, type, initial, low, high, choices, meaning, field)                           \
    {                                                                                          \
        name, MEKA_OPTION_##type, initial, low, high, choices, meaning,                        \
            offsetof(params, field)                                                            \
    }
/* What both have. */
#define HESSIAN_ROWS(condition_)                                                               \
    ROW("dim", COUNT, "20", 1, 100000, NULL,                                                   \
        "number of parameters d; with --data, that of the file", dim),                         \
        ROW("condition", REAL, condition_, 1, 1e15, NULL,                                      \
            "condition number L/mu of the mean Hessian H; its largest eigenvalue is L = 1",    \
            condition),                                                                        \
        ROW("spectrum", CHOICE, "log", 0, 0, prob_spectrum_names,                              \
            "where the eigenvalues lie; log: evenly in their logarithm; linear: evenly; "      \
            "clusters: equal ones in groups; outliers: a few above a gap of condition^(1/3)",  \
            spectrum),                                                                         \
        ROW("groups", COUNT, "4", 1, 100000, NULL, "number of clusters, or of outliers",       \
            groups),                                                                           \
        ROW("blocks", COUNT, "1", 1, 100000, NULL,                                             \
            "number of diagonal blocks of H, each with a spectrum and random axes of its own", \
            blocks),                                                                           \
        ROW("block-condition", REAL, "1", 1, 1e15, NULL,                                       \
            "largest eigenvalue of the first block by that of the last; each block has the "   \
            "condition number condition/block-condition",                                      \
            block_condition)
#define NOISE_ROWS                                                                             \
    ROW("noise", REAL, "1", 0, 1e100, NULL,                                                    \
        "standard deviation of xi, geometric mean over its axes; with --data a factor",        \
        noise),                                                                                \
        ROW("noise-condition", REAL, "1", 1, 1e15, NULL,                                       \
            "condition number of Cov xi on its range; 1 and full rank: noise^2 I",             \
            noise_condition),                                                                  \
        ROW("noise-axes", CHOICE, "random", 0, 0, axes_names,                                  \
            "of Cov xi; aligned: those of H, with most noise where H is steepest; opposed: "   \
            "where it is flattest",                                                            \
            noise_axes),                                                                       \
        ROW("noise-rank", COUNT, "0", 0, 100000, NULL, "rank of Cov xi; 0: d", noise_rank),    \
        ROW("tail", CHOICE, "normal", 0, 0, prob_tail_names,                                   \
            "law of xi along every direction, with the same covariance", tail),                \
        ROW("dof", REAL, "5", 0, 1e9, NULL, "degrees of freedom of tail=student, above 2",     \
            dof)
#define START_ROW                                                                              \
    ROW("start", REAL, "3", 0, 1e100, NULL, "standard deviation of the starting point", start)

/* What objective and source borrow: the one allocation starts with this. */
typedef struct quadratic {
    size_t d;
    double *hessian;     /* H [d][d] */
    double *eigenvalue;  /* [d] */
    double *eigenvector; /* [d][d], row j belongs to eigenvalue j */
    double *noise_cov;   /* [d][d] */
    prob_noise_law noise;
    double *x0;         /* [d] */
    double *population; /* [d]: xi = 0, or [2d]: then w = 1 */
    double *root;       /* R [d][d] of noisy-hessian, symmetric */
    double hessian_noise;
} quadratic;

/* ------------------------------------------------------------------- samples */

/* initial + sum_j weight[j] e[j] over n; entries outside the blocks of H are 0. */
static ad_var add_products(ad_var initial, size_t n, const double *weight, const ad_var *e)
{
    for (size_t j = 0; j < n; j++)
        if (weight[j] != 0.0)
            initial = ad_add(initial, ad_mul(weight[j], e[j]));
    return initial;
}

/* theta - xi [d], to be freed. */
static ad_var *record_difference(size_t d, const ad_var *theta, const ad_var *xi)
{
    ad_var *e = malloc(d * sizeof *e);
    for (size_t j = 0; e && j < d; j++)
        e[j] = ad_sub(theta[j], xi[j]);
    return e;
}

/* Written as a user would: 0.5 sum_i e_i (H_ii e_i + 2 sum_{j<i} H_ij e_j), e = theta - xi. */
static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    const quadratic *q = ctx;
    size_t d = q->d;
    ad_var *e = record_difference(d, theta, xi);
    if (!e)
        return (ad_var){NULL, 0};
    ad_var total = ad_const(tape, 0.0);
    for (size_t i = 0; i < d; i++) {
        ad_var own = ad_mul(0.5 * q->hessian[i * d + i], e[i]);
        ad_var row = add_products(own, i, q->hessian + i * d, e);
        total = ad_add(total, ad_mul(e[i], row));
    }
    free(e);
    return total;
}

/* 0.5 sum_k w_k z_k^2 with z = R (theta - xi). */
static ad_var record_weighted(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                              const void *ctx)
{
    const quadratic *q = ctx;
    size_t d = q->d;
    const ad_var *w = xi + d;
    ad_var *e = record_difference(d, theta, xi);
    if (!e)
        return (ad_var){NULL, 0};
    ad_var total = ad_const(tape, 0.0);
    for (size_t k = 0; k < d; k++) {
        ad_var first = ad_mul(q->root[k * d], e[0]);
        ad_var z = add_products(first, d - 1, q->root + k * d + 1, e + 1);
        total = ad_add(total, ad_mul(w[k], ad_sqr(z)));
    }
    free(e);
    return ad_mul(0.5, total);
}

/* Row i of the batch is drawn at index i. */
static void draw(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    const quadratic *q = ctx;
    for (size_t i = 0; i < n; i++, xi += q->d) {
        meka_rng rng;
        meka_rng_init(&rng, seed, MEKA_STREAM_SAMPLES, step, i);
        prob_noise_draw(&q->noise, &rng, xi);
    }
}

static void draw_weighted(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    const quadratic *q = ctx;
    size_t d = q->d;
    double v = q->hessian_noise;
    for (size_t i = 0; i < n; i++, xi += 2 * d) {
        meka_rng rng;
        meka_rng_init(&rng, seed, MEKA_STREAM_SAMPLES, step, i);
        prob_noise_draw(&q->noise, &rng, xi);
        for (size_t k = 0; k < d; k++)
            xi[d + k] = v > 0.0 ? meka_rng_gamma(&rng, 1.0 / v, v) : 1.0;
    }
}

/* ------------------------------------------------------------------ instances */

static meka_status check_noise(const params *p, size_t d, const char *owner, meka_error *err)
{
    if (p->noise_rank > d)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%s: noise-rank must be at most dim = %zu, not %zu", owner, d,
                         (size_t)p->noise_rank);
    if (p->tail == PROB_TAIL_STUDENT && !(p->dof > 2.0))
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%s: dof must be above 2 for tail=student, not %g: with 2 or fewer "
                         "there is no covariance",
                         owner, p->dof);
    return MEKA_OK;
}

/* The axes of synthetic noise: q->noise.axis is room for them. */
static void make_noise(quadratic *q, const params *p, uint64_t seed)
{
    prob_noise_law *noise = &q->noise;
    size_t d = q->d, rank = p->noise_rank ? p->noise_rank : d;
    bool even = p->noise_condition == 1.0 || rank == 1;
    noise->rank = rank;
    for (size_t k = 0; k < rank; k++) {
        double place = (double)k / (double)(rank > 1 ? rank - 1 : 1) - 0.5;
        noise->sd[k] = even ? p->noise : p->noise * pow(p->noise_condition, 0.5 * place);
    }
    if (rank == d && even)
        noise->axis = NULL;
    else if (p->noise_axes == AXES_RANDOM)
        prob_random_rotation(noise->axis, d, seed, 1);
    else
        for (size_t k = 0; k < rank; k++) {
            size_t from = p->noise_axes == AXES_ALIGNED ? d - rank + k : rank - 1 - k;
            memcpy(noise->axis + k * d, q->eigenvector + from * d, d * sizeof *noise->axis);
        }
}

static void take_noise(quadratic *q, const params *p, const prob_covariance *data)
{
    q->noise.rank = data->rank;
    for (size_t k = 0; k < data->rank; k++)
        q->noise.sd[k] = p->noise;
    memcpy(q->noise.axis, data->axis, data->rank * q->d * sizeof *data->axis);
}

/* H, its root if there is room, Cov xi and the start; data NULL: the noise is synthetic. */
static void fill(quadratic *q, const params *p, const prob_spectrum *spectrum,
                 const prob_covariance *data, uint64_t seed)
{
    size_t d = q->d;
    double *weight = q->x0; /* borrowed before the start is drawn */
    /* H and Cov xi lie side by side and are made after the eigenvectors. */
    prob_spectrum_draw(spectrum, d, seed, q->eigenvalue, q->eigenvector, q->hessian);
    prob_compose(q->hessian, q->eigenvalue, q->eigenvector, d, d);
    if (q->root) {
        for (size_t k = 0; k < d; k++)
            weight[k] = sqrt(q->eigenvalue[k]);
        prob_compose(q->root, weight, q->eigenvector, d, d);
    }
    if (data)
        take_noise(q, p, data);
    else
        make_noise(q, p, seed);
    for (size_t k = 0; k < q->noise.rank; k++)
        weight[k] = q->noise.sd[k] * q->noise.sd[k];
    memset(q->noise_cov, 0, d * d * sizeof *q->noise_cov);
    if (q->noise.axis)
        prob_compose(q->noise_cov, weight, q->noise.axis, q->noise.rank, d);
    else
        for (size_t k = 0; k < d; k++)
            q->noise_cov[k * d + k] = weight[k];
    meka_rng rng;
    meka_rng_init(&rng, seed, MEKA_STREAM_START, 0, 0);
    for (size_t k = 0; k < d; k++) {
        q->x0[k] = p->start * meka_rng_normal(&rng);
        q->population[d + k] = 1.0;
    }
}

/* One block of memory for d parameters. */
static quadratic *allocate(size_t d, bool weighted, meka_error *err)
{
    size_t n_doubles = (weighted ? 5 : 4) * d * d + 5 * d;
    quadratic *q = meka_alloc(1, sizeof *q + 64 + n_doubles * sizeof(double), err);
    if (!q)
        return NULL;
    double *next = (double *)((char *)q + (sizeof *q + 63) / 64 * 64);
    q->d = q->noise.d = d;
    q->hessian = next;
    q->noise_cov = next + d * d;
    q->eigenvector = next + 2 * d * d;
    q->noise.axis = next + 3 * d * d;
    q->eigenvalue = next + 4 * d * d;
    q->noise.sd = q->eigenvalue + d;
    q->x0 = q->noise.sd + d;
    q->population = q->x0 + d;
    q->root = weighted ? q->population + 2 * d : NULL;
    return q;
}

static meka_status make(prob_instance *out, const prob_problem *row, const params *p,
                        const prob_request *request, meka_error *err)
{
    bool weighted = row == &prob_noisy_hessian;
    const prob_spectrum spectrum = {p->spectrum, p->condition, p->groups, p->blocks,
                                    p->block_condition};
    prob_covariance data = {.d = p->dim};
    meka_status status = MEKA_OK;
    char owner[64];
    snprintf(owner, sizeof owner, "problem %s", row->name);
    if (request->data)
        status = prob_read_covariance(&data, request->data, err);
    if (status == MEKA_OK)
        status = prob_spectrum_check(&spectrum, data.d, owner, err);
    if (status == MEKA_OK)
        status = check_noise(p, data.d, owner, err);
    quadratic *q = status == MEKA_OK ? allocate(data.d, weighted, err) : NULL;
    if (q) {
        size_t d = q->d, n_features = weighted ? 2 * d : d;
        q->hessian_noise = p->hessian_noise;
        q->noise.tail = p->tail;
        q->noise.dof = p->dof;
        fill(q, p, &spectrum, request->data ? &data : NULL, request->seed);
        *out = (prob_instance){
            .objective = {.name = row->name,
                          .n_params = d,
                          .n_features = n_features,
                          .record = weighted ? record_weighted : record,
                          .ctx = q,
                          .x0 = q->x0},
            .source = {.n_features = n_features,
                       .draw = weighted ? draw_weighted : draw,
                       .ctx = q,
                       .population = q->population,
                       .n_population = 1},
            .minimum = 0.0,
            .minimizer = q->population, /* its first d entries are 0 */
            .hessian = q->hessian,
            .eigenvalue = q->eigenvalue,
            .eigenvector = q->eigenvector,
            .noise_cov = q->noise_cov,
            .storage = q,
        };
    }
    free(data.axis);
    return status == MEKA_OK && !q ? MEKA_ERR_MEMORY : status;
}

/* ----------------------------------------------------------------------- rows */

static const char data_meaning[] =
    "FILE, CSV or .gz: Cov xi, d lines of d numbers, in place of noise-condition, noise-axes "
    "and noise-rank";

static const meka_option quadratic_options[] = {HESSIAN_ROWS("2000"), NOISE_ROWS, START_ROW};

static meka_status make_quadratic(prob_instance *out, const void *values,
                                  const prob_request *request, meka_error *err)
{
    return make(out, &prob_noisy_quadratic, values, request, err);
}

const prob_problem prob_noisy_quadratic = {
    .name = "noisy-quadratic",
    .summary = "0.5 (theta - xi)' H (theta - xi), one random Hessian",
    .reference = "Chen et al. 2020, eq. 14",
    .minimum = "0 at theta = 0",
    .data = data_meaning,
    .options = {quadratic_options, sizeof quadratic_options / sizeof quadratic_options[0],
                sizeof(params)},
    .make = make_quadratic,
};

static const meka_option hessian_options[] = {
    HESSIAN_ROWS("100"),
    ROW("hessian-noise", REAL, "2", 0, 1e4, NULL,
        "variance of the weights w, which have mean 1; 0: one Hessian for all samples",
        hessian_noise),
    NOISE_ROWS,
    START_ROW,
};

static meka_status make_hessian(prob_instance *out, const void *values,
                                const prob_request *request, meka_error *err)
{
    return make(out, &prob_noisy_hessian, values, request, err);
}

const prob_problem prob_noisy_hessian = {
    .name = "noisy-hessian",
    .summary = "noisy quadratic with a random Hessian R diag(w) R per sample, E w = 1",
    .reference = "Chen et al. 2020, eq. 14; the noise of the Hessian is ours",
    .minimum = "0 at theta = 0",
    .data = data_meaning,
    .options = {hessian_options, sizeof hessian_options / sizeof hessian_options[0],
                sizeof(params)},
    .make = make_hessian,
};
