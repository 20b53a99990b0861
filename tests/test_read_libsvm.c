#include "tests/data_fixture.h"

static const char small[] = "+1 1:0.5 3:-2e-1 \n"
                            "-1 2:1\n"
                            "\n"
                            "# a comment\n"
                            "+1 3:4 # the end\n"
                            "-1\n";
/* [4][3] */
static const double small_dense[] = {0.5, 0, -0.2, 0, 1, 0, 0, 0, 4, 0, 0, 0};
static const double small_label[] = {1, 0, 1, 0};

static void assert_small(const prob_dataset *data)
{
    ck_assert_uint_eq(data->n_rows, 4);
    ck_assert_uint_eq(data->n_features, 3);
    ck_assert_uint_eq(data->n_classes, 2);
    ck_assert_double_eq(data->class_value[0], -1);
    ck_assert_double_eq(data->class_value[1], 1);
    ck_assert_mem_eq(data->label, small_label, sizeof small_label);
    for (size_t i = 0; i < 4; i++) {
        double row[3];
        prob_dataset_row(data, i, row);
        ck_assert_mem_eq(row, small_dense + 3 * i, sizeof row);
    }
}

START_TEST(rows_are_read_from_plain_and_compressed_files_into_either_storage)
{
    const char *paths[] = {test_write("small", small),
                           data_write_gzip("small.gz", small, strlen(small))};
    for (size_t k = 0; k < 2; k++)
        for (int storage = PROB_STORAGE_AUTO; storage <= PROB_STORAGE_DENSE; storage++) {
            prob_dataset data;
            meka_error err;
            prob_libsvm_options options = {.storage = (prob_storage)storage};
            assert_ok(prob_read_libsvm(&data, paths[k], &options, &err), err);
            assert_small(&data);
            /* 4 of 12 entries are given: just a third */
            ck_assert(!!data.row_start == (storage != PROB_STORAGE_DENSE));
            ck_assert(!!data.dense == (storage == PROB_STORAGE_DENSE));
            prob_dataset_clear(&data);
        }
}
END_TEST

START_TEST(few_zeros_make_dense_rows)
{
    prob_dataset data;
    meka_error err;
    assert_ok(prob_read_libsvm(&data, test_write("full", "1 1:2 2:3\n2 1:4\n"), NULL, &err),
              err);
    ck_assert_ptr_nonnull(data.dense);
    ck_assert_double_eq(data.dense[1], 3);
    ck_assert_double_eq(data.dense[3], 0);
    prob_dataset_clear(&data);
}
END_TEST

START_TEST(classes_are_numbered_in_the_order_of_their_names)
{
    static const double wanted[] = {1, 0, 2, 1}, names[] = {-3, 1, 2};
    prob_dataset data;
    meka_error err;
    assert_ok(prob_read_libsvm(&data, test_write("three", "1 1:1\n-3 1:1\n2 1:1\n1 1:1\n"),
                               NULL, &err),
              err);
    ck_assert_uint_eq(data.n_classes, 3);
    ck_assert_mem_eq(data.label, wanted, sizeof wanted);
    ck_assert_mem_eq(data.class_value, names, sizeof names);
    prob_dataset_clear(&data);
}
END_TEST

START_TEST(real_labels_stay_as_they_are)
{
    prob_dataset data;
    meka_error err;
    prob_libsvm_options options = {.real_labels = true, .n_features = 9};
    assert_ok(prob_read_libsvm(&data, test_write("real", "0.25 1:1\n-7 2:1\n"), &options, &err),
              err);
    ck_assert_uint_eq(data.n_classes, 0);
    ck_assert_ptr_null(data.class_value);
    ck_assert_uint_eq(data.n_features, 9);
    ck_assert_double_eq(data.label[0], 0.25);
    ck_assert_double_eq(data.label[1], -7);
    prob_dataset_clear(&data);
}
END_TEST

START_TEST(a_test_set_has_the_features_and_classes_of_its_training_set)
{
    prob_dataset train, test;
    meka_error err;
    assert_ok(prob_read_libsvm(&train, test_write("train", small), NULL, &err), err);
    prob_libsvm_options options = {.like = &train};
    assert_ok(prob_read_libsvm(&test, test_write("test", "+1 1:1\n"), &options, &err), err);
    ck_assert_uint_eq(test.n_features, 3);
    ck_assert_uint_eq(test.n_classes, 2);
    ck_assert_double_eq(test.label[0], 1);
    prob_dataset_clear(&test);
    assert_fails(prob_read_libsvm(&test, test_write("test", "+1 1:1\n2 1:1\n"), &options, &err),
                 err, MEKA_ERR_INPUT,
                 "test:2: label 2 is none of the 2 classes of the training set");
    assert_fails(prob_read_libsvm(&test, test_write("test", "+1 4:1\n"), &options, &err), err,
                 MEKA_ERR_INPUT, "'4:1' has an index above the number of features, 3");
    prob_dataset_clear(&train);
}
END_TEST

