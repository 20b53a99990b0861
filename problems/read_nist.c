/* The .dat files of NIST's Statistical Reference Datasets, nonlinear regression.  Their own
 * section "File Format" tells the lines, from 1, in which each block is to be found. */
#include "problems/dataset.h"

#include "base/memory.h"
#include "base/text.h"
#include "problems/bytes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 1 << 22 }; /* the largest of the real ones has 13 kB */

/* The first and the last line of a block, from 1. */
typedef struct range {
    size_t first, last;
} range;

/* A file in memory; owns line. */
typedef struct nist_file {
    const char *path;
    char **line; /* [n_lines] NUL-terminated, owned */
    size_t n_lines, line_room;
    range starts, certified, data;
} nist_file;

static const char blanks[] = " \t\r\v\f";

static meka_status fail_line(const nist_file *in, size_t line, const char *what,
                             meka_error *err)
{
    return meka_fail(err, MEKA_ERR_INPUT, "%.500s:%zu: %s", in->path, line, what);
}

/* Line number `line`, from 1, without the blanks at its beginning. */
static char *line_at(const nist_file *in, size_t line)
{
    assert(in->line && line >= 1 && line <= in->n_lines);
    char *text = in->line[line - 1];
    return text + strspn(text, blanks);
}

static bool begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The number of the first line that begins so, 0: none. */
static size_t find_line(const nist_file *in, const char *prefix)
{
    for (size_t i = 1; i <= in->n_lines; i++)
        if (begins(line_at(in, i), prefix))
            return i;
    return 0;
}

static meka_status load(nist_file *in, meka_error *err)
{
    prob_bytes bytes;
    meka_status status = prob_bytes_open(&bytes, in->path, err);
    if (status != MEKA_OK)
        return status;
    while (status == MEKA_OK) {
        bool more;
        status = prob_bytes_line(&bytes, &more, err);
        if (status != MEKA_OK || !more)
            break;
        if (bytes.offset > MOST_BYTES) {
            status = fail_line(in, bytes.line_number,
                               "the file is too long to be one of NIST's", err);
            break;
        }
        status = meka_grow(&in->line, &in->line_room, in->n_lines + 1, sizeof *in->line, err);
        if (status != MEKA_OK)
            break;
        in->line[in->n_lines] = meka_strdup(bytes.line, err);
        if (!in->line[in->n_lines])
            status = MEKA_ERR_MEMORY;
        else
            in->n_lines++;
    }
    return prob_bytes_close(&bytes, status, err);
}

/* The next word at *cursor, moved to word [size], or false. */
static bool next_word(const char **cursor, char *word, size_t size)
{
    const char *begin = *cursor + strspn(*cursor, blanks);
    size_t length = strcspn(begin, blanks);
    *cursor = begin + length;
    if (length >= size)
        length = size - 1;
    memcpy(word, begin, length);
    word[length] = '\0';
    return length > 0;
}

/* The next word at *cursor as a number; `what` it should be is for the message. */
static meka_status next_real(const nist_file *in, size_t line, const char **cursor,
                             const char *what, double *value, meka_error *err)
{
    char word[64];
    if (!next_word(cursor, word, sizeof word))
        return meka_fail(err, MEKA_ERR_INPUT, "%.500s:%zu: %s is missing", in->path, line,
                         what);
    if (!meka_parse_real(word, value))
        return meka_fail(err, MEKA_ERR_INPUT, "%.500s:%zu: %s: '%.60s' %s", in->path, line,
                         what, word, meka_why_not_real(word));
    return MEKA_OK;
}

static meka_status expect_end_of_line(const nist_file *in, size_t line, const char *cursor,
                                      meka_error *err)
{
    char word[64];
    if (!next_word(&cursor, word, sizeof word))
        return MEKA_OK;
    return meka_fail(err, MEKA_ERR_INPUT, "%.500s:%zu: '%.60s' is one value too many", in->path,
                     line, word);
}

/* The digits at text; what follows them, or NULL if there are none. */
static const char *read_count(const char *text, size_t *count)
{
    text += strspn(text, blanks);
    size_t n_digits = strspn(text, "0123456789");
    *count = 0;
    for (size_t i = 0; i < n_digits; i++)
        if (*count < SIZE_MAX / 160)
            *count = *count * 10 + (size_t)(text[i] - '0');
    return n_digits ? text + n_digits : NULL;
}

