#include "plots/experiment.h"
#include "plots/finding.h"
#include "tests/testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static double theta_1(const plot_point *point)
{
    return point->theta[1];
}

/* |m - grad f|, by a measure's own means. */
static double own_error(const plot_point *point)
{
    double sum = 0.0;
    for (size_t j = 0; j < point->d; j++)
        sum += (point->estimate[j] - point->exact[j]) * (point->estimate[j] - point->exact[j]);
    return sqrt(sum);
}

static const plot_measure second = {"theta1", "the second parameter", theta_1, false, false};
static const plot_measure own = {"own", "as filter_error", own_error, true, false};
static const plot_curve curves[] = {
    {"sgd", "sgd", "alpha=0.3", NULL},
    {"cosine", "sgd", "alpha=0.3", "schedule=cosine"},
    {"meka", "meka", NULL, NULL},
    {"lost", "sgd", "alpha=1e200", NULL},
};
static const plot_measure *const measures[] = {&plot_measure_gap, &second,
                                               &plot_measure_filter_error, &own};
enum { K = 4, M = 4, STEPS = 20 };

static plot_experiment small(void)
{
    return (plot_experiment){
        .name = "small",
        .problem = "noisy-quadratic",
        .size = {"dim=3 condition=10", 4, 3, STEPS, 4},
        .full = {"dim=5 condition=10", 4, 2, STEPS, 4},
        .linear = true,
        .start_sd = 2.0,
        .n_curves = K,
        .n_measures = M,
        .curve = curves,
        .measure = measures,
    };
}

static plot_results run(const plot_experiment *experiment, const plot_experiment_config *config)
{
    plot_results results;
    meka_error err = {0};
    assert_ok(plot_experiment_run(&results, experiment, config, &err), err);
    return results;
}

static void assert_same(const plot_results *a, const plot_results *b)
{
    ck_assert_uint_eq(a->S, b->S);
    ck_assert_uint_eq(a->C, b->C);
    ck_assert_mem_eq(a->t, b->t, a->C * sizeof *a->t);
    ck_assert_mem_eq(a->value, b->value, a->K * a->S * a->C * a->M * sizeof *a->value);
    ck_assert_mem_eq(a->lost, b->lost, a->K * a->S * sizeof *a->lost);
}

START_TEST(results_are_those_of_the_runs_step_by_step)
{
    const plot_experiment experiment = small();
    const plot_experiment_config config = {.seed = 7, .jobs = 2};
    plot_results r = run(&experiment, &config);
    ck_assert_uint_eq(r.C, 5);
    for (size_t c = 0; c < r.C; c++)
        ck_assert_double_eq(r.t[c], 5.0 * (double)c);

    const prob_problem *row;
    prob_instance problem;
    ad_program *program = NULL;
    opt_run *one = NULL;
    meka_error err = {0};
    assert_ok(prob_problem_find(&row, "noisy-quadratic", &err), err);
    assert_ok(prob_create(&problem, row,
                          &(prob_request){.settings = "dim=3 condition=10", .seed = 7}, &err),
              err);
    assert_ok(ad_program_create(&program, &problem.objective, &err), err);
    opt_config run_config = opt_config_default();
    run_config.batch_size = 4;
    run_config.seed = 8;
    run_config.max_steps = STEPS + 1;
    run_config.track_exact = true;
    run_config.known_minimum = problem.minimum;
    double start[3];
    meka_rng rng;
    meka_rng_init(&rng, 8, MEKA_STREAM_START, 0, 0);
    for (int j = 0; j < 3; j++)
        start[j] = 2.0 * meka_rng_normal(&rng);
    assert_ok(opt_run_create(&one, program, &problem.source, &run_config, start, &err), err);
    for (size_t c = 0, t = 0; t <= STEPS; t++) {
        double theta = opt_run_theta(one)[1];
        opt_stop stop;
        assert_ok(opt_run_step(one, &stop, &err), err);
        if ((double)t != r.t[c])
            continue;
        const opt_row *seen = opt_run_row(one);
        ck_assert_double_eq(plot_results_at(&r, 2, 1, c, 0), seen->exact_gap);
        ck_assert_double_eq(plot_results_at(&r, 2, 1, c, 1), theta);
        ck_assert_double_eq_tol(plot_results_at(&r, 2, 1, c, 2), seen->filter_error,
                                1e-14 * (1.0 + seen->filter_error));
        ck_assert_double_eq_tol(plot_results_at(&r, 2, 1, c, 3), seen->filter_error,
                                1e-14 * (1.0 + seen->filter_error));
        c++;
    }
    opt_run_destroy(one);
    ad_program_destroy(program);
    prob_destroy(&problem);
    plot_results_clear(&r);
}
END_TEST

