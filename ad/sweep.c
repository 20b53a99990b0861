#include "ad/sweep.h"

#include "ad/math.h"
#include "ad/sparse.h"

#include <string.h>

void ad_sweep_load(const ad_code *code, ad_workspace *w, const double *theta, const double *xi)
{
    size_t n_lanes = w->n_lanes, d = code->n_params, m = code->n_features;
    for (size_t j = 0; j < d; j++)
        for (size_t l = 0; l < n_lanes; l++)
            w->value[j * n_lanes + l] = theta[j];
    for (size_t j = 0; j < m; j++) {
        double *row = w->value + (d + j) * n_lanes;
        for (size_t l = 0; l < n_lanes; l++)
            row[l] = xi[l * m + j];
    }
    for (size_t k = 0; k < code->n; k++) {
        if (code->instruction[k].op == AD_OP_CONST) {
            double *row = w->value + (d + m + k) * n_lanes;
            double real = code->real[code->instruction[k].a];
            for (size_t l = 0; l < n_lanes; l++)
                row[l] = real;
        }
    }
}

void ad_sweep_load_tangent(const ad_code *code, ad_workspace *w, const double *v)
{
    size_t n_lanes = w->n_lanes;
    for (size_t j = 0; j < code->n_params; j++)
        for (size_t l = 0; l < n_lanes; l++)
            w->tangent[j * n_lanes + l] = v[j];
}

/* ------------------------------------------------------------------- forward sweep */

static void forward_block(const ad_code *code, const ad_instruction *in, const ad_workspace *w,
                          double *restrict out)
{
    const ad_block *b = &code->block[in->a];
    const uint32_t *list = code->list;
    ad_block_cursor c;
    ad_block_run run;
    if (b->shape.n_terms) {
        ad_sparse_forward(code, in, w, out);
        return;
    }
    memset(out, 0, w->n_lanes * sizeof *out);
    ad_block_begin(&c, &b->shape, in->b);
    while (ad_block_next(&c, &run)) {
        for (size_t k = 0; k < run.n; k++) {
            const double *x = w->value + list[b->w + run.w + k] * w->n_lanes;
            const double *y = w->value + list[b->x + run.x + k] * w->n_lanes;
            for (size_t l = 0; l < w->n_lanes; l++)
                out[l] += x[l] * y[l];
        }
    }
}

static void forward_values(const ad_code *code, const ad_instruction *in, const ad_workspace *w,
                           double *restrict out)
{
    size_t n_lanes = w->n_lanes;
    const double *value = w->value;
    switch ((ad_op)in->op) {
    case AD_OP_CONST: /* loaded once per evaluation */
        break;
#define AD_OP1(name, value_expression, ...)                                                    \
    case AD_OP_##name:                                                                         \
        for (size_t l = 0; l < n_lanes; l++) {                                                 \
            double x = value[in->a * n_lanes + l];                                             \
            out[l] = (value_expression);                                                       \
        }                                                                                      \
        break;
#define AD_OP2(name, value_expression, ...)                                                    \
    case AD_OP_##name:                                                                         \
        for (size_t l = 0; l < n_lanes; l++) {                                                 \
            double a = value[in->a * n_lanes + l], b = value[in->b * n_lanes + l];             \
            out[l] = (value_expression);                                                       \
        }                                                                                      \
        break;
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
    case AD_OP_SELECT: {
        const uint32_t *choice = code->list + in->b;
        for (size_t l = 0; l < n_lanes; l++)
            out[l] = value[choice[value[in->a * n_lanes + l] != 0.0 ? 0 : 1] * n_lanes + l];
        break;
    }
    case AD_OP_SUM:
        memset(out, 0, n_lanes * sizeof *out);
        for (size_t j = 0; j < in->b; j++) {
            const double *x = value + code->list[in->a + j] * n_lanes;
            for (size_t l = 0; l < n_lanes; l++)
                out[l] += x[l];
        }
        break;
    case AD_OP_DOT:
        memset(out, 0, n_lanes * sizeof *out);
        for (size_t j = 0; j < in->b; j++) {
            const double *x = value + code->list[in->a + j] * n_lanes;
            const double *y = value + code->list[in->a + in->b + j] * n_lanes;
            for (size_t l = 0; l < n_lanes; l++)
                out[l] += x[l] * y[l];
        }
        break;
    case AD_OP_BLOCK:
        forward_block(code, in, w, out);
        break;
    case AD_N_OPS:
        break;
    }
}

