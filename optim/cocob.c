/* COCOB-Backprop: a coin betting game per coordinate in place of step sizes. */
#include "optim/methods.h"

#include <string.h>

typedef struct cocob_params {
    double rounds;
} cocob_params;

static const meka_option options[] = {
    OPT_REAL(cocob_params, rounds, "100", 0.0, 1e300,
             "the paper's alpha: bets as careful as if the largest gradient so far had been "
             "seen at least this often"),
};

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const cocob_params *p = params;
    size_t d = step->n_params;
    const double *g = step->gradient;
    /* [d] each: the start; largest |g|; sums of |g| and of -g; what the bets have won */
    double *start = state, *largest = start + d, *total = largest + d, *sum = total + d,
           *reward = sum + d;
    meka_status status = opt_step_gradient(step, err);
    if (status != MEKA_OK)
        return status;
    if (step->t == 0)
        memcpy(start, step->theta, d * sizeof *start);
    for (size_t j = 0; j < d; j++) {
        double size = fabs(g[j]), moved = step->theta[j] - start[j];
        largest[j] = fmax(largest[j], size);
        total[j] += size;
        sum[j] -= g[j];
        reward[j] = fmax(reward[j] - moved * g[j], 0.0);
        if (!(largest[j] > 0.0))
            continue; /* nothing to bet on yet */
        /* A fraction of the wealth 1 + reward/L in units of L: both without the unit of f. */
        double fraction = sum[j] / fmax(total[j] + largest[j], p->rounds * largest[j]);
        double target = fraction * (1.0 + reward[j] / largest[j]);
        step->theta[j] += step->factor * (target - moved);
    }
    return MEKA_OK;
}

const opt_method opt_method_cocob = {
    .name = "cocob",
    .summary = "coin betting per coordinate, without a step size (COCOB-Backprop)",
    .reference = "Orabona, Tommasi, Training deep networks without learning rates through coin "
                 "betting (2017), algorithm 2, arXiv:1705.07795",
    .deviations = "a coordinate stays where it is until its gradient is not zero, where the "
                  "paper divides 0 by 0",
    .options = OPT_TABLE(options, cocob_params),
    .min_batch = 1,
    .n_vectors = 5,
    .step = take_step,
};
