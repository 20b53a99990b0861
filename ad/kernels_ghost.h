/* ad/kernels_ghost.h - statistics of a matrix's gradient without any sample's gradient.
 *
 * Sample i's gradient is g_i = z_i x_i', its product with the Hessian h_i = z'_i x_i' + z_i
 * x'_i', outer products of left and right arrays.  Their sums over samples are products of two
 * matrices.  Their squared norms are those of their factors ("ghost norms"; Goodfellow,
 * "Efficient per-example gradient computations", 2015): |z x'|^2 = |z|^2 |x|^2.
 *
 * Both are taken of deviations from the first sample, so that a large mean does not cancel:
 *
 *     z x' - z_0 x_0' = (z - z_0) x' + z_0 (x - x_0)'
 *
 * in which every outer product is small if the samples differ by little, and 0 if they are
 * equal.  With the second one's sum over samples, z_0 (sum x - x_0)', nothing but z - z_0
 * instead of z distinguishes this from the plain product of matrices. */
#ifndef AD_KERNELS_GHOST_H
#define AD_KERNELS_GHOST_H

#include "ad/kernels_jobs.h"
#include "ad/kernels_transpose.h"

/* Vectors of one side: the arrays (z - z_0, or x), then of each the other vector (z_0, or
 * x - x_0); inner products of two of them by number. */
enum { GHOST_SAMPLES = 4 }; /* whose sums are taken side by side, one array's */

/* How many there are of n arrays' 2 n vectors. */
INLINE size_t ghost_n_products(size_t n)
{
    return n * (2 * n + 1);
}

INLINE size_t ghost_product(size_t i, size_t j)
{
    return i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i;
}

typedef struct ghost {
    const plan_stat *s;
    size_t n_z, n_x;
    const uint32_t *const *left_rows, *const *right_rows;
    double *memory;                               /* plan_stat_memory */
    double *left_first, *right_first, *deviation; /* in it: [n_left][n_z], [n_right][n_x] */
    double *left_products, *right_products;       /* [KERNEL_PRODUCTS][lanes] */
} ghost;

static ghost ghost_of(const kernel_block *b, const plan_stat *s, const uint32_t *const *left,
                      const uint32_t *const *right)
{
    ghost f = {.s = s, .n_z = s->shape.channels_out, .n_x = s->shape.channels_in};
    f.left_rows = left;
    f.right_rows = right;
    f.memory = b->stat + s->offset;
    f.left_first = f.memory + STAT_SUMS;
    f.right_first = f.left_first + s->n_left * f.n_z;
    f.deviation = f.right_first + s->n_right * f.n_x;
    f.left_products = b->tile;
    f.right_products = b->tile + KERNEL_PRODUCTS * b->lanes;
    return f;
}

/* Keeps the first sample's values on the left. */
static void ghost_begin(const kernel_block *b, const ghost *f)
{
    memset(f->memory, 0, plan_stat_memory(f->s) * sizeof(double));
    for (size_t k = 0; k < f->s->n_left; k++)
        for (size_t j = 0; j < f->n_z; j++)
            f->left_first[k * f->n_z + j] = row_of(b, f->left_rows[k][j])[0];
}

/* ------------------------------------------------------------------------- left side */

/* z - z_0 into b->left [n_left][n_z][lanes]. */
static void ghost_left(const kernel_block *b, const ghost *f)
{
    for (size_t k = 0; k < f->s->n_left; k++) {
        for (size_t j = 0; j < f->n_z; j++) {
            const double *row = row_of(b, f->left_rows[k][j]);
            double *out = b->left + (k * f->n_z + j) * b->lanes;
            vd first = v_splat(f->left_first[k * f->n_z + j]);
            for (size_t l = 0; l < b->lanes; l += W)
                v_store(out + l, v_load(row + l) - first);
        }
    }
}

INLINE void ghost_left_lanes(const kernel_block *b, const ghost *f, size_t l, int n)
{
    vd acc[KERNEL_PRODUCTS], x[KERNEL_VECTORS];
    for (int k = 0; k < KERNEL_PRODUCTS; k++)
        acc[k] = v_splat(0.0);
    for (size_t j = 0; j < f->n_z; j++) {
        for (int k = 0; k < n; k++) {
            x[k] = v_load(b->left + ((size_t)k * f->n_z + j) * b->lanes + l);
            x[n + k] = v_splat(f->left_first[(size_t)k * f->n_z + j]);
        }
        for (int k = 0; k < 2 * n; k++)
            for (int i = 0; i <= k; i++)
                acc[k * (k + 1) / 2 + i] = v_fma(x[k], x[i], acc[k * (k + 1) / 2 + i]);
    }
    for (int k = 0; k < n * (2 * n + 1); k++)
        v_store(f->left_products + (size_t)k * b->lanes + l, acc[k]);
}

