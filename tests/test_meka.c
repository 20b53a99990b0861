#include "tests/optim_fixture.h"

#include <stdio.h>

/* ------------------------- trajectories against a transcription of the equations
 *
 * One dimension, f_i = 0.5 w_i (theta - x_i)^2 with derivatives by hand.  Averages are
 * recomputed from all values at every step; PI is found by bisection in extended precision. */

enum { STEPS = 50, BATCH = 8 };

static ad_var record_parabola(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                              const void *ctx)
{
    return ad_mul(ad_mul(0.5, xi[1]), ad_sqr(ad_sub(theta[0], xi[0])));
}

static void draw_parabola(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    meka_rng rng;
    meka_rng_init(&rng, seed, MEKA_STREAM_SAMPLES, step, 0);
    for (size_t i = 0; i < n; i++) {
        xi[2 * i] = meka_rng_normal(&rng);
        xi[2 * i + 1] = 1.0 + meka_rng_uniform(&rng);
    }
}

/* The transcription's choices. */
typedef struct recipe {
    const char *method, *settings;
    bool filtered; /* MEKA, not SGD */
    char rule;     /* f(ixed), q(uadratic), p(i) */
    bool mended;   /* floor, calibrated slope, curvature average */
    bool prior;
    double alpha;
} recipe;

static double mean_of(const double *x, int n)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++)
        sum += x[i];
    return sum / n;
}

static double cov_of(const double *x, const double *y, int n)
{
    double mx = mean_of(x, n), my = mean_of(y, n), sum = 0.0;
    for (int i = 0; i < n; i++)
        sum += (x[i] - mx) * (y[i] - my);
    return sum / (n - 1);
}

/* sum beta^(t-k) x_k / sum beta^(t-k) over k = first..t */
static double average(const double *x, int first, int t, double beta)
{
    double sum = 0.0, weight = 0.0;
    for (int k = first; k <= t; k++) {
        sum += pow(beta, t - k) * x[k];
        weight += pow(beta, t - k);
    }
    return sum / weight;
}

/* The positive root of the stationarity condition for C = 0, B > 0. */
static double solve_pi(double A, double B, double p, double q, double s)
{
    long double low = 0.0L, high = (long double)A / B;
    for (int i = 0; i < 200; i++) {
        long double a = (low + high) / 2;
        long double value = A * q / 4.0L * a * a * a * a + B * p / 2.0L * a * a * a +
                            2.0L * B * s * a - 2.0L * A * s;
        if (value > 0.0L)
            high = a;
        else
            low = a;
    }
    return (double)high;
}

/* Everything the transcription remembers. */
typedef struct transcript {
    double m, P, u, s, delta, theta, alpha;
    double s_hat[STEPS], r_hat[STEPS], slope[STEPS], slope_square[STEPS], claim[STEPS],
        curvature[STEPS];
} transcript;

/* A' of the calibrated slope. */
static double calibrate(transcript *z, int t, double A, double K, double g, double s_hat,
                        double cov, double z_score)
{
    double length = fabs(z->m), c = z->m * g - (1 - K) * cov - K * s_hat;
    z->slope[t] = c / length;
    z->slope_square[t] = z->slope[t] * z->slope[t];
    z->claim[t] = A / length;
    double mean = average(z->slope, 0, t, 0.99);
    double variance = average(z->slope_square, 0, t, 0.99) - mean * mean;
    double effective = fmin(1.99 / 0.01, t + 1.0);
    double low = mean - z_score * sqrt(fmax(variance, 0.0) / effective);
    return A * fmin(fmax(low / average(z->claim, 0, t, 0.99), 0.0), 1.0);
}

