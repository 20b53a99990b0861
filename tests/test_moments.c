#include "tests/ad_fixture.h"
#include "tests/quad.h"

#include <math.h>

enum { d = 3, m = 4, n_samples = 53 };

static ad_var curved(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var z = ad_sub(ad_dot(d, theta, xi), xi[3]);
    (void)tape, (void)ctx;
    return ad_add(ad_softplus(z), ad_mul(0.1, ad_sqr(ad_sqr(theta[1]))));
}

static const ad_objective objective = {
    .name = "curved", .n_params = d, .n_features = m, .record = curved};
static const double theta[d] = {0.5, -1.0, 0.25}, v[d] = {1.0, 0.5, -2.0};

static void make_samples(double *xi)
{
    for (int i = 0; i < n_samples * m; i++)
        xi[i] = sin(7.0 * i) + 0.3;
}

/* Two passes in extended precision: the definition. */
static double direct_cov(const double *x, const double *y, int stride)
{
    long double mx = 0, my = 0, sum = 0;
    for (int i = 0; i < n_samples; i++) {
        mx += x[i * stride];
        my += y[i * stride];
    }
    for (int i = 0; i < n_samples; i++)
        sum += (x[i * stride] - mx / n_samples) * (y[i * stride] - my / n_samples);
    return (double)(sum / (n_samples - 1));
}

static double direct_mean(const double *x, int stride)
{
    long double sum = 0;
    for (int i = 0; i < n_samples; i++)
        sum += x[i * stride];
    return (double)(sum / n_samples);
}

static void check_lanes(size_t n_lanes)
{
    fixture f = fixture_make(&objective, n_lanes);
    double xi[n_samples * m], loss[n_samples], g[n_samples * d], h[n_samples * d];
    double gm[d], hm[d], gv[d], hv[d], cross[d], gc[d * d], hc[d * d], traces[3] = {0};
    make_samples(xi);
    ad_eval_samples(f.batch, theta, v, n_samples, xi, loss, g, h, NULL);
    ad_moments out = {.grad_mean = gm,
                      .hvp_mean = hm,
                      .grad_var = gv,
                      .hvp_var = hv,
                      .cross_cov = cross,
                      .grad_cov = gc,
                      .hvp_cov = hc,
                      .traces = true};
    ck_assert_int_eq(ad_eval_moments(f.batch, theta, v, n_samples, xi, &out, NULL), MEKA_OK);
    ck_assert_double_eq_tol(out.loss_mean, direct_mean(loss, 1), 1e-15);
    ck_assert_double_eq_tol(out.loss_var, direct_cov(loss, loss, 1), 1e-15);
    for (int j = 0; j < d; j++) {
        ck_assert_double_eq_tol(gm[j], direct_mean(g + j, d), 1e-15);
        ck_assert_double_eq_tol(hm[j], direct_mean(h + j, d), 1e-15);
        ck_assert_double_eq_tol(gv[j], direct_cov(g + j, g + j, d), 1e-15);
        ck_assert_double_eq_tol(hv[j], direct_cov(h + j, h + j, d), 1e-15);
        ck_assert_double_eq_tol(cross[j], direct_cov(h + j, g + j, d), 1e-15);
        for (int k = 0; k < d; k++) {
            ck_assert_double_eq_tol(gc[j * d + k], direct_cov(g + j, g + k, d), 1e-15);
            ck_assert_double_eq_tol(hc[j * d + k], direct_cov(h + j, h + k, d), 1e-15);
        }
        traces[0] += gv[j];
        traces[1] += hv[j];
        traces[2] += cross[j];
    }
    ck_assert_double_eq_tol(out.grad_var_trace, traces[0], 1e-15);
    ck_assert_double_eq_tol(out.hvp_var_trace, traces[1], 1e-15);
    ck_assert_double_eq_tol(out.cross_cov_trace, traces[2], 1e-15);
    fixture_clear(&f);
}

START_TEST(moments_are_the_means_and_unbiased_covariances_of_the_samples)
{
    static const size_t lanes[] = {1, 8, 64};
    for (int i = 0; i < 3; i++)
        check_lanes(lanes[i]);
}
END_TEST

