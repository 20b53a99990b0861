/* Directories of images, and what becomes of them; by way of the problem mlp. */
#include "tests/data_fixture.h"

#include <meka/problems.h>
#include <sys/stat.h>

enum { SIDE = 4, M = SIDE * SIDE, CIFAR_M = 3072 };

/* A directory of this test's own; the text is valid until the next four calls. */
static const char *make_directory(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s", test_path(name));
    ck_assert_int_eq(mkdir(path, 0700), 0);
    return path;
}

static void write_in(const char *directory, const char *name, const uint8_t *bytes, size_t n)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", strrchr(directory, '/') + 1, name);
    size_t length = strlen(name);
    if (length > 3 && strcmp(name + length - 3, ".gz") == 0)
        data_write_gzip(path, bytes, n);
    else
        data_write(path, bytes, n);
}

/* Pixel j of image i, and its label. */
static uint8_t pixel(size_t i, size_t j, unsigned salt)
{
    return (uint8_t)((i * 31 + j * 7 + salt * 3) % 256);
}

static unsigned label_of(size_t i)
{
    return (unsigned)(i * 3 % 10);
}

static void write_idx(const char *directory, const char *images, const char *labels, uint8_t n,
                      uint8_t side, unsigned salt)
{
    uint8_t bytes[16 + 40 * 64] = {0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, side, 0, 0, 0, side};
    size_t m = (size_t)side * side;
    for (size_t k = 0; k < n * m; k++)
        bytes[16 + k] = pixel(k / m, k % m, salt);
    write_in(directory, images, bytes, 16 + n * m);
    uint8_t names[8 + 40] = {0, 0, 8, 1, 0, 0, 0, n};
    for (size_t i = 0; i < n; i++)
        names[8 + i] = (uint8_t)label_of(i);
    write_in(directory, labels, names, 8U + n);
}

#define TRAIN    "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
#define TRAIN_GZ "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
#define TEST     "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"

static void write_cifar(const char *directory, const char *name, size_t n, unsigned salt)
{
    uint8_t *bytes = malloc(n * (CIFAR_M + 1));
    for (size_t k = 0; k < n * (CIFAR_M + 1); k++) {
        size_t i = k / (CIFAR_M + 1), j = k % (CIFAR_M + 1);
        bytes[k] = j ? pixel(i, j - 1, salt) : (uint8_t)label_of(i);
    }
    write_in(directory, name, bytes, n * (CIFAR_M + 1));
    free(bytes);
}

static meka_status open_with(prob_instance *out, const char *directory, const char *settings,
                             meka_error *err)
{
    const prob_problem *row;
    ck_assert_int_eq(prob_problem_find(&row, "mlp", NULL), MEKA_OK);
    return prob_create(
        out, row, &(prob_request){.settings = settings, .data = directory, .seed = 1}, err);
}

static prob_instance open_directory(const char *directory, const char *settings)
{
    prob_instance it;
    meka_error err;
    assert_ok(open_with(&it, directory, settings, &err), err);
    return it;
}

/* Row i of test samples that are not scaled is image `of`, made with this salt. */
static void assert_image(const double *xi, size_t m, size_t of, unsigned salt)
{
    for (size_t j = 0; j < m; j++)
        ck_assert_double_eq(xi[j], pixel(of, j, salt));
    ck_assert_double_eq(xi[m], label_of(of));
}

/* ------------------------------------------------------------------ directories */

START_TEST(idx_files_are_recognized_plain_and_compressed)
{
    for (int packed = 0; packed < 2; packed++) {
        const char *directory = make_directory(packed ? "packed" : "plain");
        if (packed)
            write_idx(directory, TRAIN_GZ, 9, SIDE, 0);
        else
            write_idx(directory, TRAIN, 9, SIDE, 0);
        write_idx(directory, TEST, 5, SIDE, 1);
        prob_instance it = open_directory(directory, "scale=none");
        double xi[9 * (M + 1)];
        ck_assert_uint_eq(it.objective.n_features, M + 1);
        ck_assert_uint_eq(it.test.n_rows, 5);
        ck_assert_uint_eq(it.source.n_population, 9);
        for (size_t i = 0; i < 9; i++)
            assert_image(it.source.population + i * (M + 1), M, i, 0);
        it.test.read(it.test.ctx, 0, 5, xi);
        for (size_t i = 0; i < 5; i++)
            assert_image(xi + i * (M + 1), M, i, 1);
        prob_destroy(&it);
    }
}
END_TEST

