/* Linear models of files whose samples stay sparse. */
#include "tests/regression_fixture.h"

#include <math.h>
#include <meka/data.h>
#include <stdio.h>
#include <string.h>

enum { N_ROWS = 60, WIDTH = 90, ENTRIES = 3, N_TEST = 9 };

/* Rows of up to ENTRIES features out of WIDTH, which are not negative, and labels 0, 1 or 2. */
static void write_rows(char *text, size_t n, uint64_t seed)
{
    meka_rng rng;
    meka_rng_init(&rng, seed, MEKA_STREAM_TEST, 0, 0);
    for (size_t i = 0; i < n; i++) {
        text += sprintf(text, "%zu", i % 2);
        for (size_t k = 0; k < ENTRIES; k++) {
            size_t column = 1 + WIDTH / ENTRIES * k + meka_rng_below(&rng, WIDTH / ENTRIES);
            if (i == 0 || meka_rng_below(&rng, 4) > 0)
                text += sprintf(text, " %zu:%.3f", i == 0 && k == 2 ? WIDTH : column,
                                fabs(meka_rng_normal(&rng)));
        }
        text += sprintf(text, "\n");
    }
}

static const char *path_of(const char *name, size_t n, uint64_t seed)
{
    static char text[1 << 14];
    write_rows(text, n, seed);
    return test_write(name, text);
}

static bool is_sparse(const prob_instance *p)
{
    return p->source.n_features == 2 * ENTRIES + 1;
}

static void check_same(const prob_instance *p, const prob_instance *q)
{
    size_t d = p->objective.n_params, n = p->test.n_rows;
    meka_error err = {0};
    ck_assert(is_sparse(p) && !is_sparse(q));
    ck_assert_uint_eq(d, q->objective.n_params);
    ck_assert_uint_eq(p->source.n_population, q->source.n_population);
    ck_assert_double_eq_tol(p->minimum, q->minimum, 1e-13);
    regression_assert_minimizer(p, q->minimizer, 1e-9, p->objective.name);
    ck_assert_uint_eq(n, q->test.n_rows);
    if (n == 0)
        return;
    double *x = malloc(n * (p->test.n_features + q->test.n_features + 2) * sizeof *x);
    ck_assert_ptr_nonnull(x);
    double *y = x + n * p->test.n_features, *own = y + n * q->test.n_features, *other = own + n;
    fixture f = fixture_make(&p->score, 0), g = fixture_make(&q->score, 0);
    p->test.read(p->test.ctx, 0, n, x);
    q->test.read(q->test.ctx, 0, n, y);
    assert_ok(ad_eval_samples(f.batch, q->minimizer, NULL, n, x, own, NULL, NULL, &err), err);
    assert_ok(ad_eval_samples(g.batch, q->minimizer, NULL, n, y, other, NULL, NULL, &err), err);
    ck_assert(regression_same(n, own, other));
    fixture_clear(&f);
    fixture_clear(&g);
    free(x);
}

START_TEST(sparse_samples_have_the_minimum_and_scores_of_dense_ones)
{
    static const struct {
        const char *problem, *settings;
        bool test;
    } cases[] = {
        {"logistic", "l2=1e-2", false},
        {"logistic", "l2=1e-2 bias=yes scale=unit", true},
        {"logistic", "l2=1e-2 test-fraction=0.2 order=epochs", false},
        {"softmax", "l2=1e-2", true},
        {"softmax", "l2=1e-2 bias=no test-fraction=0.2", false},
        {"least-squares", "l2=1e-2", false},
        {"least-squares", "l2=1e-2 bias=no scale=unit", false},
    };
    char rows[4096], data[8192], settings[256];
    strcpy(rows, path_of("rows", N_ROWS, 1));
    const char *test = path_of("test", N_TEST, 2);
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        snprintf(data, sizeof data, "%s%s%s", rows, cases[k].test ? "," : "",
                 cases[k].test ? test : "");
        snprintf(settings, sizeof settings, "%s sparse=yes", cases[k].settings);
        prob_instance p = regression_make(cases[k].problem, settings, data);
        snprintf(settings, sizeof settings, "%s sparse=no", cases[k].settings);
        prob_instance q = regression_make(cases[k].problem, settings, data);
        check_same(&p, &q);
        prob_destroy(&p);
        prob_destroy(&q);
    }
}
END_TEST

