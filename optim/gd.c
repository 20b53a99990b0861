/* Gradient descent on the whole population. */
#include "optim/methods.h"

typedef struct gd_params {
    double alpha;
    int rule;
} gd_params;

enum { RULE_FIXED, RULE_QUADRATIC };
static const char *const rules[] = {"fixed", "quadratic", NULL};

static const meka_option options[] = {
    {"alpha", MEKA_OPTION_REAL, "0.1", 0.0, 1e300, NULL,
     "step size of the fixed rule, and where the curvature is zero",
     offsetof(gd_params, alpha)},
    {"rule", MEKA_OPTION_CHOICE, "fixed", 0.0, 0.0, rules,
     "step size: fixed, or quadratic: g.g / |g.H g|, the exact line search of a quadratic",
     offsetof(gd_params, rule)},
};

static meka_status sizes(const void *params, size_t d, size_t *n_state, size_t *n_scratch,
                         meka_error *err)
{
    if (d > SIZE_MAX / 2)
        return meka_fail(err, MEKA_ERR_INPUT, "method gd: %zu parameters are too many", d);
    *n_state = 0;
    *n_scratch = 2 * d;
    return MEKA_OK;
}

static void init(const void *params, size_t d, double *state)
{
}

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const gd_params *p = params;
    return opt_descend(step, "gd", p->alpha, 1.0, p->rule == RULE_QUADRATIC, scratch, err);
}

const opt_method opt_method_gd = {
    .name = "gd",
    .summary = "gradient descent on the whole population, without noise",
    .reference = "Cauchy, Methode generale pour la resolution des systemes d'equations "
                 "simultanees (1847)",
    .options = {options, sizeof options / sizeof options[0], sizeof(gd_params)},
    .min_batch = 1,
    .sizes = sizes,
    .init = init,
    .step = take_step,
    .full_batch = true,
};
