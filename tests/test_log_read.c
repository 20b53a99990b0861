#include "optim/log_read.h"
#include "tests/optim_fixture.h"

#include <stdio.h>
#include <unistd.h>

/* The log of five steps; to be freed. */
static char *five_steps(const char *path)
{
    static const char *const about[] = {"problem: weighted quadratic", "command: test"};
    meka_error err = {0};
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    opt_config config = fixture_config("meka", "cap=0.25");
    config.max_steps = 5;
    config.about = about;
    config.n_about = 2;
    optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
    opt_log *log = NULL;
    opt_result result;
    assert_ok(opt_log_open(&log, path, f.run, &err), err);
    for (int t = 0; t < 5; t++) {
        fixture_step(f.run);
        assert_ok(opt_log_write(log, opt_run_row(f.run), &err), err);
    }
    opt_run_result(f.run, &result);
    assert_ok(opt_log_close(log, &result, &err), err);
    optim_fixture_clear(&f);
    return test_read(path);
}

/* Reads all of it; *n rows. */
static meka_status read_all(const char *path, size_t *n, opt_row *last, meka_error *err)
{
    opt_log_reader reader;
    meka_status status = opt_log_reader_open(&reader, path, err);
    if (status != MEKA_OK)
        return status;
    bool more = true;
    for (*n = 0; status == MEKA_OK; ++*n) {
        status = opt_log_reader_next(&reader, *n, last, &more, err);
        if (!more)
            break;
    }
    opt_log_reader_close(&reader);
    return status;
}

START_TEST(what_was_written_is_read_to_the_bit)
{
    meka_error err = {0};
    opt_log_reader reader;
    size_t n;
    const char *path = test_path("run.tsv");
    char *text = five_steps(path);
    assert_ok(opt_log_reader_open(&reader, path, &err), err);
    ck_assert_str_eq(reader.method->name, "meka");
    ck_assert_uint_eq(reader.n_parameters, FIXTURE_D);
    const char *problem = opt_log_reader_find(&reader, "problem", &n);
    ck_assert_uint_eq(n, strlen("weighted quadratic"));
    ck_assert_int_eq(strncmp(problem, "weighted quadratic\n", n + 1), 0);
    ck_assert_ptr_null(opt_log_reader_find(&reader, "proble", &n));
    /* Every number again as text: the lines are those of the file. */
    const char *line = strstr(text, "\nstep\t") + 1;
    for (uint64_t t = 0;; t++) {
        opt_row row;
        bool more;
        line = strchr(line, '\n') + 1;
        assert_ok(opt_log_reader_next(&reader, t, &row, &more, &err), err);
        if (!more) {
            ck_assert_uint_eq(t, 5);
            ck_assert_int_eq(*line, '#');
            break;
        }
        const char *field = line;
        for (size_t i = 0; opt_column_at(i); i++) {
            double value = *(const double *)((const char *)&row + opt_column_at(i)->offset);
            char *end;
            double written = strtod(field, &end);
            ck_assert(value == written || (isnan(value) && isnan(written)));
            field = end + 1;
        }
    }
    opt_log_reader_close(&reader);
    opt_log_reader_close(&reader);
    free(text);
}
END_TEST

/* The log with its first `from` replaced by `to`. */
static const char *altered(const char *text, const char *from, const char *to)
{
    const char *place = strstr(text, from);
    ck_assert_msg(place, "no '%s' in the log", from);
    size_t size = strlen(text) + strlen(to) + 1;
    char *copy = malloc(size);
    snprintf(copy, size, "%.*s%s%s", (int)(place - text), text, to, place + strlen(from));
    const char *path = test_write("altered.tsv", copy);
    free(copy);
    return path;
}

START_TEST(what_is_wrong_with_a_log_is_said_with_its_line)
{
    static const struct {
        const char *from, *to, *said;
    } damages[] = {
        {"# meka log: 1", "# meka log: 2", "another version, 'meka log: 2'"},
        {"# meka log: 1", "step,loss", "is not a log of meka"},
        {"# method: meka\n", "", "'# method: ...'"},
        {"# method: meka\n", "# method: mekka\n", "mekka"},
        {"# option cap: 0.25\n", "", "'# option cap: ...'"},
        {"# option cap: 0.25\n", "# option cap: much\n", "'much'"},
        {"# parameters: 3\n", "# parameters: 0\n", "parameters: 0"},
        {"\tloss_filtered\t", "\tloss_filtred\t", "no column 'loss_filtered'"},
        {"\tloss_filtered\t", "\tloss\t", "column loss is there twice"},
        {"\n1\t16", "\n2\t16", ":44: this should be the row of step 1, but it says 2"},
        {"\n1\t16", "\n1\tx16", ":44: column 2: 'x16' is not a number"},
        {"\n1\t16", "\n1\t", ":44: column 2: '' is not a number"},
        {"\n1\t16\t", "\n1\t", ":44: the row has fewer numbers"},
        {"\n1\t16\t", "\n1\t16\t16\t", ":44: the row has more numbers"},
    };
    meka_error err = {0};
    opt_row row;
    size_t n, line = 1;
    char *text = five_steps(test_path("run.tsv"));
    for (const char *c = text; c < strstr(text, "\n1\t16") + 1; c++)
        line += *c == '\n';
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        char said[200];
        const char *rest = damages[i].said[0] == ':' ? strchr(damages[i].said + 1, ':') : NULL;
        snprintf(said, sizeof said, "%s", damages[i].said);
        if (rest)
            snprintf(said, sizeof said, ":%zu%s", line, rest);
        assert_fails(read_all(altered(text, damages[i].from, damages[i].to), &n, &row, &err),
                     err, MEKA_ERR_INPUT, said);
    }
    free(text);
    assert_fails(read_all(test_path("none.tsv"), &n, &row, &err), err, MEKA_ERR_IO, "none.tsv");
    assert_fails(read_all(test_directory(), &n, &row, &err), err, MEKA_ERR_IO, "directory");
    assert_fails(read_all(test_write("empty.tsv", ""), &n, &row, &err), err, MEKA_ERR_INPUT,
                 "not a log of meka");
}
END_TEST

