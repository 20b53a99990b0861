#include "ad/batch.h"
#include "tests/ad_fixture.h"

#include <meka/images.h>

#include <float.h>
#include <math.h>
#include <stdio.h>

enum { n_samples = 37 };

/* f = sum_k w_k exp(theta_k xi_0) + theta_0 theta_1 theta_2 xi_1, derivatives by hand. */
static ad_var mixed(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var total = ad_const(tape, 0);
    (void)ctx;
    for (int k = 0; k < 3; k++)
        total = ad_add(total, ad_mul(k + 1, ad_exp(ad_mul(theta[k], xi[0]))));
    ad_var triple = ad_mul(ad_mul(theta[0], theta[1]), theta[2]);
    return ad_add(total, ad_mul(triple, xi[1]));
}

static const ad_objective mixed_objective = {
    .name = "mixed", .n_params = 3, .n_features = 2, .record = mixed};
static const double theta[3] = {0.3, -0.8, 1.1}, v[3] = {1.0, -2.0, 0.5};

static void make_samples(double *xi)
{
    for (int i = 0; i < n_samples; i++) {
        xi[2 * i] = sin(1.0 + i);
        xi[2 * i + 1] = cos(2.0 * i);
    }
}

static void by_hand(const double *xi, double *loss, double *grad, double *hvp)
{
    *loss = theta[0] * theta[1] * theta[2] * xi[1];
    for (int k = 0; k < 3; k++) {
        int i = (k + 1) % 3, j = (k + 2) % 3;
        double e = (k + 1) * exp(theta[k] * xi[0]);
        *loss += e;
        grad[k] = e * xi[0] + theta[i] * theta[j] * xi[1];
        hvp[k] = e * xi[0] * xi[0] * v[k] + (theta[i] * v[j] + theta[j] * v[i]) * xi[1];
    }
}

static void check_lanes(size_t n_lanes)
{
    fixture f = fixture_make(&mixed_objective, n_lanes);
    double xi[2 * n_samples], loss[n_samples], grad[3 * n_samples], hvp[3 * n_samples];
    make_samples(xi);
    ck_assert_int_eq(ad_eval_samples(f.batch, theta, v, n_samples, xi, loss, grad, hvp, NULL),
                     MEKA_OK);
    for (int i = 0; i < n_samples; i++) {
        double want, want_grad[3], want_hvp[3];
        by_hand(xi + 2 * i, &want, want_grad, want_hvp);
        ck_assert_double_eq_tol(loss[i], want, 1e-14);
        for (int k = 0; k < 3; k++) {
            ck_assert_double_eq_tol(grad[3 * i + k], want_grad[k], 1e-14);
            ck_assert_double_eq_tol(hvp[3 * i + k], want_hvp[k], 1e-14);
        }
    }
    fixture_clear(&f);
}

START_TEST(samples_agree_with_derivatives_by_hand_for_any_number_of_lanes)
{
    static const size_t lanes[] = {1, 3, 8, 64, 0};
    for (int i = 0; i < 5; i++)
        check_lanes(lanes[i]);
}
END_TEST

START_TEST(each_output_may_be_left_out_without_changing_the_others)
{
    fixture f = fixture_make(&mixed_objective, 0);
    double xi[2 * n_samples], loss[n_samples], grad[3 * n_samples], hvp[3 * n_samples];
    double only_loss[n_samples], only_grad[3 * n_samples], only_hvp[3 * n_samples];
    make_samples(xi);
    ad_eval_samples(f.batch, theta, v, n_samples, xi, loss, grad, hvp, NULL);
    ad_eval_samples(f.batch, theta, NULL, n_samples, xi, only_loss, NULL, NULL, NULL);
    ad_eval_samples(f.batch, theta, NULL, n_samples, xi, NULL, only_grad, NULL, NULL);
    ad_eval_samples(f.batch, theta, v, n_samples, xi, NULL, NULL, only_hvp, NULL);
    ck_assert_mem_eq(loss, only_loss, sizeof loss);
    ck_assert_mem_eq(grad, only_grad, sizeof grad);
    ck_assert_mem_eq(hvp, only_hvp, sizeof hvp);
    fixture_clear(&f);
}
END_TEST

/* ------------------------------------------------ control flow against selection */

static ad_var branching(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)ctx;
    ad_var x = ad_mul(t[0], xi[0]);
    return ad_value(x) > 0.2 ? ad_sqr(x) : ad_exp(x);
}

static ad_var selecting(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)ctx;
    ad_var x = ad_mul(t[0], xi[0]);
    return ad_select(ad_gt(x, 0.2), ad_sqr(x), ad_exp(x));
}

