/* What tests/conformance_meka.c, which has the equations, does not show. */
#include "tests/optim_fixture.h"

#include <stdio.h>
#include <string.h>

START_TEST(constant_noise_works_with_one_sample_and_gives_gain_one_over_t_plus_one)
{
    static const char *const forms[] = {"scalar", "diag", "full"};
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    for (int k = 0; k < 3; k++) {
        char settings[80];
        snprintf(settings, sizeof settings,
                 "rule=fixed alpha=0.1 noise=constant sigma=0.7 covariance=%s", forms[k]);
        opt_config config = fixture_config("meka", settings);
        config.batch_size = 1;
        optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
        for (int t = 0; t < 30; t++) {
            fixture_step(f.run);
            assert_ulps(opt_run_row(f.run)->gain, 1.0 / (t + 1), 64);
            assert_ulps(opt_run_row(f.run)->p, 0.7 / (t + 1), 64);
        }
        optim_fixture_clear(&f);
    }
}
END_TEST

START_TEST(one_sample_is_refused_where_variances_are_needed)
{
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    opt_config config = fixture_config("meka", "noise=constant rule=pi");
    ad_program *program = NULL;
    opt_run *run = NULL;
    meka_error err = {0};
    config.batch_size = 1;
    assert_ok(ad_program_create(&program, &objective, &err), err);
    assert_fails(opt_run_create(&run, program, &source, &config, fixture_x0, &err), err,
                 MEKA_ERR_INPUT, "at least 2 samples");
    config.settings = "noise=constant rule=quadratic calibrate=no";
    assert_ok(opt_run_create(&run, program, &source, &config, fixture_x0, &err), err);
    opt_run_destroy(run);
    ad_program_destroy(program);
}
END_TEST

START_TEST(the_calibration_factor_is_logged_by_every_rule_used_or_not)
{
    static const char *const settings[] = {"rule=fixed calibrate=yes",
                                           "rule=fixed calibrate=no",
                                           "rule=quadratic calibrate=no",
                                           "rule=pi",
                                           "rule=ei",
                                           "rule=bound",
                                           "preset=paper"};
    static const char *const methods[] = {"meka", "adameka"};
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    for (size_t k = 0; k < 2 * sizeof settings / sizeof settings[0]; k++) {
        opt_config config = fixture_config(methods[k % 2], settings[k / 2]);
        optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
        bool corrected = false;
        for (int t = 0; t < 40; t++) {
            fixture_step(f.run);
            double factor = opt_run_row(f.run)->calibration;
            ck_assert_msg(factor >= 0.0 && factor <= 1.0, "%s: %g", settings[k / 2], factor);
            corrected = corrected || factor < 1.0;
        }
        ck_assert(corrected);
        optim_fixture_clear(&f);
    }
}
END_TEST

START_TEST(an_iteration_costs_one_reverse_and_one_line_pass)
{
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    static const struct {
        const char *settings;
        uint64_t hvps, lines;
    } cases[] = {{"", 9, 10}, {"rule=fixed", 9, 0}, {"variance=scalar", 19, 10}};
    for (int k = 0; k < 3; k++) {
        opt_config config = fixture_config("meka", cases[k].settings);
        optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
        for (int t = 0; t < 10; t++)
            fixture_step(f.run);
        opt_result result;
        opt_run_result(f.run, &result);
        ck_assert_uint_eq(result.ledger.samples, 10 * 8);
        /* The first iteration has not moved: no product. */
        ck_assert_uint_eq(result.ledger.hvps, cases[k].hvps * 8);
        ck_assert_uint_eq(result.ledger.line_passes, cases[k].lines * 8);
        optim_fixture_clear(&f);
    }
}
END_TEST

/* 2-D Rosenbrock: all samples share a Hessian that is far from constant. */
static ad_var record_rosenbrock(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                                const void *ctx)
{
    ad_var b = ad_sub(theta[1], ad_sqr(theta[0]));
    return ad_add(ad_sqr(ad_sub(xi[0], theta[0])), ad_mul(100.0, ad_sqr(b)));
}

static void draw_target(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    meka_rng rng;
    meka_rng_init(&rng, seed, MEKA_STREAM_SAMPLES, step, 0);
    for (size_t i = 0; i < n; i++)
        xi[i] = 1.0 + 0.1 * meka_rng_normal(&rng);
}

/* Where the default ends on it after 3000 steps. */
static double rosenbrock_gap(const char *method, const char *settings)
{
    static const double mean[] = {1.0};
    const ad_objective objective = {
        .name = "rosenbrock", .n_params = 2, .n_features = 1, .record = record_rosenbrock};
    const meka_source source = {1, draw_target, NULL, mean, 1};
    const double x0[2] = {-1.2, 1.0};
    opt_config config = fixture_config(method, settings);
    config.batch_size = 32;
    config.max_steps = 3000;
    config.track_exact = true;
    optim_fixture f = optim_fixture_make(&objective, &source, &config, x0);
    while (fixture_step(f.run) == OPT_RUNNING)
        ;
    double gap = opt_run_row(f.run)->exact_gap;
    optim_fixture_clear(&f);
    return gap;
}

