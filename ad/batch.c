#include "ad/batch.h"

#include "base/memory.h"
#include "base/parallel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A block's n_rows rows should stay within a core's second-level cache, of which 1 MiB is
 * common, with room for what else is at work; more lanes than 256 gain nothing.  Rows of
 * features do not count: a layer passes over them once, with the segment's sums, so that few
 * large blocks are better. */
static size_t choose_lanes(size_t n_rows)
{
    const size_t cache = 1 << 19;
    size_t lanes = 256;
    while (lanes > KERNEL_LANES && n_rows * lanes * sizeof(double) > cache)
        lanes /= 2;
    return lanes;
}

size_t ad_batch_lanes(size_t n)
{
    return (n + KERNEL_LANES - 1) / KERNEL_LANES * KERNEL_LANES;
}

size_t ad_batch_stride(size_t lanes)
{
    return lanes / KERNEL_LANES % 2 ? lanes : lanes + KERNEL_LANES;
}

typedef struct need {
    size_t scalars, pack, rows, values, jobs, terms, lookup, weights, left, stat;
    size_t columns, entries, sparse;
    bool blocks;
} need;

static need needs_of(const ad_program *program)
{
    need n = {0};
    for (int k = 0; k < PLAN_N_MODES; k++) {
        const ad_plan *p = &program->plan[k];
        n.scalars = p->n_scalars > n.scalars ? p->n_scalars : n.scalars;
        n.pack = p->n_pack > n.pack ? p->n_pack : n.pack;
        n.rows = p->n_rows > n.rows ? p->n_rows : n.rows;
        size_t values = p->n_rows - p->n_features_used;
        n.values = values > n.values ? values : n.values;
        n.jobs = p->n_jobs > n.jobs ? p->n_jobs : n.jobs;
        n.terms = p->n_terms > n.terms ? p->n_terms : n.terms;
        n.lookup = p->n_lookup > n.lookup ? p->n_lookup : n.lookup;
        n.weights = p->n_weights > n.weights ? p->n_weights : n.weights;
        n.left = p->n_left > n.left ? p->n_left : n.left;
        n.stat = p->n_stat_memory > n.stat ? p->n_stat_memory : n.stat;
        n.columns = p->n_columns > n.columns ? p->n_columns : n.columns;
        n.entries = p->n_entries > n.entries ? p->n_entries : n.entries;
        n.sparse = p->n_sparse > n.sparse ? p->n_sparse : n.sparse;
        n.blocks = n.blocks || p->n_stats > 0;
    }
    return n;
}

static meka_status create_sparse(kernel_sparse *s, const need *n, size_t lanes, meka_error *err)
{
    if (n->entries > UINT32_MAX / lanes) /* they have numbers of 32 bits */
        return meka_fail(err, MEKA_ERR_MEMORY, "out of memory: %zu sparse terms in %zu lanes",
                         n->entries, lanes);
    s->column = meka_alloc(n->sparse, sizeof *s->column, err);
    s->value = s->column ? meka_alloc(n->sparse, sizeof *s->value, err) : NULL;
    s->where = s->value ? meka_alloc(n->columns, sizeof *s->where, err) : NULL;
    s->next = s->where ? meka_alloc(n->entries, lanes * sizeof *s->next, err) : NULL;
    return s->next ? MEKA_OK : MEKA_ERR_MEMORY;
}

static meka_status create_workers(ad_batch *batch, const need *n, meka_error *err)
{
    batch->worker = meka_alloc(batch->n_threads, sizeof *batch->worker, err);
    if (!batch->worker)
        return MEKA_ERR_MEMORY;
    for (size_t k = 0; k < batch->n_threads; k++) {
        ad_worker *w = &batch->worker[k];
        w->rows = meka_alloc(n->rows, ad_batch_stride(batch->max_lanes) * sizeof(double), err);
        w->scratch = meka_alloc(3 * batch->max_lanes, sizeof(double), err);
        w->sums = meka_alloc(n->jobs, JOB_SIZE * sizeof(double), err);
        if (!w->rows || !w->scratch || !w->sums)
            return MEKA_ERR_MEMORY;
        size_t lanes = batch->max_lanes, most = lanes;
        if (batch->chunk.size > most)
            most = batch->chunk.size;
        w->terms = meka_alloc(n->terms, sizeof *w->terms, err);
        w->lookup = meka_alloc(n->lookup, sizeof *w->lookup, err);
        w->weights = meka_alloc(n->weights, sizeof(double), err);
        w->tile =
            meka_alloc(n->blocks ? 2 * (KERNEL_TILE + 1) : 0, lanes * sizeof(double), err);
        w->left = meka_alloc(n->left, lanes * sizeof(double), err);
        w->panel = meka_alloc(n->stat ? 2 : 0, kernel_panel_size(most) * sizeof(double), err);
        w->stat = meka_alloc(n->stat, sizeof(double), err);
        if (!w->terms || !w->lookup || !w->weights || !w->tile || !w->left || !w->panel ||
            !w->stat || create_sparse(&w->sparse, n, lanes, err))
            return MEKA_ERR_MEMORY;
    }
    return MEKA_OK;
}