/* Recorded anew and replayed, functions come from two libraries and sums round differently. */
static void expect_equal(const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ck_assert_double_eq_tol(a[i], b[i], 8 * DBL_EPSILON * fmax(1.0, fabs(a[i])));
}

START_TEST(an_objective_that_branches_on_a_value_equals_the_one_that_selects)
{
    ad_objective a = {.name = "branch", .n_params = 1, .n_features = 1, .record = branching};
    ad_objective b = {.name = "select", .n_params = 1, .n_features = 1, .record = selecting};
    fixture f = fixture_make(&a, 0), g = fixture_make(&b, 0);
    double t = 0.7, dir = 1.5, xi[n_samples], out[2][3][n_samples];
    const char *file = NULL;
    int line = 0;
    for (int i = 0; i < n_samples; i++)
        xi[i] = sin(i);
    ck_assert(!ad_program_is_replayable(f.program, &file, &line));
    ck_assert(file && strstr(file, "test_batch.c") && line > 0);
    ck_assert(ad_program_is_replayable(g.program, NULL, NULL));
    ad_eval_samples(f.batch, &t, &dir, n_samples, xi, out[0][0], out[0][1], out[0][2], NULL);
    ad_eval_samples(g.batch, &t, &dir, n_samples, xi, out[1][0], out[1][1], out[1][2], NULL);
    expect_equal(out[0][0], out[1][0], 3 * n_samples);
    ad_line_moments p = {.order = 3}, q = {.order = 3};
    ad_eval_line(f.batch, &t, &dir, n_samples, xi, &p, NULL);
    ad_eval_line(g.batch, &t, &dir, n_samples, xi, &q, NULL);
    expect_equal(p.mean, q.mean, 4);
    expect_equal(&p.cov[0][0], &q.cov[0][0], 16);
    fixture_clear(&f);
    fixture_clear(&g);
}
END_TEST

/* --------------------------------------------------------------------------- runs */

static ad_var with_runs(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)ctx;
    ad_var s = ad_dot(4, t, xi), square = ad_dot(4, t, t);
    ad_var both[3] = {ad_tanh(s), square, ad_mul(s, square)};
    return ad_sum(3, both);
}

static ad_var with_loops(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var s = ad_const(tape, 0), square = ad_const(tape, 0);
    (void)ctx;
    for (int k = 0; k < 4; k++) {
        s = ad_add(s, ad_mul(t[k], xi[k]));
        square = ad_add(square, ad_mul(t[k], t[k]));
    }
    return ad_add(ad_add(ad_tanh(s), square), ad_mul(s, square));
}

START_TEST(sum_and_dot_equal_loops_of_scalar_operations)
{
    ad_objective a = {.name = "runs", .n_params = 4, .n_features = 4, .record = with_runs};
    ad_objective b = {.name = "loops", .n_params = 4, .n_features = 4, .record = with_loops};
    fixture f = fixture_make(&a, 5), g = fixture_make(&b, 5);
    double t[4] = {0.1, -0.4, 0.7, 0.2}, dir[4] = {1, 2, -1, 0.5};
    double xi[4 * n_samples], loss[2][n_samples], grad[2][4 * n_samples], hvp[2][4 * n_samples];
    for (int i = 0; i < 4 * n_samples; i++)
        xi[i] = cos(3.0 * i);
    ad_eval_samples(f.batch, t, dir, n_samples, xi, loss[0], grad[0], hvp[0], NULL);
    ad_eval_samples(g.batch, t, dir, n_samples, xi, loss[1], grad[1], hvp[1], NULL);
    for (int i = 0; i < 4 * n_samples; i++) {
        ck_assert_double_eq_tol(grad[0][i], grad[1][i], 1e-14);
        ck_assert_double_eq_tol(hvp[0][i], hvp[1][i], 1e-14);
    }
    ad_line_moments p = {.order = 3}, q = {.order = 3};
    ad_eval_line(f.batch, t, dir, n_samples, xi, &p, NULL);
    ad_eval_line(g.batch, t, dir, n_samples, xi, &q, NULL);
    for (int k = 0; k < 4; k++)
        ck_assert_double_eq_tol(p.mean[k], q.mean[k], 1e-13 * (1 + fabs(p.mean[k])));
    fixture_clear(&f);
    fixture_clear(&g);
}
END_TEST

START_TEST(the_hessian_is_symmetric)
{
    fixture f = fixture_make(&mixed_objective, 0);
    double xi[2] = {0.9, -1.3}, u[3] = {0.4, 1.0, -0.7}, hu[3], hv[3];
    ad_eval_samples(f.batch, theta, v, 1, xi, NULL, NULL, hv, NULL);
    ad_eval_samples(f.batch, theta, u, 1, xi, NULL, NULL, hu, NULL);
    double uhv = u[0] * hv[0] + u[1] * hv[1] + u[2] * hv[2];
    double vhu = v[0] * hu[0] + v[1] * hu[1] + v[2] * hu[2];
    ck_assert_double_eq_tol(uhv, vhu, 1e-14);
    fixture_clear(&f);
}
END_TEST

