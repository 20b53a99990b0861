#include "tests/random_draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int below(drawer *w, int n)
{
    return (int)meka_rng_below(&w->rng, (uint64_t)n);
}

bool chance(drawer *w, double p)
{
    return meka_rng_uniform(&w->rng) < p;
}

static int n_values(const drawer *w)
{
    return program_n_inputs(w->p) + w->p->n_nodes;
}

/* ----------------------------------------------------------------------- emitting */

static double at(const drawer *w, operand o, int i)
{
    return o.value < 0 ? o.real : w->value[o.value][i];
}

static bool is_given(const drawer *w, operand o)
{
    return o.value < program_n_inputs(w->p);
}

/* The node's value at sample i; false if it is not tame there. */
static bool evaluate(const drawer *w, const node *in, int i, double *y)
{
    const int *x = w->p->list + in->list;
    double a = at(w, in->a, i), b = at(w, in->b, i);
    *y = 0.0;
    if (in->op == AD_OP_CONST) {
        *y = a;
    } else if (in->op == AD_OP_SELECT) {
        *y = a != 0.0 ? b : at(w, in->c, i);
    } else if (in->op == AD_OP_SUM || in->op == AD_OP_DOT) {
        for (int k = 0; k < in->n; k++)
            *y += w->value[x[k]][i] * (in->op == AD_OP_DOT ? w->value[x[k + in->n]][i] : 1.0);
    } else if (op_is_unary(in->op)) {
        if (!oracle_tame1(in->op, a))
            return false;
        *y = (double)oracle_value1(in->op, a);
    } else {
        /* Exact ties are fine where nothing was rounded, or where both sides are one value. */
        bool tie = a == b && ((is_given(w, in->a) && is_given(w, in->b)) ||
                              (in->a.value >= 0 && in->a.value == in->b.value));
        bool kink = op_is_comparison(in->op) || in->op == AD_OP_max || in->op == AD_OP_min;
        if (!(kink && tie) && !oracle_tame2(in->op, a, b))
            return false;
        *y = (double)oracle_value2(in->op, a, b);
    }
    return fabs(*y) < 50.0;
}

/* A power's derivative in the exponent needs a positive base. */
static bool is_constant(const drawer *w, operand o)
{
    return o.value < 0 || (o.value >= w->p->d && is_given(w, o));
}

int emit(drawer *w, node in)
{
    random_program *p = w->p;
    int to = n_values(w);
    if (p->n_nodes == PROGRAM_NODES)
        return -1;
    for (int i = 0; i < p->n_samples; i++) {
        if (!evaluate(w, &in, i, &w->value[to][i]))
            return -1;
        if (in.op == AD_OP_pow && at(w, in.a, i) < 0.0 && !is_constant(w, in.b))
            return -1;
    }
    p->node[p->n_nodes++] = in;
    return to;
}

int emit1(drawer *w, ad_op op, int a)
{
    return a < 0 ? -1 : emit(w, (node){.op = op, .a = {a, 0}, .b = {-1, 0}, .c = {-1, 0}});
}

int emit2(drawer *w, ad_op op, operand a, operand b)
{
    return emit(w, (node){.op = op, .a = a, .b = b, .c = {-1, 0}});
}

int emit_const(drawer *w, double x)
{
    return emit(w, (node){.op = AD_OP_CONST, .a = {-1, x}, .b = {-1, 0}, .c = {-1, 0}});
}

int emit_reduction(drawer *w, int n, const int *x, const int *y)
{
    random_program *p = w->p;
    int need = y ? 2 * n : n;
    if (chance(w, 0.5) && p->n_list + need <= PROGRAM_LIST) {
        node in = {.op = y ? AD_OP_DOT : AD_OP_SUM,
                   .a = {-1, 0},
                   .b = {-1, 0},
                   .c = {-1, 0},
                   .list = p->n_list,
                   .n = n};
        memcpy(p->list + p->n_list, x, (size_t)n * sizeof *x);
        if (y)
            memcpy(p->list + p->n_list + n, y, (size_t)n * sizeof *y);
        p->n_list += need;
        return emit(w, in);
    }
    int total = emit_const(w, 0.0);
    for (int k = 0; k < n && total >= 0; k++) {
        int term = y ? emit2(w, AD_OP_mul, value_of(x[k]), value_of(y[k])) : x[k];
        total = term < 0 ? -1 : emit2(w, AD_OP_add, value_of(total), value_of(term));
    }
    return total;
}

