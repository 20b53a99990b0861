/* Every row of ops.def against differences of an independent function in extended
 * precision: value, gradient, Hessian-vector product and the third derivative along lines. */
#include "ad/tape.h"
#include "tests/testing.h"

#include <math.h>
#include <stdio.h>

/* ------------------------------------------------- the reference, one line per row */

static long double ref_sigmoid(long double x)
{
    return 1.0L / (1.0L + expl(-x));
}
#define REF1(name, expression)                                                                 \
    static long double ref1_##name(long double x)                                              \
    {                                                                                          \
        return (expression);                                                                   \
    }
#define REF2(name, expression)                                                                 \
    static long double ref2_##name(long double a, long double b)                               \
    {                                                                                          \
        return (expression);                                                                   \
    }
REF1(neg, -x)
REF1(stop, x)
REF1(abs, fabsl(x))
REF1(sqr, x *x)
REF1(sqrt, sqrtl(x))
REF1(cbrt, cbrtl(x))
REF1(exp, expl(x))
REF1(expm1, expm1l(x))
REF1(log, logl(x))
REF1(log1p, log1pl(x))
REF1(log2, log2l(x))
REF1(log10, log10l(x))
REF1(sin, sinl(x))
REF1(cos, cosl(x))
REF1(tan, tanl(x))
REF1(asin, asinl(x))
REF1(acos, acosl(x))
REF1(atan, atanl(x))
REF1(sinh, sinhl(x))
REF1(cosh, coshl(x))
REF1(tanh, tanhl(x))
REF1(asinh, asinhl(x))
REF1(acosh, acoshl(x))
REF1(atanh, atanhl(x))
REF1(erf, erfl(x))
REF1(erfc, erfcl(x))
REF1(lgamma, lgammal(x))
REF1(softplus, log1pl(expl(x)))
REF1(sigmoid, ref_sigmoid(x))
REF1(relu, x > 0 ? x : 0)
REF1(normcdf, 0.5L * erfcl(-x / sqrtl(2.0L)))
REF2(add, a + b)
REF2(sub, a - b)
REF2(mul, a *b)
REF2(div, a / b)
REF2(pow, powl(a, b))
REF2(atan2, atan2l(a, b))
REF2(hypot, hypotl(a, b))
REF2(max, a > b ? a : b)
REF2(min, a < b ? a : b)
REF2(lt, a < b)
REF2(le, a <= b)
REF2(gt, a > b)
REF2(ge, a >= b)
REF2(eq, a == b)
REF2(ne, a != b)

typedef struct unary_row {
    const char *name;
    ad_var (*apply)(ad_var, const char *, int);
    long double (*ref)(long double);
} unary_row;
typedef struct binary_row {
    const char *name;
    ad_var (*apply)(ad_var, ad_var, const char *, int);
    long double (*ref)(long double, long double);
} binary_row;

static const unary_row unary[] = {
#define AD_OP1(name, ...) {#name, ad_##name##_at, ref1_##name},
#define AD_OP2(name, ...)
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
};
static const binary_row binary[] = {
#define AD_OP1(name, ...)
#define AD_OP2(name, ...) {#name, ad_##name##_vv, ref2_##name},
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
};
enum {
    n_unary = sizeof unary / sizeof unary[0],
    n_binary = sizeof binary / sizeof binary[0],
};

/* --------------------------------------------------------------------- the oracle */

typedef struct slice { /* a -> f((a0, b0) + a (da, db)) */
    const unary_row *one;
    const binary_row *two;
    long double a0, b0, da, db;
} slice;

static long double slice_at(const slice *s, long double a)
{
    return s->one ? s->one->ref(s->a0 + a * s->da)
                  : s->two->ref(s->a0 + a * s->da, s->b0 + a * s->db);
}

/* The k-th derivative of the slice at 0, k = 0..3, by central differences of eighth order
 * (Fornberg 1988) with a step that suits 64-bit mantissas. */
static long double slice_derivative(const slice *s, int k)
{
    static const long double c1[] = {4.0L / 5, -1.0L / 5, 4.0L / 105, -1.0L / 280};
    static const long double c2[] = {-205.0L / 72, 8.0L / 5, -1.0L / 5, 8.0L / 315,
                                     -1.0L / 560};
    static const long double c3[] = {-488.0L / 240, 338.0L / 240, -72.0L / 240, 7.0L / 240};
    const long double h = k == 1 ? 0.001L : (k == 2 ? 0.002L : 0.004L);
    long double sum = k == 2 ? c2[0] * slice_at(s, 0) : 0.0L;
    if (k == 0)
        return slice_at(s, 0);
    if (s->one && strcmp(s->one->name, "stop") == 0) /* the one row that is not f's own */
        return 0;
    for (int j = 1; j <= 4; j++) {
        long double right = slice_at(s, j * h), left = slice_at(s, -j * h);
        sum += k == 1   ? c1[j - 1] * (right - left)
               : k == 2 ? c2[j] * (right + left)
                        : c3[j - 1] * (right - left);
    }
    return sum / (k == 1 ? h : (k == 2 ? h * h : h * h * h));
}

