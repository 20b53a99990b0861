/* Figure 5: how far the filtered and the sampled gradient are from the gradient over all
 * training images, on a convolutional network.  Every repetition has the same start and its own
 * samples. */
#include "plots/figures.h"

#include "figure5_gp.h"

#include <math.h>

static const plot_curve curves[] = {
    {"fixed", "meka", "preset=paper start=observation rule=fixed alpha=0.1", NULL},
    {"adaptive", "meka", NULL, NULL},
};
enum { N_CURVES = sizeof curves / sizeof curves[0] };

static double factor(const plot_point *point)
{
    return point->row->sample_error / point->row->filter_error;
}

static const plot_measure measure_factor = {
    "factor", "norm of g - grad f over norm of m - grad f", factor, true, false};

enum { FILTER, SAMPLE, FACTOR, LOSS, N_MEASURES };

static const plot_experiment experiment = {
    .name = "figure5",
    .problem = "cnn",
    .set = PLOT_CNN_SET,
    .size = {PLOT_SMALL_CNN, 32, 5, 600, 30},
    .full = {PLOT_LARGE_CNN, 32, 5, 3000, 60},
    .linear = true,
    .n_curves = N_CURVES,
    .curve = curves,
    .n_measures = N_MEASURES,
    .measure =
        (const plot_measure *const[]){&plot_measure_filter_error, &plot_measure_sample_error,
                                      &measure_factor, &plot_measure_gap},
};

/* "About" 5: within a factor of 2. */
static const double expected = 5.0, low = 2.5, high = 10.0;

static const struct {
    const char *name, *label;
} claims[N_CURVES] = {
    {"nearer-fixed", "constant steps"},
    {"nearer-adaptive", "adaptive steps"},
};

/* The least ratio after the start at any checkpoint, geometric mean over repetitions. */
static plot_interval least_factor(const plot_results *r, size_t k)
{
    plot_interval least = {INFINITY, INFINITY, INFINITY};
    for (size_t c = 1; c < r->C; c++) {
        const plot_window sample = {k, SAMPLE, r->t[c], r->t[c]},
                          filter = {k, FILTER, r->t[c], r->t[c]};
        plot_interval at = plot_window_factor(r, &sample, &filter, 0.95);
        if (!(at.value >= least.value)) /* or it is not known */
            least = at;
        if (isnan(least.value))
            break;
    }
    return least;
}

static meka_status conclude(plot_figure_work *work, meka_error *err)
{
    const plot_results *r = &work->results[0];
    double T = r->t[r->C - 1];
    char claim[160];
    (void)err;
    for (size_t k = 0; k < N_CURVES; k++) {
        const plot_window sample = {k, SAMPLE, 0.1 * T, T}, filter = {k, FILTER, 0.1 * T, T};
        plot_interval found = plot_window_factor(r, &sample, &filter, 0.95);
        snprintf(claim, sizeof claim,
                 "%s: m is nearer to the full gradient than g by a factor of about 5",
                 claims[k].label);
        plot_figure_add(work, claims[k].name, claim, found, expected,
                        found.low >= low && found.high <= high,
                        "|g - grad f|/|m - grad f|, geometric mean over steps %.0f to %.0f and "
                        "%zu repetitions; it must lie in [%g, %g]",
                        0.1 * T, T, r->S, low, high);
    }
    plot_interval least = {INFINITY, INFINITY, INFINITY};
    for (size_t k = 0; k < N_CURVES; k++) {
        plot_interval at = least_factor(r, k);
        if (!(at.value >= least.value))
            least = at;
    }
    plot_figure_add(work, "nearer-throughout", "m is nearer to the full gradient all along",
                    least, NAN, least.value > 1.0,
                    "the least such ratio of any of the %zu checkpoints after the start and "
                    "any of the curves, over %zu repetitions; it must exceed 1",
                    r->C - 1, r->S);
    plot_figure_note(work, "Training loss after %.0f iterations (median):", T);
    for (size_t k = 0; k < N_CURVES; k++)
        plot_figure_note(work, "%s %s %.3g", k ? "," : "", claims[k].label,
                         plot_results_quantile(r, k, r->C - 1, LOSS, 0.5));
    plot_figure_note(work, ".");
    return MEKA_OK;
}

const plot_figure plot_figure_5 = {
    .name = "5",
    .file = "figure5",
    .title = "The filtered gradient is several times nearer to the full gradient than a "
             "batch's.",
    .caption = "A convolutional network of 614 parameters on 1000 built-in images, batch 32, "
               "no augmentation, so that the gradient\n"
               "over all training images is known. Above: the error of MEKA's estimate m and "
               "of the batch's gradient g at the same\n"
               "iterates. Below: their ratio, for which the paper finds about 5 (dashed). "
               "Left: constant steps of 0.1 and the filter\n"
               "as printed. Right: the default options. Lines are medians, bands the 10% and "
               "90% quantiles over repetitions. With\n"
               "--full the networks are larger, on 2000 images.",
    .script = figure5_gp,
    .images = true,
    .experiment = (const plot_experiment *const[]){&experiment},
    .n_experiments = 1,
    .conclude = conclude,
};
