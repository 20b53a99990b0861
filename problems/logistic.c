#include "problems/logistic.h"

#include "base/memory.h"
#include "problems/newton.h"
#include "problems/rows.h"

#include <math.h>
#include <stdlib.h>

typedef struct params {
    uint64_t n_rows, dim;
    double condition, l2;
} params;

#define ROW(name, type, initial, low, high, meaning, field)                                    \
    {                                                                                          \
        name, type, initial, low, high, NULL, meaning, offsetof(params, field)                 \
    }
static const meka_option options[] = {
    ROW("rows", MEKA_OPTION_COUNT, "2000", 1, 1e8, "number of samples in the data set", n_rows),
    ROW("dim", MEKA_OPTION_COUNT, "50", 1, 10000, "number of features and parameters d", dim),
    ROW("condition", MEKA_OPTION_REAL, "10", 1, 1e15,
        "condition number of the features' covariance; its largest eigenvalue is 1", condition),
    ROW("l2", MEKA_OPTION_REAL, "1e-3", 0, 1e100, "coefficient of 0.5 |theta|^2", l2),
};

typedef struct logistic {
    size_t d;
    double l2;
    meka_data data;         /* [n_rows][d + 1], the label last; part of the allocation */
    double *x0, *minimizer; /* [d] */
} logistic;

static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    const logistic *l = ctx;
    ad_var margin = ad_mul(xi[l->d], ad_dot(l->d, xi, theta));
    return ad_add(ad_softplus(ad_neg(margin)), ad_mul(0.5 * l->l2, ad_sqnorm(l->d, theta)));
}

/* The mean loss at theta; gradient [d] and Hessian [d][d] unless NULL:
 * 1/N sum_i -y_i p_i x_i + l2 theta and 1/N sum_i p_i (1 - p_i) x_i x_i' + l2 I with
 * p_i = 1/(1 + exp(y_i x_i.theta)).  The sum of losses is compensated (Kahan): the gap to the
 * minimum is a difference of two such means. */
static double evaluate(const void *ctx, const double *theta, double *gradient, double *hessian)
{
    const logistic *l = ctx;
    size_t d = l->d, n_rows = l->data.n_rows;
    double sum = 0.0, lost = 0.0, norm = 0.0;
    for (size_t j = 0; j < d; j++) {
        norm += theta[j] * theta[j];
        if (gradient)
            gradient[j] = 0.0;
        for (size_t k = 0; hessian && k < d; k++)
            hessian[j * d + k] = 0.0;
    }
    for (size_t i = 0; i < n_rows; i++) {
        const double *x = l->data.value + i * (d + 1);
        double y = x[d], z = 0.0;
        for (size_t j = 0; j < d; j++)
            z += x[j] * theta[j];
        z *= y;
        double loss = (fmax(-z, 0.0) + log1p(exp(-fabs(z)))) - lost, next = sum + loss;
        lost = (next - sum) - loss;
        sum = next;
        double p = 1.0 / (1.0 + exp(z));
        for (size_t j = 0; gradient && j < d; j++)
            gradient[j] -= y * p * x[j];
        for (size_t j = 0; hessian && j < d; j++)
            for (size_t k = 0; k <= j; k++)
                hessian[j * d + k] += p * (1.0 - p) * x[j] * x[k];
    }
    for (size_t j = 0; j < d; j++) {
        if (gradient)
            gradient[j] = gradient[j] / (double)n_rows + l->l2 * theta[j];
        for (size_t k = 0; hessian && k <= j; k++)
            hessian[j * d + k] = hessian[k * d + j] =
                hessian[j * d + k] / (double)n_rows + (k == j ? l->l2 : 0.0);
    }
    return sum / (double)n_rows + 0.5 * l->l2 * norm;
}

meka_status prob_logistic_make(prob_instance *out, size_t n_rows, size_t dim,
                               const double *features, const double *label, double l2,
                               meka_error *err)
{
    size_t d = dim, width = d + 1;
    if (n_rows > SIZE_MAX / 2 / sizeof(double) / width)
        return meka_fail(err, MEKA_ERR_MEMORY, "%zu rows of %zu numbers do not fit in memory",
                         n_rows, width);
    size_t n_doubles = n_rows * width + 2 * d;
    logistic *l = meka_alloc(1, sizeof *l + n_doubles * sizeof(double), err);
    if (!l)
        return MEKA_ERR_MEMORY;
    double *value = (double *)(l + 1);
    *l = (logistic){d, l2, {n_rows, width, value}, value + n_rows * width, NULL};
    l->minimizer = l->x0 + d;
    for (size_t i = 0; i < n_rows; i++) {
        for (size_t j = 0; j < d; j++)
            value[i * width + j] = features[i * d + j];
        value[i * width + d] = label[i];
    }
    double minimum = NAN;
    meka_status status = prob_newton(d, evaluate, l, l->minimizer, &minimum, err);
    if (status) {
        free(l);
        return status;
    }
    *out = (prob_instance){
        .objective = {.name = "logistic",
                      .n_params = d,
                      .n_features = width,
                      .record = record,
                      .ctx = l,
                      .x0 = l->x0},
        .source = meka_source_data(&l->data),
        .minimum = minimum,
        .minimizer = isnan(minimum) ? NULL : l->minimizer,
        .storage = l,
    };
    return MEKA_OK;
}

/* x_ij = s_j z_ij with s_j^2 spaced evenly in its logarithm from 1/condition to 1; labels from
 * the model at weights 2 z_j: y_i = 1 with probability 1/(1 + exp(-x_i.w)). */
static void synthesize(const params *p, uint64_t seed, double *features, double *label,
                       double *scale, double *weight)
{
    size_t d = p->dim;
    meka_rng rng;
    meka_rng_init(&rng, seed, MEKA_STREAM_PROBLEM, 0, 0);
    for (size_t j = 0; j < d; j++) {
        weight[j] = 2.0 * meka_rng_normal(&rng);
        scale[j] = d > 1 ? pow(p->condition, 0.5 * ((double)j / (double)(d - 1) - 1.0)) : 1.0;
    }
    for (size_t i = 0; i < p->n_rows; i++) {
        double *x = features + i * d, z = 0.0;
        meka_rng_init(&rng, seed, MEKA_STREAM_PROBLEM, 1, i);
        for (size_t j = 0; j < d; j++) {
            x[j] = scale[j] * meka_rng_normal(&rng);
            z += x[j] * weight[j];
        }
        label[i] = meka_rng_uniform(&rng) < 1.0 / (1.0 + exp(-z)) ? 1.0 : -1.0;
    }
}

static meka_status make(prob_instance *out, const void *values, const prob_request *request,
                        meka_error *err)
{
    uint64_t seed = request->seed;
    const params *p = values;
    size_t n = p->n_rows, d = p->dim;
    double *work = meka_alloc(n * (d + 1) + 2 * d, sizeof *work, err);
    if (!work)
        return MEKA_ERR_MEMORY;
    double *label = work + n * d, *scale = label + n, *weight = scale + d;
    synthesize(p, seed, work, label, scale, weight);
    meka_status status = prob_logistic_make(out, n, d, work, label, p->l2, err);
    free(work);
    return status;
}

const prob_problem prob_logistic = {
    .name = "logistic",
    .summary = "L2-regularized logistic regression on synthetic data, rows with replacement",
    .reference = "labels drawn from the model itself; Hosmer, Lemeshow, Applied Logistic "
                 "Regression",
    .minimum = "by Newton's method on the whole data set",
    .options = {options, sizeof options / sizeof options[0], sizeof(params)},
    .make = make,
};
