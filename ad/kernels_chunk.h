/* ad/kernels_chunk.h - statistics of a dense matrix's gradient over a chunk of samples.  Part
 * of ad/kernels_template.h.
 *
 * The blocks of a chunk have left their factors, the arrays z and x of all its samples, in one
 * place.  This is a block again, of as many lanes as the chunk has samples, in which every
 * element of the mean is a sum over all lanes: it is taken in registers and written once.  What
 * is summed over samples is explained in ad/kernels_ghost.h.
 *
 * The columns of x are divided into groups, always the same ones, that threads take. */
#ifndef AD_KERNELS_CHUNK_H
#define AD_KERNELS_CHUNK_H

#include "ad/kernels_ghost.h"
#include "ad/kernels_merge.h"

/* The rows of a stat's factors are numbered in order: left arrays, then right ones that are not
 * features. */
typedef struct chunk_rows {
    const uint32_t *left[KERNEL_VECTORS / 2], *right[KERNEL_VECTORS / 2];
} chunk_rows;

static chunk_rows chunk_rows_of(const plan_stat *s, const uint32_t *number)
{
    chunk_rows r = {{NULL, NULL}, {NULL, NULL}};
    for (size_t k = 0; k < s->n_left; k++, number += s->shape.channels_out)
        r.left[k] = number;
    for (size_t k = 0; k < s->n_right; k++) {
        if (s->feature[k] != UINT32_MAX)
            continue;
        r.right[k] = number;
        number += s->shape.channels_in;
    }
    return r;
}

/* What is done once: first values, and products on the left. */
static void chunk_begin(const kernel_block *b, const plan_stat *s, const uint32_t *number)
{
    chunk_rows r = chunk_rows_of(s, number);
    ghost f = ghost_of(b, s, r.left, r.right);
    ghost_begin(b, &f);
    for (size_t k = 0; k < s->n_right; k++)
        for (size_t j = 0; j < f.n_x; j++)
            f.right_first[k * f.n_x + j] = s->feature[k] == UINT32_MAX
                                               ? row_of(b, r.right[k][j])[0]
                                               : b->xi[s->feature[k] + j];
    ghost_left(b, &f);
    if (b->level >= KERNEL_SQUARES)
        ghost_left_products(b, &f);
}

/* ------------------------------------------------------------------------------- means */

/* acc += the sum over n samples of z x', at n_rows rows and n_vectors columns; z [rows][lanes],
 * x [n][stride]. */
INLINE void chunk_add(vd acc[TALL_ROWS][TILE], const double *z, size_t lanes, const double *x,
                      size_t stride, size_t n, int n_rows, int n_vectors)
{
    for (const double *end = z + n; z < end; z++, x += stride) {
        vd v[TILE];
        for (int i = 0; i < n_vectors; i++)
            v[i] = load_unaligned(x + i * W);
        for (int r = 0; r < n_rows; r++) {
            vd zr = v_splat(z[(size_t)r * lanes]);
            for (int i = 0; i < n_vectors; i++)
                acc[r][i] = v_fma(zr, v[i], acc[r][i]);
        }
    }
}

/* acc = the sums of (z - z_0) x' at n_rows rows from j on and n_vectors columns of the panel
 * from k on. */
INLINE void chunk_multiply(const kernel_block *b, const ghost *f, const ghost_panel *p,
                           int which, size_t j, size_t k, int n_rows, int n_vectors,
                           vd acc[TALL_ROWS][TILE])
{
    for (int r = 0; r < n_rows; r++)
        for (int i = 0; i < n_vectors; i++)
            acc[r][i] = v_splat(0.0);
    for (uint32_t pair = 0; pair < f->s->n_pairs[which]; pair++) {
        const uint32_t *at = f->s->pair[which][pair];
        chunk_add(acc, b->left + (at[0] * f->n_z + j) * b->lanes, b->lanes, p->x[at[1]] + k,
                  p->stride, b->n_valid, n_rows, n_vectors);
    }
}

/* The last column holds `tail` elements. */
INLINE void chunk_tile(const kernel_block *b, const ghost *f, const ghost_panel *p,
                       const kernel_chunk *c, merge_sums *sums, bool has_h, size_t j, size_t k,
                       int n_rows, int n_vectors, size_t tail)
{
    vd g[TALL_ROWS][TILE], h[TALL_ROWS][TILE], zero = {0};
    chunk_multiply(b, f, p, 0, j, k, n_rows, n_vectors, g);
    if (has_h)
        chunk_multiply(b, f, p, 1, j, k, n_rows, n_vectors, h);
    merge_row m = merge_row_of(f->s, f->memory, (double)b->n_valid, c->n_before);
    for (int r = 0; r < n_rows; r++) {
        m.j = j + (size_t)r;
        for (int which = 0; which < 1 + has_h; which++)
            m.total[which] = c->total->mean[which] + m.j * f->n_x;
        for (int i = 0; i < n_vectors; i++) {
            size_t n = i == n_vectors - 1 ? tail : W, at = p->first + k + (size_t)i * W;
            merge_vector(&m, has_h, at, n, g[r][i], has_h ? h[r][i] : zero, sums);
        }
    }
}

