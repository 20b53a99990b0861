#include "optim/bivariate_normal.h"

#include "tests/testing.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>

typedef struct slice {
    double k, rho;
} slice;

/* The density of X = x times P(Y <= k | x). */
static double density(double x, void *ctx)
{
    const slice *s = ctx;
    return gsl_ran_ugaussian_pdf(x) *
           gsl_cdf_ugaussian_P((s->k - s->rho * x) / sqrt(1.0 - s->rho * s->rho));
}

/* By adaptive integration over x, in parts around the step that the second factor is for large
 * correlations. */
static double integrate(gsl_integration_workspace *space, double h, double k, double rho)
{
    slice s = {k, rho};
    gsl_function f = {density, &s};
    double low = fmin(-12.0, h - 1.0), total = 0.0;
    double step = rho != 0.0 ? k / rho : 0.0, width = 10.0 * sqrt(1.0 - rho * rho);
    double cut[5] = {low, step - width, step, step + width, h};
    for (int i = 1; i < 5; i++)
        cut[i] = fmin(fmax(cut[i], cut[i - 1]), h);
    for (int i = 0; i < 4; i++) {
        double part = 0.0, error;
        if (cut[i] < cut[i + 1])
            gsl_integration_qag(&f, cut[i], cut[i + 1], 1e-15, 1e-13, 1000, GSL_INTEG_GAUSS61,
                                space, &part, &error);
        total += part;
    }
    return total;
}

START_TEST(probabilities_agree_with_numerical_integration)
{
    static const double at[] = {-8.0, -3.7, -1.0, -0.3, -1e-9, 0.0, 1e-9, 0.2, 1.0, 2.5, 6.0};
    static const double rho[] = {-0.9999999, -0.99, -0.9, -0.5, -1e-9, 0.0,
                                 1e-3,       0.3,   0.7,  0.95, 0.999, 0.9999999};
    gsl_set_error_handler_off(); /* roundoff is reported where 1e-15 cannot be had */
    gsl_integration_workspace *space = gsl_integration_workspace_alloc(1000);
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
        for (size_t j = 0; j < sizeof at / sizeof at[0]; j++)
            for (size_t k = 0; k < sizeof rho / sizeof rho[0]; k++) {
                double p = opt_bivariate_normal(at[i], at[j], rho[k]);
                double expected = integrate(space, at[i], at[j], rho[k]);
                ck_assert_msg(fabs(p - expected) <= 1e-12,
                              "P(%g, %g; %g) = %.17g, by integration %.17g", at[i], at[j],
                              rho[k], p, expected);
            }
    gsl_integration_workspace_free(space);
}
END_TEST

START_TEST(independent_and_equal_variables_have_closed_forms)
{
    static const double at[] = {-2.0, -0.5, 0.0, 0.7, 3.0};
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++) {
            double p = gsl_cdf_ugaussian_P(at[i]), q = gsl_cdf_ugaussian_P(at[j]);
            assert_scaled(opt_bivariate_normal(at[i], at[j], 0.0), p * q, 1.0, 4);
            assert_scaled(opt_bivariate_normal(at[i], at[j], 1.0), fmin(p, q), 1.0, 2);
            assert_scaled(opt_bivariate_normal(at[i], at[j], -1.0), fmax(0.0, p + q - 1.0), 1.0,
                          2);
            assert_scaled(opt_bivariate_normal(at[i], INFINITY, 0.3), p, 1.0, 2);
            ck_assert_double_eq(opt_bivariate_normal(-INFINITY, at[j], 0.3), 0.0);
        }
    assert_scaled(opt_bivariate_normal(0.0, 0.0, 0.5), 1.0 / 3.0, 1.0, 2);
}
END_TEST

START_TEST(a_strip_is_a_difference_of_quadrants)
{
    assert_scaled(opt_bivariate_strip(-INFINITY, -1.0, 1.0, 0.6),
                  gsl_cdf_ugaussian_P(1.0) - gsl_cdf_ugaussian_P(-1.0), 1.0, 4);
    /* X >= 0 and Y >= 0: 1/4 + asin(rho)/2 pi */
    assert_scaled(opt_bivariate_strip(0.0, 0.0, INFINITY, 0.5), 1.0 / 3.0, 1.0, 4);
    ck_assert_double_eq(opt_bivariate_strip(0.0, 1.0, 1.0, 0.5), 0.0);
    ck_assert_double_eq(opt_bivariate_strip(0.0, 2.0, 1.0, 0.5), 0.0);
}
END_TEST

TEST_MAIN("bivariate_normal", probabilities_agree_with_numerical_integration,
          independent_and_equal_variables_have_closed_forms,
          a_strip_is_a_difference_of_quadrants)
