/* meka/optim.h - methods, the optimization loop, the run log.
 *
 * Shapes: d = n_params, n = batch size.  Equations are those of Chen, Choi, Balles,
 * Duvenaud, Hennig, "Self-tuning stochastic optimization with curvature-aware gradient
 * filtering" (2020), unless another source is named.
 */
#ifndef MEKA_OPTIM_H
#define MEKA_OPTIM_H

#include <meka/ad.h>
#include <meka/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ ledger */

/* What a run has cost so far, in per-sample units unless said otherwise. */
typedef struct opt_ledger {
    uint64_t samples;     /* samples drawn */
    uint64_t forwards;    /* loss evaluations */
    uint64_t gradients;   /* gradient evaluations */
    uint64_t hvps;        /* Hessian-vector products */
    uint64_t line_passes; /* Taylor passes along a line */
} opt_ledger;

/* A set of samples on which a method may evaluate the objective. */
typedef struct opt_view {
    ad_batch *batch;
    size_t n;           /* samples */
    const double *xi;   /* [n][n_features] */
    opt_ledger *ledger; /* counts what is evaluated; NULL: not counted */
} opt_view;

/* As ad_eval_moments and ad_eval_line, counted in the view's ledger. */
meka_status opt_view_moments(const opt_view *view, const double *theta, const double *v,
                             ad_moments *out, meka_error *err);
meka_status opt_view_line(const opt_view *view, const double *theta, const double *v,
                          ad_line_moments *out, meka_error *err);

/* ----------------------------------------------------------------- run log */

/* What an iteration reports: one row of the run log.  NaN: the method has no such
 * quantity.  The columns' names, order and meanings are the table in optim/log.c. */
typedef struct opt_row {
    double step; /* t, from 0 */
    /* Ledger totals, per sample: */
    double samples, forwards, gradients, hvps, line_passes;
    double seconds;        /* wall-clock time of the run so far; not deterministic */
    double loss;           /* y: mean loss of the batch at theta_t */
    double loss_predicted; /* u-: what the step before led to expect; NaN: no step before */
    double loss_filtered;  /* u */
    double loss_sd;        /* sqrt(s) */
    double grad_norm;      /* |g| */
    double filtered_norm;  /* |m|, or the norm of the direction's gradient estimate */
    double innovation;     /* |g - m-|: the batch gradient against the predicted one */
    double p;              /* P, averaged over dimensions */
    double sigma;          /* Sigma, averaged over dimensions */
    double q;              /* Q, averaged over dimensions */
    double gain;           /* K, averaged over dimensions */
    double direction_norm; /* |d| */
    double slope;          /* A = -d.m claimed by the filter along the direction d */
    double calibration;    /* A'/A in [0, 1] */
    double curvature;      /* B = d'B d */
    double third;          /* C */
    double direction_p;    /* p = d'P d */
    double direction_q;    /* q = d'Q d */
    double schedule;       /* the schedule's factor on the step size */
    double alpha;          /* step size */
    double exact_gap;      /* f(theta_t) - f*, where the population is known */
    double average_gap;    /* the same at the average of the iterates, where one is kept */
    double test_loss;      /* mean loss over the test samples at theta_t, in steps that test */
    double test_score;     /* mean score there: for classifiers the accuracy in [0, 1] */
    double filter_error;   /* |m - grad f|, where the population is known */
    double sample_error;   /* |g - grad f|, where the population is known */
} opt_row;

/* ----------------------------------------------------------------- methods */

/* What a step may use. */
typedef struct opt_step {
    size_t n_params;
    uint64_t t;                 /* steps done before this one, without batches left out */
    uint64_t seed;              /* for draws: stream MEKA_STREAM_METHOD, step t */
    double factor;              /* the schedule's factor on the step size, in [0, 1] */
    const opt_view *batch;      /* this iteration's samples */
    const opt_view *population; /* or NULL if the source does not know it */
    double *theta;              /* [d], in: theta_t; out: theta_{t+1} */
    double *gradient;           /* [d], out: the batch gradient g, or the estimate again */
    double *room;               /* [d], for an estimate that is neither that nor kept */
    /* Out: the method's estimate [d] of grad f(theta_t) (g or m): gradient, room, or a part of
     * the state that holds it when the step ends.  Not in scratch: it is read until the next
     * step has succeeded. */
    const double **estimate;
    /* Out, false unless set: `gradient` was not written, since `batch` holds the gradient as
     * the mean that its last evaluation, up to lines `again`, deferred (ad_moments.defer). */
    bool *deferred;
    opt_row *row; /* preset to NaN; the method fills what it has */
} opt_step;

