#include "ad/graph.h"

#include "base/memory.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void graph_init(graph *g, size_t n_params, size_t n_features, unsigned passes)
{
    memset(g, 0, sizeof *g);
    g->n_params = n_params;
    g->n_features = n_features;
    g->passes = passes;
}

void graph_clear(graph *g)
{
    free(g->node);
    free(g->term);
    free(g->real);
    free(g->table);
    free(g->block);
    free(g->array);
    free(g->list);
    free(g->pending);
    memset(g, 0, sizeof *g);
}

/* ------------------------------------------------------------------ sharing by content */

static uint64_t mix(uint64_t h, uint64_t x)
{
    h = (h ^ x) * 0x9e3779b97f4a7c15u; /* the golden ratio: spreads neighbouring numbers */
    return h ^ (h >> 29);
}

static uint64_t bits(double x)
{
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

/* The factors in order of their numbers: x y and y x are equal.  They are evaluated as
 * recorded, since the order may be what keeps a product in range. */
static graph_term canonical(const graph_term *t)
{
    graph_term s = *t;
    for (int k = 1; k < GRAPH_DEGREE; k++) {
        uint32_t f = s.f[k];
        int at = k;
        for (; at > 0 && s.f[at - 1] > f; at--)
            s.f[at] = s.f[at - 1];
        s.f[at] = f;
    }
    return s;
}

static bool same_factors(const graph_term *x, const graph_term *y)
{
    graph_term s = canonical(x), t = canonical(y);
    return memcmp(s.f, t.f, sizeof s.f) == 0;
}

static uint64_t hash_block(const graph_block *b)
{
    uint64_t h = mix(b->part, b->n_pairs);
    h = mix(mix(h, b->shape.channels_in), b->shape.channels_out);
    for (uint32_t k = 0; k < b->n_pairs; k++)
        h = mix(mix(h, b->pair[k][0]), b->pair[k][1]);
    return h;
}

static uint64_t hash_node(const graph *g, const graph_node *n)
{
    uint64_t h = mix(n->kind, n->op);
    if (n->kind == GRAPH_CONST)
        return mix(h, bits(g->real[n->a]));
    if (n->kind == GRAPH_BLOCK)
        return mix(h, hash_block(&g->block[n->a]));
    if (n->kind != GRAPH_SUM)
        return mix(mix(mix(h, n->a), n->b), n->c);
    for (uint32_t k = 0; k < n->b; k++) {
        graph_term t = canonical(&g->term[n->a + k]);
        h = mix(mix(mix(mix(h, bits(t.c)), t.f[0]), t.f[1]), t.f[2]);
    }
    return h;
}

static bool same_node(const graph *g, const graph_node *x, const graph_node *y)
{
    if (x->kind != y->kind || x->op != y->op)
        return false;
    if (x->kind == GRAPH_CONST)
        return bits(g->real[x->a]) == bits(g->real[y->a]);
    if (x->kind == GRAPH_BLOCK)
        return memcmp(&g->block[x->a], &g->block[y->a], sizeof *g->block) == 0;
    if (x->kind != GRAPH_SUM)
        return x->a == y->a && x->b == y->b && x->c == y->c;
    if (x->b != y->b)
        return false;
    for (uint32_t k = 0; k < x->b; k++) {
        const graph_term *s = &g->term[x->a + k], *t = &g->term[y->a + k];
        if (bits(s->c) != bits(t->c) || !same_factors(s, t))
            return false;
    }
    return true;
}

static uint32_t *find_place(const graph *g, uint32_t *table, size_t size, const graph_node *n)
{
    size_t at = hash_node(g, n) & (size - 1);
    while (table[at] != GRAPH_NONE && !same_node(g, &g->node[table[at]], n))
        at = (at + 1) & (size - 1);
    return &table[at];
}

/* A table with room for twice as many nodes as there are, and those in it. */
static bool rebuild_table(graph *g)
{
    size_t size = 64, n = 0;
    for (size_t k = 0; k < g->n_nodes; k++)
        n += g->node[k].kind != GRAPH_ELEMENT; /* these come with their block */
    while (size < 4 * n)
        size *= 2;
    uint32_t *table = meka_alloc(size, sizeof *table, &g->error);
    if (!table)
        return false;
    memset(table, 0xff, size * sizeof *table);
    for (size_t k = 0; k < g->n_nodes; k++)
        if (g->node[k].kind != GRAPH_ELEMENT)
            *find_place(g, table, size, &g->node[k]) = (uint32_t)k;
    free(g->table);
    g->n_interned = n;
    g->table = table;
    g->table_size = size;
    return true;
}

void graph_truncate(graph *g, size_t n_nodes, size_t n_terms)
{
    g->n_nodes = n_nodes;
    g->n_terms = n_terms;
    if (!g->error.status)
        rebuild_table(g);
}

/* Inputs are always shared: they are the same input. */
uint32_t graph_intern(graph *g, const graph_node *n)
{
    bool share = g->passes & AD_PASS_SHARE || n->kind == GRAPH_PARAM ||
                 n->kind == GRAPH_ALONG || n->kind == GRAPH_FEATURE || n->kind == GRAPH_PART;
    uint32_t *place = NULL;
    if (g->error.status || (2 * g->n_interned >= g->table_size && !rebuild_table(g)))
        return 0;
    if (share) {
        place = find_place(g, g->table, g->table_size, n);
        if (*place != GRAPH_NONE)
            return *place;
    }
    uint32_t id = graph_append(g, n);
    if (place && !g->error.status) {
        *place = id;
        g->n_interned++;
    }
    return id;
}

uint32_t graph_append(graph *g, const graph_node *n)
{
    if (g->error.status)
        return 0;
    if (g->n_nodes >= GRAPH_NONE - 1) {
        meka_fail(&g->error, MEKA_ERR_RANGE,
                  "the derivatives of this objective have more than 4294967294 values");
        return 0;
    }
    if (meka_grow(&g->node, &g->node_capacity, g->n_nodes + 1, sizeof *g->node, &g->error))
        return 0;
    g->node[g->n_nodes] = *n;
    return (uint32_t)g->n_nodes++;
}

/* ------------------------------------------------------------------------------ nodes */

void graph_operands(const graph *g, const graph_node *n, graph_visit *visit, void *ctx)
{
    switch ((graph_kind)n->kind) {
    case GRAPH_SUM:
        for (uint32_t k = 0; k < n->b; k++)
            for (int j = 0; j < GRAPH_DEGREE; j++)
                if (g->term[n->a + k].f[j] != GRAPH_NONE)
                    visit(ctx, g->term[n->a + k].f[j]);
        break;
    case GRAPH_FUN:
        visit(ctx, n->a);
        if (n->b != GRAPH_NONE)
            visit(ctx, n->b);
        break;
    case GRAPH_PART:
        visit(ctx, n->a);
        break;
    case GRAPH_SELECT:
        visit(ctx, n->a);
        visit(ctx, n->b);
        visit(ctx, n->c);
        break;
    case GRAPH_BLOCK: {
        const graph_block *b = &g->block[n->a];
        for (uint32_t k = 0; k < 2 * b->n_pairs; k++) {
            const graph_array *array = &g->array[b->pair[k / 2][k % 2]];
            for (size_t j = 0; j < array->n; j++)
                visit(ctx, g->list[array->first + j]);
        }
        break;
    }
    case GRAPH_ELEMENT:
        visit(ctx, n->a);
        break;
    default:
        break;
    }
}

uint32_t graph_const(graph *g, double value)
{
    if (meka_grow(&g->real, &g->real_capacity, g->n_reals + 1, sizeof *g->real, &g->error))
        return 0;
    g->real[g->n_reals++] = value;
    graph_node n = {.kind = GRAPH_CONST, .a = (uint32_t)(g->n_reals - 1)};
    size_t before = g->n_nodes;
    uint32_t id = graph_intern(g, &n);
    if (g->n_nodes == before && g->n_reals > 0)
        g->n_reals--; /* it was there already */
    return id;
}

uint32_t graph_input(graph *g, graph_kind kind, uint32_t index)
{
    bool uniform = kind != GRAPH_FEATURE && g->passes & AD_PASS_UNIFORM;
    graph_node n = {
        .kind = (uint8_t)kind, .a = index, .varying = !uniform, .active = kind == GRAPH_PARAM};
    return graph_intern(g, &n);
}

static bool is_varying(const graph *g, uint32_t node)
{
    return node != GRAPH_NONE && !g->error.status && g->node[node].varying;
}
static bool is_active(const graph *g, uint32_t node)
{
    return node != GRAPH_NONE && !g->error.status && g->node[node].active;
}

/* Which partials of which row of ops.def are not the literal 0. */
static bool part_is_absent(ad_op op, int k)
{
    static const char *const text[AD_N_OPS][GRAPH_N_PARTS] = {
#define AD_OP1(name, v, d1, d2, d3) [AD_OP_##name] = {"", #d1, #d2, #d3},
#define AD_OP2(name, v, da, db, daa, dab, dbb, daaa, daab, dabb, dbbb)                         \
    [AD_OP_##name] = {"", #da, #db, #daa, #dab, #dbb, #daaa, #daab, #dabb, #dbbb},
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
    };
    return strcmp(text[op][k], "0") == 0;
}

uint32_t graph_fun(graph *g, ad_op op, uint32_t a, uint32_t b)
{
    bool derivative = !part_is_absent(op, 1) || (b != GRAPH_NONE && !part_is_absent(op, 2));
    graph_node n = {.kind = GRAPH_FUN,
                    .op = (uint8_t)op,
                    .varying = is_varying(g, a) || is_varying(g, b),
                    .active = derivative && (is_active(g, a) || is_active(g, b)),
                    .a = a,
                    .b = b};
    return graph_intern(g, &n);
}

graph_ref graph_part(graph *g, uint32_t fun, int k)
{
    if (g->error.status || part_is_absent((ad_op)g->node[fun].op, k))
        return graph_zero();
    graph_node n = {.kind = GRAPH_PART,
                    .op = (uint8_t)k,
                    .varying = g->node[fun].varying,
                    .active = g->node[fun].active,
                    .a = fun};
    return (graph_ref){1.0, graph_intern(g, &n)};
}

uint32_t graph_select(graph *g, uint32_t condition, uint32_t a, uint32_t b)
{
    graph_node n = {.kind = GRAPH_SELECT,
                    .varying = is_varying(g, condition) || is_varying(g, a) || is_varying(g, b),
                    .active = is_active(g, a) || is_active(g, b),
                    .a = condition,
                    .b = a,
                    .c = b};
    return graph_intern(g, &n);
}

uint32_t graph_materialize(graph *g, graph_ref r)
{
    if (r.node == GRAPH_NONE)
        return graph_const(g, r.c);
    return r.c == 1.0 ? r.node : graph_multiple(g, r);
}

uint32_t graph_multiple(graph *g, graph_ref r)
{
    graph_node n = {.kind = GRAPH_SUM,
                    .varying = is_varying(g, r.node),
                    .active = is_active(g, r.node),
                    .a = (uint32_t)g->n_terms,
                    .b = 1};
    if (g->error.status ||
        meka_grow(&g->term, &g->term_capacity, g->n_terms + 1, sizeof *g->term, &g->error))
        return 0;
    g->term[g->n_terms++] = (graph_term){r.c, {r.node, GRAPH_NONE, GRAPH_NONE}};
    size_t before = g->n_nodes;
    uint32_t id = graph_intern(g, &n);
    if (g->n_nodes == before)
        g->n_terms--;
    return id;
}

/* ------------------------------------------------------------------------------- sums */

graph_term graph_product(double c, const graph_ref *factor, int n)
{
    graph_term t = {c, {GRAPH_NONE, GRAPH_NONE, GRAPH_NONE}};
    int degree = 0;
    for (int k = 0; k < n; k++) {
        t.c *= factor[k].c;
        if (factor[k].node == GRAPH_NONE)
            continue;
        assert(degree < GRAPH_DEGREE);
        t.f[degree++] = factor[k].node;
    }
    return t;
}

void graph_sum_begin(graph *g)
{
    g->n_pending = 0;
}

/* How far back a like term is looked for: what derivatives of products bring forth stands
 * close together. */
enum { LOOK_BACK = 4 };

void graph_sum_add(graph *g, const graph_term *t)
{
    for (size_t k = g->n_pending; k > 0 && k + LOOK_BACK > g->n_pending; k--) {
        graph_term *earlier = &g->pending[k - 1];
        if (same_factors(earlier, t)) {
            earlier->c += t->c;
            return;
        }
    }
    if (g->error.status || meka_grow(&g->pending, &g->pending_capacity, g->n_pending + 1,
                                     sizeof *g->pending, &g->error))
        return;
    g->pending[g->n_pending++] = *t;
}

graph_ref graph_sum_end(graph *g)
{
    if (g->error.status || g->n_pending == 0)
        return graph_zero();
    const graph_term *first = &g->pending[0];
    if (g->n_pending == 1 && graph_degree(first) <= 1)
        return (graph_ref){first->c, first->f[0]};
    if (g->n_terms + g->n_pending >= UINT32_MAX) {
        meka_fail(&g->error, MEKA_ERR_RANGE,
                  "the derivatives of this objective have more than 4294967294 products");
        return graph_zero();
    }
    if (meka_grow(&g->term, &g->term_capacity, g->n_terms + g->n_pending, sizeof *g->term,
                  &g->error))
        return graph_zero();
    graph_node n = {.kind = GRAPH_SUM, .a = (uint32_t)g->n_terms, .b = (uint32_t)g->n_pending};
    memcpy(g->term + g->n_terms, g->pending, g->n_pending * sizeof *g->term);
    for (size_t k = 0; k < g->n_pending; k++) {
        for (int j = 0; j < GRAPH_DEGREE; j++) {
            n.varying = n.varying || is_varying(g, g->pending[k].f[j]);
            n.active = n.active || is_active(g, g->pending[k].f[j]);
        }
    }
    g->n_terms += g->n_pending;
    size_t before = g->n_nodes;
    uint32_t id = graph_intern(g, &n);
    if (g->n_nodes == before)
        g->n_terms -= g->n_pending;
    return (graph_ref){1.0, id};
}
