/* What every row of the method registry promises. */
#include "tests/optim_fixture.h"

#include <stdio.h>

/* f = log theta_0 + theta_1^2: NaN at the start. */
static ad_var record_nan(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    return ad_add(ad_log(theta[0]), ad_sqr(theta[1]));
}

START_TEST(every_row_is_complete_and_has_a_name_of_its_own)
{
    for (size_t i = 0; opt_method_at(i); i++) {
        const opt_method *method = opt_method_at(i), *found = NULL;
        meka_error err = {0};
        ck_assert(method->name && method->summary && method->reference);
        ck_assert(method->step && method->min_batch >= 1);
        assert_ok(opt_method_find(&found, method->name, &err), err);
        ck_assert_ptr_eq(found, method);
        for (size_t k = 0; k < method->options.n; k++) {
            const meka_option *option = &method->options.row[k];
            ck_assert(option->name && option->meaning && option->initial);
            for (size_t l = 0; l < k; l++)
                ck_assert_str_ne(option->name, method->options.row[l].name);
        }
    }
}
END_TEST

START_TEST(options_read_back_as_they_are_written)
{
    for (size_t i = 0; opt_method_at(i); i++) {
        const opt_method *method = opt_method_at(i);
        meka_error err = {0};
        void *values = calloc(1, method->options.size), *back = calloc(1, method->options.size);
        for (size_t p = 0; p <= method->n_presets; p++) {
            char settings[80] = "";
            if (p < method->n_presets)
                snprintf(settings, sizeof settings, "preset=%s", method->presets[p].name);
            assert_ok(opt_method_configure(method, values, settings, &err), err);
            meka_options_init(&method->options, back);
            for (size_t k = 0; k < method->options.n; k++) {
                char text[128];
                const meka_option *option = &method->options.row[k];
                meka_options_format(option, values, text, sizeof text);
                assert_ok(meka_options_set(&method->options, back, method->name, option->name,
                                           text, &err),
                          err);
            }
            ck_assert_mem_eq(values, back, method->options.size);
        }
        free(values);
        free(back);
    }
}
END_TEST

START_TEST(the_first_preset_is_the_default)
{
    for (size_t i = 0; opt_method_at(i); i++) {
        const opt_method *method = opt_method_at(i);
        if (!method->n_presets)
            continue;
        meka_error err = {0};
        char settings[80];
        void *values = calloc(1, method->options.size), *back = calloc(1, method->options.size);
        snprintf(settings, sizeof settings, "preset=%s", method->presets[0].name);
        assert_ok(opt_method_configure(method, values, settings, &err), err);
        assert_ok(opt_method_configure(method, back, NULL, &err), err);
        ck_assert_mem_eq(values, back, method->options.size);
        free(values);
        free(back);
    }
}
END_TEST

START_TEST(every_method_is_deterministic_and_depends_on_the_seed)
{
    for (size_t i = 0; opt_method_at(i); i++) {
        const ad_objective objective = fixture_objective();
        const meka_source source = fixture_source();
        opt_config config = fixture_config(opt_method_at(i)->name, NULL);
        optim_fixture run[3];
        for (int k = 0; k < 3; k++) {
            config.seed = k == 2 ? 2 : 1;
            run[k] = optim_fixture_make(&objective, &source, &config, fixture_x0);
            for (int t = 0; t < 20; t++)
                fixture_step(run[k].run);
        }
        size_t bytes = FIXTURE_D * sizeof(double);
        ck_assert_mem_eq(opt_run_theta(run[0].run), opt_run_theta(run[1].run), bytes);
        if (!opt_method_at(i)->full_batch)
            ck_assert_mem_ne(opt_run_theta(run[0].run), opt_run_theta(run[2].run), bytes);
        for (int k = 0; k < 3; k++)
            optim_fixture_clear(&run[k]);
    }
}
END_TEST

START_TEST(every_method_comes_close_to_the_minimum_of_a_quadratic)
{
    for (size_t i = 0; opt_method_at(i); i++) {
        const ad_objective objective = fixture_objective();
        const meka_source source = fixture_source();
        opt_config config = fixture_config(opt_method_at(i)->name, NULL);
        config.track_exact = true;
        config.max_steps = 500;
        optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
        fixture_step(f.run);
        double start = opt_run_row(f.run)->exact_gap;
        ck_assert_double_gt(start, 10.0);
        while (fixture_step(f.run) == OPT_RUNNING)
            ;
        ck_assert_msg(opt_run_row(f.run)->exact_gap < 5e-3 * start, "%s ends at %g of %g",
                      opt_method_at(i)->name, opt_run_row(f.run)->exact_gap, start);
        optim_fixture_clear(&f);
    }
}
END_TEST

