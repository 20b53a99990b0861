/* RMSProp. */
#include "optim/methods.h"

typedef struct rmsprop_params {
    double alpha, beta, epsilon, momentum;
    bool centered;
} rmsprop_params;

static const meka_option options[] = {
    OPT_ALPHA(rmsprop_params, "1e-3"),
    OPT_REAL(rmsprop_params, beta, "0.9", 0.0, OPT_MAX_BETA,
             "coefficient of the moving averages"),
    OPT_REAL(rmsprop_params, epsilon, "1e-8", 0.0, 1e300,
             "added to the root of the mean square"),
    OPT_REAL(rmsprop_params, momentum, "0", 0.0, OPT_MAX_BETA,
             "what is kept of the velocity, a sum of scaled gradients"),
    OPT_BOOL(rmsprop_params, centered, "no",
             "divide by the standard deviation of the gradient, not by its root mean square"),
};

/* s = beta s + (1 - beta) g^2; or the variance n - m^2 of Graves about the moving
 * average m, where both begin at 0, in a form that neither cancels nor becomes negative. */
static void average(const rmsprop_params *p, double g, double *s, double *m)
{
    if (p->centered) {
        double off = g - *m;
        *m += (1.0 - p->beta) * off;
        *s = p->beta * (*s + (1.0 - p->beta) * off * off);
    } else {
        *s = p->beta * *s + (1.0 - p->beta) * g * g;
    }
}

/* v = momentum v + g/(sqrt(s) + epsilon), theta -= alpha v */
static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const rmsprop_params *p = params;
    size_t d = step->n_params;
    double *s = state, *m = s + d, *restrict v = m + d, *restrict theta = step->theta;
    const double *restrict g = step->gradient; /* [d] each */
    meka_status status = opt_step_gradient(step, err);
    if (status != MEKA_OK)
        return status;
    double alpha = p->alpha * step->factor, epsilon = p->epsilon, momentum = p->momentum;
    for (size_t j = 0; j < d; j++)
        average(p, g[j], &s[j], &m[j]);
    for (size_t j = 0; j < d; j++) {
        v[j] = momentum * v[j] + opt_ratio(g[j], sqrt(s[j]) + epsilon);
        theta[j] -= alpha * v[j];
    }
    step->row->alpha = alpha;
    return MEKA_OK;
}

const opt_method opt_method_rmsprop = {
    .name = "rmsprop",
    .summary = "steps scaled by a moving root mean square of the gradient, per component",
    .reference = "Tieleman, Hinton, Lecture 6.5 - RMSProp (2012); momentum and centering: "
                 "Graves, Generating sequences with recurrent neural networks (2013), "
                 "arXiv:1308.0850",
    .deviations =
        "epsilon, which the lecture does not have, is added to the root, where Graves "
        "has it under the root; the schedule's factor scales the whole displacement; "
        "alpha, which the lecture leaves open, is that of Keras",
    .options = OPT_TABLE(options, rmsprop_params),
    .min_batch = 1,
    .n_vectors = 3,
    .step = take_step,
};
