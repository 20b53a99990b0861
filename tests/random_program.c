#include "tests/random_program.h"

#include <string.h>

/* ------------------------------------------------------------------- kinds of operation */

static const int arity[AD_N_OPS] = {
#define AD_OP1(name, ...) [AD_OP_##name] = 1,
#define AD_OP2(name, ...) [AD_OP_##name] = 2,
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
};

bool op_is_unary(ad_op op)
{
    return arity[op] == 1;
}

bool op_is_binary(ad_op op)
{
    return arity[op] == 2;
}

bool op_is_comparison(ad_op op)
{
    return op >= AD_OP_lt && op <= AD_OP_ne;
}

void node_operands(const random_program *p, const node *in, void (*visit)(void *, int),
                   void *ctx)
{
    int n_list = in->op == AD_OP_SUM ? in->n : (in->op == AD_OP_DOT ? 2 * in->n : 0);
    const operand *three[] = {&in->a, &in->b, &in->c};
    for (int k = 0; k < n_list; k++)
        visit(ctx, p->list[in->list + k]);
    for (int k = 0; n_list == 0 && k < 3; k++)
        if (three[k]->value >= 0)
            visit(ctx, three[k]->value);
}

/* ------------------------------------------------------------------------- recording */

typedef ad_var (*apply1)(ad_var, const char *, int);
typedef struct apply2 {
    ad_var (*vv)(ad_var, ad_var, const char *, int);
    ad_var (*vr)(ad_var, double, const char *, int);
    ad_var (*rv)(double, ad_var, const char *, int);
} apply2;

static const apply1 unary[AD_N_OPS] = {
#define AD_OP1(name, ...) [AD_OP_##name] = ad_##name##_at,
#define AD_OP2(name, ...)
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
};
static const apply2 binary[AD_N_OPS] = {
#define AD_OP1(name, ...)
#define AD_OP2(name, ...) [AD_OP_##name] = {ad_##name##_vv, ad_##name##_vr, ad_##name##_rv},
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
};

typedef struct recorder {
    const random_program *p;
    ad_tape *tape;
    ad_var var[PROGRAM_VALUES];
} recorder;

static ad_var record_list(recorder *r, const node *in)
{
    ad_var x[PROGRAM_LIST];
    int n = in->op == AD_OP_DOT ? 2 * in->n : in->n;
    for (int k = 0; k < n; k++)
        x[k] = r->var[r->p->list[in->list + k]];
    return in->op == AD_OP_DOT ? ad_dot((size_t)in->n, x, x + in->n) : ad_sum((size_t)n, x);
}

static ad_operand choice(const recorder *r, operand o)
{
    return o.value >= 0 ? ad_operand_var(r->var[o.value]) : ad_operand_real(o.real);
}

/* All of a block's values, when the first one's turn has come. */
static void record_block(recorder *r, const program_block *b)
{
    ad_var w[PROGRAM_BLOCK], x[PROGRAM_BLOCK];
    for (size_t k = 0; k < ad_block_size(&b->shape, AD_BLOCK_W); k++)
        w[k] = r->var[b->w[k]];
    for (size_t k = 0; k < ad_block_size(&b->shape, AD_BLOCK_X); k++)
        x[k] = r->var[b->x[k]];
    ad_block_record(&b->shape, w, x, r->var + b->first, "random program", b->first);
}

static ad_var record_node(recorder *r, const node *in, int line)
{
    const char *file = "random program"; /* line: the value's number */
    const apply2 *f = &binary[in->op];
    switch (in->op) {
    case AD_OP_CONST:
        return ad_const_at(r->tape, in->a.real, file, line);
    case AD_OP_SELECT:
        return ad_select_at(r->var[in->a.value], choice(r, in->b), choice(r, in->c), file,
                            line);
    case AD_OP_SUM:
    case AD_OP_DOT:
        return record_list(r, in);
    default:
        break;
    }
    if (op_is_unary(in->op))
        return unary[in->op](r->var[in->a.value], file, line);
    if (in->a.value < 0)
        return f->rv(in->a.real, r->var[in->b.value], file, line);
    return in->b.value < 0 ? f->vr(r->var[in->a.value], in->b.real, file, line)
                           : f->vv(r->var[in->a.value], r->var[in->b.value], file, line);
}

