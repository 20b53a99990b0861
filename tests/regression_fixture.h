/* tests/regression_fixture.h - instances of the linear models, and their minima by the oracle.
 */
#ifndef TESTS_REGRESSION_FIXTURE_H
#define TESTS_REGRESSION_FIXTURE_H

#include "tests/ad_fixture.h"
#include "tests/glm_oracle.h"

#include <meka/problems.h>
#include <stdlib.h>

static inline meka_status regression_try(prob_instance *out, const char *name,
                                         const char *settings, const char *data,
                                         meka_error *err)
{
    const prob_problem *row;
    meka_status status = prob_problem_find(&row, name, err);
    return status ? status : prob_create(out, row, &(prob_request){settings, data, 2}, err);
}

static inline prob_instance regression_make(const char *name, const char *settings,
                                            const char *data)
{
    prob_instance p;
    meka_error err = {0};
    assert_ok(regression_try(&p, name, settings, data, &err), err);
    return p;
}

/* Are these rows of n numbers the same? */
static inline bool regression_same(size_t n, const double *a, const double *b)
{
    size_t j = 0;
    while (j < n && a[j] == b[j])
        j++;
    return j == n;
}

/* What the instance minimizes, as the oracle takes it; bias and l2 as set. */
static inline glm regression_glm(const prob_instance *p, int bias, double l2)
{
    const char *name = p->objective.name;
    glm g = {.kind = strcmp(name, "softmax") == 0    ? GLM_SOFTMAX
                     : strcmp(name, "logistic") == 0 ? GLM_LOGISTIC
                                                     : GLM_SQUARES,
             .n_rows = p->source.n_population,
             .m = p->source.n_features - 1,
             .bias = bias,
             .l2 = l2,
             .row = p->source.population};
    g.n_classes = p->objective.n_params / (g.m + (size_t)bias);
    return g;
}

/* The instance's minimizer agrees with `theta` to `relative` of the largest entry. */
static inline void regression_assert_minimizer(const prob_instance *p, const double *theta,
                                               double relative, const char *what)
{
    double size = 0.0, off = 0.0;
    ck_assert_msg(p->minimizer != NULL, "%s: no minimizer", what);
    for (size_t j = 0; j < p->objective.n_params; j++) {
        size = fmax(size, fabs(theta[j]));
        off = fmax(off, fabs(p->minimizer[j] - theta[j]));
    }
    ck_assert_msg(off <= relative * size, "%s: off by %g of %g", what, off, size);
}

/* Minimizer and minimum agree with those of the oracle: parameters to 1e-10 of the largest, the
 * loss to 1e-13 of itself and what rounding makes of it: residuals are differences of larger
 * numbers, and a cross-entropy near 0 is the logarithm of a sum near 1. */
static inline void regression_assert_minimum(const prob_instance *p, int bias, double l2,
                                             const char *what)
{
    glm g = regression_glm(p, bias, l2);
    size_t d = glm_n_params(&g);
    ck_assert_uint_eq(d, p->objective.n_params);
    double *theta = malloc(d * sizeof *theta), size = 0.0;
    double loss = glm_minimize(&g, theta), slack = 1e-13 * loss;
    for (size_t j = 0; j < d; j++)
        size = fmax(size, fabs(theta[j]));
    if (g.kind == GLM_SQUARES)
        slack += DBL_EPSILON * size * sqrt(2.0 * loss);
    else if (g.kind == GLM_SOFTMAX)
        slack += DBL_EPSILON;
    regression_assert_minimizer(p, theta, 1e-10, what);
    ck_assert_msg(fabs(p->minimum - loss) <= slack, "%s: minimum %.17g, not %.17g", what,
                  p->minimum, loss);
    if (g.kind == GLM_SQUARES) {
        glm_qr(&g, theta);
        regression_assert_minimizer(p, theta, 1e-10, what);
    }
    free(theta);
}

#endif
