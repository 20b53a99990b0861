/* From the graph's sums to sums over rows: what does not vary is split off, into coefficients
 * and an initial value that the uniform machine computes once.  Wherever it stands in a sum, it
 * is added first: (x - a) + b becomes (b - a) + x. */
#include "ad/plan_build.h"

#include "base/memory.h"

#include <float.h>
#include <math.h>

/* ------------------------------------------------------------------ what is needed */

static void want(planner *p, uint32_t node)
{
    if (node != GRAPH_NONE)
        p->wanted[node] = 1;
}

static void want_operand(void *ctx, uint32_t operand)
{
    want(ctx, operand);
}

static void mark(planner *p, const plan_roots *roots)
{
    for (int k = 0; k < p->n_results; k++)
        want(p, p->result[k]);
    for (size_t j = 0; j < p->g->n_params; j++) {
        if (roots->gradient)
            want(p, roots->gradient[j].node);
        if (roots->product)
            want(p, roots->product[j].node);
    }
    for (size_t k = p->n0; k-- > 0;)
        if (p->wanted[k])
            graph_operands(p->g, planner_node(p, (uint32_t)k), want_operand, p);
}

/* --------------------------------------------------------------- uniform arithmetic */

static graph_ref ref_of(uint32_t node)
{
    return node == PLAN_NODE_ONE ? (graph_ref){1.0, GRAPH_NONE}
           : node == GRAPH_NONE  ? graph_zero()
                                 : (graph_ref){1.0, node};
}

static uint32_t node_of_ref(planner *p, graph_ref r)
{
    if (r.node == GRAPH_NONE && r.c == 1.0)
        return PLAN_NODE_ONE;
    return graph_materialize(p->g, r);
}

uint32_t plan_times(planner *p, uint32_t c, uint32_t x)
{
    if (c == GRAPH_NONE || x == GRAPH_NONE)
        return GRAPH_NONE;
    if (c == PLAN_NODE_ONE || x == PLAN_NODE_ONE)
        return c == PLAN_NODE_ONE ? x : c;
    graph_term t = graph_product(1.0, (const graph_ref[]){ref_of(c), ref_of(x)}, 2);
    graph_sum_begin(p->g);
    graph_sum_add(p->g, &t);
    return node_of_ref(p, graph_sum_end(p->g));
}

uint32_t plan_plus(planner *p, uint32_t a, uint32_t b)
{
    graph_ref r[2] = {ref_of(a), ref_of(b)};
    graph_sum_begin(p->g);
    for (int k = 0; k < 2; k++) {
        graph_term t = graph_product(1.0, &r[k], 1);
        graph_sum_add(p->g, &t);
    }
    return node_of_ref(p, graph_sum_end(p->g));
}

static void add_uniform(planner *p, const graph_term *t)
{
    if (!meka_grow(&p->uniform, &p->uniform_capacity, p->n_uniform + 1, sizeof *t, p->error))
        p->uniform[p->n_uniform++] = *t;
}

/* ------------------------------------------------------------------------ lowering */

const row_term *plan_single_row(const planner *p, uint32_t node, uint32_t *offset)
{
    if (!(p->passes & AD_PASS_AFFINE) || node >= p->n0 || p->sum_of[node] == GRAPH_NONE)
        return NULL;
    const row_sum *s = &p->sum[p->sum_of[node]];
    const row_term *t = &p->term[s->first];
    if (s->n != 1 || t->x[1] != GRAPH_NONE)
        return NULL;
    *offset = s->init;
    return t;
}

static void add_row_term(planner *p, row_sum *s, uint32_t c, const uint32_t *x)
{
    if (x[1] == GRAPH_NONE) { /* a multiple of a row: perhaps there is one already */
        uint32_t at = p->where[x[0]];
        if (p->stamp[x[0]] == s->node + 1 && at < s->n) {
            row_term *t = &p->term[s->first + at];
            uint32_t sum = plan_plus(p, t->c, c);
            p->term[s->first + at].c = sum;
            return;
        }
        p->stamp[x[0]] = s->node + 1;
        p->where[x[0]] = s->n;
    }
    if (meka_grow(&p->term, &p->term_capacity, p->n_terms + 1, sizeof *p->term, p->error))
        return;
    p->term[p->n_terms++] = (row_term){.c = c, .x = {x[0], x[1], x[2]}};
    s->n++;
}

static int exponent(double x)
{
    int e = 0;
    frexp(x, &e);
    return e;
}

/* The binary exponent of the constants in a coefficient that is one product. */
static int exponent_of(const planner *p, uint32_t c)
{
    graph_ref r = plan_coefficient(p, c);
    int sum = exponent(r.c);
    const graph_node *n = r.node == GRAPH_NONE ? NULL : planner_node(p, r.node);
    if (!n || n->kind != GRAPH_SUM || n->b != 1)
        return sum;
    const graph_term *t = &p->g->term[n->a];
    sum += exponent(t->c);
    for (int k = 0; k < graph_degree(t); k++)
        if (planner_node(p, t->f[k])->kind == GRAPH_CONST)
            sum += exponent(p->g->real[planner_node(p, t->f[k])->a]);
    return sum;
}

/* The coefficients' product would leave the range although what they multiply need not. */
static bool is_out_of_range(const planner *p, uint32_t c, uint32_t inner)
{
    int e = exponent_of(p, c) + exponent_of(p, inner);
    return e > DBL_MAX_EXP / 2 || e < DBL_MIN_EXP / 2; /* with room for theta's part */
}

