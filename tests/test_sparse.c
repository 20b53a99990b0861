/* Affine maps of a sparse input. */
#include "tests/reference.h"
#include "tests/sparse_fixture.h"

static const sparse plain = {
    .n_out = 1, .n_in = 30, .n_terms = 6, .n_uses = 1, .decay = 0.1, .scale = 1.0};
static const sparse matrix = {
    .n_out = 4, .n_in = 150, .n_terms = 9, .n_uses = 1, .decay = 0.1, .scale = 1.0};

/* The sparse objective with these passes off against the dense one, written as sums. */
static void check_case(const sparse *c, unsigned passes_off, size_t n_lanes, size_t n,
                       ad_isa isa)
{
    sparse d = *c;
    d.dense = true;
    d.anew = false;
    ad_objective o = sparse_objective(c), dense = sparse_objective(&d);
    fixture f = fixture_with(&o, passes_off, n_lanes, isa);
    fixture g = fixture_with(&dense, AD_PASS_BLOCK, n_lanes, isa);
    samples a = samples_of(c), b = samples_of(&d);
    for (int all = 0; all < 2; all++) {
        everything got = evaluate_all(&f, &o, &a, n, all);
        everything want = evaluate_all(&g, &dense, &b, n, all);
        check_everything(&got, &want, o.n_params, n, all);
        everything_clear(&got);
        everything_clear(&want);
    }
    samples_clear(&a);
    samples_clear(&b);
    fixture_clear(&f);
    fixture_clear(&g);
}

START_TEST(a_sparse_input_is_the_dense_one_written_shorter)
{
    static const size_t lanes[] = {0, 8, 24, 64}, n[] = {N, 1, 2, 31};
    static const sparse cases[] = {
        {.n_out = 1, .n_in = 30, .n_terms = 6, .n_uses = 1, .scale = 1.0},
        {.n_out = 1, .n_in = 30, .n_terms = 6, .n_uses = 1, .decay = 0.1, .scale = -2.5},
        {.n_out = 4, .n_in = 150, .n_terms = 9, .n_uses = 1, .decay = 0.1, .scale = 1.0},
        {.n_out = 3, .n_in = 20, .n_terms = 20, .n_uses = 1, .linear = true, .scale = 1.0},
        {.n_out = 3, .n_in = 20, .n_terms = 7, .n_uses = 2, .decay = 0.1, .scale = 1.0},
        {.n_out = 2, .n_in = 9, .n_terms = 5, .n_uses = 1, .elsewhere = true, .scale = 1.0},
        {.n_out = 2, .n_in = 9, .n_terms = 5, .n_uses = 2, .elsewhere = true, .scale = 0.5},
        {.n_out = 2, .n_in = 9, .n_terms = 5, .n_uses = 1, .backwards = true, .scale = 1.0},
        {.n_out = 1, .n_in = 5, .n_terms = 1, .n_uses = 1, .scale = 1.0},
        {.n_out = 1, .n_in = 4, .n_terms = 8, .n_uses = 1, .linear = true, .scale = 1.0},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        for (size_t l = 0; l < 4; l++)
            check_case(&cases[k], 0, lanes[l], n[(k + l) % 4], AD_ISA_BEST);
}
END_TEST

START_TEST(a_sparse_input_that_is_recorded_anew_is_the_same)
{
    sparse c = plain, d = matrix;
    c.anew = d.anew = true;
    check_case(&c, 0, 0, N, AD_ISA_BEST);
    check_case(&d, 0, 0, 9, AD_ISA_BEST);
}
END_TEST

START_TEST(a_sparse_input_is_the_same_without_any_pass)
{
    static const sparse two = {
        .n_out = 2, .n_in = 9, .n_terms = 5, .n_uses = 2, .decay = 0.1, .scale = 1.0};
    for (unsigned pass = 1; pass < AD_PASS_ALL; pass *= 2)
        check_case(&two, pass, 16, N, AD_ISA_BEST);
    check_case(&two, AD_PASS_ALL, 16, N, AD_ISA_BEST);
}
END_TEST

START_TEST(every_instruction_set_agrees_on_sparse_inputs)
{
    for (int isa = 1; ad_isa_name((ad_isa)isa); isa++) {
        if (!ad_isa_is_available((ad_isa)isa))
            continue;
        check_case(&plain, 0, 8, N, (ad_isa)isa);
        check_case(&matrix, 0, 0, N, (ad_isa)isa);
    }
}
END_TEST

START_TEST(the_number_of_threads_changes_no_bit_of_sparse_inputs)
{
    ad_objective o = sparse_objective(&matrix);
    fixture one = fixture_make(&o, 8);
    samples a = samples_of(&matrix);
    for (int all = 0; all < 2; all++) {
        everything want = evaluate_all(&one, &o, &a, N, all);
        for (size_t n_threads = 2; n_threads <= 8; n_threads += 3) {
            fixture f = {.program = one.program};
            meka_error err = {0};
            ad_batch_options options = {.n_lanes = 8, .n_threads = n_threads};
            assert_ok(ad_batch_create(&f.batch, f.program, &options, &err), err);
            everything got = evaluate_all(&f, &o, &a, N, all);
            size_t n = N * (1 + 2 * o.n_params) + (all ? 5 : 2) * o.n_params;
            ck_assert(memcmp(got.loss, want.loss, n * sizeof(double)) == 0);
            ck_assert(got.m.grad_var_trace == want.m.grad_var_trace &&
                      got.m.hvp_var_trace == want.m.hvp_var_trace &&
                      got.m.cross_cov_trace == want.m.cross_cov_trace);
            ck_assert(memcmp(&got.line, &want.line, sizeof got.line) == 0);
            everything_clear(&got);
            ad_batch_destroy(f.batch);
        }
        everything_clear(&want);
    }
    samples_clear(&a);
    fixture_clear(&one);
}
END_TEST

/* Means 2^16 deviations and more: the squares' sums lose all digits. */
START_TEST(large_means_do_not_cancel_the_traces_of_sparse_inputs)
{
    sparse c = {
        .n_out = 3, .n_in = 20, .n_terms = 7, .n_uses = 1, .linear = true, .scale = 1.0};
    ad_objective o = sparse_objective(&c);
    fixture f = fixture_make(&o, 16);
    samples a = samples_of(&c);
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < c.n_terms; k++) {
            double *xi = a.xi + i * o.n_features;
            xi[k] = (double)(2 * k + 1);
            xi[c.n_terms + k] = 0x1p18 + (double)((i * 5 + k * k) % 7);
        }
    for (size_t k = 0; k < o.n_params; k++) {
        a.theta[k] = (double)(k % 3) - 1.0;
        a.v[k] = (double)(k % 5) - 2.0;
    }
    everything part = evaluate_all(&f, &o, &a, N, false),
               all = evaluate_all(&f, &o, &a, N, true);
    double sum = 0.0;
    for (size_t k = 0; k < o.n_params; k++)
        sum += all.row[2][k];
    ck_assert_double_gt(sum, 0.0);
    ck_assert_double_le(fabs(part.m.grad_var_trace / sum - 1.0), 1e-13);
    ck_assert_double_le(fabs(all.m.grad_var_trace / sum - 1.0), 1e-13);
    everything_clear(&part);
    everything_clear(&all);
    samples_clear(&a);
    fixture_clear(&f);
}
END_TEST

