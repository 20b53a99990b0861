/* Means that stay with the batch.  That they are right is tests/contract_programs.c's; here
 * they agree with those of an evaluation that writes them, at sizes random programs lack. */
#include "ad/batch.h"
#include "tests/testing.h"

#include <meka/ad.h>

#include <stdlib.h>

/* A network INPUTS-UNITS-1 whose first layer is a block with kept values, with a penalty on
 * some of its weights; d is no multiple of any number of chains. */
enum { INPUTS = 300, UNITS = 16, D = UNITS * (INPUTS + 1) + UNITS, M = INPUTS + 1, MOST = 70 };

static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    const bool *reads = ctx;
    ad_var unit[UNITS];
    (void)tape;
    ad_affine(UNITS, INPUTS, theta, xi, theta + UNITS * INPUTS, unit);
    for (int k = 0; k < UNITS; k++)
        unit[k] = ad_tanh(unit[k]);
    ad_var out = ad_dot(UNITS, theta + UNITS * (INPUTS + 1), unit);
    ad_var penalty = ad_mul(0.01, ad_sqnorm(2 * INPUTS, theta));
    ad_var loss = ad_add(ad_sqr(ad_sub(out, xi[INPUTS])), penalty);
    return *reads && ad_value(loss) < 0.0 ? ad_neg(loss) : loss;
}

static const bool replayed = false, anew = true;
static double theta[D], direction[D], xi[MOST * M];

static void fill(double *x, size_t n, uint64_t step, double scale)
{
    meka_rng rng;
    meka_rng_init(&rng, 5, MEKA_STREAM_TEST, step, 1);
    for (size_t j = 0; j < n; j++)
        x[j] = scale * meka_rng_normal(&rng);
}

static ad_program *prepare(const bool *how)
{
    const ad_objective objective = {
        .name = "deferred", .n_params = D, .n_features = M, .record = record, .ctx = how};
    ad_program *program = NULL;
    meka_error err = {0};
    fill(theta, D, 1, 0.1);
    fill(direction, D, 2, 0.1);
    fill(xi, MOST * M, 3, 1.0);
    assert_ok(ad_program_create(&program, &objective, &err), err);
    return program;
}

static ad_batch *batch_of(const ad_program *program, ad_batch_options options)
{
    ad_batch *batch = NULL;
    meka_error err = {0};
    assert_ok(ad_batch_create(&batch, program, &options, &err), err);
    return batch;
}

static ad_moments defer(ad_batch *batch, const double *v, size_t n)
{
    ad_moments moments = {.traces = true, .defer = true, .keep = true};
    meka_error err = {0};
    assert_ok(ad_eval_moments(batch, theta, v, n, xi, &moments, &err), err);
    return moments;
}

/* sum_j a_j b_j and the sum of its terms' sizes. */
static double dot(const double *a, const double *b, double *size)
{
    double sum = *size = 0.0;
    for (int j = 0; j < D; j++) {
        sum += a[j] * b[j];
        *size += fabs(a[j] * b[j]);
    }
    return sum;
}

static void assert_product(double got, const double *a, const double *b)
{
    double size, want = dot(a, b, &size);
    assert_scaled(got, want, size, D);
}

/* One combination of g and h, which are D's bits: each term and each sum rounds once. */
static void assert_combination(ad_batch *batch, const double *g, const double *h,
                               const double *f)
{
    static double out[D];
    double square = NAN, size;
    meka_error err = {0};
    for (int j = 0; j < D; j++)
        out[j] = f[2] == 0.0 ? NAN : direction[j];
    assert_ok(ad_combine_means(batch, f[0], f[1], f[2], out, &square, &err), err);
    for (int j = 0; j < D; j++) {
        double term[3] = {f[0] * g[j], f[1] * h[j], f[2] == 0.0 ? 0.0 : f[2] * direction[j]};
        assert_scaled(out[j], term[0] + term[1] + term[2],
                      fabs(term[0]) + fabs(term[1]) + fabs(term[2]), 4);
    }
    double want = dot(out, out, &size);
    assert_scaled(square, want, size, D);
}

