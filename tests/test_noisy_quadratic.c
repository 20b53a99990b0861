/* Noisy quadratics: spectra, exactness, Proposition 1 under every law of noise, and noise of
 * the Hessian. */
#include "tests/quadratic_fixture.h"

#include "plots/verify.h"

/* -------------------------------------------------------------------- spectra */

static const struct {
    const char *settings;
    size_t d;
    double eigenvalue[12]; /* ascending */
} spectra[] = {
    {"dim=5 condition=1e4", 5, {1e-4, 1e-3, 1e-2, 1e-1, 1}},
    {"dim=5 condition=5 spectrum=linear", 5, {0.2, 0.4, 0.6, 0.8, 1}},
    {"dim=7 condition=100 spectrum=clusters groups=3", 7, {.01, .01, .01, .1, .1, 1, 1}},
    {"dim=3 condition=100 spectrum=clusters groups=1", 3, {1, 1, 1}},
    {"dim=6 condition=1e6 spectrum=outliers groups=2", 6, {1e-6, 1e-16 / 3, 0, 1e-4, 1e-2, 1}},
    {"dim=3 condition=1e3 spectrum=outliers groups=2", 3, {1e-3, 0.1, 1}},
    {"dim=4 condition=1e3 spectrum=outliers groups=1", 4, {1e-3, 0, 1e-2, 1}},
    {"dim=6 condition=1e4 blocks=2 block-condition=100", 6, {1e-4, 1e-3, 1e-2, 1e-2, 0.1, 1}},
    {"dim=5 condition=8 spectrum=linear blocks=2 block-condition=2",
     5,
     {0.125, 0.25, 0.3125, 0.5, 1}},
    {"dim=4 condition=27 blocks=4 block-condition=27", 4, {1 / 27.0, 1 / 9.0, 1 / 3.0, 1}},
    {"dim=1 condition=9 spectrum=linear", 1, {1}},
};

/* The bulk of outliers lies evenly in its logarithm: those the table leaves out. */
static double wanted_eigenvalue(size_t row, size_t k)
{
    const double *e = spectra[row].eigenvalue;
    if (row == 4 && (k == 1 || k == 2))
        return pow(10, -6 + 2 * (double)k / 3);
    if (row == 6 && k == 1)
        return pow(10, -2.5);
    return e[k];
}

START_TEST(spectra_are_what_they_say)
{
    static const char *const names[] = {"noisy-quadratic", "noisy-hessian"};
    for (size_t i = 0; i < 2 * sizeof spectra / sizeof spectra[0]; i++) {
        size_t row = i / 2, d = spectra[row].d;
        prob_instance p = make(names[i % 2], spectra[row].settings);
        double found[MOST], product[MOST];
        ck_assert_uint_eq(p.objective.n_params, d);
        find_eigenvalues(p.hessian, d, found);
        for (size_t k = 0; k < d; k++) {
            const double *e = p.eigenvector + k * d;
            double wanted = wanted_eigenvalue(row, k);
            assert_scaled(p.eigenvalue[k], wanted, wanted, 32);
            assert_scaled(found[k], wanted, 1.0, 64);
            times(p.hessian, e, d, product);
            for (size_t j = 0; j < d; j++)
                assert_scaled(product[j], wanted * e[j], 1.0, 32);
        }
        prob_destroy(&p);
    }
}
END_TEST

