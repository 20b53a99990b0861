#include "plots/statistics.h"
#include "tests/testing.h"

#include <stdlib.h>

START_TEST(quantiles_interpolate_between_order_statistics)
{
    const double x[] = {1.0, 2.0, 4.0, 8.0, 16.0};
    ck_assert_double_eq(plot_quantile(5, x, 0.0), 1.0);
    ck_assert_double_eq(plot_quantile(5, x, 1.0), 16.0);
    ck_assert_double_eq(plot_quantile(5, x, 0.5), 4.0);
    assert_ulps(plot_quantile(5, x, 0.9), 12.8, 8); /* at place 3.6 */
    ck_assert_double_eq(plot_quantile(1, x, 0.3), 1.0);
}
END_TEST

START_TEST(an_infinite_order_statistic_without_weight_does_not_spoil_a_quantile)
{
    const double x[] = {1.0, 2.0, INFINITY};
    ck_assert_double_eq(plot_quantile(3, x, 0.5), 2.0);
    ck_assert(isinf(plot_quantile(3, x, 0.75)));
}
END_TEST

START_TEST(sorting_puts_nan_last)
{
    double x[] = {3.0, NAN, -INFINITY, 1.0, INFINITY};
    plot_sort(5, x);
    ck_assert(isinf(x[0]) && x[0] < 0.0);
    ck_assert_double_eq(x[1], 1.0);
    ck_assert_double_eq(x[2], 3.0);
    ck_assert(isinf(x[3]) && isnan(x[4]));
}
END_TEST

START_TEST(the_slope_of_a_power_law_is_its_exponent)
{
    double t[8], y[8];
    for (int c = 0; c < 8; c++) {
        t[c] = pow(1.7, c);
        y[c] = 3.0 * pow(t[c], -1.25);
    }
    assert_ulps(plot_log_slope(8, t, y), -1.25, 20);
}
END_TEST

enum { S = 60, C = 10 };

/* Runs as the ones to be judged: a squared Gaussian with few degrees of freedom (skewed),
 * strongly correlated along the run, whose mean is 1/t.  x [S][C] */
static void draw_runs(uint64_t experiment, const double *t, double *x)
{
    for (size_t s = 0; s < S; s++) {
        meka_rng rng;
        meka_rng_init(&rng, 11, MEKA_STREAM_TEST, experiment, s);
        double z[3] = {meka_rng_normal(&rng), meka_rng_normal(&rng), meka_rng_normal(&rng)};
        for (size_t c = 0; c < C; c++) {
            double sum = 0.0;
            for (int k = 0; k < 3; k++) {
                sum += z[k] * z[k] / 3.0;
                z[k] = 0.7 * z[k] + sqrt(1.0 - 0.49) * meka_rng_normal(&rng);
            }
            x[s * C + c] = sum / t[c];
        }
    }
}

static void set_times(double *t)
{
    for (size_t c = 0; c < C; c++)
        t[c] = pow(1.5, (double)c);
}

/* A binomial count of `trials` at `confidence`, five standard deviations either way, with a
 * bootstrap's own error of some percent of the miss rate below. */
static void assert_coverage(int covered, int trials, double confidence)
{
    double rate = (double)covered / trials, miss = 1.0 - confidence;
    double sd = sqrt(confidence * miss / trials);
    ck_assert_msg(rate > confidence - 0.3 * miss - 4.0 * sd, "covers %.3f, claims %.3f", rate,
                  confidence);
    ck_assert_msg(rate < confidence + 0.3 * miss + 4.0 * sd, "covers %.3f, claims %.3f", rate,
                  confidence);
}

enum { TRIALS = 600, RESAMPLES = 400 };

