#include "optim/distance.h"

#include <math.h>
#include <string.h>

double opt_distance_update(const opt_step *step, double reps_rel, double *r, double *x0,
                           double *scratch)
{
    size_t d = step->n_params;
    if (step->t == 0) {
        memcpy(x0, step->theta, d * sizeof *x0);
        *r = reps_rel * (1.0 + opt_norm(d, x0));
    }
    for (size_t j = 0; j < d; j++)
        scratch[j] = step->theta[j] - x0[j];
    *r = fmax(*r, opt_norm(d, scratch));
    return *r;
}

void opt_distance_step(const opt_step *step, double alpha, const double *g)
{
    alpha *= step->factor;
    for (size_t j = 0; j < step->n_params; j++)
        step->theta[j] -= alpha * g[j];
    step->row->alpha = alpha;
}
