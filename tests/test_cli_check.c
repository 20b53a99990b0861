/* meka check: right objectives pass, wrong ones are found and say where. */
#include "tests/cli_driver.h"

#include <meka/problems.h>

#include <stdio.h>
#include <stdlib.h>

/* The line of the report on `name` with this outcome holds the piece. */
static void assert_finding(drive_result result, const char *outcome, const char *name,
                           const char *piece)
{
    char start[64];
    snprintf(start, sizeof start, "%-5s %-11s ", outcome, name);
    for (const char *line = result.out; (line = strstr(line, start)); line++) {
        const char *found = strstr(line, piece), *end = strchr(line, '\n');
        if (found && found < end)
            return;
    }
    ck_abort_msg("no line '%s' with '%s' in:\n%s", start, piece, result.out);
}

static void assert_verdict(drive_result result, int status, const char *verdict)
{
    char line[256];
    ck_assert_msg(result.status == status, "status %d:\n%s%s", result.status, result.out,
                  result.err);
    ck_assert_str_eq(result.err, "");
    snprintf(line, sizeof line, "\nverdict: %s", verdict);
    ck_assert_msg(strstr(result.out, line), "not '%s':\n%s", verdict, result.out);
}

/* Whether a sample is hundreds of numbers, as an image. */
static bool is_large(const prob_problem *problem)
{
    prob_instance it;
    ck_assert_int_eq(prob_create(&it, problem, &(prob_request){.seed = 1}, NULL), MEKA_OK);
    bool large = it.objective.n_features > 500;
    prob_destroy(&it);
    return large;
}

/* Large ones are looked at in two samples.  Among their thousands of kinks third differences
 * may not settle, which is then said. */
START_TEST(every_problem_of_the_zoo_and_every_example_is_correct)
{
    const prob_problem *problem;
    for (size_t i = 0; (problem = prob_problem_at(i)); i++) {
        if (problem->needs_data)
            continue;
        bool large = is_large(problem);
        drive_result result =
            drive("check %s%s", problem->name, large ? " --samples 2 --points 1" : "");
        assert_verdict(result, 0, "correct");
        assert_finding(result, "pass", "gradient", "agree");
        assert_finding(result, "pass", "hvp", "agree");
        assert_finding(result, "pass", "hvp-mixed", "agree");
        if (large && strstr(result.out, "\nhint  line-third"))
            assert_finding(result, "hint", "line-third", "do not settle");
        else
            assert_finding(result, "pass", "line-third", "agree");
    }
    assert_verdict(drive("check examples/rosenbrock.c --data examples/noise.csv"), 0,
                   "correct: all 12 checks pass");
    assert_verdict(drive("check examples/quadratic.c"), 0, "correct: all 12 checks pass");
}
END_TEST

START_TEST(the_verdict_does_not_depend_on_the_seed)
{
    for (int seed = 0; seed < 6; seed++) {
        assert_verdict(drive("check rosenbrock --seed %d", seed), 0, "correct");
        assert_verdict(drive("check tests/objectives/branching.c --seed %d", seed), 0,
                       "correct");
        assert_verdict(drive("check tests/objectives/detached.c --seed %d", seed), 1,
                       "not correct");
    }
}
END_TEST

START_TEST(a_branch_on_a_value_is_correct_and_a_hint_names_its_line)
{
    drive_result result = drive("check tests/objectives/branching.c");
    assert_verdict(result, 0, "correct");
    assert_finding(result, "hint", "replayable", "branching.c:7");
    assert_finding(result, "hint", "replayable", "ad_select");
    assert_finding(result, "hint", "samples", "--data");
}
END_TEST

START_TEST(a_dependence_that_escapes_the_derivatives_is_found)
{
    drive_result result = drive("check tests/objectives/detached.c");
    assert_verdict(result, 1, "not correct: ");
    assert_finding(result, "FAIL", "gradient", "detached.c:6 reads a value");
    assert_finding(result, "FAIL", "gradient", "parameter 1: recorded 1, differences 4.709");
    assert_finding(result, "FAIL", "hvp", "is not");
    assert_finding(result, "pass", "symmetry", "agree");
}
END_TEST

START_TEST(a_function_that_is_not_pure_is_found_before_anything_else)
{
    drive_result result = drive("check tests/objectives/impure.c");
    assert_verdict(result, 1, "not correct: 1 of 1 check fails: pure");
    assert_finding(result, "FAIL", "pure", "impure.c:9");
    assert_finding(result, "FAIL", "pure", "random numbers");
    result = drive("check tests/objectives/counting.c");
    assert_verdict(result, 1, "not correct: 1 of 1 check fails: pure");
}
END_TEST

