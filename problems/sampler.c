#include <meka/data.h>

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* How an image is moved: pixel (y, x) of the sample is (y + dy, x + dx) of the row, or a pixel
 * of the frame where there is no such; mirrored, it takes the place of (y, width - 1 - x). */
typedef struct move {
    bool flip;
    ptrdiff_t dy, dx;
} move;

/* ----------------------------------------------------------------- one row */

static void write_sparse(const prob_sampler *s, size_t row, double *xi)
{
    const prob_dataset *data = s->data;
    size_t begin = data->row_start[row], end = data->row_start[row + 1];
    memcpy(xi, s->zero, data->n_features * sizeof *xi);
    if (!s->shift) {
        for (size_t k = begin; k < end; k++)
            xi[data->column[k]] = data->value[k];
        return;
    }
    for (size_t k = begin; k < end; k++) {
        size_t j = data->column[k];
        xi[j] = (data->value[k] - s->shift[j]) * s->scale[j];
    }
}

/* A row's entries as terms, filled up with index 0 and value 0. */
static void write_terms(const prob_sampler *s, size_t row, double *xi)
{
    const prob_dataset *data = s->data;
    size_t n = s->options.n_terms, begin = data->row_start[row];
    size_t n_entries = data->row_start[row + 1] - begin;
    memset(xi, 0, 2 * n * sizeof *xi);
    for (size_t k = 0; k < n_entries; k++) {
        size_t j = data->column[begin + k];
        double x = data->value[begin + k];
        xi[k] = (double)j;
        xi[n + k] = s->shift ? (x - s->shift[j]) * s->scale[j] : x;
    }
}

/* n pixels of one channel of a row that is not sparse, from its feature j on, scaled. */
static void write_pixels(const prob_sampler *s, size_t row, size_t j, size_t n,
                         double *restrict xi)
{
    const prob_dataset *data = s->data;
    size_t at = row * data->n_features + j;
    /* A channel has one scaling; (x - 0) * 1 is x to the bit. */
    double shift = s->shift ? s->shift[j] : 0.0, scale = s->shift ? s->scale[j] : 1.0;
    const uint8_t *restrict byte = data->byte;
    const double *restrict dense = data->dense;
    if (byte)
        for (size_t k = 0; k < n; k++)
            xi[k] = (byte[at + k] - shift) * scale;
    else
        for (size_t k = 0; k < n; k++)
            xi[k] = (dense[at + k] - shift) * scale;
}

/* Features of a row, scaled, not moved. */
static void write_features(const prob_sampler *s, size_t row, double *restrict xi)
{
    const prob_dataset *data = s->data;
    size_t m = data->n_features;
    const double *restrict shift = s->shift, *restrict scale = s->scale;
    if (s->options.n_terms) {
        write_terms(s, row, xi);
    } else if (data->row_start) {
        write_sparse(s, row, xi);
    } else if (data->channels) {
        size_t size = data->height * data->width;
        for (size_t j = 0; j < m; j += size)
            write_pixels(s, row, j, size, xi + j);
    } else if (data->byte && shift) {
        const uint8_t *restrict byte = data->byte + row * m;
        for (size_t j = 0; j < m; j++)
            xi[j] = (byte[j] - shift[j]) * scale[j];
    } else if (data->dense && shift) {
        const double *restrict x = data->dense + row * m;
        for (size_t j = 0; j < m; j++)
            xi[j] = (x[j] - shift[j]) * scale[j];
    } else {
        prob_dataset_row(data, row, xi);
    }
}

static double *fill(double *xi, size_t n, double value)
{
    for (size_t k = 0; k < n; k++)
        xi[k] = value;
    return xi + n;
}

static void mirror(double *xi, size_t n)
{
    for (size_t k = 0; k < n / 2; k++) {
        double x = xi[k];
        xi[k] = xi[n - 1 - k];
        xi[n - 1 - k] = x;
    }
}

static void write_moved(const prob_sampler *s, size_t row, move by, double *xi)
{
    const prob_dataset *data = s->data;
    size_t height = data->height, width = data->width;
    /* Pixels of the frame to the left and to the right. */
    size_t left = by.dx < 0 ? (size_t)-by.dx : 0, right = by.dx > 0 ? (size_t)by.dx : 0;
    size_t n = width - left - right;
    for (size_t plane = 0; plane < data->n_features; plane += height * width) {
        double zero = s->zero[plane];
        for (size_t y = 0; y < height; y++, xi += width) {
            ptrdiff_t from_y = (ptrdiff_t)y + by.dy;
            if (from_y < 0 || from_y >= (ptrdiff_t)height) {
                fill(xi, width, zero);
                continue;
            }
            double *inside = fill(xi, left, zero);
            write_pixels(s, row, plane + (size_t)from_y * width + right, n, inside);
            fill(inside + n, right, zero);
            if (by.flip)
                mirror(xi, width);
        }
    }
}