static void ghost_left_products(const kernel_block *b, const ghost *f)
{
    for (size_t l = 0; l < b->lanes; l += W)
        if (f->s->n_left == 1)
            ghost_left_lanes(b, f, l, 1);
        else
            ghost_left_lanes(b, f, l, 2);
}

/* ------------------------------------------------------------------------ right side */

/* Columns `first` .. first + n - 1 of the right arrays, sample after sample and next to each
 * other, for they are read once for every few rows of the product: whole vectors may be read,
 * of which what is past n is 0. */
typedef struct ghost_panel {
    size_t first, n;
    const double *x[2]; /* [lanes][stride] */
    size_t stride;
} ghost_panel;

/* Columns of a panel, so that it fits the nearest cache, if possible. */
INLINE size_t ghost_width(const kernel_block *b)
{
    enum { LEAST = WIDE * W };
    size_t width = KERNEL_PANEL / b->lanes / LEAST * LEAST;
    return width < LEAST ? LEAST : width < KERNEL_MOST_COLUMNS ? width : KERNEL_MOST_COLUMNS;
}

static void ghost_copy(const kernel_block *b, const uint32_t *rows, size_t n, size_t stride,
                       double *out)
{
    for (size_t k = 0; k < n; k += W) {
        for (size_t l = 0; l < b->lanes; l += W) {
            vd a[W];
            for (size_t i = 0; i < W; i++)
                a[i] = k + i < n ? v_load(row_of(b, rows[k + i]) + l) : v_splat(0.0);
            transpose(a);
            for (size_t i = 0; i < W; i++)
                v_store(out + (l + i) * stride + k, a[i]);
        }
    }
}

/* The same of features that stand together from xi on. */
static void ghost_copy_features(const kernel_block *b, const double *xi, size_t n,
                                size_t stride, double *out)
{
    for (size_t l = 0; l < b->n_valid; l++, xi += b->m, out += stride) {
        memcpy(out, xi, n * sizeof *out);
        if (n % W)
            memset(out + n, 0, (W - n % W) * sizeof *out);
    }
}

static ghost_panel ghost_panel_of(const kernel_block *b, const ghost *f, size_t first)
{
    size_t left = f->n_x - first, width = ghost_width(b);
    ghost_panel p = {.first = first, .n = left < width ? left : width, .stride = width};
    for (size_t k = 0; k < f->s->n_right; k++) {
        double *copy = b->panel + k * kernel_panel_size(b->lanes);
        if (f->s->feature[k] != UINT32_MAX)
            ghost_copy_features(b, b->xi + f->s->feature[k] + first, p.n, width, copy);
        else
            ghost_copy(b, f->right_rows[k] + first, p.n, width, copy);
        p.x[k] = copy;
    }
    return p;
}

/* deviation += x - x_0. */
static void ghost_deviations(const kernel_block *b, const ghost *f, const ghost_panel *p)
{
    for (size_t k = 0; k < f->s->n_right; k++) {
        const double *first = f->right_first + k * f->n_x + p->first;
        double *sum = f->deviation + k * f->n_x + p->first;
        for (size_t j = 0; j < p->n; j += W) {
            size_t n = p->n - j < W ? p->n - j : W;
            vd acc = {0}, x0 = {0};
            memcpy(&x0, first + j, n * sizeof(double));
            for (size_t l = 0; l < b->n_valid; l++)
                acc += load_unaligned(p->x[k] + l * p->stride + j) - x0;
            for (size_t i = 0; i < n; i++)
                sum[j + i] += acc[i];
        }
    }
}

