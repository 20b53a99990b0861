/* problems/image_sets.h - labelled images for the classification problems: a directory of
 * MNIST's or CIFAR-10's files, or the built-in shapes. */
#ifndef PROBLEMS_IMAGE_SETS_H
#define PROBLEMS_IMAGE_SETS_H

#include <meka/data.h>
#include <meka/problems.h>

typedef enum prob_images_scale {
    PROB_IMAGES_STANDARD,
    PROB_IMAGES_UNIT,
    PROB_IMAGES_UNSCALED,
} prob_images_scale;

typedef struct prob_images_params {
    uint64_t train_rows, test_rows, crop;
    double noise;
    int scale; /* prob_images_scale */
    int order; /* prob_order */
    bool flip, colour;
} prob_images_params;

/* What prob_request.data names, for the registry's rows. */
#define PROB_IMAGES_DATA                                                                       \
    "DIR with MNIST's files (train-images-idx3-ubyte, ...) or CIFAR-10's binary ones "         \
    "(data_batch_1.bin, ..., test_batch.bin), plain or .gz; else built-in images of ten "      \
    "shapes are made"

extern const char *const prob_images_scales[], *const prob_images_orders[];

#define PROB_IMAGES_ROW(name, kind, initial, low, high, choices, meaning, offset)              \
    {                                                                                          \
        name, kind, initial, low, high, choices, meaning, offset                               \
    }
/* The options of a prob_images_params, member `at` of `type`; colour_initial: "yes" or "no". */
#define PROB_IMAGES_ROWS(type, at, colour_initial)                                             \
    PROB_IMAGES_ROW(                                                                           \
        "train-rows", MEKA_OPTION_COUNT, "0", 0, 1e8, NULL,                                    \
        "training images, from the first on; 0: all of a directory, or 2000 built-in ones",    \
        offsetof(type, at.train_rows)),                                                        \
        PROB_IMAGES_ROW(                                                                       \
            "test-rows", MEKA_OPTION_COUNT, "0", 0, 1e8, NULL,                                 \
            "test images, from the first on; 0: all of a directory, or 1000 built-in ones",    \
            offsetof(type, at.test_rows)),                                                     \
        PROB_IMAGES_ROW("colour", MEKA_OPTION_BOOL, colour_initial, 0, 0, NULL,                \
                        "built-in images are 3 x 32 x 32 instead of 1 x 28 x 28",              \
                        offsetof(type, at.colour)),                                            \
        PROB_IMAGES_ROW(                                                                       \
            "noise", MEKA_OPTION_REAL, "20", 0, 255, NULL,                                     \
            "standard deviation of the built-in images' noise, in grey values 0..255",         \
            offsetof(type, at.noise)),                                                         \
        PROB_IMAGES_ROW("scale", MEKA_OPTION_CHOICE, "standard", 0, 0, prob_images_scales,     \
                        "of pixels: standard gives each channel of the training images mean "  \
                        "0 and variance 1, unit 0..1, none 0..255",                            \
                        offsetof(type, at.scale)),                                             \
        PROB_IMAGES_ROW("flip", MEKA_OPTION_BOOL, "no", 0, 0, NULL,                            \
                        "mirror training images left to right with probability 1/2",           \
                        offsetof(type, at.flip)),                                              \
        PROB_IMAGES_ROW("crop", MEKA_OPTION_COUNT, "0", 0, 28, NULL,                           \
                        "frame training images with so many black pixels and cut them to "     \
                        "size at a random place; 0: not",                                      \
                        offsetof(type, at.crop)),                                              \
        PROB_IMAGES_ROW("order", MEKA_OPTION_CHOICE, "epochs", 0, 0, prob_images_orders,       \
                        "of drawing: epochs (every image once per epoch, shuffled "            \
                        "anew) or replacement (independently)",                                \
                        offsetof(type, at.order))

/* Training and test images; the samplers borrow the data sets, so it stays where it is. */
typedef struct prob_images {
    prob_dataset train_data, test_data;
    prob_sampler train, test;
} prob_images;

/* Test images have the scaling of the training images and are not augmented.  MEKA_ERR_INPUT:
 * the directory holds neither kind of files, lacks one of them, or has too few images;
 * MEKA_ERR_IO: it cannot be read. */
meka_status prob_images_open(prob_images *out, const prob_images_params *params,
                             const prob_request *request, meka_error *err);
void prob_images_clear(prob_images *images); /* zeroed is fine */

/* The test images in order; borrows. */
meka_samples prob_images_test(const prob_images *images);

#endif
