/* Means that stay with the batch: their inner products, and combinations of them. */
#include "ad/batch.h"

#include "base/sum.h"

#include <assert.h>
#include <math.h>

enum { PIECE = 1024 }; /* elements that stay in the nearest cache between two loops */

static size_t piece_from(size_t j, size_t d)
{
    return d - j < PIECE ? d - j : PIECE;
}

/* Parameters from..to - 1 of g, h, v [d]; h and v NULL: not there. */
static void multiply(size_t from, size_t to, const double *g, const double *h, const double *v,
                     ad_moments *out)
{
    for (size_t j = from; j < to; j += PIECE) {
        size_t n = piece_from(j, to);
        out->gg += meka_dot(n, g + j, g + j);
        if (!h)
            continue;
        out->gh += meka_dot(n, g + j, h + j);
        out->hh += meka_dot(n, h + j, h + j);
        out->gv += meka_dot(n, g + j, v + j);
        out->hv += meka_dot(n, h + j, v + j);
    }
}

/* Parameters whose means are not there. */
typedef struct range {
    size_t from, to;
} range;

static range absent_from(const ad_batch *batch)
{
    const plan_stat *s = batch->factored.stat;
    return s ? (range){s->param, s->param + s->n} : (range){0, 0};
}

meka_status ad_eval_moments(ad_batch *batch, const double *theta, const double *v, size_t n,
                            const double *xi, ad_moments *out, meka_error *err)
{
    assert(batch && theta && out && n >= 1);
    assert(xi || batch->program->objective.n_features == 0);
    batch->n_deferred = 0;
    batch->factored.stat = NULL;
    if (!out->defer)
        return ad_batch_moments(batch, theta, v, n, xi, out, err);
    assert(batch->defers && !out->grad_mean && !out->hvp_mean);
    size_t d = batch->program->objective.n_params;
    double *g = batch->deferred, *h = v ? g + d : NULL;
    out->grad_mean = g;
    out->hvp_mean = h;
    meka_status status = ad_batch_moments(batch, theta, v, n, xi, out, err);
    out->grad_mean = out->hvp_mean = NULL;
    if (status != MEKA_OK && status != MEKA_NONFINITE)
        return status;
    range absent = absent_from(batch);
    out->gg = out->gh = out->hh = out->gv = out->hv = 0.0;
    multiply(0, absent.from, g, h, v, out);
    multiply(absent.to, d, g, h, v, out);
    if (batch->factored.stat)
        ad_factored_multiply(batch, out);
    batch->n_deferred = h ? 2 : 1;
    return status;
}

/* Of n elements; g, h, out [n]. */
static void combine(size_t n, double a, const double *restrict g, double b,
                    const double *restrict h, double c, double *restrict out)
{
    for (size_t k = 0; k < n && c == 0.0; k++)
        out[k] = a * g[k];
    for (size_t k = 0; k < n && c != 0.0; k++)
        out[k] = a * g[k] + c * out[k];
    for (size_t k = 0; k < n && b != 0.0; k++)
        out[k] += b * h[k];
}

/* Parameters from..to - 1 of out; returns their sum of squares. */
static double combine_range(const ad_batch *batch, size_t from, size_t to, double a, double b,
                            double c, double *out)
{
    size_t d = batch->program->objective.n_params;
    double sum = 0.0;
    for (size_t j = from; j < to; j += PIECE) {
        size_t n = piece_from(j, to);
        combine(n, a, batch->deferred + j, b, batch->deferred + d + j, c, out + j);
        sum += meka_dot(n, out + j, out + j);
    }
    return sum;
}

meka_status ad_combine_means(ad_batch *batch, double a, double b, double c, double *out,
                             double *square, meka_error *err)
{
    assert(batch && out && batch->n_deferred > 0 && (b == 0.0 || batch->n_deferred == 2));
    size_t d = batch->program->objective.n_params;
    double rest[MEKA_CHAINS] = {0}; /* NaN once a value was not finite */
    range absent = absent_from(batch);
    double sum = batch->factored.stat ? ad_factored_combine(batch, a, b, c, out) : 0.0;
    sum += combine_range(batch, 0, absent.from, a, b, c, out);
    sum += combine_range(batch, absent.to, d, a, b, c, out);
    for (size_t j = 0; j < d && !isfinite(sum); j++)
        rest[j % MEKA_CHAINS] += out[j] - out[j];
    if (square)
        *square = sum;
    return meka_join(rest) == 0.0
               ? MEKA_OK
               : meka_fail(err, MEKA_NONFINITE,
                           "a combination of mean derivatives over the batch is "
                           "beyond the range of a double");
}
