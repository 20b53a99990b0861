#include "tests/optim_fixture.h"

enum { MAX_D = 2, MAX_STEPS = 200 };

/* f = sum_j 0.5 c_j theta_j^2 + b_j theta_j; no samples. */
typedef struct bowl {
    size_t d;
    double c[MAX_D], b[MAX_D];
} bowl;

static ad_var record_bowl(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    const bowl *f = ctx;
    ad_var sum = ad_const(tape, 0.0);
    for (size_t j = 0; j < f->d; j++)
        sum = ad_add(
            sum, ad_add(ad_mul(0.5 * f->c[j], ad_sqr(theta[j])), ad_mul(f->b[j], theta[j])));
    return sum;
}

/* Writes theta_0 = x0 [d] .. theta_steps to out [steps + 1][MAX_D]; returns why it ended. */
static opt_stop follow(const char *method, const char *settings, const bowl *f,
                       const double *x0, int steps, double (*out)[MAX_D])
{
    const ad_objective objective = {
        .name = "bowl", .n_params = f->d, .record = record_bowl, .ctx = f};
    const meka_source source = meka_source_none();
    opt_config config = fixture_config(method, settings);
    opt_stop stop = OPT_RUNNING;
    optim_fixture run = optim_fixture_make(&objective, &source, &config, x0);
    for (int t = 0; t <= steps; t++) {
        memcpy(out[t], opt_run_theta(run.run), f->d * sizeof *x0);
        if (t < steps)
            stop = fixture_step(run.run);
    }
    optim_fixture_clear(&run);
    return stop;
}

/* ------------------------------------------------- heavy ball and Nesterov */

START_TEST(the_heavy_ball_keeps_its_velocity)
{
    const bowl f = {.d = 1, .c = {2.0}};
    const double x0[1] = {4.0};
    double theta[4][MAX_D];
    follow("heavy-ball", "alpha=0.25 beta=0.5", &f, x0, 3, theta);
    ck_assert_double_eq(theta[1][0], 2.0);  /* g = 8, v = 8 */
    ck_assert_double_eq(theta[2][0], 0.0);  /* g = 4, v = 8 */
    ck_assert_double_eq(theta[3][0], -1.0); /* g = 0, v = 4 */
}
END_TEST

START_TEST(nesterovs_step_applies_the_momentum_ahead)
{
    const bowl f = {.d = 1, .c = {2.0}};
    const double x0[1] = {4.0};
    double theta[3][MAX_D];
    follow("nesterov", "alpha=0.25 beta=0.5", &f, x0, 2, theta);
    ck_assert_double_eq(theta[1][0], 1.0);   /* g = 8, v = 8: 4 - (8 + 4)/4 */
    ck_assert_double_eq(theta[2][0], -0.25); /* g = 2, v = 6: 1 - (2 + 3)/4 */
}
END_TEST

START_TEST(without_momentum_both_are_gradient_descent)
{
    const bowl f = {.d = 2, .c = {2.0, 0.3}, .b = {1.0, -0.7}};
    const double x0[2] = {4.0, -3.0};
    double sgd[31][MAX_D], other[31][MAX_D];
    follow("sgd", "alpha=0.1", &f, x0, 30, sgd);
    follow("heavy-ball", "alpha=0.1 beta=0", &f, x0, 30, other);
    ck_assert_mem_eq(sgd, other, sizeof sgd);
    follow("nesterov", "alpha=0.1 beta=0", &f, x0, 30, other);
    ck_assert_mem_eq(sgd, other, sizeof sgd);
}
END_TEST

START_TEST(under_a_constant_force_the_speed_rises_to_alpha_over_one_minus_beta)
{
    static const char *const methods[] = {"heavy-ball", "nesterov"};
    const bowl f = {.d = 1, .b = {1.0}};
    const double x0[1] = {0.0};
    double theta[101][MAX_D];
    for (size_t i = 0; i < 2; i++) {
        follow(methods[i], "alpha=0.25 beta=0.5", &f, x0, 100, theta);
        ck_assert_double_eq(theta[100][0] - theta[99][0], -0.25 / (1.0 - 0.5));
    }
}
END_TEST

