/* Implicit gradient transport. */
#include "optim/methods.h"

#include <string.h>

typedef struct igt_params {
    double alpha;
    int mode;
    double tail, gamma, mu;
} igt_params;

enum { MODE_UNIFORM, MODE_ANYTIME, MODE_CONSTANT };
static const char *const modes[] = {"uniform", "anytime", "constant", NULL};

static const meka_option options[] = {
    OPT_ALPHA(igt_params, "0.1"),
    OPT_CHOICE(igt_params, mode, "uniform", modes,
               "gamma_t: uniform (t/(t+1)), anytime (averages the last part `tail` of all "
               "gradients) or constant (`gamma`, after the first step)"),
    OPT_REAL(igt_params, tail, "0.5", 1e-6, 1.0,
             "c, the part of all gradients that mode=anytime averages; 1: as uniform"),
    OPT_REAL(igt_params, gamma, "0.9", 0.0, OPT_MAX_BETA, "gamma_t of mode=constant"),
    OPT_REAL(igt_params, mu, "0", 0.0, OPT_MAX_BETA,
             "momentum of Heavyball-IGT: w = mu w + v, theta -= alpha w; 0: none"),
};

/* gamma_t = 1 - 1/weight for t = 0, 1, ...: weight - 1 = gamma_t/(1 - gamma_t) is the factor of
 * the transport, without cancellation. */
static double transport_factor(const igt_params *p, uint64_t t)
{
    double steps = (double)t;
    if (p->mode == MODE_UNIFORM || t == 0)
        return steps;
    if (p->mode == MODE_CONSTANT)
        return p->gamma / (1.0 - p->gamma);
    /* Le Roux, "Anytime tail averaging" (2019): the variance of v_t is that of the mean of
     * c (t + 1) gradients.  While those are less than one, gamma_t would be negative: 0. */
    double c = p->tail;
    double gamma = (c * steps - sqrt((1.0 - c) * steps / (steps + 1.0))) / (1.0 + c * steps);
    return gamma > 0.0 ? gamma / (1.0 - gamma) : 0.0;
}

/* The gradient at the transported point to g.  The loss in the log is that of theta_t, for
 * which, where the two differ, the samples' losses are evaluated once more. */
static meka_status observe(const opt_step *step, const double *point, double *g,
                           meka_error *err)
{
    ad_moments moments = {.grad_mean = g}, here = {0};
    meka_status status = opt_view_moments(step->batch, point, NULL, &moments, err);
    step->row->loss = moments.loss_mean;
    if (status != MEKA_OK || memcmp(point, step->theta, step->n_params * sizeof *point) == 0)
        return status;
    status = opt_view_moments(step->batch, step->theta, NULL, &here, err);
    step->row->loss = here.loss_mean;
    return status;
}

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const igt_params *p = params;
    size_t d = step->n_params;
    double *v = state, *before = state + d, *w = state + 2 * d; /* [d] each */
    double *g = step->gradient, *point = scratch;
    double factor = transport_factor(p, step->t), alpha = step->factor * p->alpha;
    if (step->t == 0)
        memcpy(before, step->theta, d * sizeof *before);
    for (size_t j = 0; j < d; j++)
        point[j] = step->theta[j] + factor * (step->theta[j] - before[j]);
    meka_status status = observe(step, point, g, err);
    if (status != MEKA_OK)
        return status;
    memcpy(before, step->theta, d * sizeof *before);
    for (size_t j = 0; j < d; j++) {
        v[j] += (g[j] - v[j]) / (1.0 + factor);
        w[j] = p->mu * w[j] + v[j];
        step->theta[j] -= alpha * w[j];
        g[j] = v[j];
    }
    opt_step_estimate(step, v);
    step->row->gain = 1.0 / (1.0 + factor);
    step->row->alpha = alpha;
    return MEKA_OK;
}

const opt_method opt_method_igt = {
    .name = "igt",
    .summary = "implicit gradient transport: averages gradients at extrapolated points",
    .reference = "Arnold, Manzagol, Babanezhad, Mitliagkas, Le Roux, Reducing the variance in "
                 "online optimization by transporting past gradients (2019), arXiv:1906.03532",
    .deviations = "momentum is kept in units of the gradient, as in the authors' code, so that "
                  "a schedule scales the whole displacement; gamma_t of mode=anytime is 0 "
                  "where its formula is negative (tail < 0.5, first steps); the loss at "
                  "theta_t is evaluated besides, for the log",
    .options = OPT_TABLE(options, igt_params),
    .min_batch = 1,
    .n_vectors = 3,
    .n_work = 1,
    .step = take_step,
};
