/* tests/net_reference.h - the networks of the zoo as plain loops over doubles: an oracle that
 * shares nothing with problems/network.c but the order of the parameters. */
#ifndef TESTS_NET_REFERENCE_H
#define TESTS_NET_REFERENCE_H

#include <math.h>
#include <stddef.h>
#include <string.h>

enum { REF_MOST = 64 * 32 * 32, REF_LOGITS = 10 };

/* Values [channels][height][width] under way, the parameters that are left, and the sum of
 * squares of the weights that were used. */
typedef struct ref_net {
    size_t channels, height, width;
    double value[REF_MOST];
    const double *theta;
    double square_sum;
    int activation; /* 0: relu, 1: tanh, 2: softplus */
} ref_net;

static inline void ref_begin(ref_net *n, size_t channels, size_t height, size_t width,
                             const double *theta, const double *pixels, int activation)
{
    *n = (ref_net){
        .channels = channels, .height = height, .width = width, .activation = activation};
    n->theta = theta;
    memcpy(n->value, pixels, channels * height * width * sizeof *pixels);
}

static inline double ref_weight(ref_net *n, size_t k)
{
    n->square_sum += n->theta[k] * n->theta[k];
    return n->theta[k];
}

static inline void ref_dense(ref_net *n, size_t n_out)
{
    static double out[4096];
    size_t n_in = n->channels * n->height * n->width;
    for (size_t j = 0; j < n_out; j++) {
        out[j] = n->theta[n_out * n_in + j];
        for (size_t k = 0; k < n_in; k++)
            out[j] += ref_weight(n, j * n_in + k) * n->value[k];
    }
    memcpy(n->value, out, n_out * sizeof *out);
    n->theta += n_out * (n_in + 1);
    n->channels = n_out;
    n->height = n->width = 1;
}

/* Kernels of 3 x 3, padding 1. */
static inline void ref_conv(ref_net *n, size_t channels, size_t stride, int bias)
{
    static double out[REF_MOST];
    size_t height = (n->height + stride - 1) / stride, width = (n->width + stride - 1) / stride;
    size_t n_weights = channels * n->channels * 9;
    for (size_t o = 0; o < channels; o++)
        for (size_t k = 0; k < height * width; k++)
            out[o * height * width + k] = bias ? n->theta[n_weights + o] : 0.0;
    for (size_t w = 0; w < n_weights; w++) {
        size_t o = w / (9 * n->channels), c = w / 9 % n->channels;
        double weight = ref_weight(n, w);
        for (size_t r = 0; r < height; r++)
            for (size_t s = 0; s < width; s++) {
                long y = (long)(r * stride + w / 3 % 3) - 1, x = (long)(s * stride + w % 3) - 1;
                if (y >= 0 && y < (long)n->height && x >= 0 && x < (long)n->width)
                    out[(o * height + r) * width + s] +=
                        weight * n->value[(c * n->height + (size_t)y) * n->width + (size_t)x];
            }
    }
    n->theta += n_weights + (bias ? channels : 0);
    n->channels = channels;
    n->height = height;
    n->width = width;
    memcpy(n->value, out, channels * height * width * sizeof *out);
}

/* Wu and He 2018, eq. 1: over the n values of each group, (x - m)/sqrt(v + 1e-5) gain + shift.
 */
static inline void ref_group_norm(ref_net *n, size_t groups)
{
    size_t area = n->height * n->width, in_group = n->channels / groups * area;
    for (size_t g = 0; g < groups; g++) {
        double *x = n->value + g * in_group, mean = 0.0, variance = 0.0;
        for (size_t k = 0; k < in_group; k++)
            mean += x[k] / (double)in_group;
        for (size_t k = 0; k < in_group; k++)
            variance += (x[k] - mean) * (x[k] - mean) / (double)in_group;
        for (size_t k = 0; k < in_group; k++) {
            size_t channel = (g * in_group + k) / area;
            x[k] = (x[k] - mean) / sqrt(variance + 1e-5) * n->theta[channel] +
                   n->theta[n->channels + channel];
        }
    }
    n->theta += 2 * n->channels;
}

static inline void ref_activate(ref_net *n)
{
    for (size_t k = 0; k < n->channels * n->height * n->width; k++) {
        double x = n->value[k];
        n->value[k] = n->activation == 0   ? (x > 0.0 ? x : 0.0)
                      : n->activation == 1 ? tanh(x)
                                           : log1p(exp(x));
    }
}

static inline void ref_pool(ref_net *n, int average)
{
    size_t height = n->height / 2, width = n->width / 2, at = 0;
    for (size_t c = 0; c < n->channels; c++)
        for (size_t r = 0; r < height; r++)
            for (size_t s = 0; s < width; s++) {
                const double *x = n->value + (c * n->height + 2 * r) * n->width + 2 * s;
                double y[4] = {x[0], x[1], x[n->width], x[n->width + 1]}, most = y[0];
                for (int k = 1; k < 4; k++)
                    most = y[k] > most ? y[k] : most;
                n->value[at++] = average ? (y[0] + y[1] + y[2] + y[3]) / 4.0 : most;
            }
    n->height = height;
    n->width = width;
}

static inline void ref_mlp(ref_net *n, size_t hidden, size_t depth)
{
    for (size_t k = 0; k < depth; k++) {
        ref_dense(n, hidden);
        ref_activate(n);
    }
    ref_dense(n, REF_LOGITS);
}

static inline void ref_cnn(ref_net *n, size_t width, int average)
{
    for (size_t k = 0; k < 3; k++) {
        ref_conv(n, k ? 2 * width : width, 1, 1);
        ref_activate(n);
        ref_pool(n, average);
    }
    ref_dense(n, REF_LOGITS);
}

static inline void ref_block(ref_net *n, size_t channels, size_t stride, size_t groups)
{
    static ref_net before;
    before = *n;
    ref_conv(n, channels, stride, 0);
    ref_group_norm(n, groups);
    ref_activate(n);
    ref_conv(n, channels, 1, 0);
    ref_group_norm(n, groups);
    for (size_t c = 0; c < before.channels; c++)
        for (size_t r = 0; r < n->height; r++)
            for (size_t s = 0; s < n->width; s++)
                n->value[(c * n->height + r) * n->width + s] +=
                    before.value[(c * before.height + stride * r) * before.width + stride * s];
    ref_activate(n);
}

static inline void ref_resnet(ref_net *n, size_t blocks, size_t width, size_t groups)
{
    ref_conv(n, width, 1, 0);
    ref_group_norm(n, groups);
    ref_activate(n);
    for (size_t k = 0; k < 3 * blocks; k++)
        ref_block(n, width << (k / blocks), k > 0 && k % blocks == 0 ? 2 : 1, groups);
    size_t area = n->height * n->width;
    for (size_t c = 0; c < n->channels; c++) {
        double sum = 0.0;
        for (size_t k = 0; k < area; k++)
            sum += n->value[c * area + k];
        n->value[c] = sum / (double)area;
    }
    n->height = n->width = 1;
    ref_dense(n, REF_LOGITS);
}

/* -log softmax of class `label`. */
static inline double ref_cross_entropy(const ref_net *n, double label)
{
    double sum = 0.0;
    for (size_t k = 0; k < REF_LOGITS; k++)
        sum += exp(n->value[k] - n->value[(size_t)label]);
    return log(sum);
}

/* The first of the largest logits. */
static inline double ref_class(const ref_net *n)
{
    size_t best = 0;
    for (size_t k = 1; k < REF_LOGITS; k++)
        best = n->value[k] > n->value[best] ? k : best;
    return (double)best;
}

#endif
