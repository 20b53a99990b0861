/* optim/log_read.h - reading a run log row by row. */
#ifndef OPT_LOG_READ_H
#define OPT_LOG_READ_H

#include <meka/optim.h>

#include <stdio.h>

enum { OPT_LOG_READ_COLUMNS = 64 }; /* of a file, at most */

typedef struct opt_log_reader {
    FILE *stream;
    char *path;
    uint64_t line; /* the number of the line read last, from 1 */
    char *text;    /* [size] that line */
    size_t size;
    char *header; /* [header_size] the lines before the columns' names, each without "# " */
    size_t header_size;
    const opt_method *method;
    void *params; /* [method->options.size] the method's options in that run */
    uint64_t n_parameters;
    /* The columns of the file, in its order: offsets in opt_row; SIZE_MAX: not known here. */
    size_t n_columns, offset[OPT_LOG_READ_COLUMNS];
} opt_log_reader;

/* Reads the header and the columns' names.  Columns that this version does not know are
 * skipped.  MEKA_ERR_IO: cannot be read.  MEKA_ERR_INPUT: not a log of meka, another version's,
 * or damaged; the text has file and line, and says what would be right. */
meka_status opt_log_reader_open(opt_log_reader *out, const char *path, meka_error *err);
/* The value of a "key: value" line of the header, its length in *n; NULL if there is none. */
const char *opt_log_reader_find(const opt_log_reader *reader, const char *key, size_t *n);
/* The next row, or *more = false at the end of the log.  Rows have the numbers 0, 1, ..., `t`
 * of this one.  MEKA_ERR_INPUT: a line that is no whole row. */
meka_status opt_log_reader_next(opt_log_reader *reader, uint64_t t, opt_row *row, bool *more,
                                meka_error *err);
void opt_log_reader_close(opt_log_reader *reader); /* zeroed is fine */

#endif
