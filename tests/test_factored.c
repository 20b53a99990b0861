/* Means of a matrix that are never written out (ad/factored.c): everything they give is what an
 * evaluation that writes them gives. */
#include "ad/batch.h"
#include "tests/testing.h"

#include <meka/ad.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A network INPUTS-UNITS-1 whose first layer's weights, but for SKIPPED parameters before them,
 * are one matrix; with MOST samples and fewer this is the faster way. */
enum {
    SKIPPED = 3,
    INPUTS = 301,
    UNITS = 25,
    WEIGHTS = INPUTS * UNITS,
    D = SKIPPED + WEIGHTS + 2 * UNITS,
    M = INPUTS + 1,
    MOST = 70
};

static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var unit[UNITS];
    const ad_var *w = theta + SKIPPED;
    (void)tape, (void)ctx;
    ad_affine(UNITS, INPUTS, w, xi, w + WEIGHTS, unit);
    for (int k = 0; k < UNITS; k++)
        unit[k] = ad_tanh(unit[k]);
    ad_var out = ad_dot(UNITS, w + WEIGHTS + UNITS, unit);
    ad_var loss = ad_sqr(ad_sub(ad_add(out, theta[0]), xi[INPUTS]));
    return ad_add(loss, ad_mul(theta[1], ad_sqr(theta[2])));
}

static double theta[D], v[D], xi[MOST * M], g[D], h[D];

static void fill(double *x, size_t n, uint64_t step, double base, double scale)
{
    meka_rng rng;
    meka_rng_init(&rng, 6, MEKA_STREAM_TEST, step, 1);
    for (size_t j = 0; j < n; j++)
        x[j] = base + scale * meka_rng_normal(&rng);
}

static ad_program *prepare(double base)
{
    static const ad_objective objective = {
        .name = "factored", .n_params = D, .n_features = M, .record = record};
    ad_program *program = NULL;
    meka_error err = {0};
    fill(theta, D, 1, 0.0, 0.05);
    fill(v, D, 2, 0.0, 0.1);
    fill(xi, MOST * M, 3, base, 1.0);
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

static ad_batch *deferring(const ad_program *program, ad_batch_options options)
{
    options.n_kept = MOST;
    options.defers = true;
    return batch_of(program, options);
}

static ad_moments defer(ad_batch *batch, const double *along, size_t n)
{
    ad_moments moments = {.traces = true, .defer = true, .keep = true};
    meka_error err = {0};
    assert_ok(ad_eval_moments(batch, theta, along, n, xi, &moments, &err), err);
    ck_assert_ptr_nonnull(batch->factored.stat);
    return moments;
}

/* What is written of g and h. */
static ad_moments written(const ad_program *program, ad_batch_options options, size_t n)
{
    ad_batch *batch = batch_of(program, options);
    ad_moments moments = {.grad_mean = g, .hvp_mean = h, .traces = true};
    meka_error err = {0};
    assert_ok(ad_eval_moments(batch, theta, v, n, xi, &moments, &err), err);
    ad_batch_destroy(batch);
    return moments;
}

/* Sums over n samples' outer products round in proportion to their sizes: these are at most
 * sqrt(n) times the root of the mean square, which is that of the mean and the variance. */
static double scale_of(double mean_square, double trace, size_t n)
{
    return sqrt((double)n * (mean_square + trace));
}

static double dot(const double *a, const double *b)
{
    double sum = 0.0;
    for (int j = 0; j < D; j++)
        sum += a[j] * b[j];
    return sum;
}

static void assert_near(double got, double want, double size)
{
    ck_assert_double_le(fabs(got - want), 1e-14 * size);
}

static void assert_relative(double got, double want, double tolerance)
{
    ck_assert_double_le(fabs(got - want), tolerance * fabs(want));
}

static void check_moments(const ad_moments *got, const ad_moments *want, size_t n)
{
    double of_g = scale_of(dot(g, g), want->grad_var_trace, n);
    double of_h = scale_of(dot(h, h), want->hvp_var_trace, n), of_v = sqrt(dot(v, v));
    ck_assert_double_eq(got->loss_mean, want->loss_mean);
    ck_assert_double_eq(got->loss_var, want->loss_var);
    assert_near(got->grad_var_trace, want->grad_var_trace, want->grad_var_trace);
    assert_near(got->hvp_var_trace, want->hvp_var_trace, want->hvp_var_trace);
    assert_near(got->cross_cov_trace, want->cross_cov_trace,
                sqrt(want->grad_var_trace * want->hvp_var_trace));
    assert_near(got->gg, dot(g, g), of_g * of_g);
    assert_near(got->gh, dot(g, h), of_g * of_h);
    assert_near(got->hh, dot(h, h), of_h * of_h);
    assert_near(got->gv, dot(g, v), of_g * of_v);
    assert_near(got->hv, dot(h, v), of_h * of_v);
}

/* out = factor[0] g + factor[1] h + factor[2] out, in place where v was, and the line there. */
static void check_combination(const ad_program *program, ad_batch *batch, const double *factor,
                              double *out, size_t n, const ad_moments *want)
{
    static double expected[D];
    double square = NAN, size = 0.0;
    double of_g = scale_of(dot(g, g), want->grad_var_trace, n);
    double of_h = scale_of(dot(h, h), want->hvp_var_trace, n);
    meka_error err = {0};
    for (int j = 0; j < D; j++) {
        double old = factor[2] == 0.0 ? 0.0 : factor[2] * out[j];
        expected[j] = factor[0] * g[j] + factor[1] * h[j] + old;
        size = fmax(size, fabs(old));
    }
    size += fabs(factor[0]) * of_g + fabs(factor[1]) * of_h;
    assert_ok(ad_combine_means(batch, factor[0], factor[1], factor[2], out, &square, &err),
              err);
    for (int j = 0; j < D; j++)
        assert_near(out[j], expected[j], size);
    assert_near(square, dot(out, out), dot(out, out));
    ad_batch *plain = batch_of(program, (ad_batch_options){0});
    ad_line_moments got = {.order = 3, .again = true}, line = {.order = 3};
    assert_ok(ad_eval_line(batch, theta, out, n, xi, &got, &err), err);
    assert_ok(ad_eval_line(plain, theta, out, n, xi, &line, &err), err);
    for (int k = 0; k < 4; k++) {
        double spread = fabs(line.mean[k]) + sqrt((double)n * line.cov[k][k]);
        ck_assert_double_le(fabs(got.mean[k] - line.mean[k]), 1e-13 * spread);
        for (int i = 0; i <= k; i++)
            ck_assert_double_le(fabs(got.cov[k][i] - line.cov[k][i]),
                                1e-13 * spread *
                                    (fabs(line.mean[i]) + sqrt((double)n * line.cov[i][i])));
    }
    ad_batch_destroy(plain);
}

static void check(const ad_program *program, ad_batch_options options, size_t n)
{
    static const double factor[][3] = {
        {0.25, -1.5, 0.75}, {1.0, 0.0, 0.0}, {0.5, 0.5, 2.0}, {0.0, 0.0, -3.0}};
    static double out[D];
    for (size_t k = 0; k < sizeof factor / sizeof factor[0]; k++) {
        ad_batch *batch = deferring(program, options);
        memcpy(out, v, sizeof out);
        ad_moments want = written(program, options, n), got = defer(batch, out, n);
        check_moments(&got, &want, n);
        check_combination(program, batch, factor[k], out, n, &want);
        /* Once more, from what the first one wrote. */
        if (k < 2)
            check_combination(program, batch, factor[2], out, n, &want);
        ad_batch_destroy(batch);
    }
}

START_TEST(what_is_not_written_gives_the_same)
{
    static const size_t sizes[] = {1, 2, 7, 33, 45};
    ad_program *program = prepare(0.0);
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        check(program, (ad_batch_options){0}, sizes[k]);
        check(program, (ad_batch_options){.n_lanes = 8}, sizes[k]);
    }
    ad_program_destroy(program);
}
END_TEST

