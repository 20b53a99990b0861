/* Prodigy: Adam with a step size from a growing estimate of the distance to the minimum. */
#include "optim/distance.h"

#include <math.h>
#include <string.h>

typedef struct prodigy_params {
    double alpha, beta1, beta2, beta3, epsilon, weight_decay, d0, d_coef, growth_rate;
    bool safeguard_warmup;
} prodigy_params;

static const meka_option options[] = {
    OPT_REAL(prodigy_params, alpha, "1", 0.0, 1e300,
             "gamma, a factor on the estimated step size"),
    OPT_REAL(prodigy_params, beta1, "0.9", 0.0, OPT_MAX_BETA,
             "coefficient of the gradient's average"),
    OPT_REAL(prodigy_params, beta2, "0.999", 0.0, OPT_MAX_BETA,
             "coefficient of the squares' average"),
    OPT_REAL(prodigy_params, beta3, "-1", -1.0, OPT_MAX_BETA,
             "coefficient of the estimate's averages; negative: the root of beta2"),
    OPT_REAL(prodigy_params, epsilon, "1e-8", 0.0, 1e300, "times d, added to the root"),
    OPT_WEIGHT_DECAY(prodigy_params),
    OPT_REAL(prodigy_params, d0, "1e-6", 1e-150, 1e150, "first estimate of the distance"),
    OPT_REAL(prodigy_params, d_coef, "1", 0.0, 1e300, "factor on later estimates"),
    OPT_REAL(prodigy_params, growth_rate, "inf", 1.0, INFINITY,
             "largest factor by which d grows in a step, except where it first grows"),
    OPT_BOOL(prodigy_params, safeguard_warmup, "no",
             "leave gamma out of the estimate's denominator"),
};

/* D: d_k; D_LARGEST: the largest estimate so far; R: r_k */
enum { D, D_LARGEST, R, N_SCALARS };

/* d_{k+1} from the estimate d_coef r_{k+1} / |s_{k+1}|_1; the paper's max(d_k, estimate) where
 * the growth rate is infinite. */
static void raise_estimate(const prodigy_params *p, double *state, double estimate)
{
    if (state[D] == p->d0)
        state[D] = fmax(state[D], estimate);
    state[D_LARGEST] = fmax(state[D_LARGEST], estimate);
    state[D] = fmin(state[D_LARGEST], p->growth_rate * state[D]);
}

/* The estimate d_coef r_{k+1} / |s_{k+1}|_1; s, x0 [n].  Both sums are in units of d_0 and
 * leave out the factor 1 - beta_3: their ratio is the same. */
static double update_estimate(const prodigy_params *p, double *state, double *s,
                              const double *x0, const opt_step *step, const double *g)
{
    double beta3 = p->beta3 < 0.0 ? sqrt(p->beta2) : p->beta3;
    double weight = state[D] / p->d0 * state[D], gamma = p->alpha * step->factor;
    double inner = 0.0, length = 0.0;
    for (size_t j = 0; j < step->n_params; j++) {
        inner += g[j] * (x0[j] - step->theta[j]);
        s[j] = beta3 * s[j] + (p->safeguard_warmup ? 1.0 : gamma) * weight * g[j];
        length += fabs(s[j]);
    }
    state[R] = beta3 * state[R] + gamma * weight * inner;
    return p->d_coef * opt_ratio(state[R], length);
}

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const prodigy_params *p = params;
    size_t n = step->n_params;
    double *x0 = state + N_SCALARS, *s = x0 + n, *m = s + n, *v = m + n;
    const double *g = step->gradient;
    meka_status status = opt_step_gradient(step, err);
    if (status != MEKA_OK)
        return status;
    if (step->t == 0) {
        memcpy(x0, step->theta, n * sizeof *x0);
        state[D] = state[D_LARGEST] = p->d0;
    }
    double d = state[D], alpha = p->alpha * step->factor * d;
    double estimate = update_estimate(p, state, s, x0, step, g);
    for (size_t j = 0; j < n; j++) {
        double dg = d * g[j];
        m[j] += (1.0 - p->beta1) * (dg - m[j]);
        v[j] += (1.0 - p->beta2) * (dg * dg - v[j]);
        step->theta[j] -= alpha * (opt_ratio(m[j], sqrt(v[j]) + d * p->epsilon) +
                                   p->weight_decay * step->theta[j]);
    }
    raise_estimate(p, state, estimate);
    step->row->alpha = alpha;
    return MEKA_OK;
}

const opt_method opt_method_prodigy = {
    .name = "prodigy",
    .summary = "Prodigy: Adam with a step size from an estimate of the distance to the minimum",
    .reference =
        "Mishchenko, Defazio, Prodigy: an expeditiously adaptive parameter-free learner "
        "(2023), arXiv 2306.06101",
    .deviations = "beta3, d_coef, growth_rate, safeguard_warmup and weight_decay (in theta -= "
                  "gamma d lambda theta) are of the authors' code; as printed and unlike that "
                  "code, epsilon is multiplied by the d of the step rather than by the next, "
                  "and there is no bias correction",
    .options = OPT_TABLE(options, prodigy_params),
    .min_batch = 1,
    .n_scalars = N_SCALARS,
    .n_vectors = 4,
    .step = take_step,
};
