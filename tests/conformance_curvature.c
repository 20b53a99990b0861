/* AdaHessian, Sophia-H, L-BFGS. */
#include "tests/conformance.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* ---------------------------------------------------------------- AdaHessian
 *
 * Yao, Gholami, Shen, Mustafa, Keutzer, Mahoney (2020), Algorithm 1, with epsilon and decoupled
 * weight decay as in the authors' code.  D = z * Hz (Hutchinson), D^(s) its averages over
 * blocks of b, both with signs;
 *   m_t = (1-beta1) sum_i beta1^(t-i) g_i / (1-beta1^t),
 *   v_t = (sqrt((1-beta2) sum_i beta2^(t-i) D_i^(s) D_i^(s) / (1-beta2^t)))^k,
 * the second sum over the iterations that computed a D. */
typedef struct adahessian_setting {
    double eta, beta1, beta2, epsilon, k, lambda;
    size_t b, interval;
} adahessian_setting;

static void block_means(size_t d, size_t b, const double *D, double *Ds)
{
    for (size_t j = 0; j < d; j++) {
        double sum = 0.0;
        size_t count = 0;
        for (size_t l = 0; l < d; l++)
            if (l / b == j / b) {
                sum += D[l];
                count++;
            }
        Ds[j] = sum / (double)count;
    }
}

/* Sums written out, from all gradients and diagonals so far. */
static void adahessian_run(const conformance_task *task, const adahessian_setting *o)
{
    conformance_batch batch;
    static _Thread_local double g[CONFORMANCE_STEPS][CONFORMANCE_MAX_D];
    static _Thread_local double Ds[CONFORMANCE_STEPS][CONFORMANCE_MAX_D];
    double z[CONFORMANCE_MAX_D], Hz[CONFORMANCE_MAX_D], D[CONFORMANCE_MAX_D];
    size_t d = task->problem->d, n = 0; /* n: diagonals computed */
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        conformance_draw(&batch, task->problem, task->seed, t);
        meka_rng rng;
        meka_rng_init(&rng, task->seed, MEKA_STREAM_METHOD, t, 0);
        for (size_t j = 0; j < d; j++)
            z[j] = meka_rng_next(&rng) >> 63 ? 1.0 : -1.0;
        conformance_mean(&batch, task->theta[t], z, g[t], Hz);
        if (t % o->interval == 0) {
            for (size_t j = 0; j < d; j++)
                D[j] = z[j] * Hz[j];
            block_means(d, o->b, D, Ds[n++]);
        }
        for (size_t j = 0; j < d; j++) {
            double m = 0.0, square = 0.0, theta = task->theta[t][j];
            for (uint64_t i = 0; i <= t; i++)
                m += (1.0 - o->beta1) * pow(o->beta1, (double)(t - i)) * g[i][j];
            for (size_t i = 0; i < n; i++)
                square +=
                    (1.0 - o->beta2) * pow(o->beta2, (double)(n - 1 - i)) * Ds[i][j] * Ds[i][j];
            m /= 1.0 - pow(o->beta1, (double)(t + 1));
            square /= 1.0 - pow(o->beta2, (double)n);
            double v = pow(sqrt(square), o->k) + o->epsilon;
            task->theta[t + 1][j] = theta - o->eta * (m / v + o->lambda * theta);
        }
    }
}

static void adahessian_default(const conformance_task *task)
{
    adahessian_run(task, &(adahessian_setting){0.15, 0.9, 0.999, 1e-4, 1.0, 0.0, 1, 1});
}

static void adahessian_options(const conformance_task *task)
{
    adahessian_run(task, &(adahessian_setting){0.1, 0.8, 0.95, 1e-2, 0.5, 0.02, 2, 3});
}

/* ------------------------------------------------------------------ Sophia-H
 *
 * Liu, Li, Hall, Liang, Ma (2023), Algorithm 3 with the estimator of Algorithm 1, u * Hu. */
typedef struct sophia_setting {
    double eta, lambda, beta1, beta2, gamma, epsilon;
    uint64_t k;
} sophia_setting;

