#include "problems/regression.h"

#include "base/memory.h"
#include "problems/newton_cg.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* More are not for dense rows. */
enum { MOST_PARAMS = 1000000 };

/* Samples are sparse where every row has this many times as many features as entries.
 *
 * Measured on batches of 128 rows of 40 to 5000 features: of one output, gradients alone take
 * the same time either way at 10, gradients with products and variances at 20, so from 25 on
 * sparse samples are faster whatever is asked for.  Of ten classes they are already twice as
 * fast at 20. */
enum { LEAST_WIDTH = 25 };

const char *const prob_regression_formats[] = {"auto", "libsvm", "csv", NULL};
const char *const prob_regression_labels[] = {"last", "first", NULL};
const char *const prob_regression_sparse[] = {"auto", "yes", "no", NULL};
const char *const prob_regression_scales[] = {"none", "standard", "unit", NULL};
const char *const prob_regression_orders[] = {"replacement", "epochs", NULL};

ad_var prob_regression_output(const prob_regression *r, const ad_var *theta, const ad_var *xi)
{
    ad_var z;
    if (r->n_terms) {
        prob_regression_outputs(r, 1, theta, xi, &z);
        return z;
    }
    z = ad_dot(r->n_features, xi, theta);
    return r->bias ? ad_add(z, theta[r->n_features]) : z;
}

void prob_regression_outputs(const prob_regression *r, size_t n_outputs, const ad_var *theta,
                             const ad_var *xi, ad_var *z)
{
    size_t m = r->n_features;
    const ad_var *bias = r->bias ? theta + n_outputs * m : NULL;
    if (r->n_terms)
        ad_sparse_affine(n_outputs, m, theta, r->n_terms, xi, xi + r->n_terms, bias, z);
    else
        ad_affine(n_outputs, m, theta, xi, bias, z);
}

ad_var prob_regression_label_of(const prob_regression *r, const ad_var *xi)
{
    return xi[r->n_terms ? 2 * r->n_terms : r->n_features];
}

ad_var prob_regression_penalty(const prob_regression *r, const ad_var *theta)
{
    return ad_mul(0.5 * r->l2, ad_sqnorm(r->n_params, theta));
}

static void destroy(void *storage)
{
    prob_regression *r = storage;
    prob_sampler_clear(&r->sampler);
    prob_sampler_clear(&r->test_sampler);
    prob_dataset_clear(&r->train);
    prob_dataset_clear(&r->test);
    free(r->x0);
    free(r->minimizer);
    free(r);
}

static void read_rows(const void *ctx, size_t first, size_t n, double *xi)
{
    const prob_sampler *sampler = ctx;
    for (size_t i = 0; i < n; i++)
        prob_sampler_row(sampler, first + i, xi + i * sampler->n_features);
}

static meka_samples samples_of(const prob_sampler *sampler)
{
    assert(sampler->data);
    return (meka_samples){sampler->data->n_rows, sampler->n_features, read_rows, sampler};
}

/* ------------------------------------------------------------- the minimum */

/* About the diagonal of the Hessian: curvature * mean x_j^2 + l2 for every output. */
static meka_status approximate_diagonal(const prob_regression *r, double curvature,
                                        double *diagonal, meka_error *err)
{
    size_t m = r->n_features, n_rows = r->train.n_rows;
    size_t n_outputs = r->n_params / (m + r->bias);
    double *row = meka_alloc(r->sampler.n_features, sizeof *row, err);
    if (!row)
        return MEKA_ERR_MEMORY;
    for (size_t i = 0; i < n_rows; i++) {
        prob_sampler_row(&r->sampler, i, row);
        for (size_t j = 0; j < (r->n_terms ? r->n_terms : m); j++) {
            double x = r->n_terms ? row[r->n_terms + j] : row[j];
            diagonal[r->n_terms ? (size_t)row[j] : j] += x * x / (double)n_rows;
        }
    }
    free(row);
    for (size_t k = r->n_params; k-- > 0;) {
        double square = k < n_outputs * m ? diagonal[k % m] : 1.0,
               h = curvature * square + r->l2;
        diagonal[k] = h > 0.0 && isfinite(h) ? h : 1.0;
    }
    return MEKA_OK;
}

