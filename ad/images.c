/* Convolution, pooling and normalization as dot products and sums; large convolutions are
 * blocks. */
#include <meka/images.h>

#include "ad/scratch.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

size_t ad_window_count(size_t size, size_t kernel, size_t stride, size_t padding)
{
    if (kernel == 0 || stride == 0 || padding > (SIZE_MAX - size) / 2 ||
        size + 2 * padding < kernel)
        return 0;
    return (size + 2 * padding - kernel) / stride + 1;
}

static bool windows_fit(ad_tape *tape, const char *name, size_t height, size_t width,
                        size_t kernel, size_t stride, size_t padding, const char *file,
                        int line)
{
    if (ad_window_count(height, kernel, stride, padding) > 0 &&
        ad_window_count(width, kernel, stride, padding) > 0)
        return true;
    if (tape && tape->error.status == MEKA_OK) {
        meka_fail(&tape->error, MEKA_ERR_RECORD,
                  "%s:%d: %s: a kernel of %zu with stride %zu and padding %zu does not fit "
                  "%zu x %zu values",
                  file, line, name, kernel, stride, padding, height, width);
    }
    return false;
}

/* ------------------------------------------------------------------------ convolution */

/* The terms of one output value: x[k] of the input beside w[k] of one output channel's
 * weights; their number. */
static size_t window_terms(const ad_conv2d_shape *s, size_t r, size_t c, const ad_var *in,
                           const ad_var *weight, ad_var *x, ad_var *w)
{
    size_t n = 0, n_kernel = s->kernel * s->kernel;
    for (size_t at = 0; at < s->channels_in * n_kernel; at++) {
        size_t channel = at / n_kernel;
        size_t row = r * s->stride + at % n_kernel / s->kernel; /* padding included */
        size_t column = c * s->stride + at % s->kernel;
        if (row < s->padding || row - s->padding >= s->height || column < s->padding ||
            column - s->padding >= s->width)
            continue;
        x[n] = in[(channel * s->height + row - s->padding) * s->width + column - s->padding];
        w[n++] = weight[at];
    }
    return n;
}

/* One window of every output channel, out[o * n_out]: dot products with the same values.
 * terms [2][n_weights] is room. */
static void convolve_window(const ad_conv2d_shape *s, size_t r, size_t c, const ad_var *in,
                            const ad_var *weight, ad_var *terms, size_t n_out, ad_var *out,
                            const char *file, int line)
{
    size_t n_weights = s->channels_in * s->kernel * s->kernel;
    ad_var *x = terms, *w = terms + n_weights;
    for (size_t o = 0; o < s->channels_out; o++) {
        size_t n = window_terms(s, r, c, in, weight + o * n_weights, x, w);
        out[o * n_out] =
            n > 0 ? ad_dot_at(n, w, x, file, line) : ad_const_at(in[0].tape, 0.0, file, line);
    }
}

/* Window by window; false: no memory, the error is on the tape. */
static bool convolve(const ad_conv2d_shape *s, const ad_var *in, const ad_var *weight,
                     size_t n_out, size_t width, ad_var *out, const char *file, int line)
{
    ad_tape *tape = in[0].tape;
    for (size_t k = 0; k < s->channels_out * n_out; k++)
        out[k] = (ad_var){tape, 0};
    ad_var *terms = ad_scratch(tape, 2 * s->channels_in * s->kernel * s->kernel);
    if (!terms)
        return false;
    for (size_t k = 0; k < n_out; k++)
        convolve_window(s, k / width, k % width, in, weight, terms, n_out, out + k, file, line);
    free(terms);
    return true;
}

bool ad_conv2d_at(const ad_conv2d_shape *shape, const ad_var *in, const ad_var *weight,
                  const ad_var *bias, ad_var *out, const char *file, int line)
{
    const ad_conv2d_shape *s = shape;
    assert(s && in && weight && out);
    assert(s->channels_in >= 1 && s->channels_out >= 1 && s->height >= 1 && s->width >= 1);
    ad_tape *tape = in[0].tape;
    if (!windows_fit(tape, "conv2d", s->height, s->width, s->kernel, s->stride, s->padding,
                     file, line))
        return false;
    size_t height = ad_window_count(s->height, s->kernel, s->stride, s->padding);
    size_t width = ad_window_count(s->width, s->kernel, s->stride, s->padding);
    size_t n_out = height * width;
    ad_block_shape block;
    if (ad_block_conv2d(&block, s) && ad_block_work(&block) >= AD_BLOCK_SMALLEST)
        ad_block_record(&block, weight, in, out, file, line);
    else if (!convolve(s, in, weight, n_out, width, out, file, line))
        return true;
    for (size_t o = 0; bias && o < s->channels_out; o++)
        for (size_t k = o * n_out; k < (o + 1) * n_out; k++)
            out[k] = ad_add_vv(out[k], bias[o], file, line);
    return true;
}

