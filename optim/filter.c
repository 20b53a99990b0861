#include "optim/filter.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "optim/filter_full.h"
#include "optim/methods.h"

size_t opt_covariance_size(opt_covariance form, size_t d)
{
    switch (form) {
    case OPT_COVARIANCE_SCALAR:
        return 1;
    case OPT_COVARIANCE_DIAG:
        return d;
    case OPT_COVARIANCE_FULL:
        return d * d;
    }
    return 0;
}

double opt_covariance_at(opt_covariance form, size_t d, const double *cov, size_t j)
{
    switch (form) {
    case OPT_COVARIANCE_SCALAR:
        return cov[0];
    case OPT_COVARIANCE_DIAG:
        return cov[j];
    case OPT_COVARIANCE_FULL:
        return cov[j * d + j];
    }
    return 0.0;
}

double opt_covariance_along(opt_covariance form, size_t d, const double *cov, const double *v)
{
    double sum = 0.0;
    switch (form) {
    case OPT_COVARIANCE_SCALAR:
        return cov[0] * meka_dot(d, v, v);
    case OPT_COVARIANCE_DIAG:
        for (size_t j = 0; j < d; j++)
            sum += cov[j] * v[j] * v[j];
        return sum;
    case OPT_COVARIANCE_FULL:
        for (size_t j = 0; j < d; j++) {
            double row = 0.0;
            for (size_t k = 0; k < d; k++)
                row += cov[j * d + k] * v[k];
            sum += v[j] * row;
        }
        /* Rounding may leave the form of a semidefinite matrix a little below zero. */
        return sum < 0.0 ? 0.0 : sum;
    }
    return sum;
}

double opt_covariance_mean(opt_covariance form, size_t d, const double *cov)
{
    if (form == OPT_COVARIANCE_SCALAR)
        return cov[0];
    double sum = 0.0;
    for (size_t j = 0; j < d; j++)
        sum += opt_covariance_at(form, d, cov, j);
    return sum / (double)d;
}

void opt_covariance_set(opt_covariance form, size_t d, double *cov, double c)
{
    size_t size = opt_covariance_size(form, d);
    for (size_t i = 0; i < size; i++)
        cov[i] = form == OPT_COVARIANCE_FULL && i % (d + 1) != 0 ? 0.0 : c;
}

size_t opt_filter_work_size(opt_covariance form, size_t d)
{
    return form == OPT_COVARIANCE_FULL ? opt_full_work_size(d) : 0;
}

void opt_filter_start(opt_filter *filter, const double *g, const double *sigma)
{
    if (g)
        memcpy(filter->m, g, filter->d * sizeof *g);
    memcpy(filter->P, sigma, opt_covariance_size(filter->form, filter->d) * sizeof *sigma);
    opt_covariance_set(filter->form, filter->d, filter->K, 1.0);
}

void opt_filter_predict(opt_filter *filter, const double *b, const double *q)
{
    size_t size = opt_covariance_size(filter->form, filter->d);
    if (b)
        for (size_t j = 0; j < filter->d; j++)
            filter->m[j] += b[j];
    if (q)
        for (size_t i = 0; i < size; i++)
            filter->P[i] += q[i];
}

/* K = P-/(P- + Sigma), and 1 where nothing is uncertain. */
static double gain_of(double prior, double noise)
{
    double total = prior + noise;
    return total > 0.0 ? prior / total : 1.0;
}

/* (1-K)^2 P- + K^2 Sigma: eq. 8 of one number. */
static double joseph(double gain, double prior, double noise)
{
    return (1.0 - gain) * (1.0 - gain) * prior + gain * gain * noise;
}

void opt_filter_observe(opt_filter *filter, const double *g, const double *sigma)
{
    if (filter->form == OPT_COVARIANCE_FULL) {
        opt_full_observe(filter, g, sigma);
        return;
    }
    size_t size = opt_covariance_size(filter->form, filter->d);
    for (size_t i = 0; i < size; i++) {
        filter->K[i] = gain_of(filter->P[i], sigma[i]);
        filter->P[i] = joseph(filter->K[i], filter->P[i], sigma[i]);
    }
    if (!g)
        return;
    for (size_t j = 0; j < filter->d && filter->form == OPT_COVARIANCE_DIAG; j++)
        filter->m[j] = (1.0 - filter->K[j]) * filter->m[j] + filter->K[j] * g[j];
    double gain = filter->K[0], rest = 1.0 - gain;
    for (size_t j = 0; j < filter->d && filter->form == OPT_COVARIANCE_SCALAR; j++)
        filter->m[j] = rest * filter->m[j] + gain * g[j];
}

void opt_value_filter_update(opt_value_filter *filter, double change, double extra, double y,
                             double r)
{
    double predicted = filter->u + change;
    double prior = filter->s + extra;
    double surprise = (y - predicted) * (y - predicted) - prior - r;
    if (surprise > 0.0)
        prior += surprise;
    double gain = gain_of(prior, r);
    filter->u = (1.0 - gain) * predicted + gain * y;
    filter->s = joseph(gain, prior, r);
}
