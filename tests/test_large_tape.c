/* Long programs: time and memory grow with the number of instructions, whatever their shape,
 * and no depth of nesting overflows a small stack.
 *
 * MEKA_TEST_LARGE=1 runs 5 x 10^6 and 10^7 instructions instead, which takes minutes and up to
 * 14 GiB; MEKA_TEST_TABLE=1 prints times and memory. */
#include "tests/ad_fixture.h"
#include "tests/sanitized.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static size_t unit(void)
{
    return getenv("MEKA_TEST_LARGE") ? 5000 * 1000 : TEST_SANITIZED ? 50 * 1000 : 200 * 1000;
}

/* ------------------------------------------------------------------------ the shapes */

typedef ad_var (*shape)(ad_tape *tape, const ad_var *theta, const ad_var *xi, size_t n);

/* Real operands are instructions too, so that a step of most shapes is three.
 *
 * x <- x / 2 + theta + xi: every instruction needs the one before; tends to 2 (theta + xi). */
static ad_var chain(ad_tape *tape, const ad_var *theta, const ad_var *xi, size_t n)
{
    ad_var x = ad_const(tape, 0.0), step = ad_add(theta[0], xi[0]);
    for (size_t k = 0; k < n / 3; k++)
        x = ad_add(ad_mul(x, 0.5), step);
    return x;
}

/* The same of theta alone: the same for all samples. */
static ad_var uniform_chain(ad_tape *tape, const ad_var *theta, const ad_var *xi, size_t n)
{
    ad_var x = ad_const(tape, 0.0);
    for (size_t k = 0; k < n / 3; k++)
        x = ad_add(ad_mul(x, 0.5), theta[0]);
    return ad_add(x, ad_mul(2.0, xi[0]));
}

/* One long sum of different terms; 2 (theta + xi) altogether. */
static ad_var long_sum(ad_tape *tape, const ad_var *theta, const ad_var *xi, size_t n)
{
    ad_var total = ad_const(tape, 0.0), step = ad_add(theta[0], xi[0]);
    size_t n_terms = n / 6000 * 2000; /* whole periods of the weights */
    for (size_t k = 0; k < n_terms; k++) {
        double weight = (k % 2 ? 1.5 : 2.5) * (1.0 + (double)(k / 2 % 1000) * 1e-6);
        total = ad_add(total, ad_mul(step, weight));
    }
    return ad_mul(total, 2.0 / (2.0 * (1.0 + 0.5e-3 - 0.5e-6) * (double)n_terms));
}

/* One long product whose value stays near 1, written left to right. */
static ad_var long_product(ad_tape *tape, const ad_var *theta, const ad_var *xi, size_t n)
{
    ad_var x = ad_const(tape, 1.0), y = ad_add(theta[0], xi[0]);
    ad_var up = ad_add(1.0, ad_mul(0.0, y)), down = ad_div(1.0, up);
    for (size_t k = 0; k + 1 < n; k += 2)
        x = ad_mul(ad_mul(x, up), down);
    return ad_mul(x, ad_mul(2.0, y));
}

/* The same subexpression over and over, most of it unused. */
static ad_var repeated(ad_tape *tape, const ad_var *theta, const ad_var *xi, size_t n)
{
    ad_var last = theta[0];
    (void)tape;
    for (size_t k = 0; k < n / 3; k++)
        last = ad_mul(2.0, ad_add(theta[0], xi[0]));
    return last;
}

/* A binary tree of sums. */
static ad_var tree(ad_tape *tape, const ad_var *theta, const ad_var *xi, size_t n)
{
    enum { DEPTH = 64 };
    ad_var stack[DEPTH], step = ad_add(theta[0], xi[0]);
    size_t top = 0, n_leaves = 1;
    (void)tape;
    while (8 * n_leaves <= n)
        n_leaves *= 2;
    for (size_t k = 1; k <= n_leaves; k++) {
        stack[top++] = ad_mul(step, 2.0 / (double)n_leaves);
        for (size_t j = k; j % 2 == 0; j /= 2, top--)
            stack[top - 2] = ad_add(stack[top - 2], stack[top - 1]);
    }
    return stack[0];
}

static const struct {
    const char *name;
    shape record;
} shapes[] = {{"chain", chain},          {"uniform chain", uniform_chain}, {"sum", long_sum},
              {"product", long_product}, {"repetition", repeated},         {"tree", tree}};
enum { N_SHAPES = sizeof shapes / sizeof shapes[0] };

/* ------------------------------------------------------------------------- measuring */

typedef struct job {
    shape record;
    size_t n;
    unsigned passes_off;
    meka_status status;
    meka_error err;
    double loss[2], grad[2], hvp[2], mean, slope, seconds;
    size_t n_instructions; /* out */
} job;

static ad_var record_job(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    const job *j = ctx;
    return j->record(tape, theta, xi, j->n);
}

static double thread_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const double theta = 0.75, direction = 1.0, xi[2] = {0.25, -1.5};

