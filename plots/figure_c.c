/* Figure C: is the filter as uncertain as it says?  It claims grad f(theta_t) ~ N(m, P) with
 * P = c I; the measures compare that with the gradient over the whole population, over which
 * the problems here can be summed.  tests/test_filter_calibration.c tests the same where the
 * path does not depend on what was observed; here it does. */
#include "plots/figures.h"

#include "figure_c_gp.h"

#include <math.h>

/* ------------------------------------------------------------------- measures */

static double dot(size_t d, const double *a, const double *b)
{
    double sum = 0.0;
    for (size_t j = 0; j < d; j++)
        sum += a[j] * b[j];
    return sum;
}

static double square_distance(size_t d, const double *a, const double *b)
{
    double sum = 0.0;
    for (size_t j = 0; j < d; j++)
        sum += (a[j] - b[j]) * (a[j] - b[j]);
    return sum;
}

static double error(const plot_point *x)
{
    return square_distance(x->d, x->estimate, x->exact) / ((double)x->d * x->row->p);
}

/* e = g - m- has the covariance P- + Sigma.  With m = m- + K e, K = P-/(P- + Sigma):
 * e = (g - m)/(1 - K) and P- + Sigma = Sigma/(1 - K). */
static double innovation(const plot_point *x)
{
    double remainder = 1.0 - x->row->gain;
    return square_distance(x->d, x->gradient, x->estimate) /
           ((double)x->d * remainder * x->row->sigma);
}

static double axes(const plot_point *x)
{
    size_t n = 0;
    for (size_t j = 0; j < x->d; j++)
        n += fabs(x->estimate[j] - x->exact[j]) <= 2.0 * sqrt(x->row->p);
    return (double)n / (double)x->d;
}

/* The slope along the step's direction -m, claimed to be m.m within sqrt(m'P m). */
static double along(const plot_point *x)
{
    double claimed = dot(x->d, x->estimate, x->estimate),
           slope = dot(x->d, x->estimate, x->exact);
    return fabs(claimed - slope) <= 2.0 * sqrt(x->row->p * claimed) ? 1.0 : 0.0;
}

static double slope(const plot_point *x)
{
    return dot(x->d, x->estimate, x->exact) / dot(x->d, x->estimate, x->estimate);
}

static double factor(const plot_point *x)
{
    return x->row->calibration;
}

static double excess(const plot_point *x)
{
    return factor(x) - slope(x);
}

static const plot_measure measures[] = {
    {"error", "|m - grad f|^2 / (d P): 1 where the filter is as wrong as it says", error, true,
     false},
    {"innovation", "|g - m-|^2 / (d (P- + Sigma)): the same of the innovation", innovation,
     false, false},
    {"axes", "share of the d partial derivatives within m_j +- 2 sqrt(P)", axes, true, false},
    {"along", "share of runs in which the slope along m is within m.m +- 2 sqrt(m'P m)", along,
     true, false},
    {"slope", "m.grad f / m.m: true slope over claimed slope A", slope, true, false},
    {"factor", "A'/A: what the calibration takes that to be", factor, false, false},
    {"excess", "their difference", excess, true, false},
};
enum { ERROR, INNOVATION, AXES, ALONG, SLOPE, FACTOR, EXCESS, N_MEASURES };

/* ---------------------------------------------------------------- experiments */

static const plot_curve curves[] = {
    {"default", "meka", NULL, NULL},
    {"paper", "meka", "preset=paper", NULL},
};
enum { DEFAULT, PAPER, N_CURVES };

#define EXPERIMENT(id, problem_, options, seeds)                                               \
    static const plot_experiment id = {                                                        \
        .name = "figureC-" #id,                                                                \
        .problem = problem_,                                                                   \
        .size = {options, 32, seeds, 1000, 40},                                                \
        .full = {options, 32, 4 * (seeds), 10000, 60},                                         \
        .n_curves = N_CURVES,                                                                  \
        .curve = curves,                                                                       \
        .n_measures = N_MEASURES,                                                              \
        .measure = (const plot_measure *const[]){&measures[0], &measures[1], &measures[2],     \
                                                 &measures[3], &measures[4], &measures[5],     \
                                                 &measures[6]},                                \
    }

/* More runs where a few directions have all of the noise. */
EXPERIMENT(sphere, "noisy-quadratic", "dim=20 condition=1 noise=1", 60);
EXPERIMENT(quadratic, "noisy-quadratic", "dim=20 condition=2000 noise=1", 150);
EXPERIMENT(hessian, "noisy-hessian", "dim=20 condition=100 noise=1 hessian-noise=2", 50);
EXPERIMENT(rosenbrock, "rosenbrock", "dim=10 noise=0.5", 60);
EXPERIMENT(logistic, "logistic", "rows=2000 dim=50 condition=10", 60);

