/* Residual networks for small images, with group normalization. */
#include "problems/classifier.h"
#include "problems/rows.h"

typedef struct params {
    prob_classifier_params base;
    uint64_t depth, width, groups;
} params;

static const meka_option options[] = {
    {"depth", MEKA_OPTION_COUNT, "8", 8, 110, NULL,
     "layers with weights, 6 n + 2: three stages of n blocks of two convolutions; 32 is "
     "ResNet-32",
     offsetof(params, depth)},
    {"width", MEKA_OPTION_COUNT, "4", 1, 256, NULL,
     "channels of the first stage, doubled in the second and in the third; 16 in ResNet-32",
     offsetof(params, width)},
    {"groups", MEKA_OPTION_COUNT, "4", 1, 256, NULL,
     "groups of each normalization, a divisor of width", offsetof(params, groups)},
    PROB_CLASSIFIER_ROWS(params, "yes"),
};

static void convolve(prob_net *net, const params *p, uint64_t channels, size_t stride)
{
    prob_net_conv(net, &(prob_conv){channels, 3, stride, 1, false});
    prob_net_group_norm(net, p->groups);
}

/* He et al. 2016, section 4.2, with group for batch normalization: convolutions without biases,
 * activation after the addition, shortcuts without parameters. */
static void build(prob_net *net, const void *values)
{
    const params *p = values;
    prob_activation activation = (prob_activation)p->base.activation;
    convolve(net, p, p->width, 1);
    prob_net_activate(net, activation);
    for (unsigned stage = 0; stage < 3; stage++)
        for (uint64_t block = 0; block < (p->depth - 2) / 6; block++) {
            prob_maps shortcut = prob_net_shortcut(net);
            convolve(net, p, p->width << stage, stage > 0 && block == 0 ? 2 : 1);
            prob_net_activate(net, activation);
            convolve(net, p, p->width << stage, 1);
            prob_net_add_shortcut(net, &shortcut);
            prob_net_activate(net, activation);
        }
    prob_net_global_pool(net);
    prob_net_dense(net, PROB_CLASSES);
}

static meka_status make(prob_instance *out, const void *values, const prob_request *request,
                        meka_error *err)
{
    static const prob_classifier_kind kind = {"resnet", build, sizeof(params)};
    const params *p = values;
    if ((p->depth - 2) % 6 != 0)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "problem resnet: option 'depth' must be 6 n + 2, such as 8, 14, 20 or "
                         "32, not %llu",
                         (unsigned long long)p->depth);
    if (p->width % p->groups != 0)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "problem resnet: option 'groups' must divide width, but %llu does not "
                         "divide %llu",
                         (unsigned long long)p->groups, (unsigned long long)p->width);
    return prob_classifier_make(out, &kind, values, request, err);
}

const prob_problem prob_resnet = {
    .name = "resnet",
    .summary = "residual network with group normalization that classifies images; ResNet-32 "
               "with depth=32 width=16",
    .reference =
        "He, Zhang, Ren, Sun, Deep residual learning for image recognition, CVPR 2016, "
        "section 4.2; Wu, He, Group normalization, ECCV 2018; start by He et al. 2015 "
        "(tanh: Glorot, Bengio 2010)",
    .minimum = "not known; not convex",
    .data = PROB_IMAGES_DATA,
    .options = {options, sizeof options / sizeof options[0], sizeof(params)},
    .make = make,
};