static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    recorder r = {.p = ctx, .tape = tape};
    const random_program *p = r.p;
    int first = program_n_inputs(p);
    memcpy(r.var, theta, (size_t)p->d * sizeof *theta);
    if (p->m)
        memcpy(r.var + p->d, xi, (size_t)p->m * sizeof *xi);
    for (int k = 0; k < p->n_nodes; k++) {
        const program_block *b = p->node[k].block ? &p->block[p->node[k].block - 1] : NULL;
        if (!b)
            r.var[first + k] = record_node(&r, &p->node[k], first + k);
        else if (b->first == first + k)
            record_block(&r, b);
        if (p->read == first + k)
            (void)ad_value(r.var[first + k]);
    }
    return r.var[p->result];
}

ad_objective random_program_objective(const random_program *p)
{
    return (ad_objective){.name = "random program",
                          .n_params = (size_t)p->d,
                          .n_features = (size_t)p->m,
                          .record = record,
                          .ctx = p,
                          .x0 = p->theta};
}

/* -------------------------------------------------------------------------- printing */

static void print_operand(const random_program *p, operand o, FILE *out)
{
    if (o.value < 0)
        fprintf(out, " %.17g", o.real);
    else if (o.value < p->d)
        fprintf(out, " t%d", o.value);
    else if (o.value < program_n_inputs(p))
        fprintf(out, " x%d", o.value - p->d);
    else
        fprintf(out, " %%%d", o.value);
}

static void print_row(const char *name, const double *x, int n, FILE *out)
{
    fprintf(out, "%s", name);
    for (int k = 0; k < n; k++)
        fprintf(out, " %.17g", x[k]);
    fprintf(out, "\n");
}

void random_program_print(const random_program *p, FILE *out)
{
    int first = program_n_inputs(p);
    fprintf(out, "program %llu: d = %d, m = %d, n = %d\n", (unsigned long long)p->seed, p->d,
            p->m, p->n_samples);
    print_row("theta", p->theta, p->d, out);
    print_row("v", p->v, p->d, out);
    for (int i = 0; p->m && i < p->n_samples; i++)
        print_row("xi", p->xi + (ptrdiff_t)i * p->m, p->m, out);
    for (int k = 0; k < p->n_nodes; k++) {
        const node *in = &p->node[k];
        fprintf(out, "%%%d = %s", first + k, ad_op_name(in->op));
        if (in->block)
            fprintf(out, " of block %d:", in->block);
        if (in->op == AD_OP_SUM || in->op == AD_OP_DOT) {
            for (int j = 0; j < (in->op == AD_OP_DOT ? 2 * in->n : in->n); j++)
                print_operand(p, (operand){p->list[in->list + j], 0}, out);
        } else {
            print_operand(p, in->a, out);
            if (op_is_binary(in->op) || in->op == AD_OP_SELECT)
                print_operand(p, in->b, out);
            if (in->op == AD_OP_SELECT)
                print_operand(p, in->c, out);
        }
        fprintf(out, "\n");
    }
    fprintf(out, "result");
    print_operand(p, (operand){p->result, 0}, out);
    fprintf(out, p->read >= 0 ? ", reads %%%d\n" : "\n", p->read);
}

/* ------------------------------------------------------------------ one operation */

void random_program_single(random_program *p, ad_op op)
{
    bool two = op_is_binary(op);
    *p = (random_program){.d = two ? 2 : 1, .m = two ? 2 : 1, .n_samples = 1, .read = -1};
    for (int j = 0; j < p->d; j++) {
        p->theta[j] = -0.0;
        p->node[j] = (node){.op = AD_OP_add, .a = {j, 0}, .b = {p->d + j, 0}, .c = {-1, 0}};
    }
    int first = p->d + p->m;
    p->node[p->d] =
        (node){.op = op, .a = {first, 0}, .b = {two ? first + 1 : -1, 0}, .c = {-1, 0}};
    p->n_nodes = p->d + 1;
    p->result = first + p->d;
}

void random_program_direct(random_program *p, ad_op op)
{
    random_program_single(p, op);
    p->node[0] = (node){.op = op, .a = {p->d, 0}, .b = {p->d == 2 ? 3 : -1, 0}, .c = {-1, 0}};
    p->n_nodes = 1;
    p->result = p->d + p->m;
}
