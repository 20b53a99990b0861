#include "bench/trial.h"

#include "base/memory.h"
#include "base/parallel.h"

#include <math.h>
#include <stdlib.h>

typedef struct instance {
    prob_instance problem;
    ad_program *program;
} instance;

typedef struct job {
    const trial_plan *plan;
    const instance *instance; /* [n_problems] */
    trial_outcome *out;
} job;

size_t trial_count(const trial_plan *plan)
{
    return plan->n_problems * plan->n_batches * plan->n_settings * (size_t)plan->n_seeds;
}

static meka_status instance_create(instance *out, const trial_problem *from, uint64_t seed,
                                   meka_error *err)
{
    const prob_problem *row;
    meka_status status = prob_problem_find(&row, from->name, err);
    if (!status)
        status = prob_create(&out->problem, row,
                             &(prob_request){.settings = from->settings, .seed = seed}, err);
    if (!status)
        status = ad_program_create(&out->program, &out->problem.objective, err);
    return status;
}

/* One iteration more than the steps: a row shows the gap before its step, so that the last
 * one has that of theta_steps. */
static meka_status run_one(void *ctx, size_t item, size_t thread, meka_error *err)
{
    (void)thread;
    const job *j = ctx;
    const trial_plan *plan = j->plan;
    size_t seed = item % plan->n_seeds, rest = item / plan->n_seeds;
    const trial_setting *setting = &plan->setting[rest % plan->n_settings];
    rest /= plan->n_settings;
    const instance *it = &j->instance[rest / plan->n_batches];
    opt_config config = opt_config_default();
    config.method = setting->method;
    config.settings = setting->settings;
    config.seed = seed + 1;
    config.batch_size = plan->batch[rest % plan->n_batches];
    config.max_steps = plan->steps + 1;
    config.known_minimum = it->problem.minimum;
    config.diverge_factor = plan->diverge_factor;
    opt_run *run = NULL;
    opt_stop stop = OPT_RUNNING;
    trial_outcome outcome = {NAN, INFINITY, true};
    meka_status status = opt_run_create(&run, it->program, &it->problem.source, &config,
                                        it->problem.objective.x0, err);
    for (bool first = true; !status && stop == OPT_RUNNING; first = false) {
        status = opt_run_step(run, &stop, err);
        if (!status && first)
            outcome.start = opt_run_row(run)->exact_gap;
    }
    if (!status && stop == OPT_BUDGET) {
        outcome.final = opt_run_row(run)->exact_gap;
        outcome.diverged = !(outcome.final <= outcome.start);
    }
    j->out[item] = outcome;
    opt_run_destroy(run);
    return status;
}

meka_status trial_run(const trial_plan *plan, size_t n_threads, trial_outcome *out,
                      meka_error *err)
{
    instance *made = meka_alloc(plan->n_problems, sizeof *made, err);
    meka_status status = made ? MEKA_OK : MEKA_ERR_MEMORY;
    for (size_t k = 0; !status && k < plan->n_problems; k++)
        status = instance_create(&made[k], &plan->problem[k], plan->problem_seed, err);
    job j = {plan, made, out};
    if (!status)
        status = meka_parallel_for(n_threads, trial_count(plan), run_one, &j, err);
    for (size_t k = 0; made && k < plan->n_problems; k++) {
        ad_program_destroy(made[k].program);
        prob_destroy(&made[k].problem);
    }
    free(made);
    return status;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

meka_status trial_median(const trial_outcome *outcome, size_t n, double *median,
                         meka_error *err)
{
    double *sorted = meka_alloc(n, sizeof *sorted, err);
    if (!sorted)
        return MEKA_ERR_MEMORY;
    for (size_t i = 0; i < n; i++)
        sorted[i] = isnan(outcome[i].final) ? INFINITY : outcome[i].final;
    qsort(sorted, n, sizeof *sorted, ascending);
    *median = 0.5 * (sorted[(n - 1) / 2] + sorted[n / 2]);
    free(sorted);
    return MEKA_OK;
}
