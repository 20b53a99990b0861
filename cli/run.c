/* meka run: optimize. */
#include "cli/run.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "base/text.h"
#include "cli/output.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { path_size = 4096, max_seeds = 1000000, n_about = 3, about_size = 1024 };

static meka_status read_seeds(cli_run_seeds *seeds, const cli_call *call, meka_error *err)
{
    const cli_run_values *values = call->values;
    char first[32], last[32];
    uint64_t a, b;
    *seeds = (cli_run_seeds){values->config.seed, 1};
    meka_status status = cli_call_exclude(call, "seed", "seeds", err);
    if (status != MEKA_OK || !values->seeds)
        return status;
    if (!cli_split_pair(values->seeds, first, last, sizeof first) ||
        !meka_parse_count(first, &a) || !meka_parse_count(last, &b) || a > b ||
        b - a >= max_seeds)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "--seeds must be A:B, the first and the last seed, such as 1:10, not "
                         "'%.80s'",
                         values->seeds);
    *seeds = (cli_run_seeds){a, (size_t)(b - a + 1)};
    return MEKA_OK;
}

/* "key: value" lines that say what is optimized, one line each whatever the user's text. */
static void describe(const cli_run_values *values, const cli_run_subject *subject,
                     char about[][about_size])
{
    snprintf(about[0], about_size, "problem: %.900s", subject->operand);
    snprintf(about[1], about_size, "problem options: %.800s (problem seed %" PRIu64 ")",
             values->option ? values->option : "defaults", values->problem_seed);
    snprintf(about[2], about_size, "source: %s%.900s",
             values->data    ? "file "
             : values->noise ? "normal "
                             : "",
             values->data    ? values->data
             : values->noise ? values->noise
                             : "the problem's own");
    for (size_t i = 0; i < n_about; i++)
        for (char *p = about[i]; *p; p++)
            if (*p == '\n' || *p == '\r')
                *p = ' ';
}

/* The method's settings: the preset's name, then what --set says. */
static meka_status join_settings(cli_run_plan *plan, meka_error *err)
{
    const cli_run_values *values = plan->values;
    const char *set = values->set ? values->set : "";
    size_t size = strlen(set) + (values->preset ? strlen(values->preset) : 0) + 16;
    plan->settings = meka_alloc(size, 1, err);
    if (!plan->settings)
        return MEKA_ERR_MEMORY;
    snprintf(plan->settings, size, "%s%s%s%s", values->preset ? "preset=" : "",
             values->preset ? values->preset : "", values->preset ? " " : "", set);
    return MEKA_OK;
}

/* Everything but the subject: config, options, room for the outcomes. */
static meka_status prepare(cli_run_plan *plan, meka_error *err)
{
    const cli_run_values *values = plan->values;
    const cli_run_subject *subject = &plan->subject;
    const opt_method *method = plan->config.method;
    size_t d = subject->objective.n_params, n = plan->seeds.n;
    bool averages = plan->config.average != OPT_AVERAGE_NONE;
    if (join_settings(plan, err) != MEKA_OK)
        return MEKA_ERR_MEMORY;
    plan->config.settings = plan->settings;
    plan->config.known_minimum = subject->minimum;
    plan->config.test = subject->test;
    plan->config.score = subject->score;
    plan->config.track_exact =
        subject->has_population &&
        (values->exact || subject->source.n_population <= plan->config.batch_size);
    plan->config.n_threads = n < values->jobs ? values->jobs / n : 1;
    plan->params = meka_alloc(1, method->options.size, err);
    plan->outcome = meka_alloc(n, sizeof *plan->outcome, err);
    plan->theta = meka_alloc(n, 3 * d * sizeof *plan->theta, err);
    if (!plan->params || !plan->outcome || !plan->theta)
        return MEKA_ERR_MEMORY;
    for (size_t i = 0; i < n; i++) {
        double *theta = plan->theta + 3 * i * d;
        plan->outcome[i] = (cli_run_outcome){.seed = plan->seeds.first + i,
                                             .theta = theta,
                                             .best = theta + d,
                                             .average = averages ? theta + 2 * d : NULL};
    }
    return opt_method_configure(method, plan->params, plan->settings, err);
}

/* Checkpoints that are there are meant to be continued, and those to be continued must be
 * there. */