START_TEST(a_column_of_a_later_version_is_skipped)
{
    meka_error err = {0};
    opt_row row;
    size_t n;
    char *text = five_steps(test_path("run.tsv"));
    char *names = strstr(text, "\nstep\t") + 1;
    size_t size = strlen(text) + 100;
    char *wider = calloc(1, size);
    for (char *line = text; *line; line = strchr(line, '\n') + 1) {
        bool data = line >= names && *line != '#';
        size_t length = strcspn(line, "\n"), used = strlen(wider);
        snprintf(wider + used, size - used, "%s%.*s\n",
                 !data           ? ""
                 : line == names ? "novelty\t"
                                 : "7\t",
                 (int)length, line);
    }
    assert_ok(read_all(test_write("wider.tsv", wider), &n, &row, &err), err);
    ck_assert_uint_eq(n, 5);
    ck_assert_double_eq(row.step, 4.0);
    free(wider);
    free(text);
}
END_TEST

START_TEST(a_log_cut_off_anywhere_is_read_up_to_there_or_refused)
{
    char *text = five_steps(test_path("run.tsv"));
    const char *first = strchr(strstr(text, "\nstep\t") + 1, '\n') + 1;
    for (size_t length = strlen(text) - 1; length > 3; length -= 3) {
        meka_error err = {0};
        opt_row row;
        size_t n;
        bool whole = text[length - 1] == '\n';
        text[length] = '\0';
        meka_status status = read_all(test_write("cut.tsv", text), &n, &row, &err);
        if (length < (size_t)(first - text))
            ck_assert_int_eq(status, MEKA_ERR_INPUT);
        else if (whole)
            assert_ok(status, err);
        else
            ck_assert_msg(status == MEKA_ERR_INPUT && strstr(err.text, "cut off"), "%s",
                          err.text);
    }
    free(text);
}
END_TEST

static void write_bytes(const char *path, const char *bytes, size_t n)
{
    FILE *stream = fopen(path, "wb");
    ck_assert_ptr_nonnull(stream);
    fwrite(bytes, 1, n, stream);
    fclose(stream);
}

START_TEST(random_damage_is_read_or_refused_and_nothing_worse)
{
    size_t n_refused = 0, n_runs = 1500;
    const char *const path = test_path("damaged.tsv");
    char kept[400];
    snprintf(kept, sizeof kept, "%s", path);
    char *text = five_steps(test_path("run.tsv"));
    size_t size = strlen(text);
    char *copy = malloc(size + 1);
    for (size_t run = 0; run < n_runs; run++) {
        meka_rng rng;
        meka_error err = {0};
        opt_row row;
        size_t n;
        meka_rng_init(&rng, 1, MEKA_STREAM_TEST, run, 0);
        memcpy(copy, text, size + 1);
        for (uint64_t k = meka_rng_below(&rng, 8); k < 8; k++) {
            size_t at = meka_rng_below(&rng, size), from = meka_rng_below(&rng, size);
            size_t most = size - (at > from ? at : from);
            if (meka_rng_below(&rng, 2)) /* a byte, or a piece from elsewhere */
                copy[at] = (char)meka_rng_below(&rng, 256);
            else
                memmove(copy + at, copy + from,
                        meka_rng_below(&rng, most < 60 ? most : 60) + 1);
        }
        write_bytes(kept, copy,
                    meka_rng_below(&rng, 4) ? size : meka_rng_below(&rng, size + 1));
        meka_status status = read_all(kept, &n, &row, &err);
        n_refused += status != MEKA_OK;
        ck_assert(status == MEKA_OK || (status == MEKA_ERR_INPUT && err.text[0]));
    }
    /* Both happen. */
    ck_assert_uint_gt(n_refused, n_runs / 2);
    ck_assert_uint_lt(n_refused, n_runs);
    free(copy);
    free(text);
}
END_TEST

static meka_status open_log(void *ctx, meka_error *err)
{
    size_t n;
    opt_row row;
    return read_all(ctx, &n, &row, err);
}

START_TEST(reading_survives_every_failed_allocation)
{
    char path[400];
    snprintf(path, sizeof path, "%s", test_path("run.tsv"));
    free(five_steps(path));
    ck_assert_uint_ge(test_every_allocation(open_log, path), 4);
}
END_TEST

TEST_MAIN("log_read", what_was_written_is_read_to_the_bit,
          what_is_wrong_with_a_log_is_said_with_its_line,
          a_column_of_a_later_version_is_skipped,
          a_log_cut_off_anywhere_is_read_up_to_there_or_refused,
          random_damage_is_read_or_refused_and_nothing_worse,
          reading_survives_every_failed_allocation)
