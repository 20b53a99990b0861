#include "tests/optim_fixture.h"

/* A run of a method on the weighted quadratic. */
static optim_fixture start(const opt_config *config)
{
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    return optim_fixture_make(&objective, &source, config, fixture_x0);
}

static opt_stop run_out(opt_run *run)
{
    opt_stop stop;
    do
        stop = fixture_step(run);
    while (stop == OPT_RUNNING);
    return stop;
}

/* The expected objective and its gradient, by hand; E w = 1, E w x = 1, up to a constant. */
static double loss_by_hand(const double *theta)
{
    double sum = 0.0;
    for (int j = 0; j < FIXTURE_D; j++)
        sum += 0.5 * (j + 1) * (theta[j] - 1.0) * (theta[j] - 1.0);
    return sum;
}

START_TEST(exact_columns_are_those_of_the_population_at_theta_t)
{
    opt_config config = fixture_config("sgd", NULL);
    config.track_exact = true;
    config.known_minimum = 0.25;
    optim_fixture f = start(&config);
    double theta[FIXTURE_D], xi[8 * (FIXTURE_D + 1)];
    for (int t = 0; t < 5; t++) {
        memcpy(theta, opt_run_theta(f.run), sizeof theta);
        fixture_step(f.run);
        const opt_row *row = opt_run_row(f.run);
        assert_scaled(row->exact_gap, loss_by_hand(theta) - 0.25, 20.0, 8);
        fixture_draw(NULL, config.seed, (uint64_t)t, 8, xi);
        double error = 0.0;
        for (int j = 0; j < FIXTURE_D; j++) {
            double g = 0.0;
            for (int i = 0; i < 8; i++)
                g += xi[4 * i + 3] * (j + 1) * (theta[j] - xi[4 * i + j]) / 8;
            error += pow(g - (j + 1) * (theta[j] - 1.0), 2);
        }
        assert_scaled(row->sample_error, sqrt(error), 20.0, 16);
        ck_assert_double_eq(row->filter_error, row->sample_error);
        ck_assert_double_eq(row->step, t);
        ck_assert_double_eq(row->samples, 8.0 * (t + 1));
        ck_assert_double_eq(row->gradients, 8.0 * (t + 1));
    }
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(looking_at_the_population_changes_nothing)
{
    opt_config config = fixture_config("meka", NULL);
    optim_fixture blind = start(&config);
    config.track_exact = true;
    optim_fixture seeing = start(&config);
    for (int t = 0; t < 20; t++) {
        fixture_step(blind.run);
        fixture_step(seeing.run);
    }
    ck_assert_mem_eq(opt_run_theta(blind.run), opt_run_theta(seeing.run),
                     FIXTURE_D * sizeof(double));
    opt_result a, b;
    opt_run_result(blind.run, &a);
    opt_run_result(seeing.run, &b);
    ck_assert_mem_eq(&a.ledger, &b.ledger, sizeof a.ledger);
    ck_assert_double_nan(a.last.exact_gap);
    optim_fixture_clear(&blind);
    optim_fixture_clear(&seeing);
}
END_TEST

START_TEST(the_budget_ends_a_run)
{
    opt_config config = fixture_config("sgd", NULL);
    config.max_steps = 7;
    optim_fixture f = start(&config);
    ck_assert_int_eq(run_out(f.run), OPT_BUDGET);
    ck_assert_double_eq(opt_run_row(f.run)->step, 6.0);
    double theta = opt_run_theta(f.run)[0];
    ck_assert_int_eq(fixture_step(f.run), OPT_BUDGET);
    ck_assert_double_eq(opt_run_theta(f.run)[0], theta);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(a_target_of_the_exact_gap_ends_a_run)
{
    opt_config config = fixture_config("gd", "alpha=0.3");
    config.target_loss = 1e-3;
    optim_fixture f = start(&config);
    ck_assert_int_eq(run_out(f.run), OPT_TARGET);
    ck_assert_double_le(opt_run_row(f.run)->exact_gap, 1e-3);
    ck_assert_double_gt(opt_run_row(f.run)->step, 1.0);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(a_target_works_on_the_estimate_where_the_population_is_unknown)
{
    const ad_objective objective = fixture_objective();
    meka_source source = fixture_source();
    source.population = NULL;
    source.n_population = 0;
    opt_config config = fixture_config("meka", NULL);
    config.target_loss = 5.0;
    optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
    ck_assert_int_eq(run_out(f.run), OPT_TARGET);
    ck_assert_double_nan(opt_run_row(f.run)->exact_gap);
    ck_assert_double_le(opt_run_row(f.run)->loss_filtered, 5.0);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(a_small_gradient_is_convergence)
{
    opt_config config = fixture_config("gd", "alpha=0.3");
    config.grad_tolerance = 1e-6;
    optim_fixture f = start(&config);
    ck_assert_int_eq(run_out(f.run), OPT_CONVERGED);
    ck_assert_double_le(opt_run_row(f.run)->grad_norm, 1e-6);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(divergence_is_noticed)
{
    opt_config config = fixture_config("gd", "alpha=3");
    config.diverge_factor = 100.0;
    optim_fixture f = start(&config);
    ck_assert_int_eq(run_out(f.run), OPT_DIVERGED);
    ck_assert_double_gt(opt_run_row(f.run)->exact_gap, 100.0 * loss_by_hand(fixture_x0));
    optim_fixture_clear(&f);
}
END_TEST

/* Stops at step *ctx and checks that it sees every row. */
static bool stop_at(void *ctx, const opt_row *row, const double *theta)
{
    int *calls = ctx;
    ck_assert_double_eq(row->step, calls[1]);
    ck_assert(isfinite(theta[0]));
    return ++calls[1] < calls[0];
}

START_TEST(the_callback_can_cancel)
{
    int calls[2] = {4, 0};
    opt_config config = fixture_config("sgd", NULL);
    config.callback = stop_at;
    config.callback_ctx = calls;
    optim_fixture f = start(&config);
    ck_assert_int_eq(run_out(f.run), OPT_CANCELLED);
    ck_assert_int_eq(calls[1], 4);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(the_best_iterate_is_kept)
{
    opt_config config = fixture_config("gd", "alpha=0.68"); /* the last axis grows */
    config.track_exact = true;
    config.max_steps = 60;
    optim_fixture f = start(&config);
    double best = INFINITY, where[FIXTURE_D] = {0};
    uint64_t step = 0;
    for (uint64_t t = 0; t < 60; t++) {
        double loss = loss_by_hand(opt_run_theta(f.run));
        if (loss < best) {
            best = loss;
            step = t;
            memcpy(where, opt_run_theta(f.run), sizeof where);
        }
        fixture_step(f.run);
    }
    opt_result result;
    opt_run_result(f.run, &result);
    ck_assert_uint_gt(step, 0);
    ck_assert_uint_lt(step, 59);
    ck_assert_uint_eq(result.best_step, step);
    assert_scaled(result.best_loss, best, 1.0, 16);
    ck_assert_mem_eq(opt_run_best(f.run), where, sizeof where);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(averages_are_those_of_the_iterates)
{
    static const double beta = 0.75;
    for (int kind = OPT_AVERAGE_UNIFORM; kind <= OPT_AVERAGE_EMA; kind++) {
        opt_config config = fixture_config("sgd", NULL);
        config.average = kind;
        config.average_ema = beta;
        config.average_from = 3;
        config.track_exact = true;
        optim_fixture f = start(&config);
        double sum[FIXTURE_D] = {0.0}, weight = 0.0, average[FIXTURE_D];
        memcpy(average, fixture_x0, sizeof average);
        for (int t = 0; t < 12; t++) {
            fixture_step(f.run);
            assert_scaled(opt_run_row(f.run)->average_gap, loss_by_hand(average), 50.0, 64);
            double keep = kind == OPT_AVERAGE_UNIFORM ? 1.0 : beta;
            double add = kind == OPT_AVERAGE_UNIFORM ? 1.0 : 1.0 - beta;
            weight = t < 3 ? 0.0 : keep * weight + add;
            for (int j = 0; j < FIXTURE_D; j++) {
                double theta = opt_run_theta(f.run)[j];
                sum[j] = t < 3 ? 0.0 : keep * sum[j] + add * theta;
                average[j] = t < 3 ? theta : sum[j] / weight;
                assert_scaled(opt_run_average(f.run)[j], average[j], 4.0, 32);
            }
        }
        optim_fixture_clear(&f);
    }
    opt_config config = fixture_config("sgd", NULL);
    optim_fixture f = start(&config);
    ck_assert_ptr_null(opt_run_average(f.run));
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(samples_gradients_and_seconds_are_budgets)
{
    opt_config config = fixture_config("sgd", NULL);
    config.max_samples = 50; /* 8 a step */
    optim_fixture f = start(&config);
    ck_assert_int_eq(run_out(f.run), OPT_BUDGET);
    ck_assert_double_eq(opt_run_row(f.run)->step, 6.0);
    optim_fixture_clear(&f);
    config.max_samples = 0;
    config.max_gradients = 32;
    f = start(&config);
    ck_assert_int_eq(run_out(f.run), OPT_BUDGET);
    ck_assert_double_eq(opt_run_row(f.run)->gradients, 32.0);
    optim_fixture_clear(&f);
    config.max_gradients = 0;
    config.max_seconds = 1e-9;
    f = start(&config);
    ck_assert_int_eq(run_out(f.run), OPT_BUDGET);
    ck_assert_double_eq(opt_run_row(f.run)->step, 0.0);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(a_run_that_gets_no_better_stalls)
{
    opt_config config = fixture_config("gd", "alpha=0");
    config.track_exact = true;
    config.stall_steps = 10;
    optim_fixture f = start(&config);
    ck_assert_int_eq(run_out(f.run), OPT_STALLED);
    ck_assert_double_eq(opt_run_row(f.run)->step, 10.0);
    optim_fixture_clear(&f);
    config.settings = "alpha=0.01";
    config.max_steps = 50;
    f = start(&config);
    ck_assert_int_eq(run_out(f.run), OPT_BUDGET);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(convergence_counts_the_uncertainty_of_the_filtered_gradient)
{
    opt_config config = fixture_config("meka", NULL);
    config.max_steps = 100000;
    config.grad_tolerance = 0.05;
    optim_fixture f = start(&config);
    ck_assert_int_eq(run_out(f.run), OPT_CONVERGED);
    const opt_row *row = opt_run_row(f.run);
    ck_assert_double_gt(row->p, 0.0);
    ck_assert_double_le(hypot(row->filtered_norm, sqrt(FIXTURE_D * row->p)), 0.05);
    /* By chance |m| alone was there before. */
    ck_assert_double_gt(row->step, 10.0);
    optim_fixture_clear(&f);
}
END_TEST

/* log(xi) theta^2 / 2 with xi = -1 in steps 2 and 5, else e. */
static ad_var record_sometimes_nan(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                                   const void *ctx)
{
    return ad_mul(0.5, ad_mul(ad_log(xi[0]), ad_sqr(theta[0])));
}

static void draw_sometimes_nan(const void *ctx, uint64_t seed, uint64_t step, size_t n,
                               double *xi)
{
    for (size_t i = 0; i < n; i++)
        xi[i] = step == 2 || step == 5 ? -1.0 : 2.718281828459045;
}

START_TEST(batches_that_give_something_not_finite_can_be_left_out)
{
    const ad_objective objective = {
        .name = "gaps", .n_params = 1, .n_features = 1, .record = record_sometimes_nan};
    const meka_source source = {.n_features = 1, .draw = draw_sometimes_nan};
    const double x0 = 1.0;
    opt_config config = fixture_config("sgd", "alpha=0.5");
    config.max_steps = 8;
    for (uint64_t skip = 0; skip <= 2; skip++) {
        config.max_skipped = skip;
        optim_fixture f = optim_fixture_make(&objective, &source, &config, &x0);
        opt_result result;
        opt_stop stop = run_out(f.run);
        opt_run_result(f.run, &result);
        ck_assert_int_eq(stop, skip == 2 ? OPT_BUDGET : OPT_NONFINITE);
        ck_assert_uint_eq(result.n_skipped, skip);
        ck_assert_uint_eq(result.n_steps, skip == 2 ? 8 : skip ? 5 : 2);
        ck_assert_double_eq(opt_run_theta(f.run)[0], pow(0.5, (double)(result.n_steps - skip)));
        ck_assert_ptr_nonnull(strstr(result.reason.text, "log"));
        optim_fixture_clear(&f);
    }
}
END_TEST

START_TEST(unusable_input_is_refused_in_words)
{
    const ad_objective objective = fixture_objective();
    meka_source source = fixture_source();
    opt_config config = fixture_config("gd", NULL);
    ad_program *program = NULL;
    opt_run *run = NULL;
    meka_error err = {0};
    assert_ok(ad_program_create(&program, &objective, &err), err);

    const double bad[FIXTURE_D] = {0.0, NAN, 0.0};
    assert_fails(opt_run_create(&run, program, &source, &config, bad, &err), err,
                 MEKA_ERR_INPUT, "component 1");
    source.n_features = 2;
    assert_fails(opt_run_create(&run, program, &source, &config, fixture_x0, &err), err,
                 MEKA_ERR_INPUT, "samples of 4 numbers, the data have 2");
    source = fixture_source();
    source.n_population = 0;
    assert_fails(opt_run_create(&run, program, &source, &config, fixture_x0, &err), err,
                 MEKA_ERR_INPUT, "method gd needs the whole population");
    config.settings = "speed=1";
    assert_fails(opt_run_create(&run, program, &source, &config, fixture_x0, &err), err,
                 MEKA_ERR_INPUT, "speed");
    ck_assert_ptr_null(run);
    ad_program_destroy(program);
    opt_run_destroy(NULL);
}
END_TEST

START_TEST(minimize_is_the_loop_and_leaves_theta_alone_on_failure)
{
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    opt_config config = opt_config_default();
    meka_error err = {0};
    opt_result result;
    double theta[FIXTURE_D];
    memcpy(theta, fixture_x0, sizeof theta);
    config.max_steps = 30;
    assert_ok(opt_minimize(&objective, &source, &config, theta, &result, &err), err);
    ck_assert_int_eq(result.stop, OPT_BUDGET);
    ck_assert_str_eq(result.reason.text, "");

    config.batch_size = 32;
    optim_fixture f = start(&config);
    run_out(f.run);
    ck_assert_mem_eq(opt_run_theta(f.run), theta, sizeof theta);
    ck_assert_str_eq(opt_run_method(f.run)->name, "meka");
    optim_fixture_clear(&f);

    config.settings = "alpha=fast";
    double before = theta[0];
    assert_fails(opt_minimize(&objective, &source, &config, theta, &result, &err), err,
                 MEKA_ERR_INPUT, "'alpha'");
    ck_assert_double_eq(theta[0], before);
}
END_TEST

TEST_MAIN("run", exact_columns_are_those_of_the_population_at_theta_t,
          looking_at_the_population_changes_nothing, the_budget_ends_a_run,
          a_target_of_the_exact_gap_ends_a_run,
          a_target_works_on_the_estimate_where_the_population_is_unknown,
          a_small_gradient_is_convergence, divergence_is_noticed, the_callback_can_cancel,
          the_best_iterate_is_kept, averages_are_those_of_the_iterates,
          samples_gradients_and_seconds_are_budgets, a_run_that_gets_no_better_stalls,
          convergence_counts_the_uncertainty_of_the_filtered_gradient,
          batches_that_give_something_not_finite_can_be_left_out,
          unusable_input_is_refused_in_words,
          minimize_is_the_loop_and_leaves_theta_alone_on_failure)