START_TEST(more_lanes_than_memory_can_hold_are_refused)
{
    static const size_t lanes[] = {SIZE_MAX, SIZE_MAX - 8, SIZE_MAX / 2 + 1, SIZE_MAX / 8 + 1};
    fixture f = fixture_make(&mixed_objective, 0);
    for (int k = 0; k < 4; k++) {
        ad_batch *batch = NULL;
        ad_batch_options options = {.n_lanes = lanes[k]};
        meka_error err = {0};
        ck_assert_int_eq(ad_batch_create(&batch, f.program, &options, &err), MEKA_ERR_MEMORY);
        ck_assert(!batch && err.text[0]);
    }
    fixture_clear(&f);
}
END_TEST

/* ------------------------------------------------------------------- sizes of batches */

enum { n_most = 2049 };

/* What an evaluation of n samples gives. */
typedef struct outcome {
    double loss[n_most], grad[3 * n_most], hvp[3 * n_most];
    double mean[6], var[6], cross[3], loss_mean, loss_var, grad_cov[9], hvp_cov[9];
    ad_line_moments line;
} outcome;

static double many[2 * n_most];

static void make_many(void)
{
    for (int i = 0; i < n_most; i++) {
        many[2 * i] = sin(1.0 + 3.1 * i);
        many[2 * i + 1] = cos(2.3 * i);
    }
}

static ad_batch *batch_of(const ad_program *program, size_t n_lanes)
{
    ad_batch *batch = NULL;
    meka_error err = {0};
    ad_batch_options options = {.n_lanes = n_lanes};
    assert_ok(ad_batch_create(&batch, program, &options, &err), err);
    return batch;
}

static void eval_samples(ad_batch *batch, size_t n, outcome *out)
{
    ad_eval_samples(batch, theta, v, n, many, out->loss, out->grad, out->hvp, NULL);
}
static void eval_moments(ad_batch *batch, size_t n, outcome *out)
{
    ad_moments m = {.grad_mean = out->mean,
                    .hvp_mean = out->mean + 3,
                    .grad_var = out->var,
                    .hvp_var = out->var + 3,
                    .cross_cov = out->cross};
    ad_eval_moments(batch, theta, v, n, many, &m, NULL);
    out->loss_mean = m.loss_mean;
    out->loss_var = m.loss_var;
}
static void eval_covariances(ad_batch *batch, size_t n, outcome *out)
{
    ad_moments m = {.grad_cov = out->grad_cov, .hvp_cov = out->hvp_cov};
    ad_eval_moments(batch, theta, v, n, many, &m, NULL);
}
static void eval_line(ad_batch *batch, size_t n, outcome *out)
{
    out->line.order = 3;
    ad_eval_line(batch, theta, v, n, many, &out->line, NULL);
}

START_TEST(a_batch_of_any_size_is_complete_and_the_same_for_any_number_of_lanes)
{
    static const size_t size[] = {1, 7, 8, 9, 255, 256, 257, n_most};
    static const size_t lanes[] = {0, 1, 8, 9, 24, 256, 4096};
    static outcome first, other;
    fixture f = fixture_make(&mixed_objective, 0);
    make_many();
    for (int k = 0; k < 8; k++) {
        size_t n = size[k];
        eval_samples(f.batch, n, &first);
        for (size_t i = 0; i < n; i++) {
            double want, grad[3], hvp[3];
            by_hand(many + 2 * i, &want, grad, hvp);
            assert_scaled(first.loss[i], want, 16.0, 4);
            assert_all_scaled(3, first.grad + 3 * i, grad, 16.0, 4);
            assert_all_scaled(3, first.hvp + 3 * i, hvp, 16.0, 4);
        }
        for (int j = 1; j < 7; j++) {
            ad_batch *batch = batch_of(f.program, lanes[j]);
            ck_assert_uint_eq(batch->max_lanes, (lanes[j] + 7) / 8 * 8);
            eval_samples(batch, n, &other);
            ck_assert_mem_eq(other.loss, first.loss, n * sizeof(double));
            ck_assert_mem_eq(other.grad, first.grad, 3 * n * sizeof(double));
            ck_assert_mem_eq(other.hvp, first.hvp, 3 * n * sizeof(double));
            ad_batch_destroy(batch);
        }
    }
    fixture_clear(&f);
}
END_TEST

