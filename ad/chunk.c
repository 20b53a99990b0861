/* Statistics of matrices' gradients over chunks of samples. */
#include "ad/batch.h"

#include "base/memory.h"
#include "base/parallel.h"

#include <stdlib.h>

/* The most that any plan needs. */
typedef struct need {
    size_t factors, rows, left, stat;
} need;

static void most(size_t *n, size_t x)
{
    *n = x > *n ? x : *n;
}

static need needs_of(const ad_program *program)
{
    need n = {0, 0, 0, 0};
    for (int k = 0; k < PLAN_N_MODES; k++) {
        const ad_plan *p = &program->plan[k];
        if (p->n_factors == 0)
            continue;
        most(&n.factors, p->n_factors);
        most(&n.rows, p->n_stat_rows);
        most(&n.left, p->n_left);
        most(&n.stat, p->n_stat_memory);
    }
    return n;
}

meka_status ad_chunk_create(ad_chunk *c, const ad_program *program, size_t size,
                            meka_error *err)
{
    need n = needs_of(program);
    if (n.factors == 0)
        return MEKA_OK;
    c->size = size;
    c->rows = meka_alloc(n.factors, ad_batch_stride(c->size) * sizeof(double), err);
    c->left = meka_alloc(n.left, c->size * sizeof(double), err);
    c->left_products = meka_alloc(KERNEL_PRODUCTS, c->size * sizeof(double), err);
    c->stat = meka_alloc(n.stat, sizeof(double), err);
    c->number = meka_alloc(n.rows, sizeof *c->number, err);
    if (!c->rows || !c->left || !c->left_products || !c->stat || !c->number)
        return MEKA_ERR_MEMORY;
    for (size_t k = 0; k < n.rows; k++)
        c->number[k] = (uint32_t)k;
    for (size_t k = 0; k < BATCH_GROUPS; k++) {
        c->part[k].right_products = meka_alloc(KERNEL_PRODUCTS, c->size * sizeof(double), err);
        if (!c->part[k].right_products)
            return MEKA_ERR_MEMORY;
    }
    return MEKA_OK;
}

void ad_chunk_destroy(ad_chunk *c)
{
    free(c->rows);
    free(c->left);
    free(c->left_products);
    free(c->stat);
    free(c->number);
    for (size_t k = 0; k < BATCH_GROUPS; k++)
        free(c->part[k].right_products);
}

kernel_block ad_chunk_block(const ad_batch *batch, const double *xi, size_t n,
                            kernel_level level, const plan_stat *stat)
{
    const ad_chunk *c = &batch->chunk;
    kernel_block b = {.lanes = ad_batch_lanes(n),
                      .stride = c->stride,
                      .n_valid = n,
                      .xi = xi,
                      .m = batch->program->objective.n_features,
                      .tile = c->left_products,
                      .left = c->left,
                      .stat = c->stat,
                      .level = level};
    b.rows = c->rows + stat->factor * b.stride;
    return b;
}

typedef struct addition {
    ad_batch *batch;
    const plan_stat *stat;
    kernel_block block;
    kernel_chunk chunk;
} addition;

static meka_status add_group(void *ctx, size_t item, size_t thread, meka_error *err)
{
    const addition *a = ctx;
    kernel_block block = a->block;
    (void)err;
    block.panel = a->batch->worker[thread].panel;
    a->batch->kernels->chunk_columns(&block, a->stat, a->batch->chunk.number, &a->chunk, item,
                                     &a->batch->chunk.part[item]);
    return MEKA_OK;
}

bool ad_chunk_add(ad_batch *batch, const ad_request *request, const plan_stat *stat,
                  size_t first, size_t n, const kernel_total *total)
{
    const ad_chunk *c = &batch->chunk;
    size_t m = batch->program->objective.n_features;
    addition a = {.batch = batch, .stat = stat, .chunk = {total, (double)first, BATCH_GROUPS}};
    const double *xi = m ? request->xi + first * m : NULL;
    a.block = ad_chunk_block(batch, xi, n, request->level, stat);
    batch->kernels->chunk_begin(&a.block, stat, c->number);
    /* What a thread could take off is to be more than it takes to start one. */
    const double least = 1e6; /* multiplications */
    double work = (double)n * (double)ad_block_work(&stat->shape);
    meka_parallel_for(work < least ? 1 : batch->n_threads, BATCH_GROUPS, add_group, &a, NULL);
    return batch->kernels->chunk_end(&a.block, stat, &a.chunk, c->part);
}
