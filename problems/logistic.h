/* problems/logistic.h - logistic regression on given data. */
#ifndef PROBLEMS_LOGISTIC_H
#define PROBLEMS_LOGISTIC_H

#include <meka/problems.h>

/* Binary logistic regression with L2 regularization on rows drawn with replacement:
 *
 *   f(theta, (x, y)) = log(1 + exp(-y x.theta)) + 0.5 l2 |theta|^2
 *
 * features [n_rows][dim], label [n_rows] of -1 and 1, both copied; l2 >= 0.  The start is 0.
 * Its minimum is found by Newton's method; where that does not converge (none exists: l2 = 0
 * and separable rows), it is unknown (NaN, NULL). */
meka_status prob_logistic_make(prob_instance *out, size_t n_rows, size_t dim,
                               const double *features, const double *label, double l2,
                               meka_error *err);

#endif
