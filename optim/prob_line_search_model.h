/* optim/prob_line_search_model.h - beliefs about a function along a line, from noisy values and
 * slopes (Mahsereci, Hennig, "Probabilistic line searches for stochastic optimization", JMLR
 * 18, 2017).
 *
 * Units are the paper's: t is the step length over the first trial's, values are differences
 * to the start's value over (first trial's length x |slope there|), slopes are over |slope at
 * the start|.  The prior is an integrated Wiener process that began at t = -10. */
#ifndef OPT_PROB_LINE_SEARCH_MODEL_H
#define OPT_PROB_LINE_SEARCH_MODEL_H

#include <stdbool.h>
#include <stddef.h>

enum { OPT_PLS_MAX_POINTS = 16 }; /* observed in a search, its start included */

typedef struct opt_pls_data {
    size_t n;             /* >= 1; point 0 is the start: t = y = 0 */
    const double *t;      /* [n], all different and >= 0 */
    const double *y, *dy; /* [n] */
    double sd_y, sd_dy;   /* of the observations' noise */
} opt_pls_data;

/* The joint posterior of value and slope at the observed points, in their order, and then at
 * further ones: variables 2i and 2i + 1 are those of point i. */
typedef struct opt_pls_belief {
    size_t n;                                                   /* points */
    double t[2 * OPT_PLS_MAX_POINTS];                           /* [n] */
    double mean[4 * OPT_PLS_MAX_POINTS];                        /* [2n] */
    double cov[4 * OPT_PLS_MAX_POINTS][4 * OPT_PLS_MAX_POINTS]; /* [2n][2n] */
} opt_pls_belief;

/* t [n]: the further points, at most OPT_PLS_MAX_POINTS. */
void opt_pls_condition(opt_pls_belief *belief, const opt_pls_data *data, size_t n,
                       const double *t);

/* The probability that the step to point i satisfies the strong Wolfe conditions (section 3.3;
 * eqs. 11 to 16 of the paper's shorter version, NIPS 2015). */
double opt_pls_wolfe(const opt_pls_belief *belief, size_t i, double c1, double c2);

/* Expected improvement at point i over the value `best`. */
double opt_pls_improvement(const opt_pls_belief *belief, size_t i, double best);

/* Where the mean has a minimum strictly between the neighbouring observed points i and k, t_i <
 * t_k: it is the cubic through their values and slopes there.  false: nowhere. */
bool opt_pls_minimum(const opt_pls_belief *belief, size_t i, size_t k, double *t);

#endif
