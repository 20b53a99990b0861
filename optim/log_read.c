#include "optim/log_read.h"

#include "base/memory.h"
#include "base/text.h"
#include "optim/log.h"
#include "optim/run.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>

/* The longest line of a log is a header line with a command; a longer one is no log's. */
enum { LONGEST_LINE = 1 << 20 };

/* The next line without its end; *more = false at the end of the file.  Text after the last
 * line end was cut off while it was written, and a NUL would hide the rest of its line. */
static meka_status next_line(opt_log_reader *reader, bool *more, meka_error *err)
{
    errno = 0;
    ssize_t length = getline(&reader->text, &reader->size, reader->stream);
    *more = length > 0;
    if (length < 0 && errno == ENOMEM)
        return meka_fail(err, MEKA_ERR_MEMORY, "out of memory for a line of a log");
    if (length <= 0 && !feof(reader->stream))
        return meka_fail_errno(err, "read", reader->path, errno ? errno : EIO);
    if (length <= 0)
        return MEKA_OK;
    reader->line++;
    if (length > LONGEST_LINE || memchr(reader->text, '\0', (size_t)length))
        return meka_fail(err, MEKA_ERR_INPUT, "%.400s:%llu: this is no line of a log of meka",
                         reader->path, (unsigned long long)reader->line);
    if (reader->text[length - 1] != '\n')
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.400s:%llu: the line is cut off: it has no line end", reader->path,
                         (unsigned long long)reader->line);
    reader->text[length - 1] = '\0';
    return MEKA_OK;
}

static meka_status check_first_line(opt_log_reader *reader, meka_error *err)
{
    size_t n = strlen(OPT_LOG_NAME);
    bool more;
    meka_status status = next_line(reader, &more, err);
    if (status == MEKA_ERR_MEMORY || status == MEKA_ERR_IO)
        return status;
    if (status != MEKA_OK || !more || strncmp(reader->text, OPT_LOG_NAME, n) != 0)
        return meka_fail(
            err, MEKA_ERR_INPUT,
            "'%.400s' is not a log of meka: it does not begin with '%s'; 'meka run "
            "--log FILE' writes one",
            reader->path, OPT_LOG_FIRST_LINE);
    if (strcmp(reader->text, OPT_LOG_FIRST_LINE) != 0)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "'%.400s' is a log of another version, '%.40s'; this meka reads '%s'",
                         reader->path, reader->text + 2, &OPT_LOG_FIRST_LINE[2]);
    return MEKA_OK;
}

/* Lines of '#' into reader->header; the line after them is left in reader->text. */
static meka_status read_header(opt_log_reader *reader, meka_error *err)
{
    size_t used = 0;
    for (;;) {
        bool more;
        meka_status status = next_line(reader, &more, err);
        if (status == MEKA_OK && !more)
            status = meka_fail(err, MEKA_ERR_INPUT,
                               "%.400s:%llu: the log ends before the names of its columns",
                               reader->path, (unsigned long long)reader->line);
        if (status != MEKA_OK || reader->text[0] != '#')
            return status;
        const char *text = reader->text + 1 + (reader->text[1] == ' ');
        size_t n = strlen(text);
        status = meka_grow(&reader->header, &reader->header_size, used + n + 2, 1, err);
        if (status != MEKA_OK)
            return status;
        memcpy(reader->header + used, text, n);
        memcpy(reader->header + used + n, "\n", 2);
        used += n + 1;
    }
}

const char *opt_log_reader_find(const opt_log_reader *reader, const char *key, size_t *n)
{
    size_t length = strlen(key);
    for (const char *line = reader->header; line && *line; line = strchr(line, '\n') + 1)
        if (strncmp(line, key, length) == 0 && strncmp(line + length, ": ", 2) == 0) {
            *n = strcspn(line + length + 2, "\n");
            return line + length + 2;
        }
    return NULL;
}

/* The value of `key` as text [size]. */
static meka_status find_text(const opt_log_reader *reader, const char *key, char *text,
                             size_t size, meka_error *err)
{
    size_t n;
    const char *value = opt_log_reader_find(reader, key, &n);
    if (!value || n >= size)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "'%.400s' is no log of this version of meka: its header has no "
                         "%s line '# %.80s: ...'",
                         reader->path, value ? "usable" : "", key);
    memcpy(text, value, n);
    text[n] = '\0';
    return MEKA_OK;
}

/* reader->method and params. */
static meka_status read_method(opt_log_reader *reader, meka_error *err)
{
    char text[256], key[128], owner[800];
    meka_status status = find_text(reader, "method", text, sizeof text, err);
    if (status == MEKA_OK)
        status = opt_method_find(&reader->method, text, err);
    if (status != MEKA_OK)
        return status;
    const meka_option_table *table = &reader->method->options;
    reader->params = meka_alloc(1, table->size, err);
    if (!reader->params)
        return MEKA_ERR_MEMORY;
    snprintf(owner, sizeof owner, "the header of '%.400s': method %s", reader->path, text);
    for (size_t i = 0; i < table->n; i++) {
        snprintf(key, sizeof key, "option %s", table->row[i].name);
        status = find_text(reader, key, text, sizeof text, err);
        if (status == MEKA_OK)
            status =
                meka_options_set(table, reader->params, owner, table->row[i].name, text, err);
        if (status != MEKA_OK)
            return status;
    }
    return MEKA_OK;
}

static meka_status read_parameters(opt_log_reader *reader, meka_error *err)
{
    char text[64];
    meka_status status = find_text(reader, "parameters", text, sizeof text, err);
    if (status == MEKA_OK &&
        (!meka_parse_count(text, &reader->n_parameters) || reader->n_parameters == 0))
        status = meka_fail(err, MEKA_ERR_INPUT,
                           "the header of '%.400s': '# parameters: %s' is not a number from 1",
                           reader->path, text);
    return status;
}

