/* Domain edges of every row of ops.def: derivatives, as its first comment and the tables below
 * say; on every instruction set, in full vectors and in what is left over. */
#include "tests/edge_fixture.h"

/* ----------------------------------------------------------------- derivatives, unary */

/* At an edge a derivative is the function's (one-sided) limit, or NaN where IEEE arithmetic
 * meets inf - inf, 0 inf or inf/inf on the way: never another finite number. */
typedef struct limit {
    ad_op op;
    double x, d1, d2;
    bool exact; /* NaN is not good enough: ops.def promises it */
} limit;

static const limit unary_limits[] = {
    {AD_OP_neg, 0, -1, 0, true},
    {AD_OP_abs, 0, 0, 0, true},
    {AD_OP_abs, -0.0, 0, 0, true},
    {AD_OP_abs, -INFINITY, -1, 0, true},
    {AD_OP_abs, 5e-324, 1, 0, true},
    {AD_OP_relu, 0, 0.5, 0, true},
    {AD_OP_relu, -0.0, 0.5, 0, true},
    {AD_OP_relu, 5e-324, 1, 0, true},
    {AD_OP_relu, -5e-324, 0, 0, true},
    {AD_OP_relu, INFINITY, 1, 0, true},
    {AD_OP_relu, -INFINITY, 0, 0, true},
    {AD_OP_sqr, 0, 0, 2, true},
    {AD_OP_sqr, INFINITY, INFINITY, 2, false},
    {AD_OP_sqrt, 0, INFINITY, -INFINITY, false},
    {AD_OP_sqrt, INFINITY, 0, 0, false},
    {AD_OP_cbrt, 0, INFINITY, -INFINITY, false},
    {AD_OP_exp, -INFINITY, 0, 0, true},
    {AD_OP_exp, INFINITY, INFINITY, INFINITY, false},
    {AD_OP_exp, -800, 0, 0, true},
    {AD_OP_expm1, -INFINITY, 0, 0, true},
    {AD_OP_log, 0, INFINITY, -INFINITY, false},
    {AD_OP_log, INFINITY, 0, 0, true},
    {AD_OP_log2, 0, INFINITY, -INFINITY, false},
    {AD_OP_log10, 0, INFINITY, -INFINITY, false},
    {AD_OP_log1p, -1, INFINITY, -INFINITY, false},
    {AD_OP_log1p, INFINITY, 0, 0, true},
    {AD_OP_tan, 0, 1, 0, true},
    {AD_OP_asin, 1, INFINITY, INFINITY, false},
    {AD_OP_asin, -1, INFINITY, -INFINITY, false},
    {AD_OP_acos, 1, -INFINITY, -INFINITY, false},
    {AD_OP_acos, -1, -INFINITY, INFINITY, false},
    {AD_OP_atan, INFINITY, 0, 0, false},
    {AD_OP_atan, -INFINITY, 0, 0, false},
    {AD_OP_sinh, INFINITY, INFINITY, INFINITY, false},
    {AD_OP_tanh, INFINITY, 0, 0, true},
    {AD_OP_tanh, -INFINITY, 0, 0, true},
    {AD_OP_asinh, INFINITY, 0, 0, false},
    {AD_OP_acosh, 1, INFINITY, -INFINITY, false},
    {AD_OP_acosh, INFINITY, 0, 0, false},
    {AD_OP_atanh, 1, INFINITY, INFINITY, false},
    {AD_OP_atanh, -1, INFINITY, -INFINITY, false},
    {AD_OP_erf, INFINITY, 0, 0, false},
    {AD_OP_erfc, -INFINITY, 0, 0, false},
    {AD_OP_normcdf, INFINITY, 0, 0, false},
    {AD_OP_normcdf, -INFINITY, 0, 0, false},
    {AD_OP_softplus, INFINITY, 1, 0, true},
    {AD_OP_softplus, -INFINITY, 0, 0, true},
    {AD_OP_softplus, 800, 1, 0, true},
    {AD_OP_softplus, -800, 0, 0, true},
    {AD_OP_sigmoid, INFINITY, 0, 0, true},
    {AD_OP_sigmoid, -INFINITY, 0, 0, true},
    {AD_OP_sigmoid, 800, 0, 0, true},
    {AD_OP_sigmoid, -800, 0, 0, true},
    {AD_OP_lgamma, 0, NAN, NAN, true},
    {AD_OP_lgamma, -1, NAN, NAN, true},
    {AD_OP_lgamma, -7, NAN, NAN, true},
    {AD_OP_lgamma, INFINITY, INFINITY, 0, false},
};

static void expect_limit(const char *name, double x, int order, double got, double want,
                         bool exact)
{
    bool good = isnan(want) ? isnan(got) : got == want || (isnan(got) && !exact);
    ck_assert_msg(good, "%s at %.17g: derivative %d is %.17g, not %.17g", name, x, order, got,
                  want);
}

