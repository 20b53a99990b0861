#include "tests/data_fixture.h"

static prob_dataset make(prob_shapes_options options)
{
    prob_dataset data;
    meka_error err;
    assert_ok(prob_make_shapes(&data, &options, &err), err);
    return data;
}

/* FNV-1a. */
static uint64_t hash(const uint8_t *byte, size_t n)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ byte[i]) * 1099511628211u;
    return h;
}

START_TEST(images_have_the_sizes_of_the_usual_data_sets_and_classes_in_turn)
{
    for (int colour = 0; colour < 2; colour++) {
        prob_dataset data = make((prob_shapes_options){
            .n_rows = 25, .first_row = 3, .colour = colour, .noise = 20, .seed = 1});
        ck_assert_uint_eq(data.n_rows, 25);
        ck_assert_uint_eq(data.channels, colour ? 3 : 1);
        ck_assert_uint_eq(data.height, colour ? 32 : 28);
        ck_assert_uint_eq(data.width, data.height);
        ck_assert_uint_eq(data.n_features, colour ? 3072 : 784);
        ck_assert_uint_eq(data.n_classes, 10);
        for (size_t i = 0; i < 25; i++)
            ck_assert_double_eq(data.label[i], (double)((i + 3) % 10));
        ck_assert_double_eq(data.class_value[9], 9);
        prob_dataset_clear(&data);
    }
}
END_TEST

START_TEST(the_same_seed_gives_the_same_bytes_on_every_machine)
{
    static const uint64_t wanted[] = {0x4cb5859d2ad20440u, 0x91e3308f96775964u};
    for (int colour = 0; colour < 2; colour++) {
        prob_dataset data =
            make((prob_shapes_options){.n_rows = 20, .colour = colour, .noise = 20, .seed = 1});
        uint64_t got = hash(data.byte, 20 * data.n_features);
        ck_assert_msg(got == wanted[colour], "0x%016llx", (unsigned long long)got);
        prob_dataset_clear(&data);
    }
}
END_TEST

START_TEST(a_row_depends_on_its_number_and_the_seed_alone)
{
    enum { M = 784 };
    prob_shapes_options options = {.n_rows = 20, .noise = 20, .seed = 1};
    prob_dataset all = make(options);
    options.first_row = 5;
    options.n_rows = 10;
    prob_dataset some = make(options);
    options.seed = 2;
    prob_dataset other = make(options);
    ck_assert_mem_eq(some.byte, all.byte + 5 * M, 10 * M);
    for (size_t i = 0; i < 10; i++)
        ck_assert_mem_ne(other.byte + i * M, some.byte + i * M, M);
    prob_dataset_clear(&all);
    prob_dataset_clear(&some);
    prob_dataset_clear(&other);
}
END_TEST

START_TEST(noise_has_the_standard_deviation_asked_for)
{
    enum { N = 50, M = 784 };
    prob_shapes_options options = {.n_rows = N, .seed = 1};
    prob_dataset clean = make(options);
    options.noise = 10;
    prob_dataset noisy = make(options);
    double sum = 0.0, square = 0.0, n = 0.0;
    for (size_t k = 0; k < N * M; k++)
        if (clean.byte[k] > 60 && clean.byte[k] < 195) { /* never cut at 0 or 255 */
            double e = (double)noisy.byte[k] - clean.byte[k];
            sum += e;
            square += e * e;
            n++;
        }
    ck_assert_double_gt(n, N * M / 2.0);
    ck_assert_double_lt(fabs(sum / n), 0.3);               /* 4 standard deviations */
    ck_assert_double_lt(fabs(sqrt(square / n) - 10), 0.2); /* rounding adds 1/6 to 100 */
    prob_dataset_clear(&clean);
    prob_dataset_clear(&noisy);
}
END_TEST

/* |a - b|^2 of two rows of m bytes. */
static double distance(const uint8_t *a, const uint8_t *b, size_t m)
{
    int sum = 0;
    for (size_t j = 0; j < m; j++)
        sum += (a[j] - b[j]) * (a[j] - b[j]);
    return sum;
}

START_TEST(the_nearest_class_mean_is_near_chance_and_the_nearest_neighbour_is_not)
{
    enum { TRAIN = 4000, TEST = 500, M = 784 };
    prob_shapes_options options = {.n_rows = TRAIN, .noise = 20, .seed = 1};
    prob_dataset train = make(options);
    options.first_row = TRAIN;
    options.n_rows = TEST;
    prob_dataset test = make(options);
    static double mean[10][M];
    int by_mean = 0, by_neighbour = 0;
    for (size_t i = 0; i < TRAIN; i++)
        for (size_t j = 0; j < M; j++)
            mean[i % 10][j] += train.byte[i * M + j] / (TRAIN / 10.0);
    for (size_t i = 0; i < TEST; i++) {
        const uint8_t *row = test.byte + i * M;
        size_t nearest_mean = 0, nearest = 0;
        double least_mean = INFINITY, least = INFINITY;
        for (size_t c = 0; c < 10; c++) {
            double sum = 0.0;
            for (size_t j = 0; j < M; j++)
                sum += (row[j] - mean[c][j]) * (row[j] - mean[c][j]);
            if (sum < least_mean) {
                least_mean = sum;
                nearest_mean = c;
            }
        }
        for (size_t k = 0; k < TRAIN; k++) {
            double sum = distance(row, train.byte + k * M, M);
            if (sum < least) {
                least = sum;
                nearest = k;
            }
        }
        by_mean += nearest_mean == (size_t)test.label[i];
        by_neighbour += nearest % 10 == (size_t)test.label[i];
    }
    ck_assert_msg(by_mean < 0.2 * TEST, "%d by mean", by_mean);
    ck_assert_msg(by_neighbour > 0.4 * TEST, "%d by neighbour", by_neighbour);
    prob_dataset_clear(&train);
    prob_dataset_clear(&test);
}
END_TEST

START_TEST(noise_out_of_range_is_refused)
{
    const double bad[] = {-1, 256, (double)NAN};
    for (size_t i = 0; i < 3; i++) {
        prob_dataset data;
        meka_error err;
        prob_shapes_options options = {.n_rows = 1, .noise = bad[i]};
        assert_fails(prob_make_shapes(&data, &options, &err), err, MEKA_ERR_INPUT,
                     "must be between 0 and 255");
    }
}
END_TEST

static meka_status make_and_clear(void *ctx, meka_error *err)
{
    prob_dataset data;
    meka_status status = prob_make_shapes(&data, ctx, err);
    if (status == MEKA_OK)
        prob_dataset_clear(&data);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    prob_shapes_options options = {.n_rows = 2};
    ck_assert_uint_eq(test_every_allocation(make_and_clear, &options), 3);
}
END_TEST

TEST_MAIN("shapes", images_have_the_sizes_of_the_usual_data_sets_and_classes_in_turn,
          the_same_seed_gives_the_same_bytes_on_every_machine,
          a_row_depends_on_its_number_and_the_seed_alone,
          noise_has_the_standard_deviation_asked_for,
          the_nearest_class_mean_is_near_chance_and_the_nearest_neighbour_is_not,
          noise_out_of_range_is_refused, every_allocation_may_fail)
