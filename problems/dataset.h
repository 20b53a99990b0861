/* problems/dataset.h - what the readers share. */
#ifndef PROBLEMS_DATASET_H
#define PROBLEMS_DATASET_H

#include "base/csv.h"
#include "problems/bytes.h"

#include <meka/data.h>

enum {
    PROB_MOST_CLASSES = 1000,       /* more are taken for real-valued labels */
    PROB_MOST_FEATURES = 100000000, /* of a row, where nobody has said how many */
};

/* Reads on to the next line of numbers, past comments and names of columns, and adds it to csv,
 * which is of the same file; *more is false after the last. */
meka_status prob_csv_next(meka_csv *csv, prob_bytes *bytes, bool *more, meka_error *err);

/* The names of classes met so far, ascending; zeroed at the start. */
typedef struct prob_classes {
    double *value; /* [n], owned */
    size_t n, room;
    bool known; /* another data set has fixed them: no new ones */
} prob_classes;

/* Starts with the classes of `like` (NULL, or without classes: none). */
meka_status prob_classes_init(prob_classes *classes, const prob_dataset *like, meka_error *err);
/* Takes note of a label in a line of a file. */
meka_status prob_classes_add(prob_classes *classes, double label, const char *path, size_t line,
                             meka_error *err);
/* Replaces labels by the numbers of their classes; data takes over the names. */
void prob_classes_finish(prob_classes *classes, prob_dataset *data);

/* Writes the entries of a sparse data set out into dense ones. */
meka_status prob_dataset_to_dense(prob_dataset *data, meka_error *err);

#endif
