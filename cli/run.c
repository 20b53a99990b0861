/* meka run: optimize. */
#include "cli/run.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/progress.h"

#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { path_size = 4096, max_seeds = 1000000 };

/* What all seeds share. */
typedef struct run_plan {
    const cli_run_values *values;
    cli_run_subject subject;
    opt_config config; /* but for the seed and the callback */
    cli_run_seeds seeds;
    uint64_t batch;
    cli_run_outcome *outcome; /* [seeds.n] */
    double *theta;            /* [seeds.n][d] */
    void *params;             /* the method's options in use */
    cli_progress progress;
    atomic_uint_fast64_t steps_done; /* of all seeds */
} run_plan;

/* One seed's run under way. */
typedef struct run_watch {
    run_plan *plan;
    opt_log *log;       /* or NULL */
    meka_status status; /* of writing the log */
    meka_error *err;
} run_watch;

/* ---------------------------------------------------------------- one seed */

static bool on_iteration(void *ctx, const opt_row *row, const double *theta)
{
    run_watch *watch = ctx;
    run_plan *plan = watch->plan;
    char what[64], number[32];
    (void)theta;
    if (watch->log)
        watch->status = opt_log_write(watch->log, row, watch->err);
    uint64_t done = atomic_fetch_add(&plan->steps_done, 1) + 1;
    bool gap = !isnan(row->exact_gap) && !isnan(plan->subject.minimum);
    double loss = isnan(row->exact_gap) ? row->loss : row->exact_gap;
    snprintf(what, sizeof what, "%s %s", gap ? "gap" : "loss", cli_show(number, loss));
    cli_progress_update(&plan->progress,
                        (double)done / ((double)plan->config.max_steps * (double)plan->seeds.n),
                        what);
    return watch->status == MEKA_OK && !cli_interrupted();
}

/* FILE as given for one seed, else with ".seedS" before the extension. */
static void name_log(char *path, size_t size, const run_plan *plan, uint64_t seed)
{
    const char *name = plan->values->log, *slash = strrchr(name, '/');
    const char *dot = strrchr(slash ? slash : name, '.');
    int stem = (int)(dot && dot != name ? dot - name : (ptrdiff_t)strlen(name));
    if (plan->seeds.n == 1)
        snprintf(path, size, "%s", name);
    else
        snprintf(path, size, "%.*s.seed%" PRIu64 "%s", stem, name, seed, name + stem);
}

static meka_status open_log(run_watch *watch, const opt_run *run, uint64_t seed,
                            meka_error *err)
{
    const run_plan *plan = watch->plan;
    const cli_run_values *values = plan->values;
    char problem[1024], options[1024], samples[1024], path[path_size];
    const char *const header[] = {problem, options, samples};
    name_log(path, sizeof path, plan, seed);
    snprintf(problem, sizeof problem, "problem: %.900s", plan->subject.operand);
    snprintf(options, sizeof options, "problem options: %.800s (problem seed %" PRIu64 ")",
             values->option ? values->option : "defaults", values->problem_seed);
    snprintf(samples, sizeof samples, "samples: %s%.900s",
             values->data    ? "file "
             : values->noise ? "normal "
                             : "",
             values->data    ? values->data
             : values->noise ? values->noise
                             : "the problem's own");
    for (size_t i = 0; i < sizeof header / sizeof header[0]; i++)
        for (char *p = (char *)header[i]; *p; p++)
            if (*p == '\n' || *p == '\r')
                *p = ' ';
    return opt_log_open(&watch->log, path, run, header, sizeof header / sizeof header[0], err);
}

/* The loss at theta over the population; where that is not known, the run's last estimate. */
static meka_status final_loss(const cli_run_subject *subject, cli_run_outcome *outcome,
                              meka_error *err)
{
    const opt_row *last = &outcome->result.last;
    outcome->loss = isnan(last->loss_filtered) ? last->loss : last->loss_filtered;
    if (!subject->has_population)
        return MEKA_OK;
    ad_batch *batch = NULL;
    ad_moments moments = {0};
    size_t n = subject->source.n_population ? subject->source.n_population : 1;
    meka_status status = ad_batch_create(&batch, subject->program, NULL, err);
    if (status != MEKA_OK)
        return status;
    status = ad_eval_moments(batch, outcome->theta, NULL, n, subject->source.population,
                             &moments, err);
    ad_batch_destroy(batch);
    if (status != MEKA_OK && status != MEKA_NONFINITE)
        return status;
    outcome->loss = moments.loss_mean - (isnan(subject->minimum) ? 0.0 : subject->minimum);
    return MEKA_OK;
}

static meka_status finish_one(run_watch *watch, const opt_run *run, cli_run_outcome *outcome,
                              meka_error *err)
{
    const run_plan *plan = watch->plan;
    opt_run_result(run, &outcome->result);
    memcpy(outcome->theta, opt_run_theta(run),
           plan->subject.objective.n_params * sizeof *outcome->theta);
    outcome->started = true;
    if (watch->log) {
        opt_log *log = watch->log;
        watch->log = NULL;
        meka_status status = opt_log_close(log, &outcome->result, err);
        if (status != MEKA_OK)
            return status;
    }
    return final_loss(&plan->subject, outcome, err);
}

