/* The readers on copies of the real data sets, which are not part of this repository: in the
 * directory that the environment variable MEKA_DATA names, laid out as mnist/, fashion-mnist/,
 * cifar-10/, libsvm/, nist-strd/ and regression/.  Without it the program says so and ends with
 * status 77, which meson shows as skipped.  Counts and sums come from a reading of the files by
 * other means (numpy). */
#include "tests/data_fixture.h"

#include <limits.h>

/* Valid until the next four calls. */
static const char *real(const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, PATH_MAX, "%s/%s", getenv("MEKA_DATA"), name);
    return path;
}

START_TEST(libsvm_files_have_their_rows_labels_and_entries)
{
    static const struct {
        const char *name;
        size_t n_rows, n_features, n_last; /* n_last: rows of the class with the largest name */
        size_t n_entries;                  /* not zero */
        double sum, weighted;              /* of value, and of value * index */
    } files[] = {
        {"libsvm/a9a.gz", 32561, 123, 7841, 451592, 451592.0, 22513357.0},
        {"libsvm/a9a.t.gz", 16281, 122, 3846, 225731, 225731.0, 11254800.0},
        {"libsvm/ijcnn1.gz", 49990, 22, 4853, 649869, 61689.710320995815, 419429.6598770099},
        {"libsvm/mushrooms.gz", 8124, 112, 4208, 170604, 170604.0, 9436716.0},
        {"libsvm/heart_scale", 270, 13, 120, 3378, -666.4008602999996, -7168.5296029000065},
        {"libsvm/breast-cancer_scale", 683, 10, 239, 6830, -3791.9633040000185,
         -21526.96490200013},
        {"libsvm/diabetes_scale", 768, 8, 500, 6135, -2225.8539374100005, -12115.952101680072},
        {"libsvm/australian_scale", 690, 14, 307, 8447, -3394.1377365100366,
         -31925.443922549992},
    };
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        prob_dataset data;
        meka_error err;
        double row[123], sum = 0.0, weighted = 0.0;
        size_t n_last = 0, n_entries = 0;
        assert_ok(prob_read_libsvm(&data, real(files[f].name), NULL, &err), err);
        ck_assert_uint_eq(data.n_rows, files[f].n_rows);
        ck_assert_uint_eq(data.n_features, files[f].n_features);
        ck_assert_uint_eq(data.n_classes, 2);
        for (size_t i = 0; i < data.n_rows; i++) {
            prob_dataset_row(&data, i, row);
            n_last += data.label[i] == 1.0;
            for (size_t j = 0; j < data.n_features; j++) {
                n_entries += row[j] != 0.0;
                sum += row[j];
                weighted += row[j] * (double)(j + 1);
            }
        }
        ck_assert_uint_eq(n_last, files[f].n_last);
        ck_assert_uint_eq(n_entries, files[f].n_entries);
        /* the same numbers in the same order, zeros apart */
        ck_assert_double_eq(sum, files[f].sum);
        ck_assert_double_eq(weighted, files[f].weighted);
        prob_dataset_clear(&data);
    }
}
END_TEST

START_TEST(a9a_stays_sparse_and_its_test_set_has_its_features)
{
    prob_dataset train, test;
    meka_error err;
    assert_ok(prob_read_libsvm(&train, real("libsvm/a9a.gz"), NULL, &err), err);
    ck_assert_ptr_nonnull(train.row_start);
    ck_assert_double_eq(train.class_value[0], -1);
    prob_libsvm_options options = {.like = &train};
    assert_ok(prob_read_libsvm(&test, real("libsvm/a9a.t.gz"), &options, &err), err);
    ck_assert_uint_eq(test.n_features, 123);
    prob_dataset_clear(&train);
    prob_dataset_clear(&test);
}
END_TEST

/* sum of byte k times k mod 251, and of label i times i mod 7. */
static void assert_sums(const prob_dataset *data, uint64_t pixels, uint64_t labels)
{
    uint64_t sum = 0;
    double label_sum = 0.0;
    size_t place = 0;
    for (size_t k = 0; k < data->n_rows * data->n_features; k++) {
        sum += data->byte[k] * place;
        place = place == 250 ? 0 : place + 1;
    }
    for (size_t i = 0; i < data->n_rows; i++)
        label_sum += data->label[i] * (double)(i % 7);
    ck_assert_uint_eq(sum, pixels);
    ck_assert_double_eq(label_sum, (double)labels);
}

