#include "tests/optim_fixture.h"

#include <stdio.h>

/* f = 0.5 (theta - xi)^2 with xi = 1, 3 for ever: every number of the log is exact. */
static ad_var record_half_square(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                                 const void *ctx)
{
    return ad_mul(0.5, ad_sqr(ad_sub(theta[0], xi[0])));
}

static void draw_one_three(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    for (size_t i = 0; i < n; i++)
        xi[i] = i % 2 ? 3.0 : 1.0;
}

static optim_fixture exact_run(const char *method, const char *settings)
{
    static const double population[] = {2.0};
    const ad_objective objective = {
        .name = "half square", .n_params = 1, .n_features = 1, .record = record_half_square};
    const meka_source source = {1, draw_one_three, NULL, population, 1};
    const double x0 = 6.0;
    opt_config config = fixture_config(method, settings);
    config.batch_size = 2;
    config.seed = 5;
    config.max_steps = 2;
    config.track_exact = true;
    return optim_fixture_make(&objective, &source, &config, &x0);
}

/* Writes a whole log of a run. */
static void write_log(const char *path, opt_run *run)
{
    static const char *const header[] = {"problem: half square", "command: test"};
    meka_error err = {0};
    opt_log *log = NULL;
    assert_ok(opt_log_open(&log, path, run, header, 2, &err), err);
    opt_stop stop = OPT_RUNNING;
    while (stop == OPT_RUNNING) {
        stop = fixture_step(run);
        assert_ok(opt_log_write(log, opt_run_row(run), &err), err);
    }
    opt_result result;
    opt_run_result(run, &result);
    char *unfinished = test_read(path);
    ck_assert_ptr_null(unfinished);
    assert_ok(opt_log_close(log, &result, &err), err);
}

/* Replaces the value of column `seconds` by "-" in every row. */
static void hide_seconds(char *text)
{
    for (char *line = text; line && *line;
         line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        if (*line < '0' || *line > '9')
            continue;
        char *field = line;
        for (int k = 0; k < 5; k++)
            field = strchr(field, '\t') + 1;
        size_t n = strcspn(field, "\t");
        field[0] = '-';
        memmove(field + 1, field + n, strlen(field + n) + 1);
    }
}

