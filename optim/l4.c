/* L4: a fixed fraction of the linear step to the least loss thought attainable. */
#include "optim/ema.h"
#include "optim/methods.h"

typedef struct l4_params {
    int base;
    double fraction, gamma, tau, gamma_0, epsilon, beta1, beta2, adam_epsilon;
} l4_params;

enum { BASE_MOMENTUM, BASE_ADAM };
static const char *const bases[] = {"momentum", "adam", NULL};

static const meka_option options[] = {
    OPT_CHOICE(l4_params, base, "momentum", bases,
               "direction: the averaged gradient (L4Mom) or Adam's (L4Adam)"),
    OPT_REAL(l4_params, fraction, "0.15", 0.0, 1e6,
             "fraction (alpha) of the step to the least loss by the linear model"),
    OPT_REAL(l4_params, gamma, "0.9", 0.0, 1.0,
             "part of the smallest recent loss taken to be attainable"),
    OPT_REAL(l4_params, tau, "1000", 1.0, INFINITY,
             "steps over which the smallest loss is forgotten"),
    OPT_REAL(l4_params, gamma_0, "0.75", 0.0, 1.0,
             "part of the first loss that the smallest loss starts at"),
    OPT_REAL(l4_params, epsilon, "1e-12", 0.0, 1e6, "added to the product g.v"),
    OPT_REAL(l4_params, beta1, "0.9", 0.0, OPT_MAX_BETA,
             "coefficient of the gradient's average, 1 - 1/10 in the paper's terms"),
    OPT_REAL(l4_params, beta2, "0.999", 0.0, OPT_MAX_BETA,
             "coefficient of the squared gradient's average, for adam"),
    OPT_REAL(l4_params, adam_epsilon, "1e-4", 1e-300, 1e6, "added to the root of that average"),
};

/* State: L_min, the weights of the two averages (optim/ema.h), then their sums [d] each. */
enum { L_MIN, WEIGHT1, WEIGHT2, N_SCALARS };

/* m [d], v [d]: gradient estimate and direction after g [d]. */
static void average(const l4_params *p, size_t d, const double *g, double *state, double *m,
                    double *v)
{
    double *sum1 = state + N_SCALARS, *sum2 = sum1 + d; /* [d] each */
    opt_ema first = {0}, second = {0};
    for (size_t j = 0; j < d; j++) {
        first = (opt_ema){state[WEIGHT1], sum1[j]};
        second = (opt_ema){state[WEIGHT2], sum2[j]};
        m[j] = opt_ema_add(&first, p->beta1, g[j]);
        double square = opt_ema_add(&second, p->beta2, g[j] * g[j]);
        v[j] = p->base == BASE_ADAM ? m[j] / (sqrt(square) + p->adam_epsilon) : m[j];
        sum1[j] = first.sum;
        sum2[j] = second.sum;
    }
    state[WEIGHT1] = first.weight;
    state[WEIGHT2] = second.weight;
}

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const l4_params *p = params;
    size_t d = step->n_params;
    double *m = step->room, *v = scratch; /* [d] each */
    meka_status status = opt_step_gradient(step, err);
    if (status != MEKA_OK)
        return status;
    average(p, d, step->gradient, state, m, v);
    opt_step_estimate(step, m);
    double loss = step->row->loss;
    double least = fmin(step->t == 0 ? p->gamma_0 * loss : state[L_MIN], loss);
    state[L_MIN] = (1.0 + 1.0 / p->tau) * least;
    /* The excess is negative only where losses are; the slope 0 only without a direction. */
    double excess = loss - p->gamma * least, slope = meka_dot(d, m, v);
    status = opt_check_square(slope, err);
    if (status != MEKA_OK)
        return status;
    double alpha =
        excess > 0.0 && slope > 0.0 ? p->fraction * excess / (slope + p->epsilon) : 0.0;
    alpha *= step->factor;
    for (size_t j = 0; j < d; j++)
        step->theta[j] -= alpha * v[j];
    step->row->slope = slope;
    step->row->alpha = alpha;
    return MEKA_OK;
}

const opt_method opt_method_l4 = {
    .name = "l4",
    .summary = "momentum or Adam with steps towards the least loss thought attainable (L4)",
    .reference = "Rolinek, Martius, L4: practical loss-based stepsize adaptation for deep "
                 "learning (2018), arXiv:1802.05074",
    .deviations = "no step backwards where losses are negative, which the paper excludes; "
                  "adam_epsilon is that of the authors' code",
    .options = OPT_TABLE(options, l4_params),
    .min_batch = 1,
    .n_scalars = N_SCALARS,
    .n_vectors = 2,
    .n_work = 2,
    .step = take_step,
};
