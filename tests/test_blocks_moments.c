/* Statistics of the weights of bilinear blocks. */
#include "tests/net_fixture.h"

START_TEST(statistics_of_a_network_are_those_of_the_sums_it_stands_for)
{
    static const size_t lanes[] = {0, 8, 24, 64}, n[] = {1, 2, 31, N};
    static const net nets[] = {
        {.n_in = 9, .n_hidden = 7, .scale = 1.0},
        {.n_in = 9, .n_hidden = 7, .scale = 1.0, .decay = 0.1},
        {.n_in = 9, .n_hidden = 7, .scale = -2.5, .decay = 0.1},
        {.n_in = 7, .n_hidden = 7, .scale = 1.0, .again = 1},
        {.n_in = 4, .n_hidden = 4, .scale = 1.0, .again = 40}, /* more pairs than one takes */
        {.n_in = 8, .n_hidden = 8, .scale = 1.0, .backwards = true},
        {.n_in = 133, .n_hidden = 5, .scale = 1.0}, /* more than a panel */
        {.n_in = 300, .n_hidden = 21, .scale = 1.0},
        {.n_in = 1, .n_hidden = 1, .scale = 1.0},
        {.n_in = 16, .n_hidden = 4, .scale = 1.0, .decay = 0.5, .backwards = true},
    };
    for (size_t k = 0; k < sizeof nets / sizeof nets[0]; k++)
        for (size_t l = 0; l < 4; l++)
            check_net(&nets[k], lanes[l], n[(k + l) % 4], AD_ISA_BEST);
}
END_TEST

START_TEST(every_instruction_set_agrees)
{
    static const net wide = {.n_in = 133, .n_hidden = 21, .scale = 1.0};
    for (int isa = 1; ad_isa_name((ad_isa)isa); isa++) {
        if (!ad_isa_is_available((ad_isa)isa))
            continue;
        check_net(&plain, 8, N, (ad_isa)isa);
        check_net(&wide, 0, N, (ad_isa)isa);
        check_net(&wide, 40, 77, (ad_isa)isa);
    }
}
END_TEST

START_TEST(the_number_of_threads_changes_no_bit)
{
    ad_objective o = objective_of(&plain);
    data a = data_of(&o);
    fixture one = fixture_make(&o, 8);
    result want = moments_of(&one, &a, N, false);
    for (size_t n_threads = 2; n_threads <= 8; n_threads += 3) {
        fixture f = {.program = one.program};
        meka_error err = {0};
        ad_batch_options options = {.n_lanes = 8, .n_threads = n_threads};
        assert_ok(ad_batch_create(&f.batch, f.program, &options, &err), err);
        result got = moments_of(&f, &a, N, false);
        for (int row = 0; row < 2; row++)
            ck_assert(memcmp(got.row[row], want.row[row], o.n_params * sizeof(double)) == 0);
        ck_assert(got.m.grad_var_trace == want.m.grad_var_trace &&
                  got.m.hvp_var_trace == want.m.hvp_var_trace &&
                  got.m.cross_cov_trace == want.m.cross_cov_trace);
        result_clear(&got);
        ad_batch_destroy(f.batch);
    }
    result_clear(&want);
    fixture_clear(&one);
    data_clear(&a);
}
END_TEST

/* ---------------------------------------------------------------- rounding of variances */

/* Integers, of which all products are exact in double: means 2^20 and more times as large as
 * deviations, so that sums of squares lose all digits.  grad [n][d] and hvp [n][d] are exact.
 */
static void exact_traces(const double *grad, const double *hvp, size_t n, size_t n_params,
                         long double *trace)
{
    memset(trace, 0, 3 * sizeof *trace);
    for (size_t j = 0; j < n_params; j++) {
        long double sum[3] = {0}, mean[2] = {0};
        for (size_t i = 0; i < n; i++) {
            mean[0] += grad[i * n_params + j];
            mean[1] += hvp[i * n_params + j];
        }
        for (size_t i = 0; i < n; i++) {
            long double g = grad[i * n_params + j] - mean[0] / n;
            long double h = hvp[i * n_params + j] - mean[1] / n;
            sum[0] += g * g, sum[1] += h * h, sum[2] += g * h;
        }
        for (int k = 0; k < 3; k++)
            trace[k] += sum[k] / (n - 1);
    }
}

