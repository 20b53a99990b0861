/* The probabilistic line search: its model, and what conformance does not show. */
#include "optim/prob_line_search_model.h"
#include "tests/optim_fixture.h"

/* Observations of y(t) = -t + curvature t^2/2 without noise, or with some. */
typedef struct parabola {
    double t[OPT_PLS_MAX_POINTS], y[OPT_PLS_MAX_POINTS], dy[OPT_PLS_MAX_POINTS];
    opt_pls_data data;
} parabola;

static void observe(parabola *p, size_t n, const double *t, double curvature, double sd)
{
    for (size_t i = 0; i < n; i++) {
        p->t[i] = t[i];
        p->y[i] = -t[i] + 0.5 * curvature * t[i] * t[i];
        p->dy[i] = -1.0 + curvature * t[i];
    }
    p->data = (opt_pls_data){n, p->t, p->y, p->dy, sd, sd};
}

START_TEST(the_posterior_interpolates_observations_without_noise)
{
    static const double t[] = {0.0, 1.0, 3.0, 0.4, 7.0};
    static const double between[] = {0.2, 0.7, 2.0, 5.0};
    parabola p;
    opt_pls_belief belief;
    observe(&p, 5, t, 0.6, 0.0);
    opt_pls_condition(&belief, &p.data, 4, between);
    for (size_t i = 0; i < 5; i++) {
        assert_scaled(belief.mean[2 * i], p.y[i], 10.0, 1e3);
        assert_scaled(belief.mean[2 * i + 1], p.dy[i], 10.0, 1e3);
        assert_scaled(belief.cov[2 * i][2 * i], 0.0, 100.0, 1e2);
        assert_scaled(belief.cov[2 * i + 1][2 * i + 1], 0.0, 100.0, 1e2);
    }
    /* A parabola is a cubic, so that between its points the mean is the parabola. */
    for (size_t i = 0; i < 4; i++) {
        double x = between[i];
        assert_scaled(belief.mean[2 * (5 + i)], -x + 0.3 * x * x, 10.0, 1e3);
        ck_assert_double_gt(belief.cov[2 * (5 + i)][2 * (5 + i)], 0.0);
    }
}
END_TEST

START_TEST(from_one_point_the_mean_is_its_tangent)
{
    static const double start[] = {0.0}, t[] = {0.5, 2.0};
    parabola p;
    opt_pls_belief belief;
    observe(&p, 1, start, 0.0, 0.0);
    opt_pls_condition(&belief, &p.data, 2, t);
    for (size_t i = 0; i < 2; i++) {
        assert_ulps(belief.mean[2 * i + 2], -t[i], 2);
        assert_ulps(belief.cov[2 * i + 2][2 * i + 2], t[i] * t[i] * t[i] / 3.0, 4);
        assert_ulps(belief.cov[2 * i + 2][2 * i + 3], t[i] * t[i] / 2.0, 4);
        assert_ulps(belief.cov[2 * i + 3][2 * i + 3], t[i], 4);
    }
}
END_TEST

START_TEST(noise_widens_the_posterior_and_more_points_narrow_it)
{
    static const double t[] = {0.0, 1.0, 2.0, 3.0};
    double last = INFINITY;
    for (size_t n = 1; n <= 4; n++) {
        parabola p;
        opt_pls_belief belief;
        observe(&p, n, t, 0.5, 0.3);
        opt_pls_condition(&belief, &p.data, 0, NULL);
        ck_assert_double_gt(belief.cov[0][0], 0.0);
        ck_assert_double_lt(belief.cov[0][0], 0.3 * 0.3);
        ck_assert_double_lt(belief.cov[0][0], last);
        last = belief.cov[0][0];
    }
}
END_TEST

