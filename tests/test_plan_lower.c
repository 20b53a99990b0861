#include "tests/ad_fixture.h"

#include <math.h>

enum { n_samples = 9 };

/* x scaled in two steps, of which each is in range and both at once are not. */
static ad_var scaled_twice(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                           const void *ctx)
{
    (void)tape, (void)ctx;
    return ad_mul(theta[0], ad_mul(1e200, ad_mul(1e200, xi[0])));
}

START_TEST(constants_whose_product_is_out_of_range_are_not_merged)
{
    ad_objective o = {.n_params = 1, .n_features = 1, .record = scaled_twice};
    fixture f = fixture_make(&o, 0);
    const double half = 0.5;
    double xi[n_samples], loss[n_samples], grad[n_samples], mean, var;
    for (int i = 0; i < n_samples; i++)
        xi[i] = 1e-300 * (i + 1);
    ck_assert(!ad_eval_samples(f.batch, &half, NULL, n_samples, xi, loss, grad, NULL, NULL));
    for (int i = 0; i < n_samples; i++) {
        ck_assert_double_eq_tol(loss[i] / 5e99, i + 1, 1e-14);
        ck_assert_double_eq_tol(grad[i] / 1e100, i + 1, 1e-14);
    }
    ad_moments out = {.grad_mean = &mean, .grad_var = &var};
    ck_assert(!ad_eval_moments(f.batch, &half, NULL, n_samples, xi, &out, NULL));
    ck_assert_double_eq_tol(mean / 1e100, (n_samples + 1) / 2.0, 1e-14);
    ck_assert(isfinite(var));
    fixture_clear(&f);
}
END_TEST

static ad_var nested(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)ctx;
    return ad_add(theta[0], ad_mul(xi[0], ad_mul(xi[1], xi[2])));
}

START_TEST(a_product_is_multiplied_in_the_order_in_which_it_was_written)
{
    ad_objective o = {.n_params = 1, .n_features = 3, .record = nested};
    fixture f = fixture_make(&o, 0);
    const double zero = 0.0, xi[3] = {1e-200, 1e-200, 1e300};
    double loss;
    ck_assert(!ad_eval_samples(f.batch, &zero, NULL, 1, xi, &loss, NULL, NULL, NULL));
    ck_assert_double_eq_tol(loss / 1e-100, 1.0, 1e-14);
    fixture_clear(&f);
}
END_TEST

/* The difference of two values near 1e16 is 2, or -2; beside a 1 added to either, it is lost.
 */
static ad_var before_a_difference(ad_tape *tape, const ad_var *t, const ad_var *xi,
                                  const void *ctx)
{
    (void)tape, (void)ctx;
    return ad_add(t[0], ad_sub(t[1], xi[0]));
}
static ad_var after_a_difference(ad_tape *tape, const ad_var *t, const ad_var *xi,
                                 const void *ctx)
{
    (void)tape, (void)ctx;
    return ad_add(ad_sub(ad_mul(xi[0], xi[1]), t[1]), t[0]);
}
static ad_var behind_a_running_sum(ad_tape *tape, const ad_var *t, const ad_var *xi,
                                   const void *ctx)
{
    ad_var sum = ad_const(tape, 0.0);
    (void)ctx;
    for (int k = 0; k < 3; k++)
        sum = ad_add(sum, k % 2 ? xi[1] : t[0]);
    return ad_add(sum, ad_sub(t[1], xi[0]));
}

START_TEST(a_difference_cancels_by_itself_whatever_it_is_added_to)
{
    const double theta[2] = {1.0, 1e16 + 2.0}, xi[2] = {1e16, 1.0}, want[3] = {3.0, -1.0, 5.0};
    ad_var (*const record[3])(ad_tape *, const ad_var *, const ad_var *, const void *) = {
        before_a_difference, after_a_difference, behind_a_running_sum};
    for (int k = 0; k < 3; k++) {
        ad_objective o = {
            .name = "difference", .n_params = 2, .n_features = 2, .record = record[k]};
        fixture f = fixture_make(&o, 0);
        double loss;
        ck_assert_int_eq(ad_eval_samples(f.batch, theta, NULL, 1, xi, &loss, NULL, NULL, NULL),
                         MEKA_OK);
        ck_assert_double_eq(loss, want[k]);
        fixture_clear(&f);
    }
}
END_TEST

TEST_MAIN("plan_lower", constants_whose_product_is_out_of_range_are_not_merged,
          a_product_is_multiplied_in_the_order_in_which_it_was_written,
          a_difference_cancels_by_itself_whatever_it_is_added_to)