/* Adds the inner products over the panel of n_samples samples from number l on, of n arrays. */
INLINE void ghost_right_samples(const kernel_block *b, const ghost *f, const ghost_panel *p,
                                size_t l, int n_samples, int n)
{
    enum { SAMPLES = GHOST_SAMPLES, PRODUCTS = KERNEL_PRODUCTS + 2 };
    vd acc[SAMPLES][PRODUCTS], x[KERNEL_VECTORS];
    for (int i = 0; i < n_samples; i++)
        for (int k = 0; k < PRODUCTS; k++)
            acc[i][k] = v_splat(0.0);
    for (size_t j = 0; j < p->n; j += W) {
        vd x0[KERNEL_VECTORS / 2];
        for (int k = 0; k < n; k++) {
            const double *first = f->right_first + (size_t)k * f->n_x + p->first + j;
            x0[k] = v_splat(0.0);
            if (j + W <= p->n)
                x0[k] = load_unaligned(first);
            else
                memcpy(&x0[k], first, (p->n - j) * sizeof(double));
        }
        for (int i = 0; i < n_samples; i++) {
            for (int k = 0; k < n; k++) {
                x[k] = load_unaligned(p->x[k] + (l + (size_t)i) * p->stride + j);
                x[n + k] = x[k] - x0[k];
            }
            for (int k = 0; k < 2 * n; k++)
                for (int q = 0; q <= k; q++)
                    acc[i][k * (k + 1) / 2 + q] =
                        v_fma(x[k], x[q], acc[i][k * (k + 1) / 2 + q]);
        }
    }
    for (int i = 0; i < n_samples; i++) {
        for (int k = 0; k < n * (2 * n + 1); k += 4) {
            double sum[4] = {0};
            v_add_sums(sum, acc[i][k], acc[i][k + 1], acc[i][k + 2], acc[i][k + 3]);
            for (int q = 0; q < 4 && k + q < n * (2 * n + 1); q++)
                f->right_products[(size_t)(k + q) * b->lanes + l + (size_t)i] += sum[q];
        }
    }
}

APART void ghost_right_products(const kernel_block *b, const ghost *f, const ghost_panel *p)
{
    size_t l = 0;
    for (; f->s->n_right == 1 && l + GHOST_SAMPLES <= b->n_valid; l += GHOST_SAMPLES)
        ghost_right_samples(b, f, p, l, GHOST_SAMPLES, 1);
    for (; l < b->n_valid; l++)
        if (f->s->n_right == 1)
            ghost_right_samples(b, f, p, l, 1, 1);
        else
            ghost_right_samples(b, f, p, l, 1, 2);
}

/* ------------------------------------------------------------------------------ norms */

/* The inner product of quantities `a` and `b` (0: g, 1: h) less the first sample's, at lanes l:
 * each is a sum over pairs of two outer products. */
INLINE vd ghost_inner(const kernel_block *b, const ghost *f, int p, int q, size_t l)
{
    const plan_stat *s = f->s;
    vd sum = {0};
    for (size_t i = 0; i < 2 * (size_t)s->n_pairs[p]; i++) {
        for (size_t j = 0; j < 2 * (size_t)s->n_pairs[q]; j++) {
            const uint32_t *x = s->pair[p][i / 2], *y = s->pair[q][j / 2];
            size_t left = ghost_product(x[0] + i % 2 * s->n_left, y[0] + j % 2 * s->n_left);
            size_t right = ghost_product(x[1] + i % 2 * s->n_right, y[1] + j % 2 * s->n_right);
            sum = v_fma(v_load(f->left_products + left * b->lanes + l),
                        v_load(f->right_products + right * b->lanes + l), sum);
        }
    }
    return sum;
}

static void ghost_norms(const kernel_block *b, const ghost *f)
{
    bool has_h = f->s->n_pairs[1] > 0;
    vd sum[STAT_SUMS] = {{0}, {0}, {0}}, zero = {0};
    for (size_t l = 0; l < b->n_valid; l += W) {
        vl mask = first_elements(b->n_valid - l < W ? b->n_valid - l : W);
        sum[STAT_GG] += (vd)((vl)ghost_inner(b, f, 0, 0, l) & mask);
        if (has_h) {
            sum[STAT_HH] += (vd)((vl)ghost_inner(b, f, 1, 1, l) & mask);
            sum[STAT_GH] += (vd)((vl)ghost_inner(b, f, 0, 1, l) & mask);
        }
    }
    double total[4] = {0};
    v_add_sums(total, sum[STAT_GG], sum[STAT_HH], sum[STAT_GH], zero);
    for (int k = 0; k < STAT_SUMS; k++)
        f->memory[k] += total[k];
}

#endif
