/* ad/block.h - bilinear blocks: y = B(w, x), many sums of products with one description.
 *
 * Their trilinear form is
 *
 *     T(w, x, z) = sum w[o][c][i][j] x[c][r stride + i - padding][s stride + j - padding]
 *                      z[o][r][s],
 *
 * the convolution of meka/images.h.  A matrix times a vector is one of images of one pixel.
 *
 * The vector may be sparse, x = sum_k value[k] e_index[k]: then its array is index [n_terms],
 * value [n_terms], features both, and w are parameters, so that nothing else has a derivative;
 * ad/sparse.h. */
#ifndef AD_BLOCK_H
#define AD_BLOCK_H

#include <meka/images.h>

#include <stdint.h>

typedef struct ad_block_shape {
    uint32_t channels_in, height, width;
    uint32_t channels_out, height_out, width_out;
    uint32_t kernel, stride, padding;
    uint32_t n_terms; /* of a sparse x; 0: x is dense */
} ad_block_shape;

/* The arguments of T, of which a block leaves out one: its result is the derivative of T with
 * respect to that. */
typedef enum ad_block_part { AD_BLOCK_W, AD_BLOCK_X, AD_BLOCK_Z } ad_block_part;

/* Elements of w [channels_out][channels_in][kernel][kernel], x [channels_in][height][width]
 * (sparse: [2][n_terms]) or z [channels_out][height_out][width_out]. */
size_t ad_block_size(const ad_block_shape *s, ad_block_part part);

/* As ad_affine and ad_conv2d mean them; false: an extent is too large. */
bool ad_block_affine(ad_block_shape *out, size_t n_out, size_t n_in);
bool ad_block_sparse(ad_block_shape *out, size_t n_out, size_t n_in, size_t n_terms);
bool ad_block_conv2d(ad_block_shape *out, const ad_conv2d_shape *conv);

/* Multiplications of one evaluation, at most; saturating. */
size_t ad_block_work(const ad_block_shape *s);

/* The terms of one element of z: runs of w[w + k] x[x + k], k < n. */
typedef struct ad_block_run {
    size_t w, x, n;
} ad_block_run;
typedef struct ad_block_cursor {
    const ad_block_shape *s;
    size_t first_w, row, first_row, n_rows, column, skipped, n_columns;
    size_t channel, i;
} ad_block_cursor;
void ad_block_begin(ad_block_cursor *c, const ad_block_shape *s, size_t z);
bool ad_block_next(ad_block_cursor *c, ad_block_run *run);

/* Where a kernel of `kernel` elements, `at` elements into the padded input, meets its `size`
 * elements: [*from, *to). */
static inline void ad_block_overlap(size_t size, size_t kernel, size_t padding, size_t at,
                                    size_t *from, size_t *to)
{
    *from = at < padding ? padding - at : 0;
    *to =
        size + padding < at + kernel ? (size + padding > at ? size + padding - at : 0) : kernel;
    if (*to < *from)
        *to = *from;
}

/* Records y [size of z] = B(w, x): one instruction for all of them on the tape of x. */
void ad_block_record(const ad_block_shape *s, const ad_var *w, const ad_var *x, ad_var *y,
                     const char *file, int line);

/* From this many multiplications on ad_affine and ad_conv2d are blocks. */
enum { AD_BLOCK_SMALLEST = 1024 };

#endif