START_TEST(the_batches_of_cifar_that_are_there_are_the_training_images)
{
    const char *directory = make_directory("cifar");
    write_cifar(directory, "data_batch_2.bin", 3, 0);
    write_cifar(directory, "data_batch_5.bin.gz", 2, 1);
    write_cifar(directory, "test_batch.bin", 4, 2);
    prob_instance it = open_directory(directory, "scale=none hidden=2");
    double xi[CIFAR_M + 1];
    ck_assert_uint_eq(it.objective.n_features, CIFAR_M + 1);
    ck_assert_uint_eq(it.source.n_population, 5);
    for (size_t i = 0; i < 5; i++)
        assert_image(it.source.population + i * (CIFAR_M + 1), CIFAR_M, i < 3 ? i : i - 3,
                     i < 3 ? 0 : 1);
    ck_assert_uint_eq(it.test.n_rows, 4);
    it.test.read(it.test.ctx, 3, 1, xi);
    assert_image(xi, CIFAR_M, 3, 2);
    prob_destroy(&it);
}
END_TEST

static void assert_refused(const char *directory, const char *settings, meka_status status,
                           const char *says)
{
    prob_instance it;
    meka_error err;
    assert_fails(open_with(&it, directory, settings, &err), err, status, says);
    const char *name = strrchr(directory, '/') + 1;
    ck_assert_msg(strstr(err.text, name) != NULL, "'%s' does not name %s", err.text, name);
}

START_TEST(a_directory_of_neither_kind_is_refused_with_what_was_looked_for)
{
    const char *directory = make_directory("empty");
    assert_refused(directory, NULL, MEKA_ERR_INPUT,
                   "is a directory without known images; wanted is one with MNIST's "
                   "train-images-idx3-ubyte or CIFAR-10's data_batch_1.bin, plain or .gz");
    write_in(directory, "t10k-images-idx3-ubyte", (const uint8_t *)"", 0);
    assert_refused(directory, NULL, MEKA_ERR_INPUT, "is a directory without known images");
    assert_refused(test_write("file", "1,2,3\n"), NULL, MEKA_ERR_INPUT,
                   "is not a directory; wanted is one with MNIST's");
    assert_refused(test_path("missing"), NULL, MEKA_ERR_IO, "cannot read");
}
END_TEST

START_TEST(a_directory_that_lacks_a_file_is_refused_with_its_name)
{
    const char *directory = make_directory("half");
    write_idx(directory, "train-images-idx3-ubyte", "other", 3, SIDE, 0);
    assert_refused(directory, NULL, MEKA_ERR_INPUT,
                   "holds train-images-idx3-ubyte, but neither train-labels-idx1-ubyte nor "
                   "train-labels-idx1-ubyte.gz");
    write_idx(directory, TRAIN, 3, SIDE, 0);
    assert_refused(directory, NULL, MEKA_ERR_INPUT, "but neither t10k-images-idx3-ubyte nor");
    directory = make_directory("batch");
    write_cifar(directory, "data_batch_1.bin", 1, 0);
    assert_refused(directory, NULL, MEKA_ERR_INPUT,
                   "holds data_batch_*.bin, but neither test_batch.bin nor test_batch.bin.gz");
}
END_TEST

START_TEST(images_that_do_not_fit_are_refused)
{
    const char *directory = make_directory("sizes");
    write_idx(directory, TRAIN, 3, SIDE, 0);
    write_idx(directory, TEST, 3, SIDE + 1, 0);
    assert_refused(directory, NULL, MEKA_ERR_INPUT,
                   "training images of 4 x 4 pixels, but test images of 5 x 5");
    static const uint8_t flat[] = {0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6};
    write_in(directory, "t10k-images-idx3-ubyte", flat, sizeof flat);
    assert_refused(directory, NULL, MEKA_ERR_INPUT, "test images have fewer than 3 dimensions");
    write_idx(directory, TEST, 3, SIDE, 0);
    write_in(directory, "train-labels-idx1-ubyte", (const uint8_t *)"\0\0\10\1\0\0\0\3\0\1\12",
             11);
    meka_error err;
    prob_instance it;
    assert_fails(open_with(&it, directory, NULL, &err), err, MEKA_ERR_INPUT,
                 "train-labels-idx1-ubyte: byte 10");
    write_idx(directory, TRAIN, 3, SIDE, 0);
    const prob_problem *cnn;
    ck_assert_int_eq(prob_problem_find(&cnn, "cnn", NULL), MEKA_OK);
    assert_fails(prob_create(&it, cnn, &(prob_request){.data = directory}, &err), err,
                 MEKA_ERR_INPUT,
                 "the images are too small for this network: 1 pixels are left");
}
END_TEST