static void compare(const ad_program *program, size_t n, size_t n_threads, bool along)
{
    static const double factor[][3] = {
        {1.0, 0.0, 0.0}, {0.25, -1.5, 0.75}, {0.0, 1.0, 0.0}, {0.0, 0.0, -3.0}};
    static double g[D], h[D], zero[D];
    ad_batch *plain = batch_of(program, (ad_batch_options){.n_threads = n_threads});
    ad_batch *batch = batch_of(
        program, (ad_batch_options){.n_threads = n_threads, .defers = true, .n_kept = MOST});
    const double *v = along ? direction : NULL, *used = along ? direction : zero;
    ad_moments want = {.grad_mean = g, .hvp_mean = along ? h : NULL, .traces = true};
    ad_line_moments line = {.order = 3, .again = true};
    meka_error err = {0};
    memset(h, 0, sizeof h);
    assert_ok(ad_eval_moments(plain, theta, v, n, xi, &want, &err), err);
    ad_moments got = defer(batch, v, n);
    ck_assert_double_eq(got.loss_mean, want.loss_mean);
    ck_assert_double_eq(got.loss_var, want.loss_var);
    assert_ulps(got.grad_var_trace, want.grad_var_trace, 16);
    assert_ulps(got.hvp_var_trace, want.hvp_var_trace, 16);
    ck_assert_ptr_null(got.grad_mean);
    ck_assert_ptr_null(got.hvp_mean);
    assert_product(got.gg, g, g);
    assert_product(got.gh, g, h);
    assert_product(got.hh, h, h);
    assert_product(got.gv, g, used);
    assert_product(got.hv, h, used);
    for (size_t k = 0; k < sizeof factor / sizeof factor[0]; k++)
        if (along || factor[k][1] == 0.0)
            assert_combination(batch, g, h, factor[k]);
    assert_ok(ad_eval_line(batch, theta, direction, n, xi, &line, &err), err);
    assert_combination(batch, g, h, factor[along]);
    ad_batch_destroy(plain);
    ad_batch_destroy(batch);
}

START_TEST(deferred_means_are_those_that_are_written)
{
    static const size_t sizes[] = {1, 7, MOST};
    ad_program *program = prepare(&replayed);
    for (size_t k = 0; k < 3; k++)
        for (size_t n_threads = 1; n_threads <= 3; n_threads += 2)
            for (int along = 0; along < 2; along++)
                compare(program, sizes[k], n_threads, along);
    ad_program_destroy(program);
}
END_TEST

START_TEST(deferred_means_of_an_objective_recorded_anew_are_those_that_are_written)
{
    ad_program *program = prepare(&anew);
    ck_assert(!ad_program_is_replayable(program, NULL, NULL));
    for (int along = 0; along < 2; along++)
        compare(program, 5, 1, along);
    ad_program_destroy(program);
}
END_TEST

START_TEST(deferred_means_do_not_depend_on_the_number_of_threads)
{
    static double out[2][D];
    ad_program *program = prepare(&replayed);
    ad_moments moments[2];
    for (size_t k = 0; k < 2; k++) {
        ad_batch *batch = batch_of(
            program, (ad_batch_options){.n_lanes = 8, .n_threads = 1 + 3 * k, .defers = true});
        meka_error err = {0};
        moments[k] = defer(batch, direction, MOST);
        assert_ok(ad_combine_means(batch, 0.3, -0.7, 0.0, out[k], NULL, &err), err);
        ad_batch_destroy(batch);
    }
    ck_assert_mem_eq(out[0], out[1], sizeof out[0]);
    ck_assert_double_eq(moments[0].gg, moments[1].gg);
    ck_assert_double_eq(moments[0].gh, moments[1].gh);
    ck_assert_double_eq(moments[0].hh, moments[1].hh);
    ck_assert_double_eq(moments[0].gv, moments[1].gv);
    ck_assert_double_eq(moments[0].hv, moments[1].hv);
    ad_program_destroy(program);
}
END_TEST

/* ------------------------------------------------------------------ their lifetime */

static void evaluate_anew(ad_batch *batch)
{
    ad_moments moments = {.traces = true};
    ad_eval_moments(batch, theta, NULL, MOST, xi, &moments, NULL);
}
static void evaluate_samples(ad_batch *batch)
{
    double loss[MOST];
    ad_eval_samples(batch, theta, NULL, MOST, xi, loss, NULL, NULL, NULL);
}
static void evaluate_line(ad_batch *batch)
{
    ad_line_moments line = {.order = 1};
    ad_eval_line(batch, theta, direction, MOST, xi, &line, NULL);
}
static void evaluate_without_product(ad_batch *batch)
{
    defer(batch, NULL, MOST);
}

