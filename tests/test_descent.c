#include "optim/methods.h"
#include "tests/optim_fixture.h"

/* f = 0.5 c theta^2, c the context; no samples. */
static ad_var record_bowl(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    return ad_mul(0.5 * *(const double *)ctx, ad_sqr(theta[0]));
}

/* theta after `steps` from 4. */
static double descend(const char *method, const char *settings, double c, int steps)
{
    const ad_objective objective = {
        .name = "bowl", .n_params = 1, .record = record_bowl, .ctx = &c};
    const meka_source source = meka_source_none();
    const double x0 = 4.0;
    opt_config config = fixture_config(method, settings);
    optim_fixture f = optim_fixture_make(&objective, &source, &config, &x0);
    for (int t = 0; t < steps; t++)
        fixture_step(f.run);
    double theta = opt_run_theta(f.run)[0];
    optim_fixture_clear(&f);
    return theta;
}

START_TEST(a_fixed_step_contracts_by_one_minus_alpha_times_curvature)
{
    ck_assert_double_eq(descend("gd", "alpha=0.25", 2.0, 3), 0.5);
    ck_assert_double_eq(descend("sgd", "alpha=0.25", 2.0, 3), 0.5);
}
END_TEST

START_TEST(the_quadratic_rule_finds_the_minimum_of_a_parabola_in_one_step)
{
    ck_assert_double_eq(descend("gd", "rule=quadratic", 8.0, 1), 0.0);
    ck_assert_double_eq(descend("sgd", "rule=quadratic", 8.0, 1), 0.0);
    /* Negative curvature: its absolute value; none: alpha. */
    ck_assert_double_eq(descend("gd", "rule=quadratic", -8.0, 1), 8.0);
    ck_assert_double_eq(descend("gd", "rule=quadratic alpha=1", 0.0, 1), 4.0);
}
END_TEST

