/* optim/bivariate_normal.h - probabilities of two correlated normal variables. */
#ifndef OPT_BIVARIATE_NORMAL_H
#define OPT_BIVARIATE_NORMAL_H

/* P(X <= h, Y <= k) of standard normals with correlation rho in [-1, 1]; h, k may be infinite.
 * To 1e-14 absolutely. */
double opt_bivariate_normal(double h, double k, double rho);

/* P(X >= x_low, y_low <= Y <= y_high) */
double opt_bivariate_strip(double x_low, double y_low, double y_high, double rho);

#endif
