/* tests/meka_reference.h - MEKA's settings, statistics and filters, for conformance_meka.c.
 *
 * Deliberately unlike optim/: every covariance is a full matrix, of which a form keeps what it
 * can hold; averages are summed anew from all that was ever seen; gains come from Gaussian
 * elimination.  Equations are the paper's, as corrected in the design (section 4). */
#ifndef TESTS_MEKA_REFERENCE_H
#define TESTS_MEKA_REFERENCE_H

#include "tests/conformance.h"

enum { D = CONFORMANCE_MAX_D, N = CONFORMANCE_MAX_N, STEPS = CONFORMANCE_STEPS };
typedef struct matrix {
    double x[D][D]; /* [d][d] of it */
} matrix;

/* Choices by their first letter, which tells them apart. */
typedef struct choices {
    char covariance, start, noise, rule, variance, negative;
    bool third_order, calibrate, value_filter;
    double sigma, ema, loss_ema, gate, alpha, fixed_steps, smoothing, factor, cap, floor,
        calibration_z, calibration_ema, curvature_ema, curvature_z, bound_k;
} choices;

choices reference_choices(const char *settings);

double reference_mean(size_t n, const double *x);
double reference_cov(size_t n, const double *x, const double *y);
/* sum_k beta^(t-k) x_k / sum_k beta^(t-k), k = 0 .. t; x_k lies at x[k * stride] */
double reference_average(const double *x, size_t stride, int t, double beta);
/* v' a v */
double reference_form(size_t d, const matrix *a, const double *v);

/* One batch at theta_t: y, g, b = B delta, and the covariances of these means. */
typedef struct seen {
    double y, r, g[D], b[D];
    matrix Sigma, Q, cross; /* of g; of b; of b_j with g_k */
} seen;
void reference_observe(const conformance_batch *batch, const double *theta, const double *delta,
                       seen *out);

/* All that is remembered from step to step; zero at first. */
typedef struct memory {
    double m[D], delta[D], u, s, last;
    matrix P, K, Sigma[STEPS];
    double r[STEPS], slope[STEPS], claim[STEPS], curvature[STEPS], curvature_var[STEPS],
        alpha[STEPS];
} memory;
/* Both filters; fills the row's columns about them. */
void reference_filter(const choices *c, size_t d, int t, const seen *now, memory *z,
                      opt_row *row);

#endif
