/* Figure F: the coefficients of the moving averages of Sigma, of the loss's variance and of the
 * step size, which the paper keeps at 0.999 and calls insensitive (section 5, appendix F).
 *
 * What is compared is the geometric mean of the training loss over the second half of a run, as
 * in figure 6. */
#include "plots/figures.h"

#include "figure_f_gp.h"

#include <math.h>

#define AS_PRINTED "preset=paper start=observation "
#define UNSMOOTHED "preset=paper start=observation smoothing=0 "
static const plot_curve curves[] = {
    {"default_0.9", "meka", "ema=0.9 loss_ema=0.9", NULL},
    {"default_0.99", "meka", "ema=0.99 loss_ema=0.99", NULL},
    {"default_0.999", "meka", "ema=0.999 loss_ema=0.999", NULL},
    {"unsmoothed_0.9", "meka", UNSMOOTHED "ema=0.9 loss_ema=0.9", NULL},
    {"unsmoothed_0.99", "meka", UNSMOOTHED "ema=0.99 loss_ema=0.99", NULL},
    {"unsmoothed_0.999", "meka", UNSMOOTHED "ema=0.999 loss_ema=0.999", NULL},
    {"printed_0.9", "meka", AS_PRINTED "ema=0.9 loss_ema=0.9 smoothing=0.9", NULL},
    {"printed_0.99", "meka", AS_PRINTED "ema=0.99 loss_ema=0.99 smoothing=0.99", NULL},
    {"printed_0.999", "meka", AS_PRINTED "ema=0.999 loss_ema=0.999 smoothing=0.999", NULL},
};
enum { N_COEFFICIENTS = 3, N_GROUPS = 3, N_CURVES = N_COEFFICIENTS * N_GROUPS };
static const char *const coefficients[N_COEFFICIENTS] = {"0.9", "0.99", "0.999"};
static const struct {
    const char *name, *label;
} groups[N_GROUPS] = {
    {"alike-default", "default options"},
    {"alike-unsmoothed", "as printed, steps not averaged"},
    {"alike-printed", "as printed, steps averaged alike"},
};

static const plot_experiment experiment = {
    .name = "figureF",
    .problem = "mlp",
    .set = PLOT_MLP_SET,
    .size = {PLOT_SMALL_MLP, 64, 5, 300, 20},
    .full = {PLOT_LARGE_MLP, 64, 10, 2000, 40},
    .linear = true,
    .n_curves = N_CURVES,
    .curve = curves,
    .n_measures = 1,
    .measure = (const plot_measure *const[]){&plot_measure_gap},
};

static plot_window window_of(const plot_results *r, size_t k)
{
    double T = r->t[r->C - 1];
    return (plot_window){.k = k, .m = 0, .from = 0.5 * T, .to = T};
}

/* The loss with one curve over that with another. */
static plot_interval ratio(const plot_results *r, size_t k, size_t l)
{
    const plot_window a = window_of(r, k), b = window_of(r, l);
    return plot_window_contest(r, &a, &b, 0.95);
}

/* "Near identically": within a tenth. */
static const double most = 1.1;

static void add_alike(plot_figure_work *work, size_t group)
{
    const plot_results *r = &work->results[0];
    size_t first = group * N_COEFFICIENTS, best = first, worst = first;
    char claim[160];
    for (size_t k = first + 1; k < first + N_COEFFICIENTS; k++) {
        best = ratio(r, k, best).value < 1.0 ? k : best;
        worst = ratio(r, k, worst).value > 1.0 ? k : worst;
    }
    plot_interval found = ratio(r, worst, best);
    snprintf(claim, sizeof claim,
             "%s: coefficients 0.9, 0.99 and 0.999 perform near identically",
             groups[group].label);
    plot_figure_add(work, groups[group].name, claim, found, 1.0, found.high <= most,
                    "training loss over the second half with %s, the worst, over that with %s, "
                    "the best; paired over %zu seeds; it must not exceed %g",
                    coefficients[worst - first], coefficients[best - first], r->S, most);
}

static meka_status conclude(plot_figure_work *work, meka_error *err)
{
    const plot_results *r = &work->results[0];
    (void)err;
    plot_figure_note(work,
                     "Training loss over the second half (geometric mean), and runs of %zu "
                     "that diverge (are not finite, or end above their start):",
                     r->S);
    for (size_t group = 0; group < N_GROUPS; group++) {
        plot_figure_note(work, "\n%-33s", groups[group].label);
        for (size_t i = 0; i < N_COEFFICIENTS; i++) {
            const plot_window w = window_of(r, group * N_COEFFICIENTS + i);
            plot_figure_note(work, "  %s: %.3g, %zu", coefficients[i],
                             plot_window_level(r, &w, 0.95).value,
                             plot_results_diverged(r, w.k, 0));
        }
        add_alike(work, group);
    }
    return MEKA_OK;
}

const plot_figure plot_figure_f = {
    .name = "F",
    .file = "figureF",
    .title = "Coefficients of the moving averages.",
    .caption = "Training loss of a perceptron of 12730 parameters on 1000 built-in images, "
               "batch 64, with three coefficients of the\n"
               "moving averages of Sigma and of the variance of the mean loss. Left: the "
               "default options. Middle: the preset paper\n"
               "with start=observation smoothing=0. Right: the same, but the step sizes are "
               "averaged with that coefficient too, as\n"
               "printed. The paper says that the three perform near identically. Lines are "
               "medians, bands the 10% and 90% quantiles\n"
               "over repetitions. With --full the networks are larger, on 2000 images.",
    .script = figure_f_gp,
    .images = true,
    .experiment = (const plot_experiment *const[]){&experiment},
    .n_experiments = 1,
    .conclude = conclude,
};