static meka_status create_memory(ad_batch *batch, const ad_batch_options *options,
                                 meka_error *err)
{
    const ad_program *program = batch->program;
    need n = needs_of(program);
    size_t d = program->objective.n_params;
    batch->n_threads =
        program->replay && options && options->n_threads ? options->n_threads : 1;
    if (batch->n_threads > BATCH_SEGMENTS)
        batch->n_threads = BATCH_SEGMENTS;
    if (options && options->n_lanes > SIZE_MAX / 64) /* so that no product below overflows */
        return meka_fail(err, MEKA_ERR_MEMORY, "out of memory: %zu lanes", options->n_lanes);
    batch->max_lanes =
        options && options->n_lanes ? ad_batch_lanes(options->n_lanes) : choose_lanes(n.values);
    batch->u = meka_alloc(n.scalars, sizeof(double), err);
    batch->pack = meka_alloc(n.pack, sizeof(double), err);
    batch->total = meka_alloc(program->replay ? n.jobs : 1 + d, sizeof *batch->total, err);
    if (program->n_kept > 0 && options)
        batch->n_kept = options->n_kept;
    size_t n_kept = batch->n_kept > SIZE_MAX / 64 ? SIZE_MAX : ad_batch_lanes(batch->n_kept);
    /* One more, because there may be none and no element is of 0 bytes. */
    batch->kept = meka_alloc(n_kept, (program->n_kept + 1) * sizeof(double), err);
    batch->defers = options && options->defers;
    batch->deferred = meka_alloc(batch->defers ? d : 0, 2 * sizeof(double), err);
    batch->cov = meka_alloc(d, (2 * KERNEL_LANES + 4) * sizeof(double), err);
    if (!batch->u || !batch->pack || !batch->total || !batch->kept || !batch->deferred ||
        !batch->cov)
        return MEKA_ERR_MEMORY;
    if (!program->replay)
        return ad_sampler_create(&batch->sampler, program, err);
    /* Whole blocks: lanes are a power of two unless given. */
    size_t chunk = BATCH_SEGMENTS * batch->max_lanes;
    if (chunk < BATCH_CHUNK && !(options && options->n_lanes))
        chunk = BATCH_CHUNK;
    meka_status status = ad_chunk_create(&batch->chunk, program, chunk, err);
    if (!status && batch->defers)
        status = ad_factored_create(batch, err);
    return status ? status : create_workers(batch, &n, err);
}

meka_status ad_batch_create(ad_batch **out, const ad_program *program,
                            const ad_batch_options *options, meka_error *err)
{
    assert(out && program);
    ad_isa isa = options ? options->isa : AD_ISA_BEST;
    const kernel_set *kernels = ad_kernels(isa);
    if (!kernels)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "instruction set %s is not available on this machine; best always is",
                         ad_isa_name(isa) ? ad_isa_name(isa) : "?");
    ad_batch *batch = meka_alloc(1, sizeof *batch, err);
    if (!batch)
        return MEKA_ERR_MEMORY;
    batch->program = program;
    batch->kernels = kernels;
    meka_status status = create_memory(batch, options, err);
    if (status) {
        ad_batch_destroy(batch);
        return status;
    }
    *out = batch;
    return MEKA_OK;
}

void ad_batch_destroy(ad_batch *batch)
{
    if (!batch)
        return;
    for (size_t k = 0; batch->worker && k < batch->n_threads; k++) {
        free(batch->worker[k].rows);
        free(batch->worker[k].scratch);
        free(batch->worker[k].sums);
        free(batch->worker[k].terms);
        free(batch->worker[k].lookup);
        free(batch->worker[k].weights);
        free(batch->worker[k].tile);
        free(batch->worker[k].left);
        free(batch->worker[k].panel);
        free(batch->worker[k].stat);
        free(batch->worker[k].sparse.column);
        free(batch->worker[k].sparse.value);
        free(batch->worker[k].sparse.where);
        free(batch->worker[k].sparse.next);
    }
    ad_sampler_destroy(&batch->sampler);
    ad_factored_destroy(batch);
    ad_chunk_destroy(&batch->chunk);
    free(batch->worker);
    free(batch->u);
    free(batch->pack);
    free(batch->total);
    free(batch->kept);
    free(batch->deferred);
    free(batch->cov);
    free(batch);
}

/* ------------------------------------------------------------------------- running */

typedef struct wave {
    ad_batch *batch;
    const ad_request *request;
    const ad_plan *plan;
    size_t lanes;
    size_t first, n; /* samples of this chunk */
    size_t n_blocks, n_segments, first_segment;
} wave;

typedef struct emission {
    const ad_request *request;
    ad_worker *worker;
    const kernel_block *block;
    size_t first;
} emission;

static void pass_on(void *ctx, uint32_t job, const double *g, const double *h)
{
    const emission *e = ctx;
    e->request->emit(e->request->ctx, e->worker, e->block, e->first, job, g, h);
}

/* Blocks leave the factors of compact stats. */
static bool has_factors(const ad_request *request, const ad_plan *plan)
{
    return request->compact && plan->n_factors > 0;
}

