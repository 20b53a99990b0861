#include "ad/tape.h"

#include "ad/math.h"
#include "ad/sparse.h"
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Slots are 32 bits wide; the last number is never given out. */
static const size_t max_slots = UINT32_MAX - 1;

const char *ad_op_name(ad_op op)
{
    static const char *const name[AD_N_OPS] = {
        [AD_OP_CONST] = "const",
#define AD_OP1(name, ...) [AD_OP_##name] = #name,
#define AD_OP2(name, ...) [AD_OP_##name] = #name,
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
        [AD_OP_SELECT] = "select", [AD_OP_SUM] = "sum",
        [AD_OP_DOT] = "dot",       [AD_OP_BLOCK] = "block",
    };
    assert(op < AD_N_OPS);
    return name[op];
}

size_t ad_code_operands(const ad_code *code, const ad_instruction *in, uint32_t own[2],
                        const uint32_t **operand)
{
    own[0] = in->a;
    own[1] = in->b;
    *operand = own;
    switch ((ad_op)in->op) {
#define AD_OP1(name, ...) case AD_OP_##name:
#define AD_OP2(name, ...)
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
        return 1;
#define AD_OP1(name, ...)
#define AD_OP2(name, ...) case AD_OP_##name:
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
        return 2;
    case AD_OP_SELECT:
        *operand = code->list + in->b;
        return 2;
    case AD_OP_SUM:
        *operand = code->list + in->a;
        return in->b;
    case AD_OP_DOT:
        *operand = code->list + in->a;
        return 2 * (size_t)in->b;
    case AD_OP_BLOCK: {
        const ad_block *b = &code->block[in->a];
        own[0] = b->first;
        if (in->b > 0)
            return 1;
        *operand = code->list + b->w;
        return ad_block_size(&b->shape, AD_BLOCK_W) + ad_block_size(&b->shape, AD_BLOCK_X);
    }
    case AD_OP_CONST:
    case AD_N_OPS:
        break;
    }
    return 0;
}

void ad_tape_init(ad_tape *tape)
{
    memset(tape, 0, sizeof *tape);
}

void ad_tape_clear(ad_tape *tape)
{
    free(tape->code.instruction);
    free(tape->code.real);
    free(tape->code.list);
    free(tape->code.block);
    free(tape->code.place);
    free(tape->value);
    ad_tape_init(tape);
}

/* The first error stays. */
static void fail(ad_tape *tape, meka_status status, const char *file, int line,
                 const char *what)
{
    if (tape->error.status == MEKA_OK)
        meka_fail(&tape->error, status, "%s:%d: %s", file, line, what);
}

/* The tape that an operation's operands share; NULL: none of them has one. */
static ad_tape *common_tape(ad_var a, ad_var b, const char *file, int line)
{
    ad_tape *tape = a.tape ? a.tape : b.tape;
    if (!tape)
        return NULL;
    if (!a.tape || !b.tape) {
        fail(tape, MEKA_ERR_RECORD, file, line, "an operand was never given a value");
    } else if (a.tape != b.tape) {
        fail(tape, MEKA_ERR_RECORD, file, line, "the operands belong to different tapes");
        fail(b.tape, MEKA_ERR_RECORD, file, line, "the operands belong to different tapes");
    } else if (a.slot >= ad_code_n_slots(&tape->code) ||
               b.slot >= ad_code_n_slots(&tape->code)) {
        fail(tape, MEKA_ERR_RECORD, file, line,
             "an operand was kept from an earlier recording; build every variable anew");
    }
    return tape;
}

static uint32_t intern_place(ad_tape *tape, const char *file, int line)
{
    ad_code *code = &tape->code;
    if (code->n_places > 0) {
        const ad_place *last = &code->place[code->n_places - 1];
        if (last->file == file && last->line == line)
            return (uint32_t)(code->n_places - 1);
    }
    if (meka_grow(&code->place, &tape->place_capacity, code->n_places + 1, sizeof(ad_place),
                  &tape->error))
        return 0;
    code->place[code->n_places] = (ad_place){file, line};
    return (uint32_t)code->n_places++;
}

/* Appends an instruction whose value at the point of recording is known. */
static ad_var append(ad_tape *tape, ad_op op, uint32_t a, uint32_t b, double value,
                     const char *file, int line)
{
    ad_code *code = &tape->code;
    size_t slot = ad_code_n_slots(code);
    ad_var none = {tape, 0};
    if (tape->error.status)
        return none;
    if (slot >= max_slots) {
        fail(tape, MEKA_ERR_RECORD, file, line, "more than 4294967294 values in one objective");
        return none;
    }
    uint32_t where = intern_place(tape, file, line);
    if (tape->error.status ||
        meka_grow(&code->instruction, &tape->instruction_capacity, code->n + 1,
                  sizeof(ad_instruction), &tape->error) ||
        meka_grow(&tape->value, &tape->value_capacity, slot + 1, sizeof(double), &tape->error))
        return none;
    code->instruction[code->n++] = (ad_instruction){op, a, b, where};
    tape->value[slot] = value;
    return (ad_var){tape, (uint32_t)slot};
}

