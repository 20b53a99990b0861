/* ad/kernels_factored.h - sums of outer products that are never written out.  Part of
 * ad/kernels_template.h.
 *
 * With the samples' inner products G_ij = x_i.x_j, those of the sums g = sum z_i x_i' and h =
 * sum z'_i x_i' are g.h = sum_ij (z_i.z'_j) G_ij, and what g makes of the samples' x, as a
 * matrix, is z G: all without a column of x.  So both are known before any element of them is,
 * and a combination a g + b h is one product of matrices, (a z + b z')' x, not two.
 *
 * Deviations from the first sample are taken as in ad/kernels_ghost.h: s_p = sum (z - z_0) x' +
 * z_0 e' with e = sum (x - x_0), so that
 *
 *     s_p.s_q = <(z_p - z_p0) G, z_q - z_q0> + sum_i ((z_p - z_p0)_i.z_q0 + ...) x_i.e
 *               + (z_p0.z_q0) |e|^2.  */
#ifndef AD_KERNELS_FACTORED_H
#define AD_KERNELS_FACTORED_H

#include "ad/kernels_chunk.h"

/* --------------------------------------------------------------- over groups of columns */

/* The panel's transpose [columns][lanes], 0 at lanes past the last sample. */
static void factored_transpose(const kernel_block *b, const ghost_panel *p, double *out)
{
    for (size_t l = 0; l < b->lanes; l += W) {
        for (size_t k = 0; k < p->n; k += W) {
            vd a[W];
            for (size_t i = 0; i < W; i++)
                a[i] = l + i < b->n_valid ? load_unaligned(p->x[0] + (l + i) * p->stride + k)
                                          : v_splat(0.0);
            transpose(a);
            for (size_t i = 0; i < W; i++)
                v_store(out + (k + i) * b->lanes + l, a[i]);
        }
    }
}

/* Rows i .. i + n_rows - 1, columns j .. of G gain what n columns of x give. */
INLINE void gram_tile(const kernel_block *b, const ghost_panel *p, const double *xt,
                      double *gram, bool begins, size_t i, size_t j, int n_rows, int n_vectors)
{
    vd acc[TALL_ROWS][TILE];
    const double *row = p->x[0] + i * p->stride, *column = xt + j;
    const size_t stride = p->stride, lanes = b->lanes;
    double *out = gram + i * lanes + j;
    for (int r = 0; r < n_rows; r++)
        for (int v = 0; v < n_vectors; v++)
            acc[r][v] = begins ? v_splat(0.0) : v_load(out + (size_t)r * lanes + v * W);
    for (const double *end = row + p->n; row < end; row++, column += lanes) {
        vd x[TILE];
        for (int v = 0; v < n_vectors; v++)
            x[v] = v_load(column + v * W);
        for (int r = 0; r < n_rows; r++) {
            vd xr = v_splat(row[(size_t)r * stride]);
            for (int v = 0; v < n_vectors; v++)
                acc[r][v] = v_fma(xr, x[v], acc[r][v]);
        }
    }
    for (int r = 0; r < n_rows; r++)
        for (int v = 0; v < n_vectors; v++)
            v_store(out + (size_t)r * lanes + v * W, acc[r][v]);
}

/* Up to the diagonal. */
INLINE void gram_rows(const kernel_block *b, const ghost_panel *p, const double *xt,
                      double *gram, bool begins, size_t i, int n_rows)
{
    size_t j = 0, end = i + (size_t)n_rows;
    for (; j < end && j + WIDE * W <= b->lanes; j += WIDE * W)
        gram_tile(b, p, xt, gram, begins, i, j, n_rows, WIDE);
    for (; j < end; j += W)
        gram_tile(b, p, xt, gram, begins, i, j, n_rows, 1);
}

APART void gram_panel(const kernel_block *b, const ghost_panel *p, const double *xt,
                      double *gram, bool begins)
{
    for (size_t i = 0, n; i < b->n_valid; i += n) {
        n = tile_rows(b->n_valid - i);
        if (n == TALL_ROWS)
            gram_rows(b, p, xt, gram, begins, i, TALL_ROWS);
        else if (n == TILE)
            gram_rows(b, p, xt, gram, begins, i, TILE);
        else if (n == 2)
            gram_rows(b, p, xt, gram, begins, i, 2);
        else
            gram_rows(b, p, xt, gram, begins, i, 1);
    }
}

