/* Least squares, logistic and softmax regression on synthetic data. */
#include "tests/regression_fixture.h"

typedef struct setting {
    const char *name, *settings;
    int bias;
    double l2;
} setting;

START_TEST(minima_agree_with_dense_linear_algebra_to_1e_10)
{
    static const setting rows[] = {
        {"least-squares", "rows=300 dim=20", 1, 1e-3},
        {"least-squares", "rows=300 dim=20 bias=no l2=0 condition=1e6", 0, 0.0},
        {"least-squares", "rows=30 dim=60 l2=1e-2", 1, 1e-2},
        {"least-squares", "rows=300 dim=20 noise=1e-3 l2=0 scale=unit", 1, 0.0},
        {"logistic", "rows=300 dim=8", 0, 1e-3},
        {"logistic", "rows=300 dim=8 bias=yes l2=0.1", 1, 0.1},
        {"logistic", "rows=300 dim=8 bias=yes scale=standard condition=1e6", 1, 1e-3},
        {"logistic", "rows=2500 dim=30 l2=1e-5", 0, 1e-5},
        {"softmax", "rows=300 dim=6", 1, 1e-3},
        {"softmax", "rows=300 dim=6 classes=5 bias=no l2=1e-4", 0, 1e-4},
        {"softmax", "rows=1500 dim=8 classes=10 scale=standard", 1, 1e-3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prob_instance p = regression_make(rows[i].name, rows[i].settings, NULL);
        regression_assert_minimum(&p, rows[i].bias, rows[i].l2, rows[i].settings);
        prob_destroy(&p);
    }
}
END_TEST

/* With w = w_1 - w_0 and w_0 = -w_1 the penalty l2/2 (|w_0|^2 + |w_1|^2) is l2/4 |w|^2. */
START_TEST(softmax_of_two_classes_is_logistic_regression_with_half_the_penalty)
{
    const char *file = test_write("two", "-1 1:0.5 2:2\n1 1:1.5\n1 2:-1\n-1 1:1\n1 1:2 2:1\n");
    prob_instance soft = regression_make("softmax", "l2=0.02", file);
    prob_instance hard = regression_make("logistic", "l2=0.01 bias=yes", file);
    ck_assert_double_eq_tol(soft.minimum, hard.minimum, 1e-15);
    const double *w = soft.minimizer, *v = hard.minimizer;
    for (int j = 0; j < 2; j++)
        ck_assert_double_eq_tol(w[2 + j] - w[j], v[j], 1e-13);
    ck_assert_double_eq_tol(w[5] - w[4], v[2], 1e-13);
    prob_destroy(&soft);
    prob_destroy(&hard);
}
END_TEST

/* The sum of the classes' weights is 0 at the minimum with a penalty, and all along the way
 * from 0 without one, where the minimizers are a family. */
START_TEST(softmax_without_penalty_has_a_minimum_where_classes_overlap)
{
    prob_instance p = regression_make("softmax", "rows=4000 dim=3 classes=4 l2=0", NULL);
    ck_assert_ptr_nonnull(p.minimizer);
    glm g = regression_glm(&p, 1, 1e-6);
    double theta[16], norm = 0.0;
    for (int j = 0; j < 16; j++)
        norm += p.minimizer[j] * p.minimizer[j];
    /* The penalized minimum is not below the other, nor above its penalized value. */
    double penalized = glm_minimize(&g, theta);
    ck_assert_double_gt(penalized, p.minimum);
    ck_assert_double_le(penalized, p.minimum + 0.5e-6 * norm);
    for (int j = 0; j < 3; j++) {
        double sum = 0.0;
        for (int k = 0; k < 4; k++)
            sum += p.minimizer[k * 3 + j];
        ck_assert_double_eq_tol(sum, 0.0, 1e-9);
    }
    prob_destroy(&p);
}
END_TEST

/* The weights that the data are made with are found again: by maximum likelihood, whose errors
 * have the covariance H^-1 / n, H the Hessian of the mean loss.  Here features are independent
 * with variance 1, so that H >= lambda, the least curvature of the loss. */
static void assert_weights(const char *name, const char *settings, size_t n_outputs,
                           double lambda)
{
    enum { m = 2, n = 20000 };
    prob_instance p = regression_make(name, settings, NULL);
    meka_rng rng;
    meka_rng_init(&rng, 2, MEKA_STREAM_PROBLEM, 0, 0);
    double weight[3][m + 1];
    for (size_t k = 0; k < n_outputs; k++)
        for (int j = 0; j <= m; j++)
            weight[k][j] = 2.0 * meka_rng_normal(&rng);
    for (size_t k = 0; k < n_outputs; k++)
        for (int j = 0; j <= m; j++) {
            size_t last = n_outputs - 1; /* softmax: differences of outputs count */
            size_t at = j < m ? k * m + j : n_outputs * m + k;
            size_t base = j < m ? last * m + j : n_outputs * m + last;
            double found = p.minimizer[at] - (last ? p.minimizer[base] : 0.0);
            double made = weight[k][j] - (last ? weight[last][j] : 0.0);
            ck_assert_msg(fabs(found - made) <= 5.0 * sqrt(2.0 / (n * lambda)),
                          "%s: weight %zu, %d is %g, made with %g", name, k, j, found, made);
        }
    prob_destroy(&p);
}

START_TEST(synthetic_labels_follow_the_model)
{
    assert_weights("least-squares", "rows=20000 dim=2 condition=1 l2=0", 1, 1.0);
    assert_weights("logistic", "rows=20000 dim=2 condition=1 l2=0 bias=yes", 1, 0.02);
    assert_weights("softmax", "rows=20000 dim=2 condition=1 l2=0", 3, 0.005);
}
END_TEST

/* The residuals' mean square is noise^2 (n - d)/n, give or take sqrt(2/n). */
START_TEST(the_noise_of_least_squares_is_what_is_left_at_the_minimum)
{
    prob_instance p = regression_make("least-squares", "rows=5000 dim=9 noise=3 l2=0", NULL);
    ck_assert_double_eq_tol(2.0 * p.minimum / 9.0, 4990.0 / 5000.0, 5.0 * sqrt(2.0 / 5000.0));
    prob_destroy(&p);
    p = regression_make("least-squares", "rows=500 dim=9 noise=0 l2=0", NULL);
    ck_assert_double_le(p.minimum, 1e-28); /* an exact fit */
    ck_assert_ptr_nonnull(p.minimizer);
    prob_destroy(&p);
}
END_TEST

START_TEST(the_minimum_need_not_be_found)
{
    static const char *const names[] = {"least-squares", "logistic", "softmax"};
    for (size_t i = 0; i < 3; i++) {
        prob_instance p = regression_make(names[i], "solve=no", NULL);
        ck_assert(isnan(p.minimum));
        ck_assert_ptr_null(p.minimizer);
        ck_assert_uint_eq(p.source.n_population, i == 1 ? 2000 : 1000);
        prob_destroy(&p);
    }
}
END_TEST

START_TEST(by_epochs_every_row_comes_once_per_epoch)
{
    enum { n = 60, batch = 20, width = 51 };
    prob_instance p = regression_make("logistic", "rows=60 order=epochs", NULL);
    double xi[batch * width];
    int seen[n] = {0};
    for (uint64_t step = 0; step < 2 * n / batch; step++) {
        p.source.draw(p.source.ctx, 3, step, batch, xi);
        for (int i = 0; i < batch; i++)
            for (int row = 0; row < n; row++)
                seen[row] +=
                    regression_same(width, xi + i * width, p.source.population + row * width);
        for (int row = 0; step % 3 == 2 && row < n; row++)
            ck_assert_int_eq(seen[row], (int)(step / 3) + 1);
    }
    prob_destroy(&p);
}
END_TEST

START_TEST(more_parameters_than_can_be_had_are_refused)
{
    prob_instance p;
    meka_error err;
    assert_fails(regression_try(&p, "softmax", "rows=3 dim=10000 classes=1000", NULL, &err),
                 err, MEKA_ERR_INPUT,
                 "synthetic data: 10000 features make 10001000 parameters");
    assert_fails(regression_try(&p, "logistic", "format=csv", NULL, &err), err, MEKA_ERR_INPUT,
                 "problem logistic: option 'format' is of a file");
    assert_fails(regression_try(&p, "softmax", "rows=1 test-fraction=0.5", NULL, &err), err,
                 MEKA_ERR_INPUT, "1 rows");
}
END_TEST

TEST_MAIN("regression", minima_agree_with_dense_linear_algebra_to_1e_10,
          softmax_of_two_classes_is_logistic_regression_with_half_the_penalty,
          softmax_without_penalty_has_a_minimum_where_classes_overlap,
          synthetic_labels_follow_the_model,
          the_noise_of_least_squares_is_what_is_left_at_the_minimum,
          the_minimum_need_not_be_found, by_epochs_every_row_comes_once_per_epoch,
          more_parameters_than_can_be_had_are_refused)