/* f(x_k) - f* <= 2 L |x_0 - x*|^2/(k + 1)^2 for alpha = 1/L (Beck, Teboulle, "A fast iterative
 * shrinkage-thresholding algorithm", 2009, theorem 4.4), x_k being a gradient step from theta.
 */
START_TEST(the_convex_sequence_converges_as_one_over_k_squared)
{
    const bowl f = {.d = 2, .c = {1.0, 1e-3}};
    const double x0[2] = {1.0, 1.0};
    double theta[MAX_STEPS + 1][MAX_D], plain[MAX_STEPS + 1][MAX_D];
    follow("nesterov", "alpha=1 momentum=convex", &f, x0, MAX_STEPS, theta);
    follow("sgd", "alpha=1", &f, x0, MAX_STEPS, plain);
    for (int k = 1; k <= MAX_STEPS; k++) {
        double gap = 0.0;
        for (int j = 0; j < 2; j++) {
            double x = theta[k - 1][j] * (1.0 - f.c[j]);
            gap += 0.5 * f.c[j] * x * x;
        }
        ck_assert_double_le(gap, 2.0 * 2.0 / ((k + 1.0) * (k + 1.0)));
    }
    ck_assert_double_lt(fabs(theta[MAX_STEPS][1]), 0.5 * fabs(plain[MAX_STEPS][1]));
}
END_TEST

/* --------------------------------------- scaling by gradients, per component */

/* The settings that have no scale of their own. */
typedef struct adaptive_case {
    const char *method, *settings;
} adaptive_case;
static const adaptive_case adaptive[] = {
    {"adagrad", "alpha=0.3 epsilon=0"},
    {"rmsprop", "alpha=0.03 epsilon=0 momentum=0.5"},
    {"rmsprop", "alpha=0.03 epsilon=0 centered=yes"},
    {"adam", "alpha=0.03 epsilon=0"},
    {"adam", "alpha=0.03 epsilon=0 amsgrad=yes"},
    {"nadamw", "alpha=0.03 epsilon=0"},
};
enum { N_ADAPTIVE = sizeof adaptive / sizeof adaptive[0] };

START_TEST(a_power_of_two_times_f_changes_no_bit_without_epsilon)
{
    const double x0[2] = {4.0, -3.0};
    for (int i = 0; i < N_ADAPTIVE; i++) {
        bowl f = {.d = 2, .c = {2.0, 0.3}, .b = {1.0, -0.7}};
        double theta[31][MAX_D], scaled[31][MAX_D];
        follow(adaptive[i].method, adaptive[i].settings, &f, x0, 30, theta);
        ck_assert_double_ne(theta[30][0], theta[29][0]);
        for (int k = -200; k <= 200; k += 400) {
            for (int j = 0; j < 2; j++) {
                f.c[j] = ldexp(f.c[j], k);
                f.b[j] = ldexp(f.b[j], k);
            }
            follow(adaptive[i].method, adaptive[i].settings, &f, x0, 30, scaled);
            ck_assert_mem_eq(theta, scaled, sizeof theta);
        }
    }
}
END_TEST

START_TEST(a_component_without_a_gradient_stays_where_it_is)
{
    const bowl f = {.d = 2, .c = {2.0, 0.0}};
    const double x0[2] = {4.0, -3.0};
    for (int i = 0; i < N_ADAPTIVE; i++) {
        double theta[31][MAX_D];
        ck_assert_int_eq(follow(adaptive[i].method, adaptive[i].settings, &f, x0, 30, theta),
                         OPT_RUNNING);
        ck_assert_double_lt(theta[30][0], 4.0);
        ck_assert_double_eq(theta[30][1], -3.0);
    }
}
END_TEST

START_TEST(squares_that_overflow_end_the_run_and_move_nothing)
{
    const bowl f = {.d = 2, .b = {1.0, 1e200}};
    const double x0[2] = {4.0, -3.0};
    for (int i = 0; i < N_ADAPTIVE; i++) {
        double theta[2][MAX_D];
        ck_assert_int_eq(follow(adaptive[i].method, adaptive[i].settings, &f, x0, 1, theta),
                         OPT_NONFINITE);
        ck_assert_mem_eq(theta[1], x0, sizeof x0);
    }
}
END_TEST

