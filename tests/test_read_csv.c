#include "tests/data_fixture.h"

static const char small[] = "a,b,y\n1,2,3\n4,5,-6\n7,8,3\n";

START_TEST(the_label_is_the_last_column_the_first_or_none)
{
    static const double last[] = {1, 2, 4, 5, 7, 8}, first[] = {2, 3, 5, -6, 8, 3},
                        none[] = {1, 2, 3, 4, 5, -6, 7, 8, 3};
    static const double last_label[] = {3, -6, 3}, first_label[] = {1, 4, 7};
    const char *paths[] = {test_write("small", small),
                           data_write_gzip("small.gz", small, strlen(small))};
    for (size_t k = 0; k < 2; k++) {
        prob_dataset data;
        meka_error err;
        prob_csv_options options = {0};
        assert_ok(prob_read_csv(&data, paths[k], NULL, &err), err);
        ck_assert_uint_eq(data.n_rows, 3);
        ck_assert_uint_eq(data.n_features, 2);
        ck_assert_uint_eq(data.n_classes, 0);
        ck_assert_mem_eq(data.dense, last, sizeof last);
        ck_assert_mem_eq(data.label, last_label, sizeof last_label);
        prob_dataset_clear(&data);
        options.label = PROB_CSV_LABEL_FIRST;
        assert_ok(prob_read_csv(&data, paths[k], &options, &err), err);
        ck_assert_mem_eq(data.dense, first, sizeof first);
        ck_assert_mem_eq(data.label, first_label, sizeof first_label);
        prob_dataset_clear(&data);
        options.label = PROB_CSV_LABEL_NONE;
        assert_ok(prob_read_csv(&data, paths[k], &options, &err), err);
        ck_assert_uint_eq(data.n_features, 3);
        ck_assert_mem_eq(data.dense, none, sizeof none);
        ck_assert_ptr_null(data.label);
        prob_dataset_clear(&data);
    }
}
END_TEST

START_TEST(classes_are_numbered_and_a_test_set_takes_them_from_its_training_set)
{
    static const double wanted[] = {1, 0, 1};
    prob_dataset train, test;
    meka_error err;
    prob_csv_options options = {.classes = true}, like = {.like = &train};
    assert_ok(prob_read_csv(&train, test_write("train", small), &options, &err), err);
    ck_assert_uint_eq(train.n_classes, 2);
    ck_assert_mem_eq(train.label, wanted, sizeof wanted);
    ck_assert_double_eq(train.class_value[0], -6);
    assert_ok(prob_read_csv(&test, test_write("test", "0 0 3\n"), &like, &err), err);
    ck_assert_double_eq(test.label[0], 1);
    prob_dataset_clear(&test);
    assert_fails(prob_read_csv(&test, test_write("test", "0 0 3\n0 0 1\n"), &like, &err), err,
                 MEKA_ERR_INPUT, "test:2: label 1 is none of the 2 classes");
    assert_fails(prob_read_csv(&test, test_write("test", "0 3\n"), &like, &err), err,
                 MEKA_ERR_INPUT, "test:1: 1 features where the training set has 2");
    prob_dataset_clear(&train);
}
END_TEST

START_TEST(a_malformed_file_is_refused_with_file_line_and_reason)
{
    static const struct {
        const char *text, *what;
    } bad[] = {
        {"1,2\n3,x\n", "bad:2: column 2: 'x' is not a number"},
        {"1,2\n3,nan\n", "bad:2: column 2: 'nan' is not finite"},
        {"1,2\n3\n", "bad:2: 1 columns where the first line has 2"},
        {"1\n", "bad:1: a label, but no features"},
        {"1,0.5\n", "bad:1: label 0.5 is not an integer"},
        {"", "bad: holds no rows of numbers"},
        {"x,y\n", "bad: holds no rows of numbers"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        prob_dataset data;
        meka_error err;
        prob_csv_options options = {.classes = true};
        assert_fails(prob_read_csv(&data, test_write("bad", bad[i].text), &options, &err), err,
                     MEKA_ERR_INPUT, bad[i].what);
    }
}
END_TEST

static meka_status read_and_clear(void *ctx, meka_error *err)
{
    prob_dataset data;
    prob_csv_options options = {.classes = true};
    meka_status status = prob_read_csv(&data, ctx, &options, err);
    if (status == MEKA_OK)
        prob_dataset_clear(&data);
    return status;
}

START_TEST(a_file_cut_off_anywhere_is_refused_or_a_shorter_file)
{
    ck_assert_uint_ge(data_truncate("cut", small, strlen(small), read_and_clear), 5);
    data_truncate_gzip("cut.gz", small, strlen(small), read_and_clear);
}
END_TEST

START_TEST(every_allocation_of_reading_may_fail)
{
    char path[256];
    snprintf(path, sizeof path, "%s", test_write("small", small));
    ck_assert_uint_ge(test_every_allocation(read_and_clear, path), 5);
}
END_TEST

TEST_MAIN("read_csv", the_label_is_the_last_column_the_first_or_none,
          classes_are_numbered_and_a_test_set_takes_them_from_its_training_set,
          a_malformed_file_is_refused_with_file_line_and_reason,
          a_file_cut_off_anywhere_is_refused_or_a_shorter_file,
          every_allocation_of_reading_may_fail)
