/* Figure 4: the noisy quadratic, d = 20, condition 2000, xi ~ N(0, I).  A fixed problem;
 * every repetition has its own start, theta_0 ~ N(0, 9 I), and its own samples. */
#include "plots/figures.h"

#include "figure4_gp.h"

#include <math.h>

/* L = 1, so that alpha=1 is the step 1/L. */
static const plot_curve curves[] = {
    {"sgd_high", "sgd", "alpha=1", NULL},
    {"sgd_low", "sgd", "alpha=0.05", NULL},
    {"sgd_adaptive", "sgd", "rule=quadratic", NULL},
    {"gd", "gd", "alpha=1", NULL},
    {"gd_adaptive", "gd", "rule=quadratic", NULL},
    {"meka", "meka", "preset=paper start=observation rule=fixed alpha=1", NULL},
    {"meka_adaptive", "meka", "preset=paper start=observation smoothing=0", NULL},
    /* Not drawn; the caption gives its end. */
    {"meka_default", "meka", NULL, NULL},
};
/* As the caption has them. */
static const char *const labels[] = {
    "SGD 1/L",     "SGD 0.05/L", "SGD adaptive",  "GD 1/L",
    "GD adaptive", "MEKA 1/L",   "MEKA adaptive", "MEKA with its default options",
};
enum { N_CURVES = sizeof curves / sizeof curves[0] };

#define SIZE                                                                                   \
    {                                                                                          \
        "dim=20 condition=2000 noise=1", 32, 20, 1000, 150                                     \
    }

static const plot_experiment experiment = {
    .name = "figure4",
    .problem = "noisy-quadratic",
    .size = SIZE,
    .full = SIZE,
    .start_sd = 3.0,
    .n_curves = N_CURVES,
    .curve = curves,
    .n_measures = 1,
    .measure = (const plot_measure *const[]){&plot_measure_gap},
};

/* Which curve lies below which at the end, as the paper has it (figure 4 and its text). */
static const struct {
    const char *name, *claim;
    size_t k, l;
    double low, high; /* of the ratio of their gaps */
} orders[] = {
    {"adaptive-below-fixed", "MEKA with adaptive steps ends below MEKA with fixed steps", 6, 5,
     0.0, 1.0},
    {"meka-follows-gd", "MEKA with fixed steps ends within a factor of 2 of gradient descent",
     5, 3, 0.5, 2.0},
    {"gd-below-sgd-low", "gradient descent ends below SGD with the low step", 3, 1, 0.0, 1.0},
    {"sgd-low-below-high", "SGD with the low step ends below SGD with the high step", 1, 0, 0.0,
     1.0},
    {"adaptive-below-gd-search",
     "MEKA with adaptive steps ends below gradient descent with exact line search", 6, 4, 0.0,
     1.0},
};

static meka_status conclude(plot_figure_work *work, meka_error *err)
{
    const plot_results *r = &work->results[0];
    (void)err;
    plot_figure_note(work, "Median f(theta_t) - f* after %.0f iterations:", r->t[r->C - 1]);
    for (size_t k = 0; k < N_CURVES; k++)
        plot_figure_note(work, "%s %s %.2g", k ? "," : "", labels[k],
                         plot_results_quantile(r, k, r->C - 1, 0, 0.5));
    plot_figure_note(work, ".\nThe last is not drawn.");
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        const plot_bootstrap how = {0.95, 4000, work->config->seed, 100 + i};
        plot_interval ratio =
            plot_results_ratio(r, orders[i].k, orders[i].l, r->C - 1, 0, &how);
        plot_figure_add(
            work, orders[i].name, orders[i].claim, ratio, NAN,
            ratio.low >= orders[i].low && ratio.high <= orders[i].high,
            "ratio of the final gaps, paired over %zu seeds; it must lie in [%g, %g]", r->S,
            orders[i].low, orders[i].high);
    }
    return MEKA_OK;
}

const plot_figure plot_figure_4 = {
    .name = "4",
    .file = "figure4",
    .title = "Filtered gradients converge with a constant step on a noisy quadratic.",
    .caption =
        "0.5 (theta - xi)'H(theta - xi), d = 20, random H of condition 2000, xi ~ N(0, I), "
        "batch 32. "
        "SGD with a high\nstep stops at a plateau, with a low step it is slow, and adaptive "
        "steps "
        "do not help it: its directions are noise.\nMEKA with the same high step follows "
        "gradient descent, which sees no noise, and with adaptive steps\n(probability of "
        "improvement) it falls at least as fast as gradient descent with exact line search.\n"
        "The adaptive setting is the preset paper with start=observation smoothing=0, the best "
        "of 14 that were\ncompared on this problem. Lines are medians, bands the 10% and 90% "
        "quantiles over repetitions.",
    .script = figure4_gp,
    .experiment = (const plot_experiment *const[]){&experiment},
    .n_experiments = 1,
    .conclude = conclude,
};
