/* What methods are made of. */
#include "optim/methods.h"

#include <math.h>

/* Of v / unit. */
static double sum_of_squares(size_t d, const double *v, double unit)
{
    double sum[MEKA_CHAINS] = {0};
    for (size_t j = 0; j < d; j++)
        sum[j % MEKA_CHAINS] += v[j] / unit * (v[j] / unit);
    return meka_join(sum);
}

bool opt_square_tells(double square)
{
    /* Squares that are lost are less than the smallest normal number, 2^-1022, each. */
    const double least = 0x1p-900, most = 0x1p+1000;
    return square >= least && square <= most;
}

double opt_norm(size_t d, const double *v)
{
    return opt_norm_from(meka_dot(d, v, v), d, v);
}

double opt_norm_from(double square, size_t d, const double *v)
{
    double largest = 0.0;
    if (opt_square_tells(square))
        return sqrt(square);
    for (size_t j = 0; j < d; j++)
        largest = fmax(largest, fabs(v[j]));
    if (!(largest > 0.0) || isinf(largest))
        return largest;
    /* A power of two as the unit, so that only the sum is rounded. */
    double unit = ldexp(1.0, ilogb(largest));
    return unit * sqrt(sum_of_squares(d, v, unit));
}

bool opt_copy_finite(size_t d, const double *restrict v, double *restrict out)
{
    double rest[MEKA_CHAINS] = {0}; /* NaN once a value was not finite */
    size_t j = 0;
    for (; j + MEKA_CHAINS <= d; j += MEKA_CHAINS)
        for (size_t k = 0; k < MEKA_CHAINS; k++) {
            rest[k] += v[j + k] - v[j + k];
            out[j + k] = v[j + k];
        }
    for (size_t k = 0; j + k < d; k++) {
        rest[k] += v[j + k] - v[j + k];
        out[j + k] = v[j + k];
    }
    return meka_join(rest) == 0.0;
}

meka_status opt_check_square(double square, meka_error *err)
{
    if (isfinite(square))
        return MEKA_OK;
    return meka_fail(err, MEKA_NONFINITE,
                     "the square of the gradient overflows; scale the objective down");
}

meka_status opt_step_gradient(const opt_step *step, meka_error *err)
{
    ad_moments moments = {.grad_mean = step->gradient};
    meka_status status = opt_view_moments(step->batch, step->theta, NULL, &moments, err);
    if (status != MEKA_OK)
        return status;
    step->row->loss = moments.loss_mean;
    opt_step_estimate(step, step->gradient);
    step->row->grad_norm = step->row->filtered_norm;
    return MEKA_OK;
}

void opt_step_estimate(const opt_step *step, const double *m)
{
    opt_step_estimate_of_norm(step, m, opt_norm(step->n_params, m));
}

void opt_step_estimate_of_norm(const opt_step *step, const double *m, double norm)
{
    *step->estimate = m;
    step->row->filtered_norm = norm;
}

/* alpha = A/B along -g; fills the row's line model. */
static meka_status exact_step(const opt_step *step, const double *g, double *direction,
                              double *alpha, meka_error *err)
{
    double slope = meka_dot(step->n_params, g, g);
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
    const double *g = step->gradient;
    meka_status status = opt_step_gradient(step, err);
    if (status == MEKA_OK && adaptive)
        status = exact_step(step, g, scratch, &alpha, err);
    if (status != MEKA_OK)
        return status;
    alpha *= step->factor;
    for (size_t j = 0; j < d; j++)
        step->theta[j] -= alpha * g[j];
    step->row->alpha = alpha;
    return MEKA_OK;
}