START_TEST(blocks_are_coupled_within_and_not_beyond_and_the_first_is_the_steepest)
{
    enum { d = 8 };
    prob_instance p = make("noisy-quadratic", "dim=8 condition=1000 blocks=3 "
                                              "block-condition=100");
    const size_t block[d] = {0, 0, 1, 1, 1, 2, 2, 2};
    const double largest[3] = {1, 0.1, 0.01};
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++)
            if (block[i] == block[j])
                ck_assert_double_ne(p.hessian[i * d + j], 0.0);
            else
                ck_assert_double_eq(p.hessian[i * d + j], 0.0);
    for (size_t b = 0; b < 3; b++) {
        size_t from = b * d / 3, n = (b + 1) * d / 3 - from;
        double part[9], found[3];
        for (size_t k = 0; k < n * n; k++)
            part[k] = p.hessian[(from + k / n) * d + from + k % n];
        find_eigenvalues(part, n, found);
        assert_scaled(found[n - 1], largest[b], largest[b], 32);
        assert_scaled(found[0], largest[b] / 10, largest[b], 32);
    }
    prob_destroy(&p);
}
END_TEST

/* ------------------------------------------------- exact losses and Proposition 1 */

/* One sample's gradient is H (theta - xi), and R diag(w) R times it where H differs; the
 * population's is H theta. */
START_TEST(gradients_and_hessians_are_exact_with_every_option)
{
    static const char *const all[] = {"spectrum=linear", "spectrum=clusters groups=2",
                                      "spectrum=outliers groups=2 tail=laplace",
                                      "blocks=3 block-condition=10 tail=student",
                                      "blocks=6 block-condition=100 noise-rank=2"};
    enum { d = 6 };
    for (size_t i = 0; i < 2 * sizeof all / sizeof all[0]; i++) {
        char settings[160];
        snprintf(settings, sizeof settings, "dim=6 condition=100 %s", all[i / 2]);
        prob_instance p = make(i % 2 ? "noisy-hessian" : "noisy-quadratic", settings);
        fixture ad = fixture_make(&p.objective, 0);
        double v[d] = {1, -2, 3, 0.5, -1, 2}, xi[2 * d], e[d], wanted[d], wanted_hvp[d];
        double loss, grad[d], hvp[d];
        const double *x = p.objective.x0;
        ad_eval_samples(ad.batch, x, v, 1, p.source.population, &loss, grad, hvp, NULL);
        times(p.hessian, x, d, wanted);
        times(p.hessian, v, d, wanted_hvp);
        assert_scaled(loss, 0.5 * quadratic_form(p.hessian, x, d), fabs(loss), 64);
        assert_all_scaled(d, grad, wanted, 10, 64);
        assert_all_scaled(d, hvp, wanted_hvp, 10, 64);
        if (i % 2 == 0) {
            p.source.draw(p.source.ctx, 5, 0, 1, xi);
            for (size_t k = 0; k < d; k++)
                e[k] = x[k] - xi[k];
            ad_eval_samples(ad.batch, x, v, 1, xi, &loss, grad, hvp, NULL);
            times(p.hessian, e, d, wanted);
            assert_scaled(loss, 0.5 * quadratic_form(p.hessian, e, d), fabs(loss), 64);
            assert_all_scaled(d, grad, wanted, 10, 64);
            assert_all_scaled(d, hvp, wanted_hvp, 10, 64);
        }
        fixture_clear(&ad);
        prob_destroy(&p);
    }
}
END_TEST

/* MEKA's m_t is H (theta_t - mean of all batches so far), SGD's the last batch's alone. */
static double simulate(const prob_instance *p, uint64_t seed, bool meka, double a, size_t T,
                       size_t n)
{
    size_t d = p->objective.n_params;
    double theta[MOST], mean[MOST] = {0}, e[MOST], g[MOST], xi[4 * MOST];
    memcpy(theta, p->objective.x0, d * sizeof *theta);
    for (size_t t = 0; t + 1 < T; t++) {
        p->source.draw(p->source.ctx, seed, t, n, xi);
        for (size_t j = 0; j < d; j++) {
            double batch = 0.0;
            for (size_t i = 0; i < n; i++)
                batch += xi[i * d + j] / (double)n;
            mean[j] += (batch - mean[j]) / (meka ? (double)t + 1.0 : 1.0);
            e[j] = theta[j] - mean[j];
        }
        times(p->hessian, e, d, g);
        for (size_t j = 0; j < d; j++)
            theta[j] -= a * g[j];
    }
    return 0.5 * quadratic_form(p->hessian, theta, d);
}