/* --------------------------------------------------------- the toolkit on one operation */

static ad_var record_row(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    const slice *s = ctx;
    (void)tape, (void)xi;
    return s->one ? s->one->apply(theta[0], __FILE__, __LINE__)
                  : s->two->apply(theta[0], theta[1], __FILE__, __LINE__);
}

static void expect_close(const char *name, const slice *s, const char *what, double got,
                         long double want, double tolerance)
{
    double scale = fmax(1.0, fabs((double)want));
    ck_assert_msg(fabs(got - (double)want) <= tolerance * scale,
                  "%s at (%Lg, %Lg) along (%Lg, %Lg): %s is %.17g, not %.17Lg", name, s->a0,
                  s->b0, s->da, s->db, what, got, want);
}

/* Compares everything the toolkit computes at this point and direction. */
static void check_slice(const char *name, slice s)
{
    size_t d = s.one ? 1 : 2;
    ad_objective objective = {
        .name = name, .n_params = d, .record = record_row, .ctx = &s, .x0 = NULL};
    double theta[2] = {(double)s.a0, (double)s.b0}, v[2] = {(double)s.da, (double)s.db};
    double loss, grad[2] = {0}, hvp[2] = {0};
    meka_error err;
    ad_program *program = NULL;
    ad_batch *batch = NULL;
    ck_assert_msg(!ad_program_create(&program, &objective, &err), "%s", err.text);
    ck_assert_msg(!ad_batch_create(&batch, program, NULL, &err), "%s", err.text);
    ck_assert_int_eq(ad_eval_samples(batch, theta, v, 1, NULL, &loss, grad, hvp, &err),
                     MEKA_OK);
    expect_close(name, &s, "value", loss, slice_derivative(&s, 0), 4e-16);
    expect_close(name, &s, "gradient", grad[0] * v[0] + grad[1] * v[1], slice_derivative(&s, 1),
                 1e-13);
    expect_close(name, &s, "curvature", hvp[0] * v[0] + hvp[1] * v[1], slice_derivative(&s, 2),
                 1e-11);
    ad_line_moments line = {.order = 3};
    ck_assert_int_eq(ad_eval_line(batch, theta, v, 1, NULL, &line, &err), MEKA_OK);
    for (int k = 0; k <= 3; k++) {
        static const double tolerance[] = {4e-16, 1e-13, 1e-11, 1e-7};
        expect_close(name, &s, "line derivative", line.mean[k], slice_derivative(&s, k),
                     tolerance[k]);
    }
    ad_batch_destroy(batch);
    ad_program_destroy(program);
}

static bool in_domain(const char *name, double x)
{
    if (strcmp(name, "tan") == 0) /* the differences need some distance from the poles */
        return fabs(x) < 1.35;
    if (strcmp(name, "acosh") == 0)
        return x > 1.1;
    if (strcmp(name, "asin") == 0 || strcmp(name, "acos") == 0 || strcmp(name, "atanh") == 0)
        return fabs(x) < 0.9;
    if (strncmp(name, "log", 3) == 0 || strcmp(name, "sqrt") == 0 ||
        strcmp(name, "cbrt") == 0 || strcmp(name, "lgamma") == 0)
        return x > 0.2;
    return true;
}

START_TEST(every_unary_row_agrees_with_differences_of_an_independent_function)
{
    static const double points[] = {-2.7, -1.3, -0.6, -0.25, 0.3, 0.5, 0.85, 1.4, 2.2, 3.9};
    for (size_t i = 0; i < n_unary; i++) {
        for (size_t k = 0; k < sizeof points / sizeof points[0]; k++) {
            if (in_domain(unary[i].name, points[k])) {
                check_slice(unary[i].name, (slice){&unary[i], NULL, points[k], 0, 1.0, 0});
                check_slice(unary[i].name, (slice){&unary[i], NULL, points[k], 0, -0.5, 0});
            }
        }
    }
}
END_TEST

START_TEST(every_binary_row_agrees_with_differences_along_every_direction)
{
    static const double a[] = {0.4, 1.3, 2.6, 0.9}, b[] = {1.7, 0.6, -1.4, -0.8};
    static const double along[][2] = {{1, 0}, {0, 1}, {1, 1}, {1, -1}, {0.5, -0.25}};
    for (size_t i = 0; i < n_binary; i++) {
        for (size_t k = 0; k < 20; k++) {
            slice s = {NULL, &binary[i], a[k / 5], b[k / 5], along[k % 5][0], along[k % 5][1]};
            check_slice(binary[i].name, s);
        }
    }
}
END_TEST

