/* Logistic regression against independent solvers and what is known of its data. */
#include "tests/ad_fixture.h"

#include "problems/logistic.h"

#include <math.h>
#include <stdlib.h>

static prob_instance make(const char *name, const char *settings, uint64_t seed)
{
    const prob_problem *row;
    prob_instance p;
    meka_error err = {0};
    assert_ok(prob_problem_find(&row, name, &err), err);
    assert_ok(prob_create(&p, row, &(prob_request){.settings = settings, .seed = seed}, &err),
              err);
    return p;
}

/* mean loss, gradient and H v of the population */
static double population(const prob_instance *p, const double *theta, const double *v,
                         double *gradient, double *product)
{
    fixture ad = fixture_make(&p->objective, 0);
    ad_moments m = {.grad_mean = gradient, .hvp_mean = v ? product : NULL};
    ck_assert_int_eq(ad_eval_moments(ad.batch, theta, v, p->source.n_population,
                                     p->source.population, &m, NULL),
                     MEKA_OK);
    fixture_clear(&ad);
    return m.loss_mean;
}

/* Accelerated gradient descent (Nesterov's method for strongly convex functions, here with
 * mu = l2 and L = 0.25 tr/N + l2) knows neither the Hessian nor Newton. */
static void minimize_slowly(const prob_instance *p, double l2, double *theta)
{
    enum { max_d = 64 };
    size_t d = p->objective.n_params;
    double y[max_d] = {0}, g[max_d], trace = 0.0;
    for (size_t i = 0; i < p->source.n_population; i++)
        for (size_t j = 0; j < d; j++)
            trace += pow(p->source.population[i * (d + 1) + j], 2);
    double L = 0.25 * trace / (double)p->source.n_population + l2;
    double beta = (sqrt(L) - sqrt(l2)) / (sqrt(L) + sqrt(l2));
    fixture ad = fixture_make(&p->objective, 0);
    ad_moments m = {.grad_mean = g};
    for (size_t j = 0; j < d; j++)
        theta[j] = 0.0;
    for (int t = 0; t < 4000; t++) {
        ad_eval_moments(ad.batch, y, NULL, p->source.n_population, p->source.population, &m,
                        NULL);
        for (size_t j = 0; j < d; j++) {
            double next = y[j] - g[j] / L;
            y[j] = next + beta * (next - theta[j]);
            theta[j] = next;
        }
    }
    fixture_clear(&ad);
}

START_TEST(newton_agrees_with_an_independent_solver)
{
    static const struct {
        const char *settings;
        double l2;
    } rows[] = {{"rows=300 dim=8", 1e-3}, {"rows=300 dim=8 condition=1e4 l2=1e-2", 1e-2}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prob_instance p = make("logistic", rows[i].settings, 2);
        double theta[64], g[64];
        minimize_slowly(&p, rows[i].l2, theta);
        for (size_t j = 0; j < p.objective.n_params; j++)
            ck_assert_double_eq_tol(p.minimizer[j], theta[j], 1e-10);
        ck_assert_double_eq_tol(population(&p, theta, NULL, g, NULL), p.minimum, 1e-13);
        prob_destroy(&p);
    }
}
END_TEST

START_TEST(the_minimum_is_exact_where_the_problem_is_ill_conditioned)
{
    static const char *const rows[] = {"condition=1e4 l2=1e-4", "condition=1e8 l2=1e-6"};
    for (size_t i = 0; i < 2; i++) {
        prob_instance p = make("logistic", rows[i], 1);
        double g[64];
        ck_assert_double_eq_tol(population(&p, p.minimizer, NULL, g, NULL), p.minimum, 1e-15);
        for (size_t j = 0; j < p.objective.n_params; j++)
            ck_assert_double_eq_tol(g[j], 0.0, 1e-15);
        prob_destroy(&p);
    }
}
END_TEST

START_TEST(without_regularization_separable_rows_have_no_minimum)
{
    const double x[] = {-2.0, -1.0, 1.5, 3.0}, label[] = {-1.0, -1.0, 1.0, 1.0};
    prob_instance p;
    meka_error err = {0};
    assert_ok(prob_logistic_make(&p, 4, 1, x, label, 0.0, &err), err);
    ck_assert(isnan(p.minimum));
    ck_assert_ptr_null(p.minimizer);
    ck_assert_double_eq(p.objective.x0[0], 0.0);
    prob_destroy(&p);
}
END_TEST

/* Rows 1 with k labels of n positive: theta* = log(k/(n-k)), the minimum is the entropy. */
START_TEST(a_single_constant_feature_gives_the_log_odds)
{
    const double x[] = {1, 1, 1, 1}, label[] = {1, 1, -1, 1};
    prob_instance p;
    meka_error err = {0};
    assert_ok(prob_logistic_make(&p, 4, 1, x, label, 0.0, &err), err);
    assert_ulps(p.minimizer[0], log(3.0), 8);
    assert_ulps(p.minimum, -0.75 * log(0.75) - 0.25 * log(0.25), 8);
    prob_destroy(&p);
}
END_TEST

START_TEST(the_features_have_the_stated_condition_and_labels_follow_the_model)
{
    prob_instance p = make("logistic", "rows=20000 dim=5 condition=16", 4);
    enum { d = 5 };
    double square[d] = {0}, expected_one = 0.0, ones = 0.0;
    size_t n = p.source.n_population;
    ck_assert_uint_eq(n, 20000);
    for (size_t i = 0; i < n; i++) {
        const double *row = p.source.population + i * (d + 1);
        ck_assert(row[d] == 1.0 || row[d] == -1.0);
        double z = 0.0;
        for (int j = 0; j < d; j++) {
            square[j] += row[j] * row[j] / (double)n;
            z += row[j] * p.minimizer[j];
        }
        /* correlation of label and model: the minimizer is near the weights */
        expected_one += row[0] * (1.0 / (1.0 + exp(-z))) / (double)n;
        ones += row[0] * (row[d] > 0.0) / (double)n;
    }
    for (int j = 0; j < d; j++) /* five standard errors: sd of x^2 is sqrt 2 times its mean */
        ck_assert_double_eq_tol(square[j] * pow(16.0, 1.0 - j / 4.0), 1.0, 0.05);
    /* Stationarity: sum_i x_i ([y_i = 1] - p_i) = N l2 theta. */
    ck_assert_double_eq_tol(ones - expected_one, 1e-3 * p.minimizer[0], 1e-12);
    prob_destroy(&p);
}
END_TEST

TEST_MAIN("logistic", newton_agrees_with_an_independent_solver,
          the_minimum_is_exact_where_the_problem_is_ill_conditioned,
          without_regularization_separable_rows_have_no_minimum,
          a_single_constant_feature_gives_the_log_odds,
          the_features_have_the_stated_condition_and_labels_follow_the_model)
