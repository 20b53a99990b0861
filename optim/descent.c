/* What GD and SGD share. */
#include "optim/methods.h"

#include <math.h>
#include <string.h>

double opt_norm(size_t d, const double *v)
{
    double largest = 0.0, sum = 0.0;
    for (size_t j = 0; j < d; j++)
        largest = fmax(largest, fabs(v[j]));
    if (!(largest > 0.0) || isinf(largest))
        return largest;
    /* A power of two as the unit, so that only the sum is rounded. */
    double unit = ldexp(1.0, ilogb(largest));
    for (size_t j = 0; j < d; j++)
        sum += v[j] / unit * (v[j] / unit);
    return unit * sqrt(sum);
}

meka_status opt_step_accept(const opt_step *step, const double *next, const char *method,
                            double alpha, meka_error *err)
{
    for (size_t j = 0; j < step->n_params; j++)
        if (!isfinite(next[j]))
            return meka_fail(err, MEKA_NONFINITE,
                             "method %s: parameter %zu would become %g at step %llu with step "
                             "size %g; try a smaller step",
                             method, j, next[j], (unsigned long long)step->t, alpha);
    memcpy(step->theta, next, step->n_params * sizeof *next);
    return MEKA_OK;
}

/* alpha = A/B along -g; fills the row's line model. */
static meka_status exact_step(const opt_step *step, const double *g, double *direction,
                              double *alpha, meka_error *err)
{
    double slope = 0.0;
    for (size_t j = 0; j < step->n_params; j++) {
        direction[j] = -g[j];
        slope += g[j] * g[j];
    }
    ad_line_moments line = {.order = 2};
    meka_status status = opt_view_line(step->batch, step->theta, direction, &line, err);
    if (status != MEKA_OK)
        return status;
    double curvature = fabs(line.mean[2]);
    if (curvature > 0.0)
        *alpha = slope / curvature;
    step->row->slope = slope;
    step->row->curvature = line.mean[2];
    return MEKA_OK;
}

meka_status opt_descend(const opt_step *step, const char *method, double alpha, double factor,
                        bool adaptive, double *scratch, meka_error *err)
{
    size_t d = step->n_params;
    double *g = scratch, *next = scratch + d;
    ad_moments moments = {.grad_mean = g};
    meka_status status = opt_view_moments(step->batch, step->theta, NULL, &moments, err);
    if (status != MEKA_OK)
        return status;
    if (adaptive) {
        status = exact_step(step, g, next, &alpha, err);
        if (status != MEKA_OK)
            return status;
    }
    alpha *= factor;
    for (size_t j = 0; j < d; j++)
        next[j] = step->theta[j] - alpha * g[j];
    memcpy(step->estimate, g, d * sizeof *g);
    memcpy(step->gradient, g, d * sizeof *g);
    step->row->loss = moments.loss_mean;
    step->row->grad_norm = opt_norm(d, g);
    step->row->filtered_norm = step->row->grad_norm;
    step->row->alpha = alpha;
    return opt_step_accept(step, next, method, alpha, err);
}
