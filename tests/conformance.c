#include "tests/conformance.h"

#include <math.h>
#include <string.h>

const conformance_row *const *conformance_tables(void)
{
    static const conformance_row *const tables[] = {
        conformance_descent,  conformance_polyak, conformance_momentum,
        conformance_variance, conformance_kalman, conformance_curvature,
        conformance_newton,   conformance_search, conformance_prob_line_search,
        conformance_free,     conformance_meka,   NULL,
    };
    return tables;
}

/* ---------------------------------------------------- problem 1: quadratics
 *
 * f_i = 0.5 w_i sum_j (j+1) (theta_j - x_ij)^2, x_ij ~ N(1, 0.5^2), w_i ~ U(0.5, 1.5); a
 * sample is x_i0, x_i1, x_i2, w_i. */

enum { QUADRATIC_D = 3 };

static ad_var quadratic_record(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                               const void *ctx)
{
    (void)ctx;
    ad_var sum = ad_const(tape, 0.0);
    for (int j = 0; j < QUADRATIC_D; j++)
        sum = ad_add(sum, ad_mul(0.5 * (j + 1), ad_sqr(ad_sub(theta[j], xi[j]))));
    return ad_mul(xi[QUADRATIC_D], sum);
}

static double quadratic_sample(const double *theta, const double *xi, const double *v,
                               double *g, double *hv)
{
    double loss = 0.0, w = xi[QUADRATIC_D];
    for (int j = 0; j < QUADRATIC_D; j++) {
        double e = theta[j] - xi[j];
        loss += 0.5 * w * (j + 1) * e * e;
        g[j] = w * (j + 1) * e;
        if (v)
            hv[j] = w * (j + 1) * v[j];
    }
    return loss;
}

static double quadratic_third(const double *theta, const double *xi, const double *v)
{
    (void)theta;
    (void)xi;
    (void)v;
    return 0.0;
}

static void quadratic_draw(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    (void)ctx;
    meka_rng rng;
    meka_rng_init(&rng, seed, MEKA_STREAM_SAMPLES, step, 0);
    for (size_t i = 0; i < n; i++) {
        for (int j = 0; j < QUADRATIC_D; j++)
            *xi++ = 1.0 + 0.5 * meka_rng_normal(&rng);
        *xi++ = 0.5 + meka_rng_uniform(&rng);
    }
}

/* The mean objective is linear in (w, w x, w x^2), up to a constant. */
static const double quadratic_mean[QUADRATIC_D + 1] = {1.0, 1.0, 1.0, 1.0};
static const double quadratic_x0[QUADRATIC_D] = {4.0, -3.0, 2.5};

/* ------------------------------------- problem 2: ridge logistic regression
 *
 * f_i = log(1 + exp(-y_i x_i.theta)) + 0.05 |theta|^2 on 48 rows x_i0 .. x_i3, y_i. */

enum { LOGISTIC_D = 4, LOGISTIC_ROWS = 48 };
static const double ridge = 0.1;

static ad_var logistic_record(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                              const void *ctx)
{
    (void)tape;
    (void)ctx;
    ad_var margin = ad_mul(xi[LOGISTIC_D], ad_dot(LOGISTIC_D, xi, theta));
    return ad_add(ad_softplus(ad_neg(margin)),
                  ad_mul(0.5 * ridge, ad_sqnorm(LOGISTIC_D, theta)));
}

static double logistic_sample(const double *theta, const double *xi, const double *v, double *g,
                              double *hv)
{
    double z = 0.0, xv = 0.0, y = xi[LOGISTIC_D], square = 0.0;
    for (int j = 0; j < LOGISTIC_D; j++) {
        z += y * xi[j] * theta[j];
        xv += v ? xi[j] * v[j] : 0.0;
        square += theta[j] * theta[j];
    }
    double p = 1.0 / (1.0 + exp(z)); /* of the wrong label */
    for (int j = 0; j < LOGISTIC_D; j++) {
        g[j] = -y * p * xi[j] + ridge * theta[j];
        if (v)
            hv[j] = p * (1.0 - p) * xv * xi[j] + ridge * v[j];
    }
    return (z > 0.0 ? log1p(exp(-z)) : log1p(exp(z)) - z) + 0.5 * ridge * square;
}

