/* Figure D.1: MEKA without tuning against baselines whose step size was tuned, with the same
 * budget, on the two networks. */
#include "base/memory.h"
#include "plots/figure_d1.h"
#include "plots/figures.h"
#include "plots/number.h"

#include "figure_d1_gp.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const plot_arena arenas[] = {
    {"D1-mlp", "mlp", PLOT_SMALL_MLP, NULL, 32, PLOT_MLP_SET},
    {"D1-cnn", "cnn", PLOT_SMALL_CNN, NULL, 32, PLOT_CNN_SET},
};
static const plot_arena full_arenas[] = {
    {"D1-mlp-full", "mlp", PLOT_LARGE_MLP, NULL, 32, PLOT_MLP_SET},
    {"D1-cnn-full", "cnn", PLOT_LARGE_CNN, NULL, 32, PLOT_CNN_SET},
};
enum { MLP, CNN, N_ARENAS };
static const char *const titles[N_ARENAS] = {"perceptron", "convolutional network"};

static const plot_contender contenders[] = {
    {"sgd", "sgd", NULL, NULL, true},
    {"heavy-ball", "heavy-ball", NULL, NULL, true},
    {"adam", "adam", NULL, NULL, true},
    {"meka", "meka", NULL, NULL, false},
    {"meka-paper", "meka", "preset=paper", NULL, false},
};
enum { N_TUNED = 3, DEFAULT = 3, PAPER = 4, N_CONTENDERS = 5 };
static const char *const labels[N_CONTENDERS] = {"SGD", "heavy ball", "Adam", "MEKA, default",
                                                 "MEKA, preset paper"};

static size_t at_most(size_t n, size_t limit)
{
    return limit && limit < n ? limit : n;
}

static plot_compare_config configure(const plot_figure_config *from)
{
    size_t seeds = from->seeds ? from->seeds : 4;
    return (plot_compare_config){
        .n_arenas = N_ARENAS,
        .arena = from->full ? full_arenas : arenas,
        .n_contenders = N_CONTENDERS,
        .contender = contenders,
        .measure = &plot_measure_gap,
        .also = &plot_measure_test_score,
        .budget = at_most(from->full ? 3000 : 900, from->steps),
        .points = 15,
        .linear = true,
        .seeds = seeds,
        .tune_seeds = (seeds + 1) / 2,
        .n_grid = 7, /* two in a decade */
        .grid_low = 1e-3,
        .grid_high = 1.0,
        .tau = 0.01,
        .seed = from->seed,
        .directory = from->directory,
        .data = from->data,
        .jobs = from->jobs,
        .interrupted = from->interrupted,
        .progress = from->progress,
        .progress_ctx = from->progress_ctx,
    };
}

/* ----------------------------------------------------------------------- data */

static void write_arena(FILE *stream, const plot_comparison *all,
                        const plot_compare_config *config, size_t a)
{
    const plot_arena *arena = &config->arena[a];
    fprintf(stream, "# %s %s, batch %zu\ncost", arena->problem, arena->options, arena->batch);
    for (size_t k = 0; k < all->K; k++) {
        const char *key = contenders[k].label;
        fprintf(stream,
                "\t%s_loss_median\t%s_loss_low\t%s_loss_high\t%s_score_median\t%s_score_low\t"
                "%s_score_high",
                key, key, key, key, key, key);
    }
    for (size_t c = 0; c < all->C; c++) {
        fprintf(stream, "\n%.0f", all->t[c]);
        for (size_t k = 0; k < all->K; k++) {
            const plot_cell *x = &all->cell[a * all->K + k];
            const double row[] = {x->median[c],      x->low[c],      x->high[c],
                                  x->also_median[c], x->also_low[c], x->also_high[c]};
            for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
                fputc('\t', stream);
                plot_number_write(stream, isfinite(row[i]) ? row[i] : NAN);
            }
        }
    }
    fputs("\n\n\n", stream);
}

static void write_data(FILE *stream, const plot_comparison *all,
                       const plot_compare_config *config)
{
    fprintf(stream,
            "# Figure D.1 of meka " MEKA_VERSION "; seed %llu, %zu repetitions, budget %zu "
            "batch gradients\n# tuned: %zu step sizes from %g to %g, %zu seeds\n"
            "# loss over all training images, share of the test images that are right: "
            "median, 0.1 and 0.9 quantiles; nan: not finite\n",
            (unsigned long long)config->seed, all->S, config->budget, config->n_grid,
            config->grid_low, config->grid_high, config->tune_seeds);
    for (size_t a = 0; a < all->A; a++)
        write_arena(stream, all, config, a);
}

/* ------------------------------------------------------------------- findings */

/* MEKA's values over a baseline's, paired by seed, or their difference. */
static plot_interval against(size_t S, const double *meka, const double *baseline, bool ratio)
{
    plot_interval found = {NAN, NAN, NAN};
    double *x = S >= 2 ? meka_alloc(S, sizeof *x, NULL) : NULL;
    bool usable = x != NULL;
    for (size_t s = 0; usable && s < S; s++) {
        x[s] = ratio ? log(meka[s] / baseline[s]) : meka[s] - baseline[s];
        usable = isfinite(x[s]);
    }
    if (usable) {
        found = plot_student_interval(S, x, 0.95);
        if (ratio)
            found = (plot_interval){exp(found.value), exp(found.low), exp(found.high)};
    }
    free(x);
    return found;
}

