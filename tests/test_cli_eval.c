/* meka eval: numbers that a program can read back, a table for people, clear refusals. */
#include "tests/cli_driver.h"

#include <stdio.h>
#include <stdlib.h>

static const cJSON *row(const cJSON *json, const char *name, int i)
{
    const cJSON *item = cJSON_GetArrayItem(cJSON_GetObjectItem(json, name), i);
    ck_assert_msg(item != NULL, "no %s[%d]", name, i);
    return item;
}

static double at(const cJSON *array, int j)
{
    ck_assert(cJSON_IsNumber(cJSON_GetArrayItem(array, j)));
    return cJSON_GetArrayItem(array, j)->valuedouble;
}

START_TEST(json_holds_losses_gradients_products_and_moments)
{
    const char *data = test_write("three.csv", "1\n2\n0\n");
    drive_result result = drive("eval examples/rosenbrock.c --theta 2,3 --direction 1,-1 "
                                "--data %s --json",
                                data);
    assert_done(result);
    cJSON *json = drive_json(result);
    static const double xi[3] = {1, 2, 0};
    for (int i = 0; i < 3; i++) {
        double miss = xi[i] - 2.0;
        ck_assert_double_eq(at(cJSON_GetObjectItem(json, "loss"), i), miss * miss + 100.0);
        ck_assert_double_eq(at(row(json, "grad", i), 0), -2.0 * miss + 800.0);
        ck_assert_double_eq(at(row(json, "grad", i), 1), -200.0);
        /* H = [2 + 1200 x^2 - 400 y, -400 x; -400 x, 200] */
        ck_assert_double_eq(at(row(json, "hvp", i), 0), 3602.0 + 800.0);
        ck_assert_double_eq(at(row(json, "hvp", i), 1), -800.0 - 200.0);
    }
    const cJSON *moments = cJSON_GetObjectItem(json, "moments");
    ck_assert_double_eq_tol(drive_number(moments, "loss_mean"), 305.0 / 3.0, 1e-12);
    ck_assert_double_eq_tol(drive_number(moments, "grad_var_trace"), 4.0, 1e-12);
    ck_assert_double_eq_tol(at(cJSON_GetObjectItem(moments, "grad_mean"), 0), 802.0, 1e-12);
    ck_assert_double_eq(drive_number(moments, "hvp_var_trace"), 0.0);
    ck_assert_double_eq(drive_number(moments, "cross_cov_trace"), 0.0);
    static const char *const arrays[] = {"grad_mean", "grad_var", "hvp_mean", "hvp_var",
                                         "cross_cov"};
    for (size_t k = 0; k < sizeof arrays / sizeof arrays[0]; k++)
        ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(moments, arrays[k])), 2);
    ck_assert_ptr_null(cJSON_GetObjectItem(moments, "grad_cov"));
    cJSON_Delete(json);
}
END_TEST

START_TEST(numbers_have_seventeen_digits_and_the_start_is_the_objectives)
{
    drive_result result = drive("eval examples/rosenbrock.c --data examples/noise.csv --json");
    assert_done(result);
    ck_assert_ptr_nonnull(strstr(result.out, "24.654923144899996"));
    cJSON *json = drive_json(result);
    ck_assert_double_eq(at(cJSON_GetObjectItem(json, "theta"), 0), -1.2);
    ck_assert_double_eq(at(cJSON_GetObjectItem(json, "loss"), 0),
                        (1.10107 + 1.2) * (1.10107 + 1.2) +
                            100.0 * ((1.0 - 1.44) * (1.0 - 1.44)));
    ck_assert_int_eq((int)drive_number(json, "n_samples"), 200);
    ck_assert_ptr_null(cJSON_GetObjectItem(json, "hvp"));
    ck_assert_ptr_null(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "moments"), "hvp_mean"));
    cJSON_Delete(json);
}
END_TEST

START_TEST(covariances_are_matrices_with_the_variances_on_their_diagonals)
{
    cJSON *json = drive_json(drive("eval noisy-quadratic --option dim=3 --samples 5 "
                                   "--direction 1,2,3 --covariances --json"));
    const cJSON *moments = cJSON_GetObjectItem(json, "moments");
    for (int j = 0; j < 3; j++)
        ck_assert_double_eq_tol(at(row(moments, "grad_cov", j), j),
                                at(cJSON_GetObjectItem(moments, "grad_var"), j), 1e-15);
    ck_assert_double_eq(at(row(moments, "grad_cov", 0), 2), at(row(moments, "grad_cov", 2), 0));
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(moments, "hvp_cov")), 3);
    cJSON_Delete(json);
}
END_TEST

START_TEST(the_table_has_a_row_for_each_sample_and_each_parameter)
{
    drive_result result =
        drive("eval examples/rosenbrock.c --data examples/noise.csv --direction 1,0");
    assert_done(result);
    static const char *const pieces[] = {"sample",    "loss",
                                         "grad[1]",   "hvp[0]",
                                         "-215.802",  "180 further samples",
                                         "hvp mean",  "loss variance",
                                         "cross cov", "trace of hvp variance"};
    for (size_t k = 0; k < sizeof pieces / sizeof pieces[0]; k++)
        ck_assert_msg(strstr(result.out, pieces[k]), "'%s' is missing", pieces[k]);
    result = drive("eval noisy-quadratic --samples 2");
    assert_done(result);
    ck_assert_ptr_nonnull(strstr(result.out, "|grad|")); /* 20 numbers would not fit */
    ck_assert_ptr_null(strstr(result.out, "hvp"));
}
END_TEST

