/* The functions of quad_oracle.h at one argument: values and Taylor series. */
#include "tests/quad_oracle.h"

enum { N = SERIES_TERMS };

/* ------------------------------------------------------------------ series arithmetic */

static series s_scale(series u, quad factor)
{
    for (int k = 0; k < N; k++)
        u.c[k] *= factor;
    return u;
}

/* c + f for the derivative f of what is wanted. */
static series s_integral(quad c, series f)
{
    series y = {{c}};
    for (int k = 1; k < N; k++)
        y.c[k] = f.c[k - 1] / k;
    return y;
}

/* p = u^r, from p' u = r u' p. */
static series s_power(series u, quad r)
{
    series p = {{r == -1 ? 1 / u.c[0] : q_pow(u.c[0], r)}};
    for (int k = 1; k < N; k++) {
        quad sum = 0;
        for (int j = 1; j <= k; j++)
            sum += (j * r - (k - j)) * (u.c[j] / u.c[0]) * p.c[k - j];
        p.c[k] = sum / k;
    }
    return p;
}

/* e = exp(u), from e' = u' e. */
static series s_exp(series u)
{
    series e = {{q_exp(u.c[0])}};
    for (int k = 1; k < N; k++) {
        quad sum = 0;
        for (int j = 1; j <= k; j++)
            sum += j * u.c[j] * e.c[k - j];
        e.c[k] = sum / k;
    }
    return e;
}

/* From value and slope of a solution of y'' = sign y. */
static series s_oscillator(quad value, quad slope, int sign)
{
    return (series){{value, slope, sign * value / 2, sign * slope / 6, value / 24}};
}

/* (x + h)^r */
static series s_shifted_power(quad x, quad r)
{
    return s_power((series){{x, 1}}, r);
}

/* --------------------------------------------------------------------- the functions */

/* psi(x): the asymptotic series (Abramowitz and Stegun 6.3.18) at x + n >= 40, and n steps
 * of the recurrence (6.3.6). */
static series s_digamma(quad x)
{
    static const struct {
        long numerator, denominator;
    } tail[] = {{1, 12},        {-1, 120},       {1, 252},       {-1, 240},
                {1, 132},       {-691, 32760},   {1, 12},        {-3617, 8160},
                {43867, 14364}, {-174611, 6600}, {854513, 3036}, {-236364091, 65520}};
    quad y = x;
    series sum = {{0}};
    for (; y < 40; y += 1) {
        series pole = s_shifted_power(y, -1);
        for (int k = 0; k < N; k++)
            sum.c[k] -= pole.c[k];
    }
    series log_y = s_integral(q_log(y), s_shifted_power(y, -1));
    series half = s_scale(s_shifted_power(y, -1), (quad)-1 / 2);
    for (int k = 0; k < N; k++)
        sum.c[k] += log_y.c[k] + half.c[k];
    for (int i = 0; i < 12; i++) {
        series term = s_shifted_power(y, -2 * (i + 1));
        for (int k = 0; k < N; k++)
            sum.c[k] -= term.c[k] * tail[i].numerator / tail[i].denominator;
    }
    return sum;
}

static series s_sigmoid(quad x)
{
    if (x < -11000) /* exp(-x) would overflow */
        return s_exp((series){{x, 1}});
    series e = s_exp((series){{-x, -1}});
    e.c[0] += 1;
    return s_power(e, -1);
}

/* exp(-a (x + h)^2) */
static series s_gauss(quad x, quad a)
{
    return s_exp((series){{-a * x * x, -2 * a * x, -a}});
}

/* cosh(x + h)^-2; nothing where it is far below the smallest double. */
static series s_sech_squared(quad x)
{
    if (q_abs(x) > 5000)
        return (series){{0}};
    return s_power(s_oscillator(q_cosh(x), q_sinh(x), 1), -2);
}

/* (a + b (x + h)^2)^r */
static series s_quadratic_power(quad x, int a, int b, quad r)
{
    quad at = a == -b ? a * (1 - x) * (1 + x) : a + b * x * x;
    return s_power((series){{at, 2 * b * x, b}}, r);
}

static quad q_pi(void)
{
    return q_acos(-1);
}

