#include "plots/runs.h"
#include "tests/testing.h"

static prob_instance problem;
static ad_program *program;

static void begin(void)
{
    const prob_problem *row;
    meka_error err;
    assert_ok(prob_problem_find(&row, "noisy-quadratic", &err), err);
    assert_ok(prob_create(&problem, row,
                          &(prob_request){.settings = "dim=3 condition=10", .seed = 2}, &err),
              err);
    assert_ok(ad_program_create(&program, &problem.objective, &err), err);
}

static void end(void)
{
    ad_program_destroy(program);
    prob_destroy(&problem);
}

static plot_runs describe(const char *method, const char *settings)
{
    static const double t[] = {0.0, 1.0, 7.0, 40.0};
    plot_runs runs = {
        .problem = &problem,
        .program = program,
        .settings = settings,
        .batch = 4,
        .seed = 9,
        .n_runs = 5,
        .start = problem.objective.x0,
        .n_checkpoints = 4,
        .checkpoint = t,
        .jobs = 1,
    };
    meka_error err;
    assert_ok(opt_method_find(&runs.method, method, &err), err);
    return runs;
}

START_TEST(the_gap_of_gradient_descent_is_the_closed_form)
{
    double gap[20];
    meka_error err;
    begin();
    plot_runs runs = describe("gd", "alpha=0.5");
    assert_ok(plot_runs_gaps(&runs, gap, &err), err);
    for (size_t c = 0; c < 4; c++) {
        double expected = 0.0;
        for (int k = 0; k < 3; k++) {
            double x = 0.0, lambda = problem.eigenvalue[k];
            for (int j = 0; j < 3; j++)
                x += problem.eigenvector[3 * k + j] * problem.objective.x0[j];
            x *= pow(1.0 - 0.5 * lambda, runs.checkpoint[c]);
            expected += 0.5 * lambda * x * x;
        }
        for (size_t s = 0; s < 5; s++)
            assert_scaled(gap[4 * s + c], expected, expected, 500);
    }
    end();
}
END_TEST

START_TEST(runs_have_their_own_samples_and_on_request_their_own_starts)
{
    double gap[20];
    meka_error err;
    begin();
    plot_runs runs = describe("sgd", "alpha=0.5");
    assert_ok(plot_runs_gaps(&runs, gap, &err), err);
    ck_assert_double_eq(gap[0], gap[4]);
    ck_assert_double_ne(gap[1], gap[5]);
    runs.start = NULL;
    runs.start_sd = 2.0;
    assert_ok(plot_runs_gaps(&runs, gap, &err), err);
    ck_assert_double_ne(gap[0], gap[4]);
    end();
}
END_TEST

START_TEST(gaps_do_not_depend_on_threads_or_on_how_many_runs_there_are)
{
    double one[20], many[20], first[4];
    meka_error err;
    begin();
    plot_runs runs = describe("meka", "");
    runs.start = NULL;
    runs.start_sd = 1.0;
    assert_ok(plot_runs_gaps(&runs, one, &err), err);
    runs.jobs = 4;
    assert_ok(plot_runs_gaps(&runs, many, &err), err);
    ck_assert_mem_eq(one, many, sizeof one);
    runs.n_runs = 1;
    assert_ok(plot_runs_gaps(&runs, first, &err), err);
    ck_assert_mem_eq(one, first, sizeof first);
    end();
}
END_TEST

START_TEST(a_run_that_leaves_the_finite_numbers_has_an_infinite_gap_from_there_on)
{
    static const double t[] = {0.0, 1.0, 5000.0, 5001.0};
    double gap[20];
    meka_error err;
    begin();
    plot_runs runs = describe("sgd", "alpha=1e3");
    runs.checkpoint = t;
    assert_ok(plot_runs_gaps(&runs, gap, &err), err);
    for (size_t s = 0; s < 5; s++) {
        ck_assert(isfinite(gap[4 * s + 1]));
        ck_assert(isinf(gap[4 * s + 2]) && isinf(gap[4 * s + 3]));
    }
    end();
}
END_TEST

START_TEST(unusable_settings_are_the_methods_own_error)
{
    double gap[20];
    meka_error err;
    begin();
    plot_runs runs = describe("sgd", "alpha=much");
    assert_fails(plot_runs_gaps(&runs, gap, &err), err, MEKA_ERR_INPUT, "much");
    end();
}
END_TEST

static meka_status run_all(void *ctx, meka_error *err)
{
    double gap[20];
    return plot_runs_gaps(ctx, gap, err);
}

START_TEST(no_memory_is_an_error)
{
    begin();
    plot_runs runs = describe("meka", "");
    runs.start = NULL;
    runs.n_runs = 1;
    ck_assert_uint_ge(test_every_allocation(run_all, &runs), 3);
    end();
}
END_TEST

START_TEST(checkpoints_are_distinct_integers_that_include_both_ends)
{
    double t[50];
    size_t n = plot_log_spaced(1.0, 1000.0, 50, t);
    ck_assert_uint_gt(n, 30);
    ck_assert_double_eq(t[0], 1.0);
    ck_assert_double_eq(t[n - 1], 1000.0);
    for (size_t i = 1; i < n; i++) {
        ck_assert_double_gt(t[i], t[i - 1]);
        ck_assert_double_eq(t[i], floor(t[i]));
    }
    ck_assert_uint_eq(plot_log_spaced(3.0, 3.0, 50, t), 1);
}
END_TEST

TEST_MAIN("runs", the_gap_of_gradient_descent_is_the_closed_form,
          runs_have_their_own_samples_and_on_request_their_own_starts,
          gaps_do_not_depend_on_threads_or_on_how_many_runs_there_are,
          a_run_that_leaves_the_finite_numbers_has_an_infinite_gap_from_there_on,
          unusable_settings_are_the_methods_own_error, no_memory_is_an_error,
          checkpoints_are_distinct_integers_that_include_both_ends)