/* A named set of option values; a row's option `preset`, of type CHOICE, names them. */
typedef struct opt_preset {
    const char *name, *summary;
    const char *settings; /* "key=value ..." */
} opt_preset;

/* A method is one row.  Its state is an array of doubles (counters included), so that
 * saving, loading and comparing it is the same for every method; scratch memory is not
 * saved.  `step` never allocates.  Where it returns MEKA_NONFINITE or an error, or leaves theta
 * or state that is not finite, the loop puts both back to what they were before. */
typedef struct opt_method {
    const char *name, *summary, *reference;
    const char *deviations; /* from the reference, and why; NULL: none */
    meka_option_table options;
    size_t min_batch; /* smallest useful batch: 2 where variances are needed */
    /* Memory: n_scalars + n_vectors * d doubles of state, n_work * d of scratch. */
    size_t n_scalars, n_vectors, n_work;
    meka_status (*step)(const void *params, double *state, double *scratch,
                        const opt_step *step, meka_error *err);
    /* What most methods leave out: */
    /* In place of the counts above.  d * d overflowing or any other reason against these
     * options: MEKA_ERR_INPUT. */
    meka_status (*sizes)(const void *params, size_t d, size_t *n_state, size_t *n_scratch,
                         meka_error *err);
    /* state [n_state] before the first step; NULL: zeros */
    void (*init)(const void *params, size_t d, double *state);
    const opt_preset *presets; /* [n_presets], the names of option `preset` in order */
    size_t n_presets;
    /* The smallest batch with these options; NULL: min_batch. */
    size_t (*batch_needed)(const void *params);
    /* The method is deterministic: no samples are drawn, step->batch is the population, and
     * a source that does not know its population cannot be used. */
    bool full_batch;
    /* It evaluates along lines where it has just evaluated moments: step->batch has memory for
     * ad_moments.keep. */
    bool keeps;
    /* It may leave mean derivatives with the batch: step->batch has memory for
     * ad_moments.defer. */
    bool defers;
} opt_method;

/* The registry: rows in the order `meka list methods` shows them; NULL past the end. */
const opt_method *opt_method_at(size_t i);
/* By name; MEKA_ERR_INPUT lists the known names. */
meka_status opt_method_find(const opt_method **out, const char *name, meka_error *err);

/* Writes to params (of method->options.size bytes) the defaults, then the preset that the
 * list names (wherever it stands in it; the last one counts), then the list's options in
 * order: what is set explicitly always wins.  settings "key=value ..." or NULL.
 * MEKA_ERR_INPUT: as meka_options_set_all; params are then the defaults. */
meka_status opt_method_configure(const opt_method *method, void *params, const char *settings,
                                 meka_error *err);

/* -------------------------------------------------------------------- runs */

/* Why a run ended: a result, never an error. */
typedef enum opt_stop {
    OPT_RUNNING = 0,
    OPT_CONVERGED, /* gradient norm below grad_tolerance */
    OPT_TARGET,    /* loss reached target_loss */
    OPT_BUDGET,    /* max_steps, max_samples, max_gradients or max_seconds used up */
    OPT_NONFINITE, /* loss or derivative inf or NaN */
    OPT_DIVERGED,  /* exact gap (or loss) above diverge_factor times its start */
    OPT_STALLED,   /* no better loss in stall_steps steps */
    OPT_CANCELLED, /* the callback said so */
} opt_stop;
const char *opt_stop_name(opt_stop stop); /* NULL past the end */

