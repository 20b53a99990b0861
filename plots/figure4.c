/* Figure 4: the noisy quadratic, d = 20, condition 2000, xi ~ N(0, I).  A fixed problem;
 * every repetition has its own start, theta_0 ~ N(0, 9 I), and its own samples. */
#include "plots/figures.h"

#include "base/memory.h"
#include "base/text.h"
#include "plots/files.h"
#include "plots/runs.h"
#include "plots/statistics.h"

#include "figure4_gp.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 32, STEPS = 1000, POINTS = 150, REPETITIONS = 20 };
#define START_SD  3.0
#define BAND_LOW  0.1
#define BAND_HIGH 0.9

typedef struct curve {
    const char *key; /* of the data file's columns */
    const char *method, *settings;
} curve;

/* L = 1, so that alpha=1 is the step 1/L. */
static const curve curves[] = {
    {"sgd_high", "sgd", "alpha=1"},
    {"sgd_low", "sgd", "alpha=0.05"},
    {"sgd_adaptive", "sgd", "rule=quadratic"},
    {"gd", "gd", "alpha=1"},
    {"gd_adaptive", "gd", "rule=quadratic"},
    {"meka", "meka", "preset=paper start=observation rule=fixed alpha=1"},
    {"meka_adaptive", "meka", "preset=paper start=observation smoothing=0"},
    /* Not drawn; the caption gives its end. */
    {"meka_default", "meka", ""},
};
enum { N_CURVES = sizeof curves / sizeof curves[0] };

/* Median and band of one curve at every checkpoint. */
typedef struct band {
    double median[POINTS + 1], low[POINTS + 1], high[POINTS + 1];
} band;

typedef struct experiment {
    prob_instance problem;
    ad_program *program;
    size_t S, C;
    double t[POINTS + 1]; /* [C], t[0] = 0 */
    double *gap;          /* [S][C] of one curve */
    double *sorted;       /* [S] */
    band curve[N_CURVES];
} experiment;

static meka_status prepare(experiment *all, const plot_figure_config *config, meka_error *err)
{
    const prob_problem *problem;
    all->S = config->seeds ? config->seeds : REPETITIONS;
    all->t[0] = 0.0;
    all->C = 1 + plot_log_spaced(1.0, STEPS, POINTS, all->t + 1);
    meka_status status = prob_problem_find(&problem, "noisy-quadratic", err);
    if (!status)
        status = prob_create(
            &all->problem, problem,
            &(prob_request){.settings = "dim=20 condition=2000 noise=1", .seed = config->seed},
            err);
    if (!status)
        status = ad_program_create(&all->program, &all->problem.objective, err);
    if (status)
        return status;
    all->gap = meka_alloc(all->S * all->C, sizeof *all->gap, err);
    all->sorted = meka_alloc(all->S, sizeof *all->sorted, err);
    return all->gap && all->sorted ? MEKA_OK : MEKA_ERR_MEMORY;
}

static meka_status run_curve(experiment *all, const plot_figure_config *config, size_t which,
                             meka_error *err)
{
    plot_runs runs = {
        .problem = &all->problem,
        .program = all->program,
        .settings = curves[which].settings,
        .batch = BATCH,
        .seed = config->seed,
        .n_runs = all->S,
        .start_sd = START_SD,
        .n_checkpoints = all->C,
        .checkpoint = all->t,
        .jobs = config->jobs,
        .progress = {config->progress, config->progress_ctx, (double)which / N_CURVES,
                     (double)(which + 1) / N_CURVES, curves[which].key},
    };
    meka_status status = opt_method_find(&runs.method, curves[which].method, err);
    if (!status)
        status = plot_runs_gaps(&runs, all->gap, err);
    if (status)
        return status;
    band *out = &all->curve[which];
    for (size_t c = 0; c < all->C; c++) {
        for (size_t s = 0; s < all->S; s++)
            all->sorted[s] = all->gap[s * all->C + c];
        plot_sort(all->S, all->sorted);
        out->median[c] = plot_quantile(all->S, all->sorted, 0.5);
        out->low[c] = plot_quantile(all->S, all->sorted, BAND_LOW);
        out->high[c] = plot_quantile(all->S, all->sorted, BAND_HIGH);
    }
    return MEKA_OK;
}

static void write_number(FILE *stream, double x)
{
    char text[40];
    meka_format_real(text, sizeof text, x, 9);
    fprintf(stream, "\t%s", isfinite(x) ? text : "nan");
}

