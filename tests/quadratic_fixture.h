/* tests/quadratic_fixture.h - noisy quadratics, and matrices to judge them by. */
#ifndef TESTS_QUADRATIC_FIXTURE_H
#define TESTS_QUADRATIC_FIXTURE_H

#include "tests/ad_fixture.h"

#include <gsl/gsl_eigen.h>
#include <gsl/gsl_sort_vector.h>
#include <meka/problems.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 24 }; /* parameters of the problems below */

static inline prob_instance make_from(const char *name, const char *settings, const char *data)
{
    const prob_problem *row;
    prob_instance p = {0};
    meka_error err = {0};
    assert_ok(prob_problem_find(&row, name, &err), err);
    assert_ok(prob_create(&p, row, &(prob_request){settings, data, 3}, &err), err);
    ck_assert_uint_le(p.objective.n_params, MOST);
    return p;
}

static inline prob_instance make(const char *name, const char *settings)
{
    return make_from(name, settings, NULL);
}

/* The eigenvalues of a symmetric matrix [d][d], ascending, by GSL. */
static inline void find_eigenvalues(const double *matrix, size_t d, double *value)
{
    gsl_matrix *a = gsl_matrix_alloc(d, d);
    gsl_vector *e = gsl_vector_alloc(d);
    gsl_eigen_symm_workspace *w = gsl_eigen_symm_alloc(d);
    for (size_t i = 0; i < d * d; i++)
        gsl_matrix_set(a, i / d, i % d, matrix[i]);
    gsl_eigen_symm(a, e, w);
    gsl_sort_vector(e);
    for (size_t k = 0; k < d; k++)
        value[k] = gsl_vector_get(e, k);
    gsl_eigen_symm_free(w);
    gsl_vector_free(e);
    gsl_matrix_free(a);
}

/* out [d] = matrix [d][d] times v */
static inline void times(const double *matrix, const double *v, size_t d, double *out)
{
    for (size_t i = 0; i < d; i++) {
        out[i] = 0.0;
        for (size_t j = 0; j < d; j++)
            out[i] += matrix[i * d + j] * v[j];
    }
}

/* v' matrix v */
static inline double quadratic_form(const double *matrix, const double *v, size_t d)
{
    double product[MOST], sum = 0.0;
    times(matrix, v, d, product);
    for (size_t i = 0; i < d; i++)
        sum += v[i] * product[i];
    return sum;
}

#endif
