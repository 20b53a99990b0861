/* Long double values from the value expressions of ops.def: <tgmath.h> makes its functions
 * those of the operands' type, and what ad/math.h defines for doubles is defined here again. */
#define _DEFAULT_SOURCE /* lgammal_r */
#include "ad/extended.h"

#include "ad/print.h"
#include "ad/sparse.h"
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <tgmath.h>

#define AD_SQRT1_2          0.707106781186547524400844362104849039L /* 1 / sqrt(2) */
#define IF(condition, a, b) ((condition) ? (a) : (b))
#define ad_math_lgamma(x)   extended_lgamma(x)
#define SIGMOID(x)          extended_sigmoid(x)
#define SOFTPLUS(x)         extended_softplus(x)
#define HASH(hash, word)    (((hash) ^ (uint64_t)(word)) * UINT64_C(0x9E3779B97F4A7C15))

static long double extended_lgamma(long double x)
{
    int sign;
    return lgammal_r(x, &sign);
}

static long double extended_sigmoid(long double x)
{
    long double e = expl(-fabsl(x));
    return (x >= 0.0L ? 1.0L : e) / (1.0L + e);
}

static long double extended_softplus(long double x)
{
    return (x > 0.0L ? x : 0.0L) + log1pl(expl(-fabsl(x)));
}

meka_status ad_extended_init(ad_extended *e, const ad_program *program, meka_error *err)
{
    const ad_objective *objective = &program->objective;
    *e = (ad_extended){.program = program, .code = &program->tape.code};
    ad_tape_init(&e->tape);
    e->point = meka_alloc(objective->n_params + objective->n_features, sizeof *e->point, err);
    return e->point ? MEKA_OK : MEKA_ERR_MEMORY;
}

void ad_extended_clear(ad_extended *e)
{
    ad_tape_clear(&e->tape);
    free(e->value);
    free(e->point);
    *e = (ad_extended){0};
}

/* ----------------------------------------------------------------------- values */

static long double sparse_value(const ad_code *code, const ad_block *b, size_t z,
                                const long double *value)
{
    long double sum = 0.0L;
    for (size_t k = 0; k < b->shape.n_terms; k++) {
        long double x = value[ad_sparse_value(code, b, k)];
        size_t column = ad_sparse_column(&b->shape, (double)value[ad_sparse_index(code, b, k)]);
        if (column == SIZE_MAX)
            return (long double)NAN;
        if (x != 0.0L)
            sum += x * value[ad_sparse_weight(code, b, z, column)];
    }
    return sum;
}

static long double block_value(const ad_code *code, const ad_instruction *in,
                               const long double *value)
{
    const ad_block *b = &code->block[in->a];
    long double sum = 0.0L;
    ad_block_cursor c;
    ad_block_run run;
    if (b->shape.n_terms)
        return sparse_value(code, b, in->b, value);
    ad_block_begin(&c, &b->shape, in->b);
    while (ad_block_next(&c, &run))
        for (size_t k = 0; k < run.n; k++)
            sum += value[code->list[b->w + run.w + k]] * value[code->list[b->x + run.x + k]];
    return sum;
}

static long double run_value(const ad_code *code, const ad_instruction *in,
                             const long double *value)
{
    const uint32_t *list = code->list;
    long double sum = 0.0L;
    if (in->op == AD_OP_SELECT)
        return value[list[in->b + (value[in->a] != 0.0L ? 0 : 1)]];
    if (in->op == AD_OP_BLOCK)
        return block_value(code, in, value);
    for (size_t k = 0; k < in->b; k++) {
        long double x = value[list[in->a + k]];
        sum += in->op == AD_OP_SUM ? x : x * value[list[in->a + in->b + k]];
    }
    return sum;
}

static long double instruction_value(const ad_code *code, const ad_instruction *in,
                                     const long double *value)
{
    switch ((ad_op)in->op) {
    case AD_OP_CONST:
        return code->real[in->a];
#define AD_OP1(name, value_expression, ...)                                                    \
    case AD_OP_##name: {                                                                       \
        long double x = value[in->a];                                                          \
        return (value_expression);                                                             \
    }
#define AD_OP2(name, value_expression, ...)                                                    \
    case AD_OP_##name: {                                                                       \
        long double a = value[in->a], b = value[in->b];                                        \
        return (value_expression);                                                             \
    }
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
    case AD_OP_SELECT:
    case AD_OP_SUM:
    case AD_OP_DOT:
    case AD_OP_BLOCK:
    case AD_N_OPS:
        break;
    }
    return run_value(code, in, value);
}

/* ---------------------------------------------------------------------- decisions */

