/* meka explain: why a step has the size it has. */
#include "tests/cli_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A log in the test's own directory, by the program itself; valid until the next call. */
static const char *log_of(const char *arguments)
{
    static char path[400];
    snprintf(path, sizeof path, "%s", test_path("run.tsv"));
    unlink(path);
    assert_done(drive("run %s --log %s --quiet", arguments, path));
    return path;
}

static void assert_shows(const char *text, const char *piece)
{
    ck_assert_msg(strstr(text, piece), "'%s' is missing:\n%s", piece, text);
}

START_TEST(a_step_is_explained_in_half_a_page)
{
    const char *path = log_of("rosenbrock --steps 40");
    drive_result result = drive("explain %s --step 20", path);
    assert_done(result);
    assert_shows(result.out, "meka, step 20 on rosenbrock (2 parameters), rule pi\n");
    assert_shows(result.out, "claims have been true to A'/A = ");
    assert_shows(result.out, "\n  * pi ");
    assert_shows(result.out, "\n    quadratic ");
    assert_shows(result.out, "innovation |g - m-| = ");
    size_t lines = 0;
    for (const char *c = result.out; *c; c++)
        lines += *c == '\n';
    ck_assert_uint_le(lines, 33);
    assert_shows(drive("explain %s --step 0", path).out, "which begin here");
}
END_TEST

/* Where the text says why, for each mechanism between the rule and the step. */
START_TEST(what_made_the_step_is_named)
{
    static const struct {
        const char *settings, *said;
    } cases[] = {
        {"--set smoothing=0.9", "moving average (smoothing 0.9): "},
        {"--set factor=0.5", "times factor 0.5 and schedule 1: "},
        {"--set cap=1e-6", "above the cap\n  alpha = 1e-06; the log has 1e-06\n"},
        {"--schedule linear", "times factor 1 and schedule 0."},
        {"--set rule=fixed --set alpha=1e-4", "not measured, for the rule is fixed"},
        {"--set fixed_steps=13 --set alpha=1e-3",
         "one of the first 13, which have the size 0.001\n  alpha = 0.001; the log has "
         "0.001\n"},
        {"--set calibrate=no", "calibration (off) would scale it by"},
        {"--set third_order=no", "C = 0: third_order=no"},
        {"--set floor=1e6", "the floor (1e+06 A^2/(2B))^2, above"},
        {"--set rule=bound --set bound_k=1e6",
         "is not significant (A <= k sqrt p), so it waits"},
        {"--method adameka", "adameka, step 12"},
        {"--set preset=paper", "where s = 0 the shortest steps"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char arguments[300];
        snprintf(arguments, sizeof arguments, "logistic --steps 30 %s", cases[i].settings);
        drive_result result = drive("explain %s --step 12", log_of(arguments));
        assert_done(result);
        assert_shows(result.out, cases[i].said);
    }
}
END_TEST

START_TEST(json_holds_the_model_the_rules_and_the_row)
{
    drive_result result = drive("explain %s --step 12 --json", log_of("logistic --steps 30"));
    assert_done(result);
    cJSON *json = drive_json(result);
    const cJSON *choice = cJSON_GetObjectItem(json, "choice");
    const cJSON *row = cJSON_GetObjectItem(json, "row");
    const cJSON *model = cJSON_GetObjectItem(json, "model");
    ck_assert_double_eq(drive_number(choice, "alpha_logged"), drive_number(row, "alpha"));
    assert_ulps(drive_number(choice, "alpha"), drive_number(row, "alpha"), 256);
    assert_ulps(drive_number(model, "A"),
                drive_number(row, "slope") * drive_number(row, "calibration"), 2);
    ck_assert_double_eq(drive_number(row, "step"), 12.0);
    const cJSON *rules = cJSON_GetObjectItem(json, "rules");
    ck_assert_int_eq(cJSON_GetArraySize(rules), 4);
    const cJSON *pi = cJSON_GetArrayItem(rules, 0);
    ck_assert_str_eq(cJSON_GetObjectItem(pi, "rule")->valuestring, "pi");
    ck_assert_double_eq(drive_number(pi, "step"), drive_number(choice, "rule_step"));
    ck_assert_double_ge(drive_number(pi, "probability"), 0.5);
    cJSON_Delete(json);
}
END_TEST

START_TEST(a_picture_comes_with_its_data_script_and_caption)
{
    static const char *const steps[] = {"0", "12", "29"};
    const char *path = log_of("logistic --steps 30 --batch 8");
    for (size_t i = 0; i < 3; i++) {
        drive_result result =
            drive("explain %s --step %s --out %s", path, steps[i], test_path("picture"));
        assert_done(result);
        assert_shows(result.out, "explain.png");
        ck_assert_int_eq(drive_count_files(test_path("picture")), 5);
    }
    char *caption = test_read(test_path("picture/explain.txt"));
    assert_shows(caption, "meka, step 29 on logistic");
    char *png = test_read(test_path("picture/explain.png"));
    ck_assert_int_eq(memcmp(png, "\x89PNG", 4), 0);
    char *script = test_read(test_path("picture/explain.gp"));
    assert_shows(script, "step = 29\n");
    free(script);
    free(png);
    free(caption);
}
END_TEST

/* The curves of the data file: each has its maximum, 1, at the maximizer of its rule. */
START_TEST(the_curves_have_their_maxima_where_the_rules_step)
{
    drive_result result = drive("explain %s --step 20 --json --out %s",
                                log_of("logistic --steps 30"), test_path("picture"));
    assert_done(result);
    cJSON *json = drive_json(result);
    char *text = test_read(test_path("picture/explain.tsv"));
    double best[4] = {0}, at[4] = {0}, a = 0.0, before = 0.0;
    const char *line = strchr(strchr(text, '\n') + 1, '\n') + 1;
    for (int i = 0; *line; i++, line = strchr(line, '\n') + 1) {
        double value[10];
        char *end = (char *)line;
        for (int k = 0; k < 10; k++)
            value[k] = strtod(end, &end);
        before = a;
        a = value[0];
        for (int k = 0; k < 4; k++)
            if (value[6 + k] > best[k]) {
                best[k] = value[6 + k];
                at[k] = a;
            }
        ck_assert(value[2] <= value[4] && value[4] <= value[1] && value[1] <= value[5] &&
                  value[5] <= value[3]);
    }
    for (int k = 0; k < 4; k++) {
        const cJSON *rule = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "rules"), k);
        double step = drive_number(rule, "step");
        ck_assert_double_gt(step, 0.0);
        ck_assert_double_eq_tol(best[k], 1.0, 1e-3);
        ck_assert_double_le(fabs(at[k] - step), 2.0 * (a - before));
    }
    free(text);
    cJSON_Delete(json);
}
END_TEST

