/* The files in examples/ compile without warnings and do what they say. */
#include "tests/cli_driver.h"

#include "cli/command.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static const cJSON *only_run(const cJSON *json)
{
    return cJSON_GetArrayItem(cJSON_GetObjectItem(json, "runs"), 0);
}

static double theta_of(const cJSON *json, int j)
{
    return cJSON_GetArrayItem(cJSON_GetObjectItem(only_run(json), "theta"), j)->valuedouble;
}

START_TEST(every_example_compiles_without_warnings)
{
    static const char *const compilers[] = {"gcc", "clang"};
    const char *source = getenv("MEKA_SOURCE");
    char folder[512], line[2048];
    int n = 0;
    snprintf(folder, sizeof folder, "%s/examples", source);
    DIR *stream = opendir(folder);
    ck_assert_ptr_nonnull(stream);
    for (struct dirent *entry; (entry = readdir(stream));) {
        size_t length = strlen(entry->d_name);
        if (length < 3 || strcmp(entry->d_name + length - 2, ".c") != 0)
            continue;
        n++;
        for (size_t i = 0; i < 2; i++) {
            snprintf(line, sizeof line, "command -v %s > /dev/null", compilers[i]);
            if (system(line) != 0)
                continue;
            snprintf(line, sizeof line,
                     "%s -std=c11 -Wall -Wextra -Wno-unused-parameter -pedantic -Werror "
                     "-fsyntax-only -I%s/include %s/%.200s",
                     compilers[i], source, folder, entry->d_name);
            ck_assert_msg(system(line) == 0, "%s", line);
        }
    }
    closedir(stream);
    ck_assert_int_ge(n, 2);
}
END_TEST

START_TEST(the_rosenbrock_example_ends_at_the_mean_of_its_data)
{
    /* The command that the help shows; the mean of the samples is 1. */
    drive_result result = drive("%s --json --quiet", cli_run.example + strlen("meka "));
    assert_done(result);
    cJSON *json = drive_json(result);
    ck_assert_double_eq_tol(theta_of(json, 0), 1.0, 0.05);
    ck_assert_double_eq_tol(theta_of(json, 1), 1.0, 0.1);
    ck_assert_str_eq(cJSON_GetObjectItem(json, "loss_is")->valuestring, "loss");
    cJSON_Delete(json);
}
END_TEST

START_TEST(the_noise_example_has_mean_one_and_the_spread_it_names)
{
    meka_data data = {0};
    meka_error err = {0};
    char path[512];
    long double sum = 0.0L, squares = 0.0L;
    snprintf(path, sizeof path, "%s/examples/noise.csv", getenv("MEKA_SOURCE"));
    assert_ok(meka_data_read_csv(&data, path, &err), err);
    ck_assert_uint_eq(data.n_features, 1);
    ck_assert_uint_eq(data.n_rows, 200);
    for (size_t i = 0; i < data.n_rows; i++)
        sum += data.value[i];
    long double mean = sum / 200.0L;
    for (size_t i = 0; i < data.n_rows; i++)
        squares += (data.value[i] - mean) * (data.value[i] - mean);
    ck_assert_double_eq_tol((double)mean, 1.0, 1e-12);
    ck_assert_double_eq_tol(sqrt((double)squares / 199.0), 0.1, 1e-3);
    meka_data_clear(&data);
}
END_TEST

START_TEST(the_quadratic_example_runs_without_samples_to_its_minimum)
{
    drive_result result = drive("run examples/quadratic.c --json --quiet");
    assert_done(result);
    cJSON *json = drive_json(result);
    for (int k = 0; k < 3; k++)
        ck_assert_double_eq_tol(theta_of(json, k), k, 1e-3);
    cJSON_Delete(json);
}
END_TEST

START_TEST(an_example_compiled_beforehand_gives_the_same_run)
{
    char line[1024], object[256];
    snprintf(object, sizeof object, "%s", test_path("quadratic.so"));
    snprintf(line, sizeof line,
             "cc -O2 -shared -fPIC -I'%s/include' -o '%s' '%s/examples/quadratic.c'",
             getenv("MEKA_SOURCE"), object, getenv("MEKA_SOURCE"));
    ck_assert_int_eq(system(line), 0);
    cJSON *a = drive_json(drive("run examples/quadratic.c --steps 20 --json --quiet"));
    cJSON *b = drive_json(drive("run %s --steps 20 --json --quiet", object));
    for (int k = 0; k < 3; k++)
        ck_assert_double_eq(theta_of(a, k), theta_of(b, k));
    cJSON_Delete(a);
    cJSON_Delete(b);
}
END_TEST

START_TEST(the_compiler_may_have_options_and_a_file_any_name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/examples/quadratic.c", getenv("MEKA_SOURCE"));
    char *text = test_read(path);
    ck_assert_ptr_nonnull(text);
    test_write("-a name with blanks.c", text);
    free(text);
    setenv("CC", "cc  -O0 -Wall", 1);
    assert_done(drive("run '%s' --steps 2 --quiet", test_path("-a name with blanks.c")));
    assert_done(drive("run --steps 2 --quiet -- '%s'", test_path("-a name with blanks.c")));
}
END_TEST

TEST_MAIN("cli_examples", every_example_compiles_without_warnings,
          the_rosenbrock_example_ends_at_the_mean_of_its_data,
          the_noise_example_has_mean_one_and_the_spread_it_names,
          the_quadratic_example_runs_without_samples_to_its_minimum,
          an_example_compiled_beforehand_gives_the_same_run,
          the_compiler_may_have_options_and_a_file_any_name)
