/* meka compare. */
#include "tests/cli_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define QUICK "--budget 30 --seeds 3 --tune-seeds 1 --grid 3 --quiet"

START_TEST(a_table_an_object_and_pictures_say_the_same)
{
    const char *out = test_path("out");
    drive_result text = drive("compare rosenbrock 'noisy-quadratic dim=3' --methods meka "
                              "--tune sgd " QUICK " --out %s",
                              out);
    assert_done(text);
    ck_assert_ptr_nonnull(strstr(text.out, "rosenbrock\n"));
    ck_assert_ptr_nonnull(strstr(text.out, "noisy-quadratic-dim-3\n"));
    ck_assert_ptr_nonnull(strstr(text.out, "untuned"));
    ck_assert_int_eq(access(test_path("out/compare.png"), F_OK), 0);
    ck_assert_int_eq(access(test_path("out/compare.svg"), F_OK), 0);
    ck_assert_int_eq(access(test_path("out/compare.tsv"), F_OK), 0);
    drive_result again = drive("compare rosenbrock 'noisy-quadratic dim=3' --methods meka "
                               "--tune sgd " QUICK " --out %s --json",
                               test_path("out"));
    assert_done(again);
    cJSON *json = drive_json(again);
    const cJSON *problems = cJSON_GetObjectItem(json, "problems");
    ck_assert_int_eq(cJSON_GetArraySize(problems), 2);
    const cJSON *methods = cJSON_GetObjectItem(cJSON_GetArrayItem(problems, 1), "methods");
    ck_assert_int_eq(cJSON_GetArraySize(methods), 2);
    char number[64];
    snprintf(number, sizeof number, "%.6g",
             drive_number(cJSON_GetArrayItem(methods, 0), "median"));
    ck_assert_ptr_nonnull(strstr(text.out, number));
    ck_assert_int_eq(
        cJSON_GetArraySize(cJSON_GetObjectItem(cJSON_GetArrayItem(methods, 0), "final")), 3);
    cJSON_Delete(json);
}
END_TEST

START_TEST(data_go_to_the_problems_that_take_any)
{
    char rows[2048] = "";
    for (int i = 0; i < 40; i++) {
        size_t used = strlen(rows);
        snprintf(rows + used, sizeof rows - used, "%d 1:%d.5 2:%d\n", i % 3 ? 1 : -1, i % 7,
                 i % 5);
    }
    char file[512];
    snprintf(file, sizeof file, "%s", test_write("rows.libsvm", rows));
    drive_result result = drive("compare logistic rosenbrock --methods meka --tune sgd " QUICK
                                " --json --data %s --out %s",
                                file, test_path("out"));
    assert_done(result);
    char *head = test_read(test_path("out/runs/compare-logistic/meka.1.tsv"));
    ck_assert_ptr_nonnull(strstr(head, file));
    free(head);
    head = test_read(test_path("out/runs/compare-rosenbrock/meka.1.tsv"));
    ck_assert_ptr_nonnull(strstr(head, "# data: the problem's own\n"));
    free(head);
    assert_refused(drive("compare rosenbrock --data %s " QUICK, file), 2, "--data",
                   "leave it out");
}
END_TEST

START_TEST(mistakes_are_answered_in_one_sentence)
{
    assert_refused(drive("compare"), 2, "a problem");
    assert_refused(drive("compare nothing " QUICK " --out %s", test_path("x")), 2, "nothing");
    assert_refused(drive("compare rosenbrock --methods meka --tune none " QUICK), 2,
                   "at least two methods");
    assert_refused(drive("compare rosenbrock --methods meka,,sgd " QUICK), 2, "--methods",
                   "empty");
    assert_refused(drive("compare rosenbrock --methods meka, " QUICK), 2, "comma");
    assert_refused(drive("compare rosenbrock --methods meka,meka " QUICK), 2, "named twice");
    assert_refused(drive("compare rosenbrock rosenbrock " QUICK), 2, "named twice");
    assert_refused(drive("compare rosenbrock --methods walk " QUICK), 2, "walk");
    assert_refused(drive("compare rosenbrock --tune cocob " QUICK), 2, "cocob", "alpha");
    assert_refused(
        drive("compare rosenbrock --tune 'sgd speed=1' " QUICK " --out %s", test_path("y")), 2,
        "speed");
    assert_refused(drive("compare rosenbrock --grid-low 2 --grid-high 1 " QUICK), 2,
                   "--grid-low");
}
END_TEST

TEST_MAIN("cli_compare", a_table_an_object_and_pictures_say_the_same,
          data_go_to_the_problems_that_take_any, mistakes_are_answered_in_one_sentence)
