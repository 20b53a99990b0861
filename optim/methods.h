/* optim/methods.h - the rows of the registry, one file each, and what they share. */
#ifndef OPT_METHODS_H
#define OPT_METHODS_H

#include <meka/optim.h>

extern const opt_method opt_method_meka, opt_method_adameka, opt_method_gd, opt_method_sgd;

/* Ends a step: copies next [d] to step->theta and returns MEKA_OK if it is finite, else
 * leaves theta alone and returns MEKA_NONFINITE naming method and step size. */
meka_status opt_step_accept(const opt_step *step, const double *next, const char *method,
                            double alpha, meka_error *err);

/* sqrt(sum_j v_j^2) without overflow; v [d] */
double opt_norm(size_t d, const double *v);

/* theta -= alpha g with the gradient g of step->batch: one step of GD and SGD.  factor is
 * the schedule's; adaptive: alpha = factor A/B along -g, measured on the same samples
 * (A = g.g, B = g.B g; with B < 0 |B| takes its place, with B = 0 alpha stays).
 * scratch [2 d]. */
meka_status opt_descend(const opt_step *step, const char *method, double alpha, double factor,
                        bool adaptive, double *scratch, meka_error *err);

#endif
