/* What eval, show and check look at: a problem of the zoo or a file, with its samples. */
#include "cli/subject.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

/* ------------------------------------------------------------------------ lists */

/* Counts the numbers of a list and stores the first n; false if an entry is not a number:
 * then *count is how many came before it. */
static bool parse_list(double *out, size_t n, const char *text, size_t *count, char *entry)
{
    *count = 0;
    for (const char *item = text; item; (*count)++) {
        size_t length = strcspn(item, ",");
        double value;
        snprintf(entry, 64, "%.*s", length < 63 ? (int)length : 63, item);
        if (length > 63 || !meka_parse_real(entry, &value))
            return false;
        if (*count < n)
            out[*count] = value;
        item = item[length] ? item + length + 1 : NULL;
    }
    return true;
}

static cli_exit wrong_count(const char *option, const char *place, size_t given, size_t needed,
                            meka_error *err)
{
    meka_fail(err, MEKA_ERR_INPUT,
              "--%s has %zu number%s%s%.300s, but the objective has %zu parameter%s", option,
              given, plural(given), place ? " in " : "", place ? place : "", needed,
              plural(needed));
    return CLI_USAGE;
}

cli_exit cli_read_list(double *out, size_t n, const char *option, const char *text,
                       meka_error *err)
{
    size_t count;
    char entry[64];
    meka_data data = {0};
    if (parse_list(out, n, text, &count, entry))
        return count == n ? CLI_DONE : wrong_count(option, NULL, count, n, err);
    if (access(text, F_OK) != 0) {
        meka_fail(err, MEKA_ERR_INPUT,
                  "--%s must be numbers separated by commas, such as -1.2,1, or a file of "
                  "numbers; entry %zu is '%.63s', and there is no file '%.300s'",
                  option, count + 1, entry, text);
        return CLI_USAGE;
    }
    if (meka_data_read_csv(&data, text, err) != MEKA_OK)
        return CLI_FAILED;
    count = data.n_rows * data.n_features;
    cli_exit result = CLI_DONE;
    if (count == n)
        memcpy(out, data.value, n * sizeof *out);
    else
        result = wrong_count(option, text, count, n, err);
    meka_data_clear(&data);
    return result;
}

/* --------------------------------------------------------------------- samples */

/* Whatever the objective is of: normal numbers. */
static void draw_normal(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    const cli_subject *subject = ctx;
    size_t m = subject->objective.n_features;
    for (size_t i = 0; i < n; i++) {
        meka_rng rng;
        meka_rng_init(&rng, seed, MEKA_STREAM_SAMPLES, step, i);
        for (size_t k = 0; k < m; k++)
            xi[i * m + k] = meka_rng_normal(&rng);
    }
}

static cli_exit read_samples(cli_subject *subject, const char *path, meka_error *err)
{
    meka_data data = {0};
    size_t m = subject->objective.n_features;
    if (m == 0) {
        meka_fail(err, MEKA_ERR_INPUT,
                  "objective '%.100s' takes no samples (n_features = 0), so --data has no "
                  "meaning; leave it out",
                  subject->objective.name);
        return CLI_USAGE;
    }
    if (meka_data_read_csv(&data, path, err) != MEKA_OK)
        return CLI_FAILED;
    if (data.n_features != m) {
        meka_fail(err, MEKA_ERR_INPUT,
                  "'%.400s' has %zu column%s, but objective '%.100s' takes %zu number%s per "
                  "sample",
                  path, data.n_features, plural(data.n_features), subject->objective.name, m,
                  plural(m));
        meka_data_clear(&data);
        return CLI_USAGE;
    }
    subject->n = data.n_rows;
    subject->xi = data.value;
    return CLI_DONE;
}

