/* Gradient descent and SGD. */
#include "tests/conformance.h"

#include <math.h>
#include <string.h>

/* theta_{t+1} = theta_t - 0.05 g_t */
static void sgd(const conformance_task *task)
{
    conformance_batch batch;
    double g[CONFORMANCE_MAX_D];
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        conformance_draw(&batch, task->problem, task->seed, t);
        conformance_mean(&batch, task->theta[t], NULL, g, NULL);
        for (size_t j = 0; j < task->problem->d; j++)
            task->theta[t + 1][j] = task->theta[t][j] - 0.05 * g[j];
    }
}

/* theta_{t+1} = theta_t - (g.g / g.H g) g, over the population or the batch. */
static void line_search(const conformance_task *task, bool population)
{
    conformance_batch batch;
    double g[CONFORMANCE_MAX_D], hg[CONFORMANCE_MAX_D], unused[CONFORMANCE_MAX_D];
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        if (population)
            conformance_population(&batch, task->problem);
        else
            conformance_draw(&batch, task->problem, task->seed, t);
        double slope = 0.0, curvature = 0.0;
        conformance_mean(&batch, task->theta[t], NULL, g, NULL);
        conformance_mean(&batch, task->theta[t], g, unused, hg);
        for (size_t j = 0; j < task->problem->d; j++) {
            slope += g[j] * g[j];
            curvature += g[j] * hg[j];
        }
        double alpha = curvature > 0.0 ? slope / curvature : 0.0; /* 0/0: arrived */
        for (size_t j = 0; j < task->problem->d; j++)
            task->theta[t + 1][j] = task->theta[t][j] - alpha * g[j];
    }
}

static void sgd_line_search(const conformance_task *task)
{
    line_search(task, false);
}

static void gd_line_search(const conformance_task *task)
{
    line_search(task, true);
}

static void gd(const conformance_task *task)
{
    conformance_batch batch;
    double g[CONFORMANCE_MAX_D];
    conformance_population(&batch, task->problem);
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        conformance_mean(&batch, task->theta[t], NULL, g, NULL);
        for (size_t j = 0; j < task->problem->d; j++)
            task->theta[t + 1][j] = task->theta[t][j] - 0.2 * g[j];
    }
}

const conformance_row conformance_descent[] = {
    {"gd", "alpha=0.2", gd},
    {"gd", "rule=quadratic", gd_line_search},
    {"sgd", "alpha=0.05", sgd},
    {"sgd", "rule=quadratic", sgd_line_search},
    {0},
};
