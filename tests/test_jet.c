/* Jets against the tape's Taylor passes: every row of ops.def, also at its edges. */
#include <meka/dual.h>
#include <meka/jet.h>

#include "tests/ad_fixture.h"

typedef struct row {
    const char *name;
    ad_var (*tape1)(ad_var, const char *, int);
    ad_var (*tape2)(ad_var, ad_var, const char *, int);
    ad_jet (*jet1)(ad_jet);
    ad_jet (*jet2)(ad_jet, ad_jet);
    ad_dual (*dual1)(ad_dual);
    ad_dual (*dual2)(ad_dual, ad_dual);
} row;

static const row rows[] = {
#define AD_OP1(name, ...)                                                                      \
    {#name, ad_##name##_at, NULL, ad_jet_##name, NULL, ad_dual_##name, NULL},
#define AD_OP2(name, ...)                                                                      \
    {#name, NULL, ad_##name##_vv, NULL, ad_jet_##name, NULL, ad_dual_##name},
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
};
enum { n_rows = sizeof rows / sizeof rows[0] };

static const double points[] = {-INFINITY, -2.7, -1, -0.6, -0.0,     0,  0.3,
                                0.85,      1,    2,  3.9,  INFINITY, NAN};
enum { n_points = sizeof points / sizeof points[0] };

typedef struct use {
    const row *row;
    double b, slope_b; /* slope 0: b is a constant */
} use;

/* The operands are sqr(theta_0) + p and, where b varies, theta_1: so that the coefficients of
 * order 2 are not all 0.  theta_0 = 0.5. */
static ad_var record(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    const use *u = ctx;
    ad_var a = ad_add(ad_sqr(t[0]), xi[0]);
    if (u->row->tape1)
        return u->row->tape1(a, __FILE__, __LINE__);
    ad_var b = u->slope_b != 0 ? t[1] : ad_const(tape, u->b);
    return u->row->tape2(a, b, __FILE__, __LINE__);
}

static ad_jet apply(const use *u, double a)
{
    ad_jet x = ad_jet_add(ad_jet_sqr(ad_jet_var(0.5)), ad_jet_const(a - 0.25));
    ad_jet y = {{u->b, u->slope_b}};
    return u->row->jet1 ? u->row->jet1(x) : u->row->jet2(x, y);
}

/* Orders 0..3 of a -> f((0.5 + a)^2 + (point - 0.25), b + a slope). */
static void compare(const use *u, double point)
{
    static const double factorial[] = {1, 1, 2, 6}, allowed[] = {4, 4, 16, 64};
    bool varies = u->row->tape2 && u->slope_b != 0;
    ad_objective o = {.name = u->row->name,
                      .n_params = varies ? 2 : 1,
                      .n_features = 1,
                      .record = record,
                      .ctx = u};
    double theta[2] = {0.5, u->b}, v[2] = {1, u->slope_b}, xi = point - 0.25;
    ad_line_moments line = {.order = 3};
    fixture f = fixture_make(&o, 1);
    (void)ad_eval_line(f.batch, theta, v, 1, &xi, &line, NULL);
    ad_jet got = apply(u, point);
    for (int k = 0; k < 4; k++) {
        double mine = factorial[k] * got.c[k], want = line.mean[k];
        double distance = test_distance(mine, want, fmax(1, fabs(want)));
        /* A mean over samples of inf may be NaN; and the tape knows which terms are absent,
         * where values can only multiply infinity by 0. */
        if (!isfinite(mine) && !(isfinite(want) && isfinite(line.mean[0])))
            continue;
        ck_assert_msg(distance <= allowed[k],
                      "%s(%g, %g): derivative %d is %.17g, the tape's %.17g", u->row->name,
                      point, u->b, k, mine, want);
    }
    fixture_clear(&f);
}

START_TEST(every_row_agrees_with_the_tape_at_its_edges_too)
{
    static const double slopes[] = {0, 1, -0.5};
    for (size_t i = 0; i < n_rows; i++) {
        for (size_t k = 0; k < n_points; k++) {
            use u = {.row = &rows[i]};
            if (rows[i].jet1)
                compare(&u, points[k]);
            for (size_t j = 0; rows[i].jet2 && j < 3 * n_points; j++) {
                u.b = points[j / 3];
                u.slope_b = slopes[j % 3];
                compare(&u, points[k]);
            }
        }
    }
}
END_TEST

START_TEST(orders_0_and_1_are_a_dual_number)
{
    for (size_t i = 0; i < n_rows; i++) {
        for (size_t k = 0; k < n_points * n_points; k++) {
            double a = points[k % n_points], b = points[k / n_points];
            ad_jet p = {{a, 0.75}}, q = {{b, -1.5}};
            ad_dual r = {a, 0.75}, s = {b, -1.5};
            ad_jet jet = rows[i].jet1 ? rows[i].jet1(p) : rows[i].jet2(p, q);
            ad_dual dual = rows[i].dual1 ? rows[i].dual1(r) : rows[i].dual2(r, s);
            ck_assert_msg(test_distance(jet.c[0], dual.value, 0) == 0 || jet.c[0] == dual.value,
                          "%s(%g, %g)", rows[i].name, a, b);
            ck_assert_msg(jet.c[1] == dual.tangent || (isnan(jet.c[1]) && isnan(dual.tangent)),
                          "%s'(%g, %g): %g, %g", rows[i].name, a, b, jet.c[1], dual.tangent);
        }
    }
}
END_TEST

/* exp(sin x) / factor */
static ad_jet wave(ad_jet x, const void *ctx)
{
    const double *factor = ctx;
    return ad_jet_div(ad_jet_exp(ad_jet_sin(x)), ad_jet_const(*factor));
}

START_TEST(the_derivatives_of_a_function_of_one_variable)
{
    double got[4], x = 0.7, s = sin(x), c = cos(x), y = exp(s) / 2, factor = 2;
    ad_jet_derivatives(wave, &factor, x, got);
    assert_ulps(got[0], y, 2);
    assert_ulps(got[1], c * y, 4);
    assert_scaled(got[2], (c * c - s) * y, 1, 4);
    assert_scaled(got[3], (c * c * c - 3 * s * c - c) * y, 1, 8);
}
END_TEST

START_TEST(a_constant_adds_nothing_even_where_its_partial_derivatives_are_not_finite)
{
    ad_jet x = {{-2, 1}}, cube = ad_jet_pow(x, ad_jet_const(3));
    ck_assert(cube.c[0] == -8 && cube.c[1] == 12 && cube.c[2] == -6 && cube.c[3] == 1);
    ck_assert(ad_jet_log(ad_jet_const(0)).c[1] == 0 && ad_jet_log(ad_jet_const(0)).c[3] == 0);
}
END_TEST

START_TEST(a_selection_is_one_of_its_operands)
{
    ad_jet a = {{1, 2, 3, 4}}, b = {{5, 6, 7, 8}};
    ck_assert(ad_jet_select(ad_jet_le(a, b), a, b).c[3] == 4);
    ck_assert(ad_jet_select(ad_jet_eq(a, b), a, b).c[3] == 8);
}
END_TEST

TEST_MAIN("jet", every_row_agrees_with_the_tape_at_its_edges_too,
          orders_0_and_1_are_a_dual_number, the_derivatives_of_a_function_of_one_variable,
          a_constant_adds_nothing_even_where_its_partial_derivatives_are_not_finite,
          a_selection_is_one_of_its_operands)
