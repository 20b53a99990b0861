/* problems/newton.h - minima of small smooth convex objectives, to rounding. */
#ifndef PROBLEMS_NEWTON_H
#define PROBLEMS_NEWTON_H

#include <meka/base.h>

/* The objective at theta [d]; gradient [d] and Hessian [d][d] unless NULL. */
typedef double (*prob_function)(const void *ctx, const double *theta, double *gradient,
                                double *hessian);

/* Newton's method with halved steps from theta [d], which becomes the minimizer; *minimum the
 * value there, which must not be 0.  Where it does not converge in 100 steps *minimum is NaN.
 * MEKA_ERR_MEMORY. */
meka_status prob_newton(size_t d, prob_function f, const void *ctx, double *theta,
                        double *minimum, meka_error *err);

#endif
