/* ad/kernels_merge.h - a segment's statistics of a compact stat (ad/kernels_ghost.h) appended
 * to those of the segments before it.  Part of ad/kernels_template.h. */
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
    const double *sum[2];
    double *total[2];
    bool begins;
} merge_row;

typedef struct merge_sums {
    vd own[STAT_SUMS], between[STAT_SUMS]; /* products of sums; of differences of means */
} merge_sums;

/* Elements k .. k + n - 1 of quantity `which`: their sum of deviations and, returned, what the
 * segment's mean is more than the total's, which is updated. */
INLINE vd merge_elements(const merge_row *m, int which, size_t k, size_t n, vd *sum)
{
    vd first = {0}, old = {0}, difference;
    size_t size = n * sizeof(double);
    memcpy(sum, m->sum[which] + k, size);
    for (uint32_t pair = 0; pair < m->s->n_pairs[which]; pair++) {
        const uint32_t *at = m->s->pair[which][pair];
        vd z = v_splat(m->left_first[at[0] * m->n_z + m->j]), x = {0}, d = {0};
        memcpy(&x, m->right_first + at[1] * m->n_x + k, size);
        memcpy(&d, m->deviation + at[1] * m->n_x + k, size);
        first = v_fma(z, x, first);
        *sum = v_fma(z, d, *sum);
    }
    vd mean = first + *sum / m->n;
    if (!m->begins)
        memcpy(&old, m->total[which] + k, size);
    difference = mean - old;
    if (!m->begins)
        mean = v_fma(difference, v_splat(m->share), old);
    memcpy(m->total[which] + k, &mean, size);
    return difference;
}

INLINE void merge_vector(const merge_row *m, bool has_h, size_t k, size_t n, merge_sums *s)
{
    vd g = {0}, h = {0}, dg, dh = {0};
    dg = merge_elements(m, 0, k, n, &g);
    if (has_h)
        dh = merge_elements(m, 1, k, n, &h);
    s->own[STAT_GG] = v_fma(g, g, s->own[STAT_GG]);
    s->own[STAT_HH] = v_fma(h, h, s->own[STAT_HH]);
    s->own[STAT_GH] = v_fma(g, h, s->own[STAT_GH]);
    s->between[STAT_GG] = v_fma(dg, dg, s->between[STAT_GG]);
    s->between[STAT_HH] = v_fma(dh, dh, s->between[STAT_HH]);
    s->between[STAT_GH] = v_fma(dg, dh, s->between[STAT_GH]);
}

/* Squares that rounding alone left are none; see squares_about_mean of ad/moments.c. */
INLINE double ghost_remainder(double squares, double sum, double n)
{
    double left = squares - sum / n;
    return left <= (2.0 * n + 16.0) * DBL_EPSILON * squares ? 0.0 : left;
}

static void merge(const plan_stat *s, const double *memory, const double *sums, double n,
                  const kernel_total *total, double n_before, kernel_level level)
{
    size_t n_z = s->shape.channels_out, n_x = s->shape.channels_in;
    const double *left = memory + STAT_SUMS, *right = left + s->n_left * n_z;
    bool has_h = s->n_pairs[1] > 0;
    merge_sums t;
    memset(&t, 0, sizeof t);
    for (size_t j = 0; j < n_z; j++) {
        merge_row m = {.s = s,
                       .left_first = left,
                       .right_first = right,
                       .deviation = right + s->n_right * n_x,
                       .n_z = n_z,
                       .n_x = n_x,
                       .j = j,
                       .n = n,
                       .share = n / (n_before + n)};
        for (int k = 0; k < 2; k++) {
            m.sum[k] = sums + (size_t)k * s->n + j * n_x;
            m.total[k] = total->mean[k] + j * n_x;
        }
        m.begins = n_before == 0.0;
        size_t k = 0;
        for (; k + W <= n_x; k += W)
            merge_vector(&m, has_h, k, W, &t);
        if (k < n_x)
            merge_vector(&m, has_h, k, n_x - k, &t);
    }
    double own[4] = {0}, between[4] = {0}, *out = total->products;
    vd zero = {0};
    v_add_sums(own, t.own[0], t.own[1], t.own[2], zero);
    v_add_sums(between, t.between[0], t.between[1], t.between[2], zero);
    if (level < KERNEL_SQUARES)
        return;
    double weight = n * n_before / (n_before + n);
    for (int k = 0; k < STAT_SUMS; k++) {
        double mine =
            k == STAT_GH ? memory[k] - own[k] / n : ghost_remainder(memory[k], own[k], n);
        out[k] = n_before == 0.0 ? mine : out[k] + mine + between[k] * weight;
    }
}

#endif