/* --------------------------------------------------------------------- options */

START_TEST(rows_are_the_first_ones_and_no_more_than_there_are)
{
    const char *directory = make_directory("rows");
    write_idx(directory, TRAIN, 9, SIDE, 0);
    write_idx(directory, TEST, 5, SIDE, 1);
    prob_instance it = open_directory(directory, "scale=none train-rows=4 test-rows=2");
    ck_assert_uint_eq(it.source.n_population, 4);
    ck_assert_uint_eq(it.test.n_rows, 2);
    assert_image(it.source.population + 3 * (M + 1), M, 3, 0);
    prob_destroy(&it);
    assert_refused(directory, "train-rows=10", MEKA_ERR_INPUT, "train-rows=10, but '");
    assert_refused(directory, "test-rows=6", MEKA_ERR_INPUT, "has 5 such images");
    meka_error err;
    assert_fails(open_with(&it, directory, "crop=5", &err), err, MEKA_ERR_INPUT,
                 "a frame of 5 pixels around images of 4 x 4");
}
END_TEST

START_TEST(scalings_are_those_of_the_training_images)
{
    const char *directory = make_directory("scales");
    write_idx(directory, TRAIN, 9, SIDE, 0);
    write_idx(directory, TEST, 5, SIDE, 50);
    double mean = 0.0, square = 0.0, xi[M + 1];
    for (size_t k = 0; k < 9 * M; k++)
        mean += pixel(k / M, k % M, 0) / (9.0 * M);
    for (size_t k = 0; k < 9 * M; k++)
        square += (pixel(k / M, k % M, 0) - mean) * (pixel(k / M, k % M, 0) - mean) / (9.0 * M);
    for (int unit = 0; unit < 2; unit++) {
        prob_instance it = open_directory(directory, unit ? "scale=unit" : NULL);
        it.test.read(it.test.ctx, 2, 1, xi);
        for (size_t j = 0; j < M; j++) {
            double x = pixel(2, j, 50), y = pixel(7, j, 0);
            ck_assert_double_lt(fabs(xi[j] - (unit ? x / 255.0 : (x - mean) / sqrt(square))),
                                1e-12);
            ck_assert_double_lt(fabs(it.source.population[7 * (M + 1) + j] -
                                     (unit ? y / 255.0 : (y - mean) / sqrt(square))),
                                1e-12);
        }
        prob_destroy(&it);
    }
}
END_TEST

START_TEST(only_training_images_are_moved)
{
    const char *directory = make_directory("moved");
    write_idx(directory, TRAIN, 9, SIDE, 0);
    write_idx(directory, TEST, 5, SIDE, 1);
    static const char *const settings[] = {"scale=none flip=yes", "scale=none crop=2"};
    for (int k = 0; k < 2; k++) {
        prob_instance it = open_directory(directory, settings[k]);
        double xi[90 * (M + 1)];
        size_t n_moved = 0;
        ck_assert_uint_eq(it.source.n_population, 0);
        it.source.draw(it.source.ctx, 1, 0, 90, xi);
        for (size_t i = 0; i < 90; i++) { /* labels 0, 3, 6 ... belong to one image each */
            size_t of = (size_t)xi[i * (M + 1) + M] * 7 % 10;
            bool moved = false;
            for (size_t j = 0; j < M; j++)
                moved |= xi[i * (M + 1) + j] != pixel(of, j, 0);
            n_moved += moved;
        }
        ck_assert_uint_gt(n_moved, 25);
        ck_assert_uint_lt(n_moved, k == 0 ? 65 : 91);
        it.test.read(it.test.ctx, 0, 5, xi);
        for (size_t i = 0; i < 5; i++)
            assert_image(xi + i * (M + 1), M, i, 1);
        prob_destroy(&it);
    }
}
END_TEST

