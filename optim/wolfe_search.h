/* optim/wolfe_search.h - a line search for the strong Wolfe conditions. */
#ifndef OPT_WOLFE_SEARCH_H
#define OPT_WOLFE_SEARCH_H

#include <meka/optim.h>

/* phi(alpha) = f(origin + alpha p) on the samples of view. */
typedef struct opt_wolfe_problem {
    const opt_view *view;
    size_t d;
    const double *origin, *p; /* [d] */
    double phi, slope;        /* phi(0); phi'(0) < 0 */
    double c1, c2;            /* 0 < c1 < c2 < 1 */
    uint64_t max_evaluations;
} opt_wolfe_problem;

/* The last point evaluated: the one found, if it was. */
typedef struct opt_wolfe_point {
    double *x, *g; /* [d], the caller's: origin + alpha p and its gradient */
    double alpha, phi, slope;
} opt_wolfe_point;

/* Algorithms 3.5 and 3.6 of Nocedal, Wright, "Numerical optimization" (2006), from the first
 * trial `alpha` > 0.  *found: point satisfies phi(alpha) <= phi(0) + c1 alpha phi'(0) (up to
 * the rounding of phi) and |phi'(alpha)| <= c2 |phi'(0)|.  A trial whose loss or gradient is
 * not finite counts as too far; MEKA_NONFINITE only if no trial was finite. */
meka_status opt_wolfe_search(const opt_wolfe_problem *problem, double alpha,
                             opt_wolfe_point *point, bool *found, meka_error *err);

#endif
