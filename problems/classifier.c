#include "problems/classifier.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const prob_activations[] = {"relu", "tanh", "softplus", NULL};

/* What an instance borrows. */
typedef struct classifier {
    prob_classifier_kind kind;
    prob_maps shape; /* of an image, without values */
    double l2;
    void *params; /* of the kind; owned */
    prob_layout layout;
    double *x0; /* [n_params], owned */
    prob_images images;
} classifier;

static ad_var label_of(const classifier *c, const ad_var *xi)
{
    return xi[c->shape.channels * c->shape.height * c->shape.width];
}

static ad_var record_loss(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    const classifier *c = ctx;
    (void)tape;
    ad_var *logit = prob_net_record(theta, xi, c->shape, c->kind.build, c->params);
    if (!logit)
        return (ad_var){NULL, 0};
    ad_var loss = ad_softmax_cross_entropy(PROB_CLASSES, logit, label_of(c, xi));
    free(logit);
    for (size_t i = 0; c->l2 > 0.0 && i < c->layout.n; i++) {
        const prob_array *a = &c->layout.array[i];
        if (a->role == PROB_WEIGHT)
            loss = ad_add(loss, ad_mul(0.5 * c->l2, ad_sqnorm(a->size, theta + a->offset)));
    }
    return loss;
}

ad_var prob_classifier_score(ad_tape *tape, size_t n, const ad_var *logit, ad_var label)
{
    ad_var most = ad_const(tape, -INFINITY), which = ad_const(tape, -1.0);
    for (size_t k = 0; k < n; k++) {
        ad_var more = ad_gt(logit[k], most);
        which = ad_select(more, (double)k, which);
        most = ad_select(more, logit[k], most);
    }
    return ad_eq(which, label);
}

static ad_var record_score(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                           const void *ctx)
{
    const classifier *c = ctx;
    ad_var *logit = prob_net_record(theta, xi, c->shape, c->kind.build, c->params);
    if (!logit)
        return (ad_var){NULL, 0};
    ad_var score = prob_classifier_score(tape, PROB_CLASSES, logit, label_of(c, xi));
    free(logit);
    return score;
}

static void destroy(void *storage)
{
    classifier *c = storage;
    free(c->params);
    free(c->x0);
    prob_layout_clear(&c->layout);
    prob_images_clear(&c->images);
    free(c);
}

/* Everything but the instance itself. */
static meka_status prepare(classifier *c, const void *values, const prob_request *request,
                           meka_error *err)
{
    const prob_classifier_params *p = values;
    c->l2 = p->l2;
    c->params = meka_alloc(1, c->kind.params_size, err);
    if (!c->params)
        return MEKA_ERR_MEMORY;
    memcpy(c->params, values, c->kind.params_size);
    meka_status status = prob_images_open(&c->images, &p->images, request, err);
    if (status != MEKA_OK)
        return status;
    const prob_dataset *data = &c->images.train_data;
    c->shape = (prob_maps){data->channels, data->height, data->width, NULL};
    status = prob_net_lay_out(&c->layout, c->shape, c->kind.build, c->params, err);
    if (status != MEKA_OK)
        return status;
    c->x0 = meka_alloc(c->layout.n_params, sizeof *c->x0, err);
    if (!c->x0)
        return MEKA_ERR_MEMORY;
    prob_layout_start(&c->layout, (prob_activation)p->activation, request->seed, c->x0);
    return MEKA_OK;
}

meka_status prob_classifier_make(prob_instance *out, const prob_classifier_kind *kind,
                                 const void *params, const prob_request *request,
                                 meka_error *err)
{
    classifier *c = meka_alloc(1, sizeof *c, err);
    if (!c)
        return MEKA_ERR_MEMORY;
    c->kind = *kind;
    meka_status status = prepare(c, params, request, err);
    if (status != MEKA_OK) {
        destroy(c);
        return status;
    }
    ad_objective objective = {.name = kind->name,
                              .n_params = c->layout.n_params,
                              .n_features = c->images.train.n_features,
                              .record = record_loss,
                              .ctx = c,
                              .x0 = c->x0};
    *out = (prob_instance){.objective = objective,
                           .source = prob_sampler_source(&c->images.train),
                           .minimum = NAN,
                           .test = prob_images_test(&c->images),
                           .score = objective,
                           .storage = c,
                           .destroy = destroy};
    out->score.record = record_score;
    return MEKA_OK;
}
