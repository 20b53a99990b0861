/* Recorded code as a graph: running sums and products of products become one.
 *
 * What an instruction computes is kept as a term or a list of things to add for as long as it
 * has a single user that can take it in, and becomes a node otherwise.  A sum takes in the
 * running sum that it continues (what a loop leaves behind), and sums of squares.  It never
 * takes in a difference, whose terms may cancel and are to do so among themselves: s + (a - b)
 * is not (s + a) - b.
 *
 * Everything runs over the code in order, without recursion and in linear time. */
#include "ad/graph.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum form_kind {
    FORM_TERM,   /* term */
    FORM_LINEAR, /* the instruction's operands, added or subtracted, number term.f[0] first */
    FORM_TERMS,  /* products [term.f[0], term.f[0] + term.f[1]) of the pool */
} form_kind;

typedef struct form {
    graph_term term;
    form_kind kind;
    bool plain;  /* the term is a node by itself, not a multiple of one that happens to be 1 */
    int8_t sign; /* of every summand: 1 or -1 for squares times such a number, 0: unknown */
    uint32_t n;  /* summands (saturating) */
} form;

typedef struct pending_slot {
    uint32_t slot;
    double c;
} pending_slot;

typedef struct builder {
    graph *g;
    const ad_code *code;
    size_t n_inputs;
    form *form;       /* [n_slots] */
    uint32_t *uses;   /* [n_slots] by instructions that the result needs; 0: dead */
    uint32_t *follow; /* [n_slots] additions and subtractions that follow in a row */
    graph_term *pool;
    size_t n_pool, pool_capacity;
    pending_slot *stack;
    size_t stack_capacity;
    bool fuse;
} builder;

/* ----------------------------------------------------------------------- who uses whom */

static void count_uses(builder *b)
{
    const ad_code *code = b->code;
    b->uses[code->result] = 1;
    for (size_t k = code->n; k-- > 0;) {
        const ad_instruction *in = &code->instruction[k];
        uint32_t own[2];
        const uint32_t *operand;
        if (b->uses[b->n_inputs + k] == 0)
            continue;
        size_t n = ad_code_operands(code, in, own, &operand);
        for (size_t j = 0; j < n; j++) {
            b->uses[operand[j]]++;
            if (in->op == AD_OP_add || in->op == AD_OP_sub)
                b->follow[operand[j]] = b->follow[b->n_inputs + k] + 1;
        }
        if (in->op == AD_OP_SELECT)
            b->uses[in->a]++;
    }
}

/* ------------------------------------------------------------------- forms to references */

static graph_term unit_term(graph_ref r)
{
    return graph_product(1.0, &r, 1);
}

/* The sign of c x x. */
static int8_t sign_of(const graph_term *t)
{
    bool square = graph_degree(t) == 0 || (graph_degree(t) == 2 && t->f[0] == t->f[1]);
    return (int8_t)(!square ? 0 : t->c > 0.0 ? 1 : t->c < 0.0 ? -1 : 0);
}

static form term_form(graph_term t, bool plain)
{
    return (form){t, FORM_TERM, plain, sign_of(&t), 1};
}

static void push(builder *b, size_t *n, uint32_t slot, double c)
{
    if (meka_grow(&b->stack, &b->stack_capacity, *n + 1, sizeof *b->stack, &b->g->error))
        return;
    b->stack[(*n)++] = (pending_slot){slot, c};
}

static bool subtracts(const ad_instruction *in, size_t operand)
{
    return in->op == AD_OP_neg || (in->op == AD_OP_sub && operand == 1);
}

static void push_operands(builder *b, size_t *n, uint32_t slot, double c)
{
    const ad_instruction *in = &b->code->instruction[slot - b->n_inputs];
    uint32_t own[2], first = b->form[slot].term.f[0];
    const uint32_t *operand;
    for (size_t k = ad_code_operands(b->code, in, own, &operand); k-- > 0;)
        if (k != first)
            push(b, n, operand[k], subtracts(in, k) ? -c : c);
    push(b, n, operand[first], subtracts(in, first) ? -c : c);
}

