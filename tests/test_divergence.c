/* build/bench/divergence: its tables, and what it calls divergence. */
#include "tests/testing.h"

#include "bench/trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs the program; returns its exit status, standard output in text. */
static int run(const char *arguments, char *text, size_t size)
{
    const char *program = getenv("MEKA_DIVERGENCE");
    char command[1024];
    ck_assert_ptr_nonnull(program);
    snprintf(command, sizeof command, "'%s' %s 2>&1", program, arguments);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    size_t n = fread(text, 1, size - 1, pipe);
    text[n] = '\0';
    int status = pclose(pipe);
    ck_assert_int_eq(status & 0x7f, 0);
    return status >> 8;
}

START_TEST(the_table_has_a_row_per_problem_and_batch_and_ends_with_the_totals)
{
    char text[8192];
    ck_assert_int_eq(run("--steps 20 --seeds 2 --problems quadratic-10,rosenbrock-1 "
                         "--set 'rule=fixed alpha=0'",
                         text, sizeof text),
                     0);
    size_t rows = 0;
    char *last = NULL, *next = NULL;
    for (char *line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
        unsigned long n;
        size_t diverged[3];
        double start, median[3];
        if (sscanf(line, "%*[a-z0-9-] %lu %lf %zu %lf %zu %lf %zu %lf", &n, &start,
                   &diverged[0], &median[0], &diverged[1], &median[1], &diverged[2],
                   &median[2]) == 8) {
            rows++;
            ck_assert_double_gt(start, 0.0);
            ck_assert_uint_eq(diverged[0], 0);
            ck_assert_double_lt(median[0], start);
            ck_assert_double_eq(median[2], start); /* steps of size 0 */
            ck_assert_uint_eq(diverged[2], 0);
        }
        last = line;
    }
    ck_assert_uint_eq(rows, 6);
    size_t of, a, b, c;
    ck_assert_msg(sscanf(last, "diverged: calibrated %zu of %zu, paper %zu of 12, set1 %zu", &a,
                         &of, &b, &c) == 4,
                  "%s", last);
    ck_assert_uint_eq(a, 0);
    ck_assert_uint_eq(of, 12);
}
END_TEST

START_TEST(results_do_not_depend_on_the_number_of_threads)
{
    char one[8192], many[8192];
    const char *rest = "--steps 10 --seeds 3 --problems logistic-10 --methods sgd,meka";
    char command[256];
    snprintf(command, sizeof command, "%s --jobs 1", rest);
    ck_assert_int_eq(run(command, one, sizeof one), 0);
    snprintf(command, sizeof command, "%s --jobs 3", rest);
    ck_assert_int_eq(run(command, many, sizeof many), 0);
    ck_assert_str_eq(one, many);
    ck_assert_ptr_nonnull(strstr(one, "diverged: sgd 0 of 9, meka-calibrated 0 of 9"));
}
END_TEST

START_TEST(the_comparison_on_quadratics_names_every_column)
{
    char text[8192];
    ck_assert_int_eq(run("--quadratics --steps 20 --seeds 3", text, sizeof text), 0);
    static const char *const expected[] = {
        "pi: meka rule=pi calibrate=no curvature_ema=0",
        "alpha=1: meka rule=fixed alpha=1",
        "gd-line-search: gd rule=quadratic",
        "quadratic-2000     4",
        "quadratic-2000    32",
        "diverged: pi 0 of 6",
    };
    for (size_t k = 0; k < sizeof expected / sizeof expected[0]; k++)
        ck_assert_msg(strstr(text, expected[k]), "no '%s' in\n%s", expected[k], text);
}
END_TEST

START_TEST(unusable_arguments_are_refused)
{
    char text[8192];
    ck_assert_int_eq(run("--steps 0", text, sizeof text), 2);
    ck_assert_int_eq(run("--steps 3x", text, sizeof text), 2);
    ck_assert_int_eq(run("something", text, sizeof text), 2);
    ck_assert_int_eq(run("--problems nothing", text, sizeof text), 2);
    ck_assert_ptr_nonnull(strstr(text, "no problem 'nothing'"));
    ck_assert_int_eq(run("--methods nothing", text, sizeof text), 2);
    ck_assert_int_eq(run("--no-presets", text, sizeof text), 2);
    ck_assert_int_eq(run("--set rule=nothing", text, sizeof text), 2);
}
END_TEST

/* gd on a quadratic with L = 1 and a condition of 1: theta_t = (1 - alpha)^t theta_0, so that
 * the gap changes by (1 - alpha)^2 in each step. */
START_TEST(divergence_is_a_gap_above_its_start_or_ever_ten_times_it_or_not_finite)
{
    static const struct {
        const char *settings;
        uint64_t steps;
        bool diverged;
        double ratio; /* final over start */
    } rows[] = {
        {"alpha=0.5", 3, false, 1.0 / 64.0}, {"alpha=0", 3, false, 1.0},
        {"alpha=2.5", 1, true, 2.25},        {"alpha=2.5", 2, true, 5.0625},
        {"alpha=2.5", 3, true, INFINITY},    {"alpha=1e200", 2, true, INFINITY},
    };
    const trial_problem problem = {"q", "noisy-quadratic", "dim=1 condition=1"};
    const size_t batch = 2;
    trial_setting setting = {.label = "gd"};
    meka_error err = {0};
    assert_ok(opt_method_find(&setting.method, "gd", &err), err);
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        setting.settings = rows[k].settings;
        const trial_plan plan = {&problem, 1, &batch,        1,   &setting, 1,
                                 2,        5, rows[k].steps, 10.0};
        trial_outcome out[2];
        double median;
        ck_assert_uint_eq(trial_count(&plan), 2);
        assert_ok(trial_run(&plan, 1, out, &err), err);
        assert_ok(trial_median(out, 2, &median, &err), err);
        ck_assert_int_eq(out[1].diverged, rows[k].diverged);
        if (isfinite(rows[k].ratio))
            assert_ulps(median / out[0].start, rows[k].ratio, 8);
        else
            ck_assert(isinf(median));
    }
}
END_TEST

TEST_MAIN("divergence", the_table_has_a_row_per_problem_and_batch_and_ends_with_the_totals,
          results_do_not_depend_on_the_number_of_threads,
          the_comparison_on_quadratics_names_every_column, unusable_arguments_are_refused,
          divergence_is_a_gap_above_its_start_or_ever_ten_times_it_or_not_finite)
