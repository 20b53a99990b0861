/* Valid files, damaged at random: every reader refuses them with a text that names the file, or
 * gives a data set that holds what the header of data.h promises.  Overruns are for the address
 * sanitizer's build to find. */
#include "tests/data_fixture.h"
#include "tests/nist_fixture.h"

#include "problems/noise_law.h"

enum { ROUNDS = 1500, MOST = 8000 };

static uint64_t below(meka_rng *rng, uint64_t n)
{
    return meka_rng_below(rng, n);
}

/* One damage: a byte changed, a bit flipped, bytes inserted, removed or repeated. */
static size_t damage(uint8_t *bytes, size_t n, meka_rng *rng)
{
    static const char likely[] = "0123456789+-.eE: \n\t#,xnaif\r\0\x1f\xff";
    size_t at = n ? (size_t)below(rng, n) : 0, length;
    switch (below(rng, 6)) {
    case 0:
        if (n)
            bytes[at] = (uint8_t)likely[below(rng, sizeof likely - 1)];
        return n;
    case 1:
        if (n)
            bytes[at] ^= (uint8_t)(1u << below(rng, 8));
        return n;
    case 2:
        if (n)
            bytes[at] = (uint8_t)below(rng, 256);
        return n;
    case 3: /* insert one */
        if (n == MOST)
            return n;
        memmove(bytes + at + 1, bytes + at, n - at);
        bytes[at] = (uint8_t)likely[below(rng, sizeof likely - 1)];
        return n + 1;
    case 4: /* remove some */
        length = n - at < 9 ? n - at : (size_t)below(rng, 9);
        memmove(bytes + at, bytes + at + length, n - at - length);
        return n - length;
    default: /* repeat some */
        length = n - at < 40 ? n - at : (size_t)below(rng, 40);
        if (n + length > MOST)
            return n;
        memmove(bytes + at + length, bytes + at, n - at);
        return n + length;
    }
}

static void assert_sound(const prob_dataset *data)
{
    ck_assert_uint_ge(data->n_rows, 1);
    ck_assert_uint_ge(data->n_features, 1);
    ck_assert_int_eq(!!data->dense + !!data->byte + !!data->row_start, 1);
    if (data->channels)
        ck_assert_uint_eq(data->channels * data->height * data->width, data->n_features);
    for (size_t i = 0; data->label && i < data->n_rows; i++) {
        ck_assert(isfinite(data->label[i]));
        if (data->n_classes)
            ck_assert(data->label[i] >= 0 && data->label[i] < (double)data->n_classes &&
                      data->label[i] == floor(data->label[i]));
    }
    for (size_t c = 1; c < data->n_classes; c++)
        ck_assert_double_lt(data->class_value[c - 1], data->class_value[c]);
    for (size_t i = 0; data->row_start && i < data->n_rows; i++) {
        ck_assert_uint_le(data->row_start[i], data->row_start[i + 1]);
        for (size_t k = data->row_start[i]; k < data->row_start[i + 1]; k++) {
            ck_assert_uint_lt(data->column[k], data->n_features);
            ck_assert(isfinite(data->value[k]));
            if (k > data->row_start[i])
                ck_assert_uint_lt(data->column[k - 1], data->column[k]);
        }
    }
    for (size_t k = 0; data->dense && k < data->n_rows * data->n_features; k++)
        ck_assert(isfinite(data->dense[k]));
}

static meka_status read_libsvm(prob_dataset *out, const char *path, meka_error *err)
{
    return prob_read_libsvm(out, path, NULL, err);
}

static meka_status read_csv(prob_dataset *out, const char *path, meka_error *err)
{
    prob_csv_options options = {.classes = true};
    return prob_read_csv(out, path, &options, err);
}

static meka_status read_images(prob_dataset *out, const char *path, meka_error *err)
{
    return prob_read_idx(out, path, NULL, 0, err);
}

/* Images that do not change, with labels that do. */
static meka_status read_labels(prob_dataset *out, const char *path, meka_error *err)
{
    static const uint8_t images[] = {0, 0, 8, 1, 0, 0, 0, 5, 1, 2, 3, 4, 5};
    char copy[256];
    snprintf(copy, sizeof copy, "%s", path);
    return prob_read_idx(out, data_write("images", images, sizeof images), copy, 0, err);
}

static meka_status read_cifar(prob_dataset *out, const char *path, meka_error *err)
{
    return prob_read_cifar10(out, &path, 1, err);
}

