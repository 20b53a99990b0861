/* Derivatives along a line: means and covariances of the loss's Taylor coefficients. */
#include "ad/batch.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const double factorial[4] = {1.0, 1.0, 2.0, 6.0};

void ad_line_sums_add(ad_line_sums *s, int order, const double *x)
{
    if (s->n++ == 0) {
        memset(s->x1, 0, sizeof s->x1);
        memset(s->xx, 0, sizeof s->xx);
        memcpy(s->x0, x, ((size_t)order + 1) * sizeof *x);
        for (int k = 0; k <= order; k++) { /* an infinite first sample must show */
            s->x1[k] = x[k] - x[k];
            s->xx[k][k] = s->x1[k] * s->x1[k];
        }
        return;
    }
    for (int k = 0; k <= order; k++) {
        double deviation = x[k] - s->x0[k];
        s->x1[k] += deviation;
        for (int j = 0; j <= k; j++)
            s->xx[k][j] += deviation * (x[j] - s->x0[j]);
    }
}

void ad_line_sums_merge(ad_line_sums *a, int order, const ad_line_sums *b)
{
    if (a->n == 0 || b->n == 0) {
        *a = a->n == 0 ? *b : *a;
        return;
    }
    /* Moves b's sums to a's shift. */
    double shift[4], n = (double)b->n;
    for (int k = 0; k <= order; k++)
        shift[k] = b->x0[k] - a->x0[k];
    for (int k = 0; k <= order; k++) {
        for (int j = 0; j <= k; j++)
            a->xx[k][j] += b->xx[k][j] + shift[k] * b->x1[j] + shift[j] * b->x1[k] +
                           n * shift[k] * shift[j];
        a->x1[k] += b->x1[k] + n * shift[k];
    }
    a->n += b->n;
}

typedef struct line_sink {
    const ad_plan *plan;
    int order;
    ad_line_sums sums;
} line_sink;

static void take_block(void *ctx, ad_worker *worker, const kernel_block *block, size_t first)
{
    const line_sink *sink = ctx;
    (void)first;
    for (size_t l = 0; l < block->n_valid; l++) {
        double x[4];
        for (int k = 0; k <= sink->order; k++)
            x[k] = factorial[k] * block->rows[sink->plan->result[k] * block->stride + l];
        ad_line_sums_add(&worker->line, sink->order, x);
    }
}

static void take_segment(void *ctx, const ad_worker *worker)
{
    line_sink *sink = ctx;
    ad_line_sums_merge(&sink->sums, sink->order, &worker->line);
}

static meka_status sample_by_sample(ad_batch *batch, const ad_request *request, line_sink *sink,
                                    meka_error *err)
{
    const ad_sampler *s = &batch->sampler;
    for (size_t i = 0; i < request->n; i++) {
        const ad_code *code;
        const uint8_t *active;
        meka_status status =
            ad_sampler_run(&batch->sampler, batch->program, request, i, &code, &active, err);
        if (status)
            return status;
        double x[4] = {s->w.value[code->result]};
        for (int k = 1; k <= sink->order; k++)
            x[k] =
                active[code->result]
                    ? factorial[k] * s->jet[code->result * (size_t)sink->order + (size_t)k - 1]
                    : 0.0;
        ad_line_sums_add(&sink->sums, sink->order, x);
    }
    return MEKA_OK;
}

static bool finish(const line_sink *sink, double n, ad_line_moments *out)
{
    const ad_line_sums *s = &sink->sums;
    bool finite = true;
    memset(out->mean, 0, sizeof out->mean);
    memset(out->cov, 0, sizeof out->cov);
    for (int k = 0; k <= sink->order; k++) {
        out->mean[k] = s->x0[k] + s->x1[k] / n;
        finite = finite && isfinite(out->mean[k]);
        for (int j = 0; j <= k; j++) {
            double c = n > 1.0 ? (s->xx[k][j] - s->x1[k] * (s->x1[j] / n)) / (n - 1.0) : 0.0;
            out->cov[k][j] = out->cov[j][k] = j == k && c < 0.0 ? 0.0 : c;
            finite = finite && isfinite(c);
        }
    }
    return finite;
}

meka_status ad_eval_line(ad_batch *batch, const double *theta, const double *v, size_t n,
                         const double *xi, ad_line_moments *out, meka_error *err)
{
    assert(batch && theta && v && out && n >= 1 && out->order >= 0 && out->order <= 3);
    assert(xi || batch->program->objective.n_features == 0);
    plan_mode mode = (plan_mode)(PLAN_LINE + out->order);
    line_sink sink = {.plan = &batch->program->plan[mode], .order = out->order};
    ad_request request = {.theta = theta,
                          .v = v,
                          .n = n,
                          .xi = xi,
                          .mode = mode,
                          .level = KERNEL_NOTHING,
                          .block = take_block,
                          .segment = take_segment,
                          .ctx = &sink,
                          .recall = out->again && batch->kept_n == n &&
                                    batch->kept_theta == theta && batch->kept_xi == xi};
    const ad_factored *f = &batch->factored;
    request.recall_along = batch->n_deferred > 0 && f->stat && f->combined && f->v == v;
    if (!out->again)
        batch->n_deferred = 0;
    meka_status status = batch->program->replay ? ad_batch_run(batch, &request, err)
                                                : sample_by_sample(batch, &request, &sink, err);
    if (status || finish(&sink, (double)n, out))
        return status;
    status = ad_batch_locate(batch, &request, err);
    return status ? status
                  : meka_fail(err, MEKA_NONFINITE,
                              "a variance along the line is beyond the range of a double");
}
