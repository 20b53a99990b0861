/* Kalman gradient descent, by the whole filter of the paper's joint state. */
#include "tests/conformance.h"

#include <math.h>
#include <string.h>

enum { D = CONFORMANCE_MAX_D };

/* ------------------------------ Kalman gradient descent: Vuckovic, arXiv:1810.12273
 *
 * The state z of one dimension holds the gradient last and observes it alone: z+ = A z + w,
 * y = C z + u, w ~ N(0, Q I), u ~ N(0, R), C = (0 .. 0 1).  Here the whole filter is run: the
 * covariance is [n][n], n the size of the state. */

enum { KGD_MAX = 3 };

typedef struct kgd_filter {
    size_t n;
    double z[KGD_MAX], P[KGD_MAX][KGD_MAX];
} kgd_filter;

static void kgd_predict(kgd_filter *f, double A[KGD_MAX][KGD_MAX], double Q)
{
    double z[KGD_MAX] = {0}, AP[KGD_MAX][KGD_MAX] = {{0}}, P[KGD_MAX][KGD_MAX] = {{0}};
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < f->n; k++) {
            z[i] += A[i][k] * f->z[k];
            for (size_t l = 0; l < f->n; l++)
                AP[i][k] += A[i][l] * f->P[l][k];
        }
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < f->n; k++) {
            for (size_t l = 0; l < f->n; l++)
                P[i][k] += AP[i][l] * A[k][l];
            P[i][k] += i == k ? Q : 0.0;
        }
    memcpy(f->z, z, sizeof z);
    memcpy(f->P, P, sizeof P);
}

/* K = P C'(C P C' + R)^-1, z + K (y - C z), (I - K C) P */
static void kgd_update(kgd_filter *f, double y, double R)
{
    size_t last = f->n - 1;
    double K[KGD_MAX], residual = y - f->z[last], row[KGD_MAX];
    memcpy(row, f->P[last], sizeof row);
    for (size_t i = 0; i < f->n; i++)
        K[i] = f->P[i][last] / (row[last] + R);
    for (size_t i = 0; i < f->n; i++) {
        f->z[i] += K[i] * residual;
        for (size_t k = 0; k < f->n; k++)
            f->P[i][k] -= K[i] * row[k];
    }
}

typedef struct kgd_settings {
    double alpha, Q, R, P0;
    double mu;    /* momentum, z = (v, x, g); 0: none, z = (x, g) */
    double gamma; /* RMSProp, z = (r, x, g); 0: none */
} kgd_settings;

/* Each row of the dynamics is the method's own update with the gradient as it is. */
static void kgd_dynamics(const kgd_settings *s, double g, double r, double A[KGD_MAX][KGD_MAX])
{
    double plain[2][2] = {{1.0, -s->alpha}, {0.0, 1.0}};
    double beta = s->alpha / sqrt(s->gamma * r + (1.0 - s->gamma) * g * g + 1e-8);
    double momentum[3][3] = {{s->mu, 0.0, s->mu - 1.0},
                             {s->alpha * s->mu, 1.0, s->alpha * (s->mu - 1.0)},
                             {0.0, 0.0, 1.0}};
    double rmsprop[3][3] = {
        {s->gamma, 0.0, (1.0 - s->gamma) * g}, {0.0, 1.0, -beta}, {0.0, 0.0, 1.0}};
    if (s->gamma > 0.0 || s->mu > 0.0)
        memcpy(A, s->gamma > 0.0 ? rmsprop : momentum, sizeof momentum);
    for (size_t i = 0; i < 2 && s->gamma == 0.0 && s->mu == 0.0; i++)
        memcpy(A[i], plain[i], sizeof plain[i]);
}

/* z_0 = (v = 0 or r = 1, x_0, g_0), P_0 = P0 I, and g_0 is observed as every other gradient.
 * x -= alpha g^;  v = mu v - (1 - mu) g^, x += alpha v;
 * r = gamma r + (1 - gamma) g^^2, x -= alpha/(sqrt(r) + 1e-8) g^. */
static void kgd(const conformance_task *task, kgd_settings s)
{
    conformance_batch batch;
    kgd_filter filter[D] = {0};
    double g[D], v[D] = {0}, r[D] = {0};
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        conformance_draw(&batch, task->problem, task->seed, t);
        conformance_mean(&batch, task->theta[t], NULL, g, NULL);
        for (size_t j = 0; j < task->problem->d; j++) {
            double A[KGD_MAX][KGD_MAX] = {{0}}, x = task->theta[t][j];
            kgd_filter *f = &filter[j];
            if (t == 0) {
                f->n = s.mu > 0.0 || s.gamma > 0.0 ? 3 : 2;
                r[j] = 1.0;
                f->z[0] = s.gamma > 0.0 ? 1.0 : 0.0;
                f->z[f->n - 2] = x;
                f->z[f->n - 1] = g[j];
                for (size_t i = 0; i < f->n; i++)
                    f->P[i][i] = s.P0;
            }
            kgd_dynamics(&s, g[j], r[j], A);
            kgd_predict(f, A, s.Q);
            kgd_update(f, g[j], s.R);
            double estimate = f->z[f->n - 1];
            v[j] = s.mu * v[j] - (1.0 - s.mu) * estimate;
            r[j] = s.gamma * r[j] + (1.0 - s.gamma) * estimate * estimate;
            double change = s.alpha * v[j]; /* -alpha g^ without momentum */
            if (s.gamma > 0.0)
                change = -s.alpha / (sqrt(r[j]) + 1e-8) * estimate;
            task->theta[t + 1][j] = x + change;
        }
    }
}

static void kgd_default(const conformance_task *task)
{
    kgd(task, (kgd_settings){0.1, 0.01, 2.0, 0.01, 0.0, 0.0});
}

static void kgd_other(const conformance_task *task)
{
    kgd(task, (kgd_settings){0.05, 0.3, 0.5, 1.0, 0.0, 0.0});
}

static void kgd_momentum(const conformance_task *task)
{
    kgd(task, (kgd_settings){0.1, 0.1, 1.0, 0.01, 0.6, 0.0});
}

static void kgd_rmsprop(const conformance_task *task)
{
    kgd(task, (kgd_settings){0.05, 0.1, 1.0, 0.01, 0.0, 0.9});
}

const conformance_row conformance_kalman[] = {
    {"kgd", "", kgd_default},
    {"kgd", "alpha=0.05 sigma_q=0.3 sigma_r=0.5 p0=1", kgd_other},
    {"kgd", "update=momentum mu=0.6 sigma_q=0.1 sigma_r=1", kgd_momentum},
    {"kgd", "update=rmsprop alpha=0.05 gamma=0.9 sigma_q=0.1 sigma_r=1", kgd_rmsprop},
    {0},
};
