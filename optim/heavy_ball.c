/* The heavy ball: gradient descent with momentum. */
#include "optim/methods.h"

typedef struct heavy_ball_params {
    double alpha, beta;
} heavy_ball_params;

static const meka_option options[] = {
    OPT_ALPHA(heavy_ball_params, "0.01"),
    OPT_REAL(heavy_ball_params, beta, "0.9", 0.0, OPT_MAX_BETA,
             "what is kept of the velocity, v = beta v + g"),
};

/* v = beta v + g, theta -= alpha v: with alpha constant, Polyak's displacement
 * -alpha g + beta (theta_t - theta_{t-1}). */
static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const heavy_ball_params *p = params;
    double *v = state; /* [d] */
    const double *g = step->gradient;
    meka_status status = opt_step_gradient(step, err);
    if (status != MEKA_OK)
        return status;
    double alpha = p->alpha * step->factor;
    for (size_t j = 0; j < step->n_params; j++) {
        v[j] = p->beta * v[j] + g[j];
        step->theta[j] -= alpha * v[j];
    }
    step->row->alpha = alpha;
    return MEKA_OK;
}

const opt_method opt_method_heavy_ball = {
    .name = "heavy-ball",
    .summary = "gradient descent with Polyak's momentum",
    .reference =
        "Polyak, Some methods of speeding up the convergence of iteration methods (1964)",
    .deviations =
        "gradients are those of batches; the schedule's factor scales the whole displacement, "
        "the velocity's part included, so that theta stands still where it is 0; the defaults "
        "are customary, the paper gives them in terms of the spectrum of the Hessian",
    .options = OPT_TABLE(options, heavy_ball_params),
    .min_batch = 1,
    .n_vectors = 1,
    .step = take_step,
};
