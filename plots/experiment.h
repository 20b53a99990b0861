/* plots/experiment.h - one problem, several methods, many seeds: quantities at checkpoints.
 *
 * An experiment is a row of constants.  Every single run of it is kept in a file under
 * DIR/runs, with all that it depends on written at its head, so that work that was interrupted
 * goes on where it stopped and nothing is computed twice; a run whose head is another one is
 * computed anew.
 */
#ifndef PLOTS_EXPERIMENT_H
#define PLOTS_EXPERIMENT_H

#include "plots/runs.h"
#include "plots/statistics.h"

/* What a measure looks at: the iteration at theta_t. */
typedef struct plot_point {
    const opt_row *row;  /* exact and test columns are filled where a measure asks for them */
    const double *theta; /* [d] theta_t */
    size_t d, batch;
    /* [d]: the method's estimate m (or g) and the batch's gradient g at theta_t; grad
     * f(theta_t) where a measure is exact, else NULL */
    const double *estimate, *gradient, *exact;
} plot_point;

typedef struct plot_measure {
    const char *key;     /* in names of columns */
    const char *meaning; /* with its unit, for the head of data files */
    double (*value)(const plot_point *point);
    bool exact; /* needs loss and gradient over the whole population */
    bool test;  /* needs the held-out samples */
} plot_measure;

/* What is run, once for every seed. */
typedef struct plot_curve {
    const char *key;
    const char *method, *settings; /* settings NULL: defaults */
    const char *loop;              /* options of the loop, "key=value ...", or NULL */
} plot_curve;

/* The size of an experiment: by default, and with --full. */
typedef struct plot_size {
    const char *options; /* of the problem */
    size_t batch, seeds;
    size_t steps, points; /* checkpoints from 0 to `steps` (or that cost), at most `points` */
} plot_size;

typedef struct plot_experiment {
    const char *name; /* of its directory */
    const char *problem;
    const char *full_problem; /* instead of it with --full, or NULL */
    const char *data;         /* path of what the problem is made of, or NULL */
    const char *set;          /* the directory in config's data that replaces it, or NULL */
    plot_size size, full;
    bool by_cost; /* checkpoints are costs in batch gradients (plot_cost / batch), not steps */
    bool linear;  /* checkpoints evenly spaced; else in the logarithm, and 0 */
    double start_sd; /* > 0: theta_0 ~ N(0, start_sd^2 I), another for every seed */
    size_t n_curves, n_measures;
    const plot_curve *curve;            /* [n_curves] */
    const plot_measure *const *measure; /* [n_measures] */
} plot_experiment;

typedef struct plot_experiment_config {
    const char *directory; /* runs are kept in directory/runs/NAME (NAME-full, NAME-STEPS);
                              NULL: nowhere */
    uint64_t seed;         /* of the problem; */
    uint64_t offset;       /* seed + offset is the first run's */
    size_t seeds;          /* repetitions; 0: the experiment's own number */
    size_t steps;          /* no more than so many; 0: the experiment's own number */
    const char *data;      /* directory of image sets in place of built-in ones, or NULL */
    bool full;
    size_t jobs;                   /* threads */
    bool (*interrupted)(void);     /* asked between runs; or NULL */
    const plot_progress *progress; /* or NULL */
} plot_experiment_config;

/* Owned; cleared with plot_results_clear. */
typedef struct plot_results {
    size_t K, S, C, M; /* curves, seeds, checkpoints, measures */
    double *t;         /* [C] */
    double *value;     /* [K][S][C][M]; INFINITY once a run is no longer finite */
    bool *lost;        /* [K][S] it ended so */
    size_t n_cached;   /* runs that were there already */
} plot_results;

/* Runs what is missing.  MEKA_ERR_INPUT: names or settings that do not exist (a mistake in the
 * row), or data that are not what they should be.  MEKA_ERR_IO: a file, or interrupted.  The
 * same results for any number of jobs, and with or without runs that were there. */
