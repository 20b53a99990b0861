/* Numbers for the uniform nodes that are used, and the code that computes them.
 *
 * Nodes are taken level by level (a node is one level above its operands), alike ones next to
 * each other: what a loop over scalars leaves behind so becomes a run of equal sums whose
 * operands stand next to each other as well, and is computed by a loop again. */
#include "ad/plan_build.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void words_put(words *w, uint32_t x)
{
    if (w->error->status || meka_grow(&w->word, &w->capacity, w->n + 1, sizeof x, w->error))
        return;
    w->word[w->n++] = x;
}

/* ------------------------------------------------------------------------- numbering */

meka_status plan_scalars_begin(scalars *s, planner *p, ad_plan *plan)
{
    *s = (scalars){.p = p, .plan = plan};
    s->number = meka_alloc(p->g->n_nodes, sizeof *s->number, p->error);
    s->needed = meka_alloc(p->g->n_nodes, 1, p->error);
    return s->number && s->needed ? MEKA_OK : MEKA_ERR_MEMORY;
}

void plan_scalars_end(scalars *s)
{
    free(s->number);
    free(s->needed);
}

void plan_scalars_need(scalars *s, uint32_t node)
{
    if (node != GRAPH_NONE && node != PLAN_NODE_ONE)
        s->needed[node] = 1;
}

uint32_t plan_scalar(const scalars *s, uint32_t node)
{
    return node == GRAPH_NONE ? PLAN_ZERO : node == PLAN_NODE_ONE ? PLAN_ONE : s->number[node];
}

static void need_operand(void *ctx, uint32_t operand)
{
    plan_scalars_need(ctx, operand);
}

/* ------------------------------------------------------------------------------ code */

typedef struct uniform_writer {
    scalars *s;
    words out;
    double *start;
    size_t n_scalars, start_capacity;
    uint32_t *part; /* [n nodes][GRAPH_N_PARTS] scalars of partials, by number of function */
    uint32_t *fun;  /* [n nodes] number of the function or GRAPH_NONE */
} uniform_writer;

static uint32_t new_scalar(uniform_writer *w, double value)
{
    if (w->n_scalars >= UINT32_MAX) {
        meka_fail(w->out.error, MEKA_ERR_RANGE,
                  "the derivatives of this objective have more than 4294967295 constants and "
                  "values that do not depend on the sample");
        return 0;
    }
    if (meka_grow(&w->start, &w->start_capacity, w->n_scalars + 1, sizeof value, w->out.error))
        return 0;
    w->start[w->n_scalars] = value;
    return (uint32_t)w->n_scalars++;
}

static void write_sum(uniform_writer *w, uint32_t out, const graph_node *n)
{
    const graph_term *term = w->s->p->g->term + n->a;
    uint32_t count[GRAPH_DEGREE + 1] = {0};
    for (uint32_t k = 0; k < n->b; k++)
        count[graph_degree(&term[k])]++;
    words_put(&w->out, UNIFORM_SUM);
    words_put(&w->out, out);
    for (int degree = 0; degree <= GRAPH_DEGREE; degree++)
        words_put(&w->out, count[degree]);
    for (int degree = 0; degree <= GRAPH_DEGREE; degree++) {
        for (uint32_t k = 0; k < n->b; k++) {
            if (graph_degree(&term[k]) != degree)
                continue;
            words_put(&w->out, term[k].c == 1.0 ? PLAN_ONE : new_scalar(w, term[k].c));
            for (int j = 0; j < degree; j++)
                words_put(&w->out, plan_scalar(w->s, term[k].f[j]));
        }
    }
}

