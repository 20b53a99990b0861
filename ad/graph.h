/* ad/graph.h - recorded code as a graph of values, and derivatives as more of the same.
 *
 * A node is a constant, an input, a sum of products, a function of ops.def with its partial
 * derivatives, or a selection.  Additions, products, squares, dot products are all sums of
 * products; so are tangents, adjoints, their tangents and Taylor coefficients, which are
 * therefore just further nodes: what is equal is shared, what nobody needs is not computed,
 * what does not depend on the sample is found to be so.
 *
 * Operands have smaller numbers than their users.  No decision about the association of a sum
 * or product looks at a coefficient's value: an objective and its double are evaluated alike,
 * to the last bit. */
#ifndef AD_GRAPH_H
#define AD_GRAPH_H

#include "ad/tape.h"

#define GRAPH_NONE UINT32_MAX

typedef enum graph_kind {
    GRAPH_CONST,   /* a: index into real */
    GRAPH_PARAM,   /* a: component of theta */
    GRAPH_ALONG,   /* a: component of the direction */
    GRAPH_FEATURE, /* a: component of xi */
    GRAPH_SUM,     /* a: first term, b: number of terms */
    GRAPH_FUN,     /* op; a, b: operands (b GRAPH_NONE for one) */
    GRAPH_PART,    /* partial number op of function node a */
    GRAPH_SELECT,  /* a != 0 ? b : c */
    GRAPH_BLOCK,   /* a: index into block; its elements follow it */
    GRAPH_ELEMENT, /* number b of block node a */
} graph_kind;

/* Partials of a function are numbered 1..3 (d1 d2 d3) or 1..9 (da db daa dab dbb daaa daab
 * dabb dbbb), as in ops.def. */
enum { GRAPH_N_PARTS = 10 };

typedef struct graph_node {
    uint8_t kind, op;
    bool varying; /* depends on the sample */
    bool active;  /* depends on theta */
    uint32_t a, b, c;
} graph_node;

/* c f0 f1 f2; absent factors are GRAPH_NONE and last. */
enum { GRAPH_DEGREE = 3 };
typedef struct graph_term {
    double c;
    uint32_t f[GRAPH_DEGREE];
} graph_term;

/* A multiple of a node, or (node GRAPH_NONE) the constant c. */
typedef struct graph_ref {
    double c;
    uint32_t node;
} graph_ref;

/* An array of nodes, operand of blocks: list [first, first + n). */
typedef struct graph_array {
    uint64_t hash;
    size_t first, n;
} graph_array;

/* The sum of bilinear forms of one kind, each of two arrays in the order in which ad_block_part
 * names them: the derivative of T with respect to its argument `part`.  A recorded block's
 * Taylor coefficients have up to four pairs, the adjoints of weights as many as they have uses
 * and, along the direction, twice as many. */
enum { GRAPH_PAIRS = 64 };
typedef struct graph_block {
    ad_block_shape shape;
    ad_block_part part;
    uint32_t n_pairs;
    uint32_t pair[GRAPH_PAIRS][2]; /* indices into array */
} graph_block;

typedef struct graph {
    size_t n_params, n_features;
    unsigned passes; /* AD_PASS_... that are on */
    graph_node *node;
    size_t n_nodes, node_capacity;
    graph_term *term;
    size_t n_terms, term_capacity;
    double *real;
    size_t n_reals, real_capacity;
    uint32_t *table; /* [table_size] of nodes by content, GRAPH_NONE: free */
    size_t table_size, n_interned;
    graph_block *block;
    size_t n_blocks, block_capacity;
    size_t n_recorded; /* of them: those of the tape, functions of theta and the sample alone */
    graph_array *array;
    size_t n_arrays, array_capacity;
    uint32_t *list; /* nodes of arrays */
    size_t n_list, list_capacity;
    graph_term *pending; /* the sum being built */
    size_t n_pending, pending_capacity;
    meka_error error; /* sticky; after it every call is harmless */
} graph;

void graph_init(graph *g, size_t n_params, size_t n_features, unsigned passes);
void graph_clear(graph *g);
/* Forgets nodes from number n_nodes on and terms from n_terms on. */
void graph_truncate(graph *g, size_t n_nodes, size_t n_terms);
/* The same of arrays and blocks, before graph_truncate. */
void graph_truncate_blocks(graph *g, size_t n_blocks, size_t n_arrays);
/* Whether a block's result is worth keeping from one plan for another: a recorded one of long
 * sums.  And how many elements such blocks before number `block` have. */
bool graph_is_kept(const graph *g, size_t block);
/* The elements of an array are inputs of this kind and stand together, *first the first. */
bool graph_stands_together(const graph *g, uint32_t array, graph_kind kind, uint32_t *first);
/* The recorded block, kept, of parameters and features that stand together, the largest of
 * these, whose product with the direction instead of the parameters is kept too
 * (ad/kernels_factored.h); SIZE_MAX: there is none. */
