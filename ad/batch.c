#include "ad/batch.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Values, tangents, adjoints and their tangents should stay within a core's second-level cache,
 * of which 1 MiB is common; fewer than 4 lanes would waste the vector units. */
static size_t choose_lanes(size_t n_slots)
{
    const size_t cache = 1 << 20, arrays = 4;
    size_t lanes = 64;
    while (lanes > 4 && n_slots * lanes * arrays * sizeof(double) > cache)
        lanes /= 2;
    return lanes;
}

static void free_workspace(ad_batch *batch)
{
    free(batch->workspace.value);
    free(batch->workspace.tangent);
    free(batch->workspace.adjoint);
    free(batch->workspace.second);
    free(batch->jet);
    batch->workspace.value = batch->workspace.tangent = NULL;
    batch->workspace.adjoint = batch->workspace.second = batch->jet = NULL;
    batch->slot_capacity = 0;
}

/* Room for n_slots; replaces the arrays, whose contents no caller needs across this. */
static meka_status reserve_slots(ad_batch *batch, size_t n_slots, meka_error *err)
{
    if (n_slots <= batch->slot_capacity)
        return MEKA_OK;
    ad_workspace *w = &batch->workspace;
    size_t row = batch->max_lanes * sizeof(double);
    free_workspace(batch);
    w->value = meka_alloc(n_slots, row, err);
    w->tangent = meka_alloc(n_slots, row, err);
    w->adjoint = meka_alloc(n_slots, row, err);
    w->second = meka_alloc(n_slots, row, err);
    batch->jet = meka_alloc(n_slots, 3 * row, err);
    if (!w->value || !w->tangent || !w->adjoint || !w->second || !batch->jet) {
        free_workspace(batch);
        return MEKA_ERR_MEMORY;
    }
    batch->slot_capacity = n_slots;
    return MEKA_OK;
}

static meka_status create_sums(ad_sums *sums, size_t d, meka_error *err)
{
    double *block = meka_alloc(d, 8 * sizeof(double), err);
    if (!block)
        return MEKA_ERR_MEMORY;
    double **array[8] = {&sums->g0, &sums->h0, &sums->g1, &sums->h1,
                         &sums->gg, &sums->hh, &sums->gh, &sums->row};
    for (size_t k = 0; k < 8; k++)
        *array[k] = block + k * d;
    return MEKA_OK;
}

meka_status ad_batch_create(ad_batch **out, const ad_program *program,
                            const ad_batch_options *options, meka_error *err)
{
    assert(out && program);
    ad_batch *batch = meka_alloc(1, sizeof *batch, err);
    if (!batch)
        return MEKA_ERR_MEMORY;
    const ad_code *code = &program->tape.code;
    batch->program = program;
    ad_tape_init(&batch->tape);
    bool replayable = ad_program_is_replayable(program, NULL, NULL);
    size_t wanted =
        options && options->n_lanes ? options->n_lanes : choose_lanes(ad_code_n_slots(code));
    batch->max_lanes = replayable ? wanted : 1;
    meka_status status = reserve_slots(batch, ad_code_n_slots(code), err);
    if (!status)
        status = create_sums(&batch->sums, code->n_params, err);
    if (status) {
        ad_batch_destroy(batch);
        return status;
    }
    *out = batch;
    return MEKA_OK;
}

void ad_batch_destroy(ad_batch *batch)
{
    if (batch) {
        free_workspace(batch);
        free(batch->sums.g0);
        free(batch->active);
        ad_tape_clear(&batch->tape);
        free(batch);
    }
}