/* A layer of 16 units over 2000 features. */
enum { WIDE = 2000, UNITS = 16 };
static ad_var record_wide(ad_tape *tape, const ad_var *w, const ad_var *xi, const void *ctx)
{
    ad_var unit[UNITS];
    ad_affine(UNITS, WIDE, w, xi, NULL, unit);
    for (int k = 0; k < UNITS; k++)
        unit[k] = ad_tanh(unit[k]);
    return ad_sum(UNITS, unit);
}

/* Features are passed over once, so their rows need not stay in the cache. */
START_TEST(features_do_not_make_a_block_smaller)
{
    const ad_objective objective = {
        .name = "wide", .n_params = UNITS * WIDE, .n_features = WIDE, .record = record_wide};
    fixture f = fixture_make(&objective, 0);
    ck_assert_uint_gt(f.program->plan[PLAN_GRADIENT].n_rows, WIDE);
    ck_assert_uint_eq(f.batch->max_lanes, 256);
    fixture_clear(&f);
}
END_TEST

START_TEST(no_samples_give_no_values)
{
    fixture f = fixture_make(&mixed_objective, 0);
    double loss = 7.0, grad = 8.0, hvp = 9.0;
    ck_assert_int_eq(ad_eval_samples(f.batch, theta, v, 0, NULL, &loss, &grad, &hvp, NULL),
                     MEKA_OK);
    ck_assert(loss == 7.0 && grad == 8.0 && hvp == 9.0);
    fixture_clear(&f);
}
END_TEST

/* -------------------------------------------------------- what a batch remembers: nothing */

START_TEST(evaluations_in_any_order_give_what_they_give_on_a_fresh_batch)
{
    static void (*const eval[])(ad_batch *, size_t, outcome *) = {eval_samples, eval_moments,
                                                                  eval_covariances, eval_line};
    static const size_t size[] = {257, 9, n_most, 1, 64};
    static outcome fresh, used;
    fixture f = fixture_make(&mixed_objective, 16);
    make_many();
    for (unsigned k = 0; k < 100; k++) {
        unsigned which = (k % 2 ? k / 2 : k / 8) % 4; /* each after each */
        size_t n = size[k % 5];
        ad_batch *batch = batch_of(f.program, 16);
        memset(&fresh, 0, sizeof fresh);
        memset(&used, 0, sizeof used);
        eval[which](batch, n, &fresh);
        eval[which](f.batch, n, &used);
        ck_assert_mem_eq(&fresh, &used, sizeof fresh);
        ad_batch_destroy(batch);
    }
    fixture_clear(&f);
}
END_TEST

/* ------------------------------------------------------------------- instruction sets */

START_TEST(an_instruction_set_that_is_not_available_is_refused_by_name)
{
    fixture f = fixture_make(&mixed_objective, 0);
    meka_error err = {0};
    int past_the_last = AD_ISA_BEST;
    ck_assert(ad_isa_is_available(AD_ISA_BEST) && ad_isa_is_available(AD_ISA_BASELINE));
    for (int isa = AD_ISA_BEST; ad_isa_name((ad_isa)isa); isa++, past_the_last = isa) {
        ad_batch_options options = {.isa = (ad_isa)isa};
        ad_batch *batch = NULL;
        char sentence[128];
        snprintf(sentence, sizeof sentence,
                 "instruction set %s is not available on this machine",
                 ad_isa_name((ad_isa)isa));
        if (ad_isa_is_available((ad_isa)isa))
            assert_ok(ad_batch_create(&batch, f.program, &options, &err), err);
        else
            assert_fails(ad_batch_create(&batch, f.program, &options, &err), err,
                         MEKA_ERR_INPUT, sentence);
        ck_assert(ad_isa_is_available((ad_isa)isa) == (batch != NULL));
        ad_batch_destroy(batch);
    }
    ad_batch_options options = {.isa = (ad_isa)past_the_last};
    ad_batch *batch = NULL;
    assert_fails(ad_batch_create(&batch, f.program, &options, &err), err, MEKA_ERR_INPUT,
                 "instruction set ? is not available on this machine; best always is");
    ck_assert_ptr_null(batch);
    fixture_clear(&f);
}
END_TEST

TEST_MAIN("batch", samples_agree_with_derivatives_by_hand_for_any_number_of_lanes,
          each_output_may_be_left_out_without_changing_the_others,
          an_objective_that_branches_on_a_value_equals_the_one_that_selects,
          sum_and_dot_equal_loops_of_scalar_operations, the_hessian_is_symmetric,
          more_lanes_than_memory_can_hold_are_refused,
          a_batch_of_any_size_is_complete_and_the_same_for_any_number_of_lanes,
          features_do_not_make_a_block_smaller, no_samples_give_no_values,
          evaluations_in_any_order_give_what_they_give_on_a_fresh_batch,
          an_instruction_set_that_is_not_available_is_refused_by_name)
