#include "tests/data_fixture.h"

enum { ROWS = 10, IMAGE = 12, SIDE_Y = 2, SIDE_X = 3, CHANNELS = 2 };

/* Row i has the features 10 i + 1, 10 i + 2 and the label i mod 2, called -5 or 3. */
static double dense[ROWS * 2], label[ROWS], names[] = {-5, 3};

static prob_dataset make_dense(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        dense[2 * i] = 10.0 * (double)i + 1;
        dense[2 * i + 1] = 10.0 * (double)i + 2;
        label[i] = (double)(i % 2);
    }
    return (prob_dataset){.n_rows = ROWS,
                          .n_features = 2,
                          .dense = dense,
                          .label = label,
                          .n_classes = 2,
                          .class_value = names};
}

/* Three images of 2 channels of 2 x 3; pixel k of image i is 1 + 12 i + k. */
static uint8_t byte[3 * IMAGE];

static prob_dataset make_images(void)
{
    for (size_t k = 0; k < sizeof byte; k++)
        byte[k] = (uint8_t)(1 + k);
    return (prob_dataset){.n_rows = 3,
                          .n_features = IMAGE,
                          .byte = byte,
                          .label = label,
                          .channels = CHANNELS,
                          .height = SIDE_Y,
                          .width = SIDE_X};
}

static prob_sampler make(const prob_dataset *data, prob_sampler_options options)
{
    prob_sampler s;
    meka_error err;
    assert_ok(prob_sampler_create(&s, data, &options, &err), err);
    return s;
}

static void draw(const prob_sampler *s, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    meka_source source = prob_sampler_source(s);
    source.draw(source.ctx, seed, step, n, xi);
}

/* ----------------------------------------------------------- order of rows */

START_TEST(every_row_comes_once_per_epoch_even_when_batches_cross_its_end)
{
    static const size_t sizes[] = {1, 3, 10, 7, 25};
    prob_dataset data = make_dense();
    prob_sampler s = make(&data, (prob_sampler_options){0});
    for (size_t b = 0; b < 5; b++) {
        enum { EPOCHS = 7 };
        size_t n = sizes[b], count[EPOCHS][ROWS] = {{0}};
        double xi[25 * 3];
        for (size_t step = 0; step * n < EPOCHS * ROWS; step++) {
            draw(&s, 4, step, n, xi);
            for (size_t i = 0; i < n && step * n + i < EPOCHS * ROWS; i++) {
                size_t row = (size_t)xi[3 * i] / 10;
                ck_assert_double_eq(xi[3 * i + 1], 10.0 * (double)row + 2);
                ck_assert_double_eq(xi[3 * i + 2], (double)(row % 2));
                count[(step * n + i) / ROWS][row]++;
            }
        }
        for (size_t e = 0; e < EPOCHS; e++)
            for (size_t row = 0; row < ROWS; row++)
                ck_assert_uint_eq(count[e][row], 1);
    }
    prob_sampler_clear(&s);
}
END_TEST

START_TEST(a_batch_is_a_function_of_seed_and_step)
{
    enum { N = 8 };
    prob_dataset data = make_dense(), images = make_images();
    prob_sampler all[] = {
        make(&data, (prob_sampler_options){0}),
        make(&data, (prob_sampler_options){.order = PROB_ORDER_REPLACEMENT}),
        make(&images, (prob_sampler_options){.flip = true, .pad = 2}),
    };
    for (size_t k = 0; k < 3; k++) {
        double first[N * 13], again[N * 13], step[N * 13], seed[N * 13];
        size_t bytes = N * all[k].n_features * sizeof *first;
        draw(&all[k], 3, 7, N, first);
        draw(&all[k], 3, 8, N, step);
        draw(&all[k], 4, 7, N, seed);
        draw(&all[k], 3, 7, N, again);
        ck_assert_mem_eq(first, again, bytes);
        ck_assert_mem_ne(first, step, bytes);
        ck_assert_mem_ne(first, seed, bytes);
        prob_sampler_clear(&all[k]);
    }
}
END_TEST

START_TEST(the_order_changes_from_epoch_to_epoch)
{
    double first[ROWS * 3], second[ROWS * 3];
    prob_dataset data = make_dense();
    prob_sampler s = make(&data, (prob_sampler_options){0});
    draw(&s, 1, 0, ROWS, first);
    draw(&s, 1, 1, ROWS, second);
    ck_assert_mem_ne(first, second, sizeof first);
    prob_sampler_clear(&s);
}
END_TEST

