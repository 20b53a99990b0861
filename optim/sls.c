/* Stochastic line search: SGD with Armijo backtracking on the samples of the step. */
#include "optim/methods.h"

typedef struct sls_params {
    double alpha_max, c, beta, growth;
    int reset;
    uint64_t max_backtracks;
} sls_params;

enum { RESET_KEEP, RESET_MAX, RESET_GROW };
static const char *const resets[] = {"keep", "max", "grow", NULL};

static const meka_option options[] = {
    OPT_REAL(sls_params, alpha_max, "10", 1e-300, 1e300,
             "largest step size, and the first try"),
    OPT_REAL(
        sls_params, c, "0.5", 1e-16, 1.0,
        "least share of the decrease that the slope promises: the paper's theory for convex "
        "losses needs 0.5, its deep networks use 0.1"),
    OPT_REAL(sls_params, beta, "0.9", 1e-3, 0.9999, "factor of a backtrack"),
    OPT_CHOICE(sls_params, reset, "grow", resets,
               "where a search starts (the paper's opt = 0, 1, 2): from the last step size, "
               "from alpha_max, or from the last one times growth"),
    OPT_REAL(sls_params, growth, "1.0013872557113346", 1.0, 1e300,
             "factor of reset=grow per iteration: 2^(b/n) for batches of b out of n samples "
             "doubles in an epoch; the default takes n = 500 b"),
    OPT_COUNT(sls_params, max_backtracks, "100", 1, 1e6,
              "backtracks after which theta and the step size stay as they were"),
};

/* Backtracks from *alpha until the loss at theta - *alpha g is low enough (Algorithm 1).  A
 * trial that is not finite is too far; MEKA_NONFINITE only if all are.  trial [d]. */
static meka_status backtrack(const sls_params *p, const opt_step *step, const double *g,
                             double *trial, double *alpha, bool *found, meka_error *err)
{
    size_t d = step->n_params;
    double square = meka_dot(d, g, g), f = step->row->loss;
    bool any_finite = false;
    meka_error reason = {0};
    *found = false;
    for (uint64_t k = 0; k <= p->max_backtracks && !*found; k++) {
        if (k > 0)
            *alpha *= p->beta;
        for (size_t j = 0; j < d; j++)
            trial[j] = step->theta[j] - *alpha * g[j];
        ad_moments moments = {0};
        meka_status status = opt_view_moments(step->batch, trial, NULL, &moments, &reason);
        if (status == MEKA_NONFINITE)
            continue;
        if (status != MEKA_OK)
            return meka_fail(err, status, "%s", reason.text);
        any_finite = true;
        *found = moments.loss_mean <= f - p->c * *alpha * square;
    }
    return any_finite ? MEKA_OK : meka_fail(err, MEKA_NONFINITE, "%s", reason.text);
}

static double first_try(const sls_params *p, const opt_step *step, double last)
{
    if (step->t == 0 || p->reset == RESET_MAX)
        return p->alpha_max;
    return p->reset == RESET_GROW ? fmin(last * p->growth, p->alpha_max) : last;
}

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const sls_params *p = params;
    size_t d = step->n_params;
    double *last = state, *trial = scratch;
    const double *g = step->gradient;
    meka_status status = opt_step_gradient(step, err);
    if (status != MEKA_OK)
        return status;
    double alpha = first_try(p, step, *last);
    if (step->t == 0)
        *last = alpha;
    bool found;
    status = backtrack(p, step, g, trial, &alpha, &found, err);
    if (status != MEKA_OK)
        return status;
    step->row->slope = meka_dot(d, g, g);
    step->row->alpha = 0.0;
    if (!found)
        return MEKA_OK;
    *last = alpha;
    step->row->alpha = alpha * step->factor;
    for (size_t j = 0; j < d; j++)
        step->theta[j] -= alpha * step->factor * g[j];
    return MEKA_OK;
}

const opt_method opt_method_sls = {
    .name = "sls",
    .summary = "stochastic gradient descent with an Armijo line search on each batch",
    .reference =
        "Vaswani, Mishkin, Laradji, Schmidt, Gidel, Lacoste-Julien, Painless stochastic "
        "gradient: interpolation, line-search, and convergence rates (2019), "
        "arXiv:1905.09997",
    .deviations =
        "growing step sizes stay below alpha_max, as in the authors' code; a search "
        "that exhausts its backtracks (the rounding of the loss hides every decrease) "
        "leaves theta and the step size alone; trials that are not finite are too far",
    .options = OPT_TABLE(options, sls_params),
    .min_batch = 1,
    .n_scalars = 1,
    .n_work = 1,
    .step = take_step,
};
