/* problems/noise_law.h - random vectors with a given covariance.
 *
 *   xi = s sum_k sd_k z_k e_k,   z ~ N(0, I),   Cov xi = sum_k sd_k^2 e_k e_k'
 *
 * with one factor s > 0 for the whole vector, independent of z and with E s^2 = 1: so that the
 * law has the same shape along every direction, and its tails the same weight:
 *
 *   normal   s = 1
 *   student  s^2 = (nu - 2) / chi^2_nu: the multivariate t of nu > 2 degrees of freedom
 *   laplace  s^2 ~ Exp(1): the symmetric multivariate Laplace law */
#ifndef PROBLEMS_NOISE_LAW_H
#define PROBLEMS_NOISE_LAW_H

#include <meka/base.h>

enum { PROB_TAIL_NORMAL, PROB_TAIL_STUDENT, PROB_TAIL_LAPLACE };
extern const char *const prob_tail_names[];

/* Borrows its arrays. */
typedef struct prob_noise_law {
    size_t d, rank;
    double *sd;   /* [rank] */
    double *axis; /* e_k is row k of [rank][d]; NULL: those of the coordinates, and rank = d */
    int tail;
    double dof; /* nu */
} prob_noise_law;

/* One xi [d], drawn from where rng is. */
void prob_noise_draw(const prob_noise_law *law, meka_rng *rng, double *xi);

/* A covariance matrix C of d variables as sum_k e_k e_k', e_k row k of axis [rank][d], owned.
 */
typedef struct prob_covariance {
    size_t d, rank;
    double *axis;
} prob_covariance;

/* Reads C from a CSV file, plain or gzip: d lines of d numbers, symmetric and positive
 * semidefinite to 8 digits.  MEKA_ERR_INPUT: it is not; the text names file and line.  Cleared
 * by free(out->axis). */
meka_status prob_read_covariance(prob_covariance *out, const char *path, meka_error *err);

#endif