START_TEST(what_cannot_be_explained_is_refused)
{
    char path[400];
    snprintf(path, sizeof path, "%s", log_of("rosenbrock --steps 5"));
    assert_refused(drive("explain"), 2, "the log of a run");
    assert_refused(drive("explain %s", path), 2, "--step T is missing");
    assert_refused(drive("explain %s --step x", path), 2, "--step");
    assert_refused(drive("explain %s --step 5", path), 2, "step 5 is not in", "steps 0 to 4");
    assert_refused(drive("explain /nowhere/run.tsv --step 1"), 3, "'/nowhere/run.tsv'");
    assert_refused(drive("explain examples/noise.csv --step 1"), 3, "noise.csv",
                   "not a log of meka");
    assert_refused(drive("explain %s --step 1 > /dev/full", path), 3, "standard output");
    char *text = test_read(path);
    char *cut = strstr(text, "\n3\t") + 20;
    *cut = '\0';
    assert_refused(drive("explain %s --step 4", test_write("cut.tsv", text)), 3,
                   "cut.tsv:", "cut off");
    assert_done(drive("explain %s --step 2", test_path("cut.tsv")));
    text[strlen("# meka log: ")] = '9';
    assert_refused(drive("explain %s --step 2", test_write("nine.tsv", text)), 3,
                   "another version");
    free(text);
    assert_refused(drive("explain %s --step 1", log_of("rosenbrock --method adam --steps 5")),
                   3, "method adam", "meka and adameka");
    assert_refused(drive("explain %s --step 1 --out %s",
                         log_of("rosenbrock --set rule=fixed --set alpha=1e-4 --steps 5"),
                         test_path("none")),
                   2, "rule=fixed", "no line model");
    ck_assert_int_eq(drive_count_files(test_path("none")), -1);
}
END_TEST

TEST_MAIN("cli_explain", a_step_is_explained_in_half_a_page, what_made_the_step_is_named,
          json_holds_the_model_the_rules_and_the_row,
          a_picture_comes_with_its_data_script_and_caption,
          the_curves_have_their_maxima_where_the_rules_step,
          what_cannot_be_explained_is_refused)
