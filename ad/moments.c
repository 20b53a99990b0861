/* Means and variances over a batch, from shifted sums. */
#include "ad/batch.h"

#include <assert.h>
#include <math.h>
#include <string.h>

typedef struct moments_sink {
    ad_sums *sums;
    ad_moments *out;
    bool gradient, product; /* which per-sample vectors are needed */
    bool squares;           /* variances as well as means */
    double loss0, loss1, loss2;
} moments_sink;

/* Adds the block's rows x [d][n_lanes] to shifted sums x1 and, if given, xx. */
static void add_rows(size_t d, const double *rows, const ad_block *block, const double *x0,
                     double *x1, double *xx)
{
    size_t n_lanes = block->w->n_lanes;
    for (size_t j = 0; j < d; j++) {
        double sum = 0.0, squares = 0.0;
        for (size_t l = 0; l < n_lanes; l++) {
            double x = rows[j * n_lanes + l] - x0[j];
            sum += x;
            squares += x * x;
        }
        x1[j] += sum;
        xx[j] += squares;
    }
}

static void add_cross(size_t d, const ad_block *block, ad_sums *s)
{
    size_t n_lanes = block->w->n_lanes;
    for (size_t j = 0; j < d; j++) {
        double sum = 0.0;
        for (size_t l = 0; l < block->w->n_lanes; l++) {
            size_t i = j * n_lanes + l;
            sum += (block->w->adjoint[i] - s->g0[j]) * (block->w->second[i] - s->h0[j]);
        }
        s->gh[j] += sum;
    }
}

/* cov [d][d], lower triangle: sums of products of shifted entries. */
static void add_outer(size_t d, const double *rows, const ad_block *block, const double *x0,
                      double *row, double *cov)
{
    size_t n_lanes = block->w->n_lanes;
    for (size_t l = 0; l < block->w->n_lanes; l++) {
        for (size_t j = 0; j < d; j++)
            row[j] = rows[j * n_lanes + l] - x0[j];
        for (size_t j = 0; j < d; j++)
            for (size_t k = 0; k <= j; k++)
                cov[j * d + k] += row[j] * row[k];
    }
}

static void add_block(void *ctx, const ad_batch *batch, const ad_block *block)
{
    moments_sink *sink = ctx;
    ad_sums *s = sink->sums;
    const ad_workspace *w = block->w;
    size_t d = block->code->n_params;
    const double *loss = w->value + block->code->result * w->n_lanes;
    (void)batch;
    if (block->first == 0) {
        sink->loss0 = loss[0];
        for (size_t j = 0; j < d && sink->gradient; j++) {
            s->g0[j] = w->adjoint[j * w->n_lanes];
            s->h0[j] = sink->product ? w->second[j * w->n_lanes] : 0.0;
        }
    }
    for (size_t l = 0; l < block->w->n_lanes; l++) {
        double x = loss[l] - sink->loss0;
        sink->loss1 += x;
        sink->loss2 += x * x;
    }
    if (sink->gradient)
        add_rows(d, w->adjoint, block, s->g0, s->g1, s->gg);
    if (sink->product) {
        add_rows(d, w->second, block, s->h0, s->h1, s->hh);
        add_cross(d, block, s);
    }
    if (sink->out->grad_cov)
        add_outer(d, w->adjoint, block, s->g0, s->row, sink->out->grad_cov);
    if (sink->out->hvp_cov)
        add_outer(d, w->second, block, s->h0, s->row, sink->out->hvp_cov);
}

/* Unbiased covariance from n shifted sums; never negative for a variance. */
static double covariance(double sum_xy, double sum_x, double sum_y, double n)
{
    return n > 1.0 ? (sum_xy - sum_x * sum_y / n) / (n - 1.0) : 0.0;
}

static double variance(double sum_xx, double sum_x, double n)
{
    double v = covariance(sum_xx, sum_x, sum_x, n);
    return v < 0.0 ? 0.0 : v;
}

static void finish_matrix(size_t d, double *cov, const double *x1, double n)
{
    for (size_t j = 0; j < d; j++) {
        for (size_t k = 0; k <= j; k++) {
            double c = covariance(cov[j * d + k], x1[j], x1[k], n);
            cov[j * d + k] = cov[k * d + j] = j == k && c < 0.0 ? 0.0 : c;
        }
    }
}

/* Writes the gradient pieces (which = 0) or the product's (which = 1); false if any sum is
 * not finite. */
static bool finish_vector(size_t d, const ad_sums *s, int which, double n, double *mean,
                          double *var, double *trace)
{
    const double *x0 = which ? s->h0 : s->g0, *x1 = which ? s->h1 : s->g1;
    const double *xx = which ? s->hh : s->gg;
    double total = 0.0;
    bool finite = true;
    for (size_t j = 0; j < d; j++) {
        double v = variance(xx[j], x1[j], n);
        total += v;
        finite = finite && isfinite(x1[j]) && isfinite(xx[j]);
        if (mean)
            mean[j] = x0[j] + x1[j] / n;
        if (var)
            var[j] = v;
    }
    *trace = total;
    return finite;
}