START_TEST(mnist_and_fashion_mnist_have_their_images_and_labels)
{
    static const struct {
        const char *images, *labels;
        size_t n_rows;
        uint64_t pixel_sum, label_sum;
    } files[] = {
        {"mnist/train-images-idx3-ubyte.gz", "mnist/train-labels-idx1-ubyte.gz", 60000,
         195896319291, 801950},
        {"mnist/t10k-images-idx3-ubyte.gz", "mnist/t10k-labels-idx1-ubyte.gz", 10000,
         33094773509, 134322},
        {"fashion-mnist/train-images-idx3-ubyte.gz", "fashion-mnist/train-labels-idx1-ubyte.gz",
         60000, 428843984823, 808223},
        {"fashion-mnist/t10k-images-idx3-ubyte.gz", "fashion-mnist/t10k-labels-idx1-ubyte.gz",
         10000, 71679932715, 134773},
    };
    for (size_t f = 0; f < 4; f++) {
        prob_dataset data;
        meka_error err;
        assert_ok(prob_read_idx(&data, real(files[f].images), real(files[f].labels), 10, &err),
                  err);
        ck_assert_uint_eq(data.n_rows, files[f].n_rows);
        ck_assert_uint_eq(data.height, 28);
        ck_assert_uint_eq(data.width, 28);
        assert_sums(&data, files[f].pixel_sum, files[f].label_sum);
        prob_dataset_clear(&data);
    }
}
END_TEST

START_TEST(images_and_labels_of_different_sets_do_not_fit)
{
    prob_dataset data;
    meka_error err;
    assert_fails(prob_read_idx(&data, real("mnist/t10k-images-idx3-ubyte.gz"),
                               real("mnist/train-labels-idx1-ubyte.gz"), 10, &err),
                 err, MEKA_ERR_INPUT, "byte 4: 60000 labels, but '");
}
END_TEST

START_TEST(cifar_batches_have_their_images_and_labels)
{
    static const char *const names[] = {"cifar-10/data_batch_1.bin.gz",
                                        "cifar-10/test_batch.bin.gz"};
    static const uint64_t pixel_sum[] = {464829385080, 466627072897},
                          label_sum[] = {135345, 135048};
    for (size_t f = 0; f < 2; f++) {
        prob_dataset data;
        meka_error err;
        const char *path = real(names[f]);
        assert_ok(prob_read_cifar10(&data, &path, 1, &err), err);
        ck_assert_uint_eq(data.n_rows, 10000);
        assert_sums(&data, pixel_sum[f], label_sum[f]);
        prob_dataset_clear(&data);
    }
}
END_TEST

START_TEST(every_nist_file_is_consistent_with_itself)
{
    static const struct {
        const char *name;
        size_t n_params, n_rows;
        double first, last; /* certified parameters */
    } files[] = {
        {"Bennett5", 3, 154, -2.5235058043E+03, 9.3218483193E-01},
        {"Chwirut1", 3, 214, 1.9027818370E-01, 1.0530908399E-02},
        {"Chwirut2", 3, 54, 1.6657666537E-01, 1.2150007096E-02},
        {"DanWood", 2, 6, 7.6886226176E-01, 3.8604055871E+00},
        {"ENSO", 9, 168, 1.0510749193E+01, 1.4966870418E+00},
        {"Gauss1", 8, 250, 9.8778210871E+01, 1.8389389025E+01},
        {"Gauss2", 8, 250, 9.9018328406E+01, 1.9525972636E+01},
        {"Gauss3", 8, 250, 9.8940368970E+01, 1.9668221230E+01},
        {"Lanczos1", 6, 24, 9.5100000027E-02, 5.0000000001E+00},
        {"Lanczos2", 6, 24, 9.6251029939E-02, 5.0028798100E+00},
        {"Lanczos3", 6, 24, 8.6816414977E-02, 4.9863565084E+00},
        {"MGH09", 4, 11, 1.9280693458E-01, 1.3606233068E-01},
        {"MGH10", 3, 16, 5.6096364710E-03, 3.4522363462E+02},
        {"Misra1a", 2, 14, 2.3894212918E+02, 5.5015643181E-04},
        {"Misra1b", 2, 14, 3.3799746163E+02, 3.9039091287E-04},
        {"Misra1c", 2, 14, 6.3642725809E+02, 2.0813627256E-04},
        {"Misra1d", 2, 14, 4.3736970754E+02, 3.0227324449E-04},
        {"Rat42", 3, 9, 7.2462237576E+01, 6.7359200066E-02},
        {"Roszman1", 4, 25, 2.0196866396E-01, -1.8134269537E+02},
    };
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        prob_nist nist;
        meka_error err;
        char name[64];
        snprintf(name, sizeof name, "nist-strd/%s.dat", files[f].name);
        assert_ok(prob_read_nist(&nist, real(name), &err), err);
        ck_assert_str_eq(nist.name, files[f].name);
        ck_assert_uint_eq(nist.n_params, files[f].n_params);
        ck_assert_uint_eq(nist.data.n_rows, files[f].n_rows);
        ck_assert_uint_eq(nist.data.n_features, 1);
        ck_assert_uint_eq(nist.degrees_of_freedom, nist.data.n_rows - nist.n_params);
        ck_assert_double_eq(nist.certified[0], files[f].first);
        ck_assert_double_eq(nist.certified[nist.n_params - 1], files[f].last);
        ck_assert_ptr_nonnull(strstr(nist.model, "y"));
        /* both are printed with 11 digits */
        double expected = sqrt(nist.sum_of_squares / (double)nist.degrees_of_freedom);
        ck_assert_double_lt(fabs(nist.residual_sd - expected), 1e-9 * expected);
        for (size_t k = 0; k < nist.n_params; k++)
            ck_assert_double_gt(nist.sd[k], 0.0);
        prob_nist_clear(&nist);
    }
}
END_TEST

