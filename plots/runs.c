#include "plots/runs.h"

#include "base/memory.h"
#include "base/parallel.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

void plot_progress_report(const plot_progress *progress, double part)
{
    if (progress->report)
        progress->report(progress->ctx, progress->from + part * (progress->to - progress->from),
                         progress->what);
}

size_t plot_log_spaced(double first, double last, size_t limit, double *t)
{
    assert(first >= 1.0 && last >= first && limit >= 2);
    size_t n = 0;
    for (size_t i = 0; i < limit; i++) {
        double part = (double)i / (double)(limit - 1);
        double next = round(first * pow(last / first, part));
        if (n == 0 || next > t[n - 1])
            t[n++] = next;
    }
    return n;
}

static double gap_at(const prob_instance *problem, const double *theta)
{
    size_t d = problem->objective.n_params;
    const double *star = problem->minimizer;
    double sum = 0.0;
    for (size_t i = 0; i < d; i++) {
        double row = 0.0;
        for (size_t j = 0; j < d; j++)
            row += problem->hessian[i * d + j] * (theta[j] - star[j]);
        sum += 0.5 * row * (theta[i] - star[i]);
    }
    return isfinite(sum) ? sum : INFINITY;
}

/* One run to its last checkpoint; gap [C]. */
static meka_status follow(const plot_runs *runs, opt_run *run, double *gap, meka_error *err)
{
    opt_stop stop = OPT_RUNNING;
    uint64_t t = 0;
    for (size_t c = 0; c < runs->n_checkpoints; c++) {
        for (; (double)t < runs->checkpoint[c] && stop == OPT_RUNNING; t++) {
            meka_status status = opt_run_step(run, &stop, err);
            if (status && status != MEKA_NONFINITE)
                return status;
            if (status == MEKA_NONFINITE)
                stop = OPT_NONFINITE;
        }
        bool lost = stop == OPT_NONFINITE || stop == OPT_DIVERGED;
        gap[c] = lost ? INFINITY : gap_at(runs->problem, opt_run_theta(run));
    }
    return MEKA_OK;
}

typedef struct job {
    const plot_runs *runs;
    double *start; /* [S][d]: each run's own */
    double *gap;   /* [S][C] */
} job;

static meka_status run_item(void *ctx, size_t item, size_t thread, meka_error *err)
{
    const job *all = ctx;
    const plot_runs *runs = all->runs;
    size_t d = runs->problem->objective.n_params, C = runs->n_checkpoints;
    const double *start = runs->start;
    uint64_t seed = runs->seed + item;
    if (!start) {
        double *own = all->start + item * d;
        meka_rng rng;
        meka_rng_init(&rng, seed, MEKA_STREAM_START, 0, 0);
        for (size_t j = 0; j < d; j++)
            own[j] = runs->start_sd * meka_rng_normal(&rng);
        start = own;
    }
    opt_config config = opt_config_default();
    config.method = runs->method;
    config.settings = runs->settings;
    config.seed = seed;
    config.batch_size = runs->batch;
    /* One more than is asked for: the last step is not a reason to stop. */
    config.max_steps = (uint64_t)runs->checkpoint[C - 1] + 1;
    opt_run *run = NULL;
    meka_status status =
        opt_run_create(&run, runs->program, &runs->problem->source, &config, start, err);
    if (!status)
        status = follow(runs, run, all->gap + item * C, err);
    opt_run_destroy(run);
    /* Only the calling thread reports: a callback need not be thread-safe. */
    if (thread == 0)
        plot_progress_report(&runs->progress, (double)(item + 1) / (double)runs->n_runs);
    return status;
}

meka_status plot_runs_gaps(const plot_runs *runs, double *gap, meka_error *err)
{
    assert(runs && runs->problem && runs->problem->hessian && runs->problem->minimizer);
    assert(runs->program && runs->method && runs->n_checkpoints > 0 && gap);
    job all = {.runs = runs, .gap = gap};
    if (!runs->start) {
        all.start = meka_alloc(runs->n_runs * runs->problem->objective.n_params,
                               sizeof *all.start, err);
        if (!all.start)
            return MEKA_ERR_MEMORY;
    }
    meka_status status = meka_parallel_for(runs->jobs, runs->n_runs, run_item, &all, err);
    free(all.start);
    return status;
}
