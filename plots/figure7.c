/* Figure 7: what happens to curvature and noise when adaptive steps take over from constant
 * ones after k steps, on a convolutional network.  The same start for all, and for every
 * repetition the same samples with every k. */
#include "plots/figures.h"

#include "figure7_gp.h"

#include <math.h>
#include <stdio.h>

/* Sigma's average is short, so that it is the noise of now. */
#define COMMON "alpha=0.1 ema=0.9 "
static const plot_curve curves[] = {
    {"at_0", "meka", COMMON "fixed_steps=0", NULL},
    {"at_100", "meka", COMMON "fixed_steps=100", NULL},
    {"at_240", "meka", COMMON "fixed_steps=240", NULL},
    {"never", "meka", COMMON "fixed_steps=1000000", NULL},
};
enum { NEVER = 3, N_CURVES };
static const double switch_at[] = {0.0, 100.0, 240.0};

static double curvature(const plot_point *point)
{
    double norm = point->row->direction_norm;
    return fabs(point->row->curvature) / (norm * norm);
}

/* row->sigma is that of the mean of the batch. */
static double variance(const plot_point *point)
{
    return (double)point->batch * point->row->sigma;
}

static const plot_measure measure_curvature = {
    "curvature", "|d'B d|/d'd: curvature of the batch's loss along the direction d = -m",
    curvature, false, false};
static const plot_measure measure_variance = {
    "variance", "variance of a sample's gradient, averaged over parameters (average Sigma)",
    variance, false, false};

enum { CURVATURE, VARIANCE, ALPHA, SCORE, LOSS, N_MEASURES };

static const plot_experiment experiment = {
    .name = "figure7",
    .problem = "cnn",
    .full_problem = "resnet",
    .set = PLOT_CNN_SET,
    .size = {PLOT_SMALL_CNN, 32, 4, 500, 25},
    .full = {PLOT_RESNET_32, 128, 3, 2000, 100},
    .linear = true,
    .n_curves = N_CURVES,
    .curve = curves,
    .n_measures = N_MEASURES,
    .measure = (const plot_measure *const[]){&measure_curvature, &measure_variance,
                                             &plot_measure_alpha, &plot_measure_test_score,
                                             &plot_measure_loss},
};

/* Of a measure with curve k over the same without a switch, from one step to another. */
static plot_interval against_never(const plot_results *r, size_t k, size_t m, double from,
                                   double to)
{
    const plot_window with = {k, m, from, to}, without = {NEVER, m, from, to};
    return plot_window_factor(r, &with, &without, 0.95);
}

/* A statement about a measure after the switch. */
typedef struct statement {
    const char *name, *claim;
    size_t m;
    bool at_once; /* in the 100 steps from the switch, or in the last two fifths of the run */
} statement;

static const statement statements[] = {
    {"curvature-rises", "the curvature along d is higher at once", CURVATURE, true},
    {"curvature-stays", "the curvature along d stays higher", CURVATURE, false},
    {"variance-stays", "the variance of the gradient stays higher", VARIANCE, false},
};

static void add_statement(plot_figure_work *work, const statement *x, size_t k)
{
    const plot_results *r = &work->results[0];
    char name[40], claim[160];
    double T = r->t[r->C - 1], from = x->at_once ? switch_at[k] + 1.0 : 0.6 * T,
           to = x->at_once ? switch_at[k] + 100.0 : T;
    plot_interval found = against_never(r, k, x->m, from, to);
    snprintf(name, sizeof name, "%s-%g", x->name, switch_at[k]);
    snprintf(claim, sizeof claim, "adaptive from step %g: %s than with constant steps",
             switch_at[k], x->claim);
    plot_figure_add(work, name, claim, found, NAN, found.low > 1.0,
                    "ratio of geometric means over steps %.0f to %.0f, paired over %zu seeds; "
                    "it must exceed 1",
                    from, to, r->S);
}

static meka_status conclude(plot_figure_work *work, meka_error *err)
{
    const plot_results *r = &work->results[0];
    (void)err;
    double T = r->t[r->C - 1];
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        for (size_t k = 0; k < NEVER; k++)
            add_statement(work, &statements[i], k);
    plot_interval loss = against_never(r, 0, LOSS, 0.6 * T, T);
    plot_figure_add(work, "adaptive-is-slower",
                    "adaptive steps from the start make slower progress than constant ones",
                    loss, NAN, loss.low > 1.0,
                    "ratio of the batches' losses, geometric means over the last two fifths of "
                    "the iterations, paired over %zu seeds; it must exceed 1",
                    r->S);
    plot_figure_note(work, "Test accuracy after %.0f iterations (median):", T);
    for (size_t k = 0; k < NEVER; k++)
        plot_figure_note(work, " adaptive from step %g %.3f,", switch_at[k],
                         plot_results_quantile(r, k, r->C - 1, SCORE, 0.5));
    plot_figure_note(work, " never %.3f.",
                     plot_results_quantile(r, NEVER, r->C - 1, SCORE, 0.5));
    return MEKA_OK;
}

const plot_figure plot_figure_7 = {
    .name = "7",
    .file = "figure7",
    .title = "Curvature and noise when adaptive steps take over from constant ones.",
    .caption =
        "A convolutional network of 614 parameters on 1000 built-in images, batch 32; "
        "constant steps of 0.1, and from step k on\n"
        "those of the default options (with ema=0.9, so that Sigma is recent; with the "
        "printed rule runs diverge on this\n"
        "network). All have the same start. Curvature is that of a batch's loss along "
        "the direction of the step, |d'B d|/d'd;\n"
        "the variance is that of a sample's gradient, averaged over parameters; "
        "accuracy is the share of 500 test images that\n"
        "are right. Lines are medians, bands the 10% and 90% quantiles over "
        "repetitions. The paper finds curvature and variance\n"
        "to rise at the switch and to stay. With --full it is a ResNet-32, batch 128, on "
        "2000 images.",
    .script = figure7_gp,
    .images = true,
    .experiment = (const plot_experiment *const[]){&experiment},
    .n_experiments = 1,
    .conclude = conclude,
};
