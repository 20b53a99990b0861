/* The stochastic Polyak step size, bounded. */
#include "optim/methods.h"

typedef struct sps_max_params {
    double alpha, c, f_star, growth, gamma_0;
} sps_max_params;

static const meka_option options[] = {
    OPT_REAL(sps_max_params, alpha, "10", 0.0, INFINITY,
             "largest step size (gamma_b), before the schedule's factor; it decides how close "
             "a run gets where samples disagree about the minimum"),
    OPT_REAL(sps_max_params, c, "0.5", 1e-6, 1e6,
             "divides the step: 0.5 for convex problems, 0.2 in the paper's deep networks"),
    OPT_REAL(sps_max_params, f_star, "0", -1e300, 1e300, "lower bound of a batch's mean loss"),
    OPT_REAL(sps_max_params, growth, "inf", 1.0, INFINITY,
             "largest ratio of a step size to the one before, 2^(batch/samples) in the paper; "
             "inf: no smoothing"),
    OPT_REAL(sps_max_params, gamma_0, "1", 1e-300, 1e300,
             "what growth takes for the step size before the first"),
};

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const sps_max_params *p = params;
    double *last = state; /* gamma_{t-1} */
    const double *g = step->gradient;
    meka_status status = opt_step_gradient(step, err);
    if (status != MEKA_OK)
        return status;
    if (step->t == 0)
        *last = p->gamma_0;
    /* |g|^2 would overflow or vanish where gamma itself need not. */
    double norm = step->row->grad_norm, excess = fmax(step->row->loss - p->f_star, 0.0);
    double gamma = norm > 0.0 ? excess / norm / (p->c * norm) : 0.0;
    gamma = fmin(fmin(gamma, p->alpha), p->growth * *last);
    /* A step of 0 (a loss at its bound) must not hold all later ones at 0. */
    if (gamma > 0.0)
        *last = gamma;
    double alpha = step->factor * gamma;
    for (size_t j = 0; j < step->n_params; j++)
        step->theta[j] -= alpha * g[j];
    step->row->alpha = alpha;
    return MEKA_OK;
}

const opt_method opt_method_sps_max = {
    .name = "sps-max",
    .summary = "SGD with the stochastic Polyak step size, bounded (SPS_max)",
    .reference = "Loizou, Vaswani, Laradji, Lacoste-Julien, Stochastic Polyak step-size for "
                 "SGD: an adaptive learning rate for fast convergence (2021), arXiv:2002.10542",
    .deviations = "one lower bound for all batches in place of f_i^*; a loss below it gives no "
                  "step, and neither that nor a zero gradient counts as the step before in "
                  "the smoothing, which would stand still ever after; alpha, varied in the "
                  "paper, is 10 as in an early version of the authors' code",
    .options = OPT_TABLE(options, sps_max_params),
    .min_batch = 1,
    .n_scalars = 1,
    .step = take_step,
};