START_TEST(gradient_descent_uses_the_population_and_draws_nothing)
{
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    opt_config config = fixture_config("gd", "alpha=0.25");
    config.track_exact = true;
    optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
    fixture_step(f.run);
    for (int j = 0; j < FIXTURE_D; j++)
        assert_scaled(opt_run_theta(f.run)[j],
                      fixture_x0[j] - 0.25 * (j + 1) * (fixture_x0[j] - 1.0), 4.0, 4);
    ck_assert_double_eq(opt_run_row(f.run)->samples, 0.0);
    ck_assert_double_eq(opt_run_row(f.run)->filter_error, 0.0);
    ck_assert_double_eq(opt_run_row(f.run)->gradients, 1.0);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(the_norm_neither_overflows_nor_underflows)
{
    assert_ulps(opt_norm(2, (double[]){3e300, 4e300}), 5e300, 1);
    assert_ulps(opt_norm(2, (double[]){3e-300, -4e-300}), 5e-300, 1);
    ck_assert_double_eq(opt_norm(2, (double[]){0.0, 0.0}), 0.0);
    ck_assert_double_eq(opt_norm(2, (double[]){1.0, -INFINITY}), INFINITY);
    ck_assert_double_nan(opt_norm(2, (double[]){1.0, NAN}));
}
END_TEST

/* Of any length, also beside what the compiler's vectors hold. */
START_TEST(sums_over_vectors_take_every_element_once)
{
    double a[21], b[21], scaled[21];
    for (size_t d = 0; d <= 21; d++) {
        long double dot = 0.0L;
        for (size_t j = 0; j < d; j++) {
            a[j] = ldexp(1.0, (int)j); /* integers: exact */
            b[j] = (double)(3 * j + 1);
            dot += (long double)a[j] * b[j];
        }
        ck_assert_double_eq(meka_dot(d, a, b), (double)dot);
        ck_assert(opt_copy_finite(d, a, scaled));
        if (d > 0)
            ck_assert_mem_eq(scaled, a, d * sizeof *a);
        for (size_t j = 0; j < d; j++) {
            double kept = a[j];
            a[j] = j % 2 ? NAN : -INFINITY;
            ck_assert(!opt_copy_finite(d, a, scaled));
            a[j] = kept;
        }
    }
    /* Scaling by a power of two changes no bit, wherever the squares are. */
    for (size_t j = 0; j < 21; j++)
        a[j] = 1.0 / (double)(j + 3);
    for (int e = -900; e <= 1000; e += 50) {
        for (size_t j = 0; j < 21; j++)
            scaled[j] = ldexp(a[j], e);
        ck_assert_double_eq(opt_norm(21, scaled), ldexp(opt_norm(21, a), e));
    }
}
END_TEST

/* After 1e-300 the method with alpha = 1e300 is at about -c, where all is finite but the step.
 */
static void assert_reports_outlive_failure(const char *method, const char *settings)
{
    const double c = 1e6, x0 = 1e-300;
    const ad_objective objective = {
        .name = "bowl", .n_params = 1, .record = record_bowl, .ctx = &c};
    const meka_source source = meka_source_none();
    opt_config config = fixture_config(method, settings);
    optim_fixture f = optim_fixture_make(&objective, &source, &config, &x0);
    opt_stop stop;
    opt_result result;
    meka_error err = {0};
    fixture_step(f.run);
    double estimate = opt_run_estimate(f.run)[0], theta = opt_run_theta(f.run)[0];
    ck_assert_double_eq(opt_run_gradient(f.run)[0], c * x0);
    assert_ok(opt_run_step(f.run, &stop, &err), err);
    opt_run_result(f.run, &result);
    ck_assert_int_eq(stop, OPT_NONFINITE);
    ck_assert_ptr_nonnull(strstr(result.reason.text, "parameter 0 would become"));
    ck_assert_double_eq(opt_run_gradient(f.run)[0], c * x0);
    ck_assert_double_eq(opt_run_estimate(f.run)[0], estimate);
    ck_assert_double_eq(opt_run_theta(f.run)[0], theta);
    optim_fixture_clear(&f);
}

START_TEST(what_is_reported_is_as_before_where_a_step_moves_to_infinity)
{
    assert_reports_outlive_failure("sgd", "alpha=1e300");                /* the gradient */
    assert_reports_outlive_failure("kgd", "alpha=1e300");                /* kept */
    assert_reports_outlive_failure("adahessian", "alpha=1e300 power=0"); /* computed */
}
END_TEST

START_TEST(the_gradient_reported_is_never_that_of_a_step_that_failed)
{
    const double c = 2.0, x0 = 4.0;
    const ad_objective objective = {
        .name = "bowl", .n_params = 1, .record = record_bowl, .ctx = &c};
    const meka_source source = meka_source_none();
    opt_config config = fixture_config("sgd", "alpha=1e200");
    optim_fixture f = optim_fixture_make(&objective, &source, &config, &x0);
    opt_stop stop;
    meka_error err = {0};
    fixture_step(f.run);
    ck_assert_double_eq(opt_run_gradient(f.run)[0], 8.0);
    assert_ok(opt_run_step(f.run, &stop, &err), err);
    ck_assert_int_eq(stop, OPT_NONFINITE);
    ck_assert_double_eq(opt_run_gradient(f.run)[0], 8.0);
    optim_fixture_clear(&f);
}
END_TEST

TEST_MAIN("descent", a_fixed_step_contracts_by_one_minus_alpha_times_curvature,
          the_quadratic_rule_finds_the_minimum_of_a_parabola_in_one_step,
          gradient_descent_uses_the_population_and_draws_nothing,
          the_norm_neither_overflows_nor_underflows, sums_over_vectors_take_every_element_once,
          the_gradient_reported_is_never_that_of_a_step_that_failed,
          what_is_reported_is_as_before_where_a_step_moves_to_infinity)