START_TEST(theta_and_direction_may_be_files)
{
    const char *theta = test_write("theta.txt", "# in one column\n2\n3\n");
    cJSON *a = drive_json(drive("eval rosenbrock --theta %s --direction %s --json", theta,
                                test_write("v.txt", "1 -1\n")));
    cJSON *b = drive_json(drive("eval rosenbrock --theta 2,3 --direction 1,-1 --json"));
    char *x = cJSON_Print(a), *y = cJSON_Print(b);
    ck_assert_str_eq(x, y);
    free(x);
    free(y);
    cJSON_Delete(a);
    cJSON_Delete(b);
}
END_TEST

START_TEST(a_problem_is_evaluated_at_its_own_samples_or_at_given_ones)
{
    cJSON *a = drive_json(drive("eval rosenbrock --samples 3 --seed 1 --json"));
    cJSON *b = drive_json(drive("eval rosenbrock --samples 3 --seed 2 --json"));
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(a, "loss")), 3);
    ck_assert_double_ne(at(cJSON_GetObjectItem(a, "loss"), 0),
                        at(cJSON_GetObjectItem(b, "loss"), 0));
    cJSON_Delete(a);
    cJSON_Delete(b);
    a = drive_json(drive("eval rosenbrock --data examples/noise.csv --json"));
    ck_assert_int_eq((int)drive_number(a, "n_samples"), 200);
    cJSON_Delete(a);
}
END_TEST

START_TEST(wrong_lengths_say_what_was_given_and_what_is_needed)
{
    static const char *const lists[] = {"theta", "direction"};
    for (int k = 0; k < 2; k++) {
        char flag[32];
        snprintf(flag, sizeof flag, "--%s", lists[k]);
        assert_refused(drive("eval rosenbrock %s 1", flag), 2, flag, "1 number,",
                       "2 parameters");
        assert_refused(drive("eval rosenbrock %s 1,2,3", flag), 2, flag, "3 numbers");
        assert_refused(drive("eval rosenbrock %s 1,x", flag), 2, flag, "entry 2", "'x'");
        assert_refused(drive("eval rosenbrock %s 1,", flag), 2, flag, "entry 2");
        assert_refused(drive("eval rosenbrock %s ''", flag), 2, flag, "empty");
        assert_refused(drive("eval rosenbrock %s nan,1", flag), 2, flag, "entry 1");
        assert_refused(drive("eval rosenbrock %s /nowhere/list", flag), 2, flag,
                       "no file '/nowhere/list'");
        assert_refused(drive("eval rosenbrock %s %s", flag, test_write("l.txt", "1\n2\n3\n")),
                       2, flag, "3 numbers", "l.txt", "2 parameters");
        assert_refused(drive("eval rosenbrock %s %s", flag, test_write("w.txt", "1\nx\n")), 3,
                       "w.txt:2");
    }
    assert_refused(drive("eval examples/rosenbrock.c --data %s", test_write("d.csv", "1,2\n")),
                   2, "d.csv", "2 columns", "1 number per sample");
}
END_TEST

START_TEST(what_has_no_meaning_is_refused)
{
    assert_refused(drive("eval examples/quadratic.c --data examples/noise.csv"), 2, "--data",
                   "no samples");
    assert_refused(drive("eval examples/rosenbrock.c"), 2, "1 number per sample", "--data");
    assert_refused(drive("eval examples/quadratic.c --option dim=3"), 2, "--option");
    assert_refused(drive("eval nonsense"), 2, "'nonsense'", "meka list problems", "FILE.c");
    assert_refused(drive("eval"), 2, "problem or a file");
    assert_refused(drive("eval rosenbrock --samples 0"), 2, "--samples", "[1,");
    assert_refused(drive("eval /nowhere/o.c"), 3, "'/nowhere/o.c'");
    assert_refused(drive("eval examples/quadratic.c --json > /dev/full"), 3, "standard output");
}
END_TEST

START_TEST(a_result_that_is_not_finite_is_null_and_located)
{
    drive_result result = drive("eval tests/objectives/nonfinite.c --direction 1,1 --json");
    ck_assert_int_eq(result.status, 3);
    ck_assert_msg(strstr(result.err, "nonfinite.c:7: log(-4) is nan at sample 0"), "%s",
                  result.err);
    ck_assert_str_eq(strchr(result.err, '\n'), "\n");
    cJSON *json = drive_json(result);
    ck_assert(cJSON_IsNull(row(json, "loss", 0)));
    ck_assert_double_eq(at(row(json, "grad", 0), 1), 2.0);
    cJSON_Delete(json);
    result = drive("eval tests/objectives/nonfinite.c");
    ck_assert_int_eq(result.status, 3);
    ck_assert_ptr_nonnull(strstr(result.out, "loss mean"));
}
END_TEST

TEST_MAIN("cli_eval", json_holds_losses_gradients_products_and_moments,
          numbers_have_seventeen_digits_and_the_start_is_the_objectives,
          covariances_are_matrices_with_the_variances_on_their_diagonals,
          the_table_has_a_row_for_each_sample_and_each_parameter,
          theta_and_direction_may_be_files,
          a_problem_is_evaluated_at_its_own_samples_or_at_given_ones,
          wrong_lengths_say_what_was_given_and_what_is_needed, what_has_no_meaning_is_refused,
          a_result_that_is_not_finite_is_null_and_located)
