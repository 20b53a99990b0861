/* The edges that meka/ad.h documents for the runs of ad/runs.c. */
#include "tests/ad_fixture.h"

enum { n = 4 };

typedef struct numbers_of { /* of one sample */
    double loss, grad[n], hvp[n];
} numbers_of;

/* The operation on theta itself. */
static ad_var plain_logsumexp(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    return ad_logsumexp(*(const size_t *)ctx, t);
}

static ad_var plain_entropy(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    return ad_softmax_cross_entropy(*(const size_t *)ctx, t, xi[0]);
}

/* theta [count] along (1, 0, 0 ..). */
static meka_status evaluate(numbers_of *out,
                            ad_var (*record)(ad_tape *, const ad_var *, const ad_var *,
                                             const void *),
                            size_t count, const double *theta, double feature, meka_error *err)
{
    ad_objective o = {
        .name = "edge", .n_params = count, .n_features = 1, .record = record, .ctx = &count};
    double v[n] = {1};
    fixture f = fixture_make(&o, 2);
    meka_status status =
        ad_eval_samples(f.batch, theta, v, 1, &feature, &out->loss, out->grad, out->hvp, err);
    fixture_clear(&f);
    return status;
}

START_TEST(logsumexp_neither_overflows_nor_underflows)
{
    static const double level[] = {0, 1000, -1000, 1e300, -1e300, DBL_MAX, -DBL_MAX};
    for (size_t k = 0; k < sizeof level / sizeof level[0]; k++) {
        double theta[n] = {level[k], level[k], level[k], level[k]};
        numbers_of got;
        meka_error err = {0};
        assert_ok(evaluate(&got, plain_logsumexp, n, theta, 0, &err), err);
        assert_scaled(got.loss, level[k] + log(4.0), fmax(1, fabs(level[k])), 2);
        for (int j = 0; j < n; j++) { /* at ties too: softmax, and its derivative */
            assert_ulps(got.grad[j], 0.25, 4);
            assert_scaled(got.hvp[j], j == 0 ? 0.1875 : -0.0625, 1, 4);
        }
    }
    double apart[2] = {DBL_MAX, -DBL_MAX};
    numbers_of got;
    meka_error err = {0};
    assert_ok(evaluate(&got, plain_logsumexp, 2, apart, 0, &err), err);
    ck_assert(got.loss == DBL_MAX && got.grad[0] == 1 && got.grad[1] == 0 && got.hvp[0] == 0);
}
END_TEST

START_TEST(the_infinities_of_logsumexp_are_as_documented)
{
    numbers_of got;
    meka_error err = {0};
    double one_out[3] = {0.5, -INFINITY, 0.5}, none[3] = {-INFINITY, -INFINITY, -INFINITY};
    double top[3] = {0.5, INFINITY, -INFINITY}, unknown[3] = {0.5, NAN, 1}, only[1] = {-2.5};
    (void)evaluate(&got, plain_logsumexp, 3, one_out, 0, &err);
    assert_ulps(got.loss, 0.5 + log(2.0), 2);
    ck_assert(got.grad[1] == 0 && got.hvp[1] == 0);
    assert_ulps(got.grad[0], 0.5, 2);
    ck_assert_int_eq(evaluate(&got, plain_logsumexp, 3, none, 0, &err), MEKA_NONFINITE);
    ck_assert(got.loss == -INFINITY && isnan(got.grad[0]) && isnan(got.grad[2]));
    ck_assert_int_eq(evaluate(&got, plain_logsumexp, 3, top, 0, &err), MEKA_NONFINITE);
    ck_assert(got.loss == INFINITY && isnan(got.grad[1]));
    ck_assert_int_eq(evaluate(&got, plain_logsumexp, 3, unknown, 0, &err), MEKA_NONFINITE);
    ck_assert(isnan(got.loss));
    assert_ok(evaluate(&got, plain_logsumexp, 1, only, 0, &err), err);
    ck_assert(got.loss == -2.5 && got.grad[0] == 1 && got.hvp[0] == 0);
}
END_TEST

START_TEST(cross_entropy_keeps_its_precision_beside_a_large_common_shift)
{
    numbers_of got;
    meka_error err = {0};
    double shifted[3] = {1e15, 1e15 + 1, 1e15 - 1}, masked[3] = {0, -INFINITY, 1};
    double wanted = log(1 + exp(-1.0) + exp(-2.0));
    assert_ok(evaluate(&got, plain_entropy, 3, shifted, 1, &err), err);
    assert_ulps(got.loss, wanted, 4);
    (void)evaluate(&got, plain_entropy, 3, masked, 2, &err);
    assert_ulps(got.loss, log1p(exp(-1.0)), 4);
    ck_assert(got.grad[1] == 0);
    ck_assert_int_eq(evaluate(&got, plain_entropy, 3, masked, 1, &err), MEKA_NONFINITE);
    ck_assert(got.loss == INFINITY);
    masked[1] = INFINITY;
    ck_assert_int_eq(evaluate(&got, plain_entropy, 3, masked, 0, &err), MEKA_NONFINITE);
    ck_assert(got.loss == INFINITY);
    ck_assert_int_eq(evaluate(&got, plain_entropy, 3, masked, 1, &err), MEKA_NONFINITE);
    ck_assert(isnan(got.loss));
    assert_ok(evaluate(&got, plain_entropy, 1, shifted, 0, &err), err);
    ck_assert(got.loss == 0 && got.grad[0] == 0);
}
END_TEST

