/* Saving and loading runs; that every method continues to the bit is in contract_methods.c. */
#include "tests/optim_fixture.h"

#include <stdio.h>

static const ad_objective *objective(void)
{
    static _Thread_local ad_objective o;
    o = fixture_objective();
    return &o;
}

static optim_fixture make(const opt_config *config)
{
    const meka_source source = fixture_source();
    return optim_fixture_make(objective(), &source, config, fixture_x0);
}

static opt_config usual(void)
{
    opt_config config = fixture_config("meka", NULL);
    config.max_steps = 40;
    config.average = OPT_AVERAGE_UNIFORM;
    config.track_exact = true;
    return config;
}

/* A checkpoint of a run after n steps; the path. */
static const char *saved_after(const opt_config *config, int n)
{
    meka_error err = {0};
    const char *path = test_path("run.ck");
    optim_fixture f = make(config);
    for (int t = 0; t < n; t++)
        fixture_step(f.run);
    assert_ok(opt_run_save(f.run, path, &err), err);
    optim_fixture_clear(&f);
    return path;
}

/* Loading is refused in words, and the run is as it was. */
static void assert_not_loaded(const opt_config *config, const char *path, meka_status status,
                              const char *words)
{
    meka_error err = {0};
    optim_fixture f = make(config), untouched = make(config);
    assert_fails(opt_run_load(f.run, path, &err), err, status, words);
    for (int t = 0; t < 3; t++) {
        fixture_step(f.run);
        fixture_step(untouched.run);
    }
    ck_assert_mem_eq(opt_run_theta(f.run), opt_run_theta(untouched.run),
                     FIXTURE_D * sizeof(double));
    optim_fixture_clear(&f);
    optim_fixture_clear(&untouched);
}

START_TEST(results_average_and_best_are_those_of_the_whole_run)
{
    opt_config config = usual();
    meka_error err = {0};
    optim_fixture whole = make(&config), part = make(&config);
    assert_ok(opt_run_load(part.run, saved_after(&config, 17), &err), err);
    while (fixture_step(whole.run) == OPT_RUNNING)
        ;
    while (fixture_step(part.run) == OPT_RUNNING)
        ;
    opt_result a, b;
    opt_run_result(whole.run, &a);
    opt_run_result(part.run, &b);
    ck_assert_int_eq(b.stop, OPT_BUDGET);
    ck_assert_uint_eq(b.n_steps, 40);
    ck_assert_double_eq(a.best_loss, b.best_loss);
    ck_assert_uint_eq(a.best_step, b.best_step);
    ck_assert_mem_eq(&a.ledger, &b.ledger, sizeof a.ledger);
    size_t bytes = FIXTURE_D * sizeof(double);
    ck_assert_mem_eq(opt_run_best(whole.run), opt_run_best(part.run), bytes);
    ck_assert_mem_eq(opt_run_average(whole.run), opt_run_average(part.run), bytes);
    ck_assert_double_gt(b.last.seconds, 0.0);
    optim_fixture_clear(&whole);
    optim_fixture_clear(&part);
}
END_TEST

START_TEST(a_run_that_ended_goes_on_with_a_larger_limit_and_its_old_horizon)
{
    opt_config config = usual(), longer = usual();
    config.schedule = longer.schedule = OPT_SCHEDULE_COSINE;
    longer.max_steps = 60;
    meka_error err = {0};
    const char *path = saved_after(&config, 40);
    optim_fixture same = make(&config), f = make(&longer);
    assert_ok(opt_run_load(same.run, path, &err), err);
    ck_assert_int_eq(fixture_step(same.run), OPT_BUDGET);
    assert_ok(opt_run_load(f.run, path, &err), err);
    double theta[FIXTURE_D];
    memcpy(theta, opt_run_theta(f.run), sizeof theta);
    int steps = 0;
    for (opt_stop stop = OPT_RUNNING; stop == OPT_RUNNING; steps++)
        stop = fixture_step(f.run);
    ck_assert_int_eq(steps, 20);
    /* The schedule has reached 0 after 40 steps. */
    ck_assert_mem_eq(opt_run_theta(f.run), theta, sizeof theta);
    optim_fixture_clear(&same);
    optim_fixture_clear(&f);
}
END_TEST

/* The fixture's samples, but none that can be used from step LOST on. */
enum { LOST = 9 };
static void draw_until_lost(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    fixture_draw(ctx, seed, step, n, xi);
    if (step >= LOST)
        xi[FIXTURE_D] = NAN;
}

