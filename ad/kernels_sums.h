/* ad/kernels_sums.h - sums of products, several vectors of lanes at a time: enough independent
 * chains to hide a multiplication's latency.  Part of ad/kernels_template.h. */
#ifndef AD_KERNELS_SUMS_H
#define AD_KERNELS_SUMS_H

#include "ad/kernels.h"
#include "ad/vector.h"

#define INLINE static inline __attribute__((always_inline))
/* Compiled by itself: merged with others its loops would share their registers. */
#define APART static __attribute__((noinline))

enum {
    W = VECTOR_WIDTH,
    CHUNK = 8,                       /* vectors of a sum */
    TILE = 4,                        /* rows and vectors of a matrix product */
    WIDE = W >= 8 ? TILE : TILE / 2, /* 16 vector registers hold 4 x 2 sums */
    /* Where 16 registers hold vectors of 4, a tile of 6 x 2 needs the fewest loads. */
    TALL_ROWS = W == 4 ? 6 : TILE,
    TALL_VECTORS = W == 4 ? 2 : TILE,
};

/* How many of `left` rows are the next tile of a product: TALL_ROWS, TILE, 2 or 1, so that few
 * are left over, of which a tile costs as much as of many. */
INLINE size_t tile_rows(size_t left)
{
    if (left >= TALL_ROWS && left != 2 * TILE)
        return TALL_ROWS;
    return left >= TILE ? TILE : left >= 2 ? 2 : 1;
}

INLINE const double *row_of(const kernel_block *b, uint32_t row)
{
    return b->rows + row * b->stride;
}

INLINE vd load_unaligned(const double *p)
{
    vd x;
    memcpy(&x, p, sizeof x);
    return x;
}

/* The term counts of a sum and its terms, by degree. */
typedef struct term_list {
    uint32_t n1, n2, n3, n4;
    const uint32_t *term;
} term_list;

INLINE term_list read_terms(const uint32_t *code)
{
    return (term_list){code[0], code[1], code[2], code[3], code + 4};
}

/* What follows the terms. */
INLINE const uint32_t *after_terms(const term_list *t)
{
    return t->term + 2 * (size_t)t->n1 + 3 * (size_t)t->n2 + 4 * (size_t)t->n3 +
           4 * (size_t)t->n4;
}

/* acc[i] += the terms at lanes l + i W, i < n_vectors. */
INLINE void add_terms(const kernel_block *b, const term_list *list, size_t l, int n_vectors,
                      vd *acc)
{
    const uint32_t *t = list->term;
    const double *base = b->rows + l;
    size_t stride = b->stride;
    for (uint32_t k = 0; k < list->n1; k++, t += 2) {
        vd c = v_splat(b->u[t[0]]);
        const double *x = base + t[1] * stride;
        for (int i = 0; i < n_vectors; i++)
            acc[i] = v_fma(c, v_load(x + i * W), acc[i]);
    }
    for (uint32_t k = 0; k < list->n2; k++, t += 3) {
        const double *x = base + t[1] * stride, *y = base + t[2] * stride;
        if (t[0] == PLAN_ONE && x == y) {
            for (int i = 0; i < n_vectors; i++) {
                vd v = v_load(x + i * W);
                acc[i] = v_fma(v, v, acc[i]);
            }
        } else if (t[0] == PLAN_ONE) {
            for (int i = 0; i < n_vectors; i++)
                acc[i] = v_fma(v_load(x + i * W), v_load(y + i * W), acc[i]);
        } else {
            vd c = v_splat(b->u[t[0]]);
            for (int i = 0; i < n_vectors; i++)
                acc[i] = v_fma(c * v_load(x + i * W), v_load(y + i * W), acc[i]);
        }
    }
    for (uint32_t k = 0; k < list->n3; k++, t += 4) {
        vd c = v_splat(b->u[t[0]]);
        const double *x = base + t[1] * stride, *y = base + t[2] * stride;
        const double *z = base + t[3] * stride;
        for (int i = 0; i < n_vectors; i++)
            acc[i] =
                v_fma(c * v_load(x + i * W) * v_load(y + i * W), v_load(z + i * W), acc[i]);
    }
    for (uint32_t k = 0; k < list->n4; k++, t += 4) {
        vd c = v_splat(b->u[t[0]]), s = v_splat(b->u[t[1]]), o = v_splat(b->u[t[2]]);
        const double *x = base + t[3] * stride;
        for (int i = 0; i < n_vectors; i++) {
            vd v = v_fma(s, v_load(x + i * W), o);
            vd cv = v;
            if (t[0] != PLAN_ONE)
                cv *= c;
            acc[i] = v_fma(cv, v, acc[i]);
        }
    }
}

INLINE void sum_chunk(const kernel_block *b, const term_list *list, uint32_t init, double *out,
                      size_t l, int n_vectors)
{
    vd acc[CHUNK];
    for (int i = 0; i < n_vectors; i++)
        acc[i] = init == (uint32_t)PLAN_ADD ? v_load(out + l + i * W) : v_splat(b->u[init]);
    add_terms(b, list, l, n_vectors, acc);
    for (int i = 0; i < n_vectors; i++)
        v_store(out + l + i * W, acc[i]);
}