START_TEST(with_replacement_rows_are_uniform_and_those_of_meka_source_data)
{
    enum { N = 50000 };
    static double xi[N * 2], wanted[N * 2];
    double count[ROWS] = {0};
    prob_dataset data = make_dense();
    meka_data plain = {ROWS, 2, dense};
    meka_source source = meka_source_data(&plain);
    prob_sampler s = make(&data, (prob_sampler_options){.order = PROB_ORDER_REPLACEMENT,
                                                        .target = PROB_TARGET_NONE});
    draw(&s, 9, 3, N, xi);
    source.draw(source.ctx, 9, 3, N, wanted);
    ck_assert_mem_eq(xi, wanted, sizeof xi);
    for (size_t i = 0; i < N; i++)
        count[(size_t)xi[2 * i] / 10]++;
    for (size_t k = 0; k < ROWS; k++) /* 4 standard deviations of a binomial count */
        ck_assert_double_lt(fabs(count[k] - N / 10.0), 4.0 * sqrt(N * 0.09));
    prob_sampler_clear(&s);
}
END_TEST

/* ------------------------------------------------------------ what is drawn */

START_TEST(the_label_is_the_class_its_name_a_sign_or_left_out)
{
    prob_dataset data = make_dense();
    static const double wanted[3][2] = {{0, 1}, {-5, 3}, {-1, 1}};
    for (int target = PROB_TARGET_LABEL; target <= PROB_TARGET_NONE; target++) {
        prob_sampler s = make(&data, (prob_sampler_options){.target = (prob_target)target});
        double xi[3];
        ck_assert_uint_eq(s.n_features, target == PROB_TARGET_NONE ? 2 : 3);
        for (size_t i = 0; i < 2 && target != PROB_TARGET_NONE; i++) {
            prob_sampler_row(&s, i, xi);
            ck_assert_double_eq(xi[2], wanted[target][i]);
        }
        prob_sampler_clear(&s);
    }
}
END_TEST

START_TEST(rows_are_scaled_alike_from_every_storage)
{
    static double x[] = {0, 3, 0, 8, 5, 0, 0, 0, 1};
    static uint8_t b[] = {0, 3, 0, 8, 5, 0, 0, 0, 1};
    static size_t start[] = {0, 1, 3, 4};
    static uint32_t column[] = {1, 0, 1, 2};
    static double value[] = {3, 8, 5, 1};
    double shift[] = {1, 2, 3}, scale[] = {2, 4, 0.5};
    prob_scaling scaling = {3, shift, scale};
    prob_dataset all[] = {
        {.n_rows = 3, .n_features = 3, .dense = x},
        {.n_rows = 3, .n_features = 3, .byte = b},
        {.n_rows = 3, .n_features = 3, .row_start = start, .column = column, .value = value}};
    for (int scaled = 0; scaled < 2; scaled++)
        for (size_t k = 0; k < 3; k++) {
            prob_sampler s =
                make(&all[k], (prob_sampler_options){.target = PROB_TARGET_NONE,
                                                     .scaling = scaled ? &scaling : NULL});
            for (size_t i = 0; i < 9; i++) {
                double raw = x[i], xi[3];
                prob_sampler_row(&s, i / 3, xi);
                ck_assert_double_eq(xi[i % 3],
                                    scaled ? (raw - shift[i % 3]) * scale[i % 3] : raw);
                ck_assert_double_eq(s.population[i], xi[i % 3]);
            }
            prob_sampler_clear(&s);
        }
}
END_TEST

/* Pixel (y, x) of channel c of image i, framed by zeros. */
static double pixel(size_t i, size_t c, int y, int x)
{
    if (y < 0 || y >= SIDE_Y || x < 0 || x >= SIDE_X)
        return 0;
    return byte[i * IMAGE + c * SIDE_Y * SIDE_X + (size_t)(y * SIDE_X + x)];
}

