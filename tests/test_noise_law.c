/* The noise of noisy quadratics: laws with a given covariance, and covariances from files. */
#include "tests/data_fixture.h"
#include "tests/quadratic_fixture.h"

#include "problems/noise_law.h"

#include <gsl/gsl_linalg.h>

/* ---------------------------------------------------------------------- noise */

/* E s^4 and E s^8 of the factor s with E s^2 = 1.  Student: E (chi^2_nu)^-k is
 * 1/((nu-2)(nu-4)..(nu-2k)); Laplace: E W^k = k!. */
static const struct {
    const char *tail;
    double fourth, eighth;
} tails[] = {
    {"tail=normal", 1, 1},
    {"tail=student dof=12", 10.0 / 8, 1000.0 / (8 * 6 * 4)},
    {"tail=laplace", 2, 24},
};

/* With normal z, E (x_a x_b)^2 = E s^4 (C_aa C_bb + 2 C_ab^2); five standard errors. */
static void assert_covariance(const prob_instance *p, const double *xi, size_t n, size_t stride,
                              double fourth)
{
    size_t d = p->objective.n_params;
    const double *C = p->noise_cov;
    for (size_t a = 0; a < d; a++)
        for (size_t b = 0; b < d; b++) {
            double sum = 0.0, c = C[a * d + b];
            for (size_t i = 0; i < n; i++)
                sum += xi[i * stride + a] * xi[i * stride + b];
            double var = fourth * (C[a * d + a] * C[b * d + b] + 2 * c * c) - c * c;
            ck_assert_msg(fabs(sum / n - c) <= 5 * sqrt(var / n), "%zu, %zu: %g, stated %g", a,
                          b, sum / n, c);
        }
}

START_TEST(samples_have_the_stated_covariance_whatever_their_tail_and_axes)
{
    enum { n = 40000 };
    static const char *const laws[] = {"noise=2", "noise=0.5 noise-condition=50",
                                       "noise-condition=9 noise-axes=aligned",
                                       "noise-axes=opposed noise-rank=2", "noise-rank=1"};
    double *xi = malloc((size_t)n * 8 * sizeof *xi);
    for (size_t t = 0; t < 3; t++)
        for (size_t i = 0; i < 2 * sizeof laws / sizeof laws[0]; i++) {
            char settings[200];
            snprintf(settings, sizeof settings, "dim=4 %s %s", tails[t].tail, laws[i / 2]);
            prob_instance p = make(i % 2 ? "noisy-hessian" : "noisy-quadratic", settings);
            p.source.draw(p.source.ctx, 1, 0, n, xi);
            assert_covariance(&p, xi, n, p.source.n_features, tails[t].fourth);
            prob_destroy(&p);
        }
    free(xi);
}
END_TEST

/* Mardia's kurtosis E (x' C^-1 x)^2 = E s^4 d (d + 2), and E (x' C^-1 x)^4 =
 * E s^8 d (d + 2) (d + 4) (d + 6): the moments of chi^2_d. */
START_TEST(tails_have_their_kurtosis)
{
    enum { d = 3, n = 40000 };
    double *xi = malloc((size_t)n * d * sizeof *xi);
    for (size_t t = 0; t < 3; t++) {
        char settings[120];
        snprintf(settings, sizeof settings, "dim=3 noise-condition=20 %s", tails[t].tail);
        prob_instance p = make("noisy-quadratic", settings);
        gsl_matrix *C = gsl_matrix_alloc(d, d);
        for (size_t k = 0; k < d * d; k++)
            gsl_matrix_set(C, k / d, k % d, p.noise_cov[k]);
        gsl_linalg_cholesky_decomp1(C);
        p.source.draw(p.source.ctx, 2, 0, n, xi);
        double sum = 0.0;
        for (size_t i = 0; i < n; i++) {
            double y[d], form = 0.0;
            memcpy(y, xi + i * d, sizeof y);
            gsl_vector_view v = gsl_vector_view_array(y, d);
            gsl_linalg_cholesky_svx(C, &v.vector);
            for (size_t j = 0; j < d; j++)
                form += xi[i * d + j] * y[j];
            sum += form * form;
        }
        double wanted = tails[t].fourth * d * (d + 2);
        double var = tails[t].eighth * d * (d + 2) * (d + 4) * (d + 6) - wanted * wanted;
        ck_assert_msg(fabs(sum / n - wanted) <= 5 * sqrt(var / n), "%s: %g, expected %g",
                      tails[t].tail, sum / n, wanted);
        gsl_matrix_free(C);
        prob_destroy(&p);
    }
    free(xi);
}
END_TEST