START_TEST(the_band_covers_the_whole_mean_curve_as_often_as_it_claims)
{
    double t[C], x[S * C], mean[C], se[C], critical;
    int covered = 0, pointwise = 0;
    set_times(t);
    for (uint64_t i = 0; i < TRIALS; i++) {
        plot_bootstrap how = {0.9, RESAMPLES, i, 0};
        draw_runs(i, t, x);
        ck_assert_int_eq(plot_band(S, C, x, &how, mean, se, &critical, NULL), MEKA_OK);
        bool all = true, all_pointwise = true;
        for (size_t c = 0; c < C; c++) {
            double distance = fabs(mean[c] - 1.0 / t[c]);
            all = all && distance <= critical * se[c];
            all_pointwise = all_pointwise && distance <= 1.645 * se[c];
        }
        covered += all;
        pointwise += all_pointwise;
    }
    assert_coverage(covered, TRIALS, 0.9);
    /* What the simultaneous band is for: intervals of each checkpoint alone do not do. */
    ck_assert_int_lt(pointwise, TRIALS * 3 / 4);
}
END_TEST

START_TEST(the_mean_interval_covers_the_mean_as_often_as_it_claims)
{
    double t[C], x[S * C], one[S];
    int covered = 0;
    set_times(t);
    for (uint64_t i = 0; i < TRIALS; i++) {
        plot_bootstrap how = {0.95, RESAMPLES, i, 1};
        plot_interval found;
        draw_runs(i, t, x);
        for (size_t s = 0; s < S; s++)
            one[s] = x[s * C];
        ck_assert_int_eq(plot_mean_interval(S, one, &how, &found, NULL), MEKA_OK);
        covered += found.low <= 1.0 && 1.0 <= found.high;
    }
    assert_coverage(covered, TRIALS, 0.95);
}
END_TEST

START_TEST(the_slope_interval_covers_the_exponent_as_often_as_it_claims)
{
    double t[C], x[S * C];
    int covered = 0;
    set_times(t);
    for (uint64_t i = 0; i < TRIALS; i++) {
        plot_bootstrap how = {0.95, RESAMPLES, i, 2};
        plot_interval found;
        draw_runs(i, t, x);
        ck_assert_int_eq(plot_slope_interval(S, C, t, x, &how, &found, NULL), MEKA_OK);
        ck_assert_double_le(found.low, found.value);
        ck_assert_double_ge(found.high, found.value);
        covered += found.low <= -1.0 && -1.0 <= found.high;
    }
    assert_coverage(covered, TRIALS, 0.95);
}
END_TEST

START_TEST(student_s_interval_of_three_normal_numbers_covers_their_mean_as_often_as_it_claims)
{
    /* Exact for normal numbers, however few: (x - mean)/se has Student's distribution. */
    int covered = 0;
    meka_rng rng;
    meka_rng_init(&rng, 3, MEKA_STREAM_START, 0, 0);
    for (int i = 0; i < TRIALS; i++) {
        double x[3];
        for (size_t s = 0; s < 3; s++)
            x[s] = 5.0 + 2.0 * meka_rng_normal(&rng);
        plot_interval found = plot_student_interval(3, x, 0.9);
        ck_assert_double_eq_tol(found.value, (x[0] + x[1] + x[2]) / 3.0, 1e-14);
        covered += found.low <= 5.0 && 5.0 <= found.high;
    }
    assert_coverage(covered, TRIALS, 0.9);
}
END_TEST

START_TEST(the_ratio_interval_covers_the_ratio_as_often_as_it_claims)
{
    double t[C], x[S * C], y[S * C], above[S], below[S];
    int covered = 0;
    set_times(t);
    for (uint64_t i = 0; i < TRIALS; i++) {
        draw_runs(i, t, x);
        draw_runs(TRIALS + i, t, y);
        for (size_t s = 0; s < S; s++) {
            above[s] = x[s * C + 2];
            below[s] = y[s * C];
        }
        plot_interval found = plot_ratio_interval(S, above, S, below, 0.95);
        covered += found.low <= 1.0 / t[2] && 1.0 / t[2] <= found.high;
    }
    assert_coverage(covered, TRIALS, 0.95);
}
END_TEST

