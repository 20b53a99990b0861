/* f(theta) = scale_f F(theta / scale_theta), both scales powers of two: what follows them bit
 * for bit, and which options do not. */
#include "tests/optim_fixture.h"

#include <stdio.h>

typedef struct scales {
    double f, theta;
} scales;

/* Not quadratic, so that every rule, the gate and the third derivative have something to do. */
static ad_var record_scaled(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                            const void *ctx)
{
    const scales *c = ctx;
    ad_var t[FIXTURE_D];
    ad_var sum = ad_const(tape, 0.0);
    for (int j = 0; j < FIXTURE_D; j++) {
        t[j] = ad_mul(1.0 / c->theta, theta[j]);
        sum = ad_add(sum, ad_mul(xi[FIXTURE_D], ad_softplus(ad_mul(xi[j], t[j]))));
        sum = ad_add(sum, ad_mul(0.1 * (j + 1), ad_sqr(ad_sub(t[j], xi[j]))));
    }
    return ad_mul(c->f, ad_add(sum, ad_mul(0.3, ad_sqr(ad_sub(t[1], ad_sqr(t[0]))))));
}

enum { STEPS = 100 };

/* Every iterate, in units of scale.theta: path [STEPS][FIXTURE_D]. */
static void follow(const char *method, const char *settings, const scales *scale,
                   double (*path)[FIXTURE_D])
{
    const ad_objective objective = {.name = "scaled",
                                    .n_params = FIXTURE_D,
                                    .n_features = FIXTURE_D + 1,
                                    .record = record_scaled,
                                    .ctx = scale};
    const meka_source source = fixture_source();
    opt_config config = fixture_config(method, settings);
    double x0[FIXTURE_D];
    for (int j = 0; j < FIXTURE_D; j++)
        x0[j] = fixture_x0[j] * scale->theta;
    optim_fixture f = optim_fixture_make(&objective, &source, &config, x0);
    for (int t = 0; t < STEPS; t++) {
        fixture_step(f.run);
        for (int j = 0; j < FIXTURE_D; j++)
            path[t][j] = opt_run_theta(f.run)[j] / scale->theta;
    }
    optim_fixture_clear(&f);
}

static bool invariant(const char *method, const char *settings, scales one, scales other)
{
    double a[STEPS][FIXTURE_D], b[STEPS][FIXTURE_D];
    follow(method, settings, &one, a);
    follow(method, settings, &other, b);
    ck_assert_msg(memcmp(a[STEPS - 1], fixture_x0, sizeof fixture_x0) != 0,
                  "%s '%s' stands still", method, settings);
    return memcmp(a, b, sizeof a) == 0;
}

/* ADAMEKA's epsilon of 1e-8 is rounded away beside gradients of 2^60. */
static scales unit_of(const char *method)
{
    return strcmp(method, "adameka") == 0 ? (scales){0x1p60, 1.0} : (scales){1.0, 1.0};
}

static void assert_invariant(const char *method, const char *settings)
{
    scales one = unit_of(method);
    ck_assert_msg(invariant(method, settings, one, (scales){one.f * 0x1p37, 1.0}),
                  "%s '%s' sees the unit of the objective", method, settings);
    ck_assert_msg(invariant(method, settings, one, (scales){one.f * 0x1p11, 0x1p-23}),
                  "%s '%s' sees the units of objective and parameters", method, settings);
    ck_assert_msg(invariant(method, settings, one, (scales){one.f * 0x1p40, 0x1p31}),
                  "%s '%s' sees the units of objective and parameters", method, settings);
}

static const char *const methods[] = {"meka", "adameka"};

START_TEST(every_rule_with_every_form_of_covariance_knows_no_units)
{
    static const char *const forms[] = {"scalar", "diag", "full"};
    static const char *const rules[] = {"quadratic", "pi", "ei", "bound"};
    static const char *const curvatures[] = {"", "third_order=no",
                                             "negative=model curvature_ema=0"};
    for (size_t k = 0; k < 2 * 3 * 4 * 3; k++) {
        char settings[160];
        snprintf(settings, sizeof settings, "covariance=%s rule=%s %s", forms[k / 2 % 3],
                 rules[k / 6 % 4], curvatures[k / 24]);
        assert_invariant(methods[k % 2], settings);
    }
}
END_TEST

START_TEST(every_other_option_without_a_unit_knows_none)
{
    static const char *const settings[] = {
        "",
        "preset=paper start=observation smoothing=0.9",
        "variance=scalar",
        "smoothing=0.9 factor=0.5",
        "calibrate=no",
        "calibration_z=0.3 calibration_ema=0.9",
        "curvature_ema=0",
        "curvature_z=inf",
        "floor=0",
        "gate=0",
        "gate=1",
        "gate=1 covariance=full",
        "ema=0.9 loss_ema=0.8",
        "value_filter=no",
    };
    for (size_t k = 0; k < 2 * sizeof settings / sizeof settings[0]; k++)
        assert_invariant(methods[k % 2], settings[k / 2]);
}
END_TEST

/* What carries a unit: a prior variance, a step size, a largest step, a variance. */
START_TEST(options_that_carry_a_unit_break_the_invariance)
{
    static const char *const settings[] = {"preset=paper smoothing=0", "start=prior",
                                           "rule=fixed alpha=0.02", "cap=0.01",
                                           "noise=constant sigma=0.1"};
    for (size_t k = 0; k < sizeof settings / sizeof settings[0]; k++)
        ck_assert_msg(
            !invariant("meka", settings[k], (scales){1.0, 1.0}, (scales){0x1p-2, 1.0}),
            "'%s' is invariant", settings[k]);
}
END_TEST

/* Along m/sqrt(m^2 + P) a step size has the unit of theta alone. */
START_TEST(a_fixed_step_of_adameka_sees_the_parameters_unit_only)
{
    scales one = unit_of("adameka");
    ck_assert(invariant("adameka", "rule=fixed alpha=0.02", one, (scales){0x1p90, 1.0}));
    ck_assert(!invariant("adameka", "rule=fixed alpha=0.02", one, (scales){0x1p60, 0x1p-1}));
}
END_TEST

START_TEST(the_epsilon_of_adameka_has_the_unit_of_a_gradient)
{
    ck_assert(!invariant("adameka", "", (scales){1.0, 1.0}, (scales){0x1p-10, 1.0}));
}
END_TEST

TEST_MAIN("units", every_rule_with_every_form_of_covariance_knows_no_units,
          every_other_option_without_a_unit_knows_none,
          options_that_carry_a_unit_break_the_invariance,
          a_fixed_step_of_adameka_sees_the_parameters_unit_only,
          the_epsilon_of_adameka_has_the_unit_of_a_gradient)
