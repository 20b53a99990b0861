/* meka/images.h - convolution, pooling and normalization while recording.
 *
 * Compositions of the operations of meka/ad.h, but for large convolutions.  Images are arrays
 * of variables [channels][height][width], row-major; every extent is at least 1.  A geometry
 * that does not fit is a recording error with the caller's file and line, as any other.
 */
#ifndef MEKA_IMAGES_H
#define MEKA_IMAGES_H

#include <meka/ad.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How many windows of `kernel` values fit along `size` values with `padding` zeros before and
 * behind them, `stride` apart: floor((size + 2 padding - kernel) / stride) + 1; 0 if not even
 * one does, or if kernel or stride is 0. */
size_t ad_window_count(size_t size, size_t kernel, size_t stride, size_t padding);

typedef struct ad_conv2d_shape {
    size_t channels_in, height, width; /* of the input */
    size_t channels_out;
    size_t kernel;  /* weight is kernel x kernel */
    size_t stride;  /* >= 1, in both directions */
    size_t padding; /* zeros around the input */
} ad_conv2d_shape;

/* out[o][r][s] = sum_cij weight[o][c][i][j] in[c][r stride + i - padding][s stride + j -
 * padding]
 * + bias[o], as in neural networks (the kernel is not turned round).  What lies in the padding
 * is left out rather than multiplied by zero; a window that is all padding gives 0 + bias.
 * shape: const ad_conv2d_shape *; in [channels_in][height][width];
 * weight [channels_out][channels_in][kernel][kernel]; bias [channels_out] or NULL;
 * out [channels_out][h][w], h and w by ad_window_count; must not overlap the others.
 * False: the geometry does not fit, out is untouched and the error is on the tape. */
#define ad_conv2d(shape, in, weight, bias, out)                                                \
    ad_conv2d_at((shape), (in), (weight), (bias), (out), __FILE__, __LINE__)
bool ad_conv2d_at(const ad_conv2d_shape *shape, const ad_var *in, const ad_var *weight,
                  const ad_var *bias, ad_var *out, const char *file, int line);

typedef struct ad_pool2d_shape {
    size_t channels, height, width; /* of the input */
    size_t kernel;                  /* windows are kernel x kernel, without padding */
    size_t stride;                  /* >= 1, in both directions */
} ad_pool2d_shape;

/* The mean of each window; in [channels][height][width], out [channels][h][w], h and w by
 * ad_window_count with padding 0; must not overlap.  False: as ad_conv2d. */
#define ad_avg_pool2d(shape, in, out) ad_avg_pool2d_at((shape), (in), (out), __FILE__, __LINE__)
bool ad_avg_pool2d_at(const ad_pool2d_shape *shape, const ad_var *in, ad_var *out,
                      const char *file, int line);

typedef struct ad_group_norm_shape {
    size_t channels, size; /* size: values per channel, such as height * width */
    size_t groups;         /* divides channels */
    double epsilon;        /* finite, >= 0 */
} ad_group_norm_shape;

/* Group normalization (Wu and He, "Group normalization", ECCV 2018, eq. 1-2): with mean m and
 * variance v (divided by n, not n - 1) over the n = channels / groups * size values of a group,
 * out = scale[c] (in - m) / sqrt(v + epsilon) + shift[c].
 * in, out [channels][size], must not overlap; scale, shift [channels] or NULL (1 and 0).
 * With epsilon = 0 a group of equal values gives NaN. */
#define ad_group_norm(shape, in, scale, shift, out)                                            \
    ad_group_norm_at((shape), (in), (scale), (shift), (out), __FILE__, __LINE__)
void ad_group_norm_at(const ad_group_norm_shape *shape, const ad_var *in, const ad_var *scale,
                      const ad_var *shift, ad_var *out, const char *file, int line);

#ifdef __cplusplus
}
#endif
#endif
