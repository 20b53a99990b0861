/* optim/step_size.h - how far to go along a direction.
 *
 * The model of f(theta + a d) - f(theta) for a > 0 is a normal variable with
 *
 *   mean  mu(a) = -A a + B a^2/2 + C a^3/6
 *   var   V(a)  = 2 s + p a^2 + q a^4/4                                    (eq. 11)
 *
 * with A = -d.m.  The paper's eq. 13 prints the first term of mu as -a d.m, the opposite of
 * its eq. 11: that holds for d = +m, and along a direction of descent it would have the
 * uphill steps be the probable improvements.  The sign here is that of eq. 11.
 *
 * Every rule is homogeneous: scaling f or theta by a power of two scales the step by exactly
 * the right power of two (short of overflow and underflow).
 */
#ifndef OPT_STEP_SIZE_H
#define OPT_STEP_SIZE_H

typedef struct opt_line_model {
    double A; /* slope along -d.m, >= 0 */
    double B; /* curvature d'B d, any sign */
    double C; /* third derivative, >= 0; 0: no third-order correction */
    double p; /* d'P d, variance of the slope, >= 0 */
    double q; /* d'Q d, variance of the curvature, >= 0 */
    double s; /* variance of the function value, >= 0 */
} opt_line_model;

/* mu(a) and V(a) */
double opt_line_mean(const opt_line_model *model, double a);
double opt_line_variance(const opt_line_model *model, double a);

/* Each rule returns a step a >= 0, or INFINITY where the model improves without bound, so
 * that it does not determine a step.  A = 0 gives 0: the direction promises nothing. */

/* Minimizes mu: A/B, with C the positive root of C a^2/2 + B a = A. */
double opt_step_quadratic(const opt_line_model *model);

/* Probability of improvement (eq. 12; eq. 13 with the sign above): maximizes Phi(-mu/sqrt V),
 * exact to rounding for every size of the coefficients.  With V = 0 everywhere that is the
 * minimizer of mu, and so it is in the limit of s = inf; with s = 0 and B >= 0 it is 0, because
 * the probability is highest for arbitrarily short steps. */
double opt_step_pi(const opt_line_model *model);

/* Expected improvement: maximizes sqrt(V) (z Phi(z) + phi(z)), z = -mu/sqrt V.  With q > 0
 * and C = 0 this grows without bound for a -> infinity however unlikely an improvement is
 * there; the step is the first local maximum, and INFINITY if there is none. */
double opt_step_ei(const opt_line_model *model);

/* Confidence bound: minimizes mu(a) + k sqrt(p a^2) + k sqrt(q a^4/4), a lower bound of the
 * slope over an upper bound of the curvature: (A - k sqrt p)_+ / (B + k sqrt q) for C = 0;
 * k >= 0.  It ignores s, which both ends of the step share. */
double opt_step_bound(const opt_line_model *model, double k);

#endif