static double logistic_third(const double *theta, const double *xi, const double *v)
{
    double z = 0.0, zv = 0.0;
    for (int j = 0; j < LOGISTIC_D; j++) {
        z += xi[LOGISTIC_D] * xi[j] * theta[j];
        zv += xi[LOGISTIC_D] * xi[j] * v[j];
    }
    double p = 1.0 / (1.0 + exp(z));
    return -p * (1.0 - p) * (1.0 - 2.0 * p) * zv * zv * zv;
}

/* Correlated features of different scales; labels that no plane separates. */
static const double *logistic_rows(void)
{
    static _Thread_local double rows[LOGISTIC_ROWS][LOGISTIC_D + 1];
    for (uint64_t i = 0; i < LOGISTIC_ROWS; i++) {
        meka_rng rng;
        meka_rng_init(&rng, 7, MEKA_STREAM_TEST, 0, i);
        double common = meka_rng_normal(&rng), z = meka_rng_normal(&rng);
        for (int j = 0; j < LOGISTIC_D; j++) {
            rows[i][j] = (0.5 * common + meka_rng_normal(&rng)) / (1.0 + j);
            z += (j % 2 ? -2.0 : 1.5) * rows[i][j];
        }
        rows[i][LOGISTIC_D] = z > 0.0 ? 1.0 : -1.0;
    }
    return &rows[0][0];
}

static void logistic_draw(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    (void)ctx;
    const double *rows = logistic_rows();
    meka_rng rng;
    meka_rng_init(&rng, seed, MEKA_STREAM_SAMPLES, step, 0);
    for (size_t i = 0; i < n; i++)
        memcpy(xi + i * (LOGISTIC_D + 1),
               rows + meka_rng_below(&rng, LOGISTIC_ROWS) * (LOGISTIC_D + 1),
               (LOGISTIC_D + 1) * sizeof *xi);
}

static const double logistic_x0[LOGISTIC_D] = {1.0, 2.0, -1.0, 0.5};

/* ------------------------------------------- problem 3: a robust location
 *
 * f_i = 0.5 w_i sum_j (j+1) log(1 + (theta_j - x_ij)^2), samples as in problem 1 with one
 * dimension less: convex only where every |theta_j - x_ij| < 1. */

enum { ROBUST_D = 2 };

static ad_var robust_record(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                            const void *ctx)
{
    (void)ctx;
    ad_var sum = ad_const(tape, 0.0);
    for (int j = 0; j < ROBUST_D; j++)
        sum = ad_add(sum, ad_mul(0.5 * (j + 1), ad_log1p(ad_sqr(ad_sub(theta[j], xi[j])))));
    return ad_mul(xi[ROBUST_D], sum);
}

static double robust_sample(const double *theta, const double *xi, const double *v, double *g,
                            double *hv)
{
    double loss = 0.0, w = xi[ROBUST_D];
    for (int j = 0; j < ROBUST_D; j++) {
        double e = theta[j] - xi[j], c = 1.0 + e * e;
        loss += 0.5 * w * (j + 1) * log1p(e * e);
        g[j] = w * (j + 1) * e / c;
        if (v)
            hv[j] = w * (j + 1) * (1.0 - e * e) / (c * c) * v[j];
    }
    return loss;
}

static double robust_third(const double *theta, const double *xi, const double *v)
{
    double sum = 0.0;
    for (int j = 0; j < ROBUST_D; j++) {
        double e = theta[j] - xi[j], c = 1.0 + e * e;
        sum +=
            xi[ROBUST_D] * (j + 1) * 2.0 * e * (e * e - 3.0) / (c * c * c) * v[j] * v[j] * v[j];
    }
    return sum;
}

static void robust_draw(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    (void)ctx;
    meka_rng rng;
    meka_rng_init(&rng, seed, MEKA_STREAM_SAMPLES, step, 0);
    for (size_t i = 0; i < n; i++) {
        for (int j = 0; j < ROBUST_D; j++)
            *xi++ = 1.0 + 0.5 * meka_rng_normal(&rng);
        *xi++ = 0.5 + meka_rng_uniform(&rng);
    }
}

