/* The mean gradient and product of a matrix from the samples' inner products, without being
 * written out (ad/kernels_factored.h). */
#include "ad/batch.h"

#include "base/memory.h"
#include "base/parallel.h"

#include <stdlib.h>
#include <string.h>

static const plan_stat *find_stat(const ad_program *program)
{
    const ad_plan *plan = &program->plan[PLAN_PRODUCT];
    for (size_t k = 0; k < plan->n_stats; k++)
        if (plan->stat[k].factored)
            return &plan->stat[k];
    return NULL;
}

/* The most samples for which this is faster.  In products of n samples' x and w it takes n/2n_z
 * for G, n/n_x for what is made of G, and 1 for a combination, instead of 2 for both means and
 * 1 for the combination's product with x. */
static size_t most_samples(const plan_stat *s)
{
    const double gain = 1.5; /* of 2, to pay for what else there is to do */
    return (size_t)(gain / (0.5 / s->shape.channels_out + 1.0 / s->shape.channels_in));
}

meka_status ad_factored_create(ad_batch *batch, meka_error *err)
{
    ad_factored *f = &batch->factored;
    const plan_stat *s = find_stat(batch->program);
    if (!s)
        return MEKA_OK;
    size_t n = most_samples(s), n_z = s->shape.channels_out;
    n = n < batch->n_kept ? n : batch->n_kept;
    n = n < batch->chunk.size ? n : batch->chunk.size;
    if (n == 0)
        return MEKA_OK;
    size_t lanes = ad_batch_lanes(n);
    if (n == 0)
        return MEKA_OK;
    size_t n_x = s->shape.channels_in + KERNEL_MOST_COLUMNS;
    f->sums.x = meka_alloc(n_x, lanes * sizeof(double), err);
    f->sums.sum = meka_alloc(lanes, sizeof(double), err);
    f->sums.right_products = meka_alloc(KERNEL_PRODUCTS, lanes * sizeof(double), err);
    f->sums.along = meka_alloc(lanes, sizeof(double), err);
    f->sums.product = meka_alloc(s->n_left * n_z, lanes * sizeof(double), err);
    f->sums.left = meka_alloc(n_z, lanes * sizeof(double), err);
    f->sums.first = meka_alloc(n_z, sizeof(double), err);
    if (!f->sums.right_products || !f->sums.along)
        return MEKA_ERR_MEMORY;
    if (!f->sums.x || !f->sums.sum || !f->sums.product || !f->sums.left || !f->sums.first)
        return MEKA_ERR_MEMORY;
    for (size_t k = 0; k < BATCH_GRAMS; k++) {
        f->gram[k] = meka_alloc(lanes, lanes * sizeof(double), err);
        if (!f->gram[k])
            return MEKA_ERR_MEMORY;
    }
    f->size = n;
    return MEKA_OK;
}

void ad_factored_destroy(ad_batch *batch)
{
    free(batch->factored.sums.x);
    free(batch->factored.sums.sum);
    free(batch->factored.sums.product);
    free(batch->factored.sums.left);
    free(batch->factored.sums.first);
    free(batch->factored.sums.right_products);
    free(batch->factored.sums.along);
    for (size_t k = 0; k < BATCH_GRAMS; k++)
        free(batch->factored.gram[k]);
}

/* Sums of squares are asked for because they tell whether the factors are finite. */
bool ad_factored_serves(const ad_batch *batch, const ad_request *request)
{
    return request->mode == PLAN_PRODUCT && request->keep && request->compact &&
           request->level >= KERNEL_SQUARES && request->n <= batch->factored.size;
}

typedef struct work {
    ad_batch *batch;
    const plan_stat *stat;
    kernel_block block;
    kernel_chunk chunk;
    double square[BATCH_GROUPS];
} work;

static work work_of(ad_batch *batch, const plan_stat *stat, const double *xi, size_t n)
{
    work w = {.batch = batch, .stat = stat, .chunk = {NULL, 0.0, BATCH_GROUPS}};
    w.block = ad_chunk_block(batch, xi, n, KERNEL_CROSS, stat);
    return w;
}

/* The block for one thread, and the kernels. */
static const kernel_set *prepare(const work *w, size_t thread, kernel_block *block)
{
    *block = w->block;
    block->panel = w->batch->worker[thread].panel;
    return w->batch->kernels;
}

static meka_status run_columns(void *ctx, size_t item, size_t thread, meka_error *err)
{
    const work *w = ctx;
    kernel_block block;
    (void)err;
    prepare(w, thread, &block)
        ->factored_columns(&block, w->stat, w->batch->chunk.number, &w->chunk,
                           &w->batch->factored.sums, item, w->batch->factored.gram[item]);
    return MEKA_OK;
}

static meka_status run_rows(void *ctx, size_t item, size_t thread, meka_error *err)
{
    const work *w = ctx;
    kernel_block block;
    (void)err;
    prepare(w, thread, &block)
        ->factored_rows(&block, w->stat, &w->chunk, &w->batch->factored.sums, item);
    return MEKA_OK;
}

static meka_status run_combine(void *ctx, size_t item, size_t thread, meka_error *err)
{
    work *w = ctx;
    kernel_block block;
    (void)err;
    w->square[item] = prepare(w, thread, &block)
                          ->factored_combine(&block, w->stat, w->batch->chunk.number, &w->chunk,
                                             &w->batch->factored.sums, item);
    return MEKA_OK;
}

