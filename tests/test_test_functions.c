/* The test functions against what is published of them. */
#include "tests/ad_fixture.h"

#include <meka/problems.h>
#include <stdlib.h>

/* f(x0) from the formulas of the source in 40 digits by another program, and the minimum as
 * it is printed there with the size of its last digit. */
typedef struct published {
    const char *name, *settings;
    double at_start, minimum, digit;
} published;

static const published table[] = {
    {"himmelblau", NULL, 170, 0, 0},
    {"six-hump-camel", NULL, 4 - 2.1 + 1 / 3.0 + 1, -1.0316, 1e-4},
    {"mccormick", NULL, 1, -1.9133, 1e-4},
    {"styblinski-tang", "dim=2", 0.5 * (1 - 16 - 5), -78.33233, 1e-5},
    {"styblinski-tang", "dim=3", 0.5 * (1 - 16 - 5), -117.4985, 1e-4},
    {"freudenstein-roth", NULL, 400.5, 0, 0},
    {"powell-badly-scaled", NULL, 1.1352617173483784034, 0, 0},
    {"brown-badly-scaled", NULL, 999998000002.999996, 0, 0},
    {"beale", NULL, 14.203125, 0, 0},
    {"jennrich-sampson", NULL, 4171.306161960493049, 124.362, 1e-3},
    {"helical-valley", NULL, 2500, 0, 0},
    {"bard", NULL, 41.681695861678004535, 8.21487e-3, 1e-8},
    {"gaussian", NULL, 3.8881069911666614876e-6, 1.12793e-8, 1e-13},
    {"meyer", NULL, 1693607809.4361459375, 87.9458, 1e-4},
    {"gulf", NULL, 12.110705825569487782, 0, 0},
    {"box", NULL, 1031.1538106093983491, 0, 0},
    {"powell-singular", NULL, 215, 0, 0},
    {"powell-singular", "dim=8", 430, 0, 0},
    {"wood", NULL, 19192, 0, 0},
    {"kowalik-osborne", NULL, 0.0053131722721085421606, 3.07505e-4, 1e-9},
    {"brown-dennis", NULL, 7926693.3369974323834, 85822.2, 0.1},
    {"osborne-1", NULL, 0.87902629354464049333, 5.46489e-5, 1e-10},
    {"biggs-exp6", NULL, 0.77907007565597045229, 0, 0},
    {"osborne-2", NULL, 2.0934195142120636759, 4.01377e-2, 1e-7},
    {"watson", "dim=6", 30, 2.28767e-3, 1e-8},
    {"watson", "dim=9", 30, 1.39976e-6, 1e-11},
    {"watson", "dim=12", 30, 4.72238e-10, 1e-15},
    {"extended-rosenbrock", NULL, 121, 0, 0},
    {"penalty-1", "dim=4", 885.06264, 2.24997e-5, 1e-10},
    {"penalty-1", "dim=10", 148032.56535, 7.08765e-5, 1e-10},
    {"penalty-2", "dim=4", 2.3400088054630245199, 9.37629e-6, 1e-11},
    {"penalty-2", "dim=10", 162.65277656596712335, 2.93660e-4, 1e-9},
    {"variably-dimensioned", NULL, 2198551.1625, 0, 0},
    {"trigonometric", NULL, 0.0070757594662222023467, 0, 0},
    {"brown-almost-linear", NULL, 273.24804782867431641, 0, 0},
    {"discrete-boundary-value", NULL, 0.00078851910126482151246, 0, 0},
    {"discrete-integral-equation", NULL, 0.063416841579452641025, 0, 0},
    {"broyden-tridiagonal", NULL, 21, 0, 0},
    {"broyden-banded", NULL, 360, 0, 0},
    {"linear-full-rank", NULL, 50, 10, 0},
    {"linear-rank-1", NULL, 8658670, 380.0 / 82, 0},
    {"linear-rank-1-zeros", NULL, 4067996, 454.0 / 74, 0},
    {"chebyquad", "dim=1", 0, 0, 0},
    {"chebyquad", "dim=2", 0.1975308641975308642, 0, 0},
    {"chebyquad", "dim=3", 0.11111111111111111111, 0, 0},
    {"chebyquad", "dim=4", 0.071183928888888888889, 0, 0},
    {"chebyquad", "dim=5", 0.050943453741807651273, 0, 0},
    {"chebyquad", "dim=6", 0.046428172297460780553, 0, 0},
    {"chebyquad", "dim=7", 0.033770638463718820862, 0, 0},
    {"chebyquad", "dim=8", 0.038617698285930231845, 3.51687e-3, 1e-8},
    {"chebyquad", "dim=9", 0.028882980288226033359, 0, 0},
    {"chebyquad", "dim=10", 0.033763265462880003227, 4.77271e-3, 1e-8}, /* not theirs */
};
enum { n_table = sizeof table / sizeof table[0], max_d = 16 };

static prob_instance make(const char *name, const char *settings)
{
    const prob_problem *row;
    prob_instance p = {0};
    meka_error err = {0};
    assert_ok(prob_problem_find(&row, name, &err), err);
    assert_ok(prob_create(&p, row, &(prob_request){.settings = settings, .seed = 1}, &err),
              err);
    ck_assert_uint_le(p.objective.n_params, max_d);
    return p;
}

START_TEST(every_function_has_the_value_of_its_formula_at_the_standard_start)
{
    for (size_t i = 0; i < n_table; i++) {
        prob_instance p = make(table[i].name, table[i].settings);
        fixture ad = fixture_make(&p.objective, 0);
        double loss;
        ad_eval_samples(ad.batch, p.objective.x0, NULL, 1, p.source.population, &loss, NULL,
                        NULL, NULL);
        ck_assert_msg(test_distance(loss, table[i].at_start, fabs(table[i].at_start)) <= 512,
                      "%s %s: %.17g, expected %.17g", table[i].name,
                      table[i].settings ? table[i].settings : "", loss, table[i].at_start);
        fixture_clear(&ad);
        prob_destroy(&p);
    }
}
END_TEST