size_t graph_factored_block(const graph *g);
/* Where the block's first value is among those kept; UINT32_MAX: it is not kept. */
uint32_t graph_kept_number(const graph *g, size_t block);
/* How many values are kept, with and without those of the direction. */
size_t graph_n_kept(const graph *g, bool along);

static inline graph_ref graph_zero(void)
{
    return (graph_ref){0.0, GRAPH_NONE};
}
static inline bool graph_is_zero(graph_ref r)
{
    return r.node == GRAPH_NONE && r.c == 0.0;
}
/* Number of factors. */
static inline int graph_degree(const graph_term *t)
{
    return (t->f[0] != GRAPH_NONE) + (t->f[1] != GRAPH_NONE) + (t->f[2] != GRAPH_NONE);
}

/* Calls visit for every operand of node n: a sum's factors, a partial's function ... */
typedef void graph_visit(void *ctx, uint32_t operand);
void graph_operands(const graph *g, const graph_node *n, graph_visit *visit, void *ctx);

/* The node, or an equal one that was there. */
uint32_t graph_intern(graph *g, const graph_node *n);
uint32_t graph_append(graph *g, const graph_node *n); /* a new one in any case */
uint32_t graph_const(graph *g, double value);
uint32_t graph_input(graph *g, graph_kind kind, uint32_t index);
uint32_t graph_fun(graph *g, ad_op op, uint32_t a, uint32_t b);
/* d^k of function node `fun`; the zero reference where ops.def says that it is absent. */
graph_ref graph_part(graph *g, uint32_t fun, int k);
uint32_t graph_select(graph *g, uint32_t condition, uint32_t a, uint32_t b);
/* A node that holds the reference's value. */
uint32_t graph_materialize(graph *g, graph_ref r);
/* A sum of the one term r, even if r.c is 1. */
uint32_t graph_multiple(graph *g, graph_ref r);

/* Sums: begin, add terms, finish.  Like terms are merged.  A sum that is one node times a
 * number comes back as that. */
void graph_sum_begin(graph *g);
void graph_sum_add(graph *g, const graph_term *t);
graph_ref graph_sum_end(graph *g);

/* Adds c times the factors' product to the sum, nothing if one of them is zero. */
void graph_add_product(graph *g, double c, const graph_ref *factor, int n);
/* condition ? a : b; zero if both are. */
graph_ref graph_select_ref(graph *g, uint32_t condition, graph_ref a, graph_ref b);

/* The product of the factor references times c, as a term; its degree must fit. */
graph_term graph_product(double c, const graph_ref *factor, int n);

/* -------------------------------------------------------------------------- blocks */

/* graph_block.c.  The array of the references' values; equal arrays are one. */
uint32_t graph_array_of(graph *g, const graph_ref *element, size_t n);
/* The derivatives of T with respect to `part`, summed over the pairs [n_pairs]:
 * out [size of part].  What does not depend on the sample is written as sums, and everything
 * if AD_PASS_BLOCK is off. */
void graph_add_block(graph *g, const ad_block_shape *s, ad_block_part part, uint32_t (*pair)[2],
                     uint32_t n_pairs, graph_ref *out);

/* The same as sums in any case. */
void graph_add_sums(graph *g, const ad_block_shape *s, ad_block_part part, uint32_t (*pair)[2],
                    uint32_t n_pairs, graph_ref *out);

/* graph_sparse.c.  graph_add_sums of a sparse x. */
void graph_add_sparse_sums(graph *g, const ad_block_shape *s, ad_block_part part,
                           uint32_t (*pair)[2], uint32_t n_pairs, graph_ref *out);

/* A block's tangent, adjoints and Taylor coefficients are blocks again.
 *
 * What these need of the elements of an array: their tangents, say; whether one is not 0. */
typedef graph_ref graph_look_up(const void *ctx, uint32_t node);
/* The array of look_up(ctx, node) over the nodes of `array`, or GRAPH_NONE if all are 0. */
uint32_t graph_map_array(graph *g, uint32_t array, graph_look_up *look_up, const void *ctx);

static inline const uint32_t *graph_list(const graph *g, uint32_t array)
{
    return g->list + g->array[array].first;
}

/* ------------------------------------------------------------ from code to derivatives */

/* The loss of recorded code. */
graph_ref graph_from_code(graph *g, const ad_code *code);

/* Tangent of every node so far along the direction: out [g->n_nodes], filled up to `n`. */
void graph_tangents(graph *g, size_t n, graph_ref *out);
/* gradient [d] of the loss, a value among nodes 0..n-1; with tangent [n] also product [d].
 * scratch: freed by the callee. */
void graph_reverse(graph *g, size_t n, graph_ref loss, const graph_ref *tangent,
                   graph_ref *gradient, graph_ref *product);
/* Taylor coefficients 1..order of the loss along the direction; out [order]. */
void graph_taylor(graph *g, size_t n, graph_ref loss, int order, graph_ref *out);

#endif
