/* DoG: the distance from the start over the root of the sum of squared gradients. */
#include "optim/distance.h"

#include <math.h>

typedef struct dog_params {
    double reps_rel, epsilon;
} dog_params;

static const meka_option options[] = {
    OPT_REPS_REL(dog_params),
    OPT_REAL(dog_params, epsilon, "1e-8", 0.0, 1e300,
             "added to the sum of squared gradient norms"),
};

enum { DISTANCE, ROOT, N_SCALARS };

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const dog_params *p = params;
    const double *g = step->gradient;
    meka_status status = opt_step_gradient(step, err);
    if (status != MEKA_OK)
        return status;
    double r =
        opt_distance_update(step, p->reps_rel, &state[DISTANCE], state + N_SCALARS, scratch);
    if (step->t == 0)
        state[ROOT] = sqrt(p->epsilon);
    /* The root of the sum, so that squares do not underflow. */
    state[ROOT] = hypot(state[ROOT], step->row->grad_norm);
    opt_distance_step(step, opt_ratio(r, state[ROOT]), g);
    return MEKA_OK;
}

const opt_method opt_method_dog = {
    .name = "dog",
    .summary = "DoG: distance from the start over the root of the sum of squared gradients",
    .reference =
        "Ivgi, Hinder, Carmon, DoG is SGD's best friend: a parameter-free dynamic step "
        "size schedule (2023), arXiv 2302.12022",
    .deviations = "the iterate is the last one: averaging, on which the paper's guarantees "
                  "and most of its results rest, is the loop's; while every gradient is zero, "
                  "with epsilon 0, nothing moves",
    .options = OPT_TABLE(options, dog_params),
    .min_batch = 1,
    .n_scalars = N_SCALARS,
    .n_vectors = 1,
    .n_work = 1,
    .step = take_step,
};
