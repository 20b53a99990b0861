/* problems/network.h - layers of networks that classify images.
 *
 * A network is a function that adds layers one after the other to a prob_net.  It is called
 * twice in different ways: by prob_net_lay_out without a tape, when layers only note the arrays
 * of parameters they need, in a table; and while recording, when they compute.  So there is no
 * second description of where a parameter is. */
#ifndef PROBLEMS_NETWORK_H
#define PROBLEMS_NETWORK_H

#include <meka/ad.h>

typedef enum prob_activation {
    PROB_RELU,
    PROB_TANH,
    PROB_SOFTPLUS,
} prob_activation;

typedef enum prob_role {
    PROB_WEIGHT, /* drawn; the only ones with a penalty */
    PROB_BIAS,   /* starts at 0 */
    PROB_GAIN,   /* of a normalization; starts at 1 */
    PROB_SHIFT,  /* of a normalization; starts at 0 */
} prob_role;

/* One array of parameters: theta[offset .. offset + size - 1], row-major. */
typedef struct prob_array {
    const char *layer; /* "dense", "conv" or "norm" */
    prob_role role;
    size_t shape[4]; /* [n_out][n_in] or [channels_out][channels_in][kernel][kernel] of a
                        weight, else [n]; 1 where there is no such dimension */
    size_t offset, size;
    /* Of a weight: how many of its products an output value sums up, and how many an input
     * value enters. */
    size_t fan_in, fan_out;
} prob_array;

typedef struct prob_layout {
    prob_array *array; /* [n], owned */
    size_t n, capacity;
    size_t n_params;
} prob_layout;

/* Values under way from layer to layer: value [channels][height][width]. */
typedef struct prob_maps {
    size_t channels, height, width;
    ad_var *value; /* owned; NULL in a layout */
} prob_maps;

typedef struct prob_net {
    prob_maps maps;
    size_t n_params; /* taken so far */
    /* Laying out: */
    prob_layout *layout; /* NULL: recording */
    meka_error *err;
    /* Recording: */
    const ad_var *theta; /* [n_params of the layout] */
    bool failed;         /* no memory, or no layout; layers then do nothing */
} prob_net;

/* Layers.  Each takes the maps and leaves its own in their place. */

/* n_out sums of all values, and biases; leaves n_out x 1 x 1. */
void prob_net_dense(prob_net *net, size_t n_out);
/* Windows of kernel x kernel; same shape with stride 1 and padding (kernel - 1) / 2. */
typedef struct prob_conv {
    size_t channels, kernel, stride, padding;
    bool bias;
} prob_conv;
void prob_net_conv(prob_net *net, const prob_conv *conv);
/* Group normalization (Wu, He 2018) with gain and shift per channel, epsilon = 1e-5. */
void prob_net_group_norm(prob_net *net, size_t groups);
void prob_net_activate(prob_net *net, prob_activation activation);
/* The largest value, or the mean, of each window of 2 x 2; a last odd row or column is left
 * out. */
void prob_net_max_pool(prob_net *net);
void prob_net_avg_pool(prob_net *net);
/* The mean of each channel; leaves channels x 1 x 1. */
void prob_net_global_pool(prob_net *net);
/* A copy of the maps as they are now, and their addition to later ones: the shortcut of a
 * residual block, the parameter-free option A of He et al. 2016.  Later maps may be smaller by
 * an integer factor, when so many rows and columns are left out between those added,
 * and have more channels, to which nothing is added.  prob_net_add_shortcut clears what it is
 * given. */
prob_maps prob_net_shortcut(prob_net *net);
void prob_net_add_shortcut(prob_net *net, prob_maps *shortcut);

/* The table of a network's parameters.  MEKA_ERR_INPUT: the images are too small for it.
 * build adds all layers; maps: the images, without values. */
meka_status prob_net_lay_out(prob_layout *out, prob_maps images,
                             void (*build)(prob_net *net, const void *params),
                             const void *params, meka_error *err);
void prob_layout_clear(prob_layout *layout); /* zeroed is fine */

/* A start, theta [n_params], a function of seed: weights are normal of mean 0 and variance
 * 2 / fan_in before relu (He et al. 2015, eq. 10) and softplus, 2 / (fan_in + fan_out) before
 * tanh (Glorot, Bengio 2010, eq. 12). */
void prob_layout_start(const prob_layout *layout, prob_activation activation, uint64_t seed,
                       double *theta);

/* The values that the last layer leaves for images xi [channels][height][width], to be freed;
 * NULL: no memory. */
ad_var *prob_net_record(const ad_var *theta, const ad_var *xi, prob_maps images,
                        void (*build)(prob_net *net, const void *params), const void *params);

#endif
