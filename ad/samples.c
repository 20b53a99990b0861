/* Per-sample values. */
#include "ad/batch.h"

#include <assert.h>
#include <math.h>

/* One component of n samples, d apart; x [n] the job's quantity or NULL: it does not vary. */
static bool scatter_one(const double *u, const plan_map *m, size_t n, const double *x, size_t d,
                        double *out)
{
    double s0 = u[m->inner_scale], o0 = u[m->inner_offset];
    double s1 = u[m->scale], o1 = u[m->offset];
    bool finite = true;
    for (size_t l = 0; l < n; l++) {
        double y = x ? s1 * (s0 * x[l] + o0) + o1 : o1;
        out[l * d] = y;
        finite = finite && isfinite(y);
    }
    return finite;
}

bool ad_scatter(const ad_batch *batch, const ad_plan *plan, uint32_t job, size_t n,
                const double *g, const double *h, double *grad, double *hvp)
{
    size_t d = batch->program->objective.n_params;
    size_t from = plan->first_param[job == PLAN_NO_JOB ? plan->n_jobs : job];
    size_t to = job == PLAN_NO_JOB ? plan->n_params : plan->first_param[job + 1];
    bool finite = true;
    for (size_t k = from; k < to; k++) {
        const plan_param *p = &plan->params[k];
        if (grad && !scatter_one(batch->u, &p->g, n, g, d, grad + p->index))
            finite = false;
        if (hvp && !scatter_one(batch->u, &p->h, n, h, d, hvp + p->index))
            finite = false;
    }
    return finite;
}

typedef struct samples_sink {
    const ad_batch *batch;
    const ad_plan *plan;
    double *loss, *grad, *hvp;
    bool finite;
} samples_sink;

static double *at(double *rows, size_t first, size_t d)
{
    return rows ? rows + first * d : NULL;
}

static void take_job(void *ctx, ad_worker *worker, const kernel_block *block, size_t first,
                     uint32_t job, const double *g, const double *h)
{
    const samples_sink *s = ctx;
    size_t d = s->batch->program->objective.n_params;
    if (!ad_scatter(s->batch, s->plan, job, block->n_valid, g, h, at(s->grad, first, d),
                    at(s->hvp, first, d)))
        worker->finite = false;
}

static void take_block(void *ctx, ad_worker *worker, const kernel_block *block, size_t first)
{
    const samples_sink *s = ctx;
    const double *loss = block->rows + s->plan->result[0] * block->stride;
    for (size_t l = 0; l < block->n_valid; l++) {
        worker->finite = worker->finite && isfinite(loss[l]);
        if (s->loss)
            s->loss[first + l] = loss[l];
    }
    if (s->plan->n_params > 0)
        take_job(ctx, worker, block, first, PLAN_NO_JOB, NULL, NULL);
}

static void take_segment(void *ctx, const ad_worker *worker)
{
    samples_sink *s = ctx;
    s->finite = s->finite && worker->finite;
}

/* Objectives that are recorded anew for every sample. */
static meka_status sample_by_sample(ad_batch *batch, const ad_request *request,
                                    samples_sink *sink, meka_error *err)
{
    size_t d = batch->program->objective.n_params;
    const ad_workspace *w = &batch->sampler.w;
    for (size_t i = 0; i < request->n; i++) {
        const ad_code *code;
        const uint8_t *active;
        meka_status status =
            ad_sampler_run(&batch->sampler, batch->program, request, i, &code, &active, err);
        if (status)
            return status;
        double loss = w->value[code->result];
        sink->finite = sink->finite && isfinite(loss);
        if (sink->loss)
            sink->loss[i] = loss;
        for (size_t j = 0; j < d && sink->grad; j++) {
            sink->grad[i * d + j] = w->adjoint[j];
            sink->finite = sink->finite && isfinite(w->adjoint[j]);
        }
        for (size_t j = 0; j < d && sink->hvp; j++) {
            sink->hvp[i * d + j] = w->second[j];
            sink->finite = sink->finite && isfinite(w->second[j]);
        }
    }
    return MEKA_OK;
}

meka_status ad_eval_samples(ad_batch *batch, const double *theta, const double *v, size_t n,
                            const double *xi, double *loss, double *grad, double *hvp,
                            meka_error *err)
{
    assert(batch && theta && (v || !hvp));
    assert(xi || n == 0 || batch->program->objective.n_features == 0);
    plan_mode mode = hvp ? PLAN_PRODUCT : grad ? PLAN_GRADIENT : PLAN_LINE;
    samples_sink sink = {batch, &batch->program->plan[mode], loss, grad, hvp, true};
    ad_request request = {.theta = theta,
                          .v = hvp ? v : NULL,
                          .n = n,
                          .xi = xi,
                          .mode = mode,
                          .level = KERNEL_NOTHING,
                          .block = take_block,
                          .segment = take_segment,
                          .emit = take_job,
                          .ctx = &sink};
    batch->n_deferred = 0;
    meka_status status = batch->program->replay ? ad_batch_run(batch, &request, err)
                                                : sample_by_sample(batch, &request, &sink, err);
    if (status || sink.finite)
        return status;
    status = ad_batch_locate(batch, &request, err);
    return status
               ? status
               : meka_fail(err, MEKA_NONFINITE, "a derivative is beyond the range of a double");
}
