#include "optim/calibration.h"
#include "tests/testing.h"

START_TEST(true_claims_are_kept_and_false_ones_scaled)
{
    opt_calibration honest = {0}, double_claim = {0}, opposite = {0};
    for (int t = 0; t < 20; t++) {
        ck_assert_double_eq(opt_calibration_add(&honest, 0.99, 0.0, 3.0, 3.0), 1.0);
        assert_scaled(opt_calibration_add(&double_claim, 0.99, 1.0, 3.0, 6.0), 0.5, 1.0, 8);
        ck_assert_double_eq(opt_calibration_add(&opposite, 0.99, 1.0, -1.0, 1.0), 0.0);
    }
}
END_TEST

START_TEST(modest_claims_are_not_enlarged)
{
    opt_calibration modest = {0};
    ck_assert_double_eq(opt_calibration_add(&modest, 0.9, 1.0, 5.0, 1.0), 1.0);
}
END_TEST

START_TEST(scatter_lowers_the_factor_by_z_standard_errors)
{
    opt_calibration calibration = {0};
    double beta = 0.5, factor = 0.0, w = 0.0, c1 = 0.0, c2 = 0.0, a1 = 0.0;
    for (int t = 0; t < 12; t++) {
        double c = t % 2 ? 3.0 : 1.0, a = 8.0;
        factor = opt_calibration_add(&calibration, beta, 0.5, c, a);
        w = beta * w + 1 - beta;
        c1 = beta * c1 + (1 - beta) * c;
        c2 = beta * c2 + (1 - beta) * c * c;
        a1 = beta * a1 + (1 - beta) * a;
    }
    double mean = c1 / w, sd = sqrt(c2 / w - mean * mean);
    /* (1 + 0.5)/(1 - 0.5) = 3 observations count. */
    assert_scaled(factor, (mean - 0.5 * sd / sqrt(3.0)) / (a1 / w), 1.0, 32);
}
END_TEST

START_TEST(a_little_scatter_about_a_large_mean_is_not_lost_to_rounding)
{
    opt_calibration calibration = {0};
    double factor = 0.0, step = 0x1p-30, w = 0.0, mean = 0.0, square = 0.0;
    for (int t = 0; t < 40; t++) {
        double x = t % 3 ? step : -step; /* c - 1 */
        factor = opt_calibration_add(&calibration, 0.9, 1.0, 1.0 + x, 2.0);
        w = 0.9 * w + 0.1;
        mean = 0.9 * mean + 0.1 * x;
        square = 0.9 * square + 0.1 * x * x;
    }
    double sd = sqrt(square / w - mean / w * (mean / w));
    /* (1 + 0.9)/(1 - 0.9) = 19 observations count. */
    assert_scaled(1.0 - 2.0 * factor, sd / sqrt(19.0) - mean / w, 1.0, 8);
}
END_TEST

START_TEST(no_claim_needs_no_correction)
{
    opt_calibration calibration = {0};
    ck_assert_double_eq(opt_calibration_add(&calibration, 0.9, 1.0, 0.0, 0.0), 1.0);
}
END_TEST

TEST_MAIN("calibration", true_claims_are_kept_and_false_ones_scaled,
          modest_claims_are_not_enlarged, scatter_lowers_the_factor_by_z_standard_errors,
          a_little_scatter_about_a_large_mean_is_not_lost_to_rounding,
          no_claim_needs_no_correction)