START_TEST(line_moments_are_those_of_gradient_and_product_along_the_direction)
{
    fixture f = fixture_make(&objective, 8);
    double xi[n_samples * m], loss[n_samples], g[n_samples * d], h[n_samples * d];
    double x[3][n_samples];
    make_samples(xi);
    ad_eval_samples(f.batch, theta, v, n_samples, xi, loss, g, h, NULL);
    for (int i = 0; i < n_samples; i++) {
        x[0][i] = loss[i];
        x[1][i] = g[d * i] * v[0] + g[d * i + 1] * v[1] + g[d * i + 2] * v[2];
        x[2][i] = h[d * i] * v[0] + h[d * i + 1] * v[1] + h[d * i + 2] * v[2];
    }
    for (int order = 0; order <= 2; order++) {
        ad_line_moments line = {.order = order};
        ck_assert_int_eq(ad_eval_line(f.batch, theta, v, n_samples, xi, &line, NULL), MEKA_OK);
        for (int j = 0; j <= order; j++) {
            ck_assert_double_eq_tol(line.mean[j], direct_mean(x[j], 1), 2e-15);
            for (int k = 0; k <= order; k++)
                ck_assert_double_eq_tol(line.cov[j][k], direct_cov(x[j], x[k], 1), 1e-14);
        }
        for (int j = order + 1; j < 4; j++)
            ck_assert(line.mean[j] == 0.0 && line.cov[j][j] == 0.0);
    }
    fixture_clear(&f);
}
END_TEST

static ad_var far_away(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)ctx;
    return ad_mul(t[0], ad_add(1e9, xi[0]));
}

START_TEST(a_large_mean_does_not_cancel_the_variance_away)
{
    ad_objective o = {.name = "far", .n_params = 1, .n_features = 1, .record = far_away};
    fixture f = fixture_make(&o, 0);
    double xi[n_samples], gv, one = 1.0;
    for (int i = 0; i < n_samples; i++)
        xi[i] = (i * 7 % n_samples) / 1024.0; /* 1e9 + xi is exact */
    ad_moments out = {.grad_var = &gv};
    ck_assert_int_eq(ad_eval_moments(f.batch, &one, NULL, n_samples, xi, &out, NULL), MEKA_OK);
    ck_assert_double_eq_tol(gv, direct_cov(xi, xi, 1), 1e-15 * gv);
    ck_assert_double_eq_tol(out.loss_var, gv, 1e-15 * gv);
    fixture_clear(&f);
}
END_TEST

START_TEST(one_sample_and_equal_samples_have_variances_of_exactly_zero)
{
    fixture f = fixture_make(&objective, 8);
    double xi[n_samples * m], gm[d];
    for (int i = 0; i < n_samples * m; i++)
        xi[i] = 0.1 * (1 + i % m);
    for (size_t n = 1; n <= n_samples; n += n_samples - 1) {
        ad_moments out = {.grad_mean = gm, .traces = true};
        ad_line_moments line = {.order = 3};
        ad_eval_moments(f.batch, theta, v, n, xi, &out, NULL);
        ad_eval_line(f.batch, theta, v, n, xi, &line, NULL);
        ck_assert(out.loss_var == 0.0 && out.grad_var_trace == 0.0);
        ck_assert(out.hvp_var_trace == 0.0 && out.cross_cov_trace == 0.0);
        ck_assert(line.cov[0][0] == 0.0 && line.cov[2][2] == 0.0);
    }
    fixture_clear(&f);
}
END_TEST

START_TEST(scaling_the_direction_by_a_power_of_two_scales_moments_exactly)
{

    fixture f = fixture_make(&objective, 8);
    double xi[n_samples * m], a[d], b[d], doubled[d] = {2 * v[0], 2 * v[1], 2 * v[2]};
    make_samples(xi);
    ad_moments p = {.hvp_mean = a, .traces = true}, q = {.hvp_mean = b, .traces = true};
    ad_eval_moments(f.batch, theta, v, n_samples, xi, &p, NULL);
    ad_eval_moments(f.batch, theta, doubled, n_samples, xi, &q, NULL);
    ck_assert(q.hvp_var_trace == 4 * p.hvp_var_trace);
    ck_assert(q.cross_cov_trace == 2 * p.cross_cov_trace);
    for (int j = 0; j < d; j++)
        ck_assert(b[j] == 2 * a[j]);
    fixture_clear(&f);
}
END_TEST

