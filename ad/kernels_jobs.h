/* ad/kernels_jobs.h - statistics of g and h over the lanes.  Part of ad/kernels_template.h. */
#ifndef AD_KERNELS_JOBS_H
#define AD_KERNELS_JOBS_H

#include "ad/kernels_sums.h"

typedef struct job {
    plan_shape shape;
    bool has_h;
    term_list g, h;
} job;

/* g - g0 and h - h0 at lanes l + i W.  The shift goes into the product's own rounding, so it
 * is free; equal samples leave the same rounding in every deviation (ad/moments.c). */
INLINE void job_values(const kernel_block *b, const job *j, plan_shape shape, bool has_h, vd g0,
                       vd h0, size_t l, int n, vd *g, vd *h)
{
    const double *base = b->rows + l;
    const uint32_t *t = j->g.term, *s = j->h.term;
    if (shape == PLAN_ANY) {
        for (int i = 0; i < n; i++)
            g[i] = -g0, h[i] = -h0;
        add_terms(b, &j->g, l, n, g);
        if (has_h)
            add_terms(b, &j->h, l, n, h);
        return;
    }
    const double *x = base + t[1] * b->stride;
    if (shape == PLAN_G1) {
        for (int i = 0; i < n; i++)
            g[i] = v_load(x + i * W) - g0;
        return;
    }
    const double *y = base + t[2] * b->stride;
    for (int i = 0; i < n; i++)
        g[i] = v_fma(v_load(x + i * W), v_load(y + i * W), -g0);
    if (shape == PLAN_G2)
        return;
    x = base + s[1] * b->stride, y = base + s[2] * b->stride;
    for (int i = 0; i < n; i++)
        h[i] = v_fma(v_load(x + i * W), v_load(y + i * W), -h0);
    if (shape == PLAN_G2_H2)
        return;
    x = base + s[4] * b->stride, y = base + s[5] * b->stride;
    for (int i = 0; i < n; i++)
        h[i] = v_fma(v_load(x + i * W), v_load(y + i * W), h[i]);
}

typedef struct job_sums {
    vd g, gg, h, hh, gh;
} job_sums;

INLINE void job_add(job_sums *s, kernel_level level, bool has_h, vd g, vd h)
{
    s->g += g;
    if (level >= KERNEL_SQUARES)
        s->gg = v_fma(g, g, s->gg);
    if (has_h) {
        s->h += h;
        if (level >= KERNEL_SQUARES)
            s->hh = v_fma(h, h, s->hh);
        if (level >= KERNEL_CROSS)
            s->gh = v_fma(g, h, s->gh);
    }
}

/* A mask of the first n elements. */
INLINE vl first_elements(size_t n)
{
    vl index = {0};
    for (int i = 0; i < W; i++)
        index[i] = i;
    return index < (vl){0} + (int64_t)n;
}

/* Two vectors at a time: the sums' chains of additions are their own bottleneck. */
INLINE void job_loop(const kernel_block *b, const job *j, plan_shape shape, bool has_h,
                     kernel_level level, double *sums)
{
    enum { N = 2 };
    vd zero = {0}, g[N], h[N] = {zero, zero};
    job_sums s[N] = {{zero, zero, zero, zero, zero}, {zero, zero, zero, zero, zero}};
    if (b->first) {
        job_values(b, j, shape, has_h, zero, zero, 0, 1, g, h);
        sums[JOB_G0] = g[0][0];
        sums[JOB_H0] = has_h ? h[0][0] : 0.0;
    }
    vd g0 = v_splat(sums[JOB_G0]), h0 = v_splat(sums[JOB_H0]);
    size_t l = 0;
    for (; l + N * W <= b->n_valid; l += N * W) {
        job_values(b, j, shape, has_h, g0, h0, l, N, g, h);
        for (int i = 0; i < N; i++)
            job_add(&s[i], level, has_h, g[i], h[i]);
    }
    for (; l < b->n_valid; l += W) {
        vl mask = first_elements(b->n_valid - l);
        job_values(b, j, shape, has_h, g0, h0, l, 1, g, h);
        job_add(&s[0], level, has_h, (vd)((vl)g[0] & mask), (vd)((vl)h[0] & mask));
    }
    v_add_sums(sums, s[0].g + s[1].g, s[0].gg + s[1].gg, s[0].h + s[1].h, s[0].hh + s[1].hh);
    if (level >= KERNEL_CROSS && has_h) {
        double gh[4] = {0};
        v_add_sums(gh, s[0].gh + s[1].gh, zero, zero, zero);
        sums[JOB_GH] += gh[0];
    }
}

INLINE void job_level(const kernel_block *b, const job *j, plan_shape shape, bool has_h,
                      double *sums)
{
    if (b->level == KERNEL_MEANS)
        job_loop(b, j, shape, has_h, KERNEL_MEANS, sums);
    else if (b->level == KERNEL_SQUARES)
        job_loop(b, j, shape, has_h, KERNEL_SQUARES, sums);
    else
        job_loop(b, j, shape, has_h, KERNEL_CROSS, sums);
}

static void emit_job(const kernel_block *b, const job *j, uint32_t number)
{
    double *g = b->scratch + b->lanes, *h = b->scratch + 2 * b->lanes;
    for (size_t l = 0; l < b->lanes; l += W) {
        vd zero = {0}, gl = zero, hl = zero;
        add_terms(b, &j->g, l, 1, &gl);
        add_terms(b, &j->h, l, 1, &hl);
        v_store(g + l, gl);
        v_store(h + l, hl);
    }
    b->emit(b->emit_ctx, number, g, h);
}

