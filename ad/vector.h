/* ad/vector.h - SIMD vectors of doubles for one instruction set, and ops.def's vocabulary on
 * them.  Included once by each kernels_*.c, whose compiler flags choose the instruction set.
 *
 * Vectors are GCC's (also clang's) vector extension, so arithmetic and comparisons are plain C;
 * functions are SLEEF's, within 1 ulp (erfc 1.5) of the exact value. */
#ifndef AD_VECTOR_H
#define AD_VECTOR_H

#include "ad/math.h"

#include <sleef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#define VECTOR_WIDTH       8
#define VECTOR_SLEEF(f, e) Sleef_##f##d8_##e##avx512f
#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#define VECTOR_WIDTH       4
#define VECTOR_SLEEF(f, e) Sleef_##f##d4_##e##avx2
#elif defined(__SSE2__)
#include <emmintrin.h>
#define VECTOR_WIDTH       2
#define VECTOR_SLEEF(f, e) Sleef_##f##d2_##e##sse2
#elif defined(__aarch64__)
#include <arm_neon.h>
#define VECTOR_WIDTH       2
#define VECTOR_SLEEF(f, e) Sleef_##f##d2_##e##advsimd
#else
#error "no SIMD vectors of doubles for this processor; see ad/vector.h"
#endif

typedef double vd __attribute__((vector_size(8 * VECTOR_WIDTH), may_alias));
typedef int64_t vl __attribute__((vector_size(8 * VECTOR_WIDTH), may_alias));

/* SLEEF's header does not say that its functions depend on their arguments alone: said here, so
 * that what a row of ops.def writes twice is computed once.  The header gives results a const,
 * which for clang is part of the type. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-qualifiers"
#if VECTOR_WIDTH == 8
#define VECTOR_NATIVE __m512d
#elif VECTOR_WIDTH == 4
#define VECTOR_NATIVE __m256d
#elif defined(__SSE2__)
#define VECTOR_NATIVE __m128d
#else
#define VECTOR_NATIVE float64x2_t
#endif
#define VECTOR_PURE(f, e)                                                                      \
    const VECTOR_NATIVE VECTOR_SLEEF(f, e)(VECTOR_NATIVE) __attribute__((const));
#define VECTOR_PURE2(f, e)                                                                     \
    const VECTOR_NATIVE VECTOR_SLEEF(f, e)(VECTOR_NATIVE, VECTOR_NATIVE) __attribute__((const));
VECTOR_PURE(cbrt, u10)
VECTOR_PURE(exp, u10)
VECTOR_PURE(expm1, u10)
VECTOR_PURE(log, u10)
VECTOR_PURE(log1p, u10)
VECTOR_PURE(log2, u10)
VECTOR_PURE(log10, u10)
VECTOR_PURE(sin, u10)
VECTOR_PURE(cos, u10)
VECTOR_PURE(tan, u10)
VECTOR_PURE(asin, u10)
VECTOR_PURE(acos, u10)
VECTOR_PURE(atan, u10)
VECTOR_PURE(sinh, u10)
VECTOR_PURE(cosh, u10)
VECTOR_PURE(tanh, u10)
VECTOR_PURE(asinh, u10)
VECTOR_PURE(acosh, u10)
VECTOR_PURE(atanh, u10)
VECTOR_PURE(erf, u10)
VECTOR_PURE(erfc, u15)
VECTOR_PURE2(pow, u10)
VECTOR_PURE2(atan2, u10)
VECTOR_PURE2(hypot, u05)
#pragma GCC diagnostic pop

static inline vd v_splat(double x)
{
    return x - (vd){0}; /* which keeps the sign of 0 */
}
static inline vd v_load(const double *p) /* p aligned to a vector */
{
    return *(const vd *)p;
}
static inline void v_store(double *p, vd x)
{
    *(vd *)p = x;
}

/* a b + c, rounded once where the processor can. */
static inline vd v_fma(vd a, vd b, vd c)
{
#if defined(__AVX512F__)
    return _mm512_fmadd_pd(a, b, c);
#elif defined(__AVX2__) && defined(__FMA__)
    return _mm256_fmadd_pd(a, b, c);
#elif defined(__aarch64__)
    return vfmaq_f64(c, a, b);
#else
    return a * b + c;
#endif
}