START_TEST(the_noise_has_the_stated_rank_condition_and_axes)
{
    enum { d = 6, rank = 4 };
    for (int opposed = 0; opposed < 2; opposed++) {
        char settings[120];
        snprintf(settings, sizeof settings,
                 "dim=6 condition=1e3 noise=3 noise-condition=16 noise-rank=4 noise-axes=%s",
                 opposed ? "opposed" : "aligned");
        prob_instance p = make("noisy-quadratic", settings);
        double found[d];
        find_eigenvalues(p.noise_cov, d, found);
        for (size_t k = 0; k < d; k++) {
            double place = ((double)k - 2) / 3 - 0.5;
            assert_scaled(found[k], k < d - rank ? 0.0 : 9 * pow(16, place), 36, 32);
            size_t at = opposed ? d - 1 - k : k; /* H's eigenvector with that variance */
            double variance = quadratic_form(p.noise_cov, p.eigenvector + at * d, d);
            assert_scaled(variance, k < d - rank ? 0.0 : 9 * pow(16, place), 36, 32);
        }
        prob_destroy(&p);
    }
    prob_instance p = make("noisy-quadratic", "dim=6 noise=3 noise-rank=4");
    double found[d];
    find_eigenvalues(p.noise_cov, d, found);
    for (size_t k = 0; k < d; k++)
        assert_scaled(found[k], k < d - rank ? 0.0 : 9.0, 9.0, 32);
    prob_destroy(&p);
}
END_TEST

/* ---------------------------------------------------------------------- files */

static const char matrix_text[] = "# measured\na,b,c\n4,1,-2\n1,9,0.5\n-2,0.5,16\n";
static const double matrix[9] = {4, 1, -2, 1, 9, 0.5, -2, 0.5, 16};

START_TEST(a_covariance_is_taken_from_a_file)
{
    enum { n = 40000 };
    const char *path = data_write("c.csv", matrix_text, strlen(matrix_text));
    double *xi = malloc((size_t)n * 6 * sizeof *xi);
    for (size_t t = 0; t < 6; t++) {
        char settings[120];
        bool hessian = t % 2;
        snprintf(settings, sizeof settings, "noise=%g %s", hessian ? 2.0 : 1.0,
                 tails[t / 2].tail);
        prob_instance p =
            make_from(hessian ? "noisy-hessian" : "noisy-quadratic", settings, path);
        ck_assert_uint_eq(p.objective.n_params, 3);
        for (size_t k = 0; k < 9; k++)
            assert_scaled(p.noise_cov[k], (hessian ? 4 : 1) * matrix[k], 64, 8);
        p.source.draw(p.source.ctx, 1, 0, n, xi);
        assert_covariance(&p, xi, n, p.source.n_features, tails[t / 2].fourth);
        prob_destroy(&p);
    }
    free(xi);
}
END_TEST

