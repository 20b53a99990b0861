#include "tests/random_draw.h"

static int draw_reduction(drawer *w)
{
    int n = 1 + below(w, 9), x[9], y[9];
    for (int k = 0; k < n; k++) {
        x[k] = any_value(w);
        y[k] = any_value(w);
    }
    return emit_reduction(w, n, x, chance(w, 0.6) ? y : NULL);
}

/* sum_k f(theta_k): depends on no sample. */
static int draw_regularizer(drawer *w)
{
    static const ad_op kinds[] = {AD_OP_sqr, AD_OP_softplus, AD_OP_sin, AD_OP_tanh, AD_OP_abs};
    ad_op op = kinds[below(w, 5)];
    int term[PROGRAM_PARAMS], n = 1 + below(w, w->p->d);
    for (int k = 0; k < n; k++)
        if ((term[k] = emit1(w, op, k)) < 0)
            return -1;
    return emit_reduction(w, n, term, NULL);
}

/* A loop over parameters and features, as users write them. */
static int draw_loop(drawer *w)
{
    const random_program *p = w->p;
    int n = p->m && p->m < p->d ? p->m : p->d, total = emit_const(w, 0.0);
    int kind = below(w, 3);
    for (int k = 0; k < n && total >= 0; k++) {
        int partner = p->m ? p->d + k % p->m : (k + 1) % p->d, term;
        if (kind == 0) {
            term = emit2(w, AD_OP_mul, value_of(k), value_of(partner));
        } else {
            term = emit2(w, AD_OP_sub, value_of(partner), value_of(k));
            term = kind == 1 ? emit1(w, AD_OP_sqr, term) : emit1(w, AD_OP_tanh, term);
        }
        total = term < 0 ? -1 : emit2(w, AD_OP_add, value_of(total), value_of(term));
    }
    return total;
}

/* Several outputs over the same inputs, each through a function: a layer. */
static int draw_layer(drawer *w)
{
    static const ad_op kinds[] = {AD_OP_tanh, AD_OP_sigmoid, AD_OP_softplus, AD_OP_relu,
                                  AD_OP_neg};
    const random_program *p = w->p;
    int n = 1 + below(w, p->d < 4 ? p->d : 4), n_out = 1 + below(w, 4);
    int x[4], out[4], weight[4];
    bool features = p->m >= n && chance(w, 0.6);
    ad_op op = kinds[below(w, 5)];
    int offset = features ? below(w, p->m - n + 1) : 0;
    for (int k = 0; k < n; k++)
        x[k] = features ? p->d + offset + k : any_value(w);
    for (int o = 0; o < n_out; o++) {
        for (int k = 0; k < n; k++)
            weight[k] = (o * n + k) % p->d;
        int y = emit_reduction(w, n, weight, x);
        if (y >= 0 && chance(w, 0.3))
            y = emit2(w, AD_OP_add, value_of(y), value_of(below(w, p->d)));
        if (y < 0 || (out[o] = emit1(w, op, y)) < 0)
            return -1;
    }
    return emit_reduction(w, n_out, out, NULL);
}

/* log sum exp of a few values, with the usual shift. */
static int draw_softmax(drawer *w)
{
    int n = 2 + below(w, 3), x[4];
    int top = any_value(w);
    for (int k = 0; k < n; k++) {
        int shifted = emit2(w, AD_OP_sub, value_of(any_value(w)), value_of(top));
        if ((x[k] = emit1(w, AD_OP_exp, shifted)) < 0)
            return -1;
    }
    int log_sum = emit1(w, AD_OP_log, emit_reduction(w, n, x, NULL));
    return log_sum < 0 ? -1 : emit2(w, AD_OP_add, value_of(log_sum), value_of(top));
}

/* Sums of sums, products of products, and c + s x. */
static int draw_chain(drawer *w)
{
    ad_op op = chance(w, 0.5) ? AD_OP_add : AD_OP_mul;
    int x = any_value(w), n = 2 + below(w, 5);
    for (int k = 0; k < n && x >= 0; k++) {
        operand other = chance(w, 0.4) ? real_of(any_real(w)) : value_of(any_value(w));
        x = chance(w, 0.5) ? emit2(w, op, value_of(x), other)
                           : emit2(w, op, other, value_of(x));
    }
    return x;
}

/* The same node once more. */
static int draw_copy(drawer *w)
{
    if (w->p->n_nodes == 0)
        return -1;
    node copy = w->p->node[below(w, w->p->n_nodes)];
    copy.block = 0;
    return emit(w, copy);
}

