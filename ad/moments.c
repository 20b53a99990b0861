/* Means and variances over a batch.
 *
 * Within a segment sums are shifted by the first sample's value; segments are merged by the
 * formulas of Chan, Golub and LeVeque ("Algorithms for computing the sample variance", 1983).
 * Neither lets a large mean cancel the variance away. */
#include "ad/batch.h"

#include <assert.h>
#include <math.h>
#include <string.h>

typedef struct moments_sink {
    ad_batch *batch;
    const ad_plan *plan;
    ad_moments *out;
    const ad_request *request;
    kernel_level level;
    size_t n_merged;
    bool product;
    bool compact; /* as in kernel_block */
    bool finite;  /* means of dense compact stats that need no mapping are */
} moments_sink;

/* Jobs with totals of their own. */
static size_t n_job_sums(const moments_sink *sink)
{
    return sink->compact ? sink->plan->first_compact : sink->plan->n_jobs;
}

/* The result of a compact stat needs no mapping: its means are those of parameters in order. */
static bool is_direct(const moments_sink *sink, const plan_stat *s)
{
    return s->direct && (s->n_pairs[1] > 0 || !sink->out->hvp_mean);
}

/* Its means are not written. */
static bool is_factored(const moments_sink *sink, const plan_stat *s)
{
    return s->factored && sink->request->factored;
}

/* Whether its means are finite is known since they were written: all of them are wanted. */
static bool is_judged(const moments_sink *sink, const plan_stat *s)
{
    if (is_factored(sink, s))
        return true;
    bool whole = sink->out->grad_mean && (sink->out->hvp_mean || s->n_pairs[1] == 0);
    return is_direct(sink, s) && s->shape.n_terms == 0 && whole;
}

/* A compact stat's total: where its jobs' would be, or means where they are wanted. */
static kernel_total compact_total(const moments_sink *sink, const plan_stat *s)
{
    const ad_moments *out = sink->out;
    double *memory = (double *)(sink->batch->total + s->first_job);
    kernel_total t = {{memory, memory + s->n}, memory + 2 * (size_t)s->n};
    if (is_direct(sink, s) && out->grad_mean)
        t.mean[0] = out->grad_mean + s->param;
    if (is_direct(sink, s) && out->hvp_mean)
        t.mean[1] = out->hvp_mean + s->param;
    return t;
}

static void take_segment(void *ctx, const ad_worker *worker)
{
    moments_sink *sink = ctx;
    double n = (double)worker->n;
    for (size_t k = 0; k < n_job_sums(sink); k++) {
        ad_total segment = ad_total_of(worker->sums + k * JOB_SIZE, n,
                                       k == 0 || sink->level >= KERNEL_SQUARES);
        ad_total_merge(&sink->batch->total[k], (double)sink->n_merged, &segment, n);
    }
    for (size_t k = 0; k < sink->plan->n_stats; k++) {
        const plan_stat *s = &sink->plan->stat[k];
        if (!sink->compact || !s->compact || s->shape.n_terms == 0)
            continue;
        kernel_total total = compact_total(sink, s);
        sink->batch->kernels->merge(s, worker->stat + s->offset,
                                    worker->sums + s->first_job * (size_t)JOB_SIZE, n, &total,
                                    (double)sink->n_merged, sink->level);
    }
    sink->n_merged += worker->n;
}

static void take_chunk(void *ctx, size_t first, size_t n)
{
    moments_sink *sink = ctx;
    for (size_t k = 0; k < sink->plan->n_stats; k++) {
        const plan_stat *s = &sink->plan->stat[k];
        if (!sink->compact || !s->compact || s->shape.n_terms > 0)
            continue;
        kernel_total total = compact_total(sink, s);
        if (is_factored(sink, s))
            continue;
        bool finite = ad_chunk_add(sink->batch, sink->request, s, first, n, &total);
        sink->finite = sink->finite && (finite || !is_judged(sink, s));
    }
    /* Last, because its factors stay where they are for ad_combine_means. */
    for (size_t k = 0; k < sink->plan->n_stats; k++) {
        const plan_stat *s = &sink->plan->stat[k];
        kernel_total total = compact_total(sink, s);
        if (is_factored(sink, s))
            ad_factored_add(sink->batch, sink->request, s, &total);
    }
}

/* How a component comes from a total: the values of a plan_map. */
typedef struct mapping {
    double s0, o0, s1, o1;
} mapping;
static const mapping identity = {1.0, 0.0, 1.0, 0.0};

static double mapped_mean(const mapping *m, double x0, double deviation)
{
    return m->s1 * ((m->s0 * x0 + m->o0) + m->s0 * deviation) + m->o1;
}

