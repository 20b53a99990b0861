#include "tests/testing.h"

#include "base/text.h"

#include <locale.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ----------------------------------------------------------------- numbers */

START_TEST(a_real_is_read_to_the_last_bit)
{
    static const struct {
        const char *text;
        double value;
    } good[] = {
        {"0", 0.0},
        {"-0", 0.0},
        {"1", 1.0},
        {"+1.5", 1.5},
        {"-2.5e-3", -2.5e-3},
        {".5", 0.5},
        {"5.", 5.0},
        {"1E10", 1e10},
        {"0.1", 0.1},
        {"0.30000000000000004", 0.1 + 0.2},
        {"4.9406564584124654e-324", 5e-324},
        {"1.7976931348623157e308", DBL_MAX},
        {"1e-400", 0.0},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        double value = NAN;
        ck_assert_msg(meka_parse_real(good[i].text, &value), "'%s'", good[i].text);
        ck_assert_double_eq(value, good[i].value);
    }
}
END_TEST

START_TEST(what_is_not_wholly_a_finite_number_is_no_real)
{
    static const char *const bad[] = {
        "",    " ",  " 1",  "1 ", "abc", "1a", "0x10",  "nan",   "inf", "-inf",     "1e400",
        "1,5", "1e", "--1", ".",  "e5",  "+",  "1.2.3", "1_000", "1f",  "infinity", "1\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        double value = 7.0;
        ck_assert_msg(!meka_parse_real(bad[i], &value), "'%s'", bad[i]);
        ck_assert_double_eq(value, 7.0);
    }
}
END_TEST

START_TEST(a_count_is_read_in_any_exact_decimal_form)
{
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {
        {"0", 0},
        {"7", 7},
        {"007", 7},
        {"1e4", 10000},
        {"1E4", 10000},
        {"+3", 3},
        {"1.5e1", 15},
        {"2.50e2", 250},
        {"100e-2", 1},
        {"3.0", 3},
        {"1e+2", 100},
        {"0e99999", 0},
        {"0e-7", 0},
        {"1e19", 10000000000000000000u},
        {"18446744073709551615", UINT64_MAX},
        {"9007199254740993", 9007199254740993u},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        uint64_t value = 99;
        ck_assert_msg(meka_parse_count(good[i].text, &value), "'%s'", good[i].text);
        ck_assert_uint_eq(value, good[i].value);
    }
}
END_TEST

START_TEST(what_is_not_wholly_a_count_is_none)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "-1",
                                      "1.5",
                                      "1e-1",
                                      "abc",
                                      "1a",
                                      "1e",
                                      "e4",
                                      "1e20",
                                      "1 ",
                                      " 1",
                                      ".",
                                      "++1",
                                      "0x1",
                                      "1e4x",
                                      "1e 4",
                                      "1..0",
                                      "inf",
                                      "18446744073709551616",
                                      "1e99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t value = 99;
        ck_assert_msg(!meka_parse_count(bad[i], &value), "'%s'", bad[i]);
        ck_assert_uint_eq(value, 99);
    }
}
END_TEST

START_TEST(seventeen_digits_read_back_the_same)
{
    meka_rng rng;
    meka_rng_init(&rng, 1, MEKA_STREAM_TEST, 0, 0);
    for (size_t i = 0; i < 1000; i++) {
        double value =
            meka_rng_normal(&rng) * pow(10.0, 600.0 * meka_rng_uniform(&rng) - 300.0);
        double back = NAN;
        char text[40];
        meka_format_real(text, sizeof text, value, 17);
        ck_assert(meka_parse_real(text, &back));
        ck_assert_double_eq(back, value);
    }
}
END_TEST

START_TEST(numbers_have_a_point_in_every_locale_that_is_installed)
{
    static const char *const names[] = {"C", "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        double value = 0.0;
        char text[40];
        if (!setlocale(LC_ALL, names[i]))
            continue;
        ck_assert(meka_parse_real("1.5", &value));
        ck_assert_double_eq(value, 1.5);
        meka_format_real(text, sizeof text, 0.25, 17);
        ck_assert_str_eq(text, "0.25");
    }
}
END_TEST

/* ------------------------------------------------------------ writing files */

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* path.part */
static const char *part_of(const char *path)
{
    static char part[300];
    snprintf(part, sizeof part, "%s.part", path);
    return part;
}

static void assert_holds(const char *path, const char *text)
{
    char *found = test_read(path);
    ck_assert_ptr_nonnull(found);
    ck_assert_str_eq(found, text);
    free(found);
}

START_TEST(a_file_appears_only_when_committed)
{
    meka_error err;
    const char *path = test_path("out.txt");
    meka_file *file = meka_file_begin(path, &err);
    ck_assert_ptr_nonnull(file);
    fputs("content\n", file->stream);
    fflush(file->stream);
    ck_assert(!exists(path));
    ck_assert(exists(part_of(path)));
    assert_ok(meka_file_commit(file, &err), err);
    assert_holds(path, "content\n");
    ck_assert(!exists(part_of(path)));
}
END_TEST

