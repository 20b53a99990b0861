/* A small convolutional network. */
#include "problems/classifier.h"
#include "problems/rows.h"

typedef struct params {
    prob_classifier_params base;
    uint64_t width;
    int pool;
} params;

enum { MAX_POOL, AVERAGE_POOL };
static const char *const pools[] = {"max", "average", NULL};

static const meka_option options[] = {
    {"width", MEKA_OPTION_COUNT, "8", 1, 512, NULL,
     "channels of the first convolution, half of those of the others; 8 is small, 32 a usual "
     "size for CIFAR-10",
     offsetof(params, width)},
    {"pool", MEKA_OPTION_CHOICE, "max", 0, 0, pools, "what 2 x 2 pixels become",
     offsetof(params, pool)},
    PROB_CLASSIFIER_ROWS(params, "yes"),
};

/* 3 x (convolution 3 x 3, activation, pooling 2 x 2), then the logits. */
static void build(prob_net *net, const void *values)
{
    const params *p = values;
    for (int stage = 0; stage < 3; stage++) {
        prob_conv conv = {stage == 0 ? p->width : 2 * p->width, 3, 1, 1, true};
        prob_net_conv(net, &conv);
        prob_net_activate(net, (prob_activation)p->base.activation);
        if (p->pool == MAX_POOL)
            prob_net_max_pool(net);
        else
            prob_net_avg_pool(net);
    }
    prob_net_dense(net, PROB_CLASSES);
}

static meka_status make(prob_instance *out, const void *values, const prob_request *request,
                        meka_error *err)
{
    static const prob_classifier_kind kind = {"cnn", build, sizeof(params)};
    return prob_classifier_make(out, &kind, values, request, err);
}

const prob_problem prob_cnn = {
    .name = "cnn",
    .summary = "convolutional network that classifies images: three convolutions with pooling "
               "and a dense layer",
    .reference =
        "LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document "
        "recognition, Proc. IEEE 86 (1998) 2278-2324; here with kernels of 3 x 3; start "
        "by He et al. 2015 (tanh: Glorot, Bengio 2010)",
    .minimum = "not known; not convex",
    .data = PROB_IMAGES_DATA,
    .options = {options, sizeof options / sizeof options[0], sizeof(params)},
    .make = make,
};
