/* ad/kernels_outer.h - a block's derivatives with respect to w, sample by sample, and their
 * statistics.  Part of ad/kernels_template.h. */
#ifndef AD_KERNELS_OUTER_H
#define AD_KERNELS_OUTER_H

#include "ad/kernels_columns.h"

/* ------------------------------------------------------- with respect to w, by tiles */

/* Part of a stat, or of a block: the sum over pixels of z x. */
typedef struct outer {
    const ad_block_shape *s;
    uint32_t n_pairs;
    const double *const *z[GRAPH_PAIRS], *const *x[GRAPH_PAIRS]; /* rows */
} outer;

enum { OUTER_ROWS = 4, OUTER_COLUMNS = 3 };

/* Pixels q of a row of z whose element j of the kernel lies within the row of x: [from, to). */
INLINE void outer_range(const ad_block_shape *s, size_t j, size_t *from, size_t *to)
{
    *from = j < s->padding ? (s->padding - j + s->stride - 1) / s->stride : 0;
    *to =
        s->width + s->padding > j ? (s->width + s->padding - j + s->stride - 1) / s->stride : 0;
    if (*to > s->width_out)
        *to = s->width_out;
}

/* acc[k][i] += z[k pixels + q] x[q stride + j + i - padding], q = from .. to - 1. */
INLINE void outer_pixels(const double *const *z, const double *const *x,
                         const ad_block_shape *s, size_t j, size_t from, size_t to, size_t l,
                         int n_o, int n_j, vd acc[][OUTER_COLUMNS])
{
    size_t pixels = (size_t)s->height_out * s->width_out;
    for (size_t q = from; q < to; q++) {
        vd v[OUTER_COLUMNS];
        for (size_t i = 0; i < (size_t)n_j; i++)
            v[i] = v_load(x[q * s->stride + j + i - s->padding] + l);
        for (int k = 0; k < n_o; k++) {
            vd zk = v_load(z[(size_t)k * pixels + q] + l);
            for (int i = 0; i < n_j; i++)
                acc[k][i] = v_fma(zk, v[i], acc[k][i]);
        }
    }
}

/* One row r of z, elements (i, j .. j + n_j - 1) of the kernel.  Pixels at the edge see some of
 * them only. */
INLINE void outer_line(const double *const *z, const double *const *x, const ad_block_shape *s,
                       size_t j, size_t l, int n_o, int n_j, vd acc[][OUTER_COLUMNS])
{
    size_t from[OUTER_COLUMNS], to[OUTER_COLUMNS], first = 0, last = s->width_out;
    for (int k = 0; k < n_j; k++) {
        outer_range(s, j + (size_t)k, &from[k], &to[k]);
        first = from[k] > first ? from[k] : first;
        last = to[k] < last ? to[k] : last;
    }
    last = last < first ? first : last;
    for (int k = 0; k < n_j; k++) {
        vd one[OUTER_ROWS][OUTER_COLUMNS];
        size_t stop = to[k] < first ? to[k] : first, resume = from[k] > last ? from[k] : last;
        for (int o = 0; o < n_o; o++)
            one[o][0] = acc[o][k];
        outer_pixels(z, x, s, j + (size_t)k, from[k], stop, l, n_o, 1, one);
        outer_pixels(z, x, s, j + (size_t)k, resume, to[k], l, n_o, 1, one);
        for (int o = 0; o < n_o; o++)
            acc[o][k] = one[o][0];
    }
    outer_pixels(z, x, s, j, first, last, l, n_o, n_j, acc);
}

/* Elements (o .. o + n_o - 1, c, i, j .. j + n_j - 1) at lanes l. */
INLINE void outer_tile(const outer *f, size_t o, size_t c, size_t i, size_t j, size_t l,
                       int n_o, int n_j, vd acc[][OUTER_COLUMNS])
{
    const ad_block_shape *s = f->s;
    size_t pixels = (size_t)s->height_out * s->width_out;
    for (int k = 0; k < n_o; k++)
        for (int q = 0; q < n_j; q++)
            acc[k][q] = v_splat(0.0);
    for (uint32_t pair = 0; pair < f->n_pairs; pair++) {
        for (size_t r = 0; r < s->height_out; r++) {
            size_t row = r * s->stride + i; /* padding included */
            if (row < s->padding || row - s->padding >= s->height)
                continue;
            outer_line(f->z[pair] + o * pixels + r * s->width_out,
                       f->x[pair] + (c * s->height + row - s->padding) * s->width, s, j, l, n_o,
                       n_j, acc);
        }
    }
}

/* The same at all lanes: out [n_o][n_j][lanes]. */
INLINE void outer_elements(const kernel_block *b, const outer *f, size_t o, size_t at, int n_o,
                           int n_j, double *out)
{
    size_t kernel = f->s->kernel, window = kernel * kernel;
    for (size_t l = 0; l < b->lanes; l += W) {
        vd acc[OUTER_ROWS][OUTER_COLUMNS];
        outer_tile(f, o, at / window, at % window / kernel, at % kernel, l, n_o, n_j, acc);
        for (int k = 0; k < n_o; k++)
            for (int j = 0; j < n_j; j++)
                v_store(out + (size_t)(k * n_j + j) * b->lanes + l, acc[k][j]);
    }
}

