/* ad/kernels_blocks.h - bilinear blocks.  Part of ad/kernels_template.h.
 *
 * At one pixel of the result, the channels are sums over the same rows, of w at a fixed
 * distance from channel to channel.  The rows are looked up once for all channels. */
#ifndef AD_KERNELS_BLOCKS_H
#define AD_KERNELS_BLOCKS_H

#include "ad/kernels_sparse.h"

/* How w is read: rows, numbers `step` apart from channel to channel, or next to each other. */
typedef enum block_access { BLOCK_W_ROWS, BLOCK_W_STEP, BLOCK_W_TOGETHER } block_access;

typedef struct bilinear {
    const ad_block_shape *s;
    ad_block_part part;
    block_access access;
    size_t step;           /* of w from channel to channel of the result ... */
    size_t window, others; /* ... from element to element of the kernel, and between channels of
                              the other side */
    uint32_t n_pairs;
    uint32_t kept; /* number of the first value in kernel_block.kept, or UINT32_MAX */
    const uint32_t *out;
    block_operand operand[GRAPH_PAIRS][2];
} bilinear;

/* ----------------------------------------------------- the result's terms at one pixel */

INLINE void put_block_term(const kernel_block *b, const bilinear *f, uint32_t pair, size_t w,
                           uint32_t row, kernel_term *out)
{
    const block_operand *o = &f->operand[pair][0];
    out->x = row_of(b, row);
    if (o->number)
        out->w.number = o->number + w;
    else
        out->w.row = o->row + w;
}

/* Channel 0 of pixel `at` of z. */
static size_t terms_of_z(const kernel_block *b, const bilinear *f, size_t at)
{
    size_t n = 0;
    for (uint32_t pair = 0; pair < f->n_pairs; pair++) {
        ad_block_cursor c;
        ad_block_run run;
        ad_block_begin(&c, f->s, at);
        while (ad_block_next(&c, &run))
            for (size_t k = 0; k < run.n; k++)
                put_block_term(b, f, pair, (run.w + k) * f->window,
                               f->operand[pair][1].row[run.x + k], &b->terms[n++]);
    }
    return n;
}

/* Element i of the kernel reaches the pixel u of an extent of `size` results from *z. */
INLINE bool reaches(const ad_block_shape *s, size_t u, size_t i, size_t size, size_t *z)
{
    if (u + s->padding < i || (u + s->padding - i) % s->stride != 0)
        return false;
    *z = (u + s->padding - i) / s->stride;
    return *z < size;
}

/* Channel 0 of pixel `at` of x. */
static size_t terms_of_x(const kernel_block *b, const bilinear *f, size_t at)
{
    const ad_block_shape *s = f->s;
    size_t n = 0, r, c;
    for (uint32_t pair = 0; pair < f->n_pairs; pair++) {
        for (size_t i = 0; i < s->kernel; i++) {
            if (!reaches(s, at / s->width, i, s->height_out, &r))
                continue;
            for (size_t j = 0; j < s->kernel; j++) {
                if (!reaches(s, at % s->width, j, s->width_out, &c))
                    continue;
                for (size_t o = 0; o < s->channels_out; o++)
                    put_block_term(
                        b, f, pair, o * f->others + (i * s->kernel + j) * f->window,
                        f->operand[pair][1].row[(o * s->height_out + r) * s->width_out + c],
                        &b->terms[n++]);
            }
        }
    }
    return n;
}

/* -------------------------------------------------------------------- results by tiles */

enum {
    BLOCK_ROWS = 16,   /* channels of a tile of one vector */
    BLOCK_TERMS = 128, /* terms of a tile: their rows stay in the nearest cache */
};

typedef struct block_tile {
    const kernel_term *term;
    size_t n;
    size_t step;         /* of w from channel to channel */
    const uint32_t *out; /* rows, `out_step` apart */
    size_t out_step;
    bool begins; /* sets the rows rather than adding to them */
} block_tile;

