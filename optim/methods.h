/* optim/methods.h - the rows of the registry, one file each, and what they share. */
#ifndef OPT_METHODS_H
#define OPT_METHODS_H

#include <meka/optim.h>

#include "base/sum.h"

#include <math.h>

#define METHOD(name) extern const opt_method opt_method_##name;
#include "optim/methods.def"
#undef METHOD

/* ---------------------------------------------------------- rows of options */

/* One row for the field `name` of the struct `type`; real numbers in [low, high]. */
#define OPT_REAL(type, name, initial, low, high, meaning)                                      \
    {                                                                                          \
#name, MEKA_OPTION_REAL, initial, low, high, NULL, meaning, offsetof(type, name)       \
    }
#define OPT_COUNT(type, name, initial, low, high, meaning)                                     \
    {                                                                                          \
#name, MEKA_OPTION_COUNT, initial, low, high, NULL, meaning, offsetof(type, name)      \
    }
#define OPT_BOOL(type, name, initial, meaning)                                                 \
    {                                                                                          \
#name, MEKA_OPTION_BOOL, initial, 0.0, 0.0, NULL, meaning, offsetof(type, name)        \
    }
#define OPT_CHOICE(type, name, initial, names, meaning)                                        \
    {                                                                                          \
#name, MEKA_OPTION_CHOICE, initial, 0.0, 0.0, names, meaning, offsetof(type, name)     \
    }
/* .options = OPT_TABLE(rows, type) */
#define OPT_TABLE(rows, type)                                                                  \
    {                                                                                          \
        rows, sizeof rows / sizeof rows[0], sizeof(type)                                       \
    }

#define OPT_MAX_BETA 0.9999999 /* largest coefficient of a moving average */

/* The step size of a method that needs one. */
#define OPT_ALPHA(type, initial)                                                               \
    OPT_REAL(type, alpha, initial, 0.0, 1e300, "step size, before the schedule's factor")
/* Decoupled weight decay (Loshchilov, Hutter, "Decoupled weight decay regularization", 2019).
 */
#define OPT_WEIGHT_DECAY(type)                                                                 \
    OPT_REAL(type, weight_decay, "0", 0.0, 1e6,                                                \
             "lambda in theta -= alpha lambda theta, apart from the gradient")

/* ------------------------------------------------------- what steps are made of */

/* The mean gradient of step->batch at step->theta to step->gradient, which is the estimate of
 * grad f(theta_t), too.  Fills the row's loss and norms. */
meka_status opt_step_gradient(const opt_step *step, meka_error *err);

/* Takes m [d] as the estimate instead: step->room, or part of the state. */
void opt_step_estimate(const opt_step *step, const double *m);
/* The same where |m| is known. */
void opt_step_estimate_of_norm(const opt_step *step, const double *m, double norm);

/* a / b; 0 where b is 0: what has not had a gradient does not move, as with the pseudo-inverse
 * of Duchi, Hazan, Singer 2011.  Without epsilon this is 0/0.  NaN stays NaN; a is finite.  The
 * divisor is chosen and not the quotient, so that compilers may use vectors. */
static inline double opt_ratio(double a, double b)
{
    double divisor = b == 0.0 ? INFINITY : b;
    return a / divisor;
}

/* MEKA_NONFINITE where a square of the gradient has overflowed: the step, divided by it, would
 * be 0 without a word. */
meka_status opt_check_square(double square, meka_error *err);

/* sqrt(sum_j v_j^2) without overflow; v [d] */
double opt_norm(size_t d, const double *v);
/* Whether that is sqrt(square) for a square = v.v: no term that counts has left the range of
 * normal numbers. */
bool opt_square_tells(double square);
/* The same norm from square = v.v where that tells. */
double opt_norm_from(double square, size_t d, const double *v);
/* Copies v [d] to out [d]; whether all of it is finite. */
bool opt_copy_finite(size_t d, const double *restrict v, double *restrict out);

/* theta -= alpha g with the gradient g of step->batch: one step of GD and SGD, with the
 * schedule's factor.  adaptive: alpha = A/B along -g, measured on the same samples (A = g.g,
 * B = g.B g; with B < 0 |B| takes its place, with B = 0 alpha stays).  scratch [d]. */
meka_status opt_descend(const opt_step *step, double alpha, bool adaptive, double *scratch,
                        meka_error *err);

#endif