/* out += weight * x, lane by lane, where slot x is active. */
static void add_scaled_tangent(const ad_workspace *w, const uint8_t *active, uint32_t weight,
                               uint32_t x, double *restrict out)
{
    if (active[x]) {
        const double *value = w->value + weight * w->n_lanes;
        const double *tangent = w->tangent + x * w->n_lanes;
        for (size_t l = 0; l < w->n_lanes; l++)
            out[l] += value[l] * tangent[l];
    }
}

static void forward_tangents_block(const ad_code *code, const uint8_t *active,
                                   const ad_instruction *in, const ad_workspace *w,
                                   double *restrict out)
{
    const ad_block *b = &code->block[in->a];
    ad_block_cursor c;
    ad_block_run run;
    if (b->shape.n_terms) {
        ad_sparse_tangent(code, in, w, out);
        return;
    }
    ad_block_begin(&c, &b->shape, in->b);
    while (ad_block_next(&c, &run)) {
        for (size_t k = 0; k < run.n; k++) {
            uint32_t x = code->list[b->w + run.w + k], y = code->list[b->x + run.x + k];
            add_scaled_tangent(w, active, y, x, out);
            add_scaled_tangent(w, active, x, y, out);
        }
    }
}

static void forward_tangents_run(const ad_code *code, const uint8_t *active,
                                 const ad_instruction *in, const ad_workspace *w,
                                 double *restrict out)
{
    size_t n_lanes = w->n_lanes;
    const uint32_t *list = code->list;
    memset(out, 0, n_lanes * sizeof *out);
    switch ((ad_op)in->op) {
    case AD_OP_SELECT:
        for (size_t l = 0; l < n_lanes; l++) {
            uint32_t chosen = list[in->b + (w->value[in->a * n_lanes + l] != 0.0 ? 0 : 1)];
            out[l] = active[chosen] ? w->tangent[chosen * n_lanes + l] : 0.0;
        }
        break;
    case AD_OP_SUM:
        for (size_t j = 0; j < in->b; j++) {
            uint32_t x = list[in->a + j];
            for (size_t l = 0; active[x] && l < n_lanes; l++)
                out[l] += w->tangent[x * n_lanes + l];
        }
        break;
    case AD_OP_DOT:
        for (size_t j = 0; j < in->b; j++) {
            uint32_t x = list[in->a + j], y = list[in->a + in->b + j];
            add_scaled_tangent(w, active, y, x, out);
            add_scaled_tangent(w, active, x, y, out);
        }
        break;
    case AD_OP_BLOCK:
        forward_tangents_block(code, active, in, w, out);
        break;
    default:
        break;
    }
}

static void forward_tangents(const ad_code *code, const uint8_t *active,
                             const ad_instruction *in, uint32_t slot, const ad_workspace *w)
{
    size_t n_lanes = w->n_lanes;
    double *restrict out = w->tangent + slot * n_lanes;
    const double *y_row = w->value + slot * n_lanes;
    switch ((ad_op)in->op) {
#define AD_OP1(name, value_expression, d1, ...)                                                \
    case AD_OP_##name:                                                                         \
        for (size_t l = 0; l < n_lanes; l++) {                                                 \
            double x = w->value[in->a * n_lanes + l], y = y_row[l];                            \
            (void)x, (void)y;                                                                  \
            out[l] = TERM(d1, w->tangent[in->a * n_lanes + l]);                                \
        }                                                                                      \
        break;
#define AD_OP2(name, value_expression, da, db, ...)                                            \
    case AD_OP_##name:                                                                         \
        for (size_t l = 0; l < n_lanes; l++) {                                                 \
            double a = w->value[in->a * n_lanes + l], b = w->value[in->b * n_lanes + l];       \
            double y = y_row[l];                                                               \
            (void)a, (void)b, (void)y;                                                         \
            out[l] = (active[in->a] ? TERM(da, w->tangent[in->a * n_lanes + l]) : 0.0) +       \
                     (active[in->b] ? TERM(db, w->tangent[in->b * n_lanes + l]) : 0.0);        \
        }                                                                                      \
        break;
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
    default:
        forward_tangents_run(code, active, in, w, out);
        break;
    }
}

