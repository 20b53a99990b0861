/* Figures 1, 3 and C: what they measure, and that their verdicts follow from the data. */
#include "tests/figure_fixture.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <stdio.h>
#include <stdlib.h>

static const plot_figure_config small = {.directory = "", .seed = 2, .seeds = 30, .jobs = 2};

/* The figure's experiments, not its files.  Owned. */
static plot_figure_work *run(const plot_figure *figure, size_t seeds)
{
    plot_figure_work *work = calloc(1, sizeof *work);
    work->figure = figure;
    work->config = &small;
    const plot_experiment_config config = {.seed = small.seed, .seeds = seeds, .jobs = 2};
    meka_error err = {0};
    for (size_t i = 0; i < figure->n_experiments; i++)
        assert_ok(plot_experiment_run(&work->results[i], figure->experiment[i], &config, &err),
                  err);
    return work;
}

/* The numbers of a line, tabs between them, at most n; returns how many. */
static size_t read_row(const char *line, size_t n, double *value)
{
    for (size_t i = 0; i < n; i++) {
        char *end;
        value[i] = strtod(line, &end);
        if (end == line)
            return i;
        if (*end != '\t')
            return i + 1;
        line = end + 1;
    }
    return n;
}

/* ------------------------------------------------------------------- figure 1 */

START_TEST(figure_1_finds_diffusion_and_convergence_and_not_what_the_data_do_not_show)
{
    const plot_figure *figure = find("1");
    const plot_experiment *x = figure->experiment[0];
    plot_figure_work *work = run(figure, 0);
    plot_results *r = &work->results[0];
    static const char *const names[] = {"sgd-diffuses",          "meka-converges",
                                        "meka-ends-closer",      "meka-is-smooth",
                                        "adaptive-sgd-is-noise", "adaptive-meka-arrives-first"};
    conclude(work);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_passed(work, names[i], true);
    /* SGD in MEKA's place, and the other way round. */
    size_t sgd = curve(x, "sgd"), meka = curve(x, "meka"), n = r->S * r->C * r->M;
    for (size_t i = 0; i < n; i++) {
        double kept = r->value[sgd * n + i];
        r->value[sgd * n + i] = r->value[meka * n + i];
        r->value[meka * n + i] = kept;
    }
    conclude(work);
    for (size_t i = 0; i < 4; i++)
        assert_passed(work, names[i], false);
    scale(r, curve(x, "meka_adaptive"), measure(x, "square"), 1e4);
    conclude(work);
    assert_passed(work, "adaptive-meka-arrives-first", false);
    assert_passed(work, "adaptive-meka-ends-as-close", false);
    clear(work);
}
END_TEST

START_TEST(the_paths_of_figure_1_are_as_long_as_their_pieces)
{
    const plot_figure *figure = find("1");
    const plot_experiment *x = figure->experiment[0];
    plot_figure_work *work = run(figure, 2);
    const plot_results *r = &work->results[0];
    size_t first = measure(x, "x"), second = measure(x, "y"), length = measure(x, "length"),
           square = measure(x, "square");
    for (size_t k = 0; k < r->K; k++)
        for (size_t c = 0; c + 1 < r->C; c++) {
            double at[2] = {plot_results_at(r, k, 1, c, first),
                            plot_results_at(r, k, 1, c, second)};
            double next[2] = {plot_results_at(r, k, 1, c + 1, first),
                              plot_results_at(r, k, 1, c + 1, second)};
            ck_assert_double_eq(r->t[c + 1], r->t[c] + 1.0);
            assert_scaled(plot_results_at(r, k, 1, c, length),
                          hypot(next[0] - at[0], next[1] - at[1]), hypot(at[0], at[1]) + 1.0,
                          16);
            assert_scaled(plot_results_at(r, k, 1, c, square), at[0] * at[0] + at[1] * at[1],
                          at[0] * at[0] + at[1] * at[1], 4);
        }
    clear(work);
}
END_TEST