/* Whether xi is image i, moved by (dy, dx) and mirrored. */
static bool is_moved(const double *xi, size_t i, int dy, int dx, bool flip)
{
    for (size_t c = 0; c < CHANNELS; c++)
        for (int y = 0; y < SIDE_Y; y++)
            for (int x = 0; x < SIDE_X; x++)
                if (*xi++ != pixel(i, c, y + dy, (flip ? SIDE_X - 1 - x : x) + dx))
                    return false;
    return true;
}

START_TEST(flips_and_crops_are_all_there_are_and_equally_frequent)
{
    enum { N = 20000, PAD = 1, SPOTS = (2 * PAD + 1) * (2 * PAD + 1) * 2 };
    static double xi[N * IMAGE];
    double count[SPOTS] = {0};
    prob_dataset data = make_images();
    prob_sampler s = make(
        &data, (prob_sampler_options){.target = PROB_TARGET_NONE, .flip = true, .pad = PAD});
    ck_assert_ptr_null(s.population);
    draw(&s, 5, 0, N, xi);
    for (size_t k = 0; k < N; k++) {
        int n_right = 0;
        for (size_t i = 0; i < 3; i++)
            for (int spot = 0; spot < SPOTS; spot++)
                if (is_moved(xi + k * IMAGE, i, spot / 6 - 1, spot / 2 % 3 - 1, spot % 2)) {
                    n_right++;
                    count[spot]++;
                }
        ck_assert_int_eq(n_right, 1);
    }
    for (int spot = 0; spot < SPOTS; spot++) /* 4 standard deviations of a binomial count */
        ck_assert_double_lt(fabs(count[spot] - (double)N / SPOTS),
                            4.0 * sqrt((double)N / SPOTS));
    prob_sampler_clear(&s);
}
END_TEST

START_TEST(flips_alone_only_flip_and_labels_go_along)
{
    enum { N = 400 };
    static double xi[N * (IMAGE + 1)];
    int n_flipped = 0;
    prob_dataset data = make_images();
    double own[] = {7, 8, 9};
    data.label = own;
    prob_sampler s = make(&data, (prob_sampler_options){.flip = true});
    draw(&s, 5, 0, N, xi);
    for (size_t k = 0; k < N; k++) {
        const double *one = xi + k * (IMAGE + 1);
        size_t i = (size_t)one[IMAGE] - 7;
        bool flipped = is_moved(one, i, 0, 0, true);
        ck_assert(flipped || is_moved(one, i, 0, 0, false));
        n_flipped += flipped;
    }
    ck_assert_int_lt(abs(n_flipped - N / 2), 40); /* 4 standard deviations */
    prob_sampler_clear(&s);
}
END_TEST

START_TEST(the_frame_is_zero_before_scaling)
{
    enum { N = 200 };
    static double plain[N * IMAGE], scaled[N * IMAGE];
    double shift[] = {10, 20}, scale[] = {2, 3};
    prob_scaling scaling = {2, shift, scale};
    prob_dataset data = make_images();
    prob_sampler_options options = {.target = PROB_TARGET_NONE, .pad = 2};
    prob_sampler s = make(&data, options);
    options.scaling = &scaling;
    prob_sampler t = make(&data, options);
    draw(&s, 5, 0, N, plain);
    draw(&t, 5, 0, N, scaled);
    for (size_t k = 0; k < N * IMAGE; k++) {
        size_t c = k % IMAGE / (SIDE_X * SIDE_Y);
        ck_assert_double_eq(scaled[k], (plain[k] - shift[c]) * scale[c]);
    }
    prob_sampler_clear(&s);
    prob_sampler_clear(&t);
}
END_TEST

START_TEST(images_of_bytes_and_of_numbers_give_the_same_samples)
{
    enum { N = 50 };
    double x[3 * IMAGE], from_bytes[N * IMAGE], from_numbers[N * IMAGE];
    double shift[] = {10, 20}, scale[] = {2, 3};
    prob_scaling scaling = {2, shift, scale};
    prob_dataset bytes = make_images(), numbers = bytes;
    for (size_t k = 0; k < 3 * IMAGE; k++)
        x[k] = byte[k];
    numbers.byte = NULL;
    numbers.dense = x;
    for (int k = 0; k < 8; k++) {
        bool scaled = k & 4;
        const prob_sampler_options options = {.target = PROB_TARGET_NONE,
                                              .flip = k & 1,
                                              .pad = k & 2 ? 1 : 0,
                                              .scaling = scaled ? &scaling : NULL};
        prob_sampler s = make(&bytes, options), t = make(&numbers, options);
        draw(&s, 5, 0, N, from_bytes);
        draw(&t, 5, 0, N, from_numbers);
        ck_assert_mem_eq(from_bytes, from_numbers, sizeof from_bytes);
        prob_sampler_row(&s, 1, from_bytes); /* not moved */
        for (size_t j = 0; j < IMAGE; j++) {
            size_t c = j / (SIDE_X * SIDE_Y);
            double raw = byte[IMAGE + j];
            ck_assert_double_eq(from_bytes[j], scaled ? (raw - shift[c]) * scale[c] : raw);
        }
        prob_sampler_clear(&s);
        prob_sampler_clear(&t);
    }
}
END_TEST

