/* Kalman gradient descent. */
#include "optim/methods.h"

#include <string.h>

typedef struct kgd_params {
    double alpha;
    int update;
    double sigma_q, sigma_r, p0, mu, gamma, epsilon;
} kgd_params;

enum { UPDATE_DESCENT, UPDATE_MOMENTUM, UPDATE_RMSPROP };
static const char *const updates[] = {"descent", "momentum", "rmsprop", NULL};

static const meka_option options[] = {
    OPT_ALPHA(kgd_params, "0.1"),
    OPT_CHOICE(kgd_params, update, "descent", updates,
               "what is done with the filtered gradient: descent, momentum or rmsprop"),
    OPT_REAL(kgd_params, sigma_q, "0.01", 0.0, 1e300,
             "variance by which the gradient changes in a step, per dimension"),
    OPT_REAL(kgd_params, sigma_r, "2", 1e-300, 1e300,
             "variance of an observed gradient, per dimension"),
    OPT_REAL(kgd_params, p0, "0.01", 0.0, 1e300, "variance of the first belief"),
    OPT_REAL(kgd_params, mu, "0.9", 0.0, OPT_MAX_BETA,
             "momentum: v = mu v + (1 - mu) m, theta -= alpha v"),
    OPT_REAL(kgd_params, gamma, "0.9", 0.0, OPT_MAX_BETA,
             "rmsprop: r = gamma r + (1 - gamma) m^2 from r = 1"),
    OPT_REAL(kgd_params, epsilon, "1e-8", 1e-300, 1e300,
             "rmsprop: theta -= alpha m/(sqrt(r) + epsilon)"),
};

/* The paper filters the joint state (x, grad) of every dimension, with the update rule's own
 * variables beside it, by z+ = A z + w, y = C z + u, where w ~ N(0, sigma_q I),
 * u ~ N(0, sigma_r I) and the last row of A and C are (0 .. 0 1): the gradient is a random walk
 * that nothing else drives, and the only thing observed.  Its marginal filter is therefore the
 * scalar one below, the same P in every dimension, whatever A holds for the rest. */
static double filter(const kgd_params *p, size_t d, double *P, double *m, const double *g)
{
    double predicted = *P + p->sigma_q;
    double gain = predicted / (predicted + p->sigma_r);
    for (size_t j = 0; j < d; j++)
        m[j] += gain * (g[j] - m[j]);
    *P = (1.0 - gain) * predicted;
    return gain;
}

/* The displacement per step size along dimension j. */
static double displacement(const kgd_params *p, double m, double *memory, bool first)
{
    if (p->update == UPDATE_MOMENTUM) {
        *memory = p->mu * *memory + (1.0 - p->mu) * m;
        return *memory;
    }
    if (p->update == UPDATE_RMSPROP) {
        *memory = p->gamma * (first ? 1.0 : *memory) + (1.0 - p->gamma) * m * m;
        return m / (sqrt(*memory) + p->epsilon);
    }
    return m;
}

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const kgd_params *p = params;
    size_t d = step->n_params;
    double *P = state, *m = state + 1, *memory = m + d; /* [1], [d], [d] */
    const double *g = step->gradient;
    meka_status status = opt_step_gradient(step, err);
    if (status != MEKA_OK)
        return status;
    if (step->t == 0) {
        *P = p->p0;
        memcpy(m, g, d * sizeof *g);
    }
    double gain = filter(p, d, P, m, g), alpha = step->factor * p->alpha;
    for (size_t j = 0; j < d; j++)
        step->theta[j] -= alpha * displacement(p, m[j], &memory[j], step->t == 0);
    opt_step_estimate(step, m);
    step->row->p = *P;
    step->row->sigma = p->sigma_r;
    step->row->q = p->sigma_q;
    step->row->gain = gain;
    step->row->alpha = alpha;
    return MEKA_OK;
}

const opt_method opt_method_kgd = {
    .name = "kgd",
    .summary = "Kalman gradient descent: the gradient filtered as a random walk",
    .reference = "Vuckovic, Kalman gradient descent: adaptive variance reduction in stochastic "
                 "optimization (2018), arXiv:1810.12273",
    .deviations = "the first belief is the gradient of the first batch, which is then also "
                  "observed, where the author's code draws two batches; the defaults are those "
                  "of that code",
    .options = OPT_TABLE(options, kgd_params),
    .min_batch = 1,
    .n_scalars = 1,
    .n_vectors = 2,
    .step = take_step,
};
