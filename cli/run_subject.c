/* What `meka run` optimizes: a problem of the zoo or a file, with its samples and start. */
#include "cli/run.h"

#include "cli/subject.h"

#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void draw_noise(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    const cli_run_noise *noise = ctx;
    for (size_t i = 0; i < n; i++) {
        meka_rng rng;
        meka_rng_init(&rng, seed, MEKA_STREAM_SAMPLES, step, i);
        for (size_t k = 0; k < noise->n_features; k++)
            xi[i * noise->n_features + k] = noise->mean + noise->sd * meka_rng_normal(&rng);
    }
}

static cli_exit usage(meka_status status)
{
    return status == MEKA_OK ? CLI_DONE : CLI_USAGE;
}

static cli_exit failed(meka_status status)
{
    return status == MEKA_OK ? CLI_DONE : CLI_FAILED;
}

/* --noise MEAN:SD */
static cli_exit open_noise(cli_run_subject *subject, const char *text, meka_error *err)
{
    cli_run_noise *noise = &subject->noise;
    char mean[64], sd[64];
    if (!cli_split_pair(text, mean, sd, sizeof mean) || !meka_parse_real(mean, &noise->mean) ||
        !meka_parse_real(sd, &noise->sd) || noise->sd < 0.0)
        return usage(meka_fail(err, MEKA_ERR_INPUT,
                               "--noise must be MEAN:SD with two numbers, SD >= 0, such as "
                               "1:0.1, not '%.80s'",
                               text));
    noise->n_features = subject->objective.n_features;
    /* No population: it would be the mean only for objectives linear in what is random. */
    subject->source =
        (meka_source){.n_features = noise->n_features, .draw = draw_noise, .ctx = noise};
    return CLI_DONE;
}

/* --data FILE */
static cli_exit open_data(cli_run_subject *subject, const char *path, meka_error *err)
{
    meka_status status = meka_data_read_csv(&subject->data, path, err);
    if (status != MEKA_OK)
        return failed(status);
    if (subject->data.n_features != subject->objective.n_features)
        return failed(meka_fail(
            err, MEKA_ERR_INPUT,
            "'%.400s' has %zu column%s, but objective '%.100s' takes %zu number%s per sample",
            path, subject->data.n_features, subject->data.n_features == 1 ? "" : "s",
            subject->objective.name, subject->objective.n_features,
            subject->objective.n_features == 1 ? "" : "s"));
    subject->source = meka_source_data(&subject->data);
    return CLI_DONE;
}

/* The samples of an objective from a file. */
static cli_exit open_source(cli_run_subject *subject, const cli_call *call, meka_error *err)
{
    const cli_run_values *values = call->values;
    size_t m = subject->objective.n_features;
    if (m == 0 && (values->data || values->noise))
        return usage(meka_fail(err, MEKA_ERR_INPUT,
                               "objective '%.100s' takes no samples (n_features = 0), so "
                               "--%s has no meaning; leave it out",
                               subject->objective.name, values->data ? "data" : "noise"));
    if (m == 0) {
        subject->source = meka_source_none();
        return CLI_DONE;
    }
    if (values->data)
        return open_data(subject, values->data, err);
    if (values->noise)
        return open_noise(subject, values->noise, err);
    return usage(meka_fail(err, MEKA_ERR_INPUT,
                           "objective '%.100s' takes %zu number%s per sample and there are no "
                           "samples; give --data FILE.csv or --noise MEAN:SD",
                           subject->objective.name, m, m == 1 ? "" : "s"));
}

static cli_exit open_file(cli_run_subject *subject, const cli_call *call, meka_error *err)
{
    const cli_run_values *values = call->values;
    if (values->option)
        return usage(meka_fail(err, MEKA_ERR_INPUT,
                               "--option sets options of a problem of the zoo; '%.200s' is a "
                               "file and has none",
                               subject->operand));
    meka_status status = cli_plugin_open(&subject->plugin, subject->operand, err);
    if (status != MEKA_OK)
        return failed(status);
    subject->objective = subject->plugin.objective;
    return open_source(subject, call, err);
}