INLINE double *block_out(const kernel_block *b, const block_tile *t, size_t channel)
{
    uint32_t row = t->out[channel * t->out_step];
    return row == UINT32_MAX ? b->scratch : b->rows + row * b->stride;
}

/* Channels c .. c + n_rows - 1, n_vectors from lane l on. */
INLINE void run_tile(const kernel_block *b, const block_tile *t, block_access access, size_t c,
                     size_t l, int n_rows, int n_vectors)
{
    vd acc[BLOCK_ROWS][TILE];
    size_t step = access == BLOCK_W_TOGETHER ? 1 : t->step;
    for (int j = 0; j < n_rows; j++)
        for (int i = 0; i < n_vectors; i++)
            acc[j][i] =
                t->begins ? v_splat(0.0) : v_load(block_out(b, t, c + (size_t)j) + l + i * W);
    for (size_t k = 0; k < t->n; k++) {
        const double *x = t->term[k].x + l;
        vd v[TILE];
        for (int i = 0; i < n_vectors; i++)
            v[i] = v_load(x + i * W);
        if (access != BLOCK_W_ROWS) {
            const double *w = t->term[k].w.number + c * step;
            /* One address for all channels: gcc would keep an index register for each. */
            if (access == BLOCK_W_TOGETHER)
                __asm__("" : "+r"(w));
            for (int j = 0; j < n_rows; j++) {
                vd wj = v_splat(w[(size_t)j * step]);
                for (int i = 0; i < n_vectors; i++)
                    acc[j][i] = v_fma(wj, v[i], acc[j][i]);
            }
        } else {
            const uint32_t *w = t->term[k].w.row + c * step;
            for (int j = 0; j < n_rows; j++) {
                const double *wj = row_of(b, w[(size_t)j * step]) + l;
                for (int i = 0; i < n_vectors; i++)
                    acc[j][i] = v_fma(v_load(wj + i * W), v[i], acc[j][i]);
            }
        }
    }
    for (int j = 0; j < n_rows; j++)
        for (int i = 0; i < n_vectors; i++)
            v_store(block_out(b, t, c + (size_t)j) + l + i * W, acc[j][i]);
}

/* All n channels at n_vectors from lane l on. */
INLINE void run_channels(const kernel_block *b, const block_tile *t, block_access access,
                         size_t n, size_t l, int n_vectors)
{
    size_t c = 0;
    for (; n_vectors == 1 && access != BLOCK_W_ROWS && c + BLOCK_ROWS <= n; c += BLOCK_ROWS)
        run_tile(b, t, access, c, l, BLOCK_ROWS, 1);
    for (size_t k; c < n; c += k) {
        k = tile_rows(n - c);
        if (k > TILE && (n_vectors != TALL_VECTORS || access == BLOCK_W_ROWS))
            k = TILE;
        if (k > TILE)
            run_tile(b, t, access, c, l, TALL_ROWS, TALL_VECTORS);
        else if (k == TILE)
            run_tile(b, t, access, c, l, TILE, n_vectors);
        else if (k == 2)
            run_tile(b, t, access, c, l, 2, n_vectors);
        else
            run_tile(b, t, access, c, l, 1, n_vectors);
    }
}

INLINE void run_lanes(const kernel_block *b, const block_tile *t, block_access access, size_t n)
{
    size_t l = 0;
    for (; l + WIDE * W <= b->lanes; l += WIDE * W)
        run_channels(b, t, access, n, l, WIDE);
    for (; l < b->lanes; l += W)
        run_channels(b, t, access, n, l, 1);
}

/* The n channels of one pixel, from its n_terms. */
static void run_pixel(const kernel_block *b, block_access access, size_t n_terms, size_t step,
                      const uint32_t *out, size_t out_step, size_t n)
{
    size_t first = 0;
    do {
        block_tile t = {.term = b->terms + first,
                        .n = n_terms - first < BLOCK_TERMS ? n_terms - first : BLOCK_TERMS,
                        .step = step,
                        .out = out,
                        .out_step = out_step,
                        .begins = first == 0};
        if (access == BLOCK_W_TOGETHER)
            run_lanes(b, &t, BLOCK_W_TOGETHER, n);
        else if (access == BLOCK_W_STEP)
            run_lanes(b, &t, BLOCK_W_STEP, n);
        else
            run_lanes(b, &t, BLOCK_W_ROWS, n);
        first += t.n;
    } while (first < n_terms);
}