/* Number k of the panels of features, which are copied once, to stay until they are combined.
 */
INLINE double *factored_panel_at(const kernel_block *b, const kernel_factored *k, size_t first)
{
    return k->x + first * b->lanes;
}

INLINE ghost_panel factored_panel_of(const kernel_block *b, const ghost *f,
                                     const kernel_factored *k, size_t first)
{
    size_t left = f->n_x - first, width = ghost_width(b);
    return (ghost_panel){.first = first,
                         .n = left < width ? left : width,
                         .x = {factored_panel_at(b, k, first), NULL},
                         .stride = width};
}

/* One group: inner products of samples. */
static void factored_columns(const kernel_block *b, const plan_stat *s, const uint32_t *number,
                             const kernel_chunk *c, const kernel_factored *k, size_t which,
                             double *gram)
{
    chunk_rows r = chunk_rows_of(s, number);
    ghost f = ghost_of(b, s, r.left, r.right);
    size_t width = ghost_width(b), n_panels = (f.n_x + width - 1) / width;
    size_t first = which * n_panels / c->n_groups, end = (which + 1) * n_panels / c->n_groups;
    if (first == end)
        memset(gram, 0, b->n_valid * b->lanes * sizeof(double));
    for (size_t i = first; i < end; i++) {
        kernel_block at = *b;
        at.panel = factored_panel_at(b, k, i * width);
        ghost_panel p = ghost_panel_of(&at, &f, i * width);
        factored_transpose(b, &p, b->panel);
        gram_panel(b, &p, b->panel, gram, i == first);
    }
}

/* W rows from i on, W columns from j on of all groups' G; rows past the last sample are 0. */
INLINE void gather_tile(const kernel_block *b, const kernel_chunk *c, double *const *gram,
                        size_t i, size_t j, vd *a)
{
    for (size_t r = 0; r < W; r++) {
        a[r] = v_splat(0.0);
        for (size_t g = 0; i + r < b->n_valid && g < c->n_groups; g++)
            a[r] += v_load(gram[g] + (i + r) * b->lanes + j);
    }
}

/* All of G to the first group's: above the diagonal is what is below. */
static void gather_gram(const kernel_block *b, const kernel_chunk *c, double *const *gram)
{
    const size_t lanes = b->lanes;
    for (size_t i = 0; i < lanes; i += W) {
        for (size_t j = 0; j <= i; j += W) {
            vd a[W];
            gather_tile(b, c, gram, i, j, a);
            for (size_t r = 0; r < W; r++)
                v_store(gram[0] + (i + r) * lanes + j, a[r]);
            transpose(a);
            for (size_t r = 0; r < W && j < i; r++)
                v_store(gram[0] + (j + r) * lanes + i, a[r]);
        }
        for (size_t r = 0; r < W; r++)
            for (size_t q = r + 1; q < W; q++)
                gram[0][(i + r) * lanes + i + q] = gram[0][(i + q) * lanes + i + r];
    }
}

enum { FACTORED_SAMPLES = 4 }; /* whose sums are taken side by side */

/* Inner products of n samples' x from number l on over the panel: with x - x_0, of that with
 * itself, and of x with the sum of deviations.  x.x is an element of G. */
INLINE void factored_samples(const kernel_block *b, const ghost *f, const ghost_panel *p,
                             size_t l, int n, kernel_factored *out)
{
    enum { PRODUCTS = 3 };
    vd acc[PRODUCTS][FACTORED_SAMPLES];
    for (int k = 0; k < PRODUCTS; k++)
        for (int i = 0; i < FACTORED_SAMPLES; i++)
            acc[k][i] = v_splat(0.0);
    for (size_t j = 0; j < p->n; j += W) {
        size_t size = (p->n - j < W ? p->n - j : W) * sizeof(double);
        vd x0 = {0}, e = {0}; /* as x is past the end */
        memcpy(&x0, f->right_first + p->first + j, size);
        memcpy(&e, f->deviation + p->first + j, size);
        for (int i = 0; i < n; i++) {
            vd x = load_unaligned(p->x[0] + (l + (size_t)i) * p->stride + j), d = x - x0;
            acc[0][i] = v_fma(d, x, acc[0][i]);
            acc[1][i] = v_fma(d, d, acc[1][i]);
            acc[2][i] = v_fma(x, e, acc[2][i]);
        }
    }
    double sum[PRODUCTS][4] = {{0}, {0}, {0}};
    for (int k = 0; k < PRODUCTS; k++)
        v_add_sums(sum[k], acc[k][0], acc[k][1], acc[k][2], acc[k][3]);
    double *products = f->right_products + l;
    for (size_t i = 0; i < (size_t)n; i++) {
        products[ghost_product(1, 0) * b->lanes + i] += sum[0][i];
        products[ghost_product(1, 1) * b->lanes + i] += sum[1][i];
        out->along[l + i] += sum[2][i];
    }
}