START_TEST(every_instruction_set_agrees)
{
    ad_program *program = prepare(0.5);
    for (int isa = 1; ad_isa_name((ad_isa)isa); isa++)
        if (ad_isa_is_available((ad_isa)isa))
            check(program, (ad_batch_options){.isa = (ad_isa)isa}, 37);
    ad_program_destroy(program);
}
END_TEST

START_TEST(the_number_of_threads_changes_no_bit)
{
    static double want[D], got[D];
    ad_program *program = prepare(0.0);
    for (size_t n_threads = 1; n_threads <= 8; n_threads += n_threads > 2 ? 5 : 1) {
        ad_batch *batch =
            deferring(program, (ad_batch_options){.n_lanes = 8, .n_threads = n_threads});
        static ad_moments first;
        static double first_square;
        double square;
        meka_error err = {0};
        double *out = n_threads == 1 ? want : got;
        memcpy(out, v, sizeof want);
        ad_moments m = defer(batch, out, 45);
        assert_ok(ad_combine_means(batch, 0.3, -0.2, 0.9, out, &square, &err), err);
        if (n_threads == 1) {
            first = m;
            first_square = square;
        }
        ck_assert(m.grad_var_trace == first.grad_var_trace &&
                  m.hvp_var_trace == first.hvp_var_trace &&
                  m.cross_cov_trace == first.cross_cov_trace);
        ck_assert(m.gg == first.gg && m.gh == first.gh && m.hh == first.hh &&
                  m.gv == first.gv && m.hv == first.hv);
        ck_assert_mem_eq(out, want, sizeof want);
        ck_assert(square == first_square);
        ad_batch_destroy(batch);
    }
    ad_program_destroy(program);
}
END_TEST

/* Traces beside features that are `base` deviations from 0. */
static void check_far(double base, double tolerance)
{
    ad_program *program = prepare(base);
    for (int j = 0; j < WEIGHTS; j++) { /* so that no unit is saturated */
        theta[SKIPPED + j] /= 1024.0 * base;
        v[SKIPPED + j] /= 1024.0 * base;
    }
    ad_batch *batch = deferring(program, (ad_batch_options){0});
    ad_moments want = written(program, (ad_batch_options){0}, 41), got = defer(batch, v, 41);
    assert_relative(got.grad_var_trace, want.grad_var_trace, tolerance);
    assert_relative(got.hvp_var_trace, want.hvp_var_trace, tolerance);
    ad_batch_destroy(batch);
    ad_program_destroy(program);
}

