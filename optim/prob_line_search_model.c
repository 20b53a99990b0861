/* Beliefs about a function along a line.
 *
 * Given value and slope at the start, what follows is a Wiener process integrated from there,
 * so the prior of section 3.1, which is wide beside the noise, enters in closed form at the
 * start only: conditioning on the other points, one after the other, then cancels nothing
 * large, and no matrix is inverted. */
#include "optim/prob_line_search_model.h"

#include "optim/bivariate_normal.h"

#include <assert.h>
#include <math.h>

static const double tau = 10.0; /* the process began at t = -tau (section 3.1) */

/* Posterior P of (value, slope) at the start, observed as (0, dy) with noise variances r0, r1:
 * P = R (P0 + R)^-1 P0 with R = diag(r0, r1), multiplied out so that nothing cancels. */
static void condition_start(double dy, double r0, double r1, double mean[2], double P[2][2])
{
    double a = tau * tau * tau / 3.0, b = tau * tau / 2.0, c = tau; /* P0 = (a b; b c) */
    double det = tau * tau * tau * tau / 12.0;                      /* a c - b^2 */
    double total = det + r1 * a + r0 * c + r0 * r1;                 /* |P0 + R| */
    P[0][0] = r0 * (det + r1 * a) / total;
    P[0][1] = P[1][0] = r0 * r1 * b / total;
    P[1][1] = r1 * (det + r0 * c) / total;
    mean[0] = r0 * b * dy / total;
    mean[1] = (det + r0 * c) * dy / total;
}

/* Covariances of (value, slope) at a and at b, 0 <= a <= b, with those at 0 being P. */
static void covariances(double a, double b, double P[2][2], double out[2][2])
{
    double va = P[0][0] + a * P[1][0];                             /* with the value at 0 */
    double sa = P[0][1] + a * P[1][1], sb = P[1][0] + b * P[1][1]; /* with the slope at 0 */
    out[0][0] = va + b * sa + a * a * (a / 3.0 + (b - a) / 2.0);
    out[0][1] = sa + 0.5 * a * a;
    out[1][0] = sb + a * (b - 0.5 * a);
    out[1][1] = P[1][1] + a;
}

/* The belief after the start alone. */
static void set_start(opt_pls_belief *belief, const opt_pls_data *data)
{
    double start[2], P[2][2];
    condition_start(data->dy[0], data->sd_y * data->sd_y, data->sd_dy * data->sd_dy, start, P);
    for (size_t i = 0; i < belief->n; i++) {
        belief->mean[2 * i] = start[0] + belief->t[i] * start[1];
        belief->mean[2 * i + 1] = start[1];
        for (size_t k = 0; k < belief->n; k++) {
            double block[2][2];
            if (belief->t[i] > belief->t[k])
                continue;
            covariances(belief->t[i], belief->t[k], P, block);
            for (size_t v = 0; v < 2; v++)
                for (size_t w = 0; w < 2; w++) {
                    belief->cov[2 * i + v][2 * k + w] = block[v][w];
                    belief->cov[2 * k + w][2 * i + v] = block[v][w];
                }
        }
    }
}

/* Conditions on variable v having been observed as y with the noise variance r. */
static void observe(opt_pls_belief *belief, size_t v, double y, double r)
{
    size_t n = 2 * belief->n;
    double column[4 * OPT_PLS_MAX_POINTS], total = belief->cov[v][v] + r;
    if (!(total > 0.0))
        return;
    double surprise = (y - belief->mean[v]) / total;
    for (size_t i = 0; i < n; i++)
        column[i] = belief->cov[i][v];
    for (size_t i = 0; i < n; i++) {
        belief->mean[i] += column[i] * surprise;
        for (size_t k = 0; k < n; k++)
            belief->cov[i][k] -= column[i] * column[k] / total;
    }
}

