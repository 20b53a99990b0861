/* DoWG: the squared distance from the start over the root of the distance-weighted sum of
 * squared gradients. */
#include "optim/distance.h"

#include <math.h>

typedef struct dowg_params {
    double reps_rel;
} dowg_params;

static const meka_option options[] = {
    OPT_REPS_REL(dowg_params),
};

enum { DISTANCE, ROOT, N_SCALARS };

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const dowg_params *p = params;
    const double *g = step->gradient;
    meka_status status = opt_step_gradient(step, err);
    if (status != MEKA_OK)
        return status;
    double r =
        opt_distance_update(step, p->reps_rel, &state[DISTANCE], state + N_SCALARS, scratch);
    /* sqrt(v_t), so that squares do not underflow */
    state[ROOT] = hypot(state[ROOT], r * step->row->grad_norm);
    opt_distance_step(step, r * opt_ratio(r, state[ROOT]), g);
    return MEKA_OK;
}

const opt_method opt_method_dowg = {
    .name = "dowg",
    .summary = "DoWG: squared distance from the start over the root of the weighted sum of "
               "squared gradients",
    .reference = "Khaled, Mishchenko, Jin, DoWG unleashed: an efficient universal "
                 "parameter-free gradient descent method (2023), arXiv 2305.16284",
    .deviations = "r_eps, which the paper leaves open, is chosen as by DoG; no projection; the "
                  "iterate is the last one, the weighted average of the paper's guarantees is "
                  "the loop's; while every gradient is zero nothing moves",
    .options = OPT_TABLE(options, dowg_params),
    .min_batch = 1,
    .n_scalars = N_SCALARS,
    .n_vectors = 1,
    .n_work = 1,
    .step = take_step,
};
