/* Evaluation and threads: any number of them gives the same bits, and batches of different
 * threads do not disturb each other (run under the thread sanitizer too). */
#include "tests/ad_fixture.h"

#include "ad/tape.h"

#include <pthread.h>
#include <stdlib.h>

enum { D = 14, M = 4, N_MOST = 700, N_HIDDEN = 3, LOOPS = 3 };

/* A small network with a regularizer written as a loop: f = softplus(-y w.tanh(W x)) + ... */
static ad_var network(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var hidden[N_HIDDEN], penalty = ad_const(tape, 0.0);
    (void)ctx;
    for (int k = 0; k < N_HIDDEN; k++)
        hidden[k] = ad_tanh(ad_dot(3, theta + (ptrdiff_t)3 * k, xi));
    ad_var score = ad_dot(N_HIDDEN, hidden, theta + 9);
    for (int j = 0; j < D; j++)
        penalty = ad_add(penalty, ad_sqr(theta[j]));
    ad_var fit = ad_softplus(ad_neg(ad_mul(xi[3], ad_add(score, theta[12]))));
    return ad_add(ad_add(fit, ad_mul(0.01, penalty)), ad_mul(xi[0], ad_sin(theta[13])));
}

/* The same, recorded anew for every sample. */
static ad_var reading(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var y = network(tape, theta, xi, ctx);
    return ad_value(xi[3]) > 0.0 ? y : ad_mul(2.0, y);
}

static const ad_objective straight = {
    .name = "network", .n_params = D, .n_features = M, .record = network};
static const ad_objective branching = {
    .name = "reading", .n_params = D, .n_features = M, .record = reading};

static double theta[D], v[D], xi[N_MOST * M];

static void make_data(void)
{
    meka_rng rng;
    meka_rng_init(&rng, 3, MEKA_STREAM_TEST, 0, 0);
    for (int j = 0; j < D; j++) {
        theta[j] = 0.5 * meka_rng_normal(&rng);
        v[j] = meka_rng_normal(&rng);
    }
    for (int i = 0; i < N_MOST * M; i++)
        xi[i] = i % M == 3 ? (i % 8 == 3 ? 1.0 : -1.0) : meka_rng_normal(&rng);
}

/* Everything that can be asked for; compared as a whole, bit by bit. */
typedef struct outputs {
    double loss[N_MOST], grad[N_MOST * D], hvp[N_MOST * D];
    double row[5][D], cov[2][D * D], number[5], line[4], line_cov[4][4];
} outputs;

static meka_status evaluate(ad_batch *batch, size_t n, outputs *out, meka_error *err)
{
    ad_moments m = {.grad_mean = out->row[0],
                    .hvp_mean = out->row[1],
                    .grad_var = out->row[2],
                    .hvp_var = out->row[3],
                    .cross_cov = out->row[4],
                    .grad_cov = out->cov[0],
                    .hvp_cov = out->cov[1],
                    .traces = true};
    ad_line_moments line = {.order = 3};
    memset(out, 0, sizeof *out);
    meka_status status =
        ad_eval_samples(batch, theta, v, n, xi, out->loss, out->grad, out->hvp, err);
    if (!status)
        status = ad_eval_moments(batch, theta, v, n, xi, &m, err);
    if (!status)
        status = ad_eval_line(batch, theta, v, n, xi, &line, err);
    double number[5] = {m.loss_mean, m.loss_var, m.grad_var_trace, m.hvp_var_trace,
                        m.cross_cov_trace};
    memcpy(out->number, number, sizeof number);
    memcpy(out->line, line.mean, sizeof out->line);
    memcpy(out->line_cov, line.cov, sizeof out->line_cov);
    return status;
}

static outputs *outputs_create(size_t n)
{
    outputs *out = calloc(n, sizeof *out);
    ck_assert_ptr_nonnull(out);
    return out;
}

static ad_program *program_of(const ad_objective *objective, unsigned passes_off)
{
    ad_program *program = NULL;
    ad_program_options options = {.passes_off = passes_off};
    meka_error err = {0};
    assert_ok(ad_program_create_with(&program, objective, &options, &err), err);
    return program;
}

static void evaluate_with(const ad_program *program, ad_batch_options options, size_t n,
                          outputs *out)
{
    ad_batch *batch = NULL;
    meka_error err = {0};
    assert_ok(ad_batch_create(&batch, program, &options, &err), err);
    assert_ok(evaluate(batch, n, out, &err), err);
    ad_batch_destroy(batch);
}

/* --------------------------------------------------------------- threads of one batch */

static void check_counts(const ad_program *program, size_t n_lanes, ad_isa isa)
{
    static const size_t counts[] = {1, 2, 3, 5}, sizes[] = {1, 2, 9, 64, 200, N_MOST};
    outputs *out = outputs_create(2);
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
            ad_batch_options options = {.n_lanes = n_lanes, .n_threads = counts[k], .isa = isa};
            evaluate_with(program, options, sizes[s], &out[k > 0]);
            ck_assert_msg(k == 0 || memcmp(&out[0], &out[1], sizeof *out) == 0,
                          "%zu threads, %zu lanes (%s): other bits for %zu samples", counts[k],
                          n_lanes, ad_isa_name(isa), sizes[s]);
        }
    }
    free(out);
}

