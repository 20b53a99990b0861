/* Figure 1: trajectories on the noisy quadratic in two dimensions, eq. 14.  Every repetition
 * has the same start and, for all methods, the same samples. */
#include "plots/figures.h"

#include "figure1_gp.h"

#include <math.h>

/* L = 1, so that alpha=0.5 is the step 0.5/L. */
static const plot_curve curves[] = {
    {"sgd", "sgd", "alpha=0.5", NULL},
    {"sgd_adaptive", "sgd", "rule=quadratic", NULL},
    {"meka", "meka", "preset=paper start=observation rule=fixed alpha=0.5", NULL},
    {"meka_adaptive", "meka", "preset=paper start=observation smoothing=0", NULL},
};
enum { SGD, SGD_ADAPTIVE, MEKA, MEKA_ADAPTIVE, N_CURVES };

static double theta_0(const plot_point *point)
{
    return point->theta[0];
}
static double theta_1(const plot_point *point)
{
    return point->theta[1];
}
/* The minimum lies at 0. */
static double square(const plot_point *point)
{
    return point->theta[0] * point->theta[0] + point->theta[1] * point->theta[1];
}
/* Of the step that leads away from theta_t, d = -m or -g times the step size. */
static double length(const plot_point *point)
{
    return point->row->alpha * hypot(point->estimate[0], point->estimate[1]);
}

static const plot_measure measures[] = {
    {"x", "theta_0 of theta_t", theta_0, false, false},
    {"y", "theta_1 of theta_t", theta_1, false, false},
    {"square", "|theta_t - theta*|^2", square, false, false},
    {"length", "|theta_t+1 - theta_t|", length, false, false},
};
enum { X, Y, SQUARE, LENGTH, N_MEASURES };

#define PROBLEM "dim=2 condition=5 noise=1 start=10"

static const plot_experiment experiment = {
    .name = "figure1",
    .problem = "noisy-quadratic",
    .size = {PROBLEM, 4, 200, 400, 400},
    .full = {PROBLEM, 4, 400, 1600, 1600},
    .linear = true,
    .n_curves = N_CURVES,
    .curve = curves,
    .n_measures = N_MEASURES,
    .measure = (const plot_measure *const[]){&measures[X], &measures[Y], &measures[SQUARE],
                                             &measures[LENGTH]},
};

/* ----------------------------------------------------------------------- data */

/* Contours of 0.5 theta'H theta: along eigenvector k an ellipse of level c has the half axis
 * sqrt(2 c / lambda_k).  Every level is 4 times the one before. */
static void write_contours(FILE *stream, const prob_instance *problem)
{
    enum { LEVELS = 8, CORNERS = 180 };
    const double pi = 3.14159265358979323846;
    const double *v = problem->eigenvector, *lambda = problem->eigenvalue;
    fputs("# contours of f - f*: a closed line for every level\nlevel\tx\ty\n", stream);
    for (int i = 0; i < LEVELS; i++) {
        double level = 0.01 * pow(4.0, i);
        for (int k = 0; k <= CORNERS; k++) {
            double angle = 2.0 * pi * k / CORNERS,
                   a = sqrt(2.0 * level / lambda[0]) * cos(angle),
                   b = sqrt(2.0 * level / lambda[1]) * sin(angle);
            fprintf(stream, "%.6g\t%.6g\t%.6g\n", level, a * v[0] + b * v[2],
                    a * v[1] + b * v[3]);
        }
        fputc('\n', stream);
    }
}

/* The first repetition of every method. */
static void write_paths(FILE *stream, const plot_results *r)
{
    fputs("# trajectories of the first repetition\nt", stream);
    for (size_t k = 0; k < r->K; k++)
        fprintf(stream, "\t%s_x\t%s_y", curves[k].key, curves[k].key);
    fputc('\n', stream);
    for (size_t c = 0; c < r->C; c++) {
        fprintf(stream, "%.0f", r->t[c]);
        for (size_t k = 0; k < r->K; k++)
            fprintf(stream, "\t%.9g\t%.9g", plot_results_at(r, k, 0, c, X),
                    plot_results_at(r, k, 0, c, Y));
        fputc('\n', stream);
    }
}

static meka_status write(plot_figure_work *work, FILE *stream, meka_error *err)
{
    const plot_figure_config *from = work->config;
    const plot_experiment_config config = {.seed = from->seed, .full = from->full};
    const prob_problem *row;
    prob_instance problem;
    meka_status status = prob_problem_find(&row, experiment.problem, err);
    if (!status)
        status = prob_create(&problem, row,
                             &(prob_request){.settings = PROBLEM, .seed = from->seed}, err);
    if (status)
        return status;
    fputs("# Figure 1: three blocks, two empty lines apart: contours, trajectories, distances "
          "over repetitions\n",
          stream);
    write_contours(stream, &problem);
    fputs("\n", stream);
    write_paths(stream, &work->results[0]);
    fputs("\n\n", stream);
    plot_results_write(stream, &experiment, &config, &work->results[0]);
    prob_destroy(&problem);
    return MEKA_OK;
}

/* ------------------------------------------------------------------- findings */

