/* The probabilistic line search.
 *
 * Mahsereci, Hennig, "Probabilistic line searches for stochastic optimization", JMLR 18 (2017):
 * sections 3.1 to 3.4 and the pseudo-code of the appendix, with Gram matrices in long double
 * and the derivatives of the posterior mean from those of the kernel. */
#include "tests/conformance.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

typedef long double real;
enum { MAX_POINTS = 16 };
static const real tau = 10.0L;

typedef struct pls_setting {
    double alpha0, c1, c2, c_W, alpha_ext, theta_reset, gamma;
    int L;
} pls_setting;

typedef struct pls_run {
    const conformance_task *task;
    const pls_setting *o;
    size_t d;
    uint64_t evaluations;
    bool done;
    /* what the last evaluation gave: mean loss, gradient, and the variances of the mean loss
     * and of the mean gradient's projection on itself */
    double f, g[CONFORMANCE_MAX_D], var_f, var_df;
    /* the search */
    double x0[CONFORMANCE_MAX_D], s[CONFORMANCE_MAX_D], f0, beta, alpha0, alpha_stats;
    real sigma_f, sigma_df;
    int N;
    real T[MAX_POINTS], Y[MAX_POINTS], dY[MAX_POINTS];
    struct pls_point {
        double x[CONFORMANCE_MAX_D], f, g[CONFORMANCE_MAX_D], var_f, var_df;
    } seen[MAX_POINTS];
    real weights[2 * MAX_POINTS];
} pls_run;

/* k(a, b) of the integrated Wiener process and its derivatives: i times by a, j by b */
static real kernel(int i, int j, real a, real b)
{
    a += tau;
    b += tau;
    bool left = a <= b;
    switch (10 * i + j) {
    case 0:
        return left ? a * a * (3.0L * b - a) / 6.0L : b * b * (3.0L * a - b) / 6.0L;
    case 1:
        return left ? a * a / 2.0L : a * b - b * b / 2.0L;
    case 10:
        return left ? a * b - a * a / 2.0L : b * b / 2.0L;
    case 11:
        return left ? a : b;
    case 20:
        return left ? b - a : 0.0L;
    case 21:
        return left ? 1.0L : 0.0L;
    case 30:
        return left ? -1.0L : 0.0L;
    default:
        return 0.0L;
    }
}

/* x = G^-1 r for the Gram matrix of all values, then all slopes, with their noise */
static void gram_solve(const pls_run *r, const real *rhs, real *x)
{
    real G[2 * MAX_POINTS][2 * MAX_POINTS + 1];
    int N = r->N, M = 2 * N;
    for (int i = 0; i < M; i++) {
        for (int j = 0; j < M; j++)
            G[i][j] = kernel(i / N, j / N, r->T[i % N], r->T[j % N]);
        G[i][i] += i < N ? r->sigma_f * r->sigma_f : r->sigma_df * r->sigma_df;
        G[i][M] = rhs[i];
    }
    for (int i = 0; i < M; i++) /* Gauss-Jordan; G is positive definite */
        for (int k = 0; k < M; k++) {
            real factor = G[k][i] / G[i][i];
            for (int j = i; j <= M && k != i; j++)
                G[k][j] -= factor * G[i][j];
        }
    for (int i = 0; i < M; i++)
        x[i] = G[i][M] / G[i][i];
}

/* The i-th derivative of the posterior mean at t */
static real mu(const pls_run *r, int i, real t)
{
    real sum = 0.0L;
    for (int n = 0; n < r->N; n++)
        sum += r->weights[n] * kernel(i, 0, t, r->T[n]) +
               r->weights[r->N + n] * kernel(i, 1, t, r->T[n]);
    return sum;
}

/* The posterior covariance of the i-th derivative at a and the j-th at b */
static real cov(const pls_run *r, int i, int j, real a, real b)
{
    real left[2 * MAX_POINTS], right[2 * MAX_POINTS] = {0.0L}, solved[2 * MAX_POINTS];
    for (int n = 0; n < 2 * r->N; n++) {
        left[n] = kernel(i, n / r->N, a, r->T[n % r->N]);
        right[n] = kernel(j, n / r->N, b, r->T[n % r->N]);
    }
    gram_solve(r, right, solved);
    real sum = kernel(i, j, a, b);
    for (int n = 0; n < 2 * r->N; n++)
        sum -= left[n] * solved[n];
    return sum;
}

