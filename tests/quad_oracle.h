/* tests/quad_oracle.h - an independent opinion on a program's derivatives.
 *
 * Forward propagation of truncated multivariate Taylor polynomials in quad precision: each
 * function's series comes from textbook recurrences (Griewank and Walther, "Evaluating
 * Derivatives", 2008, table 13.2: f = integral of f', quotients, exp and log), none from the
 * expressions in ad/ops.def; none of the toolkit's code is used.
 *
 * Each coefficient carries a running error analysis (Higham, "Accuracy and Stability", 2002,
 * section 3.3): m sums the absolute values of all terms, along every path; e bounds, in units
 * of DBL_EPSILON and to first order, what double arithmetic may have done to it, whatever the
 * order of the terms: half a unit of m for every product, addition and reuse of a value, and
 * FUNCTION_UNITS for each function and each of its partial derivatives.
 */
#ifndef TESTS_QUAD_ORACLE_H
#define TESTS_QUAD_ORACLE_H

#include "ad/tape.h"
#include "tests/quad.h"

enum {
    ORACLE_PARAMS = 12,
    /* Vector functions are within 2 units (SLEEF u10 within 1); a row of
     * ops.def makes of one a partial derivative with two or three operations more. */
    FUNCTION_UNITS = 3,
};

typedef struct approx {
    quad x;
    double m, e;
} approx;

/* Taylor coefficients in (s, t_0 .. t_d-1) of f(theta + s v + sum_j t_j e_j): s^0 .. s^3, then
 * for every j those of t_j (gradient) and of s t_j (Hessian-vector product). */
typedef struct jet {
    approx c[4 + 2 * ORACLE_PARAMS];
} jet;

static inline int jet_grad(int j)
{
    return 4 + 2 * j;
}
static inline int jet_hvp(int j)
{
    return 5 + 2 * j;
}

/* c[k]: the k-th Taylor coefficient of a unary operation at x. */
enum { SERIES_TERMS = 5 };
typedef struct series {
    quad c[SERIES_TERMS];
} series;
series oracle_series(ad_op op, quad x);

quad oracle_value1(ad_op op, quad x);
quad oracle_value2(ad_op op, quad a, quad b);

/* Whether an operation is far enough from kinks, poles and overflow to be compared. */
bool oracle_tame1(ad_op op, double x);
bool oracle_tame2(ad_op op, double a, double b);

struct random_program;
/* The result's jet at sample xi.  An operation `broken` other than CONST is computed wrongly
 * (derivatives off by 2^-30, comparisons negated): to see that somebody notices. */
void oracle_run(const struct random_program *p, const double *xi, ad_op broken, jet *out);

#endif
