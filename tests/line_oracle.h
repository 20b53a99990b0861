/* tests/line_oracle.h - best steps of the line model by brute force in quad precision.
 *
 * Written from eqs. 11-13 of the paper alone: a derivative is looked at on a grid of step
 * lengths, and where it changes sign it is bisected.  Nothing is expanded or simplified. */
#ifndef TESTS_LINE_ORACLE_H
#define TESTS_LINE_ORACLE_H

#include "tests/quad.h"

#include <stdbool.h>

/* mu(a) = -A a + B a^2/2 + C a^3/6, V(a) = 2 s + p a^2 + q a^4/4 */
typedef struct line_terms {
    double A, B, C, p, q, s;
} line_terms;

quad line_mu(const line_terms *m, quad a);
quad line_variance(const line_terms *m, quad a);

/* What is minimized: mu; mu/sqrt V, so that Phi(-mu/sqrt V) is largest (eq. 12); or the
 * negative of the expected improvement sqrt(V) (z Phi(z) + phi(z)), z = -mu/sqrt V. */
typedef enum line_criterion { LINE_MU, LINE_PI, LINE_EI } line_criterion;

/* A positive multiple of the criterion's derivative by a: its sign. */
quad line_slope(const line_terms *m, line_criterion what, quad a);

/* Where to look: `per_decade` steps per factor of ten from low to high. */
typedef struct line_grid {
    double low, high;
    int per_decade;
} line_grid;

/* The first local minimum of the criterion on the grid, to 1e-25 relative: INFINITY if it falls
 * to the end, 0 if it rises from the start.  The slope loses its sign to rounding where it is
 * below 1e-33 of its terms, as that of PI far beyond A/|B|. */
quad line_minimum(const line_terms *m, line_criterion what, line_grid grid);

#endif