static void run_outer(const kernel_block *b, const bilinear *f)
{
    const ad_block_shape *s = f->s;
    size_t n_at = (size_t)s->channels_in * s->kernel * s->kernel;
    outer g = {.s = s, .n_pairs = f->n_pairs};
    const double **row = b->lookup;
    for (uint32_t k = 0; k < f->n_pairs; k++) { /* (x, z) */
        g.x[k] = row;
        row = rows_of(b, f->operand[k][0].row, ad_block_size(s, AD_BLOCK_X), row);
        g.z[k] = row;
        row = rows_of(b, f->operand[k][1].row, ad_block_size(s, AD_BLOCK_Z), row);
    }
    for (size_t o = 0; o < s->channels_out; o++)
        for (size_t at = 0; at < n_at; at++)
            if (f->out[o * n_at + at] != UINT32_MAX)
                outer_values(b, &g, o, at, 1, 1, b->rows + f->out[o * n_at + at] * b->stride);
}

/* ---------------------------------------------------------------------------- blocks */

static const uint32_t *read_block(const kernel_block *b, const uint32_t *code, bilinear *f)
{
    f->s = &b->plan->shape[code[0]];
    f->part = (ad_block_part)code[1];
    f->access = BLOCK_W_ROWS;
    f->step = f->window = f->others = 0;
    f->n_pairs = code[2];
    f->kept = code[3];
    f->out = code + 4;
    size_t n[2] = {ad_block_size(f->s, f->part == AD_BLOCK_W ? AD_BLOCK_X : AD_BLOCK_W),
                   ad_block_size(f->s, f->part == AD_BLOCK_Z ? AD_BLOCK_X : AD_BLOCK_Z)};
    code += 4 + ad_block_size(f->s, f->part);
    for (uint32_t k = 0; k < f->n_pairs; k++)
        for (int which = 0; which < 2; which++)
            code = read_operand(b, code, n[which], &f->operand[k][which]);
    return code;
}

/* w as the result's channels want it, [other side's channels and kernel][channels]. */
static void gather_weights(const kernel_block *b, bilinear *f)
{
    const ad_block_shape *s = f->s;
    size_t window = (size_t)s->kernel * s->kernel, n_in = s->channels_in * window;
    double *out = b->weights;
    for (uint32_t pair = 0; pair < f->n_pairs; pair++) {
        const double *w = f->operand[pair][0].number;
        f->operand[pair][0].number = out;
        if (f->part == AD_BLOCK_Z)
            for (size_t k = 0; k < n_in; k++)
                for (size_t o = 0; o < s->channels_out; o++)
                    *out++ = w[o * n_in + k];
        else
            for (size_t o = 0; o < s->channels_out; o++)
                for (size_t k = 0; k < window; k++)
                    for (size_t c = 0; c < s->channels_in; c++)
                        *out++ = w[o * n_in + c * window + k];
    }
}

/* Where to find w.  It is gathered if that is little beside what is done with it. */
static void prepare_weights(const kernel_block *b, bilinear *f)
{
    const ad_block_shape *s = f->s;
    size_t window = (size_t)s->kernel * s->kernel;
    bool forward = f->part == AD_BLOCK_Z;
    f->access = f->operand[0][0].number ? BLOCK_W_STEP : BLOCK_W_ROWS;
    f->step = forward ? s->channels_in * window : window;
    f->window = 1;
    f->others = s->channels_in * window;
    if (f->access == BLOCK_W_STEP && plan_gathers_weights(s)) {
        gather_weights(b, f);
        f->access = BLOCK_W_TOGETHER;
        f->step = 1;
        f->window = forward ? s->channels_out : s->channels_in;
    }
}