static void factored_panel(const kernel_block *b, const ghost *f, const ghost_panel *p,
                           kernel_factored *out)
{
    const double *e = f->deviation + p->first;
    size_t l = 0;
    for (; l + FACTORED_SAMPLES <= b->n_valid; l += FACTORED_SAMPLES)
        factored_samples(b, f, p, l, FACTORED_SAMPLES, out);
    for (; l < b->n_valid; l++)
        factored_samples(b, f, p, l, 1, out);
    for (size_t k = 0; k < p->n; k++)
        out->square += e[k] * e[k];
}

/* Products on the right, x_i.e and |e|^2, column by column. */
static void right_from_columns(const kernel_block *b, const ghost *f, kernel_factored *out)
{
    memset(f->right_products, 0, ghost_n_products(1) * b->lanes * sizeof(double));
    memset(out->along, 0, b->lanes * sizeof(double));
    out->square = 0.0;
    for (size_t k = 0; k < f->n_x; k += ghost_width(b)) {
        ghost_panel p = factored_panel_of(b, f, out, k);
        ghost_deviations(b, f, &p);
        factored_panel(b, f, &p, out);
    }
}

/* The same from G; false: the samples are so far from 0, compared with their distances, that
 * more digits would cancel than are left beside 1e-13. */
static bool right_from_gram(const kernel_block *b, const ghost *f, kernel_factored *out)
{
    const double least = 0x1p-8;
    const size_t lanes = b->lanes, n = b->n_valid;
    const double *gram = out->gram, origin = gram[0];
    double *x_d = f->right_products + ghost_product(1, 0) * lanes;
    double *d_d = f->right_products + ghost_product(1, 1) * lanes;
    double lengths = 0.0, distances = 0.0, sums = 0.0;
    for (size_t i = 0; i < n; i++) {
        double own = gram[i * lanes + i], first = gram[i * lanes];
        x_d[i] = own - first;
        d_d[i] = own - 2.0 * first + origin;
        out->along[i] = out->sum[i] - (double)n * first;
        lengths += own;
        distances += d_d[i];
        sums += out->sum[i];
    }
    out->square = sums - (double)n * (2.0 * out->sum[0] - (double)n * origin);
    return distances >= least * lengths;
}

/* The groups' G together, in order, its sums over columns, products on the right, x_i.e and
 * |e|^2 with e = sum (x - x_0). */
static void factored_gather(const kernel_block *b, const plan_stat *s, const kernel_chunk *c,
                            double *const *gram, kernel_factored *out)
{
    ghost f = ghost_of(b, s, NULL, NULL);
    size_t lanes = b->lanes, n = b->n_valid;
    f.right_products = out->right_products;
    gather_gram(b, c, gram);
    out->gram = gram[0];
    memset(out->sum, 0, lanes * sizeof(double));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < lanes; j += W)
            v_store(out->sum + j, v_load(out->sum + j) + v_load(out->gram + i * lanes + j));
    if (!right_from_gram(b, &f, out))
        right_from_columns(b, &f, out);
    for (size_t i = 0; i < n; i++)
        f.right_products[ghost_product(0, 0) * lanes + i] = out->gram[i * lanes + i];
}

/* ------------------------------------------------------------------ over groups of rows */

