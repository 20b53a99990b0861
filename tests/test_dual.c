/* Dual numbers against the tape: every row of ops.def, inside its domain and at its edges. */
#include <meka/dual.h>

#include "tests/ad_fixture.h"

typedef struct row {
    const char *name;
    ad_var (*tape1)(ad_var, const char *, int);
    ad_var (*tape2)(ad_var, ad_var, const char *, int);
    ad_dual (*dual1)(ad_dual);
    ad_dual (*dual2)(ad_dual, ad_dual);
} row;

static const row rows[] = {
#define AD_OP1(name, ...) {#name, ad_##name##_at, NULL, ad_dual_##name, NULL},
#define AD_OP2(name, ...) {#name, NULL, ad_##name##_vv, NULL, ad_dual_##name},
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
};
enum { n_rows = sizeof rows / sizeof rows[0] };

/* The points include every edge that ops.def speaks of. */
static const double points[] = {-INFINITY, -2.7, -1, -0.6, -0.0,     0,  0.3,
                                0.85,      1,    2,  3.9,  INFINITY, NAN};
enum { n_points = sizeof points / sizeof points[0] };

/* An operation, of which operand b may be held constant. */
typedef struct use {
    const row *row;
    double b;
    bool b_is_constant;
} use;

static ad_var record(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    const use *u = ctx;
    if (u->row->tape1)
        return u->row->tape1(t[0], __FILE__, __LINE__);
    return u->row->tape2(t[0], u->b_is_constant ? ad_const(tape, u->b) : t[1], __FILE__,
                         __LINE__);
}

static void expect(const use *u, double a, const char *what, double got, double want)
{
    double distance = test_distance(got, want, fmax(1, fabs(want)));
    ck_assert_msg(distance <= 4, "%s(%g, %g): %s is %.17g, the tape's %.17g", u->row->name, a,
                  u->b, what, got, want);
}

/* The value and both partial derivatives, or the first alone. */
static void compare(const use *u, double a)
{
    size_t d = u->row->tape2 && !u->b_is_constant ? 2 : 1;
    ad_objective o = {.name = u->row->name, .n_params = d, .record = record, .ctx = u};
    double theta[2] = {a, u->b}, loss, grad[2];
    fixture f = fixture_make(&o, 1);
    (void)ad_eval_samples(f.batch, theta, NULL, 1, NULL, &loss, grad, NULL, NULL);
    for (size_t j = 0; j < d; j++) {
        ad_dual x = {a, j == 0}, y = {u->b, j == 1};
        ad_dual got = u->row->dual1 ? u->row->dual1(x) : u->row->dual2(x, y);
        expect(u, a, "value", got.value, loss);
        expect(u, a, j == 0 ? "d/da" : "d/db", got.tangent, grad[j]);
    }
    fixture_clear(&f);
}

START_TEST(every_row_agrees_with_the_tape_at_its_edges_too)
{
    for (size_t i = 0; i < n_rows; i++) {
        for (size_t k = 0; k < n_points; k++) {
            use u = {.row = &rows[i]};
            if (rows[i].dual1)
                compare(&u, points[k]);
            for (size_t j = 0; rows[i].dual2 && j < n_points; j++) {
                u.b = points[j];
                u.b_is_constant = false;
                compare(&u, points[k]);
                u.b_is_constant = true;
                compare(&u, points[k]);
            }
        }
    }
}
END_TEST

START_TEST(the_list_of_functions_is_that_of_ops_def)
{
#define NAME(name) #name,
    static const char *const names[] = {AD_FUNCTIONS1(NAME) AD_FUNCTIONS2(NAME)};
#undef NAME
    ck_assert_uint_eq(sizeof names / sizeof names[0], n_rows);
    for (size_t i = 0; i < n_rows; i++)
        ck_assert_str_eq(names[i], rows[i].name);
}
END_TEST

START_TEST(tangents_add_up_over_both_operands)
{
    ad_dual a = {3, 2}, b = {5, -1}, c = ad_dual_const(4);
    ck_assert(ad_dual_mul(a, b).value == 15 && ad_dual_mul(a, b).tangent == 7);
    ck_assert(ad_dual_sub(a, b).tangent == 3 && ad_dual_mul(a, c).tangent == 8);
    ck_assert(ad_dual_var(2.5).value == 2.5 && ad_dual_var(2.5).tangent == 1);
    ad_dual x = ad_dual_var(0.5), y = ad_dual_mul(x, ad_dual_exp(x));
    assert_ulps(y.value, 0.5 * exp(0.5), 2);
    assert_ulps(y.tangent, 1.5 * exp(0.5), 2);
}
END_TEST

START_TEST(a_constant_adds_nothing_even_where_its_partial_derivative_is_not_finite)
{
    ck_assert(ad_dual_sqrt(ad_dual_const(0)).tangent == 0);
    ad_dual cube = ad_dual_pow(ad_dual_var(-2), ad_dual_const(3)); /* d/db = NaN */
    ck_assert(cube.value == -8 && cube.tangent == 12);
    ck_assert(isnan(ad_dual_pow(ad_dual_var(-2), ad_dual_var(3)).tangent));
    ad_dual unknown = {1, NAN};
    ck_assert(isnan(ad_dual_exp(unknown).tangent));
}
END_TEST

START_TEST(a_selection_is_one_of_its_operands)
{
    ad_dual a = {1, 2}, b = {3, 4};
    ck_assert(ad_dual_select(ad_dual_lt(a, b), a, b).tangent == 2);
    ck_assert(ad_dual_select(ad_dual_gt(a, b), a, b).tangent == 4);
    ck_assert(ad_dual_select(ad_dual_const(NAN), a, b).value == 1); /* as ad_select */
}
END_TEST

TEST_MAIN("dual", every_row_agrees_with_the_tape_at_its_edges_too,
          the_list_of_functions_is_that_of_ops_def, tangents_add_up_over_both_operands,
          a_constant_adds_nothing_even_where_its_partial_derivative_is_not_finite,
          a_selection_is_one_of_its_operands)
