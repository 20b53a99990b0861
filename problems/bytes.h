/* problems/bytes.h - the bytes or the lines of a plain or gzip-compressed file. */
#ifndef PROBLEMS_BYTES_H
#define PROBLEMS_BYTES_H

#include <meka/base.h>

/* A file being read.  Everything in it belongs to prob_bytes_close. */
typedef struct prob_bytes {
    const char *path; /* borrowed */
    void *stream;     /* gzFile */
    uint8_t *buffer;  /* [PROB_BYTES_BUFFER], what is unpacked but not taken: begin..end-1 */
    size_t begin, end;
    uint64_t offset;    /* of the next byte to be taken */
    size_t line_number; /* of the line taken last, from 1 */
    char *line;         /* that line, NUL-terminated */
    size_t room;        /* of line */
} prob_bytes;

enum {
    PROB_BYTES_BUFFER = 1 << 16,
    PROB_LINE_MOST = 1 << 26, /* bytes of a line: none of real data comes near */
};

/* Fails if the file cannot be opened; *in is then closed. */
meka_status prob_bytes_open(prob_bytes *in, const char *path, meka_error *err);

/* Takes up to n bytes: *got < n only at the end of the file. */
meka_status prob_bytes_take(prob_bytes *in, void *out, size_t n, size_t *got, meka_error *err);

/* Takes exactly n bytes into *array (of *room bytes, grown as they arrive to at most twice what
 * has arrived), at its byte `at`.  `what` ("pixels") is named where the file ends too early. */
meka_status prob_bytes_append(prob_bytes *in, uint8_t **array, size_t *room, size_t at,
                              uint64_t n, const char *what, meka_error *err);

/* MEKA_ERR_INPUT unless the file ends here; `whole` ("the 16 bytes that its header
 * promises") says after what. */
meka_status prob_bytes_expect_end(prob_bytes *in, const char *whole, meka_error *err);

/* The next line, without its end, in in->line (the caller may change it); *more is false after
 * the last.  Refuses NUL bytes, and passes over a byte-order mark. */
meka_status prob_bytes_line(prob_bytes *in, bool *more, meka_error *err);

/* Closes the file and returns so_far, or, if that is MEKA_OK, what is wrong with the rest of
 * the file.  A closed one is fine. */
meka_status prob_bytes_close(prob_bytes *in, meka_status so_far, meka_error *err);

#endif
