/* Figure H: is MEKA hyperparameter-free?  How often each preset diverges over the zoo, and what
 * the calibration of the slope shows where it does. */
#include "plots/figures.h"

#include "base/memory.h"
#include "figure_h_gp.h"

#include <meka/problems.h>

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const plot_curve curves[] = {
    {"default", "meka", NULL, NULL},
    {"paper", "meka", "preset=paper", NULL},
};
enum { DEFAULT, PAPER, N_CURVES };

static double factor(const plot_point *point)
{
    return point->row->calibration;
}
static const plot_measure measure_factor = {
    "factor", "A'/A: how far claimed slopes have been true", factor, false, false};
static double spread(const plot_point *point)
{
    return point->row->loss_sd;
}
static const plot_measure measure_spread = {
    "sd", "standard deviation of the filtered loss, at t = 0 of the batch's", spread, false,
    false};
enum { GAP, FACTOR, SPREAD, N_MEASURES };

static const size_t batches[] = {4, 16, 64};
enum { N_BATCHES = sizeof batches / sizeof batches[0] };

/* A run whose gap was ever so many times its scale has diverged, whatever its end. */
static const double largest_rise = 10.0;

/* What became of the runs of one problem. */
typedef struct tally {
    size_t n_runs;                          /* of each preset and batch */
    size_t n_diverged[N_CURVES][N_BATCHES]; /* of them */
    double factor[N_BATCHES];               /* geometric mean of the default's A'/A */
} tally;

/* A'/A of the default, averaged over each run, by whether the preset paper diverges with the
 * same problem, batch and seed. */
typedef struct factors {
    double *diverged, *converged; /* [capacity] each */
    size_t n_diverged, n_converged, capacity;
} factors;

/* Against the gap at the start or, where that is too small to be seen in a batch, the standard
 * deviation of the batch's loss there: some published starts lie almost at the minimum. */
static bool diverged(const plot_results *r, size_t k, size_t s)
{
    double scale = fmax(plot_results_at(r, k, s, 0, GAP), plot_results_at(r, k, s, 0, SPREAD));
    if (r->lost[k * r->S + s] || !(plot_results_at(r, k, s, r->C - 1, GAP) <= scale))
        return true;
    for (size_t c = 0; c < r->C; c++)
        if (plot_results_at(r, k, s, c, GAP) > largest_rise * scale)
            return true;
    return false;
}

/* Over the checkpoints of a run; before the first step there is none. */
static double mean_factor(const plot_results *r, size_t s)
{
    double sum = 0.0;
    size_t n = 0;
    for (size_t c = 0; c < r->C; c++) {
        double x = plot_results_at(r, DEFAULT, s, c, FACTOR);
        if (isfinite(x)) {
            sum += x;
            n++;
        }
    }
    return n ? sum / (double)n : NAN;
}

static void count(const plot_results *r, size_t b, tally *out, factors *all)
{
    double log_sum = 0.0;
    out->n_runs = r->S;
    for (size_t s = 0; s < r->S; s++) {
        for (size_t k = 0; k < N_CURVES; k++)
            out->n_diverged[k][b] += diverged(r, k, s);
        double x = mean_factor(r, s);
        log_sum += log(x);
        if (!(x > 0.0))
            continue;
        if (diverged(r, PAPER, s))
            all->diverged[all->n_diverged++] = x;
        else
            all->converged[all->n_converged++] = x;
    }
    out->factor[b] = exp(log_sum / (double)r->S);
}

/* A row of the zoo takes part if it needs no data and its minimum is known. */
static meka_status takes_part(const prob_problem *row, uint64_t seed, bool *out,
                              meka_error *err)
{
    prob_instance problem;
    *out = false;
    if (row->needs_data)
        return MEKA_OK;
    meka_status status = prob_create(&problem, row, &(prob_request){.seed = seed}, err);
    if (status)
        return status;
    *out = isfinite(problem.minimum);
    prob_destroy(&problem);
    return MEKA_OK;
}

static plot_experiment experiment_of(const prob_problem *row, const char *name, size_t batch)
{
    static const plot_measure *const measures[N_MEASURES] = {&plot_measure_gap, &measure_factor,
                                                             &measure_spread};
    return (plot_experiment){
        .name = name,
        .problem = row->name,
        .size = {NULL, batch, 4, 300, 60},
        .full = {NULL, batch, 12, 1500, 150},
        .linear = true,
        .n_curves = N_CURVES,
        .curve = curves,
        .n_measures = N_MEASURES,
        .measure = measures,
    };
}