/* The range of a line "Data (lines 61 to 74)" of the section that begins in line `from`. */
static meka_status read_range(const nist_file *in, size_t from, const char *name, range *out,
                              meka_error *err)
{
    for (size_t i = from; i <= in->n_lines && i < from + 6; i++) {
        const char *text = line_at(in, i), *p = strstr(text, "(lines");
        if (!begins(text, name) || !p)
            continue;
        p = read_count(p + strlen("(lines"), &out->first);
        if (p)
            p += strspn(p, blanks);
        if (p && begins(p, "to"))
            p = read_count(p + 2, &out->last);
        else
            p = NULL;
        if (!p)
            return fail_line(in, i, "should say '(lines N to M)'", err);
        if (out->first < 1 || out->last < out->first || out->last > in->n_lines)
            return meka_fail(err, MEKA_ERR_INPUT,
                             "%.500s:%zu: '%s' in lines %zu to %zu, but the file has %zu lines",
                             in->path, i, name, out->first, out->last, in->n_lines);
        return MEKA_OK;
    }
    return meka_fail(err, MEKA_ERR_INPUT,
                     "%.500s:%zu: the section 'File Format' does not say in which lines "
                     "'%s' are",
                     in->path, from, name);
}

static meka_status read_header(nist_file *in, prob_nist *out, meka_error *err)
{
    size_t format = find_line(in, "File Format:"), name = find_line(in, "Dataset Name:");
    if (!format || !name)
        return meka_fail(err, MEKA_ERR_INPUT, "%.500s:1: there is no section '%s'", in->path,
                         format ? "Dataset Name:" : "File Format:");
    const char *cursor = line_at(in, name) + strlen("Dataset Name:");
    if (!next_word(&cursor, out->name, sizeof out->name))
        return fail_line(in, name, "the name of the data set is missing", err);
    meka_status status = read_range(in, format, "Starting Values", &in->starts, err);
    if (status == MEKA_OK)
        status = read_range(in, format, "Certified Values", &in->certified, err);
    if (status == MEKA_OK)
        status = read_range(in, format, "Data", &in->data, err);
    return status;
}

/* The section "Model:" up to the table of parameters, as text of its own. */
static meka_status read_model(const nist_file *in, prob_nist *out, meka_error *err)
{
    size_t first = find_line(in, "Model:"), last = first, length = 1;
    if (!first || first >= in->starts.first)
        return fail_line(in, first ? first : 1,
                         "there is no section 'Model:' before the values", err);
    for (size_t i = first; i < in->starts.first; i++) {
        const char *text = line_at(in, i);
        if (begins(text, "Starting"))
            break;
        if (*text)
            last = i;
    }
    for (size_t i = first; i <= last; i++)
        length += strlen(line_at(in, i)) + 1;
    out->model = meka_alloc(length, 1, err);
    if (!out->model)
        return MEKA_ERR_MEMORY;
    for (size_t i = first; i <= last; i++) {
        const char *text = line_at(in, i);
        size_t n_params, at = strlen(out->model);
        if (i == first)
            text += strlen("Model:") + strspn(text + strlen("Model:"), blanks);
        size_t n = strlen(text);
        while (n > 0 && strchr(blanks, text[n - 1]))
            n--;
        memcpy(out->model + at, text, n);
        if (i < last)
            out->model[at + n] = '\n';
        const char *rest = read_count(text, &n_params);
        if (rest && begins(rest + strspn(rest, blanks), "Parameter") &&
            n_params != out->n_params)
            return meka_fail(err, MEKA_ERR_INPUT,
                             "%.500s:%zu: %zu parameters, but starting values of %zu", in->path,
                             i, n_params, out->n_params);
    }
    return MEKA_OK;
}

/* Lines "b2 = start1 start2 certified sd". */
static meka_status read_params(const nist_file *in, prob_nist *out, meka_error *err)
{
    size_t d = in->starts.last - in->starts.first + 1;
    out->n_params = d;
    out->storage = meka_alloc(4 * d, sizeof *out->storage, err);
    if (!out->storage)
        return MEKA_ERR_MEMORY;
    out->start[0] = out->storage;
    out->start[1] = out->storage + d;
    out->certified = out->storage + 2 * d;
    out->sd = out->storage + 3 * d;
    for (size_t k = 0; k < d; k++) {
        size_t line = in->starts.first + k, number = 0;
        const char *cursor = line_at(in, line);
        cursor = *cursor == 'b' ? read_count(cursor + 1, &number) : NULL;
        if (cursor)
            cursor += strspn(cursor, blanks);
        if (!cursor || *cursor != '=' || number != k + 1)
            return meka_fail(err, MEKA_ERR_INPUT, "%.500s:%zu: should begin with 'b%zu ='",
                             in->path, line, k + 1);
        cursor++;
        meka_status status = next_real(in, line, &cursor, "start 1", &out->start[0][k], err);
        if (status == MEKA_OK)
            status = next_real(in, line, &cursor, "start 2", &out->start[1][k], err);
        if (status == MEKA_OK)
            status =
                next_real(in, line, &cursor, "the certified value", &out->certified[k], err);
        if (status == MEKA_OK)
            status = next_real(in, line, &cursor, "the standard deviation", &out->sd[k], err);
        if (status == MEKA_OK)
            status = expect_end_of_line(in, line, cursor, err);
        if (status != MEKA_OK)
            return status;
    }
    return MEKA_OK;
}

