/* Regressions on data from files. */
#include "tests/data_fixture.h"
#include "tests/regression_fixture.h"

static const char rows_libsvm[] = "3 1:0.5 2:2\n"
                                  "7 1:1.5 3:-1\n"
                                  "7 2:-1 3:0.25\n"
                                  "3 1:1 2:0.5 3:2\n"
                                  "3 2:1\n"
                                  "7 1:-2 3:1\n";
static const char rows_csv[] = "a,b,c,class\n"
                               "0.5,2,0,3\n1.5,0,-1,7\n0,-1,0.25,7\n1,0.5,2,3\n0,1,0,3\n"
                               "-2,0,1,7\n";
static const char rows_first[] = "3 0.5 2 0\n7 1.5 0 -1\n7 0 -1 0.25\n3 1 0.5 2\n3 0 1 0\n"
                                 "7 -2 0 1\n";
enum { n_rows = 6, m = 3 };
static const double features[n_rows][m] = {{0.5, 2, 0}, {1.5, 0, -1}, {0, -1, 0.25},
                                           {1, 0.5, 2}, {0, 1, 0},    {-2, 0, 1}};
static const double labels[n_rows] = {3, 7, 7, 3, 3, 7};

START_TEST(a_file_of_any_form_gives_its_rows)
{
    const struct {
        const char *path, *settings;
    } files[] = {
        {test_write("rows", rows_libsvm), ""},
        {data_write_gzip("rows.gz", rows_libsvm, sizeof rows_libsvm - 1), ""},
        {test_write("rows.csv", rows_csv), ""},
        {test_write("rows.data", rows_csv), "format=csv"},
        {data_write_gzip("rows.csv.gz", rows_csv, sizeof rows_csv - 1), ""},
        {test_write("rows.txt", rows_first), "label=first"},
        {test_write("libsvm.txt", rows_libsvm), "format=libsvm"},
        {test_write("with, a comma", rows_libsvm), ""},
    };
    static const char *const names[] = {"logistic", "softmax", "least-squares"};
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++)
        for (size_t k = 0; k < 3; k++) {
            prob_instance p = regression_make(names[k], files[f].settings, files[f].path);
            ck_assert_uint_eq(p.source.n_population, n_rows);
            ck_assert_uint_eq(p.source.n_features, m + 1);
            ck_assert_uint_eq(p.test.n_rows, 0);
            for (size_t i = 0; i < n_rows; i++) {
                const double *row = p.source.population + i * (m + 1);
                double second = labels[i] == 7;
                ck_assert_mem_eq(row, features[i], sizeof features[i]);
                ck_assert_double_eq(row[m], k == 0   ? 2.0 * second - 1.0
                                            : k == 1 ? second
                                                     : labels[i]);
            }
            regression_assert_minimum(&p, k > 0, 1e-3, names[k]);
            prob_destroy(&p);
        }
}
END_TEST

/* What the score gives for each test row at theta. */
static void scores(const prob_instance *p, const double *theta, double *score)
{
    fixture ad = fixture_make(&p->score, 0);
    double *xi = malloc(p->test.n_rows * p->test.n_features * sizeof *xi);
    p->test.read(p->test.ctx, 0, p->test.n_rows, xi);
    meka_error err;
    assert_ok(
        ad_eval_samples(ad.batch, theta, NULL, p->test.n_rows, xi, score, NULL, NULL, &err),
        err);
    free(xi);
    fixture_clear(&ad);
}

