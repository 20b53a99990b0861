/* Adam with Nesterov's momentum and decoupled weight decay. */
#include "optim/adaptive.h"

typedef struct nadamw_params {
    double alpha, beta1, beta2, epsilon, weight_decay;
} nadamw_params;

static const meka_option options[] = {
    OPT_ALPHA(nadamw_params, "1e-3"),
    OPT_REAL(nadamw_params, beta1, "0.9", 0.0, OPT_MAX_BETA,
             "coefficient of the moving average of gradients"),
    OPT_REAL(nadamw_params, beta2, "0.999", 0.0, OPT_MAX_BETA,
             "coefficient of the moving average of squared gradients"),
    OPT_REAL(nadamw_params, epsilon, "1e-8", 0.0, 1e300,
             "added to the root of the average square"),
    OPT_WEIGHT_DECAY(nadamw_params),
};

/* With weight1 = 1 - beta1^t:
 *   theta -= alpha ((beta1 m + (1 - beta1) g)/weight1/(sqrt(v^) + epsilon) + lambda theta).
 * The numerator has more than the weight 1 while t is small (1 + beta1 in the first step), so
 * that the estimate of the gradient is Adam's m/weight1. */
static void move(const nadamw_params *p, const opt_step *step, const opt_adam *mean)
{
    const double *restrict m = mean->m, *restrict v = mean->v, *restrict g = step->gradient;
    double *restrict unbiased = step->room, *restrict theta = step->theta;
    double weight1 = mean->weight1, weight2 = mean->weight2, alpha = step->row->alpha;
    double beta1 = p->beta1, epsilon = p->epsilon, decay = p->weight_decay;
    for (size_t j = 0; j < step->n_params; j++) {
        double ahead = (beta1 * m[j] + (1.0 - beta1) * g[j]) / weight1;
        double scale = sqrt(v[j] / weight2) + epsilon;
        unbiased[j] = m[j] / weight1;
        theta[j] -= alpha * (opt_ratio(ahead, scale) + decay * theta[j]);
    }
}

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const nadamw_params *p = params;
    size_t d = step->n_params;
    opt_adam mean;
    meka_status status = opt_step_gradient(step, err);
    if (status != MEKA_OK)
        return status;
    opt_adam_add(&mean, state, d, p->beta1, p->beta2, step->gradient);
    step->row->alpha = p->alpha * step->factor;
    move(p, step, &mean);
    opt_step_estimate(step, step->room);
    return MEKA_OK;
}

const opt_method opt_method_nadamw = {
    .name = "nadamw",
    .summary = "Adam with Nesterov's momentum and decoupled weight decay",
    .reference =
        "Dozat, Incorporating Nesterov momentum into Adam (2016); Choi, Shallue, Nado, "
        "Lee, Maddison, Dahl, On empirical comparisons of optimizers for deep learning "
        "(2019), arXiv:1910.05446, table 1; Dahl et al., Benchmarking neural network "
        "training algorithms (2023), arXiv:2306.07179",
    .deviations =
        "the form of Choi et al. and of AlgoPerf's baseline: beta1 constant where Dozat has a "
        "schedule of momenta, and 1 - beta1^t under both parts of the Nesterov term where his "
        "m has 1 - beta1^(t+1); epsilon is added to the bias-corrected root, as in the "
        "baseline",
    .options = OPT_TABLE(options, nadamw_params),
    .min_batch = 1,
    .n_scalars = OPT_ADAM_SCALARS,
    .n_vectors = OPT_ADAM_VECTORS,
    .step = take_step,
};
