/* LIBSVM's text format: "label index:value index:value ...", one row per line. */
#include "problems/dataset.h"

#include "base/memory.h"
#include "base/text.h"
#include "problems/bytes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A file being read; owns bytes, classes and data. */
typedef struct reader {
    prob_bytes bytes;
    prob_classes classes;
    prob_dataset data;
    bool real_labels;
    size_t most;       /* largest index that is let in */
    size_t n_features; /* largest index met */
    size_t n_entries;  /* of all rows so far */
    size_t room_row, room_label, room_column, room_value;
} reader;

static const char blanks[] = " \t\r\v\f";

static meka_status fail_token(const reader *in, const char *token, const char *what,
                              meka_error *err)
{
    return meka_fail(err, MEKA_ERR_INPUT, "%.500s:%zu: '%.80s' %s", in->bytes.path,
                     in->bytes.line_number, token, what);
}

/* The digits at text as a number, at most SIZE_MAX / 16; NULL if there are none, else what
 * follows them. */
static char *read_index(char *text, size_t *index)
{
    size_t number = 0;
    char *p = text;
    for (; *p >= '0' && *p <= '9'; p++)
        if (number < SIZE_MAX / 160)
            number = number * 10 + (size_t)(*p - '0');
    *index = number;
    return p > text ? p : NULL;
}

/* One "index:value"; *last is the index before it in the row, and then its own. */
static meka_status read_entry(reader *in, char *token, size_t *last, meka_error *err)
{
    size_t index;
    double value;
    char *colon = read_index(token, &index);
    if (!colon || *colon != ':')
        return fail_token(in, token, "is not index:value", err);
    if (!meka_parse_real(colon + 1, &value))
        return meka_fail(err, MEKA_ERR_INPUT, "%.500s:%zu: index %zu: '%.80s' %s",
                         in->bytes.path, in->bytes.line_number, index, colon + 1,
                         meka_why_not_real(colon + 1));
    if (index == 0)
        return fail_token(in, token, "has index 0, but indices start at 1", err);
    if (index > in->most)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.500s:%zu: '%.80s' has an index above the number of features, %zu",
                         in->bytes.path, in->bytes.line_number, token, in->most);
    if (index <= *last)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.500s:%zu: '%.80s' comes after index %zu, but indices must ascend",
                         in->bytes.path, in->bytes.line_number, token, *last);
    *last = index;
    prob_dataset *data = &in->data;
    size_t n = in->n_entries + 1;
    meka_status status =
        meka_grow(&data->column, &in->room_column, n, sizeof *data->column, err);
    if (status == MEKA_OK)
        status = meka_grow(&data->value, &in->room_value, n, sizeof *data->value, err);
    if (status != MEKA_OK)
        return status;
    data->column[in->n_entries] = (uint32_t)(index - 1);
    data->value[in->n_entries] = value;
    in->n_entries = n;
    return MEKA_OK;
}

/* The next word at *cursor, NUL-terminated, or NULL. */
static char *next_word(char **cursor)
{
    char *word = *cursor + strspn(*cursor, blanks);
    if (!*word)
        return NULL;
    char *end = word + strcspn(word, blanks);
    *cursor = *end ? end + 1 : end;
    *end = '\0';
    return word;
}

static meka_status read_row(reader *in, meka_error *err)
{
    prob_dataset *data = &in->data;
    double label;
    size_t last = 0, n = data->n_rows;
    char *cursor = in->bytes.line;
    cursor[strcspn(cursor, "#")] = '\0';
    char *word = next_word(&cursor);
    if (!word)
        return MEKA_OK;
    if (!meka_parse_real(word, &label))
        return meka_fail(err, MEKA_ERR_INPUT, "%.500s:%zu: label '%.80s' %s", in->bytes.path,
                         in->bytes.line_number, word, meka_why_not_real(word));
    meka_status status = MEKA_OK;
    if (!in->real_labels)
        status =
            prob_classes_add(&in->classes, label, in->bytes.path, in->bytes.line_number, err);
    if (status == MEKA_OK)
        status = meka_grow(&data->label, &in->room_label, n + 1, sizeof *data->label, err);
    if (status == MEKA_OK)
        status =
            meka_grow(&data->row_start, &in->room_row, n + 2, sizeof *data->row_start, err);
    while (status == MEKA_OK && (word = next_word(&cursor)))
        status = read_entry(in, word, &last, err);
    if (status != MEKA_OK)
        return status;
    if (last > in->n_features)
        in->n_features = last;
    data->label[n] = label;
    data->row_start[n] = n ? data->row_start[n] : 0;
    data->row_start[n + 1] = in->n_entries;
    data->n_rows++;
    return MEKA_OK;
}

/* An entry costs 12 bytes, a number of a dense row 8.  At a third, sparse takes half the
 * memory; drawing a row costs about the same then, and less the sparser and the larger the set
 * is, as it is memory that one waits for. */
static bool is_sparse(const reader *in, prob_storage storage)
{
    double full = (double)in->data.n_rows * (double)in->data.n_features;
    return storage == PROB_STORAGE_SPARSE ||
           (storage == PROB_STORAGE_AUTO && 3.0 * (double)in->n_entries <= full);
}

static meka_status read_rows(reader *in, const prob_libsvm_options *options, meka_error *err)
{
    bool more = true;
    meka_status status = MEKA_OK;
    while (status == MEKA_OK) {
        status = prob_bytes_line(&in->bytes, &more, err);
        if (status == MEKA_OK && !more)
            break;
        if (status == MEKA_OK)
            status = read_row(in, err);
    }
    if (status != MEKA_OK)
        return status;
    prob_dataset *data = &in->data;
    data->n_features = in->n_features;
    if (options->like || options->n_features)
        data->n_features = in->most;
    if (data->n_rows == 0)
        return meka_fail(err, MEKA_ERR_INPUT, "%.500s: holds no rows", in->bytes.path);
    if (data->n_features == 0)
        return meka_fail(err, MEKA_ERR_INPUT, "%.500s: holds labels, but no features",
                         in->bytes.path);
    /* Rows without entries leave these unallocated, and the row starts say: sparse. */
    status = meka_grow(&data->column, &in->room_column, 1, sizeof *data->column, err);
    if (status == MEKA_OK)
        status = meka_grow(&data->value, &in->room_value, 1, sizeof *data->value, err);
    if (status == MEKA_OK && !is_sparse(in, options->storage))
        status = prob_dataset_to_dense(data, err);
    return status;
}

meka_status prob_read_libsvm(prob_dataset *out, const char *path,
                             const prob_libsvm_options *options, meka_error *err)
{
    assert(out && path);
    static const prob_libsvm_options plain = {0};
    if (!options)
        options = &plain;
    const prob_dataset *like = options->like;
    assert(options->n_features <= UINT32_MAX);
    reader in = {.most = like                  ? like->n_features
                         : options->n_features ? options->n_features
                                               : PROB_MOST_FEATURES,
                 .real_labels = like ? like->n_classes == 0 : options->real_labels};
    meka_status status = prob_bytes_open(&in.bytes, path, err);
    if (status != MEKA_OK)
        return status;
    status = prob_classes_init(&in.classes, like, err);
    if (status == MEKA_OK)
        status = read_rows(&in, options, err);
    status = prob_bytes_close(&in.bytes, status, err);
    if (status == MEKA_OK) {
        if (!in.real_labels)
            prob_classes_finish(&in.classes, &in.data);
        *out = in.data;
        in.data = (prob_dataset){0};
    }
    prob_dataset_clear(&in.data);
    free(in.classes.value);
    return status;
}
