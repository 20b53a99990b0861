/* Tangents, adjoints and their tangents as nodes of the graph: forward-over-reverse
 * differentiation (Pearlmutter 1994) carried out on expressions. */
#include "ad/graph_derive.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static graph_ref whole(uint32_t node)
{
    return (graph_ref){1.0, node};
}

void graph_add_product(graph *g, double c, const graph_ref *factor, int n)
{
    for (int k = 0; k < n; k++)
        if (graph_is_zero(factor[k]))
            return;
    graph_term t = graph_product(c, factor, n);
    graph_sum_add(g, &t);
}

/* Factors of t with number `skip` left out (-1: none) after `out`; their number. */
static int other_factors(const graph_term *t, int skip, int skip_too, graph_ref *out)
{
    int n = 0;
    for (int k = 0; k < graph_degree(t); k++)
        if (k != skip && k != skip_too)
            out[n++] = whole(t->f[k]);
    return n;
}

/* --------------------------------------------------------------------------- tangents */

static graph_ref sum_tangent(graph *g, const graph_node *node, const graph_ref *tangent)
{
    graph_sum_begin(g);
    for (uint32_t k = 0; k < node->b; k++) {
        graph_term t = g->term[node->a + k];
        for (int p = 0; p < graph_degree(&t); p++) {
            graph_ref factor[GRAPH_DEGREE] = {tangent[t.f[p]]};
            int n = 1 + other_factors(&t, p, -1, factor + 1);
            graph_add_product(g, t.c, factor, n);
        }
    }
    return graph_sum_end(g);
}

static graph_ref fun_tangent(graph *g, uint32_t id, const graph_node *node,
                             const graph_ref *tangent)
{
    /* The partials first: graph_part may add nodes, which a sum being built must not see. */
    graph_ref da[2] = {graph_zero(), tangent[node->a]}, db[2] = {graph_zero(), graph_zero()};
    if (!graph_is_zero(da[1]))
        da[0] = graph_part(g, id, 1);
    if (node->b != GRAPH_NONE && !graph_is_zero(tangent[node->b])) {
        db[0] = graph_part(g, id, 2);
        db[1] = tangent[node->b];
    }
    graph_sum_begin(g);
    graph_add_product(g, 1.0, da, 2);
    graph_add_product(g, 1.0, db, 2);
    return graph_sum_end(g);
}

graph_ref graph_select_ref(graph *g, uint32_t condition, graph_ref a, graph_ref b)
{
    if (graph_is_zero(a) && graph_is_zero(b))
        return graph_zero();
    uint32_t yes = graph_materialize(g, a), no = graph_materialize(g, b);
    return whole(graph_select(g, condition, yes, no));
}

void graph_tangents(graph *g, size_t n, graph_ref *out)
{
    for (size_t k = 0; k < n && !g->error.status; k++) {
        graph_node node = g->node[k];
        if (node.kind == GRAPH_ELEMENT)
            continue; /* written with its block */
        if (node.kind == GRAPH_BLOCK) {
            graph_block_tangents(g, &node, out, out + k + 1);
            continue;
        }
        out[k] = graph_zero();
        if (!node.active)
            continue;
        switch ((graph_kind)node.kind) {
        case GRAPH_PARAM:
            out[k] = whole(graph_input(g, GRAPH_ALONG, node.a));
            break;
        case GRAPH_SUM:
            out[k] = sum_tangent(g, &node, out);
            break;
        case GRAPH_FUN:
            out[k] = fun_tangent(g, (uint32_t)k, &node, out);
            break;
        case GRAPH_SELECT:
            out[k] = graph_select_ref(g, node.a, out[node.b], out[node.c]);
            break;
        default:
            break;
        }
    }
}

/* --------------------------------------------------------------------------- adjoints */

void graph_give(reverse *r, int list, uint32_t to, double c, const graph_ref *factor, int n)
{
    for (int k = 0; k < n; k++)
        if (graph_is_zero(factor[k]))
            return;
    graph *g = r->g;
    if (r->n_shares >= GRAPH_NONE)
        meka_fail(&g->error, MEKA_ERR_RANGE,
                  "the adjoints of this objective have more than 4294967294 products");
    if (g->error.status ||
        meka_grow(&r->share, &r->capacity, r->n_shares + 1, sizeof *r->share, &g->error))
        return;
    uint32_t at = (uint32_t)r->n_shares++;
    r->share[at] = (share){graph_product(c, factor, n), GRAPH_NONE};
    if (r->first[list][to] == GRAPH_NONE)
        r->first[list][to] = at;
    else
        r->share[r->last[list][to]].next = at;
    r->last[list][to] = at;
}

graph_ref graph_collect(reverse *r, int list, uint32_t node)
{
    graph_sum_begin(r->g);
    assert(r->share); /* the loss's own, at least */
    for (uint32_t s = r->first[list][node]; s != GRAPH_NONE; s = r->share[s].next)
        graph_sum_add(r->g, &r->share[s].t);
    return graph_sum_end(r->g);
}

static graph_ref tangent_of(const reverse *r, uint32_t node)
{
    return r->tangent ? r->tangent[node] : graph_zero();
}

