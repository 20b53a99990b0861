/* MoMo: Polyak's step on a model of the loss made of averaged linearizations. */
#include "optim/methods.h"

typedef struct momo_params {
    int preset, base;
    double alpha, beta1, beta2, epsilon, f_star;
    bool estimate;
    double weight_decay;
} momo_params;

enum { BASE_SGD, BASE_ADAM };
static const char *const preset_names[] = {"momo", "momo-adam", NULL};
static const char *const bases[] = {"sgd", "adam", NULL};

static const meka_option options[] = {
    OPT_CHOICE(momo_params, preset, "momo", preset_names,
               "values for base and alpha, applied before those that are given"),
    OPT_CHOICE(momo_params, base, "sgd", bases,
               "geometry of the step: sgd (MoMo) or adam (MoMo-Adam)"),
    OPT_REAL(momo_params, alpha, "1", 0.0, 1e300,
             "largest step size, before the schedule's factor"),
    OPT_REAL(momo_params, beta1, "0.9", 0.0, OPT_MAX_BETA,
             "coefficient of the averages of losses and gradients"),
    OPT_REAL(momo_params, beta2, "0.999", 0.0, OPT_MAX_BETA,
             "coefficient of the squared gradient's average, for adam"),
    OPT_REAL(momo_params, epsilon, "1e-8", 1e-300, 1e6, "added to the root of that average"),
    OPT_REAL(momo_params, f_star, "0", -1e300, 1e300, "lower bound of the loss"),
    OPT_BOOL(momo_params, estimate, "no",
             "estimate the lower bound as the run goes on, never below f_star (MoMo*)"),
    OPT_REAL(momo_params, weight_decay, "0", 0.0, 1e6,
             "lambda of a penalty lambda |theta|^2 / 2 in the norm of the step, taken by a "
             "proximal step"),
};

static const opt_preset presets[] = {
    {"momo", "SGD with momentum", "base=sgd alpha=1"},
    {"momo-adam", "Adam", "base=adam alpha=0.01"},
};

/* State: E, the average of f(x_k) - g_k.x_k (the paper's f_bar - gamma); the bound; rho =
 * 1 - beta1^k, the weight in the averages; the same of beta2; then d and v, [d] each. */
enum { E, BOUND, RHO, WEIGHT2, N_SCALARS };

/* Takes loss and gradient g [d] into the averages.  MoMo starts them at the first values,
 * which is rho = 1 from the start; MoMo-Adam at 0. */
static void average(const momo_params *p, const opt_step *step, const double *g, double *state)
{
    size_t n = step->n_params;
    double *d = state + N_SCALARS, *v = d + n; /* [d] each */
    bool first = step->t == 0 && p->base == BASE_SGD;
    double kept = first ? 0.0 : p->beta1, taken = 1.0 - kept, rest = 1.0 - p->beta2;
    state[E] = kept * state[E] + taken * (step->row->loss - meka_dot(n, g, step->theta));
    state[RHO] = kept * state[RHO] + taken;
    state[WEIGHT2] = p->beta2 * state[WEIGHT2] + rest;
    for (size_t j = 0; j < n; j++) {
        d[j] = kept * d[j] + taken * g[j];
        v[j] = p->beta2 * v[j] + rest * g[j] * g[j];
    }
}

/* direction [d] = D^-1 d; returns |d|^2 in the norm of D^-1. */
static double precondition(const momo_params *p, size_t n, const double *state,
                           double *direction)
{
    const double *d = state + N_SCALARS, *v = d + n; /* [d] each */
    for (size_t j = 0; j < n; j++) {
        double scale = p->base == BASE_ADAM ? p->epsilon + sqrt(v[j] / state[WEIGHT2]) : 1.0;
        direction[j] = d[j] / scale;
    }
    return meka_dot(n, d, direction);
}

/* The step size, at most `cap`; updates the bound.  along: d.x_k, square: |d|^2. */
static double choose(const momo_params *p, double *state, double cap, double along,
                     double square)
{
    double rho = state[RHO], decay = 1.0 + cap * p->weight_decay;
    double model = state[E] + along / decay; /* its value at the decayed point, over decay */
    if (p->estimate && model < rho * state[BOUND]) /* ResetStar */
        state[BOUND] = fmax(0.5 * model / rho, p->f_star);
    double excess = decay * (model - rho * state[BOUND]), tau = 0.0;
    if (excess > 0.0 && square > 0.0)
        tau = fmin(cap / rho, excess / square);
    if (p->estimate) /* EstimateStar */
        state[BOUND] = fmax((state[E] + along - 0.5 * tau * square) / rho, p->f_star);
    return tau;
}

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const momo_params *p = params;
    size_t n = step->n_params;
    double *direction = scratch, *mean = step->room, *d = state + N_SCALARS; /* [d] each */
    meka_status status = opt_step_gradient(step, err);
    if (status != MEKA_OK)
        return status;
    if (step->t == 0)
        state[BOUND] = p->f_star;
    average(p, step, step->gradient, state);
    double square = precondition(p, n, state, direction);
    status = opt_check_square(square, err);
    if (status != MEKA_OK)
        return status;
    /* The schedule is the paper's alpha_k: it bounds the step and does not shorten others. */
    double cap = step->factor * p->alpha, decay = 1.0 + cap * p->weight_decay;
    double tau = choose(p, state, cap, meka_dot(n, d, step->theta), square);
    for (size_t j = 0; j < n; j++) {
        step->theta[j] = (step->theta[j] - tau * direction[j]) / decay;
        mean[j] = d[j] / state[RHO];
    }
    opt_step_estimate(step, mean);
    step->row->slope = square / state[RHO];
    step->row->alpha = tau;
    return MEKA_OK;
}

const opt_method opt_method_momo = {
    .name = "momo",
    .summary = "momentum or Adam with Polyak's step on an averaged model of the loss (MoMo)",
    .reference = "Schaipp, Ohana, Eickenberg, Defazio, Gower, MoMo: momentum models for "
                 "adaptive learning rates (2023), arXiv:2305.07583",
    .deviations = "no step where the averaged gradient is zero, where the paper divides by 0; "
                  "alpha, tuned per problem in the paper, is that of the authors' code",
    .options = OPT_TABLE(options, momo_params),
    .min_batch = 1,
    .n_scalars = N_SCALARS,
    .n_vectors = 2,
    .n_work = 1,
    .step = take_step,
    .presets = presets,
    .n_presets = sizeof presets / sizeof presets[0],
};