/* -------------------------------------------------------------------- single operations */

/* Recent values and parameters are drawn more often. */
int any_value(drawer *w)
{
    int n = n_values(w), inputs = program_n_inputs(w->p);
    if (n > inputs && chance(w, 0.55)) {
        int recent = n - inputs < 6 ? n - inputs : 6;
        return n - 1 - below(w, recent);
    }
    return chance(w, 0.4) ? below(w, w->p->d) : below(w, n);
}

double any_real(drawer *w)
{
    static const double round[] = {0, 1, -1, 2, 3, 0.5, 10};
    return chance(w, 0.5) ? round[below(w, 7)] : 4.0 * meka_rng_uniform(&w->rng) - 2.0;
}

/* A value made to suit the operation: positive, or within (-0.8, 0.8). */
static int guarded(drawer *w, ad_op op, int x)
{
    bool bounded = op == AD_OP_asin || op == AD_OP_acos || op == AD_OP_atanh ||
                   op == AD_OP_tan || op == AD_OP_exp || op == AD_OP_sinh || op == AD_OP_cosh;
    int t = emit1(w, bounded ? AD_OP_tanh : AD_OP_softplus, x);
    if (t < 0)
        return -1;
    return bounded ? emit2(w, AD_OP_mul, value_of(t), real_of(0.8))
                   : emit2(w, AD_OP_add, value_of(t), real_of(1.25));
}

static int draw_unary(drawer *w, ad_op op)
{
    for (int attempt = 0; attempt < 5; attempt++) {
        int y = emit1(w, op, any_value(w));
        if (y >= 0)
            return y;
    }
    return emit1(w, op, guarded(w, op, any_value(w)));
}

static int draw_binary(drawer *w, ad_op op)
{
    for (int attempt = 0; attempt < 6; attempt++) {
        operand a = value_of(any_value(w)), b = value_of(any_value(w));
        double kind = meka_rng_uniform(&w->rng);
        if (kind < 0.15)
            b = real_of(any_real(w));
        else if (kind < 0.3)
            a = real_of(any_real(w));
        else if (kind < 0.34)
            b = a;
        int y = emit2(w, op, a, b);
        if (y >= 0)
            return y;
    }
    int positive = guarded(w, AD_OP_log, any_value(w));
    int other = emit1(w, AD_OP_tanh, any_value(w));
    if (positive < 0 || other < 0)
        return -1;
    return op == AD_OP_pow ? emit2(w, op, value_of(positive), value_of(other))
                           : emit2(w, op, value_of(other), value_of(positive));
}

static int draw_select(drawer *w)
{
    int condition = draw_binary(w, AD_OP_lt + (ad_op)below(w, 6));
    operand b = value_of(any_value(w)), c = value_of(any_value(w));
    if (condition < 0)
        return -1;
    if (chance(w, 0.2))
        *(chance(w, 0.5) ? &b : &c) = real_of(any_real(w));
    return emit(w, (node){.op = AD_OP_SELECT, .a = {condition, 0}, .b = b, .c = c});
}

static int draw_operation(drawer *w)
{
    ad_op op = (ad_op)(1 + below(w, AD_N_OPS - 2)); /* blocks are shapes */
    if (op_is_unary(op))
        return draw_unary(w, op);
    return op_is_binary(op) ? draw_binary(w, op) : draw_select(w);
}

static void draw_nodes(drawer *w)
{
    for (int attempt = 0; attempt < 200 && w->p->n_nodes < w->n_nodes_wanted; attempt++)
        if (chance(w, 0.7))
            draw_operation(w);
        else
            draw_shape(w);
}

