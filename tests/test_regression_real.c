/* Minima on real data, which are not part of this repository: as in tests/test_data_real.c they
 * are in the directory that MEKA_DATA names, and without it the program ends with status 77. */
#include "tests/regression_fixture.h"

#include <limits.h>
#include <stdio.h>

static prob_instance real(const char *problem, const char *settings, const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", getenv("MEKA_DATA"), name);
    return regression_make(problem, settings, path);
}

START_TEST(logistic_minima_agree_with_a_dense_newton_method_to_1e_10)
{
    static const char *const files[] = {
        "heart_scale",  "breast-cancer_scale", "diabetes_scale", "australian_scale",
        "mushrooms.gz", "ijcnn1.gz",           "a9a.gz"};
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        char name[64];
        snprintf(name, sizeof name, "libsvm/%s", files[f]);
        prob_instance p = real("logistic", "bias=yes", name);
        regression_assert_minimum(&p, 1, 1e-3, files[f]);
        prob_destroy(&p);
    }
}
END_TEST

START_TEST(softmax_minima_agree_with_a_dense_newton_method_to_1e_10)
{
    static const char *const files[] = {"libsvm/heart_scale", "libsvm/breast-cancer_scale",
                                        "libsvm/diabetes_scale", "libsvm/australian_scale"};
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        prob_instance p = real("softmax", NULL, files[f]);
        regression_assert_minimum(&p, 1, 1e-3, files[f]);
        prob_destroy(&p);
    }
}
END_TEST

START_TEST(least_squares_on_the_diabetes_data_agree_with_qr_to_1e_10)
{
    static const struct {
        const char *settings;
        double l2;
    } rows[] = {
        {"", 1e-3}, {"l2=0", 0.0}, {"scale=standard l2=0", 0.0}, {"scale=unit l2=1e-2", 1e-2}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prob_instance p =
            real("least-squares", rows[i].settings, "regression/diabetes.tab.txt");
        regression_assert_minimum(&p, 1, rows[i].l2, rows[i].settings);
        prob_destroy(&p);
    }
}
END_TEST

/* Without a penalty the mushrooms are separable, and in a9a some features belong to one class.
 */
START_TEST(where_features_belong_to_one_class_alone_there_is_no_minimum_without_penalty)
{
    static const char *const files[] = {"libsvm/mushrooms.gz", "libsvm/a9a.gz"};
    for (size_t f = 0; f < 2; f++) {
        prob_instance p = real("logistic", "l2=0", files[f]);
        ck_assert(isnan(p.minimum));
        const double *row = p.source.population;
        size_t m = p.source.n_features - 1, n_pure = 0;
        for (size_t j = 0; j < m; j++) {
            int seen[2] = {0};
            for (size_t i = 0; i < p.source.n_population; i++)
                if (row[i * (m + 1) + j] != 0.0)
                    seen[row[i * (m + 1) + m] > 0.0] = 1;
            n_pure += seen[0] + seen[1] == 1;
        }
        ck_assert_uint_ge(n_pure, 1);
        prob_destroy(&p);
    }
}
END_TEST

/* Linear classifiers are known to reach about 85% on a9a's test set; counted by hand here. */
START_TEST(the_minimum_of_a9a_predicts_its_test_set)
{
    char data[2 * PATH_MAX];
    const char *directory = getenv("MEKA_DATA");
    snprintf(data, sizeof data, "%s/libsvm/a9a.gz,%s/libsvm/a9a.t.gz", directory, directory);
    prob_instance p = regression_make("logistic", "l2=1e-4 bias=yes", data);
    size_t n = p.test.n_rows, m = p.test.n_features - 1, n_right = 0;
    ck_assert_uint_eq(n, 16281);
    double *xi = malloc(n * (m + 1) * sizeof *xi), *score = malloc(n * sizeof *score),
           sum = 0.0;
    p.test.read(p.test.ctx, 0, n, xi);
    fixture ad = fixture_make(&p.score, 0);
    meka_error err;
    assert_ok(ad_eval_samples(ad.batch, p.minimizer, NULL, n, xi, score, NULL, NULL, &err),
              err);
    for (size_t i = 0; i < n; i++) {
        double z = p.minimizer[m];
        for (size_t j = 0; j < m; j++)
            z += p.minimizer[j] * xi[i * (m + 1) + j];
        n_right += (z > 0.0) == (xi[i * (m + 1) + m] > 0.0);
        sum += score[i];
    }
    ck_assert_double_eq(sum, (double)n_right);
    ck_assert_double_gt(sum / (double)n, 0.845);
    ck_assert_double_lt(sum / (double)n, 0.855);
    free(score);
    free(xi);
    fixture_clear(&ad);
    prob_destroy(&p);
}
END_TEST

int main(void)
{
    const TTest *const list[] = {
        logistic_minima_agree_with_a_dense_newton_method_to_1e_10,
        softmax_minima_agree_with_a_dense_newton_method_to_1e_10,
        least_squares_on_the_diabetes_data_agree_with_qr_to_1e_10,
        where_features_belong_to_one_class_alone_there_is_no_minimum_without_penalty,
        the_minimum_of_a9a_predicts_its_test_set};
    const char *directory = getenv("MEKA_DATA");
    if (!directory || !*directory) {
        puts("skipped: the environment variable MEKA_DATA names no directory of data sets");
        return 77;
    }
    return test_run("regression_real", list, sizeof list / sizeof list[0], NULL, NULL);
}
