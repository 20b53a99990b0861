/* The networks on the real image sets, which are not part of this repository: in the directory
 * that the environment variable MEKA_DATA names, as for test_data_real. */
#include "tests/train_fixture.h"

#include <limits.h>
#include <stdio.h>

static prob_instance open_real(const char *problem, const char *set, const char *settings)
{
    char path[PATH_MAX];
    const prob_problem *row;
    prob_instance it;
    meka_error err;
    snprintf(path, sizeof path, "%s/%s", getenv("MEKA_DATA"), set);
    ck_assert_int_eq(prob_problem_find(&row, problem, NULL), MEKA_OK);
    prob_request request = {.settings = settings, .data = path, .seed = 1};
    assert_ok(prob_create(&it, row, &request, &err), err);
    return it;
}

START_TEST(the_real_sets_load_with_all_their_images)
{
    static const struct {
        const char *problem, *set;
        size_t n_features, n_test;
    } sets[] = {
        {"mlp", "mnist", 785, 10000},
        {"cnn", "fashion-mnist", 785, 10000},
        {"resnet", "cifar-10", 3073, 10000},
    };
    for (size_t k = 0; k < 3; k++) {
        prob_instance it = open_real(sets[k].problem, sets[k].set, "order=epochs");
        ck_assert_uint_eq(it.objective.n_features, sets[k].n_features);
        ck_assert_uint_eq(it.test.n_rows, sets[k].n_test);
        /* standardized pixels, and classes */
        enum { N = 1000 };
        size_t m = sets[k].n_features;
        double *xi = malloc(N * m * sizeof *xi), sum = 0.0, square = 0.0;
        double n_pixels = (double)(N * (m - 1));
        it.source.draw(it.source.ctx, 1, 0, N, xi);
        for (size_t i = 0; i < N; i++) {
            for (size_t j = 0; j < m - 1; j++) {
                sum += xi[i * m + j];
                square += xi[i * m + j] * xi[i * m + j];
            }
            ck_assert(xi[i * m + m - 1] >= 0.0 && xi[i * m + m - 1] <= 9.0);
        }
        ck_assert_double_lt(fabs(sum / n_pixels), 0.1);
        ck_assert_double_lt(fabs(square / n_pixels - 1.0), 0.1);
        free(xi);
        prob_destroy(&it);
    }
}
END_TEST

START_TEST(a_small_network_learns_mnist_well_beyond_a_linear_one_without_any_tuning)
{
    enum { TWO_EPOCHS = 938 };
    static const char *const methods[][2] = {{"meka", NULL}, {"adam", "alpha=1e-3"}};
    for (int k = 0; k < 2; k++) {
        prob_instance line = open_real("mlp", "mnist", "depth=0");
        prob_instance net = open_real("mlp", "mnist", "hidden=64");
        outcome low = train(&line, methods[k][0], methods[k][1], 128, TWO_EPOCHS);
        outcome high = train(&net, methods[k][0], methods[k][1], 128, TWO_EPOCHS);
        printf("%s: accuracy %.4f linear, %.4f with hidden units\n", methods[k][0],
               low.accuracy[1], high.accuracy[1]);
        ck_assert_double_lt(high.accuracy[0], 0.3);
        ck_assert_double_gt(high.accuracy[1], 0.95);
        ck_assert_double_gt(high.accuracy[1], low.accuracy[1] + 0.03);
        prob_destroy(&line);
        prob_destroy(&net);
    }
}
END_TEST

START_TEST(a_small_convolutional_network_learns_on_cifar)
{
    prob_instance it = open_real("cnn", "cifar-10", "width=4 test-rows=1000");
    outcome o = train(&it, "meka", NULL, 64, 150);
    printf("cnn: test loss %.4f to %.4f, accuracy %.4f\n", o.loss[0], o.loss[1], o.accuracy[1]);
    ck_assert_double_lt(o.loss[1], log(10.0)); /* better than knowing nothing */
    ck_assert_double_gt(o.accuracy[1], 0.2);   /* 8 standard deviations above chance */
    prob_destroy(&it);
}
END_TEST

int main(void)
{
    const TTest *const list[] = {
        the_real_sets_load_with_all_their_images,
        a_small_network_learns_mnist_well_beyond_a_linear_one_without_any_tuning,
        a_small_convolutional_network_learns_on_cifar};
    const char *directory = getenv("MEKA_DATA");
    if (!directory || !*directory) {
        puts("skipped: the environment variable MEKA_DATA names no directory of data sets");
        return 77;
    }
    return test_run("networks_real", list, sizeof list / sizeof list[0], NULL, NULL);
}
