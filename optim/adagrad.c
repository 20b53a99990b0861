/* AdaGrad with diagonal matrices. */
#include "optim/methods.h"

typedef struct adagrad_params {
    double alpha, epsilon;
} adagrad_params;

static const meka_option options[] = {
    OPT_ALPHA(adagrad_params, "0.01"),
    OPT_REAL(adagrad_params, epsilon, "1e-10", 0.0, 1e300,
             "the paper's delta, added to the root of the summed squares"),
};

/* s = sum of g^2, theta -= alpha g/(sqrt(s) + epsilon) */
static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const adagrad_params *p = params;
    double *restrict s = state, *restrict theta = step->theta; /* [d] each */
    const double *restrict g = step->gradient;
    meka_status status = opt_step_gradient(step, err);
    if (status != MEKA_OK)
        return status;
    double alpha = p->alpha * step->factor, epsilon = p->epsilon;
    for (size_t j = 0; j < step->n_params; j++) {
        s[j] += g[j] * g[j];
        theta[j] -= alpha * opt_ratio(g[j], sqrt(s[j]) + epsilon);
    }
    step->row->alpha = alpha;
    return MEKA_OK;
}

const opt_method opt_method_adagrad = {
    .name = "adagrad",
    .summary = "steps scaled by the root of all squared gradients so far, per component",
    .reference = "Duchi, Hazan, Singer, Adaptive subgradient methods for online learning and "
                 "stochastic optimization (2011)",
    .deviations = "without a domain to project on and without a regularizer; the paper tunes "
                  "alpha and delta, the defaults are those of PyTorch",
    .options = OPT_TABLE(options, adagrad_params),
    .min_batch = 1,
    .n_vectors = 1,
    .step = take_step,
};
