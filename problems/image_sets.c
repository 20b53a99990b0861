#include "problems/image_sets.h"

#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { N_CLASSES = 10, N_BATCHES = 5, SHAPES_TRAIN = 2000, SHAPES_TEST = 1000 };

const char *const prob_images_scales[] = {"standard", "unit", "none", NULL};
const char *const prob_images_orders[] = {"epochs", "replacement", NULL};

/* --------------------------------------------------------------- directories */

typedef struct path {
    char text[PATH_MAX];
} path;

/* Whether DIR/NAME, or else DIR/NAME.gz, is a file; its path. */
static bool find(path *out, const char *directory, const char *name)
{
    struct stat about;
    for (int packed = 0; packed < 2; packed++) {
        int n = snprintf(out->text, sizeof out->text, "%s/%s%s", directory, name,
                         packed ? ".gz" : "");
        if (n > 0 && (size_t)n < sizeof out->text && stat(out->text, &about) == 0 &&
            !S_ISDIR(about.st_mode))
            return true;
    }
    return false;
}

static meka_status need(path *out, const char *directory, const char *name, const char *beside,
                        meka_error *err)
{
    if (find(out, directory, name))
        return MEKA_OK;
    return meka_fail(err, MEKA_ERR_INPUT, "'%.500s' holds %s, but neither %s nor %s.gz",
                     directory, beside, name, name);
}

static meka_status read_idx(prob_images *out, const char *directory, meka_error *err)
{
    static const char *const names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                        "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
    path paths[4];
    for (int k = 0; k < 4; k++)
        if (need(&paths[k], directory, names[k], names[0], err) != MEKA_OK)
            return MEKA_ERR_INPUT;
    meka_status status =
        prob_read_idx(&out->train_data, paths[0].text, paths[1].text, N_CLASSES, err);
    if (status == MEKA_OK)
        status = prob_read_idx(&out->test_data, paths[2].text, paths[3].text, N_CLASSES, err);
    return status;
}

/* The training batches that are there: paths [N_BATCHES]; how many. */
static size_t find_batches(path *paths, const char *directory)
{
    size_t n = 0;
    for (int k = 1; k <= N_BATCHES; k++) {
        char name[32];
        snprintf(name, sizeof name, "data_batch_%d.bin", k);
        n += find(&paths[n], directory, name);
    }
    return n;
}

static meka_status read_cifar10(prob_images *out, const path *paths, size_t n,
                                const char *directory, meka_error *err)
{
    path test;
    const char *list[N_BATCHES], *test_list = test.text;
    for (size_t k = 0; k < n; k++)
        list[k] = paths[k].text;
    meka_status status = need(&test, directory, "test_batch.bin", "data_batch_*.bin", err);
    if (status == MEKA_OK)
        status = prob_read_cifar10(&out->train_data, list, n, err);
    if (status == MEKA_OK)
        status = prob_read_cifar10(&out->test_data, &test_list, 1, err);
    return status;
}

static meka_status read_directory(prob_images *out, const char *directory, meka_error *err)
{
    path found[N_BATCHES];
    struct stat about;
    if (stat(directory, &about) != 0)
        return meka_fail_errno(err, "read", directory, errno);
    bool is_directory = S_ISDIR(about.st_mode);
    if (is_directory && find(found, directory, "train-images-idx3-ubyte"))
        return read_idx(out, directory, err);
    size_t n_batches = is_directory ? find_batches(found, directory) : 0;
    if (n_batches > 0)
        return read_cifar10(out, found, n_batches, directory, err);
    return meka_fail(err, MEKA_ERR_INPUT,
                     "'%.500s' is %s; wanted is one with MNIST's train-images-idx3-ubyte or "
                     "CIFAR-10's data_batch_1.bin, plain or .gz, and what belongs to them",
                     directory,
                     is_directory ? "a directory without known images" : "not a directory");
}

/* ----------------------------------------------------------------- how many */

/* Keeps the first n rows; 0: all. */
static meka_status keep(prob_dataset *data, uint64_t n, const char *option, const char *from,
                        meka_error *err)
{
    if (n == 0 || n == data->n_rows)
        return MEKA_OK;
    if (n > data->n_rows)
        return meka_fail(err, MEKA_ERR_INPUT, "%s=%llu, but '%.500s' has %zu such images",
                         option, (unsigned long long)n, from, data->n_rows);
    uint8_t *byte = realloc(data->byte, (size_t)n * data->n_features);
    if (!byte)
        return meka_fail(err, MEKA_ERR_MEMORY, "out of memory: %llu images",
                         (unsigned long long)n);
    data->byte = byte;
    data->n_rows = (size_t)n;
    return MEKA_OK;
}

