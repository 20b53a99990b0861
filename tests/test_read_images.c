#include "tests/data_fixture.h"

/* ------------------------------------------------------------ small files */

/* Three images of 2 x 2, and their labels. */
static const uint8_t images[] = {0, 0, 8, 3, 0, 0, 0, 3, 0,   0, 0, 2, 0, 0,
                                 0, 2, 1, 2, 3, 4, 5, 6, 255, 8, 9, 0, 7, 6};
static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 4, 0, 9};

enum { RECORD = 3073 };

/* n records whose labels and pixels count up. */
static void make_records(uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n * RECORD; i++)
        bytes[i] = (uint8_t)(i % RECORD ? (i * 7) % 251 : (i / RECORD) % 10);
}

/* --------------------------------------------------------------------- IDX */

START_TEST(idx_images_stay_bytes_and_labels_are_classes)
{
    static const double wanted[] = {4, 0, 9};
    const char *all[2][2] = {{data_write("images", images, sizeof images),
                              data_write("labels", labels, sizeof labels)},
                             {data_write_gzip("images.gz", images, sizeof images),
                              data_write_gzip("labels.gz", labels, sizeof labels)}};
    for (size_t k = 0; k < 2; k++)
        for (size_t n_classes = 0; n_classes <= 12; n_classes += 12) {
            prob_dataset data;
            meka_error err;
            assert_ok(prob_read_idx(&data, all[k][0], all[k][1], n_classes, &err), err);
            ck_assert_uint_eq(data.n_rows, 3);
            ck_assert_uint_eq(data.n_features, 4);
            ck_assert_uint_eq(data.channels, 1);
            ck_assert_uint_eq(data.height, 2);
            ck_assert_uint_eq(data.width, 2);
            ck_assert_uint_eq(data.n_classes, n_classes ? 12 : 10);
            ck_assert_double_eq(data.class_value[9], 9);
            ck_assert_mem_eq(data.byte, images + 16, 12);
            ck_assert_mem_eq(data.label, wanted, sizeof wanted);
            prob_dataset_clear(&data);
        }
}
END_TEST

START_TEST(idx_files_of_one_and_two_dimensions_are_rows_of_features)
{
    static const uint8_t two[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6};
    prob_dataset data;
    meka_error err;
    assert_ok(prob_read_idx(&data, data_write("two", two, sizeof two), NULL, 0, &err), err);
    ck_assert_uint_eq(data.n_rows, 2);
    ck_assert_uint_eq(data.n_features, 3);
    ck_assert_uint_eq(data.channels, 0);
    ck_assert_ptr_null(data.label);
    ck_assert_mem_eq(data.byte, two + 12, 6);
    prob_dataset_clear(&data);
    assert_ok(prob_read_idx(&data, data_write("one", labels, sizeof labels), NULL, 0, &err),
              err);
    ck_assert_uint_eq(data.n_rows, 3);
    ck_assert_uint_eq(data.n_features, 1);
    prob_dataset_clear(&data);
}
END_TEST

/* Reads `images` with byte `at` set to `to`; likewise the labels. */
static meka_status read_changed(size_t image_at, uint8_t image_to, size_t label_at,
                                uint8_t label_to, meka_error *err)
{
    uint8_t bad_images[sizeof images], bad_labels[sizeof labels];
    char image_path[256];
    prob_dataset data;
    memcpy(bad_images, images, sizeof images);
    memcpy(bad_labels, labels, sizeof labels);
    bad_images[image_at] = image_to;
    bad_labels[label_at] = label_to;
    snprintf(image_path, sizeof image_path, "%s",
             data_write("images", bad_images, sizeof images));
    return prob_read_idx(&data, image_path, data_write("labels", bad_labels, sizeof labels), 10,
                         err);
}