START_TEST(equal_sparse_samples_have_no_variance)
{
    ad_objective o = sparse_objective(&matrix);
    fixture f = fixture_make(&o, 24);
    samples a = samples_of(&matrix);
    for (size_t i = 1; i < N; i++)
        memcpy(a.xi + i * o.n_features, a.xi, o.n_features * sizeof(double));
    for (int all = 0; all < 2; all++) {
        everything got = evaluate_all(&f, &o, &a, N, all);
        ck_assert(got.m.grad_var_trace == 0.0 && got.m.hvp_var_trace == 0.0 &&
                  got.m.cross_cov_trace == 0.0);
        everything_clear(&got);
    }
    samples_clear(&a);
    fixture_clear(&f);
}
END_TEST

/* Sample 2 has a wrong index. */
static void check_index(const sparse *c, double wrong, double value)
{
    ad_objective o = sparse_objective(c);
    fixture f = fixture_make(&o, 8);
    samples a = samples_of(c);
    double loss[3];
    meka_error err;
    a.xi[2 * o.n_features + 1] = wrong;
    a.xi[2 * o.n_features + 1 + c->n_terms] = value;
    assert_fails(ad_eval_samples(f.batch, a.theta, NULL, 3, a.xi, loss, NULL, NULL, &err), err,
                 MEKA_NONFINITE, "at sample 2");
    ck_assert(isfinite(loss[0]) && isfinite(loss[1]) && isnan(loss[2]));
    if (isfinite(wrong))
        ck_assert_ptr_nonnull(strstr(err.text, "sparse_fixture.h"));
    samples_clear(&a);
    fixture_clear(&f);
}

/* (|W x + b|^2 / 2)^2, which has third derivatives. */
static ad_var record_quartic(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    return ad_sqr(record_sparse(tape, t, xi, ctx));
}