static ad_var linear(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape;
    return ad_mul(*(const double *)ctx, ad_mul(t[0], xi[0]));
}

static fixture linear_fixture(const double *factor)
{
    ad_objective o = {.n_params = 1, .n_features = 1, .record = linear, .ctx = factor};
    return fixture_make(&o, 8);
}

START_TEST(a_difference_of_one_unit_in_one_sample_is_a_variance)
{
    static double one = 1.0, xi[1000];
    double gv;
    fixture f = linear_fixture(&one);
    for (int i = 0; i < 1000; i++)
        xi[i] = 0x1p53 + (i == 500 ? 2.0 : 0.0);
    ad_moments out = {.grad_var = &gv};
    ad_eval_moments(f.batch, &one, NULL, 1000, xi, &out, NULL);
    ck_assert_double_eq_tol(gv, 4.0 / 1000, 1e-17);
    ck_assert_double_eq_tol(out.loss_var, 4.0 / 1000, 1e-17);
    fixture_clear(&f);
}
END_TEST

START_TEST(a_variance_beyond_the_range_is_not_taken_for_rounding)
{
    const double one = 1.0, xi[3] = {1e200, 2e200, 0.0};
    double gv;
    fixture f = linear_fixture(&one);
    ad_moments out = {.grad_var = &gv};
    ck_assert_int_eq(ad_eval_moments(f.batch, &one, NULL, 3, xi, &out, NULL), MEKA_NONFINITE);
    ck_assert(isinf(gv) && isinf(out.loss_var));
    fixture_clear(&f);
}
END_TEST

START_TEST(what_is_not_asked_for_may_be_out_of_range)
{
    const double one = 1.0, zero = 0.0;
    double xi[n_samples], gm;
    fixture f = linear_fixture(&one);
    for (int i = 0; i < n_samples; i++)
        xi[i] = 1e200 * (1 + sin(i));
    ad_moments out = {.grad_mean = &gm};
    ck_assert_int_eq(ad_eval_moments(f.batch, &zero, NULL, n_samples, xi, &out, NULL), MEKA_OK);
    ck_assert_double_eq_tol(gm / 1e200, direct_mean(xi, 1) / 1e200, 1e-15);
    fixture_clear(&f);
}
END_TEST

START_TEST(a_large_factor_of_small_derivatives_leaves_their_variance_in_range)
{
    const double factor = 1e200, zero = 0.0;
    double xi[n_samples], scaled[n_samples], gv;
    fixture f = linear_fixture(&factor);
    for (int i = 0; i < n_samples; i++) {
        xi[i] = 1e-150 * (1 + sin(i));
        scaled[i] = 1e50 * (1 + sin(i));
    }
    ad_moments out = {.grad_var = &gv};
    ck_assert_int_eq(ad_eval_moments(f.batch, &zero, NULL, n_samples, xi, &out, NULL), MEKA_OK);
    ck_assert_double_eq_tol(gv, direct_cov(scaled, scaled, 1), 1e-14 * gv);
    fixture_clear(&f);
}
END_TEST

START_TEST(a_covariance_matrix_beyond_the_range_is_reported)
{
    const double one = 1.0, zero = 0.0, xi[3] = {1e200, 2e200, 0.0};
    double cov;
    fixture f = linear_fixture(&one);
    ad_moments out = {.grad_cov = &cov};
    ck_assert_int_eq(ad_eval_moments(f.batch, &zero, NULL, 3, xi, &out, NULL), MEKA_NONFINITE);
    ck_assert(isinf(cov));
    fixture_clear(&f);
}
END_TEST

enum { n_weights = 40, n_equal = 730 };

static ad_var logistic(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)ctx;
    return ad_softplus(ad_mul(ad_neg(xi[n_weights]), ad_dot(n_weights, t, xi)));
}

