#include "optim/meka.h"
#include "tests/optim_fixture.h"

static const opt_method *meka(void)
{
    const opt_method *method = NULL;
    ck_assert_int_eq(opt_method_find(&method, "meka", NULL), MEKA_OK);
    ck_assert_uint_eq(method->options.size, sizeof(meka_params));
    return method;
}

START_TEST(an_unknown_method_is_answered_with_the_known_ones)
{
    const opt_method *method = NULL;
    meka_error err;
    assert_fails(opt_method_find(&method, "mekka", &err), err, MEKA_ERR_INPUT, "'mekka'");
    for (size_t i = 0; opt_method_at(i); i++)
        ck_assert_ptr_nonnull(strstr(err.text, opt_method_at(i)->name));
    ck_assert_ptr_null(method);
}
END_TEST

START_TEST(a_preset_applies_before_the_options_wherever_it_stands)
{
    static const char *const lists[] = {"preset=paper smoothing=0.5 rule=ei",
                                        "smoothing=0.5 preset=paper rule=ei",
                                        " smoothing=0.5\trule=ei  preset=paper ",
                                        "preset=calibrated smoothing=0.5 rule=ei preset=paper"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        meka_params p;
        meka_error err = {0};
        assert_ok(opt_method_configure(meka(), &p, lists[i], &err), err);
        ck_assert_int_eq(p.preset, 1);
        ck_assert_int_eq(p.start, MEKA_START_PRIOR);
        ck_assert(!p.calibrate);
        ck_assert_double_eq(p.floor, 0.0);
        ck_assert_double_eq(p.gate, 0.0);
        ck_assert_double_eq(p.smoothing, 0.5);
        ck_assert_int_eq(p.rule, MEKA_RULE_EI);
    }
}
END_TEST

START_TEST(the_default_is_calibrated)
{
    meka_params p;
    meka_error err = {0};
    assert_ok(opt_method_configure(meka(), &p, NULL, &err), err);
    ck_assert_int_eq(p.preset, 0);
    ck_assert_int_eq(p.rule, MEKA_RULE_PI);
    ck_assert(p.calibrate);
    ck_assert_double_eq(p.calibration_z, 1.0);
    ck_assert_double_eq(p.calibration_ema, 0.99);
    ck_assert_double_eq(p.curvature_ema, 0.9);
    ck_assert_double_eq(p.curvature_z, 3.0);
    ck_assert(p.third_order);
    ck_assert_double_eq(p.floor, 0.1);
    ck_assert_double_eq(p.ema, 0.999);
    ck_assert_double_eq(p.loss_ema, 0.999);
    ck_assert(p.value_filter);
    ck_assert_double_eq(p.smoothing, 0.0);
    ck_assert(isinf(p.cap));
}
END_TEST

START_TEST(a_bad_list_names_method_and_option_and_leaves_the_defaults)
{
    meka_params p, defaults;
    meka_error err;
    ck_assert_int_eq(opt_method_configure(meka(), &defaults, NULL, NULL), MEKA_OK);
    assert_fails(opt_method_configure(meka(), &p, "preset=paper rule=best", &err), err,
                 MEKA_ERR_INPUT, "method meka");
    ck_assert_ptr_nonnull(strstr(err.text, "'rule'"));
    ck_assert_mem_eq(&p, &defaults, sizeof p);
    assert_fails(opt_method_configure(meka(), &p, "preset=printed", &err), err, MEKA_ERR_INPUT,
                 "calibrated or paper");
    ck_assert_mem_eq(&p, &defaults, sizeof p);
}
END_TEST

TEST_MAIN("registry", an_unknown_method_is_answered_with_the_known_ones,
          a_preset_applies_before_the_options_wherever_it_stands, the_default_is_calibrated,
          a_bad_list_names_method_and_option_and_leaves_the_defaults)
