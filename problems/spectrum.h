/* problems/spectrum.h - matrices with a given spectrum. */
#ifndef PROBLEMS_SPECTRUM_H
#define PROBLEMS_SPECTRUM_H

#include <meka/base.h>

/* How eigenvalues lie between 1/condition and 1, of which there are d > 1: */
enum {
    PROB_SPECTRUM_LOG,      /* evenly in their logarithm */
    PROB_SPECTRUM_LINEAR,   /* evenly */
    PROB_SPECTRUM_CLUSTERS, /* `groups` values, evenly in their logarithm, each many times */
    /* The largest `groups` of them evenly in their logarithm from condition^(-1/3), the rest
     * likewise from 1/condition to condition^(-2/3). */
    PROB_SPECTRUM_OUTLIERS,
};
extern const char *const prob_spectrum_names[];

/* The eigenvalues of a symmetric matrix of `blocks` diagonal blocks of consecutive rows, as
 * equal in size as can be.  All blocks have the same kind of spectrum with the condition number
 * condition / block_condition; their largest eigenvalues are spaced evenly in their logarithm
 * from 1, the first block's, down to 1/block_condition. */
typedef struct prob_spectrum {
    int kind;
    double condition;
    size_t groups; /* of PROB_SPECTRUM_CLUSTERS and PROB_SPECTRUM_OUTLIERS */
    size_t blocks; /* >= 1 */
    double block_condition;
} prob_spectrum;

/* MEKA_ERR_INPUT unless there is such a matrix [d][d]; `owner` ("problem NAME") says whose. */
meka_status prob_spectrum_check(const prob_spectrum *spectrum, size_t d, const char *owner,
                                meka_error *err);

/* Eigenvalues, value [d], ascending, and eigenvectors, row j of vector [d][d] for eigenvalue j,
 * drawn uniformly within every block as a function of (seed, d, blocks).  Overwrites
 * work [d * d + d]. */
void prob_spectrum_draw(const prob_spectrum *spectrum, size_t d, uint64_t seed, double *value,
                        double *vector, double *work);

/* Rows orthonormal and uniformly distributed: Gram-Schmidt, twice, on normal vectors.
 * q [d][d]; a function of (seed, which). */
void prob_random_rotation(double *q, size_t d, uint64_t seed, uint64_t which);

/* out [d][d] = sum_k weight[k] e_k e_k', symmetric to the last bit; e_k is row k of
 * vector [n][d]. */
void prob_compose(double *out, const double *weight, const double *vector, size_t n, size_t d);

#endif