/* Runs one problem with every batch; [from, from + part] is its piece of the progress. */
static meka_status run_problem(plot_figure_work *work, const prob_problem *row, double from,
                               double part, tally *out, factors *all, meka_error *err)
{
    const plot_figure_config *config = work->config;
    meka_status status = MEKA_OK;
    *out = (tally){0};
    for (size_t b = 0; b < N_BATCHES && !status; b++) {
        char name[128];
        snprintf(name, sizeof name, "figureH-%s-%zu", row->name, batches[b]);
        const plot_experiment experiment = experiment_of(row, name, batches[b]);
        const plot_progress progress = {config->progress, config->progress_ctx,
                                        from + part * (double)b / N_BATCHES,
                                        from + part * (double)(b + 1) / N_BATCHES, row->name};
        const plot_experiment_config how = {
            .directory = config->directory,
            .seed = config->seed,
            .seeds = config->seeds,
            .full = config->full,
            .steps = config->steps,
            .jobs = config->jobs,
            .interrupted = config->interrupted,
            .progress = &progress,
        };
        plot_results results;
        status = plot_experiment_run(&results, &experiment, &how, err);
        if (status)
            break;
        if (all->n_diverged + all->n_converged + results.S > all->capacity)
            status = meka_fail(err, MEKA_ERR_MEMORY, "more runs than expected");
        else
            count(&results, b, out, all);
        plot_results_clear(&results);
    }
    return status;
}

static void write_head(const plot_figure_work *work, FILE *stream)
{
    const plot_experiment size = experiment_of(prob_problem_at(0), "", batches[0]);
    const plot_size *used = work->config->full ? &size.full : &size.size;
    fprintf(stream,
            "# figureH of meka " MEKA_VERSION
            "\n# seed: %llu, %zu repetitions of %zu iterations\n"
            "# share: of the runs of a preset that diverged: no longer finite, ever above %g "
            "times its scale, or\n#   above it at the end; the scale is the gap at the start, "
            "or the batch's sd there if larger\n"
            "# factor: %s; of the default, geometric mean over runs; nan: 0\nproblem",
            (unsigned long long)work->config->seed,
            work->config->seeds ? work->config->seeds : used->seeds,
            work->config->steps && work->config->steps < used->steps ? work->config->steps
                                                                     : used->steps,
            largest_rise, measure_factor.meaning);
    for (size_t b = 0; b < N_BATCHES; b++)
        for (size_t k = 0; k < N_CURVES; k++)
            fprintf(stream, "\t%s_share_%zu", curves[k].key, batches[b]);
    for (size_t b = 0; b < N_BATCHES; b++)
        fprintf(stream, "\tfactor_%zu", batches[b]);
    fputc('\n', stream);
}

static void write_row(FILE *stream, const char *name, const tally *x)
{
    fputs(name, stream);
    for (size_t b = 0; b < N_BATCHES; b++)
        for (size_t k = 0; k < N_CURVES; k++)
            fprintf(stream, "\t%.9g", (double)x->n_diverged[k][b] / (double)x->n_runs);
    for (size_t b = 0; b < N_BATCHES; b++)
        fprintf(stream, x->factor[b] > 0.0 ? "\t%.9g" : "\tnan", x->factor[b]);
    fputc('\n', stream);
}

/* k of n, with the exact interval of Clopper and Pearson (Biometrika 26, 1934). */
static plot_interval share(size_t k, size_t n)
{
    double x = (double)k, rest = (double)(n - k), tail = 0.025;
    return (plot_interval){x / (double)n, k ? gsl_cdf_beta_Pinv(tail, x, rest + 1.0) : 0.0,
                           k < n ? gsl_cdf_beta_Qinv(tail, x + 1.0, rest) : 1.0};
}

/* Over all problems. */
typedef struct totals {
    size_t n_problems, n_runs;
    size_t n_diverged[N_CURVES], n_affected[N_CURVES]; /* runs; problems */
} totals;

static void add_totals(totals *sum, const tally *x)
{
    sum->n_problems++;
    sum->n_runs += N_BATCHES * x->n_runs;
    for (size_t k = 0; k < N_CURVES; k++) {
        size_t n = 0;
        for (size_t b = 0; b < N_BATCHES; b++)
            n += x->n_diverged[k][b];
        sum->n_diverged[k] += n;
        sum->n_affected[k] += n > 0;
    }
}