/* ---------------------------------------------------------------------------- pooling */

bool ad_avg_pool2d_at(const ad_pool2d_shape *shape, const ad_var *in, ad_var *out,
                      const char *file, int line)
{
    const ad_pool2d_shape *s = shape;
    assert(s && in && out && s->channels >= 1 && s->height >= 1 && s->width >= 1);
    ad_tape *tape = in[0].tape;
    if (!windows_fit(tape, "avg_pool2d", s->height, s->width, s->kernel, s->stride, 0, file,
                     line))
        return false;
    size_t height = ad_window_count(s->height, s->kernel, s->stride, 0);
    size_t width = ad_window_count(s->width, s->kernel, s->stride, 0);
    size_t n_out = s->channels * height * width, n_kernel = s->kernel * s->kernel;
    for (size_t k = 0; k < n_out; k++)
        out[k] = (ad_var){tape, 0};
    ad_var *x = ad_scratch(tape, n_kernel);
    if (!x)
        return true;
    for (size_t k = 0; k < n_out; k++) {
        size_t channel = k / (height * width), row = k / width % height * s->stride;
        const ad_var *corner =
            in + (channel * s->height + row) * s->width + k % width * s->stride;
        for (size_t j = 0; j < n_kernel; j++)
            x[j] = corner[j / s->kernel * s->width + j % s->kernel];
        out[k] = ad_sum_at(n_kernel, x, file, line);
    }
    free(x);
    for (size_t k = 0; k < n_out; k++)
        out[k] = ad_mul_vr(out[k], 1.0 / (double)n_kernel, file, line);
    return true;
}

/* ---------------------------------------------------------------------- normalization */

static bool groups_fit(ad_tape *tape, const ad_group_norm_shape *s, const char *file, int line)
{
    if (s->groups > 0 && s->channels % s->groups == 0 && s->epsilon >= 0.0 &&
        isfinite(s->epsilon))
        return true;
    if (tape && tape->error.status == MEKA_OK) {
        meka_fail(&tape->error, MEKA_ERR_RECORD,
                  "%s:%d: group_norm: %zu channels in %zu groups with epsilon %g: groups must "
                  "divide channels and epsilon be finite and at least 0",
                  file, line, s->channels, s->groups, s->epsilon);
    }
    return false;
}

/* out = in - mean; returns 1 / sqrt(variance + epsilon), of n values. */
static ad_var centre(size_t n, double epsilon, const ad_var *in, ad_var *out, const char *file,
                     int line)
{
    double share = 1.0 / (double)n;
    ad_var mean = ad_mul_vr(ad_sum_at(n, in, file, line), share, file, line);
    for (size_t k = 0; k < n; k++)
        out[k] = ad_sub_vv(in[k], mean, file, line);
    ad_var variance = ad_mul_vr(ad_dot_at(n, out, out, file, line), share, file, line);
    ad_var deviation = ad_sqrt_at(ad_add_vr(variance, epsilon, file, line), file, line);
    return ad_div_rv(1.0, deviation, file, line);
}

void ad_group_norm_at(const ad_group_norm_shape *shape, const ad_var *in, const ad_var *scale,
                      const ad_var *shift, ad_var *out, const char *file, int line)
{
    const ad_group_norm_shape *s = shape;
    assert(s && in && out && s->channels >= 1 && s->size >= 1);
    ad_tape *tape = in[0].tape;
    if (!groups_fit(tape, s, file, line)) {
        for (size_t k = 0; k < s->channels * s->size; k++)
            out[k] = (ad_var){tape, 0};
        return;
    }
    size_t per_group = s->channels / s->groups, n = per_group * s->size;
    for (size_t g = 0; g < s->groups; g++) {
        ad_var unit = centre(n, s->epsilon, in + g * n, out + g * n, file, line);
        for (size_t c = g * per_group; c < (g + 1) * per_group; c++) {
            ad_var factor = scale ? ad_mul_vv(unit, scale[c], file, line) : unit;
            for (size_t k = c * s->size; k < (c + 1) * s->size; k++)
                out[k] = ad_mul_vv(out[k], factor, file, line);
            for (size_t k = c * s->size; shift && k < (c + 1) * s->size; k++)
                out[k] = ad_add_vv(out[k], shift[c], file, line);
        }
    }
}
