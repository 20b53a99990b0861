/* tests/random_program.h - objectives as data: drawn at random, recorded, printed.
 *
 * A program is a list of nodes over numbered values: theta 0..d-1, features d..d+m-1, then
 * one value per node, so that every operand's number is smaller than its user's.  The
 * recording function hands the nodes to the toolkit; tests/quad_oracle.h interprets the same
 * nodes in quad precision.
 */
#ifndef TESTS_RANDOM_PROGRAM_H
#define TESTS_RANDOM_PROGRAM_H

#include "ad/tape.h"
#include "tests/quad_oracle.h"

#include <stdio.h>

enum {
    PROGRAM_PARAMS = ORACLE_PARAMS,
    PROGRAM_FEATURES = 8,
    PROGRAM_NODES = 150,
    PROGRAM_VALUES = PROGRAM_PARAMS + PROGRAM_FEATURES + PROGRAM_NODES,
    PROGRAM_LIST = 1200,
    PROGRAM_BLOCKS = 8,
    PROGRAM_BLOCK = 36, /* elements of an operand */
    PROGRAM_SAMPLES = 67,
};

typedef struct operand {
    int value; /* number of a value; -1: the real number */
    double real;
} operand;

typedef struct node {
    ad_op op;
    operand a, b, c; /* CONST: a; SELECT: condition a, choices b and c */
    int list, n;     /* SUM, DOT: n (2 n) numbers of values in list[] */
    int block;       /* recorded as part of block number block - 1; 0: by itself */
} node;

/* Nodes that are recorded as one bilinear block; the oracle sees dot products. */
typedef struct program_block {
    ad_block_shape shape;
    int w[PROGRAM_BLOCK], x[PROGRAM_BLOCK]; /* numbers of values */
    int first;                              /* value */
} program_block;

typedef struct random_program {
    uint64_t seed;
    int d, m, n_samples;
    int n_nodes, n_list, n_blocks;
    program_block block[PROGRAM_BLOCKS];
    node node[PROGRAM_NODES];
    int list[PROGRAM_LIST];
    int result; /* number of the loss's value */
    int read;   /* ad_value is called on this value; -1: on none */
    double theta[PROGRAM_PARAMS], v[PROGRAM_PARAMS];
    double xi[PROGRAM_SAMPLES * PROGRAM_FEATURES];
    jet want[PROGRAM_SAMPLES]; /* what the oracle says about each sample */
} random_program;

static inline int program_n_inputs(const random_program *p)
{
    return p->d + p->m;
}

/* Draws program number `seed`, tame (see oracle_run) at all of its samples. */
void random_program_draw(random_program *p, uint64_t seed);

/* One operation of theta + xi, where theta is -0: of xi, but for the sign of a zero, which a
 * fused sum need not keep.  Or of xi itself, without derivatives. */
void random_program_single(random_program *p, ad_op op);
void random_program_direct(random_program *p, ad_op op);

/* The objective that records p, which it borrows. */
ad_objective random_program_objective(const random_program *p);

/* Readable, complete: the test that found something can be repeated by hand. */
void random_program_print(const random_program *p, FILE *out);

bool op_is_unary(ad_op op);
bool op_is_binary(ad_op op);
bool op_is_comparison(ad_op op);

/* Calls visit for every operand of the node that is a value. */
void node_operands(const random_program *p, const node *in, void (*visit)(void *, int),
                   void *ctx);

#endif
