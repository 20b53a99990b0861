/* AdaHessian: Adam with the diagonal of the Hessian in place of the gradient. */
#include "optim/methods.h"

#include <string.h>

typedef struct adahessian_params {
    double alpha, beta1, beta2, epsilon, power, weight_decay;
    uint64_t block_size, interval;
} adahessian_params;

static const meka_option options[] = {
    OPT_ALPHA(adahessian_params, "0.15"),
    OPT_REAL(adahessian_params, beta1, "0.9", 0.0, OPT_MAX_BETA,
             "moving average of the gradient"),
    OPT_REAL(adahessian_params, beta2, "0.999", 0.0, OPT_MAX_BETA,
             "moving average of the squared diagonal"),
    OPT_REAL(adahessian_params, epsilon, "1e-4", 1e-300, 1e300, "added to the denominator"),
    OPT_REAL(adahessian_params, power, "1", 0.0, 1.0,
             "Hessian power k: the denominator is the averaged diagonal to this power"),
    OPT_WEIGHT_DECAY(adahessian_params),
    OPT_COUNT(adahessian_params, block_size, "1", 1, 1e15,
              "neighbouring parameters whose diagonal is averaged"),
    OPT_COUNT(adahessian_params, interval, "1", 1, 1e15, "iterations per Hessian diagonal"),
};

/* Rademacher vector z [d] of this step. */
static void draw(const opt_step *step, double *z)
{
    meka_rng rng;
    meka_rng_init(&rng, step->seed, MEKA_STREAM_METHOD, step->t, 0);
    for (size_t j = 0; j < step->n_params; j++)
        z[j] = meka_rng_next(&rng) >> 63 ? 1.0 : -1.0;
}

/* x [d]: every block of `size` (the last may be shorter) becomes its mean. */
static void average_blocks(size_t d, size_t size, double *x)
{
    for (size_t start = 0; start < d && size > 1;) {
        size_t n = size < d - start ? size : d - start;
        double sum = 0.0;
        for (size_t j = 0; j < n; j++)
            sum += x[start + j];
        for (size_t j = 0; j < n; j++)
            x[start + j] = sum / (double)n;
        start += n;
    }
}

/* The batch gradient and the estimate z * Hz of the Hessian's diagonal, to D, both from one
 * pass; z, D [d]. */
static meka_status observe(const opt_step *step, double *z, double *D, meka_error *err)
{
    size_t d = step->n_params;
    draw(step, z);
    ad_moments moments = {.grad_mean = step->gradient, .hvp_mean = D};
    meka_status status = opt_view_moments(step->batch, step->theta, z, &moments, err);
    if (status != MEKA_OK)
        return status;
    for (size_t j = 0; j < d; j++)
        D[j] *= z[j];
    step->row->loss = moments.loss_mean;
    step->row->grad_norm = opt_norm(d, step->gradient);
    return MEKA_OK;
}

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const adahessian_params *p = params;
    size_t d = step->n_params;
    double *updates = state, *m = state + 1, *square = m + d; /* updates: diagonals so far */
    double *z = scratch, *D = z + d, *mean = step->room;      /* [d] each */
    const double *g = step->gradient;
    bool update = step->t % p->interval == 0;
    meka_status status = update ? observe(step, z, D, err) : opt_step_gradient(step, err);
    if (status != MEKA_OK)
        return status;
    if (update) {
        average_blocks(d, p->block_size, D); /* "spatial averaging" */
        for (size_t j = 0; j < d; j++)
            square[j] = p->beta2 * square[j] + (1.0 - p->beta2) * D[j] * D[j];
        *updates += 1.0;
    }
    double alpha = p->alpha * step->factor;
    double correction1 = 1.0 - pow(p->beta1, (double)step->t + 1.0);
    double correction2 = 1.0 - pow(p->beta2, *updates);
    for (size_t j = 0; j < d; j++) {
        m[j] = p->beta1 * m[j] + (1.0 - p->beta1) * g[j];
        mean[j] = m[j] / correction1;
        double v = pow(sqrt(square[j] / correction2), p->power);
        step->theta[j] -=
            alpha * (mean[j] / (v + p->epsilon) + p->weight_decay * step->theta[j]);
    }
    opt_step_estimate(step, mean);
    step->row->alpha = alpha;
    return MEKA_OK;
}

const opt_method opt_method_adahessian = {
    .name = "adahessian",
    .summary = "Adam's moments with Hutchinson's estimate of the Hessian's diagonal",
    .reference =
        "Yao, Gholami, Shen, Mustafa, Keutzer, Mahoney, AdaHessian: an adaptive second "
        "order optimizer for machine learning (2020), arXiv:2006.00719",
    .deviations =
        "epsilon and decoupled weight decay are those of the authors' code; block averages "
        "keep the signs of the diagonal, as in the paper, where the code takes absolute "
        "values; with interval > 1 the squared diagonal's average and its correction count "
        "only the iterations that compute a diagonal",
    .options = OPT_TABLE(options, adahessian_params),
    .min_batch = 1,
    .n_scalars = 1,
    .n_vectors = 2,
    .n_work = 2,
    .step = take_step,
};