/* c times the factors of two maps, one by one: their product may be out of range. */
static double mapped_covariance(const mapping *a, const mapping *b, double c)
{
    return a->s1 * (b->s1 * (a->s0 * (b->s0 * c)));
}

/* Writes x if it is asked for; false: it is, and not finite. */
static bool put(double *out, size_t j, double x)
{
    if (out)
        out[j] = x;
    return !out || isfinite(x);
}

/* Writes component j's pieces from its quantity's unbiased totals; false: not finite.  What is
 * not asked for may be out of range. */
static bool finish_param(const moments_sink *sink, size_t j, const ad_total *t,
                         const mapping *map_g, const mapping *map_h)
{
    ad_moments *out = sink->out;
    double gg = mapped_covariance(map_g, map_g, t->gg);
    double hh = mapped_covariance(map_h, map_h, t->hh);
    double gh = mapped_covariance(map_g, map_h, t->gh);
    bool finite = put(out->grad_mean, j, mapped_mean(map_g, t->g0, t->g));
    finite = put(out->hvp_mean, j, mapped_mean(map_h, t->h0, t->h)) && finite;
    finite = put(out->grad_var, j, gg) && finite;
    finite = put(out->hvp_var, j, hh) && finite;
    finite = put(out->cross_cov, j, gh) && finite;
    if (out->traces) {
        out->grad_var_trace += gg;
        out->hvp_var_trace += hh;
        out->cross_cov_trace += gh;
    }
    return finite;
}

static mapping mapping_of(const double *u, const plan_map *m)
{
    return (mapping){u[m->inner_scale], u[m->inner_offset], u[m->scale], u[m->offset]};
}

static bool all_finite(const double *x, size_t n) /* NULL: none */
{
    double rest[8] = {0}; /* NaN once a value was not finite; several chains of additions */
    for (size_t k = 0; x && k < n; k++)
        rest[k % 8] += x[k] - x[k];
    for (int k = 1; k < 8; k++)
        rest[0] += rest[k];
    return rest[0] == 0.0;
}

/* Sums of products of deviations over all n samples to unbiased covariances, as unbias. */
static void finish_traces(const moments_sink *sink, const double *sums, double n)
{
    ad_total t = {.gg = sums[STAT_GG], .hh = sums[STAT_HH], .gh = sums[STAT_GH]};
    ad_total_unbias(&t, n);
    sink->out->grad_var_trace += t.gg;
    sink->out->hvp_var_trace += t.hh;
    sink->out->cross_cov_trace += t.gh;
}

static bool finish_compact(const moments_sink *sink, const plan_stat *s, double n)
{
    const ad_plan *plan = sink->plan;
    ad_moments *out = sink->out;
    kernel_total total = compact_total(sink, s);
    bool finite = true, has_h = s->n_pairs[1] > 0;
    if (out->traces)
        finish_traces(sink, total.products, n);
    if (is_judged(sink, s))
        return sink->finite;
    if (is_direct(sink, s)) /* written already */
        return all_finite(out->grad_mean ? total.mean[0] : NULL, s->n) &&
               all_finite(out->hvp_mean ? total.mean[1] : NULL, s->n);
    for (size_t k = plan->first_param[s->first_job]; k < plan->first_param[s->first_job + s->n];
         k++) {
        const plan_param *p = &plan->params[k];
        size_t e = p->job - s->first_job;
        mapping g = mapping_of(sink->batch->u, &p->g), h = mapping_of(sink->batch->u, &p->h);
        finite =
            put(out->grad_mean, p->index, mapped_mean(&g, total.mean[0][e], 0.0)) && finite;
        finite = put(out->hvp_mean, p->index,
                     mapped_mean(&h, has_h ? total.mean[1][e] : 0.0, 0.0)) &&
                 finite;
    }
    return finite;
}

static bool finish_plan(const moments_sink *sink, double n)
{
    const ad_plan *plan = sink->plan;
    static const ad_total nothing;
    size_t skip = plan->n_params ? plan->first_param[n_job_sums(sink)] : 0;
    size_t resume = plan->n_params ? plan->first_param[plan->n_jobs] : 0;
    bool finite = true;
    for (size_t k = 0; k < plan->n_stats; k++)
        if (sink->compact && plan->stat[k].compact)
            finite = finish_compact(sink, &plan->stat[k], n) && finite;
    for (size_t k = 0; k < plan->n_params; k++) {
        if (k == skip && resume > skip)
            k = resume;
        if (k == plan->n_params)
            break;
        const plan_param *p = &plan->params[k];
        const ad_total *t = p->job == PLAN_NO_JOB ? &nothing : &sink->batch->total[p->job];
        mapping g = mapping_of(sink->batch->u, &p->g), h = mapping_of(sink->batch->u, &p->h);
        finite = finish_param(sink, p->index, t, &g, &h) && finite;
    }
    return finite;
}

