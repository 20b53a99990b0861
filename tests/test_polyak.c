/* Polyak's step sizes and coin betting: edges, and what their papers promise. */
#include "tests/optim_fixture.h"

#include <math.h>

/* f = offset + 0.5 curvature (theta - minimum)^2; no samples. */
typedef struct bowl {
    double curvature, minimum, offset;
} bowl;

static ad_var record_bowl(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    const bowl *b = ctx;
    return ad_add(b->offset, ad_mul(0.5 * b->curvature, ad_sqr(ad_sub(theta[0], b->minimum))));
}

static optim_fixture start_bowl(const bowl *b, const char *method, const char *settings,
                                const double *x0)
{
    const ad_objective objective = {
        .name = "bowl", .n_params = 1, .record = record_bowl, .ctx = b};
    const meka_source source = meka_source_none();
    opt_config config = fixture_config(method, settings);
    config.max_steps = 10000;
    return optim_fixture_make(&objective, &source, &config, x0);
}

/* theta after `steps` from 4; *alpha, where not NULL: the last step size. */
static double descend(const char *method, const char *settings, bowl b, int steps,
                      double *alpha)
{
    const double x0 = 4.0;
    optim_fixture f = start_bowl(&b, method, settings, &x0);
    for (int t = 0; t < steps; t++)
        ck_assert_int_eq(fixture_step(f.run), OPT_RUNNING);
    double theta = opt_run_theta(f.run)[0];
    if (alpha)
        *alpha = opt_run_row(f.run)->alpha;
    optim_fixture_clear(&f);
    return theta;
}

static const bowl unit = {1.0, 0.0, 0.0}; /* from 4: f = 8, g = 4 */

START_TEST(polyaks_step_halves_the_distance_on_a_parabola)
{
    static const double curvatures[] = {0.125, 1.0, 64.0};
    for (int i = 0; i < 3; i++) {
        bowl b = {curvatures[i], 0.0, 0.0};
        ck_assert_double_eq(descend("sps-max", "c=1 alpha=inf", b, 1, NULL), 2.0);
        ck_assert_double_eq(descend("sps-max", "alpha=inf", b, 1, NULL), 0.0);
        ck_assert_double_eq(descend("ali-g", "mu=0 delta=0 alpha=inf", b, 3, NULL), 0.5);
        ck_assert_double_eq(descend("momo", "alpha=1e9", b, 1, NULL), 2.0);
        ck_assert_double_eq(descend("momo", "alpha=1e9 beta1=0", b, 3, NULL), 0.5);
    }
}
END_TEST

START_TEST(no_step_size_exceeds_its_bound)
{
    double alpha;
    ck_assert_double_eq(descend("sps-max", "alpha=0.25", unit, 1, &alpha), 3.0);
    ck_assert_double_eq(alpha, 0.25);
    /* growth bounds relative to the step before, gamma_0 the first */
    ck_assert_double_eq(descend("sps-max", "growth=2 gamma_0=0.0625", unit, 1, &alpha), 3.5);
    ck_assert_double_eq(alpha, 0.125);
    descend("sps-max", "growth=2 gamma_0=0.0625", unit, 2, &alpha);
    ck_assert_double_eq(alpha, 0.25);
    ck_assert_double_eq(descend("ali-g", "mu=0 alpha=0.25", unit, 1, &alpha), 3.0);
    ck_assert_double_eq(alpha, 0.25);
    ck_assert_double_eq(descend("momo", "alpha=0.25", unit, 1, &alpha), 3.0);
    ck_assert_double_eq(alpha, 0.25);
    /* MoMo-Adam: alpha / (1 - beta1^k), along an average that lacks the same factor */
    double theta = descend("momo", "preset=momo-adam", unit, 1, &alpha);
    ck_assert_double_eq_tol(alpha, 0.1, 1e-15);
    ck_assert_double_eq_tol(theta, 3.99, 1e-10);
}
END_TEST

