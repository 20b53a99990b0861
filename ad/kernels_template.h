/* ad/kernels_template.h - the varying machine for the instruction set of ad/vector.h.
 *
 * Included once by each kernels_*.c with KERNEL_SET, the name of the set it defines.  Sums run
 * over four vectors at a time: enough independent chains to hide a multiplication's latency. */
#include "ad/kernels.h"
#include "ad/vector.h"

#ifndef KERNEL_SET /* compiled by itself */
#define KERNEL_SET ad_kernels_baseline
#define KERNEL_ISA AD_ISA_BASELINE
#endif

#define INLINE static inline __attribute__((always_inline))

enum { W = VECTOR_WIDTH, CHUNK = 4 };

INLINE const double *row_of(const kernel_block *b, uint32_t row)
{
    return b->rows + row * b->lanes;
}

/* ------------------------------------------------------------------------------ sums */

/* The term counts of a sum and its terms, by degree. */
typedef struct term_list {
    uint32_t n1, n2, n3;
    const uint32_t *term;
} term_list;

INLINE size_t term_words(const term_list *t)
{
    return 2 * (size_t)t->n1 + 3 * (size_t)t->n2 + 4 * (size_t)t->n3;
}

/* acc[i] += the terms at lanes l + i W, i < n_vectors. */
INLINE void add_terms(const kernel_block *b, const term_list *list, size_t l, int n_vectors,
                      vd *acc)
{
    const uint32_t *t = list->term;
    const double *base = b->rows + l;
    size_t lanes = b->lanes;
    for (uint32_t k = 0; k < list->n1; k++, t += 2) {
        vd c = v_splat(b->u[t[0]]);
        const double *x = base + t[1] * lanes;
        for (int i = 0; i < n_vectors; i++)
            acc[i] = v_fma(c, v_load(x + i * W), acc[i]);
    }
    for (uint32_t k = 0; k < list->n2; k++, t += 3) {
        const double *x = base + t[1] * lanes, *y = base + t[2] * lanes;
        if (t[0] == PLAN_ONE) {
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
        const double *x = base + t[1] * lanes, *y = base + t[2] * lanes;
        const double *z = base + t[3] * lanes;
        for (int i = 0; i < n_vectors; i++)
            acc[i] =
                v_fma(c * v_load(x + i * W) * v_load(y + i * W), v_load(z + i * W), acc[i]);
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
    double *out = b->rows + code[0] * b->lanes;
    term_list list = {code[2], code[3], code[4], code + 5};
    size_t l = 0;
    for (; l + CHUNK * W <= b->lanes; l += CHUNK * W)
        sum_chunk(b, &list, code[1], out, l, CHUNK);
    for (; l < b->lanes; l += W)
        sum_chunk(b, &list, code[1], out, l, 1);
    return list.term + term_words(&list);
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
    vd acc[CHUNK][CHUNK];
    const double *base = b->rows + l, *c = g->pack + r;
    for (int j = 0; j < n_rows; j++)
        for (int i = 0; i < n_vectors; i++)
            acc[j][i] = v_splat(b->u[g->init[r + j]]);
    for (size_t k = 0; k < g->n_in; k++, c += g->n_out) {
        const double *x = base + g->in[k] * b->lanes;
        vd v[CHUNK];
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
            v_store(b->rows + g->out[r + j] * b->lanes + l + i * W, acc[j][i]);
}

INLINE void group_rows(const kernel_block *b, const group *g, size_t r, int n_rows)
{
    size_t l = 0;
    enum { WIDE = W >= 8 ? CHUNK : CHUNK / 2 }; /* 16 vector registers hold 4 x 2 sums */
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

/* ------------------------------------------------------------- functions, from ops.def */

#define FUN1_LOOP(stores)                                                                      \
    for (size_t l = 0; l < n; l += W) {                                                        \
        vd x = v_load(in + l), y;                                                              \
        (void)x;                                                                               \
        stores;                                                                                \
    }
#define AD_OP1(name, value_expression, d1, d2, d3)                                             \
    static void fun1_##name(size_t n, const double *in, double *const *out, uint32_t order)    \
    {                                                                                          \
        double *o0 = out[0], *o1 = out[1], *o2 = out[2], *o3 = out[3];                         \
        switch (order) {                                                                       \
        case 0:                                                                                \
            FUN1_LOOP((y = V(value_expression), v_store(o0 + l, y)))                           \
            break;                                                                             \
        case 1:                                                                                \
            FUN1_LOOP((y = V(value_expression), v_store(o0 + l, y), v_store(o1 + l, V(d1))))   \
            break;                                                                             \
        case 2:                                                                                \
            FUN1_LOOP((y = V(value_expression), v_store(o0 + l, y), v_store(o1 + l, V(d1)),    \
                       v_store(o2 + l, V(d2))))                                                \
            break;                                                                             \
        default:                                                                               \
            FUN1_LOOP((y = V(value_expression), v_store(o0 + l, y), v_store(o1 + l, V(d1)),    \
                       v_store(o2 + l, V(d2)), v_store(o3 + l, V(d3))))                        \
            break;                                                                             \
        }                                                                                      \
    }
#define STORE_PARTIAL(k, expression)                                                           \
    if (mask & (1u << (k)))                                                                    \
    v_store(out[k] + l, V(expression))
#define AD_OP2(name, value_expression, da, db, daa, dab, dbb, daaa, daab, dabb, dbbb)          \
    static void fun2_##name(size_t n, const double *left, const double *right,                 \
                            double *const *out, uint32_t mask)                                 \
    {                                                                                          \
        for (size_t l = 0; l < n; l += W) {                                                    \
            vd a = v_load(left + l), b = v_load(right + l), y = V(value_expression);           \
            (void)a, (void)b;                                                                  \
            STORE_PARTIAL(0, y);                                                               \
            STORE_PARTIAL(1, da);                                                              \
            STORE_PARTIAL(2, db);                                                              \
            STORE_PARTIAL(3, daa);                                                             \
            STORE_PARTIAL(4, dab);                                                             \
            STORE_PARTIAL(5, dbb);                                                             \
            STORE_PARTIAL(6, daaa);                                                            \
            STORE_PARTIAL(7, daab);                                                            \
            STORE_PARTIAL(8, dabb);                                                            \
            STORE_PARTIAL(9, dbbb);                                                            \
        }                                                                                      \
    }
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2

static void (*const fun1[AD_N_OPS])(size_t, const double *, double *const *, uint32_t) = {
#define AD_OP1(name, ...) [AD_OP_##name] = fun1_##name,
#define AD_OP2(name, ...)
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
};
static void (*const fun2[AD_N_OPS])(size_t, const double *, const double *, double *const *,
                                    uint32_t) = {
#define AD_OP1(name, ...)
#define AD_OP2(name, ...) [AD_OP_##name] = fun2_##name,
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
};

static const uint32_t *run_fun1(const kernel_block *b, const uint32_t *code)
{
    double *out[4];
    for (int k = 0; k < 4; k++)
        out[k] = code[3 + k] == UINT32_MAX ? b->scratch : b->rows + code[3 + k] * b->lanes;
    fun1[code[0]](b->lanes, row_of(b, code[2]), out, code[1]);
    return code + 7;
}

static const uint32_t *run_fun2(const kernel_block *b, const uint32_t *code)
{
    double *out[10];
    for (int k = 0; k < 10; k++)
        out[k] = code[4 + k] == UINT32_MAX ? b->scratch : b->rows + code[4 + k] * b->lanes;
    fun2[code[0]](b->lanes, row_of(b, code[2]), row_of(b, code[3]), out, code[1]);
    return code + 14;
}

static const uint32_t *run_select(const kernel_block *b, const uint32_t *code)
{
    const double *condition = row_of(b, code[0]), *x = row_of(b, code[1]);
    const double *y = row_of(b, code[2]);
    double *out = b->rows + code[3] * b->lanes;
    for (size_t l = 0; l < b->lanes; l += W)
        v_store(out + l, v_blend(v_load(condition + l) != 0.0, v_load(x + l), v_load(y + l)));
    return code + 4;
}

/* ------------------------------------------------------- jobs: statistics of g and h */

typedef struct job {
    plan_shape shape;
    bool has_h;
    term_list g, h;
} job;

/* g - g0 and h - h0 at lanes l + i W.  The shift goes into the product's own rounding, so it
 * is free; what it leaves of equal samples is below their rounding (ad/moments.c). */
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
    const double *x = base + t[1] * b->lanes, *y = base + t[2] * b->lanes;
    for (int i = 0; i < n; i++)
        g[i] = v_fma(v_load(x + i * W), v_load(y + i * W), -g0);
    if (shape == PLAN_G2)
        return;
    x = base + s[1] * b->lanes, y = base + s[2] * b->lanes;
    for (int i = 0; i < n; i++)
        h[i] = v_fma(v_load(x + i * W), v_load(y + i * W), -h0);
    if (shape == PLAN_G2_H2)
        return;
    x = base + s[4] * b->lanes, y = base + s[5] * b->lanes;
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
    double *g = b->scratch + 2 * b->lanes, *h = b->scratch + 3 * b->lanes;
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
    double *sums = b->sums + code[0] * JOB_SIZE;
    j.g = (term_list){code[2], code[3], code[4], code + 5};
    const uint32_t *h = j.g.term + term_words(&j.g);
    j.h = (term_list){h[0], h[1], h[2], h + 3};
    j.has_h = h[0] + h[1] + h[2] > 0;
    if (b->emit)
        emit_job(b, &j, code[0]);
    if (b->level == KERNEL_NOTHING)
        return j.h.term + term_words(&j.h);
    switch (j.shape) {
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
    return j.h.term + term_words(&j.h);
}

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
        case PLAN_FUN1:
            code = run_fun1(block, code);
            break;
        case PLAN_FUN2:
            code = run_fun2(block, code);
            break;
        case PLAN_SELECT:
            code = run_select(block, code);
            break;
        default:
            code = run_job(block, code);
            break;
        }
    }
}

/* ----------------------------------------------------------------- loading features */

static void load_one(const kernel_block *b, const plan_feature *f, const double *xi,
                     size_t stride)
{
    double *row = b->rows + f->row * b->lanes;
    const double *x = xi + f->index;
    for (size_t l = 0; l < b->n_valid; l++)
        row[l] = x[l * stride];
    for (size_t l = b->n_valid; l < b->lanes; l++)
        row[l] = row[b->n_valid - 1];
}

static void load(const kernel_block *b, const plan_feature *feature, size_t n, const double *xi,
                 size_t stride)
{
    for (size_t k = 0; k < n; k++)
        load_one(b, &feature[k], xi, stride);
}

const kernel_set KERNEL_SET = {KERNEL_ISA, run, load};
