/* Continuing a log: the rows of the steps that were done before. */
#include "optim/log.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static char *join(const char *path, const char *suffix, meka_error *err)
{
    size_t size = strlen(path) + strlen(suffix) + 1;
    char *text = meka_alloc(size, 1, err);
    if (text)
        snprintf(text, size, "%s%s", path, suffix);
    return text;
}

static bool is_limit(const char *line)
{
    const meka_option_table *table = opt_config_options();
    for (size_t i = 0; i < table->n; i++) {
        size_t n = strlen(table->row[i].name);
        if (opt_config_row_limits(&table->row[i]) &&
            strncmp(line, table->row[i].name, n) == 0 && line[n] == ':')
            return true;
    }
    return false;
}

/* Reads the header and the line of column names; but for limits it must be `identity`. */
static meka_status skip_header(FILE *stream, const char *path, const char *identity,
                               meka_error *err)
{
    char *line = NULL;
    size_t size = 0;
    meka_status status = MEKA_OK;
    while (status == MEKA_OK && getline(&line, &size, stream) > 0 && line[0] == '#') {
        if (line[1] == ' ' && is_limit(line + 2))
            continue;
        if (strncmp(line, identity, strlen(line)) == 0)
            identity += strlen(line);
        else
            status = meka_fail(err, MEKA_ERR_INPUT,
                               "log '%.300s' is of another run: it has '%.*s', this run '%.*s'",
                               path, (int)strcspn(line, "\n"), line,
                               (int)strcspn(identity, "\n"), identity);
    }
    if (status == MEKA_OK && *identity)
        status = meka_fail(err, MEKA_ERR_INPUT, "'%.400s' is not a whole log of meka", path);
    free(line);
    return status;
}

/* Whether n complete rows follow. */
static meka_status check_rows(FILE *stream, const char *path, uint64_t n, meka_error *err)
{
    char *line = NULL;
    size_t size = 0;
    uint64_t i = 0;
    for (ssize_t length; i < n && (length = getline(&line, &size, stream)) > 0; i++)
        if (line[0] == '#' || line[length - 1] != '\n')
            break;
    free(line);
    if (i == n)
        return MEKA_OK;
    return meka_fail(
        err, MEKA_ERR_INPUT,
        "log '%.300s' holds %llu of the %llu steps that are done; continue without "
        "a log, or begin anew",
        path, (unsigned long long)i, (unsigned long long)n);
}

static meka_status check(opt_log_earlier *earlier, const char *path, const opt_run *run,
                         meka_error *err)
{
    char *identity = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&identity, &size);
    if (!memory)
        return meka_fail(err, MEKA_ERR_MEMORY, "out of memory for the header of a log");
    opt_log_write_identity(memory, run, false);
    meka_status status = MEKA_OK;
    if (fclose(memory) != 0)
        status = meka_fail(err, MEKA_ERR_MEMORY, "out of memory for the header of a log");
    if (status == MEKA_OK)
        status = skip_header(earlier->stream, path, identity, err);
    if (status == MEKA_OK) {
        earlier->rows = ftell(earlier->stream);
        status = check_rows(earlier->stream, path, earlier->n, err);
    }
    free(identity);
    return status;
}

meka_status opt_log_earlier_open(opt_log_earlier *earlier, const char *path, const opt_run *run,
                                 meka_error *err)
{
    *earlier = (opt_log_earlier){.n = run->t_loaded, .before = join(path, ".before", err)};
    char *part = join(path, ".part", err);
    if (!part || !earlier->before) {
        free(part);
        free(earlier->before);
        return MEKA_ERR_MEMORY;
    }
    earlier->stream = fopen(earlier->before, "r");
    if (!earlier->stream && rename(part, earlier->before) == 0) {
        earlier->renamed = part;
        part = NULL;
        earlier->stream = fopen(earlier->before, "r");
    }
    if (!earlier->stream)
        earlier->stream = fopen(path, "r");
    free(part);
    meka_status status = MEKA_OK;
    if (!earlier->stream)
        status = meka_fail(err, MEKA_ERR_INPUT,
                           "there is neither '%.300s' nor '%.300s.part' with the %llu steps "
                           "that are done; continue without a log, or begin anew",
                           path, path, (unsigned long long)earlier->n);
    else
        status = check(earlier, path, run, err);
    if (status != MEKA_OK)
        opt_log_earlier_close(earlier, false);
    return status;
}

void opt_log_earlier_copy(opt_log_earlier *earlier, FILE *stream)
{
    char *line = NULL;
    size_t size = 0;
    if (!earlier->stream || fseek(earlier->stream, earlier->rows, SEEK_SET) != 0)
        return;
    for (uint64_t i = 0; i < earlier->n && getline(&line, &size, earlier->stream) > 0; i++)
        fputs(line, stream);
    free(line);
}

void opt_log_earlier_close(opt_log_earlier *earlier, bool taken_over)
{
    if (earlier->stream)
        fclose(earlier->stream);
    if (taken_over && earlier->before)
        remove(earlier->before);
    else if (earlier->renamed)
        rename(earlier->before, earlier->renamed);
    free(earlier->before);
    free(earlier->renamed);
    *earlier = (opt_log_earlier){0};
}