START_TEST(derivatives_at_edges_are_limits_or_nan)
{
    ad_isa isa[8];
    int n_isas = available_isas(isa);
    for (size_t k = 0; k < sizeof unary_limits / sizeof unary_limits[0]; k++) {
        const limit *e = &unary_limits[k];
        for (int i = 0; i < n_isas; i++) {
            double xi[9], loss[9], grad[9], hvp[9];
            subject *s = subject_create(e->op, 1.0, 0.0, isa[i], 8);
            for (int l = 0; l < 9; l++) /* in a full vector, and in what is left over */
                xi[l] = l == 3 || l == 8 ? e->x : ordinary(e->op, l);
            subject_evaluate(s, 9, xi, loss, grad, hvp);
            for (int l = 3; l < 9; l += 5) {
                expect_limit(ad_op_name(e->op), e->x, 1, grad[l], e->d1, e->exact);
                expect_limit(ad_op_name(e->op), e->x, 2, hvp[l], e->d2, e->exact);
            }
            subject_destroy(s);
        }
    }
}
END_TEST

/* ---------------------------------------------------------------- derivatives, binary */

#define FREE 777.0 /* not promised */

typedef struct limit2 {
    ad_op op;
    double a, b, da, db, daa, dab, dbb;
} limit2;

static const double ln2 = 0.69314718055994530942;

static const limit2 binary_limits[] = {
    {AD_OP_max, 1, 1, 0.5, 0.5, 0, 0, 0},
    {AD_OP_max, -0.0, 0, 0.5, 0.5, 0, 0, 0},
    {AD_OP_max, INFINITY, 1, 1, 0, 0, 0, 0},
    {AD_OP_max, -INFINITY, 1, 0, 1, 0, 0, 0},
    {AD_OP_min, 2, 2, 0.5, 0.5, 0, 0, 0},
    {AD_OP_min, 0, -0.0, 0.5, 0.5, 0, 0, 0},
    {AD_OP_min, INFINITY, 1, 0, 1, 0, 0, 0},
    {AD_OP_pow, 0, 2, 0, 0, 2, FREE, 0},
    {AD_OP_pow, 0, 1, 1, 0, 0, FREE, 0},
    {AD_OP_pow, 0, 3, 0, 0, 0, 0, 0},
    {AD_OP_pow, 0, 4, 0, 0, 0, 0, 0},
    {AD_OP_pow, -0.0, 2, 0, 0, 2, FREE, 0},
    {AD_OP_pow, 0, 2.5, 0, 0, 0, 0, 0},
    {AD_OP_pow, 0, 0.5, INFINITY, 0, FREE, FREE, FREE},
    {AD_OP_pow, 0, 0, 0, FREE, FREE, FREE, FREE},
    {AD_OP_pow, 2, 0, 0, ln2, 0, 0.5, ln2 *ln2},
    {AD_OP_pow, 2, 1, 1, 2 * ln2, 0, 1 + ln2, 2 * ln2 *ln2},
    {AD_OP_pow, -2, 3, 12, NAN, FREE, FREE, NAN},
    {AD_OP_pow, -2, -1, -0.25, NAN, FREE, FREE, NAN},
    {AD_OP_pow, -2, 0, 0, NAN, FREE, FREE, NAN},
    {AD_OP_atan2, 0, 1, 1, 0, 0, -1, 0},
    {AD_OP_atan2, -0.0, 1, 1, 0, 0, -1, 0},
    {AD_OP_atan2, 0, -1, -1, 0, 0, -1, 0},
    {AD_OP_atan2, -0.0, -1, -1, 0, 0, -1, 0},
    {AD_OP_atan2, 1, 0, 0, -1, 0, 1, 0},
    {AD_OP_atan2, 1, -0.0, 0, -1, 0, 1, 0},
    {AD_OP_atan2, -1, 0, 0, 1, 0, 1, 0},
    {AD_OP_atan2, 0, 0, NAN, NAN, NAN, NAN, NAN},
    {AD_OP_hypot, 0, 0, NAN, NAN, NAN, NAN, NAN},
    {AD_OP_hypot, 3, 0, 1, 0, 0, 0, 1.0 / 3},
    {AD_OP_hypot, 0, -2, 0, -1, 0.5, 0, 0},
    {AD_OP_div, 1, 0, INFINITY, -INFINITY, FREE, FREE, FREE},
    {AD_OP_div, 0, 2, 0.5, 0, 0, -0.25, 0},
    {AD_OP_mul, 0, INFINITY, INFINITY, 0, FREE, FREE, FREE},
    {AD_OP_lt, 1, 1, 0, 0, 0, 0, 0},
    {AD_OP_le, 1, 1, 0, 0, 0, 0, 0},
    {AD_OP_gt, INFINITY, 1, 0, 0, 0, 0, 0},
    {AD_OP_ge, NAN, 1, 0, 0, 0, 0, 0},
    {AD_OP_eq, NAN, NAN, 0, 0, 0, 0, 0},
    {AD_OP_ne, 0, -0.0, 0, 0, 0, 0, 0},
};

