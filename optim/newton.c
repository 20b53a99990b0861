/* Newton's method on the whole population, damped as by Levenberg and Marquardt: with
 * D = diag(sqrt|H_jj|), H^ = D^-1 H D^-1 = V diag(l) V' and g^ = D^-1 g the step is
 *
 *     p = -D^-1 V diag(1 / (|l_k| + mu)) V' g^,
 *
 * which does not depend on the scales of the parameters. */
#include "optim/methods.h"

#include <float.h>
#include <gsl/gsl_eigen.h>
#include <stdint.h>
#include <string.h>

typedef struct newton_params {
    double damping;
    uint64_t max_trials;
} newton_params;

static const meka_option options[] = {
    OPT_REAL(newton_params, damping, "1e-3", 1e-18, 1e18,
             "mu of the first step, beside a scaled Hessian with a diagonal of 1"),
    OPT_COUNT(newton_params, max_trials, "40", 1, 1000, "values of mu tried per step at most"),
};

enum { MOST_PARAMS = 2000 };
static const double least_damping = 1e-18;

typedef struct workspace {
    size_t d;
    double *H, *V;                               /* [d][d] */
    const double *g;                             /* [d] */
    double *g_trial, *x, *scale, *l, *q, *p, *e; /* [d] */
    double *eigen;                               /* [4 d] */
} workspace;

static workspace arrange(const opt_step *step, double *scratch)
{
    size_t d = step->n_params;
    workspace w = {.d = d, .g = step->gradient, .H = scratch, .V = scratch + d * d};
    w.g_trial = w.V + d * d;
    w.x = w.g_trial + d;
    w.scale = w.x + d;
    w.l = w.scale + d;
    w.q = w.l + d;
    w.p = w.q + d;
    w.e = w.p + d;
    w.eigen = w.e + d;
    return w;
}

static meka_status count(const void *params, size_t d, size_t *n_state, size_t *n_scratch,
                         meka_error *err)
{
    (void)params;
    if (d > MOST_PARAMS)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "method newton keeps the whole Hessian and is for at most %d "
                         "parameters, not %zu; use lbfgs",
                         MOST_PARAMS, d);
    *n_state = 1;
    *n_scratch = 2 * d * d + 11 * d;
    return MEKA_OK;
}

static void init(const void *params, size_t d, double *state)
{
    (void)d;
    state[0] = ((const newton_params *)params)->damping;
}

/* H, column by column, made symmetric; g^ in the eigenvectors to q. */
static meka_status decompose(const opt_step *step, workspace *w, meka_error *err)
{
    size_t d = w->d;
    for (size_t j = 0; j < d; j++) {
        memset(w->e, 0, d * sizeof *w->e);
        w->e[j] = 1.0;
        ad_moments moments = {.hvp_mean = w->H + j * d};
        meka_status status = opt_view_moments(step->batch, step->theta, w->e, &moments, err);
        if (status != MEKA_OK)
            return status;
    }
    for (size_t j = 0; j < d; j++) {
        double h = fabs(w->H[j * d + j]);
        w->scale[j] = h > 0.0 ? sqrt(h) : 1.0;
    }
    for (size_t j = 0; j < d; j++)
        for (size_t k = 0; k <= j; k++) {
            double mean = 0.5 * (w->H[j * d + k] + w->H[k * d + j]);
            w->H[j * d + k] = w->H[k * d + j] = mean / w->scale[j] / w->scale[k];
        }
    /* laid out by hand: its constructor allocates */
    gsl_eigen_symmv_workspace space = {.size = d,
                                       .d = w->eigen,
                                       .sd = w->eigen + d,
                                       .gc = w->eigen + 2 * d,
                                       .gs = w->eigen + 3 * d};
    gsl_matrix_view H = gsl_matrix_view_array(w->H, d, d);
    gsl_matrix_view V = gsl_matrix_view_array(w->V, d, d);
    gsl_vector_view l = gsl_vector_view_array(w->l, d);
    gsl_eigen_symmv(&H.matrix, &l.vector, &V.matrix, &space);
    for (size_t k = 0; k < d; k++) {
        w->q[k] = 0.0;
        for (size_t j = 0; j < d; j++)
            w->q[k] += w->V[j * d + k] * w->g[j] / w->scale[j];
    }
    return MEKA_OK;
}

/* p for this mu; returns the decrease that the quadratic model promises. */
static double find_step(workspace *w, double mu)
{
    size_t d = w->d;
    double decrease = 0.0;
    memset(w->p, 0, d * sizeof *w->p);
    for (size_t k = 0; k < d; k++) {
        double z = opt_ratio(w->q[k], fabs(w->l[k]) + mu);
        decrease += z * (w->q[k] - 0.5 * w->l[k] * z);
        for (size_t j = 0; j < d; j++)
            w->p[j] -= w->V[j * d + k] * z / w->scale[j];
    }
    return decrease;
}

/* Raises mu until theta + p is lower than theta, or no higher than rounding makes it; lowers
 * it for the next step where the model was good. */
static meka_status search(const newton_params *params, const opt_step *step, workspace *w,
                          double *mu, bool *found, meka_error *err)
{
    double f = step->row->loss;
    for (uint64_t trial = 0; trial < params->max_trials; trial++) {
        double promised = find_step(w, *mu);
        for (size_t j = 0; j < w->d; j++)
            w->x[j] = step->theta[j] + w->p[j];
        ad_moments moments = {.grad_mean = w->g_trial};
        meka_status status = opt_view_moments(step->batch, w->x, NULL, &moments, err);
        if (status != MEKA_OK && status != MEKA_NONFINITE)
            return status;
        double gain = f - moments.loss_mean, rounding = 8.0 * DBL_EPSILON * fabs(f);
        bool lower = gain > 1e-4 * promised || (promised < rounding && gain >= -rounding);
        *found = status == MEKA_OK && lower;
        if (*found && (gain > 0.75 * promised || promised < rounding))
            *mu = fmax(0.1 * *mu, least_damping);
        else if (!*found || gain < 0.25 * promised)
            *mu = fmin(10.0 * *mu, 1.0 / least_damping);
        if (*found)
            return MEKA_OK;
    }
    return MEKA_OK;
}

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    workspace w = arrange(step, scratch);
    bool found = false;
    meka_status status = opt_step_gradient(step, err);
    if (status == MEKA_OK)
        status = opt_check_square(step->row->grad_norm * step->row->grad_norm, err);
    step->row->alpha = 0.0;
    if (status != MEKA_OK || step->row->grad_norm == 0.0 || step->factor == 0.0)
        return status;
    status = decompose(step, &w, err);
    if (status == MEKA_OK)
        status = search(params, step, &w, state, &found, err);
    if (status != MEKA_OK || !found)
        return status;
    for (size_t j = 0; j < w.d; j++)
        step->theta[j] += step->factor * w.p[j];
    step->row->alpha = step->factor;
    return MEKA_OK;
}

const opt_method opt_method_newton = {
    .name = "newton",
    .summary = "Newton's method on the whole population, damped and scaled",
    .reference = "Marquardt, An algorithm for least-squares estimation of nonlinear parameters "
                 "(1963); Dauphin et al., Identifying and attacking the saddle point problem "
                 "(2014)",
    .deviations = "Marquardt's damping and scaling with the exact Hessian in place of J'J, its "
                  "eigenvalues by their absolute values as Dauphin et al. take them; where no "
                  "damping gives a lower loss theta stays and alpha is 0",
    .options = OPT_TABLE(options, newton_params),
    .min_batch = 1,
    .sizes = count,
    .init = init,
    .step = take_step,
    .full_batch = true,
};