quad oracle_value1(ad_op op, quad x)
{
    switch ((int)op) {
#define VALUE(name, expression)                                                                \
    case AD_OP_##name:                                                                         \
        return expression
        VALUE(neg, -x);
        VALUE(stop, x);
        VALUE(abs, q_abs(x));
        VALUE(sqr, x * x);
        VALUE(sqrt, q_sqrt(x));
        VALUE(cbrt, q_cbrt(x));
        VALUE(exp, q_exp(x));
        VALUE(expm1, q_expm1(x));
        VALUE(log, q_log(x));
        VALUE(log1p, q_log1p(x));
        VALUE(log2, q_log2(x));
        VALUE(log10, q_log10(x));
        VALUE(sin, q_sin(x));
        VALUE(cos, q_cos(x));
        VALUE(tan, q_tan(x));
        VALUE(asin, q_asin(x));
        VALUE(acos, q_acos(x));
        VALUE(atan, q_atan(x));
        VALUE(sinh, q_sinh(x));
        VALUE(cosh, q_cosh(x));
        VALUE(tanh, q_tanh(x));
        VALUE(asinh, q_asinh(x));
        VALUE(acosh, q_acosh(x));
        VALUE(atanh, q_atanh(x));
        VALUE(erf, q_erf(x));
        VALUE(erfc, q_erfc(x));
        VALUE(lgamma, q_lgamma(x));
        VALUE(softplus, x > 100 ? x + q_log1p(q_exp(-x)) : q_log1p(q_exp(x)));
        VALUE(sigmoid, s_sigmoid(x).c[0]);
        VALUE(relu, x <= 0 ? 0 : x);
        VALUE(normcdf, q_erfc(-x / q_sqrt(2)) / 2);
    default:
        return NAN;
    }
}

quad oracle_value2(ad_op op, quad a, quad b)
{
    switch ((int)op) {
        VALUE(add, a + b);
        VALUE(sub, a - b);
        VALUE(mul, a * b);
        VALUE(div, a / b);
        VALUE(pow, q_pow(a, b));
        VALUE(atan2, q_atan2(a, b));
        VALUE(hypot, q_hypot(a, b));
        VALUE(max, a > b ? a : (a <= b ? b : a + b));
        VALUE(min, a < b ? a : (a >= b ? b : a + b));
        VALUE(lt, a < b);
        VALUE(le, a <= b);
        VALUE(gt, a > b);
        VALUE(ge, a >= b);
        VALUE(eq, a == b);
        VALUE(ne, a != b);
    default:
        return NAN;
    }
}
#undef VALUE

/* The series of the derivative where that is what one knows about the function. */
static series derivative(ad_op op, quad x)
{
    const quad half = (quad)1 / 2;
    switch ((int)op) {
    case AD_OP_log:
        return s_shifted_power(x, -1);
    case AD_OP_log2:
        return s_scale(s_shifted_power(x, -1), 1 / q_log(2));
    case AD_OP_log10:
        return s_scale(s_shifted_power(x, -1), 1 / q_log(10));
    case AD_OP_log1p:
        return s_shifted_power(1 + x, -1);
    case AD_OP_tan:
        return s_power(s_oscillator(q_cos(x), -q_sin(x), -1), -2);
    case AD_OP_asin:
        return s_quadratic_power(x, 1, -1, -half);
    case AD_OP_acos:
        return s_scale(s_quadratic_power(x, 1, -1, -half), -1);
    case AD_OP_atan:
        return s_quadratic_power(x, 1, 1, -1);
    case AD_OP_tanh:
        return s_sech_squared(x);
    case AD_OP_asinh:
        return s_quadratic_power(x, 1, 1, -half);
    case AD_OP_acosh:
        return s_quadratic_power(x, -1, 1, -half);
    case AD_OP_atanh:
        return s_quadratic_power(x, 1, -1, -1);
    case AD_OP_erf:
        return s_scale(s_gauss(x, 1), 2 / q_sqrt(q_pi()));
    case AD_OP_erfc:
        return s_scale(s_gauss(x, 1), -2 / q_sqrt(q_pi()));
    case AD_OP_lgamma:
        return s_digamma(x);
    case AD_OP_softplus:
        return s_sigmoid(x);
    case AD_OP_normcdf:
        return s_scale(s_gauss(x, half), 1 / q_sqrt(2 * q_pi()));
    default:
        return (series){{NAN}};
    }
}

