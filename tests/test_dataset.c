#include "problems/dataset.h"
#include "tests/data_fixture.h"

/* Four rows of three features in each of the storages, two classes. */
static double dense[] = {1, 0, 2, 0, 0, 3, 4, 5, 6, 0, 7, 0};
static uint8_t byte[] = {1, 0, 2, 0, 0, 3, 4, 5, 6, 0, 7, 0};
static size_t row_start[] = {0, 2, 3, 6, 7};
static uint32_t column[] = {0, 2, 2, 0, 1, 2, 1};
static double value[] = {1, 2, 3, 4, 5, 6, 7};
static double label[] = {0, 1, 1, 0}, class_value[] = {-1, 1};

static prob_dataset make(int storage)
{
    prob_dataset data = {.n_rows = 4,
                         .n_features = 3,
                         .label = label,
                         .n_classes = 2,
                         .class_value = class_value};
    if (storage == 0) {
        data.dense = dense;
    } else if (storage == 1) {
        data.byte = byte;
        data.channels = 3;
        data.height = data.width = 1;
    } else {
        data.row_start = row_start;
        data.column = column;
        data.value = value;
    }
    return data;
}

START_TEST(a_row_reads_alike_from_every_storage)
{
    for (int storage = 0; storage < 3; storage++) {
        prob_dataset data = make(storage);
        for (size_t i = 0; i < 4; i++) {
            double row[3];
            prob_dataset_row(&data, i, row);
            ck_assert_mem_eq(row, dense + 3 * i, sizeof row);
        }
    }
}
END_TEST

START_TEST(selected_rows_are_copies_in_the_order_asked_for)
{
    static const size_t row[] = {2, 0, 2};
    for (int storage = 0; storage < 3; storage++) {
        prob_dataset data = make(storage), some;
        meka_error err;
        assert_ok(prob_dataset_select(&some, &data, row, 3, &err), err);
        ck_assert_uint_eq(some.n_rows, 3);
        ck_assert_uint_eq(some.channels, data.channels);
        ck_assert_uint_eq(some.n_classes, 2);
        ck_assert_mem_eq(some.class_value, class_value, sizeof class_value);
        for (size_t i = 0; i < 3; i++) {
            double got[3];
            prob_dataset_row(&some, i, got);
            ck_assert_mem_eq(got, dense + 3 * row[i], sizeof got);
            ck_assert_double_eq(some.label[i], label[row[i]]);
        }
        prob_dataset_clear(&some);
    }
}
END_TEST

START_TEST(a_split_gives_every_row_to_one_part_in_the_order_of_the_file)
{
    enum { N = 100 };
    static double x[N], y[N];
    prob_dataset data = {.n_rows = N, .n_features = 1, .dense = x, .label = y}, train, test;
    for (size_t i = 0; i < N; i++) {
        x[i] = (double)i;
        y[i] = -(double)i;
    }
    for (uint64_t seed = 0; seed < 20; seed++) {
        int seen[N] = {0};
        meka_error err;
        assert_ok(prob_dataset_split(&train, &test, &data, 0.25, seed, &err), err);
        ck_assert_uint_eq(test.n_rows, 25);
        ck_assert_uint_eq(train.n_rows, 75);
        for (size_t i = 0; i < N; i++) {
            const prob_dataset *part = i < 75 ? &train : &test;
            size_t k = i < 75 ? i : i - 75;
            seen[(size_t)part->dense[k]]++;
            ck_assert_double_eq(part->label[k], -part->dense[k]);
            if (k)
                ck_assert_double_gt(part->dense[k], part->dense[k - 1]);
        }
        for (size_t i = 0; i < N; i++)
            ck_assert_int_eq(seen[i], 1);
        prob_dataset_clear(&train);
        prob_dataset_clear(&test);
    }
}
END_TEST

START_TEST(over_many_seeds_every_row_is_held_out_equally_often)
{
    enum { N = 10, SEEDS = 2000 };
    static double x[N] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    prob_dataset data = {.n_rows = N, .n_features = 1, .dense = x}, train, test;
    double count[N] = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        meka_error err;
        assert_ok(prob_dataset_split(&train, &test, &data, 0.3, seed, &err), err);
        for (size_t i = 0; i < test.n_rows; i++)
            count[(size_t)test.dense[i]]++;
        prob_dataset_clear(&train);
        prob_dataset_clear(&test);
    }
    for (size_t i = 0; i < N; i++) /* 4 standard deviations of a binomial count */
        ck_assert_double_lt(fabs(count[i] - 0.3 * SEEDS), 4.0 * sqrt(SEEDS * 0.21));
}
END_TEST

START_TEST(a_split_leaves_both_parts_a_row_or_says_why_not)
{
    prob_dataset data = make(0), train, test;
    meka_error err;
    assert_ok(prob_dataset_split(&train, &test, &data, 1e-9, 1, &err), err);
    ck_assert_uint_eq(test.n_rows, 1);
    prob_dataset_clear(&train);
    prob_dataset_clear(&test);
    assert_ok(prob_dataset_split(&train, &test, &data, 0.999, 1, &err), err);
    ck_assert_uint_eq(train.n_rows, 1);
    prob_dataset_clear(&train);
    prob_dataset_clear(&test);
    const double bad[] = {0.0, 1.0, -0.5, (double)NAN};
    for (size_t i = 0; i < 4; i++)
        assert_fails(prob_dataset_split(&train, &test, &data, bad[i], 1, &err), err,
                     MEKA_ERR_INPUT, "must be between 0 and 1");
    data.n_rows = 1;
    assert_fails(prob_dataset_split(&train, &test, &data, 0.5, 1, &err), err, MEKA_ERR_INPUT,
                 "there must be 2 rows");
}
END_TEST

static meka_status split_and_clear(void *ctx, meka_error *err)
{
    prob_dataset train, test;
    meka_status status = prob_dataset_split(&train, &test, ctx, 0.5, 1, err);
    if (status == MEKA_OK) {
        prob_dataset_clear(&train);
        prob_dataset_clear(&test);
    }
    return status;
}

START_TEST(every_allocation_of_a_split_may_fail)
{
    for (int storage = 0; storage < 3; storage++) {
        prob_dataset data = make(storage);
        ck_assert_uint_ge(test_every_allocation(split_and_clear, &data), 7);
    }
}
END_TEST

START_TEST(clearing_twice_is_fine)
{
    prob_dataset data = make(0), copy;
    meka_error err;
    const size_t row[] = {0};
    assert_ok(prob_dataset_select(&copy, &data, row, 1, &err), err);
    prob_dataset_clear(&copy);
    ck_assert_uint_eq(copy.n_rows, 0);
    prob_dataset_clear(&copy);
    prob_dataset_clear(NULL);
}
END_TEST

TEST_MAIN("dataset", a_row_reads_alike_from_every_storage,
          selected_rows_are_copies_in_the_order_asked_for,
          a_split_gives_every_row_to_one_part_in_the_order_of_the_file,
          over_many_seeds_every_row_is_held_out_equally_often,
          a_split_leaves_both_parts_a_row_or_says_why_not, every_allocation_of_a_split_may_fail,
          clearing_twice_is_fine)