START_TEST(equal_samples_have_no_variance_whatever_rounding_their_shift_leaves)
{
    static double xi[n_equal * (n_weights + 1)];
    double t[n_weights], dir[n_weights], gv[n_weights], hv[n_weights];
    ad_objective o = {.n_params = n_weights, .n_features = n_weights + 1, .record = logistic};
    fixture f = fixture_make(&o, 0);
    for (int i = 0; i < n_equal * (n_weights + 1); i++)
        xi[i] = sin(7.0 * (i % (n_weights + 1)) + 0.3);
    for (int draw = 0; draw < 10; draw++) {
        for (int j = 0; j < n_weights; j++) {
            t[j] = cos(3.0 * j + draw);
            dir[j] = sin(2.0 * j + draw);
        }
        ad_moments out = {.grad_var = gv, .hvp_var = hv, .traces = true};
        ad_eval_moments(f.batch, t, dir, n_equal, xi, &out, NULL);
        for (int j = 0; j < n_weights; j++)
            ck_assert(gv[j] == 0.0 && hv[j] == 0.0);
        ck_assert(out.loss_var == 0.0 && out.cross_cov_trace == 0.0);
    }
    fixture_clear(&f);
}
END_TEST

/* ------------------------------------------------------- gradients that do not vary */

/* Of t1 and t2 sums and products of features that will not vary, of t0 the one that will. */
static ad_var constant_slopes(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)ctx;
    ad_var s = ad_add(ad_mul(0.3, ad_sqr(t[0])), ad_mul(t[1], xi[0]));
    s = ad_add(s, ad_mul(ad_mul(ad_sqr(t[2]), xi[0]), xi[1]));
    s = ad_add(s, ad_mul(t[0], xi[3]));
    ad_var a = ad_mul(ad_mul(t[1], xi[1]), xi[2]), b = ad_mul(ad_mul(t[1], xi[0]), xi[2]);
    return ad_sub(ad_add(s, a), ad_add(b, ad_mul(ad_exp(ad_mul(t[2], xi[1])), xi[2])));
}

START_TEST(constant_gradients_have_variances_of_exactly_zero)
{
    static const unsigned off[] = {0, AD_PASS_UNIFORM, AD_PASS_AFFINE, AD_PASS_FUSE,
                                   AD_PASS_UNIFORM | AD_PASS_AFFINE | AD_PASS_FUSE};
    enum { n = 501 };
    static double xi[n * m];
    ad_objective o = {
        .name = "slopes", .n_params = d, .n_features = m, .record = constant_slopes};
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < 3; k++)
            xi[i * m + k] = 0.1 + 0.7 * k;
        xi[i * m + 3] = sin(i);
    }
    for (int k = 0; k < 5; k++) {
        double gv[d], hv[d], cross[d], gc[d * d], hc[d * d];
        fixture f = fixture_with(&o, off[k], 8, AD_ISA_BEST);
        ad_moments out = {
            .grad_var = gv, .hvp_var = hv, .cross_cov = cross, .grad_cov = gc, .hvp_cov = hc};
        ck_assert_int_eq(ad_eval_moments(f.batch, theta, v, n, xi, &out, NULL), MEKA_OK);
        ck_assert(gv[0] > 0.4 && hv[0] == 0.0 && cross[0] == 0.0);
        for (int j = 1; j < d; j++)
            ck_assert(gv[j] == 0.0 && hv[j] == 0.0 && cross[j] == 0.0);
        for (int j = 1; j < d * d; j++)
            ck_assert(gc[j] == 0.0 && hc[j] == 0.0);
        fixture_clear(&f);
    }
}
END_TEST

/* Evaluated by a job, term by term. */
static ad_var cancelling(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)ctx;
    ad_var a = ad_mul(t[0], ad_mul(xi[0], xi[1])), b = ad_mul(t[0], ad_mul(xi[2], xi[1]));
    return ad_sub(a, b);
}