START_TEST(under_a_constant_force_adagrad_steps_by_alpha_over_root_t)
{
    const bowl f = {.d = 2, .b = {3.0, -1e-5}};
    const double x0[2] = {0.0, 0.0};
    double theta[51][MAX_D];
    follow("adagrad", "alpha=0.5 epsilon=0", &f, x0, 50, theta);
    for (int t = 1; t <= 50; t++) {
        assert_scaled(theta[t][0] - theta[t - 1][0], -0.5 / sqrt(t), 8.0, 4);
        assert_scaled(theta[t][1] - theta[t - 1][1], 0.5 / sqrt(t), 8.0, 4);
    }
}
END_TEST

START_TEST(the_first_step_of_rmsprop_is_alpha_over_root_one_minus_beta)
{
    const bowl f = {.d = 2, .b = {3.0, -1e-5}};
    const double x0[2] = {0.0, 0.0};
    double theta[2][MAX_D];
    follow("rmsprop", "alpha=0.5 beta=0.75 epsilon=0", &f, x0, 1, theta);
    ck_assert_double_eq(theta[1][0], -1.0);
    ck_assert_double_eq(theta[1][1], 1.0);
}
END_TEST

/* n - m^2 = beta^t (1 - beta^t) g^2 under a constant gradient; the difference of the averages
 * themselves would have lost all its digits. */
START_TEST(centered_rmsprop_knows_small_variances)
{
    const bowl f = {.d = 1, .b = {1.0}};
    const double x0[1] = {0.0};
    double theta[81][MAX_D];
    follow("rmsprop", "alpha=1 beta=0.5 epsilon=0 centered=yes", &f, x0, 80, theta);
    for (int t = 70; t <= 80; t++) {
        double weight = ldexp(1.0, -t), expected = -1.0 / sqrt(weight * (1.0 - weight));
        assert_scaled(theta[t][0] - theta[t - 1][0], expected, 4.0 * fabs(expected), 4);
    }
}
END_TEST

/* ------------------------------------------------------------ Adam and NAdamW */

START_TEST(under_a_constant_force_adam_steps_by_alpha)
{
    const bowl f = {.d = 2, .b = {3.0, -1e-5}};
    const double x0[2] = {0.0, 0.0};
    double theta[101][MAX_D];
    follow("adam", "alpha=0.5 epsilon=0", &f, x0, 100, theta);
    for (int t = 1; t <= 100; t++) {
        assert_scaled(theta[t][0], -0.5 * t, 50.0, 8);
        assert_scaled(theta[t][1], 0.5 * t, 50.0, 8);
    }
}
END_TEST

START_TEST(the_first_step_of_nadamw_is_one_plus_beta1_times_that_of_adam)
{
    const bowl f = {.d = 2, .b = {3.0, -1e-5}};
    const double x0[2] = {0.0, 0.0};
    double adam[2][MAX_D], nadamw[2][MAX_D];
    follow("adam", "alpha=0.5 beta1=0.5 beta2=0.75 epsilon=0", &f, x0, 1, adam);
    follow("nadamw", "alpha=0.5 beta1=0.5 beta2=0.75 epsilon=0", &f, x0, 1, nadamw);
    for (int j = 0; j < 2; j++) {
        ck_assert_double_eq(adam[1][j], j ? 0.5 : -0.5);
        ck_assert_double_eq(nadamw[1][j], 1.5 * adam[1][j]);
    }
}
END_TEST