void ad_sweep_forward(const ad_code *code, const uint8_t *active, ad_workspace *w, bool dual)
{
    size_t n_inputs = code->n_params + code->n_features;
    for (size_t k = 0; k < code->n; k++) {
        const ad_instruction *in = &code->instruction[k];
        uint32_t slot = (uint32_t)(n_inputs + k);
        forward_values(code, in, w, w->value + slot * w->n_lanes);
        if (dual && active[slot])
            forward_tangents(code, active, in, slot, w);
    }
}

/* ------------------------------------------------------------------- reverse sweep */

/* Adds an operand's share: first order d1 * ybar, second order d1 * ybar' + d1' * ybar
 * with d1' the tangent of d1.  Here x of the product x y. */
static void reverse_factor(const uint8_t *active, uint32_t x, uint32_t y, uint32_t slot,
                           const ad_workspace *w, bool dual)
{
    size_t n_lanes = w->n_lanes;
    const double *ybar = w->adjoint + slot * n_lanes, *ybar2 = w->second + slot * n_lanes;
    if (!active[x])
        return;
    for (size_t l = 0; l < n_lanes; l++)
        w->adjoint[x * n_lanes + l] += w->value[y * n_lanes + l] * ybar[l];
    for (size_t l = 0; dual && l < n_lanes; l++) {
        double tangent = active[y] ? w->tangent[y * n_lanes + l] : 0.0;
        w->second[x * n_lanes + l] += w->value[y * n_lanes + l] * ybar2[l] + tangent * ybar[l];
    }
}

static void reverse_block(const ad_code *code, const uint8_t *active, const ad_instruction *in,
                          uint32_t slot, const ad_workspace *w, bool dual)
{
    const ad_block *b = &code->block[in->a];
    ad_block_cursor c;
    ad_block_run run;
    if (b->shape.n_terms) {
        ad_sparse_reverse(code, in, slot, w, dual);
        return;
    }
    ad_block_begin(&c, &b->shape, in->b);
    while (ad_block_next(&c, &run)) {
        for (size_t k = 0; k < run.n; k++) {
            uint32_t x = code->list[b->w + run.w + k], y = code->list[b->x + run.x + k];
            reverse_factor(active, x, y, slot, w, dual);
            reverse_factor(active, y, x, slot, w, dual);
        }
    }
}

static void reverse_dot(const ad_code *code, const uint8_t *active, const ad_instruction *in,
                        uint32_t slot, const ad_workspace *w, bool dual)
{
    size_t n = in->b;
    for (size_t j = 0; j < 2 * n; j++)
        reverse_factor(active, code->list[in->a + j],
                       code->list[in->a + (j < n ? j + n : j - n)], slot, w, dual);
}

static void reverse_run(const ad_code *code, const uint8_t *active, const ad_instruction *in,
                        uint32_t slot, const ad_workspace *w, bool dual)
{
    size_t n_lanes = w->n_lanes;
    const double *ybar = w->adjoint + slot * n_lanes, *ybar2 = w->second + slot * n_lanes;
    switch ((ad_op)in->op) {
    case AD_OP_SELECT:
        for (size_t l = 0; l < n_lanes; l++) {
            uint32_t chosen =
                code->list[in->b + (w->value[in->a * n_lanes + l] != 0.0 ? 0 : 1)];
            if (active[chosen]) {
                w->adjoint[chosen * n_lanes + l] += ybar[l];
                if (dual)
                    w->second[chosen * n_lanes + l] += ybar2[l];
            }
        }
        break;
    case AD_OP_SUM:
        for (size_t j = 0; j < in->b; j++) {
            uint32_t x = code->list[in->a + j];
            for (size_t l = 0; active[x] && l < n_lanes; l++)
                w->adjoint[x * n_lanes + l] += ybar[l];
            for (size_t l = 0; dual && active[x] && l < n_lanes; l++)
                w->second[x * n_lanes + l] += ybar2[l];
        }
        break;
    case AD_OP_DOT:
        reverse_dot(code, active, in, slot, w, dual);
        break;
    case AD_OP_BLOCK:
        reverse_block(code, active, in, slot, w, dual);
        break;
    default:
        break;
    }
}

