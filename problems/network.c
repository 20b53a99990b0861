#include "problems/network.h"

#include "base/memory.h"

#include <meka/images.h>

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------ values, parameters */

static size_t count(const prob_maps *maps)
{
    return maps->channels * maps->height * maps->width;
}

static bool is_recording(const prob_net *net)
{
    return !net->layout && !net->failed;
}

/* Room for the values of the next maps; NULL in a layout and where memory is out. */
static ad_var *make_room(prob_net *net, const prob_maps *next)
{
    if (!is_recording(net))
        return NULL;
    ad_var *value = malloc(count(next) * sizeof *value);
    net->failed = !value;
    return value;
}

/* Goes on with the next maps. */
static void advance(prob_net *net, prob_maps next)
{
    free(net->maps.value);
    net->maps = next;
}

/* The variables of the next array of parameters; NULL in a layout, where it is noted. */
static const ad_var *take(prob_net *net, prob_array array)
{
    prob_layout *layout = net->layout;
    array.size = array.shape[0] * array.shape[1] * array.shape[2] * array.shape[3];
    array.offset = net->n_params;
    net->n_params += array.size;
    if (!layout)
        return net->theta + array.offset;
    if (!net->failed && meka_grow(&layout->array, &layout->capacity, layout->n + 1,
                                  sizeof *layout->array, net->err) != MEKA_OK)
        net->failed = true;
    if (!net->failed)
        layout->array[layout->n++] = array;
    layout->n_params = net->n_params;
    return NULL;
}

static const ad_var *take_vector(prob_net *net, const char *layer, prob_role role, size_t n)
{
    return take(net, (prob_array){.layer = layer, .role = role, .shape = {n, 1, 1, 1}});
}

/* n windows of `kernel` along `size`, at least one, or else an error. */
static size_t windows(prob_net *net, size_t size, size_t kernel, size_t stride, size_t padding)
{
    size_t n = ad_window_count(size, kernel, stride, padding);
    if (n == 0 && !net->failed) {
        net->failed = true;
        meka_fail(net->err, MEKA_ERR_INPUT,
                  "the images are too small for this network: %zu pixels are left where a "
                  "layer needs %zu",
                  size, kernel);
    }
    return n;
}

/* ------------------------------------------------------------------- layers */

void prob_net_dense(prob_net *net, size_t n_out)
{
    size_t n_in = count(&net->maps);
    const ad_var *weight = take(net, (prob_array){.layer = "dense",
                                                  .role = PROB_WEIGHT,
                                                  .shape = {n_out, n_in, 1, 1},
                                                  .fan_in = n_in,
                                                  .fan_out = n_out});
    const ad_var *bias = take_vector(net, "dense", PROB_BIAS, n_out);
    prob_maps next = {n_out, 1, 1, NULL};
    next.value = make_room(net, &next);
    if (next.value)
        ad_affine(n_out, n_in, weight, net->maps.value, bias, next.value);
    advance(net, next);
}

void prob_net_conv(prob_net *net, const prob_conv *conv)
{
    const prob_maps *in = &net->maps;
    size_t kernel = conv->kernel, area = kernel * kernel;
    prob_array weights = {.layer = "conv",
                          .role = PROB_WEIGHT,
                          .shape = {conv->channels, in->channels, kernel, kernel},
                          .fan_in = in->channels * area,
                          .fan_out = conv->channels * area};
    const ad_var *weight = take(net, weights), *bias = NULL;
    if (conv->bias)
        bias = take_vector(net, "conv", PROB_BIAS, conv->channels);
    ad_conv2d_shape shape = {in->channels, in->height,   in->width,    conv->channels,
                             kernel,       conv->stride, conv->padding};
    prob_maps next = {conv->channels,
                      windows(net, in->height, kernel, conv->stride, conv->padding),
                      windows(net, in->width, kernel, conv->stride, conv->padding), NULL};
    next.value = make_room(net, &next);
    if (next.value)
        ad_conv2d(&shape, in->value, weight, bias, next.value);
    advance(net, next);
}

void prob_net_group_norm(prob_net *net, size_t groups)
{
    prob_maps next = net->maps;
    const ad_var *gain = take_vector(net, "norm", PROB_GAIN, next.channels);
    const ad_var *shift = take_vector(net, "norm", PROB_SHIFT, next.channels);
    const ad_group_norm_shape shape = {next.channels, next.height * next.width, groups, 1e-5};
    next.value = make_room(net, &next);
    if (next.value)
        ad_group_norm(&shape, net->maps.value, gain, shift, next.value);
    advance(net, next);
}

void prob_net_activate(prob_net *net, prob_activation activation)
{
    size_t n = count(&net->maps);
    ad_var *x = net->maps.value;
    for (size_t k = 0; is_recording(net) && k < n; k++)
        x[k] = activation == PROB_TANH       ? ad_tanh(x[k])
               : activation == PROB_SOFTPLUS ? ad_softplus(x[k])
                                             : ad_relu(x[k]);
}