static void write_data(FILE *stream, const experiment *all, const plot_figure_config *config)
{
    fprintf(stream,
            "# Figure 4 of meka " MEKA_VERSION ": f(theta_t) - f* on the noisy quadratic\n"
            "# problem: noisy-quadratic dim=20 condition=2000 noise=1; L = 1\n"
            "# seed: %llu, repetitions: %zu, batch: %d, theta_0 ~ N(0, %g I)\n"
            "# median and %g, %g quantiles over repetitions; nan: not finite\n",
            (unsigned long long)config->seed, all->S, (int)BATCH, START_SD * START_SD, BAND_LOW,
            BAND_HIGH);
    for (size_t i = 0; i < N_CURVES; i++)
        fprintf(stream, "# %s: %s %s\n", curves[i].key, curves[i].method,
                curves[i].settings[0] ? curves[i].settings : "with its default options");
    fputs("t", stream);
    for (size_t i = 0; i < N_CURVES; i++)
        fprintf(stream, "\t%s_median\t%s_low\t%s_high", curves[i].key, curves[i].key,
                curves[i].key);
    fputs("\n", stream);
    for (size_t c = 0; c < all->C; c++) {
        fprintf(stream, "%.0f", all->t[c]);
        for (size_t i = 0; i < N_CURVES; i++) {
            write_number(stream, all->curve[i].median[c]);
            write_number(stream, all->curve[i].low[c]);
            write_number(stream, all->curve[i].high[c]);
        }
        fputs("\n", stream);
    }
}

static void write_caption(char *text, size_t size, const plot_figure *row,
                          const experiment *all, const plot_figure_config *config)
{
    double last[N_CURVES];
    for (size_t i = 0; i < N_CURVES; i++)
        last[i] = all->curve[i].median[all->C - 1];
    snprintf(text, size,
             "Figure %s. %s\n\n%s\n\n"
             "Lines are medians, bands the 10%% and 90%% quantiles of %zu repetitions; batch "
             "%d.\nMedian f(theta_t) - f* after %d iterations: SGD 1/L %.2g, SGD 0.05/L %.2g, "
             "SGD adaptive %.2g,\nGD 1/L %.2g, GD adaptive %.2g, MEKA 1/L %.2g, MEKA adaptive "
             "%.2g.\nNot drawn, in figure4.tsv: MEKA with its default options, %.2g.\n\nMade "
             "by: meka figure %s --seed %llu --seeds %zu\n"
             "Drawn again from figure4.tsv by: gnuplot figure4.gp\n",
             row->name, row->title, row->caption, all->S, (int)BATCH, (int)STEPS, last[0],
             last[1], last[2], last[3], last[4], last[5], last[6], last[7], row->name,
             (unsigned long long)config->seed, all->S);
}

static meka_status make(const plot_figure *row, const plot_figure_config *config,
                        plot_figure_files *out, meka_error *err)
{
    plot_figure_files files;
    char caption[2048];
    meka_file *data = NULL;
    meka_status status = plot_files_name(&files, config->directory, "figure4", err);
    if (status)
        return status;
    experiment *all = meka_alloc(1, sizeof *all, err);
    if (!all)
        return MEKA_ERR_MEMORY;
    status = prepare(all, config, err);
    if (status)
        goto cleanup;
    /* Before the runs: a directory that cannot be written to shows at once. */
    data = meka_file_begin(files.data, err);
    if (!data) {
        status = err ? err->status : MEKA_ERR_IO;
        goto cleanup;
    }
    for (size_t i = 0; i < N_CURVES && !status; i++)
        status = run_curve(all, config, i, err);
    if (status)
        goto cleanup;
    write_data(data->stream, all, config);
    status = meka_file_commit(data, err);
    data = NULL;
    write_caption(caption, sizeof caption, row, all, config);
    if (!status)
        status =
            plot_files_draw(&files, config->directory, "figure4", figure4_gp, caption, err);
    if (!status)
        *out = files;
cleanup:
    meka_file_abandon(data);
    prob_destroy(&all->problem);
    ad_program_destroy(all->program);
    free(all->gap);
    free(all->sorted);
    free(all);
    return status;
}

const plot_figure plot_figure_4 = {
    .name = "4",
    .title = "Filtered gradients converge with a constant step on a noisy quadratic.",
    .caption =
        "0.5 (theta - xi)'H(theta - xi), d = 20, random H of condition 2000, xi ~ N(0, I). SGD "
        "with a high step\nstops at a plateau, with a low step it is slow, and adaptive steps "
        "do not help it: its directions are noise.\nMEKA with the same high step follows "
        "gradient descent, which sees no noise, and with adaptive steps\n(probability of "
        "improvement) it falls at least as fast as gradient descent with exact line search.\n"
        "The adaptive setting is the preset paper with start=observation smoothing=0, the best "
        "of 14 that were\ncompared on this problem.",
    .make = make,
};