void ad_sweep_reverse_one(const ad_code *code, const uint8_t *active, ad_workspace *w, size_t k,
                          bool dual)
{
    size_t n_lanes = w->n_lanes;
    const ad_instruction *in = &code->instruction[k];
    uint32_t slot = (uint32_t)(code->n_params + code->n_features + k);
    const double *y_row = w->value + slot * n_lanes;
    const double *ybar = w->adjoint + slot * n_lanes, *ybar2 = w->second + slot * n_lanes;
    switch ((ad_op)in->op) {
#define AD_OP1(name, value_expression, d1, d2, ...)                                            \
    case AD_OP_##name:                                                                         \
        for (size_t l = 0; l < n_lanes; l++) {                                                 \
            size_t i = in->a * n_lanes + l;                                                    \
            double x = w->value[i], y = y_row[l];                                              \
            (void)x, (void)y;                                                                  \
            w->adjoint[i] += TERM(d1, ybar[l]);                                                \
            if (dual)                                                                          \
                w->second[i] += TERM(d1, ybar2[l]) + TERM(d2, w->tangent[i] * ybar[l]);        \
        }                                                                                      \
        break;
#define AD_OP2(name, value_expression, da, db, daa, dab, dbb, ...)                             \
    case AD_OP_##name:                                                                         \
        for (size_t l = 0; l < n_lanes; l++) {                                                 \
            size_t i = in->a * n_lanes + l, j = in->b * n_lanes + l;                           \
            double a = w->value[i], b = w->value[j], y = y_row[l];                             \
            double ta = dual && active[in->a] ? w->tangent[i] : 0.0;                           \
            double tb = dual && active[in->b] ? w->tangent[j] : 0.0;                           \
            (void)a, (void)b, (void)y, (void)ta, (void)tb;                                     \
            if (active[in->a]) {                                                               \
                double mixed = active[in->b] ? TERM(dab, tb) : 0.0;                            \
                w->adjoint[i] += TERM(da, ybar[l]);                                            \
                w->second[i] +=                                                                \
                    dual ? TERM(da, ybar2[l]) + (TERM(daa, ta) + mixed) * ybar[l] : 0.0;       \
            }                                                                                  \
            if (active[in->b]) {                                                               \
                double mixed = active[in->a] ? TERM(dab, ta) : 0.0;                            \
                w->adjoint[j] += TERM(db, ybar[l]);                                            \
                w->second[j] +=                                                                \
                    dual ? TERM(db, ybar2[l]) + (mixed + TERM(dbb, tb)) * ybar[l] : 0.0;       \
            }                                                                                  \
        }                                                                                      \
        break;
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
    default:
        reverse_run(code, active, in, slot, w, dual);
        break;
    }
}

void ad_sweep_reverse(const ad_code *code, const uint8_t *active, ad_workspace *w, bool dual)
{
    size_t n_slots = ad_code_n_slots(code), n_inputs = n_slots - code->n;
    memset(w->adjoint, 0, n_slots * w->n_lanes * sizeof(double));
    memset(w->second, 0, n_slots * w->n_lanes * sizeof(double));
    for (size_t l = 0; l < w->n_lanes; l++)
        w->adjoint[code->result * w->n_lanes + l] = 1.0;
    for (size_t k = code->n; k-- > 0;)
        if (active[n_inputs + k])
            ad_sweep_reverse_one(code, active, w, k, dual);
}
