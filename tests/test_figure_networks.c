/* The figures of networks: their verdicts follow from the data, which are made up here, for a
 * network takes a minute. */
#include "plots/figure_d1.h"
#include "tests/figure_fixture.h"

#include <stdio.h>

static const plot_figure_config config = {.directory = "", .seed = 1};

/* ------------------------------------------------------------------- figure 5 */

START_TEST(figure_5_finds_the_factor_that_the_data_have)
{
    const plot_figure *figure = find("5");
    const plot_experiment *x = figure->experiment[0];
    plot_figure_work *work = synthetic(figure, &config);
    plot_results *r = &work->results[0];
    size_t sample = measure(x, "sample_error");
    scale(r, curve(x, "fixed"), sample, 5.0);
    scale(r, curve(x, "adaptive"), sample, 12.0);
    conclude(work);
    assert_passed(work, "nearer-fixed", true);
    ck_assert_double_eq_tol(finding(work, "nearer-fixed")->value, 5.0, 1e-12);
    assert_passed(work, "nearer-adaptive", false);
    ck_assert_double_eq_tol(finding(work, "nearer-adaptive")->value, 12.0, 1e-11);
    assert_passed(work, "nearer-throughout", true);
    ck_assert_double_eq_tol(finding(work, "nearer-throughout")->value, 5.0, 1e-12);

    scale(r, curve(x, "adaptive"), sample, 1.0 / 15.0);
    conclude(work);
    assert_passed(work, "nearer-adaptive", false);
    assert_passed(work, "nearer-throughout", false);
    ck_assert_double_eq_tol(finding(work, "nearer-throughout")->value, 0.8, 1e-12);
    clear(work);
}
END_TEST

START_TEST(one_checkpoint_or_one_lost_run_is_enough_for_figure_5_to_say_so)
{
    const plot_figure *figure = find("5");
    const plot_experiment *x = figure->experiment[0];
    plot_figure_work *work = synthetic(figure, &config);
    plot_results *r = &work->results[0];
    size_t sample = measure(x, "sample_error");
    for (size_t k = 0; k < r->K; k++)
        scale(r, k, sample, 5.0);
    for (size_t s = 0; s < r->S; s++)
        r->value[((1 * r->S + s) * r->C + 7) * r->M + sample] /= 10.0;
    conclude(work);
    assert_passed(work, "nearer-adaptive", true);
    assert_passed(work, "nearer-throughout", false);

    for (size_t i = 0; i < r->C * r->M; i++)
        r->value[r->C * r->M + i] = INFINITY;
    conclude(work);
    assert_passed(work, "nearer-fixed", false);
    assert_passed(work, "nearer-adaptive", true);
    assert_passed(work, "nearer-throughout", false);
    clear(work);
}
END_TEST

/* ------------------------------------------------------------------- figure 6 */

/* Curve KEY ends above its start in its second run. */
static void diverge(plot_results *r, size_t k)
{
    r->value[((k * r->S + 1) * r->C + r->C - 1) * r->M] = 1e9;
}

/* The losses of a rule with the five factors, in their order. */
static void set_losses(plot_figure_work *work, const char *rule, const double *loss)
{
    static const char *const factors[] = {"0.25", "0.5", "1", "1.5", "2"};
    for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++) {
        char key[40];
        snprintf(key, sizeof key, "%s_%s", rule, factors[i]);
        scale(&work->results[0], curve(work->figure->experiment[0], key), 0, loss[i]);
    }
}

START_TEST(figure_6_finds_the_best_factor_of_every_rule)
{
    plot_figure_work *work = synthetic(find("6"), &config);
    static const double one[] = {1.0, 0.9, 0.8, 0.88, 1.0}, half[] = {0.9, 0.7, 0.8, 0.9, 1.0},
                        two[] = {1.0, 0.9, 0.85, 0.83, 0.82};
    set_losses(work, "pi", one);
    set_losses(work, "quadratic", half);
    set_losses(work, "ei", two);
    set_losses(work, "default", two);
    conclude(work);
    assert_passed(work, "pi-one-is-best-large", true);
    ck_assert_double_eq_tol(finding(work, "pi-one-is-best-large")->value, 1.1, 1e-12);
    assert_passed(work, "quadratic-smaller-is-better-large", true);
    ck_assert_double_eq_tol(finding(work, "quadratic-smaller-is-better-large")->value,
                            0.8 / 0.7, 1e-12);
    assert_passed(work, "ei-smaller-is-better-large", false);
    ck_assert_double_eq_tol(finding(work, "ei-smaller-is-better-large")->value, 0.85 / 0.9,
                            1e-12);
    assert_passed(work, "ei-is-worse-large", true);
    ck_assert_double_eq_tol(finding(work, "ei-is-worse-large")->value, 0.82 / 0.8, 1e-12);
    assert_passed(work, "default-one-is-best-large", false);
    ck_assert_double_eq_tol(finding(work, "default-one-is-best-large")->value, 0.82 / 0.85,
                            1e-12);
    /* With the other batch all factors are alike, of which none is the best. */
    assert_passed(work, "pi-one-is-best-small", false);
    assert_passed(work, "quadratic-smaller-is-better-small", false);
    assert_passed(work, "ei-is-worse-small", false);
    clear(work);
}
END_TEST