/* Records and evaluates; asserts nothing, since it runs in a thread. */
static void *run_job(void *arg)
{
    job *j = arg;
    ad_objective objective = {
        .name = "long", .n_params = 1, .n_features = 1, .record = record_job, .ctx = j};
    ad_program_options options = {.passes_off = j->passes_off};
    ad_batch_options lanes = {.n_lanes = 1};
    ad_moments moments = {.grad_mean = &j->mean};
    ad_line_moments line = {.order = 1};
    ad_program *program = NULL;
    ad_batch *batch = NULL;
    double start = thread_seconds();
    j->status = ad_program_create_with(&program, &objective, &options, &j->err);
    if (!j->status)
        j->status = ad_batch_create(&batch, program, &lanes, &j->err);
    if (!j->status)
        j->status = ad_eval_samples(batch, &theta, &direction, 2, xi, j->loss, j->grad, j->hvp,
                                    &j->err);
    if (!j->status)
        j->status = ad_eval_moments(batch, &theta, NULL, 2, xi, &moments, &j->err);
    if (!j->status)
        j->status = ad_eval_line(batch, &theta, &direction, 2, xi, &line, &j->err);
    j->slope = line.mean[1];
    j->n_instructions = program ? ad_program_n_instructions(program) : 0;
    ad_batch_destroy(batch);
    ad_program_destroy(program);
    j->seconds = thread_seconds() - start;
    return NULL;
}

/* In a thread whose stack holds no recursion over a long program. */
static void run_on_small_stack(job *j)
{
    pthread_t thread;
    pthread_attr_t attributes;
    ck_assert_int_eq(pthread_attr_init(&attributes), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, 256 * 1024), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, run_job, j), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    ck_assert_msg(j->status == MEKA_OK, "%s: %s", meka_status_name(j->status), j->err.text);
}

/* About n instructions were recorded (passes may leave fewer).
 * Every shape is 2 (theta + xi) to the roundings of its n steps, of which those of a long sum
 * add up like a random walk: 2^14 units are some 16 standard deviations of 10^6 of them. */
static void check_result(const char *name, const job *j)
{
    for (int i = 0; i < 2; i++) {
        assert_scaled(j->loss[i], 2.0 * (theta + xi[i]), 2.0, 1 << 14);
        assert_scaled(j->grad[i], 2.0, 2.0, 1 << 14);
        assert_scaled(j->hvp[i], 0.0, 2.0, 1 << 14);
    }
    assert_scaled(j->mean, 2.0, 2.0, 1 << 14);
    assert_scaled(j->slope, 2.0, 2.0, 1 << 14);
    ck_assert_msg(j->n_instructions <= j->n + 16, "%s: %zu instructions instead of %zu", name,
                  j->n_instructions, j->n);
}

static double peak_megabytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024.0;
}

static double run_shape(int k, size_t n, unsigned passes_off)
{
    job j = {.record = shapes[k].record, .n = n, .passes_off = passes_off};
    run_on_small_stack(&j);
    check_result(shapes[k].name, &j);
    if (getenv("MEKA_TEST_TABLE") || getenv("MEKA_TEST_LARGE")) {
        printf("%-14s %9zu instructions: %7.3f s, peak %6.0f MiB%s\n", shapes[k].name, n,
               j.seconds, peak_megabytes(), passes_off ? ", no passes" : "");
        fflush(stdout);
    }
    return j.seconds;
}

/* -------------------------------------------------------------------------- the tests */

/* Twice the instructions cost twice the time; 3 leaves room for caches, and a busy machine
 * gets three attempts. */
static void check_linear(int k)
{
    double ratio = INFINITY, memory = 1.0;
    for (int attempt = 0; attempt < 3 && ratio >= 3.0; attempt++) {
        double once = run_shape(k, unit(), 0), before = peak_megabytes();
        double twice = run_shape(k, 2 * unit(), 0);
        ratio = twice / once;
        memory = peak_megabytes() / before;
    }
    ck_assert_msg(ratio < 3.0, "%s: twice the instructions take %.3g times as long",
                  shapes[k].name, ratio);
    ck_assert_msg(TEST_SANITIZED || memory < 3.0,
                  "%s: twice the instructions take %.3g times the memory", shapes[k].name,
                  memory);
}

#define LINEAR_TEST(name, k)                                                                   \
    START_TEST(time_and_memory_of_a_##name##_are_linear)                                       \
    {                                                                                          \
        check_linear(k);                                                                       \
    }                                                                                          \
    END_TEST
LINEAR_TEST(chain, 0)
LINEAR_TEST(uniform_chain, 1)
LINEAR_TEST(long_sum, 2)
LINEAR_TEST(long_product, 3)
LINEAR_TEST(repetition, 4)
LINEAR_TEST(tree, 5)

START_TEST(long_programs_without_passes_need_no_deep_stack)
{
    for (int k = 0; k < N_SHAPES; k++)
        run_shape(k, unit() / 4, AD_PASS_ALL & ~AD_PASS_REPLAY);
}
END_TEST

TEST_MAIN("large_tape", time_and_memory_of_a_chain_are_linear,
          time_and_memory_of_a_uniform_chain_are_linear,
          time_and_memory_of_a_long_sum_are_linear,
          time_and_memory_of_a_long_product_are_linear,
          time_and_memory_of_a_repetition_are_linear, time_and_memory_of_a_tree_are_linear,
          long_programs_without_passes_need_no_deep_stack)
