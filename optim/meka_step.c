/* One iteration of MEKA: observe, filter, direction, calibration, step size, move. */
#include "optim/meka.h"

#include "optim/methods.h"
#include "optim/step_choice.h"

#include <math.h>
#include <string.h>

/* Elements of several vectors that stay in the nearest cache, where two sums share them. */
enum { PIECE = 1024 };

/* What one batch says. */
typedef struct observation {
    double y, r;       /* mean loss, its variance */
    double var, cross; /* traces of the variance of g and of cov(b, g) */
    bool moved;        /* delta is not zero */
    bool weighted;     /* var and cross are also known by dimension */
    bool adam;         /* of ADAMEKA: weights are not 1 */
} observation;

static void scale(size_t n, double *x, double factor)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}

static bool is_zero(size_t d, const double *x)
{
    for (size_t j = 0; j < d; j++)
        if (x[j] != 0.0)
            return false;
    return true;
}

/* Fills w->g, b, observed, q, var, cross: everything of the batch mean, so that variances of
 * one sample are divided by n. */
static meka_status observe(const meka_params *p, bool adam, const opt_step *step,
                           meka_memory *w, observation *out, meka_error *err)
{
    opt_covariance form = (opt_covariance)p->covariance;
    size_t d = step->n_params, size = opt_covariance_size(form, d);
    double n = (double)step->batch->n;
    bool scalar = form == OPT_COVARIANCE_SCALAR;
    out->moved = !is_zero(d, w->delta);
    out->weighted = adam || !scalar;
    out->adam = adam;

    ad_moments moments = {.grad_mean = w->g, .traces = true, .keep = true};
    if (out->weighted) {
        moments.grad_var = w->var;
        moments.cross_cov = out->moved ? w->cross : NULL;
    }
    if (form == OPT_COVARIANCE_FULL)
        moments.grad_cov = w->observed;
    if (!out->moved)
        memset(w->b, 0, d * sizeof *w->b);
    memset(w->q, 0, size * sizeof *w->q);
    if (out->weighted)
        memset(w->cross, 0, d * sizeof *w->cross);
    if (out->moved) {
        moments.hvp_mean = w->b;
        moments.hvp_var = form == OPT_COVARIANCE_DIAG ? w->q : NULL;
        moments.hvp_cov = form == OPT_COVARIANCE_FULL ? w->q : NULL;
    }
    meka_status status =
        opt_view_moments(step->batch, step->theta, out->moved ? w->delta : NULL, &moments, err);
    if (status != MEKA_OK)
        return status;

    out->y = moments.loss_mean;
    out->r = moments.loss_var / n;
    out->var = moments.grad_var_trace / n;
    out->cross = out->moved ? moments.cross_cov_trace / n : 0.0;
    if (scalar) {
        w->observed[0] = moments.grad_var_trace / (double)d;
        w->q[0] = out->moved ? moments.hvp_var_trace / (double)d : 0.0;
    } else if (form == OPT_COVARIANCE_DIAG) {
        memcpy(w->observed, w->var, d * sizeof *w->var);
    }
    scale(size, w->observed, 1.0 / n);
    scale(size, w->q, 1.0 / n);
    if (out->weighted) {
        scale(d, w->var, 1.0 / n);
        scale(d, w->cross, 1.0 / n);
    }
    return MEKA_OK;
}

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

/* The dynamics (eq. 4) take the Hessian to be constant between two iterates, and no sample
 * shows what that leaves out.  The innovation e = g - m- does: under the model E|e|^2 =
 * tr(P- + Sigma).  Where |e| exceeds `gate` times that scale the prediction was wrong, and
 * P- grows by the isotropic process noise of maximum likelihood, (|e|^2 - tr(P- + Sigma))/d.
 * Without a gate this would react to every noisy batch and undo the averaging; at 5 noise
 * with a single effective dimension, the worst case, passes once in 1.7 million steps.  A
 * constant Sigma (eq. 15) fixes the gains whatever its value, so there is no scale to compare
 * with. */
