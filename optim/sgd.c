/* Stochastic gradient descent. */
#include "optim/methods.h"

#include <math.h>

typedef struct sgd_params {
    double alpha;
    int rule, decay;
} sgd_params;

enum { RULE_FIXED, RULE_QUADRATIC };
enum { DECAY_NONE, DECAY_INVERSE, DECAY_INVERSE_ROOT };
static const char *const rules[] = {"fixed", "quadratic", NULL};
static const char *const decays[] = {"none", "1/t", "1/sqrt(t)", NULL};

static const meka_option options[] = {
    {"alpha", MEKA_OPTION_REAL, "0.1", 0.0, 1e300, NULL,
     "step size of the fixed rule, and where the curvature is zero",
     offsetof(sgd_params, alpha)},
    {"rule", MEKA_OPTION_CHOICE, "fixed", 0.0, 0.0, rules,
     "step size: fixed, or quadratic: g.g / |g.B g| on the samples of g",
     offsetof(sgd_params, rule)},
    {"decay", MEKA_OPTION_CHOICE, "none", 0.0, 0.0, decays,
     "factor on the step size after t steps: none, 1/(t+1) or 1/sqrt(t+1)",
     offsetof(sgd_params, decay)},
};

static meka_status sizes(const void *params, size_t d, size_t *n_state, size_t *n_scratch,
                         meka_error *err)
{
    if (d > SIZE_MAX / 2)
        return meka_fail(err, MEKA_ERR_INPUT, "method sgd: %zu parameters are too many", d);
    *n_state = 0;
    *n_scratch = 2 * d;
    return MEKA_OK;
}

static void init(const void *params, size_t d, double *state)
{
}

static double schedule(int decay, uint64_t t)
{
    switch (decay) {
    case DECAY_INVERSE:
        return 1.0 / ((double)t + 1.0);
    case DECAY_INVERSE_ROOT:
        return 1.0 / sqrt((double)t + 1.0);
    default:
        return 1.0;
    }
}

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const sgd_params *p = params;
    return opt_descend(step, "sgd", p->alpha, schedule(p->decay, step->t),
                       p->rule == RULE_QUADRATIC, scratch, err);
}

const opt_method opt_method_sgd = {
    .name = "sgd",
    .summary = "stochastic gradient descent",
    .reference = "Robbins, Monro, A stochastic approximation method (1951)",
    .options = {options, sizeof options / sizeof options[0], sizeof(sgd_params)},
    .min_batch = 1,
    .sizes = sizes,
    .init = init,
    .step = take_step,
};