static void step_by_hand(transcript *z, const recipe *r, int t)
{
    double xi[2 * BATCH], f[BATCH], g[BATCH], h[BATCH], w[BATCH];
    draw_parabola(NULL, 7, (uint64_t)t, BATCH, xi);
    for (int i = 0; i < BATCH; i++) {
        double e = z->theta - xi[2 * i];
        w[i] = xi[2 * i + 1];
        f[i] = 0.5 * w[i] * e * e;
        g[i] = w[i] * e;
        h[i] = w[i] * z->delta;
    }
    double y = mean_of(f, BATCH), G = mean_of(g, BATCH), b = mean_of(h, BATCH);
    double q = cov_of(h, h, BATCH) / BATCH, s_hat = cov_of(g, g, BATCH) / BATCH, K = 1.0;
    z->s_hat[t] = s_hat;
    z->r_hat[t] = cov_of(f, f, BATCH) / BATCH;
    double sigma = average(z->s_hat, 0, t, 0.999), rr = average(z->r_hat, 0, t, 0.999);
    if (!r->filtered) {
        z->m = G;
    } else if (t == 0 && !r->prior) {
        z->m = G;
        z->P = sigma;
        z->u = y;
        z->s = rr;
    } else {
        if (t == 0) {
            z->P = 1e4;
            z->s = 1e4;
        }
        double u = z->u + z->m * z->delta + 0.5 * z->delta * b;
        double c = z->s + z->P * z->delta * z->delta + 0.25 * q * z->delta * z->delta;
        double prior = c + fmax((y - u) * (y - u) - c - rr, 0.0), k = prior / (prior + rr);
        z->u = (1 - k) * u + k * y;
        z->s = (1 - k) * (1 - k) * prior + k * k * rr;
        double m = z->m + b, P = z->P + q;
        K = P / (P + sigma);
        z->m = (1 - K) * m + K * G;
        z->P = (1 - K) * (1 - K) * P + K * K * sigma;
    }
    double m2 = z->m * z->m, A = m2, B = mean_of(w, BATCH) * m2;
    double dQd = cov_of(w, w, BATCH) / BATCH * m2 * m2, s = z->s;
    if (r->mended) {
        A = calibrate(z, t, A, K, G, s_hat, cov_of(h, g, BATCH) / BATCH, 1.0);
        z->curvature[t] = B / m2;
        B = m2 * fmax(B / m2, average(z->curvature, 0, t, 0.9));
        s = fmax(s, pow(0.1 * A * A / (2 * B), 2));
    }
    z->alpha = r->rule == 'f' ? r->alpha : r->rule == 'q' ? A / B : 0.0;
    if (r->rule == 'p' && A > 0.0)
        z->alpha = solve_pi(A, B, z->P * m2, dQd, s);
    z->delta = -z->alpha * z->m;
    z->theta += z->delta;
}

static const recipe recipes[] = {
    {"sgd", "alpha=0.3", false, 'f', false, false, 0.3},
    {"sgd", "rule=quadratic", false, 'q', false, false, 0.0},
    {"meka", "rule=fixed alpha=0.3 calibrate=no gate=0", true, 'f', false, false, 0.3},
    {"meka", "rule=quadratic calibrate=no curvature_ema=0 gate=0", true, 'q', false, false, 0},
    {"meka", "rule=pi calibrate=no curvature_ema=0 floor=0 gate=0", true, 'p', false, false, 0},
    {"meka", "rule=pi gate=0", true, 'p', true, false, 0.0},
    {"meka", "preset=paper smoothing=0", true, 'p', false, true, 0.0},
    {"meka", "covariance=full rule=pi gate=0", true, 'p', true, false, 0.0},
    {"meka", "covariance=diag rule=pi gate=0", true, 'p', true, false, 0.0},
};

START_TEST(trajectories_follow_the_equations)
{
    const recipe *r = &recipes[_i];
    const ad_objective objective = {
        .name = "parabola", .n_params = 1, .n_features = 2, .record = record_parabola};
    const meka_source source = {.n_features = 2, .draw = draw_parabola};
    opt_config config = fixture_config(r->method, r->settings);
    config.seed = 7;
    config.batch_size = BATCH;
    transcript z = {.theta = 5.0};
    optim_fixture f = optim_fixture_make(&objective, &source, &config, &z.theta);
    for (int t = 0; t < STEPS; t++) {
        step_by_hand(&z, r, t);
        fixture_step(f.run);
        const opt_row *row = opt_run_row(f.run);
        ck_assert_msg(fabs(opt_run_theta(f.run)[0] - z.theta) <= 1e-12 * 5.0,
                      "%s %s: step %d: theta %.17g, by hand %.17g", r->method, r->settings, t,
                      opt_run_theta(f.run)[0], z.theta);
        if (r->filtered) {
            ck_assert_double_eq_tol(row->p, z.P, 1e-12 * z.P);
            ck_assert_double_eq_tol(row->loss_filtered, z.u, 1e-11);
            ck_assert_double_eq_tol(row->loss_sd, sqrt(z.s), 1e-10);
        }
    }
    optim_fixture_clear(&f);
}
END_TEST

/* --------------------------------------------------------------- other promises */

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

/* f(theta) = scale_f F(theta / scale_theta) with F not quadratic, both scales powers of two. */
typedef struct scales {
    double f, theta;
} scales;

