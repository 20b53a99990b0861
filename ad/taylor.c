/* The forward Taylor sweep: univariate Taylor coefficients up to order 3 (Griewank and
 * Walther, Evaluating Derivatives, 2nd ed., chapter 13), from the partials of ops.def. */
#include "ad/sparse.h"

#include "ad/compose.h"

#include <string.h>

/* Coefficients 0..3 of one slot in one lane; those above the order asked for are 0. */
typedef struct coefficients {
    double c[4];
} coefficients;

typedef struct line {
    const uint8_t *active;
    const ad_workspace *w;
    int order;
    double *jet;
} line;

static coefficients get(const line *s, uint32_t slot, size_t l)
{
    coefficients x = {{s->w->value[slot * s->w->n_lanes + l]}};
    for (int k = 1; k <= s->order && s->active[slot]; k++)
        x.c[k] = s->jet[(slot * (size_t)s->order + (size_t)k - 1) * s->w->n_lanes + l];
    return x;
}

static void put(const line *s, uint32_t slot, size_t l, const coefficients *x)
{
    for (int k = 1; k <= s->order; k++)
        s->jet[(slot * (size_t)s->order + (size_t)k - 1) * s->w->n_lanes + l] = x->c[k];
}

static coefficients apply1(ad_op op, const coefficients *operand, double y)
{
    coefficients t = *operand, r = {{y}};
    double x = t.c[0];
    switch (op) {
#define AD_OP1(name, value_expression, d1, d2, d3)                                             \
    case AD_OP_##name:                                                                         \
        (void)x;                                                                               \
        COMPOSE1(r, t, d1, d2, d3);                                                            \
        break;
#define AD_OP2(name, ...)
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
    default:
        break;
    }
    return r;
}

static coefficients apply2(ad_op op, const coefficients *left, const coefficients *right,
                           bool on_a, bool on_b, double y)
{
    coefficients p = *left, q = *right, r = {{y}};
    double a = p.c[0], b = q.c[0];
    switch (op) {
#define AD_OP1(name, ...)
#define AD_OP2(name, value_expression, da, db, daa, dab, dbb, daaa, daab, dabb, dbbb)          \
    case AD_OP_##name:                                                                         \
        (void)a, (void)b;                                                                      \
        COMPOSE2(r, p, q, on_a, on_b, da, db, daa, dab, dbb, daaa, daab, dabb, dbbb);          \
        break;
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
    default:
        break;
    }
    return r;
}

/* r += x y, truncated (Cauchy product). */
static void add_product(coefficients *r, const coefficients *x, const coefficients *y)
{
    for (int k = 1; k <= 3; k++)
        for (int i = 0; i <= k; i++)
            r->c[k] += x->c[i] * y->c[k - i];
}

static coefficients apply_sparse(const ad_code *code, const ad_instruction *in, const line *s,
                                 size_t l)
{
    const ad_block *b = &code->block[in->a];
    coefficients r = {{0.0}};
    for (size_t t = 0; t < b->shape.n_terms; t++) {
        double value = get(s, ad_sparse_value(code, b, t), l).c[0];
        size_t column =
            ad_sparse_column(&b->shape, get(s, ad_sparse_index(code, b, t), l).c[0]);
        if (column == SIZE_MAX || value == 0.0)
            continue;
        coefficients w = get(s, ad_sparse_weight(code, b, in->b, column), l);
        for (int k = 1; k <= 3; k++)
            r.c[k] += value * w.c[k];
    }
    return r;
}

static coefficients apply_block(const ad_code *code, const ad_instruction *in, const line *s,
                                size_t l)
{
    const ad_block *b = &code->block[in->a];
    coefficients r = {{0.0}};
    ad_block_cursor c;
    ad_block_run run;
    if (b->shape.n_terms)
        return apply_sparse(code, in, s, l);
    ad_block_begin(&c, &b->shape, in->b);
    while (ad_block_next(&c, &run)) {
        for (size_t k = 0; k < run.n; k++) {
            coefficients x = get(s, code->list[b->w + run.w + k], l);
            coefficients y = get(s, code->list[b->x + run.x + k], l);
            add_product(&r, &x, &y);
        }
    }
    return r;
}

static coefficients apply_run(const ad_code *code, const ad_instruction *in, const line *s,
                              size_t l)
{
    coefficients r = {{0.0}};
    const uint32_t *list = code->list;
    switch ((ad_op)in->op) {
    case AD_OP_SELECT:
        return get(s, list[in->b + (s->w->value[in->a * s->w->n_lanes + l] != 0.0 ? 0 : 1)], l);
    case AD_OP_SUM:
        for (size_t j = 0; j < in->b; j++) {
            coefficients x = get(s, list[in->a + j], l);
            for (int k = 1; k <= 3; k++)
                r.c[k] += x.c[k];
        }
        break;
    case AD_OP_DOT:
        for (size_t j = 0; j < in->b; j++) {
            coefficients x = get(s, list[in->a + j], l), y = get(s, list[in->a + in->b + j], l);
            add_product(&r, &x, &y);
        }
        break;
    case AD_OP_BLOCK:
        return apply_block(code, in, s, l);
    default:
        break;
    }
    return r;
}

void ad_sweep_taylor(const ad_code *code, const uint8_t *active, const ad_workspace *w,
                     const double *v, int order, double *jet)
{
    line s = {active, w, order, jet};
    size_t n_inputs = code->n_params + code->n_features;
    for (size_t j = 0; j < code->n_params; j++) {
        coefficients x = {{0.0, v[j]}};
        for (size_t l = 0; l < w->n_lanes; l++)
            put(&s, (uint32_t)j, l, &x);
    }
    for (size_t k = 0; k < code->n; k++) {
        const ad_instruction *in = &code->instruction[k];
        uint32_t slot = (uint32_t)(n_inputs + k);
        uint32_t own[2];
        const uint32_t *operand;
        size_t n = ad_code_operands(code, in, own, &operand);
        bool run = operand != own || in->op == AD_OP_BLOCK;
        for (size_t l = 0; active[slot] && l < w->n_lanes; l++) {
            coefficients r;
            double y = w->value[slot * w->n_lanes + l];
            if (run) {
                r = apply_run(code, in, &s, l);
            } else if (n == 1) {
                coefficients x = get(&s, in->a, l);
                r = apply1((ad_op)in->op, &x, y);
            } else {
                coefficients a = get(&s, in->a, l), b = get(&s, in->b, l);
                r = apply2((ad_op)in->op, &a, &b, active[in->a], active[in->b], y);
            }
            put(&s, slot, l, &r);
        }
    }
}
