/* meka show: the recorded program as a table, a graph and JSON. */
#include "tests/cli_driver.h"

#include <stdio.h>
#include <stdlib.h>

static void assert_shows(drive_result result, const char *piece)
{
    ck_assert_msg(strstr(result.out, piece), "'%s' is missing:\n%s", piece, result.out);
}

START_TEST(the_table_names_operations_and_the_users_lines)
{
    drive_result result = drive("show examples/rosenbrock.c");
    assert_done(result);
    assert_shows(result, "2 parameters, 1 feature, 8 instructions");
    assert_shows(result, "replayable yes");
    assert_shows(result, "examples/rosenbrock.c:6");
    assert_shows(result, "%1 %4");
    result = drive("show tests/objectives/branching.c");
    assert_done(result);
    assert_shows(result, "replayable no: tests/objectives/branching.c:7");
    assert_done(drive("show rosenbrock --option dim=10"));
}
END_TEST

START_TEST(a_long_program_is_cut_unless_asked_for)
{
    drive_result result = drive("show noisy-quadratic --option dim=100");
    assert_done(result);
    assert_shows(result, "further instructions left out");
    result = drive("show noisy-quadratic --option dim=100 --limit 0");
    assert_done(result);
    ck_assert_ptr_null(strstr(result.out, "left out"));
    result = drive("show noisy-quadratic --limit 5");
    assert_done(result);
    assert_shows(result, "... 666 further instructions left out");
}
END_TEST

START_TEST(graphviz_accepts_the_graph)
{
    drive_result result = drive("show tests/objectives/jump.c --format dot");
    assert_done(result);
    ck_assert_int_eq(strncmp(result.out, "digraph", 7), 0);
    char line[512];
    snprintf(line, sizeof line, "dot -Tsvg -o '%s' '%s'", test_path("graph.svg"),
             test_write("graph.dot", result.out));
    if (system("command -v dot > /dev/null") == 0)
        ck_assert_msg(system(line) == 0, "dot refuses:\n%s", result.out);
}
END_TEST

START_TEST(json_holds_every_instruction)
{
    drive_result result = drive("show tests/objectives/detached.c --json");
    assert_done(result);
    cJSON *json = drive_json(result);
    const cJSON *instructions = cJSON_GetObjectItem(json, "instructions");
    int n = cJSON_GetArraySize(instructions);
    ck_assert_int_eq(n, (int)drive_number(json, "n_instructions"));
    ck_assert(cJSON_IsFalse(cJSON_GetObjectItem(json, "replayable")));
    const cJSON *read = cJSON_GetObjectItem(json, "reads_value");
    ck_assert_int_eq((int)drive_number(read, "line"), 6);
    const cJSON *last = cJSON_GetArrayItem(instructions, n - 1);
    ck_assert_str_eq(cJSON_GetObjectItem(last, "operation")->valuestring, "add");
    ck_assert_str_eq(cJSON_GetObjectItem(last, "kind")->valuestring, "uniform");
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(last, "operands")), 2);
    ck_assert_double_eq(drive_number(last, "slot"), drive_number(json, "result"));
    const cJSON *first = cJSON_GetArrayItem(instructions, 0); /* exp(theta_1): read, not used */
    ck_assert(cJSON_IsFalse(cJSON_GetObjectItem(first, "used")));
    ck_assert_int_eq((int)drive_number(cJSON_GetObjectItem(json, "operations"), "sqr"), 2);
    cJSON_Delete(json);
    json = drive_json(drive("show rosenbrock --limit 2 --json"));
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(json, "instructions")), 2);
    ck_assert_double_eq(drive_number(json, "n_left_out"),
                        drive_number(json, "n_instructions") - 2.0);
    cJSON_Delete(json);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
    assert_refused(drive("show"), 2, "problem or a file");
    assert_refused(drive("show nonsense"), 2, "'nonsense'", "meka list problems");
    assert_refused(drive("show rosenbrock --format png"), 2, "--format", "text or dot",
                   "'png'");
    assert_refused(drive("show rosenbrock --format dot --json"), 2, "--format", "--json");
    assert_refused(drive("show rosenbrock --limit -1"), 2, "--limit");
    assert_refused(drive("show /nowhere/o.c"), 3, "'/nowhere/o.c'");
    assert_refused(drive("show rosenbrock > /dev/full"), 3, "standard output");
    assert_refused(drive("show rosenbrock --data x.csv"), 2, "rosenbrock", "--data");
    assert_refused(drive("show examples/rosenbrock.c --data examples/noise.csv"), 2, "--data",
                   "examples/rosenbrock.c");
    assert_refused(drive("show logistic --data /nowhere/rows"), 3, "'/nowhere/rows'");
}
END_TEST

TEST_MAIN("cli_show", the_table_names_operations_and_the_users_lines,
          a_long_program_is_cut_unless_asked_for, graphviz_accepts_the_graph,
          json_holds_every_instruction, wrong_arguments_are_refused)
