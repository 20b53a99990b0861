/* A fully connected network. */
#include "problems/classifier.h"
#include "problems/rows.h"

typedef struct params {
    prob_classifier_params base;
    uint64_t hidden, depth;
} params;

static const meka_option options[] = {
    {"hidden", MEKA_OPTION_COUNT, "128", 1, 4096, NULL, "units of each hidden layer",
     offsetof(params, hidden)},
    {"depth", MEKA_OPTION_COUNT, "1", 0, 16, NULL,
     "number of hidden layers; 0: softmax regression", offsetof(params, depth)},
    PROB_CLASSIFIER_ROWS(params, "no"),
};

static void build(prob_net *net, const void *values)
{
    const params *p = values;
    for (uint64_t i = 0; i < p->depth; i++) {
        prob_net_dense(net, p->hidden);
        prob_net_activate(net, (prob_activation)p->base.activation);
    }
    prob_net_dense(net, PROB_CLASSES);
}

static meka_status make(prob_instance *out, const void *values, const prob_request *request,
                        meka_error *err)
{
    static const prob_classifier_kind kind = {"mlp", build, sizeof(params)};
    return prob_classifier_make(out, &kind, values, request, err);
}

const prob_problem prob_mlp = {
    .name = "mlp",
    .summary = "multi-layer perceptron that classifies images, pixels-128-10 by default",
    .reference = "Rumelhart, Hinton, Williams, Learning representations by back-propagating "
                 "errors, Nature 323 (1986) 533-536; start by He et al. 2015 (tanh: Glorot, "
                 "Bengio 2010)",
    .minimum = "not known; not convex unless depth=0",
    .data = PROB_IMAGES_DATA,
    .options = {options, sizeof options / sizeof options[0], sizeof(params)},
    .make = make,
};