START_TEST(covariances_may_be_compressed_singular_and_of_any_scale)
{
    static const struct {
        const char *text;
        size_t d, rank;
    } good[] = {
        {"4", 1, 1},
        {"0,0\n0,0\n", 2, 0},
        {"1 2\n2 4\n", 2, 1},
        {"1e-20 0 0\n0 1e20 0\n0 0 0\n", 3, 2},
        {"1 1 1 0\n1 1 1 0\n1 1 1 0\n0 0 0 3\n", 4, 2},
        {"1 0.99999999 \n0.99999999 1\n", 2, 2},
        {"1 0.333333333\n0.333333334 1\n", 2, 2}, /* to nine digits */
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const char *path = data_write_gzip("good.csv.gz", good[i].text, strlen(good[i].text));
        prob_covariance c = {0};
        meka_error err = {0};
        assert_ok(prob_read_covariance(&c, path, &err), err);
        ck_assert_uint_eq(c.d, good[i].d);
        ck_assert_uint_eq(c.rank, good[i].rank);
        free(c.axis);
        prob_instance p = make_from("noisy-quadratic", NULL, path);
        double number, scale = 0.0;
        const char *at = good[i].text;
        for (size_t k = 0; k < c.d; k++)
            scale = fmax(scale, p.noise_cov[k * c.d + k]);
        for (size_t k = 0; k < c.d * c.d; k++) {
            char *end;
            number = strtod(at, &end);
            ck_assert_double_le(fabs(p.noise_cov[k] - number), 1e-9 * scale);
            at = end + strspn(end, ", \n");
        }
        prob_destroy(&p);
    }
}
END_TEST

START_TEST(bad_covariances_are_refused_with_file_line_and_reason)
{
    static const struct {
        const char *text, *reason;
    } bad[] = {
        {"", "holds no rows"},
        {"a,b\n", "holds no rows"},
        {"1,2,3\n2,5,6\n", "bad.csv:2: the last of 2 rows of 3 columns"},
        {"1\n2\n", "bad.csv:2: row 2 of a matrix with 1 columns"},
        {"1,0\n0,1,0\n", "bad.csv:2: 3 columns where the first line has 2"},
        {"1,0\n0,x\n", "bad.csv:2: column 2: 'x'"},
        {"1,0\n0,nan\n", "bad.csv:2: column 2"},
        {"a,b\n1,0\n# no\n0,-1\n", "bad.csv:4: column 2: a variance of -1"},
        {"1,0.5\n0.4,1\n", "bad.csv:2: column 1: 0.4, but row 1 has 0.5 in column 2"},
        {"1,3\n3,4\n", "bad.csv:2: column 1: a covariance of 3 between variables of variance 4 "
                       "and 1; it cannot exceed 2"},
        {"1,1e-9\n1e-9,0\n", "it cannot exceed 0"},
        {"1,0.9,-0.9\n0.9,1,0.9\n-0.9,0.9,1\n", "not positive semidefinite"},
        {"1,1,0\n1,1,0.5\n0,0.5,1\n", "bad.csv:2: row 2 is one too many"},
    };
    const prob_problem *row;
    ck_assert_int_eq(prob_problem_find(&row, "noisy-quadratic", NULL), MEKA_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *path = data_write("bad.csv", bad[i].text, strlen(bad[i].text));
        prob_instance p = {0};
        meka_error err = {0};
        assert_fails(prob_create(&p, row, &(prob_request){.data = path}, &err), err,
                     MEKA_ERR_INPUT, bad[i].reason);
    }
    prob_instance p = {0};
    meka_error err = {0};
    assert_fails(prob_create(&p, row, &(prob_request){.data = "/no/such.csv"}, &err), err,
                 MEKA_ERR_IO, "/no/such.csv");
}
END_TEST

static meka_status make_of_file(void *ctx, meka_error *err)
{
    const prob_problem *row;
    prob_instance p = {0};
    meka_status status = prob_problem_find(&row, "noisy-hessian", err);
    if (status == MEKA_OK)
        status = prob_create(&p, row, &(prob_request){.data = ctx}, err);
    prob_destroy(&p);
    return status;
}

START_TEST(missing_memory_is_reported)
{
    const char *path = data_write("c.csv", matrix_text, strlen(matrix_text));
    ck_assert_uint_ge(test_every_allocation(make_of_file, (void *)(uintptr_t)path), 6);
}
END_TEST

TEST_MAIN("noise_law", samples_have_the_stated_covariance_whatever_their_tail_and_axes,
          tails_have_their_kurtosis, the_noise_has_the_stated_rank_condition_and_axes,
          a_covariance_is_taken_from_a_file,
          covariances_may_be_compressed_singular_and_of_any_scale,
          bad_covariances_are_refused_with_file_line_and_reason, missing_memory_is_reported)
