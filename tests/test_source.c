#include "tests/testing.h"

#include <stdio.h>
#include <stdlib.h>

/* ------------------------------------------------------------ reading files */

/* Reads text as a file and compares it with rows x columns values. */
static void assert_reads(const char *text, size_t rows, size_t columns, const double *expected)
{
    meka_data data;
    meka_error err;
    assert_ok(meka_data_read_csv(&data, test_write("data.csv", text), &err), err);
    ck_assert_uint_eq(data.n_rows, rows);
    ck_assert_uint_eq(data.n_features, columns);
    for (size_t i = 0; i < rows * columns; i++)
        ck_assert_double_eq(data.value[i], expected[i]);
    meka_data_clear(&data);
}

static const double one_to_six[] = {1, 2, 3, 4, 5, 6};

START_TEST(commas_blanks_and_tabs_separate_numbers)
{
    assert_reads("1,2,3\n4,5,6\n", 2, 3, one_to_six);
    assert_reads("1 2 3\n4 5 6\n", 2, 3, one_to_six);
    assert_reads("1\t2\t3\n4\t5\t6\n", 2, 3, one_to_six);
    assert_reads("  1 ,\t2 , 3\t\n4,  5,6  \n", 2, 3, one_to_six);
    assert_reads("1\n2\n3\n4\n5\n6\n", 6, 1, one_to_six);
}
END_TEST

START_TEST(comments_empty_lines_and_foreign_line_ends_do_not_count)
{
    assert_reads("# a comment\n\n1,2,3 # rest\n   \n#\n4,5,6", 2, 3, one_to_six);
    assert_reads("1,2,3\r\n4,5,6\r\n", 2, 3, one_to_six);
    assert_reads("\xEF\xBB\xBF"
                 "1,2,3\n4,5,6\n",
                 2, 3, one_to_six);
}
END_TEST

START_TEST(a_first_line_of_names_is_passed_over)
{
    assert_reads("x,y,z\n1,2,3\n4,5,6\n", 2, 3, one_to_six);
    assert_reads("# comment\nx y z\n1 2 3\n4 5 6\n", 2, 3, one_to_six);
    assert_reads("\"width, cm\",\"b c\",z\n1,2,3\n4,5,6\n", 2, 3, one_to_six);
}
END_TEST

START_TEST(quoted_numbers_are_numbers)
{
    assert_reads("\"1\",\"2\",\"3\"\n4,5,6\n", 2, 3, one_to_six);
}
END_TEST

START_TEST(many_rows_of_all_magnitudes_read_back_exactly)
{
    enum { ROWS = 2000, COLUMNS = 3 };
    static double value[ROWS * COLUMNS];
    meka_rng rng;
    meka_rng_init(&rng, 1, MEKA_STREAM_TEST, 0, 0);
    const char *path = test_path("data.csv");
    FILE *stream = fopen(path, "w");
    ck_assert_ptr_nonnull(stream);
    for (size_t i = 0; i < ROWS * COLUMNS; i++) {
        value[i] = meka_rng_normal(&rng) * exp(100.0 * meka_rng_normal(&rng));
        fprintf(stream, "%.17g%c", value[i], i % COLUMNS == COLUMNS - 1 ? '\n' : ',');
    }
    fclose(stream);
    meka_data data;
    meka_error err;
    assert_ok(meka_data_read_csv(&data, path, &err), err);
    ck_assert_uint_eq(data.n_rows, ROWS);
    ck_assert_mem_eq(data.value, value, sizeof value);
    meka_data_clear(&data);
}
END_TEST

START_TEST(a_malformed_file_is_refused_with_file_line_and_reason)
{
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"1,2\n3,abc\n", "data.csv:2: column 2: 'abc' is not a number"},
        {"# c\n\n1,2\n3,4x\n", "data.csv:4: column 2: '4x' is not a number"},
        {"1,2\n3,nan\n", "data.csv:2: column 2: 'nan' is not finite"},
        {"inf,2\n", "data.csv:1: column 1: 'inf' is not finite"},
        {"1,2\n-Infinity,4\n", "data.csv:2: column 1: '-Infinity' is not finite"},
        {"1\n1e999\n", "data.csv:2: column 1: '1e999' is not a number that a double can hold"},
        {"1,2\n3,4,5\n", "data.csv:2: 3 columns where the first line has 2"},
        {"1,2\n3\n", "data.csv:2: 1 columns where the first line has 2"},
        {"x,y,z\n1,2\n", "data.csv:2: 2 columns where the first line has 3"},
        {"1,2\n3,\n", "data.csv:2: column 2: '' is not a number"},
        {"1,,3\n", "data.csv:1: column 2: '' is not a number"},
        {"1,2,x\n1,2,3\n", "data.csv:1: column 3: 'x' is not a number"},
        {"x,y\nu,v\n", "data.csv:2: column 1: 'u' is not a number"},
        {"1;2\n", "holds no rows of numbers"},
        {"", "data.csv: holds no rows of numbers"},
        {"# only a comment\n\n", "data.csv: holds no rows of numbers"},
        {"x,y\n", "data.csv: holds no rows of numbers"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        meka_data data = {7, 8, NULL};
        meka_error err;
        assert_fails(meka_data_read_csv(&data, test_write("data.csv", bad[i].text), &err), err,
                     MEKA_ERR_INPUT, bad[i].message);
        ck_assert_uint_eq(data.n_rows, 7);
        ck_assert_uint_eq(data.n_features, 8);
    }
}
END_TEST

