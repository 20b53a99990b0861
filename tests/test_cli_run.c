/* meka run: what it computes, prints and writes. */
#include "tests/cli_driver.h"

#include <meka/optim.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static cJSON *run_json(const char *arguments)
{
    drive_result result = drive("run %s --json --quiet", arguments);
    assert_done(result);
    return drive_json(result);
}

static const cJSON *first_run(const cJSON *json)
{
    const cJSON *run = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "runs"), 0);
    ck_assert_ptr_nonnull(run);
    return run;
}

static double theta_of(const cJSON *run, int j)
{
    const cJSON *item = cJSON_GetArrayItem(cJSON_GetObjectItem(run, "theta"), j);
    ck_assert(cJSON_IsNumber(item));
    return item->valuedouble;
}

START_TEST(gradient_descent_takes_the_steps_that_arithmetic_says)
{
    /* f = (x - 0)^2 + 4 (y - 1)^2 + 9 (z - 2)^2 from (3, 3, 3): x shrinks by 1 - 2 a c_k. */
    double a = 0.01, expected[3];
    cJSON *json = run_json("examples/quadratic.c --method gd --set alpha=0.01 --steps 7");
    const cJSON *run = first_run(json);
    for (int k = 0; k < 3; k++) {
        expected[k] = k + (3.0 - k) * pow(1.0 - 2.0 * a * (k + 1) * (k + 1), 7);
        assert_scaled(theta_of(run, k), expected[k], 3.0, 32);
    }
    ck_assert_double_eq(drive_number(run, "steps"), 7.0);
    ck_assert_double_eq(drive_number(run, "gradients"), 7.0);
    double loss = 0.0;
    for (int k = 0; k < 3; k++)
        loss += (k + 1) * (k + 1) * (expected[k] - k) * (expected[k] - k);
    assert_ulps(drive_number(run, "loss"), loss, 64);
    cJSON_Delete(json);
}
END_TEST

START_TEST(the_start_can_be_given)
{
    cJSON *json = run_json("examples/quadratic.c --method gd --set alpha=0 --steps 1 "
                           "--start -1.5,2,1e-3");
    ck_assert_double_eq(theta_of(first_run(json), 0), -1.5);
    ck_assert_double_eq(theta_of(first_run(json), 1), 2.0);
    ck_assert_double_eq(theta_of(first_run(json), 2), 1e-3);
    cJSON_Delete(json);
}
END_TEST

START_TEST(settings_may_be_repeated_and_the_last_one_counts)
{
    cJSON *json = run_json("rosenbrock --method sgd --set alpha=1e-3 --set rule=fixed "
                           "--set alpha=2e-4 --steps 2 --option dim=3 --option noise=0");
    const cJSON *options = cJSON_GetObjectItem(json, "options");
    ck_assert_double_eq(drive_number(options, "alpha"), 2e-4);
    ck_assert_str_eq(cJSON_GetObjectItem(options, "rule")->valuestring, "fixed");
    ck_assert_double_eq(drive_number(json, "n_params"), 3.0);
    cJSON_Delete(json);
}
END_TEST

START_TEST(the_target_and_the_gradient_tolerance_stop_a_run)
{
    cJSON *json = run_json("examples/quadratic.c --method gd --set alpha=0.05 --target 1e-3");
    ck_assert_str_eq(cJSON_GetObjectItem(first_run(json), "stop")->valuestring,
                     opt_stop_name(OPT_TARGET));
    ck_assert_double_lt(drive_number(first_run(json), "steps"), 200.0);
    cJSON_Delete(json);
    json = run_json("examples/quadratic.c --method gd --set alpha=0.05 --grad-tol 1e-3");
    ck_assert_str_eq(cJSON_GetObjectItem(first_run(json), "stop")->valuestring,
                     opt_stop_name(OPT_CONVERGED));
    cJSON_Delete(json);
}
END_TEST

START_TEST(results_depend_neither_on_jobs_nor_on_which_seeds_run_together)
{
    cJSON *alone = run_json("noisy-quadratic --steps 40 --seed 3 --jobs 1");
    cJSON *together = run_json("noisy-quadratic --steps 40 --seeds 2:4 --jobs 2");
    const cJSON *run = cJSON_GetArrayItem(cJSON_GetObjectItem(together, "runs"), 1);
    ck_assert_double_eq(drive_number(run, "seed"), 3.0);
    for (int j = 0; j < 20; j++)
        ck_assert_double_eq(theta_of(run, j), theta_of(first_run(alone), j));
    ck_assert_double_eq(drive_number(run, "loss"), drive_number(first_run(alone), "loss"));
    /* and another seed gives another run, another problem seed another problem */
    const cJSON *other = cJSON_GetArrayItem(cJSON_GetObjectItem(together, "runs"), 2);
    ck_assert_double_ne(theta_of(other, 0), theta_of(run, 0));
    cJSON *moved = run_json("noisy-quadratic --steps 40 --seed 3 --problem-seed 2");
    ck_assert_double_ne(theta_of(first_run(moved), 0), theta_of(first_run(alone), 0));
    cJSON_Delete(alone);
    cJSON_Delete(together);
    cJSON_Delete(moved);
}
END_TEST

