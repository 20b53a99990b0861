/* tests/quad.h - 113-bit floating point and its functions, for oracles.
 *
 * x86-64 computes with __float128, in software; the C library (glibc from 2.26) has its
 * functions under names that end in f128, for any compiler.  On aarch64 long double is the
 * same kind of number.  Elsewhere QUAD_DIGITS is less, and tests that need more skip. */
#ifndef TESTS_QUAD_H
#define TESTS_QUAD_H

#include <float.h>
#include <math.h> /* __GLIBC__ */

#if defined __x86_64__ && defined __SIZEOF_FLOAT128__ && defined __GLIBC__
#define QUAD_DIGITS 113
typedef __float128 quad;
#define QUAD_FUNCTION(name) name##f128
#else
#define QUAD_DIGITS         LDBL_MANT_DIG
typedef long double quad;
#define QUAD_FUNCTION(name) name##l
#endif

/* Declares the library's function under the name q_NAME. */
#define QUAD_DECLARE1(name)                                                                    \
    quad QUAD_FUNCTION(name)(quad);                                                            \
    static inline quad q_##name(quad x)                                                        \
    {                                                                                          \
        return QUAD_FUNCTION(name)(x);                                                         \
    }
#define QUAD_DECLARE2(name)                                                                    \
    quad QUAD_FUNCTION(name)(quad, quad);                                                      \
    static inline quad q_##name(quad a, quad b)                                                \
    {                                                                                          \
        return QUAD_FUNCTION(name)(a, b);                                                      \
    }
QUAD_DECLARE1(sqrt)
QUAD_DECLARE1(cbrt)
QUAD_DECLARE1(exp)
QUAD_DECLARE1(expm1)
QUAD_DECLARE1(log)
QUAD_DECLARE1(log1p)
QUAD_DECLARE1(log2)
QUAD_DECLARE1(log10)
QUAD_DECLARE1(sin)
QUAD_DECLARE1(cos)
QUAD_DECLARE1(tan)
QUAD_DECLARE1(asin)
QUAD_DECLARE1(acos)
QUAD_DECLARE1(atan)
QUAD_DECLARE1(sinh)
QUAD_DECLARE1(cosh)
QUAD_DECLARE1(tanh)
QUAD_DECLARE1(asinh)
QUAD_DECLARE1(acosh)
QUAD_DECLARE1(atanh)
QUAD_DECLARE1(erf)
QUAD_DECLARE1(erfc)
QUAD_DECLARE1(lgamma)
QUAD_DECLARE1(floor)
QUAD_DECLARE2(pow)
QUAD_DECLARE2(atan2)
QUAD_DECLARE2(hypot)

static inline quad q_abs(quad x)
{
    return x <= 0 ? 0 - x : x; /* +0 of either zero */
}

#endif