/* By itself a sample is sparse if that is faster and possible. */
START_TEST(samples_are_sparse_where_rows_are_nearly_empty_and_stay_so)
{
    char rows[4096], data[8192];
    strcpy(rows, path_of("rows", N_ROWS, 1));
    prob_instance p = regression_make("logistic", "solve=no", rows);
    ck_assert(is_sparse(&p));
    prob_destroy(&p);
    p = regression_make("logistic", "solve=no scale=unit", rows);
    ck_assert(is_sparse(&p));
    prob_destroy(&p);
    p = regression_make("logistic", "solve=no scale=standard", rows);
    ck_assert_uint_eq(p.source.n_features, WIDTH + 1);
    prob_destroy(&p);
    snprintf(data, sizeof data, "%s,%s", rows,
             test_write("test", "1 1:1 2:1 3:1 4:1\n")); /* more than 1 of 25 */
    p = regression_make("logistic", "solve=no", data);
    ck_assert_uint_eq(p.source.n_features, WIDTH + 1);
    ck_assert_uint_eq(p.test.n_features, WIDTH + 1);
    prob_destroy(&p);
}
END_TEST

START_TEST(rows_that_cannot_stay_sparse_are_refused_with_the_reason)
{
    char rows[4096];
    prob_instance p = {0};
    meka_error err;
    strcpy(rows, path_of("rows", N_ROWS, 1));
    assert_fails(regression_try(&p, "logistic", "sparse=yes scale=standard", rows, &err), err,
                 MEKA_ERR_INPUT, "a scale that leaves 0 where it is");
    assert_fails(regression_try(&p, "logistic", "sparse=yes", NULL, &err), err, MEKA_ERR_INPUT,
                 "option 'sparse' is of a file");
    assert_fails(regression_try(&p, "softmax", "sparse=yes format=csv",
                                test_write("csv", "1,0,1\n0,1,0\n"), &err),
                 err, MEKA_ERR_INPUT, "needs a libsvm file");
}
END_TEST

/* Two rows of features 0 .. 4, with a scale of 1/2 or a shift. */
START_TEST(a_row_of_terms_is_its_entries_filled_up)
{
    size_t start[] = {0, 2, 3};
    uint32_t column[] = {1, 4, 0};
    double value[] = {2, -6, 8}, label[] = {0, 1}, xi[7];
    double shift[] = {0, 0, 0, 0, 0}, scale[] = {0.5, 0.5, 0.5, 0.5, 0.5};
    prob_dataset data = {.n_rows = 2,
                         .n_features = 5,
                         .row_start = start,
                         .column = column,
                         .value = value,
                         .label = label,
                         .n_classes = 2};
    prob_scaling scaling = {.n = 5, .shift = shift, .scale = scale};
    prob_sampler_options options = {
        .target = PROB_TARGET_SIGN, .scaling = &scaling, .n_terms = 3};
    prob_sampler s;
    meka_error err = {0};
    assert_ok(prob_sampler_create(&s, &data, &options, &err), err);
    ck_assert_uint_eq(s.n_features, 7);
    prob_sampler_row(&s, 0, xi);
    ck_assert(regression_same(7, xi, (double[]){1, 4, 0, 1, -3, 0, -1}));
    prob_sampler_row(&s, 1, xi);
    ck_assert(regression_same(7, xi, (double[]){0, 0, 0, 4, 0, 0, 1}));
    ck_assert(regression_same(7, s.population + 7, xi));
    prob_sampler_clear(&s);
    options.n_terms = 1;
    assert_fails(prob_sampler_create(&s, &data, &options, &err), err, MEKA_ERR_INPUT,
                 "row 0 has 2 entries; a sample holds 1 terms");
    options.n_terms = 3;
    shift[2] = -4;
    assert_fails(prob_sampler_create(&s, &data, &options, &err), err, MEKA_ERR_INPUT,
                 "the scaling makes 0 of feature 3 2");
    options.scaling = NULL;
    prob_dataset dense = {
        .n_rows = 1, .n_features = 3, .dense = value, .label = label, .n_classes = 2};
    assert_fails(prob_sampler_create(&s, &dense, &options, &err), err, MEKA_ERR_INPUT,
                 "samples of terms need a sparse data set");
}
END_TEST

TEST_MAIN("regression_sparse", sparse_samples_have_the_minimum_and_scores_of_dense_ones,
          samples_are_sparse_where_rows_are_nearly_empty_and_stay_so,
          rows_that_cannot_stay_sparse_are_refused_with_the_reason,
          a_row_of_terms_is_its_entries_filled_up)
