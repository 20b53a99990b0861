/* IGT, SGDHess, STORM, MARS-AdamW, Kalman gradient descent and forward gradients: what their
 * trajectories (contract_conformance) do not show. */
#include "tests/optim_fixture.h"

static optim_fixture start(const char *method, const char *settings)
{
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    const opt_config config = fixture_config(method, settings);
    return optim_fixture_make(&objective, &source, &config, fixture_x0);
}

/* f = 0.5 sum_j c_j theta_j^2 with c = 1, 2, 3, times the context; no samples, no noise. */
static ad_var record_bowl(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var sum = ad_const(tape, 0.0);
    for (int j = 0; j < FIXTURE_D; j++)
        sum = ad_add(sum, ad_mul(0.5 * (j + 1), ad_sqr(theta[j])));
    return ad_mul(*(const double *)ctx, sum);
}

static const double one = 1.0;

static optim_fixture start_bowl(const char *method, const char *settings, const double *unit,
                                const double *x0)
{
    const ad_objective objective = {
        .name = "bowl", .n_params = FIXTURE_D, .record = record_bowl, .ctx = unit};
    const meka_source source = meka_source_none();
    const opt_config config = fixture_config(method, settings);
    return optim_fixture_make(&objective, &source, &config, x0);
}

/* --------------------------------------------------------------------- bills */

START_TEST(every_method_evaluates_what_its_paper_says)
{
    /* Per sample: after the first step, and for every step after it. */
    static const struct {
        const char *method, *settings;
        opt_ledger first, rest;
    } rows[] = {
        /* The loss at theta_t besides, where the gradient is taken elsewhere. */
        {"igt", NULL, {.forwards = 1, .gradients = 1}, {.forwards = 2, .gradients = 1}},
        {"igt",
         "mode=constant gamma=0",
         {.forwards = 1, .gradients = 1},
         {.forwards = 1, .gradients = 1}},
        {"sgdhess",
         NULL,
         {.forwards = 1, .gradients = 1},
         {.forwards = 1, .gradients = 1, .hvps = 1}},
        /* Nothing moved: no product. */
        {"sgdhess",
         "alpha=0",
         {.forwards = 1, .gradients = 1},
         {.forwards = 1, .gradients = 1}},
        {"storm", NULL, {.forwards = 1, .gradients = 1}, {.forwards = 2, .gradients = 2}},
        {"mars-adamw", NULL, {.forwards = 1, .gradients = 1}, {.forwards = 2, .gradients = 2}},
        {"mars-adamw",
         "previous=approximate",
         {.forwards = 1, .gradients = 1},
         {.forwards = 1, .gradients = 1}},
        {"kgd", NULL, {.forwards = 1, .gradients = 1}, {.forwards = 1, .gradients = 1}},
        {"forward-gradient", NULL, {.line_passes = 1}, {.line_passes = 1}},
        {"forward-gradient", "n_directions=4", {.line_passes = 4}, {.line_passes = 4}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        optim_fixture f = start(rows[i].method, rows[i].settings);
        for (uint64_t t = 0; t < 5; t++) {
            opt_result result;
            fixture_step(f.run);
            opt_run_result(f.run, &result);
            const opt_ledger *a = &rows[i].first, *b = &rows[i].rest, *sum = &result.ledger;
            ck_assert_uint_eq(sum->samples, 8 * (t + 1));
            ck_assert_uint_eq(sum->forwards, 8 * (a->forwards + t * b->forwards));
            ck_assert_uint_eq(sum->gradients, 8 * (a->gradients + t * b->gradients));
            ck_assert_uint_eq(sum->hvps, 8 * (a->hvps + t * b->hvps));
            ck_assert_uint_eq(sum->line_passes, 8 * (a->line_passes + t * b->line_passes));
        }
        optim_fixture_clear(&f);
    }
}
END_TEST

/* --------------------------------------------------------------------- edges */

START_TEST(the_first_step_is_one_of_sgd)
{
    static const char *const rows[][2] = {
        {"igt", "alpha=0.125"},
        {"igt", "alpha=0.125 mode=anytime tail=0.1 mu=0.9"},
        {"igt", "alpha=0.125 mode=constant"},
        {"sgdhess", "alpha=0.125"},
        {"sgdhess", "alpha=0.125 mode=uniform"},
        {"kgd", "alpha=0.125"},
    };
    optim_fixture sgd = start("sgd", "alpha=0.125");
    fixture_step(sgd.run);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        optim_fixture f = start(rows[i][0], rows[i][1]);
        fixture_step(f.run);
        for (int j = 0; j < FIXTURE_D; j++)
            ck_assert_double_eq(opt_run_theta(f.run)[j], opt_run_theta(sgd.run)[j]);
        ck_assert_double_eq(opt_run_row(f.run)->loss, opt_run_row(sgd.run)->loss);
        ck_assert_double_eq(opt_run_row(f.run)->filtered_norm,
                            opt_run_row(sgd.run)->filtered_norm);
        optim_fixture_clear(&f);
    }
    optim_fixture_clear(&sgd);
}
END_TEST