/* The source cuts some of its digits off rather than rounding them: a unit is allowed. */
START_TEST(every_minimum_is_the_published_one_in_all_its_digits)
{
    for (size_t i = 0; i < n_table; i++) {
        prob_instance p = make(table[i].name, table[i].settings);
        double rounding = 4 * DBL_EPSILON * fabs(table[i].minimum);
        ck_assert_msg(fabs(p.minimum - table[i].minimum) <= table[i].digit + rounding,
                      "%s: %.17g, published is %.17g", table[i].name, p.minimum,
                      table[i].minimum);
        ck_assert_ptr_nonnull(p.minimizer);
        fixture ad = fixture_make(&p.objective, 0);
        size_t n = p.n_minimizers, d = p.objective.n_params;
        ck_assert_uint_ge(n, 1);
        for (size_t k = 0; k < n; k++) {
            double loss;
            ad_eval_samples(ad.batch, p.minimizer + k * d, NULL, 1, p.source.population, &loss,
                            NULL, NULL, NULL);
            ck_assert_double_le(fabs(loss - p.minimum), 1e-14 + 1e-11 * fabs(p.minimum));
        }
        fixture_clear(&ad);
        prob_destroy(&p);
    }
}
END_TEST

START_TEST(a_minimum_that_nobody_published_is_not_claimed)
{
    prob_instance p = make("watson", "dim=7");
    ck_assert(isnan(p.minimum) && !p.minimizer);
    prob_destroy(&p);
    p = make("linear-rank-1", "dim=3 terms=7");
    assert_ulps(p.minimum, 42.0 / 30.0, 2);
    ck_assert_ptr_null(p.minimizer);
    prob_destroy(&p);
}
END_TEST

START_TEST(noise_has_the_promised_moments)
{
    prob_instance p = make("beale", "noise=0.5 multiplicative=0.3");
    fixture ad = fixture_make(&p.objective, 0);
    enum { n = 100000 };
    double *xi = malloc(n * 3 * sizeof *xi), mean[3] = {0}, square[3] = {0};
    p.source.draw(p.source.ctx, 4, 0, n, xi);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 3; k++) {
            double off = xi[3 * i + k] - (k == 0);
            ck_assert(k > 0 || xi[3 * i] > 0);
            mean[k] += off / n;
            square[k] += off * off / n;
        }
    for (size_t k = 0; k < 3; k++) {
        double sd = k ? 0.5 : 0.3;
        ck_assert_double_le(fabs(mean[k]), 5 * sd / sqrt(n));
        ck_assert_double_eq_tol(sqrt(square[k]), sd, 0.02 * sd);
    }
    free(xi);
    fixture_clear(&ad);
    prob_destroy(&p);
}
END_TEST

START_TEST(without_noise_every_sample_is_the_function_itself)
{
    prob_instance p = make("himmelblau", "noise=0");
    fixture ad = fixture_make(&p.objective, 0);
    double xi[4 * 3], loss[4];
    p.source.draw(p.source.ctx, 4, 0, 4, xi);
    const double x[2] = {1, 2};
    ad_eval_samples(ad.batch, x, NULL, 4, xi, loss, NULL, NULL, NULL);
    for (int i = 0; i < 4; i++)
        assert_ulps(loss[i], 68.0, 0);
    fixture_clear(&ad);
    prob_destroy(&p);
}
END_TEST

/* The source's theta is atan(x2/x1)/2pi, plus 1/2 where x1 < 0. */
START_TEST(the_helical_valley_has_the_branches_of_its_source)
{
    prob_instance p = make("helical-valley", NULL);
    fixture ad = fixture_make(&p.objective, 0);
    for (int i = 0; i < 8; i++) {
        double angle = (i + 0.5) * atan(1.0), x[3] = {2 * cos(angle), 2 * sin(angle), 0.7};
        double turn = atan(x[1] / x[0]) / (8 * atan(1.0)) + (x[0] < 0 ? 0.5 : 0.0), loss;
        double wanted = pow(10 * (x[2] - 10 * turn), 2) + 100.0 + x[2] * x[2];
        ad_eval_samples(ad.batch, x, NULL, 1, p.source.population, &loss, NULL, NULL, NULL);
        assert_ulps(loss, wanted, 16);
    }
    fixture_clear(&ad);
    prob_destroy(&p);
}
END_TEST

START_TEST(sizes_that_a_function_cannot_have_are_refused)
{
    const prob_problem *row;
    prob_instance p = {0};
    meka_error err;
    prob_problem_find(&row, "powell-singular", NULL);
    assert_fails(prob_create(&p, row, &(prob_request){.settings = "dim=6", .seed = 1}, &err),
                 err, MEKA_ERR_INPUT, "multiple of 4");
    prob_problem_find(&row, "linear-full-rank", NULL);
    assert_fails(prob_create(&p, row, &(prob_request){.settings = "dim=30", .seed = 1}, &err),
                 err, MEKA_ERR_INPUT, "at least dim = 30");
}
END_TEST

TEST_MAIN("test_functions", every_function_has_the_value_of_its_formula_at_the_standard_start,
          every_minimum_is_the_published_one_in_all_its_digits,
          a_minimum_that_nobody_published_is_not_claimed, noise_has_the_promised_moments,
          without_noise_every_sample_is_the_function_itself,
          the_helical_valley_has_the_branches_of_its_source,
          sizes_that_a_function_cannot_have_are_refused)