ad_var ad_const_at(ad_tape *tape, double value, const char *file, int line)
{
    assert(tape);
    ad_code *code = &tape->code;
    if (tape->error.status || meka_grow(&code->real, &tape->real_capacity, code->n_reals + 1,
                                        sizeof(double), &tape->error))
        return (ad_var){tape, 0};
    code->real[code->n_reals] = value;
    return append(tape, AD_OP_CONST, (uint32_t)code->n_reals++, 0, value, file, line);
}

static ad_var constant_beside(ad_var other, double value, const char *file, int line)
{
    return other.tape ? ad_const_at(other.tape, value, file, line) : (ad_var){NULL, 0};
}

/* ------------------------------------------------- one function per row of ops.def */

#define AD_OP1(name, value_expression, ...)                                                    \
    ad_var ad_##name##_at(ad_var operand, const char *file, int line)                          \
    {                                                                                          \
        ad_tape *tape = common_tape(operand, operand, file, line);                             \
        if (!tape || tape->error.status)                                                       \
            return (ad_var){tape, 0};                                                          \
        double x = tape->value[operand.slot];                                                  \
        return append(tape, AD_OP_##name, operand.slot, 0, (value_expression), file, line);    \
    }
#define AD_OP2(name, value_expression, ...)                                                    \
    ad_var ad_##name##_vv(ad_var left, ad_var right, const char *file, int line)               \
    {                                                                                          \
        ad_tape *tape = common_tape(left, right, file, line);                                  \
        if (!tape || tape->error.status)                                                       \
            return (ad_var){tape, 0};                                                          \
        double a = tape->value[left.slot], b = tape->value[right.slot];                        \
        return append(tape, AD_OP_##name, left.slot, right.slot, (value_expression), file,     \
                      line);                                                                   \
    }                                                                                          \
    ad_var ad_##name##_vr(ad_var left, double right, const char *file, int line)               \
    {                                                                                          \
        return ad_##name##_vv(left, constant_beside(left, right, file, line), file, line);     \
    }                                                                                          \
    ad_var ad_##name##_rv(double left, ad_var right, const char *file, int line)               \
    {                                                                                          \
        return ad_##name##_vv(constant_beside(right, left, file, line), right, file, line);    \
    }
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2

/* ---------------------------------------------------- operations on several operands */

/* A variable that was never given a value must not pass for a real number. */
static const uint32_t never_given = UINT32_MAX;

ad_operand ad_operand_var(ad_var x)
{
    return (ad_operand){x.tape ? x : (ad_var){NULL, never_given}, 0.0};
}

ad_operand ad_operand_real(double x)
{
    return (ad_operand){{NULL, 0}, x};
}

static ad_var as_variable(ad_tape *tape, ad_operand x, const char *file, int line)
{
    if (x.var.tape || x.var.slot == never_given)
        return x.var;
    return ad_const_at(tape, x.real, file, line);
}

/* Appends the operands to the list after checking them; false: the tape has an error. */
static bool append_list(ad_tape *tape, size_t n, const ad_var *x, const char *file, int line)
{
    ad_code *code = &tape->code;
    for (size_t k = 0; k < n; k++)
        common_tape(x[0], x[k], file, line);
    if (code->n_list + n > UINT32_MAX)
        fail(tape, MEKA_ERR_RECORD, file, line, "more than 4294967295 operands of runs");
    if (tape->error.status || meka_grow(&code->list, &tape->list_capacity, code->n_list + n,
                                        sizeof(uint32_t), &tape->error))
        return false;
    for (size_t k = 0; k < n; k++)
        code->list[code->n_list++] = x[k].slot;
    return true;
}

ad_var ad_select_at(ad_var condition, ad_operand a, ad_operand b, const char *file, int line)
{
    ad_tape *tape = condition.tape;
    if (!tape || tape->error.status)
        return (ad_var){tape, 0};
    ad_var choice[2] = {as_variable(tape, a, file, line), as_variable(tape, b, file, line)};
    common_tape(condition, choice[0], file, line);
    common_tape(condition, choice[1], file, line);
    uint32_t offset = (uint32_t)tape->code.n_list;
    if (!append_list(tape, 2, choice, file, line))
        return (ad_var){tape, 0};
    double value = tape->value[choice[tape->value[condition.slot] != 0.0 ? 0 : 1].slot];
    return append(tape, AD_OP_SELECT, condition.slot, offset, value, file, line);
}

ad_var ad_sum_at(size_t n, const ad_var *x, const char *file, int line)
{
    assert(n >= 1 && x);
    ad_tape *tape = x[0].tape;
    if (!tape || tape->error.status)
        return (ad_var){tape, 0};
    uint32_t offset = (uint32_t)tape->code.n_list;
    if (!append_list(tape, n, x, file, line))
        return (ad_var){tape, 0};
    double value = 0.0;
    for (size_t k = 0; k < n; k++)
        value += tape->value[x[k].slot];
    return append(tape, AD_OP_SUM, offset, (uint32_t)n, value, file, line);
}

ad_var ad_dot_at(size_t n, const ad_var *x, const ad_var *y, const char *file, int line)
{
    assert(n >= 1 && x && y);
    ad_tape *tape = x[0].tape;
    if (!tape || tape->error.status)
        return (ad_var){tape, 0};
    common_tape(x[0], y[0], file, line);
    uint32_t offset = (uint32_t)tape->code.n_list;
    if (!append_list(tape, n, x, file, line) || !append_list(tape, n, y, file, line))
        return (ad_var){tape, 0};
    double value = 0.0;
    for (size_t k = 0; k < n; k++)
        value += tape->value[x[k].slot] * tape->value[y[k].slot];
    return append(tape, AD_OP_DOT, offset, (uint32_t)n, value, file, line);
}

static double block_value(const ad_tape *tape, const ad_block *b, size_t z)
{
    const uint32_t *list = tape->code.list;
    ad_block_cursor c;
    ad_block_run run;
    double sum = 0.0;
    if (b->shape.n_terms)
        return ad_sparse_element(&tape->code, b, z, tape->value, 1, 0);
    ad_block_begin(&c, &b->shape, z);
    while (ad_block_next(&c, &run))
        for (size_t k = 0; k < run.n; k++)
            sum += tape->value[list[b->w + run.w + k]] * tape->value[list[b->x + run.x + k]];
    return sum;
}

void ad_block_record(const ad_block_shape *s, const ad_var *w, const ad_var *x, ad_var *y,
                     const char *file, int line)
{
    ad_tape *tape = x[0].tape;
    size_t n_w = ad_block_size(s, AD_BLOCK_W), n_x = ad_block_size(s, AD_BLOCK_X);
    size_t n = ad_block_size(s, AD_BLOCK_Z);
    for (size_t k = 0; k < n; k++)
        y[k] = (ad_var){tape, 0};
    if (!tape || tape->error.status)
        return;
    ad_code *code = &tape->code;
    ad_block b = {*s, (uint32_t)code->n_list, 0, (uint32_t)ad_code_n_slots(code)};
    common_tape(w[0], x[0], file, line);
    if (!append_list(tape, n_w, w, file, line) || !append_list(tape, n_x, x, file, line) ||
        meka_grow(&code->block, &tape->block_capacity, code->n_blocks + 1, sizeof b,
                  &tape->error))
        return;
    b.x = b.w + (uint32_t)n_w;
    code->block[code->n_blocks++] = b;
    for (size_t k = 0; k < n; k++)
        y[k] = append(tape, AD_OP_BLOCK, (uint32_t)(code->n_blocks - 1), (uint32_t)k,
                      block_value(tape, &b, k), file, line);
}

double ad_value_at(ad_var x, const char *file, int line)
{
    ad_tape *tape = common_tape(x, x, file, line);
    if (!tape || tape->error.status)
        return NAN;
    if (!tape->read.file)
        tape->read = (ad_place){file, line};
    return tape->value[x.slot];
}

/* ------------------------------------------------------------------------ recording */

/* The arrays of variables handed to the objective; kept apart from the tape so that a
 * recording needs no memory of its own after the first. */
static meka_status run_objective(ad_tape *tape, const ad_objective *objective, meka_error *err)
{
    size_t n_inputs = tape->code.n_params + tape->code.n_features;
    ad_var *input = meka_alloc(n_inputs, sizeof *input, err);
    if (!input)
        return MEKA_ERR_MEMORY;
    for (size_t k = 0; k < n_inputs; k++)
        input[k] = (ad_var){tape, (uint32_t)k};
    const ad_var *xi = objective->n_features ? input + objective->n_params : NULL;
    ad_var loss = objective->record(tape, input, xi, objective->ctx);
    free(input);
    if (tape->error.status)
        return meka_fail(err, tape->error.status, "%s", tape->error.text);
    if (loss.tape != tape || loss.slot >= ad_code_n_slots(&tape->code)) {
        return meka_fail(err, MEKA_ERR_RECORD,
                         "objective '%s' did not return a variable of its own tape",
                         objective->name ? objective->name : "?");
    }
    tape->code.result = loss.slot;
    return MEKA_OK;
}

meka_status ad_tape_record(ad_tape *tape, const ad_objective *objective, const double *theta,
                           const double *xi, meka_error *err)
{
    ad_code *code = &tape->code;
    size_t d = objective->n_params, m = objective->n_features;
    code->n = code->n_reals = code->n_list = code->n_blocks = code->n_places = 0;
    code->n_params = d;
    code->n_features = m;
    tape->error = (meka_error){.status = MEKA_OK};
    tape->read = (ad_place){NULL, 0};
    meka_status status =
        meka_grow(&tape->value, &tape->value_capacity, d + m, sizeof(double), err);
    if (status)
        return status;
    memcpy(tape->value, theta, d * sizeof(double));
    if (m)
        memcpy(tape->value + d, xi, m * sizeof(double));
    return run_objective(tape, objective, err);
}
