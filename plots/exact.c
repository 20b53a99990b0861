/* The curves of Proposition 1 without sampling.  E[f(theta_t) - f*] is a sum over
 * eigenvalues of H, and along each of them the iteration is linear with additive noise, so
 * that means and covariances follow closed recursions. */
#include "plots/verify.h"

#include <assert.h>
#include <math.h>

/* Mean and covariance of (x, m): x = theta - theta*, m the filtered gradient, along one
 * eigenvector. */
typedef struct pair_state {
    double x, m;
    double xx, xm, mm;
} pair_state;

/* Theta moves first, x' = x - a m, and the filter then sees the new place:
 * m' = (1-k)(m - a lambda m) + k (lambda x' + e), e the noise of the mean gradient. */
static pair_state meka_step(const pair_state *s, double lambda, double a, double k,
                            double noise)
{
    double from_x = k * lambda;
    double from_m = (1.0 - k) * (1.0 - a * lambda) - k * lambda * a;
    pair_state next;
    next.x = s->x - a * s->m;
    next.m = from_x * s->x + from_m * s->m;
    next.xx = s->xx - 2.0 * a * s->xm + a * a * s->mm;
    next.xm = from_x * (s->xx - a * s->xm) + from_m * (s->xm - a * s->mm);
    next.mm = from_x * from_x * s->xx + 2.0 * from_x * from_m * s->xm +
              from_m * from_m * s->mm + k * k * noise;
    return next;
}

void plot_exact_meka(size_t d, const double *eigenvalue, const double *start,
                     const double *noise_var, double a, double n, size_t T, double *curve)
{
    assert(eigenvalue && start && noise_var && (curve || T == 0) && n > 0.0);
    for (size_t t = 0; t < T; t++)
        curve[t] = 0.0;
    for (size_t j = 0; j < d; j++) {
        double lambda = eigenvalue[j];
        double noise = lambda * lambda * noise_var[j] / n;
        pair_state s = {.x = start[j], .m = lambda * start[j], .mm = noise};
        for (size_t t = 0; t < T; t++) {
            curve[t] += 0.5 * lambda * (s.x * s.x + s.xx);
            s = meka_step(&s, lambda, a, 1.0 / ((double)t + 2.0), noise);
        }
    }
}

void plot_exact_sgd(size_t d, const double *eigenvalue, const double *start,
                    const double *noise_var, double a, double n, size_t T, double *curve)
{
    assert(eigenvalue && start && noise_var && (curve || T == 0) && n > 0.0);
    for (size_t t = 0; t < T; t++)
        curve[t] = 0.0;
    for (size_t j = 0; j < d; j++) {
        double rho = 1.0 - a * eigenvalue[j];
        double noise = a * a * eigenvalue[j] * eigenvalue[j] * noise_var[j] / n;
        double x = start[j], variance = 0.0;
        for (size_t t = 0; t < T; t++) {
            curve[t] += 0.5 * eigenvalue[j] * (x * x + variance);
            x *= rho;
            variance = rho * rho * variance + noise;
        }
    }
}

/* The fixed point of variance = rho^2 variance + noise is a lambda v / ((2 - a lambda) n). */
double plot_sgd_plateau(size_t d, const double *eigenvalue, const double *noise_var, double a,
                        double n)
{
    double sum = 0.0;
    for (size_t j = 0; j < d; j++) {
        double pull = a * eigenvalue[j];
        if (!(pull < 2.0))
            return INFINITY;
        sum += 0.5 * eigenvalue[j] * pull * noise_var[j] / ((2.0 - pull) * n);
    }
    return sum;
}

double plot_meka_limit(size_t d, const double *eigenvalue, const double *noise_var, double n)
{
    double sum = 0.0;
    for (size_t j = 0; j < d; j++)
        sum += 0.5 * eigenvalue[j] * noise_var[j] / n;
    return sum;
}

double plot_meka_bound(size_t d, const double *start, const double *eigenvalue,
                       const double *noise_var, double a, double n)
{
    const double e = 2.718281828459045;
    double sum = 0.0;
    for (size_t j = 0; j < d; j++) {
        sum += start[j] * start[j] / (4.0 * e * a);
        sum += noise_var[j] / n * (eigenvalue[j] + 1.0 / (e * a));
    }
    return sum;
}