static inline vd v_sqrt(vd x)
{
#if defined(__AVX512F__)
    return _mm512_sqrt_pd(x);
#elif defined(__AVX2__)
    return _mm256_sqrt_pd(x);
#elif defined(__SSE2__)
    return _mm_sqrt_pd(x);
#else
    return vsqrtq_f64(x);
#endif
}

/* The sums of the elements of a, b, c, d, added to sum [4]. */
static inline void v_add_sums(double *sum, vd a, vd b, vd c, vd d)
{
#if defined(__AVX512F__)
    __m512d ab = _mm512_unpacklo_pd(a, b) + _mm512_unpackhi_pd(a, b);
    __m512d cd = _mm512_unpacklo_pd(c, d) + _mm512_unpackhi_pd(c, d);
    __m512d half = _mm512_shuffle_f64x2(ab, cd, 0x44) + _mm512_shuffle_f64x2(ab, cd, 0xee);
    __m512d all = half + _mm512_shuffle_f64x2(half, half, 0xb1);
    __m256d four =
        _mm256_set_m128d(_mm512_extractf64x2_pd(all, 2), _mm512_castpd512_pd128(all));
    _mm256_storeu_pd(sum, _mm256_loadu_pd(sum) + four);
#elif defined(__AVX2__)
    __m256d ab = _mm256_hadd_pd(a, b), cd = _mm256_hadd_pd(c, d);
    __m256d four = _mm256_permute2f128_pd(ab, cd, 0x20) + _mm256_permute2f128_pd(ab, cd, 0x31);
    _mm256_storeu_pd(sum, _mm256_loadu_pd(sum) + four);
#else
    sum[0] += a[0] + a[1];
    sum[1] += b[0] + b[1];
    sum[2] += c[0] + c[1];
    sum[3] += d[0] + d[1];
#endif
}

static inline vd v_blend(vl mask, vd a, vd b)
{
    return (vd)((mask & (vl)a) | (~mask & (vl)b));
}
static inline vd v_identity(vd x)
{
    return x;
}
#define V(x) _Generic((x), double : v_splat, int : v_splat, default : v_identity)(x)

/* ------------------------------------- what ops.def says, on vectors named x, a, b, y */

#undef IF
#define IF(condition, a, b) v_blend((condition), V(a), V(b))

static inline vd v_fabs(vd x)
{
    return (vd)((vl)x & INT64_MAX);
}
static inline vd v_sqr(vd x)
{
    return x * x;
}
static inline vd v_cube(vd x)
{
    return x * x * x;
}
static inline vd v_fifth(vd x)
{
    return x * x * x * x * x;
}
static inline vd v_one_minus_sqr(vd x)
{
    return (1.0 - x) * (1.0 + x);
}
static inline vd v_sum_sqr(vd a, vd b)
{
    return a * a + b * b;
}
static inline vd v_sgn(vd x)
{
    return IF(x > 0.0, 1.0, IF(x < 0.0, -1.0, 0.0));
}
static inline vd v_step(vd x)
{
    return IF(x > 0.0, 1.0, IF(x < 0.0, 0.0, 0.5));
}
static inline vd v_sigmoid(vd x)
{
    vd e = VECTOR_SLEEF(exp, u10)(-v_fabs(x));
    return IF(x >= 0.0, 1.0, e) / (1.0 + e);
}
static inline vd v_softplus(vd x)
{
    return IF(x > 0.0, x, IF(x <= 0.0, 0.0, x)) +
           VECTOR_SLEEF(log1p, u10)(VECTOR_SLEEF(exp, u10)(-v_fabs(x)));
}
static inline vd v_normpdf(vd x)
{
    return AD_1_SQRT2PI * VECTOR_SLEEF(exp, u10)(-0.5 * x * x);
}
static inline vd v_power(vd factor, vd a, vd exponent)
{
    return IF(factor == 0.0, 0.0, factor * VECTOR_SLEEF(pow, u10)(a, exponent));
}
static inline vd v_log_base(vd a, vd b)
{
    return IF((a == 0.0) & (b > 0.0), 0.0, VECTOR_SLEEF(log, u10)(a));
}

/* Where SLEEF's functions leave off before the doubles do. */
static const double v_large = 0x1p500, v_tiny = 0x1p-500, v_log_2 = 0.69314718055994530942;

