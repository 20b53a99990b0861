/* ad/graph_derive.h - what the files that differentiate share. */
#ifndef AD_GRAPH_DERIVE_H
#define AD_GRAPH_DERIVE_H

#include "ad/graph.h"

/* Terms of adjoints (list 0) and of their tangents (list 1), linked by node. */
typedef struct share {
    graph_term t;
    uint32_t next;
} share;

/* Weights that blocks of one shape use, and what these give to their adjoints: one block once
 * all of them have. */
typedef struct weights {
    uint32_t array;
    ad_block_shape shape;
    uint32_t n_uses; /* to come */
    uint32_t n_pairs[2], pair[2][GRAPH_PAIRS][2];
} weights;

typedef struct reverse {
    graph *g;
    const graph_ref *tangent; /* NULL: gradient only */
    share *share;
    size_t n_shares, capacity;
    uint32_t *first[2], *last[2]; /* [n] */
    weights *weights;             /* [n_weights] of recorded blocks */
    size_t n_weights, weights_capacity;
} reverse;

/* graph_derive.c: a product [n] of factors as a share of node `to`; the sum of its shares. */
void graph_give(reverse *r, int list, uint32_t to, double c, const graph_ref *factor, int n);
graph_ref graph_collect(reverse *r, int list, uint32_t node);

/* graph_derive_block.c: the tangents of a block's elements, out [their number]. */
void graph_block_tangents(graph *g, const graph_node *node, const graph_ref *tangent,
                          graph_ref *out);
/* Finds the weights of blocks among nodes 0..last; before the first of the next. */
void graph_count_weights(reverse *r, uint32_t last);
/* A recorded block's shares in its operands; those of its elements are complete. */
void graph_reverse_block(reverse *r, uint32_t id, const graph_node *node);

#endif