static void add_scaled(builder *b, const graph_term *t, double c)
{
    graph_term scaled = *t;
    scaled.c *= c;
    graph_sum_add(b->g, &scaled);
}

/* The slot's value as a multiple of a node; afterwards that is its form. */
static graph_ref resolve(builder *b, uint32_t root)
{
    form *f = &b->form[root];
    if (f->kind == FORM_TERM && graph_degree(&f->term) <= 1)
        return (graph_ref){f->term.c, f->term.f[0]};
    size_t n = 0;
    graph_sum_begin(b->g);
    push(b, &n, root, 1.0);
    while (n > 0 && !b->g->error.status) {
        pending_slot p = b->stack[--n];
        const form *q = &b->form[p.slot];
        switch (q->kind) {
        case FORM_TERM:
            add_scaled(b, &q->term, p.c);
            break;
        case FORM_LINEAR:
            push_operands(b, &n, p.slot, p.c);
            break;
        case FORM_TERMS:
            for (uint32_t k = 0; k < q->term.f[1]; k++)
                add_scaled(b, &b->pool[q->term.f[0] + k], p.c);
            break;
        }
    }
    bool multiple = b->g->n_pending == 1 && graph_degree(&b->g->pending[0]) <= 1;
    graph_ref r = graph_sum_end(b->g);
    *f = term_form(unit_term(r), !multiple);
    return r;
}

static form node_form(uint32_t node)
{
    return term_form(unit_term((graph_ref){1.0, node}), true);
}

/* The slot's value as a node.  A multiple of another node becomes one of its own even if the
 * factor is 1: whether adjoints meet before or after it must not depend on a value. */
static uint32_t node_of(builder *b, uint32_t slot)
{
    graph_ref r = resolve(b, slot);
    if (b->form[slot].plain)
        return r.node;
    b->form[slot] =
        node_form(r.node == GRAPH_NONE ? graph_const(b->g, r.c) : graph_multiple(b->g, r));
    return b->form[slot].term.f[0];
}

/* A factor: the slot's own product if nobody else needs that, else a multiple of a node. */
static graph_term factor_of(builder *b, uint32_t slot)
{
    const form *f = &b->form[slot];
    if (f->kind == FORM_TERM && (graph_degree(&f->term) <= 1 || b->uses[slot] == 1))
        return f->term;
    return unit_term(resolve(b, slot));
}

/* a b; whatever does not fit into one term becomes a node first. */
static graph_term multiply(builder *b, uint32_t left, uint32_t right)
{
    graph_term s = factor_of(b, left), t = factor_of(b, right);
    if (graph_degree(&s) + graph_degree(&t) > GRAPH_DEGREE && graph_degree(&s) >= 2)
        s = unit_term(resolve(b, left));
    if (graph_degree(&s) + graph_degree(&t) > GRAPH_DEGREE)
        t = unit_term(resolve(b, right));
    double c = s.c * t.c;
    if (!isnormal(c) && isnormal(s.c) && isnormal(t.c)) { /* but the product may be */
        s = unit_term((graph_ref){1.0, node_of(b, left)});
        t = unit_term((graph_ref){1.0, node_of(b, right)});
    }
    if (graph_degree(&t) > graph_degree(&s)) { /* x (y z) = (y z) x, not (x y) z */
        graph_term swap = s;
        s = t;
        t = swap;
    }
    graph_ref factor[2 * GRAPH_DEGREE];
    int n = 0;
    for (int k = 0; k < graph_degree(&s); k++)
        factor[n++] = (graph_ref){1.0, s.f[k]};
    for (int k = 0; k < graph_degree(&t); k++)
        factor[n++] = (graph_ref){1.0, t.f[k]};
    return graph_product(s.c * t.c, factor, n);
}

