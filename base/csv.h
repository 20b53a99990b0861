/* base/csv.h - lines of numbers, added one by one, whatever they are read from. */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <meka/base.h>

/* A table being read: zeroed but for path at the start, then given every line in turn. */
typedef struct meka_csv {
    const char *path;      /* for messages; borrowed */
    size_t line_number;    /* from 1 */
    size_t n_columns;      /* of the first line; 0: none yet */
    double *value;         /* [n_values / n_columns][n_columns] */
    size_t n_values, room; /* of value */
} meka_csv;

/* Adds the numbers of a line of `length` bytes, which is cut into its fields in place. */
meka_status meka_csv_add(meka_csv *in, char *line, size_t length, meka_error *err);
/* Moves the table to out; MEKA_ERR_INPUT if there are no rows. */
meka_status meka_csv_finish(meka_csv *in, meka_data *out, meka_error *err);
void meka_csv_clear(meka_csv *in);

#endif