static const plot_experiment *const experiments[] = {&sphere, &quadratic, &hessian, &rosenbrock,
                                                     &logistic};
static const char *const keys[] = {"sphere", "quadratic", "hessian", "rosenbrock", "logistic"};
static const char *const titles[] = {"quadratic, condition 1", "quadratic, condition 2000",
                                     "noisy Hessian", "Rosenbrock, d = 10", "logistic, d = 50"};
enum { N_EXPERIMENTS = sizeof experiments / sizeof experiments[0] };

/* ----------------------------------------------------------------------- data */

/* Shares: mean over runs and two standard errors; else median and quantiles. */
static void summarize(const plot_results *r, size_t k, size_t c, size_t m, double *out)
{
    if (m != AXES && m != ALONG) {
        out[0] = plot_results_quantile(r, k, c, m, 0.5);
        out[1] = plot_results_quantile(r, k, c, m, 0.1);
        out[2] = plot_results_quantile(r, k, c, m, 0.9);
        return;
    }
    double sum = 0.0, squares = 0.0, n = (double)r->S;
    for (size_t s = 0; s < r->S; s++) {
        double x = plot_results_at(r, k, s, c, m);
        sum += x;
        squares += x * x;
    }
    double mean = sum / n,
           width = n > 1.0 ? 2.0 * sqrt(fmax(squares / n - mean * mean, 0.0) / (n - 1.0)) : 0.0;
    out[0] = mean;
    out[1] = fmax(mean - width, 0.0);
    out[2] = fmin(mean + width, 1.0);
}

static void write_block(FILE *stream, const plot_experiment *row,
                        const plot_experiment_config *config, const plot_results *r)
{
    plot_results_write_head(stream, row, config, r);
    fputs("t", stream);
    for (size_t k = 0; k < r->K; k++)
        for (size_t m = 0; m < r->M; m++)
            fprintf(stream, "\t%s_%s\t%s_%s_low\t%s_%s_high", curves[k].key, measures[m].key,
                    curves[k].key, measures[m].key, curves[k].key, measures[m].key);
    fputc('\n', stream);
    for (size_t c = 0; c < r->C; c++) {
        fprintf(stream, "%.0f", r->t[c]);
        for (size_t k = 0; k < r->K; k++)
            for (size_t m = 0; m < r->M; m++) {
                double x[3];
                summarize(r, k, c, m, x);
                for (size_t i = 0; i < 3; i++) {
                    fputc('\t', stream);
                    if (isfinite(x[i]))
                        fprintf(stream, "%.9g", x[i]);
                    else
                        fputs("nan", stream);
                }
            }
        fputc('\n', stream);
    }
}

static meka_status write(plot_figure_work *work, FILE *stream, meka_error *err)
{
    const plot_experiment_config config = {.seed = work->config->seed,
                                           .full = work->config->full};
    (void)err;
    fputs(
        "# Figure C: a block for every problem, two empty lines apart\n# axes, along: mean "
        "over "
        "repetitions, low and high two standard errors away\n# the others: median, 0.1 and 0.9 "
        "quantiles over repetitions; nan: not finite\n",
        stream);
    for (size_t i = 0; i < N_EXPERIMENTS; i++) {
        if (i > 0)
            fputs("\n\n", stream);
        write_block(stream, experiments[i], &config, &work->results[i]);
    }
    return MEKA_OK;
}

/* ------------------------------------------------------------------- findings */

/* What each measure must be, averaged over the last nine tenths of a run, for the claims of the
 * default options to be called right. */
static const struct {
    const char *name, *claim;
    size_t m;
    double low, high, expected;
    const char *detail;
} checks[] = {
    {"error", "the filter's error is as large as it says", ERROR, 1.0 / 1.5, 1.5, 1.0,
     "|m - grad f|^2/(d P)"},
    {"axes", "m_j +- 2 sqrt(P) holds the partial derivatives", AXES, 0.9, 0.98, 0.9544997,
     "share of the d that it holds"},
    {"along", "m.m +- 2 sqrt(m'P m) holds the slope along the step", ALONG, 0.9, 0.98,
     0.9544997, "share of iterations in which it does"},
    {"factor", "the calibrated slope A' is no larger than the true one", EXCESS, -INFINITY, 0.0,
     NAN, "A'/A minus true slope over claimed slope A"},
};
enum { N_CHECKS = sizeof checks / sizeof checks[0] };