static double target(const prob_sampler *s, size_t row)
{
    const prob_dataset *data = s->data;
    double label = data->label[row];
    if (s->options.target == PROB_TARGET_SIGN)
        return 2.0 * label - 1.0;
    if (s->options.target == PROB_TARGET_VALUE && data->n_classes)
        return data->class_value[(size_t)label];
    return label;
}

void prob_sampler_row(const prob_sampler *sampler, size_t i, double *xi)
{
    assert(sampler && i < sampler->data->n_rows);
    write_features(sampler, i, xi);
    if (sampler->options.target != PROB_TARGET_NONE)
        xi[sampler->n_features - 1] = target(sampler, i);
}

/* ----------------------------------------------------------------- batches */

static bool is_augmented(const prob_sampler *s)
{
    return s->options.flip || s->options.pad > 0;
}

/* Sample i of a batch, of this row.  Index 0 of the stream at this step belongs to the choice
 * of rows, index i + 1 to sample i. */
static void write_sample(const prob_sampler *s, uint64_t seed, uint64_t step, size_t i,
                         size_t row, double *xi)
{
    if (!is_augmented(s)) {
        prob_sampler_row(s, row, xi);
        return;
    }
    meka_rng rng;
    move by = {0};
    size_t pad = s->options.pad;
    meka_rng_init(&rng, seed, MEKA_STREAM_SAMPLES, step, i + 1);
    if (pad) {
        by.dy = (ptrdiff_t)meka_rng_below(&rng, 2 * pad + 1) - (ptrdiff_t)pad;
        by.dx = (ptrdiff_t)meka_rng_below(&rng, 2 * pad + 1) - (ptrdiff_t)pad;
    }
    by.flip = s->options.flip && meka_rng_below(&rng, 2) == 1;
    write_moved(s, row, by, xi);
    if (s->options.target != PROB_TARGET_NONE)
        xi[s->data->n_features] = target(s, row);
}

/* Asks for a row that comes next.  Rows are drawn at random, so that no processor sees them
 * coming by itself. */
static void fetch_row(const prob_sampler *s, size_t row)
{
    enum { CACHE_LINE = 64 }; /* bytes */
    size_t m = s->data->n_features;
    for (size_t j = 0; s->data->byte && j < m; j += CACHE_LINE)
        __builtin_prefetch(s->data->byte + row * m + j);
}

static void draw_replaced(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    const prob_sampler *s = ctx;
    meka_rng rng;
    meka_rng_init(&rng, seed, MEKA_STREAM_SAMPLES, step, 0);
    size_t next = (size_t)meka_rng_below(&rng, s->data->n_rows);
    for (size_t i = 0; i < n; i++) {
        size_t row = next;
        next = (size_t)meka_rng_below(&rng, s->data->n_rows);
        fetch_row(s, next);
        write_sample(s, seed, step, i, row, xi + i * s->n_features);
    }
}

/* The order of an epoch, and how many of its rows have come. */
typedef struct walk {
    prob_permutation shuffle;
    uint64_t seed, n_rows, epoch, k;
} walk;

static walk start_walk(const prob_sampler *s, uint64_t seed, uint64_t first)
{
    uint64_t n_rows = s->data->n_rows, epoch = first / n_rows;
    return (walk){prob_permutation_make(n_rows, seed, MEKA_STREAM_SAMPLES, epoch), seed, n_rows,
                  epoch, first % n_rows};
}

static size_t next_row(walk *w)
{
    if (w->k == w->n_rows) {
        w->k = 0;
        w->epoch++;
        w->shuffle = prob_permutation_make(w->n_rows, w->seed, MEKA_STREAM_SAMPLES, w->epoch);
    }
    return (size_t)prob_permutation_at(&w->shuffle, w->k++);
}

static void draw_epochs(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    const prob_sampler *s = ctx;
    walk w = start_walk(s, seed, step * n);
    size_t next = next_row(&w);
    for (size_t i = 0; i < n; i++) {
        size_t row = next;
        next = next_row(&w);
        fetch_row(s, next);
        write_sample(s, seed, step, i, row, xi + i * s->n_features);
    }
}

meka_source prob_sampler_source(const prob_sampler *sampler)
{
    assert(sampler && sampler->data);
    bool replaced = sampler->options.order == PROB_ORDER_REPLACEMENT;
    return (meka_source){
        .n_features = sampler->n_features,
        .draw = replaced ? draw_replaced : draw_epochs,
        .ctx = sampler,
        .population = sampler->population,
        .n_population = sampler->population ? sampler->data->n_rows : 0,
    };
}

/* ------------------------------------------------------------- making one */

