/* MEKA's beliefs about the gradient and the function value, before and after a batch. */
#include "optim/meka.h"

#include "optim/methods.h"

#include <math.h>
#include <string.h>

/* What the last belief leads to expect, and how far the batch is from it. */
typedef struct prediction {
    double change;     /* of the function value: m.delta + delta.b / 2 */
    double innovation; /* |g - m-|, m- = m + b */
} prediction;

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

double meka_along(const meka_params *p, size_t d, const double *cov, const meka_memory *w)
{
    opt_covariance form = (opt_covariance)p->covariance;
    return form == OPT_COVARIANCE_SCALAR ? cov[0] * w->head->vv
                                         : opt_covariance_along(form, d, cov, w->v);
}

/* |g - m - back h| of deferred means.  From inner products as long as they lose no more than
 * ten bits to each other, which leaves the result some 12 digits; a batch that is predicted
 * better than to one part in 30 is asked for the vector. */
static meka_status measure_innovation(const opt_step *step, const meka_observation *seen,
                                      const meka_memory *w, double *out, meka_error *err)
{
    const double least = 0x1p-10;
    double back = seen->back;
    double size = seen->gg + w->head->vv + back * (back * seen->hh);
    double square = size - 2.0 * (seen->gm + back * (seen->gh - seen->hv));
    *out = sqrt(square);
    if (opt_square_tells(size) && square >= least * size)
        return MEKA_OK;
    memcpy(w->h, w->m, step->n_params * sizeof *w->m);
    meka_status status =
        ad_combine_means(step->batch->batch, 1.0, -back, -1.0, w->h, NULL, err);
    *out = status == MEKA_OK ? opt_norm(step->n_params, w->h) : NAN;
    return status;
}

/* Of n <= MEKA_PIECE elements from j on: h.v; then m- = m + back h, and the innovation. */
static void predict_piece(const opt_step *step, const meka_memory *w, double back, size_t j,
                          size_t n, double *hv, double *innovation)
{
    double *m = w->m + j, difference[MEKA_PIECE];
    const double *h = w->h + j, *g = step->gradient + j;
    if (back != 0.0)
        *hv += meka_dot(n, h, w->v + j);
    for (size_t k = 0; k < n && back != 0.0; k++)
        m[k] += back * h[k];
    for (size_t k = 0; k < n; k++)
        difference[k] = g[k] - m[k];
    *innovation = hypot(*innovation, opt_norm(n, difference));
}

/* Turns w->m into m- unless the means are deferred. */
static meka_status predict(const opt_step *step, const meka_observation *seen, meka_memory *w,
                           prediction *out, meka_error *err)
{
    size_t d = step->n_params;
    double back = seen->back, hv = seen->hv;
    meka_status status = MEKA_OK;
    *out = (prediction){0.0, 0.0};
    if (w->deferred)
        status = measure_innovation(step, seen, w, &out->innovation, err);
    for (size_t j = 0; j < d && !w->deferred; j += MEKA_PIECE) {
        size_t n = d - j < MEKA_PIECE ? d - j : MEKA_PIECE;
        predict_piece(step, w, back, j, n, &hv, &out->innovation);
    }
    if (back != 0.0)
        out->change = back * w->head->mv + 0.5 * back * (back * hv);
    return status;
}

/* m = (1-K) m- + K g of deferred means, and its square. */
static meka_status combine(const opt_step *step, const meka_observation *seen, meka_memory *w,
                           meka_error *err)
{
    double gain = w->K[0], rest = 1.0 - gain, square = 0.0;
    meka_status status =
        ad_combine_means(step->batch->batch, gain, rest * seen->back, rest, w->m, &square, err);
    w->head->vv = w->head->mv = square;
    return status;
}

/* Both filters, in the order in which they need each other: the function value's change is
 * predicted from the last gradient belief. */
static meka_status update(const meka_params *p, const opt_step *step,
                          const meka_observation *seen, meka_memory *w, double r,
                          meka_error *err)
{
    opt_covariance form = (opt_covariance)p->covariance;
    size_t d = step->n_params;
    opt_filter belief = {form, d, w->m, w->P, w->K, w->work};
    meka_head *head = w->head;
    double back = seen->back, extra = 0.0; /* delta'P delta + delta'Q delta / 4 */
    prediction next;
    if (back != 0.0)
        extra = back * (back * (meka_along(p, d, w->P, w) + 0.25 * meka_along(p, d, w->q, w)));
    meka_status status = predict(step, seen, w, &next, err); /* moves m, which may be v */
    if (status != MEKA_OK)
        return status;
    step->row->innovation = next.innovation;
    step->row->loss_predicted = head->value.u + next.change;
    opt_value_filter_update(&head->value, next.change, extra, seen->y, r);
    if (!p->value_filter)
        head->value = (opt_value_filter){seen->y, r};
    opt_filter_predict(&belief, NULL, w->q); /* m has moved already, or will with g */
    widen(p, d, next.innovation, w);
    opt_filter_observe(&belief, w->deferred ? NULL : step->gradient, w->sigma);
    return MEKA_OK;
}

meka_status meka_filter(const meka_params *p, const opt_step *step,
                        const meka_observation *seen, meka_memory *w, meka_error *err)
{
    opt_covariance form = (opt_covariance)p->covariance;
    opt_filter belief = {form, step->n_params, w->m, w->P, w->K, w->work};
    meka_head *head = w->head;
    bool first = step->t == 0;
    double r = opt_ema_add(&head->r, p->loss_ema, seen->r);
    meka_status status = MEKA_OK;
    if (first && p->start == MEKA_START_PRIOR) { /* m = 0: the state begins with zeros */
        opt_covariance_set(form, step->n_params, w->P, MEKA_PRIOR_VARIANCE);
        head->value = (opt_value_filter){0.0, MEKA_PRIOR_VARIANCE};
    }
    if (first && p->start == MEKA_START_OBSERVATION) {
        opt_filter_start(&belief, w->deferred ? NULL : step->gradient, w->sigma);
        head->value = (opt_value_filter){seen->y, r};
    } else {
        status = update(p, step, seen, w, r, err);
    }
    return status == MEKA_OK && w->deferred ? combine(step, seen, w, err) : status;
}
