/* Images as bytes: IDX files (MNIST) and the binary version of CIFAR-10. */
#include "problems/dataset.h"

#include "base/memory.h"
#include "problems/bytes.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Gives back what an array of n bytes has too much. */
static meka_status trim(uint8_t **array, size_t n, meka_error *err)
{
    uint8_t *fitting = realloc(*array, n ? n : 1);
    if (!fitting)
        return meka_fail(err, MEKA_ERR_MEMORY, "out of memory: %zu bytes", n);
    *array = fitting;
    return MEKA_OK;
}

/* --------------------------------------------------------------------- IDX */

/* What an IDX file's header says. */
typedef struct idx_header {
    unsigned n_dims;  /* 1 to 3 */
    uint64_t size[3]; /* 1 where there is no such dimension */
    uint64_t total;   /* their product */
} idx_header;

/* Takes n bytes of the header. */
static meka_status take_header(prob_bytes *in, uint8_t *out, size_t n, meka_error *err)
{
    size_t got;
    meka_status status = prob_bytes_take(in, out, n, &got, err);
    if (status != MEKA_OK || got == n)
        return status;
    return meka_fail(err, MEKA_ERR_INPUT,
                     "%.500s: byte %" PRIu64
                     ": the file ends here, in the middle of its header",
                     in->path, in->offset);
}

/* Header and sizes of a file of min_dims to max_dims dimensions; nothing is allocated. */
static meka_status read_idx_header(prob_bytes *in, unsigned min_dims, unsigned max_dims,
                                   idx_header *header, meka_error *err)
{
    uint8_t magic[4], size[4];
    *header = (idx_header){.size = {1, 1, 1}, .total = 1};
    meka_status status = take_header(in, magic, sizeof magic, err);
    if (status != MEKA_OK)
        return status;
    header->n_dims = magic[3];
    if (magic[0] != 0 || magic[1] != 0 || header->n_dims < min_dims ||
        header->n_dims > max_dims)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.500s: byte 0: magic number 0x%02x%02x%02x%02x instead of %s",
                         in->path, magic[0], magic[1], magic[2], magic[3],
                         max_dims == 1 ? "0x00000801 (IDX, bytes, 1 dimension)"
                                       : "0x00000801 to 0x00000803 (IDX, bytes, up to 3 "
                                         "dimensions)");
    if (magic[2] != 8)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.500s: byte 2: elements of type 0x%02x; only unsigned bytes (0x08) "
                         "can be read",
                         in->path, magic[2]);
    for (unsigned i = 0; i < header->n_dims; i++) {
        uint64_t offset = in->offset;
        status = take_header(in, size, sizeof size, err);
        if (status != MEKA_OK)
            return status;
        header->size[i] = (uint64_t)size[0] << 24 | (uint64_t)size[1] << 16 |
                          (uint64_t)size[2] << 8 | size[3];
        if (header->size[i] == 0)
            return meka_fail(err, MEKA_ERR_INPUT,
                             "%.500s: byte %" PRIu64 ": dimension %u has size 0", in->path,
                             offset, i + 1);
        if (header->size[i] > (uint64_t)SIZE_MAX / 16 / header->total)
            return meka_fail(err, MEKA_ERR_INPUT,
                             "%.500s: byte %" PRIu64 ": sizes whose product is beyond memory",
                             in->path, offset);
        header->total *= header->size[i];
    }
    return MEKA_OK;
}

/* A whole IDX file: *byte [header->total], owned by the caller on success. */
static meka_status read_idx(const char *path, unsigned min_dims, unsigned max_dims,
                            idx_header *header, uint8_t **byte, meka_error *err)
{
    prob_bytes in;
    uint8_t *array = NULL;
    size_t room = 0;
    char whole[80];
    meka_status status = prob_bytes_open(&in, path, err);
    if (status != MEKA_OK)
        return status;
    status = read_idx_header(&in, min_dims, max_dims, header, err);
    if (status == MEKA_OK)
        status = prob_bytes_append(&in, &array, &room, 0, header->total, "elements", err);
    if (status == MEKA_OK) {
        snprintf(whole, sizeof whole, "the %" PRIu64 " elements its header promises",
                 header->total);
        status = prob_bytes_expect_end(&in, whole, err);
    }
    status = prob_bytes_close(&in, status, err);
    if (status == MEKA_OK)
        status = trim(&array, (size_t)header->total, err);
    if (status == MEKA_OK)
        *byte = array;
    else
        free(array);
    return status;
}

/* data->class_value [n_classes] = 0, 1, ... */
static meka_status number_classes(prob_dataset *data, size_t n_classes, meka_error *err)
{
    data->n_classes = n_classes;
    data->class_value = meka_alloc(n_classes, sizeof *data->class_value, err);
    if (!data->class_value)
        return MEKA_ERR_MEMORY;
    for (size_t k = 0; k < n_classes; k++)
        data->class_value[k] = (double)k;
    return MEKA_OK;
}