/* --------------------------------------------------------------- population */

START_TEST(the_population_is_the_whole_set_or_none)
{
    prob_dataset data = make_dense();
    size_t bytes = ROWS * 3 * sizeof(double);
    prob_sampler s = make(&data, (prob_sampler_options){.population_bytes = bytes});
    meka_source source = prob_sampler_source(&s);
    ck_assert_uint_eq(source.n_features, 3);
    ck_assert_uint_eq(source.n_population, ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        double xi[3];
        prob_sampler_row(&s, i, xi);
        ck_assert_mem_eq(source.population + 3 * i, xi, sizeof xi);
    }
    prob_sampler_clear(&s);
    s = make(&data, (prob_sampler_options){.population_bytes = bytes - 1});
    source = prob_sampler_source(&s);
    ck_assert_ptr_null(source.population);
    ck_assert_uint_eq(source.n_population, 0);
    prob_sampler_clear(&s);
    prob_sampler_clear(&s);
    prob_sampler_clear(NULL);
}
END_TEST

START_TEST(options_that_do_not_fit_the_data_are_refused)
{
    double shift[] = {0, 0, 0};
    prob_scaling three = {3, shift, shift};
    prob_dataset plain = make_dense(), images = make_images(), bare = make_dense();
    bare.label = NULL;
    const struct {
        const prob_dataset *data;
        prob_sampler_options options;
        const char *what;
    } bad[] = {
        {&bare, {0}, "the data set has no labels"},
        {&images, {.target = PROB_TARGET_SIGN}, "-1 and +1 need 2 classes; the data set has 0"},
        {&plain, {.scaling = &three}, "a scaling of 3 features for a data set of 2"},
        {&images, {.scaling = &three}, "a scaling of 3 channels for a data set of 2"},
        {&plain, {.flip = true}, "flips and crops need images"},
        {&plain, {.pad = 1}, "flips and crops need images"},
        {&images, {.pad = 3}, "a frame of 3 pixels around images of 2 x 3"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        prob_sampler s;
        meka_error err;
        assert_fails(prob_sampler_create(&s, bad[i].data, &bad[i].options, &err), err,
                     MEKA_ERR_INPUT, bad[i].what);
    }
}
END_TEST

static meka_status create_and_clear(void *ctx, meka_error *err)
{
    double shift[] = {0, 0};
    prob_scaling scaling = {2, shift, shift};
    prob_sampler_options options = {.scaling = &scaling};
    prob_sampler s;
    meka_status status = prob_sampler_create(&s, ctx, &options, err);
    if (status == MEKA_OK)
        prob_sampler_clear(&s);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    prob_dataset data = make_dense();
    ck_assert_uint_eq(test_every_allocation(create_and_clear, &data), 4);
}
END_TEST

TEST_MAIN("sampler", every_row_comes_once_per_epoch_even_when_batches_cross_its_end,
          a_batch_is_a_function_of_seed_and_step, the_order_changes_from_epoch_to_epoch,
          with_replacement_rows_are_uniform_and_those_of_meka_source_data,
          the_label_is_the_class_its_name_a_sign_or_left_out,
          rows_are_scaled_alike_from_every_storage,
          flips_and_crops_are_all_there_are_and_equally_frequent,
          flips_alone_only_flip_and_labels_go_along, the_frame_is_zero_before_scaling,
          images_of_bytes_and_of_numbers_give_the_same_samples,
          the_population_is_the_whole_set_or_none, options_that_do_not_fit_the_data_are_refused,
          every_allocation_may_fail)
