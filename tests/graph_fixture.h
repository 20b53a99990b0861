/* tests/graph_fixture.h - objectives drawn as graphs, and what to look for in these. */
#ifndef TESTS_GRAPH_FIXTURE_H
#define TESTS_GRAPH_FIXTURE_H

#include "ad/graph.h"
#include "tests/testing.h"

#include <stdlib.h>

enum { d = 8, m = 8 };
#define NONE GRAPH_NONE

typedef ad_var (*recorder)(ad_tape *, const ad_var *theta, const ad_var *xi, const void *ctx);

typedef struct drawing {
    ad_tape tape;
    graph g;
    graph_ref loss;
    size_t n; /* nodes of the recorded code */
} drawing;

static inline drawing draw_with(recorder record, const void *ctx, unsigned passes)
{
    static const double theta[d], xi[m];
    ad_objective o = {
        .name = "drawn", .n_params = d, .n_features = m, .record = record, .ctx = ctx};
    drawing p;
    meka_error err = {0};
    ad_tape_init(&p.tape);
    assert_ok(ad_tape_record(&p.tape, &o, theta, xi, &err), err);
    graph_init(&p.g, d, m, passes);
    p.loss = graph_from_code(&p.g, &p.tape.code);
    p.n = p.g.n_nodes;
    assert_ok(p.g.error.status, p.g.error);
    return p;
}

static inline drawing draw(recorder record)
{
    return draw_with(record, NULL, AD_PASS_ALL);
}

static inline void erase(drawing *p)
{
    ad_tape_clear(&p->tape);
    graph_clear(&p->g);
}

static inline size_t count(const graph *g, graph_kind kind)
{
    size_t n = 0;
    for (size_t k = 0; k < g->n_nodes; k++)
        n += g->node[k].kind == kind;
    return n;
}

static inline uint32_t find(const graph *g, graph_kind kind, uint32_t a)
{
    for (uint32_t k = 0; k < g->n_nodes; k++)
        if (g->node[k].kind == kind && g->node[k].a == a)
            return k;
    return GRAPH_NONE;
}
static inline uint32_t param(const drawing *p, uint32_t k)
{
    return find(&p->g, GRAPH_PARAM, k);
}
static inline uint32_t feature(const drawing *p, uint32_t k)
{
    return find(&p->g, GRAPH_FEATURE, k);
}
static inline uint32_t along(const drawing *p, uint32_t k)
{
    return find(&p->g, GRAPH_ALONG, k);
}

/* The node that the reference is exactly, a sum of n terms. */
static inline const graph_node *sum_of(const graph *g, graph_ref r, uint32_t n)
{
    ck_assert(r.c == 1.0 && r.node < g->n_nodes);
    const graph_node *node = &g->node[r.node];
    ck_assert_int_eq(node->kind, GRAPH_SUM);
    ck_assert_uint_eq(node->b, n);
    return node;
}

/* Among the sum's terms is c x y z, in any order; absent ones are GRAPH_NONE. */
static inline bool has_term(const graph *g, const graph_node *sum, double c, uint32_t x,
                            uint32_t y, uint32_t z)
{
    const uint32_t f[3] = {x, y, z};
    static const int order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (uint32_t k = 0; k < sum->b; k++) {
        const graph_term *t = &g->term[sum->a + k];
        for (int i = 0; i < 6 && t->c == c; i++)
            if (t->f[0] == f[order[i][0]] && t->f[1] == f[order[i][1]] &&
                t->f[2] == f[order[i][2]])
                return true;
    }
    return false;
}

/* gradient and product [d]; product NULL: gradient only. */
static inline void differentiate(drawing *p, graph_ref *gradient, graph_ref *product)
{
    graph_ref *tangent = calloc(p->n, sizeof *tangent);
    graph_tangents(&p->g, p->n, tangent);
    graph_reverse(&p->g, p->n, p->loss, tangent, gradient, product);
    assert_ok(p->g.error.status, p->g.error);
    free(tangent);
}

#endif
