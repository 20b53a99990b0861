/* ad/kernels_sparse.h - blocks of a sparse x, y = sum_k value[k] W e_index[k], and the
 * statistics of their weights' gradients z x'.  Part of ad/kernels_template.h.
 *
 * Sample by sample and term by term, without vectors: what takes time is to reach the weights.
 * Only what is done once per segment touches every weight. */
#ifndef AD_KERNELS_SPARSE_H
#define AD_KERNELS_SPARSE_H

#include "ad/kernels_outer.h"

#include <math.h>

/* An array of operands: numbers, or numbers of rows. */
typedef struct block_operand {
    const double *number; /* NULL: rows */
    const uint32_t *row;
} block_operand;

/* Reads one of n elements; returns what follows it. */
INLINE const uint32_t *read_operand(const kernel_block *b, const uint32_t *code, size_t n,
                                    block_operand *out)
{
    *out = (block_operand){NULL, NULL};
    if (code[0] == PLAN_ROWS) {
        out->row = code + 1;
        return code + 1 + n;
    }
    const double *base = code[0] == PLAN_THETA   ? b->theta
                         : code[0] == PLAN_ALONG ? b->v
                                                 : b->pack;
    out->number = base + code[1];
    return code + 2;
}

/* Where a sparse array is. */
typedef struct sparse_operand {
    size_t n_columns, n_terms;
    uint32_t index, value; /* features */
} sparse_operand;

INLINE sparse_operand sparse_of(const ad_block_shape *s, uint32_t index, uint32_t value)
{
    return (sparse_operand){s->channels_in, s->n_terms, index, value};
}

/* --------------------------------------------------------------------- a sample's terms */

/* The column that an index means, n_columns if none; these are fewer than 2^30. */
INLINE uint32_t sparse_column(double index, size_t n_columns)
{
    bool within = index >= 0.0 && index < (double)n_columns;
    int32_t column = within ? (int32_t)index : 0;
    return within && column == index ? (uint32_t)column : (uint32_t)n_columns;
}

/* The terms at hand: their columns are in b->sparse.column. */
typedef struct sparse_row {
    const double *value;
    size_t n;
    bool right; /* all indices mean a column */
} sparse_row;

/* Without the terms that are 0 or of no column. */
static sparse_row sparse_compress(const kernel_block *b, const sparse_operand *x,
                                  const double *value)
{
    sparse_row row = {b->sparse.value, 0, true};
    for (size_t k = 0; k < x->n_terms; k++) {
        uint32_t column = b->sparse.column[k];
        row.right = row.right && column < x->n_columns;
        if (column == x->n_columns || value[k] == 0.0)
            continue;
        b->sparse.column[row.n] = column;
        b->sparse.value[row.n++] = value[k];
    }
    return row;
}

/* Sample l's terms that are not 0.  Those at the end, that it is filled up with, are all that
 * is 0 as a rule; then the values stay where they are. */
INLINE sparse_row sparse_terms(const kernel_block *b, const sparse_operand *x, size_t l)
{
    const double *index = b->xi + l * b->m + x->index, *value = b->xi + l * b->m + x->value;
    uint32_t *column = b->sparse.column;
    size_t n = x->n_terms, n_zero = 0, n_wrong = 0;
    for (size_t k = 0; k < x->n_terms; k++) {
        column[k] = sparse_column(index[k], x->n_columns);
        n_wrong += column[k] == x->n_columns;
        n_zero += value[k] == 0.0;
    }
    while (n > 0 && value[n - 1] == 0.0)
        n--;
    if (n_wrong > 0 || n + n_zero != x->n_terms)
        return sparse_compress(b, x, value);
    return (sparse_row){value, n, true};
}

/* Whether a column is one of the n terms.  where[column] is what it was set to when they were
 * made, or anything; so it need not be cleared (Briggs, Torczon, "An efficient representation
 * for sparse sets", 1993). */
INLINE bool sparse_has(const kernel_block *b, size_t n, size_t column)
{
    uint32_t at = b->sparse.where[column];
    return at < n && b->sparse.column[at] == column;
}