START_TEST(a_schedule_at_zero_keeps_every_method_where_it_starts)
{
    for (size_t i = 0; opt_method_at(i); i++) {
        const ad_objective objective = fixture_objective();
        const meka_source source = fixture_source();
        opt_config config = fixture_config(opt_method_at(i)->name, NULL);
        config.schedule = OPT_SCHEDULE_LINEAR;
        config.horizon = 1;
        config.max_steps = 20;
        config.warmup = 0;
        optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
        fixture_step(f.run); /* with the factor 1 */
        double theta[FIXTURE_D], moved = 0.0;
        memcpy(theta, opt_run_theta(f.run), sizeof theta);
        while (fixture_step(f.run) == OPT_RUNNING)
            ;
        for (int j = 0; j < FIXTURE_D; j++)
            moved = fmax(moved, fabs(opt_run_theta(f.run)[j] - theta[j]));
        ck_assert_msg(moved == 0.0, "%s moved by %g", opt_method_at(i)->name, moved);
        optim_fixture_clear(&f);
    }
}
END_TEST

START_TEST(a_non_finite_loss_ends_the_run_where_it_was)
{
    for (size_t i = 0; opt_method_at(i); i++) {
        const ad_objective objective = {
            .name = "bad", .n_params = 2, .record = record_nan, .x0 = (double[]){-1.0, 2.0}};
        const meka_source source = meka_source_none();
        opt_config config = fixture_config(opt_method_at(i)->name, NULL);
        const double x0[2] = {-1.0, 2.0};
        optim_fixture f = optim_fixture_make(&objective, &source, &config, x0);
        ck_assert_int_eq(fixture_step(f.run), OPT_NONFINITE);
        ck_assert_mem_eq(opt_run_theta(f.run), x0, sizeof x0);
        opt_result result;
        opt_run_result(f.run, &result);
        ck_assert_int_eq(result.stop, OPT_NONFINITE);
        ck_assert_msg(strstr(result.reason.text, "log") != NULL, "%s", result.reason.text);
        ck_assert(isnan(result.last.step));
        ck_assert_int_eq(fixture_step(f.run), OPT_NONFINITE);
        ck_assert_mem_eq(opt_run_theta(f.run), x0, sizeof x0);
        optim_fixture_clear(&f);
    }
}
END_TEST

START_TEST(a_step_allocates_nothing)
{
    for (size_t i = 0; opt_method_at(i); i++) {
        const ad_objective objective = fixture_objective();
        const meka_source source = fixture_source();
        opt_config config = fixture_config(opt_method_at(i)->name, NULL);
        config.track_exact = true;
        optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
        meka_status status = MEKA_OK;
        opt_stop stop;
        test_fail_allocation(0);
        for (int t = 0; t < 5 && status == MEKA_OK; t++)
            status = opt_run_step(f.run, &stop, NULL);
        size_t n = test_allocations(); /* before any assertion, which may allocate */
        ck_assert_int_eq(status, MEKA_OK);
        ck_assert_uint_eq(n, 0);
        optim_fixture_clear(&f);
    }
}
END_TEST

static meka_status create_and_step(void *ctx, meka_error *err)
{
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    opt_config config = *(opt_config *)ctx;
    ad_program *program = NULL;
    opt_run *run = NULL;
    opt_stop stop;
    meka_status status = ad_program_create(&program, &objective, err);
    if (status == MEKA_OK)
        status = opt_run_create(&run, program, &source, &config, fixture_x0, err);
    if (status == MEKA_OK)
        status = opt_run_step(run, &stop, err);
    opt_run_destroy(run);
    ad_program_destroy(program);
    return status;
}

START_TEST(creating_a_run_survives_every_failed_allocation)
{
    for (size_t i = 0; opt_method_at(i); i++) {
        opt_config config = fixture_config(opt_method_at(i)->name, NULL);
        ck_assert_uint_ge(test_every_allocation(create_and_step, &config), 5);
    }
}
END_TEST

START_TEST(a_batch_that_is_too_small_is_refused)
{
    for (size_t i = 0; opt_method_at(i); i++) {
        const opt_method *method = opt_method_at(i);
        const ad_objective objective = fixture_objective();
        const meka_source source = fixture_source();
        opt_config config = fixture_config(method->name, NULL);
        ad_program *program = NULL;
        opt_run *run = NULL;
        meka_error err = {0};
        config.batch_size = 1;
        assert_ok(ad_program_create(&program, &objective, &err), err);
        if (method->min_batch > 1)
            assert_fails(opt_run_create(&run, program, &source, &config, fixture_x0, &err), err,
                         MEKA_ERR_INPUT, method->name);
        else
            assert_ok(opt_run_create(&run, program, &source, &config, fixture_x0, &err), err);
        opt_run_destroy(run);
        ad_program_destroy(program);
    }
}
END_TEST

TEST_MAIN("contract_methods", every_row_is_complete_and_has_a_name_of_its_own,
          options_read_back_as_they_are_written, the_first_preset_is_the_default,
          every_method_is_deterministic_and_depends_on_the_seed,
          every_method_comes_close_to_the_minimum_of_a_quadratic,
          a_schedule_at_zero_keeps_every_method_where_it_starts,
          a_non_finite_loss_ends_the_run_where_it_was, a_step_allocates_nothing,
          creating_a_run_survives_every_failed_allocation, a_batch_that_is_too_small_is_refused)
