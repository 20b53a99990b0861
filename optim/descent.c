/* What methods are made of. */
#include "optim/methods.h"

#include <math.h>
#include <string.h>

double opt_dot(size_t d, const double *a, const double *b)
{
    double sum = 0.0;
    for (size_t j = 0; j < d; j++)
        sum += a[j] * b[j];
    return sum;
}

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

meka_status opt_check_square(double square, meka_error *err)
{
    if (isfinite(square))
        return MEKA_OK;
    return meka_fail(err, MEKA_NONFINITE,
                     "the square of the gradient overflows; scale the objective down");
}

meka_status opt_step_gradient(const opt_step *step, double *g, meka_error *err)
{
    ad_moments moments = {.grad_mean = g};
    meka_status status = opt_view_moments(step->batch, step->theta, NULL, &moments, err);
    if (status != MEKA_OK)
        return status;
    step->row->loss = moments.loss_mean;
    step->row->grad_norm = opt_norm(step->n_params, g);
    memcpy(step->gradient, g, step->n_params * sizeof *g);
    opt_step_estimate(step, g);
    return MEKA_OK;
}

void opt_step_estimate(const opt_step *step, const double *m)
{
    memcpy(step->estimate, m, step->n_params * sizeof *m);
    step->row->filtered_norm = opt_norm(step->n_params, m);
}

/* alpha = A/B along -g; fills the row's line model. */
static meka_status exact_step(const opt_step *step, const double *g, double *direction,
                              double *alpha, meka_error *err)
{
    double slope = opt_dot(step->n_params, g, g);
    for (size_t j = 0; j < step->n_params; j++)
        direction[j] = -g[j];
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

meka_status opt_descend(const opt_step *step, double alpha, bool adaptive, double *scratch,
                        meka_error *err)
{
    size_t d = step->n_params;
    double *g = scratch;
    meka_status status = opt_step_gradient(step, g, err);
    if (status == MEKA_OK && adaptive)
        status = exact_step(step, g, scratch + d, &alpha, err);
    if (status != MEKA_OK)
        return status;
    alpha *= step->factor;
    for (size_t j = 0; j < d; j++)
        step->theta[j] -= alpha * g[j];
    step->row->alpha = alpha;
    return MEKA_OK;
}
