/* AdaHessian, Sophia-H: what conformance does not show. */
#include "optim/methods.h"
#include "tests/optim_fixture.h"

enum { D = 5 };

/* f = 0.5 sum_j c_j theta_j^2 - b.theta with c in ctx [D], b_j = j; no samples. */
static ad_var record_diagonal(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                              const void *ctx)
{
    const double *c = ctx;
    ad_var sum = ad_const(tape, 0.0);
    for (int j = 0; j < D; j++)
        sum = ad_add(sum, ad_sub(ad_mul(0.5 * c[j], ad_sqr(theta[j])), ad_mul(j, theta[j])));
    return sum;
}

static const double diagonal[D] = {0.25, 1.0, 4.0, 9.0, 100.0};
static const double diagonal_x0[D] = {1.0, -2.0, 3.0, -4.0, 5.0};

/* theta after `steps` from x0 to out [D]. */
static void descend(const char *method, const char *settings, const double *c, const double *x0,
                    int steps, double *out)
{
    const ad_objective objective = {
        .name = "diagonal", .n_params = D, .record = record_diagonal, .ctx = c};
    const meka_source source = meka_source_none();
    opt_config config = fixture_config(method, settings);
    optim_fixture f = optim_fixture_make(&objective, &source, &config, x0);
    for (int t = 0; t < steps; t++)
        fixture_step(f.run);
    memcpy(out, opt_run_theta(f.run), D * sizeof *out);
    optim_fixture_clear(&f);
}

START_TEST(rademacher_probes_find_a_diagonal_hessian_exactly)
{
    /* So that the first step with alpha = 1 is Newton's, to the minimum b/c. */
    double theta[D];
    descend("adahessian", "alpha=1 epsilon=1e-300", diagonal, diagonal_x0, 1, theta);
    for (int j = 0; j < D; j++)
        assert_scaled(theta[j], j / diagonal[j], 5.0, 4);
}
END_TEST

START_TEST(adahessian_does_not_depend_on_the_scale_of_the_objective)
{
    double scaled[D], theta[D], other[D], x0[D];
    for (int j = 0; j < D; j++) {
        scaled[j] = 4.0 * diagonal[j];
        x0[j] = diagonal_x0[j];
    }
    /* b stays, so that scaling c and theta by 4 and 1/4 leaves f's gradient alone. */
    descend("adahessian", "epsilon=1e-300", diagonal, x0, 10, theta);
    for (int j = 0; j < D; j++)
        x0[j] /= 4.0;
    descend("adahessian", "epsilon=1e-300", scaled, x0, 10, other);
    for (int j = 0; j < D; j++)
        assert_scaled(4.0 * other[j], theta[j], 5.0, 20);
}
END_TEST

START_TEST(blocks_share_the_mean_of_their_diagonal)
{
    /* Blocks (0.25, 1), (4, 9) and the shorter (100). */
    static const double mean[D] = {0.625, 0.625, 6.5, 6.5, 100.0};
    double theta[D];
    descend("adahessian", "alpha=1 epsilon=1e-300 block_size=2", diagonal, diagonal_x0, 1,
            theta);
    for (int j = 0; j < D; j++)
        assert_scaled(theta[j], diagonal_x0[j] - (diagonal[j] * diagonal_x0[j] - j) / mean[j],
                      5.0, 4);
}
END_TEST

START_TEST(a_flat_objective_moves_nothing)
{
    static const char *const methods[] = {"adahessian", "sophia-h"};
    static const double flat[D] = {0.0};
    static const double x0[D] = {1.0, 0.0, 0.0, 0.0, 0.0};
    for (int k = 0; k < 2; k++) {
        double theta[D];
        descend(methods[k], "alpha=1 epsilon=1e-300", flat, x0, 3, theta);
        /* Component 0 has neither slope nor curvature: 0 / epsilon. */
        ck_assert_double_eq(theta[0], 1.0);
    }
}
END_TEST

START_TEST(adahessian_takes_negative_curvature_by_its_size)
{
    static const double c[D] = {-2.0, -2.0, -2.0, -2.0, -2.0};
    static const double x0[D] = {1.0, 1.0, 1.0, 1.0, 1.0};
    double theta[D];
    descend("adahessian", "alpha=1 epsilon=1e-300", c, x0, 1, theta);
    for (int j = 0; j < D; j++) /* theta - (c theta - b)/|c|: away from the maximum */
        assert_scaled(theta[j], 1.0 - (-2.0 - j) / 2.0, 4.0, 2);
}
END_TEST

START_TEST(sophia_moves_no_component_by_more_than_alpha)
{
    double theta[D], before[D];
    memcpy(before, diagonal_x0, sizeof before);
    for (int t = 1; t <= 20; t++) {
        descend("sophia-h", "alpha=0.01", diagonal, diagonal_x0, t, theta);
        for (int j = 0; j < D; j++)
            ck_assert_double_le(fabs(theta[j] - before[j]), 0.01 * (1.0 + 1e-12));
        memcpy(before, theta, sizeof before);
    }
}
END_TEST

START_TEST(sophia_takes_the_sign_where_curvature_is_negative)
{
    static const double c[D] = {-2.0, -2.0, -2.0, -2.0, -2.0};
    double theta[D];
    descend("sophia-h", "alpha=0.5 beta1=0", c, diagonal_x0, 1, theta);
    for (int j = 0; j < D; j++) {
        double g = c[j] * diagonal_x0[j] - j;
        ck_assert_double_eq(theta[j], diagonal_x0[j] - (g > 0.0 ? 0.5 : -0.5));
    }
}
END_TEST

START_TEST(hessian_products_are_paid_for_only_at_the_interval)
{
    static const char *const methods[] = {"adahessian", "sophia-h"};
    for (int k = 0; k < 2; k++) {
        const ad_objective objective = fixture_objective();
        const meka_source source = fixture_source();
        opt_config config = fixture_config(methods[k], "interval=4 alpha=0.01");
        optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
        for (int t = 0; t < 9; t++)
            fixture_step(f.run);
        ck_assert_double_eq(opt_run_row(f.run)->hvps, 3.0 * 8.0);
        optim_fixture_clear(&f);
    }
}
END_TEST

TEST_MAIN("curvature", rademacher_probes_find_a_diagonal_hessian_exactly,
          adahessian_does_not_depend_on_the_scale_of_the_objective,
          blocks_share_the_mean_of_their_diagonal, a_flat_objective_moves_nothing,
          adahessian_takes_negative_curvature_by_its_size,
          sophia_moves_no_component_by_more_than_alpha,
          sophia_takes_the_sign_where_curvature_is_negative,
          hessian_products_are_paid_for_only_at_the_interval)