INLINE void chunk_rows_of_panel(const kernel_block *b, const ghost *f, const ghost_panel *p,
                                const kernel_chunk *c, merge_sums *sums, bool has_h, size_t j,
                                int n_rows)
{
    size_t k = 0;
    for (; k + WIDE * W <= p->n; k += WIDE * W)
        chunk_tile(b, f, p, c, sums, has_h, j, k, n_rows, WIDE, W);
    for (; k < p->n; k += W)
        chunk_tile(b, f, p, c, sums, has_h, j, k, n_rows, 1, p->n - k < W ? p->n - k : W);
}

INLINE void chunk_panel(const kernel_block *b, const ghost *f, const ghost_panel *p,
                        const kernel_chunk *c, merge_sums *sums, bool has_h)
{
    for (size_t j = 0, n; j < f->n_z; j += n) {
        n = tile_rows(f->n_z - j);
        if (n == TALL_ROWS)
            chunk_rows_of_panel(b, f, p, c, sums, has_h, j, TALL_ROWS);
        else if (n == TILE)
            chunk_rows_of_panel(b, f, p, c, sums, has_h, j, TILE);
        else if (n == 2)
            chunk_rows_of_panel(b, f, p, c, sums, has_h, j, 2);
        else
            chunk_rows_of_panel(b, f, p, c, sums, has_h, j, 1);
    }
}

APART void chunk_panel_g(const kernel_block *b, const ghost *f, const ghost_panel *p,
                         const kernel_chunk *c, merge_sums *sums)
{
    chunk_panel(b, f, p, c, sums, false);
}

APART void chunk_panel_gh(const kernel_block *b, const ghost *f, const ghost_panel *p,
                          const kernel_chunk *c, merge_sums *sums)
{
    chunk_panel(b, f, p, c, sums, true);
}

/* One group of columns: means, and products on the right. */
static void chunk_columns(const kernel_block *b, const plan_stat *s, const uint32_t *number,
                          const kernel_chunk *c, size_t which, kernel_part *out)
{
    chunk_rows r = chunk_rows_of(s, number);
    ghost f = ghost_of(b, s, r.left, r.right);
    size_t width = ghost_width(b), n_panels = (f.n_x + width - 1) / width;
    size_t end = (which + 1) * n_panels / c->n_groups;
    bool squares = b->level >= KERNEL_SQUARES;
    f.right_products = out->right_products;
    if (squares)
        memset(f.right_products, 0, ghost_n_products(s->n_right) * b->lanes * sizeof(double));
    merge_sums sums;
    memset(&sums, 0, sizeof sums);
    for (size_t k = which * n_panels / c->n_groups; k < end; k++) {
        ghost_panel p = ghost_panel_of(b, &f, k * width);
        ghost_deviations(b, &f, &p);
        if (squares)
            ghost_right_products(b, &f, &p);
        if (s->n_pairs[1] > 0)
            chunk_panel_gh(b, &f, &p, c, &sums);
        else
            chunk_panel_g(b, &f, &p, c, &sums);
    }
    merge_reduce(&sums, out);
}

/* The groups' parts together, in order. */
static bool chunk_end(const kernel_block *b, const plan_stat *s, const kernel_chunk *c,
                      const kernel_part *part)
{
    ghost f = ghost_of(b, s, NULL, NULL);
    kernel_part all = part[0];
    size_t n = ghost_n_products(s->n_right) * b->lanes;
    bool squares = b->level >= KERNEL_SQUARES;
    f.right_products = part[0].right_products;
    for (size_t g = 1; g < c->n_groups; g++) {
        all.finite = all.finite && part[g].finite;
        for (int k = 0; k < STAT_SUMS; k++) {
            all.own[k] += part[g].own[k];
            all.between[k] += part[g].between[k];
        }
        for (size_t k = 0; squares && k < n; k++)
            f.right_products[k] += part[g].right_products[k];
    }
    if (squares) {
        ghost_norms(b, &f);
        merge_products(f.memory, &all, (double)b->n_valid, c->n_before, c->total->products);
    }
    return all.finite;
}

#endif
