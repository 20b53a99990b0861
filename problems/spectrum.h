/* problems/spectrum.h - matrices with a given spectrum. */
#ifndef PROBLEMS_SPECTRUM_H
#define PROBLEMS_SPECTRUM_H

#include <meka/base.h>

/* The d eigenvalues condition^(k/(d-1) - 1), k = 0..d-1: the largest is 1, the others are
 * spaced evenly in their logarithm.  out [d], ascending; d = 1: {1}. */
void prob_spectrum(double *out, size_t d, double condition);

/* Rows orthonormal and uniformly distributed: Gram-Schmidt, twice, on normal vectors.
 * q [d][d]; a function of (seed, which). */
void prob_random_rotation(double *q, size_t d, uint64_t seed, uint64_t which);

/* out [d][d] = sum_k weight[k] e_k e_k', symmetric to the last bit; e_k is row k of
 * vector [d][d]. */
void prob_compose(double *out, const double *weight, const double *vector, size_t d);

#endif
