/* optim/meka.h - what the files of MEKA and ADAMEKA share. */
#ifndef OPT_MEKA_H
#define OPT_MEKA_H

#include <meka/optim.h>

#include "optim/calibration.h"
#include "optim/ema.h"
#include "optim/filter.h"

typedef enum meka_rule {
    MEKA_RULE_FIXED,
    MEKA_RULE_QUADRATIC,
    MEKA_RULE_PI,
    MEKA_RULE_EI,
    MEKA_RULE_BOUND,
} meka_rule;
enum { MEKA_START_OBSERVATION, MEKA_START_PRIOR };
enum { MEKA_NOISE_ESTIMATED, MEKA_NOISE_CONSTANT };
enum { MEKA_VARIANCE_DIRECTIONAL, MEKA_VARIANCE_SCALAR };
enum { MEKA_NEGATIVE_ABSOLUTE, MEKA_NEGATIVE_MODEL };

/* Variance of the paper's prior belief, for gradient and function value alike. */
#define MEKA_PRIOR_VARIANCE 1e4

/* Option values; their meanings are the rows in optim/meka.c. */
typedef struct meka_params {
    int preset;
    int covariance; /* opt_covariance */
    int start, noise;
    double sigma, ema, loss_ema;
    bool value_filter;
    double gate;
    int rule;
    double alpha;
    uint64_t fixed_steps;
    bool third_order;
    int variance, negative;
    double smoothing, factor, cap, floor;
    bool calibrate;
    double calibration_z, calibration_ema, curvature_ema, curvature_z, bound_k;
} meka_params;

/* What choosing a step size remembers of the steps before. */
typedef struct meka_choice_memory {
    opt_ema curvature;     /* B/|d|^2 */
    opt_ema curvature_var; /* its variance, q/|d|^4 */
    opt_ema step_size;     /* for `smoothing` */
    double last_alpha;     /* last step size that the rule determined */
} meka_choice_memory;

/* Steps go along d = -v, with v = m (MEKA) or v = m / (sqrt(m^2 + P) + 1e-8) (ADAMEKA; the
 * paper's eq. 9 prints m where the units demand m^2).  The last move is taken to be -alpha v;
 * what theta's rounding made of it is within an ulp of theta.
 *
 * The scalars of the state; the arrays m [d], of ADAMEKA also v [d], P and the sum of Sigma's
 * moving average (covariances) follow it.  Doubles only. */
typedef struct meka_head {
    double alpha, vv, mv; /* of the last step; |v|^2 and m.v */
    double sigma_weight;  /* of Sigma's moving average */
    opt_ema r;            /* variance of the mean loss */
    opt_value_filter value;
    opt_calibration calibration;
    meka_choice_memory choice;
} meka_head;

/* Where everything of one step lies. */
typedef struct meka_memory {
    bool adam, deferred;           /* ADAMEKA; see meka_defers */
    meka_head *head;               /* in the state, as are */
    double *m, *v, *P, *sigma_sum; /* these; v [d] is m unless `adam` */
    double *h;                     /* [d] the mean product; if deferred, room for a vector */
    /* These are empty if deferred: */
    double *weight;                   /* [d] v = weight m */
    double *var, *cross;              /* [d] var_i g_ij and cov_i(b_ij, g_ij) of the mean */
    double *K, *q, *observed, *sigma; /* covariances; `observed` is this batch's Sigma */
    double *work;                     /* [opt_filter_work_size] */
} meka_memory;

/* What one batch says, of its means.  h = H v with the v of the last step, so that its move was
 * back v and the change of the gradient is b = back h. */
typedef struct meka_observation {
    double y, r;       /* mean loss, its variance */
    double var, cross; /* traces of the variance of g and of cov(b, g) */
    double grad_norm;  /* |g| */
    double back;       /* -alpha of the last step; 0: theta has not moved, and h is nowhere */
    double gg, gh, hh, gm, hv; /* inner products, if deferred */
} meka_observation;

/* Elements of several vectors that stay in the nearest cache, where several loops share them.
 */
enum { MEKA_PIECE = 1024 };

/* "fixed", "quadratic", ...; NULL past the end. */
const char *meka_rule_name(size_t rule);

/* Whether steps need no vector but m: the batch keeps g and h, and combines them with it.  Any
 * other form weighs the components of g apart. */
bool meka_defers(const meka_params *params, bool adam);

void meka_layout(const meka_params *params, bool adam, size_t d, double *state, double *scratch,
                 meka_memory *out);

/* meka_observe.c: evaluates the batch; to w observed, q, var, cross and, unless deferred, h,
 * and g to step->gradient. */
meka_status meka_observe(const meka_params *params, const opt_step *step, meka_memory *w,
                         meka_observation *out, meka_error *err);

/* meka_filter.c: v'cov v. */
double meka_along(const meka_params *params, size_t d, const double *cov, const meka_memory *w);
/* Takes what was observed into the beliefs about gradient and function value. */
meka_status meka_filter(const meka_params *params, const opt_step *step,
                        const meka_observation *seen, meka_memory *w, meka_error *err);

/* One step of MEKA, or of ADAMEKA where `adam`. */
meka_status meka_step(const meka_params *params, bool adam, double *state, double *scratch,
                      const opt_step *step, meka_error *err);

#endif
