/* Where a value that is not finite comes from. */
#include "ad/batch.h"
#include "ad/sparse.h"

#include <math.h>
#include <stdio.h>

/* A sample after its sweeps. */
typedef struct finder {
    const ad_request *request;
    const ad_code *code;
    const uint8_t *active;
    const ad_workspace *w; /* one lane */
    const double *jet;
    size_t sample;
    meka_error *err;
} finder;

/* An instruction in words: "log(-1)". */
static void describe(char *text, size_t size, const ad_code *code, const ad_workspace *w,
                     const ad_instruction *in)
{
    const char *name = ad_op_name((ad_op)in->op);
    bool has_list = in->op == AD_OP_SUM || in->op == AD_OP_DOT || in->op == AD_OP_BLOCK;
    double a = has_list || in->op == AD_OP_CONST ? NAN : w->value[in->a];
    switch ((ad_op)in->op) {
    case AD_OP_CONST:
        snprintf(text, size, "the constant %.6g", code->real[in->a]);
        break;
    case AD_OP_SELECT:
    case AD_OP_SUM:
    case AD_OP_DOT:
    case AD_OP_BLOCK:
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
        snprintf(text, size, "%s(%.6g, %.6g)", name, a, w->value[in->b]);
        break;
    }
}

static void report(const finder *f, size_t k, const char *what, double value)
{
    const ad_instruction *in = &f->code->instruction[k];
    const ad_place *place = &f->code->place[in->where];
    char text[96];
    value = isnan(value) ? NAN : value; /* printf would show a NaN's sign */
    describe(text, sizeof text, f->code, f->w, in);
    meka_fail(f->err, MEKA_NONFINITE, "%s:%d: %s%s is %g at sample %zu", place->file,
              place->line, what, text, value, f->sample);
}

static bool find_input(const finder *f)
{
    size_t d = f->code->n_params;
    for (size_t j = 0; j < d + f->code->n_features; j++) {
        double x = f->w->value[j];
        if (!isfinite(x)) {
            meka_fail(f->err, MEKA_NONFINITE, "%s %zu is %g at sample %zu",
                      j < d ? "parameter" : "feature", j < d ? j : j - d, x, f->sample);
            return true;
        }
    }
    return false;
}

static size_t slot_of(const finder *f, size_t k)
{
    return f->code->n_params + f->code->n_features + k;
}

static bool find_value(const finder *f)
{
    for (size_t k = 0; k < f->code->n; k++) {
        double y = f->w->value[slot_of(f, k)];
        if (!isfinite(y)) {
            report(f, k, "", y);
            return true;
        }
    }
    return false;
}

static bool is_dual(const finder *f)
{
    return f->request->mode == PLAN_PRODUCT;
}

/* The first tangent that is not finite. */
static bool find_tangent(const finder *f)
{
    for (size_t k = 0; is_dual(f) && k < f->code->n; k++) {
        size_t slot = slot_of(f, k);
        if (f->active[slot] && !isfinite(f->w->tangent[slot])) {
            report(f, k, "the derivative of ", f->w->tangent[slot]);
            return true;
        }
    }
    return false;
}

static bool bad_adjoint(const finder *f, size_t slot)
{
    return !isfinite(f->w->adjoint[slot]) || (is_dual(f) && !isfinite(f->w->second[slot]));
}

/* The weight of a sparse block's element of which this is so. */
static size_t bad_weight(const finder *f, const ad_block *b, size_t z)
{
    const double *value = f->w->value;
    for (size_t k = 0; k < b->shape.n_terms; k++) {
        size_t column = ad_sparse_column(&b->shape, value[ad_sparse_index(f->code, b, k)]);
        size_t x = column == SIZE_MAX ? SIZE_MAX : ad_sparse_weight(f->code, b, z, column);
        if (x != SIZE_MAX && bad_adjoint(f, x))
            return x;
    }
    return SIZE_MAX;
}