START_TEST(intervals_are_the_same_in_any_unit)
{
    double t[C], x[S * C], mean[C], se[C], first, second;
    plot_bootstrap how = {0.9, RESAMPLES, 5, 0};
    plot_interval a, b;
    set_times(t);
    draw_runs(0, t, x);
    ck_assert_int_eq(plot_band(S, C, x, &how, mean, se, &first, NULL), MEKA_OK);
    ck_assert_int_eq(plot_slope_interval(S, C, t, x, &how, &a, NULL), MEKA_OK);
    for (size_t i = 0; i < S * C; i++)
        x[i] *= 0x1p-100;
    ck_assert_int_eq(plot_band(S, C, x, &how, mean, se, &second, NULL), MEKA_OK);
    ck_assert_int_eq(plot_slope_interval(S, C, t, x, &how, &b, NULL), MEKA_OK);
    ck_assert_double_eq(first, second);
    ck_assert_double_eq_tol(a.low, b.low, 1e-12);
    ck_assert_double_eq_tol(a.high, b.high, 1e-12);
}
END_TEST

START_TEST(a_checkpoint_at_which_all_runs_agree_has_a_band_of_width_zero)
{
    double x[] = {5.0, 1.0, 5.0, 2.0, 5.0, 4.0, 5.0, 3.0}, mean[2], se[2], critical;
    plot_bootstrap how = {0.9, 100, 1, 0};
    ck_assert_int_eq(plot_band(4, 2, x, &how, mean, se, &critical, NULL), MEKA_OK);
    ck_assert_double_eq(mean[0], 5.0);
    ck_assert_double_eq(se[0], 0.0);
    ck_assert_double_eq(mean[1], 2.5);
    assert_ulps(se[1], sqrt(5.0 / 12.0), 4); /* variance 5/3 over 4 runs */
}
END_TEST

START_TEST(a_large_mean_does_not_cancel_the_variance_away)
{
    double x[100], mean, se, critical;
    plot_bootstrap how = {0.9, 100, 1, 0};
    for (int i = 0; i < 100; i++)
        x[i] = 1e9 + i % 2;
    ck_assert_int_eq(plot_band(100, 1, x, &how, &mean, &se, &critical, NULL), MEKA_OK);
    assert_ulps(mean, 1e9 + 0.5, 2);
    assert_ulps(se, sqrt(25.0 / 99.0 / 100.0), 1000);
}
END_TEST

START_TEST(a_mean_that_is_not_positive_has_no_logarithmic_slope)
{
    double t[] = {1.0, 2.0}, x[] = {1.0, -1.0, 1.0, -2.0, 1.0, -1.5};
    plot_bootstrap how = {0.9, 100, 1, 0};
    plot_interval found;
    meka_error err;
    assert_fails(plot_slope_interval(3, 2, t, x, &how, &found, &err), err, MEKA_ERR_RANGE,
                 "positive");
}
END_TEST

static meka_status intervals(void *ctx, meka_error *err)
{
    const double *t = ctx;
    double x[] = {1.0, 0.5, 1.2, 0.4, 0.8, 0.7}, mean[2], se[2], critical;
    plot_bootstrap how = {0.9, 100, 1, 0};
    plot_interval found;
    meka_status status = plot_band(3, 2, x, &how, mean, se, &critical, err);
    return status ? status : plot_slope_interval(3, 2, t, x, &how, &found, err);
}

START_TEST(no_memory_is_an_error)
{
    double t[] = {1.0, 2.0};
    ck_assert_uint_eq(test_every_allocation(intervals, t), 2);
}
END_TEST

TEST_MAIN("statistics", quantiles_interpolate_between_order_statistics,
          an_infinite_order_statistic_without_weight_does_not_spoil_a_quantile,
          sorting_puts_nan_last, the_slope_of_a_power_law_is_its_exponent,
          the_band_covers_the_whole_mean_curve_as_often_as_it_claims,
          the_mean_interval_covers_the_mean_as_often_as_it_claims,
          the_slope_interval_covers_the_exponent_as_often_as_it_claims,
          student_s_interval_of_three_normal_numbers_covers_their_mean_as_often_as_it_claims,
          the_ratio_interval_covers_the_ratio_as_often_as_it_claims,
          intervals_are_the_same_in_any_unit,
          a_checkpoint_at_which_all_runs_agree_has_a_band_of_width_zero,
          a_large_mean_does_not_cancel_the_variance_away,
          a_mean_that_is_not_positive_has_no_logarithmic_slope, no_memory_is_an_error)
