#include "tests/regression_fixture.h"

#include "problems/logistic.h"
#include "problems/newton_cg.h"

/* sum_j c_j (theta_j - a_j)^2 / 2 + (theta_j - a_j)^4 with c_j = 10^-j: the minimum is 0 at a.
 */
enum { d_quartic = 6 };
static ad_var quartic(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var sum = ad_const(tape, 1.0);
    for (int j = 0; j < d_quartic; j++) {
        ad_var e = ad_sub(theta[j], (double)(j + 1));
        ad_var square = ad_sqr(e);
        sum = ad_add(sum, ad_add(ad_mul(0.5 * pow(10.0, -j), square), ad_sqr(square)));
    }
    return sum;
}

START_TEST(a_convex_function_without_samples_is_minimized_to_rounding)
{
    ad_objective o = {.name = "quartic", .n_params = d_quartic, .record = quartic};
    meka_samples one = {.n_rows = 1};
    double theta[d_quartic] = {0}, minimum, xi = 0.0;
    prob_newton_cg_options options = {.has_minimum = true};
    meka_error err;
    assert_ok(prob_newton_cg(&o, &one, &xi, &options, theta, &minimum, &err), err);
    ck_assert_double_eq(minimum, 1.0);
    for (int j = 0; j < d_quartic; j++)
        ck_assert_double_eq_tol(theta[j], j + 1.0, 1e-10);
}
END_TEST

START_TEST(rows_that_are_read_in_chunks_give_the_same_as_rows_in_memory)
{
    prob_instance p = regression_make("softmax", "rows=3000 dim=4 test-fraction=0.4", NULL);
    ck_assert_uint_eq(p.test.n_rows, 1200); /* more than one chunk */
    double *xi = malloc(p.test.n_rows * p.test.n_features * sizeof *xi);
    double theta[2][15] = {{0}}, minimum[2];
    meka_error err;
    p.test.read(p.test.ctx, 0, p.test.n_rows, xi);
    for (int k = 0; k < 2; k++)
        assert_ok(prob_newton_cg(&p.objective, &p.test, k ? xi : NULL, NULL, theta[k],
                                 minimum + k, &err),
                  err);
    ck_assert(isfinite(minimum[0]));
    ck_assert_double_eq(minimum[0], minimum[1]);
    ck_assert_mem_eq(theta[0], theta[1], sizeof theta[0]);
    /* and it is that of these rows, by the oracle */
    glm g = {GLM_SOFTMAX, p.test.n_rows, 4, 3, 1, 1e-3, xi};
    double right[15];
    ck_assert_double_eq_tol(minimum[0], glm_minimize(&g, right), 1e-14);
    free(xi);
    prob_destroy(&p);
}
END_TEST

START_TEST(the_diagonal_may_be_far_off_and_the_minimum_is_the_same)
{
    prob_instance p = regression_make("logistic", "rows=400 dim=8", NULL);
    meka_samples rows = {p.source.n_population, p.source.n_features, NULL, NULL};
    double diagonal[8], theta[8] = {0}, minimum;
    for (int j = 0; j < 8; j++)
        diagonal[j] = pow(100.0, j % 3);
    prob_newton_cg_options options = {.diagonal = diagonal};
    meka_error err;
    assert_ok(prob_newton_cg(&p.objective, &rows, p.source.population, &options, theta,
                             &minimum, &err),
              err);
    ck_assert_double_eq_tol(minimum, p.minimum, 1e-15);
    for (int j = 0; j < 8; j++)
        ck_assert_double_eq_tol(theta[j], p.minimizer[j], 1e-12);
    prob_destroy(&p);
}
END_TEST

/* Rows (1, 0) have both labels.  Feature 2 is there in one row only, of label `last`, and of
 * the size `rare`; with `against` < 0 also in a row of the other label. */
static prob_instance rare_feature(double rare, double against)
{
    const double x[] = {1, 0, 1, 0, 1, 0, 1, 0, 0, rare, 0, against};
    const double label[] = {1, -1, 1, 1, 1, 1};
    prob_instance p;
    meka_error err;
    assert_ok(prob_logistic_make(&p, 6, 2, x, label, 0.0, &err), err);
    return p;
}

