#include "tests/testing.h"

#include <stdio.h>

typedef struct settings {
    double alpha, shift;
    uint64_t steps;
    bool smooth;
    int rule;
} settings;

static const char *const rules[] = {"pi", "ei", "fixed", NULL};
static const meka_option rows[] = {
    {"alpha", MEKA_OPTION_REAL, "0.1", 0.0, INFINITY, NULL, "step size",
     offsetof(settings, alpha)},
    {"shift", MEKA_OPTION_REAL, "-2", -10.0, 10.0, NULL, "shift", offsetof(settings, shift)},
    {"steps", MEKA_OPTION_COUNT, "1e3", 1.0, 1e6, NULL, "steps", offsetof(settings, steps)},
    {"smooth", MEKA_OPTION_BOOL, "yes", 0, 0, NULL, "smoothing", offsetof(settings, smooth)},
    {"rule", MEKA_OPTION_CHOICE, "ei", 0, 0, rules, "rule", offsetof(settings, rule)},
};
static const meka_option_table table = {rows, sizeof rows / sizeof rows[0], sizeof(settings)};

static settings defaults(void)
{
    settings values;
    memset(&values, 0xa5, sizeof values);
    meka_options_init(&table, &values);
    return values;
}

START_TEST(the_defaults_are_those_of_the_rows)
{
    settings values = defaults();
    ck_assert_double_eq(values.alpha, 0.1);
    ck_assert_double_eq(values.shift, -2.0);
    ck_assert_uint_eq(values.steps, 1000);
    ck_assert(values.smooth);
    ck_assert_int_eq(values.rule, 1);
}
END_TEST

START_TEST(every_type_takes_its_good_values)
{
    settings values = defaults();
    meka_error err;
    assert_ok(meka_options_set(&table, &values, "test", "alpha", "2.5e-3", &err), err);
    assert_ok(meka_options_set(&table, &values, "test", "shift", "-10", &err), err);
    assert_ok(meka_options_set(&table, &values, "test", "steps", "1e4", &err), err);
    assert_ok(meka_options_set(&table, &values, "test", "smooth", "no", &err), err);
    assert_ok(meka_options_set(&table, &values, "test", "rule", "fixed", &err), err);
    ck_assert_double_eq(values.alpha, 2.5e-3);
    ck_assert_double_eq(values.shift, -10.0);
    ck_assert_uint_eq(values.steps, 10000);
    ck_assert(!values.smooth);
    ck_assert_int_eq(values.rule, 2);
}
END_TEST

START_TEST(infinity_is_a_value_where_the_range_includes_it)
{
    settings values = defaults();
    meka_error err;
    assert_ok(meka_options_set(&table, &values, "test", "alpha", "inf", &err), err);
    ck_assert_double_eq(values.alpha, INFINITY);
    assert_fails(meka_options_set(&table, &values, "test", "alpha", "-inf", &err), err,
                 MEKA_ERR_INPUT, "'-inf'");
    assert_fails(meka_options_set(&table, &values, "test", "shift", "inf", &err), err,
                 MEKA_ERR_INPUT, "'inf'");
    assert_fails(meka_options_set(&table, &values, "test", "alpha", "nan", &err), err,
                 MEKA_ERR_INPUT, "'nan'");
}
END_TEST

