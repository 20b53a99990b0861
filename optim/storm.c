/* STORM: recursive momentum. */
#include "optim/methods.h"

#include <string.h>

typedef struct storm_params {
    double k, w, c;
} storm_params;

static const meka_option options[] = {
    OPT_REAL(storm_params, k, "0.1", 0.0, 1e300,
             "scale of the step eta = k/(w + sum G^2)^(1/3)"),
    OPT_REAL(storm_params, w, "0.1", 1e-300, 1e300,
             "what the sum of squared gradient norms starts from"),
    OPT_REAL(storm_params, c, "100", 0.0, 1e300,
             "weight of the new gradient alone, a = c eta^2 of the step before, at most 1"),
};

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const storm_params *p = params;
    size_t d = step->n_params;
    double *sum = state, *eta = state + 1;                /* of G^2; of the step before */
    double *estimate = state + 2, *before = estimate + d; /* [d] each */
    double *old = scratch;
    const double *g = step->gradient;
    meka_status status = opt_step_gradient(step, err);
    if (status != MEKA_OK)
        return status;
    ad_moments moments = {.grad_mean = old};
    if (step->t > 0)
        status = opt_view_moments(step->batch, before, NULL, &moments, err);
    if (status != MEKA_OK)
        return status;
    double a = step->t > 0 ? fmin(p->c * *eta * *eta, 1.0) : 1.0;
    for (size_t j = 0; j < d && step->t > 0; j++)
        estimate[j] = a * g[j] + (1.0 - a) * (estimate[j] + (g[j] - old[j]));
    if (step->t == 0)
        memcpy(estimate, g, d * sizeof *g);
    double norm = step->row->grad_norm;
    *sum += norm * norm;
    *eta = p->k / cbrt(p->w + *sum);
    double alpha = step->factor * *eta;
    memcpy(before, step->theta, d * sizeof *before);
    for (size_t j = 0; j < d; j++)
        step->theta[j] -= alpha * estimate[j];
    opt_step_estimate(step, estimate);
    step->row->gain = a;
    step->row->alpha = alpha;
    return MEKA_OK;
}

const opt_method opt_method_storm = {
    .name = "storm",
    .summary = "recursive momentum with gradients of one batch at two iterates",
    .reference =
        "Cutkosky, Orabona, Momentum-based variance reduction in non-convex SGD (2019), "
        "arXiv:1905.10018",
    .deviations = "a is at most 1, which the paper has from its choice of w and c; k and w are "
                  "those of its experiments, where c is tuned, and c that of the authors' "
                  "code; a schedule scales the step but not the eta in a",
    .options = OPT_TABLE(options, storm_params),
    .min_batch = 1,
    .n_scalars = 2,
    .n_vectors = 2,
    .n_work = 1,
    .step = take_step,
};
