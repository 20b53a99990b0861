/* Known points: of which kind they are, and for which sizes they are known. */
#include "tests/ad_fixture.h"

#include <gsl/gsl_eigen.h>
#include <meka/problems.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 12 }; /* parameters of the instances below */

typedef struct instance {
    prob_instance problem;
    fixture ad;
    size_t d;
} instance;

static instance make(const prob_problem *row, const char *settings)
{
    instance it = {0};
    meka_error err = {0};
    assert_ok(prob_create(&it.problem, row, &(prob_request){settings, NULL, 1}, &err), err);
    it.d = it.problem.objective.n_params;
    it.ad = fixture_make(&it.problem.objective, 0);
    ck_assert_uint_le(it.d, MOST);
    return it;
}

static void clear(instance *it)
{
    fixture_clear(&it->ad);
    prob_destroy(&it->problem);
}

static double value_at(const instance *it, const double *x)
{
    double loss;
    ad_eval_samples(it->ad.batch, x, NULL, 1, it->problem.source.population, &loss, NULL, NULL,
                    NULL);
    return loss;
}

/* Row k of the Hessian at x, and the gradient. */
static void differentiate(const instance *it, const double *x, size_t k, double *grad,
                          double *row)
{
    double v[MOST] = {0};
    v[k] = 1.0;
    ad_eval_samples(it->ad.batch, x, v, 1, it->problem.source.population, NULL, grad, row,
                    NULL);
}

/* Rounding x by eps |x| moves entry k of the gradient by up to eps sum_j |H_kj x_j|. */
static void assert_stationary(const instance *it, const char *name, const double *x,
                              double value)
{
    double grad[MOST], row[MOST];
    ck_assert_msg(fabs(value_at(it, x) - value) <= 1e-14 + 1e-11 * fabs(value),
                  "%s: %.17g is not %.17g", name, value_at(it, x), value);
    for (size_t k = 0; k < it->d; k++) {
        double scale = 0.0;
        differentiate(it, x, k, grad, row);
        for (size_t j = 0; j < it->d; j++)
            scale += fabs(row[j] * x[j]);
        ck_assert_msg(fabs(grad[k]) <= 1e-12 + 64 * DBL_EPSILON * scale,
                      "%s, %g: derivative %zu is %g", name, value, k, grad[k]);
    }
}

/* The extreme eigenvalues of the Hessian at x, and the lowest one's eigenvector [d]. */
static void find_curvature(const instance *it, const double *x, double *least, double *most,
                           double *lowest)
{
    size_t d = it->d;
    gsl_matrix *H = gsl_matrix_alloc(d, d), *vector = gsl_matrix_alloc(d, d);
    gsl_vector *value = gsl_vector_alloc(d);
    gsl_eigen_symmv_workspace *work = gsl_eigen_symmv_alloc(d);
    for (size_t k = 0; k < d; k++) {
        double grad[MOST], row[MOST];
        differentiate(it, x, k, grad, row);
        for (size_t j = 0; j < d; j++)
            gsl_matrix_set(H, k, j, row[j]);
    }
    gsl_eigen_symmv(H, value, vector, work);
    gsl_eigen_symmv_sort(value, vector, GSL_EIGEN_SORT_VAL_ASC);
    *least = gsl_vector_get(value, 0);
    *most = gsl_vector_get(value, d - 1);
    for (size_t j = 0; j < d; j++)
        lowest[j] = gsl_matrix_get(vector, j, 0);
    gsl_eigen_symmv_free(work);
    gsl_vector_free(value);
    gsl_matrix_free(vector);
    gsl_matrix_free(H);
}

/* Is there a lower value to one side of x or the other, up to half of |x| away? */
static bool falls_along(const instance *it, const prob_stationary *at, const double *v)
{
    double norm = 0.0, y[MOST];
    for (size_t j = 0; j < it->d; j++)
        norm += at->x[j] * at->x[j];
    for (int k = 1; k <= 12; k++)
        for (int side = -1; side <= 1; side += 2) {
            for (size_t j = 0; j < it->d; j++)
                y[j] = at->x[j] + side * ldexp(sqrt(norm), -k) * v[j];
            if (value_at(it, y) < at->value * (1.0 - 1e-9))
                return true;
        }
    return false;
}

/* Where the Hessian is singular the value is constant along a line, and rounding decides. */
static void assert_kind(const instance *it, const char *name, const prob_stationary *at)
{
    double least, most, lowest[MOST];
    find_curvature(it, at->x, &least, &most, lowest);
    ck_assert_double_gt(at->value, it->problem.minimum);
    if (at->minimum)
        ck_assert_msg(least >= -1e-13 * most, "%s, %g: %g to %g", name, at->value, least, most);
    ck_assert_msg(falls_along(it, at, lowest) == !at->minimum, "%s: %g", name, at->value);
}

/* Instances of every size at which a table knows a point, in turn; the number of points that
 * are no minimizers. */