static void sophia_run(const conformance_task *task, const sophia_setting *o)
{
    conformance_batch batch;
    double u[CONFORMANCE_MAX_D], Hu[CONFORMANCE_MAX_D], g[CONFORMANCE_MAX_D];
    double m[CONFORMANCE_MAX_D] = {0.0}, h[CONFORMANCE_MAX_D] = {0.0};
    for (uint64_t t = 1; t <= CONFORMANCE_STEPS; t++) {
        const double *theta = task->theta[t - 1];
        conformance_draw(&batch, task->problem, task->seed, t - 1);
        meka_rng rng;
        meka_rng_init(&rng, task->seed, MEKA_STREAM_METHOD, t - 1, 0);
        for (size_t j = 0; j < task->problem->d; j++)
            u[j] = meka_rng_normal(&rng);
        conformance_mean(&batch, theta, u, g, Hu);
        for (size_t j = 0; j < task->problem->d; j++) {
            m[j] = o->beta1 * m[j] + (1.0 - o->beta1) * g[j];
            if (t % o->k == 1 % o->k)
                h[j] = o->beta2 * h[j] + (1.0 - o->beta2) * u[j] * Hu[j];
            double decayed = theta[j] - o->eta * o->lambda * theta[j];
            double ratio = m[j] / fmax(o->gamma * h[j], o->epsilon);
            task->theta[t][j] = decayed - o->eta * fmax(fmin(ratio, 1.0), -1.0);
        }
    }
}

static void sophia_default(const conformance_task *task)
{
    sophia_run(task, &(sophia_setting){0.01, 0.0, 0.96, 0.99, 0.01, 1e-12, 10});
}

static void sophia_options(const conformance_task *task)
{
    sophia_run(task, &(sophia_setting){0.05, 0.2, 0.9, 0.8, 1.5, 1e-3, 1});
}

/* -------------------------------------------------------------------- L-BFGS
 *
 * Nocedal, Wright, Numerical Optimization (2006): Algorithm 7.5 with the search of Algorithms
 * 3.5 and 3.6.  The matrix H_k is formed: from H_k^0 = gamma_k I (7.20) by the BFGS update
 * (6.17) with the last m pairs in turn. */
enum { MAX_D = CONFORMANCE_MAX_D };

typedef struct lbfgs_run {
    conformance_batch batch;
    size_t d, m, n_pairs;
    double s[CONFORMANCE_STEPS][MAX_D], y[CONFORMANCE_STEPS][MAX_D];
    double c1, c2;
    /* phi(alpha) = f(x + alpha p) */
    double x[MAX_D], p[MAX_D], phi0, dphi0;
    double alpha, phi, dphi, trial[MAX_D], g[MAX_D]; /* the last evaluation */
} lbfgs_run;

static double inner(size_t d, const double *a, const double *b)
{
    double sum = 0.0;
    for (size_t j = 0; j < d; j++)
        sum += a[j] * b[j];
    return sum;
}

static void bfgs_update(size_t d, double H[MAX_D][MAX_D], const double *s, const double *y)
{
    double rho = 1.0 / inner(d, y, s), left[MAX_D][MAX_D], out[MAX_D][MAX_D];
    for (size_t i = 0; i < d; i++) /* left = (I - rho s y') H */
        for (size_t j = 0; j < d; j++) {
            left[i][j] = H[i][j];
            for (size_t l = 0; l < d; l++)
                left[i][j] -= rho * s[i] * y[l] * H[l][j];
        }
    for (size_t i = 0; i < d; i++) /* out = left (I - rho y s') + rho s s' */
        for (size_t j = 0; j < d; j++) {
            out[i][j] = left[i][j] + rho * s[i] * s[j];
            for (size_t l = 0; l < d; l++)
                out[i][j] -= left[i][l] * rho * y[l] * s[j];
        }
    memcpy(H, out, sizeof out);
}

/* p = -H_k g */
static void lbfgs_direction(lbfgs_run *r, const double *g)
{
    double H[MAX_D][MAX_D] = {{0.0}};
    size_t last = r->n_pairs - 1, first = r->n_pairs > r->m ? r->n_pairs - r->m : 0;
    for (size_t j = 0; j < r->d; j++)
        H[j][j] = r->n_pairs ? inner(r->d, r->s[last], r->y[last]) /
                                   inner(r->d, r->y[last], r->y[last])
                             : 1.0;
    for (size_t k = first; k < r->n_pairs; k++)
        bfgs_update(r->d, H, r->s[k], r->y[k]);
    for (size_t j = 0; j < r->d; j++)
        r->p[j] = -inner(r->d, H[j], g);
}

static void lbfgs_evaluate(lbfgs_run *r, double alpha)
{
    r->alpha = alpha;
    for (size_t j = 0; j < r->d; j++)
        r->trial[j] = r->x[j] + alpha * r->p[j];
    r->phi = conformance_mean(&r->batch, r->trial, NULL, r->g, NULL);
    r->dphi = inner(r->d, r->g, r->p);
}

/* Not sufficient decrease, where rounding of f counts as none. */
static bool too_high(const lbfgs_run *r)
{
    return r->phi > r->phi0 + r->c1 * r->alpha * r->dphi0 + 64.0 * 0x1p-52 * fabs(r->phi0);
}

typedef struct end {
    double alpha, phi, dphi;
} end;