START_TEST(the_curves_of_proposition_1_hold_for_every_law_of_noise)
{
    static const char *const all[] = {
        "tail=student dof=9 noise-condition=10", "tail=laplace noise-rank=2",
        "spectrum=outliers groups=1 tail=laplace noise-axes=aligned noise-condition=100",
        "blocks=2 block-condition=4 noise-axes=opposed noise-condition=100"};
    enum { d = 4, T = 30, n = 2, runs = 2000 };
    for (size_t i = 0; i < 2 * sizeof all / sizeof all[0]; i++) {
        bool meka = i % 2;
        char settings[160];
        snprintf(settings, sizeof settings, "dim=4 condition=20 start=1 %s", all[i / 2]);
        prob_instance p = make("noisy-quadratic", settings);
        double start[d], noise_var[d], curve[T], sum = 0.0, square = 0.0;
        for (size_t k = 0; k < d; k++) {
            const double *e = p.eigenvector + k * d;
            noise_var[k] = quadratic_form(p.noise_cov, e, d);
            start[k] = 0.0;
            for (size_t j = 0; j < d; j++)
                start[k] += e[j] * p.objective.x0[j];
        }
        (meka ? plot_exact_meka : plot_exact_sgd)(d, p.eigenvalue, start, noise_var, 0.5, n, T,
                                                  curve);
        for (uint64_t run = 0; run < runs; run++) {
            double gap = simulate(&p, 100 + run, meka, 0.5, T, n);
            sum += gap / runs;
            square += gap * gap / runs;
        }
        double error = sqrt((square - sum * sum) / runs);
        ck_assert_msg(fabs(sum - curve[T - 1]) <= 5 * error, "%s: %g, exact %g +- %g", settings,
                      sum, curve[T - 1], error);
        ck_assert_double_le(error, 0.1 * sum); /* the comparison can tell */
        prob_destroy(&p);
    }
}
END_TEST

START_TEST(options_that_contradict_each_other_are_refused)
{
    static const struct {
        const char *settings, *reason;
    } bad[] = {
        {"dim=3 blocks=4", "blocks must be from 1 to dim = 3, not 4"},
        {"block-condition=10 condition=9", "block-condition must not exceed condition = 9"},
        {"dim=7 blocks=2 spectrum=clusters", "3 eigenvalues cannot form groups = 4 clusters"},
        {"dim=4 spectrum=outliers", "of 4 eigenvalues, groups = 4 cannot be outliers"},
        {"dim=4 noise-rank=5", "noise-rank must be at most dim = 4, not 5"},
        {"tail=student dof=2", "dof must be above 2 for tail=student, not 2"},
        {"tail=cauchy", "normal, student or laplace"},
    };
    const prob_problem *row;
    for (size_t i = 0; i < 2 * sizeof bad / sizeof bad[0]; i++) {
        prob_instance p = {0};
        meka_error err = {0};
        prob_problem_find(&row, i % 2 ? "noisy-hessian" : "noisy-quadratic", NULL);
        assert_fails(
            prob_create(&p, row, &(prob_request){.settings = bad[i / 2].settings}, &err), err,
            MEKA_ERR_INPUT, bad[i / 2].reason);
        ck_assert_ptr_nonnull(strstr(err.text, row->name));
    }
}
END_TEST

/* -------------------------------------------------------- noise of the Hessian */