static void check_cancelling(size_t n, int digits, ad_isa isa)
{
    static double xi[3 * 2000];
    ad_objective o = {
        .name = "cancelling", .n_params = 1, .n_features = 3, .record = cancelling};
    fixture f = fixture_with(&o, 0, 8, isa);
    double t = 1.7, gv;
    for (size_t i = 0; i < n; i++) {
        xi[3 * i] = 1.1;
        xi[3 * i + 1] = 1.3;
        xi[3 * i + 2] = 1.1 + 0.7 * pow(10.0, -digits);
    }
    ad_moments out = {.grad_var = &gv};
    ck_assert_int_eq(ad_eval_moments(f.batch, &t, NULL, n, xi, &out, NULL), MEKA_OK);
    ck_assert(gv == 0.0 && out.loss_var == 0.0);
    fixture_clear(&f);
}

START_TEST(equal_differences_of_almost_equal_products_have_variances_of_exactly_zero)
{
    static const size_t n[] = {2, 37, 501, 2000};
    for (int isa = AD_ISA_BASELINE; ad_isa_name((ad_isa)isa); isa++)
        for (int digits = 1; digits < 16 && ad_isa_is_available((ad_isa)isa); digits++)
            for (int k = 0; k < 4; k++)
                check_cancelling(n[k], digits, (ad_isa)isa);
}
END_TEST

static ad_var product(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)ctx;
    return ad_mul(t[0], ad_mul(xi[0], xi[1]));
}

START_TEST(one_sample_that_differs_is_seen_wherever_it_stands)
{
    enum { n = 2000 };
    static double xi[2 * n];
    ad_objective o = {.name = "product", .n_params = 1, .n_features = 2, .record = product};
    fixture f = fixture_make(&o, 8);
    for (int at = 0; at < n; at += 1999 / 13) {
        for (int i = 0; i < n; i++) {
            xi[2 * i] = i == at ? 1.0 + 0x1p-30 : 1.0;
            xi[2 * i + 1] = 1.0;
        }
        double t = 1.0, gv, want = 0x1p-60 / n;
        ad_moments out = {.grad_var = &gv};
        ck_assert_int_eq(ad_eval_moments(f.batch, &t, NULL, n, xi, &out, NULL), MEKA_OK);
        assert_ulps(gv, want, 100);
    }
    fixture_clear(&f);
}
END_TEST

/* ------------------------------------------------- many segments, far from the origin */

enum { n_far = 2000 };
#define FAR 0x1p28 /* about 1e8 standard deviations of the last feature */

/* Gradients (t0 x0 x1, t2 (FAR + x2), t1 (FAR + x2)), products (v0 x0 x1, v2 .., v1 ..): with
 * powers of two for t and v and features of few digits they are all exact. */
static ad_var distant(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)ctx;
    ad_var a = ad_mul(ad_mul(0.5, ad_sqr(t[0])), ad_mul(xi[0], xi[1]));
    return ad_add(a, ad_mul(ad_mul(t[1], t[2]), ad_add(FAR, xi[2])));
}
static const double far_theta[d] = {2.0, 1.0, -0.5}, far_v[d] = {1.0, 4.0, -8.0};

static void make_far_samples(double *xi)
{
    for (int i = 0; i < n_far; i++) {
        xi[i * m] = 8192.0 + (i * 7 % 11 % 3) * 0x1p-13;
        xi[i * m + 1] = 8192.0 + (i * 5 % 13 % 3) * 0x1p-13;
        xi[i * m + 2] = i / 250 + (i * 7 % 53) / 64.0; /* segments differ */
        xi[i * m + 3] = 0.0;
    }
}

static void far_row(const double *xi, quad *g, quad *h)
{
    quad product = (quad)xi[0] * xi[1], row = (quad)FAR + xi[2];
    g[0] = far_theta[0] * product, h[0] = far_v[0] * product;
    g[1] = far_theta[2] * row, h[1] = far_v[2] * row;
    g[2] = far_theta[1] * row, h[2] = far_v[1] * row;
}

/* Rows x of gradients, then products: all means, then all covariances, in two passes. */
static void direct_moments(const double *xi, double *mean, double cov[2 * d][2 * d])
{
    quad x[2 * d], sum[2 * d] = {0}, square[2 * d][2 * d] = {{0}};
    for (int i = 0; i < n_far; i++) {
        far_row(xi + i * m, x, x + d);
        for (int j = 0; j < 2 * d; j++)
            sum[j] += x[j];
    }
    for (int i = 0; i < n_far; i++) {
        far_row(xi + i * m, x, x + d);
        for (int j = 0; j < 2 * d; j++)
            for (int k = 0; k < 2 * d; k++)
                square[j][k] += (x[j] - sum[j] / n_far) * (x[k] - sum[k] / n_far);
    }
    for (int j = 0; j < 2 * d; j++) {
        mean[j] = (double)(sum[j] / n_far);
        for (int k = 0; k < 2 * d; k++)
            cov[j][k] = (double)(square[j][k] / (n_far - 1));
    }
}

