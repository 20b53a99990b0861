/* D-Adaptation: a growing lower bound of the distance to the minimum sets the step size. */
#include "optim/distance.h"

#include <math.h>
#include <string.h>

typedef struct dadapt_params {
    double alpha, momentum, beta1, beta2, epsilon, d0, growth_rate;
    int base;
} dadapt_params;

enum { BASE_SGD, BASE_ADAM, BASE_DUAL };
static const char *const bases[] = {"sgd", "adam", "dual", NULL};

static const meka_option options[] = {
    OPT_CHOICE(dadapt_params, base, "sgd", bases,
               "what is adapted: sgd, adam, or dual: dual averaging, for which the paper "
               "proves that d never exceeds the distance to the minimum of a convex function"),
    OPT_REAL(dadapt_params, alpha, "1", 0.0, 1e300, "gamma, a factor on the adapted step size"),
    OPT_REAL(dadapt_params, d0, "1e-6", 1e-300, 1e300, "first lower bound of the distance"),
    OPT_REAL(dadapt_params, growth_rate, "inf", 1.0, INFINITY,
             "largest factor by which the bound grows in a step"),
    OPT_REAL(dadapt_params, momentum, "0", 0.0, OPT_MAX_BETA,
             "sgd: beta in x = beta x + (1 - beta) z"),
    OPT_REAL(dadapt_params, beta1, "0.9", 0.0, OPT_MAX_BETA,
             "adam: coefficient of the gradient's average"),
    OPT_REAL(dadapt_params, beta2, "0.999", 0.0, OPT_MAX_BETA,
             "adam: coefficient of the squares' average"),
    OPT_REAL(dadapt_params, epsilon, "1e-8", 0.0, 1e300, "adam: added to the root"),
};

/* D: d_k.  NORM: |g_0| of SGD, sqrt(sum |g_i|^2) of dual averaging.  SUM: the sum in dhat's
 * numerator (SGD, dual averaging) or r_k (Adam). */
enum { D, NORM, SUM, N_SCALARS };

typedef struct vectors {
    double *s;  /* [d] sum of weighted gradients */
    double *x0; /* [d], in m's place: SGD, dual averaging */
    double *m;  /* [d] average of weighted gradients: Adam */
    double *v;  /* [d] average of squares: Adam */
} vectors;

static void raise_bound(const dadapt_params *p, double *d, double estimate)
{
    *d = fmax(*d, fmin(estimate, p->growth_rate * *d));
}

/* x_{k+1} = x_k + (1 - beta)(z_{k+1} - x_k) with z_{k+1} = x_0 - s_{k+1}: the paper's averaged
 * form of momentum without the sequence z. */
static void step_sgd(const dadapt_params *p, double *state, const vectors *vec,
                     const opt_step *step, const double *g)
{
    size_t n = step->n_params;
    if (!(state[NORM] > 0.0))
        state[NORM] = step->row->grad_norm;
    double lambda = opt_ratio(state[D] * p->alpha * step->factor, state[NORM]);
    state[SUM] += lambda * meka_dot(n, g, vec->s);
    for (size_t j = 0; j < n; j++) {
        vec->s[j] += lambda * g[j];
        step->theta[j] += (1.0 - p->momentum) * (vec->x0[j] - vec->s[j] - step->theta[j]);
    }
    step->row->alpha = lambda;
    raise_bound(p, &state[D], opt_ratio(2.0 * state[SUM], opt_norm(n, vec->s)));
}

/* Algorithm 1, with gamma_k = 1 / NORM_k. */
static void step_dual(const dadapt_params *p, double *state, const vectors *vec,
                      const opt_step *step, const double *g)
{
    size_t n = step->n_params;
    double norm = step->row->grad_norm, weight = state[D] * p->alpha * step->factor;
    double before = state[NORM] > 0.0 ? state[NORM] : norm;
    state[NORM] = hypot(state[NORM], norm);
    state[SUM] += weight * norm * opt_ratio(weight * norm, before);
    for (size_t j = 0; j < n; j++) {
        vec->s[j] += weight * g[j];
        step->theta[j] = vec->x0[j] - opt_ratio(1.0, state[NORM]) * vec->s[j];
    }
    step->row->alpha = opt_ratio(weight, state[NORM]);
    double length = opt_norm(n, vec->s);
    raise_bound(p, &state[D],
                0.5 * (opt_ratio(length, state[NORM]) - opt_ratio(state[SUM], length)));
}

static void step_adam(const dadapt_params *p, double *state, const vectors *vec,
                      const opt_step *step, const double *g)
{
    double weight = state[D] * p->alpha * step->factor, root = sqrt(p->beta2);
    double inner = 0.0, length = 0.0;
    for (size_t j = 0; j < step->n_params; j++) {
        double *s = &vec->s[j], *m = &vec->m[j], *v = &vec->v[j];
        *m += (1.0 - p->beta1) * (weight * g[j] - *m);
        *v += (1.0 - p->beta2) * (g[j] * g[j] - *v);
        double a = sqrt(*v) + p->epsilon;
        step->theta[j] -= opt_ratio(*m, a);
        inner += opt_ratio(g[j] * *s, a);
        *s += (1.0 - root) * (weight * g[j] - *s);
        length += fabs(*s);
    }
    step->row->alpha = weight;
    state[SUM] += (1.0 - root) * (weight * inner - state[SUM]);
    raise_bound(p, &state[D], opt_ratio(state[SUM], (1.0 - root) * length));
}

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const dadapt_params *p = params;
    size_t n = step->n_params;
    double *first = state + N_SCALARS;
    const vectors vec = {.s = first, .x0 = first + n, .m = first + n, .v = first + 2 * n};
    const double *g = step->gradient;
    meka_status status = opt_step_gradient(step, err);
    if (status != MEKA_OK)
        return status;
    if (step->t == 0) {
        state[D] = p->d0;
        if (p->base != BASE_ADAM)
            memcpy(vec.x0, step->theta, n * sizeof *vec.x0);
    }
    step->row->alpha = 0.0;
    if (step->factor == 0.0) /* averages would go on moving */
        return MEKA_OK;
    if (p->base == BASE_SGD)
        step_sgd(p, state, &vec, step, g);
    else if (p->base == BASE_DUAL)
        step_dual(p, state, &vec, step, g);
    else
        step_adam(p, state, &vec, step, g);
    return MEKA_OK;
}

const opt_method opt_method_d_adaptation = {
    .name = "d-adaptation",
    .summary =
        "D-Adaptation: SGD, Adam or dual averaging with a step size from a lower bound of "
        "the distance to the minimum",
    .reference = "Defazio, Mishchenko, Learning-rate-free learning by D-Adaptation (2023), "
                 "arXiv 2301.07733",
    .deviations =
        "a step with the schedule's factor 0 is left out, where momentum would go on; "
        "SGD's |g_0| is that of the first gradient that is not zero; Adam's inner "
        "product weighs with the squares' new average, as printed, the authors' code "
        "with the one before; growth_rate is of that code",
    .options = OPT_TABLE(options, dadapt_params),
    .min_batch = 1,
    .n_scalars = N_SCALARS,
    .n_vectors = 3,
    .step = take_step,
};