static cli_exit open_problem(cli_run_subject *subject, const cli_call *call, meka_error *err)
{
    const cli_run_values *values = call->values;
    const prob_problem *problem;
    if (prob_problem_find(&problem, subject->operand, NULL) == MEKA_OK) {
        if (values->noise || (values->data && !problem->data))
            return usage(meka_fail(err, MEKA_ERR_INPUT,
                                   "problem %s brings its own samples, so --%s has no meaning; "
                                   "leave it out",
                                   problem->name, values->noise ? "noise" : "data"));
        if (!values->data && problem->needs_data)
            return usage(meka_fail(err, MEKA_ERR_INPUT, "problem %s needs --data %s",
                                   problem->name, problem->data));
    }
    const prob_request request = {values->option, values->data, values->problem_seed};
    cli_exit result =
        cli_problem_create(&subject->instance, &problem, subject->operand, &request, err);
    if (result != CLI_DONE)
        return result;
    subject->objective = subject->instance.objective;
    subject->source = subject->instance.source;
    subject->minimum = subject->instance.minimum;
    if (subject->instance.test.n_rows)
        subject->test = &subject->instance.test;
    return CLI_DONE;
}

/* Reads --start, numbers separated by commas, to start [d]. */
static meka_status read_start(double *start, size_t d, const char *list, meka_error *err)
{
    size_t n = 0;
    for (const char *item = list; item; n++) {
        char number[64];
        size_t length = strcspn(item, ",");
        snprintf(number, sizeof number, "%.*s", length < 63 ? (int)length : 63, item);
        double value;
        if (length > 63 || !meka_parse_real(number, &value))
            return meka_fail(err, MEKA_ERR_INPUT,
                             "--start must be numbers separated by commas, such as -1.2,1; "
                             "entry %zu is '%.63s'",
                             n + 1, number);
        if (n < d)
            start[n] = value;
        item = item[length] ? item + length + 1 : NULL;
    }
    if (n != d)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "--start has %zu number%s, but the objective has %zu parameter%s", n,
                         n == 1 ? "" : "s", d, d == 1 ? "" : "s");
    return MEKA_OK;
}

static cli_exit open_start(cli_run_subject *subject, const char *list, meka_error *err)
{
    const ad_objective *objective = &subject->objective;
    subject->start = meka_alloc(objective->n_params, sizeof *subject->start, err);
    if (!subject->start)
        return CLI_FAILED;
    if (list)
        return usage(read_start(subject->start, objective->n_params, list, err));
    if (objective->x0)
        memcpy(subject->start, objective->x0, objective->n_params * sizeof *subject->start);
    return CLI_DONE;
}

cli_exit cli_run_subject_open(cli_run_subject *subject, const cli_call *call, meka_error *err)
{
    const cli_run_values *values = call->values;
    *subject = (cli_run_subject){.operand = call->operand[0], .minimum = NAN};
    if (cli_call_exclude(call, "data", "noise", err) != MEKA_OK)
        return CLI_USAGE;
    cli_exit result = cli_plugin_is_file(subject->operand) ? open_file(subject, call, err)
                                                           : open_problem(subject, call, err);
    if (result != CLI_DONE)
        return result;
    meka_status status = ad_program_create(&subject->program, &subject->objective, err);
    if (status != MEKA_OK && status != MEKA_NONFINITE)
        return CLI_FAILED;
    if (subject->instance.score.record &&
        ad_program_create(&subject->score, &subject->instance.score, err) != MEKA_OK)
        return CLI_FAILED;
    subject->has_population =
        subject->source.n_features == 0 || subject->source.n_population > 0;
    return open_start(subject, values->start, err);
}

void cli_run_subject_close(cli_run_subject *subject)
{
    ad_program_destroy(subject->program);
    ad_program_destroy(subject->score);
    free(subject->start);
    meka_data_clear(&subject->data);
    prob_destroy(&subject->instance);
    cli_plugin_close(&subject->plugin);
}