static const uint32_t *run_sum(const kernel_block *b, const uint32_t *code)
{
    double *out = b->rows + code[0] * b->stride;
    term_list list = read_terms(code + 2);
    size_t l = 0;
    for (; l + CHUNK * W <= b->lanes; l += CHUNK * W)
        sum_chunk(b, &list, code[1], out, l, CHUNK);
    for (; l < b->lanes; l += W)
        sum_chunk(b, &list, code[1], out, l, 1);
    return after_terms(&list);
}

/* ------------------------------------------------------------- groups: matrix products */

typedef struct group {
    size_t n_out, n_in;
    const double *pack; /* [n_in][n_out] */
    const uint32_t *out, *init, *in;
} group;

/* n_rows of the results from number r on, n_vectors from lane l on, all in registers. */
INLINE void group_tile(const kernel_block *b, const group *g, size_t r, size_t l, int n_rows,
                       int n_vectors)
{
    vd acc[TILE][TILE];
    const double *base = b->rows + l, *c = g->pack + r;
    for (int j = 0; j < n_rows; j++)
        for (int i = 0; i < n_vectors; i++)
            acc[j][i] = v_splat(b->u[g->init[r + j]]);
    for (size_t k = 0; k < g->n_in; k++, c += g->n_out) {
        const double *x = base + g->in[k] * b->stride;
        vd v[TILE];
        for (int i = 0; i < n_vectors; i++)
            v[i] = v_load(x + i * W);
        for (int j = 0; j < n_rows; j++) {
            vd cj = v_splat(c[j]);
            for (int i = 0; i < n_vectors; i++)
                acc[j][i] = v_fma(cj, v[i], acc[j][i]);
        }
    }
    for (int j = 0; j < n_rows; j++)
        for (int i = 0; i < n_vectors; i++)
            v_store(b->rows + g->out[r + j] * b->stride + l + i * W, acc[j][i]);
}

INLINE void group_rows(const kernel_block *b, const group *g, size_t r, int n_rows)
{
    size_t l = 0;
    for (; l + WIDE * W <= b->lanes; l += WIDE * W)
        group_tile(b, g, r, l, n_rows, WIDE);
    for (; l < b->lanes; l += W)
        group_tile(b, g, r, l, n_rows, 1);
}

static const uint32_t *run_group(const kernel_block *b, const uint32_t *code)
{
    group g = {code[0],
               code[1],
               b->pack + code[2],
               code + 3,
               code + 3 + code[0],
               code + 3 + 2 * code[0]};
    size_t r = 0;
    for (; r + 4 <= g.n_out; r += 4)
        group_rows(b, &g, r, 4);
    for (; r + 2 <= g.n_out; r += 2)
        group_rows(b, &g, r, 2);
    for (; r < g.n_out; r++)
        group_rows(b, &g, r, 1);
    return g.in + g.n_in;
}

/* ------------------------------------ the same, of features that stand together */

typedef struct feature_group {
    size_t n_out, n_in, first;
    const double *pack; /* [n_out][n_in] */
    const uint32_t *out, *init;
} feature_group;

/* Results r .. r + n_rows - 1 of four samples from number l on. */
INLINE void feature_tile(const kernel_block *b, const feature_group *g, size_t r, size_t l,
                         int n_rows)
{
    enum { SAMPLES = 4 };
    vd acc[2][SAMPLES];
    const double *x[SAMPLES], *c = g->pack + r * g->n_in;
    double tail[2][SAMPLES];
    size_t k = 0;
    for (size_t i = 0; i < SAMPLES; i++) /* past the last sample: that again */
        x[i] = b->xi + (l + i < b->n_valid ? l + i : b->n_valid - 1) * b->m + g->first;
    for (int j = 0; j < n_rows; j++)
        for (int i = 0; i < SAMPLES; i++)
            acc[j][i] = v_splat(0.0), tail[j][i] = b->u[g->init[r + (size_t)j]];
    for (; k + W <= g->n_in; k += W) {
        for (int j = 0; j < n_rows; j++) {
            vd cj = load_unaligned(c + (size_t)j * g->n_in + k);
            for (int i = 0; i < SAMPLES; i++)
                acc[j][i] = v_fma(cj, load_unaligned(x[i] + k), acc[j][i]);
        }
    }
    for (; k < g->n_in; k++)
        for (int j = 0; j < n_rows; j++)
            for (int i = 0; i < SAMPLES; i++)
                tail[j][i] += c[(size_t)j * g->n_in + k] * x[i][k];
    for (int j = 0; j < n_rows; j++) {
        v_add_sums(tail[j], acc[j][0], acc[j][1], acc[j][2], acc[j][3]);
        memcpy(b->rows + g->out[r + (size_t)j] * b->stride + l, tail[j], sizeof tail[j]);
    }
}

static const uint32_t *run_feature_group(const kernel_block *b, const uint32_t *code)
{
    feature_group g = {code[0],           code[1],  code[3],
                       b->pack + code[2], code + 4, code + 4 + code[0]};
    for (size_t l = 0; l < b->lanes; l += 4) {
        size_t r = 0;
        for (; r + 2 <= g.n_out; r += 2)
            feature_tile(b, &g, r, l, 2);
        for (; r < g.n_out; r++)
            feature_tile(b, &g, r, l, 1);
    }
    return g.init + g.n_out;
}

#endif