/* The factor on the step size after t iterations; see opt_schedule_factor. */
typedef enum opt_schedule {
    OPT_SCHEDULE_CONSTANT,
    OPT_SCHEDULE_COSINE,
    OPT_SCHEDULE_LINEAR,
    OPT_SCHEDULE_INVERSE,
    OPT_SCHEDULE_INVERSE_ROOT,
} opt_schedule;
/* "constant", "cosine", "linear", "1/t", "1/sqrt(t)"; NULL past the end. */
const char *opt_schedule_name(size_t schedule);
/* With w = warmup, k = t - w and T = horizon - w: (t+1)/w for t < w, then 1,
 * (1 + cos(pi k/T))/2, 1 - k/T, 1/(k+1) or 1/sqrt(k+1); cosine and linear are 0 from the
 * horizon on.  Cosine: Loshchilov, Hutter, "SGDR", 2017, without restarts; warm-up: Goyal et
 * al., "Accurate, large minibatch SGD", 2017. */
double opt_schedule_factor(opt_schedule schedule, uint64_t warmup, uint64_t horizon,
                           uint64_t t);

/* Called after every iteration; false ends the run with OPT_CANCELLED. */
typedef bool (*opt_callback)(void *ctx, const opt_row *row, const double *theta);

/* An average over the iterates, apart from the run itself (Polyak, Juditsky, "Acceleration of
 * stochastic approximation by averaging", 1992). */
typedef enum opt_average { OPT_AVERAGE_NONE, OPT_AVERAGE_UNIFORM, OPT_AVERAGE_EMA } opt_average;

typedef struct opt_config {
    const opt_method *method; /* NULL: meka */
    const char *settings;     /* "key=value ..." for the method; NULL: defaults */
    /* The options of the loop: names, ranges and meanings are the rows of
     * opt_config_options. */
    uint64_t seed, batch_size, max_steps; /* batch_size 0: 32; max_steps 0: 1000 */
    int schedule;                         /* opt_schedule */
    uint64_t warmup, horizon;
    int average; /* opt_average */
    double average_ema;
    uint64_t average_from;
    double target_loss, grad_tolerance, diverge_factor;
    uint64_t stall_steps, max_samples, max_gradients;
    double max_seconds;
    uint64_t max_skipped, test_every;
    /* What the caller knows and wants besides: */
    double known_minimum; /* f*: subtracted from the population loss; NaN: 0 */
    bool track_exact;     /* fill exact and average gap, filter and sample error */
    /* Held-out samples, and a program of the objective's shapes whose mean value over them is
     * the score; NULL: none.  Evaluated at step 0, test_every, 2 test_every, ... (0: at none)
     * and where opt_run_test is called; neither counted as a cost nor in the time. */
    const meka_samples *test;
    const ad_program *score;
    size_t n_threads;         /* of an evaluation; 0: one.  Results do not depend on it */
    const char *const *about; /* [n_about] "key: value" lines, borrowed, that say what is */
    size_t n_about;           /* optimized: in logs, and checked by opt_run_load */
    opt_callback callback;
    void *callback_ctx;
} opt_config;

/* The rows' offsets refer to opt_config.  opt_config_row_limits: the option only says when to
 * stop, so that a run may be continued with another value. */
const meka_option_table *opt_config_options(void);
bool opt_config_row_limits(const meka_option *row);
/* Everything at its default. */
opt_config opt_config_default(void);

/* Over the test samples; NaN: none, or not evaluated. */
typedef struct opt_test {
    double loss, score;
} opt_test;

typedef struct opt_result {
    opt_stop stop;
    opt_row last; /* the last completed iteration */
    opt_ledger ledger;
    double best_loss; /* lowest exact gap, or filtered or batch loss where not known */
    uint64_t best_step;
    uint64_t n_steps;   /* iterations, skipped ones included */
    uint64_t n_skipped; /* batches left out because they gave something not finite */
    meka_error reason;  /* of the last such batch; else empty text */
    opt_test test;      /* at the last iterate, where the caller has it from opt_run_test */
} opt_result;

typedef struct opt_run opt_run;

