/* The noisy quadratic of the paper, eq. 14: f(theta, xi) = 0.5 (theta - xi)' H (theta - xi)
 * with one Hessian for all samples and xi ~ N(0, noise^2 C).  The expected objective is
 * 0.5 theta' H theta plus a constant: the population is the single sample xi = 0. */
#include "problems/rows.h"

#include "base/memory.h"
#include "problems/spectrum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct params {
    uint64_t dim;
    double condition, noise, noise_condition, start;
} params;

#define ROW(name, type, initial, low, high, meaning, field)                                    \
    {                                                                                          \
        name, type, initial, low, high, NULL, meaning, offsetof(params, field)                 \
    }
static const meka_option options[] = {
    ROW("dim", MEKA_OPTION_COUNT, "20", 1, 100000, "number of parameters d", dim),
    ROW("condition", MEKA_OPTION_REAL, "2000", 1, 1e15,
        "condition number L/mu of H; the largest eigenvalue is L = 1, the others are spaced "
        "evenly in their logarithm",
        condition),
    ROW("noise", MEKA_OPTION_REAL, "1", 0, 1e100, "standard deviation of xi, geometric mean",
        noise),
    ROW("noise-condition", MEKA_OPTION_REAL, "1", 1, 1e15,
        "condition number of Cov xi; 1 is noise^2 I, otherwise its axes are drawn at random",
        noise_condition),
    ROW("start", MEKA_OPTION_REAL, "3", 0, 1e100, "standard deviation of the starting point",
        start),
};

/* What objective and source borrow: the one allocation starts with this. */
typedef struct quadratic {
    size_t d;
    double *hessian;           /* [d][d] */
    double *eigenvalue;        /* [d] */
    double *eigenvector;       /* [d][d], row j belongs to eigenvalue j */
    double *noise_cov;         /* [d][d] */
    double *noise_eigenvector; /* [d][d] */
    double *noise_sd;          /* [d] standard deviations along those */
    double *x0, *zero;         /* [d] */
} quadratic;

/* Written as a user would: one sample's loss from theta and xi, as
 * 0.5 sum_i e_i (H_ii e_i + 2 sum_{j<i} H_ij e_j) with e = theta - xi. */
static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    const quadratic *q = ctx;
    size_t d = q->d;
    ad_var *e = malloc(d * sizeof *e);
    if (!e)
        return (ad_var){NULL, 0};
    ad_var total = ad_const(tape, 0.0);
    for (size_t i = 0; i < d; i++) {
        e[i] = ad_sub(theta[i], xi[i]);
        ad_var row = ad_mul(0.5 * q->hessian[i * d + i], e[i]);
        for (size_t j = 0; j < i; j++)
            row = ad_add(row, ad_mul(q->hessian[i * d + j], e[j]));
        total = ad_add(total, ad_mul(e[i], row));
    }
    free(e);
    return total;
}

/* xi = sum_k sd_k z_k e_k with z ~ N(0, I): row i of the batch is drawn at index i. */
static void draw(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    const quadratic *q = ctx;
    size_t d = q->d;
    memset(xi, 0, n * d * sizeof *xi);
    for (size_t i = 0; i < n; i++) {
        meka_rng rng;
        meka_rng_init(&rng, seed, MEKA_STREAM_SAMPLES, step, i);
        for (size_t k = 0; k < d; k++) {
            double z = q->noise_sd[k] * meka_rng_normal(&rng);
            if (q->noise_eigenvector)
                for (size_t j = 0; j < d; j++)
                    xi[i * d + j] += z * q->noise_eigenvector[k * d + j];
            else
                xi[i * d + k] = z;
        }
    }
}

static void fill(quadratic *q, const params *p, uint64_t seed)
{
    size_t d = q->d;
    double span = d > 1 ? (double)(d - 1) : 1.0;
    prob_random_rotation(q->eigenvector, d, seed, 0);
    prob_spectrum(q->eigenvalue, d, p->condition);
    prob_compose(q->hessian, q->eigenvalue, q->eigenvector, d);
    bool isotropic = p->noise_condition == 1.0 || d == 1;
    if (!isotropic)
        prob_random_rotation(q->noise_eigenvector, d, seed, 1);
    for (size_t k = 0; k < d; k++) {
        double place = (double)k / span - 0.5;
        q->noise_sd[k] = isotropic ? p->noise : p->noise * pow(p->noise_condition, 0.5 * place);
    }
    if (isotropic) {
        for (size_t k = 0; k < d; k++)
            q->noise_cov[k * d + k] = p->noise * p->noise;
        q->noise_eigenvector = NULL;
    } else {
        double *variance = q->x0; /* borrowed before the start is drawn */
        for (size_t k = 0; k < d; k++)
            variance[k] = q->noise_sd[k] * q->noise_sd[k];
        prob_compose(q->noise_cov, variance, q->noise_eigenvector, d);
    }
    meka_rng rng;
    meka_rng_init(&rng, seed, MEKA_STREAM_START, 0, 0);
    for (size_t k = 0; k < d; k++)
        q->x0[k] = p->start * meka_rng_normal(&rng);
}

static meka_status make(prob_instance *out, const void *values, const prob_request *request,
                        meka_error *err)
{
    uint64_t seed = request->seed;
    const params *p = values;
    size_t d = p->dim;
    size_t n_doubles = 4 * d * d + 4 * d;
    quadratic *q = meka_alloc(1, sizeof *q + 64 + n_doubles * sizeof(double), err);
    if (!q)
        return MEKA_ERR_MEMORY;
    double *next = (double *)((char *)q + (sizeof *q + 63) / 64 * 64);
    q->d = d;
    q->hessian = next;
    q->eigenvector = next + d * d;
    q->noise_cov = next + 2 * d * d;
    q->noise_eigenvector = next + 3 * d * d;
    q->eigenvalue = next + 4 * d * d;
    q->noise_sd = q->eigenvalue + d;
    q->x0 = q->noise_sd + d;
    q->zero = q->x0 + d;
    fill(q, p, seed);
    *out = (prob_instance){
        .objective = {.name = "noisy-quadratic",
                      .n_params = d,
                      .n_features = d,
                      .record = record,
                      .ctx = q,
                      .x0 = q->x0},
        .source =
            {.n_features = d, .draw = draw, .ctx = q, .population = q->zero, .n_population = 1},
        .minimum = 0.0,
        .minimizer = q->zero,
        .hessian = q->hessian,
        .eigenvalue = q->eigenvalue,
        .eigenvector = q->eigenvector,
        .noise_cov = q->noise_cov,
        .storage = q,
    };
    return MEKA_OK;
}

const prob_problem prob_noisy_quadratic = {
    .name = "noisy-quadratic",
    .summary = "0.5 (theta - xi)' H (theta - xi), one random Hessian, xi normal",
    .reference = "Chen et al. 2020, eq. 14",
    .minimum = "0 at theta = 0",
    .options = {options, sizeof options / sizeof options[0], sizeof(params)},
    .make = make,
};
