/* Newton, damped and scaled.
 *
 * p = -D^-1 (|H^| + mu I)^-1 D^-1 g with H^ = D^-1 H D^-1, D = diag sqrt|H_jj|; |H^| by
 * Jacobi's rotations.  mu is divided by 10 where the quadratic model holds to a quarter and
 * multiplied by 10 where not even a quarter of its promise is kept; decreases below 1e-4 of it
 * are refused. */
#include "tests/conformance.h"

#include <math.h>
#include <string.h>

enum { MAX_D = CONFORMANCE_MAX_D };

static void jacobi(size_t d, double A[MAX_D][MAX_D], double V[MAX_D][MAX_D])
{
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++)
            V[i][j] = i == j;
    for (int sweep = 0; sweep < 50; sweep++)
        for (size_t i = 0; i < d; i++)
            for (size_t j = i + 1; j < d; j++) {
                double angle = 0.5 * atan2(2.0 * A[i][j], A[j][j] - A[i][i]);
                double c = cos(angle), s = sin(angle);
                for (size_t k = 0; k < d; k++) {
                    double a = A[k][i], b = A[k][j], u = V[k][i], v = V[k][j];
                    A[k][i] = c * a - s * b;
                    A[k][j] = s * a + c * b;
                    V[k][i] = c * u - s * v;
                    V[k][j] = s * u + c * v;
                }
                for (size_t k = 0; k < d; k++) {
                    double a = A[i][k], b = A[j][k];
                    A[i][k] = c * a - s * b;
                    A[j][k] = s * a + c * b;
                }
            }
}

static double newton_step(size_t d, double A[MAX_D][MAX_D], double V[MAX_D][MAX_D],
                          const double *D, const double *g, double mu, double *p)
{
    double promised = 0.0;
    memset(p, 0, MAX_D * sizeof *p);
    for (size_t k = 0; k < d; k++) {
        double along = 0.0;
        for (size_t j = 0; j < d; j++)
            along += V[j][k] * g[j] / D[j];
        double z = -along / (fabs(A[k][k]) + mu);
        promised -= along * z + 0.5 * A[k][k] * z * z;
        for (size_t j = 0; j < d; j++)
            p[j] += V[j][k] * z / D[j];
    }
    return promised;
}

static void newton_run(const conformance_task *task, double mu, int trials)
{
    static conformance_batch batch;
    double g[MAX_D], e[MAX_D], p[MAX_D], x[MAX_D], D[MAX_D], column[MAX_D], gx[MAX_D];
    double A[MAX_D][MAX_D], V[MAX_D][MAX_D];
    size_t d = task->problem->objective.n_params;
    conformance_population(&batch, task->problem);
    for (int t = 0; t < CONFORMANCE_STEPS; t++) {
        const double *theta = task->theta[t];
        double f = conformance_mean(&batch, theta, NULL, g, NULL);
        memcpy(task->theta[t + 1], theta, d * sizeof *theta);
        for (size_t j = 0; j < d; j++) {
            memset(e, 0, sizeof e);
            e[j] = 1.0;
            conformance_mean(&batch, theta, e, gx, column);
            for (size_t i = 0; i < d; i++)
                A[i][j] = column[i];
        }
        for (size_t j = 0; j < d; j++)
            D[j] = sqrt(fabs(A[j][j]));
        for (size_t i = 0; i < d; i++)
            for (size_t j = 0; j < d; j++)
                A[i][j] /= D[i] * D[j];
        jacobi(d, A, V);
        for (int trial = 0; trial < trials; trial++) {
            double promised = newton_step(d, A, V, D, g, mu, p), noise = 8 * 0x1p-52 * fabs(f);
            for (size_t j = 0; j < d; j++)
                x[j] = theta[j] + p[j];
            double gain = f - conformance_mean(&batch, x, NULL, gx, NULL);
            bool lost = promised < noise;
            if (gain > 1e-4 * promised || (lost && gain >= -noise)) {
                memcpy(task->theta[t + 1], x, d * sizeof *x);
                if (gain > 0.75 * promised || lost)
                    mu = fmax(mu / 10, 1e-18);
                else if (gain < 0.25 * promised)
                    mu *= 10;
                break;
            }
            mu *= 10;
        }
    }
}

static void newton_default(const conformance_task *task)
{
    newton_run(task, 1e-3, 40);
}

static void newton_options(const conformance_task *task)
{
    newton_run(task, 50.0, 3);
}

const conformance_row conformance_newton[] = {
    {"newton", "", newton_default},
    {"newton", "damping=50 max_trials=3", newton_options},
    {0},
};
