#include "optim/filter.h"
#include "tests/testing.h"

enum { D = 4 };

/* A filter with memory for any form. */
typedef struct tank {
    double m[D], P[D * D], K[D * D], work[4 * D * D + 5 * D];
    opt_filter filter;
} tank;

static void tank_fill(tank *t, opt_covariance form)
{
    memset(t, 0, sizeof *t);
    t->filter = (opt_filter){form, D, t->m, t->P, t->K, t->work};
    ck_assert_uint_le(opt_filter_work_size(form, D), sizeof t->work / sizeof t->work[0]);
}

static const opt_covariance forms[] = {OPT_COVARIANCE_SCALAR, OPT_COVARIANCE_DIAG,
                                       OPT_COVARIANCE_FULL};

static void draw(meka_rng *rng, double *x)
{
    for (int j = 0; j < D; j++)
        x[j] = meka_rng_normal(rng);
}

START_TEST(all_forms_agree_where_everything_is_isotropic)
{
    for (int other = 1; other < 3; other++) {
        tank a, b;
        tank_fill(&a, OPT_COVARIANCE_SCALAR);
        tank_fill(&b, forms[other]);
        meka_rng rng;
        meka_rng_init(&rng, 1, MEKA_STREAM_TEST, 0, 0);
        for (int t = 0; t < 40; t++) {
            double g[D], step[D], sa = exp(meka_rng_normal(&rng)), qa = meka_rng_uniform(&rng);
            double sb[D * D], qb[D * D];
            draw(&rng, g);
            draw(&rng, step);
            opt_covariance_set(forms[other], D, sb, sa);
            opt_covariance_set(forms[other], D, qb, qa);
            if (t == 0) {
                opt_filter_start(&a.filter, g, &sa);
                opt_filter_start(&b.filter, g, sb);
            } else {
                opt_filter_predict(&a.filter, step, &qa);
                opt_filter_predict(&b.filter, step, qb);
                opt_filter_observe(&a.filter, g, &sa);
                opt_filter_observe(&b.filter, g, sb);
            }
            assert_all_scaled(D, b.m, a.m, 10.0, 100);
            for (int j = 0; j < D; j++)
                assert_ulps(opt_covariance_at(forms[other], D, b.P, (size_t)j), a.P[0], 50);
            assert_ulps(opt_covariance_mean(forms[other], D, b.K), a.K[0], 50);
            assert_ulps(opt_covariance_along(forms[other], D, b.P, g),
                        opt_covariance_along(OPT_COVARIANCE_SCALAR, D, a.P, g), 100);
        }
    }
}
END_TEST

START_TEST(constant_noise_gives_gain_one_over_t_plus_one)
{
    for (int f = 0; f < 3; f++) {
        tank one;
        tank_fill(&one, forms[f]);
        double sigma[D * D], g[D] = {1, 2, 3, 4};
        opt_covariance_set(forms[f], D, sigma, 0.7);
        opt_filter_start(&one.filter, g, sigma);
        for (int t = 1; t <= 1000; t++) {
            opt_filter_predict(&one.filter, NULL, NULL);
            opt_filter_observe(&one.filter, g, sigma);
            /* A step adds a few roundings of random sign and damps the earlier ones by 1-K:
             * about sqrt(t) of them remain, 32 after 1000 steps. */
            double ulps = forms[f] == OPT_COVARIANCE_FULL ? 200.0 : 32.0;
            assert_ulps(opt_covariance_mean(forms[f], D, one.K), 1.0 / (t + 1), ulps);
            assert_ulps(opt_covariance_mean(forms[f], D, one.P), 0.7 / (t + 1), ulps);
        }
    }
}
END_TEST

START_TEST(the_mean_of_constant_noise_is_the_average_of_what_was_seen)
{
    tank one;
    tank_fill(&one, OPT_COVARIANCE_DIAG);
    double sigma[D] = {1, 2, 3, 4}, sum[D] = {0}, mean[D];
    meka_rng rng;
    meka_rng_init(&rng, 2, MEKA_STREAM_TEST, 0, 0);
    for (int t = 0; t < 50; t++) {
        double g[D];
        draw(&rng, g);
        if (t == 0)
            opt_filter_start(&one.filter, g, sigma);
        else
            opt_filter_observe(&one.filter, g, sigma);
        for (int j = 0; j < D; j++) {
            sum[j] += g[j];
            mean[j] = sum[j] / (t + 1);
        }
        assert_all_scaled(D, one.m, mean, 3.0, 20);
    }
}
END_TEST

