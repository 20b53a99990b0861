/* meka run: the run of one seed, with its log and its checkpoints. */
#include "cli/run.h"

#include "cli/output.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { path_size = 4096 };
static const double checkpoint_period = 10.0; /* seconds, unless --checkpoint-every */

/* One seed's run under way. */
typedef struct run_watch {
    cli_run_plan *plan;
    opt_run *run;
    opt_log *log;               /* or NULL */
    char checkpoint[path_size]; /* "" : none */
    struct timespec saved;      /* when the last checkpoint was written */
    meka_status status;         /* of writing the log */
    meka_error *err;
} run_watch;

void cli_run_name_file(char *path, size_t size, const cli_run_plan *plan, const char *name,
                       uint64_t seed)
{
    const char *slash = strrchr(name, '/'), *dot = strrchr(slash ? slash : name, '.');
    int stem = (int)(dot && dot != name ? dot - name : (ptrdiff_t)strlen(name));
    if (plan->seeds.n == 1)
        snprintf(path, size, "%s", name);
    else
        snprintf(path, size, "%.*s.seed%" PRIu64 "%s", stem, name, seed, name + stem);
}

static bool on_iteration(void *ctx, const opt_row *row, const double *theta)
{
    run_watch *watch = ctx;
    cli_run_plan *plan = watch->plan;
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

/* The log's rows first: they must be there when the checkpoint says so many steps are done. */
static meka_status save(run_watch *watch, meka_error *err)
{
    meka_status status = watch->log ? opt_log_flush(watch->log, err) : MEKA_OK;
    if (status == MEKA_OK)
        status = opt_run_save(watch->run, watch->checkpoint, err);
    clock_gettime(CLOCK_MONOTONIC, &watch->saved);
    return status;
}

static meka_status save_if_due(run_watch *watch, meka_error *err)
{
    struct timespec now;
    uint64_t every = watch->plan->values->checkpoint_every;
    if (!watch->checkpoint[0])
        return MEKA_OK;
    if (every)
        return fmod(opt_run_row(watch->run)->step + 1.0, (double)every) == 0.0
                   ? save(watch, err)
                   : MEKA_OK;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double seconds = (double)(now.tv_sec - watch->saved.tv_sec) +
                     1e-9 * (double)(now.tv_nsec - watch->saved.tv_nsec);
    return seconds >= checkpoint_period ? save(watch, err) : MEKA_OK;
}

/* Continues where the checkpoint ends, if there is one (cli_run_execute has seen to it that
 * there is one at all), and opens the log. */
static meka_status begin(run_watch *watch, uint64_t seed, meka_error *err)
{
    cli_run_plan *plan = watch->plan;
    const cli_run_values *values = plan->values;
    meka_status status = MEKA_OK;
    clock_gettime(CLOCK_MONOTONIC, &watch->saved);
    if (values->checkpoint)
        cli_run_name_file(watch->checkpoint, sizeof watch->checkpoint, plan, values->checkpoint,
                          seed);
    if (values->resume && access(watch->checkpoint, F_OK) == 0)
        status = opt_run_load(watch->run, watch->checkpoint, err);
    if (status != MEKA_OK)
        return status;
    opt_result result;
    opt_run_result(watch->run, &result);
    atomic_fetch_add(&plan->steps_done, result.n_steps);
    if (!values->log)
        return MEKA_OK;
    char path[path_size];
    cli_run_name_file(path, sizeof path, plan, values->log, seed);
    return opt_log_open(&watch->log, path, watch->run, err);
}

/* The loss at theta over the population, less the known minimum; NaN where it is not known. */
static meka_status evaluate(const cli_run_subject *subject, const double *theta, double *loss,
                            meka_error *err)
{
    *loss = NAN;
    if (!subject->has_population || !theta)
        return MEKA_OK;
    ad_batch *batch = NULL;
    ad_moments moments = {0};
    size_t n = subject->source.n_population ? subject->source.n_population : 1;
    meka_status status = ad_batch_create(&batch, subject->program, NULL, err);
    if (status != MEKA_OK)
        return status;
    status = ad_eval_moments(batch, theta, NULL, n, subject->source.population, &moments, err);
    ad_batch_destroy(batch);
    if (status != MEKA_OK && status != MEKA_NONFINITE)
        return status;
    *loss = moments.loss_mean - (isnan(subject->minimum) ? 0.0 : subject->minimum);
    return MEKA_OK;
}

static meka_status finish(run_watch *watch, cli_run_outcome *outcome, meka_error *err)
{
    const cli_run_plan *plan = watch->plan;
    size_t bytes = plan->subject.objective.n_params * sizeof *outcome->theta;
    opt_run_result(watch->run, &outcome->result);
    memcpy(outcome->theta, opt_run_theta(watch->run), bytes);
    memcpy(outcome->best, opt_run_best(watch->run), bytes);
    if (outcome->average)
        memcpy(outcome->average, opt_run_average(watch->run), bytes);
    outcome->started = true;
    outcome->average_test = (opt_test){NAN, NAN};
    meka_status status = watch->checkpoint[0] ? save(watch, err) : MEKA_OK;
    if (status == MEKA_OK)
        status = opt_run_test(watch->run, outcome->theta, &outcome->result.test, err);
    if (status == MEKA_OK && outcome->average)
        status = opt_run_test(watch->run, outcome->average, &outcome->average_test, err);
    if (status == MEKA_OK && watch->log) {
        opt_log *log = watch->log;
        watch->log = NULL;
        status = opt_log_close(log, &outcome->result, err);
    }
    if (status == MEKA_OK)
        status = evaluate(&plan->subject, outcome->theta, &outcome->loss, err);
    if (status == MEKA_OK)
        status = evaluate(&plan->subject, outcome->average, &outcome->average_loss, err);
    const opt_row *last = &outcome->result.last;
    if (!plan->subject.has_population)
        outcome->loss = isnan(last->loss_filtered) ? last->loss : last->loss_filtered;
    return status;
}

meka_status cli_run_one(void *ctx, size_t item, size_t thread, meka_error *err)
{
    cli_run_plan *plan = ctx;
    cli_run_outcome *outcome = &plan->outcome[item];
    run_watch watch = {.plan = plan, .err = err};
    opt_config config = plan->config;
    opt_stop stop = OPT_RUNNING;
    (void)thread;
    if (cli_interrupted())
        return MEKA_OK;
    config.seed = outcome->seed;
    config.callback = on_iteration;
    config.callback_ctx = &watch;
    meka_status status =
        opt_run_create(&watch.run, plan->subject.program, &plan->subject.source, &config,
                       plan->subject.start, err);
    if (status == MEKA_OK)
        status = begin(&watch, config.seed, err);
    while (status == MEKA_OK && stop == OPT_RUNNING) {
        status = opt_run_step(watch.run, &stop, err);
        if (status == MEKA_OK)
            status = watch.status;
        if (status == MEKA_OK && stop == OPT_RUNNING)
            status = save_if_due(&watch, err);
    }
    if (status == MEKA_OK)
        status = finish(&watch, outcome, err);
    /* Rows that a checkpoint counts on, or may have, are not thrown away. */
    if (watch.checkpoint[0])
        opt_log_keep(watch.log);
    else
        opt_log_abandon(watch.log);
    opt_run_destroy(watch.run);
    return status;
}
