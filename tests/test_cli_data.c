/* Problems that are made of data, from the command line. */
#include "tests/cli_driver.h"

#include <stdio.h>
#include <stdlib.h>

/* Three features, two classes that overlap. */
static const char rows[] = "1 1:0.5 2:2\n-1 1:1.5 3:-1\n-1 2:-1 3:0.25\n1 1:1 2:0.5 3:2\n"
                           "-1 1:0.5 2:2\n1 1:-2 3:1\n";

static drive_result with(const char *command, const char *data, const char *rest)
{
    char line[4096];
    snprintf(line, sizeof line, "%s --data '%s' %s", command, data, rest);
    return drive("%s", line);
}

START_TEST(run_eval_check_and_show_make_a_problem_of_a_file)
{
    char path[2048];
    snprintf(path, sizeof path, "%s", test_write("rows", rows));
    drive_result result = with("run logistic", path, "--method lbfgs --steps 60 --json");
    assert_done(result);
    cJSON *json = drive_json(result);
    cJSON_Delete(json);
    result = with("run softmax", path, "--method lbfgs --steps 60");
    assert_done(result);
    ck_assert_ptr_nonnull(strstr(result.out, "softmax (8 parameters)"));
    ck_assert_ptr_nonnull(strstr(result.out, "gap"));
    result = with("eval least-squares", path, "--option bias=no");
    assert_done(result);
    result = with("check logistic", path, "");
    assert_done(result);
    ck_assert_ptr_nonnull(strstr(result.out, "verdict: correct"));
    result = with("show logistic", path, "--option bias=yes");
    assert_done(result);
    ck_assert_ptr_nonnull(strstr(result.out, "4 parameters, 4 features"));
}
END_TEST

START_TEST(the_gap_to_the_minimum_of_a_file_closes)
{
    drive_result result = with("run logistic", test_write("rows", rows),
                               "--method lbfgs --steps 60 --option l2=0.01");
    assert_done(result);
    const char *gap = strstr(result.out, "gap");
    ck_assert_ptr_nonnull(gap);
    ck_assert_double_lt(fabs(strtod(gap + 3, NULL)), 1e-12);
}
END_TEST

START_TEST(files_that_are_no_such_data_give_status_3_and_a_sentence)
{
    assert_refused(with("run logistic", test_write("rows", "1 1:2\n2 1:1\n3 1:3\n"), ""), 3,
                   "rows", "3 classes", "softmax");
    assert_refused(with("run softmax", test_write("rows", "1 0:2\n"), ""), 3, "rows:1",
                   "index 0");
    assert_refused(with("run logistic", test_write("rows", ""), ""), 3, "rows",
                   "holds no rows");
    assert_refused(with("run least-squares", test_directory(), ""), 3, test_directory());
    assert_refused(with("eval logistic", "/nowhere/rows", ""), 3, "'/nowhere/rows'");
    assert_refused(with("run rosenbrock", test_write("rows", rows), ""), 2, "--data");
    assert_refused(drive("run logistic --option format=csv"), 2, "format", "synthetic");
}
END_TEST

TEST_MAIN("cli_data", run_eval_check_and_show_make_a_problem_of_a_file,
          the_gap_to_the_minimum_of_a_file_closes,
          files_that_are_no_such_data_give_status_3_and_a_sentence)