/* The result's rows to memory that outlives the block, or back. */
static void keep_block(const kernel_block *b, const bilinear *f, bool recall)
{
    size_t n = ad_block_size(f->s, f->part);
    for (size_t k = 0; k < n; k++) {
        double *kept = b->kept + (f->kept + k) * b->lanes;
        if (f->out[k] != UINT32_MAX && recall)
            memcpy(b->rows + f->out[k] * b->stride, kept, b->lanes * sizeof *kept);
        else if (f->out[k] != UINT32_MAX)
            memcpy(kept, row_of(b, f->out[k]), b->lanes * sizeof *kept);
    }
}

static const uint32_t *run_block(const kernel_block *b, const uint32_t *code)
{
    bilinear f;
    if (b->plan->shape[code[0]].n_terms)
        return run_sparse(b, code);
    code = read_block(b, code, &f);
    const ad_block_shape *s = f.s;
    size_t n_z = (size_t)s->height_out * s->width_out, n_x = (size_t)s->height * s->width;
    bool kept = f.kept != UINT32_MAX;
    int along = kept && f.kept >= b->first_along;
    if (kept && b->recall[along]) {
        keep_block(b, &f, true);
        return code;
    }
    if (f.part == AD_BLOCK_W) {
        run_outer(b, &f);
        return code;
    }
    prepare_weights(b, &f);
    for (size_t k = 0; f.part == AD_BLOCK_Z && k < n_z; k++)
        run_pixel(b, f.access, terms_of_z(b, &f, k), f.step, f.out + k, n_z, s->channels_out);
    for (size_t k = 0; f.part == AD_BLOCK_X && k < n_x; k++)
        run_pixel(b, f.access, terms_of_x(b, &f, k), f.step, f.out + k, n_x, s->channels_in);
    if (kept && b->keep[along])
        keep_block(b, &f, false);
    return code;
}

/* ------------------------------------------------------------------------------- jobs */

/* A compact stat's factors, for ad/kernels_chunk.h. */
static void keep_rows(const kernel_block *b, const uint32_t *rows, size_t n, size_t number)
{
    for (size_t j = 0; j < n; j++)
        memcpy(b->factors + (number + j) * b->factor_stride, row_of(b, rows[j]),
               b->n_valid * sizeof(double));
}

static void keep_factors(const kernel_block *b, const plan_stat *s, const uint32_t *const *left,
                         const uint32_t *const *right)
{
    size_t n_z = s->shape.channels_out, n_x = s->shape.channels_in, number = s->factor;
    for (size_t k = 0; k < s->n_left; k++, number += n_z)
        keep_rows(b, left[k], n_z, number);
    for (size_t k = 0; k < s->n_right; k++) {
        if (s->feature[k] != UINT32_MAX)
            continue;
        keep_rows(b, right[k], n_x, number);
        number += n_x;
    }
}

static const uint32_t *run_block_jobs(const kernel_block *b, const uint32_t *code)
{
    const plan_stat *s = &b->plan->stat[code[0]];
    const uint32_t *left[STAT_ARRAYS], *right[STAT_ARRAYS];
    size_t n_z = ad_block_size(&s->shape, AD_BLOCK_Z);
    size_t n_x = ad_block_size(&s->shape, AD_BLOCK_X);
    code++;
    for (uint32_t k = 0; k < s->n_left; k++, code += n_z)
        left[k] = ++code;
    if (s->shape.n_terms) {
        run_sparse_jobs(b, s, left);
        return code;
    }
    for (uint32_t k = 0; k < s->n_right; k++, code += n_x)
        right[k] = ++code;
    if (s->compact && b->compact)
        keep_factors(b, s, left, right);
    else if (s->compact && !b->emit && b->level != KERNEL_NOTHING)
        run_columns(b, s, left, right);
    else if (b->emit || b->level != KERNEL_NOTHING)
        run_each_job(b, s, left, right);
    return code;
}

#endif