/* Prepares a run from theta = x0 [d] (copied).  program, source and what config points to
 * must outlive the run.  MEKA_ERR_INPUT: unusable method, settings or batch size. */
meka_status opt_run_create(opt_run **out, const ad_program *program, const meka_source *source,
                           const opt_config *config, const double *x0, meka_error *err);
/* One iteration.  *stop is OPT_RUNNING while there is more to do; once it is not, further
 * calls change nothing. */
meka_status opt_run_step(opt_run *run, opt_stop *stop, meka_error *err);
const double *opt_run_theta(const opt_run *run); /* [d], current iterate, borrowed */
/* [d], borrowed until the next step, of the last completed iteration t: the method's estimate
 * of grad f(theta_t), and the gradient of its batch (or the estimate again), which is NaN where
 * it was first asked for after a later batch had been left out.  Zeros in a new or loaded
 * run. */
const double *opt_run_estimate(const opt_run *run);
const double *opt_run_gradient(opt_run *run);
/* [d], borrowed until the next step: the iterate of best_loss. */
const double *opt_run_best(const opt_run *run);
/* [d], borrowed: the average of the iterates after step average_from; the current iterate
 * while there are none; NULL where the run keeps no average. */
const double *opt_run_average(const opt_run *run);
const opt_row *opt_run_row(const opt_run *run); /* last completed iteration, borrowed */
void opt_run_result(const opt_run *run, opt_result *out);
/* Loss and score over the test samples at theta [d].  Values that are not finite are results.
 */
meka_status opt_run_test(opt_run *run, const double *theta, opt_test *out, meka_error *err);
/* The method's option table values as in use (defaults and settings), borrowed. */
const void *opt_run_params(const opt_run *run);
const opt_method *opt_run_method(const opt_run *run);

/* Writes all that a run is to a file, so that opt_run_load continues it to the bit: under its
 * name only when complete and on the disk.  MEKA_ERR_IO. */
meka_status opt_run_save(const opt_run *run, const char *path, meka_error *err);
/* Makes run, fresh from opt_run_create, what was saved.  MEKA_ERR_IO: cannot be read.
 * MEKA_ERR_INPUT: not a checkpoint, another version's, damaged, or of another run: method,
 * options, about, start, samples or objective differ (only options that say when to stop may);
 * the text names the first difference.  The run is then as it was. */
meka_status opt_run_load(opt_run *run, const char *path, meka_error *err);
void opt_run_destroy(opt_run *run);

/* Runs to the end.  theta [d], in: start; out: the last iterate. */
meka_status opt_minimize(const ad_objective *objective, const meka_source *samples,
                         const opt_config *config, double *theta, opt_result *out,
                         meka_error *err);

/* ------------------------------------------------------------ writing logs */

typedef struct opt_log opt_log;

/* A tab-separated log, version 1: '#' header lines (key: value), one line of column names,
 * one row per iteration.  Written to PATH.part and renamed to PATH by opt_log_close.  Where
 * the run has been loaded, its earlier rows are taken over from PATH.part, or else PATH;
 * MEKA_ERR_INPUT: they are not there, or not this run's. */
meka_status opt_log_open(opt_log **out, const char *path, const opt_run *run, meka_error *err);
meka_status opt_log_write(opt_log *log, const opt_row *row, meka_error *err);
/* Rows written so far survive the end of the process. */
meka_status opt_log_flush(opt_log *log, meka_error *err);
/* Ends the log with a "# stop: ..." line and gives it its name; frees it in any case.  Where
 * the last of it cannot be written, PATH.part stays. */
meka_status opt_log_close(opt_log *log, const opt_result *result, meka_error *err);
void opt_log_abandon(opt_log *log); /* removes the unfinished file; NULL is fine */
void opt_log_keep(opt_log *log);    /* leaves PATH.part, for opt_run_load; NULL is fine */

/* The columns, for documentation and readers: NULL name past the end. */
typedef struct opt_column {
    const char *name, *meaning;
    size_t offset; /* of the double in opt_row */
} opt_column;
const opt_column *opt_column_at(size_t i);

#ifdef __cplusplus
}
#endif
#endif