START_TEST(a_test_file_is_scored_by_what_the_model_says)
{
    char data[4096];
    snprintf(data, sizeof data, "%s,", test_write("train", rows_libsvm));
    strcat(data, test_write("test", "7 1:2\n3 1:2\n3 2:1\n7 2:-1 3:9\n7\n"));
    double score[5];
    prob_instance p = regression_make("logistic", NULL, data);
    ck_assert_uint_eq(p.source.n_population, n_rows);
    ck_assert_uint_eq(p.test.n_rows, 5);
    scores(&p, (double[]){1, 2, 0}, score); /* z = 2, 2, 2, -2, 0 for classes 7 3 3 7 7 */
    ck_assert_mem_eq(score, ((double[]){1, 0, 0, 0, 0}), sizeof score);
    prob_destroy(&p);
    p = regression_make("softmax", NULL, data);
    scores(&p, (double[]){0, 1, 0, 1, 0, 0.25, 0, 0}, score); /* z = (x2, x1 + x3/4) */
    ck_assert_mem_eq(score, ((double[]){1, 0, 1, 1, 0}), sizeof score);
    scores(&p, p.objective.x0, score); /* a tie is not right */
    ck_assert_mem_eq(score, ((double[]){0, 0, 0, 0, 0}), sizeof score);
    prob_destroy(&p);
}
END_TEST

/* All rows, training rows first: row [n_rows][m + 1]. */
static void all_rows(const prob_instance *p, double row[n_rows][m + 1])
{
    size_t n = p->source.n_population;
    memcpy(row, p->source.population, n * sizeof row[0]);
    p->test.read(p->test.ctx, 0, p->test.n_rows, row[n]);
}

START_TEST(a_fraction_is_held_out_and_scaled_as_the_training_rows_are)
{
    char path[4096];
    strcpy(path, test_write("rows", rows_libsvm));
    prob_instance p = regression_make("softmax", "test-fraction=0.34", path);
    prob_instance q = regression_make("softmax", "test-fraction=0.34 scale=standard", path);
    double raw[n_rows][m + 1], scaled[n_rows][m + 1];
    int n_train = 4, seen[n_rows] = {0};
    ck_assert_uint_eq(q.source.n_population, n_train);
    ck_assert_uint_eq(q.test.n_rows, 2);
    all_rows(&p, raw);
    all_rows(&q, scaled);
    for (int i = 0; i < n_rows; i++)
        for (int k = 0; k < n_rows; k++)
            seen[k] += regression_same(m, raw[i], features[k]);
    for (int k = 0; k < n_rows; k++)
        ck_assert_int_eq(seen[k], 1);
    for (int j = 0; j < m; j++) {
        double mean = 0.0, var = 0.0;
        for (int i = 0; i < n_train; i++)
            mean += raw[i][j] / n_train;
        for (int i = 0; i < n_train; i++)
            var += (raw[i][j] - mean) * (raw[i][j] - mean) / n_train;
        for (int i = 0; i < n_rows; i++)
            ck_assert_double_eq_tol(scaled[i][j], (raw[i][j] - mean) / sqrt(var), 1e-14);
    }
    prob_destroy(&p);
    prob_destroy(&q);
}
END_TEST

/* Sparse rows stay as they are in memory, and still give dense samples. */
START_TEST(sparse_rows_have_the_minimum_of_the_same_rows_written_out)
{
    static char text[1 << 14];
    enum { n = 80, width = 40 };
    meka_rng rng;
    meka_rng_init(&rng, 1, MEKA_STREAM_TEST, 0, 0);
    size_t used = 0;
    for (int i = 0; i < n; i++) {
        used += (size_t)sprintf(text + used, "%d", i % 2);
        for (int j = 1 + (int)meka_rng_below(&rng, 20); j <= width; j += 20)
            used += (size_t)sprintf(text + used, " %d:%.3f", j, meka_rng_normal(&rng));
        used += (size_t)sprintf(text + used, "\n");
    }
    const char *path = test_write("sparse", text);
    prob_instance p = regression_make("logistic", "l2=1e-2 bias=yes scale=unit", path);
    regression_assert_minimum(&p, 1, 1e-2, "sparse, scaled");
    prob_destroy(&p);
    p = regression_make("softmax", "l2=1e-2", path);
    regression_assert_minimum(&p, 1, 1e-2, "sparse");
    prob_destroy(&p);
}
END_TEST