static void lower_term(planner *p, row_sum *s, const graph_term *t)
{
    uint32_t x[GRAPH_DEGREE] = {GRAPH_NONE, GRAPH_NONE, GRAPH_NONE};
    graph_ref uniform[GRAPH_DEGREE];
    int n_rows = 0, n_uniform = 0;
    for (int k = 0; k < graph_degree(t); k++)
        if (planner_node(p, t->f[k])->varying)
            x[n_rows++] = t->f[k];
        else
            uniform[n_uniform++] = (graph_ref){1.0, t->f[k]};
    if (n_rows == 0) {
        add_uniform(p, t);
        return;
    }
    graph_term product = graph_product(t->c, uniform, n_uniform);
    graph_sum_begin(p->g);
    graph_sum_add(p->g, &product);
    uint32_t c = node_of_ref(p, graph_sum_end(p->g)), offset = GRAPH_NONE;
    const row_term *inner = n_rows == 1 ? plan_single_row(p, x[0], &offset) : NULL;
    /* A multiple of a row is taken in.  One with an offset is a difference to be kept: expanded
     * it could cancel. */
    if (inner && offset == GRAPH_NONE && !is_out_of_range(p, c, inner->c)) {
        uint32_t row[GRAPH_DEGREE] = {inner->x[0], GRAPH_NONE, GRAPH_NONE};
        uint32_t inner_c = inner->c;
        add_row_term(p, s, plan_times(p, c, inner_c), row);
        return;
    }
    add_row_term(p, s, c, x);
}

static void lower_sum(planner *p, uint32_t id)
{
    row_sum s = {
        .node = id, .init = GRAPH_NONE, .first = (uint32_t)p->n_terms, .group = GRAPH_NONE};
    p->n_uniform = 0;
    for (uint32_t k = 0; k < planner_node(p, id)->b; k++) {
        graph_term t = p->g->term[planner_node(p, id)->a + k];
        lower_term(p, &s, &t);
    }
    graph_sum_begin(p->g);
    for (size_t k = 0; k < p->n_uniform; k++)
        graph_sum_add(p->g, &p->uniform[k]);
    if (p->n_uniform > 0)
        s.init = node_of_ref(p, graph_sum_end(p->g));
    if (p->error->status ||
        meka_grow(&p->sum, &p->sum_capacity, p->n_sums + 1, sizeof s, p->error))
        return;
    p->sum_of[id] = (uint32_t)p->n_sums;
    p->sum[p->n_sums++] = s;
}

void plan_lower(planner *p, const plan_roots *roots)
{
    mark(p, roots);
    for (uint32_t k = 0; k < p->n0 && !p->error->status; k++) {
        const graph_node *n = planner_node(p, k);
        if (p->wanted[k] && n->varying && n->kind == GRAPH_SUM)
            lower_sum(p, k);
    }
}

/* ------------------------------------------------------------------ values of jobs */

graph_ref plan_coefficient(const planner *p, uint32_t c)
{
    if (c == PLAN_NODE_ONE || c == GRAPH_NONE)
        return ref_of(c);
    const graph_node *n = planner_node(p, c);
    if (n->kind == GRAPH_CONST)
        return (graph_ref){p->g->real[n->a], GRAPH_NONE};
    const graph_term *t = &p->g->term[n->a];
    if (n->kind == GRAPH_SUM && n->b == 1 && graph_degree(t) == 1)
        return (graph_ref){t->c, t->f[0]};
    return (graph_ref){1.0, c};
}

uint32_t plan_base(const planner *p, uint32_t node)
{
    uint32_t offset;
    for (int step = 0; step < 2; step++) {
        const row_term *t = plan_single_row(p, node, &offset);
        node = t ? t->x[0] : node;
    }
    return node;
}

/* The quantity's row is itself a multiple of another row, perhaps with an offset. */
static void descend(planner *p, row_value *v)
{
    uint32_t offset = GRAPH_NONE;
    const row_term *outer = plan_single_row(p, v->row, &offset);
    if (!outer)
        return;
    uint32_t c = outer->c;
    v->row = outer->x[0];
    v->map.offset = plan_times(p, v->map.scale, offset);
    v->map.scale = plan_times(p, v->map.scale, c);
    const row_term *inner = plan_single_row(p, v->row, &offset);
    if (inner) {
        v->row = inner->x[0];
        v->map.inner_scale = inner->c;
        v->map.inner_offset = offset;
    }
}

row_value plan_value(planner *p, graph_ref r)
{
    row_value v = {
        GRAPH_NONE, GRAPH_NONE, {PLAN_NODE_ONE, GRAPH_NONE, PLAN_NODE_ONE, GRAPH_NONE}};
    if (graph_is_zero(r) || p->error->status)
        return v;
    if (r.node == GRAPH_NONE || !planner_node(p, r.node)->varying) {
        v.map.offset = node_of_ref(p, r);
        return v;
    }
    v.map.scale = node_of_ref(p, (graph_ref){r.c, GRAPH_NONE});
    uint32_t sum = planner_node(p, r.node)->kind == GRAPH_SUM ? p->sum_of[r.node] : GRAPH_NONE;
    uint32_t offset = GRAPH_NONE;
    if (sum == GRAPH_NONE || p->row[r.node] || plan_single_row(p, r.node, &offset)) {
        v.row = r.node;
        descend(p, &v);
        return v;
    }
    v.sum = sum;
    v.map.offset = plan_times(p, v.map.scale, p->sum[sum].init);
    if (p->sum[sum].n == 1) /* its coefficient belongs to the result */
        v.map.scale = plan_times(p, v.map.scale, p->term[p->sum[sum].first].c);
    return v;
}