static meka_status check(const prob_dataset *data, const prob_sampler_options *options,
                         meka_error *err)
{
    const prob_scaling *scaling = options->scaling;
    size_t n = data->channels ? data->channels : data->n_features;
    if (options->target != PROB_TARGET_NONE && !data->label)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "the data set has no labels, but samples are to end with one");
    if (options->target == PROB_TARGET_SIGN && data->n_classes != 2)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "labels -1 and +1 need 2 classes; the data set has %zu",
                         data->n_classes);
    if (scaling && scaling->n != n)
        return meka_fail(err, MEKA_ERR_INPUT, "a scaling of %zu %s for a data set of %zu",
                         scaling->n, data->channels ? "channels" : "features", n);
    if ((options->flip || options->pad) && (!data->channels || data->row_start))
        return meka_fail(err, MEKA_ERR_INPUT,
                         "flips and crops need images; the data set has none");
    if (options->pad > data->height || options->pad > data->width)
        if (options->pad)
            return meka_fail(err, MEKA_ERR_INPUT,
                             "a frame of %zu pixels around images of %zu x %zu", options->pad,
                             data->height, data->width);
    return MEKA_OK;
}

static meka_status check_terms(const prob_sampler *s, meka_error *err)
{
    const prob_dataset *data = s->data;
    size_t most = s->options.n_terms;
    if (!data->row_start)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "samples of terms need a sparse data set; this one is dense");
    for (size_t i = 0; i < data->n_rows; i++)
        if (data->row_start[i + 1] - data->row_start[i] > most)
            return meka_fail(err, MEKA_ERR_INPUT,
                             "row %zu has %zu entries; a sample holds %zu terms", i,
                             data->row_start[i + 1] - data->row_start[i], most);
    for (size_t j = 0; j < data->n_features; j++)
        if (s->zero[j] != 0.0)
            return meka_fail(err, MEKA_ERR_INPUT,
                             "the scaling makes 0 of feature %zu %g; rows of terms need it to "
                             "stay 0",
                             j + 1, s->zero[j]);
    return MEKA_OK;
}

/* shift, scale and zero. */
static meka_status prepare_scaling(prob_sampler *s, const prob_scaling *scaling,
                                   meka_error *err)
{
    const prob_dataset *data = s->data;
    size_t m = data->n_features, group = data->channels ? m / data->channels : 1;
    s->zero = meka_alloc(m, sizeof *s->zero, err);
    if (!s->zero)
        return MEKA_ERR_MEMORY;
    if (scaling) {
        s->shift = meka_alloc(m, sizeof *s->shift, err);
        s->scale = s->shift ? meka_alloc(m, sizeof *s->scale, err) : NULL;
        if (!s->scale)
            return MEKA_ERR_MEMORY;
        for (size_t j = 0; j < m; j++) {
            s->shift[j] = scaling->shift[j / group];
            s->scale[j] = scaling->scale[j / group];
            s->zero[j] = (0.0 - s->shift[j]) * s->scale[j];
        }
    }
    return MEKA_OK;
}

static meka_status prepare_population(prob_sampler *s, meka_error *err)
{
    size_t most = s->options.population_bytes, n = s->data->n_rows;
    if (most == 0)
        most = PROB_POPULATION_BYTES;
    if (is_augmented(s) || n > most / sizeof *s->population / s->n_features)
        return MEKA_OK;
    s->population = meka_alloc(n * s->n_features, sizeof *s->population, err);
    if (!s->population)
        return MEKA_ERR_MEMORY;
    for (size_t i = 0; i < n; i++)
        prob_sampler_row(s, i, s->population + i * s->n_features);
    return MEKA_OK;
}

meka_status prob_sampler_create(prob_sampler *out, const prob_dataset *data,
                                const prob_sampler_options *options, meka_error *err)
{
    assert(out && data && data->n_rows > 0 && data->n_features > 0);
    static const prob_sampler_options plain = {0};
    if (!options)
        options = &plain;
    prob_sampler sampler = {.data = data, .options = *options};
    sampler.options.scaling = NULL;
    sampler.n_features = options->n_terms ? 2 * options->n_terms : data->n_features;
    sampler.n_features += options->target != PROB_TARGET_NONE;
    meka_status status = check(data, options, err);
    if (status == MEKA_OK)
        status = prepare_scaling(&sampler, options->scaling, err);
    if (status == MEKA_OK && options->n_terms)
        status = check_terms(&sampler, err);
    if (status == MEKA_OK)
        status = prepare_population(&sampler, err);
    if (status == MEKA_OK)
        *out = sampler;
    else
        prob_sampler_clear(&sampler);
    return status;
}

void prob_sampler_clear(prob_sampler *sampler)
{
    if (!sampler)
        return;
    free(sampler->shift);
    free(sampler->scale);
    free(sampler->zero);
    free(sampler->population);
    *sampler = (prob_sampler){0};
}