/* Infinite and NaN where they are not chosen. */
static ad_var pick_of_sums(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var z[3] = {ad_add(t[0], INFINITY), ad_sqr(t[1]), ad_mul(NAN, ad_stop(t[2]))};
    return ad_pick(3, z, xi[0]);
}

static ad_var pick_of_logs(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var z[3];
    for (int k = 0; k < 3; k++)
        z[k] = ad_log(t[k]);
    return ad_pick(3, z, xi[0]);
}

START_TEST(what_is_not_picked_does_not_matter)
{
    numbers_of got;
    meka_error err = {0};
    double theta[3] = {0, 2, -1};
    assert_ok(evaluate(&got, pick_of_sums, 3, theta, 1, &err), err);
    ck_assert(got.loss == 4 && got.grad[0] == 0 && got.grad[1] == 4 && got.hvp[0] == 0);
    (void)evaluate(&got, pick_of_logs, 3, theta, 1, &err);
    ck_assert(got.loss == log(2.0) && got.grad[1] == 0.5);
}
END_TEST

START_TEST(an_index_that_names_no_value_is_located)
{
    static const double wrong[] = {3, -1, 0.5, NAN, INFINITY};
    double theta[3] = {1, 2, 3};
    ad_objective o = {.name = "index", .n_params = 3, .n_features = 1, .record = pick_of_logs};
    fixture f = fixture_make(&o, 2);
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        double xi[3] = {0, 2, wrong[k]}, loss[3];
        meka_error err;
        assert_fails(ad_eval_samples(f.batch, theta, NULL, 3, xi, loss, NULL, NULL, &err), err,
                     MEKA_NONFINITE, "at sample 2");
        ck_assert(loss[0] == 0 && loss[1] == log(3.0) && isnan(loss[2]));
        if (isfinite(wrong[k])) {
            ck_assert_ptr_nonnull(strstr(err.text, __FILE__));
            ck_assert_ptr_nonnull(strstr(err.text, "div(0, 0)"));
        }
    }
    fixture_clear(&f);
}
END_TEST

/* A constant of its own would be blamed for every other sample that is not finite. */
static ad_var log_after_pick(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    return ad_log(ad_add(ad_pick(2, t, xi[0]), ad_logsumexp(2, t)));
}

START_TEST(a_later_error_is_not_blamed_on_a_run)
{
    numbers_of got;
    meka_error err;
    double theta[2] = {-5, -6};
    assert_fails(evaluate(&got, log_after_pick, 2, theta, 1, &err), err, MEKA_NONFINITE,
                 "log(");
    ck_assert_ptr_null(strstr(err.text, "div"));
}
END_TEST

static ad_var stopped(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    return ad_mul(ad_stop(ad_exp(t[0])), t[0]);
}

START_TEST(no_derivative_passes_a_stop)
{
    numbers_of got;
    meka_error err = {0};
    double theta = 0.5;
    assert_ok(evaluate(&got, stopped, 1, &theta, 0, &err), err);
    assert_ulps(got.loss, 0.5 * exp(0.5), 4);
    assert_ulps(got.grad[0], exp(0.5), 4);
    ck_assert(got.hvp[0] == 0);
}
END_TEST

static ad_var form_of_first(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    static const double A[4] = {3, 0, 0, 0}, zero[4] = {0};
    ad_var x[2] = {t[0], xi[0]};
    return ad_add(ad_quadratic_form(2, A, x), ad_quadratic_form(2, zero, x));
}

START_TEST(an_element_of_a_quadratic_form_that_is_0_leaves_its_term_out)
{
    numbers_of got;
    meka_error err = {0};
    double theta = 2;
    assert_ok(evaluate(&got, form_of_first, 1, &theta, INFINITY, &err), err);
    ck_assert(got.loss == 12 && got.grad[0] == 12 && got.hvp[0] == 6);
}
END_TEST

TEST_MAIN("runs_edges", logsumexp_neither_overflows_nor_underflows,
          the_infinities_of_logsumexp_are_as_documented,
          cross_entropy_keeps_its_precision_beside_a_large_common_shift,
          what_is_not_picked_does_not_matter, an_index_that_names_no_value_is_located,
          a_later_error_is_not_blamed_on_a_run, no_derivative_passes_a_stop,
          an_element_of_a_quadratic_form_that_is_0_leaves_its_term_out)