/* ------------------------------------------------------------------ one form per slot */

/* Number of the operand whose sum this one continues: the longest. */
static uint32_t continued(const builder *b, const uint32_t *operand, size_t n)
{
    uint32_t best = 0;
    for (uint32_t k = 1; k < n; k++)
        if (b->form[operand[k]].n > b->form[operand[best]].n)
            best = k;
    return best;
}

/* A constant 0, from which many sums start: it is no summand. */
static bool is_nothing(const form *f)
{
    return f->kind == FORM_TERM && graph_degree(&f->term) == 0 && f->term.c == 0.0;
}

/* Whether the sum in `slot` is a running one: a dot product, of three terms or more, of two
 * with others to follow, or of one; the difference of two never is. */
static bool is_running(const builder *b, uint32_t slot)
{
    const form *f = &b->form[slot];
    if (f->kind != FORM_LINEAR)
        return f->kind == FORM_TERMS;
    const ad_instruction *in = &b->code->instruction[slot - b->n_inputs];
    return f->n != 2 || (in->op == AD_OP_add && b->follow[slot] > 1);
}

/* add, sub, neg, sum: what cannot be taken in becomes a node. */
static form linear_form(builder *b, const ad_instruction *in)
{
    uint32_t own[2];
    const uint32_t *operand;
    size_t n = ad_code_operands(b->code, in, own, &operand);
    form f = {.kind = FORM_LINEAR};
    uint32_t first = f.term.f[0] = continued(b, operand, n);
    for (size_t k = 0; k < n; k++) {
        const form *x = &b->form[operand[k]];
        bool taken = x->sign != 0 || (k == first && is_running(b, operand[k]));
        if (x->kind != FORM_TERM && !taken)
            resolve(b, operand[k]);
        if (is_nothing(x))
            continue;
        int8_t sign = (int8_t)(subtracts(in, k) ? -x->sign : x->sign);
        f.sign = (int8_t)(f.n == 0 || sign == f.sign ? sign : 0);
        f.n = x->n > UINT32_MAX - f.n ? UINT32_MAX : f.n + x->n;
    }
    return f;
}

static form dot_form(builder *b, const ad_instruction *in)
{
    size_t first = b->n_pool;
    int8_t sign = 0;
    const uint32_t *x = b->code->list + in->a, *y = x + in->b;
    for (uint32_t k = 0; k < in->b; k++) {
        graph_term t = multiply(b, x[k], y[k]);
        if (meka_grow(&b->pool, &b->pool_capacity, b->n_pool + 1, sizeof t, &b->g->error))
            break;
        b->pool[b->n_pool++] = t;
        sign = (int8_t)(k == 0 || sign_of(&t) == sign ? sign_of(&t) : 0);
    }
    return (form){{1.0, {(uint32_t)first, (uint32_t)(b->n_pool - first), GRAPH_NONE}},
                  FORM_TERMS,
                  false,
                  sign,
                  in->b};
}

/* The forms of all elements of a block, in the slots from b->first on. */
static void block_forms(builder *b, const ad_block *block)
{
    graph *g = b->g;
    size_t n_w = ad_block_size(&block->shape, AD_BLOCK_W);
    size_t n_x = ad_block_size(&block->shape, AD_BLOCK_X);
    size_t n = ad_block_size(&block->shape, AD_BLOCK_Z), room = n_w > n_x ? n_w : n_x;
    graph_ref *ref = meka_alloc(room > n ? room : n, sizeof *ref, &g->error);
    if (!ref)
        return;
    const uint32_t *list = b->code->list;
    for (size_t k = 0; k < n_w; k++)
        ref[k] = (graph_ref){1.0, node_of(b, list[block->w + k])};
    uint32_t w = graph_array_of(g, ref, n_w);
    for (size_t k = 0; k < n_x; k++)
        ref[k] = (graph_ref){1.0, node_of(b, list[block->x + k])};
    uint32_t pair[1][2] = {{w, graph_array_of(g, ref, n_x)}};
    bool varying = false;
    for (size_t k = 0; k < n_x && !g->error.status; k++)
        varying = varying || g->node[ref[k].node].varying;
    /* Data times parameters: sums with uniform coefficients, over features that are read where
     * they lie. */
    if (varying)
        graph_add_block(g, &block->shape, AD_BLOCK_Z, pair, 1, ref);
    else
        graph_add_sums(g, &block->shape, AD_BLOCK_Z, pair, 1, ref);
    for (size_t k = 0; k < n; k++) {
        bool node = ref[k].c == 1.0 && ref[k].node != GRAPH_NONE;
        b->form[block->first + k] = term_form(unit_term(ref[k]), node);
    }
    free(ref);
}

