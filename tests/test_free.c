/* Methods that find their step size themselves: what their papers promise besides the
 * formulas. */
#include "tests/optim_fixture.h"

#include <math.h>
#include <stdio.h>

/* The fixture's objective times c, the context. */
static ad_var record_scaled(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                            const void *ctx)
{
    return ad_mul(*(const double *)ctx, fixture_record(tape, theta, xi, NULL));
}

/* f = 0.5 |theta|^2 in two dimensions, without samples. */
static ad_var record_bowl(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    return ad_mul(0.5, ad_sqnorm(2, theta));
}

/* theta [FIXTURE_D] after `steps` on c times the fixture's objective. */
static void run_scaled(const char *method, const char *settings, double c, int steps,
                       double *theta)
{
    ad_objective objective = fixture_objective();
    objective.record = record_scaled;
    objective.ctx = &c;
    const meka_source source = fixture_source();
    opt_config config = fixture_config(method, settings);
    optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
    for (int t = 0; t < steps; t++)
        fixture_step(f.run);
    memcpy(theta, opt_run_theta(f.run), FIXTURE_D * sizeof *theta);
    optim_fixture_clear(&f);
}

/* How many steps until the exact gap is below 1% of that at the start, at most 2000. */
static int steps_needed(const char *method, const char *settings)
{
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    opt_config config = fixture_config(method, settings);
    config.track_exact = true;
    config.max_steps = 2000;
    optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
    fixture_step(f.run);
    double start = opt_run_row(f.run)->exact_gap;
    int t = 1;
    while (fixture_step(f.run) == OPT_RUNNING && opt_run_row(f.run)->exact_gap > 0.01 * start)
        t++;
    optim_fixture_clear(&f);
    return t;
}

/* ----------------------------------------------------------------- DoG, DoWG */

START_TEST(step_sizes_from_distances_are_free_of_the_scale_of_the_objective)
{
    static const char *const variants[][2] = {
        {"dog", "epsilon=0"},
        {"dowg", NULL},
        {"d-adaptation", "base=sgd"},
        {"d-adaptation", "base=dual d0=0.1"},
        {"d-adaptation", "base=adam epsilon=0"},
        {"prodigy", "epsilon=0"},
    };
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        double theta[FIXTURE_D], scaled[FIXTURE_D];
        run_scaled(variants[i][0], variants[i][1], 1.0, 200, theta);
        ck_assert(fabs(theta[0] - fixture_x0[0]) > 1.0);
        for (int k = -40; k <= 40; k += 16) {
            run_scaled(variants[i][0], variants[i][1], ldexp(1.0, k), 200, scaled);
            ck_assert_mem_eq(scaled, theta, sizeof theta);
        }
    }
}
END_TEST

/* 2^600 squared is beyond the largest double, 2^-600 squared below the least. */
START_TEST(sums_of_squares_neither_overflow_nor_underflow)
{
    static const char *const variants[][2] = {{"dog", "epsilon=0"}, {"dowg", NULL}};
    double theta[FIXTURE_D], scaled[FIXTURE_D];
    for (int i = 0; i < 2; i++) {
        run_scaled(variants[i][0], variants[i][1], 1.0, 100, theta);
        run_scaled(variants[i][0], variants[i][1], ldexp(1.0, -600), 100, scaled);
        ck_assert_mem_eq(scaled, theta, sizeof theta);
    }
    char settings[80];
    run_scaled("schedule-free", "base=sgd alpha=0.25", 1.0, 100, theta);
    snprintf(settings, sizeof settings, "base=sgd alpha=%.17g", ldexp(1.0, 598));
    run_scaled("schedule-free", settings, ldexp(1.0, -600), 100, scaled);
    ck_assert_mem_eq(scaled, theta, sizeof theta);
}
END_TEST

/* While |g| hardly changes, DoG's distance grows by 1 + 1/sqrt(t) in step t: it takes about
 * log^2(1/r_eps) / 4 steps to get anywhere; 1e-10 against 1e-4: (10/4)^2. */
