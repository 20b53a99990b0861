/* problems/newton_cg.h - minima of smooth convex objectives over a data set, to rounding. */
#ifndef PROBLEMS_NEWTON_CG_H
#define PROBLEMS_NEWTON_CG_H

#include <meka/ad.h>

typedef struct prob_newton_cg_options {
    const double *diagonal; /* [d] > 0, about that of the Hessian: scales CG; NULL: ones */
    bool has_minimum;       /* it is known that there is one */
} prob_newton_cg_options;

/* Minimizes the mean loss over the rows by Newton's method, with steps from conjugate gradients
 * on exact Hessian-vector products and a line search, from theta [d], which becomes the
 * minimizer; *minimum is the loss there.  It ends where rounding keeps the gradient from
 * getting smaller.
 *
 * xi [n_rows][n_features] are the rows where they are all in memory; NULL: they are read in
 * chunks.  Of the objective only record and ctx, n_params and n_features are used.  options
 * NULL: zeroed.
 *
 * *minimum is NaN where there is no minimum (the loss tends to its infimum along a line, as
 * that of separable classes does), or it was not reached within the limits on work. */
meka_status prob_newton_cg(const ad_objective *objective, const meka_samples *rows,
                           const double *xi, const prob_newton_cg_options *options,
                           double *theta, double *minimum, meka_error *err);

#endif