/* The run of seed number `item`; a meka_item. */
static meka_status run_one(void *ctx, size_t item, size_t thread, meka_error *err)
{
    run_plan *plan = ctx;
    cli_run_outcome *outcome = &plan->outcome[item];
    run_watch watch = {.plan = plan, .err = err};
    opt_config config = plan->config;
    opt_run *run = NULL;
    opt_stop stop = OPT_RUNNING;
    (void)thread;
    if (cli_interrupted())
        return MEKA_OK;
    config.seed = outcome->seed;
    config.callback = on_iteration;
    config.callback_ctx = &watch;
    meka_status status = opt_run_create(&run, plan->subject.program, &plan->subject.source,
                                        &config, plan->subject.start, err);
    if (status != MEKA_OK)
        goto cleanup;
    if (plan->values->log)
        status = open_log(&watch, run, config.seed, err);
    while (status == MEKA_OK && stop == OPT_RUNNING) {
        status = opt_run_step(run, &stop, err);
        if (status == MEKA_OK)
            status = watch.status;
    }
    if (status == MEKA_OK)
        status = finish_one(&watch, run, outcome, err);
cleanup:
    opt_log_abandon(watch.log);
    opt_run_destroy(run);
    return status;
}

/* ---------------------------------------------------------------- all seeds */

static meka_status read_seeds(cli_run_seeds *seeds, const cli_call *call, meka_error *err)
{
    const cli_run_values *values = call->values;
    char first[32], last[32];
    uint64_t a, b;
    *seeds = (cli_run_seeds){values->seed, 1};
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

/* Everything but the subject: config, options, room for the outcomes. */
static meka_status prepare(run_plan *plan, meka_error *err)
{
    const cli_run_values *values = plan->values;
    const cli_run_subject *subject = &plan->subject;
    const opt_method *method = plan->config.method;
    size_t d = subject->objective.n_params;
    plan->config.settings = values->set;
    plan->config.batch_size = plan->batch;
    plan->config.max_steps = values->steps;
    plan->config.target_loss = values->target;
    plan->config.grad_tolerance = isnan(values->grad_tol) ? 0.0 : values->grad_tol;
    plan->config.known_minimum = subject->minimum;
    plan->config.track_exact = subject->has_population &&
                               (values->exact || subject->source.n_population <= plan->batch);
    plan->params = meka_alloc(1, method->options.size, err);
    plan->outcome = meka_alloc(plan->seeds.n, sizeof *plan->outcome, err);
    plan->theta = meka_alloc(plan->seeds.n, d * sizeof *plan->theta, err);
    if (!plan->params || !plan->outcome || !plan->theta)
        return MEKA_ERR_MEMORY;
    for (size_t i = 0; i < plan->seeds.n; i++) {
        plan->outcome[i].seed = plan->seeds.first + i;
        plan->outcome[i].theta = plan->theta + i * d;
    }
    return opt_method_configure(method, plan->params, values->set, err);
}

static meka_status report(const run_plan *plan, meka_error *err)
{
    const cli_run_report about = {
        .values = plan->values,
        .subject = &plan->subject,
        .method = plan->config.method,
        .params = plan->params,
        .batch = plan->batch,
        .outcome = plan->outcome,
        .n = plan->seeds.n,
    };
    if (plan->values->json)
        return cli_run_report_print_json(&about, err);
    cli_run_report_print(&about);
    return MEKA_OK;
}

/* What the outcomes come to once they are printed. */
static cli_exit judge(const run_plan *plan, meka_error *err)
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
                  "up to there%s%.400s",
                  (uint64_t)atomic_load(&plan->steps_done), n_started, plan->seeds.n,
                  plan->seeds.n == 1 ? "" : "s", plan->values->log ? " in the log " : "",
                  plan->values->log ? plan->values->log : "");
        return CLI_FAILED;
    }
    if (bad) {
        double steps = isnan(bad->result.last.step) ? 0.0 : bad->result.last.step + 1.0;
        char who[64];
        snprintf(who, sizeof who, "%zu of %zu runs", n_nonfinite, plan->seeds.n);
        meka_fail(
            err, MEKA_NONFINITE,
            "%s stopped at a value that is not finite: seed %" PRIu64 ", step %.0f: %.700s",
            plan->seeds.n == 1 ? "the run" : who, bad->seed, steps, bad->result.reason.text);
        return CLI_FAILED;
    }
    return CLI_DONE;
}

cli_exit cli_run_execute(const cli_call *call, meka_error *err)
{
    const cli_run_values *values = call->values;
    run_plan plan = {.values = values, .config = opt_config_default()};
    cli_exit result = CLI_USAGE;
    cli_interrupt_install();
    if (read_seeds(&plan.seeds, call, err) != MEKA_OK ||
        opt_method_find(&plan.config.method, values->method, err) != MEKA_OK)
        goto cleanup;
    result = cli_run_subject_open(&plan.subject, call, err);
    if (result != CLI_DONE)
        goto cleanup;
    /* Without samples all evaluations are alike: one that the method can work with. */
    plan.batch = values->batch;
    if (plan.subject.objective.n_features == 0 && !cli_call_given(call, "batch"))
        plan.batch = plan.config.method->min_batch ? plan.config.method->min_batch : 1;
    meka_status status = prepare(&plan, err);
    if (status == MEKA_OK) {
        cli_progress_begin(&plan.progress, values->quiet);
        status = meka_parallel_for(values->jobs, plan.seeds.n, run_one, &plan, err);
        cli_progress_end(&plan.progress);
    }
    if (status == MEKA_OK)
        status = report(&plan, err);
    result = status == MEKA_OK ? judge(&plan, err) : cli_exit_of(status);
cleanup:
    free(plan.params);
    free(plan.outcome);
    free(plan.theta);
    cli_run_subject_close(&plan.subject);
    return result;
}
