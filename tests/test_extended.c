#include "ad/extended.h"

#include "tests/ad_fixture.h"

#include <math.h>

/* One row of ops.def; the other function NULL. */
typedef struct row {
    const char *name;
    ad_var (*one)(ad_var, const char *, int);
    ad_var (*two)(ad_var, ad_var, const char *, int);
} row;
static const row rows[] = {
#define AD_OP1(name, ...) {#name, ad_##name##_at, NULL},
#define AD_OP2(name, ...) {#name, NULL, ad_##name##_vv},
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
};

static ad_var record_row(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    const row *r = ctx;
    return r->one ? r->one(t[0], __FILE__, __LINE__) : r->two(t[0], xi[0], __FILE__, __LINE__);
}

static void assert_row(const row *r, double a, double b)
{
    const ad_objective objective = {
        .name = r->name, .n_params = 1, .n_features = 1, .record = record_row, .ctx = r};
    fixture f = fixture_make(&objective, 1);
    long double wide_a = a, wide_b = b, wide;
    double loss;
    meka_status expected = ad_eval_samples(f.batch, &a, NULL, 1, &b, &loss, NULL, NULL, NULL);
    ck_assert_int_eq(ad_program_eval_extended(f.program, &wide_a, &wide_b, &wide, NULL),
                     expected);
    ck_assert_msg(test_distance(loss, (double)wide, fmax(1.0, fabs((double)wide))) <= 4.0,
                  "%s(%g, %g) is %.17g in double, %.21Lg in extended precision", r->name, a, b,
                  loss, wide);
    fixture_clear(&f);
}

START_TEST(every_operation_has_the_value_of_double_precision_to_its_rounding)
{
    static const double points[] = {-3, -1, -0.75, -0.25, 0, 0.3, 0.5, 1, 1.5, 2.75};
    enum { n_points = sizeof points / sizeof points[0] };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t k = 0; k < n_points; k++)
            for (size_t l = 0; l < (rows[i].one ? 1 : n_points); l++)
                assert_row(&rows[i], points[k], points[l]);
}
END_TEST

static ad_var record_runs(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    const ad_var x[] = {t[0], xi[0], ad_const(tape, 3.0)}, y[] = {xi[0], t[0], t[0]};
    ad_var sum = ad_sum(3, x), dot = ad_dot(3, x, y);
    return ad_select(ad_lt(t[0], xi[0]), sum, dot);
}

START_TEST(runs_and_selects_have_their_values)
{
    const ad_objective objective = {
        .name = "runs", .n_params = 1, .n_features = 1, .record = record_runs};
    fixture f = fixture_make(&objective, 1);
    long double t = 2.0L, xi = 5.0L, loss;
    ck_assert_int_eq(ad_program_eval_extended(f.program, &t, &xi, &loss, NULL), MEKA_OK);
    ck_assert(loss == 10.0L);
    xi = 1.0L;
    ck_assert_int_eq(ad_program_eval_extended(f.program, &t, &xi, &loss, NULL), MEKA_OK);
    ck_assert(loss == 2.0L + 2.0L + 6.0L);
    fixture_clear(&f);
}
END_TEST

/* Constants and helpers of ops.def with only a double's digits would show. */
static ad_var precise(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    return ad_add(ad_normcdf(t[0]), ad_softplus(ad_sigmoid(t[0])));
}

START_TEST(values_have_the_precision_of_long_double)
{
    const ad_objective objective = {.name = "precise", .n_params = 1, .record = precise};
    fixture f = fixture_make(&objective, 1);
    long double t = 1.0L / 3.0L, loss, s = 1.0L / (1.0L + expl(-t));
    meka_error err = {0};
    assert_ok(ad_program_eval_extended(f.program, &t, NULL, &loss, &err), err);
    long double expected = 0.5L * erfcl(-t / sqrtl(2.0L)) + logl(1.0L + expl(s));
    ck_assert_msg(fabsl(loss - expected) <= 4.0L * LDBL_EPSILON, "off by %Lg", loss - expected);
    fixture_clear(&f);
}
END_TEST