static void make_integers(data *a, double base)
{
    for (size_t k = 0; k < a->n_params; k++) {
        a->theta[k] = (double)(k % 3) - 1.0;
        a->v[k] = (double)(k % 5) - 2.0;
    }
    for (size_t k = 0; k < N * a->n_features; k++)
        a->xi[k] = base + (double)(k * k % 7);
}

static void check_far(size_t n_lanes, double base, double tolerance)
{
    static const net far = {.n_in = 5, .n_hidden = 4, .scale = 1.0, .linear = true};
    ad_objective o = objective_of(&far);
    fixture f = fixture_make(&o, n_lanes);
    data a = data_of(&o);
    double *grad = calloc(2 * N * o.n_params, sizeof *grad), *hvp = grad + N * o.n_params;
    long double trace[3];
    meka_error err = {0};
    ck_assert_ptr_nonnull(grad);
    make_integers(&a, base);
    assert_ok(ad_eval_samples(f.batch, a.theta, a.v, N, a.xi, NULL, grad, hvp, &err), err);
    exact_traces(grad, hvp, N, o.n_params, trace);
    result got = moments_of(&f, &a, N, false);
    ck_assert_double_eq_tol(got.m.grad_var_trace / (double)trace[0], 1.0, tolerance);
    ck_assert_double_eq_tol(got.m.hvp_var_trace / (double)trace[1], 1.0, tolerance);
    ck_assert_double_eq_tol((got.m.cross_cov_trace - (double)trace[2]) /
                                sqrt((double)(trace[0] * trace[1])),
                            0.0, tolerance);
    result_clear(&got);
    free(grad);
    data_clear(&a);
    fixture_clear(&f);
}

START_TEST(large_means_do_not_cancel_the_traces_away)
{
    static const size_t lanes[] = {8, 64, 256};
    for (int l = 0; l < 3; l++) {
        check_far(lanes[l], 0.0, 1e-14);
        check_far(lanes[l], 0x1p20, 1e-13); /* means 2^18 deviations: squares 2^36 */
    }
}
END_TEST

START_TEST(equal_samples_have_no_variance_at_all)
{
    static const size_t lanes[] = {8, 24, 64};
    static const net c = {.n_in = 133, .n_hidden = 7, .scale = 1.0, .decay = 0.3};
    ad_objective o = objective_of(&c);
    data a = data_of(&o);
    for (size_t i = 1; i < N; i++)
        memcpy(a.xi + i * a.n_features, a.xi, a.n_features * sizeof(double));
    for (int l = 0; l < 3; l++) {
        fixture f = fixture_make(&o, lanes[l]);
        result got = moments_of(&f, &a, N, false);
        ck_assert(got.m.grad_var_trace == 0.0 && got.m.hvp_var_trace == 0.0 &&
                  got.m.cross_cov_trace == 0.0);
        result_clear(&got);
        fixture_clear(&f);
    }
    data_clear(&a);
}
END_TEST

START_TEST(a_power_of_two_scales_every_result_to_the_last_bit)
{
    static const net nets[2] = {{.n_in = 133, .n_hidden = 7, .scale = 2.0},
                                {.n_in = 133, .n_hidden = 7, .scale = 64.0}};
    result r[2];
    size_t n_params = 0;
    for (int k = 0; k < 2; k++) {
        ad_objective o = objective_of(&nets[k]);
        fixture f = fixture_make(&o, 24);
        data a = data_of(&o);
        n_params = o.n_params;
        r[k] = moments_of(&f, &a, N, false);
        data_clear(&a);
        fixture_clear(&f);
    }
    for (size_t j = 0; j < n_params; j++)
        for (int row = 0; row < 2; row++)
            ck_assert(32.0 * r[0].row[row][j] == r[1].row[row][j]);
    ck_assert(1024.0 * r[0].m.grad_var_trace == r[1].m.grad_var_trace);
    ck_assert(1024.0 * r[0].m.hvp_var_trace == r[1].m.hvp_var_trace);
    ck_assert(1024.0 * r[0].m.cross_cov_trace == r[1].m.cross_cov_trace);
    result_clear(&r[0]);
    result_clear(&r[1]);
}
END_TEST

TEST_MAIN("blocks_moments", statistics_of_a_network_are_those_of_the_sums_it_stands_for,
          every_instruction_set_agrees, the_number_of_threads_changes_no_bit,
          large_means_do_not_cancel_the_traces_away, equal_samples_have_no_variance_at_all,
          a_power_of_two_scales_every_result_to_the_last_bit)