/* Where the gradient does not depend on theta, decay acts as if there were none. */
START_TEST(weight_decay_is_apart_from_the_gradient)
{
    static const char *const methods[] = {"adam", "nadamw"};
    const bowl f = {.d = 2, .b = {1e3, 0.0}};
    const double x0[2] = {4.0, -3.0};
    double plain[11][MAX_D], decayed[11][MAX_D];
    for (size_t i = 0; i < 2; i++) {
        follow(methods[i], "alpha=0.5 epsilon=0", &f, x0, 10, plain);
        follow(methods[i], "alpha=0.5 epsilon=0 weight_decay=0.5", &f, x0, 10, decayed);
        for (int t = 1; t <= 10; t++) {
            double step = plain[t][0] - plain[t - 1][0];
            assert_scaled(decayed[t][0], 0.75 * decayed[t - 1][0] + step, 4.0, 8);
            ck_assert_double_eq(decayed[t][1], 0.75 * decayed[t - 1][1]);
        }
    }
}
END_TEST

/* Reddi, Kale, Kumar 2018, theorem 1: f_t = C theta in every third step and -theta else, with
 * C > 2, beta1 = 0 and beta2 = 1/(1 + C^2).  The mean slope is positive; Adam goes up. */
static ad_var record_slope(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                           const void *ctx)
{
    return ad_mul(xi[0], theta[0]);
}

static void draw_slope(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    for (size_t i = 0; i < n; i++)
        xi[i] = step % 3 == 0 ? 3.0 : -1.0;
}

static double after_300_slopes(const char *settings)
{
    const ad_objective objective = {
        .name = "slope", .n_params = 1, .n_features = 1, .record = record_slope};
    const meka_source source = {.n_features = 1, .draw = draw_slope};
    const double x0 = 0.0;
    opt_config config = fixture_config("adam", settings);
    optim_fixture f = optim_fixture_make(&objective, &source, &config, &x0);
    for (int t = 0; t < 300; t++)
        fixture_step(f.run);
    double theta = opt_run_theta(f.run)[0];
    optim_fixture_clear(&f);
    return theta;
}

START_TEST(amsgrad_descends_where_adam_ascends)
{
    ck_assert_double_gt(after_300_slopes("alpha=0.01 beta1=0 beta2=0.1 epsilon=0"), 0.1);
    ck_assert_double_lt(after_300_slopes("alpha=0.01 beta1=0 beta2=0.1 epsilon=0 amsgrad=yes"),
                        -0.1);
}
END_TEST

START_TEST(the_estimate_of_adam_is_the_average_gradient)
{
    static const char *const methods[] = {"adam", "nadamw"};
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    for (size_t i = 0; i < 2; i++) {
        /* alpha = 0: the gradients are of one point, and their average is closer to the true
         * one than a single one is. */
        opt_config config = fixture_config(methods[i], "alpha=0");
        config.track_exact = true;
        optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
        double filter = 0.0, sample = 0.0;
        for (int t = 0; t < 200; t++) {
            fixture_step(f.run);
            const opt_row *row = opt_run_row(f.run);
            if (t == 0)
                assert_scaled(row->filter_error, row->sample_error, 10.0, 8);
            filter += row->filter_error * row->filter_error;
            sample += row->sample_error * row->sample_error;
        }
        ck_assert_double_lt(filter, 0.25 * sample);
        optim_fixture_clear(&f);
    }
}
END_TEST

TEST_MAIN("momentum", the_heavy_ball_keeps_its_velocity,
          nesterovs_step_applies_the_momentum_ahead, without_momentum_both_are_gradient_descent,
          under_a_constant_force_the_speed_rises_to_alpha_over_one_minus_beta,
          the_convex_sequence_converges_as_one_over_k_squared,
          a_power_of_two_times_f_changes_no_bit_without_epsilon,
          a_component_without_a_gradient_stays_where_it_is,
          squares_that_overflow_end_the_run_and_move_nothing,
          under_a_constant_force_adagrad_steps_by_alpha_over_root_t,
          the_first_step_of_rmsprop_is_alpha_over_root_one_minus_beta,
          centered_rmsprop_knows_small_variances, under_a_constant_force_adam_steps_by_alpha,
          the_first_step_of_nadamw_is_one_plus_beta1_times_that_of_adam,
          weight_decay_is_apart_from_the_gradient, amsgrad_descends_where_adam_ascends,
          the_estimate_of_adam_is_the_average_gradient)
