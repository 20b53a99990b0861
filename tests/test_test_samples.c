#include "tests/optim_fixture.h"

/* Held-out samples in number more than one piece of the evaluation. */
enum { N_TEST = 300, WIDTH = FIXTURE_D + 1 };

/* 1 where theta_0 exceeds the sample's first number. */
static ad_var record_score(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                           const void *ctx)
{
    (void)ctx;
    (void)tape;
    return ad_gt(theta[0], xi[0]);
}

static void read_rows(const void *ctx, size_t first, size_t n, double *xi)
{
    const double *row = ctx;
    ck_assert_uint_le(first + n, N_TEST);
    memcpy(xi, row + first * WIDTH, n * WIDTH * sizeof *xi);
}

typedef struct held_out {
    double row[N_TEST * WIDTH];
    meka_samples samples;
    ad_program *score;
} held_out;

static void held_out_make(held_out *out)
{
    const ad_objective score = {
        .name = "score", .n_params = FIXTURE_D, .n_features = WIDTH, .record = record_score};
    meka_error err = {0};
    fixture_draw(NULL, 99, 0, N_TEST, out->row);
    out->samples = (meka_samples){N_TEST, WIDTH, read_rows, out->row};
    assert_ok(ad_program_create(&out->score, &score, &err), err);
}

static optim_fixture start(const opt_config *config)
{
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    return optim_fixture_make(&objective, &source, config, fixture_x0);
}

/* Mean loss and score, row by row. */
static opt_test by_hand(const double *row, const double *theta)
{
    opt_test test = {0.0, 0.0};
    for (size_t i = 0; i < N_TEST; i++, row += WIDTH) {
        double loss = 0.0;
        for (int j = 0; j < FIXTURE_D; j++)
            loss += 0.5 * (j + 1) * (theta[j] - row[j]) * (theta[j] - row[j]);
        test.loss += row[FIXTURE_D] * loss / N_TEST;
        test.score += (theta[0] > row[0]) / (double)N_TEST;
    }
    return test;
}

START_TEST(test_columns_are_means_over_all_rows_at_theta_t)
{
    held_out held;
    held_out_make(&held);
    opt_config config = fixture_config("sgd", "alpha=0.3");
    config.test = &held.samples;
    config.score = held.score;
    config.test_every = 3;
    optim_fixture f = start(&config);
    double lowest = 1.0, highest = 0.0;
    for (int t = 0; t < 9; t++) {
        const opt_test expected = by_hand(held.row, opt_run_theta(f.run));
        fixture_step(f.run);
        const opt_row *row = opt_run_row(f.run);
        if (t % 3) {
            ck_assert_double_nan(row->test_loss);
            ck_assert_double_nan(row->test_score);
            continue;
        }
        assert_scaled(row->test_loss, expected.loss, expected.loss, N_TEST);
        assert_scaled(row->test_score, expected.score, 1.0, N_TEST);
        lowest = fmin(lowest, row->test_score);
        highest = fmax(highest, row->test_score);
    }
    ck_assert_double_lt(lowest, highest);
    optim_fixture_clear(&f);
    ad_program_destroy(held.score);
}
END_TEST

START_TEST(testing_changes_nothing_and_costs_nothing)
{
    held_out held;
    held_out_make(&held);
    opt_config config = fixture_config("meka", NULL);
    optim_fixture plain = start(&config);
    config.test = &held.samples;
    config.test_every = 1;
    optim_fixture tested = start(&config);
    for (int t = 0; t < 20; t++) {
        fixture_step(plain.run);
        fixture_step(tested.run);
    }
    ck_assert_mem_eq(opt_run_theta(plain.run), opt_run_theta(tested.run),
                     FIXTURE_D * sizeof(double));
    opt_result a, b;
    opt_run_result(plain.run, &a);
    opt_run_result(tested.run, &b);
    ck_assert_mem_eq(&a.ledger, &b.ledger, sizeof a.ledger);
    ck_assert_double_nan(b.last.test_score);
    optim_fixture_clear(&plain);
    optim_fixture_clear(&tested);
    ad_program_destroy(held.score);
}
END_TEST