START_TEST(the_log_of_a_known_run_is_this_text)
{
    optim_fixture f = exact_run("sgd", "alpha=0.5");
    const char *path = test_path("run.tsv");
    write_log(path, f.run);
    char *text = test_read(path);
    ck_assert_ptr_nonnull(text);
    hide_seconds(text);
    static const char expected[] =
        "# meka log: 1\n"
        "# version: " MEKA_VERSION "\n"
        "# not deterministic: seconds\n"
        "# problem: half square\n"
        "# command: test\n"
        "# method: sgd\n"
        "# option alpha: 0.5\n"
        "# option rule: fixed\n"
        "# parameters: 1\n"
        "# seed: 5\n"
        "# batch: 2\n"
        "# max steps: 2\n"
        "step\tsamples\tgradients\thvps\tline_passes\tseconds\tloss\tloss_filtered\tloss_sd\t"
        "grad_norm\tfiltered_norm\tp\tsigma\tq\tgain\tslope\tcalibration\tcurvature\tthird\t"
        "direction_p\tdirection_q\talpha\texact_gap\tfilter_error\tsample_error\n"
        "0\t2\t2\t0\t0\t-\t8.5\tNaN\tNaN\t4\t4\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN\t"
        "NaN\t0.5\t8\t0\t0\n"
        "1\t4\t4\t0\t0\t-\t2.5\tNaN\tNaN\t2\t2\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN\t"
        "NaN\t0.5\t2\t0\t0\n"
        "# stop: budget spent\n";
    ck_assert_str_eq(text, expected);
    free(text);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(every_option_of_the_method_is_in_the_header)
{
    optim_fixture f = exact_run("meka", "preset=paper cap=0.5");
    const char *path = test_path("run.tsv");
    write_log(path, f.run);
    char *text = test_read(path), wanted[200];
    const opt_method *method = opt_run_method(f.run);
    for (size_t k = 0; k < method->options.n; k++) {
        int n = snprintf(wanted, sizeof wanted, "\n# option %s: ", method->options.row[k].name);
        meka_options_format(&method->options.row[k], opt_run_params(f.run), wanted + n,
                            sizeof wanted - (size_t)n);
        ck_assert_msg(strstr(text, wanted) != NULL, "no%s", wanted);
    }
    ck_assert_ptr_nonnull(strstr(text, "# option preset: paper\n"));
    ck_assert_ptr_nonnull(strstr(text, "# option cap: 0.5\n"));
    free(text);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(an_abandoned_log_leaves_nothing)
{
    optim_fixture f = exact_run("sgd", NULL);
    const char *path = test_path("run.tsv");
    opt_log *log = NULL;
    meka_error err = {0};
    assert_ok(opt_log_open(&log, path, f.run, NULL, 0, &err), err);
    fixture_step(f.run);
    assert_ok(opt_log_write(log, opt_run_row(f.run), &err), err);
    opt_log_abandon(log);
    opt_log_abandon(NULL);
    ck_assert_ptr_null(test_read(path));
    ck_assert_ptr_null(test_read(test_path("run.tsv.part")));
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(a_log_that_cannot_be_opened_says_why)
{
    optim_fixture f = exact_run("sgd", NULL);
    static const char *const header[] = {"problem: two\nlines"};
    opt_log *log = NULL;
    meka_error err = {0};
    assert_fails(opt_log_open(&log, test_path("none/run.tsv"), f.run, NULL, 0, &err), err,
                 MEKA_ERR_IO, "run.tsv");
    assert_fails(opt_log_open(&log, test_path("run.tsv"), f.run, header, 1, &err), err,
                 MEKA_ERR_INPUT, "line break");
    ck_assert_ptr_null(log);
    optim_fixture_clear(&f);
}
END_TEST

typedef struct opening {
    const opt_run *run;
    char path[400];
} opening;

static meka_status open_log(void *ctx, meka_error *err)
{
    const opening *o = ctx;
    opt_log *log = NULL;
    meka_status status = opt_log_open(&log, o->path, o->run, NULL, 0, err);
    if (status == MEKA_OK)
        opt_log_abandon(log);
    return status;
}

START_TEST(opening_a_log_survives_every_failed_allocation)
{
    optim_fixture f = exact_run("sgd", NULL);
    opening o = {.run = f.run};
    snprintf(o.path, sizeof o.path, "%s", test_path("memory.tsv"));
    ck_assert_uint_ge(test_every_allocation(open_log, &o), 2);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(columns_cover_every_number_of_a_row)
{
    size_t n = 0;
    bool seen[sizeof(opt_row) / sizeof(double)] = {false};
    for (; opt_column_at(n); n++) {
        ck_assert(opt_column_at(n)->name && opt_column_at(n)->meaning);
        seen[opt_column_at(n)->offset / sizeof(double)] = true;
    }
    ck_assert_uint_eq(n, sizeof(opt_row) / sizeof(double));
    for (size_t i = 0; i < n; i++)
        ck_assert(seen[i]);
}
END_TEST

START_TEST(a_reason_is_one_line_and_infinities_are_readable)
{
    optim_fixture f = exact_run("sgd", NULL);
    const char *path = test_path("run.tsv");
    opt_log *log = NULL;
    meka_error err = {0};
    opt_row row = {.loss = INFINITY, .p = -INFINITY};
    opt_result result = {.stop = OPT_NONFINITE, .reason.text = "log\nof zero"};
    assert_ok(opt_log_open(&log, path, f.run, NULL, 0, &err), err);
    assert_ok(opt_log_write(log, &row, &err), err);
    assert_ok(opt_log_close(log, &result, &err), err);
    char *text = test_read(path);
    ck_assert_ptr_nonnull(strstr(text, "\tInf\t"));
    ck_assert_ptr_nonnull(strstr(text, "\t-Inf\t"));
    ck_assert_ptr_nonnull(strstr(text, "\n# stop: non-finite: log of zero\n"));
    free(text);
    optim_fixture_clear(&f);
}
END_TEST

TEST_MAIN("log", the_log_of_a_known_run_is_this_text,
          every_option_of_the_method_is_in_the_header, an_abandoned_log_leaves_nothing,
          a_log_that_cannot_be_opened_says_why, opening_a_log_survives_every_failed_allocation,
          columns_cover_every_number_of_a_row, a_reason_is_one_line_and_infinities_are_readable)