static double Phi(double z)
{
    return 0.5 * erfc(-z / sqrt(2.0));
}

static double density(double z)
{
    return exp(-0.5 * z * z) / sqrt(2.0 * 3.14159265358979323846);
}

/* P(a >= la, lb <= b <= ub), standard normals of correlation rho: Simpson's rule over b */
static double rectangle(double la, double lb, double ub, double rho)
{
    double low = fmax(lb, -9.0), high = fmin(ub, 9.0), sum = 0.0;
    enum { PANELS = 4000 };
    if (!(low < high))
        return 0.0;
    for (int i = 0; i <= PANELS; i++) {
        double b = low + (high - low) * i / PANELS;
        double weight = i == 0 || i == PANELS ? 1.0 : i % 2 ? 4.0 : 2.0;
        sum += weight * density(b) * Phi((rho * b - la) / sqrt(1.0 - rho * rho));
    }
    return sum * (high - low) / PANELS / 3.0;
}

/* Eqs. (11) to (16) */
static double p_wolfe(const pls_run *r, real t)
{
    real c1 = r->o->c1, c2 = r->o->c2;
    real ma = mu(r, 0, 0) - mu(r, 0, t) + c1 * t * mu(r, 1, 0);
    real mb = mu(r, 1, t) - c2 * mu(r, 1, 0);
    real V0 = cov(r, 0, 0, 0, 0), Vd0 = cov(r, 0, 1, 0, 0), dVd0 = cov(r, 1, 1, 0, 0);
    real Caa = V0 + c1 * t * c1 * t * dVd0 + cov(r, 0, 0, t, t) +
               2.0L * (c1 * t * (Vd0 - cov(r, 1, 0, 0, t)) - cov(r, 0, 0, 0, t));
    real Cbb = c2 * c2 * dVd0 - 2.0L * c2 * cov(r, 1, 1, 0, t) + cov(r, 1, 1, t, t);
    real Cab = -c2 * (Vd0 + c1 * t * dVd0) + c2 * cov(r, 1, 0, 0, t) + cov(r, 0, 1, 0, t) +
               c1 * t * cov(r, 1, 1, 0, t) - cov(r, 0, 1, t, t);
    real bar = 2.0L * c2 * (fabsl(mu(r, 1, 0)) + 2.0L * sqrtl(dVd0));
    return rectangle((double)(-ma / sqrtl(Caa)), (double)(-mb / sqrtl(Cbb)),
                     (double)((bar - mb) / sqrtl(Cbb)), (double)(Cab / sqrtl(Caa * Cbb)));
}

/* u_EI, with eta the lowest posterior mean at an observed point */
static double improvement(const pls_run *r, real t)
{
    real eta = mu(r, 0, r->T[0]);
    for (int n = 1; n < r->N; n++)
        eta = fminl(eta, mu(r, 0, r->T[n]));
    real m = mu(r, 0, t), s = sqrtl(cov(r, 0, 0, t, t));
    double z = (double)((eta - m) / s);
    return (double)(eta - m) * Phi(z) + (double)s * density(z);
}

/* The minimum of the cubic that the posterior mean is around t; infinite if there is none */
static real cubic_minimum(const pls_run *r, real t)
{
    real d1 = mu(r, 1, t), d2 = mu(r, 2, t), d3 = mu(r, 3, t);
    real a = 0.5L * d3, b = d2 - t * d3, c = d1 - d2 * t + 0.5L * d3 * t * t;
    if (fabsl(d3) < 1e-9L)
        return -(d1 - t * d2) / d2;
    if (b * b - 4.0L * a * c < 0.0L)
        return INFINITY;
    real root = copysignl(sqrtl(b * b - 4.0L * a * c), a);
    real lr = (-b - root) / (2.0L * a) - t, rr = (-b + root) / (2.0L * a) - t;
    real vl = d1 * lr + 0.5L * d2 * lr * lr + d3 * lr * lr * lr / 6.0L;
    real vr = d1 * rr + 0.5L * d2 * rr * rr + d3 * rr * rr * rr / 6.0L;
    return t + (vl < vr ? lr : rr);
}