START_TEST(batches_go_through_the_images_by_epochs_or_with_replacement)
{
    const char *directory = make_directory("order");
    write_idx(directory, TRAIN, 10, SIDE, 0);
    write_idx(directory, TEST, 5, SIDE, 1);
    for (int replaced = 0; replaced < 2; replaced++) {
        prob_instance it = open_directory(directory, replaced ? "order=replacement" : NULL);
        double xi[10 * (M + 1)];
        size_t n_whole = 0;
        for (uint64_t epoch = 0; epoch < 20; epoch++) {
            unsigned seen = 0;
            it.source.draw(it.source.ctx, 1, epoch, 10, xi);
            for (size_t i = 0; i < 10; i++)
                seen |= 1U << (unsigned)xi[i * (M + 1) + M];
            n_whole += seen == 1023;
        }
        ck_assert_uint_eq(n_whole, replaced ? 0 : 20);
        prob_destroy(&it);
    }
}
END_TEST

START_TEST(without_a_directory_there_are_shapes_and_test_images_are_others)
{
    prob_instance it = open_directory(NULL, "scale=none train-rows=30 test-rows=20 noise=5");
    prob_dataset wanted;
    meka_error err;
    prob_shapes_options options = {.n_rows = 50, .noise = 5, .seed = 1};
    assert_ok(prob_make_shapes(&wanted, &options, &err), err);
    ck_assert_uint_eq(it.source.n_population, 30);
    ck_assert_uint_eq(it.test.n_rows, 20);
    double *xi = malloc(785 * sizeof *xi);
    for (size_t i = 0; i < 50; i++) {
        if (i >= 30)
            it.test.read(it.test.ctx, i - 30, 1, xi);
        else
            memcpy(xi, it.source.population + i * 785, 785 * sizeof *xi);
        for (size_t j = 0; j < 784; j++)
            ck_assert_double_eq(xi[j], wanted.byte[i * 784 + j]);
        ck_assert_double_eq(xi[784], wanted.label[i]);
    }
    free(xi);
    prob_dataset_clear(&wanted);
    prob_destroy(&it);
    it = open_directory(NULL, "train-rows=1 test-rows=1 colour=yes hidden=1");
    ck_assert_uint_eq(it.objective.n_features, CIFAR_M + 1);
    prob_destroy(&it);
}
END_TEST

static meka_status open_and_close(void *ctx, meka_error *err)
{
    const char *const *request = ctx;
    const prob_problem *row;
    prob_instance it = {0};
    meka_status status = prob_problem_find(&row, "mlp", err);
    if (status == MEKA_OK)
        status = prob_create(
            &it, row, &(prob_request){.settings = "train-rows=2 hidden=1", .data = request[0]},
            err);
    prob_destroy(&it);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    const char *idx = make_directory("idx"), *cifar = make_directory("ten");
    write_idx(idx, TRAIN, 3, SIDE, 0);
    write_idx(idx, TEST, 3, SIDE, 1);
    write_cifar(cifar, "data_batch_1.bin", 3, 0);
    write_cifar(cifar, "test_batch.bin", 1, 1);
    ck_assert_uint_ge(test_every_allocation(open_and_close, &idx), 10);
    ck_assert_uint_ge(test_every_allocation(open_and_close, &cifar), 10);
}
END_TEST

TEST_MAIN("image_sets", idx_files_are_recognized_plain_and_compressed,
          the_batches_of_cifar_that_are_there_are_the_training_images,
          a_directory_of_neither_kind_is_refused_with_what_was_looked_for,
          a_directory_that_lacks_a_file_is_refused_with_its_name,
          images_that_do_not_fit_are_refused,
          rows_are_the_first_ones_and_no_more_than_there_are,
          scalings_are_those_of_the_training_images, only_training_images_are_moved,
          batches_go_through_the_images_by_epochs_or_with_replacement,
          without_a_directory_there_are_shapes_and_test_images_are_others,
          every_allocation_may_fail)