START_TEST(a_malformed_idx_file_is_refused_with_file_byte_and_reason)
{
    static const struct {
        size_t image_at;
        uint8_t image_to;
        size_t label_at;
        uint8_t label_to;
        const char *what;
    } bad[] = {
        {0, 1, 0, 0, "images: byte 0: magic number 0x01000803 instead of 0x00000801"},
        {1, 9, 0, 0, "images: byte 0: magic number 0x00090803"},
        {3, 4, 0, 0, "images: byte 0: magic number 0x00000804"},
        {3, 0, 0, 0, "images: byte 0: magic number 0x00000800"},
        {2, 13, 0, 0, "images: byte 2: elements of type 0x0d; only unsigned bytes (0x08)"},
        {7, 0, 0, 0, "images: byte 4: dimension 1 has size 0"},
        {11, 0, 0, 0, "images: byte 8: dimension 2 has size 0"},
        {7, 4, 0, 0, "images: byte 28: the file ends here, but its elements go on to byte 32"},
        {4, 192, 0, 0, "images: byte 28: the file ends here, but its elements go on to byte "},
        {7, 2, 0, 0, "images: byte 24: the file goes on after the 8 elements its header "},
        {0, 0, 3, 3,
         "labels: byte 0: magic number 0x00000803 instead of 0x00000801 (IDX, bytes, "
         "1 dimension)"},
        {0, 0, 7, 2, "labels: byte 10: the file goes on after the 2 elements its header "},
        {0, 0, 9, 10, "labels: byte 9: label 10 is not one of 0 to 9"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        meka_error err;
        assert_fails(read_changed(bad[i].image_at, bad[i].image_to, bad[i].label_at,
                                  bad[i].label_to, &err),
                     err, MEKA_ERR_INPUT, bad[i].what);
    }
}
END_TEST

START_TEST(labels_of_another_number_of_images_are_refused)
{
    static const uint8_t two[] = {0, 0, 8, 1, 0, 0, 0, 2, 4, 0};
    char path[256];
    prob_dataset data;
    meka_error err;
    snprintf(path, sizeof path, "%s", data_write("images", images, sizeof images));
    assert_fails(prob_read_idx(&data, path, data_write("two", two, sizeof two), 10, &err), err,
                 MEKA_ERR_INPUT, "two: byte 4: 2 labels, but '");
    ck_assert_ptr_nonnull(strstr(err.text, "images' has 3 rows"));
}
END_TEST

START_TEST(a_header_that_claims_more_than_memory_is_refused_without_asking_for_it)
{
    static const struct {
        uint8_t sizes[12];
        const char *what;
    } claims[] = {
        /* 3 GiB, 2^48 - 2^17 + ... bytes, and sizes whose product overflows */
        {{192, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1}, "byte 100: the file ends here"},
        {{0, 255, 255, 255, 0, 0, 255, 255, 0, 0, 0, 255}, "byte 100: the file ends here"},
        {{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
         "byte 8: sizes whose product is beyond memory"},
    };
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        uint8_t file[100] = {0, 0, 8, 3};
        prob_dataset data;
        meka_error err;
        memcpy(file + 4, claims[i].sizes, 12);
        assert_fails(prob_read_idx(&data, data_write("claim", file, 100), NULL, 0, &err), err,
                     MEKA_ERR_INPUT, claims[i].what);
    }
}
END_TEST

/* ctx: the path of the images, or of the labels where the images are whole. */
static meka_status read_images(void *ctx, meka_error *err)
{
    prob_dataset data;
    meka_status status = prob_read_idx(&data, ctx, NULL, 0, err);
    if (status == MEKA_OK)
        prob_dataset_clear(&data);
    return status;
}

static meka_status read_pair(void *ctx, meka_error *err)
{
    const char *const *paths = ctx;
    prob_dataset data;
    meka_status status = prob_read_idx(&data, paths[0], paths[1], 10, err);
    if (status == MEKA_OK)
        prob_dataset_clear(&data);
    return status;
}

START_TEST(an_idx_file_cut_off_anywhere_is_refused)
{
    ck_assert_uint_eq(data_truncate("cut", images, sizeof images, read_images), 0);
    data_truncate_gzip("cut.gz", images, sizeof images, read_images);
}
END_TEST

/* --------------------------------------------------------------------- CIFAR */

START_TEST(cifar_files_are_joined_in_order)
{
    enum { N = 12 };
    static uint8_t bytes[N * RECORD];
    make_records(bytes, N);
    const char *paths[] = {data_write("first", bytes, 10 * RECORD),
                           data_write_gzip("second", bytes + 10 * RECORD, 2 * RECORD)};
    prob_dataset data;
    meka_error err;
    assert_ok(prob_read_cifar10(&data, paths, 2, &err), err);
    ck_assert_uint_eq(data.n_rows, N);
    ck_assert_uint_eq(data.n_features, 3072);
    ck_assert_uint_eq(data.channels, 3);
    ck_assert_uint_eq(data.height * data.width, 1024);
    ck_assert_uint_eq(data.n_classes, 10);
    for (size_t i = 0; i < N; i++) {
        ck_assert_double_eq(data.label[i], (double)(i % 10));
        ck_assert_mem_eq(data.byte + i * 3072, bytes + i * RECORD + 1, 3072);
    }
    prob_dataset_clear(&data);
}
END_TEST

static meka_status read_cifar(void *ctx, meka_error *err)
{
    const char *path = ctx;
    prob_dataset data;
    meka_status status = prob_read_cifar10(&data, &path, 1, err);
    if (status == MEKA_OK)
        prob_dataset_clear(&data);
    return status;
}

START_TEST(a_malformed_cifar_file_is_refused_with_file_byte_and_reason)
{
    static uint8_t bytes[2 * RECORD];
    char path[256];
    meka_error err;
    make_records(bytes, 2);
    snprintf(path, sizeof path, "%s", data_write("bad", bytes, 2 * RECORD - 1));
    assert_fails(
        read_cifar(path, &err), err, MEKA_ERR_INPUT,
        "bad: byte 6145: the file ends here, after 3072 of the 3073 bytes of a record");
    bytes[RECORD] = 10;
    snprintf(path, sizeof path, "%s", data_write("bad", bytes, 2 * RECORD));
    assert_fails(read_cifar(path, &err), err, MEKA_ERR_INPUT,
                 "bad: byte 3073: label 10 is not one of 0 to 9");
    snprintf(path, sizeof path, "%s", data_write("bad", bytes, 0));
    assert_fails(read_cifar(path, &err), err, MEKA_ERR_INPUT, "bad: holds no records");
}
END_TEST

START_TEST(a_cifar_file_cut_off_is_refused_unless_whole_records_are_left)
{
    static uint8_t bytes[2 * RECORD];
    make_records(bytes, 2);
    ck_assert_uint_eq(data_truncate("cut", bytes, RECORD + 300, read_cifar), 1);
    data_truncate_gzip("cut.gz", bytes, 2 * RECORD, read_cifar);
}
END_TEST

START_TEST(every_allocation_of_reading_may_fail)
{
    static uint8_t bytes[9 * RECORD];
    char first[256], second[256];
    const char *pair[] = {first, second};
    snprintf(first, sizeof first, "%s", data_write("images", images, sizeof images));
    snprintf(second, sizeof second, "%s", data_write("labels", labels, sizeof labels));
    ck_assert_uint_ge(test_every_allocation(read_pair, pair), 6);
    make_records(bytes, 9);
    snprintf(first, sizeof first, "%s", data_write("cifar", bytes, sizeof bytes));
    ck_assert_uint_ge(test_every_allocation(read_cifar, first), 6);
}
END_TEST

TEST_MAIN("read_images", idx_images_stay_bytes_and_labels_are_classes,
          idx_files_of_one_and_two_dimensions_are_rows_of_features,
          a_malformed_idx_file_is_refused_with_file_byte_and_reason,
          labels_of_another_number_of_images_are_refused,
          a_header_that_claims_more_than_memory_is_refused_without_asking_for_it,
          an_idx_file_cut_off_anywhere_is_refused, cifar_files_are_joined_in_order,
          a_malformed_cifar_file_is_refused_with_file_byte_and_reason,
          a_cifar_file_cut_off_is_refused_unless_whole_records_are_left,
          every_allocation_of_reading_may_fail)
