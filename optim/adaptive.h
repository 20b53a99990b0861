/* optim/adaptive.h - what methods share that divide by a root of squared gradients. */
#ifndef OPT_ADAPTIVE_H
#define OPT_ADAPTIVE_H

#include "optim/methods.h"

/* Moving averages of the gradient and of its square, with the weight that each has so far:
 * m/weight1 and v/weight2 are without the bias of their start at 0 (Kingma, Ba 2015,
 * section 3: weight = 1 - beta^t). */
typedef struct opt_adam {
    double weight1, weight2;
    double *m, *v; /* [d], in the method's state */
} opt_adam;
enum { OPT_ADAM_SCALARS = 2, OPT_ADAM_VECTORS = 2 };

/* Adds g [d] to the averages in state [OPT_ADAM_SCALARS + OPT_ADAM_VECTORS * d], which is 0 at
 * the start. */
void opt_adam_add(opt_adam *out, double *state, size_t d, double beta1, double beta2,
                  const double *g);

#endif