START_TEST(steps_grow_at_most_with_the_squared_logarithm_of_the_first_distance)
{
    static const char *const names[] = {"dog", "dowg"};
    for (int i = 0; i < 2; i++) {
        int usual = steps_needed(names[i], "reps_rel=1e-4");
        int small = steps_needed(names[i], "reps_rel=1e-10");
        ck_assert_int_lt(usual, 100);
        ck_assert_msg(small <= 6.25 * usual, "%s: %d steps, then %d", names[i], usual, small);
    }
}
END_TEST

/* -------------------------------------------------------------- D-Adaptation */

/* f = sum_j (j+1) (softplus(theta_j - 1) + softplus(1 - theta_j)): convex, least at (1, 1, 1),
 * without samples. */
static ad_var record_convex(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                            const void *ctx)
{
    ad_var sum = ad_const(tape, 0.0);
    for (int j = 0; j < FIXTURE_D; j++) {
        ad_var e = ad_sub(theta[j], ad_const(tape, 1.0));
        sum = ad_add(sum, ad_mul(j + 1.0, ad_add(ad_softplus(e), ad_softplus(ad_neg(e)))));
    }
    return sum;
}

/* The paper's theorem for dual averaging: d_k <= |x_0 - x*| on a convex function without
 * noise.  The bound of SGD without momentum has twice the proven value, so that
 * d_k <= 2 |x_0 - x*|.  d_k is read off the step size, d_k / sqrt(sum_{i <= k} |g_i|^2) and
 * d_k / |g_0|. */
static double last_bound(const char *settings, bool dual, int steps)
{
    const ad_objective objective = {
        .name = "convex", .n_params = FIXTURE_D, .record = record_convex};
    const meka_source source = meka_source_none();
    opt_config config = fixture_config("d-adaptation", settings);
    config.max_steps = 10000;
    optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
    double norm = 0.0, d = 0.0, d_before = 0.0;
    for (int k = 0; k < steps; k++) {
        fixture_step(f.run);
        if (dual || k == 0)
            norm = hypot(norm, opt_run_row(f.run)->grad_norm);
        d = opt_run_row(f.run)->alpha * norm;
        ck_assert_double_ge(d, d_before * (1.0 - 1e-12));
        d_before = d;
    }
    optim_fixture_clear(&f);
    return d;
}

START_TEST(the_bound_of_d_adaptation_grows_and_stays_below_the_distance_to_the_minimum)
{
    double distance = sqrt(3.0 * 3.0 + 4.0 * 4.0 + 1.5 * 1.5);
    double d = last_bound("base=dual", true, 3000);
    ck_assert_double_ge(d, 0.25 * distance);
    ck_assert_double_le(d, distance);
    ck_assert_double_le(last_bound("base=dual d0=1", true, 3000), distance);
    d = last_bound("base=sgd", false, 300);
    ck_assert_double_ge(d, 0.25 * distance);
    ck_assert_double_le(d, 2.0 * distance);
}
END_TEST

/* ------------------------------------------------------------------ Mechanic */

/* By hand, with h_1 = 0 and h_2 = <Delta_2, g_2> = -alpha |x_0|^2: s_2 = 0, sum_i s_3i =
 * s_init, x_3 = x_0 + s_init Delta_3 with Delta_3 = -2 alpha x_0. */
