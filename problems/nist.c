/* The nonlinear regressions of NIST's Statistical Reference Datasets, on their .dat files.
 *
 * A sample is an observation (x, y) and its loss the squared residual (y - model(x; b))^2, so
 * that the mean over the population is the residual sum of squares over the number of
 * observations. */
#include "problems/nist.h"

#include "base/memory.h"
#include "problems/rows.h"

#include <math.h>
#include <meka/data.h>
#include <stdlib.h>
#include <string.h>

typedef struct params {
    uint64_t start;
} params;

static const meka_option options[] = {
    {"start", MEKA_OPTION_COUNT, "1", 1, 2, NULL,
     "which of the file's two starting values: 1 is far from the solution, 2 is near",
     offsetof(params, start)},
};

typedef struct regression {
    prob_nist_model model;
    size_t n_predictors;
    meka_data data;         /* [n_rows][n_predictors + 1], the response last */
    double *x0, *minimizer; /* [n_params] */
} regression;

static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    (void)tape;
    const regression *r = ctx;
    return ad_sqr(ad_sub(xi[r->n_predictors], r->model(theta, xi)));
}

/* That the file is the row's, and its responses have the logarithm the model is of. */
static meka_status check(const prob_nist_row *row, const prob_nist *nist, const char *path,
                         meka_error *err)
{
    const prob_dataset *data = &nist->data;
    if (strcmp(nist->name, row->name) != 0)
        return meka_fail(
            err, MEKA_ERR_INPUT,
            "%.400s: the data set is called '%s'; this problem needs %s.dat, whose "
            "name is '%s'",
            path, nist->name, row->name, row->name);
    if (nist->n_params != row->n_params)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.400s: values of %zu parameters, but the model of %s has %zu", path,
                         nist->n_params, row->name, row->n_params);
    if (data->n_features != row->n_predictors)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.400s: data of %zu predictors, but the model of %s has %zu", path,
                         data->n_features, row->name, row->n_predictors);
    for (size_t i = 0; row->log_y && i < data->n_rows; i++)
        if (!(data->label[i] > 0.0))
            return meka_fail(
                err, MEKA_ERR_INPUT,
                "%.400s: the response of observation %zu is %g; the model of %s is "
                "one of its logarithm and needs it above 0",
                path, i + 1, data->label[i], row->name);
    return MEKA_OK;
}

static meka_status build(prob_instance *out, const prob_nist_row *row, const prob_nist *nist,
                         size_t start, meka_error *err)
{
    size_t d = row->n_params, m = row->n_predictors, width = m + 1, n = nist->data.n_rows;
    regression *r = meka_alloc(1, sizeof *r + (n * width + 2 * d) * sizeof(double), err);
    if (!r)
        return MEKA_ERR_MEMORY;
    double *value = (double *)(r + 1);
    *r = (regression){row->model, m, {n, width, value}, value + n * width, NULL};
    r->minimizer = r->x0 + d;
    for (size_t i = 0; i < n; i++) {
        double y = nist->data.label[i];
        memcpy(value + i * width, nist->data.dense + i * m, m * sizeof *value);
        value[i * width + m] = row->log_y ? log(y) : y;
    }
    memcpy(r->x0, nist->start[start - 1], d * sizeof *r->x0);
    memcpy(r->minimizer, nist->certified, d * sizeof *r->minimizer);
    *out = (prob_instance){
        .objective = {.name = row->name,
                      .n_params = d,
                      .n_features = width,
                      .record = record,
                      .ctx = r,
                      .x0 = r->x0},
        .source = meka_source_data(&r->data),
        .minimum = nist->sum_of_squares / (double)n,
        .minimizer = r->minimizer,
        .storage = r,
    };
    return MEKA_OK;
}

static meka_status make(prob_instance *out, const prob_nist_row *row, const params *p,
                        const prob_request *request, meka_error *err)
{
    prob_nist nist;
    meka_status status = prob_read_nist(&nist, request->data, err);
    if (status)
        return status;
    status = check(row, &nist, request->data, err);
    if (!status)
        status = build(out, row, &nist, p->start, err);
    prob_nist_clear(&nist);
    return status;
}

enum {
#define NIST(id, title, n_params, n_predictors, model, log_y, sum, formula) ROW_##id,
#include "problems/nist.def"
#undef NIST
};

/* LEFT: what the model predicts */
#define LEFT_true  "log(y)"
#define LEFT_false "y"
#define NIST(id, title, n_params, n_predictors, model, log_y, sum, formula)                    \
    static meka_status make_##id(prob_instance *out, const void *values,                       \
                                 const prob_request *request, meka_error *err)                 \
    {                                                                                          \
        return make(out, prob_nist_row_at(ROW_##id), values, request, err);                    \
    }                                                                                          \
    const prob_problem prob_nist_##id = {                                                      \
        .name = "nist-" #id,                                                                   \
        .summary =                                                                             \
            "NIST regression " title ": squared residual of " LEFT_##log_y " = " formula,      \
        .reference = "NIST/ITL, Statistical Reference Datasets, nonlinear regression: " title, \
        .minimum = "residual sum of squares " sum                                              \
                   " over the number of observations, at the certified parameters",            \
        .data = "NIST's file " title ".dat",                                                   \
        .needs_data = true,                                                                    \
        .options = {options, sizeof options / sizeof options[0], sizeof(params)},              \
        .make = make_##id,                                                                     \
    };
#include "problems/nist.def"
