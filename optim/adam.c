/* Adam, AMSGrad and AdamW. */
#include "optim/adaptive.h"

typedef struct adam_params {
    double alpha, beta1, beta2, epsilon, weight_decay;
    bool amsgrad;
} adam_params;

static const meka_option options[] = {
    OPT_ALPHA(adam_params, "1e-3"),
    OPT_REAL(adam_params, beta1, "0.9", 0.0, OPT_MAX_BETA,
             "coefficient of the moving average of gradients"),
    OPT_REAL(adam_params, beta2, "0.999", 0.0, OPT_MAX_BETA,
             "coefficient of the moving average of squared gradients"),
    OPT_REAL(adam_params, epsilon, "1e-8", 0.0, 1e300,
             "added to the root of the average square"),
    OPT_BOOL(adam_params, amsgrad, "no",
             "divide by the root of the largest average square so far (AMSGrad)"),
    OPT_WEIGHT_DECAY(adam_params),
};

/* theta -= alpha (m^/(sqrt(v^) + epsilon) + lambda theta); the estimate is m^ = m/weight1.
 * largest [d] */
static void move(const adam_params *p, const opt_step *step, const opt_adam *mean,
                 double *restrict largest)
{
    const double *restrict m = mean->m, *restrict v = mean->v;
    double *restrict unbiased = step->room, *restrict theta = step->theta;
    double weight1 = mean->weight1, weight2 = mean->weight2, alpha = step->row->alpha;
    double epsilon = p->epsilon, decay = p->weight_decay;
    bool amsgrad = p->amsgrad;
    for (size_t j = 0; j < step->n_params; j++) {
        double square = v[j] / weight2;
        largest[j] = largest[j] < square ? square : largest[j];
        unbiased[j] = m[j] / weight1;
        double scale = sqrt(amsgrad ? largest[j] : square) + epsilon;
        theta[j] -= alpha * (opt_ratio(unbiased[j], scale) + decay * theta[j]);
    }
}

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const adam_params *p = params;
    size_t d = step->n_params;
    const double *g = step->gradient;
    opt_adam mean;
    meka_status status = opt_step_gradient(step, err);
    if (status != MEKA_OK)
        return status;
    opt_adam_add(&mean, state, d, p->beta1, p->beta2, g);
    step->row->alpha = p->alpha * step->factor;
    move(p, step, &mean, state + OPT_ADAM_SCALARS + OPT_ADAM_VECTORS * d);
    opt_step_estimate(step, step->room);
    return MEKA_OK;
}

const opt_method opt_method_adam = {
    .name = "adam",
    .summary = "moving average of gradients over the root of that of their squares, per "
               "component; AMSGrad and AdamW by options",
    .reference = "Kingma, Ba, Adam: a method for stochastic optimization (2015), "
                 "arXiv:1412.6980; Reddi, Kale, Kumar, On the convergence of Adam and beyond "
                 "(2018), arXiv:1904.09237; Loshchilov, Hutter, Decoupled weight decay "
                 "regularization (2019), arXiv:1711.05101",
    .deviations =
        "weight decay is alpha lambda theta, as in most implementations, so that the lambda of "
        "the paper's algorithm 2 is alpha times this one; amsgrad takes the largest of the "
        "bias-corrected squares and corrects m, where the paper leaves both corrections out",
    .options = OPT_TABLE(options, adam_params),
    .min_batch = 1,
    .n_scalars = OPT_ADAM_SCALARS,
    .n_vectors = OPT_ADAM_VECTORS + 1,
    .step = take_step,
};