/* As where means are written, on either side of where digits would be lost. */
START_TEST(large_means_do_not_cancel_the_traces_away)
{
    static const double bases[] = {1.0, 8.0, 14.0, 16.0, 32.0, 0x1p20};
    for (size_t k = 0; k < sizeof bases / sizeof bases[0]; k++)
        check_far(bases[k], 1e-13);
}
END_TEST

START_TEST(equal_samples_have_no_variance_at_all)
{
    ad_program *program = prepare(0.0);
    for (size_t i = 1; i < MOST; i++)
        memcpy(xi + i * M, xi, M * sizeof *xi);
    for (size_t n = 1; n <= 45; n += 11) {
        ad_batch *batch = deferring(program, (ad_batch_options){0});
        ad_moments m = defer(batch, v, n);
        ck_assert_double_eq(m.grad_var_trace, 0.0);
        ck_assert_double_eq(m.hvp_var_trace, 0.0);
        ck_assert_double_eq(m.cross_cov_trace, 0.0);
        ad_batch_destroy(batch);
    }
    ad_program_destroy(program);
}
END_TEST

/* Too many samples, no product, no values kept, no traces: the means are there. */
START_TEST(others_are_written)
{
    ad_program *program = prepare(0.0);
    ad_batch *batch = deferring(program, (ad_batch_options){0});
    ad_batch *small = batch_of(program, (ad_batch_options){.n_kept = 8, .defers = true});
    ad_moments all = {.traces = true, .defer = true, .keep = true};
    ad_moments some = {.defer = true, .keep = true};
    meka_error err = {0};
    ck_assert_uint_lt(batch->factored.size, MOST);
    assert_ok(ad_eval_moments(batch, theta, v, MOST, xi, &all, &err), err);
    ck_assert_ptr_null(batch->factored.stat);
    assert_ok(ad_eval_moments(batch, theta, NULL, 30, xi, &all, &err), err);
    ck_assert_ptr_null(batch->factored.stat);
    assert_ok(ad_eval_moments(batch, theta, v, 30, xi, &some, &err), err);
    ck_assert_ptr_null(batch->factored.stat);
    assert_ok(ad_eval_moments(small, theta, v, 9, xi, &all, &err), err);
    ck_assert_ptr_null(small->factored.stat);
    ad_batch_destroy(batch);
    ad_batch_destroy(small);
    ad_program_destroy(program);
}
END_TEST

/* Means outlive lines `again`, of whatever number of samples. */
START_TEST(a_line_over_fewer_samples_leaves_the_means)
{
    static double want[D], got[D];
    ad_program *program = prepare(0.0);
    ad_batch *batch = deferring(program, (ad_batch_options){0});
    ad_line_moments line = {.order = 3, .again = true};
    meka_error err = {0};
    defer(batch, v, 30);
    assert_ok(ad_combine_means(batch, 0.5, 0.25, 0.0, want, NULL, &err), err);
    assert_ok(ad_eval_line(batch, theta, v, 5, xi, &line, &err), err);
    assert_ok(ad_combine_means(batch, 0.5, 0.25, 0.0, got, NULL, &err), err);
    ck_assert_mem_eq(got, want, sizeof want);
    ad_batch_destroy(batch);
    ad_program_destroy(program);
}
END_TEST

/* Only of v's array as the combination left it. */
START_TEST(a_line_elsewhere_takes_nothing_from_what_was_kept)
{
    static double other[D];
    ad_program *program = prepare(0.0);
    ad_batch *batch = deferring(program, (ad_batch_options){0});
    ad_batch *plain = batch_of(program, (ad_batch_options){0});
    meka_error err = {0};
    defer(batch, v, 30);
    fill(other, D, 9, 0.0, 0.1);
    for (int k = 0; k < 3; k++) { /* before; after one elsewhere; at v that was not written */
        ad_line_moments got = {.order = 3, .again = true}, want = {.order = 3};
        const double *along = k < 2 ? other : v;
        if (k == 1)
            assert_ok(ad_combine_means(batch, 1.0, 1.0, 0.0, other, NULL, &err), err);
        assert_ok(ad_eval_line(batch, theta, along, 30, xi, &got, &err), err);
        assert_ok(ad_eval_line(plain, theta, along, 30, xi, &want, &err), err);
        ck_assert_mem_eq(got.mean, want.mean, sizeof got.mean);
    }
    ad_batch_destroy(batch);
    ad_batch_destroy(plain);
    ad_program_destroy(program);
}
END_TEST

TEST_MAIN("factored", what_is_not_written_gives_the_same, every_instruction_set_agrees,
          the_number_of_threads_changes_no_bit, large_means_do_not_cancel_the_traces_away,
          equal_samples_have_no_variance_at_all, others_are_written,
          a_line_over_fewer_samples_leaves_the_means,
          a_line_elsewhere_takes_nothing_from_what_was_kept)