/* The maps after pooling by 2. */
static prob_maps halved(prob_net *net)
{
    const prob_maps *in = &net->maps;
    prob_maps next = {in->channels, windows(net, in->height, 2, 2, 0),
                      windows(net, in->width, 2, 2, 0), NULL};
    next.value = make_room(net, &next);
    return next;
}

void prob_net_max_pool(prob_net *net)
{
    const prob_maps *in = &net->maps;
    prob_maps next = halved(net);
    size_t n = next.value ? count(&next) : 0;
    for (size_t k = 0; k < n; k++) {
        size_t column = k % next.width, row = k / next.width % next.height;
        size_t channel = k / (next.width * next.height);
        const ad_var *corner =
            in->value + (channel * in->height + 2 * row) * in->width + 2 * column;
        next.value[k] = ad_max(ad_max(corner[0], corner[1]),
                               ad_max(corner[in->width], corner[in->width + 1]));
    }
    advance(net, next);
}

void prob_net_avg_pool(prob_net *net)
{
    const ad_pool2d_shape shape = {net->maps.channels, net->maps.height, net->maps.width, 2, 2};
    prob_maps next = halved(net);
    if (next.value)
        ad_avg_pool2d(&shape, net->maps.value, next.value);
    advance(net, next);
}

void prob_net_global_pool(prob_net *net)
{
    size_t n = net->maps.height * net->maps.width;
    prob_maps next = {net->maps.channels, 1, 1, NULL};
    next.value = make_room(net, &next);
    for (size_t c = 0; next.value && c < next.channels; c++)
        next.value[c] = ad_mul(ad_sum(n, net->maps.value + c * n), 1.0 / (double)n);
    advance(net, next);
}

prob_maps prob_net_shortcut(prob_net *net)
{
    prob_maps copy = net->maps;
    copy.value = make_room(net, &copy);
    if (copy.value)
        memcpy(copy.value, net->maps.value, count(&copy) * sizeof *copy.value);
    return copy;
}

void prob_net_add_shortcut(prob_net *net, prob_maps *shortcut)
{
    const prob_maps *to = &net->maps;
    bool both = is_recording(net) && shortcut->value;
    assert(!both || (shortcut->channels <= to->channels && shortcut->height >= to->height));
    size_t every = both ? (shortcut->height + to->height - 1) / to->height : 1;
    for (size_t k = 0; both && k < shortcut->channels * to->height * to->width; k++) {
        size_t column = k % to->width, row = k / to->width % to->height;
        size_t channel = k / (to->width * to->height);
        size_t from = (channel * shortcut->height + every * row) * shortcut->width;
        to->value[k] = ad_add(to->value[k], shortcut->value[from + every * column]);
    }
    free(shortcut->value);
    *shortcut = (prob_maps){0};
}

/* ------------------------------------------------------------------ networks */

meka_status prob_net_lay_out(prob_layout *out, prob_maps images,
                             void (*build)(prob_net *net, const void *params),
                             const void *params, meka_error *err)
{
    prob_layout layout = {0};
    meka_error why = {0};
    prob_net net = {.maps = images, .layout = &layout, .err = &why};
    build(&net, params);
    if (net.failed) {
        prob_layout_clear(&layout);
        return meka_fail(err, why.status, "%s", why.text);
    }
    *out = layout;
    return MEKA_OK;
}

void prob_layout_clear(prob_layout *layout)
{
    free(layout->array);
    *layout = (prob_layout){0};
}

void prob_layout_start(const prob_layout *layout, prob_activation activation, uint64_t seed,
                       double *theta)
{
    for (size_t i = 0; i < layout->n; i++) {
        const prob_array *a = &layout->array[i];
        size_t fan = activation == PROB_TANH ? a->fan_in + a->fan_out : a->fan_in;
        meka_rng rng;
        meka_rng_init(&rng, seed, MEKA_STREAM_START, i, 0);
        for (size_t k = 0; k < a->size; k++)
            theta[a->offset + k] = a->role == PROB_WEIGHT
                                       ? sqrt(2.0 / (double)fan) * meka_rng_normal(&rng)
                                       : (a->role == PROB_GAIN ? 1.0 : 0.0);
    }
}

ad_var *prob_net_record(const ad_var *theta, const ad_var *xi, prob_maps images,
                        void (*build)(prob_net *net, const void *params), const void *params)
{
    prob_net net = {.maps = images, .theta = theta};
    net.maps.value = make_room(&net, &net.maps);
    if (!net.failed)
        memcpy(net.maps.value, xi, count(&net.maps) * sizeof *xi);
    build(&net, params);
    if (!net.failed)
        return net.maps.value;
    free(net.maps.value);
    return NULL;
}