START_TEST(the_horizon_of_schedules_is_the_last_checkpoint)
{
    const plot_experiment experiment = small();
    const plot_experiment_config config = {.seed = 7};
    plot_results r = run(&experiment, &config);
    /* The first step is that of a constant step size, later ones are shorter. */
    ck_assert_double_eq(plot_results_at(&r, 0, 0, 0, 1), plot_results_at(&r, 1, 0, 0, 1));
    ck_assert_double_ne(plot_results_at(&r, 0, 0, 4, 1), plot_results_at(&r, 1, 0, 4, 1));
    plot_results_clear(&r);
}
END_TEST

START_TEST(a_run_that_is_lost_is_infinite_and_counts_as_the_worst)
{
    const plot_experiment experiment = small();
    const plot_experiment_config config = {.seed = 7};
    plot_results r = run(&experiment, &config);
    ck_assert(r.lost[3 * r.S] && !r.lost[2 * r.S]);
    ck_assert_double_eq(plot_results_at(&r, 3, 0, 4, 0), INFINITY);
    ck_assert_double_eq(plot_results_quantile(&r, 3, 4, 0, 0.5), INFINITY);
    ck_assert(isfinite(plot_results_quantile(&r, 2, 4, 0, 0.5)));
    const plot_bootstrap how = {0.9, 200, 1, 0};
    ck_assert_double_nan(plot_results_ratio(&r, 3, 2, 4, 0, &how).value);
    plot_interval ratio = plot_results_ratio(&r, 2, 0, 4, 0, &how);
    double product = 1.0;
    for (size_t s = 0; s < 3; s++)
        product *= plot_results_at(&r, 2, s, 4, 0) / plot_results_at(&r, 0, s, 4, 0);
    ck_assert_double_eq_tol(ratio.value, cbrt(product), 1e-12 * ratio.value);
    ck_assert(ratio.low <= ratio.value && ratio.value <= ratio.high);
    plot_results_clear(&r);
}
END_TEST

START_TEST(runs_that_are_kept_are_not_computed_again)
{
    const plot_experiment experiment = small();
    plot_experiment_config config = {.directory = test_directory(), .seed = 7, .jobs = 2};
    plot_results first = run(&experiment, &config);
    ck_assert_uint_eq(first.n_cached, 0);
    plot_results again = run(&experiment, &config);
    ck_assert_uint_eq(again.n_cached, K * 3);
    assert_same(&first, &again);

    /* More seeds: only those are missing.  The small size is not the full one. */
    config.seeds = 4;
    plot_results more = run(&experiment, &config);
    ck_assert_uint_eq(more.n_cached, K * 3);
    plot_results_clear(&more);
    config.seeds = 0;
    config.full = true;
    more = run(&experiment, &config);
    ck_assert_uint_eq(more.n_cached, 0);
    plot_results_clear(&more);

    /* Cut short: apart from those, which stay. */
    config.full = false;
    config.steps = 8;
    more = run(&experiment, &config);
    ck_assert_uint_eq(more.n_cached, 0);
    ck_assert_double_eq(more.t[more.C - 1], 8.0);
    plot_results_clear(&more);
    config.steps = 2 * STEPS;
    more = run(&experiment, &config);
    ck_assert_uint_eq(more.n_cached, K * 3);
    ck_assert_double_eq(more.t[more.C - 1], STEPS);
    plot_results_clear(&more);
    plot_results_clear(&again);
    plot_results_clear(&first);
}
END_TEST

