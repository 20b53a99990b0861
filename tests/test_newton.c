#include "tests/optim_fixture.h"

#include "optim/methods.h"

START_TEST(more_parameters_than_a_hessian_is_kept_for_are_refused)
{
    char params[64];
    size_t n_state, n_scratch;
    meka_error err;
    ck_assert_uint_ge(sizeof params, opt_method_newton.options.size);
    assert_ok(opt_method_configure(&opt_method_newton, params, NULL, &err), err);
    assert_fails(opt_method_newton.sizes(params, 2001, &n_state, &n_scratch, &err), err,
                 MEKA_ERR_INPUT, "at most 2000 parameters, not 2001; use lbfgs");
    assert_ok(opt_method_newton.sizes(params, 2000, &n_state, &n_scratch, &err), err);
}
END_TEST

enum { D = 3 };
static const double units[D] = {1e-5, 1.0, 1e7};

/* (z_0^2 - 1)^2 + 100 (z_1 - z_0^2)^2 + (z_2 - z_1)^2 with z = theta / units if ctx, else
 * theta: its Hessian is indefinite near the start. */
static ad_var valley(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var z[D];
    for (int j = 0; j < D; j++)
        z[j] = ad_div(theta[j], ctx ? units[j] : 1.0);
    ad_var square = ad_sqr(z[0]);
    return ad_add(
        ad_add(ad_sqr(ad_sub(square, 1.0)), ad_mul(100.0, ad_sqr(ad_sub(z[1], square)))),
        ad_sqr(ad_sub(z[2], z[1])));
}

static void minimize(const void *ctx, double *theta)
{
    static const double z0[D] = {0.01, 1.0, -2.0};
    meka_error err;
    opt_result result;
    const ad_objective objective = {
        .name = "valley", .n_params = D, .record = valley, .ctx = ctx};
    const meka_source none = meka_source_none();
    opt_config config = opt_config_default();
    assert_ok(opt_method_find(&config.method, "newton", &err), err);
    config.max_steps = 100;
    for (int j = 0; j < D; j++)
        theta[j] = z0[j] * (ctx ? units[j] : 1.0);
    assert_ok(opt_minimize(&objective, &none, &config, theta, &result, &err), err);
}

START_TEST(the_units_of_the_parameters_do_not_matter_nor_does_an_indefinite_hessian)
{
    double plain[D], scaled[D];
    minimize(NULL, plain);
    minimize(units, scaled);
    for (int j = 0; j < D; j++) {
        ck_assert_double_lt(fabs(plain[j] - 1.0), 1e-10);
        ck_assert_double_lt(fabs(scaled[j] / units[j] - 1.0), 1e-10);
    }
}
END_TEST

TEST_MAIN("newton", more_parameters_than_a_hessian_is_kept_for_are_refused,
          the_units_of_the_parameters_do_not_matter_nor_does_an_indefinite_hessian)