static void combine(void *ctx)
{
    static double out[D];
    ad_combine_means(ctx, 1.0, 1.0, 0.0, out, NULL, NULL);
}

static void defer_without_memory(void *ctx)
{
    ad_moments moments = {.defer = true};
    ad_eval_moments(ctx, theta, NULL, 1, xi, &moments, NULL);
}

static void defer_and_write(void *ctx)
{
    static double g[D];
    ad_moments moments = {.defer = true, .grad_mean = g};
    ad_eval_moments(ctx, theta, NULL, 1, xi, &moments, NULL);
}

START_TEST(means_that_the_batch_does_not_have_are_a_programmers_error)
{
    static void (*const between[])(ad_batch * batch) = {
        evaluate_anew, evaluate_samples, evaluate_line, evaluate_without_product};
    ad_program *program = prepare(&replayed);
    ad_batch *batch = batch_of(program, (ad_batch_options){.defers = true});
    ck_assert(test_aborts(combine, batch));
    for (size_t k = 0; k < sizeof between / sizeof between[0]; k++) {
        defer(batch, direction, MOST);
        combine(batch);
        between[k](batch);
        ck_assert(test_aborts(combine, batch));
    }
    ck_assert(test_aborts(defer_and_write, batch));
    ad_batch_destroy(batch);
    batch = batch_of(program, (ad_batch_options){0});
    ck_assert(test_aborts(defer_without_memory, batch));
    ad_batch_destroy(batch);
    ad_program_destroy(program);
}
END_TEST

/* ------------------------------------------------------------------ out of range */

/* scale theta_0 exp(theta_1) xi */
static ad_var record_range(ad_tape *tape, const ad_var *theta_, const ad_var *x,
                           const void *ctx)
{
    (void)tape;
    return ad_mul(*(const double *)ctx, ad_mul(ad_mul(theta_[0], ad_exp(theta_[1])), x[0]));
}

static meka_status evaluate_range(double scale, double at, ad_moments *moments, double a,
                                  double *out, meka_error *err)
{
    const ad_objective objective = {
        .name = "range", .n_params = 2, .n_features = 1, .record = record_range, .ctx = &scale};
    const double point[2] = {1.0, at}, v[2] = {1.0, 1.0}, samples[2] = {1.0, 1.0};
    ad_program *program = NULL;
    assert_ok(ad_program_create(&program, &objective, err), *err);
    ad_batch *batch = batch_of(program, (ad_batch_options){.defers = true});
    *moments = (ad_moments){.defer = true};
    meka_status status = ad_eval_moments(batch, point, v, 2, samples, moments, err);
    if (status == MEKA_OK)
        status = ad_combine_means(batch, a, 0.0, 0.0, out, NULL, err);
    ad_batch_destroy(batch);
    ad_program_destroy(program);
    return status;
}

START_TEST(only_means_that_are_not_finite_are_no_result)
{
    double out[2];
    ad_moments moments;
    meka_error err = {0};
    assert_ok(evaluate_range(1e200, 0.0, &moments, 0.5, out, &err), err);
    ck_assert(isinf(moments.gg));
    ck_assert_double_eq(out[0], 0.5e200);
    assert_ulps(moments.gv, 2e200, 4);
    assert_fails(evaluate_range(1e200, 0.0, &moments, 1e200, out, &err), err, MEKA_NONFINITE,
                 "range");
    ck_assert(isinf(out[0]));
    assert_fails(evaluate_range(1.0, 1e4, &moments, 1.0, out, &err), err, MEKA_NONFINITE,
                 "exp");
}
END_TEST

TEST_MAIN("deferred", deferred_means_are_those_that_are_written,
          deferred_means_of_an_objective_recorded_anew_are_those_that_are_written,
          deferred_means_do_not_depend_on_the_number_of_threads,
          means_that_the_batch_does_not_have_are_a_programmers_error,
          only_means_that_are_not_finite_are_no_result)
