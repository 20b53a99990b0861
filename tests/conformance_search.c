/* The stochastic line search. */
#include "tests/conformance.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* ----------------------------------------------------------------------- SLS
 *
 * Vaswani, Mishkin, Laradji, Schmidt, Gidel, Lacoste-Julien (2019), Algorithms 1 and 2;
 * growth = gamma^(b/n), and eta never above eta_max as in the authors' code. */
typedef struct sls_setting {
    double eta_max, c, beta, growth;
    int opt;
} sls_setting;

static double sls_reset(double eta, uint64_t k, const sls_setting *o)
{
    if (k == 1)
        return o->eta_max;
    if (o->opt == 1)
        return o->eta_max;
    if (o->opt == 2)
        return fmin(eta * o->growth, o->eta_max);
    return eta;
}

static void sls_run(const conformance_task *task, const sls_setting *o)
{
    conformance_batch batch;
    double g[CONFORMANCE_MAX_D], unused[CONFORMANCE_MAX_D], eta = 0.0;
    for (uint64_t k = 1; k <= CONFORMANCE_STEPS; k++) {
        const double *w = task->theta[k - 1];
        double *tilde = task->theta[k], square = 0.0, f, f_tilde;
        conformance_draw(&batch, task->problem, task->seed, k - 1);
        f = conformance_mean(&batch, w, NULL, g, NULL);
        for (size_t j = 0; j < task->problem->d; j++)
            square += g[j] * g[j];
        eta = sls_reset(eta, k, o) / o->beta;
        do {
            eta = o->beta * eta;
            for (size_t j = 0; j < task->problem->d; j++)
                tilde[j] = w[j] - eta * g[j];
            f_tilde = conformance_mean(&batch, tilde, NULL, unused, NULL);
        } while (!(f_tilde <= f - o->c * eta * square));
    }
}

static void sls_default(const conformance_task *task)
{
    sls_run(task, &(sls_setting){10.0, 0.5, 0.9, 1.0013872557113346, 2});
}

static void sls_keep(const conformance_task *task)
{
    sls_run(task, &(sls_setting){1.0, 0.5, 0.7, 1.0, 0});
}

static void sls_restart(const conformance_task *task)
{
    sls_run(task, &(sls_setting){2.0, 0.3, 0.5, 1.0, 1});
}

static void sls_grow(const conformance_task *task)
{
    sls_run(task, &(sls_setting){3.0, 0.2, 0.6, 1.5, 2});
}

const conformance_row conformance_search[] = {
    {"sls", "", sls_default},
    {"sls", "alpha_max=1 c=0.5 beta=0.7 reset=keep", sls_keep},
    {"sls", "alpha_max=2 c=0.3 beta=0.5 reset=max", sls_restart},
    {"sls", "alpha_max=3 c=0.2 beta=0.6 reset=grow growth=1.5", sls_grow},
    {0},
};