/* ------------------------------------------------------------------- domain edges */

typedef struct edge {
    const char *name;
    double a, b, value, grad_a, grad_b;
} edge;

START_TEST(domain_edges_are_what_ops_def_documents)
{
    static const edge edges[] = {
        {"abs", 0, 0, 0, 0, 0},
        {"relu", 0, 0, 0, 0.5, 0},
        {"sqrt", 0, 0, 0, INFINITY, 0},
        {"log", 0, 0, -INFINITY, INFINITY, 0},
        {"log", -1, 0, NAN, -1, 0},
        {"max", 1, 1, 1, 0.5, 0.5},
        {"min", 2, 2, 2, 0.5, 0.5},
        {"pow", 0, 2, 0, 0, 0},
        {"pow", 0, 1, 0, 1, 0},
        {"pow", 2, 0, 1, 0, 0.69314718055994530942},
        {"pow", -2, 3, -8, 12, NAN},
        {"atan2", 0, 1, 0, 1, 0},
        {"atan2", 1, 0, 1.57079632679489661923, 0, -1},
        {"atan2", 0, 0, 0, NAN, NAN},
        {"softplus", 800, 0, 800, 1, 0},
        {"softplus", -800, 0, 0, 0, 0},
        {"sigmoid", -800, 0, 0, 0, 0},
        {"relu", -INFINITY, 0, 0, 0, 0},
        {"lgamma", 0, 0, INFINITY, NAN, 0},
    };
    for (size_t k = 0; k < sizeof edges / sizeof edges[0]; k++) {
        const edge *e = &edges[k];
        slice s = {.a0 = e->a, .b0 = e->b};
        for (size_t i = 0; i < n_unary; i++)
            s.one = strcmp(unary[i].name, e->name) == 0 ? &unary[i] : s.one;
        for (size_t i = 0; i < n_binary; i++)
            s.two = strcmp(binary[i].name, e->name) == 0 ? &binary[i] : s.two;
        ad_objective objective = {
            .name = e->name, .n_params = s.one ? 1 : 2, .record = record_row, .ctx = &s};
        double theta[2] = {e->a, e->b}, loss, grad[2] = {0};
        ad_program *program = NULL;
        ad_batch *batch = NULL;
        ck_assert_int_eq(ad_program_create(&program, &objective, NULL), MEKA_OK);
        ck_assert_int_eq(ad_batch_create(&batch, program, NULL, NULL), MEKA_OK);
        ad_eval_samples(batch, theta, NULL, 1, NULL, &loss, grad, NULL, NULL);
        double got[3] = {loss, grad[0], grad[1]}, want[3] = {e->value, e->grad_a, e->grad_b};
        for (int j = 0; j < 3; j++) {
            bool same = isnan(want[j]) ? isnan(got[j])
                                       : (got[j] == want[j] ||
                                          fabs(got[j] - want[j]) <= 1e-15 * fabs(want[j]));
            ck_assert_msg(same, "%s(%g, %g): piece %d is %g, not %g", e->name, e->a, e->b, j,
                          got[j], want[j]);
        }
        ad_batch_destroy(batch);
        ad_program_destroy(program);
    }
}
END_TEST

/* An inactive operand's derivative may be NaN: it must not reach the result. */
static ad_var cube(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)xi, (void)ctx;
    return ad_pow(theta[0], 3);
}

START_TEST(a_negative_base_with_a_constant_exponent_has_finite_derivatives)
{
    ad_objective objective = {.name = "cube", .n_params = 1, .record = cube};
    ad_program *program = NULL;
    ad_batch *batch = NULL;
    double theta = -2, v = 1, loss, grad, hvp;
    ck_assert_int_eq(ad_program_create(&program, &objective, NULL), MEKA_OK);
    ck_assert_int_eq(ad_batch_create(&batch, program, NULL, NULL), MEKA_OK);
    ck_assert_int_eq(ad_eval_samples(batch, &theta, &v, 1, NULL, &loss, &grad, &hvp, NULL),
                     MEKA_OK);
    ck_assert(loss == -8 && grad == 12 && hvp == -12);
    ad_line_moments line = {.order = 3};
    ck_assert_int_eq(ad_eval_line(batch, &theta, &v, 1, NULL, &line, NULL), MEKA_OK);
    ck_assert(line.mean[1] == 12 && line.mean[2] == -12 && line.mean[3] == 6);
    ad_batch_destroy(batch);
    ad_program_destroy(program);
}
END_TEST

TEST_MAIN("contract_ops", every_unary_row_agrees_with_differences_of_an_independent_function,
          every_binary_row_agrees_with_differences_along_every_direction,
          domain_edges_are_what_ops_def_documents,
          a_negative_base_with_a_constant_exponent_has_finite_derivatives)
