/* Tangents and adjoints of bilinear blocks: blocks again. */
#include "ad/graph_derive.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static graph_ref entry_of(const void *ctx, uint32_t node)
{
    return ((const graph_ref *)ctx)[node];
}

/* T's derivative is the sum over its arguments, each with its tangents in turn. */
void graph_block_tangents(graph *g, const graph_node *node, const graph_ref *tangent,
                          graph_ref *out)
{
    graph_block b = g->block[node->a];
    uint32_t pair[2 * GRAPH_PAIRS][2], n = 0;
    for (uint32_t k = 0; k < 2 * b.n_pairs; k++) {
        uint32_t which = k % 2, other = b.pair[k / 2][1 - which];
        uint32_t along = graph_map_array(g, b.pair[k / 2][which], entry_of, tangent);
        if (along == GRAPH_NONE)
            continue;
        pair[n][which] = along;
        pair[n++][1 - which] = other;
    }
    graph_add_block(g, &b.shape, b.part, pair, n, out);
}

/* Gives the derivatives of T with respect to `part` to the nodes of `array`. */
static void give_block(reverse *r, int list, const graph_block *b, ad_block_part part,
                       uint32_t array, uint32_t (*pair)[2], uint32_t n_pairs, graph_ref *room)
{
    graph *g = r->g;
    graph_add_block(g, &b->shape, part, pair, n_pairs, room);
    for (size_t k = 0; k < g->array[array].n && !g->error.status; k++) {
        uint32_t to = graph_list(g, array)[k];
        if (g->node[to].active)
            graph_give(r, list, to, 1.0, &room[k], 1);
    }
}

/* The entry of the block's weights; NULL: there is none. */
static weights *weights_of(const reverse *r, const graph_block *b)
{
    for (size_t k = 0; k < r->n_weights; k++)
        if (r->weights[k].array == b->pair[0][0] &&
            memcmp(&r->weights[k].shape, &b->shape, sizeof b->shape) == 0)
            return &r->weights[k];
    return NULL;
}

static bool any_active(const graph *g, uint32_t array)
{
    for (size_t k = 0; k < g->array[array].n; k++)
        if (g->node[graph_list(g, array)[k]].active)
            return true;
    return false;
}

void graph_count_weights(reverse *r, uint32_t last)
{
    graph *g = r->g;
    for (uint32_t k = 0; k <= last && !g->error.status; k++) {
        const graph_node *n = &g->node[k];
        if (n->kind != GRAPH_BLOCK || !n->active)
            continue;
        const graph_block *b = &g->block[n->a];
        weights *w = weights_of(r, b);
        if (!w && !meka_grow(&r->weights, &r->weights_capacity, r->n_weights + 1, sizeof *w,
                             &g->error)) {
            w = &r->weights[r->n_weights++];
            *w = (weights){.array = b->pair[0][0], .shape = b->shape};
        }
        if (w)
            w->n_uses++;
    }
}

/* Gives what was gathered for the weights. */
static void give_weights(reverse *r, const graph_block *b, weights *w, graph_ref *room)
{
    for (int list = 0; list < 2; list++) {
        if (w->n_pairs[list] > 0)
            give_block(r, list, b, AD_BLOCK_W, w->array, w->pair[list], w->n_pairs[list], room);
        w->n_pairs[list] = 0;
    }
}

/* Pairs of the derivatives of T with respect to argument `which` of the block, list 0, and of
 * their tangents, list 1, from the adjoints of z, bar[0], and their tangents, bar[1]
 * (GRAPH_NONE: zero). */
static void argument_pairs(reverse *r, const graph_block *b, int which, const uint32_t bar[2],
                           uint32_t (*pair[2])[2], uint32_t n[2])
{
    uint32_t other = b->pair[0][1 - which];
    n[0] = n[1] = 0;
    if (bar[0] != GRAPH_NONE)
        pair[0][n[0]][0] = other, pair[0][n[0]++][1] = bar[0];
    if (!r->tangent)
        return;
    uint32_t along = graph_map_array(r->g, other, entry_of, r->tangent);
    if (bar[1] != GRAPH_NONE)
        pair[1][n[1]][0] = other, pair[1][n[1]++][1] = bar[1];
    if (bar[0] != GRAPH_NONE && along != GRAPH_NONE)
        pair[1][n[1]][0] = along, pair[1][n[1]++][1] = bar[0];
}

static void reverse_x(reverse *r, const graph_block *b, const uint32_t bar[2], graph_ref *room)
{
    uint32_t pair[2][2][2], n[2];
    if (!any_active(r->g, b->pair[0][1]))
        return;
    argument_pairs(r, b, 1, bar, (uint32_t(*[2])[2]){pair[0], pair[1]}, n);
    for (int list = 0; list < 2; list++)
        give_block(r, list, b, AD_BLOCK_X, b->pair[0][1], pair[list], n[list], room);
}

/* Those of weights are put off until all blocks that use them have had their turn. */
static void reverse_w(reverse *r, const graph_block *b, const uint32_t bar[2], graph_ref *room)
{
    weights *w = weights_of(r, b);
    uint32_t n[2];
    if (!w)
        return;
    if (any_active(r->g, w->array)) {
        if (w->n_pairs[0] + 1 > GRAPH_PAIRS || w->n_pairs[1] + 2 > GRAPH_PAIRS)
            give_weights(r, b, w, room);
        argument_pairs(
            r, b, 0, bar,
            (uint32_t(*[2])[2]){w->pair[0] + w->n_pairs[0], w->pair[1] + w->n_pairs[1]}, n);
        w->n_pairs[0] += n[0];
        w->n_pairs[1] += n[1];
    }
    if (--w->n_uses == 0)
        give_weights(r, b, w, room);
}

void graph_reverse_block(reverse *r, uint32_t id, const graph_node *node)
{
    graph *g = r->g;
    graph_block b = g->block[node->a]; /* recorded, so of one pair and of part z */
    size_t n = ad_block_size(&b.shape, AD_BLOCK_Z);
    size_t n_w = g->array[b.pair[0][0]].n, n_x = g->array[b.pair[0][1]].n;
    size_t size = n_w > n_x ? n_w : n_x;
    uint32_t bar[2] = {GRAPH_NONE, GRAPH_NONE};
    graph_ref *room = meka_alloc(size > n ? size : n, sizeof *room, &g->error);
    if (!room)
        return;
    for (int list = 0; list < 2; list++) {
        bool any = false;
        for (size_t k = 0; k < n; k++) {
            uint32_t element = id + 1 + (uint32_t)k;
            room[k] = r->first[list][element] == GRAPH_NONE ? graph_zero()
                                                            : graph_collect(r, list, element);
            any = any || !graph_is_zero(room[k]);
        }
        if (any)
            bar[list] = graph_array_of(g, room, n);
    }
    reverse_x(r, &b, bar, room);
    reverse_w(r, &b, bar, room);
    free(room);
}
