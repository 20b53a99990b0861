/* Networks trained at length, which takes from minutes (the first) to hours (the last): only
 * with MEKA_TEST_LONG set, as ./check --full does.  On the image sets in the directory that
 * MEKA_DATA names, or else on built-in images.  Prints what came out. */
#include "tests/train_fixture.h"

#include <limits.h>
#include <stdio.h>

typedef struct training {
    const char *problem, *settings, *set;
    size_t batch;
    uint64_t n_steps;
    /* Test accuracy to be reached, on the set and on built-in images.  mlp: the usual figure
     * for MNIST; on shapes at random places it has little to hold on to.  The others: half way
     * from chance to what such networks reach when trained to the end. */
    double real, built_in;
} training;

static const training networks[] = {
    {"mlp", "", "mnist", 128, 4690, 0.97, 0.14},
    {"cnn", "width=16", "cifar-10", 128, 790, 0.4, 0.5},
    {"resnet", "depth=32 width=16 flip=yes crop=4", "cifar-10", 32, 939, 0.3, 0.3},
};

static void check(const training *t, const char *method, const char *settings)
{
    char path[PATH_MAX] = "";
    const prob_problem *row;
    prob_instance it;
    meka_error err;
    const char *directory = getenv("MEKA_DATA");
    if (directory)
        snprintf(path, sizeof path, "%s/%s", directory, t->set);
    ck_assert_int_eq(prob_problem_find(&row, t->problem, NULL), MEKA_OK);
    const prob_request request = {
        .settings = t->settings, .data = directory ? path : NULL, .seed = 1};
    assert_ok(prob_create(&it, row, &request, &err), err);
    outcome o = train(&it, method, settings, t->batch, t->n_steps);
    double wanted = directory ? t->real : t->built_in;
    printf("%s on %s, %s: test loss %.4f to %.4f, accuracy %.4f, wanted %.2f\n", t->problem,
           directory ? t->set : "built-in images", method, o.loss[0], o.loss[1], o.accuracy[1],
           wanted);
    fflush(stdout);
    ck_assert_double_lt(o.loss[1], o.loss[0]);
    ck_assert_double_ge(o.accuracy[1], wanted);
    prob_destroy(&it);
}

START_TEST(a_network_reaches_its_accuracy_with_adam_and_with_untuned_meka)
{
    check(&networks[_i], "adam", "alpha=1e-3");
    check(&networks[_i], "meka", NULL);
}
END_TEST

int main(void)
{
    if (!getenv("MEKA_TEST_LONG")) {
        puts("skipped: takes hours; the environment variable MEKA_TEST_LONG asks for it");
        return 77;
    }
    enum { DAY = 86400 };
    Suite *suite = suite_create("training");
    TCase *all = tcase_create("training");
    tcase_set_timeout(all, DAY);
    tcase_add_loop_test(all, a_network_reaches_its_accuracy_with_adam_and_with_untuned_meka, 0,
                        sizeof networks / sizeof networks[0]);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed ? 1 : 0;
}