static meka_status read_idx_labels(prob_dataset *data, const char *path, const char *images,
                                   size_t n_classes, meka_error *err)
{
    enum { HEADER = 8 };
    idx_header header;
    uint8_t *byte = NULL, most = 0;
    meka_status status = read_idx(path, 1, 1, &header, &byte, err);
    if (status != MEKA_OK)
        return status;
    if (header.total != data->n_rows) {
        status = meka_fail(err, MEKA_ERR_INPUT,
                           "%.400s: byte 4: %" PRIu64 " labels, but '%.400s' has %zu rows",
                           path, header.total, images, data->n_rows);
        goto cleanup;
    }
    assert(byte);
    for (size_t i = 0; i < data->n_rows; i++) {
        if (n_classes && byte[i] >= n_classes) {
            status = meka_fail(err, MEKA_ERR_INPUT,
                               "%.500s: byte %zu: label %d is not one of 0 to %zu", path,
                               HEADER + i, byte[i], n_classes - 1);
            goto cleanup;
        }
        most = byte[i] > most ? byte[i] : most;
    }
    status = number_classes(data, n_classes ? n_classes : (size_t)most + 1, err);
    if (status != MEKA_OK)
        goto cleanup;
    data->label = meka_alloc(data->n_rows, sizeof *data->label, err);
    if (!data->label) {
        status = MEKA_ERR_MEMORY;
        goto cleanup;
    }
    for (size_t i = 0; i < data->n_rows; i++)
        data->label[i] = byte[i];
cleanup:
    free(byte);
    return status;
}

meka_status prob_read_idx(prob_dataset *out, const char *images, const char *labels,
                          size_t n_classes, meka_error *err)
{
    assert(out && images);
    idx_header header;
    prob_dataset data = {0};
    meka_status status = read_idx(images, 1, 3, &header, &data.byte, err);
    if (status != MEKA_OK)
        return status;
    data.n_rows = (size_t)header.size[0];
    data.n_features = (size_t)(header.size[1] * header.size[2]);
    if (header.n_dims == 3) {
        data.channels = 1;
        data.height = (size_t)header.size[1];
        data.width = (size_t)header.size[2];
    }
    if (labels)
        status = read_idx_labels(&data, labels, images, n_classes, err);
    if (status == MEKA_OK)
        *out = data;
    else
        prob_dataset_clear(&data);
    return status;
}

/* ---------------------------------------------------------------- CIFAR-10 */

enum { CHANNELS = 3, SIDE = 32, PIXELS = CHANNELS * SIDE * SIDE, RECORD = 1 + PIXELS };

/* Rooms of the arrays of a data set that grows by records. */
typedef struct room {
    size_t byte, label;
} room;

/* Appends a record whose label is there. */
static meka_status add_record(prob_dataset *data, room *has, const uint8_t *record,
                              meka_error *err)
{
    size_t n = data->n_rows;
    meka_status status = meka_grow(&data->byte, &has->byte, (n + 1) * PIXELS, 1, err);
    if (status == MEKA_OK)
        status = meka_grow(&data->label, &has->label, n + 1, sizeof *data->label, err);
    if (status != MEKA_OK)
        return status;
    memcpy(data->byte + n * PIXELS, record + 1, PIXELS);
    data->label[n] = record[0];
    data->n_rows++;
    return MEKA_OK;
}

static meka_status read_records(prob_bytes *in, prob_dataset *data, room *has, meka_error *err)
{
    uint8_t record[RECORD];
    for (bool first = true;; first = false) {
        size_t got;
        uint64_t offset = in->offset;
        meka_status status = prob_bytes_take(in, record, RECORD, &got, err);
        if (status != MEKA_OK)
            return status;
        if (got == 0 && !first)
            return MEKA_OK;
        if (got == 0)
            return meka_fail(err, MEKA_ERR_INPUT, "%.500s: holds no records", in->path);
        if (got < RECORD)
            return meka_fail(err, MEKA_ERR_INPUT,
                             "%.500s: byte %" PRIu64 ": the file ends here, after %zu of the "
                             "%d bytes of a record",
                             in->path, in->offset, got, RECORD);
        if (record[0] > 9)
            return meka_fail(err, MEKA_ERR_INPUT,
                             "%.500s: byte %" PRIu64 ": label %d is not one of 0 to 9",
                             in->path, offset, record[0]);
        status = add_record(data, has, record, err);
        if (status != MEKA_OK)
            return status;
    }
}

meka_status prob_read_cifar10(prob_dataset *out, const char *const *paths, size_t n,
                              meka_error *err)
{
    assert(out && paths && n > 0);
    room has = {0};
    prob_dataset data = {
        .n_features = PIXELS, .channels = CHANNELS, .height = SIDE, .width = SIDE};
    meka_status status = MEKA_OK;
    for (size_t i = 0; i < n && status == MEKA_OK; i++) {
        prob_bytes in;
        status = prob_bytes_open(&in, paths[i], err);
        if (status != MEKA_OK)
            break;
        status = read_records(&in, &data, &has, err);
        status = prob_bytes_close(&in, status, err);
    }
    if (status == MEKA_OK)
        status = trim(&data.byte, data.n_rows * PIXELS, err);
    if (status == MEKA_OK)
        status = number_classes(&data, 10, err);
    if (status == MEKA_OK)
        *out = data;
    else
        prob_dataset_clear(&data);
    return status;
}