/* The value behind "name:" in one of the lines of certified values; *line is where it is. */
static meka_status read_certified(const nist_file *in, const char *name, double *value,
                                  size_t *line, meka_error *err)
{
    for (*line = in->certified.first; *line <= in->certified.last; ++*line) {
        const char *text = line_at(in, *line), *colon = strchr(text, ':');
        if (!begins(text, name) || !colon)
            continue;
        const char *cursor = colon + 1;
        meka_status status = next_real(in, *line, &cursor, name, value, err);
        return status ? status : expect_end_of_line(in, *line, cursor, err);
    }
    return meka_fail(err, MEKA_ERR_INPUT, "%.500s:%zu: '%s:' is missing up to line %zu",
                     in->path, in->certified.first, name, in->certified.last);
}

static meka_status read_summary(const nist_file *in, prob_nist *out, meka_error *err)
{
    size_t line = 0, n = in->data.last - in->data.first + 1;
    double freedom = 0.0, n_rows = 0.0;
    meka_status status =
        read_certified(in, "Residual Sum of Squares", &out->sum_of_squares, &line, err);
    if (status == MEKA_OK)
        status =
            read_certified(in, "Residual Standard Deviation", &out->residual_sd, &line, err);
    if (status == MEKA_OK)
        status = read_certified(in, "Degrees of Freedom", &freedom, &line, err);
    if (status != MEKA_OK)
        return status;
    if (n < out->n_params || freedom != (double)(n - out->n_params))
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.500s:%zu: %g degrees of freedom, but %zu lines of data and %zu "
                         "parameters",
                         in->path, line, freedom, n, out->n_params);
    out->degrees_of_freedom = n - out->n_params;
    status = read_certified(in, "Number of Observations", &n_rows, &line, err);
    if (status == MEKA_OK && n_rows != (double)n)
        status =
            meka_fail(err, MEKA_ERR_INPUT, "%.500s:%zu: %g observations, but %zu lines of data",
                      in->path, line, n_rows, n);
    return status;
}

/* How many words a line has. */
static size_t count_words(const char *text)
{
    char word[8];
    size_t n = 0;
    while (next_word(&text, word, sizeof word))
        n++;
    return n;
}

static meka_status read_data(const nist_file *in, prob_dataset *out, meka_error *err)
{
    size_t n = in->data.last - in->data.first + 1;
    size_t n_words = count_words(line_at(in, in->data.first));
    if (n_words < 2)
        return fail_line(in, in->data.first, "should hold a response and its predictors", err);
    size_t m = n_words - 1;
    out->n_rows = n;
    out->n_features = m;
    out->dense = meka_alloc(n * m, sizeof *out->dense, err);
    out->label = meka_alloc(n, sizeof *out->label, err);
    if (!out->dense || !out->label)
        return MEKA_ERR_MEMORY;
    for (size_t i = 0; i < n; i++) {
        size_t line = in->data.first + i;
        const char *cursor = line_at(in, line);
        meka_status status = next_real(in, line, &cursor, "the response", &out->label[i], err);
        for (size_t j = 0; status == MEKA_OK && j < m; j++)
            status = next_real(in, line, &cursor, "a predictor", &out->dense[i * m + j], err);
        if (status == MEKA_OK)
            status = expect_end_of_line(in, line, cursor, err);
        if (status != MEKA_OK)
            return status;
    }
    return MEKA_OK;
}

meka_status prob_read_nist(prob_nist *out, const char *path, meka_error *err)
{
    assert(out && path);
    prob_nist nist = {0};
    nist_file in = {.path = path};
    meka_status status = load(&in, err);
    if (status == MEKA_OK)
        status = read_header(&in, &nist, err);
    if (status == MEKA_OK)
        status = read_params(&in, &nist, err);
    if (status == MEKA_OK)
        status = read_model(&in, &nist, err);
    if (status == MEKA_OK)
        status = read_summary(&in, &nist, err);
    if (status == MEKA_OK)
        status = read_data(&in, &nist.data, err);
    if (status == MEKA_OK)
        *out = nist;
    else
        prob_nist_clear(&nist);
    for (size_t i = 0; i < in.n_lines; i++)
        free(in.line[i]);
    free(in.line);
    return status;
}

void prob_nist_clear(prob_nist *nist)
{
    if (!nist)
        return;
    free(nist->model);
    free(nist->storage);
    prob_dataset_clear(&nist->data);
    *nist = (prob_nist){0};
}
