/* Forward gradient descent: directional derivatives along random directions. */
#include "optim/methods.h"

#include <string.h>

typedef struct forward_params {
    double alpha;
    uint64_t n_directions;
    int distribution;
} forward_params;

enum { DISTRIBUTION_NORMAL, DISTRIBUTION_RADEMACHER };
static const char *const distributions[] = {"normal", "rademacher", NULL};

static const meka_option options[] = {
    OPT_ALPHA(forward_params, "0.01"),
    OPT_COUNT(forward_params, n_directions, "1", 1, 1e9,
              "directions whose estimates are averaged, a forward pass each"),
    OPT_CHOICE(forward_params, distribution, "normal", distributions,
               "of a direction's components: normal (N(0, 1)) or rademacher (1 or -1)"),
};

static void draw(const forward_params *p, const opt_step *step, uint64_t index, double *v)
{
    meka_rng rng;
    meka_rng_init(&rng, step->seed, MEKA_STREAM_METHOD, step->t, index);
    for (size_t j = 0; j < step->n_params; j++)
        if (p->distribution == DISTRIBUTION_NORMAL)
            v[j] = meka_rng_normal(&rng);
        else
            v[j] = meka_rng_uniform(&rng) < 0.5 ? -1.0 : 1.0;
}

/* E[(g.v) v] = E[v v'] g = g for independent components of mean 0 and variance 1.  One Taylor
 * pass of order 1 gives the loss and g.v; no gradient is evaluated. */
static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const forward_params *p = params;
    size_t d = step->n_params;
    double *v = scratch, *estimate = step->gradient; /* [d] each */
    memset(estimate, 0, d * sizeof *estimate);
    for (uint64_t i = 0; i < p->n_directions; i++) {
        ad_line_moments line = {.order = 1};
        draw(p, step, i, v);
        meka_status status = opt_view_line(step->batch, step->theta, v, &line, err);
        if (status != MEKA_OK)
            return status;
        step->row->loss = line.mean[0];
        for (size_t j = 0; j < d; j++)
            estimate[j] += line.mean[1] * v[j] / (double)p->n_directions;
    }
    double alpha = step->factor * p->alpha;
    for (size_t j = 0; j < d; j++)
        step->theta[j] -= alpha * estimate[j];
    opt_step_estimate(step, estimate);
    step->row->alpha = alpha;
    return MEKA_OK;
}

const opt_method opt_method_forward_gradient = {
    .name = "forward-gradient",
    .summary = "descent along directional derivatives times random directions, no reverse pass",
    .reference = "Baydin, Pearlmutter, Syme, Wood, Torr, Gradients without backpropagation "
                 "(2022), arXiv:2202.08587",
    .deviations = "averaging several directions and random signs are options of ours; the "
                  "paper chooses a step size for every problem",
    .options = OPT_TABLE(options, forward_params),
    .min_batch = 1,
    .n_work = 1,
    .step = take_step,
};