START_TEST(a_factor_with_which_a_run_diverges_is_the_worst_of_figure_6)
{
    plot_figure_work *work = synthetic(find("6"), &config);
    const plot_experiment *x = work->figure->experiment[0];
    plot_results *r = &work->results[0];
    static const double one[] = {1.0, 0.9, 0.8, 0.88, 1.0};
    set_losses(work, "pi", one);
    set_losses(work, "quadratic", one);
    diverge(r, curve(x, "pi_1.5"));
    diverge(r, curve(x, "quadratic_1"));
    conclude(work);
    assert_passed(work, "pi-one-is-best-large", true);
    ck_assert_double_eq_tol(finding(work, "pi-one-is-best-large")->value, 0.9 / 0.8, 1e-12);
    assert_passed(work, "quadratic-smaller-is-better-large", true);
    ck_assert(isinf(finding(work, "quadratic-smaller-is-better-large")->value));
    ck_assert_ptr_nonnull(strstr(work->note, "c = 0.5: 0  c = 1: 0  c = 1.5: 1"));
    diverge(r, curve(x, "pi_1"));
    conclude(work);
    assert_passed(work, "pi-one-is-best-large", false);
    ck_assert_double_eq(finding(work, "pi-one-is-best-large")->value, 0.0);
    clear(work);
}
END_TEST

/* ------------------------------------------------------------------- figure 7 */

/* Measure m of curve k, from a step on, times factor. */
static void scale_from(plot_results *r, size_t k, size_t m, double from, double factor)
{
    for (size_t s = 0; s < r->S; s++)
        for (size_t c = 0; c < r->C; c++)
            if (r->t[c] >= from)
                r->value[((k * r->S + s) * r->C + c) * r->M + m] *= factor;
}

START_TEST(figure_7_finds_what_rises_after_the_switch_and_what_stays)
{
    plot_figure_work *work = synthetic(find("7"), &config);
    const plot_experiment *x = work->figure->experiment[0];
    plot_results *r = &work->results[0];
    size_t curvature = measure(x, "curvature"), variance = measure(x, "variance");
    scale_from(r, curve(x, "at_100"), curvature, 125.0, 10.0);
    scale_from(r, curve(x, "at_240"), curvature, 250.0, 8.0);
    scale_from(r, curve(x, "at_240"), curvature, 300.0, 1.0 / 8.0);
    scale_from(r, curve(x, "at_0"), variance, 0.0, 3.0);
    scale_from(r, curve(x, "at_0"), measure(x, "loss"), 0.0, 0.5);
    conclude(work);
    assert_passed(work, "curvature-rises-0", false);
    assert_passed(work, "curvature-rises-100", true);
    ck_assert_double_eq_tol(finding(work, "curvature-rises-100")->value, 10.0, 1e-11);
    assert_passed(work, "curvature-rises-240", true);
    assert_passed(work, "curvature-stays-0", false);
    assert_passed(work, "curvature-stays-100", true);
    assert_passed(work, "curvature-stays-240", false);
    assert_passed(work, "variance-stays-0", true);
    assert_passed(work, "variance-stays-100", false);
    assert_passed(work, "adaptive-is-slower", false);
    ck_assert_double_eq_tol(finding(work, "adaptive-is-slower")->value, 0.5, 1e-12);
    scale(r, curve(x, "at_0"), measure(x, "loss"), 3.0);
    conclude(work);
    assert_passed(work, "adaptive-is-slower", true);
    clear(work);
}
END_TEST

START_TEST(the_measures_of_figure_7_are_those_of_their_names)
{
    const plot_experiment *x = find("7")->experiment[0];
    const opt_row row = {.curvature = -18.0, .direction_norm = 3.0, .sigma = 0.25};
    const plot_point point = {.row = &row, .d = 2, .batch = 8};
    ck_assert_double_eq(x->measure[measure(x, "curvature")]->value(&point), 2.0);
    ck_assert_double_eq(x->measure[measure(x, "variance")]->value(&point), 2.0);
}
END_TEST

/* ------------------------------------------------------------------- figure F */

