/* Schedule-Free: averages in place of a schedule of step sizes. */
#include "optim/distance.h"

#include <math.h>
#include <string.h>

typedef struct schedule_free_params {
    double alpha, beta, beta2, epsilon, weight_decay;
    int base;
} schedule_free_params;

enum { BASE_ADAM, BASE_SGD };
static const char *const bases[] = {"adam", "sgd", NULL};

static const meka_option options[] = {
    OPT_CHOICE(schedule_free_params, base, "adam", bases, "Schedule-Free AdamW or SGD"),
    OPT_ALPHA(schedule_free_params, "0.0025"),
    OPT_REAL(schedule_free_params, beta, "0.9", 0.0, 1.0,
             "gradients are taken at (1 - beta) z + beta x; 0: at z, whose average is x, 1: at "
             "the average x"),
    OPT_REAL(schedule_free_params, beta2, "0.999", 0.0, OPT_MAX_BETA,
             "adam: coefficient of the squares' average"),
    OPT_REAL(schedule_free_params, epsilon, "1e-8", 0.0, 1e300, "adam: added to the root"),
    OPT_REAL(schedule_free_params, weight_decay, "0", 0.0, 1e6,
             "lambda in z -= alpha lambda y, apart from the gradient"),
};

/* ROOT: sqrt(sum_i gamma_i^2) */
enum { ROOT, N_SCALARS };

/* The gradient of the batch at y; the row's loss is that at x. */
static meka_status gradient_at(const opt_step *step, const double *y, meka_error *err)
{
    ad_moments at_x = {0}, at_y = {.grad_mean = step->gradient};
    meka_status status = opt_view_moments(step->batch, y, NULL, &at_y, err);
    if (status == MEKA_OK)
        status = opt_view_moments(step->batch, step->theta, NULL, &at_x, err);
    if (status != MEKA_OK)
        return status;
    step->row->loss = at_x.loss_mean;
    opt_step_estimate(step, step->gradient);
    step->row->grad_norm = step->row->filtered_norm;
    return MEKA_OK;
}

/* g / (sqrt(v_hat) + epsilon) to out; v, g, out [d] */
static void precondition(const schedule_free_params *p, const opt_step *step, double *v,
                         const double *g, double *out)
{
    double left = 1.0 - pow(p->beta2, (double)step->t + 1.0);
    for (size_t j = 0; j < step->n_params; j++) {
        v[j] += (1.0 - p->beta2) * (g[j] * g[j] - v[j]);
        out[j] = opt_ratio(g[j], sqrt(v[j] / left) + p->epsilon);
    }
}

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const schedule_free_params *p = params;
    size_t d = step->n_params;
    double *z = state + N_SCALARS, *v = z + d, *x = step->theta;
    double *y = scratch, *scaled = scratch + d;
    const double *direction = step->gradient;
    if (step->t == 0)
        memcpy(z, x, d * sizeof *z);
    for (size_t j = 0; j < d; j++)
        y[j] = (1.0 - p->beta) * z[j] + p->beta * x[j];
    meka_status status = gradient_at(step, y, err);
    if (status != MEKA_OK)
        return status;
    if (p->base == BASE_ADAM) {
        precondition(p, step, v, step->gradient, scaled);
        direction = scaled;
    }
    /* c = gamma_t^2 / sum_i gamma_i^2 by roots: squares may overflow. */
    double gamma = p->alpha * step->factor;
    state[ROOT] = hypot(state[ROOT], gamma);
    double part = opt_ratio(gamma, state[ROOT]), c = part * part;
    for (size_t j = 0; j < d; j++) {
        z[j] -= gamma * (direction[j] + p->weight_decay * y[j]);
        x[j] += c * (z[j] - x[j]);
    }
    step->row->alpha = gamma;
    return MEKA_OK;
}

const opt_method opt_method_schedule_free = {
    .name = "schedule-free",
    .summary =
        "Schedule-Free AdamW or SGD: theta is the average of the iterates, gradients are "
        "taken between both",
    .reference = "Defazio, Yang, Mehta, Mishchenko, Khaled, Cutkosky, The road less scheduled "
                 "(2024), arXiv 2405.15682",
    .deviations = "warm-up is the schedule's; SGD weighs by gamma^2 as AdamW does, so that a "
                  "schedule at 0 holds x; Adam's bias correction is on the squares' average, "
                  "the authors' code has sqrt(1 - beta2^t) in gamma and so in the weights, and "
                  "weighs with the largest gamma so far; one more loss per sample, at x, is "
                  "evaluated for the log",
    .options = OPT_TABLE(options, schedule_free_params),
    .min_batch = 1,
    .n_scalars = N_SCALARS,
    .n_vectors = 2,
    .n_work = 2,
    .step = take_step,
};
