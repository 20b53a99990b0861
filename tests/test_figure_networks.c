/* The figures of networks: their verdicts follow from the data, which are made up here, for a
 * network takes a minute. */
#include "tests/figure_fixture.h"

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

TEST_MAIN("figure_networks", figure_5_finds_the_factor_that_the_data_have,
          one_checkpoint_or_one_lost_run_is_enough_for_figure_5_to_say_so)