START_TEST(a_feature_of_one_class_alone_leaves_no_minimum_and_one_of_both_a_far_one)
{
    for (int k = -3; k <= 3; k++) {
        prob_instance p = rare_feature(pow(10.0, k), 0.0);
        ck_assert_msg(isnan(p.minimum) && !p.minimizer, "size 1e%d: %g", k, p.minimum);
        prob_destroy(&p);
        /* a / (1 + exp a t) = b / (1 + exp -b t) at the minimum */
        double a = pow(10.0, k), b = 1e-5 * a;
        p = rare_feature(a, -b);
        ck_assert_msg(p.minimizer != NULL, "size 1e%d", k);
        double t = p.minimizer[1];
        ck_assert_double_eq_tol(a / (1.0 + exp(a * t)), b / (1.0 + exp(-b * t)), 1e-14 * a);
        ck_assert_double_gt(a * t, 12.0);
        assert_ulps(p.minimizer[0], log(3.0), 16);
        prob_destroy(&p);
    }
}
END_TEST

/* 2000 rows of two classes that overlap in 5 features, and a sixth one that is there in 3 rows
 * of class 1 alone: the loss tends to that of the other rows, and its gradient to 0. */
START_TEST(a_few_rows_that_can_be_told_apart_leave_no_minimum)
{
    enum { n = 2000, m = 6 };
    double *x = calloc(n * m, sizeof *x), label[n];
    int n_told = 0;
    for (size_t i = 0; i < n; i++) {
        meka_rng rng;
        double z = 0.0;
        meka_rng_init(&rng, 1, MEKA_STREAM_TEST, 0, i);
        for (int j = 0; j < m - 1; j++) {
            x[i * m + j] = meka_rng_normal(&rng);
            z += x[i * m + j];
        }
        label[i] = meka_rng_uniform(&rng) < 1.0 / (1.0 + exp(-z)) ? 1.0 : -1.0;
        if (label[i] > 0 && n_told < 3) {
            x[i * m + m - 1] = 1.0;
            n_told++;
        }
    }
    for (int told = 0; told < 2; told++) { /* with it, and without */
        prob_instance p;
        meka_error err;
        assert_ok(prob_logistic_make(&p, n, m, x, label, 0.0, &err), err);
        ck_assert_int_eq(isnan(p.minimum), told == 0);
        ck_assert_int_eq(p.minimizer == NULL, told == 0);
        prob_destroy(&p);
        for (size_t i = 0; i < n; i++)
            x[i * m + m - 1] = 0.0;
    }
    free(x);
}
END_TEST

START_TEST(separable_rows_of_any_number_have_no_minimum_without_a_penalty_and_one_with_it)
{
    /* fewer rows than parameters can be separated whatever their labels */
    static const char *const names[] = {"logistic", "softmax"};
    for (size_t i = 0; i < 2; i++) {
        prob_instance p = regression_make(names[i], "rows=30 dim=40 l2=0", NULL);
        ck_assert_msg(isnan(p.minimum) && !p.minimizer, "%s: %g", names[i], p.minimum);
        prob_destroy(&p);
        p = regression_make(names[i], "rows=30 dim=40 l2=1e-6", NULL);
        regression_assert_minimum(&p, i == 1, 1e-6, names[i]);
        prob_destroy(&p);
    }
}
END_TEST

/* exp(theta) falls for ever and its gradient with it. */
static ad_var exponential(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    return ad_exp(theta[0]);
}

START_TEST(what_has_no_minimum_is_not_given_one)
{
    ad_objective o = {.name = "exp", .n_params = 1, .record = exponential};
    meka_samples one = {.n_rows = 1};
    double theta = 0.0, minimum, xi = 0.0;
    meka_error err;
    assert_ok(prob_newton_cg(&o, &one, &xi, NULL, &theta, &minimum, &err), err);
    ck_assert(isnan(minimum));
}
END_TEST

static meka_status solve(void *ctx, meka_error *err)
{
    const prob_instance *p = ctx;
    double theta[2] = {0}, minimum;
    return prob_newton_cg(&p->objective, &p->test, NULL, NULL, theta, &minimum, err);
}

START_TEST(memory_running_out_is_reported)
{
    prob_instance p =
        regression_make("logistic", "rows=40 dim=2 test-fraction=0.5 condition=1", NULL);
    ck_assert_uint_ge(test_every_allocation(solve, &p), 4);
    prob_destroy(&p);
}
END_TEST

TEST_MAIN("newton_cg", a_convex_function_without_samples_is_minimized_to_rounding,
          rows_that_are_read_in_chunks_give_the_same_as_rows_in_memory,
          the_diagonal_may_be_far_off_and_the_minimum_is_the_same,
          a_feature_of_one_class_alone_leaves_no_minimum_and_one_of_both_a_far_one,
          a_few_rows_that_can_be_told_apart_leave_no_minimum,
          separable_rows_of_any_number_have_no_minimum_without_a_penalty_and_one_with_it,
          what_has_no_minimum_is_not_given_one, memory_running_out_is_reported)
