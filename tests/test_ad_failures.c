/* Memory that runs out, at every allocation of creating and evaluating. */
#include "tests/program_checks.h"

#include <stdlib.h>

static const unsigned pass_sets[] = {0, AD_PASS_ALL, AD_PASS_ALL & ~AD_PASS_REPLAY,
                                     AD_PASS_FUSE | AD_PASS_SHARE, AD_PASS_GROUP};
enum { N_PROGRAMS = 12, N_PASS_SETS = sizeof pass_sets / sizeof pass_sets[0] };

/* What one run creates, and what must not have been touched where that fails. */
typedef struct attempt {
    const random_program *p;
    setup how;
    bool touched;
} attempt;

static meka_status create_program(attempt *a, ad_program **out, meka_error *err)
{
    ad_objective objective = random_program_objective(a->p);
    ad_program_options options = {.passes_off = a->how.passes_off};
    return ad_program_create_with(out, &objective, &options, err);
}

/* Creates both; a failing call leaves the caller's pointer as it was. */
static meka_status create_both(void *ctx, meka_error *err)
{
    attempt *a = ctx;
    ad_program *const no_program = (ad_program *)&a->touched, *program = no_program;
    ad_batch *const no_batch = (ad_batch *)&a->touched, *batch = no_batch;
    ad_batch_options options = {.n_lanes = a->how.n_lanes, .n_threads = a->how.n_threads};
    meka_status status = create_program(a, &program, err);
    if (status) {
        a->touched = a->touched || program != no_program;
        return status;
    }
    status = ad_batch_create(&batch, program, &options, err);
    if (status)
        a->touched = a->touched || batch != no_batch;
    else
        ad_batch_destroy(batch);
    ad_program_destroy(program);
    return status;
}

/* Every allocation fails once; afterwards everything is as ever. */
static void check_program(const random_program *p, setup how)
{
    attempt a = {.p = p, .how = how};
    ck_assert_uint_ge(test_every_allocation(create_both, &a), 4);
    ck_assert_msg(!a.touched, "program %llu: a failing call wrote its output",
                  (unsigned long long)p->seed);
    checker c;
    checker_init(&c, p, how);
    if (QUAD_DIGITS >= 113)
        check_samples(&c, PIECE_LOSS | PIECE_GRAD | PIECE_HVP);
    checker_clear(&c);
}

START_TEST(creation_survives_the_failure_of_every_allocation)
{
    random_program *p = malloc(sizeof *p);
    ck_assert_ptr_nonnull(p);
    for (int i = 0; i < N_PROGRAMS; i++) {
        random_program_draw(p, 90000 + (uint64_t)i);
        for (int k = 0; k < N_PASS_SETS; k++) {
            check_program(p, (setup){.passes_off = pass_sets[k],
                                     .n_threads = 1 + 2 * (size_t)(i % 2),
                                     .n_lanes = i % 3 ? 0 : 8});
        }
    }
    free(p);
}
END_TEST

START_TEST(creation_of_objectives_that_read_values_survives_it_too)
{
    random_program *p = malloc(sizeof *p);
    ck_assert_ptr_nonnull(p);
    for (int i = 0; i < N_PROGRAMS; i++) {
        random_program_draw(p, 91000 + (uint64_t)i);
        p->read = p->n_nodes ? program_n_inputs(p) : -1;
        check_program(p, (setup){.n_threads = 1 + 2 * (size_t)(i % 2)});
    }
    free(p);
}
END_TEST

START_TEST(evaluating_a_replayable_program_asks_for_no_memory)
{
    random_program *p = malloc(sizeof *p);
    double cov[2][PROGRAM_PARAMS * PROGRAM_PARAMS];
    ck_assert_ptr_nonnull(p);
    for (int i = 0; i < N_PROGRAMS; i++) {
        checker c;
        ad_moments moments = {.grad_cov = cov[0], .hvp_cov = cov[1], .traces = true};
        ad_line_moments line = {.order = 3};
        double loss[PROGRAM_SAMPLES], grad[PROGRAM_SAMPLES * PROGRAM_PARAMS],
            hvp[PROGRAM_SAMPLES * PROGRAM_PARAMS];
        random_program_draw(p, 92000 + (uint64_t)i);
        checker_init(&c, p, (setup){.n_threads = 1 + (size_t)(i % 3)});
        size_t n = (size_t)p->n_samples;
        test_fail_allocation(1); /* should there be one, it fails */
        meka_status status[3] = {
            ad_eval_samples(c.batch, p->theta, p->v, n, p->xi, loss, grad, hvp, NULL),
            ad_eval_moments(c.batch, p->theta, p->v, n, p->xi, &moments, NULL),
            ad_eval_line(c.batch, p->theta, p->v, n, p->xi, &line, NULL)};
        size_t n_allocations = test_allocations();
        test_fail_allocation(0);
        ck_assert_uint_eq(n_allocations, 0);
        for (int k = 0; k < 3; k++)
            ck_assert_int_eq(status[k], MEKA_OK);
        checker_clear(&c);
    }
    free(p);
}
END_TEST

TEST_MAIN("ad_failures", creation_survives_the_failure_of_every_allocation,
          creation_of_objectives_that_read_values_survives_it_too,
          evaluating_a_replayable_program_asks_for_no_memory)
