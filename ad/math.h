/* ad/math.h - what the rows of ops.def are written with. */
#ifndef AD_MATH_H
#define AD_MATH_H

#include <math.h>

#define AD_LOG2E     1.4426950408889634074  /* log2(e) */
#define AD_LOG10E    0.43429448190325182765 /* log10(e) */
#define AD_2_SQRTPI  1.1283791670955125739  /* 2 / sqrt(pi) */
#define AD_SQRT1_2   0.70710678118654752440 /* 1 / sqrt(2) */
#define AD_1_SQRT2PI 0.39894228040143267794 /* 1 / sqrt(2 pi) */

/* c * expression, and exactly nothing where ops.def says that the term is absent: there
 * 0 * inf would be NaN. */
#define TERM(c, expression)                                                                    \
    (__builtin_constant_p(c) && (c) == 0 ? 0.0 : (double)(c) * (expression))

/* condition ? a : b; ad/vector.h has the same for vectors. */
#define IF(condition, a, b) ((condition) ? (a) : (b))

static inline double SQR(double x)
{
    return x * x;
}
static inline double CUBE(double x)
{
    return x * x * x;
}
static inline double FIFTH(double x)
{
    return x * x * x * x * x;
}
/* (1 - x)(1 + x): exact where 1 - x*x would cancel. */
static inline double ONE_MINUS_SQR(double x)
{
    return (1.0 - x) * (1.0 + x);
}
static inline double SUM_SQR(double a, double b)
{
    return a * a + b * b;
}
static inline double SGN(double x)
{
    return x > 0.0 ? 1.0 : (x < 0.0 ? -1.0 : 0.0);
}
/* The mean of the one-sided derivatives of max(x, 0). */
static inline double STEP(double x)
{
    return x > 0.0 ? 1.0 : (x < 0.0 ? 0.0 : 0.5);
}
/* 1 / (1 + exp -x), from the side where exp cannot overflow. */
static inline double SIGMOID(double x)
{
    double e = exp(-fabs(x));
    return (x >= 0.0 ? 1.0 : e) / (1.0 + e);
}
static inline double SOFTPLUS(double x)
{
    return (x > 0.0 ? x : 0.0) + log1p(exp(-fabs(x)));
}
static inline double NORMPDF(double x)
{
    return AD_1_SQRT2PI * exp(-0.5 * x * x);
}
/* factor * a^exponent, 0 where the factor is: the vanishing derivatives of whole powers. */
static inline double POWER(double factor, double a, double exponent)
{
    return factor == 0.0 ? 0.0 : factor * pow(a, exponent);
}
/* log a as it enters d(a^b)/db: 0 at a = 0 with b > 0, where a^b log a -> 0. */
static inline double LOG_BASE(double a, double b)
{
    return a == 0.0 && b > 0.0 ? 0.0 : log(a);
}

/* log |Gamma(x)| without the global sign of C's lgamma. */
double ad_math_lgamma(double x);
/* psi^(n)(x), n = 0..2: digamma, trigamma, tetragamma; NaN at the poles 0, -1, -2 ... */
double ad_math_polygamma(int n, double x);

#endif