/* Trace and Frobenius norm of the population's Hessian are those of the stated spectrum. */
START_TEST(the_mean_hessian_has_the_promised_spectrum_and_samples_scatter_around_it)
{
    enum { d = 6, n = 40000 };
    prob_instance p = make("noisy-hessian", "dim=6 condition=100 hessian-noise=0.5");
    fixture ad = fixture_make(&p.objective, 0);
    double *xi = malloc((size_t)n * 2 * d * sizeof *xi), H[d][d];
    double trace = 0.0, square = 0.0, sum = 0.0, sum_square = 0.0;
    p.source.draw(p.source.ctx, 9, 0, n, xi);
    for (int k = 0; k < d; k++) {
        double e[d] = {0}, mean[d], var[d];
        e[k] = 1.0;
        ad_eval_samples(ad.batch, p.objective.x0, e, 1, p.source.population, NULL, NULL, H[k],
                        NULL);
        ad_moments m = {.hvp_mean = mean, .hvp_var = var};
        ad_eval_moments(ad.batch, p.objective.x0, e, n, xi, &m, NULL);
        double lambda = pow(100.0, k / 5.0 - 1.0);
        trace += H[k][k];
        sum += lambda;
        sum_square += lambda * lambda;
        for (int j = 0; j < d; j++) {
            square += H[k][j] * H[k][j];
            ck_assert_double_gt(var[j], 0.0);
            ck_assert_double_le(fabs(mean[j] - H[k][j]), 5.0 * sqrt(var[j] / n));
        }
    }
    assert_scaled(trace, sum, 1.0, 16);
    assert_scaled(square, sum_square, 1.0, 16);
    free(xi);
    fixture_clear(&ad);
    prob_destroy(&p);
}
END_TEST

START_TEST(weights_have_mean_1_and_the_stated_variance)
{
    enum { d = 2, n = 40000 };
    prob_instance p = make("noisy-hessian", "dim=2 hessian-noise=0.5 noise=3");
    double *xi = malloc((size_t)n * 2 * d * sizeof *xi);
    double w = 0.0, w2 = 0.0, x2 = 0.0;
    p.source.draw(p.source.ctx, 1, 0, n, xi);
    for (int i = 0; i < n; i++) {
        x2 += xi[i * 2 * d] * xi[i * 2 * d] / n;
        w += xi[i * 2 * d + d] / n;
        w2 += xi[i * 2 * d + d] * xi[i * 2 * d + d] / n;
    }
    /* standard errors sqrt(0.5/n) = 0.0035; of the variance, 0.5 sqrt((2 + 6/2)/n) = 0.0056 */
    ck_assert_double_eq_tol(w, 1.0, 0.018);
    ck_assert_double_eq_tol(w2 - w * w, 0.5, 0.028);
    ck_assert_double_eq_tol(x2, 9.0, 0.32);
    free(xi);
    prob_destroy(&p);
}
END_TEST

START_TEST(without_hessian_noise_all_samples_share_one_hessian)
{
    enum { d = 5, n = 16 };
    prob_instance p = make("noisy-hessian", "dim=5 hessian-noise=0");
    fixture ad = fixture_make(&p.objective, 0);
    double xi[n * 2 * d], v[d] = {1, 2, 3, 4, 5};
    p.source.draw(p.source.ctx, 1, 0, n, xi);
    ad_moments m = {.traces = true};
    double mean[d];
    m.hvp_mean = mean;
    ad_eval_moments(ad.batch, p.objective.x0, v, n, xi, &m, NULL);
    ck_assert_double_eq_tol(m.hvp_var_trace, 0.0, 1e-28);
    fixture_clear(&ad);
    prob_destroy(&p);
}
END_TEST

TEST_MAIN("noisy_quadratic", spectra_are_what_they_say,
          blocks_are_coupled_within_and_not_beyond_and_the_first_is_the_steepest,
          gradients_and_hessians_are_exact_with_every_option,
          the_curves_of_proposition_1_hold_for_every_law_of_noise,
          options_that_contradict_each_other_are_refused,
          the_mean_hessian_has_the_promised_spectrum_and_samples_scatter_around_it,
          weights_have_mean_1_and_the_stated_variance,
          without_hessian_noise_all_samples_share_one_hessian)
