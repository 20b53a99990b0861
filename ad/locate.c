/* Where a value that is not finite comes from. */
#include "ad/batch.h"

#include <math.h>
#include <stdio.h>

typedef struct finder {
    const ad_request *request;
    bool found;
    meka_error *err;
} finder;

/* A slot's lane, in words: "log(-1)". */
static void describe(char *text, size_t size, const ad_code *code, const ad_workspace *w,
                     const ad_instruction *in, size_t lane)
{
    const char *name = ad_op_name((ad_op)in->op);
    double a = in->op == AD_OP_SUM || in->op == AD_OP_DOT || in->op == AD_OP_CONST
                   ? NAN
                   : w->value[in->a * w->n_lanes + lane];
    switch ((ad_op)in->op) {
    case AD_OP_CONST:
        snprintf(text, size, "the constant %.6g", code->real[in->a]);
        break;
    case AD_OP_SELECT:
    case AD_OP_SUM:
    case AD_OP_DOT:
        snprintf(text, size, "%s", name);
        break;
#define AD_OP1(op, ...) case AD_OP_##op:
#define AD_OP2(op, ...)
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
        snprintf(text, size, "%s(%.6g)", name, a);
        break;
    default:
        snprintf(text, size, "%s(%.6g, %.6g)", name, a, w->value[in->b * w->n_lanes + lane]);
        break;
    }
}

static void report(const finder *f, const ad_block *block, size_t k, size_t lane,
                   const char *what, double value)
{
    const ad_code *code = block->code;
    const ad_instruction *in = &code->instruction[k];
    const ad_place *place = &code->place[in->where];
    char text[96];
    value = isnan(value) ? NAN : value; /* printf would show a NaN's sign */
    describe(text, sizeof text, code, block->w, in, lane);
    meka_fail(f->err, MEKA_NONFINITE, "%s:%d: %s%s is %g at sample %zu", place->file,
              place->line, what, text, value, block->first + lane);
}

static bool find_input(const finder *f, const ad_block *block, size_t lane)
{
    const ad_code *code = block->code;
    for (size_t j = 0; j < code->n_params + code->n_features; j++) {
        double x = block->w->value[j * block->w->n_lanes + lane];
        bool is_param = j < code->n_params;
        if (!isfinite(x)) {
            meka_fail(f->err, MEKA_NONFINITE, "%s %zu is %g at sample %zu",
                      is_param ? "parameter" : "feature", is_param ? j : j - code->n_params, x,
                      block->first + lane);
            return true;
        }
    }
    return false;
}

static bool find_value(const finder *f, const ad_block *block, size_t lane)
{
    const ad_code *code = block->code;
    size_t n_inputs = code->n_params + code->n_features, n_lanes = block->w->n_lanes;
    for (size_t k = 0; k < code->n; k++) {
        double y = block->w->value[(n_inputs + k) * n_lanes + lane];
        if (!isfinite(y)) {
            report(f, block, k, lane, "", y);
            return true;
        }
    }
    return false;
}

/* The first derivative along theta's direction, or adjoint, that is not finite. */
static bool find_derivative(const finder *f, const ad_block *block, size_t lane)
{
    const ad_code *code = block->code;
    ad_workspace *w = block->w;
    size_t n_inputs = code->n_params + code->n_features, n_lanes = w->n_lanes;
    bool dual = f->request->v != NULL;
    for (size_t k = 0; dual && k < code->n; k++) {
        size_t slot = n_inputs + k;
        if (block->active[slot] && !isfinite(w->tangent[slot * n_lanes + lane])) {
            report(f, block, k, lane, "the derivative of ", w->tangent[slot * n_lanes + lane]);
            return true;
        }
    }
    /* Going backwards, the first instruction whose own adjoint is finite and an operand's
     * is not. */
    for (size_t k = code->n; k-- > 0;) {
        size_t slot = n_inputs + k;
        double bar = w->adjoint[slot * n_lanes + lane], bar2 = w->second[slot * n_lanes + lane];
        if (!block->active[slot] || !isfinite(bar) || (dual && !isfinite(bar2)))
            continue;
        uint32_t own[2];
        const uint32_t *operand;
        size_t n = ad_code_operands(code, &code->instruction[k], own, &operand);
        for (size_t j = 0; j < n; j++) {
            size_t i = operand[j] * n_lanes + lane;
            if (isfinite(w->adjoint[i]) && !(dual && !isfinite(w->second[i])))
                continue;
            report(f, block, k, lane, "the derivative of ",
                   isfinite(w->adjoint[i]) ? w->second[i] : w->adjoint[i]);
            return true;
        }
    }
    return false;
}

static bool lane_is_finite(const finder *f, const ad_batch *batch, const ad_block *block,
                           size_t lane)
{
    const ad_workspace *w = block->w;
    bool finite = isfinite(w->value[block->code->result * w->n_lanes + lane]);
    if (f->request->depth == AD_DEPTH_GRADIENT) {
        for (size_t j = 0; j < block->code->n_params && finite; j++) {
            size_t i = j * w->n_lanes + lane;
            finite = isfinite(w->adjoint[i]) && (!f->request->v || isfinite(w->second[i]));
        }
    }
    int order = f->request->depth == AD_DEPTH_LINE ? f->request->order : 0;
    for (int k = 0; k < order && finite; k++) {
        size_t row = block->code->result * (size_t)order + (size_t)k;
        finite = isfinite(batch->jet[row * w->n_lanes + lane]);
    }
    return finite;
}

static void find_in_block(void *ctx, const ad_batch *batch, const ad_block *block)
{
    finder *f = ctx;
    for (size_t lane = 0; lane < block->w->n_lanes && !f->found; lane++) {
        if (lane_is_finite(f, batch, block, lane))
            continue;
        f->found = true;
        bool value_bad =
            !isfinite(block->w->value[block->code->result * block->w->n_lanes + lane]);
        bool told = find_input(f, block, lane) || (value_bad && find_value(f, block, lane)) ||
                    (f->request->depth == AD_DEPTH_GRADIENT && find_derivative(f, block, lane));
        if (!told) {
            meka_fail(f->err, MEKA_NONFINITE, "a derivative is not finite at sample %zu",
                      block->first + lane);
        }
    }
}

meka_status ad_batch_locate(ad_batch *batch, const ad_request *request, meka_error *err)
{
    finder f = {.request = request, .err = err};
    meka_status status = ad_batch_visit(batch, request, find_in_block, &f, err);
    return status ? status : (f.found ? MEKA_NONFINITE : MEKA_OK);
}