static meka_status find_minimum(prob_regression *r, const prob_regression_model *model,
                                prob_instance *out, meka_error *err)
{
    double *diagonal = meka_alloc(r->n_params, sizeof *diagonal, err);
    if (!diagonal)
        return MEKA_ERR_MEMORY;
    meka_status status = approximate_diagonal(r, model->curvature, diagonal, err);
    if (status == MEKA_OK) {
        /* A sum of squares has a least one, and so has what grows like |theta|^2. */
        prob_newton_cg_options options = {diagonal, !model->most_classes || r->l2 > 0.0};
        meka_samples rows = samples_of(&r->sampler);
        status = prob_newton_cg(&out->objective, &rows, r->sampler.population, &options,
                                r->minimizer, &out->minimum, err);
    }
    if (status == MEKA_OK && !isnan(out->minimum))
        out->minimizer = r->minimizer;
    free(diagonal);
    return status;
}

/* ------------------------------------------------------------- an instance */

/* The most entries of a row; 0 if rows are not sparse. */
static size_t most_entries(const prob_dataset *data)
{
    size_t most = 0;
    for (size_t i = 0; data->row_start && i < data->n_rows; i++) {
        size_t n = data->row_start[i + 1] - data->row_start[i];
        most = n > most ? n : most;
    }
    return most;
}

static bool keeps_zero(const prob_scaling *scaling)
{
    for (size_t j = 0; j < scaling->n; j++)
        if (scaling->shift[j] != 0.0)
            return false;
    return true;
}

/* How many terms a sample shall have; 0: it shall be dense. */
static meka_status choose_terms(const prob_regression *r, const prob_regression_params *params,
                                const prob_scaling *scaling, size_t *n_terms, meka_error *err)
{
    size_t train = most_entries(&r->train), test = most_entries(&r->test);
    size_t n = train > test ? train : test;
    *n_terms = 0;
    if (params->sparse == PROB_SPARSE_NO)
        return MEKA_OK;
    if (n == 0)
        return params->sparse == PROB_SPARSE_AUTO
                   ? MEKA_OK
                   : meka_fail(
                         err, MEKA_ERR_INPUT,
                         "sparse=yes needs a libsvm file; the rows of this file are dense");
    if (!keeps_zero(scaling))
        return params->sparse == PROB_SPARSE_AUTO
                   ? MEKA_OK
                   : meka_fail(err, MEKA_ERR_INPUT,
                               "sparse=yes needs a scale that leaves 0 where it is; with "
                               "scale=none every row stays sparse");
    if (params->sparse == PROB_SPARSE_YES || n <= r->n_features / LEAST_WIDTH)
        *n_terms = n;
    return MEKA_OK;
}

/* The samplers of r's rows. */
static meka_status sample(prob_regression *r, const prob_regression_model *model,
                          const prob_regression_params *params, size_t population_bytes,
                          meka_error *err)
{
    prob_scaling scaling = {0};
    bool scaled = params->scale != PROB_REGRESSION_RAW;
    size_t n_terms = 0;
    prob_sampler_options options = {
        .order = params->order == PROB_REGRESSION_EPOCHS ? PROB_ORDER_EPOCHS
                                                         : PROB_ORDER_REPLACEMENT,
        .target = model->target,
        .scaling = scaled ? &scaling : NULL,
        .population_bytes = population_bytes,
    };
    meka_status status = MEKA_OK;
    if (scaled)
        status = prob_scaling_create(
            &scaling, &r->train,
            params->scale == PROB_REGRESSION_UNIT ? PROB_SCALE_UNIT : PROB_SCALE_STANDARD, err);
    if (status == MEKA_OK)
        status = choose_terms(r, params, &scaling, &n_terms, err);
    r->n_terms = options.n_terms = n_terms;
    if (status == MEKA_OK)
        status = prob_sampler_create(&r->sampler, &r->train, &options, err);
    options.population_bytes = 1; /* test rows are written out when they are read */
    if (status == MEKA_OK && r->test.n_rows)
        status = prob_sampler_create(&r->test_sampler, &r->test, &options, err);
    prob_scaling_clear(&scaling);
    return status;
}

static meka_status complete(prob_instance *out, prob_regression *r,
                            const prob_regression_model *model,
                            const prob_regression_params *params, meka_error *err)
{
    r->x0 = meka_alloc(r->n_params, sizeof *r->x0, err);
    r->minimizer = r->x0 ? meka_alloc(r->n_params, sizeof *r->minimizer, err) : NULL;
    if (!r->minimizer)
        return MEKA_ERR_MEMORY;
    *out = (prob_instance){
        .objective = {.name = model->name,
                      .n_params = r->n_params,
                      .n_features = r->sampler.n_features,
                      .record = model->record,
                      .ctx = r,
                      .x0 = r->x0},
        .source = prob_sampler_source(&r->sampler),
        .minimum = NAN,
        .storage = r,
        .destroy = destroy,
    };
    if (r->test.n_rows) {
        out->test = samples_of(&r->test_sampler);
        out->score = out->objective;
        out->score.record = model->score;
    }
    return params->solve ? find_minimum(r, model, out, err) : MEKA_OK;
}

