/* Figure 6: the factor c on the step size, theta += c a d, for the rules that choose a.
 *
 * What is compared is the geometric mean of the training loss over the second half of a run:
 * where a run is, and not how the last step happened to end. */
#include "plots/figures.h"
#include "plots/number.h"

#include "figure6_gp.h"

#include <math.h>

#define AS_PRINTED "preset=paper start=observation smoothing=0"
/* Every rule with the same factors. */
#define FACTORS(key, settings)                                                                 \
    {key "_0.25", "meka", settings " factor=0.25", NULL},                                      \
        {key "_0.5", "meka", settings " factor=0.5", NULL},                                    \
        {key "_1", "meka", settings " factor=1", NULL},                                        \
        {key "_1.5", "meka", settings " factor=1.5", NULL},                                    \
    {                                                                                          \
        key "_2", "meka", settings " factor=2", NULL                                           \
    }
static const plot_curve curves[] = {
    FACTORS("pi", AS_PRINTED),
    FACTORS("quadratic", AS_PRINTED " rule=quadratic"),
    FACTORS("ei", AS_PRINTED " rule=ei"),
    FACTORS("default", "preset=calibrated"),
};
static const double factors[] = {0.25, 0.5, 1.0, 1.5, 2.0};
enum { N_FACTORS = sizeof factors / sizeof factors[0], ONE = 2 };
enum { PI, QUADRATIC, EI, DEFAULT, N_RULES };
enum { N_CURVES = N_FACTORS * N_RULES };
static const char *const keys[N_RULES] = {"pi", "quadratic", "ei", "default"};
static const char *const labels[N_RULES] = {"PI as printed", "quadratic as printed",
                                            "EI as printed", "default options"};

/* The default options with the larger batch only: they differ little. */
#define EXPERIMENT(id, batch, curves_)                                                         \
    static const plot_experiment id = {                                                        \
        .name = "figure6-" #id,                                                                \
        .problem = "mlp",                                                                      \
        .set = PLOT_MLP_SET,                                                                   \
        .size = {PLOT_SMALL_MLP, batch, 4, 300, 20},                                           \
        .full = {PLOT_LARGE_MLP, batch, 10, 2000, 40},                                         \
        .linear = true,                                                                        \
        .n_curves = curves_,                                                                   \
        .curve = curves,                                                                       \
        .n_measures = 1,                                                                       \
        .measure = (const plot_measure *const[]){&plot_measure_gap},                           \
    }
EXPERIMENT(small, 32, N_FACTORS *DEFAULT);
EXPERIMENT(large, 64, N_CURVES);
static const plot_experiment *const experiments[] = {&large, &small};
static const char *const sizes[] = {"large", "small"};
enum { N_EXPERIMENTS = sizeof experiments / sizeof experiments[0] };

/* ---------------------------------------------------------------- what is compared */

static size_t curve_of(size_t rule, size_t factor)
{
    return rule * N_FACTORS + factor;
}

static plot_window window_of(const plot_results *r, size_t rule, size_t factor)
{
    double T = r->t[r->C - 1];
    return (plot_window){.k = curve_of(rule, factor), .m = 0, .from = 0.5 * T, .to = T};
}

/* A rule with a factor. */
typedef struct choice {
    size_t rule, factor;
} choice;

/* The loss of one over that of the other. */
static plot_interval ratio(const plot_results *r, choice a, choice b)
{
    const plot_window over = window_of(r, a.rule, a.factor),
                      under = window_of(r, b.rule, b.factor);
    return plot_window_contest(r, &over, &under, 0.95);
}

/* The factor with the lowest loss among the first n but for `without`; ties to the first. */
static size_t best_factor(const plot_results *r, size_t rule, size_t n, size_t without)
{
    size_t best = without == 0;
    for (size_t i = best + 1; i < n; i++)
        if (i != without && ratio(r, (choice){rule, i}, (choice){rule, best}).value < 1.0)
            best = i;
    return best;
}

/* ----------------------------------------------------------------------- data */

static void write_merits(FILE *stream, const plot_results *r)
{
    size_t n_rules = r->K / N_FACTORS;
    fputs("# geometric mean of the loss over the second half of the iterations and over "
          "repetitions, 95% Student\n# intervals; nan: some run diverges\nfactor",
          stream);
    for (size_t rule = 0; rule < n_rules; rule++)
        fprintf(stream, "\t%s\t%s_low\t%s_high\t%s_diverged", keys[rule], keys[rule],
                keys[rule], keys[rule]);
    for (size_t i = 0; i < N_FACTORS; i++) {
        fprintf(stream, "\n%g", factors[i]);
        for (size_t rule = 0; rule < n_rules; rule++) {
            const plot_window w = window_of(r, rule, i);
            plot_interval x = {NAN, NAN, NAN};
            size_t n_diverged = plot_results_diverged(r, w.k, 0);
            if (n_diverged == 0)
                x = plot_window_level(r, &w, 0.95);
            const double row[] = {x.value, x.low, x.high, (double)n_diverged};
            for (size_t k = 0; k < sizeof row / sizeof row[0]; k++) {
                fputc('\t', stream);
                plot_number_write(stream, row[k]);
            }
        }
    }
    fputc('\n', stream);
}