START_TEST(figure_F_compares_the_worst_coefficient_with_the_best)
{
    plot_figure_work *work = synthetic(find("F"), &config);
    const plot_experiment *x = work->figure->experiment[0];
    plot_results *r = &work->results[0];
    scale(r, curve(x, "default_0.9"), 0, 0.95);
    scale(r, curve(x, "default_0.999"), 0, 1.03);
    scale(r, curve(x, "unsmoothed_0.99"), 0, 1.2);
    diverge(r, curve(x, "printed_0.999"));
    conclude(work);
    assert_passed(work, "alike-default", true);
    ck_assert_double_eq_tol(finding(work, "alike-default")->value, 1.03 / 0.95, 1e-12);
    assert_passed(work, "alike-unsmoothed", false);
    ck_assert_double_eq_tol(finding(work, "alike-unsmoothed")->value, 1.2, 1e-12);
    assert_passed(work, "alike-printed", false);
    ck_assert(isinf(finding(work, "alike-printed")->value));
    clear(work);
}
END_TEST

/* ----------------------------------------------------------------- figure D.1 */

enum { ARENAS = 2, CONTENDERS = 5, SEEDS = 4 };

/* A comparison of one checkpoint: loss and share that is right of every contender, the same in
 * both arenas but for a percent between seeds. */
static void compare(plot_comparison *all, plot_cell *cell, double (*memory)[4][SEEDS],
                    const double *loss, const double *share)
{
    static double t = 900.0;
    *all = (plot_comparison){
        .A = ARENAS, .K = CONTENDERS, .S = SEEDS, .C = 1, .t = &t, .cell = cell};
    for (size_t i = 0; i < ARENAS * CONTENDERS; i++) {
        size_t k = i % CONTENDERS;
        for (size_t s = 0; s < SEEDS; s++) {
            memory[i][0][s] = loss[k] * (1.0 + 0.01 * (double)s);
            memory[i][1][s] = share[k] + 0.01 * (double)s;
        }
        memory[i][2][0] = loss[k];
        memory[i][3][0] = share[k];
        cell[i] = (plot_cell){.alpha = k < 3 ? 0.1 : NAN,
                              .last = memory[i][0],
                              .also_last = memory[i][1],
                              .median = memory[i][2],
                              .also_median = memory[i][3]};
    }
}

START_TEST(figure_D_1_compares_meka_with_the_best_baseline)
{
    /* SGD has the lowest loss, Adam the largest share. */
    static const double loss[CONTENDERS] = {0.5, 0.8, 0.6, 0.9, 1.1},
                        share[CONTENDERS] = {0.5, 0.4, 0.6, 0.56, 0.52};
    static double memory[ARENAS * CONTENDERS][4][SEEDS];
    plot_cell cell[ARENAS * CONTENDERS];
    plot_comparison all;
    plot_figure_work *work = synthetic(find("D.1"), &config);
    compare(&all, cell, memory, loss, share);
    plot_figure_d1_conclude(work, &all);
    assert_passed(work, "loss-meka-mlp", true);
    ck_assert_double_eq_tol(finding(work, "loss-meka-mlp")->value, 1.8, 1e-12);
    assert_passed(work, "accuracy-meka-mlp", true);
    ck_assert_double_eq_tol(finding(work, "accuracy-meka-mlp")->value, -0.04, 1e-12);
    assert_passed(work, "loss-meka-paper-cnn", false);
    ck_assert_double_eq_tol(finding(work, "loss-meka-paper-cnn")->value, 2.2, 1e-12);
    assert_passed(work, "accuracy-meka-paper-cnn", false);
    ck_assert_ptr_nonnull(strstr(finding(work, "loss-meka-cnn")->detail, "tuned SGD"));
    ck_assert_ptr_nonnull(strstr(finding(work, "accuracy-meka-cnn")->detail, "tuned Adam"));

    /* A lost run. */
    memory[3][0][2] = memory[3][1][2] = INFINITY;
    work->n_findings = 0;
    plot_figure_d1_conclude(work, &all);
    assert_passed(work, "loss-meka-mlp", false);
    assert_passed(work, "accuracy-meka-mlp", false);
    assert_passed(work, "loss-meka-cnn", true);
    clear(work);
}
END_TEST

TEST_MAIN("figure_networks", figure_5_finds_the_factor_that_the_data_have,
          one_checkpoint_or_one_lost_run_is_enough_for_figure_5_to_say_so,
          figure_6_finds_the_best_factor_of_every_rule,
          a_factor_with_which_a_run_diverges_is_the_worst_of_figure_6,
          figure_7_finds_what_rises_after_the_switch_and_what_stays,
          the_measures_of_figure_7_are_those_of_their_names,
          figure_F_compares_the_worst_coefficient_with_the_best,
          figure_D_1_compares_meka_with_the_best_baseline)
