#include "tests/ad_fixture.h"

#include <meka/problems.h>
#include <stdlib.h>

typedef struct instance {
    prob_instance problem;
    fixture ad;
} instance;

static instance make(const prob_problem *row, const char *settings, uint64_t seed)
{
    instance it = {0};
    meka_error err = {0};
    ck_assert_msg(!prob_create(&it.problem, row,
                               &(prob_request){.settings = settings, .seed = seed}, &err),
                  "%s", err.text);
    it.ad = fixture_make(&it.problem.objective, 0);
    return it;
}

static void clear(instance *it)
{
    fixture_clear(&it->ad);
    prob_destroy(&it->problem);
}

START_TEST(the_noisy_quadratic_has_the_promised_spectrum_hessian_and_noise)
{
    const prob_problem *row;
    ck_assert_int_eq(prob_problem_find(&row, "noisy-quadratic", NULL), MEKA_OK);
    instance it = make(row, "dim=7 condition=500 noise=2 noise-condition=9", 5);
    const prob_instance *p = &it.problem;
    enum { d = 7, n = 40000 };
    assert_ulps(p->eigenvalue[0], 1.0 / 500.0, 8);
    assert_ulps(p->eigenvalue[d - 1], 1.0, 0);
    for (int k = 0; k < d; k++) { /* H e_k = lambda_k e_k, by hand and by the program */
        const double *e = p->eigenvector + k * d;
        double zero[d] = {0}, hvp[d];
        ad_eval_samples(it.ad.batch, p->objective.x0, e, 1, zero, NULL, NULL, hvp, NULL);
        for (int i = 0; i < d; i++) {
            double he = 0;
            for (int j = 0; j < d; j++)
                he += p->hessian[i * d + j] * e[j];
            assert_scaled(he, p->eigenvalue[k] * e[i], 1.0, 16);
            assert_scaled(hvp[i], he, 1.0, 16);
        }
    }
    double *xi = malloc(n * d * sizeof *xi);
    p->source.draw(p->source.ctx, 1, 0, n, xi);
    for (int a = 0; a < d; a++) {
        for (int b = 0; b < d; b++) {
            double sum = 0;
            for (int i = 0; i < n; i++)
                sum += xi[i * d + a] * xi[i * d + b];
            double scale = sqrt(p->noise_cov[a * d + a] * p->noise_cov[b * d + b]);
            ck_assert_double_eq_tol(sum / n, p->noise_cov[a * d + b], 0.04 * scale);
        }
    }
    free(xi);
    clear(&it);
}
END_TEST

START_TEST(rosenbrock_has_its_published_values)
{
    const prob_problem *row;
    ck_assert_int_eq(prob_problem_find(&row, "rosenbrock", NULL), MEKA_OK);
    instance it = make(row, NULL, 1);
    double xi = 1.0, loss, grad[2], start[2] = {-1.2, 1.0}, v[2] = {1, 0}, hvp[2];
    ad_eval_samples(it.ad.batch, start, v, 1, &xi, &loss, grad, hvp, NULL);
    assert_ulps(loss, 24.2, 2); /* More, Garbow, Hillstrom 1981, problem 1 */
    assert_ulps(grad[0], -215.6, 2);
    assert_ulps(grad[1], -88.0, 4);
    assert_ulps(hvp[0], 1330.0, 2); /* 1200 x^2 - 400 y + 2 */
    assert_ulps(hvp[1], 480.0, 2);  /* -400 x */
    clear(&it);
}
END_TEST

START_TEST(unknown_names_and_values_are_refused_with_what_would_be_right)
{
    const prob_problem *row;
    prob_instance p = {0};
    meka_error err;
    assert_fails(prob_problem_find(&row, "rosenbroc", &err), err, MEKA_ERR_INPUT,
                 "no problem is called 'rosenbroc'");
    ck_assert_ptr_nonnull(strstr(err.text, "similar: rosenbrock"));
    assert_fails(prob_problem_find(&row, "nist", &err), err, MEKA_ERR_INPUT, "nist-misra1a");
    assert_fails(prob_problem_find(&row, "q", &err), err, MEKA_ERR_INPUT, "meka list problems");
    ck_assert_ptr_null(strstr(err.text, "similar"));
    row = prob_problem_at(0);
    assert_fails(prob_create(&p, row, &(prob_request){.settings = "dim=0", .seed = 1}, &err),
                 err, MEKA_ERR_INPUT, "problem noisy-quadratic");
    assert_fails(prob_create(&p, row, &(prob_request){.settings = "size=3", .seed = 1}, &err),
                 err, MEKA_ERR_INPUT, "'size'");
    prob_destroy(&p);
    prob_destroy(NULL);
}
END_TEST

TEST_MAIN("problems", the_noisy_quadratic_has_the_promised_spectrum_hessian_and_noise,
          rosenbrock_has_its_published_values,
          unknown_names_and_values_are_refused_with_what_would_be_right)
