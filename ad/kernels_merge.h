/* ad/kernels_merge.h - statistics of a compact stat (ad/kernels_ghost.h) over some samples
 * appended to those of the samples before.  Part of ad/kernels_template.h. */
#ifndef AD_KERNELS_MERGE_H
#define AD_KERNELS_MERGE_H

#include "ad/kernels_sums.h"

#include <float.h>

/* One row of the sums: what it was made of, and where it goes. */
typedef struct merge_row {
    const plan_stat *s;
    const double *left_first, *right_first, *deviation; /* of row j; [n_right][n_x] */
    size_t n_z, n_x, j;
    double n, share; /* samples; their part in all so far */
    double *total[2];
    bool begins;
} merge_row;

typedef struct merge_sums {
    vd own[STAT_SUMS], between[STAT_SUMS]; /* products of sums; of differences of means */
    vd rest;                               /* NaN once a mean was not finite */
} merge_sums;

/* Elements k .. k + n - 1 of quantity `which`: *sum holds that of (z - z_0) x' and becomes that
 * of all deviations; returned is what the mean is more than the total's, which becomes *mean.
 */
INLINE vd merge_elements(const merge_row *m, int which, size_t k, size_t n, vd *sum, vd *mean)
{
    vd first = {0}, old = {0}, difference;
    size_t size = n * sizeof(double);
    for (uint32_t pair = 0; pair < m->s->n_pairs[which]; pair++) {
        const uint32_t *at = m->s->pair[which][pair];
        vd z = v_splat(m->left_first[at[0] * m->n_z + m->j]), x = {0}, d = {0};
        memcpy(&x, m->right_first + at[1] * m->n_x + k, size);
        memcpy(&d, m->deviation + at[1] * m->n_x + k, size);
        first = v_fma(z, x, first);
        *sum = v_fma(z, d, *sum);
    }
    *mean = first + *sum / m->n;
    if (!m->begins)
        memcpy(&old, m->total[which] + k, size);
    difference = *mean - old;
    if (!m->begins)
        *mean = v_fma(difference, v_splat(m->share), old);
    memcpy(m->total[which] + k, mean, size);
    return difference;
}

INLINE void merge_vector(const merge_row *m, bool has_h, size_t k, size_t n, vd g, vd h,
                         merge_sums *s)
{
    vd zero = {0}, mean, dh, dg = merge_elements(m, 0, k, n, &g, &mean);
    s->rest = v_fma(mean, zero, s->rest);
    s->own[STAT_GG] = v_fma(g, g, s->own[STAT_GG]);
    s->between[STAT_GG] = v_fma(dg, dg, s->between[STAT_GG]);
    if (!has_h)
        return;
    dh = merge_elements(m, 1, k, n, &h, &mean);
    s->rest = v_fma(mean, zero, s->rest);
    s->own[STAT_HH] = v_fma(h, h, s->own[STAT_HH]);
    s->own[STAT_GH] = v_fma(g, h, s->own[STAT_GH]);
    s->between[STAT_HH] = v_fma(dh, dh, s->between[STAT_HH]);
    s->between[STAT_GH] = v_fma(dg, dh, s->between[STAT_GH]);
}

/* The sums' elements added up. */
INLINE void merge_reduce(const merge_sums *s, kernel_part *out)
{
    vd zero = {0};
    memset(out->own, 0, sizeof out->own);
    memset(out->between, 0, sizeof out->between);
    v_add_sums(out->own, s->own[0], s->own[1], s->own[2], s->rest);
    v_add_sums(out->between, s->between[0], s->between[1], s->between[2], zero);
    out->finite = out->own[STAT_SUMS] == 0.0;
}

/* What a stat keeps in a worker's memory. */
INLINE merge_row merge_row_of(const plan_stat *s, const double *memory, double n,
                              double n_before)
{
    size_t n_z = s->shape.channels_out, n_x = s->shape.channels_in;
    merge_row m = {.s = s, .left_first = memory + STAT_SUMS, .n_z = n_z, .n_x = n_x, .n = n};
    m.right_first = m.left_first + s->n_left * n_z;
    m.deviation = m.right_first + s->n_right * n_x;
    m.share = n / (n_before + n);
    m.begins = n_before == 0.0;
    return m;
}

/* Squares that rounding alone left are none; see squares_about_mean of ad/moments.c. */
INLINE double ghost_remainder(double squares, double sum, double n)
{
    double left = squares - sum / n;
    return left <= (2.0 * n + 16.0) * DBL_EPSILON * squares ? 0.0 : left;
}

/* products [STAT_SUMS] of the total, from the squared norms of the samples' deviations and what
 * their sums leave of these. */
static void merge_products(const double *norms, const kernel_part *part, double n,
                           double n_before, double *products)
{
    double weight = n * n_before / (n_before + n);
    for (int k = 0; k < STAT_SUMS; k++) {
        double mine = k == STAT_GH ? norms[k] - part->own[k] / n
                                   : ghost_remainder(norms[k], part->own[k], n);
        products[k] = n_before == 0.0 ? mine : products[k] + mine + part->between[k] * weight;
    }
}

static void merge(const plan_stat *s, const double *memory, const double *sums, double n,
                  const kernel_total *total, double n_before, kernel_level level)
{
    bool has_h = s->n_pairs[1] > 0;
    merge_row m = merge_row_of(s, memory, n, n_before);
    merge_sums t;
    memset(&t, 0, sizeof t);
    for (m.j = 0; m.j < m.n_z; m.j++) {
        const double *sum[2];
        for (int k = 0; k < 2; k++) {
            sum[k] = sums + (size_t)k * s->n + m.j * m.n_x;
            m.total[k] = total->mean[k] + m.j * m.n_x;
        }
        for (size_t k = 0; k < m.n_x; k += W) {
            size_t width = m.n_x - k < W ? m.n_x - k : W;
            vd g = {0}, h = {0};
            memcpy(&g, sum[0] + k, width * sizeof(double));
            if (has_h)
                memcpy(&h, sum[1] + k, width * sizeof(double));
            merge_vector(&m, has_h, k, width, g, h, &t);
        }
    }
    kernel_part part;
    merge_reduce(&t, &part);
    if (level >= KERNEL_SQUARES)
        merge_products(memory, &part, n, n_before, total->products);
}

#endif