START_TEST(several_seeds_give_a_table_with_their_median)
{
    cJSON *json = run_json("rosenbrock --seeds 1:4 --steps 30");
    double loss[4];
    for (int i = 0; i < 4; i++)
        loss[i] =
            drive_number(cJSON_GetArrayItem(cJSON_GetObjectItem(json, "runs"), i), "loss");
    for (int i = 0; i < 4; i++)
        for (int k = i + 1; k < 4; k++)
            if (loss[k] < loss[i]) {
                double swap = loss[i];
                loss[i] = loss[k];
                loss[k] = swap;
            }
    assert_ulps(drive_number(json, "median_loss"), 0.5 * (loss[1] + loss[2]), 2);
    cJSON_Delete(json);
    drive_result result = drive("run rosenbrock --seeds 1:4 --steps 30 --quiet");
    assert_done(result);
    ck_assert_ptr_nonnull(strstr(result.out, "median"));
}
END_TEST

START_TEST(a_preset_is_its_settings_and_set_goes_over_it)
{
    cJSON *json = run_json("rosenbrock --preset paper --set cap=0.5 --steps 2");
    const cJSON *options = cJSON_GetObjectItem(json, "options");
    ck_assert_str_eq(cJSON_GetObjectItem(options, "preset")->valuestring, "paper");
    ck_assert_str_eq(cJSON_GetObjectItem(options, "start")->valuestring, "prior");
    ck_assert_double_eq(drive_number(options, "cap"), 0.5);
    cJSON_Delete(json);
    assert_refused(drive("run rosenbrock --preset best"), 2, "'preset'", "calibrated or paper",
                   "'best'");
    assert_refused(drive("run rosenbrock --method sgd --preset paper"), 2, "method sgd",
                   "'preset'", "alpha");
}
END_TEST

/* f = c_k theta_k^2 with theta_0 = 3: theta shrinks by 1 - 2 a_t c_k, a_t = a (1 - t/4). */
START_TEST(schedules_and_averages_are_options_of_every_method)
{
    cJSON *json = run_json("examples/quadratic.c --method gd --set alpha=0.01 --steps 4 "
                           "--schedule linear --average uniform");
    const cJSON *run = first_run(json), *average = cJSON_GetObjectItem(run, "average_theta");
    double e = 3.0, sum = 0.0; /* theta_0, whose minimum is 0 */
    for (int t = 0; t < 4; t++) {
        e *= 1.0 - 2.0 * 0.01 * (1.0 - t / 4.0);
        sum += e;
    }
    assert_scaled(theta_of(run, 0), e, 3.0, 32);
    assert_scaled(cJSON_GetArrayItem(average, 0)->valuedouble, sum / 4.0, 3.0, 32);
    ck_assert_double_gt(drive_number(run, "average_loss"), drive_number(run, "loss"));
    cJSON_Delete(json);
    assert_refused(drive("run rosenbrock --schedule step"), 2, "--schedule", "1/sqrt(t)",
                   "'step'");
}
END_TEST

START_TEST(the_summary_counts_how_runs_ended)
{
    drive_result result = drive("run rosenbrock --method sgd --set alpha=1e-4 --seeds 1:4 "
                                "--steps 200 --diverge 1.0001 --quiet");
    assert_done(result);
    ck_assert_ptr_nonnull(strstr(result.out, "quarter"));
    ck_assert_ptr_nonnull(strstr(result.out, "  stopped   4 budget spent\n"));
    result = drive("run rosenbrock --method sgd --set alpha=0.1 --seeds 1:4 --steps 200 "
                   "--diverge 10 --quiet");
    assert_done(result);
    ck_assert_ptr_nonnull(strstr(result.out, "  stopped   4 diverged\n"));
}
END_TEST

START_TEST(noise_draws_normals_of_the_given_mean_and_spread)
{
    /* The mean of (xi - theta)^2 over one large batch at theta = 0 is mean^2 + sd^2. */
    const char *path =
        test_write("square.c", "#include <meka/meka.h>\n"
                               "static ad_var record(ad_tape *tape, const ad_var *theta,\n"
                               "                     const ad_var *xi, const void *ctx)\n"
                               "{\n"
                               "    return ad_sqr(ad_sub(xi[0], theta[0]));\n"
                               "}\n"
                               "MEKA_OBJECTIVE(.n_params = 1, .n_features = 1,\n"
                               "               .record = record)\n");
    char line[512];
    snprintf(line, sizeof line,
             "%s --noise 3:0.5 --method sgd --set alpha=0 --steps 1 --batch 100000", path);
    cJSON *json = run_json(line);
    /* sd of the mean: sqrt(4 * 9 * 0.25 + 2 * 0.0625) / sqrt(1e5) = 0.0096 */
    ck_assert_double_eq_tol(drive_number(first_run(json), "loss"), 9.25, 0.05);
    /* No population is claimed for noise. */
    ck_assert_str_eq(cJSON_GetObjectItem(json, "loss_is")->valuestring, "loss estimate");
    cJSON_Delete(json);
    snprintf(line, sizeof line, "%s --noise 3:0.5 --method gd", path);
    assert_refused(drive("run %s", line), 2, "gd", "population");
}
END_TEST