static cli_exit draw_samples(cli_subject *subject, const cli_subject_request *request,
                             meka_error *err)
{
    size_t m = subject->objective.n_features;
    meka_source source = subject->instance.source;
    if (m == 0) {
        subject->n = 1;
        return CLI_DONE;
    }
    if (!source.draw && !request->invent) {
        meka_fail(err, MEKA_ERR_INPUT,
                  "objective '%.100s' takes %zu number%s per sample and there are no samples; "
                  "give --data FILE.csv",
                  subject->objective.name, m, plural(m));
        return CLI_USAGE;
    }
    if (!source.draw) {
        source = (meka_source){.n_features = m, .draw = draw_normal, .ctx = subject};
        subject->invented = true;
    }
    subject->xi = meka_alloc(request->n_drawn, m * sizeof *subject->xi, err);
    if (!subject->xi)
        return CLI_FAILED;
    subject->n = request->n_drawn;
    source.draw(source.ctx, request->seed, 0, subject->n, subject->xi);
    return CLI_DONE;
}

/* -------------------------------------------------------------------- objective */

static cli_exit open_file(cli_subject *subject, const cli_subject_request *request,
                          meka_error *err)
{
    if (request->option) {
        meka_fail(err, MEKA_ERR_INPUT,
                  "--option sets options of a problem of the zoo; '%.200s' is a file and has "
                  "none",
                  request->operand);
        return CLI_USAGE;
    }
    if (cli_plugin_open(&subject->plugin, request->operand, err) != MEKA_OK)
        return CLI_FAILED;
    subject->objective = subject->plugin.objective;
    return CLI_DONE;
}

cli_exit cli_problem_create(prob_instance *out, const prob_problem **problem, const char *name,
                            const prob_request *request, meka_error *err)
{
    meka_error why = {0};
    if (prob_problem_find(problem, name, &why) != MEKA_OK) {
        meka_fail(err, MEKA_ERR_INPUT,
                  "%.900s; an objective of your own is a FILE.c or FILE.so", why.text);
        return CLI_USAGE;
    }
    meka_status status = prob_check(*problem, request, err);
    if (status)
        return cli_exit_of(status);
    status = prob_create(out, *problem, request, err);
    /* Data are read where there are any: what is wrong is then in them. */
    return cli_exit_of_data(status, request->data);
}

static cli_exit open_problem(cli_subject *subject, const cli_subject_request *request,
                             meka_error *err)
{
    const prob_problem *problem = NULL;
    prob_request wanted = {.settings = request->option, .seed = request->problem_seed};
    /* Else the samples themselves are given, for any problem. */
    if (prob_problem_find(&problem, request->operand, NULL) == MEKA_OK && problem->data)
        wanted.data = request->data;
    cli_exit result =
        cli_problem_create(&subject->instance, &problem, request->operand, &wanted, err);
    if (result == CLI_DONE)
        subject->objective = subject->instance.objective;
    subject->data_used = wanted.data != NULL;
    return result;
}

static cli_exit open_theta(cli_subject *subject, const char *text, meka_error *err)
{
    const ad_objective *objective = &subject->objective;
    size_t d = objective->n_params;
    subject->theta = meka_alloc(d, sizeof *subject->theta, err);
    if (!subject->theta)
        return CLI_FAILED;
    if (text)
        return cli_read_list(subject->theta, d, "theta", text, err);
    if (objective->x0)
        memcpy(subject->theta, objective->x0, d * sizeof *subject->theta);
    return CLI_DONE;
}

cli_exit cli_subject_open(cli_subject *subject, const cli_subject_request *request,
                          meka_error *err)
{
    *subject = (cli_subject){0};
    cli_exit result = cli_plugin_is_file(request->operand)
                          ? open_file(subject, request, err)
                          : open_problem(subject, request, err);
    if (result != CLI_DONE)
        return result;
    if (ad_program_create(&subject->program, &subject->objective, err) != MEKA_OK)
        return CLI_FAILED;
    if (request->data && !subject->data_used)
        result = read_samples(subject, request->data, err);
    else if (request->n_drawn)
        result = draw_samples(subject, request, err);
    return result == CLI_DONE ? open_theta(subject, request->theta, err) : result;
}

void cli_subject_close(cli_subject *subject)
{
    ad_program_destroy(subject->program);
    free(subject->theta);
    free(subject->xi);
    prob_destroy(&subject->instance);
    cli_plugin_close(&subject->plugin);
    *subject = (cli_subject){0};
}
