/* Rows for linear models: from files, or made from a seed. */
#include "problems/regression.h"

#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ------------------------------------------------------------------- files */

static bool ends_with(const char *text, size_t length, const char *end)
{
    size_t n = strlen(end);
    return length >= n && memcmp(text + length - n, end, n) == 0;
}

static bool is_csv(const char *path, int format)
{
    if (format != PROB_FORMAT_AUTO)
        return format == PROB_FORMAT_CSV;
    size_t n = strlen(path);
    if (ends_with(path, n, ".gz"))
        n -= 3;
    return ends_with(path, n, ".csv") || ends_with(path, n, ".tsv") ||
           ends_with(path, n, ".txt");
}

/* `like`: the training set, NULL for itself. */
static meka_status read_file(prob_dataset *out, const char *path, const prob_dataset *like,
                             const prob_regression_model *model,
                             const prob_regression_params *params, meka_error *err)
{
    bool classes = model->most_classes > 0;
    if (is_csv(path, params->format)) {
        prob_csv_options options = {params->label == PROB_CSV_LABEL_FIRST ? PROB_CSV_LABEL_FIRST
                                                                          : PROB_CSV_LABEL_LAST,
                                    classes, like};
        return prob_read_csv(out, path, &options, err);
    }
    prob_libsvm_options options = {.real_labels = !classes, .like = like};
    return prob_read_libsvm(out, path, &options, err);
}

static meka_status check_classes(const prob_dataset *data, const char *path,
                                 const prob_regression_model *model, meka_error *err)
{
    if (data->n_classes == 1)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.500s: every label is %.15g; %s regression needs rows of %s", path,
                         data->class_value[0], model->name,
                         model->most_classes == 2 ? "two classes" : "two classes or more");
    if (data->n_classes > model->most_classes)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.500s: the labels are of %zu classes (%.15g, %.15g, %.15g ..); %s "
                         "regression takes two, problem softmax any number",
                         path, data->n_classes, data->class_value[0], data->class_value[1],
                         data->class_value[2], model->name);
    return MEKA_OK;
}

/* Some feature must tell rows apart. */
static meka_status check_features(const prob_dataset *data, const char *path, meka_error *err)
{
    size_t m = data->n_features;
    meka_status status = MEKA_ERR_MEMORY;
    double *first = meka_alloc(m, sizeof *first, err);
    double *row = first ? meka_alloc(m, sizeof *row, err) : NULL;
    if (row) {
        bool differ = false;
        prob_dataset_row(data, 0, first);
        for (size_t i = 1; i < data->n_rows && !differ; i++) {
            prob_dataset_row(data, i, row);
            for (size_t j = 0; j < m && !differ; j++)
                differ = row[j] != first[j];
        }
        status = differ ? MEKA_OK
                        : meka_fail(err, MEKA_ERR_INPUT,
                                    "%.500s: all %zu rows have the same features, so they say "
                                    "nothing about the labels",
                                    path, data->n_rows);
    }
    free(row);
    free(first);
    return status;
}

/* The comma in data that divides FILE,TEST, or NULL: there is none, or it belongs to the name
 * of a file that exists. */
static const char *find_comma(const char *data, bool classes)
{
    struct stat about;
    const char *comma = classes ? strchr(data, ',') : NULL;
    return comma && stat(data, &about) != 0 ? comma : NULL;
}

meka_status prob_regression_read(prob_dataset *train, prob_dataset *test,
                                 const prob_regression_model *model,
                                 const prob_regression_params *params, const char *data,
                                 meka_error *err)
{
    const char *comma = find_comma(data, model->most_classes > 0);
    if (comma && (comma == data || !comma[1]))
        return meka_fail(err, MEKA_ERR_INPUT,
                         "'%.500s': a comma divides FILE,TEST, but one of them is missing",
                         data);
    char *path = meka_strdup(data, err);
    if (!path)
        return MEKA_ERR_MEMORY;
    if (comma)
        path[comma - data] = '\0';
    meka_status status = read_file(train, path, NULL, model, params, err);
    if (status == MEKA_OK && model->most_classes)
        status = check_classes(train, path, model, err);
    if (status == MEKA_OK)
        status = check_features(train, path, err);
    if (status == MEKA_OK && comma)
        status = read_file(test, comma + 1, train, model, params, err);
    free(path);
    return status;
}

/* --------------------------------------------------------------- synthetic */

meka_status prob_regression_allocate(prob_dataset *out, size_t n_rows, size_t n_features,
                                     size_t n_classes, meka_error *err)
{
    prob_dataset data = {.n_rows = n_rows, .n_features = n_features, .n_classes = n_classes};
    if (n_rows > SIZE_MAX / 2 / sizeof *data.dense / n_features)
        return meka_fail(err, MEKA_ERR_MEMORY, "%zu rows of %zu numbers do not fit in memory",
                         n_rows, n_features);
    data.dense = meka_alloc(n_rows * n_features, sizeof *data.dense, err);
    data.label = data.dense ? meka_alloc(n_rows, sizeof *data.label, err) : NULL;
    if (!data.label) {
        prob_dataset_clear(&data);
        return MEKA_ERR_MEMORY;
    }
    *out = data;
    return MEKA_OK;
}

/* scale [m] of the features; weight [n_outputs][m + 1], the bias last, 0 if there is none. */
static void draw_model(const prob_regression_params *p, size_t n_outputs, uint64_t seed,
                       double *scale, double *weight)
{
    size_t m = p->dim;
    meka_rng rng;
    meka_rng_init(&rng, seed, MEKA_STREAM_PROBLEM, 0, 0);
    for (size_t j = 0; j < m; j++)
        scale[j] = m > 1 ? pow(p->condition, 0.5 * ((double)j / (double)(m - 1) - 1.0)) : 1.0;
    for (size_t k = 0; k < n_outputs; k++)
        for (size_t j = 0; j < m + p->bias; j++)
            weight[k * (m + 1) + j] = 2.0 * meka_rng_normal(&rng);
}

meka_status prob_regression_synthesize(prob_dataset *out, const prob_regression_params *params,
                                       size_t n_classes, size_t n_outputs,
                                       prob_regression_label label, uint64_t seed,
                                       meka_error *err)
{
    size_t m = params->dim;
    double *scale = meka_alloc(m + n_outputs * (m + 2), sizeof *scale, err);
    if (!scale)
        return MEKA_ERR_MEMORY;
    double *weight = scale + m, *output = weight + n_outputs * (m + 1);
    draw_model(params, n_outputs, seed, scale, weight);
    meka_status status = prob_regression_allocate(out, params->n_rows, m, n_classes, err);
    for (size_t i = 0; status == MEKA_OK && i < out->n_rows; i++) {
        double *x = out->dense + i * m;
        meka_rng rng;
        meka_rng_init(&rng, seed, MEKA_STREAM_PROBLEM, 1, i);
        for (size_t j = 0; j < m; j++)
            x[j] = scale[j] * meka_rng_normal(&rng);
        for (size_t k = 0; k < n_outputs; k++) {
            const double *w = weight + k * (m + 1);
            output[k] = 0.0;
            for (size_t j = 0; j < m; j++)
                output[k] += x[j] * w[j];
            output[k] += w[m];
        }
        out->label[i] = label(n_outputs, output, params, &rng);
    }
    free(scale);
    return status;
}