void opt_pls_condition(opt_pls_belief *belief, const opt_pls_data *data, size_t n,
                       const double *t)
{
    assert(data->n + n <= 2 * OPT_PLS_MAX_POINTS);
    belief->n = data->n + n;
    for (size_t i = 0; i < belief->n; i++)
        belief->t[i] = i < data->n ? data->t[i] : t[i - data->n];
    set_start(belief, data);
    for (size_t i = 1; i < data->n; i++) {
        observe(belief, 2 * i, data->y[i], data->sd_y * data->sd_y);
        observe(belief, 2 * i + 1, data->dy[i], data->sd_dy * data->sd_dy);
    }
}

/* ---------------------------------------------------------------- conditions */

/* w'C u over the variables (value and slope at 0, value and slope at point i) */
static double covariance(const opt_pls_belief *belief, size_t i, const double *w,
                         const double *u)
{
    const size_t at[4] = {0, 1, 2 * i, 2 * i + 1};
    double sum = 0.0;
    for (size_t k = 0; k < 4; k++)
        for (size_t l = 0; l < 4; l++)
            sum += w[k] * belief->cov[at[k]][at[l]] * u[l];
    return sum;
}

double opt_pls_wolfe(const opt_pls_belief *belief, size_t i, double c1, double c2)
{
    /* Both conditions are linear in the four variables, a >= 0 and 0 <= b <= limit. */
    const double a[4] = {1.0, c1 * belief->t[i], -1.0, 0.0}, b[4] = {0.0, -c2, 0.0, 1.0};
    const double *m = belief->mean;
    double mean_a = a[0] * m[0] + a[1] * m[1] + a[2] * m[2 * i];
    double mean_b = b[1] * m[1] + m[2 * i + 1];
    double var_a = covariance(belief, i, a, a), var_b = covariance(belief, i, b, b);
    if (var_a < 1e-9 && var_b < 1e-9) /* certain, as in the authors' code */
        return mean_a >= 0.0 && mean_b >= 0.0 ? 1.0 : 0.0;
    if (!(var_a > 0.0 && var_b > 0.0))
        return 0.0;
    double sd_a = sqrt(var_a), sd_b = sqrt(var_b);
    double rho = covariance(belief, i, a, b) / (sd_a * sd_b);
    /* The limit of the strong condition at the 95 % bound of the start's slope. */
    double limit = 2.0 * c2 * (fabs(m[1]) + 2.0 * sqrt(fmax(0.0, belief->cov[1][1])));
    return opt_bivariate_strip(-mean_a / sd_a, -mean_b / sd_b, (limit - mean_b) / sd_b,
                               fmax(-1.0, fmin(1.0, rho)));
}

double opt_pls_improvement(const opt_pls_belief *belief, size_t i, double best)
{
    double gain = best - belief->mean[2 * i], var = belief->cov[2 * i][2 * i];
    if (!(var > 0.0))
        return fmax(0.0, gain);
    double sd = sqrt(var), z = gain / sd;
    double below = 0.5 * erfc(-z * 0.70710678118654752440);      /* Phi(z); 1/sqrt 2 */
    double density = 0.39894228040143267794 * exp(-0.5 * z * z); /* 1/sqrt(2 pi) */
    return gain * below + sd * density;
}

bool opt_pls_minimum(const opt_pls_belief *belief, size_t i, size_t k, double *t)
{
    const double *m = belief->mean;
    double h = belief->t[k] - belief->t[i], d0 = m[2 * i + 1], d1 = m[2 * k + 1];
    double mean_slope = (m[2 * k] - m[2 * i]) / h;
    /* The slope at u past point i is d0 + 2 c u + 3 e u^2, the curvature at its zero u below
     * 2 sqrt(c^2 - 3 e d0) >= 0. */
    double c = (3.0 * mean_slope - 2.0 * d0 - d1) / h;
    double e = (d0 + d1 - 2.0 * mean_slope) / (h * h);
    double square = c * c - 3.0 * e * d0;
    if (!(square >= 0.0))
        return false;
    double u = -d0 / (c + sqrt(square));
    *t = belief->t[i] + u;
    return u > 0.0 && *t > belief->t[i] && *t < belief->t[k];
}
