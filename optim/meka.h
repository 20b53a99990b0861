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

/* The scalars of the state; the arrays m, delta [d], P and the sum of Sigma's moving average
 * (covariances) follow it.  Doubles only. */
typedef struct meka_head {
    double sigma_weight; /* of Sigma's moving average */
    opt_ema r;           /* variance of the mean loss */
    opt_value_filter value;
    opt_calibration calibration;
    meka_choice_memory choice;
} meka_head;

/* Where everything of one step lies. */
typedef struct meka_memory {
    meka_head *head;                   /* in the state, as are */
    double *m, *delta, *P, *sigma_sum; /* these */
    double *g;                         /* [d] step->gradient */
    double *b;                         /* [d] */
    double *direction, *weight;        /* [d] d = -weight m */
    double *var, *cross; /* [d] var_i g_ij and cov_i(h_ij, g_ij), where weights differ */
    double *K, *q, *observed, *sigma; /* covariances; `observed` is this batch's Sigma */
    double *work;                     /* [opt_filter_work_size] */
} meka_memory;

/* "fixed", "quadratic", ...; NULL past the end. */
const char *meka_rule_name(size_t rule);

meka_status meka_sizes(const void *params, size_t d, size_t *n_state, size_t *n_scratch,
                       meka_error *err);
void meka_layout(const meka_params *params, size_t d, double *state, double *scratch,
                 meka_memory *out);

/* One step of MEKA, or of ADAMEKA where `adam`. */
meka_status meka_step(const meka_params *params, bool adam, double *state, double *scratch,
                      const opt_step *step, meka_error *err);

#endif