static const opt_column *find_column(const char *name, size_t n)
{
    for (size_t i = 0; opt_column_at(i); i++)
        if (strlen(opt_column_at(i)->name) == n && !strncmp(opt_column_at(i)->name, name, n))
            return opt_column_at(i);
    return NULL;
}

static bool has_offset(const opt_log_reader *reader, size_t offset)
{
    for (size_t i = 0; i < reader->n_columns; i++)
        if (reader->offset[i] == offset)
            return true;
    return false;
}

/* From the line of names in reader->text. */
static meka_status read_columns(opt_log_reader *reader, meka_error *err)
{
    for (const char *name = reader->text;; name++) {
        size_t n = strcspn(name, "\t");
        const opt_column *column = find_column(name, n);
        if (column && has_offset(reader, column->offset))
            return meka_fail(err, MEKA_ERR_INPUT, "%.400s:%llu: column %s is there twice",
                             reader->path, (unsigned long long)reader->line, column->name);
        if (reader->n_columns == OPT_LOG_READ_COLUMNS)
            return meka_fail(err, MEKA_ERR_INPUT, "%.400s:%llu: there are more than %d columns",
                             reader->path, (unsigned long long)reader->line,
                             OPT_LOG_READ_COLUMNS);
        reader->offset[reader->n_columns++] = column ? column->offset : SIZE_MAX;
        name += n;
        if (!*name)
            break;
    }
    for (size_t i = 0; opt_column_at(i); i++)
        if (!has_offset(reader, opt_column_at(i)->offset))
            return meka_fail(err, MEKA_ERR_INPUT,
                             "%.400s:%llu: there is no column '%s'; the log is of another "
                             "version of meka, or damaged",
                             reader->path, (unsigned long long)reader->line,
                             opt_column_at(i)->name);
    return MEKA_OK;
}

meka_status opt_log_reader_open(opt_log_reader *out, const char *path, meka_error *err)
{
    assert(out && path);
    opt_log_reader reader = {.path = meka_strdup(path, err)};
    if (!reader.path)
        return MEKA_ERR_MEMORY;
    meka_status status = MEKA_OK;
    reader.stream = fopen(path, "r");
    if (!reader.stream)
        status = meka_fail_errno(err, "read log", path, errno);
    if (status == MEKA_OK)
        status = check_first_line(&reader, err);
    if (status == MEKA_OK)
        status = read_header(&reader, err);
    if (status == MEKA_OK)
        status = read_columns(&reader, err);
    if (status == MEKA_OK)
        status = read_method(&reader, err);
    if (status == MEKA_OK)
        status = read_parameters(&reader, err);
    if (status == MEKA_OK)
        *out = reader;
    else
        opt_log_reader_close(&reader);
    return status;
}

/* A number as the log has it: NaN, Inf and -Inf included. */
static bool parse_number(const char *text, double *value)
{
    if (meka_parse_real(text, value))
        return true;
    bool negative = *text == '-';
    if (strcasecmp(text, "nan") == 0)
        *value = NAN;
    else if (strcasecmp(text + negative, "inf") == 0)
        *value = negative ? -INFINITY : INFINITY;
    else
        return false;
    return true;
}

static meka_status fail_row(const opt_log_reader *reader, const char *why, meka_error *err)
{
    return meka_fail(err, MEKA_ERR_INPUT, "%.400s:%llu: %s", reader->path,
                     (unsigned long long)reader->line, why);
}

static meka_status read_row(opt_log_reader *reader, opt_row *row, meka_error *err)
{
    char why[200];
    char *field = reader->text;
    *row = opt_row_empty();
    for (size_t i = 0; i < reader->n_columns; i++) {
        double value;
        char *end = field + strcspn(field, "\t");
        bool last = *end == '\0';
        if (last != (i + 1 == reader->n_columns)) {
            snprintf(why, sizeof why, "the row has %s than the %zu columns of the log",
                     last ? "fewer numbers" : "more numbers", reader->n_columns);
            return fail_row(reader, why, err);
        }
        *end = '\0';
        if (!parse_number(field, &value)) {
            snprintf(why, sizeof why, "column %zu: '%.40s' is not a number", i + 1, field);
            return fail_row(reader, why, err);
        }
        if (reader->offset[i] != SIZE_MAX)
            *(double *)((char *)row + reader->offset[i]) = value;
        field = end + 1;
    }
    return MEKA_OK;
}

meka_status opt_log_reader_next(opt_log_reader *reader, uint64_t t, opt_row *row, bool *more,
                                meka_error *err)
{
    assert(reader && row && more);
    meka_status status = next_line(reader, more, err);
    while (status == MEKA_OK && *more && reader->text[0] == '#') /* what stands at the end */
        status = next_line(reader, more, err);
    if (status != MEKA_OK || !*more)
        return status;
    opt_row read;
    status = read_row(reader, &read, err);
    if (status != MEKA_OK)
        return status;
    if (read.step != (double)t) {
        char why[200];
        snprintf(why, sizeof why, "this should be the row of step %llu, but it says %g",
                 (unsigned long long)t, read.step);
        return fail_row(reader, why, err);
    }
    *row = read;
    return MEKA_OK;
}

void opt_log_reader_close(opt_log_reader *reader)
{
    if (reader->stream)
        fclose(reader->stream);
    free(reader->path);
    free(reader->text);
    free(reader->header);
    free(reader->params);
    *reader = (opt_log_reader){0};
}