static ad_var branching(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    return ad_value(t[0]) > 0.0 ? ad_mul(3.0, t[0]) : ad_const(tape, ad_value(t[0]));
}

START_TEST(an_objective_that_reads_values_is_recorded_at_the_point)
{
    const ad_objective objective = {
        .name = "branching", .n_params = 1, .n_features = 1, .record = branching};
    fixture f = fixture_make(&objective, 1);
    meka_error err = {0};
    long double xi = 0.0L, loss, t = 0.5L + 0x1p-60L;
    assert_ok(ad_program_eval_extended(f.program, &t, &xi, &loss, &err), err);
    ck_assert(loss == 3.0L * t); /* the branch of doubles, the numbers of long double */
    t = -0.5L;
    assert_ok(ad_program_eval_extended(f.program, &t, &xi, &loss, &err), err);
    ck_assert(loss == -0.5L);
    fixture_clear(&f);
}
END_TEST

static ad_var logarithm(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    return ad_mul(2.0, ad_log(t[0])); /* the line that is named */
}

START_TEST(a_value_that_is_not_finite_names_operation_and_line)
{
    const ad_objective objective = {.name = "log", .n_params = 1, .record = logarithm};
    fixture f = fixture_make(&objective, 1);
    meka_error err;
    long double t = -1.0L, loss = 0.0L;
    assert_fails(ad_program_eval_extended(f.program, &t, NULL, &loss, &err), err,
                 MEKA_NONFINITE, "test_extended.c:118: log");
    ck_assert(isnan(loss));
    t = INFINITY;
    assert_fails(ad_program_eval_extended(f.program, &t, NULL, &loss, &err), err,
                 MEKA_NONFINITE, "parameter 0");
    fixture_clear(&f);
}
END_TEST

static ad_var ramp(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var still = ad_relu(xi[0]); /* on a tie, but not theta's */
    return ad_add(still, ad_relu(ad_sub(t[0], 1.0)));
}

START_TEST(decisions_tell_the_sides_of_a_kink_and_the_tie_is_found)
{
    const ad_objective objective = {
        .name = "ramp", .n_params = 1, .n_features = 1, .record = ramp};
    fixture f = fixture_make(&objective, 1);
    ad_extended e;
    meka_error err = {0};
    uint64_t decisions[4];
    const long double at[4] = {0.5L, 0.9L, 1.0L, 1.5L};
    long double loss, xi = 0.0L;
    size_t tie;
    assert_ok(ad_extended_init(&e, f.program, &err), err);
    for (int k = 0; k < 4; k++) {
        assert_ok(ad_extended_eval(&e, &at[k], &xi, &loss, &err), err);
        decisions[k] = e.decisions;
        assert_ok(ad_extended_find_tie(&e, &tie, &err), err);
        ck_assert_uint_eq(tie, k == 2 ? 3 : e.code->n);
    }
    ck_assert(decisions[0] == decisions[1] && decisions[1] != decisions[2] &&
              decisions[2] != decisions[3] && decisions[0] != decisions[3]);
    ad_extended_clear(&e);
    fixture_clear(&f);
}
END_TEST

static meka_status evaluate(void *ctx, meka_error *err)
{
    long double t = 0.5L, xi = 0.0L, loss;
    return ad_program_eval_extended(ctx, &t, &xi, &loss, err);
}

START_TEST(missing_memory_is_reported)
{
    const ad_objective objective = {
        .name = "branching", .n_params = 1, .n_features = 1, .record = branching};
    fixture f = fixture_make(&objective, 1);
    ck_assert_uint_ge(test_every_allocation(evaluate, f.program), 3);
    fixture_clear(&f);
}
END_TEST

TEST_MAIN("extended", every_operation_has_the_value_of_double_precision_to_its_rounding,
          runs_and_selects_have_their_values, values_have_the_precision_of_long_double,
          an_objective_that_reads_values_is_recorded_at_the_point,
          a_value_that_is_not_finite_names_operation_and_line,
          decisions_tell_the_sides_of_a_kink_and_the_tie_is_found, missing_memory_is_reported)
