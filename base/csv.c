#include "base/csv.h"

#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* What is wrong with a field, in column `column` from 1. */
static meka_status fail_field(const meka_csv *in, size_t column, const char *text,
                              meka_error *err)
{
    return meka_fail(err, MEKA_ERR_INPUT, "%.500s:%zu: column %zu: '%.80s' %s", in->path,
                     in->line_number, column, text, meka_why_not_real(text));
}

/* Appends the fields of the current line to value.  A first line without any number is
 * column names: it only fixes n_columns. */
static meka_status read_fields(meka_csv *in, char *line, meka_error *err)
{
    bool commas = strchr(line, ',') != NULL;
    bool first = in->n_columns == 0;
    size_t n = 0, n_numeric = 0, bad_column = 0, n_before = in->n_values;
    field bad = {0}, one;
    for (char *cursor = line; next_field(&cursor, commas, &one);) {
        double number = 0.0;
        n++;
        if (meka_parse_real(one.begin, &number) || meka_is_nonfinite(one.begin))
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

meka_status meka_csv_add(meka_csv *in, char *line, size_t length, meka_error *err)
{
    in->line_number++;
    if (strlen(line) != length)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.500s:%zu: holds a NUL byte, so it is not a text file", in->path,
                         in->line_number);
    line[strcspn(line, "#\r\n")] = '\0';
    if (in->line_number == 1 && strncmp(line, "\xEF\xBB\xBF", 3) == 0)
        line += 3;
    return read_fields(in, line, err);
}

meka_status meka_csv_finish(meka_csv *in, meka_data *out, meka_error *err)
{
    if (in->n_values == 0)
        return meka_fail(err, MEKA_ERR_INPUT, "%.500s: holds no rows of numbers", in->path);
    *out = (meka_data){in->n_values / in->n_columns, in->n_columns, in->value};
    in->value = NULL;
    return MEKA_OK;
}

void meka_csv_clear(meka_csv *in)
{
    free(in->value);
    *in = (meka_csv){0};
}

meka_status meka_data_read_csv(meka_data *out, const char *path, meka_error *err)
{
    assert(out && path);
    meka_status status = MEKA_OK;
    meka_csv in = {.path = path};
    char *line = NULL;
    size_t room = 0; /* of line, for getline */
    FILE *stream = fopen(path, "r");
    if (!stream)
        return meka_fail_errno(err, "read", path, errno);
    while (!status) {
        errno = 0;
        ssize_t length = getline(&line, &room, stream);
        int code = errno;
        if (length >= 0)
            status = meka_csv_add(&in, line, (size_t)length, err);
        else if (!feof(stream) || ferror(stream))
            status = meka_fail_errno(err, "read", path, code ? code : EIO);
        else
            break;
    }
    if (!status)
        status = meka_csv_finish(&in, out, err);
    meka_csv_clear(&in);
    free(line);
    fclose(stream);
    return status;
}

void meka_data_clear(meka_data *data)
{
    if (!data)
        return;
    free(data->value);
    *data = (meka_data){0};
}