INLINE void factored_tile(const kernel_block *b, const kernel_factored *f, size_t r, size_t i,
                          int n_rows, int n_vectors)
{
    vd acc[TALL_ROWS][TILE];
    for (int k = 0; k < n_rows; k++)
        for (int v = 0; v < n_vectors; v++)
            acc[k][v] = v_splat(0.0);
    chunk_add(acc, b->left + r * b->lanes, b->lanes, f->gram + i, b->lanes, b->n_valid, n_rows,
              n_vectors);
    for (int k = 0; k < n_rows; k++)
        for (int v = 0; v < n_vectors; v++)
            v_store(f->product + (r + (size_t)k) * b->lanes + i + v * W, acc[k][v]);
}

INLINE void factored_strip(const kernel_block *b, const kernel_factored *f, size_t from,
                           size_t to, size_t i, int n_vectors)
{
    for (size_t n; from < to; from += n) {
        n = tile_rows(to - from);
        if (n == TALL_ROWS)
            factored_tile(b, f, from, i, TALL_ROWS, n_vectors);
        else if (n == TILE)
            factored_tile(b, f, from, i, TILE, n_vectors);
        else if (n == 2)
            factored_tile(b, f, from, i, 2, n_vectors);
        else
            factored_tile(b, f, from, i, 1, n_vectors);
    }
}

/* One group of rows of all left arrays' (z - z_0) G. */
APART void factored_rows(const kernel_block *b, const plan_stat *s, const kernel_chunk *c,
                         const kernel_factored *f, size_t which)
{
    size_t n = (size_t)s->n_left * s->shape.channels_out, i = 0;
    size_t from = which * n / c->n_groups, to = (which + 1) * n / c->n_groups;
    for (; i + WIDE * W <= b->lanes; i += WIDE * W)
        factored_strip(b, f, from, to, i, WIDE);
    for (; i < b->lanes; i += W)
        factored_strip(b, f, from, to, i, 1);
}

/* ---------------------------------------------------------------------- inner products */

typedef struct factored_sums {
    vd deviation, whole; /* of s_p and s_q; of the sums with the first samples' part */
} factored_sums;

/* Row j of quantities p and q. */
INLINE void factored_row(const kernel_block *b, const ghost *f, const kernel_factored *k,
                         size_t p, size_t q, size_t j, factored_sums *out)
{
    const double *mp = k->product + (p * f->n_z + j) * b->lanes;
    const double *zq = b->left + (q * f->n_z + j) * b->lanes;
    vd zp0 = v_splat(f->left_first[p * f->n_z + j]);
    vd zq0 = v_splat(f->left_first[q * f->n_z + j]);
    for (size_t l = 0; l < b->n_valid; l += W) {
        vl mask = first_elements(b->n_valid - l < W ? b->n_valid - l : W);
        vd m = v_load(mp + l), z = (vd)((vl)v_load(zq + l) & mask);
        out->deviation = v_fma(m, z, out->deviation);
        m = v_fma(zp0, v_load(k->sum + l), m);
        z = (vd)((vl)(z + zq0) & mask);
        out->whole = v_fma(m, z, out->whole);
    }
}

/* s_p.s_q of quantities p and q, and in *whole the inner product of their sums. */
static double factored_inner(const kernel_block *b, const ghost *f, const kernel_factored *k,
                             int which_p, int which_q, double *whole)
{
    size_t p = f->s->pair[which_p][0][0], q = f->s->pair[which_q][0][0];
    size_t pq0 = ghost_product(p, q + f->s->n_left), qp0 = ghost_product(q, p + f->s->n_left);
    const double *left = f->left_products;
    factored_sums sums = {{0}, {0}};
    vd zero = {0};
    for (size_t j = 0; j < f->n_z; j++)
        factored_row(b, f, k, p, q, j, &sums);
    double sum[4] = {0}, first = 0.0;
    v_add_sums(sum, sums.deviation, sums.whole, zero, zero);
    for (size_t l = 0; l < b->n_valid; l++)
        sum[0] += (left[pq0 * b->lanes + l] + left[qp0 * b->lanes + l]) * k->along[l];
    for (size_t j = 0; j < f->n_z; j++)
        first += f->left_first[p * f->n_z + j] * f->left_first[q * f->n_z + j];
    *whole = sum[1];
    return sum[0] + first * k->square;
}