static void widen(const meka_params *p, size_t d, double innovation, meka_memory *w)
{
    opt_covariance form = (opt_covariance)p->covariance;
    size_t size = opt_covariance_size(form, d);
    if (p->gate == 0.0 || p->noise == MEKA_NOISE_CONSTANT)
        return;
    double surprise = innovation / sqrt((double)d);
    surprise *= surprise;
    double expected =
        opt_covariance_mean(form, d, w->P) + opt_covariance_mean(form, d, w->sigma);
    if (!(surprise > p->gate * p->gate * expected))
        return;
    for (size_t i = 0; i < size; i += form == OPT_COVARIANCE_FULL ? d + 1 : 1)
        w->P[i] += surprise - expected;
}

/* v'cov v, where |v|^2 is known. */
static double along(opt_covariance form, size_t d, const double *cov, const double *v,
                    double square)
{
    return form == OPT_COVARIANCE_SCALAR ? cov[0] * square
                                         : opt_covariance_along(form, d, cov, v);
}

/* Of n <= PIECE elements from j on: what they add to the change m.delta + delta.b / 2 and to
 * |delta|^2; then m- = m + b, and the innovation |g - m-| with them. */
static void predict(meka_memory *w, size_t j, size_t n, double *change, double *square,
                    double *innovation)
{
    double *m = w->m + j, difference[PIECE];
    const double *b = w->b + j, *g = w->g + j, *delta = w->delta + j;
    *change += opt_dot(n, m, delta) + 0.5 * opt_dot(n, delta, b);
    *square += opt_dot(n, delta, delta);
    for (size_t k = 0; k < n; k++) {
        m[k] += b[k];
        difference[k] = g[k] - m[k];
    }
    *innovation = hypot(*innovation, opt_norm(n, difference));
}

/* Both filters, in the order in which they need each other: the function value's change is
 * predicted from the last gradient belief. */
static void filter(const meka_params *p, size_t d, bool first, const observation *seen,
                   meka_memory *w, opt_row *row)
{
    opt_covariance form = (opt_covariance)p->covariance;
    opt_filter belief = {form, d, w->m, w->P, w->K, w->work};
    meka_head *head = w->head;
    double r = opt_ema_add(&head->r, p->loss_ema, seen->r);
    if (first && p->start == MEKA_START_OBSERVATION) {
        opt_filter_start(&belief, w->g, w->sigma);
        head->value = (opt_value_filter){seen->y, r};
        return;
    }
    if (first) { /* m = 0: the state begins with zeros */
        opt_covariance_set(form, d, w->P, MEKA_PRIOR_VARIANCE);
        head->value = (opt_value_filter){0.0, MEKA_PRIOR_VARIANCE};
    }
    double change = 0.0, square = 0.0;
    row->innovation = 0.0;
    for (size_t j = 0; j < d; j += PIECE)
        predict(w, j, d - j < PIECE ? d - j : PIECE, &change, &square, &row->innovation);
    double extra =
        along(form, d, w->P, w->delta, square) + 0.25 * along(form, d, w->q, w->delta, square);
    row->loss_predicted = head->value.u + change;
    opt_value_filter_update(&head->value, change, extra, seen->y, r);
    if (!p->value_filter)
        head->value = (opt_value_filter){seen->y, r};
    opt_filter_predict(&belief, NULL, w->q); /* m has moved already */
    widen(p, d, row->innovation, w);
    opt_filter_observe(&belief, w->g, w->sigma);
}

/* |d|^2 and -d.g. */
typedef struct direction_sums {
    double square, descent;
} direction_sums;

/* d = -D m.  MEKA: D = 1.  ADAMEKA: D = 1/(sqrt(m^2 + P) + 1e-8); the paper's eq. 9 prints m
 * where the units demand m^2. */