meka_status prob_regression_build(prob_instance *out, const prob_regression_model *model,
                                  const prob_regression_params *params, prob_dataset *train,
                                  prob_dataset *test, size_t population_bytes, meka_error *err)
{
    prob_regression *r = meka_alloc(1, sizeof *r, err);
    if (!r) {
        prob_dataset_clear(train);
        prob_dataset_clear(test);
        return MEKA_ERR_MEMORY;
    }
    *r = (prob_regression){.n_features = train->n_features,
                           .n_classes = train->n_classes,
                           .bias = params->bias,
                           .l2 = params->l2,
                           .train = *train,
                           .test = *test};
    *train = *test = (prob_dataset){0};
    r->n_params = model->n_outputs(r->n_classes) * (r->n_features + r->bias);
    meka_status status = sample(r, model, params, population_bytes, err);
    if (status == MEKA_OK)
        status = complete(out, r, model, params, err);
    if (status != MEKA_OK) {
        destroy(r);
        *out = (prob_instance){0};
    }
    return status;
}

static bool is_of_file(const meka_option *row)
{
    return row->offset == offsetof(prob_regression_params, format) ||
           row->offset == offsetof(prob_regression_params, label) ||
           row->offset == offsetof(prob_regression_params, sparse);
}

/* Refuses options that have been set and mean nothing: those of synthetic data (they stand
 * before those of files) where there is a file, and the other way round. */
static meka_status check_unused(const prob_regression_model *model,
                                const prob_regression_params *params, bool file,
                                meka_error *err)
{
    const meka_option_table *table = model->options;
    prob_regression_params defaults;
    bool synthetic = true;
    meka_options_init(table, &defaults);
    for (size_t i = 0; i < table->n; i++) {
        char value[64], initial[64];
        const meka_option *row = &table->row[i];
        synthetic = synthetic && !is_of_file(row);
        if (!(file ? synthetic : is_of_file(row)))
            continue;
        meka_options_format(row, params, value, sizeof value);
        meka_options_format(row, &defaults, initial, sizeof initial);
        if (strcmp(value, initial) != 0)
            return meka_fail(err, MEKA_ERR_INPUT,
                             file ? "problem %s: option '%s' is of synthetic data and has no "
                                    "meaning with --data"
                                  : "problem %s: option '%s' is of a file and has no meaning "
                                    "for synthetic data, without --data",
                             model->name, row->name);
    }
    return MEKA_OK;
}

static meka_status check_size(const prob_dataset *data, const prob_regression_model *model,
                              const prob_regression_params *params, const char *name,
                              meka_error *err)
{
    double d = (double)model->n_outputs(data->n_classes) *
               ((double)data->n_features + (params->bias ? 1.0 : 0.0));
    if (d > MOST_PARAMS)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.500s: %zu features make %.0f parameters, of which there may be %d "
                         "at most",
                         name, data->n_features, d, MOST_PARAMS);
    return MEKA_OK;
}

meka_status prob_regression_make(prob_instance *out, const prob_regression_model *model,
                                 const prob_regression_params *params,
                                 const prob_request *request, meka_error *err)
{
    prob_dataset train = {0}, test = {0};
    meka_status status = check_unused(model, params, request->data != NULL, err);
    if (status == MEKA_OK)
        status = request->data
                     ? prob_regression_read(&train, &test, model, params, request->data, err)
                     : model->synthesize(&train, params, request->seed, err);
    if (status == MEKA_OK)
        status = check_size(&train, model, params,
                            request->data ? request->data : "synthetic data", err);
    if (status == MEKA_OK && params->test_fraction > 0.0) {
        prob_dataset all = train;
        train = (prob_dataset){0};
        if (test.n_rows)
            status = meka_fail(err, MEKA_ERR_INPUT,
                               "problem %s: '%.400s' names a test set, so option "
                               "'test-fraction' has no meaning",
                               model->name, request->data);
        else
            status = prob_dataset_split(&train, &test, &all, params->test_fraction,
                                        request->seed, err);
        prob_dataset_clear(&all);
    }
    if (status != MEKA_OK) {
        prob_dataset_clear(&train);
        prob_dataset_clear(&test);
        return status;
    }
    /* Synthetic rows are as many as have been asked for. */
    return prob_regression_build(out, model, params, &train, &test,
                                 request->data ? 0 : SIZE_MAX, err);
}
