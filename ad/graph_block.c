/* Bilinear blocks as nodes of the graph.
 *
 * T(w, x, z) is linear in each argument, so whatever becomes of a block by differentiation is a
 * sum of derivatives of T, of other arrays of nodes: a block again. */
#include "ad/graph.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ----------------------------------------------------------------------------- arrays */

static uint64_t hash_list(const uint32_t *list, size_t n)
{
    uint64_t h = n;
    for (size_t k = 0; k < n; k++) {
        h = (h ^ list[k]) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    return h;
}

/* The last n entries of the list as an array, or an equal one that was there. */
static uint32_t finish_array(graph *g, size_t n)
{
    graph_array a = {.first = g->n_list - n, .n = n};
    a.hash = hash_list(g->list + a.first, n);
    for (uint32_t k = 0; k < g->n_arrays && !g->error.status; k++) {
        const graph_array *other = &g->array[k];
        if (other->hash == a.hash && other->n == n &&
            memcmp(graph_list(g, k), g->list + a.first, n * sizeof *g->list) == 0) {
            g->n_list = a.first;
            return k;
        }
    }
    if (g->error.status ||
        meka_grow(&g->array, &g->array_capacity, g->n_arrays + 1, sizeof a, &g->error))
        return 0;
    g->array[g->n_arrays] = a;
    return (uint32_t)g->n_arrays++;
}

uint32_t graph_array_of(graph *g, const graph_ref *element, size_t n)
{
    if (g->error.status ||
        meka_grow(&g->list, &g->list_capacity, g->n_list + n, sizeof *g->list, &g->error))
        return 0;
    for (size_t k = 0; k < n; k++)
        g->list[g->n_list++] = graph_materialize(g, element[k]);
    return finish_array(g, n);
}

uint32_t graph_map_array(graph *g, uint32_t array, graph_look_up *look_up, const void *ctx)
{
    size_t n = g->array[array].n;
    bool any = false;
    for (size_t k = 0; k < n && !any; k++)
        any = !graph_is_zero(look_up(ctx, graph_list(g, array)[k]));
    if (!any || g->error.status ||
        meka_grow(&g->list, &g->list_capacity, g->n_list + n, sizeof *g->list, &g->error))
        return GRAPH_NONE;
    for (size_t k = 0; k < n; k++) {
        graph_ref r = look_up(ctx, graph_list(g, array)[k]);
        g->list[g->n_list++] = graph_materialize(g, r);
    }
    return finish_array(g, n);
}

void graph_truncate_blocks(graph *g, size_t n_blocks, size_t n_arrays)
{
    g->n_blocks = n_blocks;
    g->n_list = n_arrays < g->n_arrays ? g->array[n_arrays].first : g->n_list;
    g->n_arrays = n_arrays;
}

bool graph_is_kept(const graph *g, size_t block)
{
    /* Products per element from which on these take longer than writing and reading it; of a
     * sparse x there are few. */
    const size_t least = 256;
    const graph_block *b = &g->block[block];
    return block < g->n_recorded && b->part == AD_BLOCK_Z && !b->shape.n_terms &&
           (size_t)b->shape.channels_in * b->shape.kernel * b->shape.kernel >= least;
}

bool graph_stands_together(const graph *g, uint32_t array, graph_kind kind, uint32_t *first)
{
    const graph_array *a = &g->array[array];
    const uint32_t *list = graph_list(g, array);
    *first = g->node[list[0]].a;
    for (size_t k = 0; k < a->n; k++)
        if (g->node[list[k]].kind != kind || g->node[list[k]].a != *first + k)
            return false;
    return true;
}

size_t graph_factored_block(const graph *g)
{
    size_t best = SIZE_MAX, most = 0;
    uint32_t first;
    for (size_t k = 0; k < g->n_recorded; k++) {
        const graph_block *b = &g->block[k];
        size_t size = ad_block_size(&b->shape, AD_BLOCK_W);
        if (size > most && graph_is_kept(g, k) &&
            size == (size_t)b->shape.channels_in * b->shape.channels_out &&
            graph_stands_together(g, b->pair[0][0], GRAPH_PARAM, &first) &&
            graph_stands_together(g, b->pair[0][1], GRAPH_FEATURE, &first)) {
            best = k;
            most = size;
        }
    }
    return best;
}

static size_t kept_before(const graph *g, size_t block)
{
    size_t n = 0;
    for (size_t k = 0; k < block; k++)
        n += graph_is_kept(g, k) ? ad_block_size(&g->block[k].shape, AD_BLOCK_Z) : 0;
    return n;
}

size_t graph_n_kept(const graph *g, bool along)
{
    size_t block = along ? graph_factored_block(g) : SIZE_MAX;
    return kept_before(g, g->n_recorded) +
           (block == SIZE_MAX ? 0 : ad_block_size(&g->block[block].shape, AD_BLOCK_Z));
}

/* The block is the other one with the direction for its parameters. */
static bool is_along(const graph *g, const graph_block *b, const graph_block *other)
{
    uint32_t first, along;
    return b->part == AD_BLOCK_Z && b->n_pairs == 1 && b->pair[0][1] == other->pair[0][1] &&
           memcmp(&b->shape, &other->shape, sizeof b->shape) == 0 &&
           graph_stands_together(g, other->pair[0][0], GRAPH_PARAM, &first) &&
           graph_stands_together(g, b->pair[0][0], GRAPH_ALONG, &along) && along == first;
}

uint32_t graph_kept_number(const graph *g, size_t block)
{
    if (graph_is_kept(g, block))
        return (uint32_t)kept_before(g, block);
    size_t other = graph_factored_block(g);
    if (other != SIZE_MAX && is_along(g, &g->block[block], &g->block[other]))
        return (uint32_t)graph_n_kept(g, false);
    return UINT32_MAX;
}

/* ----------------------------------------------------------------- written out as sums */

/* Terms of the elements of a block's result, linked by element. */
typedef struct product {
    uint32_t x, y; /* nodes */
    uint32_t next;
} product;

typedef struct expansion {
    product *product;
    size_t n, capacity;
    uint32_t *first, *last; /* [size of part] */
} expansion;

static void add_term(graph *g, expansion *e, size_t to, uint32_t x, uint32_t y)
{
    if (e->n >= GRAPH_NONE)
        meka_fail(&g->error, MEKA_ERR_RANGE,
                  "the blocks of this objective have more than 4294967294 products");
    if (g->error.status ||
        meka_grow(&e->product, &e->capacity, e->n + 1, sizeof *e->product, &g->error))
        return;
    e->product[e->n] = (product){x, y, GRAPH_NONE};
    if (e->first[to] == GRAPH_NONE)
        e->first[to] = (uint32_t)e->n;
    else
        e->product[e->last[to]].next = (uint32_t)e->n;
    e->last[to] = (uint32_t)e->n++;
}

static void add_pair(graph *g, expansion *e, const ad_block_shape *s, ad_block_part part,
                     const uint32_t *a, const uint32_t *b)
{
    size_t n_z = ad_block_size(s, AD_BLOCK_Z);
    for (size_t z = 0; z < n_z && !g->error.status; z++) {
        ad_block_cursor c;
        ad_block_run run;
        ad_block_begin(&c, s, z);
        while (ad_block_next(&c, &run)) {
            for (size_t k = 0; k < run.n; k++) {
                size_t w = run.w + k, x = run.x + k;
                if (part == AD_BLOCK_Z)
                    add_term(g, e, z, a[w], b[x]);
                else if (part == AD_BLOCK_X)
                    add_term(g, e, x, a[w], b[z]);
                else
                    add_term(g, e, w, a[x], b[z]);
            }
        }
    }
}

/* Constants are coefficients; 0, such as the tangent of what has none, is no term. */
static graph_ref value_of(const graph *g, uint32_t node)
{
    const graph_node *n = &g->node[node];
    return n->kind == GRAPH_CONST ? (graph_ref){g->real[n->a], GRAPH_NONE}
                                  : (graph_ref){1.0, node};
}

static void sum_up(graph *g, const expansion *e, size_t n, graph_ref *out)
{
    for (size_t k = 0; k < n && !g->error.status; k++) {
        graph_sum_begin(g);
        for (uint32_t t = e->first[k]; t != GRAPH_NONE; t = e->product[t].next) {
            graph_ref factor[2] = {value_of(g, e->product[t].x), value_of(g, e->product[t].y)};
            graph_add_product(g, 1.0, factor, 2);
        }
        out[k] = graph_sum_end(g);
    }
}

static void expand(graph *g, const graph_block *b, size_t n, graph_ref *out)
{
    expansion e = {0};
    uint32_t *ends = meka_alloc(n, 2 * sizeof *ends, &g->error);
    if (!ends)
        return;
    memset(ends, 0xff, 2 * n * sizeof *ends);
    e.first = ends;
    e.last = ends + n;
    for (uint32_t k = 0; k < b->n_pairs; k++)
        add_pair(g, &e, &b->shape, b->part, graph_list(g, b->pair[k][0]),
                 graph_list(g, b->pair[k][1]));
    sum_up(g, &e, n, out);
    free(e.product);
    free(ends);
}

/* ----------------------------------------------------------------------------- blocks */

static void mark_node(const graph *g, graph_node *n, uint32_t array)
{
    const graph_array *a = &g->array[array];
    for (size_t k = 0; k < a->n && !(n->varying && n->active); k++) {
        const graph_node *x = &g->node[g->list[a->first + k]];
        n->varying = n->varying || x->varying;
        n->active = n->active || x->active;
    }
}

/* The node of a block and, after it, those of its n elements. */
static uint32_t block_node(graph *g, const graph_block *b, const graph_node *node, size_t n)
{
    if (g->error.status ||
        meka_grow(&g->block, &g->block_capacity, g->n_blocks + 1, sizeof *b, &g->error))
        return 0;
    g->block[g->n_blocks++] = *b;
    size_t before = g->n_nodes;
    uint32_t id = graph_intern(g, node);
    if (id < before)
        g->n_blocks--; /* with its elements it was there already */
    for (size_t k = 0; k < n && id >= before && !g->error.status; k++) {
        graph_node element = {.kind = GRAPH_ELEMENT,
                              .varying = true,
                              .active = node->active,
                              .a = id,
                              .b = (uint32_t)k};
        graph_append(g, &element);
    }
    return id;
}

/* The block that is meant, and a node with its flags. */
static graph_block describe(graph *g, const ad_block_shape *s, ad_block_part part,
                            uint32_t (*pair)[2], uint32_t n_pairs, graph_node *node)
{
    graph_block b;
    assert(n_pairs <= GRAPH_PAIRS);
    memset(&b, 0, sizeof b); /* blocks are compared as memory */
    b.shape = *s;
    b.part = part;
    b.n_pairs = n_pairs;
    *node = (graph_node){.kind = GRAPH_BLOCK, .a = (uint32_t)g->n_blocks};
    for (uint32_t k = 0; k < 2 * n_pairs && !g->error.status; k++) {
        b.pair[k / 2][k % 2] = pair[k / 2][k % 2];
        mark_node(g, node, pair[k / 2][k % 2]);
    }
    return b;
}

void graph_add_sums(graph *g, const ad_block_shape *s, ad_block_part part, uint32_t (*pair)[2],
                    uint32_t n_pairs, graph_ref *out)
{
    graph_node node;
    graph_block b = describe(g, s, part, pair, n_pairs, &node);
    size_t n = ad_block_size(s, part);
    for (size_t k = 0; k < n; k++)
        out[k] = graph_zero();
    if (n_pairs > 0 && s->n_terms)
        graph_add_sparse_sums(g, s, part, pair, n_pairs, out);
    else if (n_pairs > 0 && !g->error.status)
        expand(g, &b, n, out);
}

void graph_add_block(graph *g, const ad_block_shape *s, ad_block_part part, uint32_t (*pair)[2],
                     uint32_t n_pairs, graph_ref *out)
{
    graph_node node;
    graph_block b = describe(g, s, part, pair, n_pairs, &node);
    size_t n = ad_block_size(s, part);
    if (n_pairs == 0 || !node.varying || !(g->passes & AD_PASS_BLOCK)) {
        graph_add_sums(g, s, part, pair, n_pairs, out);
        return;
    }
    uint32_t id = block_node(g, &b, &node, n);
    for (size_t k = 0; k < n; k++)
        out[k] = g->error.status ? graph_zero() : (graph_ref){1.0, id + 1 + (uint32_t)k};
}