/* A matrix, or a small convolution. */
static ad_block_shape draw_block_shape(drawer *w)
{
    ad_conv2d_shape conv = {.channels_in = 1 + (size_t)below(w, 2),
                            .height = 1 + (size_t)below(w, 3),
                            .width = 1 + (size_t)below(w, 3),
                            .channels_out = 1 + (size_t)below(w, 3),
                            .kernel = 1 + (size_t)below(w, 3),
                            .stride = 1 + (size_t)below(w, 2),
                            .padding = (size_t)below(w, 3)};
    ad_block_shape s;
    bool fits = ad_window_count(conv.height, conv.kernel, conv.stride, conv.padding) > 0 &&
                ad_window_count(conv.width, conv.kernel, conv.stride, conv.padding) > 0;
    if (!fits || chance(w, 0.6) || !ad_block_conv2d(&s, &conv))
        ad_block_affine(&s, 1 + (size_t)below(w, 5), 1 + (size_t)below(w, 6));
    return s;
}

/* Values that stand together, if there are so many, or any. */
static void draw_operands(drawer *w, int n, bool weights, int *out)
{
    const random_program *p = w->p;
    int size = weights ? p->d : p->m, first = weights ? 0 : p->d;
    bool together = size >= n && chance(w, 0.6);
    int offset = together ? below(w, size - n + 1) : 0;
    bool wrap = weights && chance(w, 0.5);
    for (int k = 0; k < n; k++)
        out[k] = together ? first + offset + k : wrap ? k % p->d : any_value(w);
}

/* One value of the block as a dot product: the definition in meka/images.h, term by term. */
static int emit_element(drawer *w, const program_block *b, int z)
{
    random_program *p = w->p;
    const ad_block_shape *s = &b->shape;
    int pixels = (int)(s->height_out * s->width_out), k = (int)s->kernel, n = 0;
    int o = z / pixels, r = z % pixels / (int)s->width_out, c = z % (int)s->width_out;
    int list[2][PROGRAM_BLOCK];
    for (int at = 0; at < (int)s->channels_in * k * k; at++) {
        int row = r * (int)s->stride + at % (k * k) / k - (int)s->padding;
        int column = c * (int)s->stride + at % k - (int)s->padding;
        if (row < 0 || row >= (int)s->height || column < 0 || column >= (int)s->width)
            continue;
        list[0][n] = b->w[o * (int)s->channels_in * k * k + at];
        list[1][n++] = b->x[(at / (k * k) * (int)s->height + row) * (int)s->width + column];
    }
    if (n == 0)
        return emit_const(w, 0.0);
    if (p->n_list + 2 * n > PROGRAM_LIST)
        return -1;
    node in = {
        .op = AD_OP_DOT, .a = {-1, 0}, .b = {-1, 0}, .c = {-1, 0}, .list = p->n_list, .n = n};
    for (int j = 0; j < 2 * n; j++)
        p->list[p->n_list + j] = list[j / n][j % n];
    p->n_list += 2 * n;
    return emit(w, in);
}

/* A block, perhaps with the weights of an earlier one. */
static int draw_block(drawer *w)
{
    random_program *p = w->p;
    if (p->n_blocks == PROGRAM_BLOCKS)
        return -1;
    program_block *b = &p->block[p->n_blocks];
    *b = (program_block){.shape = draw_block_shape(w)};
    const program_block *earlier = p->n_blocks > 0 && chance(w, 0.4) ? b - 1 : NULL;
    if (earlier)
        b->shape = earlier->shape;
    int n_w = (int)ad_block_size(&b->shape, AD_BLOCK_W);
    int n_x = (int)ad_block_size(&b->shape, AD_BLOCK_X);
    int n_z = (int)ad_block_size(&b->shape, AD_BLOCK_Z);
    if (n_w > PROGRAM_BLOCK || n_x > PROGRAM_BLOCK || n_z > 12)
        return -1;
    draw_operands(w, n_w, true, b->w);
    draw_operands(w, n_x, false, b->x);
    for (int k = 0; earlier && k < n_w; k++)
        b->w[k] = earlier->w[k];
    int before = p->n_nodes;
    for (int z = 0; z < n_z; z++)
        if (emit_element(w, b, z) < 0)
            return -1; /* what there is of it remains, as dot products */
    b->first = program_n_inputs(p) + before;
    p->n_blocks++;
    for (int k = before; k < p->n_nodes; k++)
        p->node[k].block = p->n_blocks;
    return p->n_nodes - 1 + program_n_inputs(p);
}

void draw_shape(drawer *w)
{
    static int (*const shapes[])(drawer *) = {draw_reduction, draw_regularizer, draw_loop,
                                              draw_layer,     draw_softmax,     draw_chain,
                                              draw_copy,      draw_block,       draw_block};
    shapes[below(w, 9)](w);
}