static meka_status check_sizes(const prob_images *out, const char *directory, meka_error *err)
{
    const prob_dataset *train = &out->train_data, *test = &out->test_data;
    if (!train->channels || !test->channels)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "'%.500s': %s images have fewer than 3 dimensions (number, height, "
                         "width)",
                         directory, train->channels ? "test" : "training");
    if (train->height != test->height || train->width != test->width)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "'%.500s': training images of %zu x %zu pixels, but test images of "
                         "%zu x %zu",
                         directory, train->height, train->width, test->height, test->width);
    return MEKA_OK;
}

static meka_status load(prob_images *out, const prob_images_params *p, const char *directory,
                        meka_error *err)
{
    meka_status status = read_directory(out, directory, err);
    if (status == MEKA_OK)
        status = keep(&out->train_data, p->train_rows, "train-rows", directory, err);
    if (status == MEKA_OK)
        status = keep(&out->test_data, p->test_rows, "test-rows", directory, err);
    if (status == MEKA_OK)
        status = check_sizes(out, directory, err);
    return status;
}

static meka_status make_shapes(prob_images *out, const prob_images_params *p, uint64_t seed,
                               meka_error *err)
{
    size_t n_train = p->train_rows ? (size_t)p->train_rows : SHAPES_TRAIN;
    prob_shapes_options options = {
        .n_rows = n_train, .colour = p->colour, .noise = p->noise, .seed = seed};
    meka_status status = prob_make_shapes(&out->train_data, &options, err);
    if (status != MEKA_OK)
        return status;
    options.first_row = n_train;
    options.n_rows = p->test_rows ? (size_t)p->test_rows : SHAPES_TEST;
    return prob_make_shapes(&out->test_data, &options, err);
}

/* --------------------------------------------------------------- as samples */

static meka_status sample(prob_images *out, const prob_images_params *p, meka_error *err)
{
    prob_scaling scaling = {0};
    bool scaled = p->scale != PROB_IMAGES_UNSCALED;
    prob_sampler_options options = {.order = (prob_order)p->order,
                                    .scaling = scaled ? &scaling : NULL,
                                    .flip = p->flip,
                                    .pad = (size_t)p->crop};
    meka_status status = MEKA_OK;
    if (scaled)
        status = prob_scaling_create(
            &scaling, &out->train_data,
            p->scale == PROB_IMAGES_UNIT ? PROB_SCALE_UNIT : PROB_SCALE_STANDARD, err);
    if (status == MEKA_OK)
        status = prob_sampler_create(&out->train, &out->train_data, &options, err);
    options.flip = false;
    options.pad = 0;
    options.population_bytes = 1; /* test images are read, never a population */
    if (status == MEKA_OK)
        status = prob_sampler_create(&out->test, &out->test_data, &options, err);
    prob_scaling_clear(&scaling);
    return status;
}

meka_status prob_images_open(prob_images *out, const prob_images_params *params,
                             const prob_request *request, meka_error *err)
{
    assert(out && params && request);
    *out = (prob_images){0};
    meka_status status = request->data ? load(out, params, request->data, err)
                                       : make_shapes(out, params, request->seed, err);
    if (status == MEKA_OK)
        status = sample(out, params, err);
    if (status != MEKA_OK)
        prob_images_clear(out);
    return status;
}

void prob_images_clear(prob_images *images)
{
    prob_sampler_clear(&images->train);
    prob_sampler_clear(&images->test);
    prob_dataset_clear(&images->train_data);
    prob_dataset_clear(&images->test_data);
}

static void read_test(const void *ctx, size_t first, size_t n, double *xi)
{
    const prob_sampler *s = ctx;
    for (size_t i = 0; i < n; i++)
        prob_sampler_row(s, first + i, xi + i * s->n_features);
}

meka_samples prob_images_test(const prob_images *images)
{
    return (meka_samples){images->test_data.n_rows, images->test.n_features, read_test,
                          &images->test};
}
