#include <meka/base.h>

#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ----------------------------------------------------------------- sources */

static void draw_rows(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    const meka_data *data = ctx;
    meka_rng rng;
    meka_rng_init(&rng, seed, MEKA_STREAM_SAMPLES, step, 0);
    for (size_t i = 0; i < n; i++) {
        size_t row = (size_t)meka_rng_below(&rng, data->n_rows);
        memcpy(xi + i * data->n_features, data->value + row * data->n_features,
               data->n_features * sizeof *xi);
    }
}

meka_source meka_source_data(const meka_data *data)
{
    assert(data && data->n_rows > 0 && data->n_features > 0 && data->value);
    return (meka_source){
        .n_features = data->n_features,
        .draw = draw_rows,
        .ctx = data,
        .population = data->value,
        .n_population = data->n_rows,
    };
}

static void draw_nothing(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    (void)ctx;
    (void)seed;
    (void)step;
    (void)n;
    (void)xi;
}

meka_source meka_source_none(void)
{
    return (meka_source){.draw = draw_nothing};
}

/* ------------------------------------------------------------ reading a file */

/* A file being read; owns everything it points to. */
typedef struct reader {
    const char *path;
    FILE *stream;
    char *line;         /* the current line, without comment and line end */
    size_t line_room;   /* of line, for getline */
    size_t line_number; /* from 1 */
    size_t n_columns;   /* of the first line; 0: none yet */
    double *value;
    size_t n_values, room; /* of value */
} reader;

/* One field of a line: [begin, end), quotes and blanks around it removed. */
typedef struct field {
    char *begin, *end;
} field;

/* Takes the next field off *cursor; false at the end of the line.  With commas a field
 * ends at a comma (and an empty one counts), else at a blank. */
static bool next_field(char **cursor, bool commas, field *out)
{
    char *p = *cursor;
    if (!p)
        return false;
    while (isspace((unsigned char)*p))
        p++;
    if (*p == '\0' && !commas)
        return false;
    out->begin = p;
    for (bool quoted = false; *p; p++)
        if (*p == '"')
            quoted = !quoted;
        else if (!quoted && (commas ? *p == ',' : isspace((unsigned char)*p)))
            break;
    out->end = p;
    *cursor = *p ? p + 1 : NULL;
    while (out->end > out->begin && isspace((unsigned char)out->end[-1]))
        out->end--;
    if (out->end - out->begin >= 2 && *out->begin == '"' && out->end[-1] == '"') {
        out->begin++;
        out->end--;
    }
    *out->end = '\0';
    return true;
}

/* True for what stands for a number that is not finite: nan, inf, infinity, any sign and
 * case. */
static bool is_nonfinite(const char *text)
{
    static const char *const names[] = {"nan", "inf", "infinity"};
    char lower[16];
    size_t n = 0;
    if (*text == '+' || *text == '-')
        text++;
    for (; text[n] && n < sizeof lower - 1; n++)
        lower[n] = (char)tolower((unsigned char)text[n]);
    lower[n] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(lower, names[i]) == 0)
            return true;
    return false;
}

/* What is wrong with a field, in column `column` from 1. */
static meka_status fail_field(const reader *in, size_t column, const char *text,
                              meka_error *err)
{
    const char *what = "is not a number";
    double zero;
    if (is_nonfinite(text))
        what = "is not finite";
    else if (text[0] && text[strspn(text, "+-.0123456789eE")] == '\0' &&
             !meka_parse_real(text, &zero) && strpbrk(text, "eE"))
        what = "is not a number that a double can hold";
    return meka_fail(err, MEKA_ERR_INPUT, "%.500s:%zu: column %zu: '%.80s' %s", in->path,
                     in->line_number, column, text, what);
}

/* Appends the fields of the current line to value.  A first line without any number is
 * column names: it only fixes n_columns. */
static meka_status read_fields(reader *in, meka_error *err)
{
    bool commas = strchr(in->line, ',') != NULL;
    bool first = in->n_columns == 0;
    size_t n = 0, n_numeric = 0, bad_column = 0, n_before = in->n_values;
    field bad = {0}, one;
    for (char *cursor = in->line; next_field(&cursor, commas, &one);) {
        double number = 0.0;
        n++;
        if (meka_parse_real(one.begin, &number) || is_nonfinite(one.begin))
            n_numeric++;
        if (!bad_column && !meka_parse_real(one.begin, &number)) {
            bad_column = n;
            bad = one;
        }
        meka_status status =
            meka_grow(&in->value, &in->room, in->n_values + 1, sizeof *in->value, err);
        if (status != MEKA_OK)
            return status;
        in->value[in->n_values++] = number;
    }
    if (n == 0)
        return MEKA_OK;
    if (first)
        in->n_columns = n;
    if (first && n_numeric == 0) {
        in->n_values = n_before;
        return MEKA_OK;
    }
    if (bad_column)
        return fail_field(in, bad_column, bad.begin, err);
    if (n != in->n_columns)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.500s:%zu: %zu columns where the first line has %zu", in->path,
                         in->line_number, n, in->n_columns);
    return MEKA_OK;
}

/* The next line, cut at '#' and without a byte-order mark; *more is false at the end. */
static meka_status read_line(reader *in, bool *more, meka_error *err)
{
    errno = 0;
    ssize_t length = getline(&in->line, &in->line_room, in->stream);
    int code = errno;
    *more = length >= 0;
    if (length < 0) {
        if (feof(in->stream) && !ferror(in->stream))
            return MEKA_OK;
        return meka_fail_errno(err, "read", in->path, code ? code : EIO);
    }
    in->line_number++;
    if (strlen(in->line) != (size_t)length)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.500s:%zu: holds a NUL byte, so it is not a text file", in->path,
                         in->line_number);
    in->line[strcspn(in->line, "#\r\n")] = '\0';
    if (in->line_number == 1 && strncmp(in->line, "\xEF\xBB\xBF", 3) == 0)
        memmove(in->line, in->line + 3, strlen(in->line + 3) + 1);
    return MEKA_OK;
}

meka_status meka_data_read_csv(meka_data *out, const char *path, meka_error *err)
{
    assert(out && path);
    meka_status status = MEKA_OK;
    bool more = true;
    reader in = {.path = path, .stream = fopen(path, "r")};
    if (!in.stream)
        return meka_fail_errno(err, "read", path, errno);
    while (true) {
        status = read_line(&in, &more, err);
        if (status != MEKA_OK)
            goto cleanup;
        if (!more)
            break;
        status = read_fields(&in, err);
        if (status != MEKA_OK)
            goto cleanup;
    }
    if (in.n_values == 0) {
        status = meka_fail(err, MEKA_ERR_INPUT, "%.500s: holds no rows of numbers", path);
        goto cleanup;
    }
    *out = (meka_data){in.n_values / in.n_columns, in.n_columns, in.value};
    in.value = NULL;
cleanup:
    free(in.value);
    free(in.line);
    fclose(in.stream);
    return status;
}

void meka_data_clear(meka_data *data)
{
    if (!data)
        return;
    free(data->value);
    *data = (meka_data){0};
}