static void run_block(const wave *w, ad_worker *worker, kernel_block *block, size_t first)
{
    const ad_request *request = w->request;
    const ad_plan *plan = w->plan;
    size_t left = w->first + w->n - first, m = w->batch->program->objective.n_features;
    emission e = {request, worker, block, first};
    block->n_valid = left < w->lanes ? left : w->lanes;
    block->lanes = ad_batch_lanes(block->n_valid);
    block->stride = ad_batch_stride(block->lanes);
    block->emit = request->emit ? pass_on : NULL;
    block->emit_ctx = &e;
    block->m = m;
    if (request->keep || request->recall)
        block->kept = w->batch->kept + first * w->batch->program->n_kept;
    block->first_along = w->batch->program->first_along;
    block->keep[0] = request->keep;
    block->keep[1] = request->factored;
    block->recall[0] = request->recall;
    block->recall[1] = request->recall && request->recall_along;
    block->factor_stride = w->batch->chunk.stride;
    if (has_factors(request, plan))
        block->factors = w->batch->chunk.rows + (first - w->first);
    block->xi = m ? request->xi + first * m : NULL;
    bool recalls = block->recall[0] && block->recall[1];
    w->batch->kernels->load(block, plan->feature,
                            recalls ? plan->n_features_always : plan->n_features_used);
    w->batch->kernels->run(block, plan->code, plan->n_code);
    worker->n += block->n_valid;
    if (request->block)
        request->block(request->ctx, worker, block, first);
}

static meka_status run_segment(void *ctx, size_t item, size_t thread, meka_error *err)
{
    const wave *w = ctx;
    size_t segment = w->first_segment + item;
    ad_worker *worker = &w->batch->worker[item];
    kernel_block block = {.rows = worker->rows,
                          .scratch = worker->scratch,
                          .sums = worker->sums,
                          .u = w->batch->u,
                          .pack = w->batch->pack,
                          .theta = w->request->theta,
                          .v = w->request->v,
                          .plan = w->plan,
                          .terms = worker->terms,
                          .lookup = worker->lookup,
                          .weights = worker->weights,
                          .tile = worker->tile,
                          .left = worker->left,
                          .panel = worker->panel,
                          .stat = worker->stat,
                          .sparse = worker->sparse,
                          .compact = w->request->compact,
                          .level = w->request->level,
                          .first = true};
    size_t n_sums = w->request->compact ? w->plan->first_compact : w->plan->n_jobs;
    (void)thread, (void)err;
    memset(worker->sums, 0, n_sums * JOB_SIZE * sizeof(double));
    worker->n = worker->line.n = 0;
    worker->finite = true;
    size_t end = (segment + 1) * w->n_blocks / w->n_segments;
    for (size_t k = segment * w->n_blocks / w->n_segments; k < end; k++) {
        run_block(w, worker, &block, w->first + k * w->lanes);
        block.first = false;
    }
    return MEKA_OK;
}

/* The samples of a chunk, segment by segment. */
static meka_status run_chunk(wave *w, size_t n_threads, meka_error *err)
{
    const ad_request *request = w->request;
    if (has_factors(request, w->plan)) /* else those of the last evaluation stay as they are */
        w->batch->chunk.stride = ad_batch_stride(ad_batch_lanes(w->n));
    w->n_blocks = (w->n + w->lanes - 1) / w->lanes;
    w->n_segments = w->n_blocks < BATCH_SEGMENTS ? w->n_blocks : BATCH_SEGMENTS;
    for (w->first_segment = 0; w->first_segment < w->n_segments;
         w->first_segment += n_threads) {
        size_t left = w->n_segments - w->first_segment;
        size_t n = left < n_threads ? left : n_threads;
        meka_status status = meka_parallel_for(n, n, run_segment, w, err);
        if (status)
            return status;
        for (size_t k = 0; k < n && request->segment; k++)
            request->segment(request->ctx, &w->batch->worker[k]);
    }
    if (request->chunk)
        request->chunk(request->ctx, w->first, w->n);
    return MEKA_OK;
}

meka_status ad_batch_run(ad_batch *batch, const ad_request *request, meka_error *err)
{
    wave w = {.batch = batch,
              .request = request,
              .plan = &batch->program->plan[request->mode],
              .lanes = request->max_lanes ? request->max_lanes : batch->max_lanes};
    size_t n_threads = request->serial ? 1 : batch->n_threads, size = request->n;
    if (has_factors(request, w.plan))
        size = batch->chunk.size;
    if (!request->recall)
        batch->kept_n = 0;
    ad_plan_uniform(w.plan, batch->kernels->loop, request->theta, request->v, batch->u,
                    batch->pack);
    for (; w.first < request->n; w.first += size) {
        w.n = request->n - w.first < size ? request->n - w.first : size;
        meka_status status = run_chunk(&w, n_threads, err);
        if (status)
            return status;
    }
    if (request->keep) {
        batch->kept_n = request->n;
        batch->kept_theta = request->theta;
        batch->kept_xi = request->xi;
    }
    return MEKA_OK;
}