/* x = a^{-1} y by Gaussian elimination with pivoting. */
static void solve(double a[D][D], double y[D], double x[D])
{
    for (int k = 0; k < D; k++) {
        int best = k;
        for (int i = k + 1; i < D; i++)
            if (fabs(a[i][k]) > fabs(a[best][k]))
                best = i;
        for (int j = 0; j < D; j++) {
            double swap = a[k][j];
            a[k][j] = a[best][j];
            a[best][j] = swap;
        }
        double swap = y[k];
        y[k] = y[best];
        y[best] = swap;
        for (int i = k + 1; i < D; i++) {
            double factor = a[i][k] / a[k][k];
            for (int j = k; j < D; j++)
                a[i][j] -= factor * a[k][j];
            y[i] -= factor * y[k];
        }
    }
    for (int i = D - 1; i >= 0; i--) {
        x[i] = y[i];
        for (int j = i + 1; j < D; j++)
            x[i] -= a[i][j] * x[j];
        x[i] /= a[i][i];
    }
}

/* A random symmetric positive definite matrix. */
static void draw_covariance(meka_rng *rng, double *c)
{
    double factor[D][D];
    for (int i = 0; i < D; i++)
        draw(rng, factor[i]);
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++) {
            c[i * D + j] = i == j ? 0.1 : 0.0;
            for (int k = 0; k < D; k++)
                c[i * D + j] += factor[i][k] * factor[j][k];
        }
}

START_TEST(the_full_form_is_the_least_squares_estimate_of_two_observations)
{
    meka_rng rng;
    meka_rng_init(&rng, 3, MEKA_STREAM_TEST, 0, 0);
    for (int repeat = 0; repeat < 20; repeat++) {
        tank one;
        tank_fill(&one, OPT_COVARIANCE_FULL);
        double first[D * D], second[D * D], g[D], h[D], sum[D][D], gap[D], part[D];
        draw_covariance(&rng, first);
        draw_covariance(&rng, second);
        draw(&rng, g);
        draw(&rng, h);
        opt_filter_start(&one.filter, g, first);
        opt_filter_observe(&one.filter, h, second);
        /* m = h - S2 (S1 + S2)^-1 (h - g), P = S1 - S1 (S1 + S2)^-1 S1 */
        for (int i = 0; i < D; i++) {
            gap[i] = h[i] - g[i];
            for (int j = 0; j < D; j++)
                sum[i][j] = first[i * D + j] + second[i * D + j];
        }
        solve(sum, gap, part);
        for (int i = 0; i < D; i++) {
            double m = h[i];
            for (int j = 0; j < D; j++)
                m -= second[i * D + j] * part[j];
            assert_scaled(one.m[i], m, 100.0, 100);
        }
        for (int k = 0; k < D; k++) {
            for (int i = 0; i < D; i++) {
                gap[i] = first[i * D + k];
                for (int j = 0; j < D; j++)
                    sum[i][j] = first[i * D + j] + second[i * D + j];
            }
            solve(sum, gap, part);
            for (int i = 0; i < D; i++) {
                double p = first[i * D + k];
                for (int j = 0; j < D; j++)
                    p -= first[i * D + j] * part[j];
                assert_scaled(one.P[i * D + k], p, 100.0, 100);
            }
        }
    }
}
END_TEST

START_TEST(an_exact_observation_of_an_exact_belief_replaces_it)
{
    for (int f = 0; f < 3; f++) {
        tank one;
        tank_fill(&one, forms[f]);
        double zero[D * D] = {0}, g[D] = {1, 2, 3, 4}, h[D] = {5, 6, 7, 8};
        opt_filter_start(&one.filter, g, zero);
        opt_filter_observe(&one.filter, h, zero);
        assert_all_scaled(D, one.m, h, 8.0, 8);
        assert_scaled(opt_covariance_mean(forms[f], D, one.K), 1.0, 1.0, 8);
        ck_assert_double_eq(opt_covariance_mean(forms[f], D, one.P), 0.0);
    }
}
END_TEST

START_TEST(a_singular_sum_is_exact_in_its_null_space_and_filtered_elsewhere)
{
    tank one;
    tank_fill(&one, OPT_COVARIANCE_FULL);
    /* Both covariances are 1 1' / 2: uncertain along (1, 1, 0, 0) only. */
    double ones[D * D] = {0.5, 0.5, 0, 0, 0.5, 0.5};
    double g[D] = {0, 0, 0, 0}, h[D] = {3, 1, 7, -2};
    opt_filter_start(&one.filter, g, ones);
    opt_filter_observe(&one.filter, h, ones);
    /* h = 2 (1, 1) + 1 (1, -1): the first half counts by K = 1/2, the rest by K = 1. */
    const double expected[D] = {2, 0, 7, -2};
    assert_all_scaled(D, one.m, expected, 8.0, 16);
    assert_scaled(one.P[0], 0.25, 1.0, 16);
    assert_scaled(one.P[1], 0.25, 1.0, 16);
    assert_scaled(one.P[15], 0.0, 1.0, 16);
}
END_TEST

