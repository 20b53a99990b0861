/* Line searches on noisy batches: what conformance does not show. */
#include "optim/methods.h"
#include "tests/optim_fixture.h"

/* f = 0.5 c theta^2, c the context; no samples. */
static ad_var record_bowl(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    return ad_mul(0.5 * *(const double *)ctx, ad_sqr(theta[0]));
}

static optim_fixture make_bowl(const char *method, const char *settings, const double *c,
                               const double *x0)
{
    const ad_objective objective = {
        .name = "bowl", .n_params = 1, .record = record_bowl, .ctx = c};
    const meka_source source = meka_source_none();
    opt_config config = fixture_config(method, settings);
    return optim_fixture_make(&objective, &source, &config, x0);
}

/* ---------------------------------------------------------------------- SLS */

START_TEST(backtracking_on_a_parabola_ends_as_arithmetic_says)
{
    /* Armijo's condition on 0.5 L theta^2 is alpha <= 2 (1 - c) / L. */
    const double L = 4.0, x0 = 3.0;
    static const double c[] = {0.1, 0.25, 0.5, 0.75};
    static const char *const settings[] = {"c=0.1 beta=0.5", "c=0.25 beta=0.5",
                                           "c=0.5 beta=0.5", "c=0.75 beta=0.5"};
    for (int k = 0; k < 4; k++) {
        double alpha = 10.0;
        while (alpha > 2.0 * (1.0 - c[k]) / L)
            alpha *= 0.5;
        optim_fixture f = make_bowl("sls", settings[k], &L, &x0);
        fixture_step(f.run);
        ck_assert_double_eq(opt_run_row(f.run)->alpha, alpha);
        assert_scaled(opt_run_theta(f.run)[0], (1.0 - alpha * L) * x0, x0, 4);
        optim_fixture_clear(&f);
    }
}
END_TEST

START_TEST(a_search_starts_where_reset_says)
{
    const double L = 4.0, x0 = 3.0;
    static const char *const settings[] = {"reset=keep beta=0.5 c=0.5",
                                           "reset=max beta=0.5 c=0.5 alpha_max=0.2",
                                           "reset=grow growth=1.3 beta=0.5 c=0.5"};
    /* Acceptable: up to 1/4.  From 10: 10/64 = 0.15625; grown: 0.203125. */
    static const double alpha[3][2] = {{0.15625, 0.15625}, {0.2, 0.2}, {0.15625, 0.203125}};
    for (int k = 0; k < 3; k++) {
        optim_fixture f = make_bowl("sls", settings[k], &L, &x0);
        for (int t = 0; t < 2; t++) {
            fixture_step(f.run);
            assert_ulps(opt_run_row(f.run)->alpha, alpha[k][t], 2);
        }
        optim_fixture_clear(&f);
    }
}
END_TEST

START_TEST(every_step_satisfies_armijos_condition_on_its_own_batch)
{
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    opt_config config = fixture_config("sls", "c=0.5 growth=1.2");
    optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
    for (uint64_t t = 0; t < 50; t++) {
        double xi[8 * (FIXTURE_D + 1)], before[FIXTURE_D], loss[2] = {0.0};
        memcpy(before, opt_run_theta(f.run), sizeof before);
        fixture_step(f.run);
        fixture_draw(NULL, config.seed, t, 8, xi);
        for (int i = 0; i < 8; i++) {
            const double *x = xi + i * (FIXTURE_D + 1);
            for (int j = 0; j < FIXTURE_D; j++)
                for (int k = 0; k < 2; k++) {
                    double e = (k ? opt_run_theta(f.run)[j] : before[j]) - x[j];
                    loss[k] += 0.5 * (j + 1) * x[FIXTURE_D] * e * e / 8.0;
                }
        }
        const opt_row *row = opt_run_row(f.run);
        ck_assert_double_gt(row->alpha, 0.0);
        ck_assert_double_le(loss[1], loss[0] - 0.5 * row->alpha * row->slope + 1e-13);
    }
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(a_search_that_finds_nothing_keeps_theta_and_the_step_size)
{
    const double L = 4.0, x0 = 3.0, flat = 0.0;
    optim_fixture f = make_bowl("sls", "max_backtracks=2 beta=0.5", &L, &x0);
    for (int t = 0; t < 3; t++) {
        fixture_step(f.run);
        ck_assert_double_eq(opt_run_row(f.run)->alpha, 0.0);
        ck_assert_double_eq(opt_run_theta(f.run)[0], 3.0);
    }
    optim_fixture_clear(&f);
    /* Without a gradient any step is good enough, and none moves. */
    f = make_bowl("sls", "", &flat, &x0);
    fixture_step(f.run);
    ck_assert_double_eq(opt_run_row(f.run)->alpha, 10.0);
    ck_assert_double_eq(opt_run_theta(f.run)[0], 3.0);
    optim_fixture_clear(&f);
}
END_TEST

/* f = theta - 0.4 log theta, minimum at 0.4 */
static ad_var record_barrier(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                             const void *ctx)
{
    return ad_sub(theta[0], ad_mul(0.4, ad_log(theta[0])));
}

START_TEST(a_batch_trial_outside_the_domain_counts_as_too_far)
{
    const ad_objective barrier = {.name = "barrier", .n_params = 1, .record = record_barrier};
    const meka_source source = meka_source_none();
    const double x0 = 0.8; /* slope 0.5: the first trial is at -4.2 */
    opt_config config = fixture_config("sls", "");
    optim_fixture f = optim_fixture_make(&barrier, &source, &config, &x0);
    for (int t = 0; t < 60; t++)
        ck_assert_int_eq(fixture_step(f.run), OPT_RUNNING);
    assert_scaled(opt_run_theta(f.run)[0], 0.4, 1.0, 1e9);
    optim_fixture_clear(&f);
    config = fixture_config("sls", "max_backtracks=2");
    f = optim_fixture_make(&barrier, &source, &config, &x0);
    ck_assert_int_eq(fixture_step(f.run), OPT_NONFINITE);
    optim_fixture_clear(&f);
}
END_TEST

TEST_MAIN("search", backtracking_on_a_parabola_ends_as_arithmetic_says,
          a_search_starts_where_reset_says,
          every_step_satisfies_armijos_condition_on_its_own_batch,
          a_search_that_finds_nothing_keeps_theta_and_the_step_size,
          a_batch_trial_outside_the_domain_counts_as_too_far)