START_TEST(the_first_step_of_l4_is_the_fraction_of_what_it_expects_to_gain)
{
    double alpha;
    descend("l4", NULL, unit, 1, &alpha);
    ck_assert_double_eq_tol(alpha, 0.15 * (8.0 - 0.9 * 0.75 * 8.0) / 16.0, 1e-12);
    /* With the true least loss and the whole step, a linear model goes to its zero. */
    double theta =
        descend("l4", "fraction=1 gamma_0=0 epsilon=0 tau=inf beta1=0", unit, 1, NULL);
    ck_assert_double_eq_tol(theta, 2.0, 1e-15);
}
END_TEST

/* ------------------------------------------------------------ bounds and zeros */

START_TEST(a_loss_at_or_below_its_bound_gives_no_step)
{
    static const char *const lists[][2] = {
        {"sps-max", "f_star=8"},
        {"sps-max", "f_star=9"},
        {"sps-max", "f_star=9 growth=2"},
        {"ali-g", "f_star=8"},
        {"ali-g", "f_star=9"},
        {"momo", "f_star=8"},
        {"momo", "f_star=9"},
        {"momo", "preset=momo-adam f_star=9"},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        double alpha, theta = descend(lists[i][0], lists[i][1], unit, 3, &alpha);
        ck_assert_msg(theta == 4.0 && alpha == 0.0, "%s %s: %g", lists[i][0], lists[i][1],
                      theta);
    }
}
END_TEST

START_TEST(negative_losses_never_turn_a_step_round)
{
    static const char *const lists[][2] = {
        {"sps-max", NULL},   {"ali-g", NULL},     {"l4", NULL},    {"momo", NULL},
        {"l4", "base=adam"}, {"l4", "gamma_0=0"}, {"cocob", NULL}, {"momo", "estimate=yes"},
    };
    const bowl b = {1.0, 0.0, -100.0};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        for (int steps = 1; steps < 8; steps++) {
            double alpha, theta = descend(lists[i][0], lists[i][1], b, steps, &alpha);
            ck_assert_msg(theta <= 4.0 && !(alpha < 0.0), "%s %s: %g", lists[i][0],
                          lists[i][1] ? lists[i][1] : "", theta);
        }
}
END_TEST

static ad_var record_raised(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                            const void *ctx)
{
    return ad_add(xi[0], ad_mul(0.5, ad_sqr(theta[0])));
}

/* 0, 1, 0, 1, ... */
static void draw_alternating(const void *ctx, uint64_t seed, uint64_t step, size_t n,
                             double *xi)
{
    for (size_t i = 0; i < n; i++)
        xi[i] = (double)(step % 2);
}

START_TEST(a_step_of_zero_does_not_hold_the_smoothed_ones_after_it)
{
    const double x0 = 4.0; /* losses 8, then 9 */
    const ad_objective objective = {
        .name = "raised", .n_params = 1, .n_features = 1, .record = record_raised};
    const meka_source source = {.n_features = 1, .draw = draw_alternating};
    const opt_config config = fixture_config("sps-max", "f_star=8.5 growth=2");
    optim_fixture f = optim_fixture_make(&objective, &source, &config, &x0);
    fixture_step(f.run);
    ck_assert_double_eq(opt_run_row(f.run)->alpha, 0.0);
    fixture_step(f.run);
    ck_assert_double_eq(opt_run_row(f.run)->alpha, 0.5 / (0.5 * 16.0));
    optim_fixture_clear(&f);
}
END_TEST

static const char *const everything[][2] = {
    {"sps-max", NULL},
    {"sps-max", "alpha=inf"},
    {"sps-max", "growth=2 alpha=inf"},
    {"ali-g", NULL},
    {"ali-g", "delta=0 alpha=inf"},
    {"l4", NULL},
    {"l4", "epsilon=0"},
    {"l4", "base=adam epsilon=0"},
    {"momo", NULL},
    {"momo", "estimate=yes"},
    {"momo", "preset=momo-adam"},
    {"momo", "preset=momo-adam estimate=yes"},
    {"cocob", NULL},
    {"cocob", "rounds=0"},
};
enum { N_EVERYTHING = sizeof everything / sizeof everything[0] };

