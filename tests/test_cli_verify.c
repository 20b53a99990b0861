/* meka verify, figure, reproduce. */
#include "tests/cli_driver.h"

#include "cli/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A verification of a second or two, which fails now and then. */
#define SMALL "--quiet --dim 1 --condition 1 --steps 16 --seeds 8 --confidence 0.5"

START_TEST(the_verdict_as_json_holds_every_finding_and_agrees_with_the_status)
{
    drive_result result = drive("verify --json --quiet --dim 2 --condition 2 --steps 256 "
                                "--seeds 32 --confidence 0.999");
    assert_done(result);
    cJSON *json = drive_json(result);
    ck_assert(cJSON_IsTrue(cJSON_GetObjectItem(json, "passed")));
    const cJSON *config = cJSON_GetObjectItem(json, "config");
    ck_assert_double_eq(drive_number(config, "dim"), 2.0);
    ck_assert_double_eq(drive_number(config, "confidence"), 0.999);
    ck_assert_double_eq(drive_number(config, "steps"), 256.0);
    const cJSON *findings = cJSON_GetObjectItem(json, "findings"), *finding;
    ck_assert_int_ge(cJSON_GetArraySize(findings), 4);
    cJSON_ArrayForEach(finding, findings)
    {
        ck_assert(cJSON_IsTrue(cJSON_GetObjectItem(finding, "passed")));
        ck_assert(cJSON_IsString(cJSON_GetObjectItem(finding, "claim")));
        drive_number(finding, "value");
    }
    cJSON_Delete(json);
}
END_TEST

START_TEST(a_finding_that_fails_gives_status_one_and_is_named)
{
    /* At confidence 0.5 some seed fails before long; the verdict must say so each way. */
    drive_result result = {0};
    int seed = 4;
    for (; seed < 16; seed++) {
        result = drive("verify " SMALL " --seed %d", seed);
        ck_assert_str_eq(result.err, "");
        bool failed = strstr(result.out, "\nFAIL ") != NULL;
        ck_assert_int_eq(result.status, failed ? 1 : 0);
        ck_assert_int_eq(strstr(result.out, "NOT confirmed") != NULL, failed);
        if (failed)
            break;
    }
    ck_assert_msg(result.status == 1, "no seed failed: is the confidence used?");
    result = drive("verify " SMALL " --json --seed %d", seed);
    ck_assert_int_eq(result.status, 1);
    cJSON *json = drive_json(result);
    ck_assert(cJSON_IsFalse(cJSON_GetObjectItem(json, "passed")));
    cJSON_Delete(json);
}
END_TEST

START_TEST(numbers_in_json_read_back_exactly)
{
    static const double values[] = {0.1, 1.0 / 3.0, 1e-300, -2.5e17, 5e-324, 1.0};
    cli_json json = {0};
    meka_error err = {0};
    cJSON *array = cli_json_array(&json, NULL, NULL);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        cli_json_real(&json, array, NULL, values[i]);
    cli_json_real(&json, array, NULL, NAN);
    cli_json_count(&json, array, NULL, UINT64_MAX);
    char *text = cli_json_render(&json, &err);
    ck_assert_ptr_nonnull(text);
    cJSON *back = cJSON_Parse(text);
    for (int i = 0; i < (int)(sizeof values / sizeof values[0]); i++)
        ck_assert_double_eq(cJSON_GetArrayItem(back, i)->valuedouble, values[i]);
    ck_assert(cJSON_IsNull(cJSON_GetArrayItem(back, 6)));
    ck_assert_ptr_nonnull(strstr(text, "18446744073709551615"));
    cJSON_Delete(back);
    cJSON_free(text);
    cli_json_clear(&json);
}
END_TEST

static void assert_figure_files(const char *text)
{
    static const char *const ends[] = {".tsv", ".png", ".svg", ".txt"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/figure4%s", test_path("out"), ends[i]);
        ck_assert_msg(access(path, R_OK) == 0, "no %s", path);
        ck_assert_msg(strstr(text, path), "%s is not named", path);
    }
}

static bool has_gnuplot(void)
{
    return system("command -v gnuplot > /dev/null") == 0;
}

START_TEST(a_figure_names_the_files_it_makes)
{
    if (!has_gnuplot())
        return;
    drive_result result = drive("figure 4 --seeds 1 --quiet --out %s", test_path("out"));
    assert_done(result);
    assert_figure_files(result.out);
    cJSON *json =
        drive_json(drive("figure 4 --seeds 1 --quiet --json --out %s", test_path("out")));
    const cJSON *figure = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "figures"), 0);
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(figure, "files")), 4);
    cJSON_Delete(json);
}
END_TEST

TEST_MAIN("cli_verify", the_verdict_as_json_holds_every_finding_and_agrees_with_the_status,
          a_finding_that_fails_gives_status_one_and_is_named, numbers_in_json_read_back_exactly,
          a_figure_names_the_files_it_makes)