START_TEST(committing_replaces_the_file_of_that_name)
{
    meka_error err;
    const char *path = test_write("out.txt", "a longer text from before");
    meka_file *file = meka_file_begin(path, &err);
    ck_assert_ptr_nonnull(file);
    fputs("new", file->stream);
    assert_holds(path, "a longer text from before");
    assert_ok(meka_file_commit(file, &err), err);
    assert_holds(path, "new");
}
END_TEST

START_TEST(abandoning_leaves_everything_as_it_was)
{
    const char *path = test_write("out.txt", "before");
    meka_file *file = meka_file_begin(path, NULL);
    ck_assert_ptr_nonnull(file);
    fputs("after", file->stream);
    meka_file_abandon(file);
    assert_holds(path, "before");
    ck_assert(!exists(part_of(path)));
    meka_file_abandon(NULL);
}
END_TEST

START_TEST(a_directory_that_is_missing_is_named)
{
    meka_error err = {0};
    ck_assert_ptr_null(meka_file_begin(test_path("missing/out.txt"), &err));
    ck_assert_int_eq(err.status, MEKA_ERR_IO);
    ck_assert_ptr_nonnull(strstr(err.text, "missing/out.txt"));
    ck_assert_ptr_nonnull(strstr(err.text, "No such file or directory"));
    ck_assert_ptr_null(meka_file_begin(test_path("missing/out.txt"), NULL));
}
END_TEST

START_TEST(a_directory_that_may_not_be_written_is_named)
{
    if (geteuid() == 0)
        return; /* nothing is forbidden to root */
    const char *directory = test_path("closed");
    ck_assert_int_eq(mkdir(directory, 0500), 0);
    meka_error err = {0};
    ck_assert_ptr_null(meka_file_begin(test_path("closed/out.txt"), &err));
    ck_assert_int_eq(err.status, MEKA_ERR_IO);
    ck_assert_ptr_nonnull(strstr(err.text, "Permission denied"));
}
END_TEST

START_TEST(a_full_disk_is_reported_and_leaves_nothing)
{
    meka_error err;
    const char *path = test_write("out.txt", "before");
    ck_assert_int_eq(symlink("/dev/full", part_of(path)), 0);
    meka_file *file = meka_file_begin(path, &err);
    ck_assert_ptr_nonnull(file);
    fputs("after", file->stream);
    assert_fails(meka_file_commit(file, &err), err, MEKA_ERR_IO, "No space left on device");
    assert_holds(path, "before");
    ck_assert(!exists(part_of(path)));
}
END_TEST

START_TEST(a_name_taken_by_a_directory_is_reported_and_leaves_nothing)
{
    meka_error err = {0};
    const char *path = test_path("taken");
    meka_file *file = meka_file_begin(path, &err);
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(mkdir(path, 0700), 0); /* meanwhile */
    assert_fails(meka_file_commit(file, &err), err, MEKA_ERR_IO, "taken");
    ck_assert(!exists(part_of(path)));
    ck_assert_ptr_null(meka_file_begin(path, &err)); /* from the beginning */
    ck_assert_ptr_nonnull(strstr(err.text, "not a regular file"));
    const char *link = test_path("link");
    ck_assert_int_eq(symlink(test_write("regular", "text"), link), 0);
    ck_assert_ptr_null(meka_file_begin(link, &err));
    ck_assert(!exists(part_of(link)));
    ck_assert(!exists(part_of(path)));
}
END_TEST

START_TEST(a_file_that_is_kept_leaves_its_part_as_far_as_it_is_written)
{
    meka_error err = {0};
    const char *path = test_path("kept");
    meka_file *file = meka_file_begin(path, &err);
    ck_assert_ptr_nonnull(file);
    fputs("so far", file->stream);
    assert_ok(meka_file_sync(file, &err), err);
    assert_holds(part_of(path), "so far");
    meka_file_keep(file);
    assert_holds(part_of(path), "so far");
    ck_assert(!exists(path));
}
END_TEST

static meka_status write_file(void *ctx, meka_error *err)
{
    meka_file *file = meka_file_begin(ctx, err);
    if (!file)
        return err->status;
    fputs("text", file->stream);
    return meka_file_commit(file, err);
}

START_TEST(every_allocation_of_a_written_file_may_fail)
{
    char path[256];
    snprintf(path, sizeof path, "%s", test_path("out.txt"));
    ck_assert_uint_ge(test_every_allocation(write_file, path), 4);
    assert_holds(path, "text");
    ck_assert(!exists(part_of(path)));
}
END_TEST

TEST_MAIN("text", a_real_is_read_to_the_last_bit, what_is_not_wholly_a_finite_number_is_no_real,
          a_count_is_read_in_any_exact_decimal_form, what_is_not_wholly_a_count_is_none,
          seventeen_digits_read_back_the_same,
          numbers_have_a_point_in_every_locale_that_is_installed,
          a_file_appears_only_when_committed, committing_replaces_the_file_of_that_name,
          abandoning_leaves_everything_as_it_was, a_directory_that_is_missing_is_named,
          a_directory_that_may_not_be_written_is_named,
          a_full_disk_is_reported_and_leaves_nothing,
          a_name_taken_by_a_directory_is_reported_and_leaves_nothing,
          a_file_that_is_kept_leaves_its_part_as_far_as_it_is_written,
          every_allocation_of_a_written_file_may_fail)