/* ------------------------------------------------------------------- whole programs */

static void draw_data(drawer *w)
{
    static const int sizes[] = {1, 2, 5, 8, 9, 17, 67};
    random_program *p = w->p;
    p->d = 1 + below(w, PROGRAM_PARAMS);
    p->m = below(w, PROGRAM_FEATURES + 1);
    p->n_samples = sizes[below(w, chance(w, 0.2) ? 7 : 6)];
    for (int j = 0; j < p->d; j++) {
        p->theta[j] = 3.0 * meka_rng_uniform(&w->rng) - 1.5;
        p->v[j] = chance(w, 0.1) ? 0.0 : meka_rng_normal(&w->rng);
    }
    for (int j = 0; j < p->m; j++) {
        /* real numbers, labels, all the same, or a mean large beside the deviation */
        double kind = meka_rng_uniform(&w->rng);
        for (int i = 0; i < p->n_samples; i++) {
            double x = 4.0 * meka_rng_uniform(&w->rng) - 2.0;
            if (kind > 0.9)
                x = 8.0 + 1e-4 * x;
            else if (kind > 0.82)
                x = 0.75;
            else if (kind > 0.7)
                x = below(w, 3);
            p->xi[i * p->m + j] = x;
        }
    }
    for (int i = 0; i < p->n_samples; i++) {
        for (int j = 0; j < p->d; j++)
            w->value[j][i] = p->theta[j];
        for (int j = 0; j < p->m; j++)
            w->value[p->d + j][i] = p->xi[i * p->m + j];
    }
}

static bool tame_jet(const random_program *p, const jet *y)
{
    for (int k = 0; k < 4 + 2 * p->d; k++)
        if (!(y->c[k].m < 1e5 && y->c[k].e < 1e7))
            return false;
    return true;
}

static void count_use(void *ctx, int value)
{
    ((int *)ctx)[value]++;
}

/* A sum or a product of sums of values that nothing else uses. */
static void gather(drawer *w)
{
    const random_program *p = w->p;
    int first = program_n_inputs(p), n_uses[PROGRAM_VALUES] = {0}, x[12], n = 0;
    for (int k = 0; k < p->n_nodes; k++)
        node_operands(p, &p->node[k], count_use, n_uses);
    for (int k = p->n_nodes; k-- > 0 && n < 12;)
        if (n_uses[first + k] == 0 && chance(w, 0.8))
            x[n++] = first + k;
    if (n == 0)
        return;
    int half = n > 3 && chance(w, 0.3) ? n / 2 : 0;
    int y = emit_reduction(w, n - half, x + half, NULL);
    int z = half ? emit_reduction(w, half, x, NULL) : -1;
    if (y >= 0 && z >= 0)
        emit2(w, AD_OP_mul, value_of(y), value_of(z));
}

static bool draw_once(drawer *w)
{
    random_program *p = w->p;
    p->n_nodes = p->n_list = p->n_blocks = 0;
    p->read = -1;
    draw_data(w);
    w->n_nodes_wanted = 1 + below(w, chance(w, 0.3) ? 80 : 25);
    draw_nodes(w);
    if (chance(w, 0.7)) /* otherwise much of the code is unused */
        gather(w);
    p->result = p->n_nodes && chance(w, 0.98) ? n_values(w) - 1 : any_value(w);
    for (int i = 0; i < p->n_samples; i++) {
        oracle_run(p, p->xi + (ptrdiff_t)i * p->m, AD_OP_CONST, &p->want[i]);
        if (!tame_jet(p, &p->want[i]))
            return false;
    }
    return true;
}

void random_program_draw(random_program *p, uint64_t seed)
{
    drawer *w = malloc(sizeof *w);
    if (!w)
        abort();
    w->p = p;
    p->seed = seed;
    for (uint64_t attempt = 0;; attempt++) {
        meka_rng_init(&w->rng, seed, MEKA_STREAM_TEST, attempt, 0);
        if (draw_once(w))
            break;
    }
    free(w);
}
