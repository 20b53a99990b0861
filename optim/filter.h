/* optim/filter.h - Kalman filters of the gradient and of the function value.
 *
 * Shapes: d parameters.  A covariance takes opt_covariance_size doubles: one number c
 * standing for c I (scalar), its diagonal [d], or the whole symmetric matrix [d][d].
 * Nothing here allocates; every array is the caller's.
 */
#ifndef OPT_FILTER_H
#define OPT_FILTER_H

#include <stddef.h>

typedef enum opt_covariance {
    OPT_COVARIANCE_SCALAR,
    OPT_COVARIANCE_DIAG,
    OPT_COVARIANCE_FULL,
} opt_covariance;

size_t opt_covariance_size(opt_covariance form, size_t d);
/* v' cov v; v [d] */
double opt_covariance_along(opt_covariance form, size_t d, const double *cov, const double *v);
/* trace(cov) / d */
double opt_covariance_mean(opt_covariance form, size_t d, const double *cov);
/* Element (j, j). */
double opt_covariance_at(opt_covariance form, size_t d, const double *cov, size_t j);
/* Sets cov = c I. */
void opt_covariance_set(opt_covariance form, size_t d, double *cov, double c);

/* Belief about grad f(theta_t): N(m, P), eqs. 6-8. */
typedef struct opt_filter {
    opt_covariance form;
    size_t d;
    double *m;    /* [d] */
    double *P;    /* covariance */
    double *K;    /* gain of the last observation, in the shape of a covariance */
    double *work; /* [opt_filter_work_size] */
} opt_filter;

size_t opt_filter_work_size(opt_covariance form, size_t d);

/* The first observation is the belief (eq. 15): m = g, P = Sigma, K = I.  g [d]; NULL: m
 * is left to the caller. */
void opt_filter_start(opt_filter *filter, const double *g, const double *sigma);

/* Eq. 6: m += b, P += Q.  b [d] = B_t delta; Q covariance.  NULL stands for zero. */
void opt_filter_predict(opt_filter *filter, const double *b, const double *q);

/* Eqs. 7 and 8 (Joseph form) with the observation g [d] of covariance Sigma.  Where
 * P- + Sigma is singular both agree that nothing is uncertain; there the observation counts
 * as exact: K is the identity on its null space, so that with P- = Sigma = 0 (a
 * deterministic objective) m = g.  Full: the arrays must be finite.  Scalar and diagonal: g
 * NULL leaves m to the caller, who has K. */
void opt_filter_observe(opt_filter *filter, const double *g, const double *sigma);

/* Belief about f(theta_t): N(u, s). */
typedef struct opt_value_filter {
    double u, s;
} opt_value_filter;

/* The function-value filter (appendix B of the paper, reconstructed):
 *
 *   u- = u + change,  c = s + extra,  lambda = max((y - u-)^2 - c - r, 0),
 *   s- = c + lambda,  k = s- / (s- + r),
 *   u = (1-k) u- + k y,  s = (1-k)^2 s- + k^2 r
 *
 * change = m.delta + 0.5 delta.B delta, extra = delta'P delta + 0.25 delta'Q delta, y the
 * observed mean loss and r its variance.  lambda is the process noise of maximum likelihood.
 * s- + r = 0: k = 1.
 *
 * It takes the errors of y, m and b to be independent of each other and from step to step.
 * Those of one batch are not, and m's persist: u +- 2 sqrt(s) holds f in some 70% of cases
 * where m +- 2 sqrt(P) holds the gradient in 95% (tests/test_filter_calibration.c). */
void opt_value_filter_update(opt_value_filter *filter, double change, double extra, double y,
                             double r);

#endif
