#include "tests/ad_fixture.h"

#include <math.h>

static ad_var logarithm(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)ctx;
    ad_var shifted = ad_sub(t[0], xi[0]);
    return ad_mul(2.0, ad_log(shifted)); /* the line that is named */
}

static ad_var root(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)ctx;
    return ad_add(ad_sqrt(ad_sub(t[0], xi[0])), /* the line that is named */
                  1.0);
}

static const ad_objective log_objective = {
    .name = "log", .n_params = 1, .n_features = 1, .record = logarithm};
static const ad_objective root_objective = {
    .name = "root", .n_params = 1, .n_features = 1, .record = root};
static const double xi[5] = {0, 0.5, -1, 3, 2};

START_TEST(a_value_that_is_not_finite_names_operation_line_and_sample)
{
    fixture f = fixture_make(&log_objective, 2);
    double t = 1.0, v = 1.0, loss[5], grad[5], hvp[5];
    meka_error err;
    ck_assert_int_eq(ad_eval_samples(f.batch, &t, &v, 5, xi, loss, grad, hvp, &err),
                     MEKA_NONFINITE);
    ck_assert_msg(strstr(err.text, "test_locate.c:9: log(-2) is") &&
                      strstr(err.text, "nan at sample 3"),
                  "%s", err.text);
    ck_assert(loss[2] == 2.0 * log(2.0)); /* outputs are complete */
    ck_assert(isnan(loss[4]));
    fixture_clear(&f);
}
END_TEST

START_TEST(a_derivative_that_is_not_finite_names_operation_line_and_sample)
{
    fixture f = fixture_make(&root_objective, 2);
    double t = 0.5, grad[3], loss[3];
    meka_error err;
    ck_assert_int_eq(ad_eval_samples(f.batch, &t, NULL, 3, xi, loss, NULL, NULL, &err),
                     MEKA_OK);
    ck_assert_int_eq(ad_eval_samples(f.batch, &t, NULL, 3, xi, loss, grad, NULL, &err),
                     MEKA_NONFINITE);
    ck_assert_msg(
        strstr(err.text, "test_locate.c:15: the derivative of sqrt(0) is inf at sample 1"),
        "%s", err.text);
    fixture_clear(&f);
}
END_TEST

START_TEST(moments_and_lines_report_it_too)
{
    fixture f = fixture_make(&log_objective, 4);
    double t = 1.0, v = 1.0, mean;
    ad_moments out = {.grad_mean = &mean};
    ad_line_moments line = {.order = 3};
    meka_error err;
    ck_assert_int_eq(ad_eval_moments(f.batch, &t, NULL, 5, xi, &out, &err), MEKA_NONFINITE);
    ck_assert_msg(strstr(err.text, "sample 3"), "%s", err.text);
    ck_assert_int_eq(ad_eval_line(f.batch, &t, &v, 5, xi, &line, &err), MEKA_NONFINITE);
    ck_assert_msg(strstr(err.text, "sample 3"), "%s", err.text);
    fixture_clear(&f);
}
END_TEST

START_TEST(a_derivative_along_a_line_that_is_not_finite_names_its_operation)
{
    fixture f = fixture_make(&root_objective, 4);
    double t = 0.5, v = 1.0;
    ad_line_moments line = {.order = 2};
    meka_error err;
    ck_assert_int_eq(ad_eval_line(f.batch, &t, &v, 3, xi, &line, &err), MEKA_NONFINITE);
    ck_assert_msg(strstr(err.text,
                         "test_locate.c:15: a derivative along the line of sqrt(0) is "
                         "inf at sample 1"),
                  "%s", err.text);
    fixture_clear(&f);
}
END_TEST

START_TEST(a_parameter_or_feature_that_is_not_finite_is_named)
{
    fixture f = fixture_make(&log_objective, 4);
    double t = NAN, loss[2], bad[2] = {0, -INFINITY};
    meka_error err;
    ck_assert_int_eq(ad_eval_samples(f.batch, &t, NULL, 1, xi, loss, NULL, NULL, &err),
                     MEKA_NONFINITE);
    ck_assert_msg(strstr(err.text, "parameter 0 is nan at sample 0"), "%s", err.text);
    t = 1.0;
    ck_assert_int_eq(ad_eval_samples(f.batch, &t, NULL, 2, bad, loss, NULL, NULL, &err),
                     MEKA_NONFINITE);
    ck_assert_msg(strstr(err.text, "feature 0 is -inf at sample 1"), "%s", err.text);
    fixture_clear(&f);
}
END_TEST

TEST_MAIN("locate", a_value_that_is_not_finite_names_operation_line_and_sample,
          a_derivative_that_is_not_finite_names_operation_line_and_sample,
          moments_and_lines_report_it_too,
          a_derivative_along_a_line_that_is_not_finite_names_its_operation,
          a_parameter_or_feature_that_is_not_finite_is_named)
