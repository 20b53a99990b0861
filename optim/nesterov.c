/* Nesterov's accelerated gradient. */
#include "optim/methods.h"

typedef struct nesterov_params {
    double alpha, beta;
    int momentum;
} nesterov_params;

enum { MOMENTUM_CONSTANT, MOMENTUM_CONVEX };
static const char *const momenta[] = {"constant", "convex", NULL};

static const meka_option options[] = {
    OPT_ALPHA(nesterov_params, "0.01"),
    OPT_REAL(nesterov_params, beta, "0.9", 0.0, OPT_MAX_BETA,
             "momentum mu, where it is constant"),
    OPT_CHOICE(nesterov_params, momentum, "constant", momenta,
               "constant: mu = beta; convex: mu_{t+1} = (a_t - 1)/a_{t+1} with a_0 = 1 and "
               "a_{t+1} = (1 + sqrt(1 + 4 a_t^2))/2, which rises to 1"),
};

/* With x the iterates and y the points of evaluation,
 *   x_{t+1} = y_t - alpha grad f(y_t),  y_{t+1} = x_{t+1} + mu_{t+1} (x_{t+1} - x_t),
 * and v_t = -(x_t - x_{t-1})/alpha, so that y_t = x_t - alpha mu_t v_t:
 *   v_{t+1} = mu_t v_t + grad f(y_t),  y_{t+1} = y_t - alpha (grad f(y_t) + mu_{t+1} v_{t+1}).
 * theta is y. */
static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const nesterov_params *p = params;
    double *a = &state[0], *mu = &state[1], *v = state + 2; /* v [d] */
    const double *g = step->gradient;
    meka_status status = opt_step_gradient(step, err);
    if (status != MEKA_OK)
        return status;
    double a_now = step->t == 0 ? 1.0 : *a;
    double a_next = 0.5 * (1.0 + sqrt(1.0 + 4.0 * a_now * a_now));
    double mu_next = p->momentum == MOMENTUM_CONVEX ? (a_now - 1.0) / a_next : p->beta;
    double alpha = p->alpha * step->factor;
    for (size_t j = 0; j < step->n_params; j++) {
        v[j] = *mu * v[j] + g[j];
        step->theta[j] -= alpha * (g[j] + mu_next * v[j]);
    }
    *a = a_next;
    *mu = mu_next;
    step->row->alpha = alpha;
    return MEKA_OK;
}

const opt_method opt_method_nesterov = {
    .name = "nesterov",
    .summary = "Nesterov's accelerated gradient; theta is where the gradient is taken",
    .reference = "Nesterov, A method of solving a convex programming problem with convergence "
                 "rate O(1/k^2) (1983); Sutskever, Martens, Dahl, Hinton, On the importance of "
                 "initialization and momentum in deep learning (2013)",
    .deviations =
        "theta is the look-ahead point y, not x, so that loss and gradient belong to theta; "
        "gradients are those of batches, and alpha is fixed where the paper of 1983 halves it "
        "until the loss decreases; the schedule's factor scales the whole displacement of y",
    .options = OPT_TABLE(options, nesterov_params),
    .min_batch = 1,
    .n_scalars = 2,
    .n_vectors = 1,
    .step = take_step,
};