void ad_factored_add(ad_batch *batch, const ad_request *request, const plan_stat *stat,
                     const kernel_total *total)
{
    ad_factored *f = &batch->factored;
    work w = work_of(batch, stat, request->xi, request->n);
    w.chunk.n_groups = BATCH_GRAMS;
    f->stat = stat;
    f->n = request->n;
    f->xi = request->xi;
    f->v = request->v;
    f->combined = false;
    batch->kernels->chunk_begin(&w.block, stat, batch->chunk.number);
    meka_parallel_for(batch->n_threads, BATCH_GRAMS, run_columns, &w, NULL);
    batch->kernels->factored_gather(&w.block, stat, &w.chunk, f->gram, &f->sums);
    w.chunk.n_groups = BATCH_GROUPS;
    meka_parallel_for(batch->n_threads, BATCH_GROUPS, run_rows, &w, NULL);
    batch->kernels->factored_end(&w.block, stat, &f->sums, total->products, f->inner);
}

/* ---------------------------------------------------------- products with v that were kept */

/* Row j of v's product with x, of the samples of a block from number `first` on: [*n]. */
static double *along_row(const ad_batch *batch, size_t j, size_t first, size_t *n)
{
    const ad_program *program = batch->program;
    size_t left = batch->factored.n - first;
    *n = left < batch->max_lanes ? left : batch->max_lanes;
    return batch->kept + first * program->n_kept +
           (program->first_along + j) * ad_batch_lanes(*n);
}

/* sum_i of left array k with v's product with x. */
static double inner_along(const ad_batch *batch, size_t k)
{
    const ad_factored *f = &batch->factored;
    kernel_block b = ad_chunk_block(batch, f->xi, f->n, KERNEL_CROSS, f->stat);
    size_t n_z = f->stat->shape.channels_out, n;
    double sum = 0.0;
    for (size_t first = 0; first < f->n; first += batch->max_lanes)
        for (size_t j = 0; j < n_z; j++) {
            const double *along = along_row(batch, j, first, &n);
            sum += ad_batch_dot(n, b.rows + (k * n_z + j) * b.stride + first, along);
        }
    return sum;
}

void ad_factored_multiply(const ad_batch *batch, ad_moments *out)
{
    const ad_factored *f = &batch->factored;
    double n = (double)f->n;
    out->gg += f->inner[STAT_GG] / n / n;
    out->gh += f->inner[STAT_GH] / n / n;
    out->hh += f->inner[STAT_HH] / n / n;
    out->gv += inner_along(batch, f->stat->pair[0][0][0]) / n;
    out->hv += inner_along(batch, f->stat->pair[1][0][0]) / n;
}

/* The product of what was v, of scale times its old one and the combination at hand. */
static void move_along(ad_batch *batch, const double *product[2], double a, double b)
{
    const ad_factored *f = &batch->factored;
    const kernel_factored *k = &f->sums;
    size_t n_z = f->stat->shape.channels_out, lanes = ad_batch_lanes(f->n), n;
    double part = 1.0 / (double)f->n;
    for (size_t first = 0; first < f->n; first += batch->max_lanes) {
        for (size_t j = 0; j < n_z; j++) {
            double *restrict along = along_row(batch, j, first, &n), z0 = k->first[j];
            const double *g = product[0] + j * lanes + first;
            const double *h = product[1] + j * lanes + first, *sum = k->sum + first;
            for (size_t l = 0; l < n && k->scale == 0.0; l++)
                along[l] = 0.0; /* it may not be a number */
            for (size_t l = 0; l < n; l++)
                along[l] = k->scale * along[l] + part * (a * g[l] + b * h[l] + z0 * sum[l]);
        }
    }
}

double ad_factored_combine(ad_batch *batch, double a, double b, double c, double *out)
{
    ad_factored *f = &batch->factored;
    const plan_stat *s = f->stat;
    work w = work_of(batch, s, f->xi, f->n);
    size_t n_z = s->shape.channels_out, lanes = w.block.lanes, at[2];
    const double *first = w.block.stat + s->offset + STAT_SUMS, *left[2], *product[2];
    for (int k = 0; k < 2; k++) {
        at[k] = s->pair[k][0][0] * n_z;
        product[k] = f->sums.product + at[k] * lanes;
    }
    for (size_t j = 0; j < n_z; j++) {
        double *restrict z = f->sums.left + j * lanes;
        for (int k = 0; k < 2; k++)
            left[k] = w.block.rows + (at[k] + j) * w.block.stride;
        f->sums.first[j] = a * first[at[0] + j] + b * first[at[1] + j];
        for (size_t l = 0; l < f->n; l++)
            z[l] = a * left[0][l] + b * left[1][l];
    }
    f->sums.out = out + s->param;
    f->sums.scale = c;
    meka_parallel_for(batch->n_threads, BATCH_GROUPS, run_combine, &w, NULL);
    f->combined = out == f->v;
    if (f->combined)
        move_along(batch, product, a, b);
    double square = 0.0;
    for (size_t k = 0; k < BATCH_GROUPS; k++)
        square += w.square[k];
    return square;
}