/* y = sum c f0 f1 f2: d/df_p = c times the others, whose tangents enter the second order. */
static void reverse_sum(reverse *r, const graph_node *node, graph_ref bar, graph_ref bar2)
{
    graph *g = r->g;
    for (uint32_t k = 0; k < node->b; k++) {
        graph_term t = g->term[node->a + k];
        int degree = graph_degree(&t);
        for (int p = 0; p < degree; p++) {
            if (!g->node[t.f[p]].active)
                continue;
            graph_ref factor[1 + GRAPH_DEGREE] = {bar};
            int n = 1 + other_factors(&t, p, -1, factor + 1);
            graph_give(r, 0, t.f[p], t.c, factor, n);
            factor[0] = bar2;
            graph_give(r, 1, t.f[p], t.c, factor, n);
            for (int q = 0; q < degree; q++) {
                if (q == p)
                    continue;
                graph_ref second[1 + GRAPH_DEGREE] = {bar, tangent_of(r, t.f[q])};
                graph_give(r, 1, t.f[p], t.c, second, 2 + other_factors(&t, p, q, second + 2));
            }
        }
    }
}

/* One operand x of y = f(..., x, ...): first is df/dx, second[k] d^2f/dx dz of operand z. */
static void reverse_operand(reverse *r, uint32_t fun, uint32_t x, int first, const int *second,
                            const uint32_t *z, int n_z, graph_ref bar, graph_ref bar2)
{
    if (!r->g->node[x].active)
        return;
    graph_ref factor[2] = {graph_part(r->g, fun, first), bar};
    graph_give(r, 0, x, 1.0, factor, 2);
    factor[1] = bar2;
    graph_give(r, 1, x, 1.0, factor, 2);
    for (int k = 0; k < n_z; k++) {
        graph_ref along = tangent_of(r, z[k]);
        if (graph_is_zero(along))
            continue;
        graph_ref cross[3] = {graph_part(r->g, fun, second[k]), along, bar};
        graph_give(r, 1, x, 1.0, cross, 3);
    }
}

static void reverse_fun(reverse *r, uint32_t id, const graph_node *node, graph_ref bar,
                        graph_ref bar2)
{
    uint32_t operand[2] = {node->a, node->b};
    if (node->b == GRAPH_NONE) {
        reverse_operand(r, id, node->a, 1, (const int[]){2}, operand, 1, bar, bar2);
        return;
    }
    reverse_operand(r, id, node->a, 1, (const int[]){3, 4}, operand, 2, bar, bar2);
    reverse_operand(r, id, node->b, 2, (const int[]){4, 5}, operand, 2, bar, bar2);
}

static void reverse_select(reverse *r, const graph_node *node, graph_ref bar, graph_ref bar2)
{
    const uint32_t side[2] = {node->b, node->c};
    for (int k = 0; k < 2; k++) {
        if (!r->g->node[side[k]].active)
            continue;
        const graph_ref both[2] = {bar, bar2};
        for (int list = 0; list < 2; list++) {
            graph_ref mine = k == 0 ? graph_select_ref(r->g, node->a, both[list], graph_zero())
                                    : graph_select_ref(r->g, node->a, graph_zero(), both[list]);
            graph_give(r, list, side[k], 1.0, &mine, 1);
        }
    }
}

static void reverse_all(reverse *r, graph_ref loss, graph_ref *gradient, graph_ref *product)
{
    graph *g = r->g;
    graph_give(r, 0, loss.node, 1.0, &(graph_ref){loss.c, GRAPH_NONE}, 1);
    for (uint32_t k = loss.node + 1; k-- > 0 && !g->error.status;) {
        graph_node node = g->node[k];
        if (node.kind == GRAPH_BLOCK && node.active)
            graph_reverse_block(r, k, &node);
        if (!node.active || node.kind == GRAPH_ELEMENT ||
            (r->first[0][k] == GRAPH_NONE && r->first[1][k] == GRAPH_NONE))
            continue;
        graph_ref bar = graph_collect(r, 0, k), bar2 = graph_collect(r, 1, k);
        switch ((graph_kind)node.kind) {
        case GRAPH_PARAM:
            gradient[node.a] = bar;
            if (product)
                product[node.a] = bar2;
            break;
        case GRAPH_SUM:
            reverse_sum(r, &node, bar, bar2);
            break;
        case GRAPH_FUN:
            reverse_fun(r, k, &node, bar, bar2);
            break;
        case GRAPH_SELECT:
            reverse_select(r, &node, bar, bar2);
            break;
        default:
            break;
        }
    }
}

void graph_reverse(graph *g, size_t n, graph_ref loss, const graph_ref *tangent,
                   graph_ref *gradient, graph_ref *product)
{
    assert(!product || tangent);
    for (size_t j = 0; j < g->n_params; j++) {
        gradient[j] = graph_zero();
        if (product)
            product[j] = graph_zero();
    }
    if (loss.node == GRAPH_NONE || g->error.status)
        return;
    reverse r = {.g = g, .tangent = tangent};
    uint32_t *lists = meka_alloc(4 * n, sizeof *lists, &g->error);
    if (lists) {
        memset(lists, 0xff, 4 * n * sizeof *lists);
        for (int k = 0; k < 2; k++) {
            r.first[k] = lists + (size_t)(2 * k) * n;
            r.last[k] = lists + (size_t)(2 * k + 1) * n;
        }
        graph_count_weights(&r, loss.node);
        reverse_all(&r, loss, gradient, product);
    }
    free(lists);
    free(r.share);
    free(r.weights);
}