static plot_interval late(const plot_figure_work *work, size_t i, size_t k, size_t m)
{
    const plot_results *r = &work->results[i];
    double T = r->t[r->C - 1];
    const plot_bootstrap how = {0.95, 2000, work->config->seed,
                                300 + (i * N_CURVES + k) * N_MEASURES + m};
    const plot_window window = {k, m, 0.1 * T, T};
    return plot_window_mean(r, &window, &how);
}

static void add_checks(plot_figure_work *work, size_t i)
{
    char name[40], claim[160];
    const plot_results *r = &work->results[i];
    for (size_t j = 0; j < N_CHECKS; j++) {
        plot_interval found = late(work, i, DEFAULT, checks[j].m);
        snprintf(name, sizeof name, "%s-%s", checks[j].name, keys[i]);
        snprintf(claim, sizeof claim, "%s: %s", titles[i], checks[j].claim);
        plot_figure_add(
            work, name, claim, found, checks[j].expected,
            found.low >= checks[j].low && found.high <= checks[j].high,
            "%s, default options, steps %.0f to %.0f, mean over %zu repetitions; it "
            "must lie in [%.3g, %.3g]",
            checks[j].detail, 0.1 * r->t[r->C - 1], r->t[r->C - 1], r->S, checks[j].low,
            checks[j].high);
    }
}

static void note_row(plot_figure_work *work, size_t i, size_t k)
{
    static const size_t shown[] = {ERROR, INNOVATION, AXES, ALONG, SLOPE, FACTOR};
    const plot_results *r = &work->results[i];
    plot_figure_note(work, "\n%-28s %-8s", titles[i], curves[k].key);
    size_t n_lost = 0;
    for (size_t s = 0; s < r->S; s++)
        n_lost += r->lost[k * r->S + s];
    for (size_t j = 0; j < sizeof shown / sizeof shown[0] && n_lost == 0; j++)
        plot_figure_note(work, " %10.3g", late(work, i, k, shown[j]).value);
    if (n_lost > 0)
        plot_figure_note(work, " %zu of %zu runs did not stay finite", n_lost, r->S);
}

static meka_status conclude(plot_figure_work *work, meka_error *err)
{
    (void)err;
    plot_figure_note(
        work,
        "Means over the last nine tenths of the iterations (error and innovation: of "
        "the squares over what is claimed):\n%-28s %-8s %10s %10s %10s %10s %10s %10s",
        "problem", "options", "error", "innovation", "partials", "along -m", "slope/A", "A'/A");
    for (size_t i = 0; i < N_EXPERIMENTS; i++) {
        for (size_t k = 0; k < N_CURVES; k++)
            note_row(work, i, k);
        add_checks(work, i);
    }
    plot_interval found = late(work, 0, DEFAULT, INNOVATION);
    plot_figure_add(work, "innovation-sphere",
                    "quadratic, condition 1: innovations are as large as the filter says",
                    found, 1.0, found.low >= 0.9 && found.high <= 1.1,
                    "|g - m-|^2/(d (P- + Sigma)); it must lie in [0.9, 1.1]");
    return MEKA_OK;
}

const plot_figure plot_figure_c = {
    .name = "C",
    .file = "figureC",
    .title = "The gradient filter's errors beside what it claims of them.",
    .caption =
        "The filter claims grad f(theta_t) ~ N(m, P), P = c I, and the step sizes rest "
        "on that. Batch 32; every repetition has\n"
        "its own samples. Top: the squared error of m over what P says. Middle: how "
        "often two standard deviations hold the\n"
        "true value, nominally 95%: thick, the d partial derivatives; thin, the slope "
        "along the step's own direction -m, which\n"
        "is not independent of the error of m. Bottom, with the default options: the "
        "true slope along -m over A = m.m, which\n"
        "the filter claims (grey), and the factor A'/A by which the calibration takes "
        "it to be smaller.\n"
        "Where the Hessian is constant in theta (quadratics) errors are as claimed, "
        "though along -m only where the noise has no\npreferred direction (condition 1); "
        "on Rosenbrock's function it changes within a step, of which the filter "
        "knows\nnothing, "
        "and it is overconfident. The calibration errs on the safe side: near the "
        "optimum of a quadratic A'/A falls\nto 0, since no slope is significant there.\n"
        "Errors and slopes: medians, bands the 10% and 90% quantiles over repetitions; "
        "coverages: means, bands two standard\n"
        "errors. Curves end where runs are no longer finite.",
    .script = figure_c_gp,
    .experiment = experiments,
    .n_experiments = N_EXPERIMENTS,
    .write = write,
    .conclude = conclude,
};