START_TEST(the_gate_gets_the_defaults_through_the_valley_of_rosenbrock)
{
    double gated = rosenbrock_gap("meka", NULL), blind = rosenbrock_gap("meka", "gate=0");
    double adam = rosenbrock_gap("adameka", NULL);
    ck_assert_msg(gated < 0.02 && adam < 0.02 && blind > 10 * gated, "%g %g %g", gated, adam,
                  blind);
}
END_TEST

START_TEST(a_step_that_overflows_is_not_taken)
{
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    opt_config config = fixture_config("meka", "rule=fixed alpha=1e200");
    optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
    opt_stop stop = OPT_RUNNING;
    double before[FIXTURE_D];
    while (stop == OPT_RUNNING) {
        memcpy(before, opt_run_theta(f.run), sizeof before);
        stop = fixture_step(f.run);
    }
    ck_assert_int_eq(stop, OPT_NONFINITE);
    ck_assert_mem_eq(opt_run_theta(f.run), before, sizeof before);
    for (int j = 0; j < FIXTURE_D; j++)
        ck_assert(isfinite(before[j]));
    optim_fixture_clear(&f);
}
END_TEST

/* sum_j (theta_j^2 - xi theta_j): every dimension is the same. */
enum { MANY = 2500 };
static ad_var record_alike(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                           const void *ctx)
{
    return ad_sub(ad_sqnorm(MANY, theta), ad_mul(xi[0], ad_sum(MANY, theta)));
}

START_TEST(all_dimensions_of_a_long_vector_take_part_alike)
{
    const ad_objective objective = {
        .name = "alike", .n_params = MANY, .n_features = 1, .record = record_alike};
    const meka_source source = {.n_features = 1, .draw = draw_target};
    const opt_config config = fixture_config("meka", "");
    double start[MANY], before[MANY], m[MANY];
    for (size_t j = 0; j < MANY; j++)
        start[j] = 3.0;
    optim_fixture f = optim_fixture_make(&objective, &source, &config, start);
    for (int t = 0; t < 5; t++) {
        double filtered = opt_run_row(f.run)->loss_filtered, change = 0.0, innovation = 0.0;
        memcpy(m, opt_run_estimate(f.run), sizeof m);
        memcpy(before, start, sizeof before);
        memcpy(start, opt_run_theta(f.run), sizeof start);
        fixture_step(f.run);
        const double *theta = opt_run_theta(f.run), *g = opt_run_gradient(f.run);
        for (size_t j = 0; j < MANY; j++) {
            double delta = start[j] - before[j];
            ck_assert_double_eq(theta[j], theta[0]);
            change += m[j] * delta + delta * delta; /* the Hessian is 2 I */
            innovation += pow(g[j] - m[j] - 2.0 * delta, 2);
        }
        if (t == 0)
            continue;
        assert_scaled(opt_run_row(f.run)->loss_predicted, filtered + change, fabs(filtered),
                      MANY);
        assert_scaled(opt_run_row(f.run)->innovation, sqrt(innovation), sqrt(innovation), MANY);
    }
    optim_fixture_clear(&f);
}
END_TEST

/* 0.5 sum_j (j+1) (theta_j - 1 - 1e-9 xi_j)^2: the batch gradient is what was predicted up to
 * one part in a billion, of which inner products know nothing. */
static ad_var record_calm(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var sum = ad_const(tape, 0.0);
    for (int j = 0; j < FIXTURE_D; j++) {
        ad_var target = ad_add(ad_mul(1e-9, xi[j]), 1.0);
        sum = ad_add(sum, ad_mul(0.5 * (j + 1), ad_sqr(ad_sub(theta[j], target))));
    }
    return sum;
}

START_TEST(the_innovation_of_a_batch_that_was_well_predicted_is_right)
{
    static const char *const settings[] = {"rule=fixed alpha=0.05", "rule=fixed alpha=0",
                                           "rule=fixed alpha=0.05 start=prior", "",
                                           "preset=paper"};
    const ad_objective objective = {.name = "calm",
                                    .n_params = FIXTURE_D,
                                    .n_features = FIXTURE_D + 1,
                                    .record = record_calm};
    const meka_source source = fixture_source();
    for (size_t k = 0; k < sizeof settings / sizeof settings[0]; k++) {
        const opt_config config = fixture_config("meka", settings[k]);
        optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
        double before[FIXTURE_D], theta[FIXTURE_D], m[FIXTURE_D], scale = 0.0;
        memcpy(theta, fixture_x0, sizeof theta);
        fixture_step(f.run);
        for (int t = 1; t < 20; t++) {
            memcpy(m, opt_run_estimate(f.run), sizeof m);
            memcpy(before, theta, sizeof before);
            memcpy(theta, opt_run_theta(f.run), sizeof theta);
            fixture_step(f.run);
            const double *g = opt_run_gradient(f.run);
            double square = 0.0;
            for (int j = 0; j < FIXTURE_D; j++) {
                square += pow(g[j] - m[j] - (j + 1) * (theta[j] - before[j]), 2);
                scale = fmax(scale, fabs(m[j]));
            }
            /* Theta and what is computed from it are rounded. */
            assert_scaled(opt_run_row(f.run)->innovation, sqrt(square), scale, 40);
        }
        ck_assert_double_lt(opt_run_row(f.run)->innovation, 1e-7);
        optim_fixture_clear(&f);
    }
}
END_TEST

