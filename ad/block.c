#include "ad/block.h"

size_t ad_block_size(const ad_block_shape *s, ad_block_part part)
{
    switch (part) {
    case AD_BLOCK_W:
        return (size_t)s->channels_out * s->channels_in * s->kernel * s->kernel;
    case AD_BLOCK_X:
        return s->n_terms ? 2 * (size_t)s->n_terms
                          : (size_t)s->channels_in * s->height * s->width;
    case AD_BLOCK_Z:
        break;
    }
    return (size_t)s->channels_out * s->height_out * s->width_out;
}

static size_t times(size_t a, size_t b)
{
    return b && a > SIZE_MAX / b ? SIZE_MAX : a * b;
}

size_t ad_block_work(const ad_block_shape *s)
{
    size_t n_z = times(times(s->channels_out, s->height_out), s->width_out);
    return times(n_z, times(times(s->channels_in, s->kernel), s->kernel));
}

/* Arrays have at most 2^30 elements, so that no product of extents overflows. */
static bool is_too_large(size_t a, size_t b, size_t c, size_t d)
{
    return times(times(a, b), times(c, d)) > UINT32_MAX / 4;
}

bool ad_block_affine(ad_block_shape *out, size_t n_out, size_t n_in)
{
    if (is_too_large(n_out, n_in, 1, 1))
        return false;
    *out = (ad_block_shape){(uint32_t)n_in, 1, 1, (uint32_t)n_out, 1, 1, 1, 1, 0, 0};
    return true;
}

bool ad_block_sparse(ad_block_shape *out, size_t n_out, size_t n_in, size_t n_terms)
{
    if (is_too_large(n_terms, 2, 1, 1) || !ad_block_affine(out, n_out, n_in))
        return false;
    out->n_terms = (uint32_t)n_terms;
    return true;
}

bool ad_block_conv2d(ad_block_shape *out, const ad_conv2d_shape *conv)
{
    size_t h = ad_window_count(conv->height, conv->kernel, conv->stride, conv->padding);
    size_t w = ad_window_count(conv->width, conv->kernel, conv->stride, conv->padding);
    if (is_too_large(conv->channels_in, conv->height, conv->width, 1) ||
        is_too_large(conv->channels_out, h, w, 1) ||
        is_too_large(conv->channels_out, conv->channels_in, conv->kernel, conv->kernel) ||
        is_too_large(conv->stride, 1, 1, 1) || is_too_large(conv->padding, 1, 1, 1))
        return false;
    *out = (ad_block_shape){(uint32_t)conv->channels_in,
                            (uint32_t)conv->height,
                            (uint32_t)conv->width,
                            (uint32_t)conv->channels_out,
                            (uint32_t)h,
                            (uint32_t)w,
                            (uint32_t)conv->kernel,
                            (uint32_t)conv->stride,
                            (uint32_t)conv->padding,
                            0};
    return true;
}

void ad_block_begin(ad_block_cursor *c, const ad_block_shape *s, size_t z)
{
    size_t pixels = (size_t)s->height_out * s->width_out, end;
    *c = (ad_block_cursor){.s = s};
    c->first_w = z / pixels * s->channels_in * s->kernel * s->kernel;
    c->row = z % pixels / s->width_out * s->stride; /* padding included */
    c->column = z % s->width_out * s->stride;
    ad_block_overlap(s->height, s->kernel, s->padding, c->row, &c->first_row, &end);
    c->n_rows = end - c->first_row;
    ad_block_overlap(s->width, s->kernel, s->padding, c->column, &c->skipped, &end);
    c->n_columns = end - c->skipped;
}

bool ad_block_next(ad_block_cursor *c, ad_block_run *run)
{
    const ad_block_shape *s = c->s;
    if (c->channel == s->channels_in || c->n_rows == 0 || c->n_columns == 0)
        return false;
    size_t i = c->first_row + c->i;
    run->w = c->first_w + (c->channel * s->kernel + i) * s->kernel + c->skipped;
    run->x = (c->channel * s->height + c->row + i - s->padding) * s->width + c->column +
             c->skipped - s->padding;
    run->n = c->n_columns;
    if (++c->i == c->n_rows) {
        c->i = 0;
        c->channel++;
    }
    return true;
}