START_TEST(without_noise_the_wolfe_probability_is_their_truth)
{
    /* The parabola's minimum is at t = 1; c1 = 0.05 allows up to 1.9, c2 = 0.5 from 0.5. */
    static const double t[] = {0.0, 1.0, 2.0, 0.01, 0.49, 0.51, 1.45};
    static const double expected[] = {0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0};
    for (size_t i = 1; i < 7; i++) {
        const double points[] = {0.0, t[i]};
        parabola p;
        opt_pls_belief belief;
        observe(&p, 2, points, 1.0, 0.0);
        opt_pls_condition(&belief, &p.data, 0, NULL);
        ck_assert_double_eq(opt_pls_wolfe(&belief, 1, 0.05, 0.5), expected[i]);
    }
}
END_TEST

/* Lower triangular L [4][4] with L L' = C, over the variables of points 0 and i. */
static void factor(const opt_pls_belief *belief, size_t i, double L[4][4])
{
    const size_t at[4] = {0, 1, 2 * i, 2 * i + 1};
    memset(L, 0, 16 * sizeof L[0][0]);
    for (int r = 0; r < 4; r++)
        for (int c = 0; c <= r; c++) {
            double sum = belief->cov[at[r]][at[c]];
            for (int k = 0; k < c; k++)
                sum -= L[r][k] * L[c][k];
            L[r][c] = r == c ? sqrt(sum) : sum / L[c][c];
        }
}

START_TEST(the_wolfe_probability_is_the_share_of_draws_that_satisfy_them)
{
    static const double t[] = {0.0, 1.0, 2.5}, further[] = {0.6, 1.7, 4.0};
    enum { DRAWS = 40000 };
    parabola p;
    opt_pls_belief belief;
    observe(&p, 3, t, 0.7, 0.4);
    opt_pls_condition(&belief, &p.data, 3, further);
    for (size_t i = 1; i < 6; i++) {
        double L[4][4], sd0 = sqrt(belief.cov[1][1]), c1 = 0.05, c2 = 0.5;
        double limit = 2.0 * c2 * (fabs(belief.mean[1]) + 2.0 * sd0);
        meka_rng rng;
        int hits = 0;
        factor(&belief, i, L);
        meka_rng_init(&rng, 5, MEKA_STREAM_TEST, 0, i);
        for (int k = 0; k < DRAWS; k++) {
            double z[4], x[4] = {belief.mean[0], belief.mean[1], belief.mean[2 * i],
                                 belief.mean[2 * i + 1]};
            for (int r = 0; r < 4; r++) {
                z[r] = meka_rng_normal(&rng);
                for (int c = 0; c <= r; c++)
                    x[r] += L[r][c] * z[c];
            }
            double a = x[0] - x[2] + c1 * belief.t[i] * x[1], b = x[3] - c2 * x[1];
            hits += a >= 0.0 && b >= 0.0 && b <= limit;
        }
        /* 5 standard errors of a share */
        ck_assert_double_eq_tol(opt_pls_wolfe(&belief, i, c1, c2), (double)hits / DRAWS,
                                5.0 * 0.5 / sqrt(DRAWS));
    }
}
END_TEST

START_TEST(improvement_is_the_gain_where_all_is_certain)
{
    opt_pls_belief belief = {.n = 1, .mean = {2.0}};
    ck_assert_double_eq(opt_pls_improvement(&belief, 0, 3.0), 1.0);
    ck_assert_double_eq(opt_pls_improvement(&belief, 0, 1.0), 0.0);
    belief.cov[0][0] = 4.0; /* at gain 0: sd/sqrt(2 pi) */
    assert_ulps(opt_pls_improvement(&belief, 0, 2.0), 2.0 * 0.39894228040143267794, 2);
}
END_TEST