static void check_far(unsigned passes_off, ad_isa isa)
{
    static double xi[n_far * m];
    double gm[d], hm[d], gv[d], hv[d], cross[d], gc[d * d], hc[d * d];
    double mean[2 * d], cov[2 * d][2 * d];
    ad_objective o = {.name = "distant", .n_params = d, .n_features = m, .record = distant};
    fixture f = fixture_with(&o, passes_off, 8, isa); /* 250 blocks in 8 segments */
    make_far_samples(xi);
    direct_moments(xi, mean, cov);
    ad_moments out = {.grad_mean = gm,
                      .hvp_mean = hm,
                      .grad_var = gv,
                      .hvp_var = hv,
                      .cross_cov = cross,
                      .grad_cov = gc,
                      .hvp_cov = hc};
    ck_assert_int_eq(ad_eval_moments(f.batch, far_theta, far_v, n_far, xi, &out, NULL),
                     MEKA_OK);
    for (int j = 0; j < d; j++) {
        double g = sqrt(cov[j][j]), h = sqrt(cov[d + j][d + j]);
        ck_assert(fabs(mean[j]) > 2e7 * g && fabs(mean[j]) < 2e8 * g);
        assert_ulps(gm[j], mean[j], 1);
        assert_ulps(hm[j], mean[d + j], 1);
        ck_assert_double_eq_tol(gv[j], cov[j][j], 1e-13 * g * g);
        ck_assert_double_eq_tol(hv[j], cov[d + j][d + j], 1e-13 * h * h);
        ck_assert_double_eq_tol(cross[j], cov[d + j][j], 1e-13 * g * h);
        for (int k = 0; k < d; k++) {
            double other_g = sqrt(cov[k][k]), other_h = sqrt(cov[d + k][d + k]);
            ck_assert_double_eq_tol(gc[j * d + k], cov[j][k], 1e-13 * g * other_g);
            ck_assert_double_eq_tol(hc[j * d + k], cov[d + j][d + k], 1e-13 * h * other_h);
        }
    }
    fixture_clear(&f);
}

START_TEST(merged_segments_far_from_the_origin_have_the_moments_of_two_passes)
{
    static const unsigned off[] = {0, AD_PASS_AFFINE, AD_PASS_UNIFORM, AD_PASS_FUSE,
                                   AD_PASS_REPLAY};
    for (int isa = AD_ISA_BASELINE; ad_isa_name((ad_isa)isa); isa++)
        for (int k = 0; k < 5 && ad_isa_is_available((ad_isa)isa); k++)
            check_far(off[k], (ad_isa)isa);
}
END_TEST

TEST_MAIN("moments", moments_are_the_means_and_unbiased_covariances_of_the_samples,
          line_moments_are_those_of_gradient_and_product_along_the_direction,
          a_large_mean_does_not_cancel_the_variance_away,
          one_sample_and_equal_samples_have_variances_of_exactly_zero,
          scaling_the_direction_by_a_power_of_two_scales_moments_exactly,
          equal_samples_have_no_variance_whatever_rounding_their_shift_leaves,
          a_difference_of_one_unit_in_one_sample_is_a_variance,
          a_variance_beyond_the_range_is_not_taken_for_rounding,
          what_is_not_asked_for_may_be_out_of_range,
          a_large_factor_of_small_derivatives_leaves_their_variance_in_range,
          a_covariance_matrix_beyond_the_range_is_reported,
          constant_gradients_have_variances_of_exactly_zero,
          equal_differences_of_almost_equal_products_have_variances_of_exactly_zero,
          one_sample_that_differs_is_seen_wherever_it_stands,
          merged_segments_far_from_the_origin_have_the_moments_of_two_passes)