static form form_of(builder *b, const ad_instruction *in)
{
    uint32_t own[2];
    const uint32_t *operand;
    switch ((ad_op)in->op) {
    case AD_OP_CONST:
        return term_form(
            (graph_term){b->code->real[in->a], {GRAPH_NONE, GRAPH_NONE, GRAPH_NONE}}, false);
    case AD_OP_add:
    case AD_OP_sub:
    case AD_OP_neg:
    case AD_OP_SUM:
        return linear_form(b, in);
    case AD_OP_mul:
        return term_form(multiply(b, in->a, in->b), false);
    case AD_OP_sqr:
        return term_form(multiply(b, in->a, in->a), false);
    case AD_OP_DOT:
        return dot_form(b, in);
    case AD_OP_BLOCK: {
        const ad_block *block = &b->code->block[in->a];
        if (in->b == 0)
            block_forms(b, block);
        return b->form[block->first + in->b];
    }
    case AD_OP_SELECT: {
        const uint32_t *choice = b->code->list + in->b;
        uint32_t condition = node_of(b, in->a);
        uint32_t yes = node_of(b, choice[0]), no = node_of(b, choice[1]);
        return node_form(graph_select(b->g, condition, yes, no));
    }
    default: {
        size_t n = ad_code_operands(b->code, in, own, &operand);
        uint32_t x = node_of(b, operand[0]);
        uint32_t y = n > 1 ? node_of(b, operand[1]) : GRAPH_NONE;
        return node_form(graph_fun(b->g, (ad_op)in->op, x, y));
    }
    }
}

static void build(builder *b)
{
    const ad_code *code = b->code;
    for (size_t s = 0; s < b->n_inputs; s++) {
        bool param = s < code->n_params;
        if (b->uses[s] > 0)
            b->form[s] = node_form(graph_input(b->g, param ? GRAPH_PARAM : GRAPH_FEATURE,
                                               (uint32_t)(param ? s : s - code->n_params)));
    }
    for (size_t k = 0; k < code->n && !b->g->error.status; k++) {
        uint32_t slot = (uint32_t)(b->n_inputs + k);
        if (b->uses[slot] == 0)
            continue;
        b->form[slot] = form_of(b, &code->instruction[k]);
        if (!b->fuse || b->uses[slot] > 1)
            resolve(b, slot);
    }
}

graph_ref graph_from_code(graph *g, const ad_code *code)
{
    size_t n_slots = ad_code_n_slots(code);
    builder b = {.g = g, .code = code, .n_inputs = n_slots - code->n};
    graph_ref loss = graph_zero();
    b.fuse = g->passes & AD_PASS_FUSE;
    b.form = meka_alloc(n_slots, sizeof *b.form, &g->error);
    b.uses = meka_alloc(n_slots, sizeof *b.uses, &g->error);
    b.follow = meka_alloc(n_slots, sizeof *b.follow, &g->error);
    if (b.form && b.uses && b.follow) {
        count_uses(&b);
        build(&b);
        if (!g->error.status)
            loss = resolve(&b, code->result);
    }
    free(b.form);
    free(b.uses);
    free(b.follow);
    free(b.pool);
    free(b.stack);
    return loss;
}
