/* tests/random_draw.h - drawing, node by node: shared by random_draw.c (single operations and
 * whole programs) and random_shapes.c (what users' loops leave behind). */
#ifndef TESTS_RANDOM_DRAW_H
#define TESTS_RANDOM_DRAW_H

#include "tests/random_program.h"

typedef struct drawer {
    random_program *p;
    meka_rng rng;
    double value[PROGRAM_VALUES][PROGRAM_SAMPLES];
    int n_nodes_wanted;
} drawer;

static inline operand value_of(int value)
{
    return (operand){value, 0.0};
}
static inline operand real_of(double real)
{
    return (operand){-1, real};
}

int below(drawer *w, int n); /* uniform on 0..n-1 */
bool chance(drawer *w, double p);
int any_value(drawer *w);
double any_real(drawer *w);

/* Append a node and give its value's number; -1 if it is not tame at all samples, if there is
 * no room, or if an operand is such a -1. */
int emit(drawer *w, node in);
int emit1(drawer *w, ad_op op, int a);
int emit2(drawer *w, ad_op op, operand a, operand b);
int emit_const(drawer *w, double x);

/* x [n] (y [n]) -> their sum or dot product, as one run or as a loop of scalar operations;
 * y NULL: the sum. */
int emit_reduction(drawer *w, int n, const int *x, const int *y);

/* One of the shapes; parts of it may be left behind unused. */
void draw_shape(drawer *w);

#endif