/* The same terms, those of equal columns added up, ready for sparse_has. */
INLINE sparse_row sparse_distinct(const kernel_block *b, const sparse_operand *x, size_t l)
{
    sparse_row row = sparse_terms(b, x, l);
    size_t n = 0;
    for (size_t k = 0; k < row.n; k++) {
        uint32_t column = b->sparse.column[k];
        if (sparse_has(b, n, column)) {
            b->sparse.value[b->sparse.where[column]] += row.value[k];
            continue;
        }
        b->sparse.where[column] = (uint32_t)n;
        b->sparse.column[n] = column;
        b->sparse.value[n++] = row.value[k];
    }
    return (sparse_row){b->sparse.value, n, row.right};
}

/* ------------------------------------------------------------------------------- blocks */

/* The terms at hand times a row of w, in four sums, which need not wait for each other. */
INLINE double sparse_dot(const kernel_block *b, const sparse_row *row, const double *w)
{
    const uint32_t *column = b->sparse.column;
    const double *x = row->value;
    size_t n = row->n;
    double sum[4] = {0.0, 0.0, 0.0, 0.0};
    size_t k = 0;
    for (; k + 4 <= n; k += 4)
        for (size_t i = 0; i < 4; i++)
            sum[i] += x[k + i] * w[column[k + i]];
    for (; k < n; k++)
        sum[0] += x[k] * w[column[k]];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* Adds the pair (w, x) to the result at sample l. */
INLINE void sparse_forward(const kernel_block *b, const ad_block_shape *s, const double *w,
                           const sparse_operand *x, const uint32_t *out, size_t l)
{
    sparse_row row = sparse_terms(b, x, l);
    for (size_t j = 0; j < s->channels_out; j++) {
        double sum = sparse_dot(b, &row, w + j * s->channels_in);
        if (out[j] != UINT32_MAX)
            b->rows[out[j] * b->stride + l] += row.right ? sum : (double)NAN;
    }
}

/* Adds the pair (x, z) to the elements of w that have rows. */
INLINE void sparse_outer(const kernel_block *b, const ad_block_shape *s,
                         const sparse_operand *x, const uint32_t *z, const uint32_t *out,
                         size_t l)
{
    sparse_row row = sparse_terms(b, x, l);
    for (size_t j = 0; j < s->channels_out; j++) {
        double zj = b->rows[z[j] * b->stride + l];
        const uint32_t *to = out + j * s->channels_in;
        for (size_t k = 0; k < row.n; k++)
            if (to[b->sparse.column[k]] != UINT32_MAX)
                b->rows[to[b->sparse.column[k]] * b->stride + l] += zj * row.value[k];
    }
}

APART const uint32_t *run_sparse(const kernel_block *b, const uint32_t *code)
{
    const ad_block_shape *s = &b->plan->shape[code[0]];
    bool forward = code[1] == AD_BLOCK_Z;
    size_t n_out = ad_block_size(s, (ad_block_part)code[1]);
    uint32_t n_pairs = code[2];
    const uint32_t *out = code + 4; /* code[3]: never kept */
    code = out + n_out;
    for (size_t k = 0; k < n_out; k++)
        if (out[k] != UINT32_MAX)
            memset(b->rows + out[k] * b->stride, 0, b->lanes * sizeof(double));
    for (uint32_t k = 0; k < n_pairs; k++) {
        block_operand other;
        if (forward)
            code = read_operand(b, code, ad_block_size(s, AD_BLOCK_W), &other);
        sparse_operand x = sparse_of(s, code[0], code[1]);
        code += 2;
        if (!forward)
            code = read_operand(b, code, s->channels_out, &other);
        for (size_t l = 0; l < b->n_valid; l++)
            if (forward)
                sparse_forward(b, s, other.number, &x, out, l);
            else
                sparse_outer(b, s, &x, other.row, out, l);
    }
    for (size_t k = 0; k < n_out; k++) /* lanes past the last sample repeat it */
        for (size_t l = b->n_valid; out[k] != UINT32_MAX && l < b->lanes; l++)
            b->rows[out[k] * b->stride + l] = b->rows[out[k] * b->stride + b->n_valid - 1];
    return code;
}

/* --------------------------------------------------- means and traces, as kernels_ghost.h */

/* The first sample's columns follow the rest of the stat's memory: their number, then they. */
INLINE double *sparse_first(const ghost *f)
{
    return f->deviation + f->n_x;
}

/* [n_z][n_x] of g or, of the same size after it, h. */
INLINE double *sparse_sums(const kernel_block *b, const ghost *f, int which)
{
    return b->sums + f->s->first_job * (size_t)JOB_SIZE + (size_t)which * f->s->n;
}

/* Keeps the first sample's values; the sums start at 0. */
static void sparse_begin(const kernel_block *b, const ghost *f, const sparse_operand *x)
{
    double *first = sparse_first(f);
    ghost_begin(b, f);
    memset(sparse_sums(b, f, 0), 0, 2 * (size_t)f->s->n * sizeof(double));
    sparse_row row = sparse_distinct(b, x, 0);
    first[0] = (double)row.n;
    for (size_t k = 0; k < row.n; k++) {
        first[1 + k] = b->sparse.column[k];
        f->right_first[b->sparse.column[k]] = row.value[k];
    }
}

/* Products of x and x - x_0 at sample l, whose terms these are; deviation += x - x_0. */
INLINE void sparse_right(const kernel_block *b, const ghost *f, const sparse_row *row, size_t l)
{
    const double *first = sparse_first(f);
    double sum[3] = {0.0, 0.0, 0.0};
    for (size_t k = 0; k < row->n; k++) {
        size_t c = b->sparse.column[k];
        double x = row->value[k], d = x - f->right_first[c];
        f->deviation[c] += d;
        sum[0] += x * x;
        sum[1] += d * x;
        sum[2] += d * d;
    }
    for (size_t k = 0; k < (size_t)first[0]; k++) {
        size_t c = (size_t)first[1 + k];
        if (sparse_has(b, row->n, c))
            continue;
        double d = -f->right_first[c];
        f->deviation[c] += d;
        sum[2] += d * d;
    }
    for (size_t k = 0; k < 3; k++)
        f->right_products[k * b->lanes + l] = sum[k];
}

/* Adds (z - z_0) x' at sample l to the sums of g and h. */
INLINE void sparse_scatter(const kernel_block *b, const ghost *f, const sparse_row *row,
                           size_t l)
{
    for (int which = 0; which < 2; which++) {
        for (uint32_t pair = 0; pair < f->s->n_pairs[which]; pair++) {
            const double *z = b->left + f->s->pair[which][pair][0] * f->n_z * b->lanes + l;
            for (size_t j = 0; j < f->n_z; j++) {
                double *sum = sparse_sums(b, f, which) + j * f->n_x, zj = z[j * b->lanes];
                for (size_t k = 0; k < row->n; k++)
                    sum[b->sparse.column[k]] += zj * row->value[k];
            }
        }
    }
}

/* Means alone need no deviations: as if the first sample were 0. */
static void sparse_means(const kernel_block *b, const ghost *f, const sparse_operand *x)
{
    if (b->first) {
        memset(f->memory, 0, plan_stat_memory(f->s) * sizeof(double));
        memset(sparse_sums(b, f, 0), 0, 2 * (size_t)f->s->n * sizeof(double));
    }
    ghost_left(b, f);
    for (size_t l = 0; l < b->n_valid; l++) {
        sparse_row row = sparse_terms(b, x, l);
        sparse_scatter(b, f, &row, l);
    }
}

/* Of a compact stat, which has one right array. */
static void run_sparse_ghost(const kernel_block *b, const plan_stat *s,
                             const uint32_t *const *left)
{
    ghost f = ghost_of(b, s, left, NULL);
    sparse_operand x = sparse_of(&s->shape, s->feature[0], s->value[0]);
    if (b->level < KERNEL_SQUARES) {
        sparse_means(b, &f, &x);
        return;
    }
    if (b->first)
        sparse_begin(b, &f, &x);
    ghost_left(b, &f);
    ghost_left_products(b, &f);
    memset(f.right_products, 0, KERNEL_PRODUCTS * b->lanes * sizeof(double));
    for (size_t l = 0; l < b->n_valid; l++) {
        sparse_row row = sparse_distinct(b, &x, l);
        sparse_right(b, &f, &row, l);
        sparse_scatter(b, &f, &row, l);
    }
    ghost_norms(b, &f);
}

/* ---------------------------------------------------------------- one job per component */

/* The terms of all right arrays by column: where[array][column] is the first entry, next what
 * follows an entry; entry (array * n_terms + k) * lanes + l is term k of sample l. */
static void sparse_link(const kernel_block *b, const plan_stat *s)
{
    size_t n_terms = s->shape.n_terms, n_x = s->shape.channels_in;
    memset(b->sparse.where, 0xff, s->n_right * n_x * sizeof *b->sparse.where);
    for (size_t r = 0; r < s->n_right; r++) {
        for (size_t l = b->n_valid; l-- > 0;) {
            const double *xi = b->xi + l * b->m;
            for (size_t k = n_terms; k-- > 0;) {
                uint32_t column = sparse_column(xi[s->feature[r] + k], n_x);
                if (column == n_x || xi[s->value[r] + k] == 0.0)
                    continue;
                uint32_t *head = &b->sparse.where[r * n_x + column];
                uint32_t entry = (uint32_t)((r * n_terms + k) * b->lanes + l);
                b->sparse.next[entry] = *head;
                *head = entry;
            }
        }
    }
}

/* Quantity `which` of component (j, column) in all samples. */
INLINE void sparse_values(const kernel_block *b, const plan_stat *s,
                          const uint32_t *const *left, int which, size_t j, size_t column,
                          double *out)
{
    size_t n_terms = s->shape.n_terms, n_x = s->shape.channels_in;
    memset(out, 0, b->lanes * sizeof *out);
    for (uint32_t pair = 0; pair < s->n_pairs[which]; pair++) {
        const uint32_t *at = s->pair[which][pair];
        const double *z = row_of(b, left[at[0]][j]);
        uint32_t e = b->sparse.where[at[1] * n_x + column];
        for (; e != UINT32_MAX; e = b->sparse.next[e]) {
            size_t l = e % b->lanes, k = e / b->lanes % n_terms;
            out[l] += z[l] * b->xi[l * b->m + s->value[at[1]] + k];
        }
    }
}

static bool sparse_is_empty(const kernel_block *b, const plan_stat *s, size_t column)
{
    for (size_t r = 0; r < s->n_right; r++)
        if (b->sparse.where[r * s->shape.channels_in + column] != UINT32_MAX)
            return false;
    return true;
}

/* A component that is 0 in all samples so far has sums of 0 and needs no time. */
static void run_sparse_each(const kernel_block *b, const plan_stat *s,
                            const uint32_t *const *left)
{
    size_t n_x = s->shape.channels_in;
    double *g = b->tile, *h = s->n_pairs[1] ? b->tile + b->lanes : NULL;
    sparse_link(b, s);
    for (size_t column = 0; column < n_x; column++) {
        bool empty = sparse_is_empty(b, s, column) && !b->emit;
        for (size_t j = 0; j < s->shape.channels_out; j++) {
            uint32_t number = s->first_job + (uint32_t)(j * n_x + column);
            const double *sums = b->sums + number * (size_t)JOB_SIZE;
            if (empty && sums[JOB_G0] == 0.0 && sums[JOB_H0] == 0.0)
                continue;
            sparse_values(b, s, left, 0, j, column, g);
            if (h)
                sparse_values(b, s, left, 1, j, column, h);
            finish_job(b, number, g, h);
        }
    }
}

APART void run_sparse_jobs(const kernel_block *b, const plan_stat *s,
                           const uint32_t *const *left)
{
    if (s->compact && b->compact)
        run_sparse_ghost(b, s, left);
    else if (b->emit || b->level != KERNEL_NOTHING)
        run_sparse_each(b, s, left);
}

#endif