static ad_var record_scaled(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                            const void *ctx)
{
    const scales *c = ctx;
    ad_var t[FIXTURE_D];
    ad_var sum = ad_const(tape, 0.0);
    for (int j = 0; j < FIXTURE_D; j++) {
        t[j] = ad_mul(1.0 / c->theta, theta[j]);
        sum = ad_add(sum, ad_mul(xi[FIXTURE_D], ad_softplus(ad_mul(xi[j], t[j]))));
        sum = ad_add(sum, ad_mul(0.1 * (j + 1), ad_sqr(ad_sub(t[j], xi[j]))));
    }
    return ad_mul(c->f, ad_add(sum, ad_mul(0.3, ad_sqr(ad_sub(t[1], ad_sqr(t[0]))))));
}

static const char *const invariant[] = {
    "",
    "rule=quadratic",
    "rule=ei",
    "rule=bound",
    "third_order=yes negative=model",
    "covariance=diag",
    "covariance=full",
    "variance=scalar smoothing=0.9 factor=0.5",
    "calibrate=no curvature_ema=0 floor=0 gate=0",
};

START_TEST(scaling_the_objective_or_its_argument_by_powers_of_two_changes_no_bit)
{
    const meka_source source = fixture_source();
    scales scale[3] = {{1, 1}, {ldexp(1, 37), 1}, {ldexp(1, -11), ldexp(1, 23)}};
    optim_fixture run[3];
    opt_config config = fixture_config("meka", invariant[_i]);
    for (int k = 0; k < 3; k++) {
        double x0[FIXTURE_D];
        const ad_objective objective = {.name = "scaled",
                                        .n_params = FIXTURE_D,
                                        .n_features = FIXTURE_D + 1,
                                        .record = record_scaled,
                                        .ctx = &scale[k]};
        for (int j = 0; j < FIXTURE_D; j++)
            x0[j] = fixture_x0[j] * scale[k].theta;
        run[k] = optim_fixture_make(&objective, &source, &config, x0);
    }
    double moved = 0.0;
    for (int t = 0; t < 100; t++) {
        for (int k = 0; k < 3; k++)
            fixture_step(run[k].run);
        moved += opt_run_row(run[0].run)->alpha;
        for (int k = 1; k < 3; k++)
            for (int j = 0; j < FIXTURE_D; j++)
                ck_assert_msg(opt_run_theta(run[k].run)[j] ==
                                  opt_run_theta(run[0].run)[j] * scale[k].theta,
                              "'%s' step %d: %.17g, scaled %.17g", invariant[_i], t,
                              opt_run_theta(run[0].run)[j],
                              opt_run_theta(run[k].run)[j] / scale[k].theta);
    }
    ck_assert_double_gt(moved, 0.0);
    for (int k = 0; k < 3; k++)
        optim_fixture_clear(&run[k]);
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

START_TEST(adameka_divides_by_the_root_of_the_second_moment)
{
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    opt_config config = fixture_config("adameka", "rule=fixed alpha=0.125");
    optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
    double xi[8 * (FIXTURE_D + 1)], g[8], variance = 0.0, mean[FIXTURE_D];
    fixture_draw(NULL, config.seed, 0, 8, xi);
    for (int j = 0; j < FIXTURE_D; j++) {
        for (int i = 0; i < 8; i++)
            g[i] = xi[i * 4 + 3] * (j + 1) * (fixture_x0[j] - xi[i * 4 + j]);
        mean[j] = mean_of(g, 8);
        variance += cov_of(g, g, 8) / 8 / FIXTURE_D;
    }
    fixture_step(f.run);
    for (int j = 0; j < FIXTURE_D; j++)
        assert_scaled(opt_run_theta(f.run)[j],
                      fixture_x0[j] -
                          0.125 * mean[j] / (sqrt(mean[j] * mean[j] + variance) + 1e-8),
                      4.0, 16);
    optim_fixture_clear(&f);
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

int main(void)
{
    Suite *suite = suite_create("meka");
    TCase *all = tcase_create("meka");
    tcase_set_timeout(all, TEST_SECONDS);
    tcase_add_loop_test(all, trajectories_follow_the_equations, 0,
                        sizeof recipes / sizeof recipes[0]);
    tcase_add_loop_test(all,
                        scaling_the_objective_or_its_argument_by_powers_of_two_changes_no_bit,
                        0, sizeof invariant / sizeof invariant[0]);
    tcase_add_test(all,
                   constant_noise_works_with_one_sample_and_gives_gain_one_over_t_plus_one);
    tcase_add_test(all, one_sample_is_refused_where_variances_are_needed);
    tcase_add_test(all, an_iteration_costs_one_reverse_and_one_line_pass);
    tcase_add_test(all, the_gate_gets_the_defaults_through_the_valley_of_rosenbrock);
    tcase_add_test(all, adameka_divides_by_the_root_of_the_second_moment);
    tcase_add_test(all, a_step_that_overflows_is_not_taken);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