/* Statistics of all samples, of which there is one chunk. */
static void factored_end(const kernel_block *b, const plan_stat *s, const kernel_factored *k,
                         double *products, double *inner)
{
    static const int pairs[STAT_SUMS][2] = {
        [STAT_GG] = {0, 0}, [STAT_HH] = {1, 1}, [STAT_GH] = {0, 1}};
    ghost f = ghost_of(b, s, NULL, NULL);
    kernel_part all = {.own = {0}};
    f.right_products = k->right_products;
    for (int i = 0; i < STAT_SUMS; i++)
        all.own[i] = factored_inner(b, &f, k, pairs[i][0], pairs[i][1], &inner[i]);
    if (b->level >= KERNEL_SQUARES) {
        ghost_norms(b, &f);
        merge_products(f.memory, &all, (double)b->n_valid, 0.0, products);
    }
}

/* ------------------------------------------------------------------------ combinations */

/* out = the mean of z x' with z = k->left, plus scale times out. */
INLINE void combine_tile(const kernel_block *b, const ghost *f, const ghost_panel *p,
                         const kernel_factored *k, size_t j, size_t at, int n_rows,
                         int n_vectors, size_t tail, vd *square)
{
    vd acc[TALL_ROWS][TILE], part = v_splat(1.0 / (double)b->n_valid);
    for (int r = 0; r < n_rows; r++)
        for (int i = 0; i < n_vectors; i++)
            acc[r][i] = v_splat(0.0);
    chunk_add(acc, k->left + j * b->lanes, b->lanes, p->x[0] + at, p->stride, b->n_valid,
              n_rows, n_vectors);
    for (int r = 0; r < n_rows; r++) {
        double *out = k->out + (j + (size_t)r) * f->n_x + p->first + at;
        for (int i = 0; i < n_vectors; i++) {
            size_t size = (i == n_vectors - 1 ? tail : W) * sizeof(double);
            vd old = {0}, mean = acc[r][i] * part;
            if (k->scale != 0.0) {
                memcpy(&old, out + i * W, size);
                mean = v_fma(v_splat(k->scale), old, mean);
            }
            memcpy(out + i * W, &mean, size);
            *square = v_fma(mean, mean, *square);
        }
    }
}

INLINE void combine_rows(const kernel_block *b, const ghost *f, const ghost_panel *p,
                         const kernel_factored *k, size_t j, int n_rows, vd *square)
{
    size_t at = 0;
    for (; at + WIDE * W <= p->n; at += WIDE * W)
        combine_tile(b, f, p, k, j, at, n_rows, WIDE, W, square);
    for (; at < p->n; at += W)
        combine_tile(b, f, p, k, j, at, n_rows, 1, p->n - at < W ? p->n - at : W, square);
}

APART void combine_panel(const kernel_block *b, const ghost *f, const ghost_panel *p,
                         const kernel_factored *k, vd *square)
{
    for (size_t j = 0, n; j < f->n_z; j += n) {
        n = tile_rows(f->n_z - j);
        if (n == TALL_ROWS)
            combine_rows(b, f, p, k, j, TALL_ROWS, square);
        else if (n == TILE)
            combine_rows(b, f, p, k, j, TILE, square);
        else if (n == 2)
            combine_rows(b, f, p, k, j, 2, square);
        else
            combine_rows(b, f, p, k, j, 1, square);
    }
}

/* One group of columns; returns the sum of squares of what was written. */
static double factored_combine(const kernel_block *b, const plan_stat *s,
                               const uint32_t *number, const kernel_chunk *c,
                               const kernel_factored *k, size_t which)
{
    chunk_rows r = chunk_rows_of(s, number);
    ghost f = ghost_of(b, s, r.left, r.right);
    size_t width = ghost_width(b), n_panels = (f.n_x + width - 1) / width;
    size_t end = (which + 1) * n_panels / c->n_groups;
    vd square = {0}, zero = {0};
    double sum[4] = {0};
    for (size_t i = which * n_panels / c->n_groups; i < end; i++) {
        ghost_panel p = factored_panel_of(b, &f, k, i * width);
        combine_panel(b, &f, &p, k, &square);
    }
    v_add_sums(sum, square, zero, zero, zero);
    return sum[0];
}

#endif