/* Objectives that are recorded anew: each sample is a segment of its own. */
static meka_status sample_by_sample(ad_batch *batch, const ad_request *request,
                                    const moments_sink *sink, meka_error *err)
{
    size_t d = batch->program->objective.n_params;
    const ad_workspace *w = &batch->sampler.w;
    bool gradient = request->mode != PLAN_LINE;
    for (size_t i = 0; i < request->n; i++) {
        const ad_code *code;
        const uint8_t *active;
        meka_status status =
            ad_sampler_run(&batch->sampler, batch->program, request, i, &code, &active, err);
        if (status)
            return status;
        for (size_t j = 0; j < d && gradient; j++) {
            ad_total own = {.g0 = w->adjoint[j], .h0 = sink->product ? w->second[j] : 0.0};
            ad_total_merge(&batch->total[1 + j], (double)i, &own, 1.0);
        }
        ad_total_merge(&batch->total[0], (double)i, &(ad_total){.g0 = w->value[code->result]},
                       1.0);
    }
    return MEKA_OK;
}

static bool finish_components(const moments_sink *sink)
{
    bool finite = true;
    for (size_t j = 0; j < sink->batch->program->objective.n_params; j++)
        finite =
            finish_param(sink, j, &sink->batch->total[1 + j], &identity, &identity) && finite;
    return finite;
}

/* ----------------------------------------------------------------- full covariances */

typedef struct cov_sink {
    ad_batch *batch;
    const ad_plan *plan;
    ad_moments *out;
    size_t d, n;
    double *g, *h;     /* [KERNEL_LANES][d] the block's */
    double *sum[2][2]; /* [d]: first sample's and sum of deviations, of g and of h */
} cov_sink;

/* Adds rows x [n][d]: cov [d][d], lower triangle, holds sums of products of deviations. */
static void add_outer(cov_sink *s, int which, const double *x, size_t n, double *cov)
{
    double *x0 = s->sum[which][0], *x1 = s->sum[which][1];
    for (size_t l = 0; l < n && cov; l++) {
        const double *row = x + l * s->d;
        if (s->n + l == 0)
            memcpy(x0, row, s->d * sizeof *x0);
        for (size_t j = 0; j < s->d; j++) {
            double deviation = row[j] - x0[j];
            x1[j] += deviation;
            for (size_t k = 0; k <= j; k++)
                cov[j * s->d + k] += deviation * (row[k] - x0[k]);
        }
    }
}

static void take_cov_job(void *ctx, ad_worker *worker, const kernel_block *block, size_t first,
                         uint32_t job, const double *g, const double *h)
{
    cov_sink *s = ctx;
    (void)worker, (void)first;
    ad_scatter(s->batch, s->plan, job, block->n_valid, g, h, s->g, s->h);
}

static void take_cov_block(void *ctx, ad_worker *worker, const kernel_block *block,
                           size_t first)
{
    cov_sink *s = ctx;
    take_cov_job(ctx, worker, block, first, PLAN_NO_JOB, NULL, NULL);
    add_outer(s, 0, s->g, block->n_valid, s->out->grad_cov);
    add_outer(s, 1, s->h, block->n_valid, s->out->hvp_cov);
    s->n += block->n_valid;
}

/* cov [d][d] or NULL; false: not finite. */
static bool finish_matrix(size_t d, double *cov, const double *x1, double n)
{
    bool finite = true;
    for (size_t j = 0; cov && j < d; j++) {
        for (size_t k = 0; k <= j; k++) {
            double c = n > 1.0 ? (cov[j * d + k] - x1[j] * (x1[k] / n)) / (n - 1.0) : 0.0;
            cov[j * d + k] = cov[k * d + j] = j == k && c < 0.0 ? 0.0 : c;
            finite = finite && isfinite(c);
        }
    }
    return finite;
}