START_TEST(misra1a_gives_its_certified_sum_of_squares)
{
    prob_nist nist;
    meka_error err;
    double sum = 0.0;
    assert_ok(prob_read_nist(&nist, real("nist-strd/Misra1a.dat"), &err), err);
    const double *b = nist.certified;
    for (size_t i = 0; i < nist.data.n_rows; i++) {
        double e = nist.data.label[i] - b[0] * (1.0 - exp(-b[1] * nist.data.dense[i]));
        sum += e * e;
    }
    ck_assert_double_lt(fabs(sum - nist.sum_of_squares), 1e-9 * nist.sum_of_squares);
    prob_nist_clear(&nist);
}
END_TEST

START_TEST(the_diabetes_data_read_alike_from_both_forms)
{
    prob_dataset raw, scaled, target;
    meka_error err;
    prob_csv_options none = {.label = PROB_CSV_LABEL_NONE};
    prob_scaling s;
    assert_ok(prob_read_csv(&raw, real("regression/diabetes.tab.txt"), NULL, &err), err);
    assert_ok(prob_read_csv(&scaled, real("regression/diabetes_data.csv.gz"), &none, &err),
              err);
    assert_ok(prob_read_csv(&target, real("regression/diabetes_target.csv.gz"), &none, &err),
              err);
    ck_assert_uint_eq(raw.n_rows, 442);
    ck_assert_uint_eq(raw.n_features, 10);
    ck_assert_mem_eq(raw.label, target.dense, 442 * sizeof(double));
    /* Those are standardized columns over sqrt(442), of values rounded in another way. */
    assert_ok(prob_scaling_create(&s, &raw, PROB_SCALE_STANDARD, &err), err);
    for (size_t k = 0; k < 4420; k++) {
        double x = (raw.dense[k] - s.shift[k % 10]) * s.scale[k % 10];
        ck_assert_double_lt(fabs(x / sqrt(442.0) - scaled.dense[k]), 2e-5);
    }
    prob_scaling_clear(&s);
    prob_dataset_clear(&raw);
    prob_dataset_clear(&scaled);
    prob_dataset_clear(&target);
}
END_TEST

int main(void)
{
    const TTest *const list[] = {libsvm_files_have_their_rows_labels_and_entries,
                                 a9a_stays_sparse_and_its_test_set_has_its_features,
                                 mnist_and_fashion_mnist_have_their_images_and_labels,
                                 images_and_labels_of_different_sets_do_not_fit,
                                 cifar_batches_have_their_images_and_labels,
                                 every_nist_file_is_consistent_with_itself,
                                 misra1a_gives_its_certified_sum_of_squares,
                                 the_diabetes_data_read_alike_from_both_forms};
    const char *directory = getenv("MEKA_DATA");
    if (!directory || !*directory) {
        puts("skipped: the environment variable MEKA_DATA names no directory of data sets");
        return 77;
    }
    return test_run("data_real", list, sizeof list / sizeof list[0], NULL, NULL);
}
