#include "problems/bytes.h"

#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

meka_status prob_bytes_open(prob_bytes *in, const char *path, meka_error *err)
{
    assert(in && path);
    *in = (prob_bytes){.path = path};
    in->buffer = malloc(PROB_BYTES_BUFFER);
    if (!in->buffer)
        return meka_fail(err, MEKA_ERR_MEMORY, "out of memory: %d bytes", PROB_BYTES_BUFFER);
    errno = 0;
    in->stream = gzopen(path, "rb");
    if (in->stream)
        return MEKA_OK;
    return prob_bytes_close(in, meka_fail_errno(err, "read", path, errno ? errno : ENOMEM),
                            err);
}

/* What zlib has to say of a read that came up short. */
static meka_status fail_gzip(prob_bytes *in, meka_error *err)
{
    int code = Z_OK;
    int number = errno;
    const char *why = gzerror(in->stream, &code);
    long at = (long)gzoffset(in->stream);
    if (code == Z_ERRNO)
        return meka_fail_errno(err, "read", in->path, number ? number : EIO);
    if (code == Z_MEM_ERROR)
        return meka_fail(err, MEKA_ERR_MEMORY, "out of memory to unpack '%.700s'", in->path);
    if (code == Z_BUF_ERROR)
        return meka_fail(err, MEKA_ERR_IO,
                         "%.500s: the compressed data are cut off after %ld bytes (unexpected "
                         "end of file)",
                         in->path, at);
    /* zlib begins its text with the path. */
    size_t length = strlen(in->path);
    if (strncmp(why, in->path, length) == 0 && strncmp(why + length, ": ", 2) == 0)
        why += length + 2;
    return meka_fail(err, MEKA_ERR_IO,
                     "%.500s: the compressed data are damaged before byte %ld (%.100s)",
                     in->path, at, why);
}

/* More bytes into the empty buffer; begin == end afterwards: the end of the file. */
static meka_status fill(prob_bytes *in, meka_error *err)
{
    int code = Z_OK;
    in->begin = in->end = 0;
    errno = 0;
    int got = gzread(in->stream, in->buffer, PROB_BYTES_BUFFER);
    if (got > 0)
        in->end = (size_t)got;
    /* A cut-off stream delivers what it has and only tells when asked. */
    gzerror(in->stream, &code);
    if (got < 0 || (code != Z_OK && code != Z_STREAM_END))
        return fail_gzip(in, err);
    return MEKA_OK;
}

meka_status prob_bytes_take(prob_bytes *in, void *out, size_t n, size_t *got, meka_error *err)
{
    uint8_t *to = out;
    *got = 0;
    while (*got < n) {
        if (in->begin == in->end) {
            meka_status status = fill(in, err);
            if (status != MEKA_OK)
                return status;
            if (in->begin == in->end)
                return MEKA_OK;
        }
        size_t piece = in->end - in->begin;
        if (piece > n - *got)
            piece = n - *got;
        memcpy(to + *got, in->buffer + in->begin, piece);
        in->begin += piece;
        in->offset += piece;
        *got += piece;
    }
    return MEKA_OK;
}

meka_status prob_bytes_append(prob_bytes *in, uint8_t **array, size_t *room, size_t at,
                              uint64_t n, const char *what, meka_error *err)
{
    uint64_t wanted = in->offset + n;
    for (uint64_t taken = 0; taken < n;) {
        size_t got, piece = PROB_BYTES_BUFFER;
        if (piece > n - taken)
            piece = (size_t)(n - taken);
        meka_status status = meka_grow(array, room, at + piece, 1, err);
        if (status == MEKA_OK)
            status = prob_bytes_take(in, *array + at, piece, &got, err);
        if (status != MEKA_OK)
            return status;
        if (got < piece)
            return meka_fail(err, MEKA_ERR_INPUT,
                             "%.500s: byte %" PRIu64 ": the file ends here, but its %s go on "
                             "to byte %" PRIu64,
                             in->path, in->offset, what, wanted);
        at += got;
        taken += got;
    }
    return MEKA_OK;
}

meka_status prob_bytes_expect_end(prob_bytes *in, const char *whole, meka_error *err)
{
    uint8_t byte;
    size_t got;
    uint64_t offset = in->offset;
    meka_status status = prob_bytes_take(in, &byte, 1, &got, err);
    if (status != MEKA_OK || got == 0)
        return status;
    return meka_fail(err, MEKA_ERR_INPUT, "%.500s: byte %" PRIu64 ": the file goes on after %s",
                     in->path, offset, whole);
}

/* Appends what the buffer holds of the current line; *done if that is all of it. */
static meka_status take_piece(prob_bytes *in, size_t *length, bool *done, meka_error *err)
{
    const uint8_t *from = in->buffer + in->begin;
    const uint8_t *newline = memchr(from, '\n', in->end - in->begin);
    size_t n = newline ? (size_t)(newline - from) : in->end - in->begin;
    if (memchr(from, '\0', n))
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.500s:%zu: holds a NUL byte, so it is not a text file", in->path,
                         in->line_number);
    if (*length + n > PROB_LINE_MOST)
        return meka_fail(err, MEKA_ERR_INPUT, "%.500s:%zu: the line is longer than %d bytes",
                         in->path, in->line_number, PROB_LINE_MOST);
    meka_status status = meka_grow(&in->line, &in->room, *length + n + 1, 1, err);
    if (status != MEKA_OK)
        return status;
    memcpy(in->line + *length, from, n);
    *length += n;
    *done = newline != NULL;
    in->begin += n + *done;
    in->offset += n + *done;
    return MEKA_OK;
}

meka_status prob_bytes_line(prob_bytes *in, bool *more, meka_error *err)
{
    size_t length = 0;
    *more = false;
    in->line_number++;
    for (bool done = false; !done;) {
        meka_status status = MEKA_OK;
        if (in->begin == in->end)
            status = fill(in, err);
        if (status == MEKA_OK && in->begin == in->end) {
            if (!*more)
                return MEKA_OK;
            break;
        }
        *more = true;
        if (status == MEKA_OK)
            status = take_piece(in, &length, &done, err);
        if (status != MEKA_OK)
            return status;
    }
    if (length > 0 && in->line[length - 1] == '\r')
        length--;
    in->line[length] = '\0';
    if (in->line_number == 1 && strncmp(in->line, "\xEF\xBB\xBF", 3) == 0)
        memmove(in->line, in->line + 3, length - 2);
    return MEKA_OK;
}

meka_status prob_bytes_close(prob_bytes *in, meka_status so_far, meka_error *err)
{
    errno = 0;
    int code = in->stream ? gzclose_r(in->stream) : Z_OK;
    int number = errno;
    if (so_far == MEKA_OK && code == Z_BUF_ERROR)
        so_far =
            meka_fail(err, MEKA_ERR_IO, "%.500s: the compressed data are cut off", in->path);
    else if (so_far == MEKA_OK && code != Z_OK)
        so_far = meka_fail_errno(err, "read", in->path, number ? number : EIO);
    free(in->buffer);
    free(in->line);
    *in = (prob_bytes){0};
    return so_far;
}