START_TEST(a_run_from_another_row_or_cut_off_is_computed_again)
{
    plot_experiment experiment = small();
    plot_experiment_config config = {.directory = test_directory(), .seed = 7};
    plot_results first = run(&experiment, &config), again;
    plot_curve other[K];
    memcpy(other, curves, sizeof other);
    other[0].settings = "alpha=0.31";
    experiment.curve = other;
    again = run(&experiment, &config);
    ck_assert_uint_eq(again.n_cached, (K - 1) * 3);
    plot_results_clear(&again);

    experiment = small();
    experiment.size.points = 2;
    again = run(&experiment, &config);
    ck_assert_uint_eq(again.n_cached, 0);
    plot_results_clear(&again);

    experiment = small();
    again = run(&experiment, &config);
    plot_results_clear(&again);
    const char *path = test_path("runs/small/meka.8.tsv");
    char *text = test_read(path);
    ck_assert_ptr_nonnull(text);
    ck_assert_int_eq(truncate(path, (off_t)strlen(text) - 3), 0);
    again = run(&experiment, &config);
    ck_assert_uint_eq(again.n_cached, K * 3 - 1);
    assert_same(&first, &again);
    char *restored = test_read(path);
    ck_assert_str_eq(restored, text);
    free(restored);
    free(text);
    plot_results_clear(&again);
    plot_results_clear(&first);
}
END_TEST

static int calls;

static bool after_five(void)
{
    return ++calls > 5;
}

START_TEST(an_interrupted_experiment_goes_on_where_it_was)
{
    const plot_experiment experiment = small();
    plot_experiment_config config = {
        .directory = test_directory(), .seed = 7, .interrupted = after_five};
    plot_results results;
    meka_error err = {0};
    assert_fails(plot_experiment_run(&results, &experiment, &config, &err), err, MEKA_ERR_IO,
                 "interrupted");
    config.interrupted = NULL;
    results = run(&experiment, &config);
    ck_assert_uint_eq(results.n_cached, 5);
    config.directory = NULL;
    plot_results whole = run(&experiment, &config);
    assert_same(&whole, &results);
    plot_results_clear(&whole);
    plot_results_clear(&results);
}
END_TEST

START_TEST(a_row_with_a_mistake_is_refused_in_words)
{
    plot_experiment experiment = small();
    const plot_experiment_config config = {.seed = 7};
    plot_results results;
    meka_error err = {0};
    experiment.problem = "quadric";
    assert_fails(plot_experiment_run(&results, &experiment, &config, &err), err, MEKA_ERR_INPUT,
                 "quadric");
    experiment = small();
    const plot_curve wrong[] = {{"a", "sgd", "speed=1", NULL}};
    experiment.curve = wrong;
    experiment.n_curves = 1;
    assert_fails(plot_experiment_run(&results, &experiment, &config, &err), err, MEKA_ERR_INPUT,
                 "speed");
}
END_TEST

START_TEST(the_full_size_may_be_of_another_problem_and_data_replace_a_set)
{
    plot_experiment experiment = small();
    plot_experiment_config config = {.seed = 7, .full = true};
    plot_results results;
    meka_error err = {0};
    experiment.full_problem = "quartic";
    assert_fails(plot_experiment_run(&results, &experiment, &config, &err), err, MEKA_ERR_INPUT,
                 "quartic");
    config = (plot_experiment_config){.seed = 7, .data = "/nowhere"};
    results = run(&experiment, &config); /* neither concerns it */
    plot_results_clear(&results);
    experiment.problem = "logistic";
    experiment.set = "rows.csv";
    experiment.size.options = NULL;
    assert_fails(plot_experiment_run(&results, &experiment, &config, &err), err, MEKA_ERR_IO,
                 "/nowhere/rows.csv");
}
END_TEST

START_TEST(findings_read_back_as_they_were_written)
{
    const plot_finding finding = {.name = "a-name",
                                  .claim = "x is below 1",
                                  .value = 0.1,
                                  .low = -INFINITY,
                                  .high = 1.0 / 3.0,
                                  .expected = NAN,
                                  .passed = true,
                                  .detail = "by hand"};
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    plot_finding_write(stream, &finding);
    fclose(stream);
    plot_finding back;
    ck_assert(plot_finding_read(text, &back));
    ck_assert_str_eq(back.name, finding.name);
    ck_assert_str_eq(back.claim, finding.claim);
    ck_assert_str_eq(back.detail, finding.detail);
    ck_assert_double_eq(back.value, 0.1);
    ck_assert_double_eq(back.low, -INFINITY);
    ck_assert_double_eq(back.high, finding.high);
    ck_assert_double_nan(back.expected);
    ck_assert(back.passed);
    for (size_t n = 0; n + 1 < strlen(text) - strlen(finding.detail); n++) {
        char *part = strndup(text, n);
        ck_assert(!plot_finding_read(part, &back));
        free(part);
    }
    free(text);
}
END_TEST