meka_status plot_experiment_run(plot_results *out, const plot_experiment *experiment,
                                const plot_experiment_config *config, meka_error *err);
void plot_results_clear(plot_results *results);

/* Its name. */
const char *plot_experiment_problem(const plot_experiment *experiment,
                                    const plot_experiment_config *config);

/* The path of the problem's data, or "": its own. */
void plot_experiment_data(char *path, size_t size, const plot_experiment *experiment,
                          const plot_experiment_config *config);

double plot_results_at(const plot_results *results, size_t k, size_t s, size_t c, size_t m);
/* The p-quantile over seeds, a lost run counting as the worst (INFINITY); NaN where any other
 * value is not a number.  MEKA_ERR_MEMORY gives NaN. */
double plot_results_quantile(const plot_results *results, size_t k, size_t c, size_t m,
                             double p);

/* The ratio of measure m of curves k and l at checkpoint c: geometric mean over seeds, paired,
 * with a bootstrap-t interval; NaN where a value is not positive or not finite, or S < 2. */
plot_interval plot_results_ratio(const plot_results *results, size_t k, size_t l, size_t c,
                                 size_t m, const plot_bootstrap *how);

/* Measure m of curve k, averaged over the checkpoints from <= t <= to of each run. */
typedef struct plot_window {
    size_t k, m;
    double from, to;
} plot_window;
/* Its mean over runs, with a bootstrap-t interval; NaN where a value is not finite, the window
 * is empty, or S < 2. */
plot_interval plot_window_mean(const plot_results *results, const plot_window *window,
                               const plot_bootstrap *how);
/* The geometric mean of a window's measure, which is positive, over checkpoints and runs, with
 * Student's interval; NaN as below. */
plot_interval plot_window_level(const plot_results *results, const plot_window *window,
                                double confidence);
/* The ratio of two windows' measures, which are positive: geometric means over checkpoints and
 * runs, paired by run, with Student's interval; NaN where a value is not positive or not
 * finite, a window is empty, or S < 2. */
plot_interval plot_window_factor(const plot_results *results, const plot_window *a,
                                 const plot_window *b, double confidence);
/* Runs of curve k that are lost, or whose measure m is not finite or above its value at the
 * start at the last checkpoint. */
size_t plot_results_diverged(const plot_results *results, size_t k, size_t m);
/* As plot_window_factor, but a curve of which runs diverge is infinitely above one of which
 * none does; NaN where runs of both do. */
plot_interval plot_window_contest(const plot_results *results, const plot_window *a,
                                  const plot_window *b, double confidence);
/* The ratio of two such means, as plot_ratio_interval: too wide where runs of the same seed
 * resemble each other.  NaN also where an average is not positive. */
plot_interval plot_window_ratio(const plot_results *results, const plot_window *a,
                                const plot_window *b, double confidence);

/* A tab-separated table: "# " lines that say what it is, then t and, for every curve and
 * measure, CURVE_MEASURE_median, _low and _high (quantiles 0.5, 0.1, 0.9). */
void plot_results_write(FILE *stream, const plot_experiment *experiment,
                        const plot_experiment_config *config, const plot_results *results);
/* Only those lines. */
void plot_results_write_head(FILE *stream, const plot_experiment *experiment,
                             const plot_experiment_config *config, const plot_results *results);

/* What a run has cost by then, in gradients of one sample: a gradient with its loss, a
 * Hessian-vector product beside it and a Taylor pass along a line count 1 each, a loss alone
 * 1/2. */
double plot_cost(const opt_row *row);

/* Columns of the run log as measures; exact and test are set as the column needs. */
/* merit: the gap where the population is known, else the test loss. */
extern const plot_measure plot_measure_merit, plot_measure_gap, plot_measure_loss,
    plot_measure_filter_error, plot_measure_sample_error, plot_measure_alpha,
    plot_measure_test_score, plot_measure_test_loss;

#endif