static meka_status conclude(plot_figure_work *work, const totals *sum, const factors *all,
                            meka_error *err)
{
    static const struct {
        const char *name, *claim;
        size_t k;
    } presets[] = {
        {"default-never-diverges", "MEKA with its default options diverges nowhere in the zoo",
         DEFAULT},
        {"printed-needs-no-tuning",
         "MEKA as printed (preset paper) needs no tuning: it does "
         "not diverge either",
         PAPER},
    };
    for (size_t i = 0; i < N_CURVES; i++) {
        size_t k = presets[i].k;
        plot_figure_add(work, presets[i].name, presets[i].claim,
                        share(sum->n_diverged[k], sum->n_runs), 0.0, sum->n_diverged[k] == 0,
                        "%zu of %zu runs diverged, on %zu of %zu problems; exact interval",
                        sum->n_diverged[k], sum->n_runs, sum->n_affected[k], sum->n_problems);
    }
    plot_interval mean = {NAN, NAN, NAN}, ratio = mean;
    const plot_bootstrap how = {0.95, 4000, work->config->seed, 700};
    if (all->n_diverged > 1 && all->n_converged > 1) {
        ratio = plot_ratio_interval(all->n_diverged, all->diverged, all->n_converged,
                                    all->converged, 0.95);
        meka_status status =
            plot_mean_interval(all->n_diverged, all->diverged, &how, &mean, err);
        if (status)
            return status;
    }
    plot_figure_add(work, "claimed-slopes-are-too-steep",
                    "where the preset paper diverges, slopes are not what its step rule takes "
                    "them for: A'/A < 1",
                    mean, NAN, mean.high < 1.0,
                    "A'/A of the default, mean over %zu runs with the same problem, batch and "
                    "seed",
                    all->n_diverged);
    plot_figure_add(work, "calibration-tells-where",
                    "and A'/A is smaller there than where the preset paper does not diverge",
                    ratio, NAN, ratio.high < 1.0, "ratio of means, over %zu and %zu runs",
                    all->n_diverged, all->n_converged);
    return MEKA_OK;
}

static meka_status run_zoo(plot_figure_work *work, FILE *stream, size_t n_rows, factors *all,
                           meka_error *err)
{
    totals sum = {0};
    meka_status status = MEKA_OK;
    for (size_t i = 0; i < n_rows && !status; i++) {
        const prob_problem *row = prob_problem_at(i);
        bool taken;
        tally x;
        status = takes_part(row, work->config->seed, &taken, err);
        if (status || !taken)
            continue;
        status = run_problem(work, row, (double)i / (double)n_rows, 1.0 / (double)n_rows, &x,
                             all, err);
        if (status)
            break;
        write_row(stream, row->name, &x);
        add_totals(&sum, &x);
    }
    return status ? status : conclude(work, &sum, all, err);
}

static meka_status write(plot_figure_work *work, FILE *stream, meka_error *err)
{
    const plot_figure_config *config = work->config;
    const plot_experiment size = experiment_of(prob_problem_at(0), "", batches[0]);
    size_t n_rows = 0, S = config->seeds ? config->seeds
                                         : (config->full ? size.full.seeds : size.size.seeds);
    while (prob_problem_at(n_rows))
        n_rows++;
    factors all = {.capacity = n_rows * N_BATCHES * S};
    all.diverged = meka_alloc(2 * all.capacity, sizeof *all.diverged, err);
    if (!all.diverged)
        return MEKA_ERR_MEMORY;
    all.converged = all.diverged + all.capacity;
    write_head(work, stream);
    meka_status status = run_zoo(work, stream, n_rows, &all, err);
    free(all.diverged);
    return status;
}

const plot_figure plot_figure_h = {
    .name = "H",
    .file = "figureH",
    .title = "The printed step rule diverges on many problems, the calibrated one hardly ever.",
    .caption =
        "Every problem of the zoo that needs no data and whose minimum is known, with its own "
        "options and start, batches of\n4, 16 and 64. Left: the share of runs that diverged: "
        "not finite, ever above ten times the gap at the start (or the\nstandard deviation of "
        "a "
        "batch's loss there, where that is larger), or above that at the end. Right: A'/A of "
        "the "
        "default,\nhow much of a claimed slope it has found to be true. Nothing was chosen for "
        "any problem. The paper calls MEKA\nhyperparameter-free; the preset paper is its step "
        "rule as printed.",
    .script = figure_h_gp,
    .write = write,
};
