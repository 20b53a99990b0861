/* plots/runs.h - one method, many seeds: the gap f(theta_t) - f* at checkpoints. */
#ifndef PLOTS_RUNS_H
#define PLOTS_RUNS_H

#include <meka/optim.h>
#include <meka/problems.h>

typedef struct plot_progress {
    void (*report)(void *ctx, double fraction, const char *what); /* or NULL */
    void *ctx;
    double from, to; /* what this piece is of the whole, 0..1 */
    const char *what;
} plot_progress;

void plot_progress_report(const plot_progress *progress, double part);

typedef struct plot_runs {
    const prob_instance *problem; /* with a Hessian and a minimizer */
    const ad_program *program;    /* of its objective */
    const opt_method *method;
    const char *settings; /* or NULL */
    size_t batch;         /* n */
    uint64_t seed;        /* of the first run; run s has seed + s */
    size_t n_runs;        /* S */
    const double *start;  /* [d], or NULL: theta_0 ~ N(0, start_sd^2 I), drawn anew for
                             each run from (seed + s, MEKA_STREAM_START, 0, 0) */
    double start_sd;
    size_t n_checkpoints;     /* C */
    const double *checkpoint; /* [C] ascending integers: t */
    size_t jobs;              /* threads */
    plot_progress progress;
} plot_runs;

/* gap [S][C], out: f(theta_t) - f* = 0.5 (theta_t - theta*)' H (theta_t - theta*), exactly;
 * INFINITY from where a run left the finite numbers.  The same for any number of jobs. */
meka_status plot_runs_gaps(const plot_runs *runs, double *gap, meka_error *err);

/* Integers from first to last, both included, evenly spaced in the logarithm as far as
 * integers can be: at most `limit` of them (>= 2).  t [limit], out; returns how many. */
size_t plot_log_spaced(double first, double last, size_t limit, double *t);

#endif
