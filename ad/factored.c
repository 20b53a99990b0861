/* The mean gradient and product of a matrix from the samples' inner products, without being
 * written out (ad/kernels_factored.h). */
#include "ad/batch.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "base/sum.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

static const plan_stat *find_stat(const ad_program *program)
{
    const ad_plan *plan = &program->plan[PLAN_PRODUCT];
    for (size_t k = 0; k < plan->n_stats; k++)
        if (plan->stat[k].factored)
            return &plan->stat[k];
    return NULL;
}

/* The most samples for which this is faster.  In products of n samples' x and w it takes n/2n_z
 * for G, 2n/n_x for what is made of G, and 1 for a combination, instead of 2 for both means and
 * 1 for the combination's product with x. */
static size_t most_samples(const plan_stat *s)
{
    const double gain = 1.5; /* of 2, to pay for what else there is to do */
    return (size_t)(gain / (0.5 / s->shape.channels_out + 2.0 / s->shape.channels_in));
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

/* One evaluation or combination a g + b h, whose parts threads take. */
typedef struct work {
    ad_batch *batch;
    const plan_stat *stat;
    kernel_block block;
    kernel_chunk chunk;
    double a, b;
    atomic_int n_done;                                   /* items before those of rows */
    double along[BATCH_GROUPS][2], square[BATCH_GROUPS]; /* what a group contributes */
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

/* Row j of v's product with x, of the samples of a block from number `first` on: [*n]. */
static double *along_row(const ad_batch *batch, size_t j, size_t first, size_t *n)
{
    const ad_program *program = batch->program;
    size_t left = batch->factored.n - first;
    *n = left < batch->max_lanes ? left : batch->max_lanes;
    return batch->kept + first * program->n_kept +
           (program->first_along + j) * ad_batch_lanes(*n);
}

/* The first row of the left array of quantity `which` (0: g, 1: h). */
static size_t left_row(const plan_stat *s, int which)
{
    return s->pair[which][0][0] * (size_t)s->shape.channels_out;
}

/* Rows of z that a group takes. */
static size_t row_from(const work *w, size_t group)
{
    return group * w->stat->shape.channels_out / BATCH_GROUPS;
}

/* ------------------------------------------------------------------------- evaluation */

/* sum_i (z v x)_i of a group's rows of z, for g and h. */
static void add_along(const work *w, size_t group, double *out)
{
    size_t n;
    out[0] = out[1] = 0.0;
    for (size_t first = 0; first < w->block.n_valid; first += w->batch->max_lanes) {
        for (size_t j = row_from(w, group); j < row_from(w, group + 1); j++) {
            const double *along = along_row(w->batch, j, first, &n);
            for (int which = 0; which < 2; which++) {
                size_t row = left_row(w->stat, which) + j;
                out[which] += meka_dot(n, w->block.rows + row * w->block.stride + first, along);
            }
        }
    }
}

/* The items of an evaluation, in order; they start in this order, so that whoever waits for
 * items before waits for threads that are at work. */
enum {
    ITEM_BEGIN,   /* prepares the left side */
    ITEM_COLUMNS, /* groups of columns */
    ITEM_GATHER = ITEM_COLUMNS + BATCH_GRAMS,
    ITEM_ROWS, /* groups of rows */
    N_ITEMS = ITEM_ROWS + BATCH_GROUPS
};

static void wait_for(const atomic_int *n_done, int n)
{
    while (atomic_load(n_done) < n)
        sched_yield();
}

static meka_status run_item(void *ctx, size_t item, size_t thread, meka_error *err)
{
    work *w = ctx;
    ad_factored *f = &w->batch->factored;
    const uint32_t *number = w->batch->chunk.number;
    kernel_block block;
    (void)err;
    const kernel_set *kernels = prepare(w, thread, &block);
    kernel_chunk columns = {NULL, 0.0, BATCH_GRAMS};
    if (item >= ITEM_GATHER)
        wait_for(&w->n_done, (int)(item == ITEM_GATHER ? ITEM_GATHER : ITEM_ROWS));
    if (item == ITEM_BEGIN) {
        kernels->chunk_begin(&block, w->stat, number);
    } else if (item < ITEM_GATHER) {
        size_t group = item - ITEM_COLUMNS;
        kernels->factored_columns(&block, w->stat, number, &columns, &f->sums, group,
                                  f->gram[group]);
    } else if (item == ITEM_GATHER) {
        kernels->factored_gather(&block, w->stat, &columns, f->gram, &f->sums);
    } else {
        kernels->factored_rows(&block, w->stat, &w->chunk, &f->sums, item - ITEM_ROWS);
        add_along(w, item - ITEM_ROWS, w->along[item - ITEM_ROWS]);
        return MEKA_OK;
    }
    atomic_fetch_add(&w->n_done, 1);
    return MEKA_OK;
}

void ad_factored_add(ad_batch *batch, const ad_request *request, const plan_stat *stat,
                     const kernel_total *total)
{
    ad_factored *f = &batch->factored;
    f->stat = stat;
    f->n = request->n;
    f->xi = request->xi;
    f->v = request->v;
    f->combined = false;
    work w = work_of(batch, stat, request->xi, request->n);
    meka_parallel_for(batch->n_threads, N_ITEMS, run_item, &w, NULL);
    batch->kernels->factored_end(&w.block, stat, &f->sums, total->products, f->inner);
    f->along[0] = f->along[1] = 0.0;
    for (size_t k = 0; k < BATCH_GROUPS; k++)
        for (int which = 0; which < 2; which++)
            f->along[which] += w.along[k][which];
}

void ad_factored_multiply(const ad_batch *batch, ad_moments *out)
{
    const ad_factored *f = &batch->factored;
    double n = (double)f->n;
    out->gg += f->inner[STAT_GG] / n / n;
    out->gh += f->inner[STAT_GH] / n / n;
    out->hh += f->inner[STAT_HH] / n / n;
    out->gv += f->along[0] / n;
    out->hv += f->along[1] / n;
}

/* ------------------------------------------------------------------------ combination */

/* The product with x of what was v and is now `scale` times that and the combination, of a
 * group's rows. */
static void move_along(const work *w, size_t group)
{
    const kernel_factored *k = &w->batch->factored.sums;
    size_t lanes = w->block.lanes, n;
    double part = 1.0 / (double)w->block.n_valid;
    for (size_t first = 0; first < w->block.n_valid; first += w->batch->max_lanes) {
        for (size_t j = row_from(w, group); j < row_from(w, group + 1); j++) {
            double *restrict along = along_row(w->batch, j, first, &n), z0 = k->first[j];
            const double *g = k->product + (left_row(w->stat, 0) + j) * lanes + first;
            const double *h = k->product + (left_row(w->stat, 1) + j) * lanes + first;
            const double *sum = k->sum + first;
            for (size_t l = 0; l < n && k->scale == 0.0; l++)
                along[l] = 0.0; /* it may not be a number */
            for (size_t l = 0; l < n; l++)
                along[l] =
                    k->scale * along[l] + part * (w->a * g[l] + w->b * h[l] + z0 * sum[l]);
        }
    }
}

static meka_status run_combine(void *ctx, size_t item, size_t thread, meka_error *err)
{
    work *w = ctx;
    const ad_factored *f = &w->batch->factored;
    kernel_block block;
    (void)err;
    w->square[item] = prepare(w, thread, &block)
                          ->factored_combine(&block, w->stat, w->batch->chunk.number, &w->chunk,
                                             &f->sums, item);
    if (f->combined)
        move_along(w, item);
    return MEKA_OK;
}

/* a z + b z' and its first sample's values. */
static void combine_left(const work *w, const kernel_factored *k)
{
    const double *first = w->block.stat + w->stat->offset + STAT_SUMS;
    size_t g = left_row(w->stat, 0), h = left_row(w->stat, 1);
    for (size_t j = 0; j < w->stat->shape.channels_out; j++) {
        double *restrict z = k->left + j * w->block.lanes;
        const double *z_g = w->block.rows + (g + j) * w->block.stride;
        const double *z_h = w->block.rows + (h + j) * w->block.stride;
        k->first[j] = w->a * first[g + j] + w->b * first[h + j];
        for (size_t l = 0; l < w->block.n_valid; l++)
            z[l] = w->a * z_g[l] + w->b * z_h[l];
    }
}

double ad_factored_combine(ad_batch *batch, double a, double b, double c, double *out)
{
    ad_factored *f = &batch->factored;
    work w = work_of(batch, f->stat, f->xi, f->n);
    w.a = a;
    w.b = b;
    combine_left(&w, &f->sums);
    f->sums.out = out + f->stat->param;
    f->sums.scale = c;
    f->combined = out == f->v;
    meka_parallel_for(batch->n_threads, BATCH_GROUPS, run_combine, &w, NULL);
    double square = 0.0;
    for (size_t k = 0; k < BATCH_GROUPS; k++)
        square += w.square[k];
    return square;
}