START_TEST(a_zero_gradient_leaves_every_method_where_it_is)
{
    static const double offsets[] = {0.0, 1.0, 1e300};
    for (size_t i = 0; i < N_EVERYTHING; i++)
        for (int k = 0; k < 3; k++) {
            const bowl b = {1.0, 4.0, offsets[k]};
            double alpha, theta = descend(everything[i][0], everything[i][1], b, 3, &alpha);
            /* f / delta is ALI-G's own step size here, up to its bound 0.1. */
            ck_assert_msg(theta == 4.0 && !(alpha > 0.1), "%s %s: %g, %g", everything[i][0],
                          everything[i][1] ? everything[i][1] : "", theta, alpha);
        }
    /* but for weight decay: alpha = 1, lambda = 0.25 */
    ck_assert_double_eq(descend("momo", "weight_decay=0.25", (bowl){0.0, 0.0, 1.0}, 1, NULL),
                        4.0 / 1.25);
}
END_TEST

static ad_var record_first_only(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                                const void *ctx)
{
    return ad_mul(0.5, ad_sqr(theta[0]));
}

START_TEST(a_parameter_without_a_gradient_does_not_move)
{
    const double x0[2] = {4.0, 3.0};
    const ad_objective objective = {
        .name = "first only", .n_params = 2, .record = record_first_only};
    const meka_source source = meka_source_none();
    for (size_t i = 0; i < N_EVERYTHING; i++) {
        const opt_config config = fixture_config(everything[i][0], everything[i][1]);
        optim_fixture f = optim_fixture_make(&objective, &source, &config, x0);
        for (int t = 0; t < 10; t++)
            ck_assert_int_eq(fixture_step(f.run), OPT_RUNNING);
        ck_assert_double_eq(opt_run_theta(f.run)[1], 3.0);
        ck_assert_double_lt(opt_run_theta(f.run)[0], 4.0);
        optim_fixture_clear(&f);
    }
}
END_TEST

START_TEST(the_step_of_sps_max_survives_gradients_whose_square_does_not)
{
    ck_assert_double_eq(descend("sps-max", "alpha=inf", (bowl){0x1p-700, 0.0, 0.0}, 1, NULL),
                        0.0);
    ck_assert_double_eq(descend("sps-max", "alpha=inf", (bowl){0x1p700, 0.0, 0.0}, 1, NULL),
                        0.0);
}
END_TEST

/* ----------------------------------------------------------------- invariances */

static ad_var record_scaled(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                            const void *ctx)
{
    return ad_mul(*(const double *)ctx, fixture_record(tape, theta, xi, NULL));
}

/* theta [FIXTURE_D] after 60 steps on the weighted quadratic times `factor`. */
static void run_scaled(const char *method, const char *settings, double factor, double *theta)
{
    ad_objective objective = fixture_objective();
    objective.record = record_scaled;
    objective.ctx = &factor;
    const meka_source source = fixture_source();
    const opt_config config = fixture_config(method, settings);
    optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
    for (int t = 0; t < 60; t++)
        ck_assert_int_eq(fixture_step(f.run), OPT_RUNNING);
    memcpy(theta, opt_run_theta(f.run), FIXTURE_D * sizeof *theta);
    optim_fixture_clear(&f);
}

