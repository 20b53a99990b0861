/* meka/data.h - data sets: readers, scaling, augmentation, mini-batches.
 *
 * Every reader takes a plain or a gzip-compressed file and tells them apart itself.  A file
 * that is not what it should be is refused with MEKA_ERR_INPUT: the file, the line (from 1) or
 * the byte (from 0, of the unpacked data), and the reason.  A file that cannot be read, or
 * whose compressed data are damaged or cut off, gives MEKA_ERR_IO (with the byte of the file as
 * it is stored).  What a header claims is
 * never allocated before the file has delivered it.  On failure *out is untouched.
 */
#ifndef MEKA_DATA_H
#define MEKA_DATA_H

#include <meka/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --------------------------------------------------------------- data sets */

/* Rows with features and a label, kept as compactly as they come: exactly one of dense,
 * byte and row_start is not NULL (in an empty, zeroed one none is).  Owned by the caller
 * through prob_dataset_clear. */
typedef struct prob_dataset {
    size_t n_rows, n_features;
    double *dense;     /* [n_rows][n_features] */
    uint8_t *byte;     /* [n_rows][n_features]: grey or colour values */
    size_t *row_start; /* [n_rows + 1]: row i has the entries row_start[i]..row_start[i+1]-1 */
    uint32_t *column;  /* [row_start[n_rows]], from 0, ascending within a row */
    double *value;     /* [row_start[n_rows]] */
    double *label;     /* [n_rows], 0..n_classes-1, or real values; NULL: none */
    size_t n_classes;  /* 0: labels are real values */
    double *class_value; /* [n_classes] what the file calls the classes, ascending; else NULL */
    size_t channels, height, width; /* n_features = channels * height * width; 0: no images */
} prob_dataset;

void prob_dataset_clear(prob_dataset *data); /* NULL and zeroed are fine */

/* Row i, written out as numbers: out [n_features]. */
void prob_dataset_row(const prob_dataset *data, size_t i, double *out);

/* A copy of the rows row[0..n-1] (n >= 1), in that order. */
meka_status prob_dataset_select(prob_dataset *out, const prob_dataset *data, const size_t *row,
                                size_t n, meka_error *err);

/* Copies of two parts of the rows: `fraction` of them (rounded, at least one and not all) drawn
 * at random without replacement by `seed` go to test, the others to train; both keep the order
 * of the file.  MEKA_ERR_INPUT if there are fewer than 2 rows or fraction is not in (0, 1). */
meka_status prob_dataset_split(prob_dataset *train, prob_dataset *test,
                               const prob_dataset *data, double fraction, uint64_t seed,
                               meka_error *err);

/* ----------------------------------------------------------------- readers */

typedef enum prob_storage {
    PROB_STORAGE_AUTO,   /* sparse where at most a third of the entries are given */
    PROB_STORAGE_SPARSE, /* as in the file */
    PROB_STORAGE_DENSE,
} prob_storage;

/* Zeroed: as many features and classes as are found. */
typedef struct prob_libsvm_options {
    size_t n_features;        /* 0: the largest index in the file, of at most 1e8 */
    bool real_labels;         /* labels are real values rather than names of classes */
    const prob_dataset *like; /* or NULL: the training set; features and classes are its */
    prob_storage storage;
} prob_libsvm_options;

/* LIBSVM text: "label index:value index:value ..." with indices from 1, ascending.  Labels of
 * classes are integers, of at most 1000 values.  options NULL: zeroed. */
meka_status prob_read_libsvm(prob_dataset *out, const char *path,
                             const prob_libsvm_options *options, meka_error *err);

/* IDX files of unsigned bytes (MNIST): `images` of 1 to 3 dimensions, the first counts rows;
 * with 3 they are images of 1 channel.  `labels` has 1 dimension; NULL: none.  Labels are
 * 0..n_classes-1; n_classes = 0: as many as the largest label asks for. */
meka_status prob_read_idx(prob_dataset *out, const char *images, const char *labels,
                          size_t n_classes, meka_error *err);

/* CIFAR-10, binary version: n >= 1 files of records of a label 0..9 and 3 x 32 x 32 bytes. */
meka_status prob_read_cifar10(prob_dataset *out, const char *const *paths, size_t n,
                              meka_error *err);

typedef enum prob_csv_label {
    PROB_CSV_LABEL_LAST,
    PROB_CSV_LABEL_FIRST,
    PROB_CSV_LABEL_NONE,
} prob_csv_label;

/* Zeroed: the last column is a real-valued label. */
typedef struct prob_csv_options {
    prob_csv_label label;     /* which column it is */
    bool classes;             /* it names classes (integers) */
    const prob_dataset *like; /* or NULL: the training set; features and classes are its */
} prob_csv_options;

/* Text as meka_data_read_csv takes it.  options NULL: zeroed. */
meka_status prob_read_csv(prob_dataset *out, const char *path, const prob_csv_options *options,
                          meka_error *err);

/* A nonlinear regression of NIST's Statistical Reference Datasets, from its .dat file. */
typedef struct prob_nist {
    char name[32];         /* "Misra1a" */
    char *model;           /* the lines of the section "Model:", as they stand */
    size_t n_params;       /* d */
    double *start[2];      /* [d] each: start 1 (far) and start 2 (near) */
    double *certified;     /* [d] certified parameters */
    double *sd;            /* [d] their certified standard deviations */
    double sum_of_squares; /* certified residual sum of squares */
    double residual_sd;    /* certified residual standard deviation */
    size_t degrees_of_freedom;
    prob_dataset data; /* features: the predictors; label: the response, real */
    double *storage;   /* what start, certified and sd point into */
} prob_nist;

meka_status prob_read_nist(prob_nist *out, const char *path, meka_error *err);
void prob_nist_clear(prob_nist *nist); /* NULL and zeroed are fine */