START_TEST(minima_of_the_mean_are_those_of_its_cubics)
{
    static const double t[] = {0.0, 4.0};
    opt_pls_belief belief = {.n = 2, .t = {0.0, 4.0}};
    double x = 0.0;
    parabola p;
    observe(&p, 2, t, 0.5, 0.0); /* minimum at 2 */
    memcpy(belief.mean, (double[]){p.y[0], p.dy[0], p.y[1], p.dy[1]}, 4 * sizeof x);
    ck_assert(opt_pls_minimum(&belief, 0, 1, &x));
    assert_ulps(x, 2.0, 2);
    /* (t-1)^2 (t+1): minimum at 1, maximum at -1/3 */
    memcpy(belief.mean, (double[]){1.0, -1.0, 45.0, 39.0}, 4 * sizeof x);
    ck_assert(opt_pls_minimum(&belief, 0, 1, &x));
    assert_ulps(x, 1.0, 4);
    /* a line, a hill, and a minimum outside */
    memcpy(belief.mean, (double[]){0.0, -1.0, -4.0, -1.0}, 4 * sizeof x);
    ck_assert(!opt_pls_minimum(&belief, 0, 1, &x));
    memcpy(belief.mean, (double[]){0.0, 1.0, 0.0, -1.0}, 4 * sizeof x);
    ck_assert(!opt_pls_minimum(&belief, 0, 1, &x));
    observe(&p, 2, t, 0.2, 0.0); /* minimum at 5 */
    memcpy(belief.mean, (double[]){p.y[0], p.dy[0], p.y[1], p.dy[1]}, 4 * sizeof x);
    ck_assert(!opt_pls_minimum(&belief, 0, 1, &x));
}
END_TEST

/* ------------------------------------------------------------------ the method */

/* f = 0.5 c theta^2, c the context; no samples, no noise. */
static ad_var record_bowl(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    return ad_mul(0.5 * *(const double *)ctx, ad_sqr(theta[0]));
}

static optim_fixture make_bowl(const char *settings, const double *c, const double *x0)
{
    const ad_objective objective = {
        .name = "bowl", .n_params = 1, .record = record_bowl, .ctx = c};
    const meka_source source = meka_source_none();
    opt_config config = fixture_config("prob-line-search", settings);
    return optim_fixture_make(&objective, &source, &config, x0);
}