/* The mean gradient at theta of the samples of step t. */
static void batch_gradient(const optim_fixture *f, uint64_t seed, uint64_t t,
                           const double *theta, double *g)
{
    enum { BATCH = 8 };
    double xi[BATCH * (FIXTURE_D + 1)];
    ad_moments moments = {.grad_mean = g};
    ad_batch *batch = NULL;
    meka_error err = {0};
    fixture_draw(NULL, seed, t, BATCH, xi);
    assert_ok(ad_batch_create(&batch, f->program, NULL, &err), err);
    assert_ok(ad_eval_moments(batch, theta, NULL, BATCH, xi, &moments, &err), err);
    ad_batch_destroy(batch);
}

START_TEST(a_run_gives_the_batch_gradient_whether_its_step_needed_the_vector_or_not)
{
    static const char *const settings[] = {"",
                                           "variance=scalar",
                                           "rule=fixed alpha=0",
                                           "covariance=diag",
                                           "covariance=full",
                                           "preset=paper"};
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    for (size_t k = 0; k < 2 * sizeof settings / sizeof settings[0]; k++) {
        opt_config config = fixture_config("meka", settings[k / 2]);
        config.track_exact = k % 2;
        optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
        for (uint64_t t = 0; t < 12; t++) {
            double theta[FIXTURE_D], g[FIXTURE_D];
            meka_error err = {0};
            memcpy(theta, opt_run_theta(f.run), sizeof theta);
            fixture_step(f.run);
            if (t % 4 == 1) /* a step that nobody asks */
                continue;
            if (t % 4 == 2) /* evaluates the batch at the start */
                assert_ok(opt_run_save(f.run, test_path("gradient.ck"), &err), err);
            batch_gradient(&f, config.seed, t, theta, g);
            for (int again = 0; again < 2; again++)
                assert_all_scaled(FIXTURE_D, opt_run_gradient(f.run), g, 20.0, 16);
        }
        optim_fixture_clear(&f);
    }
}
END_TEST

/* fixture_draw, but step 3 has a sample that is not finite. */
static void draw_hole(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    fixture_draw(ctx, seed, step, n, xi);
    if (step == 3)
        xi[0] = INFINITY;
}

START_TEST(a_gradient_that_nobody_asked_for_is_lost_with_a_batch_that_is_left_out)
{
    const ad_objective objective = fixture_objective();
    const meka_source source = {.n_features = FIXTURE_D + 1, .draw = draw_hole};
    for (int asked = 0; asked < 2; asked++) {
        opt_config config = fixture_config("meka", NULL);
        config.max_skipped = 1;
        optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
        double g[FIXTURE_D] = {NAN};
        for (int t = 0; t < 4; t++) {
            ck_assert_int_eq(fixture_step(f.run), OPT_RUNNING);
            if (asked && t == 2)
                memcpy(g, opt_run_gradient(f.run), sizeof g);
        }
        opt_result result;
        opt_run_result(f.run, &result);
        ck_assert_uint_eq(result.n_skipped, 1);
        for (int j = 0; j < FIXTURE_D; j++) {
            double kept = opt_run_gradient(f.run)[j];
            ck_assert(asked ? kept == g[j] : isnan(kept));
        }
        fixture_step(f.run);
        for (int j = 0; j < FIXTURE_D; j++)
            ck_assert(isfinite(opt_run_gradient(f.run)[j]));
        optim_fixture_clear(&f);
    }
}
END_TEST

TEST_MAIN("meka", constant_noise_works_with_one_sample_and_gives_gain_one_over_t_plus_one,
          one_sample_is_refused_where_variances_are_needed,
          the_calibration_factor_is_logged_by_every_rule_used_or_not,
          an_iteration_costs_one_reverse_and_one_line_pass,
          the_gate_gets_the_defaults_through_the_valley_of_rosenbrock,
          the_innovation_of_a_batch_that_was_well_predicted_is_right,
          a_run_gives_the_batch_gradient_whether_its_step_needed_the_vector_or_not,
          a_gradient_that_nobody_asked_for_is_lost_with_a_batch_that_is_left_out,
          a_step_that_overflows_is_not_taken, all_dimensions_of_a_long_vector_take_part_alike)