START_TEST(a_gradient_of_zero_moves_nothing)
{
    static const char *const rows[][2] = {
        {"igt", NULL},
        {"igt", "mode=anytime mu=0.9"},
        {"sgdhess", NULL},
        {"sgdhess", "normalize=yes"},
        {"sgdhess", "clip=1e-300"},
        {"storm", NULL},
        {"storm", "w=1e-300"},
        {"mars-adamw", NULL},
        {"mars-adamw", "clip=1e-300 epsilon=1e-300"},
        {"kgd", NULL},
        {"kgd", "update=momentum"},
        {"kgd", "update=rmsprop gamma=0"},
        {"kgd", "sigma_q=0 p0=0"},
        {"forward-gradient", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const double x0[FIXTURE_D] = {0.0};
        optim_fixture f = start_bowl(rows[i][0], rows[i][1], &one, x0);
        for (int t = 0; t < 5; t++)
            ck_assert_int_eq(fixture_step(f.run), OPT_RUNNING);
        for (int j = 0; j < FIXTURE_D; j++)
            ck_assert_double_eq(opt_run_theta(f.run)[j], 0.0);
        optim_fixture_clear(&f);
    }
}
END_TEST

START_TEST(without_noise_transported_gradients_are_the_gradient)
{
    static const char *const rows[][2] = {
        {"igt", "alpha=0.1"},
        {"igt", "alpha=0.1 mode=anytime tail=0.5"},
        {"igt", "mode=constant alpha=0.1"},
        {"sgdhess", "alpha=0.1"},
        {"sgdhess", "alpha=0.1 mode=uniform"},
        {"storm", "k=0.5"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        optim_fixture f = start_bowl(rows[i][0], rows[i][1], &one, fixture_x0);
        for (int t = 0; t < 30; t++) {
            double g[FIXTURE_D], norm = 0.0;
            for (int j = 0; j < FIXTURE_D; j++) {
                g[j] = (j + 1) * opt_run_theta(f.run)[j];
                norm = hypot(norm, g[j]);
            }
            fixture_step(f.run);
            /* A few roundings of gradients that began at 10.4. */
            assert_scaled(opt_run_row(f.run)->filtered_norm, norm, 10.4, 16);
        }
        optim_fixture_clear(&f);
    }
}
END_TEST

/* ----------------------------------------------------------------------- IGT */

/* The variance of v_t when that of every gradient is 1, from the weights in the log. */
static double igt_variance(const char *settings, int steps)
{
    optim_fixture f = start("igt", settings);
    double variance = 0.0;
    for (int t = 0; t < steps; t++) {
        fixture_step(f.run);
        double weight = opt_run_row(f.run)->gain;
        ck_assert_double_ge(weight, 0.0);
        ck_assert_double_le(weight, 1.0);
        variance = (1.0 - weight) * (1.0 - weight) * variance + weight * weight;
    }
    optim_fixture_clear(&f);
    return variance;
}

START_TEST(anytime_averages_have_the_variance_of_the_last_part_of_all_gradients)
{
    assert_ulps(igt_variance("mode=uniform", 50), 1.0 / 50, 32);
    assert_ulps(igt_variance("mode=anytime tail=1", 50), 1.0 / 50, 32);
    for (int steps = 2; steps < 60; steps++)
        assert_ulps(igt_variance("mode=anytime tail=0.5", steps), 1.0 / (0.5 * steps), 32);
    /* Where fewer than one gradient would be averaged the latest is; that is forgotten soon. */
    assert_ulps(igt_variance("mode=anytime tail=0.1", 5), 1.0, 0);
    ck_assert_double_eq_tol(igt_variance("mode=anytime tail=0.1", 200), 1.0 / 20, 1e-3);
}
END_TEST

/* ------------------------------------------------------------------- SGDHess */

START_TEST(sgdhess_clips_its_momentum_and_normalizes_its_steps)
{
    optim_fixture clipped = start("sgdhess", "clip=0.75");
    optim_fixture normalized = start("sgdhess", "normalize=yes alpha=0.25");
    fixture_step(clipped.run);
    assert_ulps(opt_run_row(clipped.run)->filtered_norm, 0.75, 4);
    for (int t = 0; t < 50; t++) {
        double before[FIXTURE_D], length = 0.0;
        memcpy(before, opt_run_theta(normalized.run), sizeof before);
        fixture_step(clipped.run);
        fixture_step(normalized.run);
        ck_assert_double_le(opt_run_row(clipped.run)->filtered_norm, 0.75 + 4 * DBL_EPSILON);
        for (int j = 0; j < FIXTURE_D; j++)
            length = hypot(length, opt_run_theta(normalized.run)[j] - before[j]);
        assert_scaled(length, 0.25, 4.0, 4);
    }
    optim_fixture_clear(&clipped);
    optim_fixture_clear(&normalized);
}
END_TEST

/* --------------------------------------------------------------------- STORM */

START_TEST(the_steps_of_storm_are_k_over_the_cube_root)
{
    /* |g|^2 = 16 at (4, 0, 0); (11 + 16)^(1/3) = 3. */
    const double x0[FIXTURE_D] = {4.0, 0.0, 0.0};
    optim_fixture f = start_bowl("storm", "k=1.5 w=11", &one, x0);
    fixture_step(f.run);
    assert_ulps(opt_run_row(f.run)->alpha, 0.5, 2);
    fixture_step(f.run); /* at 2: 31^(1/3) */
    assert_ulps(opt_run_row(f.run)->alpha, 1.5 / cbrt(31.0), 4);
    ck_assert_double_eq(opt_run_row(f.run)->gain, 1.0); /* 100 (1/2)^2 is above 1 */
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(storm_with_a_of_one_uses_the_gradient_alone)
{
    optim_fixture f = start("storm", "c=1e300");
    for (int t = 0; t < 20; t++) {
        fixture_step(f.run);
        ck_assert_double_eq(opt_run_row(f.run)->filtered_norm, opt_run_row(f.run)->grad_norm);
    }
    optim_fixture_clear(&f);
}
END_TEST

/* ---------------------------------------------------------------- MARS-AdamW */

START_TEST(mars_clips_the_corrected_gradient)
{
    optim_fixture f = start("mars-adamw", "clip=0.5 gamma=1");
    fixture_step(f.run);
    ck_assert_double_gt(opt_run_row(f.run)->grad_norm, 5.0);
    assert_ulps(opt_run_row(f.run)->filtered_norm, 0.5, 4);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(mars_without_clipping_does_not_see_the_unit_of_the_objective)
{
    static const char *const settings[] = {
        "clip=inf epsilon=1e-300 alpha=0.01 gamma=1",
        "clip=inf epsilon=1e-300 alpha=0.01 gamma=1 previous=approximate"};
    for (int i = 0; i < 2; i++) {
        const double large = 0x1p40; /* a power of two: every rounding is the same */
        optim_fixture f = start_bowl("mars-adamw", settings[i], &one, fixture_x0);
        optim_fixture g = start_bowl("mars-adamw", settings[i], &large, fixture_x0);
        for (int t = 0; t < 50; t++) {
            fixture_step(f.run);
            fixture_step(g.run);
        }
        ck_assert_mem_eq(opt_run_theta(f.run), opt_run_theta(g.run),
                         FIXTURE_D * sizeof(double));
        optim_fixture_clear(&f);
        optim_fixture_clear(&g);
    }
}
END_TEST

/* ---------------------------------------------------- Kalman gradient descent */

START_TEST(the_kalman_gain_converges_to_the_solution_of_the_riccati_equation)
{
    /* P- = P + Q, P = P- R/(P- + R): at rest P-^2 = Q (P- + R); Q = 0.5, R = 3: P- = 1.5. */
    optim_fixture f = start("kgd", "sigma_q=0.5 sigma_r=3 p0=100");
    for (int t = 0; t < 100; t++)
        fixture_step(f.run);
    assert_ulps(opt_run_row(f.run)->gain, 1.0 / 3.0, 8);
    assert_ulps(opt_run_row(f.run)->p, 1.0, 8);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(without_process_noise_the_filter_averages)
{
    /* 1/P_t = 1/P_0 + (t + 1)/R */
    optim_fixture f = start("kgd", "sigma_q=0 sigma_r=2 p0=0.5");
    for (int t = 0; t < 40; t++) {
        fixture_step(f.run);
        assert_ulps(opt_run_row(f.run)->p, 1.0 / (2.0 + (t + 1) / 2.0), 32);
    }
    optim_fixture_clear(&f);
}
END_TEST

/* ---------------------------------------------------------- forward gradients */

static const double slope[FIXTURE_D] = {1.0, -2.0, 0.5};

/* f = slope.theta: the same gradient everywhere, so that the way covered is the sum of all
 * estimates. */
static ad_var record_slope(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                           const void *ctx)
{
    ad_var sum = ad_const(tape, 0.0);
    (void)ctx;
    for (int j = 0; j < FIXTURE_D; j++)
        sum = ad_add(sum, ad_mul(slope[j], theta[j]));
    return sum;
}

/* Variance of component j of one estimate: |g|^2 + g_j^2 with normal directions (sign 1),
 * |g|^2 - g_j^2 with random signs (-1); of a mean of n, that over n. */
static void check_unbiased(const char *settings, double sign, double n)
{
    const ad_objective objective = {
        .name = "slope", .n_params = FIXTURE_D, .record = record_slope};
    const meka_source source = meka_source_none();
    const double x0[FIXTURE_D] = {0.0};
    const int steps = 20000;
    opt_config config = fixture_config("forward-gradient", settings);
    config.max_steps = (uint64_t)steps;
    optim_fixture f = optim_fixture_make(&objective, &source, &config, x0);
    double square = 1.0 + 4.0 + 0.25, mean_square = 0.0, trace = 0.0;
    for (int t = 0; t < steps; t++) {
        fixture_step(f.run);
        mean_square += pow(opt_run_row(f.run)->filtered_norm, 2.0) / steps;
    }
    for (int j = 0; j < FIXTURE_D; j++) {
        double variance = (square + sign * slope[j] * slope[j]) / n;
        double mean = -opt_run_theta(f.run)[j] / steps;
        trace += variance;
        /* 4.5 standard errors: by chance once in 12000 for all 12 components. */
        ck_assert_msg(fabs(mean - slope[j]) < 4.5 * sqrt(variance / steps),
                      "%s: the mean of component %d is %g, not %g", settings, j, mean,
                      slope[j]);
    }
    /* And no better or worse than that: E|estimate|^2 = |g|^2 + trace, of which the standard
     * error is at most 1.8 percent. */
    ck_assert_double_eq_tol(mean_square / (square + trace), 1.0, 0.06);
    optim_fixture_clear(&f);
}

START_TEST(the_forward_gradient_is_unbiased)
{
    check_unbiased("alpha=1", 1.0, 1.0);
    check_unbiased("alpha=1 n_directions=4", 1.0, 4.0);
    check_unbiased("alpha=1 distribution=rademacher", -1.0, 1.0);
    check_unbiased("alpha=1 distribution=rademacher n_directions=3", -1.0, 3.0);
}
END_TEST

/* f = (theta - 1)^2, whose gradient at 3 is 4 */
static ad_var record_parabola(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                              const void *ctx)
{
    (void)ctx;
    return ad_sqr(ad_sub(theta[0], 1.0));
}

START_TEST(in_one_dimension_a_random_sign_gives_the_gradient)
{
    const ad_objective objective = {
        .name = "parabola", .n_params = 1, .record = record_parabola};
    const meka_source source = meka_source_none();
    const opt_config config =
        fixture_config("forward-gradient", "alpha=0.25 distribution=rademacher");
    const double x0 = 3.0;
    optim_fixture f = optim_fixture_make(&objective, &source, &config, &x0);
    fixture_step(f.run);
    ck_assert_double_eq(opt_run_theta(f.run)[0], 2.0);
    ck_assert_double_eq(opt_run_row(f.run)->loss, 4.0);
    ck_assert_double_eq(opt_run_row(f.run)->filtered_norm, 4.0);
    optim_fixture_clear(&f);
}
END_TEST

TEST_MAIN("variance", every_method_evaluates_what_its_paper_says, the_first_step_is_one_of_sgd,
          a_gradient_of_zero_moves_nothing,
          without_noise_transported_gradients_are_the_gradient,
          anytime_averages_have_the_variance_of_the_last_part_of_all_gradients,
          sgdhess_clips_its_momentum_and_normalizes_its_steps,
          the_steps_of_storm_are_k_over_the_cube_root,
          storm_with_a_of_one_uses_the_gradient_alone, mars_clips_the_corrected_gradient,
          mars_without_clipping_does_not_see_the_unit_of_the_objective,
          the_kalman_gain_converges_to_the_solution_of_the_riccati_equation,
          without_process_noise_the_filter_averages, the_forward_gradient_is_unbiased,
          in_one_dimension_a_random_sign_gives_the_gradient)