/* ------------------------------------------------------- made rather than read */

typedef struct prob_shapes_options {
    size_t n_rows;    /* >= 1 */
    size_t first_row; /* rows first_row, first_row + 1, ... of an endless set: 0 for training,
                         and for testing the number of training rows */
    bool colour;      /* 3 x 32 x 32 instead of 1 x 28 x 28 */
    double noise;     /* standard deviation of the noise, in grey values 0..255 */
    uint64_t seed;
} prob_shapes_options;

/* Images of ten shapes (disc, ring, square, frame, triangle, plus, cross, two kinds of bars,
 * checks) at random places, sizes, angles and contrasts, as often light on dark as dark on
 * light; row i shows class i mod 10.  Class means are so much alike that a linear model stays
 * near chance; what compares images or sees shapes does better.  The same bytes on every
 * machine. */
meka_status prob_make_shapes(prob_dataset *out, const prob_shapes_options *options,
                             meka_error *err);

/* ----------------------------------------------------------------- scaling */

typedef enum prob_scaling_kind {
    PROB_SCALE_STANDARD, /* mean 0, variance 1 (divisor n_rows) */
    PROB_SCALE_UNIT,     /* onto [0, 1]: by the least and largest value; bytes by 255 */
} prob_scaling_kind;

/* x' = (x - shift) * scale per feature, or per channel of images.  Made from the training
 * rows and used for the test rows, too.  A constant feature stays as it is (shift 0, scale 1),
 * except bytes under PROB_SCALE_UNIT. */
typedef struct prob_scaling {
    size_t n;              /* n_features, or channels */
    double *shift, *scale; /* [n] each, owned */
} prob_scaling;

meka_status prob_scaling_create(prob_scaling *out, const prob_dataset *data,
                                prob_scaling_kind kind, meka_error *err);
void prob_scaling_clear(prob_scaling *scaling); /* NULL and zeroed are fine */

/* ------------------------------------------------------------ mini-batches */

typedef enum prob_order {
    PROB_ORDER_EPOCHS,      /* without replacement, shuffled anew for every epoch */
    PROB_ORDER_REPLACEMENT, /* independent and uniform, as meka_source_data draws */
} prob_order;

typedef enum prob_target {
    PROB_TARGET_LABEL, /* data->label: the class from 0, or the real value */
    PROB_TARGET_VALUE, /* what the file calls the class; a real value as it is */
    PROB_TARGET_SIGN,  /* two classes: -1 and +1 */
    PROB_TARGET_NONE,  /* no label */
} prob_target;

/* Populations up to this many bytes are kept unless the options say otherwise. */
#define PROB_POPULATION_BYTES ((size_t)128 << 20)

/* Zeroed: epochs, the label last, neither scaled nor augmented. */
typedef struct prob_sampler_options {
    prob_order order;
    prob_target target;
    const prob_scaling *scaling; /* or NULL; copied */
    bool flip;                   /* images: mirrored left to right with probability 1/2 */
    size_t pad;                  /* images: framed by `pad` zeros (before scaling), then cut to
                                    size at a random place; 0: not; at most height and width */
    size_t population_bytes;     /* largest population to keep; 0: PROB_POPULATION_BYTES */
    size_t n_terms; /* not 0: samples are those of ad_sparse_affine: indices [n_terms], values
                       [n_terms] and the label.  The data set is sparse, no row has more
                       entries, and scaling leaves 0 where it is. */
} prob_sampler_options;

/* Draws from a data set, which it borrows. */
typedef struct prob_sampler {
    const prob_dataset *data;
    prob_sampler_options options;
    size_t n_features;     /* of a sample: data->n_features or 2 n_terms, and 1 for the label */
    double *shift, *scale; /* [data->n_features]; NULL: not scaled */
    double *zero;          /* [data->n_features] what 0 is scaled to (sparse, or padding) */
    double *population;    /* [data->n_rows][n_features]; NULL: too large, or augmented */
} prob_sampler;

/* MEKA_ERR_INPUT: the options do not fit the data.  options NULL: zeroed. */
meka_status prob_sampler_create(prob_sampler *out, const prob_dataset *data,
                                const prob_sampler_options *options, meka_error *err);
void prob_sampler_clear(prob_sampler *sampler); /* NULL and zeroed are fine */

/* Row i as a sample, not augmented: xi [n_features]. */
void prob_sampler_row(const prob_sampler *sampler, size_t i, double *xi);

/* The source; borrows the sampler.  Sample i of the batch of n at `step` is number
 * k = step * n + i of the run.  By epochs it is element k mod n_rows of the permutation of
 * epoch k / n_rows (integer division) under this seed: every row once per epoch as long as
 * all batches have the same size; a batch that crosses the end of an epoch goes on with the
 * next one's permutation.  How sample i is augmented is a function of (seed, step, i).
 *
 * The population is all rows, where that is at most population_bytes and nothing is augmented.
 * Otherwise there is none rather than a part of it: on a subset the exact losses would be
 * those of another objective.  To have that, select the subset and make a sampler of it. */
meka_source prob_sampler_source(const prob_sampler *sampler);

/* Element k of a random permutation of 0..n-1, a function of (seed, stream, epoch) alone and
 * without tables: k < n. */
typedef struct prob_permutation {
    uint64_t n;
    uint64_t key[10];   /* of the rounds */
    unsigned low, high; /* bits of the two halves; n <= 2^(low + high) */
} prob_permutation;

prob_permutation prob_permutation_make(uint64_t n, uint64_t seed, uint64_t stream,
                                       uint64_t epoch);
uint64_t prob_permutation_at(const prob_permutation *permutation, uint64_t k);

#ifdef __cplusplus
}
#endif
#endif
