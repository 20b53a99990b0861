/* Runs of ad/runs.c against naive loops in extended precision; errors. */
#include "tests/reference.h"

enum { n = 4 };

static const double theta0[12] = {0.3, -0.8, 1.1, 0.5,  -0.2, 0.9,
                                  0.7, -1.2, 0.4, -0.6, 0.1,  0.8};
static const double v0[12] = {1, -0.5, 0.25, 0.75, -1, 0.5, 0.3, -0.2, 0.6, 0.9, -0.7, 0.4};

static void numbers(size_t count, double *x)
{
    for (size_t k = 0; k < count; k++)
        x[k] = reference_number(k);
}

/* ------------------------------------------------- the objectives and their references */

static ad_var sqnorm(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var z[n];
    for (int k = 0; k < n; k++)
        z[k] = ad_sub(ad_mul(t[k], t[0]), xi[k]);
    return ad_sqnorm(n, z);
}

static long double sqnorm_ref(const long double *t, const double *xi, const void *ctx)
{
    long double sum = 0;
    for (int k = 0; k < n; k++)
        sum += (t[k] * t[0] - xi[k]) * (t[k] * t[0] - xi[k]);
    return sum;
}

static ad_var logsumexp(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var z[n];
    for (int k = 0; k < n; k++)
        z[k] = ad_add(ad_mul(t[k], xi[k]), ad_sqr(t[k]));
    return ad_logsumexp(n, z);
}

static long double logsumexp_ref(const long double *t, const double *xi, const void *ctx)
{
    long double sum = 0;
    for (int k = 0; k < n; k++)
        sum += expl(t[k] * xi[k] + t[k] * t[k]);
    return logl(sum);
}

/* A network with one layer: theta is W [2][4], b [2]; sum_j tanh(y_j) (y_j + 1). */
static ad_var affine(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    const bool *with_bias = ctx;
    ad_var y[2], z[2];
    ad_affine(2, n, t, xi, *with_bias ? t + 8 : NULL, y);
    for (int j = 0; j < 2; j++)
        z[j] = ad_mul(ad_tanh(y[j]), ad_add(y[j], 1));
    return ad_sum(2, z);
}

static long double affine_ref(const long double *t, const double *xi, const void *ctx)
{
    const bool *with_bias = ctx;
    long double sum = 0;
    for (int j = 0; j < 2; j++) {
        long double y = *with_bias ? t[8 + j] : 0;
        for (int k = 0; k < n; k++)
            y += t[j * n + k] * xi[k];
        sum += tanhl(y) * (y + 1);
    }
    return sum;
}

/* Real A, not symmetric and with zeros; x = theta - xi. */
static ad_var quadratic_r(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    const double *A = ctx;
    ad_var x[n];
    for (int k = 0; k < n; k++)
        x[k] = ad_sub(t[k], xi[k]);
    return ad_mul(ad_quadratic_form(n, A, x), t[0]);
}

static long double quadratic_r_ref(const long double *t, const double *xi, const void *ctx)
{
    const double *A = ctx;
    long double sum = 0;
    for (int j = 0; j < n; j++)
        for (int k = 0; k < n; k++)
            sum += A[j * n + k] * (t[j] - xi[j]) * (t[k] - xi[k]);
    return sum * t[0];
}

/* A [2][2] = theta[2..5], x = theta[0..1]. */
static ad_var quadratic_v(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var A[4] = {t[2], t[3], t[4], ad_mul(t[5], xi[0])};
    return ad_quadratic_form(2, A, t);
}

static long double quadratic_v_ref(const long double *t, const double *xi, const void *ctx)
{
    return t[2] * t[0] * t[0] + (t[3] + t[4]) * t[0] * t[1] + t[5] * xi[0] * t[1] * t[1];
}

/* xi[4] is the class. */
static ad_var pick(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var z[n];
    for (int k = 0; k < n; k++)
        z[k] = ad_mul(ad_exp(t[k]), ad_sqr(xi[k]));
    return ad_pick(n, z, xi[4]);
}

static long double pick_ref(const long double *t, const double *xi, const void *ctx)
{
    int k = (int)xi[4];
    return expl(t[k]) * xi[k] * xi[k];
}

static ad_var cross_entropy(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var z[3];
    ad_affine(3, n, t, xi, NULL, z);
    return ad_softmax_cross_entropy(3, z, xi[4]);
}