static bool finish(const moments_sink *sink, size_t d, double n, bool has_product)
{
    ad_moments *out = sink->out;
    const ad_sums *s = sink->sums;
    bool finite = isfinite(sink->loss1) && isfinite(sink->loss2) && isfinite(sink->loss0);
    double trace;
    out->loss_mean = sink->loss0 + sink->loss1 / n;
    out->loss_var = variance(sink->loss2, sink->loss1, n);
    out->grad_var_trace = out->hvp_var_trace = out->cross_cov_trace = 0.0;
    if (sink->gradient) {
        finite = finish_vector(d, s, 0, n, out->grad_mean, out->grad_var, &trace) && finite;
        out->grad_var_trace = out->traces ? trace : 0.0;
    }
    if (has_product) {
        finite = finish_vector(d, s, 1, n, out->hvp_mean, out->hvp_var, &trace) && finite;
        out->hvp_var_trace = out->traces ? trace : 0.0;
        for (size_t j = 0; j < d; j++) {
            double c = covariance(s->gh[j], s->g1[j], s->h1[j], n);
            out->cross_cov_trace += out->traces ? c : 0.0;
            if (out->cross_cov)
                out->cross_cov[j] = c;
        }
    }
    if (out->grad_cov)
        finish_matrix(d, out->grad_cov, s->g1, n);
    if (out->hvp_cov)
        finish_matrix(d, out->hvp_cov, s->h1, n);
    return finite;
}

meka_status ad_eval_moments(ad_batch *batch, const double *theta, const double *v, size_t n,
                            const double *xi, ad_moments *out, meka_error *err)
{
    assert(batch && theta && out && n >= 1);
    assert(xi || batch->program->objective.n_features == 0);
    size_t d = batch->program->objective.n_params;
    bool product =
        out->hvp_mean || out->hvp_var || out->cross_cov || out->hvp_cov || (out->traces && v);
    bool gradient = product || out->grad_mean || out->grad_var || out->grad_cov || out->traces;
    assert(!product || v);
    moments_sink sink = {
        .sums = &batch->sums, .out = out, .gradient = gradient, .product = product};
    memset(batch->sums.g0, 0, 8 * d * sizeof(double));
    if (out->grad_cov)
        memset(out->grad_cov, 0, d * d * sizeof(double));
    if (out->hvp_cov)
        memset(out->hvp_cov, 0, d * d * sizeof(double));
    ad_request request = {.theta = theta,
                          .v = product ? v : NULL,
                          .n = n,
                          .xi = xi,
                          .depth = gradient ? AD_DEPTH_GRADIENT : AD_DEPTH_VALUE};
    meka_status status = ad_batch_visit(batch, &request, add_block, &sink, err);
    if (status)
        return status;
    if (finish(&sink, d, (double)n, product))
        return MEKA_OK;
    status = ad_batch_locate(batch, &request, err);
    return status ? status
                  : meka_fail(err, MEKA_NONFINITE,
                              "a variance over the batch is beyond the range of a double");
}

/* ---------------------------------------------------------------- along a line */

typedef struct line_sink {
    int order;
    double x0[4], x1[4], xx[4][4];
} line_sink;

static void add_line(void *ctx, const ad_batch *batch, const ad_block *block)
{
    static const double factorial[4] = {1.0, 1.0, 2.0, 6.0};
    line_sink *sink = ctx;
    size_t n_lanes = block->w->n_lanes;
    uint32_t result = block->code->result;
    for (size_t l = 0; l < block->w->n_lanes; l++) {
        double x[4] = {block->w->value[result * n_lanes + l]};
        for (int k = 1; k <= sink->order && block->active[result]; k++) {
            size_t row = result * (size_t)sink->order + (size_t)k - 1;
            x[k] = factorial[k] * batch->jet[row * n_lanes + l];
        }
        if (block->first == 0 && l == 0)
            memcpy(sink->x0, x, sizeof x);
        for (int k = 0; k <= sink->order; k++) {
            x[k] -= sink->x0[k];
            sink->x1[k] += x[k];
            for (int j = 0; j <= k; j++)
                sink->xx[k][j] += x[k] * x[j];
        }
    }
}

meka_status ad_eval_line(ad_batch *batch, const double *theta, const double *v, size_t n,
                         const double *xi, ad_line_moments *out, meka_error *err)
{
    assert(batch && theta && v && out && n >= 1 && out->order >= 0 && out->order <= 3);
    assert(xi || batch->program->objective.n_features == 0);
    line_sink sink = {.order = out->order};
    ad_request request = {.theta = theta,
                          .v = v,
                          .n = n,
                          .xi = xi,
                          .depth = out->order ? AD_DEPTH_LINE : AD_DEPTH_VALUE,
                          .order = out->order};
    meka_status status = ad_batch_visit(batch, &request, add_line, &sink, err);
    if (status)
        return status;
    bool finite = true;
    memset(out->mean, 0, sizeof out->mean);
    memset(out->cov, 0, sizeof out->cov);
    for (int k = 0; k <= out->order; k++) {
        out->mean[k] = sink.x0[k] + sink.x1[k] / (double)n;
        finite = finite && isfinite(out->mean[k]);
        for (int j = 0; j <= k; j++) {
            double c = covariance(sink.xx[k][j], sink.x1[k], sink.x1[j], (double)n);
            out->cov[k][j] = out->cov[j][k] = j == k && c < 0.0 ? 0.0 : c;
            finite = finite && isfinite(c);
        }
    }
    if (finite)
        return MEKA_OK;
    status = ad_batch_locate(batch, &request, err);
    return status ? status
                  : meka_fail(err, MEKA_NONFINITE,
                              "a variance along the line is beyond the range of a double");
}
