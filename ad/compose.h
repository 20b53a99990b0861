/* ad/compose.h - Taylor coefficients c[0..3] of a composition, from the partials of a row of
 * ops.def (Griewank and Walther, Evaluating Derivatives, 2nd ed., chapter 13). */
#ifndef AD_COMPOSE_H
#define AD_COMPOSE_H

#include "ad/math.h"

#include <stdbool.h>

/* y = f(x) by Faa di Bruno's formula: r's c[1..3] from the operand's, t. */
#define COMPOSE1(r, t, d1, d2, d3)                                                             \
    do {                                                                                       \
        r.c[1] = TERM(d1, t.c[1]);                                                             \
        r.c[2] = TERM(d1, t.c[2]) + 0.5 * TERM(d2, t.c[1] * t.c[1]);                           \
        r.c[3] = TERM(d1, t.c[3]) + TERM(d2, t.c[1] * t.c[2]) +                                \
                 TERM(d3, t.c[1] * t.c[1] * t.c[1]) / 6.0;                                     \
    } while (0)

/* y = f(a, b): r's c[1..3] from those of the operands, p and q.  on_a and on_b keep partials
 * with respect to operands that are constant out: they may be NaN. */
#define COMPOSE2(r, p, q, on_a, on_b, da, db, daa, dab, dbb, daaa, daab, dabb, dbbb)           \
    do {                                                                                       \
        bool both = (on_a) && (on_b);                                                          \
        r.c[1] = COMPOSE_IF(on_a, da, p.c[1]) + COMPOSE_IF(on_b, db, q.c[1]);                  \
        r.c[2] = COMPOSE_IF(on_a, da, p.c[2]) + COMPOSE_IF(on_b, db, q.c[2]) +                 \
                 0.5 * COMPOSE_IF(on_a, daa, p.c[1] * p.c[1]) +                                \
                 COMPOSE_IF(both, dab, p.c[1] * q.c[1]) +                                      \
                 0.5 * COMPOSE_IF(on_b, dbb, q.c[1] * q.c[1]);                                 \
        r.c[3] = COMPOSE_IF(on_a, da, p.c[3]) + COMPOSE_IF(on_b, db, q.c[3]) +                 \
                 COMPOSE_IF(on_a, daa, p.c[1] * p.c[2]) +                                      \
                 COMPOSE_IF(both, dab, p.c[1] * q.c[2] + p.c[2] * q.c[1]) +                    \
                 COMPOSE_IF(on_b, dbb, q.c[1] * q.c[2]) +                                      \
                 COMPOSE_IF(on_a, daaa, CUBE(p.c[1])) / 6.0 +                                  \
                 0.5 * COMPOSE_IF(both, daab, p.c[1] * p.c[1] * q.c[1]) +                      \
                 0.5 * COMPOSE_IF(both, dabb, p.c[1] * q.c[1] * q.c[1]) +                      \
                 COMPOSE_IF(on_b, dbbb, CUBE(q.c[1])) / 6.0;                                   \
    } while (0)
#define COMPOSE_IF(flag, partial, expression) ((flag) ? TERM(partial, expression) : 0.0)

#endif