/* The second dimension is convex at first; with it settled, the first is what remains. */
static const double robust_x0[ROBUST_D] = {6.0, 0.6};

const conformance_problem *conformance_problem_at(size_t i)
{
    static _Thread_local conformance_problem problems[2];
    problems[0] = (conformance_problem){
        .name = "quadratic",
        .objective = {.name = "quadratic",
                      .n_params = QUADRATIC_D,
                      .n_features = QUADRATIC_D + 1,
                      .record = quadratic_record,
                      .x0 = quadratic_x0},
        .source = {.n_features = QUADRATIC_D + 1,
                   .draw = quadratic_draw,
                   .population = quadratic_mean,
                   .n_population = 1},
        .d = QUADRATIC_D,
        .m = QUADRATIC_D + 1,
        .n = 8,
        .sample = quadratic_sample,
        .third = quadratic_third,
    };
    problems[1] = (conformance_problem){
        .name = "logistic",
        .objective = {.name = "logistic",
                      .n_params = LOGISTIC_D,
                      .n_features = LOGISTIC_D + 1,
                      .record = logistic_record,
                      .x0 = logistic_x0},
        .source = {.n_features = LOGISTIC_D + 1,
                   .draw = logistic_draw,
                   .population = logistic_rows(),
                   .n_population = LOGISTIC_ROWS},
        .d = LOGISTIC_D,
        .m = LOGISTIC_D + 1,
        .n = 5,
        .sample = logistic_sample,
        .third = logistic_third,
    };
    return i < 2 ? &problems[i] : NULL;
}

const conformance_problem *conformance_nonconvex_problem(void)
{
    static _Thread_local conformance_problem problem;
    problem = (conformance_problem){
        .name = "robust",
        .objective = {.name = "robust",
                      .n_params = ROBUST_D,
                      .n_features = ROBUST_D + 1,
                      .record = robust_record,
                      .x0 = robust_x0},
        .source = {.n_features = ROBUST_D + 1, .draw = robust_draw},
        .d = ROBUST_D,
        .m = ROBUST_D + 1,
        .n = 8,
        .sample = robust_sample,
        .third = robust_third,
    };
    return &problem;
}

/* ------------------------------------------------------------------ batches */

static void fill(conformance_batch *batch, const double *xi)
{
    size_t m = batch->problem->m;
    for (size_t i = 0; i < batch->n; i++)
        memcpy(batch->xi[i], xi + i * m, m * sizeof *xi);
}

void conformance_draw(conformance_batch *batch, const conformance_problem *problem,
                      uint64_t seed, uint64_t t)
{
    double xi[CONFORMANCE_MAX_N * CONFORMANCE_MAX_D];
    *batch = (conformance_batch){.problem = problem, .n = problem->n};
    problem->source.draw(problem->source.ctx, seed, t, problem->n, xi);
    fill(batch, xi);
}

void conformance_population(conformance_batch *batch, const conformance_problem *problem)
{
    *batch = (conformance_batch){.problem = problem, .n = problem->source.n_population};
    fill(batch, problem->source.population);
}

double conformance_sample(const conformance_batch *batch, size_t i, const double *theta,
                          const double *v, double *g, double *hv)
{
    return batch->problem->sample(theta, batch->xi[i], v, g, hv);
}

double conformance_third(const conformance_batch *batch, size_t i, const double *theta,
                         const double *v)
{
    return batch->problem->third(theta, batch->xi[i], v);
}

double conformance_mean(const conformance_batch *batch, const double *theta, const double *v,
                        double *g, double *hv)
{
    double loss = 0.0, one[CONFORMANCE_MAX_D], product[CONFORMANCE_MAX_D], n = (double)batch->n;
    size_t d = batch->problem->d;
    for (size_t j = 0; j < d; j++) {
        g[j] = 0.0;
        if (v)
            hv[j] = 0.0;
    }
    for (size_t i = 0; i < batch->n; i++) {
        loss += conformance_sample(batch, i, theta, v, one, product) / n;
        for (size_t j = 0; j < d; j++) {
            g[j] += one[j] / n;
            if (v)
                hv[j] += product[j] / n;
        }
    }
    return loss;
}
