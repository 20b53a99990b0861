/* Taylor coefficients along the direction as nodes of the graph. */
#include "ad/graph.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

static graph_ref whole(uint32_t node)
{
    return (graph_ref){1.0, node};
}

/* Coefficients 1..order of every node; number 0 is the node itself. */
typedef struct jets {
    graph *g;
    int order;
    graph_ref *c; /* [n][order] */
} jets;

static graph_ref jet(const jets *j, uint32_t node, int k)
{
    return k == 0 ? whole(node) : j->c[node * (size_t)j->order + (size_t)k - 1];
}

/* Coefficient k of sum c f0 f1 f2 (Cauchy's product). */
static graph_ref sum_coefficient(const jets *j, const graph_node *node, int k)
{
    graph *g = j->g;
    graph_sum_begin(g);
    for (uint32_t i = 0; i < node->b; i++) {
        graph_term t = g->term[node->a + i];
        int degree = graph_degree(&t);
        for (int p = 0; p <= k && degree > 0; p++) {
            for (int q = 0; q <= k - p; q++) {
                int order[GRAPH_DEGREE] = {p, q, k - p - q}, left = k;
                graph_ref factor[GRAPH_DEGREE];
                for (int f = 0; f < degree; f++) {
                    left -= order[f];
                    factor[f] = jet(j, t.f[f], order[f]);
                }
                if (left == 0)
                    graph_add_product(g, t.c, factor, degree);
            }
        }
    }
    return graph_sum_end(g);
}

static graph_ref product_of(graph *g, graph_ref x, graph_ref y)
{
    graph_sum_begin(g);
    graph_add_product(g, 1.0, (const graph_ref[]){x, y}, 2);
    graph_ref r = graph_sum_end(g);
    return r;
}

/* A summand c * partial * x * y of a function's coefficient. */
typedef struct summand {
    double c;
    int part;
    graph_ref x, y;
} summand;

static graph_ref add_summands(graph *g, uint32_t fun, const summand *s, int n)
{
    graph_ref factor[32][3];
    assert(n <= 32);
    for (int k = 0; k < n; k++) { /* before the sum begins: these may add nodes */
        bool zero = graph_is_zero(s[k].x) || graph_is_zero(s[k].y);
        factor[k][0] = zero ? graph_zero() : graph_part(g, fun, s[k].part);
        factor[k][1] = s[k].x;
        factor[k][2] = s[k].y;
    }
    graph_sum_begin(g);
    for (int k = 0; k < n; k++)
        graph_add_product(g, s[k].c, factor[k], 3);
    return graph_sum_end(g);
}

/* Coefficients of f(x) and f(a, b) by Faa di Bruno's formula (Griewank and Walther 2008,
 * chapter 13). */
static graph_ref unary_coefficient(const jets *j, uint32_t id, const graph_node *node, int k)
{
    const graph_ref one = {1.0, GRAPH_NONE};
    graph_ref x1 = jet(j, node->a, 1), x2 = graph_zero(), x3 = graph_zero();
    if (k >= 2)
        x2 = jet(j, node->a, 2);
    if (k >= 3)
        x3 = jet(j, node->a, 3);
    if (k == 1)
        return add_summands(j->g, id, &(summand){1.0, 1, x1, one}, 1);
    if (k == 2)
        return add_summands(j->g, id, (const summand[]){{1.0, 1, x2, one}, {0.5, 2, x1, x1}},
                            2);
    graph_ref x1x1 = product_of(j->g, x1, x1);
    return add_summands(
        j->g, id,
        (const summand[]){{1.0, 1, x3, one}, {1.0, 2, x1, x2}, {1.0 / 6.0, 3, x1, x1x1}}, 3);
}