START_TEST(a_kink_is_told_from_a_mistake)
{
    drive_result result = drive("check tests/objectives/kink.c");
    assert_verdict(result, 0, "correct: all 12 checks pass; theta lies on a kink");
    assert_finding(result, "hint", "kink", "kink.c:6: abs is on a tie");
    result = drive("check tests/objectives/kink.c --theta 0.5,0");
    assert_verdict(result, 0, "correct: all 12 checks pass\n");
    /* Close to the kink, but not on it: smaller steps see one side only. */
    result = drive("check tests/objectives/kink.c --theta 1e-5,0 --points 1");
    assert_verdict(result, 0, "correct: all 11 checks pass\n");
    assert_finding(result, "hint", "line-third", "do not settle");
}
END_TEST

START_TEST(a_jump_is_told_from_a_kink)
{
    drive_result result = drive("check tests/objectives/jump.c");
    assert_verdict(result, 0, "correct: all 12 checks pass; at theta the loss jumps");
    assert_finding(result, "hint", "kink", "jump.c:6: gt is on a tie");
    assert_finding(result, "hint", "kink", "jumps");
}
END_TEST

START_TEST(a_tie_without_a_kink_is_only_a_hint)
{
    for (int seed = 0; seed < 5; seed++) {
        drive_result result = drive("check tests/objectives/tie.c --seed %d", seed);
        assert_verdict(result, 0, "correct: all 12 checks pass\n");
        assert_finding(result, "hint", "tie", "same slope on both sides");
    }
}
END_TEST

START_TEST(digits_that_an_objective_loses_are_not_called_a_mistake)
{
    for (int seed = 0; seed < 10; seed++)
        assert_verdict(drive("check tests/objectives/rounding.c --seed %d", seed), 0,
                       "correct");
    assert_finding(drive("check tests/objectives/rounding.c --points 20"), "hint", "rounding",
                   "values up to 1e+09");
}
END_TEST

START_TEST(a_value_that_is_not_finite_is_located)
{
    drive_result result = drive("check tests/objectives/nonfinite.c");
    assert_verdict(result, 1, "not correct: ");
    assert_finding(result, "FAIL", "finite", "nonfinite.c:7: log(-4) is nan at sample 0");
    assert_verdict(drive("check tests/objectives/nonfinite.c --theta 0.01,1"), 0, "correct");
}
END_TEST

START_TEST(what_is_not_used_is_a_hint)
{
    drive_result result = drive("check tests/objectives/wasteful.c");
    assert_verdict(result, 0, "correct");
    assert_finding(result, "hint", "features", "1 of 2 features never enter the loss: 1");
    assert_finding(result, "hint", "parameters", "never enter the loss: 2");
    assert_finding(result, "hint", "parameters", "gradient of 0");
    assert_finding(result, "hint", "size", "5 instructions: 1 const");
}
END_TEST

START_TEST(json_says_the_same)
{
    drive_result result = drive("check tests/objectives/detached.c --json");
    ck_assert_int_eq(result.status, 1);
    cJSON *json = drive_json(result);
    ck_assert(cJSON_IsFalse(cJSON_GetObjectItem(json, "passed")));
    const cJSON *findings = cJSON_GetObjectItem(json, "findings"), *f;
    int n_failed = 0;
    cJSON_ArrayForEach(f, findings)
    {
        const char *outcome = cJSON_GetObjectItem(f, "outcome")->valuestring;
        if (strcmp(outcome, "fail") != 0)
            continue;
        n_failed++;
        ck_assert_double_gt(drive_number(f, "error"), drive_number(f, "bound"));
    }
    ck_assert_int_ge(n_failed, 2);
    ck_assert_int_eq(
        strncmp(cJSON_GetObjectItem(json, "verdict")->valuestring, "not correct", 11), 0);
    cJSON_Delete(json);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
    assert_refused(drive("check"), 2, "problem or a file");
    assert_refused(drive("check nonsense"), 2, "'nonsense'");
    assert_refused(drive("check rosenbrock --theta 1"), 2, "--theta", "2 parameters");
    assert_refused(drive("check rosenbrock --samples 0"), 2, "--samples");
    assert_refused(drive("check examples/quadratic.c --data examples/noise.csv"), 2, "--data");
    assert_refused(drive("check /nowhere/o.c"), 3, "'/nowhere/o.c'");
    assert_refused(drive("check rosenbrock > /dev/full"), 3, "standard output");
}
END_TEST

TEST_MAIN("cli_check", every_problem_of_the_zoo_and_every_example_is_correct,
          the_verdict_does_not_depend_on_the_seed,
          a_branch_on_a_value_is_correct_and_a_hint_names_its_line,
          a_dependence_that_escapes_the_derivatives_is_found,
          a_function_that_is_not_pure_is_found_before_anything_else,
          a_kink_is_told_from_a_mistake, a_jump_is_told_from_a_kink,
          a_tie_without_a_kink_is_only_a_hint,
          digits_that_an_objective_loses_are_not_called_a_mistake,
          a_value_that_is_not_finite_is_located, what_is_not_used_is_a_hint, json_says_the_same,
          wrong_arguments_are_refused)