/* An operand whose adjoint is not finite; SIZE_MAX: none. */
static size_t bad_operand(const finder *f, size_t k)
{
    const ad_instruction *in = &f->code->instruction[k];
    uint32_t own[2];
    const uint32_t *operand;
    size_t n = ad_code_operands(f->code, in, own, &operand);
    if (in->op == AD_OP_BLOCK) {
        const ad_block *b = &f->code->block[in->a];
        ad_block_cursor c;
        ad_block_run run;
        if (b->shape.n_terms)
            return bad_weight(f, b, in->b);
        ad_block_begin(&c, &b->shape, in->b);
        while (ad_block_next(&c, &run))
            for (size_t j = 0; j < 2 * run.n; j++) {
                uint32_t x =
                    f->code->list[j < run.n ? b->w + run.w + j : b->x + run.x + j - run.n];
                if (f->active[x] && bad_adjoint(f, x))
                    return x;
            }
        return SIZE_MAX;
    }
    for (size_t j = 0; j < n; j++)
        if (bad_adjoint(f, operand[j]))
            return operand[j];
    return SIZE_MAX;
}

/* Going backwards, the first instruction whose own adjoint is finite and an operand's is
 * not. */
static bool find_adjoint(const finder *f)
{
    const ad_workspace *w = f->w;
    for (size_t k = f->code->n; k-- > 0;) {
        size_t slot = slot_of(f, k);
        size_t x = f->active[slot] && !bad_adjoint(f, slot) ? bad_operand(f, k) : SIZE_MAX;
        if (x != SIZE_MAX) {
            report(f, k, "the derivative of ",
                   isfinite(w->adjoint[x]) ? w->second[x] : w->adjoint[x]);
            return true;
        }
    }
    return false;
}

/* The first Taylor coefficient along the line that is not finite. */
static bool find_coefficient(const finder *f)
{
    size_t order = (size_t)ad_request_order(f->request);
    for (size_t k = 0; k < f->code->n; k++) {
        const double *c = f->jet + slot_of(f, k) * order;
        for (size_t j = 0; f->active[slot_of(f, k)] && j < order; j++) {
            if (!isfinite(c[j])) {
                report(f, k, "a derivative along the line of ", c[j]);
                return true;
            }
        }
    }
    return false;
}

static bool has_gradient(const finder *f)
{
    return f->request->mode <= PLAN_PRODUCT;
}

static bool sample_is_finite(const finder *f)
{
    bool finite = isfinite(f->w->value[f->code->result]);
    for (size_t j = 0; has_gradient(f) && j < f->code->n_params && finite; j++)
        finite = isfinite(f->w->adjoint[j]) && (!is_dual(f) || isfinite(f->w->second[j]));
    size_t order = (size_t)ad_request_order(f->request);
    for (size_t k = 0; k < order && f->active[f->code->result] && finite; k++)
        finite = isfinite(f->jet[f->code->result * order + k]);
    return finite;
}

static void explain(const finder *f)
{
    bool value_bad = !isfinite(f->w->value[f->code->result]);
    bool told = find_input(f) || (value_bad && find_value(f)) ||
                (has_gradient(f) && (find_tangent(f) || find_adjoint(f))) ||
                find_coefficient(f);
    if (!told)
        meka_fail(f->err, MEKA_NONFINITE, "a derivative is not finite at sample %zu",
                  f->sample);
}

meka_status ad_batch_locate(ad_batch *batch, const ad_request *request, meka_error *err)
{
    const ad_program *program = batch->program;
    ad_sampler own = {0}, *s = &batch->sampler;
    if (program->replay) {
        meka_status status = ad_sampler_create(&own, program, err);
        if (status) {
            ad_sampler_destroy(&own);
            return meka_fail(err, MEKA_NONFINITE,
                             "a result is not finite; there is no memory to find out where");
        }
        s = &own;
    }
    finder f = {.request = request, .w = &s->w, .err = err};
    meka_status found = MEKA_OK;
    for (size_t i = 0; i < request->n && found == MEKA_OK; i++) {
        found = ad_sampler_run(s, program, request, i, &f.code, &f.active, err);
        f.jet = s->jet; /* a recording may have moved it */
        f.sample = i;
        if (found == MEKA_OK && !sample_is_finite(&f)) {
            explain(&f);
            found = MEKA_NONFINITE;
        }
    }
    ad_sampler_destroy(&own);
    return found;
}
