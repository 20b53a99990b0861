#include "problems/dataset.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What is read and where from; owns all but options. */
typedef struct reader {
    prob_bytes bytes;
    meka_csv csv;
    prob_classes classes;
    const prob_csv_options *options;
    bool classes_wanted;
} reader;

/* The column of the label among n, or n: none. */
static size_t label_column(const prob_csv_options *options, size_t n)
{
    switch (options->label) {
    case PROB_CSV_LABEL_FIRST:
        return 0;
    case PROB_CSV_LABEL_LAST:
        return n - 1;
    case PROB_CSV_LABEL_NONE:
        break;
    }
    return n;
}

/* The line that has just been added, if it was one of numbers: do its columns fit? */
static meka_status check_row(reader *in, meka_error *err)
{
    const meka_csv *csv = &in->csv;
    size_t n = csv->n_columns, at = label_column(in->options, n);
    const prob_dataset *like = in->options->like;
    size_t n_features = at < n ? n - 1 : n;
    if (n_features == 0)
        return meka_fail(err, MEKA_ERR_INPUT, "%.500s:%zu: a label, but no features", csv->path,
                         csv->line_number);
    if (like && like->n_features != n_features)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.500s:%zu: %zu features where the training set has %zu", csv->path,
                         csv->line_number, n_features, like->n_features);
    if (!in->classes_wanted || at == n)
        return MEKA_OK;
    return prob_classes_add(&in->classes, csv->value[csv->n_values - n + at], csv->path,
                            csv->line_number, err);
}

meka_status prob_csv_next(meka_csv *csv, prob_bytes *bytes, bool *more, meka_error *err)
{
    size_t n_before = csv->n_values;
    do {
        meka_status status = prob_bytes_line(bytes, more, err);
        if (status == MEKA_OK && *more)
            status = meka_csv_add(csv, bytes->line, strlen(bytes->line), err);
        if (status != MEKA_OK)
            return status;
    } while (*more && csv->n_values == n_before);
    return MEKA_OK;
}

static meka_status read_lines(reader *in, meka_error *err)
{
    bool more = true;
    while (more) {
        meka_status status = prob_csv_next(&in->csv, &in->bytes, &more, err);
        if (status == MEKA_OK && more)
            status = check_row(in, err);
        if (status != MEKA_OK)
            return status;
    }
    return MEKA_OK;
}

/* Moves the label's column of table out into labels of their own; the rows close up. */
static meka_status take_label(const reader *in, meka_data *table, prob_dataset *out,
                              meka_error *err)
{
    size_t n = table->n_features, at = label_column(in->options, n);
    size_t m = at < n ? n - 1 : n;
    *out = (prob_dataset){.n_rows = table->n_rows, .n_features = m};
    if (at < n) {
        out->label = meka_alloc(table->n_rows, sizeof *out->label, err);
        if (!out->label)
            return MEKA_ERR_MEMORY;
        double *to = table->value;
        for (size_t i = 0; i < table->n_rows; i++) {
            for (size_t j = 0; j < n; j++) {
                double x = table->value[i * n + j];
                if (j == at)
                    out->label[i] = x;
                else
                    *to++ = x;
            }
        }
    }
    out->dense = table->value;
    table->value = NULL;
    return MEKA_OK;
}

meka_status prob_read_csv(prob_dataset *out, const char *path, const prob_csv_options *options,
                          meka_error *err)
{
    assert(out && path);
    static const prob_csv_options plain = {0};
    if (!options)
        options = &plain;
    const prob_dataset *like = options->like;
    meka_data table = {0};
    prob_dataset data = {0};
    reader in = {.csv = {.path = path},
                 .options = options,
                 .classes_wanted = like ? like->n_classes > 0 : options->classes};
    meka_status status = prob_bytes_open(&in.bytes, path, err);
    if (status != MEKA_OK)
        return status;
    status = prob_classes_init(&in.classes, like, err);
    if (status == MEKA_OK)
        status = read_lines(&in, err);
    status = prob_bytes_close(&in.bytes, status, err);
    if (status == MEKA_OK)
        status = meka_csv_finish(&in.csv, &table, err);
    if (status == MEKA_OK)
        status = take_label(&in, &table, &data, err);
    if (status == MEKA_OK) {
        if (data.label && in.classes_wanted)
            prob_classes_finish(&in.classes, &data);
        *out = data;
    }
    meka_data_clear(&table);
    meka_csv_clear(&in.csv);
    free(in.classes.value);
    return status;
}