static long double quartic(const long double *theta, const double *xi, const void *ctx)
{
    const sparse *c = ctx;
    long double sum = 0.0L;
    for (size_t j = 0; j < c->n_out; j++) {
        long double y = theta[c->n_out * c->n_in + j];
        for (size_t k = 0; k < c->n_terms; k++)
            y += xi[c->n_terms + k] * theta[j * c->n_in + (size_t)xi[k]];
        sum += 0.5L * y * y;
    }
    return sum * sum;
}

START_TEST(derivatives_of_a_sparse_input_are_those_of_naive_loops)
{
    static const sparse c = {
        .n_out = 3, .n_in = 12, .n_terms = 5, .n_uses = 1, .linear = true, .scale = 1.0};
    reference r = {sparse_objective(&c), quartic};
    samples a = samples_of(&c);
    r.objective.record = record_quartic;
    reference_check(&r, a.theta, a.v, reference_max_samples, a.xi);
    samples_clear(&a);
}
END_TEST

START_TEST(an_index_of_no_column_is_located)
{
    static const double wrong[] = {30, -1, 0.5, 1e300, NAN, INFINITY};
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        sparse c = plain;
        check_index(&c, wrong[k], 1.0);
        check_index(&c, wrong[k], 0.0);
        c.anew = true;
        check_index(&c, wrong[k], 1.0);
        c.anew = false;
        c.backwards = true;
        check_index(&c, wrong[k], 1.0);
        check_index(&c, wrong[k], 0.0);
    }
}
END_TEST

START_TEST(extended_precision_knows_sparse_inputs)
{
    ad_objective o = sparse_objective(&matrix);
    fixture f = fixture_make(&o, 0);
    samples a = samples_of(&matrix);
    everything want = evaluate_all(&f, &o, &a, N, false);
    long double *theta = calloc(o.n_params + o.n_features, sizeof *theta), loss;
    ck_assert_ptr_nonnull(theta);
    for (size_t k = 0; k < o.n_params; k++)
        theta[k] = a.theta[k];
    for (size_t i = 0; i < N; i++) {
        meka_error err = {0};
        for (size_t k = 0; k < o.n_features; k++)
            theta[o.n_params + k] = a.xi[i * o.n_features + k];
        assert_ok(ad_program_eval_extended(f.program, theta, theta + o.n_params, &loss, &err),
                  err);
        ck_assert_double_le(fabs((double)(loss - want.loss[i])), 1e-14);
    }
    free(theta);
    everything_clear(&want);
    samples_clear(&a);
    fixture_clear(&f);
}
END_TEST

static meka_status create_both(void *ctx, meka_error *err)
{
    const sparse *c = ctx;
    ad_objective o = sparse_objective(c);
    ad_program *program = NULL;
    ad_batch *batch = NULL;
    ad_batch_options options = {.n_lanes = 8, .n_threads = 2};
    ad_program_options passes = {.passes_off = c->elsewhere ? AD_PASS_BLOCK : 0};
    meka_status status = ad_program_create_with(&program, &o, &passes, err);
    if (!status)
        status = ad_batch_create(&batch, program, &options, err);
    ad_batch_destroy(batch);
    ad_program_destroy(program);
    return status;
}

START_TEST(creation_of_sparse_inputs_survives_the_failure_of_every_allocation)
{
    sparse cases[] = {
        {.n_out = 2, .n_in = 5, .n_terms = 3, .n_uses = 2, .scale = 1.0},
        {.n_out = 2, .n_in = 5, .n_terms = 3, .n_uses = 1, .elsewhere = true, .scale = 1.0},
        {.n_out = 2, .n_in = 5, .n_terms = 3, .n_uses = 1, .backwards = true, .scale = 1.0},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        ck_assert_uint_ge(test_every_allocation(create_both, &cases[k]), 10);
}
END_TEST

TEST_MAIN("sparse", a_sparse_input_is_the_dense_one_written_shorter,
          a_sparse_input_that_is_recorded_anew_is_the_same,
          a_sparse_input_is_the_same_without_any_pass,
          every_instruction_set_agrees_on_sparse_inputs,
          the_number_of_threads_changes_no_bit_of_sparse_inputs,
          large_means_do_not_cancel_the_traces_of_sparse_inputs,
          equal_sparse_samples_have_no_variance,
          derivatives_of_a_sparse_input_are_those_of_naive_loops,
          creation_of_sparse_inputs_survives_the_failure_of_every_allocation,
          an_index_of_no_column_is_located, extended_precision_knows_sparse_inputs)