START_TEST(a_run_can_be_tested_at_any_point)
{
    held_out held;
    held_out_make(&held);
    opt_config config = fixture_config("sgd", NULL);
    config.test = &held.samples;
    config.score = held.score;
    optim_fixture f = start(&config);
    meka_error err = {0};
    opt_test test;
    const double theta[FIXTURE_D] = {1.0, 2.0, 0.5};
    assert_ok(opt_run_test(f.run, theta, &test, &err), err);
    const opt_test expected = by_hand(held.row, theta);
    assert_scaled(test.loss, expected.loss, expected.loss, N_TEST);
    assert_scaled(test.score, expected.score, 1.0, N_TEST);
    /* Overflow is a result, too. */
    const double far[FIXTURE_D] = {1e200, 0.0, 0.0};
    assert_ok(opt_run_test(f.run, far, &test, &err), err);
    ck_assert(!isfinite(test.loss));
    ck_assert_double_eq(test.score, 1.0);
    optim_fixture_clear(&f);

    config.test = NULL;
    f = start(&config);
    assert_ok(opt_run_test(f.run, theta, &test, &err), err);
    ck_assert_double_nan(test.loss);
    ck_assert_double_nan(test.score);
    optim_fixture_clear(&f);
    ad_program_destroy(held.score);
}
END_TEST

START_TEST(minimize_tests_the_last_iterate)
{
    held_out held;
    held_out_make(&held);
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    opt_config config = fixture_config("sgd", "alpha=0.1");
    config.test = &held.samples;
    config.max_steps = 10;
    double theta[FIXTURE_D];
    memcpy(theta, fixture_x0, sizeof theta);
    opt_result result;
    meka_error err = {0};
    assert_ok(opt_minimize(&objective, &source, &config, theta, &result, &err), err);
    const opt_test expected = by_hand(held.row, theta);
    assert_scaled(result.test.loss, expected.loss, expected.loss, N_TEST);
    ck_assert_double_nan(result.test.score);
    ad_program_destroy(held.score);
}
END_TEST

START_TEST(test_samples_of_another_shape_are_refused)
{
    held_out held;
    held_out_make(&held);
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    ad_objective other = {
        .name = "other", .n_params = 2, .n_features = WIDTH, .record = record_score};
    ad_program *program = NULL, *score = NULL;
    meka_error err = {0};
    assert_ok(ad_program_create(&program, &objective, &err), err);
    assert_ok(ad_program_create(&score, &other, &err), err);
    opt_config config = fixture_config("sgd", NULL);
    opt_run *run = NULL;
    meka_samples wrong = held.samples;
    wrong.n_features = 5;
    config.test = &wrong;
    assert_fails(opt_run_create(&run, program, &source, &config, fixture_x0, &err), err,
                 MEKA_ERR_INPUT, "samples of 4 numbers, the 300 test samples have 5");
    wrong = held.samples;
    wrong.n_rows = 0;
    assert_fails(opt_run_create(&run, program, &source, &config, fixture_x0, &err), err,
                 MEKA_ERR_INPUT, "the 0 test samples");
    config.test = &held.samples;
    config.score = score;
    assert_fails(opt_run_create(&run, program, &source, &config, fixture_x0, &err), err,
                 MEKA_ERR_INPUT, "the score takes 2 parameters");
    ck_assert_ptr_null(run);
    ad_program_destroy(score);
    ad_program_destroy(program);
    ad_program_destroy(held.score);
}
END_TEST

TEST_MAIN("test samples", test_columns_are_means_over_all_rows_at_theta_t,
          testing_changes_nothing_and_costs_nothing, a_run_can_be_tested_at_any_point,
          minimize_tests_the_last_iterate, test_samples_of_another_shape_are_refused)