START_TEST(what_a_regression_cannot_take_is_refused_with_the_reason)
{
    static const struct {
        const char *name, *settings, *train, *test, *why;
    } bad[] = {
        {"logistic", "", "1 1:2\n2 1:3\n3 1:1\n", NULL, "train: the labels are of 3 classes"},
        {"logistic", "", "4 1:2\n4 1:3\n", NULL, "train: every label is 4; logistic"},
        {"softmax", "", "4 1:2\n4 1:3\n", NULL, "train: every label is 4; softmax"},
        {"softmax", "", "0.5 1:2\n1 1:3\n", NULL, "train:1: label 0.5 is not an integer"},
        {"least-squares", "", "0.5 1:2\nx 1:3\n", NULL, "train:2: label 'x'"},
        {"logistic", "", "1 1:2\n0 1:2\n", NULL, "train: all 2 rows have the same features"},
        {"least-squares", "", "1 1:2\n", NULL, "train: all 1 rows have the same features"},
        {"logistic", "", "1 1:2\n0 1:3\n", "1 2:1\n", "test:1: '2:1' has an index above"},
        {"logistic", "", "1 1:2\n0 1:3\n", "2 1:1\n", "test:1: label 2 is none of the 2"},
        {"logistic", "format=csv", "1,2\n0,3\n", "1,2,3\n", "test:1: 2 features where"},
        {"logistic", "test-fraction=0.5", "1 1:2\n0 1:3\n", "1 1:3\n", "names a test set"},
        {"logistic", "rows=3", "1 1:2\n0 1:3\n", NULL, "option 'rows' is of synthetic data"},
        {"softmax", "classes=4", "1 1:2\n0 1:3\n", NULL, "option 'classes' is of synthetic"},
        {"softmax", "format=csv", "1 1:2\n0 1:3\n", NULL, "train:1: column 2: '1:2' is not"},
        {"logistic", "", "1 1:2\n0 1000001:3\n", NULL,
         "train: 1000001 features make 1000001 parameters"},
        {"logistic", "", "", NULL, "train: holds no rows"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char data[4096];
        prob_instance p = {0};
        meka_error err;
        strcpy(data, test_write("train", bad[i].train));
        if (bad[i].test) {
            strcat(data, ",");
            strcat(data, test_write("test", bad[i].test));
        }
        assert_fails(regression_try(&p, bad[i].name, bad[i].settings, data, &err), err,
                     MEKA_ERR_INPUT, bad[i].why);
        ck_assert_ptr_null(p.storage);
    }
    prob_instance p;
    meka_error err;
    const char *missing = test_path("missing");
    assert_fails(regression_try(&p, "softmax", "", missing, &err), err, MEKA_ERR_IO, missing);
    assert_fails(regression_try(&p, "softmax", "", "missing,", &err), err, MEKA_ERR_INPUT,
                 "'missing,': a comma divides");
    const char *directory = test_directory();
    assert_fails(regression_try(&p, "softmax", "", directory, &err), err, MEKA_ERR_IO,
                 directory);
}
END_TEST

static meka_status make_one(void *ctx, meka_error *err)
{
    prob_instance p = {0};
    meka_status status = regression_try(&p, "softmax", "scale=unit", ctx, err);
    prob_destroy(&p);
    return status;
}

START_TEST(memory_running_out_is_reported)
{
    char data[4096];
    snprintf(data, sizeof data, "%s,", test_write("train", rows_libsvm));
    strcat(data, test_write("test", rows_libsvm));
    ck_assert_uint_ge(test_every_allocation(make_one, data), 10);
}
END_TEST

TEST_MAIN("regression_files", a_file_of_any_form_gives_its_rows,
          a_test_file_is_scored_by_what_the_model_says,
          a_fraction_is_held_out_and_scaled_as_the_training_rows_are,
          sparse_rows_have_the_minimum_of_the_same_rows_written_out,
          what_a_regression_cannot_take_is_refused_with_the_reason,
          memory_running_out_is_reported)
