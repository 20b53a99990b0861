/* problems/classifier.h - a network that classifies images, as an instance of a problem.
 *
 *   f(theta, xi) = cross-entropy of softmax(logits) + 0.5 l2 |w|^2     over all weights w
 *
 * A sample is the pixels [channels][height][width] and the class 0 .. 9. */
#ifndef PROBLEMS_CLASSIFIER_H
#define PROBLEMS_CLASSIFIER_H

#include "problems/image_sets.h"
#include "problems/network.h"

enum { PROB_CLASSES = 10 };

/* The options of every network, first in its own struct of values. */
typedef struct prob_classifier_params {
    prob_images_params images;
    int activation; /* prob_activation */
    double l2;
} prob_classifier_params;

extern const char *const prob_activations[];

/* `type` has a prob_classifier_params as member `base`. */
#define PROB_CLASSIFIER_ROWS(type, colour_initial)                                             \
    {"activation",                                                                             \
     MEKA_OPTION_CHOICE,                                                                       \
     "relu",                                                                                   \
     0,                                                                                        \
     0,                                                                                        \
     prob_activations,                                                                         \
     "function of the hidden layers",                                                          \
     offsetof(type, base.activation)},                                                         \
        {"l2",                                                                                 \
         MEKA_OPTION_REAL,                                                                     \
         "0",                                                                                  \
         0,                                                                                    \
         1e100,                                                                                \
         NULL,                                                                                 \
         "coefficient of 0.5 |w|^2 over the weights w, without biases and normalizations",     \
         offsetof(type, base.l2)},                                                             \
        PROB_IMAGES_ROWS(type, base.images, colour_initial)

/* A network: build adds all layers up to the PROB_CLASSES logits. */
typedef struct prob_classifier_kind {
    const char *name;
    void (*build)(prob_net *net, const void *params);
    size_t params_size;
} prob_classifier_kind;

/* params: a struct that starts with prob_classifier_params; copied. */
meka_status prob_classifier_make(prob_instance *out, const prob_classifier_kind *kind,
                                 const void *params, const prob_request *request,
                                 meka_error *err);

/* The score of logits [n]: 1 where the largest is the label's, else 0; of equal ones the first
 * counts as the largest, and one that is NaN or -inf never does.  It has no derivative. */
ad_var prob_classifier_score(ad_tape *tape, size_t n, const ad_var *logit, ad_var label);

#endif