static void set_direction(const meka_params *p, bool adam, size_t d, meka_memory *w,
                          direction_sums *out)
{
    *out = (direction_sums){0.0, 0.0};
    for (size_t j = 0; j < d; j += PIECE) {
        size_t n = d - j < PIECE ? d - j : PIECE;
        double *direction = w->direction + j;
        for (size_t k = 0; k < n && !adam; k++)
            direction[k] = -w->m[j + k];
        for (size_t k = 0; k < n && adam; k++) {
            double variance = opt_covariance_at((opt_covariance)p->covariance, d, w->P, j + k);
            double weight = 1.0 / (hypot(w->m[j + k], sqrt(variance)) + 1e-8);
            w->weight[j + k] = weight;
            direction[k] = -weight * w->m[j + k];
        }
        out->square += opt_dot(n, direction, direction);
        out->descent -= opt_dot(n, direction, w->g + j);
    }
}

/* c, an unbiased observation of m.D grad f (optim/calibration.h), from descent = -d.g.  The
 * full form leaves out what cov(b, g) has off its diagonal: the engine does not compute it. */
static double observed_slope(const meka_params *p, size_t d, const observation *seen,
                             const meka_memory *w, double descent)
{
    opt_covariance form = (opt_covariance)p->covariance;
    double correction = 0.0;
    if (!seen->weighted)
        return descent - (1.0 - w->K[0]) * seen->cross - w->K[0] * seen->var;
    for (size_t j = 0; j < d; j++) {
        double gain = opt_covariance_at(form, d, w->K, j);
        double noise = gain * w->var[j];
        if (form == OPT_COVARIANCE_FULL)
            noise = opt_dot(d, w->K + j * d, w->observed + j * d);
        correction += (seen->adam ? w->weight[j] : 1.0) * ((1.0 - gain) * w->cross[j] + noise);
    }
    return descent - correction;
}

/* A'/A by what this batch says; logged in any case, being a diagnosis of the filter too.
 * Per unit length: the noise of d.g/|d| does not depend on how long d is, so that steep times
 * long past do not drown what is seen now. */
static double calibrate(const meka_params *p, const opt_step *step, const observation *seen,
                        const direction_sums *sums, meka_memory *w, double slope)
{
    double length = sqrt(sums->square);
    if (step->batch->n < 2 || !(length > 0.0))
        return 1.0; /* no variances, or no claim */
    double observed = observed_slope(p, step->n_params, seen, w, sums->descent) / length;
    double factor = opt_calibration_add(&w->head->calibration, p->calibration_ema,
                                        p->calibration_z, observed, slope / length);
    step->row->calibration = factor;
    return factor;
}

/* B, C, q of the line model; MEKA_NONFINITE as the evaluations. */
static meka_status measure_line(const meka_params *p, const opt_step *step, meka_memory *w,
                                opt_line_model *model, meka_error *err)
{
    size_t d = step->n_params;
    double n = (double)step->batch->n;
    /* observe() was the last to evaluate the batch, and theta has not moved since. */
    ad_line_moments line = {.order = p->third_order ? 3 : 2, .again = true};
    meka_status status = opt_view_line(step->batch, step->theta, w->direction, &line, err);
    if (status != MEKA_OK)
        return status;
    model->B = line.mean[2];
    model->C = p->third_order ? fabs(line.mean[3]) : 0.0;
    model->q = line.cov[2][2] / n;
    if (p->variance == MEKA_VARIANCE_SCALAR) {
        ad_moments moments = {.hvp_var = w->var};
        status = opt_view_moments(step->batch, step->theta, w->direction, &moments, err);
        if (status != MEKA_OK)
            return status;
        double mean = 0.0;
        for (size_t j = 0; j < d; j++)
            mean += w->var[j] / (double)d;
        model->q = mean / n * opt_dot(d, w->direction, w->direction);
    }
    step->row->curvature = model->B;
    step->row->direction_q = model->q;
    if (p->third_order)
        step->row->third = model->C;
    return MEKA_OK;
}

