#include "tests/data_fixture.h"

/* The features of n rows, scaled, into out [n][m]. */
static void scale_rows(const prob_dataset *data, const prob_scaling *s, double *out)
{
    size_t m = data->n_features, group = m / s->n;
    for (size_t i = 0; i < data->n_rows; i++) {
        prob_dataset_row(data, i, out + i * m);
        for (size_t j = 0; j < m; j++)
            out[i * m + j] = (out[i * m + j] - s->shift[j / group]) * s->scale[j / group];
    }
}

static double table[] = {1, 7, 1e6 + 1, 2, 7, 1e6 + 2, 6, 7, 1e6 + 6};
static const prob_dataset three_rows = {.n_rows = 3, .n_features = 3, .dense = table};

START_TEST(standardized_features_have_mean_0_and_variance_1_and_constant_ones_stay)
{
    prob_scaling s;
    meka_error err;
    double x[9];
    assert_ok(prob_scaling_create(&s, &three_rows, PROB_SCALE_STANDARD, &err), err);
    ck_assert_uint_eq(s.n, 3);
    scale_rows(&three_rows, &s, x);
    for (size_t j = 0; j < 3; j++) {
        double sum = x[j] + x[3 + j] + x[6 + j];
        double square = x[j] * x[j] + x[3 + j] * x[3 + j] + x[6 + j] * x[6 + j];
        if (j == 1) {
            ck_assert_double_eq(x[j], 7);
            continue;
        }
        /* 1e6 + k is rounded in the mean, by an ulp of 1e6 */
        assert_scaled(sum, 0.0, 1e6, 4);
        assert_scaled(square, 3.0, 1e6, 8);
    }
    prob_scaling_clear(&s);
    prob_scaling_clear(&s);
    prob_scaling_clear(NULL);
}
END_TEST

START_TEST(the_range_of_a_feature_becomes_0_to_1)
{
    prob_scaling s;
    meka_error err;
    double x[9];
    assert_ok(prob_scaling_create(&s, &three_rows, PROB_SCALE_UNIT, &err), err);
    scale_rows(&three_rows, &s, x);
    static const double wanted[] = {0, 7, 0, 0.2, 7, 0.2, 1, 7, 1};
    assert_all_scaled(9, x, wanted, 1.0, 1);
    prob_scaling_clear(&s);
}
END_TEST

START_TEST(zeros_of_a_sparse_data_set_count)
{
    size_t row_start[] = {0, 1, 1, 2, 2};
    uint32_t column[] = {0, 1};
    double value[] = {4, -2};
    prob_dataset data = {
        .n_rows = 4, .n_features = 2, .row_start = row_start, .column = column, .value = value};
    prob_scaling s;
    meka_error err;
    assert_ok(prob_scaling_create(&s, &data, PROB_SCALE_STANDARD, &err), err);
    ck_assert_double_eq(s.shift[0], 1);
    ck_assert_double_eq(s.shift[1], -0.5);
    assert_ulps(s.scale[0], 1 / sqrt(3.0), 1);
    assert_ulps(s.scale[1], 1 / sqrt(0.75), 1);
    prob_scaling_clear(&s);
}
END_TEST

START_TEST(images_are_scaled_by_channel)
{
    /* two images of two channels of 1 x 2 */
    uint8_t byte[] = {0, 2, 100, 100, 4, 6, 100, 100};
    prob_dataset data = {
        .n_rows = 2, .n_features = 4, .byte = byte, .channels = 2, .height = 1, .width = 2};
    prob_scaling s;
    meka_error err;
    assert_ok(prob_scaling_create(&s, &data, PROB_SCALE_STANDARD, &err), err);
    ck_assert_uint_eq(s.n, 2);
    ck_assert_double_eq(s.shift[0], 3);
    assert_ulps(s.scale[0], 1 / sqrt(5.0), 1);
    ck_assert_double_eq(s.shift[1], 0); /* constant */
    ck_assert_double_eq(s.scale[1], 1);
    prob_scaling_clear(&s);
    assert_ok(prob_scaling_create(&s, &data, PROB_SCALE_UNIT, &err), err);
    for (size_t c = 0; c < 2; c++) {
        ck_assert_double_eq(s.shift[c], 0);
        ck_assert_double_eq(255 * s.scale[c], 1);
    }
    prob_scaling_clear(&s);
}
END_TEST

START_TEST(a_spread_no_double_can_hold_is_refused)
{
    double wide[] = {1, -1e308, 1, 1e308}, narrow[] = {0, 5e-324};
    prob_dataset data = {.n_rows = 2, .n_features = 2, .dense = wide};
    prob_scaling s;
    meka_error err;
    assert_fails(prob_scaling_create(&s, &data, PROB_SCALE_UNIT, &err), err, MEKA_ERR_RANGE,
                 "feature 2 runs from -1e+308 to 1e+308");
    assert_fails(prob_scaling_create(&s, &data, PROB_SCALE_STANDARD, &err), err, MEKA_ERR_RANGE,
                 "feature 2 runs from -1e+308 to 1e+308");
    data = (prob_dataset){.n_rows = 2, .n_features = 1, .dense = narrow};
    assert_fails(prob_scaling_create(&s, &data, PROB_SCALE_UNIT, &err), err, MEKA_ERR_RANGE,
                 "feature 1 runs from 0 to");
}
END_TEST

static meka_status create_and_clear(void *ctx, meka_error *err)
{
    prob_scaling s;
    meka_status status = prob_scaling_create(&s, ctx, PROB_SCALE_STANDARD, err);
    if (status == MEKA_OK)
        prob_scaling_clear(&s);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    prob_dataset data = three_rows;
    ck_assert_uint_eq(test_every_allocation(create_and_clear, &data), 3);
}
END_TEST

TEST_MAIN("scaling", standardized_features_have_mean_0_and_variance_1_and_constant_ones_stay,
          the_range_of_a_feature_becomes_0_to_1, zeros_of_a_sparse_data_set_count,
          images_are_scaled_by_channel, a_spread_no_double_can_hold_is_refused,
          every_allocation_may_fail)
