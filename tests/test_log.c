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
    static const char *const about[] = {"problem: half square", "command: test"};
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
    config.average = OPT_AVERAGE_UNIFORM;
    config.about = about;
    config.n_about = 2;
    return optim_fixture_make(&objective, &source, &config, &x0);
}

/* Writes a whole log of a run. */
static void write_log(const char *path, opt_run *run)
{
    meka_error err = {0};
    opt_log *log = NULL;
    assert_ok(opt_log_open(&log, path, run, &err), err);
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
        for (int k = 0; k < 6; k++)
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
        "# not deterministic: seconds\n"
        "# version: " MEKA_VERSION "\n"
        "# problem: half square\n"
        "# command: test\n"
        "# method: sgd\n"
        "# option alpha: 0.5\n"
        "# option rule: fixed\n"
        "# parameters: 1\n"
        "# known minimum: nan\n"
        "# exact columns: yes\n"
        "# seed: 5\n"
        "# batch: 2\n"
        "# schedule: constant\n"
        "# warmup: 0\n"
        "# horizon: 0\n"
        "# average: uniform\n"
        "# average-ema: 0.999\n"
        "# average-from: 0\n"
        "# skip: 0\n"
        "# test-every: 0\n"
        "# steps: 2\n"
        "# max-samples: 0\n"
        "# max-gradients: 0\n"
        "# max-seconds: inf\n"
        "# target: -inf\n"
        "# grad-tol: 0\n"
        "# diverge: 0\n"
        "# stall: 0\n"
        "# start: checksum 91e506a0\n"
        "# samples: checksum b37a0357\n"
        "step\tsamples\tforwards\tgradients\thvps\tline_passes\tseconds\tloss\tloss_predicted\t"
        "loss_filtered\tloss_sd\tgrad_norm\tfiltered_norm\tinnovation\tp\tsigma\tq\tgain\t"
        "direction_norm\tslope\tcalibration\tcurvature\tthird\tdirection_p\tdirection_q\t"
        "schedule\talpha\texact_gap\taverage_gap\ttest_loss\ttest_"
        "score\t"
        "filter_error\tsample_error\n"
        "0\t2\t2\t2\t0\t0\t-\t8."
        "5\tNaN\tNaN\tNaN\t4\t4\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN\t"
        "NaN\tNaN\tNaN\tNaN\t1\t0.5\t8\t8\tNaN\tNaN\t0\t0\n"
        "1\t4\t4\t4\t0\t0\t-\t2."
        "5\tNaN\tNaN\tNaN\t2\t2\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN\t"
        "NaN\tNaN\tNaN\tNaN\t1\t0.5\t2\t2\tNaN\tNaN\t0\t0\n"
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
    assert_ok(opt_log_open(&log, path, f.run, &err), err);
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
    opt_log *log = NULL;
    meka_error err = {0};
    assert_fails(opt_log_open(&log, test_path("none/run.tsv"), f.run, &err), err, MEKA_ERR_IO,
                 "run.tsv");
    assert_fails(opt_log_open(&log, "/dev/null", f.run, &err), err, MEKA_ERR_IO,
                 "'/dev/null': it is not a regular file");
    assert_fails(opt_log_open(&log, test_path(""), f.run, &err), err, MEKA_ERR_IO,
                 "not a regular file");
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
    meka_status status = opt_log_open(&log, o->path, o->run, err);
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

/* A run of 2 steps, the first of them in an earlier process: logged, saved, loaded. */
static optim_fixture continued(void)
{
    meka_error err = {0};
    optim_fixture f = exact_run("sgd", NULL), g = exact_run("sgd", NULL);
    fixture_step(f.run);
    assert_ok(opt_run_save(f.run, test_path("run.ck"), &err), err);
    assert_ok(opt_run_load(g.run, test_path("run.ck"), &err), err);
    optim_fixture_clear(&f);
    return g;
}

/* The log of the uninterrupted run without its seconds; to be freed. */
static char *whole_log(void)
{
    optim_fixture f = exact_run("sgd", NULL);
    write_log(test_path("whole.tsv"), f.run);
    optim_fixture_clear(&f);
    char *text = test_read(test_path("whole.tsv"));
    hide_seconds(text);
    return text;
}

/* Rows that a killed process has left under each of the names that it may have had. */
START_TEST(a_continued_log_is_that_of_the_uninterrupted_run)
{
    char *expected = whole_log();
    static const char *const endings[] = {"", ".part", ".before"};
    for (size_t i = 0; i < 3; i++) {
        char name[64];
        meka_error err = {0};
        opt_log *log = NULL;
        opt_result result;
        snprintf(name, sizeof name, "run%zu.tsv", i);
        const char *path = test_path(name);
        snprintf(name, sizeof name, "run%zu.tsv%s", i, endings[i]);
        test_write(name, expected); /* both rows and the last line: too much */
        if (i == 2)
            test_write("run2.tsv.part", "# meka log: 1\n"); /* and a continuation cut off */
        optim_fixture f = continued();
        assert_ok(opt_log_open(&log, path, f.run, &err), err);
        ck_assert_int_eq(fixture_step(f.run), OPT_BUDGET);
        assert_ok(opt_log_write(log, opt_run_row(f.run), &err), err);
        opt_run_result(f.run, &result);
        assert_ok(opt_log_close(log, &result, &err), err);
        char *text = test_read(path);
        hide_seconds(text);
        ck_assert_str_eq(text, expected);
        ck_assert_ptr_null(test_read(test_path("run2.tsv.before")));
        free(text);
        optim_fixture_clear(&f);
    }
    free(expected);
}
END_TEST

START_TEST(a_log_without_the_earlier_rows_is_not_continued)
{
    char *whole = whole_log();
    optim_fixture f = continued();
    meka_error err = {0};
    opt_log *log = NULL;
    assert_fails(opt_log_open(&log, test_path("none.tsv"), f.run, &err), err, MEKA_ERR_INPUT,
                 "none.tsv");
    char *row = strstr(whole, "\n0\t");
    ck_assert_ptr_nonnull(row);
    row[12] = '\0'; /* in the middle of the row */
    assert_fails(opt_log_open(&log,
                              test_write("run.tsv.part", whole) ? test_path("run.tsv") : "",
                              f.run, &err),
                 err, MEKA_ERR_INPUT, "holds 0 of the 1 steps");
    char *kept = test_read(test_path("run.tsv.part"));
    ck_assert_ptr_nonnull(kept); /* still there */
    free(kept);
    memcpy(strstr(whole, "# batch: 2"), "# batch: 3", 10);
    test_write("other.tsv", whole);
    assert_fails(opt_log_open(&log, test_path("other.tsv"), f.run, &err), err, MEKA_ERR_INPUT,
                 "it has '# batch: 3', this run '# batch: 2'");
    ck_assert_ptr_null(log);
    free(whole);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(batches_left_out_have_a_line_of_their_own)
{
    optim_fixture f = exact_run("sgd", NULL);
    const char *path = test_path("run.tsv");
    opt_log *log = NULL;
    meka_error err = {0};
    opt_result result = {
        .stop = OPT_BUDGET, .n_skipped = 2, .reason.text = "log of zero", .test = {NAN, NAN}};
    assert_ok(opt_log_open(&log, path, f.run, &err), err);
    assert_ok(opt_log_close(log, &result, &err), err);
    char *text = test_read(path);
    ck_assert_ptr_nonnull(
        strstr(text, "\n# batches left out: 2: log of zero\n# stop: budget spent\n"));
    free(text);
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
    opt_result result = {
        .stop = OPT_NONFINITE, .reason.text = "log\nof zero", .test = {0.5, 0.75}};
    assert_ok(opt_log_open(&log, path, f.run, &err), err);
    assert_ok(opt_log_write(log, &row, &err), err);
    assert_ok(opt_log_close(log, &result, &err), err);
    char *text = test_read(path);
    ck_assert_ptr_nonnull(strstr(text, "\tInf\t"));
    ck_assert_ptr_nonnull(strstr(text, "\t-Inf\t"));
    ck_assert_ptr_nonnull(strstr(text, "\n# test at the end: loss 0.5, score 0.75\n"
                                       "# stop: non-finite: log of zero\n"));
    free(text);
    optim_fixture_clear(&f);
}
END_TEST

TEST_MAIN("log", the_log_of_a_known_run_is_this_text,
          every_option_of_the_method_is_in_the_header, an_abandoned_log_leaves_nothing,
          a_log_that_cannot_be_opened_says_why,
          a_continued_log_is_that_of_the_uninterrupted_run,
          a_log_without_the_earlier_rows_is_not_continued,
          opening_a_log_survives_every_failed_allocation,
          batches_left_out_have_a_line_of_their_own, columns_cover_every_number_of_a_row,
          a_reason_is_one_line_and_infinities_are_readable)