START_TEST(the_unit_of_the_loss_does_not_matter_without_bounds)
{
    static const char *const lists[][2] = {
        {"sps-max", "alpha=inf"},
        {"ali-g", "alpha=inf delta=0"},
        {"l4", "epsilon=0"},
        {"l4", "base=adam epsilon=0 adam_epsilon=1e-300"},
        {"momo", "alpha=1e300"},
        {"momo", "alpha=1e300 estimate=yes"},
        {"momo", "preset=momo-adam epsilon=1e-300"},
        {"cocob", NULL},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        double once[FIXTURE_D], up[FIXTURE_D], down[FIXTURE_D];
        run_scaled(lists[i][0], lists[i][1], 1.0, once);
        run_scaled(lists[i][0], lists[i][1], 0x1p20, up);
        run_scaled(lists[i][0], lists[i][1], 0x1p-20, down);
        ck_assert_msg(memcmp(once, up, sizeof once) == 0, "%s %s", lists[i][0],
                      lists[i][1] ? lists[i][1] : "");
        ck_assert_msg(memcmp(once, down, sizeof once) == 0, "%s %s", lists[i][0],
                      lists[i][1] ? lists[i][1] : "");
    }
    /* With a bound it does: the bound has a unit. */
    double once[FIXTURE_D], up[FIXTURE_D];
    run_scaled("sps-max", "alpha=0.1", 1.0, once);
    run_scaled("sps-max", "alpha=0.1", 4.0, up);
    ck_assert_mem_ne(once, up, sizeof once);
}
END_TEST

/* The trajectories of two methods agree over 60 steps on the weighted quadratic. */
static void assert_same(const char *method, const char *settings, const char *other,
                        const char *other_settings)
{
    double a[FIXTURE_D], b[FIXTURE_D];
    run_scaled(method, settings, 1.0, a);
    run_scaled(other, other_settings, 1.0, b);
    for (int j = 0; j < FIXTURE_D; j++)
        ck_assert_msg(fabs(a[j] - b[j]) <= 1e-12, "%s %s and %s %s: %.17g, %.17g", method,
                      settings, other, other_settings, a[j], b[j]);
}

START_TEST(without_momentum_all_are_the_same_step)
{
    assert_same("ali-g", "mu=0 delta=0 alpha=0.2", "sps-max", "c=1 alpha=0.2");
    assert_same("momo", "beta1=0 alpha=0.2", "sps-max", "c=1 alpha=0.2");
    assert_same("momo", "beta1=0 alpha=0.2 f_star=0.5", "sps-max", "c=1 alpha=0.2 f_star=0.5");
}
END_TEST

START_TEST(momo_with_a_bound_far_below_is_sgd_with_momentum)
{
    /* d_0 = g_0, then d_k = 0.9 d_{k-1} + 0.1 g_k */
    double theta = 4.0, d = 4.0;
    for (int t = 0; t < 20; t++) {
        d = 0.9 * d + 0.1 * theta;
        theta -= 0.1 * d;
    }
    ck_assert_double_eq_tol(descend("momo", "alpha=0.1 f_star=-1e9", unit, 20, NULL), theta,
                            1e-13);
}
END_TEST

START_TEST(momo_adam_with_a_bound_far_below_is_adam)
{
    double theta = 4.0, m = 0.0, v = 0.0;
    for (int t = 1; t <= 20; t++) {
        m = 0.9 * m + 0.1 * theta;
        v = 0.999 * v + 0.001 * theta * theta;
        theta -= 0.1 * m / (1.0 - pow(0.9, t)) / (sqrt(v / (1.0 - pow(0.999, t))) + 1e-8);
    }
    ck_assert_double_eq_tol(
        descend("momo", "preset=momo-adam alpha=0.1 f_star=-1e9", unit, 20, NULL), theta,
        1e-12);
}
END_TEST