/* 0: decides nothing; else 1 less, 2 equal, 3 greater, 4 not ordered. */
static int decision(const ad_instruction *in, const long double *value)
{
    long double a = value[in->a], b = 0.0L;
    switch ((ad_op)in->op) {
    case AD_OP_SELECT:
        return a != 0.0L ? 3 : 1;
    case AD_OP_abs:
    case AD_OP_relu:
        break;
    case AD_OP_max:
    case AD_OP_min:
    case AD_OP_lt:
    case AD_OP_le:
    case AD_OP_gt:
    case AD_OP_ge:
    case AD_OP_eq:
    case AD_OP_ne:
        b = value[in->b];
        break;
    default:
        return 0;
    }
    return a < b ? 1 : (a == b ? 2 : (a > b ? 3 : 4));
}

static bool decides(uint32_t op)
{
    return op == AD_OP_SELECT || op == AD_OP_abs || op == AD_OP_relu || op == AD_OP_max ||
           op == AD_OP_min || (op >= AD_OP_lt && op <= AD_OP_ne);
}

meka_status ad_extended_find_tie(const ad_extended *e, size_t *instruction, meka_error *err)
{
    const ad_code *code = e->code;
    size_t n_inputs = code->n_params + code->n_features;
    uint8_t *depends = meka_alloc(ad_code_n_slots(code), 1, err);
    if (!depends)
        return MEKA_ERR_MEMORY;
    ad_code_dependence(code, depends);
    *instruction = code->n;
    for (size_t k = 0; k < code->n && *instruction == code->n; k++) {
        const ad_instruction *in = &code->instruction[k];
        if ((depends[n_inputs + k] & AD_ON_THETA) && decides(in->op) &&
            in->op != AD_OP_SELECT && decision(in, e->value) == 2)
            *instruction = k;
    }
    free(depends);
    return MEKA_OK;
}

/* --------------------------------------------------------------------- evaluation */

/* The code for this point, with room for its values. */
static meka_status prepare(ad_extended *e, const long double *theta, const long double *xi,
                           meka_error *err)
{
    const ad_objective *objective = &e->program->objective;
    size_t d = objective->n_params, m = objective->n_features;
    if (!ad_program_is_replayable(e->program, NULL, NULL)) {
        for (size_t j = 0; j < d; j++)
            e->point[j] = (double)theta[j];
        for (size_t j = 0; j < m; j++)
            e->point[d + j] = (double)xi[j];
        meka_status status =
            ad_tape_record(&e->tape, objective, e->point, m ? e->point + d : NULL, err);
        if (status)
            return status;
        e->code = &e->tape.code;
    }
    return meka_grow(&e->value, &e->value_capacity, ad_code_n_slots(e->code), sizeof *e->value,
                     err);
}

static void sweep(ad_extended *e)
{
    const ad_code *code = e->code;
    size_t n_inputs = code->n_params + code->n_features;
    bool fixed = code != &e->tape.code;
    uint64_t hash = HASH(0, code->result);
    for (size_t k = 0; k < code->n; k++) {
        const ad_instruction *in = &code->instruction[k];
        e->value[n_inputs + k] = instruction_value(code, in, e->value);
        if (!fixed)
            hash = HASH(HASH(HASH(hash, in->op), in->a), in->b);
        if (decides(in->op))
            hash = HASH(hash, decision(in, e->value));
        hash ^= hash >> 29;
    }
    e->decisions = hash;
}

/* Names the first operation whose value is not finite. */
static meka_status locate(const ad_extended *e, meka_error *err)
{
    const ad_code *code = e->code;
    size_t n_inputs = code->n_params + code->n_features;
    for (size_t s = 0; s < ad_code_n_slots(code); s++) {
        if (isfinite(e->value[s]))
            continue;
        if (s < n_inputs)
            return meka_fail(err, MEKA_NONFINITE, "%s %zu is not finite",
                             s < code->n_params ? "parameter" : "feature",
                             s < code->n_params ? s : s - code->n_params);
        const ad_instruction *in = &code->instruction[s - n_inputs];
        const ad_place *place = &code->place[in->where];
        return meka_fail(err, MEKA_NONFINITE, "%s:%d: %s is not finite in extended precision",
                         place->file, place->line, ad_op_name((ad_op)in->op));
    }
    return MEKA_OK;
}

meka_status ad_extended_eval(ad_extended *e, const long double *theta, const long double *xi,
                             long double *loss, meka_error *err)
{
    assert(e && theta && loss && (xi || e->program->objective.n_features == 0));
    meka_status status = prepare(e, theta, xi, err);
    if (status)
        return status;
    for (size_t j = 0; j < e->code->n_params; j++)
        e->value[j] = theta[j];
    for (size_t j = 0; j < e->code->n_features; j++)
        e->value[e->code->n_params + j] = xi[j];
    sweep(e);
    *loss = e->value[e->code->result];
    return isfinite(*loss) ? MEKA_OK : locate(e, err);
}

meka_status ad_program_eval_extended(const ad_program *program, const long double *theta,
                                     const long double *xi, long double *loss, meka_error *err)
{
    ad_extended e;
    assert(program);
    meka_status status = ad_extended_init(&e, program, err);
    if (!status)
        status = ad_extended_eval(&e, theta, xi, loss, err);
    ad_extended_clear(&e);
    return status;
}