/* The tuned baseline with the best median at the end: the lowest loss, or the highest share. */
static size_t best_of(const plot_cell *cell, size_t last, bool loss)
{
    size_t best = 0;
    for (size_t k = 1; k < N_TUNED; k++)
        if (loss ? cell[k].median[last] < cell[best].median[last]
                 : cell[k].also_median[last] > cell[best].also_median[last])
            best = k;
    return best;
}

/* How far untuned MEKA may be behind to be called as good. */
static const double most_loss = 2.0, least_score = -0.05;

static void add_findings(plot_figure_work *work, const plot_comparison *all, size_t a, size_t k)
{
    const plot_cell *cell = all->cell + a * all->K;
    char name[40], claim[160];
    size_t best = best_of(cell, all->C - 1, true);
    plot_interval found = against(all->S, cell[k].last, cell[best].last, true);
    snprintf(name, sizeof name, "loss-%s-%s", contenders[k].label, arenas[a].problem);
    snprintf(
        claim, sizeof claim,
        "%s, %s: the training loss ends within a factor of %g of the best tuned baseline's",
        titles[a], labels[k], most_loss);
    plot_figure_add(work, name, claim, found, NAN, found.high <= most_loss,
                    "ratio to tuned %s, paired over %zu seeds, %zu of which did not stay "
                    "finite; equal budgets of %.0f batch gradients; it must not exceed %g",
                    labels[best], all->S, cell[k].n_lost, all->t[all->C - 1], most_loss);
    best = best_of(cell, all->C - 1, false);
    found = against(all->S, cell[k].also_last, cell[best].also_last, false);
    snprintf(name, sizeof name, "accuracy-%s-%s", contenders[k].label, arenas[a].problem);
    snprintf(claim, sizeof claim,
             "%s, %s: the test accuracy ends at most %g below the best tuned baseline's",
             titles[a], labels[k], -least_score);
    plot_figure_add(work, name, claim, found, NAN, found.low >= least_score,
                    "difference to tuned %s, paired over %zu seeds, %zu of which did not stay "
                    "finite; it must not be below %g",
                    labels[best], all->S, cell[k].n_lost, least_score);
}

/* A step of MEKA costs three gradients: where the baselines were after as many iterations. */
static void add_equal_iterations(plot_figure_work *work, const plot_comparison *all, size_t a)
{
    size_t c = 0;
    while (c + 1 < all->C && all->t[c] < all->t[all->C - 1] / 3.0)
        c++;
    plot_figure_note(work,
                     "\nAfter as many iterations as MEKA makes (%.0f), train loss:", all->t[c]);
    for (size_t k = 0; k < N_TUNED; k++)
        plot_figure_note(work, "%s %s %.3g", k ? "," : "", labels[k],
                         all->cell[a * all->K + k].median[c]);
    plot_figure_note(work, ".");
}

void plot_figure_d1_conclude(plot_figure_work *work, const plot_comparison *all)
{
    size_t last = all->C - 1;
    plot_figure_note(work,
                     "Medians after a cost of %.0f batch gradients (-: not finite):\n%-22s "
                     "%-20s %12s %12s %12s",
                     all->t[last], "network", "method", "step tuned", "train loss", "accuracy");
    for (size_t a = 0; a < N_ARENAS; a++) {
        for (size_t k = 0; k < N_CONTENDERS; k++) {
            const plot_cell *x = &all->cell[a * all->K + k];
            plot_figure_note(work, "\n%-22s %-20s", titles[a], labels[k]);
            if (isnan(x->alpha))
                plot_figure_note(work, " %12s", "no");
            else
                plot_figure_note(work, " %11.3g%s", x->alpha, x->at_edge ? "*" : " ");
            if (isfinite(x->median[last]))
                plot_figure_note(work, " %12.3g %12.3f", x->median[last], x->also_median[last]);
            else
                plot_figure_note(work, " %12s %12s", "-", "-");
        }
        add_equal_iterations(work, all, a);
        add_findings(work, all, a, DEFAULT);
        add_findings(work, all, a, PAPER);
    }
    plot_figure_note(work, "\n*: at an edge of the grid, beyond which a better one may lie.");
}

static meka_status write(plot_figure_work *work, FILE *stream, meka_error *err)
{
    const plot_compare_config config = configure(work->config);
    plot_comparison all = {0};
    meka_status status = plot_compare(&all, &config, err);
    if (status)
        return status;
    write_data(stream, &all, &config);
    plot_figure_d1_conclude(work, &all);
    plot_comparison_clear(&all);
    return MEKA_OK;
}

const plot_figure plot_figure_d1 = {
    .name = "D.1",
    .file = "figureD1",
    .title = "MEKA without tuning beside tuned baselines.",
    .caption = "A perceptron (12730 parameters) and a convolutional network (614) on 1000 "
               "built-in images, batch 32, from the same\n"
               "start. Every run may spend the same, counted in gradients of a batch; a "
               "Hessian-vector product and a pass along the\n"
               "line cost one each, so that MEKA takes a third of the steps that the others "
               "take. Step sizes of the baselines are the\n"
               "best of 7 from 0.001 to 1, chosen on other seeds by the training loss at the "
               "end; nothing of MEKA is tuned. Above:\n"
               "loss over all training images; curves end where runs are no longer finite. "
               "Below: share of the test images that are\n"
               "right. Lines are medians, bands the 10% and 90% quantiles over seeds. With "
               "--full the networks are larger, on 2000\n"
               "images.",
    .script = figure_d1_gp,
    .images = true,
    .write = write,
};