series oracle_series(ad_op op, quad x)
{
    switch ((int)op) {
    case AD_OP_neg:
        return (series){{-x, -1}};
    case AD_OP_stop: /* a constant, whatever it depends on */
        return (series){{x}};
    case AD_OP_abs:
        return (series){{q_abs(x), (x > 0) - (x < 0)}};
    case AD_OP_relu: /* at 0 the mean of both sides */
        return (series){{x > 0 ? x : 0, ((x > 0) + (quad)(x >= 0)) / 2}};
    case AD_OP_sqr:
        return (series){{x * x, 2 * x, 1}};
    case AD_OP_sqrt:
        return s_shifted_power(x, (quad)1 / 2);
    case AD_OP_cbrt: { /* odd, so that 0 < x suffices for the power */
        series y = s_shifted_power(q_abs(x), (quad)1 / 3);
        for (int k = 0; x < 0 && k < N; k += 2)
            y.c[k] = -y.c[k];
        return y;
    }
    case AD_OP_exp:
    case AD_OP_expm1: {
        series y = s_exp((series){{x, 1}});
        y.c[0] = oracle_value1(op, x);
        return y;
    }
    case AD_OP_sin:
        return s_oscillator(q_sin(x), q_cos(x), -1);
    case AD_OP_cos:
        return s_oscillator(q_cos(x), -q_sin(x), -1);
    case AD_OP_sinh:
        return s_oscillator(q_sinh(x), q_cosh(x), 1);
    case AD_OP_cosh:
        return s_oscillator(q_cosh(x), q_sinh(x), 1);
    case AD_OP_sigmoid:
        return s_sigmoid(x);
    default:
        return s_integral(oracle_value1(op, x), derivative(op, x));
    }
}

/* ------------------------------------------------------------------ what is tame */

static bool tame_pole(double x)
{
    return x > 0.3 || (x > -6.0 && fabs(x - floor(x + 0.5)) > 0.2);
}

bool oracle_tame1(ad_op op, double x)
{
    switch ((int)op) {
    case AD_OP_sqrt:
    case AD_OP_log:
    case AD_OP_log2:
    case AD_OP_log10:
        return x > 0.2;
    case AD_OP_cbrt:
        return fabs(x) > 0.2;
    case AD_OP_log1p:
        return x > -0.7;
    case AD_OP_tan:
        return fabs(cos(x)) > 0.4;
    case AD_OP_asin:
    case AD_OP_acos:
    case AD_OP_atanh:
        return fabs(x) < 0.85;
    case AD_OP_acosh:
        return x > 1.2;
    case AD_OP_lgamma:
        return tame_pole(x);
    case AD_OP_exp:
    case AD_OP_expm1:
    case AD_OP_sinh:
    case AD_OP_cosh:
    case AD_OP_erf:
    case AD_OP_erfc:
    case AD_OP_normcdf:
    case AD_OP_tanh:
    case AD_OP_sigmoid:
    case AD_OP_softplus:
        return fabs(x) < 4.0;
    case AD_OP_abs:
    case AD_OP_relu:
        return fabs(x) > 1e-3;
    default:
        return true;
    }
}

bool oracle_tame2(ad_op op, double a, double b)
{
    switch ((int)op) {
    case AD_OP_div:
        return fabs(b) > 0.2;
    case AD_OP_pow:
        return fabs(b) < 4.0 && (a > 0.2 || (a < -0.2 && b == floor(b)));
    case AD_OP_atan2:
        return a * a + b * b > 0.1 && (b > 0.0 || fabs(a) > 1e-3);
    case AD_OP_hypot:
        return a * a + b * b > 0.1;
    case AD_OP_add:
    case AD_OP_sub:
    case AD_OP_mul:
        return true;
    default:
        return fabs(a - b) > 1e-3; /* comparisons, max and min */
    }
}