static void expect_entry(const limit2 *e, const char *which, double got, double want)
{
    bool good = want == FREE || same_value(fabs(got), fabs(want), NEIGHBOUR_UNITS);
    good =
        good && (want == FREE || want == 0.0 || isnan(want) || signbit(got) == signbit(want));
    ck_assert_msg(good, "%s(%g, %g): %s is %.17g, not %.17g", ad_op_name(e->op), e->a, e->b,
                  which, got, want);
}

START_TEST(derivatives_of_binary_operations_at_edges_are_those_promised)
{
    ad_isa isa[8];
    int n_isas = available_isas(isa);
    for (size_t k = 0; k < sizeof binary_limits / sizeof binary_limits[0]; k++) {
        const limit2 *e = &binary_limits[k];
        for (int i = 0; i < 2 * n_isas; i++) {
            double xi[9][2], loss[9], grad[9][2], hvp[9][2];
            subject *s =
                subject_create(e->op, i % 2 ? 0.0 : 1.0, i % 2 ? 1.0 : 0.0, isa[i / 2], 8);
            for (int l = 0; l < 9; l++) {
                xi[l][0] = l % 5 == 3 ? e->a : ordinary(e->op, l);
                xi[l][1] = l % 5 == 3 ? e->b : ordinary(e->op, l + 20);
            }
            subject_evaluate(s, 9, xi[0], loss, grad[0], hvp[0]);
            for (int l = 3; l < 9; l += 5) {
                expect_entry(e, "d/da", grad[l][0], e->da);
                expect_entry(e, "d/db", grad[l][1], e->db);
                expect_entry(e, i % 2 ? "d2/da db" : "d2/da2", hvp[l][0],
                             i % 2 ? e->dab : e->daa);
                expect_entry(e, i % 2 ? "d2/db2" : "d2/da db", hvp[l][1],
                             i % 2 ? e->dbb : e->dab);
            }
            subject_destroy(s);
        }
    }
}
END_TEST

/* x^n with a real number n, and a feature as n: no derivative with respect to the exponent
 * gets in the way, at 0 and at negative bases. */
static void check_whole_power(double x, int n, bool feature)
{
    random_program *p = calloc(1, sizeof *p);
    ad_line_moments line = {.order = 3};
    double loss, grad, hvp, factor = 1.0, feature_value = n;
    ck_assert_ptr_nonnull(p);
    p->d = 1;
    p->m = feature ? 1 : 0;
    p->read = -1;
    p->n_nodes = 1;
    p->result = p->d + p->m;
    p->node[0] = (node){.op = AD_OP_pow, .a = {0, 0}, .b = {feature ? 1 : -1, n}, .c = {-1, 0}};
    p->theta[0] = x;
    p->v[0] = 1.0;
    checker c;
    checker_init(&c, p, (setup){0});
    const double *xi = feature ? &feature_value : NULL;
    ck_assert_int_eq(ad_eval_samples(c.batch, p->theta, p->v, 1, xi, &loss, &grad, &hvp, NULL),
                     MEKA_OK);
    ck_assert_int_eq(ad_eval_line(c.batch, p->theta, p->v, 1, xi, &line, NULL), MEKA_OK);
    for (int k = 0; k <= 3; k++) { /* n (n - 1) ... x^(n - k) */
        double want = factor == 0.0 ? 0.0 : factor * pow(x, n - k);
        double got[2] = {line.mean[k], k == 0 ? loss : (k == 1 ? grad : (k == 2 ? hvp : want))};
        for (int i = 0; i < 2; i++)
            ck_assert_msg(fabs(got[i] - want) <= VALUE_UNITS * DBL_EPSILON * fabs(want),
                          "derivative %d of %g^%d is %.17g, not %.17g", k, x, n, got[i], want);
        factor *= n - k;
    }
    checker_clear(&c);
    free(p);
}

START_TEST(whole_powers_have_exact_derivatives_at_zero_and_at_negative_bases)
{
    static const double bases[] = {0.0, -0.0, -1.5, -2.0, 1.0, -1.0, 3.0};
    for (int k = 0; k < 7; k++)
        for (int n = bases[k] == 0.0 ? 0 : -2; n <= 5; n++)
            for (int feature = 0; feature < 2; feature++)
                check_whole_power(bases[k], n, feature);
}
END_TEST

TEST_MAIN("contract_limits", derivatives_at_edges_are_limits_or_nan,
          derivatives_of_binary_operations_at_edges_are_those_promised,
          whole_powers_have_exact_derivatives_at_zero_and_at_negative_bases)
