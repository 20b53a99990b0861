/* optim/distance.h - how far a run has come, for methods that set their step size by it. */
#ifndef OPT_DISTANCE_H
#define OPT_DISTANCE_H

#include "optim/methods.h"

/* The first distance r_eps = reps_rel (1 + |x_0|), of Ivgi et al. (2023). */
#define OPT_REPS_REL(type)                                                                     \
    OPT_REAL(type, reps_rel, "1e-6", 1e-300, 1e300,                                            \
             "first distance r_eps / (1 + |x_0|): small against that to the minimum")

/* The largest distance so far, max(r_eps, max_{i <= t} |x_i - x_0|), from *r, that of the step
 * before; both *r and x0 [d] are set where t = 0.  scratch [d]. */
double opt_distance_update(const opt_step *step, double reps_rel, double *r, double *x0,
                           double *scratch);

/* theta -= alpha g with the schedule's factor, alpha to the row. */
void opt_distance_step(const opt_step *step, double alpha, const double *g);

#endif
