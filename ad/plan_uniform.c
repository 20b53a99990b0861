/* The uniform machine: numbers for scalars, their code, and its interpreter. */
#include "ad/plan_build.h"

#include "ad/math.h"
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Words: SUM out n0 n1 n2 n3 terms | FUN op mask a b out*10 | SELECT condition a b out. */
enum { UNIFORM_SUM, UNIFORM_FUN, UNIFORM_SELECT };

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

static void need_operands(scalars *s, const graph_node *n)
{
    const graph *g = s->p->g;
    switch ((graph_kind)n->kind) {
    case GRAPH_SUM:
        for (uint32_t k = 0; k < n->b; k++)
            for (int j = 0; j < GRAPH_DEGREE; j++)
                plan_scalars_need(s, g->term[n->a + k].f[j]);
        break;
    case GRAPH_FUN:
        plan_scalars_need(s, n->a);
        plan_scalars_need(s, n->b);
        break;
    case GRAPH_PART:
        plan_scalars_need(s, n->a);
        break;
    case GRAPH_SELECT:
        plan_scalars_need(s, n->a);
        plan_scalars_need(s, n->b);
        plan_scalars_need(s, n->c);
        break;
    default:
        break;
    }
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
        w->part[w->fun[id] * GRAPH_N_PARTS + (size_t)k] = out;
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
    case GRAPH_FEATURE: /* varies */
        return;
    }
}

void plan_scalars_assign(scalars *s)
{
    graph *g = s->p->g;
    for (size_t k = g->n_nodes; k-- > 0;)
        if (s->needed[k])
            need_operands(s, &g->node[k]);
    meka_error *error = s->p->error;
    uniform_writer w = {.s = s, .out = {.error = error}};
    words inputs[2] = {{.error = error}, {.error = error}};
    size_t n_funs = 0;
    w.fun = meka_alloc(g->n_nodes, sizeof *w.fun, error);
    uint32_t *mask = w.fun ? part_masks(s, &n_funs, w.fun) : NULL;
    w.part = meka_alloc(n_funs, GRAPH_N_PARTS * sizeof *w.part, error);
    new_scalar(&w, 0.0); /* PLAN_ZERO */
    new_scalar(&w, 1.0); /* PLAN_ONE */
    for (size_t k = 0; mask && w.part && k < g->n_nodes && !error->status; k++)
        if (s->needed[k])
            write_node(&w, (uint32_t)k, mask, inputs);
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

/* ----------------------------------------------------------------------- interpreter */

static const uint32_t *run_sum(const uint32_t *code, double *u)
{
    double sum = 0.0;
    const uint32_t *t = code + 5;
    for (uint32_t k = 0; k < code[1]; k++, t += 1)
        sum += u[t[0]];
    for (uint32_t k = 0; k < code[2]; k++, t += 2)
        sum += u[t[0]] * u[t[1]];
    for (uint32_t k = 0; k < code[3]; k++, t += 3)
        sum += u[t[0]] * u[t[1]] * u[t[2]];
    for (uint32_t k = 0; k < code[4]; k++, t += 4)
        sum += u[t[0]] * u[t[1]] * u[t[2]] * u[t[3]];
    u[code[0]] = sum;
    return t;
}

static void run_fun1(uint32_t op, uint32_t mask, double x, const uint32_t *out, double *u)
{
    double y;
    switch ((ad_op)op) {
#define AD_OP1(name, value_expression, d1, d2, d3)                                             \
    case AD_OP_##name:                                                                         \
        (void)x;                                                                               \
        y = (value_expression);                                                                \
        u[out[0]] = y;                                                                         \
        if (mask & 2)                                                                          \
            u[out[1]] = (d1);                                                                  \
        if (mask & 4)                                                                          \
            u[out[2]] = (d2);                                                                  \
        if (mask & 8)                                                                          \
            u[out[3]] = (d3);                                                                  \
        break;
#define AD_OP2(name, ...)
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
    default:
        break;
    }
}

static void run_fun2(uint32_t op, uint32_t mask, double a, double b, const uint32_t *out,
                     double *u)
{
    double y;
    switch ((ad_op)op) {
#define PARTIAL(k, expression)                                                                 \
    if (mask & (1u << (k)))                                                                    \
    u[out[k]] = (expression)
#define AD_OP1(name, ...)
#define AD_OP2(name, value_expression, da, db, daa, dab, dbb, daaa, daab, dabb, dbbb)          \
    case AD_OP_##name:                                                                         \
        (void)a, (void)b;                                                                      \
        y = (value_expression);                                                                \
        u[out[0]] = y;                                                                         \
        PARTIAL(1, da);                                                                        \
        PARTIAL(2, db);                                                                        \
        PARTIAL(3, daa);                                                                       \
        PARTIAL(4, dab);                                                                       \
        PARTIAL(5, dbb);                                                                       \
        PARTIAL(6, daaa);                                                                      \
        PARTIAL(7, daab);                                                                      \
        PARTIAL(8, dabb);                                                                      \
        PARTIAL(9, dbbb);                                                                      \
        break;
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
#undef PARTIAL
    default:
        break;
    }
}

static const uint32_t *run_fun(const uint32_t *code, double *u)
{
    run_fun1(code[0], code[1], u[code[2]], code + 4, u);
    run_fun2(code[0], code[1], u[code[2]], u[code[3]], code + 4, u);
    return code + 4 + GRAPH_N_PARTS;
}

void ad_plan_uniform(const ad_plan *plan, const double *theta, const double *v, double *u,
                     double *pack)
{
    memcpy(u, plan->start, plan->n_scalars * sizeof *u);
    for (size_t k = 0; k < plan->n_used_params; k++)
        u[plan->param[2 * k + 1]] = theta[plan->param[2 * k]];
    for (size_t k = 0; k < plan->n_used_along; k++)
        u[plan->along[2 * k + 1]] = v[plan->along[2 * k]];
    const uint32_t *code = plan->uniform, *end = code + plan->n_uniform;
    while (code < end) {
        switch (*code++) {
        case UNIFORM_SUM:
            code = run_sum(code, u);
            break;
        case UNIFORM_FUN:
            code = run_fun(code, u);
            break;
        default:
            u[code[3]] = u[code[0]] != 0.0 ? u[code[1]] : u[code[2]];
            code += 4;
            break;
        }
    }
    for (size_t k = 0; k < plan->n_pack; k++)
        pack[k] = u[plan->pack[k]];
}