/* The code that computes sample i: the program's, or a recording at that sample. */
static meka_status code_for_sample(ad_batch *batch, const ad_request *request, size_t i,
                                   ad_block *block, meka_error *err)
{
    const ad_program *program = batch->program;
    if (ad_program_is_replayable(program, NULL, NULL)) {
        block->code = &program->tape.code;
        block->active = program->active;
        return MEKA_OK;
    }
    const double *xi = request->xi ? request->xi + i * program->objective.n_features : NULL;
    meka_status status =
        ad_tape_record(&batch->tape, &program->objective, request->theta, xi, err);
    if (status)
        return status;
    const ad_code *code = &batch->tape.code;
    size_t n_slots = ad_code_n_slots(code);
    if ((status = meka_grow(&batch->active, &batch->active_capacity, n_slots, 1, err)) ||
        (status = reserve_slots(batch, n_slots, err)))
        return status;
    ad_code_activity(code, batch->active);
    block->code = code;
    block->active = batch->active;
    return MEKA_OK;
}

meka_status ad_batch_visit(ad_batch *batch, const ad_request *request, ad_sink sink, void *ctx,
                           meka_error *err)
{
    ad_workspace *w = &batch->workspace;
    size_t m = batch->program->objective.n_features;
    bool dual = request->v && request->depth == AD_DEPTH_GRADIENT;
    for (size_t first = 0; first < request->n; first += batch->max_lanes) {
        size_t left = request->n - first;
        ad_block block = {.w = w, .first = first};
        w->n_lanes = left < batch->max_lanes ? left : batch->max_lanes;
        meka_status status = code_for_sample(batch, request, first, &block, err);
        if (status)
            return status;
        ad_sweep_load(block.code, w, request->theta, m ? request->xi + first * m : NULL);
        if (dual)
            ad_sweep_load_tangent(block.code, w, request->v);
        ad_sweep_forward(block.code, block.active, w, dual);
        if (request->depth == AD_DEPTH_GRADIENT) {
            ad_sweep_reverse(block.code, block.active, w, dual);
        } else if (request->depth == AD_DEPTH_LINE) {
            ad_sweep_taylor(block.code, block.active, w, request->v, request->order,
                            batch->jet);
        }
        sink(ctx, batch, &block);
    }
    return MEKA_OK;
}

/* ------------------------------------------------------------- per-sample evaluation */

typedef struct samples_sink {
    double *loss, *grad, *hvp;
    bool finite;
} samples_sink;

static bool copy_rows(double *out, const double *rows, size_t d, const ad_block *block)
{
    bool finite = true;
    for (size_t l = 0; l < block->w->n_lanes; l++) {
        for (size_t j = 0; j < d; j++) {
            double x = rows[j * block->w->n_lanes + l];
            out[(block->first + l) * d + j] = x;
            finite = finite && __builtin_isfinite(x);
        }
    }
    return finite;
}

static void take_samples(void *ctx, const ad_batch *batch, const ad_block *block)
{
    samples_sink *sink = ctx;
    const ad_workspace *w = block->w;
    const double *loss = w->value + block->code->result * w->n_lanes;
    (void)batch;
    for (size_t l = 0; l < block->w->n_lanes; l++) {
        sink->finite = sink->finite && __builtin_isfinite(loss[l]);
        if (sink->loss)
            sink->loss[block->first + l] = loss[l];
    }
    if (sink->grad && !copy_rows(sink->grad, w->adjoint, block->code->n_params, block))
        sink->finite = false;
    if (sink->hvp && !copy_rows(sink->hvp, w->second, block->code->n_params, block))
        sink->finite = false;
}

meka_status ad_eval_samples(ad_batch *batch, const double *theta, const double *v, size_t n,
                            const double *xi, double *loss, double *grad, double *hvp,
                            meka_error *err)
{
    assert(batch && theta && (v || !hvp));
    assert(xi || n == 0 || batch->program->objective.n_features == 0);
    samples_sink sink = {loss, grad, hvp, true};
    ad_request request = {.theta = theta,
                          .v = hvp ? v : NULL,
                          .n = n,
                          .xi = xi,
                          .depth = grad || hvp ? AD_DEPTH_GRADIENT : AD_DEPTH_VALUE};
    meka_status status = ad_batch_visit(batch, &request, take_samples, &sink, err);
    if (!status && !sink.finite)
        status = ad_batch_locate(batch, &request, err);
    return status;
}