/* Evaluates at x on the next batch; sets done instead where all steps are done. */
static void pls_evaluate(pls_run *r, const double *x)
{
    conformance_batch batch;
    double one[CONFORMANCE_MAX_D], var_f = 0.0, var_df = 0.0;
    memcpy(r->task->theta[r->evaluations], x, sizeof r->x0);
    r->done = r->evaluations == CONFORMANCE_STEPS;
    if (r->done)
        return;
    conformance_draw(&batch, r->task->problem, r->task->seed, r->evaluations++);
    r->f = conformance_mean(&batch, x, NULL, r->g, NULL);
    for (size_t i = 0; i < batch.n; i++) {
        double deviation = conformance_sample(&batch, i, x, NULL, one, NULL) - r->f,
               slope = 0.0;
        for (size_t j = 0; j < r->d; j++)
            slope += r->g[j] * (one[j] - r->g[j]);
        var_f += deviation * deviation;
        var_df += slope * slope;
    }
    double n = (double)batch.n;
    r->var_f = var_f / (n - 1.0) / n;
    r->var_df = var_df / (n - 1.0) / n;
}

static void pls_add(pls_run *r, const double *x, real t)
{
    struct pls_point *point = &r->seen[r->N];
    memcpy(point->x, x, sizeof point->x);
    memcpy(point->g, r->g, sizeof point->g);
    point->f = r->f;
    point->var_f = r->var_f;
    point->var_df = r->var_df;
    real slope = 0.0L;
    for (size_t j = 0; j < r->d; j++)
        slope += (real)r->g[j] * r->s[j];
    r->T[r->N] = t;
    r->Y[r->N] = ((real)r->f - r->f0) / (r->alpha0 * r->beta);
    r->dY[r->N] = slope / r->beta;
    r->N++;
    real rhs[2 * MAX_POINTS];
    for (int n = 0; n < r->N; n++) {
        rhs[n] = r->Y[n];
        rhs[r->N + n] = r->dY[n];
    }
    gram_solve(r, rhs, r->weights);
}

/* Evaluates at x0 + t alpha0 s. */
static void pls_try(pls_run *r, real t)
{
    double x[CONFORMANCE_MAX_D] = {0.0};
    for (size_t j = 0; j < r->d; j++)
        x[j] = (double)(r->x0[j] + t * r->alpha0 * r->s[j]);
    pls_evaluate(r, x);
    if (!r->done)
        pls_add(r, x, t);
}

static int lowest_mean(const pls_run *r, int first)
{
    int best = first;
    for (int n = first; n < r->N; n++)
        if (mu(r, 0, r->T[n]) < mu(r, 0, r->T[best]))
            best = n;
    return best;
}

static void sorted_points(const pls_run *r, int *order)
{
    for (int n = 0; n < r->N; n++) {
        int k = n;
        for (; k > 0 && r->T[order[k - 1]] > r->T[n]; k--)
            order[k] = order[k - 1];
        order[k] = n;
    }
}

/* What follows an evaluation that was not accepted: the index of a point to accept, or -1 and
 * the next t; *uphill: t is to be accepted untested. */
