/* What every row of the method registry promises. */
#include "optim/run.h"
#include "tests/optim_fixture.h"

#include <math.h>
#include <stdio.h>

/* f = log theta_0 + theta_1^2: NaN at the start. */
static ad_var record_nan(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    return ad_add(ad_log(theta[0]), ad_sqr(theta[1]));
}

/* Neither empty nor with a period at its end: it is shown as a part of a line. */
static bool is_phrase(const char *text)
{
    return text && text[0] && text[strlen(text) - 1] != '.';
}

START_TEST(every_row_is_complete_and_has_a_name_of_its_own)
{
    for (size_t i = 0; opt_method_at(i); i++) {
        const opt_method *method = opt_method_at(i), *found = NULL;
        meka_error err = {0};
        ck_assert_msg(method->name && method->reference && method->reference[0],
                      "row %zu has no name or no reference", i);
        ck_assert_msg(is_phrase(method->summary), "%s: summary", method->name);
        ck_assert(method->step && method->min_batch >= 1);
        assert_ok(opt_method_find(&found, method->name, &err), err);
        ck_assert_ptr_eq(found, method);
        for (size_t k = 0; k < method->options.n; k++) {
            const meka_option *option = &method->options.row[k];
            ck_assert(option->name && option->initial);
            ck_assert_msg(is_phrase(option->meaning), "%s: meaning of %s", method->name,
                          option->name);
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
        /* Steps that are all clipped to their sign may agree; the losses seen do not. */
        if (!opt_method_at(i)->full_batch)
            ck_assert(opt_run_row(run[0].run)->loss != opt_run_row(run[2].run)->loss);
        for (int k = 0; k < 3; k++)
            optim_fixture_clear(&run[k]);
    }
}
END_TEST

/* The gap after 500 steps, relative to the one at the start. */
static double remaining_gap(const opt_method *method, const char *settings,
                            opt_schedule schedule)
{
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    opt_config config = fixture_config(method->name, settings);
    config.track_exact = true;
    config.max_steps = 500;
    config.schedule = schedule;
    optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
    opt_stop stop = fixture_step(f.run);
    double start = opt_run_row(f.run)->exact_gap;
    ck_assert_double_gt(start, 10.0);
    while (stop == OPT_RUNNING)
        stop = fixture_step(f.run);
    double gap = stop == OPT_BUDGET ? opt_run_row(f.run)->exact_gap / start : INFINITY;
    optim_fixture_clear(&f);
    return gap;
}

static bool has_option(const opt_method *method, const char *name)
{
    for (size_t k = 0; k < method->options.n; k++)
        if (strcmp(method->options.row[k].name, name) == 0)
            return true;
    return false;
}

/* With its defaults; where they do not do, the best of four step sizes if it has one to set.
 * A method without, whose steps do not shrink by themselves where samples disagree about the
 * minimum, needs a schedule there. */
START_TEST(every_method_comes_close_to_the_minimum_of_a_quadratic)
{
    static const char *const sizes[] = {"alpha=1e-3", "alpha=1e-2", "alpha=0.1", "alpha=1"};
    const double bound = 5e-3;
    for (size_t i = 0; opt_method_at(i); i++) {
        const opt_method *method = opt_method_at(i);
        double gap = remaining_gap(method, NULL, OPT_SCHEDULE_CONSTANT);
        if (gap >= bound && !has_option(method, "alpha"))
            gap = remaining_gap(method, NULL, OPT_SCHEDULE_COSINE);
        for (size_t k = 0; k < 4 && gap >= bound && has_option(method, "alpha"); k++)
            gap = fmin(gap, remaining_gap(method, sizes[k], OPT_SCHEDULE_CONSTANT));
        ck_assert_msg(gap < bound, "%s ends at %g of its start", method->name, gap);
    }
}
END_TEST

/* The fixture's samples with a weight of NaN throughout step *ctx. */
static void draw_with_a_bad_batch(const void *ctx, uint64_t seed, uint64_t step, size_t n,
                                  double *xi)
{
    fixture_draw(NULL, seed, step, n, xi);
    for (size_t i = 0; i < n && step == *(const uint64_t *)ctx; i++)
        xi[i * (FIXTURE_D + 1) + FIXTURE_D] = NAN;
}

/* The same without that step. */
static void draw_around_it(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    fixture_draw(NULL, seed, step < *(const uint64_t *)ctx ? step : step + 1, n, xi);
}

START_TEST(a_batch_left_out_has_not_happened)
{
    for (size_t i = 0; opt_method_at(i); i++)
        for (uint64_t bad = 0; bad < 8 && !opt_method_at(i)->full_batch; bad += 3) {
            const ad_objective objective = fixture_objective();
            meka_source with = fixture_source(), without = fixture_source();
            opt_config config = fixture_config(opt_method_at(i)->name, NULL);
            with.draw = draw_with_a_bad_batch;
            without.draw = draw_around_it;
            with.ctx = without.ctx = &bad;
            config.max_skipped = 1;
            optim_fixture f = optim_fixture_make(&objective, &with, &config, fixture_x0);
            optim_fixture g = optim_fixture_make(&objective, &without, &config, fixture_x0);
            for (int t = 0; t < 20; t++) {
                ck_assert_int_eq(fixture_step(f.run), OPT_RUNNING);
                if (t != 19)
                    ck_assert_int_eq(fixture_step(g.run), OPT_RUNNING);
            }
            ck_assert_msg(memcmp(opt_run_theta(f.run), opt_run_theta(g.run),
                                 FIXTURE_D * sizeof(double)) == 0,
                          "%s, without batch %d", opt_method_at(i)->name, (int)bad);
            optim_fixture_clear(&f);
            optim_fixture_clear(&g);
        }
}
END_TEST

/* Rows but for the wall-clock time. */
static void assert_same_step(const char *name, int t, opt_run *whole, opt_run *part)
{
    opt_row a = *opt_run_row(whole), b = *opt_run_row(part);
    a.seconds = b.seconds = 0.0;
    ck_assert_msg(memcmp(&a, &b, sizeof a) == 0, "%s, step %d: the rows differ", name, t);
    ck_assert_msg(
        memcmp(opt_run_theta(whole), opt_run_theta(part), FIXTURE_D * sizeof(double)) == 0,
        "%s, step %d: theta differs", name, t);
}

START_TEST(every_method_continues_from_a_checkpoint_to_the_bit)
{
    static const int stretches[] = {1, 1, 2, 5, 12}; /* steps between two checkpoints */
    for (size_t i = 0; opt_method_at(i); i++) {
        const ad_objective objective = fixture_objective();
        const meka_source source = fixture_source();
        const char *name = opt_method_at(i)->name;
        const opt_config config = fixture_config(name, NULL);
        optim_fixture whole = optim_fixture_make(&objective, &source, &config, fixture_x0);
        int t = 0;
        for (size_t k = 0; k < sizeof stretches / sizeof stretches[0]; k++) {
            meka_error err = {0};
            optim_fixture part = optim_fixture_make(&objective, &source, &config, fixture_x0);
            if (k > 0)
                assert_ok(opt_run_load(part.run, test_path("run.ck"), &err), err);
            for (int s = 0; s < stretches[k]; s++, t++) {
                fixture_step(whole.run);
                fixture_step(part.run);
                assert_same_step(name, t, whole.run, part.run);
            }
            assert_ok(opt_run_save(part.run, test_path("run.ck"), &err), err);
            optim_fixture_clear(&part);
        }
        optim_fixture_clear(&whole);
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

/* The fixture's objective with w = exp(log w): NaN where w < 0. */
static ad_var record_log(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var sample[FIXTURE_D + 1];
    memcpy(sample, xi, sizeof sample);
    sample[FIXTURE_D] = ad_exp(ad_log(xi[FIXTURE_D]));
    return fixture_record(tape, theta, sample, ctx);
}

/* The fixture's samples; one of step BAD_STEP has w < 0. */
enum { BAD_STEP = 7 };
static void draw_bad(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    fixture_draw(ctx, seed, step, n, xi);
    if (step == BAD_STEP)
        xi[n / 2 * (FIXTURE_D + 1) + FIXTURE_D] *= -1.0;
}

/* The run that has just met the bad batch is where it was before. */
static void meet_bad_batch(opt_run *run)
{
    size_t bytes = run->n_state * sizeof *run->state;
    double theta[FIXTURE_D], estimate[FIXTURE_D], *state = malloc(bytes + 1);
    memcpy(theta, run->theta, sizeof theta);
    memcpy(estimate, run->estimate, sizeof estimate);
    memcpy(state, run->state, bytes);
    ck_assert_int_eq(fixture_step(run), OPT_NONFINITE);
    ck_assert_mem_eq(run->theta, theta, sizeof theta);
    ck_assert_mem_eq(run->estimate, estimate, sizeof estimate);
    if (bytes)
        ck_assert_mem_eq(run->state, state, bytes);
    ck_assert_double_eq(run->row.step, BAD_STEP - 1);
    ck_assert_msg(strstr(run->reason.text, "log") != NULL, "%s", run->reason.text);
    free(state);
}

START_TEST(a_bad_batch_leaves_theta_and_state_alone_and_gives_the_reason)
{
    for (size_t i = 0; opt_method_at(i); i++) {
        double population[FIXTURE_D + 1];
        memcpy(population, fixture_mean, sizeof population);
        ad_objective objective = fixture_objective();
        objective.record = record_log;
        meka_source source = fixture_source();
        source.draw = draw_bad;
        source.population = population;
        opt_config config = fixture_config(opt_method_at(i)->name, NULL);
        optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
        for (int t = 0; t < BAD_STEP; t++)
            ck_assert_int_eq(fixture_step(f.run), OPT_RUNNING);
        if (opt_method_at(i)->full_batch) /* draws nothing: its batch goes bad */
            population[FIXTURE_D] = -1.0;
        meet_bad_batch(f.run);
        optim_fixture_clear(&f);
    }
}
END_TEST

/* 1e160 theta_0^2: its gradient has no square. */
static ad_var record_steep(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                           const void *ctx)
{
    return ad_mul(1e160, ad_sqr(theta[0]));
}

START_TEST(a_gradient_without_a_square_moves_theta_or_ends_the_run)
{
    for (size_t i = 0; opt_method_at(i); i++) {
        const double x0[1] = {1.0};
        const ad_objective objective = {
            .name = "steep", .n_params = 1, .record = record_steep, .x0 = x0};
        const meka_source source = meka_source_none();
        opt_config config = fixture_config(opt_method_at(i)->name, NULL);
        optim_fixture f = optim_fixture_make(&objective, &source, &config, x0);
        opt_stop stop = OPT_RUNNING;
        for (int t = 0; t < 5 && stop == OPT_RUNNING; t++)
            stop = fixture_step(f.run);
        ck_assert_msg(stop == OPT_NONFINITE || opt_run_theta(f.run)[0] != x0[0],
                      "%s stands still without a word", opt_method_at(i)->name);
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
          every_method_continues_from_a_checkpoint_to_the_bit,
          a_batch_left_out_has_not_happened,
          a_schedule_at_zero_keeps_every_method_where_it_starts,
          a_non_finite_loss_ends_the_run_where_it_was,
          a_bad_batch_leaves_theta_and_state_alone_and_gives_the_reason,
          a_gradient_without_a_square_moves_theta_or_ends_the_run, a_step_allocates_nothing,
          creating_a_run_survives_every_failed_allocation, a_batch_that_is_too_small_is_refused)
