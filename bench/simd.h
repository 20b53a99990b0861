/* bench/simd.h - vectors of the instruction set that this file is being compiled for.
 *
 * GCC's vector extensions, which clang has too; included by the references only. */
#ifndef BENCH_SIMD_H
#define BENCH_SIMD_H

#include <sleef.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
enum { W = 8 }; /* doubles per vector */
#define BENCH_SUFFIX      avx512
#define BENCH_SLEEF(name) Sleef_##name##d8_u10avx512f
#define BENCH_WIDTH       8
#elif defined(__AVX2__)
enum { W = 4 };
#define BENCH_SUFFIX      avx2
#define BENCH_SLEEF(name) Sleef_##name##d4_u10avx2
#define BENCH_WIDTH       4
#else
enum { W = 2 };
#define BENCH_SUFFIX      baseline
#define BENCH_SLEEF(name) Sleef_##name##d2_u10
#define BENCH_WIDTH       2
#endif

/* The name of a reference in this compilation: bench_NAME_ISA. */
#define BENCH_JOIN(name, suffix)   bench_##name##_##suffix
#define BENCH_EXPAND(name, suffix) BENCH_JOIN(name, suffix)
#define BENCH_NAME(name)           BENCH_EXPAND(name, BENCH_SUFFIX)

/* Before a loop of few, constant rounds: its accumulators must become registers.  Sanitizers'
 * checks of what is unrolled would take minutes to compile. */
#if defined(BENCH_ROLLED)
#define UNROLL
#elif defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#define INLINE static inline __attribute__((always_inline, unused))

typedef double vec __attribute__((vector_size(8 * BENCH_WIDTH)));
typedef int64_t vec_mask __attribute__((vector_size(8 * BENCH_WIDTH)));
typedef double vec_loose __attribute__((vector_size(8 * BENCH_WIDTH), aligned(8), may_alias));

INLINE vec load(const double *x)
{
    return *(const vec_loose *)x;
}

INLINE void store(double *x, vec a)
{
    *(vec_loose *)x = a;
}

INLINE vec splat(double x)
{
    return x - (vec){0};
}

/* The same, but for all the compiler knows the lanes may differ: it does not compute with one
 * of them and spread the result. */
INLINE vec lanes_of(double x)
{
    vec a = splat(x);
#if defined(__x86_64__)
    __asm__("" : "+v"(a));
#elif defined(__aarch64__)
    __asm__("" : "+w"(a));
#endif
    return a;
}

/* where != 0 ? a : 0. */
INLINE vec keep(vec_mask where, vec a)
{
    return (vec)(where & (vec_mask)a);
}

INLINE vec greater(vec a, vec b)
{
    vec_mask above = a > b;
    return (vec)((above & (vec_mask)a) | (~above & (vec_mask)b));
}

#define SHUFFLE __builtin_shufflevector

/* x [W] as rows becomes x as columns. */
INLINE void transpose(vec *x)
{
#if BENCH_WIDTH == 2
    vec a = SHUFFLE(x[0], x[1], 0, 2), b = SHUFFLE(x[0], x[1], 1, 3);
    x[0] = a, x[1] = b;
#elif BENCH_WIDTH == 4
    vec a = SHUFFLE(x[0], x[1], 0, 4, 2, 6), b = SHUFFLE(x[0], x[1], 1, 5, 3, 7);
    vec c = SHUFFLE(x[2], x[3], 0, 4, 2, 6), d = SHUFFLE(x[2], x[3], 1, 5, 3, 7);
    x[0] = SHUFFLE(a, c, 0, 1, 4, 5), x[1] = SHUFFLE(b, d, 0, 1, 4, 5);
    x[2] = SHUFFLE(a, c, 2, 3, 6, 7), x[3] = SHUFFLE(b, d, 2, 3, 6, 7);
#else
    vec p[8], q[8];
    UNROLL for (int k = 0; k < 8; k += 2)
    {
        p[k] = SHUFFLE(x[k], x[k + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        p[k + 1] = SHUFFLE(x[k], x[k + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    UNROLL for (int k = 0; k < 8; k += 4)
    {
        UNROLL for (int i = 0; i < 2; i++)
        {
            q[k + i] = SHUFFLE(p[k + i], p[k + i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            q[k + i + 2] = SHUFFLE(p[k + i], p[k + i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    }
    UNROLL for (int i = 0; i < 4; i++)
    {
        x[i] = SHUFFLE(q[i], q[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        x[i + 4] = SHUFFLE(q[i], q[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
#endif
}

/* The sums of W vectors' entries, as one vector. */
INLINE vec sums_of(vec *x)
{
    transpose(x);
    vec sum = x[0];
    UNROLL for (int k = 1; k < W; k++) sum += x[k];
    return sum;
}

INLINE double sum_of(vec x)
{
    double sum = 0.0;
    UNROLL for (int k = 0; k < W; k++) sum += x[k];
    return sum;
}

/* Rows of features to columns: column j of rows [n_rows][stride], j < n_columns, becomes
 * out[j * out_stride ..]; rows from n_rows to the next multiple of W are copies of `fill`
 * [n_columns]. */
INLINE void columns_of(const double *rows, size_t n_rows, size_t stride, size_t n_columns,
                       const double *fill, double *out, size_t out_stride)
{
    for (size_t i = 0; i < n_rows; i += W) {
        const double *row[W];
        UNROLL for (size_t k = 0; k < W; k++) row[k] =
            i + k < n_rows ? rows + (i + k) * stride : fill;
        size_t j = 0;
        for (; j + W <= n_columns; j += W) {
            vec x[W];
            UNROLL for (int k = 0; k < W; k++) x[k] = load(row[k] + j);
            transpose(x);
            UNROLL for (int k = 0; k < W; k++) store(out + (j + k) * out_stride + i, x[k]);
        }
        for (; j < n_columns; j++)
            UNROLL for (int k = 0; k < W; k++) out[j * out_stride + i + k] = row[k][j];
    }
}

/* Mean and variance from sums of x and x^2 over n values. */
INLINE void moments_of(double n, double sum, double squares, double *mean, double *var)
{
    double centred = squares - sum * (sum / n);
    *mean = sum / n;
    *var = n > 1.0 && centred > 0.0 ? centred / (n - 1.0) : 0.0;
}

#endif