static long double cross_entropy_ref(const long double *t, const double *xi, const void *ctx)
{
    long double sum = 0, z[3] = {0};
    for (int j = 0; j < 3; j++) {
        for (int k = 0; k < n; k++)
            z[j] += t[j * n + k] * xi[k];
        sum += expl(z[j]);
    }
    return logl(sum) - z[(int)xi[4]];
}

START_TEST(every_run_agrees_with_a_naive_loop_replayed_and_re_recorded)
{
    static const bool yes = true, no = false;
    static const double A[n * n] = {2, 0.5, 0, -1, 0.25, 3, 1, 0, 0, 0, 0, 0, 1, -2, 0, 0.75};
    static const double zero[n * n];
    const reference rows[] = {
        {{"sqnorm", n, n, sqnorm, NULL, NULL}, sqnorm_ref},
        {{"logsumexp", n, n, logsumexp, NULL, NULL}, logsumexp_ref},
        {{"affine", 10, n, affine, &yes, NULL}, affine_ref},
        {{"affine, no bias", 8, n, affine, &no, NULL}, affine_ref},
        {{"quadratic form", n, n, quadratic_r, A, NULL}, quadratic_r_ref},
        {{"quadratic form of 0", n, n, quadratic_r, zero, NULL}, quadratic_r_ref},
        {{"quadratic form of variables", 6, n, quadratic_v, NULL, NULL}, quadratic_v_ref},
        {{"pick", n, n + 1, pick, NULL, NULL}, pick_ref},
        {{"softmax cross-entropy", 12, n + 1, cross_entropy, NULL, NULL}, cross_entropy_ref},
    };
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        size_t m = rows[k].objective.n_features;
        double xi[7 * (n + 1)];
        numbers(7 * m, xi);
        for (size_t i = 0; m == n + 1 && i < 7; i++)
            xi[i * m + n] = (double)(i % 3);
        reference_check(&rows[k], theta0, v0, 7, xi);
    }
}
END_TEST

/* ------------------------------------------------------------------------------ errors */

static ad_var unset_operand(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var nothing = {0}, mixed[2] = {t[0], nothing}, y[1];
    switch (*(const int *)ctx) {
    case 0:
        return ad_sqnorm(2, mixed);
    case 1:
        return ad_logsumexp(2, mixed);
    case 2:
        ad_affine(1, 2, t, mixed, NULL, y);
        return y[0];
    case 3:
        return ad_quadratic_form(2, t, mixed);
    case 4:
        return ad_quadratic_form(2, ((const double[4]){1, 2, 3, 4}), mixed);
    case 5:
        return ad_pick(2, mixed, xi[0]);
    default:
        return ad_softmax_cross_entropy(2, mixed, xi[0]);
    }
}

START_TEST(an_operand_never_given_a_value_is_an_error_with_the_callers_line)
{
    for (int k = 0; k < 7; k++) {
        ad_objective o = {.name = "unset",
                          .n_params = 4,
                          .n_features = 1,
                          .record = unset_operand,
                          .ctx = &k};
        ad_program *program = NULL;
        meka_error err;
        assert_fails(ad_program_create(&program, &o, &err), err, MEKA_ERR_RECORD,
                     "an operand was never given a value");
        ck_assert_ptr_nonnull(strstr(err.text, __FILE__));
    }
}
END_TEST

static ad_var all_runs(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var y[2];
    ad_affine(2, 2, t, xi, t, y);
    ad_var all[4] = {ad_softmax_cross_entropy(2, y, xi[0]), ad_logsumexp(2, y),
                     ad_quadratic_form(2, t, y),
                     ad_quadratic_form(2, ((const double[4]){1, 0, 0, 1}), y)};
    return ad_sqnorm(4, all);
}

static meka_status record_all_runs(void *ctx, meka_error *err)
{
    ad_objective o = {.name = "all", .n_params = 4, .n_features = 2, .record = all_runs};
    ad_program *program = NULL;
    meka_status status = ad_program_create(&program, &o, err);
    ad_program_destroy(program);
    return status;
}

START_TEST(memory_that_runs_out_while_recording_is_reported)
{
    ck_assert_uint_ge(test_every_allocation(record_all_runs, NULL), 8);
}
END_TEST

TEST_MAIN("runs_ops", every_run_agrees_with_a_naive_loop_replayed_and_re_recorded,
          an_operand_never_given_a_value_is_an_error_with_the_callers_line,
          memory_that_runs_out_while_recording_is_reported)