static meka_status read_nist(prob_dataset *out, const char *path, meka_error *err)
{
    prob_nist nist;
    meka_status status = prob_read_nist(&nist, path, err);
    if (status == MEKA_OK) {
        *out = nist.data;
        nist.data = (prob_dataset){0};
        prob_nist_clear(&nist);
    }
    return status;
}

/* Its factor passes for the rows of a data set; of rank 0 it is a row of zeros. */
static meka_status read_covariance(prob_dataset *out, const char *path, meka_error *err)
{
    prob_covariance c;
    meka_status status = prob_read_covariance(&c, path, err);
    if (status == MEKA_OK) {
        ck_assert_uint_le(c.rank, c.d);
        *out =
            (prob_dataset){.n_rows = c.rank ? c.rank : 1, .n_features = c.d, .dense = c.axis};
    }
    return status;
}

/* Reads ROUNDS damaged versions of the file; of every four, one is compressed after the damage
 * and one before it. */
static void fuzz(const void *valid, size_t n_valid,
                 meka_status (*read)(prob_dataset *, const char *, meka_error *),
                 uint64_t which)
{
    static uint8_t bytes[MOST + 1];
    size_t n_packed, n_read = 0, n_refused = 0;
    uint8_t *packed = data_load(data_write_gzip("valid", valid, n_valid), &n_packed);
    ck_assert_uint_le(n_valid, MOST);
    ck_assert_uint_le(n_packed, MOST);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        meka_rng rng;
        prob_dataset data;
        meka_error err = {0};
        char path[256];
        bool of_packed = round % 4 == 3;
        size_t n = of_packed ? n_packed : n_valid;
        meka_rng_init(&rng, 20, MEKA_STREAM_TEST, round, which);
        memcpy(bytes, of_packed ? packed : valid, n);
        for (uint64_t k = below(&rng, 4); k < 4; k++)
            n = damage(bytes, n, &rng);
        snprintf(path, sizeof path, "%s",
                 round % 4 == 1 ? data_write_gzip("damaged", bytes, n)
                                : data_write("damaged", bytes, n));
        meka_status status = read(&data, path, &err);
        if (status == MEKA_OK) {
            assert_sound(&data);
            prob_dataset_clear(&data);
            n_read++;
        } else {
            data_assert_refused(status, &err, "damaged");
            n_refused++;
        }
    }
    ck_assert_uint_ge(n_refused, ROUNDS / 4);
    ck_assert_uint_ge(n_read, 1);
    free(packed);
}

START_TEST(no_damage_to_a_libsvm_file_does_harm)
{
    static const char text[] = "+1 1:0.5 3:-2e-1 17:1\n-1 2:1 9:3.25 \n\n# x\n+1 3:4\n-1\n";
    fuzz(text, strlen(text), read_libsvm, 1);
}
END_TEST

START_TEST(no_damage_to_a_csv_file_does_harm)
{
    static const char text[] = "a,b,y\n1,2.5,3\n4,5e-3,-6\n7,8,3\n";
    fuzz(text, strlen(text), read_csv, 2);
}
END_TEST

START_TEST(no_damage_to_an_idx_file_does_harm)
{
    static const uint8_t images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2,
                                     0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8};
    static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 5, 0, 1, 2, 1, 9};
    fuzz(images, sizeof images, read_images, 3);
    fuzz(labels, sizeof labels, read_labels, 4);
}
END_TEST

START_TEST(no_damage_to_a_cifar_file_does_harm)
{
    static uint8_t records[2 * 3073];
    for (size_t i = 0; i < sizeof records; i++)
        records[i] = (uint8_t)(i % 10);
    records[3073] = 4;
    fuzz(records, sizeof records, read_cifar, 5);
}
END_TEST

START_TEST(no_damage_to_a_nist_file_does_harm)
{
    fuzz(nist_small, strlen(nist_small), read_nist, 6);
}
END_TEST

START_TEST(no_damage_to_a_covariance_does_harm)
{
    static const char text[] = "a b c\n4 1 -2\n1 9 0.5\n-2 0.5 16\n";
    fuzz(text, strlen(text), read_covariance, 7);
}
END_TEST

TEST_MAIN("data_fuzz", no_damage_to_a_libsvm_file_does_harm, no_damage_to_a_csv_file_does_harm,
          no_damage_to_an_idx_file_does_harm, no_damage_to_a_cifar_file_does_harm,
          no_damage_to_a_nist_file_does_harm, no_damage_to_a_covariance_does_harm)