START_TEST(a_malformed_file_is_refused_with_file_line_and_reason)
{
    static const struct {
        const char *text, *what;
    } bad[] = {
        {"1 0:2\n", "bad:1: '0:2' has index 0, but indices start at 1"},
        {"1 1:2\n1 2:1 2:3\n", "bad:2: '2:3' comes after index 2, but indices must ascend"},
        {"1 3:2 1:1\n", "bad:1: '1:1' comes after index 3, but indices must ascend"},
        {"1 1:x\n", "bad:1: index 1: 'x' is not a number"},
        {"1 1:\n", "bad:1: index 1: '' is not a number"},
        {"1 1:nan\n", "bad:1: index 1: 'nan' is not finite"},
        {"1 1:2\n1 7:-inf\n", "bad:2: index 7: '-inf' is not finite"},
        {"1 1:1e999\n", "bad:1: index 1: '1e999' is not a number that a double can hold"},
        {"1 1:2:3\n", "bad:1: index 1: '2:3' is not a number"},
        {"1 a:2\n", "bad:1: 'a:2' is not index:value"},
        {"1 -1:2\n", "bad:1: '-1:2' is not index:value"},
        {"1 1.5:2\n", "bad:1: '1.5:2' is not index:value"},
        {"1 :2\n", "bad:1: ':2' is not index:value"},
        {"1 1 2\n", "bad:1: '1' is not index:value"},
        {"1 qid:3 1:2\n", "bad:1: 'qid:3' is not index:value"},
        {"x 1:2\n", "bad:1: label 'x' is not a number"},
        {"nan 1:2\n", "bad:1: label 'nan' is not finite"},
        {"1:2 2:3\n", "bad:1: label '1:2' is not a number"},
        {"0.5 1:2\n", "bad:1: label 0.5 is not an integer, so it names no class"},
        {"1 100000001:1\n", "has an index above the number of features, 100000000"},
        {"1 99999999999999999999999999:1\n", "has an index above the number of features"},
        {"1\n2\n", "bad: holds labels, but no features"},
        {"", "bad: holds no rows"},
        {"\n# nothing\n", "bad: holds no rows"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        prob_dataset data;
        meka_error err;
        assert_fails(prob_read_libsvm(&data, test_write("bad", bad[i].text), NULL, &err), err,
                     MEKA_ERR_INPUT, bad[i].what);
    }
}
END_TEST

START_TEST(more_than_a_thousand_classes_are_taken_for_real_values)
{
    static char text[1001 * 10 + 1];
    prob_dataset data;
    meka_error err;
    for (int i = 0; i < 1001; i++)
        snprintf(text + strlen(text), 11, "%d 1:1\n", (i * 617) % 1001);
    assert_fails(prob_read_libsvm(&data, test_write("many", text), NULL, &err), err,
                 MEKA_ERR_INPUT, "many:1001: label 384 is one more than 1000 classes");
}
END_TEST

static meka_status read_and_clear(void *ctx, meka_error *err)
{
    prob_dataset data;
    meka_status status = prob_read_libsvm(&data, ctx, NULL, err);
    if (status == MEKA_OK)
        prob_dataset_clear(&data);
    return status;
}

START_TEST(a_file_cut_off_anywhere_is_refused_or_a_shorter_file)
{
    /* A line cut after its label, or within a value, may still be a row. */
    ck_assert_uint_ge(data_truncate("cut", small, strlen(small), read_and_clear), 20);
    data_truncate_gzip("cut.gz", small, strlen(small), read_and_clear);
}
END_TEST

static meka_status read_dense(void *ctx, meka_error *err)
{
    prob_dataset data;
    prob_libsvm_options options = {.storage = PROB_STORAGE_DENSE};
    meka_status status = prob_read_libsvm(&data, ctx, &options, err);
    if (status == MEKA_OK)
        prob_dataset_clear(&data);
    return status;
}

START_TEST(every_allocation_of_reading_may_fail)
{
    char path[256];
    snprintf(path, sizeof path, "%s", test_write("small", small));
    ck_assert_uint_ge(test_every_allocation(read_and_clear, path), 7);
    ck_assert_uint_ge(test_every_allocation(read_dense, path), 8);
}
END_TEST

TEST_MAIN("read_libsvm", rows_are_read_from_plain_and_compressed_files_into_either_storage,
          few_zeros_make_dense_rows, classes_are_numbered_in_the_order_of_their_names,
          real_labels_stay_as_they_are,
          a_test_set_has_the_features_and_classes_of_its_training_set,
          a_malformed_file_is_refused_with_file_line_and_reason,
          more_than_a_thousand_classes_are_taken_for_real_values,
          a_file_cut_off_anywhere_is_refused_or_a_shorter_file,
          every_allocation_of_reading_may_fail)