START_TEST(the_contours_of_figure_1_are_level_lines)
{
    const plot_figure *figure = find("1");
    plot_figure_work *work = run(figure, 2);
    char *text = NULL, *rest = NULL;
    size_t size = 0, n = 0;
    FILE *stream = open_memstream(&text, &size);
    meka_error err = {0};
    assert_ok(figure->write(work, stream, &err), err);
    fclose(stream);
    const prob_problem *row;
    prob_instance problem;
    assert_ok(prob_problem_find(&row, "noisy-quadratic", &err), err);
    assert_ok(prob_create(&problem, row,
                          &(prob_request){.settings = figure->experiment[0]->size.options,
                                          .seed = small.seed},
                          &err),
              err);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        double value[4];
        if (read_row(line, 4, value) != 3)
            continue;
        const double *H = problem.hessian, level = value[0], x = value[1], y = value[2];
        double f = 0.5 * (x * (H[0] * x + H[1] * y) + y * (H[2] * x + H[3] * y));
        ck_assert_double_eq_tol(f, level, 1e-4 * level); /* written with six digits */
        n++;
    }
    ck_assert_uint_ge(n, 1000);
    prob_destroy(&problem);
    free(text);
    clear(work);
}
END_TEST

/* ------------------------------------------------------------------- figure 3 */

/* -mu/sqrt V for C = 0 */
static double certainty(double B, double p, double q, double s, double a)
{
    return (a - 0.5 * B * a * a) / sqrt(2.0 * s + p * a * a + 0.25 * q * a * a * a * a);
}

/* The best of many steps: geometrically 1% apart, so that it is so far from the maximizer. */
static double scan(double B, double p, double q, double s)
{
    double best = 0.0, value = 0.0;
    for (int i = 0; i < 3300; i++) { /* to 1.8e10 */
        double a = 1e-4 * pow(1.01, i);
        if (certainty(B, p, q, s, a) > value) {
            value = certainty(B, p, q, s, a);
            best = a;
        }
    }
    return best;
}

START_TEST(the_steps_that_figure_3_finds_for_pi_are_those_of_a_search)
{
    plot_figure_work *work = run(find("3"), 0);
    conclude(work);
    for (int sign = 1; sign >= -1; sign -= 2) {
        double low = INFINITY, high = 0.0, log_sum = 0.0;
        for (int i = 0; i < 729; i++) {
            const int power[3] = {i % 9 - 4, i / 9 % 9 - 4, i / 81 - 4};
            double a =
                scan(sign, pow(10.0, power[0]), pow(10.0, power[1]), pow(10.0, power[2]));
            low = fmin(low, a);
            high = fmax(high, a);
            log_sum += log(a);
        }
        const plot_finding *x =
            finding(work, sign > 0 ? "pi-interpolates" : "pi-exists-for-negative");
        ck_assert(x->passed);
        ck_assert_double_eq_tol(x->low, low, 0.011 * low);
        ck_assert_double_eq_tol(x->high, high, 0.011 * high);
        ck_assert_double_eq_tol(log(x->value), log_sum / 729.0, 0.011);
    }
    clear(work);
}
END_TEST

/* The curves of one panel, [n][6]: a, mean, sd, PI, EI, bound. */
static size_t read_curves(const char *text, size_t panel, double (*row)[6])
{
    for (size_t i = 0; i <= panel; i++)
        text = strstr(text + 1, "\na\tmean\tsd\t");
    text = strchr(text + 1, '\n') + 1;
    size_t n = 0;
    for (; *text != '\n'; text = strchr(text, '\n') + 1, n++)
        ck_assert_uint_eq(read_row(text, 6, row[n]), 6);
    return n;
}

START_TEST(the_curves_of_figure_3_are_of_the_normal_model_and_its_marks_at_their_tops)
{
    plot_figure_work *work = run(find("3"), 0);
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    meka_error err = {0};
    assert_ok(work->figure->write(work, stream, &err), err);
    fclose(stream);
    const char *marks = text;
    for (size_t panel = 0; panel < 3; panel++) {
        double row[400][6], chosen = 0.0;
        size_t n = read_curves(text, panel, row), top = 0;
        for (size_t i = 0; i < n; i++) {
            double mean = row[i][1], sd = row[i][2], z = -mean / sd;
            ck_assert_double_eq_tol(row[i][3], gsl_cdf_ugaussian_P(z), 1e-7);
            ck_assert_double_eq_tol(
                row[i][4], -mean * gsl_cdf_ugaussian_P(z) + sd * gsl_ran_ugaussian_pdf(z),
                1e-7);
            top = row[i][3] > row[top][3] ? i : top;
        }
        marks = strstr(marks + 1, "\npi\t");
        ck_assert_uint_eq(read_row(marks + strlen("\npi\t"), 1, &chosen), 1);
        ck_assert_double_eq_tol(chosen, row[top][0], 1.01 * row[1][0]);
    }
    free(text);
    clear(work);
}
END_TEST

