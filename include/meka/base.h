/* meka/base.h - status and error text, random streams, options, sample sources.
 *
 * What every other part of the toolkit stands on.  Nothing here knows about
 * derivatives or optimizers.  The library never prints, exits, installs a
 * signal handler or keeps global state.
 */
#ifndef MEKA_BASE_H
#define MEKA_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MEKA_VERSION "0.1.0"

/* ------------------------------------------------------------------ status */

/* What a call came to.  MEKA_OK and MEKA_NONFINITE are outcomes: the outputs
 * are complete.  Every other value is a failure: outputs and state are as they
 * were before the call. */
typedef enum meka_status {
    MEKA_OK = 0,
    MEKA_NONFINITE, /* the arithmetic gave inf or NaN; outputs hold it, the text says where */
    MEKA_ERR_MEMORY,
    MEKA_ERR_INPUT,  /* a value the caller or user gave is not usable */
    MEKA_ERR_IO,     /* a file or directory cannot be read or written */
    MEKA_ERR_RECORD, /* an objective could not be recorded */
    MEKA_ERR_RANGE,  /* a result is outside what the method can represent */
} meka_status;

/* Error text, owned by the caller; every function takes NULL for "not wanted". */
typedef struct meka_error {
    meka_status status;
    char text[1024]; /* one sentence: what, where, what would be right */
} meka_error;

/* A short name such as "out of memory"; never NULL. */
const char *meka_status_name(meka_status status);

/* Writes status and printf-style text to err (when not NULL) and returns status. */
meka_status meka_fail(meka_error *err, meka_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---------------------------------------------------------- random streams */

/* Who draws: two purposes never share a stream. */
enum {
    MEKA_STREAM_SAMPLES = 1, /* mini-batches */
    MEKA_STREAM_PROBLEM,     /* what a problem is made of: Hessians, data */
    MEKA_STREAM_START,       /* starting points */
    MEKA_STREAM_METHOD,      /* directions drawn by a method */
    MEKA_STREAM_STATISTICS,  /* bootstrap */
    MEKA_STREAM_TEST,
    MEKA_STREAM_USER = 1000, /* first number free for callers */
};

/* A random stream positioned at (seed, stream, step, index): a counter-based
 * generator (Philox4x64-10; Salmon et al., "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011).  Every draw is a pure function of those four numbers and
 * of how many draws came before it at this position, so results never depend
 * on threads, resumption or order of evaluation. */
typedef struct meka_rng {
    uint64_t key[2];     /* seed, stream */
    uint64_t counter[4]; /* step, index, block, 0 */
    uint64_t word[4];    /* the current block */
    unsigned n_left;     /* words of it not yet used, 0..4 */
    bool has_normal;     /* the second of a pair of normals is waiting */
    double normal;
} meka_rng;

void meka_rng_init(meka_rng *rng, uint64_t seed, uint64_t stream, uint64_t step,
                   uint64_t index);
uint64_t meka_rng_next(meka_rng *rng);  /* 64 uniform bits */
double meka_rng_uniform(meka_rng *rng); /* uniform on the 2^52 midpoints inside (0, 1) */
double meka_rng_normal(meka_rng *rng);  /* N(0, 1), by the Box-Muller transform */
double meka_rng_gamma(meka_rng *rng, double shape, double scale); /* by GSL; both > 0 */
double meka_rng_student_t(meka_rng *rng, double nu);              /* by GSL; nu > 0 */
uint64_t meka_rng_below(meka_rng *rng, uint64_t n); /* unbiased on 0..n-1; n >= 1 */

/* ----------------------------------------------------------------- options */

/* One row describes an option completely; the command line, help, the run log's
 * header, the documentation and the message for a bad value come from it.
 * The value lives at `offset` in a plain struct of the owner's:
 * double, uint64_t, bool or int (index into choices), by type. */
typedef enum meka_option_type {
    MEKA_OPTION_REAL,
    MEKA_OPTION_COUNT, /* an integer >= 0, stored as uint64_t */
    MEKA_OPTION_BOOL,  /* "yes" or "no" */
    MEKA_OPTION_CHOICE,
} meka_option_type;

typedef struct meka_option {
    const char *name;
    meka_option_type type;
    const char *initial;        /* default, written as a user would */
    double min, max;            /* inclusive range of REAL and COUNT */
    const char *const *choices; /* CHOICE: NULL-terminated names */
    const char *meaning;        /* one sentence, with unit or equation */
    size_t offset;
} meka_option;

typedef struct meka_option_table {
    const meka_option *row; /* [n] */
    size_t n;
    size_t size; /* bytes of the struct the rows describe */
} meka_option_table;

/* Writes every row's default to values (of table->size bytes). */
void meka_options_init(const meka_option_table *table, void *values);

/* What would be right for this row, such as "a number in [0, inf]"; always NUL-terminates. */
void meka_options_wanted(const meka_option *row, char *text, size_t size);

/* Sets one option from text.  MEKA_ERR_INPUT names the option, what was given and
 * what would be right; `owner` ("method meka") says whose option it is. */
meka_status meka_options_set(const meka_option_table *table, void *values, const char *owner,
                             const char *name, const char *text, meka_error *err);

/* Sets every key=value of a list separated by blanks; NULL or "" sets none. */
meka_status meka_options_set_all(const meka_option_table *table, void *values,
                                 const char *owner, const char *list, meka_error *err);

/* Writes one option's value as text that meka_options_set reads back to the same
 * value (reals with no more digits than that takes); always NUL-terminates. */
void meka_options_format(const meka_option *row, const void *values, char *text, size_t size);

/* ---------------------------------------------------------- sample sources */

/* Where mini-batches come from.  `draw` is a pure function of (seed, step): it writes
 * xi [n][n_features], row-major.  A source of fixed data is meka_source_data. */
typedef struct meka_source {
    size_t n_features;
    void (*draw)(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi);
    const void *ctx; /* borrowed; passed to draw */
    /* Samples whose mean gradient and mean Hessian are those of the expected objective
     * (its value up to a constant): the whole data set, or one sample at the mean where
     * the objective is linear in what is random.  NULL, 0: not known.  Borrowed. */
    const double *population; /* [n_population][n_features] */
    size_t n_population;
} meka_source;

/* Rows of a data set, drawn with replacement; also its own population. */
typedef struct meka_data {
    size_t n_rows, n_features;
    double *value; /* [n_rows][n_features], owned */
} meka_data;

/* Reads comma-, blank- or tab-separated numbers, one sample per line; '#' starts a
 * comment; a first line that is not numeric is taken as column names.
 * MEKA_ERR_IO: cannot be read.  MEKA_ERR_INPUT: file:line, what is wrong there (not a
 * number, not finite, another number of columns than the first line), or no rows. */
meka_status meka_data_read_csv(meka_data *out, const char *path, meka_error *err);
void meka_data_clear(meka_data *data);
meka_source meka_source_data(const meka_data *data); /* borrows data */

/* Samples that are read in order, as many at a time as one likes, because they may be too many
 * to be kept as numbers: a test set.  n_rows = 0: there are none. */
typedef struct meka_samples {
    size_t n_rows, n_features;
    /* Writes rows first .. first + n - 1 to xi [n][n_features]. */
    void (*read)(const void *ctx, size_t first, size_t n, double *xi);
    const void *ctx; /* borrowed; passed to read */
} meka_samples;

/* The source of an objective without samples: n_features = 0. */
meka_source meka_source_none(void);

#ifdef __cplusplus
}
#endif
#endif