static meka_status check_checkpoints(const cli_run_plan *plan, meka_error *err)
{
    const cli_run_values *values = plan->values;
    char path[path_size] = "", found[path_size] = "";
    if (!values->checkpoint)
        return values->resume || values->checkpoint_every
                   ? meka_fail(err, MEKA_ERR_INPUT, "--%s needs --checkpoint FILE",
                               values->resume ? "resume" : "checkpoint-every")
                   : MEKA_OK;
    if (values->log && strcmp(values->log, values->checkpoint) == 0)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "--log and --checkpoint name the same file '%.500s'; give them two",
                         values->log);
    for (size_t i = 0; i < plan->seeds.n; i++) {
        cli_run_name_file(path, sizeof path, plan, values->checkpoint, plan->outcome[i].seed);
        if (!found[0] && access(path, F_OK) == 0)
            memcpy(found, path, sizeof found);
    }
    if (values->resume && !found[0])
        return meka_fail(err, MEKA_ERR_INPUT,
                         "there is no checkpoint '%.500s' to resume; leave out --resume to "
                         "begin",
                         path);
    if (!values->resume && found[0])
        return meka_fail(err, MEKA_ERR_INPUT,
                         "checkpoint '%.500s' exists; continue it with --resume, or remove it "
                         "to begin anew",
                         found);
    return MEKA_OK;
}

static meka_status report(const cli_run_plan *plan, meka_error *err)
{
    if (plan->values->json)
        return cli_run_report_print_json(plan, err);
    cli_run_report_print(plan);
    return MEKA_OK;
}

/* What the outcomes come to once they are printed. */
static cli_exit judge(const cli_run_plan *plan, meka_error *err)
{
    size_t n_nonfinite = 0, n_started = 0, n_cut = 0;
    const cli_run_outcome *bad = NULL;
    for (size_t i = 0; i < plan->seeds.n; i++) {
        const cli_run_outcome *outcome = &plan->outcome[i];
        n_started += outcome->started;
        n_cut += !outcome->started || outcome->result.stop == OPT_CANCELLED;
        if (outcome->started && outcome->result.stop == OPT_NONFINITE) {
            n_nonfinite++;
            bad = bad ? bad : outcome;
        }
    }
    if (n_cut) {
        meka_fail(err, MEKA_ERR_IO,
                  "interrupted after %" PRIu64 " steps; %zu of %zu run%s begun, with results "
                  "up to there%s%.300s%s",
                  (uint64_t)atomic_load(&plan->steps_done), n_started, plan->seeds.n,
                  plan->seeds.n == 1 ? "" : "s", plan->values->log ? " in the log " : "",
                  plan->values->log ? plan->values->log : "",
                  plan->values->checkpoint ? "; the same command with --resume continues them"
                                           : "");
        return CLI_FAILED;
    }
    if (bad) {
        char who[64];
        snprintf(who, sizeof who, "%zu of %zu runs", n_nonfinite, plan->seeds.n);
        meka_fail(err, MEKA_NONFINITE,
                  "%s stopped at a value that is not finite: seed %" PRIu64 ", step %" PRIu64
                  ": %.700s",
                  plan->seeds.n == 1 ? "the run" : who, bad->seed, bad->result.n_steps,
                  bad->result.reason.text);
        return CLI_FAILED;
    }
    return CLI_DONE;
}

cli_exit cli_run_execute(const cli_call *call, meka_error *err)
{
    const cli_run_values *values = call->values;
    cli_run_plan plan = {.values = values, .config = values->config};
    char about[n_about][about_size];
    const char *lines[n_about];
    cli_exit result = CLI_USAGE;
    cli_interrupt_install();
    if (read_seeds(&plan.seeds, call, err) != MEKA_OK ||
        opt_method_find(&plan.config.method, values->method, err) != MEKA_OK)
        goto cleanup;
    result = cli_run_subject_open(&plan.subject, call, err);
    if (result != CLI_DONE)
        goto cleanup;
    describe(values, &plan.subject, about);
    for (size_t i = 0; i < n_about; i++)
        lines[i] = about[i];
    plan.config.about = lines;
    plan.config.n_about = n_about;
    /* Without samples all evaluations are alike: one that the method can work with. */
    if (plan.subject.objective.n_features == 0 && !cli_call_given(call, "batch"))
        plan.config.batch_size = plan.config.method->min_batch;
    meka_status status = prepare(&plan, err);
    if (status == MEKA_OK)
        status = check_checkpoints(&plan, err);
    if (status == MEKA_OK) {
        cli_progress_begin(&plan.progress, values->quiet);
        status = meka_parallel_for(values->jobs, plan.seeds.n, cli_run_one, &plan, err);
        cli_progress_end(&plan.progress);
    }
    if (status == MEKA_OK)
        status = report(&plan, err);
    result = status == MEKA_OK ? judge(&plan, err) : cli_exit_of(status);
cleanup:
    free(plan.params);
    free(plan.settings);
    free(plan.outcome);
    free(plan.theta);
    cli_run_subject_close(&plan.subject);
    return result;
}