START_TEST(mechanic_waits_a_step_and_starts_with_s_init)
{
    const ad_objective objective = {.name = "bowl", .n_params = 2, .record = record_bowl};
    const meka_source source = meka_source_none();
    const double x0[2] = {3.0, 4.0};
    opt_config config = fixture_config("mechanic", "alpha=0.5 s_init=0.25 epsilon=0 n_betas=2");
    optim_fixture f = optim_fixture_make(&objective, &source, &config, x0);
    fixture_step(f.run);
    ck_assert_mem_eq(opt_run_theta(f.run), x0, sizeof x0);
    fixture_step(f.run);
    ck_assert_double_eq(opt_run_theta(f.run)[0], 0.75 * 3.0);
    ck_assert_double_eq(opt_run_theta(f.run)[1], 0.75 * 4.0);
    ck_assert_double_eq(opt_run_row(f.run)->alpha, 0.125);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(mechanic_forgets_a_million_in_the_base_step_size_up_to_a_factor_of_four)
{
    static const char *const settings[] = {"alpha=1e-3", "alpha=1", "alpha=1e3"};
    double alpha[3];
    for (int i = 0; i < 3; i++) {
        const ad_objective objective = fixture_objective();
        const meka_source source = fixture_source();
        opt_config config = fixture_config("mechanic", settings[i]);
        optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
        for (int t = 0; t < 500; t++)
            fixture_step(f.run);
        alpha[i] = opt_run_row(f.run)->alpha;
        optim_fixture_clear(&f);
    }
    ck_assert_msg(fmax(fmax(alpha[0], alpha[1]), alpha[2]) <
                      4.0 * fmin(fmin(alpha[0], alpha[1]), alpha[2]),
                  "%g, %g, %g", alpha[0], alpha[1], alpha[2]);
}
END_TEST

/* ------------------------------------------------------------- Schedule-Free */

enum { AVERAGED = 60 };

static optim_fixture start_scheduled(const ad_objective *objective, const meka_source *source,
                                     const char *method, const char *settings)
{
    opt_config config = fixture_config(method, settings);
    config.schedule = OPT_SCHEDULE_INVERSE_ROOT;
    config.warmup = 5;
    return optim_fixture_make(objective, source, &config, fixture_x0);
}

/* beta = 0: z are SGD's iterates, x their average with weights gamma^2 (Polyak, Juditsky 1992,
 * with weights). */
START_TEST(schedule_free_with_beta_zero_averages_the_iterates_of_sgd)
{
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    optim_fixture sgd = start_scheduled(&objective, &source, "sgd", "alpha=0.3");
    optim_fixture free =
        start_scheduled(&objective, &source, "schedule-free", "base=sgd beta=0 alpha=0.3");
    double sum[FIXTURE_D] = {0.0}, weights = 0.0;
    for (int t = 0; t < AVERAGED; t++) {
        fixture_step(sgd.run);
        fixture_step(free.run);
        double gamma = opt_run_row(sgd.run)->alpha;
        weights += gamma * gamma;
        ck_assert_double_eq(opt_run_row(free.run)->alpha, gamma);
        for (int j = 0; j < FIXTURE_D; j++) {
            sum[j] += gamma * gamma * opt_run_theta(sgd.run)[j];
            /* AVERAGED terms, each rounded a few times */
            assert_scaled(opt_run_theta(free.run)[j], sum[j] / weights, 4.0, 4 * AVERAGED);
        }
    }
    optim_fixture_clear(&sgd);
    optim_fixture_clear(&free);
}
END_TEST

/* beta = 1, primal averaging: with z_t - x_t = (1/c_t - 1)(x_t - x_{t-1}) and c_{t+1} = 1/t
 * (t from 1) it is x_{t+1} = x_t - (gamma/t) g_t + ((t-2)/t)(x_t - x_{t-1}); g_t = x_t here. */
START_TEST(schedule_free_with_beta_one_is_a_form_of_momentum)
{
    const ad_objective objective = {.name = "bowl", .n_params = 2, .record = record_bowl};
    const meka_source source = meka_source_none();
    double x[2] = {3.0, 4.0}, before[2] = {3.0, 4.0};
    opt_config config = fixture_config("schedule-free", "base=sgd beta=1 alpha=0.5");
    optim_fixture f = optim_fixture_make(&objective, &source, &config, x);
    for (int t = 1; t <= AVERAGED; t++) {
        fixture_step(f.run);
        for (int j = 0; j < 2; j++) {
            double next = x[j] - 0.5 / t * x[j] + (t - 2.0) / t * (x[j] - before[j]);
            before[j] = x[j];
            x[j] = next;
            assert_scaled(opt_run_theta(f.run)[j], next, 4.0, 4 * AVERAGED);
        }
    }
    optim_fixture_clear(&f);
}
END_TEST

/* beta = 0: z_t = 2^-(t-1) x_1, x_{t+1} the mean of z_2 .. z_{t+1}; the row has the loss at x,
 * the norm of the gradient at y = z. */
START_TEST(schedule_free_reports_the_loss_at_the_average)
{
    const ad_objective objective = {.name = "bowl", .n_params = 2, .record = record_bowl};
    const meka_source source = meka_source_none();
    const double x0[2] = {3.0, 4.0};
    opt_config config = fixture_config("schedule-free", "base=sgd beta=0 alpha=0.5");
    optim_fixture f = optim_fixture_make(&objective, &source, &config, x0);
    static const double share[4] = {1.0, 0.5, 0.375, 0.875 / 3.0}; /* of x0: x_1 .. x_4 */
    for (int t = 0; t < 4; t++) {
        fixture_step(f.run);
        assert_ulps(opt_run_row(f.run)->loss, 12.5 * share[t] * share[t], 8);
        ck_assert_double_eq(opt_run_row(f.run)->grad_norm, 5.0 * ldexp(1.0, -t)); /* at z */
        ck_assert_double_eq(opt_run_row(f.run)->gradients, 8.0 * (t + 1)); /* of the batch */
    }
    optim_fixture_clear(&f);
}
END_TEST

/* -------------------------------------------------------------------- all */

static const char *const lists[][2] = {
    {"dog", "epsilon=0"},
    {"dog", NULL},
    {"dowg", NULL},
    {"d-adaptation", NULL},
    {"d-adaptation", "momentum=0.9"},
    {"d-adaptation", "base=dual d0=0.1"},
    {"d-adaptation", "base=adam d0=0.1 epsilon=0"},
    {"prodigy", "epsilon=0"},
    {"prodigy", "weight_decay=0.1 safeguard_warmup=yes"},
    {"mechanic", "epsilon=0"},
    {"mechanic", "base=adam base_epsilon=0 alpha=0.1"},
    {"schedule-free", "epsilon=0 weight_decay=0.1 alpha=0.1"},
    {"schedule-free", "base=sgd alpha=0"},
    {"schedule-free", "base=sgd beta=1"},
};
enum { N_LISTS = sizeof lists / sizeof lists[0] };

START_TEST(where_the_gradient_is_zero_from_the_start_nothing_moves)
{
    const ad_objective objective = {.name = "bowl", .n_params = 2, .record = record_bowl};
    const meka_source source = meka_source_none();
    const double x0[2] = {0.0, 0.0};
    for (int i = 0; i < N_LISTS; i++) {
        opt_config config = fixture_config(lists[i][0], lists[i][1]);
        optim_fixture f = optim_fixture_make(&objective, &source, &config, x0);
        for (int t = 0; t < 10; t++) {
            fixture_step(f.run);
            ck_assert_mem_eq(opt_run_theta(f.run), x0, sizeof x0);
        }
        optim_fixture_clear(&f);
    }
}
END_TEST

/* A linear schedule that ends after five steps, whatever the options. */
START_TEST(a_schedule_at_zero_holds_every_variant_still)
{
    for (int i = 0; i < N_LISTS; i++) {
        const ad_objective objective = fixture_objective();
        const meka_source source = fixture_source();
        opt_config config = fixture_config(lists[i][0], lists[i][1]);
        config.schedule = OPT_SCHEDULE_LINEAR;
        config.horizon = 5;
        optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
        double theta[FIXTURE_D];
        for (int t = 0; t < 20; t++) {
            fixture_step(f.run);
            if (t == 4)
                memcpy(theta, opt_run_theta(f.run), sizeof theta);
        }
        ck_assert_mem_eq(opt_run_theta(f.run), theta, sizeof theta);
        ck_assert_double_eq(opt_run_row(f.run)->alpha, 0.0);
        optim_fixture_clear(&f);
    }
}
END_TEST

TEST_MAIN("free", step_sizes_from_distances_are_free_of_the_scale_of_the_objective,
          sums_of_squares_neither_overflow_nor_underflow,
          steps_grow_at_most_with_the_squared_logarithm_of_the_first_distance,
          the_bound_of_d_adaptation_grows_and_stays_below_the_distance_to_the_minimum,
          mechanic_waits_a_step_and_starts_with_s_init,
          mechanic_forgets_a_million_in_the_base_step_size_up_to_a_factor_of_four,
          schedule_free_with_beta_zero_averages_the_iterates_of_sgd,
          schedule_free_with_beta_one_is_a_form_of_momentum,
          schedule_free_reports_the_loss_at_the_average,
          where_the_gradient_is_zero_from_the_start_nothing_moves,
          a_schedule_at_zero_holds_every_variant_still)
