/* Gradient descent on the whole population. */
#include "optim/methods.h"

typedef struct gd_params {
    double alpha;
    int rule;
} gd_params;

enum { RULE_FIXED, RULE_QUADRATIC };
static const char *const rules[] = {"fixed", "quadratic", NULL};

static const meka_option options[] = {
    OPT_REAL(gd_params, alpha, "0.1", 0.0, 1e300,
             "step size of the fixed rule, and where the curvature is zero"),
    OPT_CHOICE(gd_params, rule, "fixed", rules,
               "step size: fixed, or quadratic: g.g / |g.H g|, the exact line search of a "
               "quadratic"),
};

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const gd_params *p = params;
    return opt_descend(step, p->alpha, p->rule == RULE_QUADRATIC, scratch, err);
}

const opt_method opt_method_gd = {
    .name = "gd",
    .summary = "gradient descent on the whole population, without noise",
    .reference = "Cauchy, Methode generale pour la resolution des systemes d'equations "
                 "simultanees (1847)",
    .options = OPT_TABLE(options, gd_params),
    .min_batch = 1,
    .n_work = 1,
    .step = take_step,
    .full_batch = true,
};
