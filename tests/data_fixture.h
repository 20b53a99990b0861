/* tests/data_fixture.h - small files for the readers of data sets, and their ruin. */
#ifndef TESTS_DATA_FIXTURE_H
#define TESTS_DATA_FIXTURE_H

#include "tests/testing.h"

#include <meka/data.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

/* Writes n bytes to a file of this test's own and returns its path. */
static inline const char *data_write(const char *name, const void *bytes, size_t n)
{
    const char *path = test_path(name);
    FILE *stream = fopen(path, "wb");
    ck_assert_ptr_nonnull(stream);
    ck_assert_uint_eq(fwrite(bytes, 1, n, stream), n);
    ck_assert_int_eq(fclose(stream), 0);
    return path;
}

/* The same, compressed. */
static inline const char *data_write_gzip(const char *name, const void *bytes, size_t n)
{
    const char *path = test_path(name);
    gzFile stream = gzopen(path, "wb9");
    ck_assert_ptr_nonnull(stream);
    if (n)
        ck_assert_int_eq(gzwrite(stream, bytes, (unsigned)n), (int)n);
    ck_assert_int_eq(gzclose(stream), Z_OK);
    return path;
}

/* The bytes of a file, to be freed. */
static inline uint8_t *data_load(const char *path, size_t *n)
{
    FILE *stream = fopen(path, "rb");
    ck_assert_ptr_nonnull(stream);
    ck_assert_int_eq(fseek(stream, 0, SEEK_END), 0);
    *n = (size_t)ftell(stream);
    rewind(stream);
    uint8_t *bytes = malloc(*n + 1);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(fread(bytes, 1, *n, stream), *n);
    fclose(stream);
    return bytes;
}

/* A refusal: of an input, by the name of the file. */
static inline void data_assert_refused(meka_status status, const meka_error *err,
                                       const char *name)
{
    ck_assert_msg((status == MEKA_ERR_INPUT || status == MEKA_ERR_IO) &&
                      err->status == status && strstr(err->text, name),
                  "'%s': %s: %s", name, meka_status_name(status), err->text);
}

/* Gives every beginning of the bytes to body (as its ctx, the path of the file); each must be
 * refused, or, where a shorter file may be right, read.  Returns how many were read. */
static inline size_t data_truncate(const char *name, const void *bytes, size_t n,
                                   test_body body)
{
    size_t n_read = 0;
    for (size_t length = 0; length < n; length++) {
        meka_error err = {0};
        char path[256];
        snprintf(path, sizeof path, "%s", data_write(name, bytes, length));
        meka_status status = body(path, &err);
        if (status == MEKA_OK)
            n_read++;
        else
            data_assert_refused(status, &err, name);
    }
    return n_read;
}

/* The same with compressed bytes: none may be read. */
static inline void data_truncate_gzip(const char *name, const void *bytes, size_t n,
                                      test_body body)
{
    size_t n_packed;
    uint8_t *packed = data_load(data_write_gzip(name, bytes, n), &n_packed);
    ck_assert_uint_eq(data_truncate(name, packed, n_packed, body), 0);
    free(packed);
}

#endif