static meka_status write(plot_figure_work *work, FILE *stream, meka_error *err)
{
    const plot_experiment_config config = {
        .seed = work->config->seed, .full = work->config->full, .data = work->config->data};
    (void)err;
    fputs("# Figure 6: four blocks, two empty lines apart: for each batch size, the larger "
          "first, curves and what\n# is compared\n",
          stream);
    for (size_t i = 0; i < N_EXPERIMENTS; i++) {
        if (i > 0)
            fputs("\n\n", stream);
        plot_results_write(stream, experiments[i], &config, &work->results[i]);
        fputs("\n\n", stream);
        write_merits(stream, &work->results[i]);
    }
    return MEKA_OK;
}

/* ------------------------------------------------------------------- findings */

static size_t batch_of(const plot_figure_work *work, size_t i)
{
    return work->config->full ? experiments[i]->full.batch : experiments[i]->size.batch;
}

/* Whether c = 1 is at least as good as every other factor, in every run's eyes. */
static void add_one_is_best(plot_figure_work *work, size_t i, size_t rule)
{
    const plot_results *r = &work->results[i];
    char name[40], claim[160];
    size_t other = best_factor(r, rule, N_FACTORS, ONE);
    plot_interval found = ratio(r, (choice){rule, other}, (choice){rule, ONE});
    snprintf(name, sizeof name, "%s-one-is-best-%s", keys[rule], sizes[i]);
    snprintf(claim, sizeof claim, "%s, batch %zu: no other factor is better than c = 1",
             labels[rule], batch_of(work, i));
    plot_figure_add(work, name, claim, found, NAN, found.low > 1.0,
                    "training loss with c = %g, the best of the others, over that with c = 1, "
                    "paired over %zu seeds; it must exceed 1",
                    factors[other], r->S);
}

/* Whether c = 1 is too far for a rule. */
static void add_smaller_is_better(plot_figure_work *work, size_t i, size_t rule)
{
    const plot_results *r = &work->results[i];
    char name[40], claim[160];
    size_t other = best_factor(r, rule, ONE, N_FACTORS);
    plot_interval found = ratio(r, (choice){rule, ONE}, (choice){rule, other});
    snprintf(name, sizeof name, "%s-smaller-is-better-%s", keys[rule], sizes[i]);
    snprintf(claim, sizeof claim, "%s, batch %zu: some factor below 1 is better than c = 1",
             labels[rule], batch_of(work, i));
    plot_figure_add(work, name, claim, found, NAN, found.low > 1.0,
                    "training loss with c = 1 over that with c = %g, the best of the smaller "
                    "ones, paired over %zu seeds; it must exceed 1",
                    factors[other], r->S);
}

static void add_ei_is_worse(plot_figure_work *work, size_t i)
{
    const plot_results *r = &work->results[i];
    char name[40], claim[160];
    size_t best = best_factor(r, EI, N_FACTORS, N_FACTORS);
    plot_interval found = ratio(r, (choice){EI, best}, (choice){PI, ONE});
    snprintf(name, sizeof name, "ei-is-worse-%s", sizes[i]);
    snprintf(claim, sizeof claim,
             "batch %zu: EI is worse than PI with c = 1, even with the best factor",
             batch_of(work, i));
    plot_figure_add(work, name, claim, found, NAN, found.low > 1.0,
                    "training loss of EI with c = %g over that of PI with c = 1, paired over "
                    "%zu seeds; it must exceed 1",
                    factors[best], r->S);
}

static meka_status conclude(plot_figure_work *work, meka_error *err)
{
    (void)err;
    plot_figure_note(work,
                     "Runs of %zu that diverge (are not finite, or end above their start):",
                     work->results[0].S);
    for (size_t i = 0; i < N_EXPERIMENTS; i++) {
        for (size_t rule = 0; rule < work->results[i].K / N_FACTORS; rule++) {
            plot_figure_note(work, "\nbatch %3zu, %-21s", batch_of(work, i), labels[rule]);
            for (size_t k = 0; k < N_FACTORS; k++)
                plot_figure_note(
                    work, "  c = %g: %zu", factors[k],
                    plot_results_diverged(&work->results[i], curve_of(rule, k), 0));
        }
        add_one_is_best(work, i, PI);
        add_smaller_is_better(work, i, QUADRATIC);
        add_smaller_is_better(work, i, EI);
        add_ei_is_worse(work, i);
    }
    add_one_is_best(work, 0, DEFAULT);
    return MEKA_OK;
}

const plot_figure plot_figure_6 = {
    .name = "6",
    .file = "figure6",
    .title = "Factors c on the step sizes that the rules choose, theta += c a d.",
    .caption = "A perceptron of 12730 parameters on 1000 built-in images. As printed: the "
               "preset paper with start=observation\n"
               "smoothing=0, the setting of figures 1 and 4, with three rules; last, the "
               "default options. Above: training loss, batch\n"
               "64, medians and bands from the 10% to the 90% quantile over repetitions. "
               "Below: the geometric mean of the training\n"
               "loss over the second half of the iterations against c, with 95% intervals, for "
               "batches of 64 and 32; a cross: some run\n"
               "diverges. The paper finds c = 1 best for PI, and smaller factors for the "
               "quadratic rule and EI. With --full the\n"
               "networks are larger, on 2000 images.",
    .script = figure6_gp,
    .images = true,
    .experiment = experiments,
    .n_experiments = N_EXPERIMENTS,
    .write = write,
    .conclude = conclude,
};