/* ------------------------------------------------------------------- figure C */

START_TEST(the_measures_of_figure_C_are_those_of_their_names)
{
    const plot_experiment *x = find("C")->experiment[0];
    /* K = 1/4: with P- = 1, Sigma = 3 and P = 3/4; m- = (1, 0), e = (8, 4), m = (3, 1). */
    const double m[2] = {3.0, 1.0}, g[2] = {9.0, 4.0}, exact[2] = {1.0, 1.5};
    const opt_row row = {.p = 0.75, .gain = 0.25, .sigma = 3.0, .calibration = 0.5};
    const plot_point point = {
        .row = &row, .d = 2, .estimate = m, .gradient = g, .exact = exact};
    const struct {
        const char *key;
        double value;
    } expected[] = {
        {"error", (4.0 + 0.25) / (2.0 * 0.75)},
        {"innovation", (64.0 + 16.0) / (2.0 * 4.0)},
        {"axes", 0.5},  /* |2|, |0.5| of 1.73 */
        {"along", 0.0}, /* |10 - 4.5| of 2 sqrt(7.5) = 5.48 */
        {"slope", 0.45},
        {"factor", 0.5},
        {"excess", 0.05},
    };
    ck_assert_uint_eq(x->n_measures, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < x->n_measures; i++)
        assert_scaled(x->measure[measure(x, expected[i].key)]->value(&point), expected[i].value,
                      expected[i].value + 1.0, expected[i].key[0] == 'i' ? 64 : 8);
    const double nearer[2] = {1.02, 1.5};
    const plot_point covered = {
        .row = &row, .d = 2, .estimate = m, .gradient = g, .exact = nearer};
    ck_assert_double_eq(x->measure[measure(x, "along")]->value(&covered), 1.0);
}
END_TEST

START_TEST(figure_C_calls_the_filter_right_where_its_model_holds_and_wrong_claims_wrong)
{
    const plot_figure *figure = find("C");
    const plot_experiment *x = figure->experiment[0];
    plot_figure_work *work = run(figure, 30);
    plot_results *r = &work->results[0];
    static const char *const names[] = {"error-sphere", "axes-sphere", "innovation-sphere",
                                        "factor-sphere"};
    conclude(work);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_passed(work, names[i], true);
    /* The model does not hold: the Hessian changes within a step. */
    assert_passed(work, "error-rosenbrock", false);
    assert_passed(work, "axes-rosenbrock", false);

    size_t k = curve(x, "default");
    scale(r, k, measure(x, "error"), 2.0);
    scale(r, k, measure(x, "axes"), 0.9);
    scale(r, k, measure(x, "innovation"), 0.8);
    scale(r, k, measure(x, "excess"), -1.0);
    conclude(work);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_passed(work, names[i], false);
    clear(work);
}
END_TEST

START_TEST(a_lost_run_makes_no_finding_of_figure_C_hold)
{
    plot_figure_work *work = run(find("C"), 3);
    plot_results *r = &work->results[0];
    ck_assert(r->lost && r->value);
    r->lost[1] = true;
    for (size_t i = 0; i < r->C * r->M; i++)
        r->value[r->C * r->M + i] = INFINITY;
    conclude(work);
    assert_passed(work, "error-sphere", false);
    assert_passed(work, "axes-sphere", false);
    ck_assert_ptr_nonnull(strstr(work->note, "1 of 3 runs did not stay finite"));
    clear(work);
}
END_TEST

TEST_MAIN("figure_findings",
          figure_1_finds_diffusion_and_convergence_and_not_what_the_data_do_not_show,
          the_paths_of_figure_1_are_as_long_as_their_pieces,
          the_contours_of_figure_1_are_level_lines,
          the_steps_that_figure_3_finds_for_pi_are_those_of_a_search,
          the_curves_of_figure_3_are_of_the_normal_model_and_its_marks_at_their_tops,
          the_measures_of_figure_C_are_those_of_their_names,
          figure_C_calls_the_filter_right_where_its_model_holds_and_wrong_claims_wrong,
          a_lost_run_makes_no_finding_of_figure_C_hold)
