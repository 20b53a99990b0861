/* One iteration of MEKA: observe, filter, direction, calibration, step size, move. */
#include "optim/meka.h"

#include "optim/methods.h"
#include "optim/step_choice.h"

#include <math.h>

/* w->sigma: the constant, or the moving average of what was observed. */
static void smooth_sigma(const meka_params *p, size_t d, meka_memory *w)
{
    opt_covariance form = (opt_covariance)p->covariance;
    if (p->noise == MEKA_NOISE_CONSTANT) {
        opt_covariance_set(form, d, w->sigma, p->sigma);
        return;
    }
    size_t size = opt_covariance_size(form, d);
    opt_ema ema = {0};
    for (size_t i = 0; i < size; i++) {
        ema = (opt_ema){w->head->sigma_weight, w->sigma_sum[i]};
        w->sigma[i] = opt_ema_add(&ema, p->ema, w->observed[i]);
        w->sigma_sum[i] = ema.sum;
    }
    w->head->sigma_weight = ema.weight;
}

/* v = D m and what is made of it.  MEKA: D = 1.  ADAMEKA: D = 1/(sqrt(m^2 + P) + 1e-8). Returns
 * v.g = -d.g. */
static double set_direction(const meka_params *p, const opt_step *step,
                            const meka_observation *seen, meka_memory *w)
{
    size_t d = step->n_params;
    double vv = 0.0, mv = 0.0, descent = 0.0;
    if (w->deferred) /* m = (1-K)(m + back h) + K g; the rest is there */
        return (1.0 - w->K[0]) * (seen->gm + seen->back * seen->gh) + w->K[0] * seen->gg;
    for (size_t j = 0; j < d; j += MEKA_PIECE) {
        size_t n = d - j < MEKA_PIECE ? d - j : MEKA_PIECE;
        double *v = w->v + j;
        for (size_t k = 0; k < n && w->adam; k++) {
            double variance = opt_covariance_at((opt_covariance)p->covariance, d, w->P, j + k);
            w->weight[j + k] = 1.0 / (hypot(w->m[j + k], sqrt(variance)) + 1e-8);
            v[k] = w->weight[j + k] * w->m[j + k];
        }
        vv += meka_dot(n, v, v);
        mv += meka_dot(n, v, w->m + j);
        descent += meka_dot(n, v, step->gradient + j);
    }
    w->head->vv = vv;
    w->head->mv = mv;
    return descent;
}

/* c, an unbiased observation of m.D grad f (optim/calibration.h), from descent = -d.g.  The
 * full form leaves out what cov(b, g) has off its diagonal: the engine does not compute it. */
static double observed_slope(const meka_params *p, size_t d, const meka_observation *seen,
                             const meka_memory *w, double descent)
{
    opt_covariance form = (opt_covariance)p->covariance;
    double correction = 0.0;
    if (w->deferred)
        return descent - (1.0 - w->K[0]) * seen->cross - w->K[0] * seen->var;
    for (size_t j = 0; j < d; j++) {
        double gain = opt_covariance_at(form, d, w->K, j);
        double noise = gain * w->var[j];
        if (form == OPT_COVARIANCE_FULL)
            noise = meka_dot(d, w->K + j * d, w->observed + j * d);
        correction += (w->adam ? w->weight[j] : 1.0) * ((1.0 - gain) * w->cross[j] + noise);
    }
    return descent - correction;
}

/* A'/A by what this batch says; logged in any case, being a diagnosis of the filter too.
 * Per unit length: the noise of d.g/|d| does not depend on how long d is, so that steep times
 * long past do not drown what is seen now. */
static double calibrate(const meka_params *p, const opt_step *step,
                        const meka_observation *seen, double descent, meka_memory *w)
{
    double length = sqrt(w->head->vv);
    if (step->batch->n < 2 || !(length > 0.0))
        return 1.0; /* no variances, or no claim */
    double observed = observed_slope(p, step->n_params, seen, w, descent) / length;
    double factor = opt_calibration_add(&w->head->calibration, p->calibration_ema,
                                        p->calibration_z, observed, w->head->mv / length);
    step->row->calibration = factor;
    return factor;
}

/* To *q, d'Q d by the paper's scalar approximation. */
static meka_status measure_scalar(const opt_step *step, const meka_memory *w, double *q,
                                  meka_error *err)
{
    ad_moments moments = {.traces = true};
    meka_status status = MEKA_OK;
    if (*step->deferred) /* the batch holds it no longer than until it evaluates this */
        status = ad_combine_means(step->batch->batch, 1.0, 0.0, 0.0, step->gradient, NULL, err);
    *step->deferred = false;
    if (status == MEKA_OK)
        status = opt_view_moments(step->batch, step->theta, w->v, &moments, err);
    double mean = moments.hvp_var_trace / (double)step->n_params;
    *q = mean / (double)step->batch->n * w->head->vv;
    return status;
}