static meka_status choose_step(const meka_params *p, const opt_step *step,
                               const observation *seen, const direction_sums *sums,
                               meka_memory *w, double *alpha, meka_error *err)
{
    opt_covariance form = (opt_covariance)p->covariance;
    size_t d = step->n_params;
    double square = sums->square;
    meka_line line = {
        .measured = {.A = seen->adam ? -opt_dot(d, w->direction, w->m) : square,
                     .p = along(form, d, w->P, w->direction, square),
                     .s = w->head->value.s},
        .length = square,
        .schedule = step->factor,
        .t = step->t,
    };
    meka_choice choice;
    step->row->slope = line.measured.A;
    step->row->direction_p = line.measured.p;
    step->row->direction_norm = sqrt(line.length);
    line.calibration = calibrate(p, step, seen, sums, w, line.measured.A);
    if (p->rule != MEKA_RULE_FIXED) {
        meka_status status = measure_line(p, step, w, &line.measured, err);
        if (status != MEKA_OK)
            return status;
    }
    meka_choose_step(p, &line, &w->head->choice, &choice);
    *alpha = choice.alpha;
    return MEKA_OK;
}

static void fill_row(const meka_params *p, const opt_step *step, const observation *seen,
                     const meka_memory *w, double alpha)
{
    opt_covariance form = (opt_covariance)p->covariance;
    size_t d = step->n_params;
    opt_row *row = step->row;
    row->loss = seen->y;
    row->loss_filtered = w->head->value.u;
    row->loss_sd = sqrt(w->head->value.s);
    row->grad_norm = opt_norm(d, w->g);
    row->p = opt_covariance_mean(form, d, w->P);
    row->sigma = opt_covariance_mean(form, d, w->sigma);
    row->q = opt_covariance_mean(form, d, w->q);
    row->gain = opt_covariance_mean(form, d, w->K);
    row->alpha = alpha;
}

/* theta + alpha d, and delta = the move as rounded; what the run is told. */
static void move(const opt_step *step, meka_memory *w, double alpha)
{
    double *restrict theta = step->theta, *restrict delta = w->delta;
    const double *restrict direction = w->direction;
    for (size_t j = 0; j < step->n_params; j++) {
        double before = theta[j];
        theta[j] = before + alpha * direction[j];
        delta[j] = theta[j] - before;
    }
    opt_step_estimate(step, w->m);
}

meka_status meka_step(const meka_params *p, bool adam, double *state, double *scratch,
                      const opt_step *step, meka_error *err)
{
    opt_covariance form = (opt_covariance)p->covariance;
    size_t d = step->n_params;
    observation seen;
    meka_memory w;
    meka_layout(p, d, state, scratch, &w);
    w.g = step->gradient;
    meka_status status = observe(p, adam, step, &w, &seen, err);
    if (status != MEKA_OK)
        return status;
    smooth_sigma(p, d, &w);
    double total = opt_covariance_mean(form, d, w.P) + opt_covariance_mean(form, d, w.q) +
                   opt_covariance_mean(form, d, w.sigma);
    if (!isfinite(total))
        return meka_fail(err, MEKA_NONFINITE,
                         "method %s: the variance of the gradient overflows at step %llu",
                         adam ? "adameka" : "meka", (unsigned long long)step->t);
    filter(p, d, step->t == 0, &seen, &w, step->row);
    direction_sums sums;
    set_direction(p, adam, d, &w, &sums);
    double alpha = 0.0;
    status = choose_step(p, step, &seen, &sums, &w, &alpha, err);
    if (status != MEKA_OK)
        return status;
    fill_row(p, step, &seen, &w, alpha);
    move(step, &w, alpha);
    return MEKA_OK;
}
