#include "ad/math.h"
#include "tests/testing.h"

/* Values of the polygamma functions: Abramowitz and Stegun, tables 6.1-6.2 and 6.4.2-4
 * (psi(1) = -gamma, psi'(1) = pi^2/6, psi''(1) = -2 zeta(3), psi(1/2) = -gamma - 2 log 2). */
START_TEST(polygamma_has_its_known_values)
{
    const double gamma = 0.57721566490153286061, pi = 3.14159265358979323846;
    const double zeta3 = 1.20205690315959428540;
    assert_ulps(ad_math_polygamma(0, 1.0), -gamma, 8);
    assert_ulps(ad_math_polygamma(1, 1.0), pi * pi / 6.0, 8);
    assert_ulps(ad_math_polygamma(2, 1.0), -2.0 * zeta3, 8);
    assert_ulps(ad_math_polygamma(0, 0.5), -gamma - 2.0 * log(2.0), 8);
    assert_ulps(ad_math_polygamma(1, 0.5), pi * pi / 2.0, 8);
    assert_ulps(ad_math_polygamma(2, 0.5), -14.0 * zeta3, 8);
}
END_TEST

/* psi^(n)(x + 1) = psi^(n)(x) + (-1)^n n! / x^(n+1) (6.3.5, 6.4.6), also below zero. */
START_TEST(polygamma_obeys_its_recurrence_on_both_sides_of_zero)
{
    static const double points[] = {-3.3, -1.75, -0.4, 0.1, 2.5, 40.0, 9.9999999e7};
    for (size_t k = 0; k < sizeof points / sizeof points[0]; k++) {
        double x = points[k], step[3] = {1.0 / x, -1.0 / (x * x), 2.0 / (x * x * x)};
        for (int n = 0; n < 3; n++) {
            double here = ad_math_polygamma(n, x), next = ad_math_polygamma(n, x + 1.0);
            assert_scaled(next, here + step[n], fabs(here) + fabs(step[n]), 200);
        }
    }
}
END_TEST

START_TEST(polygamma_at_poles_and_extremes_is_defined_and_never_aborts)
{
    for (int n = 0; n < 3; n++) {
        ck_assert(isnan(ad_math_polygamma(n, 0.0)));
        ck_assert(isnan(ad_math_polygamma(n, -4.0)));
        ck_assert(isnan(ad_math_polygamma(n, NAN)));
        ck_assert(isnan(ad_math_polygamma(n, -INFINITY)));
        ck_assert(!isnan(ad_math_polygamma(n, 1e-300)));
        ck_assert(!isnan(ad_math_polygamma(n, 1e300)));
    }
}
END_TEST

START_TEST(sigmoid_and_softplus_keep_their_small_side)
{
    assert_ulps(SIGMOID(-700.0), exp(-700.0), 2);
    assert_ulps(SOFTPLUS(-700.0), exp(-700.0), 2);
    ck_assert(SIGMOID(700.0) == 1.0 && SOFTPLUS(700.0) == 700.0);
    assert_ulps(SOFTPLUS(0.0), log(2.0), 1);
}
END_TEST

TEST_MAIN("math", polygamma_has_its_known_values,
          polygamma_obeys_its_recurrence_on_both_sides_of_zero,
          polygamma_at_poles_and_extremes_is_defined_and_never_aborts,
          sigmoid_and_softplus_keep_their_small_side)
