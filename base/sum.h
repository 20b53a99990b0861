/* base/sum.h - sums over long vectors. */
#ifndef BASE_SUM_H
#define BASE_SUM_H

#include <stddef.h>

/* Sums are taken in so many chains, always the same, so that a processor can add several terms
 * at once and the compiler may use vectors. */
enum { MEKA_CHAINS = 8 };

/* The sum of the chains' sums [MEKA_CHAINS]. */
static inline double meka_join(const double *sum)
{
    return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

/* sum_j a_j b_j; a, b [n] */
double meka_dot(size_t n, const double *a, const double *b);

#endif
