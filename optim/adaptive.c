/* Averages of gradients and of their squares. */
#include "optim/adaptive.h"

void opt_adam_add(opt_adam *out, double *state, size_t d, double beta1, double beta2,
                  const double *g)
{
    double *m = state + OPT_ADAM_SCALARS, *v = m + d; /* [d] each */
    state[0] = beta1 * state[0] + (1.0 - beta1);
    state[1] = beta2 * state[1] + (1.0 - beta2);
    for (size_t j = 0; j < d; j++) {
        m[j] = beta1 * m[j] + (1.0 - beta1) * g[j];
        v[j] = beta2 * v[j] + (1.0 - beta2) * g[j] * g[j];
    }
    *out = (opt_adam){.weight1 = state[0], .weight2 = state[1], .m = m, .v = v};
}