/* f(x) = x - ... for tiny x, whose subnormals SLEEF takes for 0. */
static inline vd v_keep_tiny(vd x, vd y)
{
    return v_blend(v_fabs(x) < v_tiny, x, y);
}
static inline vd v_log1p(vd x)
{
    vd y = v_blend(x > v_large, VECTOR_SLEEF(log, u10)(x), VECTOR_SLEEF(log1p, u10)(x));
    return v_keep_tiny(x, y);
}
static inline vd v_tan(vd x)
{
    return v_keep_tiny(x, VECTOR_SLEEF(tan, u10)(x));
}
/* asinh x = log 2x for large x, odd. */
static inline vd v_asinh(vd x)
{
    vd size = v_fabs(x), far = VECTOR_SLEEF(log, u10)(size) + v_log_2;
    far = (vd)((vl)far | ((vl)x & INT64_MIN));
    return v_keep_tiny(x, v_blend(size > v_large, far, VECTOR_SLEEF(asinh, u10)(x)));
}
static inline vd v_acosh(vd x)
{
    return v_blend(x > v_large, VECTOR_SLEEF(log, u10)(x) + v_log_2,
                   VECTOR_SLEEF(acosh, u10)(x));
}
/* Half of exp |x|, whose square root is finite where exp is not. */
static inline vd v_half_exp(vd x)
{
    vd root = VECTOR_SLEEF(exp, u10)(0.5 * v_fabs(x));
    return 0.5 * root * root;
}
static inline vd v_sinh(vd x)
{
    vd far = (vd)((vl)v_half_exp(x) | ((vl)x & INT64_MIN));
    return v_blend(v_fabs(x) > 700.0, far, VECTOR_SLEEF(sinh, u10)(x));
}
static inline vd v_cosh(vd x)
{
    return v_blend(v_fabs(x) > 700.0, v_half_exp(x), VECTOR_SLEEF(cosh, u10)(x));
}

/* Functions SLEEF has not, element by element. */
static inline vd v_lgamma(vd x)
{
    vd y = x;
    for (int i = 0; i < VECTOR_WIDTH; i++)
        y[i] = ad_math_lgamma(x[i]);
    return y;
}
static inline vd v_polygamma(int n, vd x)
{
    vd y = x;
    for (int i = 0; i < VECTOR_WIDTH; i++)
        y[i] = ad_math_polygamma(n, x[i]);
    return y;
}

#define SQR               v_sqr
#define CUBE              v_cube
#define FIFTH             v_fifth
#define ONE_MINUS_SQR     v_one_minus_sqr
#define SUM_SQR           v_sum_sqr
#define SGN               v_sgn
#define STEP              v_step
#define SIGMOID           v_sigmoid
#define SOFTPLUS          v_softplus
#define NORMPDF           v_normpdf
#define POWER(f, a, e)    v_power(V(f), (a), (e))
#define LOG_BASE          v_log_base
#define ad_math_lgamma    v_lgamma
#define ad_math_polygamma v_polygamma
#define fabs              v_fabs
#define sqrt              v_sqrt
#define cbrt              VECTOR_SLEEF(cbrt, u10)
#define exp               VECTOR_SLEEF(exp, u10)
#define expm1             VECTOR_SLEEF(expm1, u10)
#define log               VECTOR_SLEEF(log, u10)
#define log1p             v_log1p
#define log2              VECTOR_SLEEF(log2, u10)
#define log10             VECTOR_SLEEF(log10, u10)
#define sin               VECTOR_SLEEF(sin, u10)
#define cos               VECTOR_SLEEF(cos, u10)
#define tan               v_tan
#define asin              VECTOR_SLEEF(asin, u10)
#define acos              VECTOR_SLEEF(acos, u10)
#define atan              VECTOR_SLEEF(atan, u10)
#define sinh              v_sinh
#define cosh              v_cosh
#define tanh              VECTOR_SLEEF(tanh, u10)
#define asinh             v_asinh
#define acosh             v_acosh
#define atanh             VECTOR_SLEEF(atanh, u10)
#define erf               VECTOR_SLEEF(erf, u10)
#define erfc              VECTOR_SLEEF(erfc, u15)
#define pow               VECTOR_SLEEF(pow, u10)
#define atan2             VECTOR_SLEEF(atan2, u10)
#define hypot(a, b)       VECTOR_SLEEF(hypot, u05)(V(a), V(b))

#endif