/* B, C, q of the line model; MEKA_NONFINITE as the evaluations. */
static meka_status measure_line(const meka_params *p, const opt_step *step,
                                const meka_memory *w, opt_line_model *model, meka_error *err)
{
    /* meka_observe() was the last to evaluate the batch, and theta has not moved since.  Along
     * v instead of -v only odd derivatives change their sign. */
    ad_line_moments line = {.order = p->third_order ? 3 : 2, .again = true};
    meka_status status = opt_view_line(step->batch, step->theta, w->v, &line, err);
    if (status != MEKA_OK)
        return status;
    model->B = line.mean[2];
    model->C = p->third_order ? fabs(line.mean[3]) : 0.0;
    model->q = line.cov[2][2] / (double)step->batch->n;
    if (p->variance == MEKA_VARIANCE_SCALAR)
        status = measure_scalar(step, w, &model->q, err);
    step->row->curvature = model->B;
    step->row->direction_q = model->q;
    if (p->third_order)
        step->row->third = model->C;
    return status;
}

/* To head->alpha; descent is v.g. */
static meka_status choose_step(const meka_params *p, const opt_step *step,
                               const meka_observation *seen, double descent, meka_memory *w,
                               meka_error *err)
{
    meka_head *head = w->head;
    meka_line line = {
        .measured = {.A = head->mv,
                     .p = meka_along(p, step->n_params, w->P, w),
                     .s = head->value.s},
        .length = head->vv,
        .schedule = step->factor,
        .t = step->t,
    };
    meka_choice choice;
    step->row->slope = line.measured.A;
    step->row->direction_p = line.measured.p;
    step->row->direction_norm = sqrt(line.length);
    line.calibration = calibrate(p, step, seen, descent, w);
    if (p->rule != MEKA_RULE_FIXED) {
        meka_status status = measure_line(p, step, w, &line.measured, err);
        if (status != MEKA_OK)
            return status;
    }
    meka_choose_step(p, &line, &head->choice, &choice);
    head->alpha = choice.alpha;
    return MEKA_OK;
}

static void fill_row(const meka_params *p, const opt_step *step, const meka_observation *seen,
                     const meka_memory *w)
{
    opt_covariance form = (opt_covariance)p->covariance;
    size_t d = step->n_params;
    opt_row *row = step->row;
    row->loss = seen->y;
    row->loss_filtered = w->head->value.u;
    row->loss_sd = sqrt(w->head->value.s);
    row->grad_norm = seen->grad_norm;
    row->p = opt_covariance_mean(form, d, w->P);
    row->sigma = opt_covariance_mean(form, d, w->sigma);
    row->q = opt_covariance_mean(form, d, w->q);
    row->gain = opt_covariance_mean(form, d, w->K);
    row->alpha = w->head->alpha;
}

/* theta + alpha d; what the run is told. */
static void move(const opt_step *step, const meka_memory *w)
{
    size_t d = step->n_params;
    double alpha = w->head->alpha, *restrict theta = step->theta;
    const double *restrict v = w->v;
    for (size_t j = 0; j < d; j++)
        theta[j] -= alpha * v[j];
    double norm = w->adam ? opt_norm(d, w->m) : opt_norm_from(w->head->vv, d, w->m);
    opt_step_estimate_of_norm(step, w->m, norm);
}

meka_status meka_step(const meka_params *p, bool adam, double *state, double *scratch,
                      const opt_step *step, meka_error *err)
{
    opt_covariance form = (opt_covariance)p->covariance;
    size_t d = step->n_params;
    meka_observation seen;
    meka_memory w;
    meka_layout(p, adam, d, state, scratch, &w);
    meka_status status = meka_observe(p, step, &w, &seen, err);
    if (status != MEKA_OK)
        return status;
    smooth_sigma(p, d, &w);
    double total = opt_covariance_mean(form, d, w.P) + opt_covariance_mean(form, d, w.q) +
                   opt_covariance_mean(form, d, w.sigma);
    if (!isfinite(total))
        return meka_fail(err, MEKA_NONFINITE,
                         "method %s: the variance of the gradient overflows at step %llu",
                         adam ? "adameka" : "meka", (unsigned long long)step->t);
    status = meka_filter(p, step, &seen, &w, err);
    if (status != MEKA_OK)
        return status;
    double descent = set_direction(p, step, &seen, &w);
    status = choose_step(p, step, &seen, descent, &w, err);
    if (status != MEKA_OK)
        return status;
    fill_row(p, step, &seen, &w);
    move(step, &w);
    return MEKA_OK;
}