static size_t check_tables(bool kinds)
{
    const prob_problem *row;
    size_t n = 0;
    for (size_t i = 0; (row = prob_problem_at(i)); i++)
        for (size_t k = 0; row->known && k < row->known->n; k++) {
            const prob_known *known = &row->known->row[k];
            char dim[30] = "", terms[30] = "", settings[61];
            if (known->dim)
                snprintf(dim, sizeof dim, "dim=%zu", known->dim);
            if (known->terms)
                snprintf(terms, sizeof terms, "terms=%zu", known->terms);
            snprintf(settings, sizeof settings, "%s %s", dim, terms);
            instance it = make(row, settings);
            const prob_instance *p = &it.problem;
            ck_assert_uint_ge(p->n_minimizers + p->n_stationary, known->x ? 1 : 0);
            for (size_t j = 0; j < p->n_minimizers && !kinds; j++)
                assert_stationary(&it, row->name, p->minimizer + j * it.d, p->minimum);
            for (size_t j = 0; j < p->n_stationary; j++)
                if (kinds)
                    assert_kind(&it, row->name, &p->stationary[j]);
                else
                    assert_stationary(&it, row->name, p->stationary[j].x,
                                      p->stationary[j].value);
            n += known->kind != PROB_MINIMUM;
            clear(&it);
        }
    return n;
}

START_TEST(gradients_are_0_at_all_known_points_and_values_are_as_stated)
{
    ck_assert_uint_ge(check_tables(false), 19);
}
END_TEST

START_TEST(local_minima_are_minima_and_saddle_points_are_not)
{
    ck_assert_uint_ge(check_tables(true), 19);
}
END_TEST

START_TEST(points_are_those_of_the_number_of_parameters)
{
    const prob_problem *row;
    ck_assert_int_eq(prob_problem_find(&row, "rosenbrock", NULL), MEKA_OK);
    static const char *const sizes[] = {"dim=2", "dim=3", "dim=4", "dim=9"};
    for (int i = 0; i < 4; i++) {
        instance it = make(row, sizes[i]);
        ck_assert_uint_eq(it.problem.n_stationary, i == 2);
        ck_assert_uint_eq(it.problem.n_minimizers, 1);
        ck_assert((it.problem.stationary != NULL) == (i == 2));
        if (i == 2) { /* from the formula in 80 digits by another program */
            ck_assert(it.problem.stationary->minimum);
            assert_ulps(it.problem.stationary->value, 3.7014286104300172965, 2);
            assert_ulps(it.problem.stationary->x[3], 0.14597201855219461, 2);
        }
        clear(&it);
    }
    ck_assert_int_eq(prob_problem_find(&row, "styblinski-tang", NULL), MEKA_OK);
    instance it = make(row, "dim=3");
    ck_assert_uint_eq(it.problem.n_stationary, 1);
    assert_ulps(it.problem.stationary->value, 3 * -25.029446655283943, 2);
    assert_ulps(it.problem.stationary->x[2], 2.7468027709908370, 0);
    clear(&it);
    it = make(row, "dim=2");
    ck_assert_uint_eq(it.problem.n_stationary, 3);
    clear(&it);
    ck_assert_int_eq(prob_problem_find(&row, "biggs-exp6", NULL), MEKA_OK);
    it = make(row, "terms=12");
    ck_assert_uint_eq(it.problem.n_stationary, 0);
    clear(&it);
}
END_TEST

/* Chebyquad for n = 10: 6.50395e-3 is printed as its minimum and is not. */
START_TEST(chebyquad_has_lower_values_than_the_published_minimum)
{
    const prob_problem *row;
    ck_assert_int_eq(prob_problem_find(&row, "chebyquad", NULL), MEKA_OK);
    instance it = make(row, "dim=10");
    ck_assert_uint_eq(it.problem.n_minimizers, 2);
    ck_assert_double_eq_tol(it.problem.minimum, 4.77271e-3, 1e-8);
    ck_assert_uint_eq(it.problem.n_stationary, 1);
    ck_assert_double_eq_tol(it.problem.stationary->value, 6.50395e-3, 1e-8);
    for (size_t k = 0; k < 10;
         k++) /* T_i is odd or even: the mirror image has the same value */
        assert_scaled(it.problem.minimizer[k] + it.problem.minimizer[19 - k], 1.0, 1.0, 2);
    clear(&it);
}
END_TEST

START_TEST(all_35_problems_of_the_collection_of_1981_are_there)
{
    const prob_problem *row;
    bool there[36] = {false};
    for (size_t i = 0; (row = prob_problem_at(i)); i++) {
        const char *at = strstr(row->reference, "problem ");
        if (!at || !strstr(row->reference, "Garbow"))
            continue;
        char *end;
        unsigned long number = strtoul(at + strlen("problem "), &end, 10);
        ck_assert_msg(number >= 1 && number <= 35, "%s", row->reference);
        there[number] = true;
        if (strncmp(end, " and ", 5) == 0)
            there[strtoul(end + 5, NULL, 10) % 36] = true;
    }
    for (int k = 1; k <= 35; k++)
        ck_assert_msg(there[k], "problem %d", k);
}
END_TEST

TEST_MAIN("known", gradients_are_0_at_all_known_points_and_values_are_as_stated,
          local_minima_are_minima_and_saddle_points_are_not,
          points_are_those_of_the_number_of_parameters,
          chebyquad_has_lower_values_than_the_published_minimum,
          all_35_problems_of_the_collection_of_1981_are_there)