START_TEST(windows_average_checkpoints_and_then_runs)
{
    /* Two curves, three runs, four checkpoints, two measures. */
    double t[] = {0.0, 1.0, 2.0, 4.0}, value[2 * 3 * 4 * 2];
    bool lost[6] = {false};
    for (size_t i = 0; i < sizeof value / sizeof value[0]; i++)
        value[i] = 1.0 + (double)(i * 7 % 48);
    plot_results r = {2, 3, 4, 2, t, value, lost, 0};
    const plot_bootstrap how = {0.9, 200, 1, 0};
    const plot_window a = {.k = 1, .m = 1, .from = 1.0, .to = 3.0},
                      b = {.k = 0, .m = 1, .from = 4.0, .to = 9.0};
    double mean = 0.0, other = 0.0;
    for (size_t s = 0; s < 3; s++) {
        double x = 0.5 * (plot_results_at(&r, 1, s, 1, 1) + plot_results_at(&r, 1, s, 2, 1));
        mean += x / 3.0;
        other += plot_results_at(&r, 0, s, 3, 1) / 3.0;
    }
    plot_interval found = plot_window_mean(&r, &a, &how);
    ck_assert_double_eq_tol(found.value, mean, 1e-12 * mean);
    ck_assert(found.low <= found.value && found.value <= found.high);
    found = plot_window_ratio(&r, &a, &b, 0.9);
    ck_assert_double_eq_tol(found.value, mean / other, 1e-12 * mean / other);
    ck_assert(found.low <= found.value && found.value <= found.high);
    /* Geometric means, paired: the same whichever is divided by which. */
    double sum = 0.0;
    for (size_t s = 0; s < 3; s++)
        sum += 0.5 * log(plot_results_at(&r, 1, s, 1, 1) * plot_results_at(&r, 1, s, 2, 1)) -
               log(plot_results_at(&r, 0, s, 3, 1));
    found = plot_window_factor(&r, &a, &b, 0.9);
    ck_assert_double_eq_tol(found.value, exp(sum / 3.0), 1e-12 * exp(sum / 3.0));
    ck_assert(found.low < found.value && found.value < found.high);
    plot_interval inverse = plot_window_factor(&r, &b, &a, 0.9);
    ck_assert_double_eq_tol(inverse.low * found.high, 1.0, 1e-12);
    /* Whose runs end above their start is the worse, whatever the windows say. */
    for (size_t i = 0; i < 6; i++)
        value[i * 4 * 2 + 1] = 1e3;
    ck_assert_uint_eq(plot_results_diverged(&r, 0, 1), 0);
    ck_assert_double_eq(plot_window_contest(&r, &a, &b, 0.9).low, found.low);
    value[(2 * 4 + 3) * 2 + 1] = 1e4;
    ck_assert_uint_eq(plot_results_diverged(&r, 0, 1), 1);
    ck_assert_double_eq(plot_window_contest(&r, &a, &b, 0.9).high, 0.0);
    ck_assert(isinf(plot_window_contest(&r, &b, &a, 0.9).low));
    lost[4] = true;
    ck_assert_uint_eq(plot_results_diverged(&r, 1, 1), 1);
    ck_assert_double_nan(plot_window_contest(&r, &b, &a, 0.9).value);
    /* Empty, and with a value that is not finite. */
    ck_assert_double_nan(
        plot_window_mean(&r, &(plot_window){.from = 2.5, .to = 3.5}, &how).value);
    value[(1 * 3 * 4 + 1) * 2 + 1] = INFINITY;
    ck_assert_double_nan(plot_window_mean(&r, &a, &how).value);
    ck_assert_double_nan(plot_window_factor(&r, &a, &b, 0.9).value);
    ck_assert_double_nan(plot_window_ratio(&r, &b, &a, 0.9).value);
}
END_TEST

TEST_MAIN("experiment", windows_average_checkpoints_and_then_runs,
          results_are_those_of_the_runs_step_by_step,
          the_horizon_of_schedules_is_the_last_checkpoint,
          a_run_that_is_lost_is_infinite_and_counts_as_the_worst,
          runs_that_are_kept_are_not_computed_again,
          a_run_from_another_row_or_cut_off_is_computed_again,
          an_interrupted_experiment_goes_on_where_it_was,
          a_row_with_a_mistake_is_refused_in_words,
          the_full_size_may_be_of_another_problem_and_data_replace_a_set,
          findings_read_back_as_they_were_written)
