#include "tests/ad_fixture.h"

static ad_var product(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)ctx;
    return ad_exp(ad_dot(3, t, xi));
}

static ad_var wandering(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var x = ad_const(tape, 1.0);
    (void)ctx;
    for (int k = 0; k < 40 * ad_value(xi[0]); k++)
        x = ad_mul(x, t[k % 3]);
    return x;
}

static const ad_objective straight = {
    .name = "product", .n_params = 3, .n_features = 3, .record = product};
static const ad_objective branching = {
    .name = "wandering", .n_params = 3, .n_features = 3, .record = wandering};

/* Creates and evaluates; the batch of a branching objective grows while evaluating. */
static meka_status live_once(void *ctx, meka_error *err)
{
    const double theta[3] = {1, 2, 3}, xi[6] = {0.1, 0.2, 0.3, 0.9, 0.5, 0.6};
    double loss[2], grad[6], hvp[6];
    ad_program *program = NULL;
    ad_batch *batch = NULL;
    meka_status status = ad_program_create(&program, ctx, err);
    if (!status)
        status = ad_batch_create(&batch, program, NULL, err);
    if (!status)
        status = ad_eval_samples(batch, theta, theta, 2, xi, loss, grad, hvp, err);
    ad_batch_destroy(batch);
    ad_program_destroy(program);
    return status;
}

START_TEST(memory_running_out_anywhere_is_reported_and_leaks_nothing)
{
    ad_objective objective = straight;
    ck_assert_uint_ge(test_every_allocation(live_once, &objective), 8);
    objective = branching;
    ck_assert_uint_ge(test_every_allocation(live_once, &objective), 8);
}
END_TEST

START_TEST(evaluating_a_replayable_program_allocates_nothing)
{
    fixture f = fixture_make(&straight, 0);
    const double theta[3] = {1, 2, 3}, xi[6] = {0.1, 0.2, 0.3, 0.9, 0.5, 0.6};
    double loss[2], grad[6], hvp[6], cov[9], mean[3];
    ad_moments moments = {.grad_mean = mean, .hvp_cov = cov, .traces = true};
    ad_line_moments line = {.order = 3};
    test_fail_allocation(0);
    ad_eval_samples(f.batch, theta, theta, 2, xi, loss, grad, hvp, NULL);
    ad_eval_moments(f.batch, theta, theta, 2, xi, &moments, NULL);
    ad_eval_line(f.batch, theta, theta, 2, xi, &line, NULL);
    ck_assert_uint_eq(test_allocations(), 0);
    fixture_clear(&f);
}
END_TEST

START_TEST(a_program_knows_its_sizes)
{
    fixture f = fixture_make(&straight, 0);
    ck_assert_uint_eq(ad_program_n_params(f.program), 3);
    ck_assert_uint_eq(ad_program_n_features(f.program), 3);
    ck_assert_uint_eq(ad_program_n_instructions(f.program), 2);
    ck_assert(ad_program_is_replayable(f.program, NULL, NULL));
    fixture_clear(&f);
}
END_TEST

START_TEST(destroying_nothing_is_fine)
{
    ad_program_destroy(NULL);
    ad_batch_destroy(NULL);
}
END_TEST

TEST_MAIN("program", memory_running_out_anywhere_is_reported_and_leaks_nothing,
          evaluating_a_replayable_program_allocates_nothing, a_program_knows_its_sizes,
          destroying_nothing_is_fine)