START_TEST(a_null_space_found_only_up_to_rounding_counts_as_one)
{
    tank one;
    tank_fill(&one, OPT_COVARIANCE_FULL);
    const double v[D] = {0.3, 0.7, -1.1, 0.2};
    double c[D * D], g[D] = {0, 0, 0, 0}, h[D] = {3, 1, 7, -2}, along = 0.0, square = 0.0;
    for (int i = 0; i < D * D; i++)
        c[i] = v[i / D] * v[i % D];
    opt_filter_start(&one.filter, g, c);
    opt_filter_observe(&one.filter, h, c);
    for (int j = 0; j < D; j++) {
        along += v[j] * h[j];
        square += v[j] * v[j];
    }
    /* Half of what h has along v, all of the rest. */
    for (int j = 0; j < D; j++)
        assert_scaled(one.m[j], h[j] - 0.5 * along / square * v[j], 8.0, 32);
}
END_TEST

START_TEST(scaling_by_a_power_of_two_is_exact_in_every_form)
{
    for (int f = 0; f < 3; f++)
        for (int power = -30; power <= 30; power += 30) {
            tank a, b;
            tank_fill(&a, forms[f]);
            tank_fill(&b, forms[f]);
            double c = ldexp(1.0, power);
            meka_rng rng;
            meka_rng_init(&rng, 4, MEKA_STREAM_TEST, 0, 0);
            for (int t = 0; t < 10; t++) {
                double g[D], cg[D], sigma[D * D], csigma[D * D];
                draw(&rng, g);
                draw_covariance(&rng, sigma);
                for (int i = 0; i < D * D; i++)
                    csigma[i] = (sigma[i] = fabs(sigma[i])) * c * c;
                if (forms[f] == OPT_COVARIANCE_FULL) {
                    draw_covariance(&rng, sigma);
                    for (int i = 0; i < D * D; i++)
                        csigma[i] = sigma[i] * c * c;
                }
                for (int j = 0; j < D; j++)
                    cg[j] = g[j] * c;
                if (t == 0) {
                    opt_filter_start(&a.filter, g, sigma);
                    opt_filter_start(&b.filter, cg, csigma);
                }
                opt_filter_predict(&a.filter, g, sigma);
                opt_filter_predict(&b.filter, cg, csigma);
                opt_filter_observe(&a.filter, g, sigma);
                opt_filter_observe(&b.filter, cg, csigma);
                for (int j = 0; j < D; j++)
                    ck_assert_double_eq(b.m[j], a.m[j] * c);
                ck_assert_double_eq(opt_covariance_mean(forms[f], D, b.P),
                                    opt_covariance_mean(forms[f], D, a.P) * c * c);
            }
        }
}
END_TEST

START_TEST(the_value_filter_follows_its_equations)
{
    opt_value_filter filter = {5.0, 0.5};
    /* No surprise: u- = 4, c = 0.75, (4.5 - 4)^2 < 0.75 + 0.25, k = 3/4. */
    opt_value_filter_update(&filter, -1.0, 0.25, 4.5, 0.25);
    assert_ulps(filter.u, 0.25 * 4.0 + 0.75 * 4.5, 4);
    assert_ulps(filter.s, 0.75 * 0.75 / 4 / 3 + 0.75 * 0.75 * 0.25, 8);
    /* Surprise: u- = 1, c = 1, lambda = 9^2 - 1 - 1 = 79, s- = 80, k = 80/81. */
    filter = (opt_value_filter){1.0, 1.0};
    opt_value_filter_update(&filter, 0.0, 0.0, 10.0, 1.0);
    assert_ulps(filter.u, 1.0 / 81 + 80.0 / 81 * 10, 4);
    assert_ulps(filter.s, 80.0 / 81, 16);
    /* Nothing uncertain and no surprise: the observation. */
    filter = (opt_value_filter){2.0, 0.0};
    opt_value_filter_update(&filter, 1.0, 0.0, 3.0, 0.0);
    ck_assert_double_eq(filter.u, 3.0);
    ck_assert_double_eq(filter.s, 0.0);
}
END_TEST

TEST_MAIN("filter", all_forms_agree_where_everything_is_isotropic,
          constant_noise_gives_gain_one_over_t_plus_one,
          the_mean_of_constant_noise_is_the_average_of_what_was_seen,
          the_full_form_is_the_least_squares_estimate_of_two_observations,
          an_exact_observation_of_an_exact_belief_replaces_it,
          a_singular_sum_is_exact_in_its_null_space_and_filtered_elsewhere,
          a_null_space_found_only_up_to_rounding_counts_as_one,
          scaling_by_a_power_of_two_is_exact_in_every_form,
          the_value_filter_follows_its_equations)
