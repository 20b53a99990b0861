/* ad/kernels_columns.h - statistics of every component of a matrix's gradient, with lanes of
 * columns: a row's jobs stand next to each other, as do the columns of a panel.  Part of
 * ad/kernels_template.h. */
#ifndef AD_KERNELS_COLUMNS_H
#define AD_KERNELS_COLUMNS_H

#include "ad/kernels_ghost.h"

enum { COLUMN_VECTORS = 2 };

/* Number k of the sums of n <= W jobs as a vector, and back. */
INLINE vd gather_some(const double *sums, int k, size_t n)
{
    vd v = {0};
    for (size_t i = 0; i < n; i++)
        v[i] = sums[i * JOB_SIZE + (size_t)k];
    return v;
}
INLINE void scatter_some(double *sums, int k, size_t n, vd v)
{
    for (size_t i = 0; i < n; i++)
        sums[i * JOB_SIZE + (size_t)k] = v[i];
}

/* Quantity `which` of row j in sample l, less `shift`, at columns k of the panel. */
INLINE vd column_value(const kernel_block *b, const ghost *f, const ghost_panel *p, int which,
                       int n_pairs, size_t j, size_t k, size_t l, vd shift)
{
    vd sum = -shift;
    for (int pair = 0; pair < n_pairs; pair++) {
        const uint32_t *at = f->s->pair[which][pair];
        const double *z = b->left + (at[0] * f->n_z + j) * b->lanes;
        sum = v_fma(v_splat(z[l]), load_unaligned(p->x[at[1]] + l * p->stride + k), sum);
    }
    return sum;
}

/* n columns from number k of the panel on, of row j; their jobs' sums. */
INLINE void columns_tile(const kernel_block *b, const ghost *f, const ghost_panel *p, size_t j,
                         size_t k, size_t n, int n_vectors, int n_h, kernel_level level,
                         double *sums)
{
    job_sums s[COLUMN_VECTORS];
    vd shift[COLUMN_VECTORS][2], zero = {0};
    size_t count[COLUMN_VECTORS];
    for (int i = 0; i < n_vectors; i++) {
        double *own = sums + i * W * JOB_SIZE;
        count[i] = i == n_vectors - 1 ? n - (size_t)i * W : W;
        if (b->first) {
            size_t at = k + (size_t)i * W;
            scatter_some(own, JOB_G0, count[i], column_value(b, f, p, 0, 1, j, at, 0, zero));
            scatter_some(own, JOB_H0, count[i], column_value(b, f, p, 1, n_h, j, at, 0, zero));
        }
        shift[i][0] = gather_some(own, JOB_G0, count[i]);
        shift[i][1] = gather_some(own, JOB_H0, count[i]);
        s[i] = (job_sums){gather_some(own, JOB_G, count[i]), gather_some(own, JOB_GG, count[i]),
                          gather_some(own, JOB_H, count[i]), gather_some(own, JOB_HH, count[i]),
                          gather_some(own, JOB_GH, count[i])};
    }
    for (size_t l = 0; l < b->n_valid; l++) {
        for (int i = 0; i < n_vectors; i++) {
            size_t at = k + (size_t)i * W;
            vd g = column_value(b, f, p, 0, 1, j, at, l, shift[i][0]), h = zero;
            if (n_h > 0)
                h = column_value(b, f, p, 1, n_h, j, at, l, shift[i][1]);
            job_add(&s[i], level, n_h > 0, g, h);
        }
    }
    for (int i = 0; i < n_vectors; i++) {
        double *own = sums + i * W * JOB_SIZE;
        scatter_some(own, JOB_G, count[i], s[i].g);
        scatter_some(own, JOB_GG, count[i], s[i].gg);
        scatter_some(own, JOB_H, count[i], s[i].h);
        scatter_some(own, JOB_HH, count[i], s[i].hh);
        scatter_some(own, JOB_GH, count[i], s[i].gh);
    }
}

/* All columns of the panel. */
INLINE void columns_row(const kernel_block *b, const ghost *f, const ghost_panel *p, size_t j,
                        int n_h, kernel_level level)
{
    double *sums = b->sums + (f->s->first_job + j * f->n_x + p->first) * JOB_SIZE;
    size_t k = 0;
    for (; k + COLUMN_VECTORS * W <= p->n; k += COLUMN_VECTORS * W)
        columns_tile(b, f, p, j, k, COLUMN_VECTORS * W, COLUMN_VECTORS, n_h, level,
                     sums + k * JOB_SIZE);
    for (; k < p->n; k += W)
        columns_tile(b, f, p, j, k, p->n - k < W ? p->n - k : W, 1, n_h, level,
                     sums + k * JOB_SIZE);
}

INLINE void columns_level(const kernel_block *b, const ghost *f, const ghost_panel *p, size_t j,
                          int n_h)
{
    if (b->level == KERNEL_MEANS)
        columns_row(b, f, p, j, n_h, KERNEL_MEANS);
    else if (b->level == KERNEL_SQUARES)
        columns_row(b, f, p, j, n_h, KERNEL_SQUARES);
    else
        columns_row(b, f, p, j, n_h, KERNEL_CROSS);
}

/* Of a compact stat: its g is one outer product and its h at most two. */
static void run_columns(const kernel_block *b, const plan_stat *s, const uint32_t *const *left,
                        const uint32_t *const *right)
{
    ghost f = ghost_of(b, s, left, right);
    for (size_t k = 0; k < s->n_left; k++)
        for (size_t j = 0; j < f.n_z; j++)
            memcpy(b->left + (k * f.n_z + j) * b->lanes, row_of(b, left[k][j]),
                   b->lanes * sizeof(double));
    for (size_t k = 0; k < f.n_x; k += ghost_width(b)) {
        ghost_panel p = ghost_panel_of(b, &f, k);
        for (size_t j = 0; j < f.n_z; j++)
            if (s->n_pairs[1] == 0)
                columns_level(b, &f, &p, j, 0);
            else if (s->n_pairs[1] == 1)
                columns_level(b, &f, &p, j, 1);
            else
                columns_level(b, &f, &p, j, 2);
    }
}

#endif