START_TEST(a_noise_free_minimum_is_accepted_and_kept)
{
    const double c = 4.0, x0 = 3.0;
    optim_fixture f = make_bowl("alpha=0.25", &c, &x0);
    for (int t = 0; t < 5; t++) {
        fixture_step(f.run);
        ck_assert_double_eq(opt_run_theta(f.run)[0], 0.0);
        ck_assert_double_eq(opt_run_row(f.run)->alpha, t ? 0.0 : 0.25);
    }
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(without_noise_the_search_descends_from_any_first_step_size)
{
    static const char *const settings[] = {"alpha=1e-6",
                                           "alpha=1e-2",
                                           "alpha=1",
                                           "alpha=1e4",
                                           "alpha=1e-4 max_points=3",
                                           "alpha=1e-4 max_points=16"};
    const double c = 4.0, x0 = 3.0;
    for (int k = 0; k < 6; k++) {
        optim_fixture f = make_bowl(settings[k], &c, &x0);
        for (int t = 0; t < 200; t++)
            ck_assert_int_eq(fixture_step(f.run), OPT_RUNNING);
        ck_assert_msg(fabs(opt_run_theta(f.run)[0]) < 1e-2, "'%s' ends at %g", settings[k],
                      opt_run_theta(f.run)[0]);
        optim_fixture_clear(&f);
    }
}
END_TEST

START_TEST(a_flat_objective_leaves_theta_where_it_is)
{
    const double c = 0.0, x0 = 3.0;
    optim_fixture f = make_bowl("", &c, &x0);
    for (int t = 0; t < 5; t++)
        ck_assert_int_eq(fixture_step(f.run), OPT_RUNNING);
    ck_assert_double_eq(opt_run_theta(f.run)[0], 3.0);
    optim_fixture_clear(&f);
}
END_TEST

/* f = -theta + 1.97 theta^2 - 0.98 theta^3: flat at 1, but hardly below f(0) = 0 there */
static ad_var record_shelf(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                           const void *ctx)
{
    ad_var x = theta[0];
    return ad_mul(x, ad_add(-1.0, ad_mul(x, ad_sub(1.97, ad_mul(0.98, x)))));
}

START_TEST(a_certainly_flat_point_ends_a_search_even_without_the_wolfe_conditions)
{
    const ad_objective objective = {.name = "shelf", .n_params = 1, .record = record_shelf};
    const meka_source source = meka_source_none();
    const double x0 = 0.0;
    opt_config config = fixture_config("prob-line-search", "alpha=1");
    optim_fixture f = optim_fixture_make(&objective, &source, &config, &x0);
    for (int t = 0; t < 3; t++) {
        fixture_step(f.run);
        assert_scaled(opt_run_theta(f.run)[0], 1.0, 1.0, 100);
    }
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(trials_lie_on_the_line_of_their_search)
{
    /* The first search: theta_t = x0 - alpha_t g_0 with the batch gradient of step 0. */
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    opt_config config = fixture_config("prob-line-search", "alpha=1e-5");
    optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
    double s[FIXTURE_D], last = 0.0;
    fixture_step(f.run);
    for (int j = 0; j < FIXTURE_D; j++)
        s[j] = (opt_run_theta(f.run)[j] - fixture_x0[j]) / 1e-5;
    for (int t = 1; t < 5; t++) { /* the first trial is far too short */
        fixture_step(f.run);
        double alpha = opt_run_row(f.run)->alpha;
        ck_assert_double_gt(alpha, last);
        for (int j = 0; j < FIXTURE_D; j++)
            assert_scaled(opt_run_theta(f.run)[j], fixture_x0[j] + alpha * s[j], 4.0, 1e7);
        last = alpha;
    }
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(the_filtered_loss_is_closer_to_the_truth_than_the_batchs)
{
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    opt_config config = fixture_config("prob-line-search", "alpha=0.01");
    config.track_exact = true;
    config.max_steps = 400;
    optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
    double filtered = 0.0, batch = 0.0;
    fixture_step(f.run);
    ck_assert_double_nan(opt_run_row(f.run)->loss_filtered);
    while (fixture_step(f.run) == OPT_RUNNING) {
        const opt_row *row = opt_run_row(f.run);
        ck_assert(isfinite(row->loss_filtered) && row->loss_sd >= 0.0);
        /* The population leaves out 0.5 sum_j (j+1) var x_j = 0.75. */
        filtered += fabs(row->loss_filtered - row->exact_gap - 0.75);
        batch += fabs(row->loss - row->exact_gap - 0.75);
    }
    ck_assert_double_lt(filtered, batch);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(a_schedule_shortens_every_move)
{
    const double c = 4.0, x0 = 3.0;
    const ad_objective objective = {
        .name = "bowl", .n_params = 1, .record = record_bowl, .ctx = &c};
    const meka_source source = meka_source_none();
    opt_config config = fixture_config("prob-line-search", "alpha=0.1");
    config.schedule = OPT_SCHEDULE_COSINE;
    config.warmup = 4;
    config.max_steps = 100;
    optim_fixture f = optim_fixture_make(&objective, &source, &config, &x0);
    fixture_step(f.run); /* the factor is 1/4 */
    assert_ulps(opt_run_theta(f.run)[0], 3.0 - 0.25 * 0.1 * 12.0, 4);
    while (fixture_step(f.run) == OPT_RUNNING)
        ;
    ck_assert_double_lt(fabs(opt_run_theta(f.run)[0]), 0.1);
    optim_fixture_clear(&f);
}
END_TEST

TEST_MAIN("prob-line-search", the_posterior_interpolates_observations_without_noise,
          from_one_point_the_mean_is_its_tangent,
          noise_widens_the_posterior_and_more_points_narrow_it,
          without_noise_the_wolfe_probability_is_their_truth,
          the_wolfe_probability_is_the_share_of_draws_that_satisfy_them,
          improvement_is_the_gain_where_all_is_certain,
          minima_of_the_mean_are_those_of_its_cubics, a_noise_free_minimum_is_accepted_and_kept,
          without_noise_the_search_descends_from_any_first_step_size,
          a_flat_objective_leaves_theta_where_it_is,
          a_certainly_flat_point_ends_a_search_even_without_the_wolfe_conditions,
          trials_lie_on_the_line_of_their_search,
          the_filtered_loss_is_closer_to_the_truth_than_the_batchs,
          a_schedule_shortens_every_move)