static int pls_decide(pls_run *r, real *extension, real *t, bool *uphill)
{
    int order[MAX_POINTS], n_candidates = 0, accepted = -1, lowest = lowest_mean(r, 0);
    real candidates[MAX_POINTS + 1];
    if (fabsl(mu(r, 1, r->T[lowest])) < 1e-5L &&
        cov(r, 1, 1, r->T[lowest], r->T[lowest]) < 1e-4L)
        return lowest;
    sorted_points(r, order);
    for (int n = 0; n + 1 < r->N; n++) {
        real Tn = r->T[order[n]], next = r->T[order[n + 1]];
        real minimum = cubic_minimum(r, Tn + 1e-6L * (next - Tn));
        if (minimum > Tn && minimum < next) {
            candidates[n_candidates++] = minimum;
        } else if (n == 0 && mu(r, 1, 0.0L) > 0.0L) {
            *t = 0.01L * (Tn + next);
            *uphill = true;
            return -1;
        }
        if (n > 0 && p_wolfe(r, Tn) > r->o->c_W &&
            (accepted < 0 || mu(r, 0, Tn) < mu(r, 0, r->T[accepted])))
            accepted = order[n];
    }
    if (accepted >= 0)
        return accepted;
    candidates[n_candidates++] = r->T[order[r->N - 1]] + *extension;
    double best = -1.0;
    for (int n = 0; n < n_candidates; n++) {
        double utility = improvement(r, candidates[n]) * p_wolfe(r, candidates[n]);
        if (utility > best) {
            best = utility;
            *t = candidates[n];
        }
    }
    if (*t == candidates[n_candidates - 1])
        *extension *= 2.0L;
    return -1;
}

/* One search from the point in seen[0]; the index of the accepted one */
static int pls_search(pls_run *r)
{
    real extension = 1.0L, t = 1.0L;
    while (r->N < r->o->L - 1) {
        bool uphill = false;
        pls_try(r, t);
        if (r->done || p_wolfe(r, t) > r->o->c_W)
            return r->N - 1;
        int accepted = pls_decide(r, &extension, &t, &uphill);
        if (accepted >= 0)
            return accepted;
        if (uphill) {
            pls_try(r, t);
            return r->N - 1;
        }
    }
    pls_try(r, t);
    if (r->done || p_wolfe(r, t) > r->o->c_W)
        return r->N - 1;
    return lowest_mean(r, 1);
}

static void pls_all(const conformance_task *task, const pls_setting *o)
{
    static _Thread_local pls_run run;
    pls_run *r = &run;
    *r = (pls_run){.task = task, .o = o, .d = task->problem->d};
    r->alpha0 = r->alpha_stats = o->alpha0;
    pls_evaluate(r, task->theta[0]);
    memcpy(r->x0, task->theta[0], sizeof r->x0);
    while (!r->done) {
        double norm = 0.0;
        for (size_t j = 0; j < r->d; j++) {
            r->s[j] = -r->g[j];
            norm += r->g[j] * r->g[j];
        }
        r->beta = norm;
        r->f0 = r->f;
        r->sigma_f = sqrtl(r->var_f) / (r->alpha0 * r->beta);
        r->sigma_df = sqrtl(r->var_df) / r->beta;
        r->N = 0;
        pls_add(r, r->x0, 0.0L);
        int k = pls_search(r);
        const struct pls_point *point = &r->seen[k];
        double accepted = (double)r->T[k] * r->alpha0, next = accepted * o->alpha_ext;
        r->alpha_stats = o->gamma * r->alpha_stats + (1.0 - o->gamma) * accepted;
        if (next < r->alpha_stats / o->theta_reset || next > r->alpha_stats * o->theta_reset)
            next = r->alpha_stats;
        r->alpha0 = next;
        r->f = point->f;
        r->var_f = point->var_f;
        r->var_df = point->var_df;
        memcpy(r->g, point->g, sizeof r->g);
        memcpy(r->x0, point->x, sizeof r->x0);
    }
}

static void pls_default(const conformance_task *task)
{
    pls_all(task, &(pls_setting){1e-4, 0.05, 0.5, 0.3, 1.3, 100.0, 0.95, 10});
}

static void pls_options(const conformance_task *task)
{
    pls_all(task, &(pls_setting){0.3, 0.1, 0.8, 0.5, 2.0, 3.0, 0.8, 5});
}

const conformance_row conformance_prob_line_search[] = {
    {"prob-line-search", "", pls_default},
    {"prob-line-search",
     "alpha=0.3 c1=0.1 c2=0.8 wolfe=0.5 extrapolation=2 reset=3 ema=0.8 max_points=5",
     pls_options},
    {0},
};
