/* MARS-AdamW: Adam on gradients with a scaled recursive correction. */
#include "optim/methods.h"

#include <string.h>

typedef struct mars_params {
    double alpha, beta1, beta2, gamma, clip, epsilon, weight_decay;
    int previous;
} mars_params;

enum { PREVIOUS_EXACT, PREVIOUS_APPROXIMATE };
static const char *const previous_names[] = {"exact", "approximate", NULL};

static const meka_option options[] = {
    OPT_ALPHA(mars_params, "3e-3"),
    OPT_REAL(mars_params, beta1, "0.95", 0.0, OPT_MAX_BETA, "moving average of the gradient"),
    OPT_REAL(mars_params, beta2, "0.99", 0.0, OPT_MAX_BETA,
             "moving average of the squared gradient"),
    OPT_REAL(mars_params, gamma, "0.025", 0.0, 1e6,
             "scale of the correction: gamma beta1/(1-beta1) times the change of gradient"),
    OPT_REAL(mars_params, clip, "1", 1e-300, INFINITY,
             "the corrected gradient is scaled down to this norm where it is longer"),
    OPT_REAL(mars_params, epsilon, "1e-8", 1e-300, 1e300, "added to the denominator"),
    OPT_WEIGHT_DECAY(mars_params),
    OPT_CHOICE(mars_params, previous, "exact", previous_names,
               "gradient at the iterate before: exact (of the current batch, a second "
               "evaluation) or approximate (of the batch before)"),
};

/* g + gamma beta1/(1-beta1) (g - previous), clipped, to c.  `memory` [d] is the iterate before
 * (exact) or the gradient there; the first step has neither and no correction. */
static meka_status correct(const mars_params *p, const opt_step *step, double *memory,
                           const double *g, double *c, meka_error *err)
{
    size_t d = step->n_params;
    bool exact = p->previous == PREVIOUS_EXACT;
    memcpy(c, exact ? g : memory, d * sizeof *c);
    ad_moments moments = {.grad_mean = c};
    if (step->t == 0) {
        memcpy(c, g, d * sizeof *c);
    } else if (exact) {
        meka_status status = opt_view_moments(step->batch, memory, NULL, &moments, err);
        if (status != MEKA_OK)
            return status;
    }
    memcpy(memory, exact ? step->theta : g, d * sizeof *memory);
    double scale = p->gamma * p->beta1 / (1.0 - p->beta1);
    for (size_t j = 0; j < d; j++)
        c[j] = g[j] + scale * (g[j] - c[j]);
    double norm = opt_norm(d, c);
    for (size_t j = 0; j < d && norm > p->clip; j++)
        c[j] *= p->clip / norm;
    return MEKA_OK;
}

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const mars_params *p = params;
    size_t d = step->n_params;
    double *m = state, *v = state + d, *memory = state + 2 * d; /* [d] each */
    double *c = scratch, *mean = step->room;                    /* [d] each */
    meka_status status = opt_step_gradient(step, err);
    if (status == MEKA_OK)
        status = correct(p, step, memory, step->gradient, c, err);
    if (status != MEKA_OK)
        return status;
    double count = (double)step->t + 1.0, alpha = step->factor * p->alpha;
    double unbias1 = 1.0 - pow(p->beta1, count), unbias2 = 1.0 - pow(p->beta2, count);
    for (size_t j = 0; j < d; j++) {
        m[j] += (1.0 - p->beta1) * (c[j] - m[j]);
        v[j] += (1.0 - p->beta2) * (c[j] * c[j] - v[j]);
        mean[j] = m[j] / unbias1;
        double direction = mean[j] / (sqrt(v[j] / unbias2) + p->epsilon);
        step->theta[j] -= alpha * (direction + p->weight_decay * step->theta[j]);
    }
    opt_step_estimate(step, mean);
    step->row->alpha = alpha;
    return MEKA_OK;
}

const opt_method opt_method_mars_adamw = {
    .name = "mars-adamw",
    .summary = "AdamW on gradients corrected by their change on the same batch",
    .reference =
        "Yuan, Liu, Wu, Zhou, Gu, MARS: unleashing the power of variance reduction for "
        "training large models (2024), arXiv:2411.10438",
    .deviations = "the first step has no correction with previous=approximate either, where "
                  "the authors' code takes the gradient before it for zero; clipping is of the "
                  "whole vector, as printed, not by layer",
    .options = OPT_TABLE(options, mars_params),
    .min_batch = 1,
    .n_vectors = 3,
    .n_work = 1,
    .step = take_step,
};