/* A pass of its own: the d x d sums outweigh evaluating twice. */
static meka_status full_covariances(ad_batch *batch, const ad_request *moments, ad_moments *out,
                                    bool *finite, meka_error *err)
{
    size_t d = batch->program->objective.n_params;
    cov_sink s = {.batch = batch,
                  .plan = &batch->program->plan[moments->mode],
                  .out = out,
                  .d = d,
                  .g = batch->cov,
                  .h = batch->cov + KERNEL_LANES * d};
    memset(batch->cov, 0, (2 * KERNEL_LANES + 4) * d * sizeof(double));
    for (int k = 0; k < 4; k++)
        s.sum[k / 2][k % 2] = batch->cov + (2 * KERNEL_LANES + (size_t)k) * d;
    if (out->grad_cov)
        memset(out->grad_cov, 0, d * d * sizeof(double));
    if (out->hvp_cov)
        memset(out->hvp_cov, 0, d * d * sizeof(double));
    ad_request request = *moments;
    request.level = KERNEL_NOTHING;
    request.compact = false;
    request.keep = request.factored = false;
    request.max_lanes = KERNEL_LANES;
    request.serial = true;
    request.block = take_cov_block;
    request.segment = NULL;
    request.chunk = NULL;
    request.emit = take_cov_job;
    request.ctx = &s;
    if (batch->program->replay) {
        meka_status status = ad_batch_run(batch, &request, err);
        if (status)
            return status;
    }
    for (size_t i = 0; i < request.n && !batch->program->replay; i++) {
        const ad_code *code;
        const uint8_t *active;
        meka_status status =
            ad_sampler_run(&batch->sampler, batch->program, &request, i, &code, &active, err);
        if (status)
            return status;
        add_outer(&s, 0, batch->sampler.w.adjoint, 1, out->grad_cov);
        add_outer(&s, 1, batch->sampler.w.second, 1, out->hvp_cov);
        s.n++;
    }
    *finite = finish_matrix(d, out->grad_cov, s.sum[0][1], (double)request.n) && *finite;
    *finite = finish_matrix(d, out->hvp_cov, s.sum[1][1], (double)request.n) && *finite;
    return MEKA_OK;
}

/* ----------------------------------------------------------------------- the call */

static kernel_level level_of(const ad_moments *out)
{
    if (out->cross_cov || out->traces)
        return KERNEL_CROSS;
    return out->grad_var || out->hvp_var ? KERNEL_SQUARES : KERNEL_MEANS;
}

static meka_status compute(ad_batch *batch, const ad_request *request, moments_sink *sink,
                           bool *finite, meka_error *err)
{
    const ad_program *program = batch->program;
    ad_moments *out = sink->out;
    size_t n_totals = program->replay ? n_job_sums(sink) : 1 + program->objective.n_params;
    memset(batch->total, 0, n_totals * sizeof *batch->total);
    meka_status status = program->replay ? ad_batch_run(batch, request, err)
                                         : sample_by_sample(batch, request, sink, err);
    if (status)
        return status;
    for (size_t k = 0; k < n_totals; k++)
        ad_total_unbias(&batch->total[k], (double)request->n);
    out->grad_var_trace = out->hvp_var_trace = out->cross_cov_trace = 0.0;
    *finite = program->replay              ? finish_plan(sink, (double)request->n)
              : request->mode != PLAN_LINE ? finish_components(sink)
                                           : true;
    out->loss_mean = batch->total[0].g0 + batch->total[0].g;
    out->loss_var = batch->total[0].gg;
    *finite = *finite && isfinite(out->loss_mean) && isfinite(out->loss_var) &&
              isfinite(out->grad_var_trace) && isfinite(out->hvp_var_trace) &&
              isfinite(out->cross_cov_trace);
    return out->grad_cov || out->hvp_cov ? full_covariances(batch, request, out, finite, err)
                                         : MEKA_OK;
}

meka_status ad_batch_moments(ad_batch *batch, const double *theta, const double *v, size_t n,
                             const double *xi, ad_moments *out, meka_error *err)
{
    bool product =
        out->hvp_mean || out->hvp_var || out->cross_cov || out->hvp_cov || (out->traces && v);
    bool gradient = product || out->grad_mean || out->grad_var || out->grad_cov || out->traces;
    assert(!product || v);
    plan_mode mode = product ? PLAN_PRODUCT : gradient ? PLAN_GRADIENT : PLAN_LINE;
    moments_sink sink = {.batch = batch,
                         .plan = &batch->program->plan[mode],
                         .out = out,
                         .level = level_of(out),
                         .finite = true,
                         .product = product,
                         .compact = !out->grad_var && !out->hvp_var && !out->cross_cov};
    ad_request request = {.theta = theta,
                          .v = product ? v : NULL,
                          .n = n,
                          .xi = xi,
                          .mode = mode,
                          .level = sink.level,
                          .compact = sink.compact,
                          .segment = take_segment,
                          .chunk = take_chunk,
                          .ctx = &sink,
                          .keep = out->keep && n <= batch->n_kept};
    bool finite = true;
    sink.request = &request;
    request.factored = out->defer && ad_factored_serves(batch, &request);
    meka_status status = compute(batch, &request, &sink, &finite, err);
    if (status || finite)
        return status;
    status = ad_batch_locate(batch, &request, err);
    return status
               ? status
               : meka_fail(err, MEKA_NONFINITE,
                           "a mean or variance over the batch is beyond the range of a double");
}