/* Room for the outputs is made here; partials are found through w->part. */
static void write_fun(uniform_writer *w, uint32_t id, const graph_node *n, uint32_t mask)
{
    words_put(&w->out, UNIFORM_FUN);
    words_put(&w->out, n->op);
    words_put(&w->out, mask);
    words_put(&w->out, plan_scalar(w->s, n->a));
    words_put(&w->out, n->b == GRAPH_NONE ? PLAN_ZERO : plan_scalar(w->s, n->b));
    for (int k = 0; k < GRAPH_N_PARTS; k++) {
        uint32_t out = mask & (1u << k) ? new_scalar(w, 0.0) : 0;
        words_put(&w->out, out);
        w->part[w->fun[id] * (size_t)GRAPH_N_PARTS + (size_t)k] = out;
    }
    w->s->number[id] = w->part[w->fun[id] * (size_t)GRAPH_N_PARTS];
}

/* Which outputs of function nodes are needed, in masks by node. */
static uint32_t *part_masks(const scalars *s, size_t *n_funs, uint32_t *fun)
{
    const graph *g = s->p->g;
    uint32_t *mask = meka_alloc(g->n_nodes, sizeof *mask, s->p->error);
    for (size_t k = 0; mask && k < g->n_nodes; k++) {
        const graph_node *n = &g->node[k];
        if (!s->needed[k])
            continue;
        if (n->kind == GRAPH_PART)
            mask[n->a] |= 1u << n->op;
        if (n->kind == GRAPH_FUN) {
            mask[k] |= 1u;
            fun[k] = (uint32_t)(*n_funs)++;
        }
    }
    return mask;
}

/* ------------------------------------------------------------------------------ loops */

/* A needed node, in the order of computation. */
typedef struct place {
    uint32_t level, node;
    uint64_t shape;   /* of a sum: equal for equal numbers and degrees of terms */
    uint32_t operand; /* the scalar it reads first, once its level's turn has come */
} place;

enum { LOOP_SHORTEST = 4 };