START_TEST(a_binary_file_is_refused)
{
    const char *path = test_path("data.bin");
    FILE *stream = fopen(path, "wb");
    ck_assert_ptr_nonnull(stream);
    fwrite("1,2\n3,\0004\n", 1, 9, stream);
    fclose(stream);
    meka_data data;
    meka_error err;
    assert_fails(meka_data_read_csv(&data, path, &err), err, MEKA_ERR_INPUT,
                 "data.bin:2: holds a NUL byte");
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_named_with_the_reason)
{
    meka_data data;
    meka_error err;
    assert_fails(meka_data_read_csv(&data, test_path("missing.csv"), &err), err, MEKA_ERR_IO,
                 "missing.csv': No such file or directory");
    assert_fails(meka_data_read_csv(&data, test_directory(), &err), err, MEKA_ERR_IO,
                 "Is a directory");
    ck_assert_int_eq(meka_data_read_csv(&data, test_path("missing.csv"), NULL), MEKA_ERR_IO);
}
END_TEST

static meka_status read_data(void *ctx, meka_error *err)
{
    meka_data data;
    meka_status status = meka_data_read_csv(&data, ctx, err);
    if (status == MEKA_OK)
        meka_data_clear(&data);
    return status;
}

START_TEST(every_allocation_of_reading_may_fail)
{
    char path[256];
    snprintf(path, sizeof path, "%s", test_write("data.csv", "x,y\n1,2\n3,4\n5,6\n7,8\n9,0\n"));
    ck_assert_uint_ge(test_every_allocation(read_data, path), 4);
}
END_TEST

START_TEST(clearing_twice_is_fine)
{
    meka_data data;
    meka_error err;
    assert_ok(meka_data_read_csv(&data, test_write("data.csv", "1\n"), &err), err);
    meka_data_clear(&data);
    ck_assert_ptr_null(data.value);
    ck_assert_uint_eq(data.n_rows, 0);
    meka_data_clear(&data);
    meka_data_clear(NULL);
}
END_TEST

/* ----------------------------------------------------------------- sources */

static double table[] = {10, 11, 20, 21, 30, 31, 40, 41, 50, 51};
static const meka_data five_rows = {5, 2, table};

START_TEST(a_batch_consists_of_whole_rows_each_equally_often)
{
    enum { BATCH = 50000 };
    static double xi[BATCH * 2];
    meka_source source = meka_source_data(&five_rows);
    size_t count[5] = {0};
    ck_assert_uint_eq(source.n_features, 2);
    source.draw(source.ctx, 1, 0, BATCH, xi);
    for (size_t i = 0; i < BATCH; i++) {
        ck_assert_double_eq(xi[2 * i + 1], xi[2 * i] + 1.0);
        count[(size_t)xi[2 * i] / 10 - 1]++;
    }
    for (size_t k = 0; k < 5; k++) /* 4 standard deviations of a binomial count */
        ck_assert_double_lt(fabs((double)count[k] - BATCH / 5.0), 4.0 * sqrt(BATCH * 0.16));
}
END_TEST

START_TEST(a_batch_is_a_function_of_seed_and_step)
{
    enum { BATCH = 16 };
    double first[BATCH * 2], again[BATCH * 2], step[BATCH * 2], seed[BATCH * 2];
    meka_source source = meka_source_data(&five_rows);
    source.draw(source.ctx, 3, 7, BATCH, first);
    source.draw(source.ctx, 3, 8, BATCH, step);
    source.draw(source.ctx, 4, 7, BATCH, seed);
    source.draw(source.ctx, 3, 7, BATCH, again);
    ck_assert_mem_eq(first, again, sizeof first);
    ck_assert_mem_ne(first, step, sizeof first);
    ck_assert_mem_ne(first, seed, sizeof first);
}
END_TEST

START_TEST(the_population_of_a_data_set_is_the_data_set)
{
    meka_source source = meka_source_data(&five_rows);
    ck_assert_ptr_eq(source.population, table);
    ck_assert_uint_eq(source.n_population, 5);
}
END_TEST

START_TEST(a_source_without_samples_draws_nothing)
{
    meka_source source = meka_source_none();
    ck_assert_uint_eq(source.n_features, 0);
    ck_assert_uint_eq(source.n_population, 0);
    source.draw(source.ctx, 1, 2, 3, NULL);
}
END_TEST

TEST_MAIN("source", commas_blanks_and_tabs_separate_numbers,
          comments_empty_lines_and_foreign_line_ends_do_not_count,
          a_first_line_of_names_is_passed_over, quoted_numbers_are_numbers,
          many_rows_of_all_magnitudes_read_back_exactly,
          a_malformed_file_is_refused_with_file_line_and_reason, a_binary_file_is_refused,
          a_file_that_cannot_be_read_is_named_with_the_reason,
          every_allocation_of_reading_may_fail, clearing_twice_is_fine,
          a_batch_consists_of_whole_rows_each_equally_often,
          a_batch_is_a_function_of_seed_and_step, the_population_of_a_data_set_is_the_data_set,
          a_source_without_samples_draws_nothing)
