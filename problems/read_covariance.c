/* Covariance matrices from files.  What is read is factored as it is checked: by Cholesky's
 * method with complete pivoting (Higham 2002, section 10.3) on the matrix of correlations, so
 * that the scales of the variables do not matter. */
#include "problems/noise_law.h"

#include "base/memory.h"
#include "problems/dataset.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Relative; files may have been written with 9 digits. */
static const double tolerance = 1e-8;

typedef struct reader {
    prob_bytes bytes;
    meka_csv csv;
    size_t *line; /* [n_rows] where each row is */
    size_t n_rows, room;
} reader;

/* The row that was added last: no longer than wide, its variance, symmetry so far. */
static meka_status check_row(const reader *in, meka_error *err)
{
    const meka_csv *csv = &in->csv;
    const double *c = csv->value;
    size_t n = csv->n_columns, i = in->n_rows - 1;
    if (i >= n)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.500s:%zu: row %zu of a matrix with %zu columns; a covariance is "
                         "square",
                         csv->path, csv->line_number, i + 1, n);
    if (c[i * n + i] < 0.0)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.500s:%zu: column %zu: a variance of %g; it cannot be negative",
                         csv->path, csv->line_number, i + 1, c[i * n + i]);
    for (size_t j = 0; j < i; j++) {
        double lower = c[i * n + j], upper = c[j * n + i];
        double most = sqrt(c[i * n + i]) * sqrt(c[j * n + j]);
        if (fabs(lower - upper) > tolerance * most)
            return meka_fail(err, MEKA_ERR_INPUT,
                             "%.500s:%zu: column %zu: %.15g, but row %zu has %.15g in column "
                             "%zu; a covariance is symmetric",
                             csv->path, csv->line_number, j + 1, lower, j + 1, upper, i + 1);
        if (fabs(lower) > (1.0 + tolerance) * most)
            return meka_fail(err, MEKA_ERR_INPUT,
                             "%.500s:%zu: column %zu: a covariance of %g between variables of "
                             "variance %g and %g; it cannot exceed %g",
                             csv->path, csv->line_number, j + 1, lower, c[i * n + i],
                             c[j * n + j], most);
    }
    return MEKA_OK;
}

static meka_status read_rows(reader *in, meka_error *err)
{
    bool more = true;
    while (more) {
        meka_status status = prob_csv_next(&in->csv, &in->bytes, &more, err);
        if (status == MEKA_OK && more)
            status = meka_grow(&in->line, &in->room, in->n_rows + 1, sizeof *in->line, err);
        if (status == MEKA_OK && more) {
            in->line[in->n_rows++] = in->csv.line_number;
            status = check_row(in, err);
        }
        if (status != MEKA_OK)
            return status;
    }
    return MEKA_OK;
}

/* c [n][n] becomes the correlations, 0 in place of 0/0; sd [n]. */
static void standardize(double *c, size_t n, double *sd)
{
    for (size_t i = 0; i < n; i++)
        sd[i] = sqrt(c[i * n + i]);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double mean = 0.5 * c[i * n + j] + 0.5 * c[j * n + i];
            double r = i == j ? sd[i] > 0.0 : mean / sd[i] / sd[j];
            c[i * n + j] = c[j * n + i] = isfinite(r) ? r : 0.0;
        }
}

static size_t largest_pivot(const double *c, size_t n)
{
    size_t at = 0;
    for (size_t i = 1; i < n; i++)
        if (c[i * n + i] > c[at * n + at])
            at = i;
    return at;
}

/* Takes the correlations c [n][n] apart, overwriting them with what is left: c = sum_k a_k a_k'
 * with row k of axis [n][n] holding sd * a_k.  Returns how many there are. */
static size_t factor(double *c, const double *sd, size_t n, double *axis)
{
    for (size_t k = 0; k < n; k++) {
        size_t at = largest_pivot(c, n);
        double pivot = c[at * n + at], *a = axis + k * n;
        if (!(pivot > 8.0 * (double)n * DBL_EPSILON))
            return k;
        for (size_t i = 0; i < n; i++)
            a[i] = c[i * n + at] / sqrt(pivot);
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < i; j++)
                c[i * n + j] = c[j * n + i] -= a[i] * a[j];
            c[i * n + i] -= a[i] * a[i];
        }
        for (size_t i = 0; i < n; i++) { /* exactly taken */
            c[i * n + at] = c[at * n + i] = 0.0;
            a[i] *= sd[i];
        }
    }
    return n;
}

/* What is left must be nothing. */
static meka_status check_rest(const reader *in, const double *rest, size_t n, meka_error *err)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            if (fabs(rest[i * n + j]) > tolerance)
                return meka_fail(
                    err, MEKA_ERR_INPUT,
                    "%.500s:%zu: row %zu is one too many: with it the matrix is "
                    "not positive semidefinite, as a covariance is (off by %.2g in "
                    "units of a variance)",
                    in->csv.path, in->line[i], i + 1, fabs(rest[i * n + j]));
    return MEKA_OK;
}

static meka_status decompose(reader *in, prob_covariance *out, meka_error *err)
{
    size_t n = in->csv.n_columns;
    if (in->n_rows == 0)
        return meka_fail(err, MEKA_ERR_INPUT, "%.500s: holds no rows of numbers", in->csv.path);
    if (in->n_rows < n)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.500s:%zu: the last of %zu rows of %zu columns; a covariance is "
                         "square",
                         in->csv.path, in->line[in->n_rows - 1], in->n_rows, n);
    double *sd = meka_alloc(n, sizeof *sd, err);
    double *axis = sd ? meka_alloc(n * n, sizeof *axis, err) : NULL;
    meka_status status = MEKA_ERR_MEMORY;
    if (axis) {
        standardize(in->csv.value, n, sd);
        size_t rank = factor(in->csv.value, sd, n, axis);
        status = check_rest(in, in->csv.value, n, err);
        if (status == MEKA_OK)
            *out = (prob_covariance){n, rank, axis};
    }
    free(sd);
    if (status != MEKA_OK)
        free(axis);
    return status;
}

meka_status prob_read_covariance(prob_covariance *out, const char *path, meka_error *err)
{
    assert(out && path);
    reader in = {.csv = {.path = path}};
    meka_status status = prob_bytes_open(&in.bytes, path, err);
    if (status != MEKA_OK)
        return status;
    status = read_rows(&in, err);
    status = prob_bytes_close(&in.bytes, status, err);
    if (status == MEKA_OK)
        status = decompose(&in, out, err);
    meka_csv_clear(&in.csv);
    free(in.line);
    return status;
}