START_TEST(the_log_has_a_row_per_step_and_says_why_it_ended)
{
    char path[256];
    snprintf(path, sizeof path, "%s", test_path("run.tsv"));
    drive_result result = drive("run examples/rosenbrock.c --data examples/noise.csv --quiet "
                                "--steps 25 --exact --log %s",
                                path);
    assert_done(result);
    char *log = test_read(path);
    int n_rows = -1; /* the line of names */
    for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n"))
        n_rows += line[0] != '#';
    ck_assert_int_eq(n_rows, 25);
    free(log);
    log = test_read(path);
    ck_assert_ptr_nonnull(strstr(log, "# problem: examples/rosenbrock.c\n"));
    ck_assert_ptr_nonnull(strstr(log, "# source: file examples/noise.csv\n"));
    ck_assert_ptr_nonnull(strstr(log, "# stop: "));
    free(log);
}
END_TEST

START_TEST(several_seeds_write_a_log_each)
{
    drive_result result =
        drive("run rosenbrock --quiet --steps 5 --seeds 7:8 --log %s", test_path("a.b.tsv"));
    assert_done(result);
    ck_assert_int_eq(access(test_path("a.b.seed7.tsv"), R_OK), 0);
    ck_assert_int_eq(access(test_path("a.b.seed8.tsv"), R_OK), 0);
    ck_assert_int_ne(access(test_path("a.b.tsv"), F_OK), 0);
}
END_TEST

START_TEST(theta_of_many_parameters_is_left_to_json)
{
    drive_result result = drive("run noisy-quadratic --quiet --steps 2");
    assert_done(result);
    ck_assert_ptr_nonnull(strstr(result.out, "20 numbers"));
    result = drive("run examples/quadratic.c --method gd --set alpha=0 --quiet --steps 2");
    assert_done(result);
    ck_assert_ptr_nonnull(strstr(result.out, "3, 3, 3"));
}
END_TEST

START_TEST(an_interruption_ends_the_log_and_says_so)
{
    static const int signals[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < 2; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s", test_path(i ? "term.tsv" : "int.tsv"));
        pid_t process = drive_begin("run rosenbrock --steps 1e9 --quiet --log %s", path);
        nanosleep(&(struct timespec){1, 0}, NULL);
        ck_assert_int_eq(kill(process, signals[i]), 0);
        drive_result result = drive_end(process);
        ck_assert_int_eq(result.status, 3);
        ck_assert_int_eq(strncmp(result.err, "meka: interrupted after ", 24), 0);
        ck_assert_str_eq(strchr(result.err, '\n'), "\n");
        ck_assert_ptr_nonnull(strstr(result.out, "cancelled"));
        char *log = test_read(path);
        ck_assert_ptr_nonnull(log);
        ck_assert_ptr_nonnull(strstr(log, "\n# stop: cancelled\n"));
        free(log);
    }
}
END_TEST

START_TEST(progress_goes_to_stderr_only_and_not_when_quiet)
{
    drive_result result = drive("run rosenbrock --steps 1000");
    ck_assert_int_eq(result.status, 0);
    ck_assert_ptr_null(strchr(result.out, '\r'));
    /* Not a terminal: a line every ten seconds, none in so short a run. */
    ck_assert_str_eq(result.err, "");
}
END_TEST

TEST_MAIN("cli_run", gradient_descent_takes_the_steps_that_arithmetic_says,
          the_start_can_be_given, settings_may_be_repeated_and_the_last_one_counts,
          the_target_and_the_gradient_tolerance_stop_a_run,
          results_depend_neither_on_jobs_nor_on_which_seeds_run_together,
          several_seeds_give_a_table_with_their_median,
          a_preset_is_its_settings_and_set_goes_over_it,
          schedules_and_averages_are_options_of_every_method, the_summary_counts_how_runs_ended,
          noise_draws_normals_of_the_given_mean_and_spread,
          the_log_has_a_row_per_step_and_says_why_it_ended, several_seeds_write_a_log_each,
          theta_of_many_parameters_is_left_to_json, an_interruption_ends_the_log_and_says_so,
          progress_goes_to_stderr_only_and_not_when_quiet)