START_TEST(a_failed_step_of_a_loaded_run_goes_back_to_what_was_loaded)
{
    opt_config config = usual();
    meka_error err = {0};
    meka_source source = fixture_source();
    source.draw = draw_until_lost;
    const char *path = saved_after(&config, LOST);
    optim_fixture f = optim_fixture_make(objective(), &source, &config, fixture_x0);
    double theta[FIXTURE_D];
    assert_ok(opt_run_load(f.run, path, &err), err);
    memcpy(theta, opt_run_theta(f.run), sizeof theta);
    ck_assert_mem_ne(theta, fixture_x0, sizeof theta);
    ck_assert_int_eq(fixture_step(f.run), OPT_NONFINITE);
    ck_assert_mem_eq(opt_run_theta(f.run), theta, sizeof theta);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(a_run_that_met_something_not_finite_stays_ended)
{
    opt_config config = fixture_config("sgd", "alpha=1e300");
    meka_error err = {0};
    optim_fixture f = make(&config), g = make(&config);
    while (fixture_step(f.run) == OPT_RUNNING)
        ;
    assert_ok(opt_run_save(f.run, test_path("run.ck"), &err), err);
    assert_ok(opt_run_load(g.run, test_path("run.ck"), &err), err);
    ck_assert_int_eq(fixture_step(g.run), OPT_NONFINITE);
    opt_result a, b;
    opt_run_result(f.run, &a);
    opt_run_result(g.run, &b);
    ck_assert_str_ne(a.reason.text, "");
    ck_assert_str_eq(a.reason.text, b.reason.text);
    optim_fixture_clear(&f);
    optim_fixture_clear(&g);
}
END_TEST

START_TEST(a_checkpoint_of_another_run_is_refused_with_what_differs)
{
    opt_config config = usual(), other = config;
    static const char *const about[] = {"problem: another"};
    const char *path = saved_after(&config, 5);
    other.settings = "cap=2";
    assert_not_loaded(&other, path, MEKA_ERR_INPUT,
                      "it has 'option cap: inf', this run 'option cap: 2'");
    other = config;
    other.batch_size = 9;
    assert_not_loaded(&other, path, MEKA_ERR_INPUT, "'batch: 8', this run 'batch: 9'");
    other = config;
    other.seed = 3;
    assert_not_loaded(&other, path, MEKA_ERR_INPUT, "'seed: 1', this run 'seed: 3'");
    other = config;
    other.about = about;
    other.n_about = 1;
    assert_not_loaded(&other, path, MEKA_ERR_INPUT, "this run 'problem: another'");
    other = fixture_config("adameka", NULL);
    assert_not_loaded(&other, path, MEKA_ERR_INPUT, "this run 'method: adameka'");
}
END_TEST

/* The same names and samples, another function. */
static ad_var record_another(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                             const void *ctx)
{
    return ad_add(fixture_record(tape, theta, xi, ctx), ad_sqr(theta[0]));
}

START_TEST(another_objective_or_start_is_noticed)
{
    opt_config config = usual();
    const char *path = saved_after(&config, 5);
    meka_error err = {0};
    const meka_source source = fixture_source();
    ad_objective changed = fixture_objective();
    changed.record = record_another;
    optim_fixture f = optim_fixture_make(&changed, &source, &config, fixture_x0);
    assert_fails(opt_run_load(f.run, path, &err), err, MEKA_ERR_INPUT, "of another objective");
    optim_fixture_clear(&f);
    const double x0[FIXTURE_D] = {4.0, -3.0, 2.25};
    f = optim_fixture_make(objective(), &source, &config, x0);
    assert_fails(opt_run_load(f.run, path, &err), err, MEKA_ERR_INPUT, "start: checksum");
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(no_damaged_file_is_loaded)
{
    opt_config config = usual();
    const char *path = saved_after(&config, 5);
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    static char bytes[16384];
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    ck_assert(size > 1000 && size < sizeof bytes);
    optim_fixture f = make(&config);
    for (size_t n = 0; n <= size; n++) {
        meka_error err = {0};
        char kept = n < size ? bytes[n] : 0;
        /* Cut before byte n, or with byte n changed, or one too many. */
        for (int kind = 0; kind < 2; kind++) {
            if (kind && n < size)
                bytes[n] = (char)(kept ^ 0x10);
            file = fopen(test_path("bad.ck"), "wb");
            fwrite(bytes, 1, kind ? size : n, file);
            if (n == size)
                fputc('\n', file);
            fclose(file);
            bytes[n] = n < size ? kept : bytes[n];
            ck_assert_msg(opt_run_load(f.run, test_path("bad.ck"), &err) == MEKA_ERR_INPUT,
                          "byte %zu, %s", n, kind ? "changed" : "cut");
        }
    }
    fixture_step(f.run);
    ck_assert_double_eq(opt_run_row(f.run)->step, 0.0);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(files_that_are_none_or_cannot_be_written_are_named)
{
    opt_config config = usual();
    meka_error err = {0};
    assert_not_loaded(&config, test_path("none.ck"), MEKA_ERR_IO, "none.ck");
    assert_not_loaded(&config, test_write("text.ck", "step\tloss\n0\t1\n"), MEKA_ERR_INPUT,
                      "text.ck' is not a checkpoint");
    assert_not_loaded(&config, test_write("old.ck", "meka checkpoint: 1\nversion: 0.1.0\n"),
                      MEKA_ERR_INPUT, "it has 'meka checkpoint: 1'");
    optim_fixture f = make(&config);
    assert_fails(opt_run_save(f.run, test_path("none/run.ck"), &err), err, MEKA_ERR_IO,
                 "run.ck");
    optim_fixture_clear(&f);
}
END_TEST

typedef struct saving {
    opt_run *run;
    const char *path;
} saving;

static meka_status save_and_load(void *ctx, meka_error *err)
{
    const saving *s = ctx;
    meka_status status = opt_run_save(s->run, s->path, err);
    return status == MEKA_OK ? opt_run_load(s->run, s->path, err) : status;
}

START_TEST(saving_and_loading_survive_every_failed_allocation)
{
    opt_config config = usual();
    optim_fixture f = make(&config);
    fixture_step(f.run);
    saving s = {f.run, test_path("memory.ck")};
    ck_assert_uint_ge(test_every_allocation(save_and_load, &s), 3);
    optim_fixture_clear(&f);
}
END_TEST

TEST_MAIN("checkpoint", results_average_and_best_are_those_of_the_whole_run,
          a_run_that_ended_goes_on_with_a_larger_limit_and_its_old_horizon,
          a_failed_step_of_a_loaded_run_goes_back_to_what_was_loaded,
          a_run_that_met_something_not_finite_stays_ended,
          a_checkpoint_of_another_run_is_refused_with_what_differs,
          another_objective_or_start_is_noticed, no_damaged_file_is_loaded,
          files_that_are_none_or_cannot_be_written_are_named,
          saving_and_loading_survive_every_failed_allocation)