/* Eq. (3.59), or halfway where it comes within a tenth of an end. */
static double interpolate(end a, end b)
{
    double d1 = a.dphi + b.dphi - 3.0 * (a.phi - b.phi) / (a.alpha - b.alpha);
    double d2 = copysign(sqrt(d1 * d1 - a.dphi * b.dphi), b.alpha - a.alpha);
    double x =
        b.alpha - (b.alpha - a.alpha) * (b.dphi + d2 - d1) / (b.dphi - a.dphi + 2.0 * d2);
    double share = (x - a.alpha) / (b.alpha - a.alpha);
    return share >= 0.1 && share <= 0.9 ? x : 0.5 * (a.alpha + b.alpha);
}

static bool zoom(lbfgs_run *r, end lo, end hi, int evaluations)
{
    while (evaluations-- > 0) {
        lbfgs_evaluate(r, interpolate(lo, hi));
        const end j = {r->alpha, r->phi, r->dphi};
        if (too_high(r) || r->phi > lo.phi + 64.0 * 0x1p-52 * fabs(r->phi0)) {
            hi = j;
        } else {
            if (fabs(j.dphi) <= -r->c2 * r->dphi0)
                return true;
            if (j.dphi * (hi.alpha - lo.alpha) >= 0.0)
                hi = lo;
            lo = j;
        }
    }
    return false;
}

static bool strong_wolfe(lbfgs_run *r, double alpha, int evaluations)
{
    end previous = {0.0, r->phi0, r->dphi0};
    for (int i = 1; i <= evaluations; i++) {
        lbfgs_evaluate(r, alpha);
        const end now = {r->alpha, r->phi, r->dphi};
        if (too_high(r) || (i > 1 && now.phi > previous.phi + 64.0 * 0x1p-52 * fabs(r->phi0)))
            return zoom(r, previous, now, evaluations - i);
        if (fabs(now.dphi) <= -r->c2 * r->dphi0)
            return true;
        if (now.dphi >= 0.0)
            return zoom(r, now, previous, evaluations - i);
        previous = now;
        alpha *= 2.0;
    }
    return false;
}

/* A search along p or, where that fails, along -g with the memory dropped. */
static bool lbfgs_search(lbfgs_run *r, const double *g)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        bool steepest = r->n_pairs == 0;
        lbfgs_direction(r, g);
        r->dphi0 = inner(r->d, g, r->p);
        double alpha = steepest ? 1.0 / sqrt(inner(r->d, g, g)) : 1.0;
        if (r->dphi0 < 0.0 && strong_wolfe(r, alpha, 40))
            return true;
        r->n_pairs = 0;
        if (steepest)
            return false;
    }
    return false;
}

static void lbfgs_run_all(const conformance_task *task, size_t m, double c1, double c2)
{
    static _Thread_local lbfgs_run run;
    lbfgs_run *r = &run;
    double g[MAX_D];
    *r = (lbfgs_run){.d = task->problem->d, .m = m, .c1 = c1, .c2 = c2};
    conformance_population(&r->batch, task->problem);
    for (uint64_t k = 0; k < CONFORMANCE_STEPS; k++) {
        memcpy(r->x, task->theta[k], sizeof r->x);
        memcpy(task->theta[k + 1], r->x, sizeof r->x);
        r->phi0 = conformance_mean(&r->batch, r->x, NULL, g, NULL);
        if (inner(r->d, g, g) == 0.0 || !lbfgs_search(r, g))
            continue;
        memcpy(task->theta[k + 1], r->trial, sizeof r->trial);
        double *s = r->s[r->n_pairs], *y = r->y[r->n_pairs];
        for (size_t j = 0; j < r->d; j++) {
            s[j] = r->trial[j] - r->x[j];
            y[j] = r->g[j] - g[j];
        }
        if (inner(r->d, s, y) > 1e-10 * sqrt(inner(r->d, s, s) * inner(r->d, y, y)))
            r->n_pairs++;
    }
}

static void lbfgs_default(const conformance_task *task)
{
    lbfgs_run_all(task, 10, 1e-4, 0.9);
}

static void lbfgs_options(const conformance_task *task)
{
    lbfgs_run_all(task, 2, 1e-2, 0.5);
}

const conformance_row conformance_curvature[] = {
    {"adahessian", "", adahessian_default},
    {"adahessian",
     "alpha=0.1 beta1=0.8 beta2=0.95 epsilon=0.01 power=0.5 weight_decay=0.02 block_size=2 "
     "interval=3",
     adahessian_options},
    {"lbfgs", "", lbfgs_default},
    {"lbfgs", "memory=2 c1=0.01 c2=0.5", lbfgs_options},
    {"sophia-h", "alpha=0.01", sophia_default},
    {"sophia-h",
     "alpha=0.05 weight_decay=0.2 beta1=0.9 beta2=0.8 gamma=1.5 epsilon=0.001 interval=1",
     sophia_options},
    {0},
};