/* Which ratio of two windows, as fractions of the number of steps, must lie where. */
static const struct {
    const char *name, *claim;
    struct {
        size_t k, m;
        double from, to;
    } a, b;
    double low, high, expected;
    const char *detail;
} ratios[] = {
    {"sgd-diffuses",
     "SGD with a constant step no longer approaches the optimum",
     {SGD, SQUARE, 0.5, 1.0},
     {SGD, SQUARE, 0.125, 0.25},
     0.8,
     1.25,
     1.0,
     "mean squared distance in steps T/2 to T over that in T/8 to T/4"},
    {"meka-converges",
     "MEKA with the same step and samples goes on approaching it, as 1/t",
     {MEKA, SQUARE, 0.5, 1.0},
     {MEKA, SQUARE, 0.125, 0.25},
     0.15,
     0.4,
     0.25,
     "mean squared distance in steps T/2 to T over that in T/8 to T/4"},
    {"meka-ends-closer",
     "MEKA ends closer to the optimum than SGD with the same step",
     {MEKA, SQUARE, 0.5, 1.0},
     {SGD, SQUARE, 0.5, 1.0},
     0.0,
     0.5,
     NAN,
     "ratio of the mean squared distances in steps T/2 to T"},
    {"meka-is-smooth",
     "MEKA's path is shorter than that of SGD with the same step",
     {MEKA, LENGTH, 0.0, 1.0},
     {SGD, LENGTH, 0.0, 1.0},
     0.0,
     0.5,
     NAN,
     "ratio of the lengths of the whole paths"},
    {"adaptive-sgd-is-noise",
     "SGD with adaptive steps does not end closer than with constant ones",
     {SGD_ADAPTIVE, SQUARE, 0.5, 1.0},
     {SGD, SQUARE, 0.5, 1.0},
     1.0,
     INFINITY,
     NAN,
     "ratio of the mean squared distances in steps T/2 to T"},
    {"adaptive-meka-ends-as-close",
     "MEKA with adaptive steps ends as close as with constant ones",
     {MEKA_ADAPTIVE, SQUARE, 0.5, 1.0},
     {MEKA, SQUARE, 0.5, 1.0},
     0.0,
     1.25,
     NAN,
     "ratio of the mean squared distances in steps T/2 to T"},
    {"adaptive-meka-arrives-first",
     "MEKA with adaptive steps arrives sooner than with constant ones",
     {MEKA_ADAPTIVE, SQUARE, 0.0, 0.05},
     {MEKA, SQUARE, 0.0, 0.05},
     0.0,
     1.0,
     NAN,
     "ratio of the mean squared distances in steps 0 to T/20"},
};

static meka_status conclude(plot_figure_work *work, meka_error *err)
{
    static const char *const names[] = {"SGD", "SGD adaptive", "MEKA", "MEKA adaptive"};
    const plot_results *r = &work->results[0];
    double T = r->t[r->C - 1];
    (void)err;
    plot_figure_note(work,
                     "Length of the path over T = %.0f steps, in units of |theta_0 - theta*|, "
                     "mean over repetitions:\n",
                     T);
    for (size_t k = 0; k < N_CURVES; k++) {
        const plot_bootstrap how = {0.95, 1000, work->config->seed, 200 + k};
        const plot_window path = {k, LENGTH, 0.0, T};
        plot_figure_note(work, "%s%s %.3g", k ? ", " : "", names[k],
                         plot_window_mean(r, &path, &how).value * (T + 1.0) /
                             sqrt(plot_results_at(r, k, 0, 0, SQUARE)));
    }
    plot_figure_note(work, ".");
    for (size_t i = 0; i < sizeof ratios / sizeof ratios[0]; i++) {
        const plot_window a = {ratios[i].a.k, ratios[i].a.m, ratios[i].a.from * T,
                               ratios[i].a.to * T};
        const plot_window b = {ratios[i].b.k, ratios[i].b.m, ratios[i].b.from * T,
                               ratios[i].b.to * T};
        plot_interval ratio = plot_window_ratio(r, &a, &b, 0.95);
        plot_figure_add(work, ratios[i].name, ratios[i].claim, ratio, ratios[i].expected,
                        ratio.low >= ratios[i].low && ratio.high <= ratios[i].high,
                        "%s, T = %.0f, over %zu repetitions; it must lie in [%.3g, %.3g]",
                        ratios[i].detail, T, r->S, ratios[i].low, ratios[i].high);
    }
    return MEKA_OK;
}

const plot_figure plot_figure_1 = {
    .name = "1",
    .file = "figure1",
    .title = "Stochastic gradients end in diffusion, filtered ones converge.",
    .caption = "Noisy quadratic in two dimensions (eq. 14), condition 5, xi ~ N(0, I), batch "
               "4; the same start and the same samples\n"
               "for all. Left: 150 steps of one repetition from the circle, over contours of "
               "f, each 4 times the one inside it.\n"
               "Right: the distance to the optimum, median and the 10% and 90% quantiles over "
               "repetitions. SGD with the constant\n"
               "step 0.5/L wanders around the optimum without end, and adaptive steps "
               "g.g/|g.B g| along its noisy directions make\n"
               "that worse. MEKA with the same step takes a smooth path and goes on "
               "converging; adaptive steps (probability of\n"
               "improvement) take it there sooner. MEKA's adaptive setting is that of figure "
               "4: the preset paper with\n"
               "start=observation smoothing=0.",
    .script = figure1_gp,
    .experiment = (const plot_experiment *const[]){&experiment},
    .n_experiments = 1,
    .write = write,
    .conclude = conclude,
};
