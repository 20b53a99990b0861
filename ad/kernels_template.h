/* ad/kernels_template.h - the varying machine for the instruction set of ad/vector.h.
 *
 * Included once by each kernels_*.c with KERNEL_SET, the name of the set it defines. */
#include "ad/kernels_blocks.h"
#include "ad/kernels_chunk.h"
#include "ad/kernels_factored.h"
#include "ad/kernels_functions.h"
#include "ad/kernels_jobs.h"
#include "ad/kernels_merge.h"
#include "ad/kernels_sums.h"
#include "ad/kernels_transpose.h"

#ifndef KERNEL_SET /* compiled by itself */
#define KERNEL_SET ad_kernels_baseline
#define KERNEL_ISA AD_ISA_BASELINE
#endif

/* ------------------------------------------------------------------------ the machine */

static void run(const kernel_block *block, const uint32_t *code, size_t n)
{
    const uint32_t *end = code + n;
    while (code < end) {
        switch (*code++) {
        case PLAN_SUM:
            code = run_sum(block, code);
            break;
        case PLAN_GROUP:
            code = run_group(block, code);
            break;
        case PLAN_FEATURE_GROUP:
            code = run_feature_group(block, code);
            break;
        case PLAN_FUN1:
            code = run_fun1(block, code);
            break;
        case PLAN_FUN2:
            code = run_fun2(block, code);
            break;
        case PLAN_SELECT:
            code = run_select(block, code);
            break;
        case PLAN_JOB:
            code = run_job(block, code);
            break;
        case PLAN_BLOCK:
            code = run_block(block, code);
            break;
        case PLAN_BLOCK_JOBS:
            code = run_block_jobs(block, code);
            break;
        default:
            code = run_feature_jobs(block, code);
            break;
        }
    }
}

/* ----------------------------------------------------------------- loading features */

/* Lanes past the last sample repeat it, so that they hold nothing a function stumbles on. */
static void load_one(const kernel_block *b, const plan_feature *f, size_t from)
{
    double *row = b->rows + f->row * b->stride;
    const double *x = b->xi + f->index;
    for (size_t l = from; l < b->n_valid; l++)
        row[l] = x[l * b->m];
    for (size_t l = b->n_valid; l < b->lanes; l++)
        row[l] = row[b->n_valid - 1];
}

/* How many features from number k on stand together in a sample. */
INLINE size_t run_length(const plan_feature *f, size_t k, size_t n)
{
    size_t length = 1;
    while (k + length < n && f[k + length].index == f[k].index + length)
        length++;
    return length;
}

/* W of them, of whole vectors of samples. */
INLINE void load_together(const kernel_block *b, const plan_feature *f, size_t l)
{
    vd a[W];
    for (int i = 0; i < W; i++)
        memcpy(&a[i], b->xi + (l + (size_t)i) * b->m + f->index, sizeof a[i]);
    transpose(a);
    for (int i = 0; i < W; i++)
        v_store(b->rows + f[i].row * b->stride + l, a[i]);
}

/* Samples in order, so that memory is read as it lies; W features at a time, the last of a run
 * with some that were loaded already. */
static void load_run(const kernel_block *b, const plan_feature *f, size_t n)
{
    size_t whole = n >= W ? b->n_valid / W * W : 0, together = n % W == 1 ? n - 1 : n;
    for (size_t l = 0; l < whole; l += W)
        for (size_t k = 0; k < together; k += W)
            load_together(b, &f[k + W <= n ? k : n - W], l);
    for (size_t k = 0; k < n; k++)
        load_one(b, &f[k], k < together ? whole : 0);
}

static void load(const kernel_block *b, const plan_feature *f, size_t n)
{
    for (size_t k = 0, length; k < n; k += length) {
        length = run_length(f, k, n);
        load_run(b, &f[k], length);
    }
}

/* ------------------------------------------------------ loops of the uniform machine */

/* Operand t[0], t[1] (scalar, stride) of sums e .. e + W - 1, and of sum e alone. */
INLINE vd operands(const double *u, const uint32_t *t, size_t e)
{
    return t[1] ? load_unaligned(u + t[0] + e) : v_splat(u[t[0]]);
}
INLINE double operand(const double *u, const uint32_t *t, size_t e)
{
    return u[t[0] + t[1] * e];
}

static const uint32_t *loop(double *u, const uint32_t *code)
{
    size_t n = code[0], e = 0;
    const uint32_t *count = code + 2, *t = count + 4;
    double *out = u + code[1];
    for (; e + W <= n; e += W) {
        vd sum = {0};
        t = count + 4;
        for (uint32_t degree = 0; degree <= GRAPH_DEGREE; degree++) {
            for (uint32_t k = 0; k < count[degree]; k++) {
                vd product = operands(u, t, e);
                t += 2;
                for (uint32_t j = 0; j < degree; j++, t += 2)
                    product *= operands(u, t, e);
                sum += product;
            }
        }
        memcpy(out + e, &sum, sizeof sum);
    }
    for (; e < n; e++) {
        double sum = 0.0;
        t = count + 4;
        for (uint32_t degree = 0; degree <= GRAPH_DEGREE; degree++) {
            for (uint32_t k = 0; k < count[degree]; k++) {
                double product = operand(u, t, e);
                t += 2;
                for (uint32_t j = 0; j < degree; j++, t += 2)
                    product *= operand(u, t, e);
                sum += product;
            }
        }
        out[e] = sum;
    }
    return t;
}

const kernel_set KERNEL_SET = {
    .isa = KERNEL_ISA,
    .run = run,
    .load = load,
    .loop = loop,
    .merge = merge,
    .chunk_begin = chunk_begin,
    .chunk_columns = chunk_columns,
    .chunk_end = chunk_end,
    .factored_columns = factored_columns,
    .factored_gather = factored_gather,
    .factored_rows = factored_rows,
    .factored_end = factored_end,
    .factored_combine = factored_combine,
};