/* The same, any n_o up to OUTER_ROWS and n_j either 1 or OUTER_COLUMNS. */
static void outer_values(const kernel_block *b, const outer *f, size_t o, size_t at, size_t n_o,
                         size_t n_j, double *out)
{
    if (n_o == OUTER_ROWS && n_j == OUTER_COLUMNS)
        outer_elements(b, f, o, at, OUTER_ROWS, OUTER_COLUMNS, out);
    else if (n_o == OUTER_ROWS)
        outer_elements(b, f, o, at, OUTER_ROWS, 1, out);
    else
        for (size_t k = 0; k < n_o; k++)
            if (n_j == OUTER_COLUMNS)
                outer_elements(b, f, o + k, at, 1, OUTER_COLUMNS, out + k * n_j * b->lanes);
            else
                outer_elements(b, f, o + k, at, 1, 1, out + k * b->lanes);
}

/* Looks the rows up; returns what follows them. */
INLINE const double **rows_of(const kernel_block *b, const uint32_t *row, size_t n,
                              const double **out)
{
    for (size_t k = 0; k < n; k++)
        out[k] = row_of(b, row[k]);
    return out + n;
}

/* ------------------------------------------------------------- their elements as jobs */

/* Statistics of one job, from its g and h [lanes]; h NULL: none. */
INLINE void lanes_job(const kernel_block *b, const double *g, const double *h,
                      kernel_level level, double *sums)
{
    vd zero = {0};
    job_sums s = {zero, zero, zero, zero, zero};
    if (b->first) {
        sums[JOB_G0] = g[0];
        sums[JOB_H0] = h ? h[0] : 0.0;
    }
    vd g0 = v_splat(sums[JOB_G0]), h0 = v_splat(sums[JOB_H0]);
    for (size_t l = 0; l < b->n_valid; l += W) {
        vd x = v_load(g + l) - g0, y = zero;
        if (h)
            y = v_load(h + l) - h0;
        if (b->n_valid - l < W) {
            vl mask = first_elements(b->n_valid - l);
            x = (vd)((vl)x & mask);
            y = (vd)((vl)y & mask);
        }
        job_add(&s, level, h != NULL, x, y);
    }
    v_add_sums(sums, s.g, s.gg, s.h, s.hh);
    if (level >= KERNEL_CROSS && h) {
        double gh[4] = {0};
        v_add_sums(gh, s.gh, zero, zero, zero);
        sums[JOB_GH] += gh[0];
    }
}

static void finish_job(const kernel_block *b, uint32_t number, const double *g, const double *h)
{
    double *sums = b->sums + number * (size_t)JOB_SIZE;
    if (b->emit)
        b->emit(b->emit_ctx, number, g, h);
    if (b->level == KERNEL_MEANS)
        lanes_job(b, g, h, KERNEL_MEANS, sums);
    else if (b->level == KERNEL_SQUARES)
        lanes_job(b, g, h, KERNEL_SQUARES, sums);
    else if (b->level == KERNEL_CROSS)
        lanes_job(b, g, h, KERNEL_CROSS, sums);
}

/* The jobs of channels o .. o + n_o - 1. */
static void run_jobs_of(const kernel_block *b, const plan_stat *s, const outer f[2], size_t o,
                        size_t n_o)
{
    size_t kernel = s->shape.kernel, n_at = s->shape.channels_in * kernel * kernel, n_j;
    double *g = b->tile, *h = b->tile + (KERNEL_TILE + 1) * b->lanes;
    for (size_t at = 0; at < n_at; at += n_j) {
        n_j = kernel - at % kernel >= OUTER_COLUMNS ? OUTER_COLUMNS : 1;
        outer_values(b, &f[0], o, at, n_o, n_j, g);
        if (f[1].n_pairs > 0)
            outer_values(b, &f[1], o, at, n_o, n_j, h);
        for (size_t k = 0; k < n_o * n_j; k++)
            finish_job(b, s->first_job + (uint32_t)((o + k / n_j) * n_at + at + k % n_j),
                       g + k * b->lanes, f[1].n_pairs > 0 ? h + k * b->lanes : NULL);
    }
}

/* Sample by sample, element by element. */
static void run_each_job(const kernel_block *b, const plan_stat *s, const uint32_t *const *left,
                         const uint32_t *const *right)
{
    const ad_block_shape *shape = &s->shape;
    const double **z[STAT_ARRAYS], **x[STAT_ARRAYS], **row = b->lookup;
    outer f[2];
    for (uint32_t k = 0; k < s->n_left; k++)
        z[k] = row, row = rows_of(b, left[k], ad_block_size(shape, AD_BLOCK_Z), row);
    for (uint32_t k = 0; k < s->n_right; k++)
        x[k] = row, row = rows_of(b, right[k], ad_block_size(shape, AD_BLOCK_X), row);
    for (int which = 0; which < 2; which++) {
        f[which] = (outer){.s = shape, .n_pairs = s->n_pairs[which]};
        for (uint32_t k = 0; k < s->n_pairs[which]; k++) {
            f[which].z[k] = z[s->pair[which][k][0]];
            f[which].x[k] = x[s->pair[which][k][1]];
        }
    }
    for (size_t o = 0; o < shape->channels_out; o += OUTER_ROWS)
        run_jobs_of(b, s, f, o,
                    shape->channels_out - o < OUTER_ROWS ? shape->channels_out - o
                                                         : OUTER_ROWS);
}

#endif
