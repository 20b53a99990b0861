/* Sophia with Hutchinson's estimator: a clipped, diagonally preconditioned momentum. */
#include "optim/methods.h"

typedef struct sophia_params {
    double alpha, beta1, beta2, gamma, epsilon, weight_decay;
    uint64_t interval;
} sophia_params;

static const meka_option options[] = {
    OPT_ALPHA(sophia_params, "6e-4"),
    OPT_REAL(sophia_params, beta1, "0.96", 0.0, OPT_MAX_BETA, "moving average of the gradient"),
    OPT_REAL(sophia_params, beta2, "0.99", 0.0, OPT_MAX_BETA,
             "moving average of the Hessian's diagonal"),
    OPT_REAL(sophia_params, gamma, "0.01", 0.0, 1e300,
             "factor on the diagonal: the smaller, the more components are clipped"),
    OPT_REAL(sophia_params, epsilon, "1e-12", 1e-300, 1e300, "least denominator"),
    OPT_WEIGHT_DECAY(sophia_params),
    OPT_COUNT(sophia_params, interval, "10", 1, 1e15, "iterations k per Hessian diagonal"),
};

/* h = beta2 h + (1 - beta2) u * Hu on the step's batch, u ~ N(0, I); h, u, product [d]. */
static meka_status update_diagonal(double beta2, const opt_step *step, double *h, double *u,
                                   double *product, meka_error *err)
{
    size_t d = step->n_params;
    meka_rng rng;
    meka_rng_init(&rng, step->seed, MEKA_STREAM_METHOD, step->t, 0);
    for (size_t j = 0; j < d; j++)
        u[j] = meka_rng_normal(&rng);
    ad_moments moments = {.hvp_mean = product};
    meka_status status = opt_view_moments(step->batch, step->theta, u, &moments, err);
    if (status != MEKA_OK)
        return status;
    for (size_t j = 0; j < d; j++)
        h[j] = beta2 * h[j] + (1.0 - beta2) * (u[j] * product[j]);
    return MEKA_OK;
}

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const sophia_params *p = params;
    size_t d = step->n_params;
    double *m = state, *h = m + d;
    double *u = scratch, *product = u + d;
    const double *g = step->gradient;
    meka_status status = opt_step_gradient(step, err);
    if (status == MEKA_OK && step->t % p->interval == 0)
        status = update_diagonal(p->beta2, step, h, u, product, err);
    if (status != MEKA_OK)
        return status;
    double alpha = p->alpha * step->factor;
    for (size_t j = 0; j < d; j++) {
        m[j] = p->beta1 * m[j] + (1.0 - p->beta1) * g[j];
        /* Negative curvature gives the denominator epsilon, so that the step is a sign. */
        double ratio = m[j] / fmax(p->gamma * h[j], p->epsilon);
        step->theta[j] *= 1.0 - alpha * p->weight_decay;
        step->theta[j] -= alpha * fmax(-1.0, fmin(1.0, ratio));
    }
    opt_step_estimate(step, m);
    step->row->alpha = alpha;
    return MEKA_OK;
}

const opt_method opt_method_sophia_h = {
    .name = "sophia-h",
    .summary = "Sophia: clipped steps of momentum over Hutchinson's diagonal of the Hessian",
    .reference =
        "Liu, Li, Hall, Liang, Ma, Sophia: a scalable stochastic second-order optimizer "
        "for language model pre-training (2023), arXiv:2305.14342",
    .deviations = "weight decay is 0 by default (0.2 in the paper's language models); the "
                  "Hessian's diagonal uses the whole batch of the gradient",
    .options = OPT_TABLE(options, sophia_params),
    .min_batch = 1,
    .n_vectors = 2,
    .n_work = 2,
    .step = take_step,
};
