/* optim/calibration.h - how far the filter's claims about the slope have been true. */
#ifndef OPT_CALIBRATION_H
#define OPT_CALIBRATION_H

/* The slope A = -d.m along d = -D m claimed by the filter contains the filter's own error,
 * and E[m.D m] exceeds m.D grad f.  The noise of the batch gradient g is independent of the
 * past, so with s^ the variance of g and cov^ its covariance with b = B delta,
 *
 *   c = m.D g - sum_j D_j ((1-K_j) cov^_j + K_j s^_j)
 *
 * is an unbiased observation of m.D grad f (up to the noise in K and D).  The caller divides
 * c and A by |d|.  The claim is scaled by
 *
 *   clip((EMA(c) - z se(c)) / EMA(A), 0, 1),
 *   se(c) = sd(c) / sqrt(min((1+beta)/(1-beta), number of observations))
 */
typedef struct opt_calibration {
    double count;   /* observations so far */
    double weight;  /* sum of (1-beta) beta^age over them */
    double mean;    /* EMA(c) */
    double scatter; /* sum of (1-beta) beta^age (c - mean)^2 */
    double claimed; /* EMA(A) */
} opt_calibration;

/* Adds one observation c of the claim A >= 0 and returns the factor A'/A in [0, 1]. */
double opt_calibration_add(opt_calibration *calibration, double beta, double z, double c,
                           double A);

#endif
