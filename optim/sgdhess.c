/* SGD with Hessian-corrected momentum. */
#include "optim/methods.h"

#include <string.h>

typedef struct sgdhess_params {
    double alpha;
    int mode;
    double a, clip;
    bool normalize;
} sgdhess_params;

enum { MODE_CONSTANT, MODE_UNIFORM };
static const char *const modes[] = {"constant", "uniform", NULL};

static const meka_option options[] = {
    OPT_ALPHA(sgdhess_params, "0.1"),
    OPT_CHOICE(sgdhess_params, mode, "constant", modes,
               "weight of the new gradient: constant (`a`) or uniform (1/(t+1))"),
    OPT_REAL(sgdhess_params, a, "0.1", 1e-7, 1.0, "weight of the new gradient if constant"),
    OPT_REAL(sgdhess_params, clip, "inf", 1e-300, INFINITY,
             "G: the momentum is scaled down to this norm where it is longer"),
    OPT_BOOL(sgdhess_params, normalize, "no",
             "N-SGDHess: steps of length alpha along the momentum"),
};

/* The gradient, and H(theta_t)(theta_t - theta_{t-1}) to b, in one pass; b is 0 where theta
 * has not moved. */
static meka_status observe(const opt_step *step, const double *before, double *move, double *b,
                           meka_error *err)
{
    size_t d = step->n_params;
    bool moved = false;
    for (size_t j = 0; j < d; j++) {
        move[j] = step->t > 0 ? step->theta[j] - before[j] : 0.0;
        moved = moved || move[j] != 0.0;
    }
    memset(b, 0, d * sizeof *b);
    ad_moments moments = {.grad_mean = step->gradient, .hvp_mean = moved ? b : NULL};
    meka_status status =
        opt_view_moments(step->batch, step->theta, moved ? move : NULL, &moments, err);
    if (status != MEKA_OK)
        return status;
    step->row->loss = moments.loss_mean;
    step->row->grad_norm = opt_norm(d, step->gradient);
    return MEKA_OK;
}

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const sgdhess_params *p = params;
    size_t d = step->n_params;
    double *m = state, *before = state + d; /* [d] each */
    double *b = scratch, *move = scratch + d;
    const double *g = step->gradient;
    double count = (double)step->t + 1.0;
    double a = step->t == 0 || p->mode == MODE_UNIFORM ? 1.0 / count : p->a;
    meka_status status = observe(step, before, move, b, err);
    if (status != MEKA_OK)
        return status;
    for (size_t j = 0; j < d; j++) {
        m[j] += b[j];
        m[j] += a * (g[j] - m[j]);
    }
    double norm = opt_norm(d, m);
    if (norm > p->clip)
        for (size_t j = 0; j < d; j++)
            m[j] *= p->clip / norm;
    double alpha = step->factor * p->alpha;
    double unit = p->normalize ? opt_norm(d, m) : 1.0; /* 0: m is, and theta stays */
    memcpy(before, step->theta, d * sizeof *before);
    for (size_t j = 0; j < d && unit > 0.0; j++)
        step->theta[j] -= alpha * (m[j] / unit);
    opt_step_estimate(step, m);
    step->row->gain = a;
    step->row->alpha = alpha;
    return MEKA_OK;
}

const opt_method opt_method_sgdhess = {
    .name = "sgdhess",
    .summary = "SGD with momentum that Hessian-vector products carry along",
    .reference = "Tran, Cutkosky, Better SGD using second-order momentum (2021), "
                 "arXiv:2103.03265",
    .deviations = "the weights of the new gradient are a constant, as in the authors' code, or "
                  "1/(t+1); those of the analysis need the constants of smoothness; "
                  "the adaptive variant is left out",
    .options = OPT_TABLE(options, sgdhess_params),
    .min_batch = 1,
    .n_vectors = 2,
    .n_work = 2,
    .step = take_step,
};