static graph_ref binary_coefficient(const jets *j, uint32_t id, const graph_node *node, int k)
{
    const graph_ref one = {1.0, GRAPH_NONE};
    graph_ref a[4], b[4];
    for (int i = 1; i <= 3; i++) {
        a[i] = i <= k ? jet(j, node->a, i) : graph_zero();
        b[i] = i <= k ? jet(j, node->b, i) : graph_zero();
    }
    if (k == 1)
        return add_summands(j->g, id, (const summand[]){{1, 1, a[1], one}, {1, 2, b[1], one}},
                            2);
    if (k == 2)
        return add_summands(j->g, id,
                            (const summand[]){{1, 1, a[2], one},
                                              {1, 2, b[2], one},
                                              {0.5, 3, a[1], a[1]},
                                              {1, 4, a[1], b[1]},
                                              {0.5, 5, b[1], b[1]}},
                            5);
    graph_ref aa = product_of(j->g, a[1], a[1]), bb = product_of(j->g, b[1], b[1]);
    const double sixth = 1.0 / 6.0;
    return add_summands(j->g, id,
                        (const summand[]){{1, 1, a[3], one},
                                          {1, 2, b[3], one},
                                          {1, 3, a[1], a[2]},
                                          {1, 4, a[1], b[2]},
                                          {1, 4, a[2], b[1]},
                                          {1, 5, b[1], b[2]},
                                          {sixth, 6, a[1], aa},
                                          {0.5, 7, aa, b[1]},
                                          {0.5, 8, a[1], bb},
                                          {sixth, 9, b[1], bb}},
                        10);
}

static graph_ref coefficient(const jets *j, uint32_t id, int k)
{
    graph_node node = j->g->node[id];
    switch ((graph_kind)node.kind) {
    case GRAPH_PARAM:
        return k == 1 ? whole(graph_input(j->g, GRAPH_ALONG, node.a)) : graph_zero();
    case GRAPH_SUM:
        return sum_coefficient(j, &node, k);
    case GRAPH_FUN:
        return node.b == GRAPH_NONE ? unary_coefficient(j, id, &node, k)
                                    : binary_coefficient(j, id, &node, k);
    case GRAPH_SELECT:
        return graph_select_ref(j->g, node.a, jet(j, node.b, k), jet(j, node.c, k));
    default:
        return graph_zero();
    }
}

/* Coefficient k of a node as an array's elements need it. */
typedef struct look {
    const jets *j;
    int k;
} look;

static graph_ref look_up(const void *ctx, uint32_t node)
{
    const look *l = ctx;
    return jet(l->j, node, l->k);
}

/* Coefficients of a recorded block's elements: Cauchy's product. */
static void block_coefficients(const jets *j, uint32_t id, const graph_node *node)
{
    graph *g = j->g;
    graph_block b = g->block[node->a];
    size_t n = ad_block_size(&b.shape, b.part);
    graph_ref *out = meka_alloc(n, sizeof *out, &g->error);
    for (int k = 1; out && k <= j->order; k++) {
        uint32_t pair[GRAPH_PAIRS][2], n_pairs = 0;
        for (int p = 0; p <= k; p++) {
            look w = {j, p}, x = {j, k - p};
            pair[n_pairs][0] = graph_map_array(g, b.pair[0][0], look_up, &w);
            pair[n_pairs][1] = graph_map_array(g, b.pair[0][1], look_up, &x);
            n_pairs += pair[n_pairs][0] != GRAPH_NONE && pair[n_pairs][1] != GRAPH_NONE;
        }
        graph_add_block(g, &b.shape, b.part, pair, n_pairs, out);
        for (size_t e = 0; e < n; e++)
            j->c[(id + 1 + e) * (size_t)j->order + (size_t)k - 1] = out[e];
    }
    free(out);
}

void graph_taylor(graph *g, size_t n, graph_ref loss, int order, graph_ref *out)
{
    jets j = {.g = g, .order = order};
    for (int k = 0; k < order; k++)
        out[k] = graph_zero();
    if (loss.node == GRAPH_NONE || g->error.status)
        return;
    j.c = meka_alloc(n, (size_t)order * sizeof *j.c, &g->error);
    if (!j.c)
        return;
    for (uint32_t id = 0; id < n && !g->error.status; id++) {
        graph_node node = g->node[id];
        if (node.kind == GRAPH_BLOCK)
            block_coefficients(&j, id, &node);
        if (node.kind == GRAPH_BLOCK || node.kind == GRAPH_ELEMENT)
            continue; /* written with their block */
        for (int k = 1; k <= order; k++)
            j.c[id * (size_t)order + (size_t)k - 1] =
                g->node[id].active ? coefficient(&j, id, k) : graph_zero();
    }
    for (int k = 1; k <= order && !g->error.status; k++) {
        graph_ref r = jet(&j, loss.node, k);
        r.c *= loss.c;
        out[k - 1] = r;
    }
    free(j.c);
}
