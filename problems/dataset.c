#include "problems/dataset.h"

#include "base/memory.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void prob_dataset_clear(prob_dataset *data)
{
    if (!data)
        return;
    free(data->dense);
    free(data->byte);
    free(data->row_start);
    free(data->column);
    free(data->value);
    free(data->label);
    free(data->class_value);
    *data = (prob_dataset){0};
}

void prob_dataset_row(const prob_dataset *data, size_t i, double *out)
{
    assert(data && i < data->n_rows);
    size_t m = data->n_features;
    if (data->dense) {
        memcpy(out, data->dense + i * m, m * sizeof *out);
    } else if (data->byte) {
        for (size_t j = 0; j < m; j++)
            out[j] = data->byte[i * m + j];
    } else {
        memset(out, 0, m * sizeof *out);
        for (size_t k = data->row_start[i]; k < data->row_start[i + 1]; k++)
            out[data->column[k]] = data->value[k];
    }
}

meka_status prob_dataset_to_dense(prob_dataset *data, meka_error *err)
{
    size_t m = data->n_features;
    if (data->n_rows > SIZE_MAX / m)
        return meka_fail(err, MEKA_ERR_MEMORY, "out of memory: %zu rows of %zu features",
                         data->n_rows, m);
    double *dense = meka_alloc(data->n_rows * m, sizeof *dense, err);
    if (!dense)
        return MEKA_ERR_MEMORY;
    for (size_t i = 0; i < data->n_rows; i++)
        prob_dataset_row(data, i, dense + i * m);
    free(data->row_start);
    free(data->column);
    free(data->value);
    data->row_start = NULL;
    data->column = NULL;
    data->value = NULL;
    data->dense = dense;
    return MEKA_OK;
}

/* The features of the rows row[0..n-1] of a sparse data set. */
static meka_status select_sparse(prob_dataset *out, const prob_dataset *data, const size_t *row,
                                 meka_error *err)
{
    size_t n = out->n_rows, n_entries = 0;
    for (size_t i = 0; i < n; i++)
        n_entries += data->row_start[row[i] + 1] - data->row_start[row[i]];
    out->row_start = meka_alloc(n + 1, sizeof *out->row_start, err);
    out->column = meka_alloc(n_entries, sizeof *out->column, err);
    out->value = meka_alloc(n_entries, sizeof *out->value, err);
    if (!out->row_start || !out->column || !out->value)
        return MEKA_ERR_MEMORY;
    for (size_t i = 0; i < n; i++) {
        size_t from = data->row_start[row[i]], to = out->row_start[i];
        size_t length = data->row_start[row[i] + 1] - from;
        memcpy(out->column + to, data->column + from, length * sizeof *out->column);
        memcpy(out->value + to, data->value + from, length * sizeof *out->value);
        out->row_start[i + 1] = to + length;
    }
    return MEKA_OK;
}

/* The features of the rows row[0..n-1], however they are stored. */
static meka_status select_features(prob_dataset *out, const prob_dataset *data,
                                   const size_t *row, meka_error *err)
{
    size_t n = out->n_rows, m = out->n_features;
    if (data->row_start)
        return select_sparse(out, data, row, err);
    size_t size = data->dense ? sizeof *out->dense : 1;
    if (n > SIZE_MAX / m)
        return meka_fail(err, MEKA_ERR_MEMORY, "out of memory: %zu rows of %zu features", n, m);
    void *to = meka_alloc(n * m, size, err);
    if (!to)
        return MEKA_ERR_MEMORY;
    const char *from = data->dense ? (const char *)data->dense : (const char *)data->byte;
    for (size_t i = 0; i < n; i++)
        memcpy((char *)to + i * m * size, from + row[i] * m * size, m * size);
    if (data->dense)
        out->dense = to;
    else
        out->byte = to;
    return MEKA_OK;
}

meka_status prob_dataset_select(prob_dataset *out, const prob_dataset *data, const size_t *row,
                                size_t n, meka_error *err)
{
    assert(out && data && row && n > 0);
    for (size_t i = 0; i < n; i++)
        assert(row[i] < data->n_rows);
    prob_dataset copy = {.n_rows = n,
                         .n_features = data->n_features,
                         .n_classes = data->n_classes,
                         .channels = data->channels,
                         .height = data->height,
                         .width = data->width};
    meka_status status = select_features(&copy, data, row, err);
    if (status == MEKA_OK && data->label) {
        copy.label = meka_alloc(n, sizeof *copy.label, err);
        if (!copy.label)
            status = MEKA_ERR_MEMORY;
    }
    if (status == MEKA_OK && data->class_value) {
        copy.class_value = meka_alloc(data->n_classes, sizeof *copy.class_value, err);
        if (!copy.class_value)
            status = MEKA_ERR_MEMORY;
    }
    if (status != MEKA_OK) {
        prob_dataset_clear(&copy);
        return status;
    }
    for (size_t i = 0; data->label && i < n; i++)
        copy.label[i] = data->label[row[i]];
    if (data->class_value)
        memcpy(copy.class_value, data->class_value, copy.n_classes * sizeof *copy.class_value);
    *out = copy;
    return MEKA_OK;
}

meka_status prob_dataset_split(prob_dataset *train, prob_dataset *test,
                               const prob_dataset *data, double fraction, uint64_t seed,
                               meka_error *err)
{
    assert(train && test && data);
    size_t n = data->n_rows;
    if (n < 2 || !(fraction > 0.0 && fraction < 1.0))
        return meka_fail(err, MEKA_ERR_INPUT,
                         "cannot hold out a fraction of %g of %zu rows: it must be between 0 "
                         "and 1, and there must be 2 rows",
                         fraction, n);
    size_t n_test = (size_t)floor(fraction * (double)n + 0.5);
    n_test = n_test < 1 ? 1 : n_test > n - 1 ? n - 1 : n_test;
    /* rows to train from the front, rows to test from the back */
    size_t *row = meka_alloc(n, sizeof *row, err);
    if (!row)
        return MEKA_ERR_MEMORY;
    prob_permutation shuffle = prob_permutation_make(n, seed, MEKA_STREAM_PROBLEM, 0);
    size_t n_to_train = 0, n_to_test = 0;
    for (size_t i = 0; i < n; i++)
        if (prob_permutation_at(&shuffle, i) < n_test)
            row[n - n_test + n_to_test++] = i;
        else
            row[n_to_train++] = i;
    prob_dataset kept = {0};
    meka_status status = prob_dataset_select(&kept, data, row, n_to_train, err);
    if (status == MEKA_OK)
        status = prob_dataset_select(test, data, row + n_to_train, n_to_test, err);
    if (status == MEKA_OK)
        *train = kept;
    else
        prob_dataset_clear(&kept);
    free(row);
    return status;
}