START_TEST(a_bad_value_is_answered_with_what_would_be_right_and_changes_nothing)
{
    static const struct {
        const char *name, *text, *message;
    } bad[] = {
        {"alpha", "abc", "method meka: option 'alpha' must be a number >= 0, not 'abc'"},
        {"alpha", "-1e-300", "a number >= 0, not '-1e-300'"},
        {"alpha", "", "a number >= 0, not ''"},
        {"alpha", "1 ", "not '1 '"},
        {"shift", "10.001", "a number in [-10, 10], not '10.001'"},
        {"steps", "0", "an integer in [1, 1000000], not '0'"},
        {"steps", "1000001", "an integer in [1, 1000000], not '1000001'"},
        {"steps", "1.5", "an integer in [1, 1000000], not '1.5'"},
        {"steps", "-3", "an integer in [1, 1000000], not '-3'"},
        {"smooth", "maybe", "option 'smooth' must be yes or no, not 'maybe'"},
        {"rule", "p", "option 'rule' must be pi, ei or fixed, not 'p'"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        settings values = defaults(), before = values;
        meka_error err;
        assert_fails(
            meka_options_set(&table, &values, "method meka", bad[i].name, bad[i].text, &err),
            err, MEKA_ERR_INPUT, bad[i].message);
        ck_assert_mem_eq(&values, &before, sizeof values);
    }
}
END_TEST

START_TEST(an_unknown_option_is_answered_with_the_known_ones)
{
    settings values = defaults();
    meka_error err;
    assert_fails(
        meka_options_set(&table, &values, "method meka", "alhpa", "1", &err), err,
        MEKA_ERR_INPUT,
        "method meka: has no option 'alhpa'; it has alpha, shift, steps, smooth, rule");
    const meka_option_table empty = {0};
    assert_fails(meka_options_set(&empty, NULL, "method gd", "x", "1", &err), err,
                 MEKA_ERR_INPUT, "method gd: has no options, so 'x' is not one");
}
END_TEST

START_TEST(a_very_long_value_is_quoted_in_part_only)
{
    char text[5000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    settings values = defaults();
    meka_error err;
    assert_fails(meka_options_set(&table, &values, "test", "alpha", text, &err), err,
                 MEKA_ERR_INPUT, "xxx'");
    ck_assert_uint_lt(strlen(err.text), 200);
}
END_TEST

START_TEST(a_list_sets_all_its_options)
{
    settings values = defaults();
    meka_error err;
    assert_ok(meka_options_set_all(&table, &values, "test",
                                   "  alpha=3\tsteps=7 \n rule=pi alpha=4 ", &err),
              err);
    ck_assert_double_eq(values.alpha, 4.0);
    ck_assert_uint_eq(values.steps, 7);
    ck_assert_int_eq(values.rule, 0);
}
END_TEST

START_TEST(an_empty_list_sets_nothing)
{
    settings values = defaults(), before = values;
    meka_error err;
    assert_ok(meka_options_set_all(&table, &values, "test", NULL, &err), err);
    assert_ok(meka_options_set_all(&table, &values, "test", "", &err), err);
    assert_ok(meka_options_set_all(&table, &values, "test", " \t", &err), err);
    ck_assert_mem_eq(&values, &before, sizeof values);
}
END_TEST

START_TEST(a_list_with_one_mistake_sets_nothing)
{
    static const char *const bad[][2] = {
        {"alpha=3 steps=0", "option 'steps' must be"},
        {"alpha=3 beta=1", "has no option 'beta'"},
        {"alpha=3 steps", "written key=value, not 'steps'"},
        {"alpha=3 =7", "written key=value, not '=7'"},
        {"alpha=3 steps=", "not ''"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        settings values = defaults(), before = values;
        meka_error err;
        assert_fails(meka_options_set_all(&table, &values, "test", bad[i][0], &err), err,
                     MEKA_ERR_INPUT, bad[i][1]);
        ck_assert_mem_eq(&values, &before, sizeof values);
    }
    char list[600] = "alpha=";
    memset(list + 6, '1', sizeof list - 7);
    list[sizeof list - 1] = '\0';
    settings values = defaults();
    meka_error err;
    assert_fails(meka_options_set_all(&table, &values, "test", list, &err), err, MEKA_ERR_INPUT,
                 "too long");
}
END_TEST

START_TEST(a_formatted_value_reads_back_the_same)
{
    static const double reals[] = {0.1,         1.0 / 3.0, 0.0,      5e-324,
                                   1.0 + 1e-15, DBL_MAX,   INFINITY, 123456789.123456789};
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
        settings values = defaults(), back = defaults();
        values.alpha = reals[i];
        values.steps = 999999;
        values.smooth = false;
        values.rule = 2;
        for (size_t k = 0; k < table.n; k++) {
            char text[64];
            meka_error err;
            meka_options_format(&rows[k], &values, text, sizeof text);
            assert_ok(meka_options_set(&table, &back, "test", rows[k].name, text, &err), err);
        }
        ck_assert_double_eq(back.alpha, values.alpha);
        ck_assert_double_eq(back.shift, values.shift);
        ck_assert_uint_eq(back.steps, values.steps);
        ck_assert(back.smooth == values.smooth);
        ck_assert_int_eq(back.rule, values.rule);
    }
}
END_TEST

START_TEST(formatting_into_too_little_room_still_terminates)
{
    settings values = defaults();
    char text[4] = "zzz";
    meka_options_format(&rows[2], &values, text, 3);
    ck_assert_str_eq(text, "10");
    ck_assert_int_eq(text[3], '\0');
}
END_TEST

static void init_from_a_bad_row(void *values)
{
    const meka_option bad = {
        .name = "n", .type = MEKA_OPTION_COUNT, .initial = "0", .min = 1, .max = 2};
    const meka_option_table one = {&bad, 1, sizeof(uint64_t)};
    meka_options_init(&one, values);
}

START_TEST(a_default_outside_its_own_range_is_a_programmer_error)
{
    uint64_t value;
    ck_assert(test_aborts(init_from_a_bad_row, &value));
}
END_TEST

TEST_MAIN("options", the_defaults_are_those_of_the_rows, every_type_takes_its_good_values,
          infinity_is_a_value_where_the_range_includes_it,
          a_bad_value_is_answered_with_what_would_be_right_and_changes_nothing,
          an_unknown_option_is_answered_with_the_known_ones,
          a_very_long_value_is_quoted_in_part_only, a_list_sets_all_its_options,
          an_empty_list_sets_nothing, a_list_with_one_mistake_sets_nothing,
          a_formatted_value_reads_back_the_same,
          formatting_into_too_little_room_still_terminates,
          a_default_outside_its_own_range_is_a_programmer_error)