static uint64_t shape_of(const graph *g, const graph_node *n)
{
    uint64_t h = (uint64_t)n->kind << 8 | n->op;
    for (uint32_t k = 0; n->kind == GRAPH_SUM && k < n->b; k++)
        h = (h ^ (uint64_t)(1 + graph_degree(&g->term[n->a + k]))) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

static int by_level(const void *x, const void *y)
{
    const place *a = x, *b = y;
    if (a->level != b->level)
        return a->level < b->level ? -1 : 1;
    return a->node < b->node ? -1 : a->node > b->node;
}

static int by_operand(const void *x, const void *y)
{
    const place *a = x, *b = y;
    if (a->shape != b->shape)
        return a->shape < b->shape ? -1 : 1;
    if (a->operand != b->operand)
        return a->operand < b->operand ? -1 : 1;
    return a->node < b->node ? -1 : a->node > b->node;
}

/* One past the last place of at[k]'s level. */
static size_t level_end(const place *at, size_t k, size_t n)
{
    size_t end = k + 1;
    while (end < n && at[end].level == at[k].level)
        end++;
    return end;
}

/* Puts the n places of one level into the order of their first operands: that of the loop
 * which recorded them, whichever way round it, or the reverse sweep, went. */
static void sort_level(const scalars *s, place *at, size_t n)
{
    const graph *g = s->p->g;
    for (size_t k = 0; k < n; k++) {
        const graph_node *node = &g->node[at[k].node];
        const graph_term *t = node->kind == GRAPH_SUM ? &g->term[node->a] : NULL;
        at[k].operand = t && t->f[0] != GRAPH_NONE ? s->number[t->f[0]] : node->a;
    }
    qsort(at, n, sizeof *at, by_operand);
}

/* The highest level among operands, and what levels are known. */
typedef struct leveller {
    const uint32_t *known;
    uint32_t level;
} leveller;

static void rise(void *ctx, uint32_t operand)
{
    leveller *l = ctx;
    if (l->known[operand] + 1 > l->level)
        l->level = l->known[operand] + 1;
}

/* How far the operand moves from sum to sum: 0 or 1 scalars, 2: neither. */
static uint32_t stride_between(const scalars *s, uint32_t x, uint32_t y)
{
    uint32_t a = s->number[x], b = s->number[y];
    return a == b ? 0 : a + 1 == b ? 1 : 2;
}

static bool same_strides(const scalars *s, const graph_node *n, const graph_node *x,
                         const graph_node *y, const graph_node *z)
{
    const graph_term *term = s->p->g->term;
    for (uint32_t k = 0; k < n->b; k++) {
        int degree = graph_degree(&term[x->a + k]);
        if (graph_degree(&term[y->a + k]) != degree || graph_degree(&term[z->a + k]) != degree)
            return false;
        for (int j = 0; j < degree; j++) {
            uint32_t stride = stride_between(s, term[x->a + k].f[j], term[y->a + k].f[j]);
            if (stride > 1 ||
                stride != stride_between(s, term[y->a + k].f[j], term[z->a + k].f[j]))
                return false;
        }
    }
    return true;
}

/* How many sums from at[0] on make a loop; 1: it is none. */
static size_t loop_length(const scalars *s, const place *at, size_t n)
{
    const graph_node *node = s->p->g->node, *first = &node[at[0].node];
    if (first->kind != GRAPH_SUM || !(s->p->passes & AD_PASS_COALESCE) || n < LOOP_SHORTEST)
        return 1;
    size_t length = 2;
    for (; length < n && at[length].shape == at[0].shape; length++)
        if (node[at[length].node].b != first->b ||
            !same_strides(s, first, &node[at[length - 2].node], &node[at[length - 1].node],
                          &node[at[length].node]))
            break;
    return length < LOOP_SHORTEST ? 1 : length;
}

/* The coefficients of term k of all sums: one scalar if they are equal. */
static void write_loop_coefficients(uniform_writer *w, const place *at, size_t n, uint32_t k)
{
    const graph *g = w->s->p->g;
    double first = g->term[g->node[at[0].node].a + k].c;
    bool equal = true;
    for (size_t e = 1; e < n; e++)
        equal = equal && g->term[g->node[at[e].node].a + k].c == first;
    words_put(&w->out, equal && first == 1.0 ? PLAN_ONE : new_scalar(w, first));
    words_put(&w->out, !equal);
    for (size_t e = 1; e < n && !equal; e++)
        new_scalar(w, g->term[g->node[at[e].node].a + k].c);
}

static void write_loop(uniform_writer *w, const place *at, size_t n)
{
    scalars *s = w->s;
    const graph *g = s->p->g;
    const graph_term *term = g->term + g->node[at[0].node].a;
    const graph_term *next = g->term + g->node[at[1].node].a;
    uint32_t n_terms = g->node[at[0].node].b, count[GRAPH_DEGREE + 1] = {0};
    for (size_t e = 0; e < n; e++)
        s->number[at[e].node] = new_scalar(w, 0.0);
    for (uint32_t k = 0; k < n_terms; k++)
        count[graph_degree(&term[k])]++;
    words_put(&w->out, UNIFORM_LOOP);
    words_put(&w->out, (uint32_t)n);
    words_put(&w->out, s->number[at[0].node]);
    for (int degree = 0; degree <= GRAPH_DEGREE; degree++)
        words_put(&w->out, count[degree]);
    for (int degree = 0; degree <= GRAPH_DEGREE; degree++) {
        for (uint32_t k = 0; k < n_terms; k++) {
            if (graph_degree(&term[k]) != degree)
                continue;
            write_loop_coefficients(w, at, n, k);
            for (int j = 0; j < degree; j++) {
                words_put(&w->out, s->number[term[k].f[j]]);
                words_put(&w->out, stride_between(s, term[k].f[j], next[k].f[j]));
            }
        }
    }
}

/* The needed nodes in the order of computation; *n of them.  To be freed. */
static place *make_places(scalars *s, size_t *n)
{
    const graph *g = s->p->g;
    uint32_t *level = meka_alloc(g->n_nodes, sizeof *level, s->p->error);
    place *out = NULL;
    *n = 0;
    for (size_t k = 0; k < g->n_nodes; k++)
        *n += s->needed[k];
    out = level ? meka_alloc(*n, sizeof *out, s->p->error) : NULL;
    for (size_t k = 0, at = 0; out && k < g->n_nodes; k++) {
        if (!s->needed[k])
            continue;
        leveller l = {level, 0};
        graph_operands(g, &g->node[k], rise, &l);
        level[k] = l.level;
        out[at++] = (place){level[k], (uint32_t)k, shape_of(g, &g->node[k]), 0};
    }
    free(level);
    if (out)
        qsort(out, *n, sizeof *out, by_level);
    return out;
}

/* ------------------------------------------------------------------------------ nodes */

static void write_node(uniform_writer *w, uint32_t id, const uint32_t *mask, words *inputs)
{
    scalars *s = w->s;
    const graph *g = s->p->g;
    graph_node n = g->node[id];
    switch ((graph_kind)n.kind) {
    case GRAPH_CONST:
        s->number[id] = new_scalar(w, g->real[n.a]);
        return;
    case GRAPH_PARAM:
    case GRAPH_ALONG:
        s->number[id] = new_scalar(w, 0.0);
        words_put(&inputs[n.kind == GRAPH_ALONG], n.a);
        words_put(&inputs[n.kind == GRAPH_ALONG], s->number[id]);
        return;
    case GRAPH_SUM:
        s->number[id] = new_scalar(w, 0.0);
        write_sum(w, s->number[id], &n);
        return;
    case GRAPH_FUN:
        write_fun(w, id, &n, mask[id]);
        return;
    case GRAPH_PART:
        s->number[id] = w->part[w->fun[n.a] * (size_t)GRAPH_N_PARTS + n.op];
        return;
    case GRAPH_SELECT:
        s->number[id] = new_scalar(w, 0.0);
        words_put(&w->out, UNIFORM_SELECT);
        words_put(&w->out, plan_scalar(s, n.a));
        words_put(&w->out, plan_scalar(s, n.b));
        words_put(&w->out, plan_scalar(s, n.c));
        words_put(&w->out, s->number[id]);
        return;
    case GRAPH_FEATURE: /* these vary */
    case GRAPH_BLOCK:
    case GRAPH_ELEMENT:
        return;
    }
}

void plan_scalars_assign(scalars *s)
{
    graph *g = s->p->g;
    for (size_t k = g->n_nodes; k-- > 0;)
        if (s->needed[k])
            graph_operands(g, &g->node[k], need_operand, s);
    meka_error *error = s->p->error;
    uniform_writer w = {.s = s, .out = {.error = error}};
    words inputs[2] = {{.error = error}, {.error = error}};
    size_t n_funs = 0;
    w.fun = meka_alloc(g->n_nodes, sizeof *w.fun, error);
    uint32_t *mask = w.fun ? part_masks(s, &n_funs, w.fun) : NULL;
    w.part = meka_alloc(n_funs, GRAPH_N_PARTS * sizeof *w.part, error);
    new_scalar(&w, 0.0); /* PLAN_ZERO */
    new_scalar(&w, 1.0); /* PLAN_ONE */
    size_t n = 0;
    place *at = mask && w.part ? make_places(s, &n) : NULL;
    for (size_t k = 0, length, end = 0; at && k < n && !error->status; k += length) {
        if (k == end) {
            end = level_end(at, k, n);
            sort_level(s, &at[k], end - k);
        }
        length = loop_length(s, &at[k], end - k);
        if (length > 1)
            write_loop(&w, &at[k], length);
        else
            write_node(&w, at[k].node, mask, inputs);
    }
    free(at);
    ad_plan *plan = s->plan;
    plan->start = w.start;
    plan->n_scalars = w.n_scalars;
    plan->uniform = w.out.word;
    plan->n_uniform = w.out.n;
    plan->param = inputs[0].word;
    plan->n_used_params = inputs[0].n / 2;
    plan->along = inputs[1].word;
    plan->n_used_along = inputs[1].n / 2;
    free(mask);
    free(w.fun);
    free(w.part);
}