START_TEST(momo_finds_the_bound_of_a_parabola_by_itself)
{
    /* The least loss is 5.  A step of 2.5 overshoots by half; only a bound near 5 prevents it.
     */
    const bowl b = {1.0, 0.0, 5.0};
    double known = descend("momo", "beta1=0 alpha=2.5 f_star=5", b, 400, NULL);
    double wrong = descend("momo", "beta1=0 alpha=2.5 f_star=-20", b, 400, NULL);
    double found = descend("momo", "beta1=0 alpha=2.5 f_star=-20 estimate=yes", b, 400, NULL);
    ck_assert_double_lt(fabs(known), 1e-6);
    ck_assert_double_lt(fabs(found), 1e-6);
    ck_assert_double_gt(fabs(wrong), 1e-3);
}
END_TEST

START_TEST(cocob_starts_by_a_hundredth_whatever_the_gradient)
{
    static const double curvatures[] = {1e-9, 1.0, 1e9};
    for (int i = 0; i < 3; i++) {
        const bowl b = {curvatures[i], 0.0, 0.0};
        ck_assert_double_eq(descend("cocob", NULL, b, 1, NULL), 4.0 - 0.01);
        ck_assert_double_eq(descend("cocob", "rounds=0", b, 1, NULL), 4.0 - 0.5);
    }
}
END_TEST

START_TEST(cocob_needs_no_step_size_near_or_far)
{
    static const double minima[] = {4.01, 5.0, -100.0, 1e4};
    for (int i = 0; i < 4; i++) {
        const bowl b = {1.0, minima[i], 0.0};
        double theta = descend("cocob", NULL, b, 2000, NULL);
        ck_assert_msg(fabs(theta - minima[i]) < 0.01 * fabs(4.0 - minima[i]), "%g for %g",
                      theta, minima[i]);
    }
}
END_TEST

/* --------------------------------------------------------------- interpolation */

/* The weighted quadratic without noise in x: every sample has the minimum 0 at 1. */
static void draw_agreeing(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    fixture_draw(ctx, seed, step, n, xi);
    for (size_t i = 0; i < n; i++)
        for (int j = 0; j < FIXTURE_D; j++)
            xi[i * (FIXTURE_D + 1) + (size_t)j] = 1.0;
}

START_TEST(where_samples_agree_about_the_minimum_the_defaults_find_it)
{
    static const char *const methods[] = {"sps-max", "ali-g", "l4", "momo", "cocob"};
    for (int i = 0; i < 5; i++) {
        const ad_objective objective = fixture_objective();
        meka_source source = fixture_source();
        source.draw = draw_agreeing;
        opt_config config = fixture_config(methods[i], NULL);
        config.max_steps = 500;
        optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
        fixture_step(f.run);
        double start = opt_run_row(f.run)->loss;
        while (fixture_step(f.run) == OPT_RUNNING)
            ;
        ck_assert_msg(opt_run_row(f.run)->loss < 1e-4 * start, "%s ends at %g of %g",
                      methods[i], opt_run_row(f.run)->loss, start);
        optim_fixture_clear(&f);
    }
}
END_TEST

TEST_MAIN(
    "polyak", polyaks_step_halves_the_distance_on_a_parabola, no_step_size_exceeds_its_bound,
    the_first_step_of_l4_is_the_fraction_of_what_it_expects_to_gain,
    a_loss_at_or_below_its_bound_gives_no_step, negative_losses_never_turn_a_step_round,
    a_step_of_zero_does_not_hold_the_smoothed_ones_after_it,
    a_zero_gradient_leaves_every_method_where_it_is,
    a_parameter_without_a_gradient_does_not_move,
    the_step_of_sps_max_survives_gradients_whose_square_does_not,
    the_unit_of_the_loss_does_not_matter_without_bounds, without_momentum_all_are_the_same_step,
    momo_with_a_bound_far_below_is_sgd_with_momentum, momo_adam_with_a_bound_far_below_is_adam,
    momo_finds_the_bound_of_a_parabola_by_itself,
    cocob_starts_by_a_hundredth_whatever_the_gradient, cocob_needs_no_step_size_near_or_far,
    where_samples_agree_about_the_minimum_the_defaults_find_it)