START_TEST(any_number_of_threads_gives_the_same_bits)
{
    static const size_t lanes[] = {0, 8, 64};
    make_data();
    ad_program *program = program_of(&straight, 0);
    for (int l = 0; l < 3; l++)
        for (int isa = 0; ad_isa_name((ad_isa)isa); isa++)
            if (ad_isa_is_available((ad_isa)isa))
                check_counts(program, lanes[l], (ad_isa)isa);
    ad_program_destroy(program);
}
END_TEST

START_TEST(any_number_of_threads_gives_the_same_bits_without_passes_and_replay)
{
    static const unsigned off[] = {AD_PASS_REPLAY, AD_PASS_ALL & ~AD_PASS_REPLAY, AD_PASS_ALL};
    make_data();
    for (int k = 0; k < 4; k++) {
        ad_program *program = k < 3 ? program_of(&straight, off[k]) : program_of(&branching, 0);
        check_counts(program, 0, AD_ISA_BEST);
        ad_program_destroy(program);
    }
}
END_TEST

START_TEST(threads_that_cannot_be_had_are_done_without)
{
    make_data();
    ad_program *program = program_of(&straight, 0);
    outputs *out = outputs_create(2);
    evaluate_with(program, (ad_batch_options){.n_threads = 3}, N_MOST, &out[0]);
    test_refuse_threads(true);
    evaluate_with(program, (ad_batch_options){.n_threads = 3}, N_MOST, &out[1]);
    test_refuse_threads(false);
    ck_assert_mem_eq(&out[0], &out[1], sizeof *out);
    free(out);
    ad_program_destroy(program);
}
END_TEST

/* -------------------------------------------------------------- threads of the caller's */

typedef struct caller {
    const ad_program *program;     /* shared; NULL: its own */
    const ad_objective *objective; /* of its own program */
    size_t n_threads, n;
    outputs *out;
    meka_status status;
    meka_error err;
} caller;

/* Asserts nothing, since it runs in a thread. */
static void *call(void *arg)
{
    caller *c = arg;
    ad_program *own = NULL;
    ad_batch *batch = NULL;
    ad_batch_options options = {.n_threads = c->n_threads};
    if (!c->program)
        c->status = ad_program_create(&own, c->objective, &c->err);
    if (!c->status)
        c->status = ad_batch_create(&batch, own ? own : c->program, &options, &c->err);
    for (int k = 0; k < LOOPS && !c->status; k++)
        c->status = evaluate(batch, c->n, c->out, &c->err);
    ad_batch_destroy(batch);
    ad_program_destroy(own);
    return NULL;
}

/* Two callers at once against one after the other. */
static void check_callers(const ad_objective *objective, bool share, size_t n_threads)
{
    ad_program *program = share ? program_of(objective, 0) : NULL;
    outputs *out = outputs_create(4);
    caller callers[4] = {{0}};
    pthread_t thread[2];
    for (int k = 0; k < 4; k++)
        callers[k] = (caller){.program = program,
                              .objective = objective,
                              .n_threads = n_threads,
                              .n = k % 2 ? N_MOST : 333,
                              .out = &out[k]};
    for (int k = 0; k < 2; k++)
        ck_assert_int_eq(pthread_create(&thread[k], NULL, call, &callers[k]), 0);
    for (int k = 0; k < 2; k++)
        pthread_join(thread[k], NULL);
    for (int k = 2; k < 4; k++)
        call(&callers[k]);
    for (int k = 0; k < 4; k++)
        ck_assert_msg(!callers[k].status, "%s", callers[k].err.text);
    ck_assert_mem_eq(&out[0], &out[2], sizeof *out);
    ck_assert_mem_eq(&out[1], &out[3], sizeof *out);
    free(out);
    ad_program_destroy(program);
}

START_TEST(two_batches_over_one_program_in_two_threads_do_not_disturb_each_other)
{
    make_data();
    check_callers(&straight, true, 1);
    check_callers(&straight, true, 2);
    check_callers(&branching, true, 1);
}
END_TEST

START_TEST(programs_are_created_and_evaluated_in_two_threads_at_once)
{
    make_data();
    check_callers(&straight, false, 1);
    check_callers(&straight, false, 2);
    check_callers(&branching, false, 1);
}
END_TEST

TEST_MAIN("threads_ad", any_number_of_threads_gives_the_same_bits,
          any_number_of_threads_gives_the_same_bits_without_passes_and_replay,
          threads_that_cannot_be_had_are_done_without,
          two_batches_over_one_program_in_two_threads_do_not_disturb_each_other,
          programs_are_created_and_evaluated_in_two_threads_at_once)