static const uint32_t *run_job(const kernel_block *b, const uint32_t *code)
{
    job j = {.shape = (plan_shape)code[1]};
    double *sums = b->sums + code[0] * (size_t)JOB_SIZE;
    j.g = read_terms(code + 2);
    j.h = read_terms(after_terms(&j.g));
    j.has_h = after_terms(&j.h) > j.h.term;
    if (b->emit)
        emit_job(b, &j, code[0]);
    if (b->level == KERNEL_NOTHING)
        return after_terms(&j.h);
    switch (j.shape) {
    case PLAN_LOSS:
        job_loop(b, &j, PLAN_G1, false, KERNEL_SQUARES, sums);
        break;
    case PLAN_G1:
        job_level(b, &j, PLAN_G1, false, sums);
        break;
    case PLAN_G2:
        job_level(b, &j, PLAN_G2, false, sums);
        break;
    case PLAN_G2_H2:
        job_level(b, &j, PLAN_G2_H2, true, sums);
        break;
    case PLAN_G2_H2_H2:
        job_level(b, &j, PLAN_G2_H2_H2, true, sums);
        break;
    case PLAN_ANY:
        job_level(b, &j, PLAN_ANY, true, sums);
        break;
    }
    return after_terms(&j.h);
}

/* ------------------------------------- jobs of features that stand together: g = x xi_j */

typedef struct feature_jobs {
    const double *x, *y; /* [lanes]; y NULL: no h */
    const double *xi;    /* the first sample's first feature */
    double *sums;        /* [n][JOB_SIZE] */
} feature_jobs;

/* W jobs' sums number k as a vector, and back. */
INLINE vd gather_sums(const double *sums, int k)
{
    vd v = {0};
    for (int i = 0; i < W; i++)
        v[i] = sums[i * JOB_SIZE + k];
    return v;
}
INLINE void scatter_sums(double *sums, int k, vd v)
{
    for (int i = 0; i < W; i++)
        sums[i * JOB_SIZE + k] = v[i];
}

/* 2 W features over all samples. */
INLINE void feature_jobs_tile(const kernel_block *b, const feature_jobs *j, size_t first,
                              bool has_h, kernel_level level)
{
    enum { N = 2 };
    job_sums s[N];
    vd g0[N], h0[N], zero = {0};
    for (size_t i = 0; i < N; i++) {
        double *sums = j->sums + (first + i * W) * JOB_SIZE;
        if (b->first) {
            vd xi = load_unaligned(j->xi + first + i * W);
            scatter_sums(sums, JOB_G0, j->x[0] * xi);
            if (has_h)
                scatter_sums(sums, JOB_H0, j->y[0] * xi);
        }
        g0[i] = -gather_sums(sums, JOB_G0);
        h0[i] = -gather_sums(sums, JOB_H0);
        s[i] = (job_sums){gather_sums(sums, JOB_G), gather_sums(sums, JOB_GG),
                          gather_sums(sums, JOB_H), gather_sums(sums, JOB_HH),
                          gather_sums(sums, JOB_GH)};
    }
    const double *xi = j->xi + first;
    for (size_t l = 0; l < b->n_valid; l++, xi += b->m) {
        vd x = v_splat(j->x[l]), y = has_h ? v_splat(j->y[l]) : zero;
        for (int i = 0; i < N; i++) {
            vd f = load_unaligned(xi + i * W);
            job_add(&s[i], level, has_h, v_fma(x, f, g0[i]), v_fma(y, f, h0[i]));
        }
    }
    for (size_t i = 0; i < N; i++) {
        double *sums = j->sums + (first + i * W) * JOB_SIZE;
        scatter_sums(sums, JOB_G, s[i].g);
        scatter_sums(sums, JOB_GG, s[i].gg);
        scatter_sums(sums, JOB_H, s[i].h);
        scatter_sums(sums, JOB_HH, s[i].hh);
        scatter_sums(sums, JOB_GH, s[i].gh);
    }
}

INLINE void feature_jobs_level(const kernel_block *b, const feature_jobs *j, size_t n,
                               bool has_h)
{
    for (size_t k = 0; k < n; k += 2 * W)
        if (b->level == KERNEL_MEANS)
            feature_jobs_tile(b, j, k, has_h, KERNEL_MEANS);
        else if (b->level == KERNEL_SQUARES)
            feature_jobs_tile(b, j, k, has_h, KERNEL_SQUARES);
        else if (b->level == KERNEL_CROSS)
            feature_jobs_tile(b, j, k, has_h, KERNEL_CROSS);
}

static void emit_feature_job(const kernel_block *b, const feature_jobs *j, size_t k,
                             uint32_t number)
{
    double *g = b->scratch + b->lanes, *h = b->scratch + 2 * b->lanes;
    for (size_t l = 0; l < b->n_valid; l++) {
        double xi = j->xi[l * b->m + k];
        g[l] = j->x[l] * xi;
        h[l] = j->y ? j->y[l] * xi : 0.0;
    }
    b->emit(b->emit_ctx, number, g, h);
}

static const uint32_t *run_feature_jobs(const kernel_block *b, const uint32_t *code)
{
    size_t n = code[1];
    feature_jobs j = {.x = row_of(b, code[3]),
                      .y = code[4] == UINT32_MAX ? NULL : row_of(b, code[4]),
                      .xi = b->xi + code[2],
                      .sums = b->sums + code[0] * (size_t)JOB_SIZE};
    for (size_t k = 0; k < n && b->emit; k++)
        emit_feature_job(b, &j, k, code[0] + (uint32_t)k);
    if (j.y)
        feature_jobs_level(b, &j, n, true);
    else
        feature_jobs_level(b, &j, n, false);
    return code + 5;
}

#endif
