/* Stochastic gradient descent. */
#include "optim/methods.h"

typedef struct sgd_params {
    double alpha;
    int rule;
} sgd_params;

enum { RULE_FIXED, RULE_QUADRATIC };
static const char *const rules[] = {"fixed", "quadratic", NULL};

static const meka_option options[] = {
    OPT_REAL(sgd_params, alpha, "0.1", 0.0, 1e300,
             "step size of the fixed rule, and where the curvature is zero"),
    OPT_CHOICE(sgd_params, rule, "fixed", rules,
               "step size: fixed, or quadratic: g.g / |g.B g| on the samples of g"),
};

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const sgd_params *p = params;
    return opt_descend(step, p->alpha, p->rule == RULE_QUADRATIC, scratch, err);
}

const opt_method opt_method_sgd = {
    .name = "sgd",
    .summary = "stochastic gradient descent",
    .reference = "Robbins, Monro, A stochastic approximation method (1951)",
    .options = OPT_TABLE(options, sgd_params),
    .min_batch = 1,
    .n_work = 1,
    .step = take_step,
};
