#include "problems/dataset.h"
#include "problems/regression.h"
#include "problems/rows.h"

#include <math.h>

static const meka_option options[] = {
    PROB_REGRESSION_SYNTHETIC("1000", "20"),
    PROB_REGRESSION_OPTION("classes", COUNT, "3", 2, PROB_MOST_CLASSES, NULL,
                           "synthetic data: number of classes", n_classes),
    PROB_REGRESSION_FILE,
    PROB_REGRESSION_COMMON("yes"),
    PROB_REGRESSION_TEST,
};
static const meka_option_table table = {options, sizeof options / sizeof options[0],
                                        sizeof(prob_regression_params)};

static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    const prob_regression *r = ctx;
    ad_var z[PROB_MOST_CLASSES];
    prob_regression_outputs(r, r->n_classes, theta, xi, z);
    return ad_add(ad_softmax_cross_entropy(r->n_classes, z, prob_regression_label_of(r, xi)),
                  prob_regression_penalty(r, theta));
}

/* The product over the other classes k of z_label > z_k: a tie is not right. */
static ad_var score(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    const prob_regression *r = ctx;
    ad_var z[PROB_MOST_CLASSES], label = prob_regression_label_of(r, xi);
    prob_regression_outputs(r, r->n_classes, theta, xi, z);
    ad_var own = ad_pick(r->n_classes, z, label), right = ad_const(tape, 1.0);
    for (size_t k = 0; k < r->n_classes; k++)
        right = ad_mul(right, ad_max(ad_eq(label, (double)k), ad_gt(own, z[k])));
    return right;
}

/* Class k with probability exp(z_k) / sum_j exp(z_j). */
static double draw_label(size_t n_outputs, const double *output,
                         const prob_regression_params *params, meka_rng *rng)
{
    double most = output[0], sum = 0.0;
    for (size_t k = 1; k < n_outputs; k++)
        most = fmax(most, output[k]);
    for (size_t k = 0; k < n_outputs; k++)
        sum += exp(output[k] - most);
    double left = meka_rng_uniform(rng) * sum;
    size_t k = 0;
    while (k + 1 < n_outputs && (left -= exp(output[k] - most)) > 0.0)
        k++;
    return (double)k;
}

static meka_status synthesize(prob_dataset *out, const prob_regression_params *params,
                              uint64_t seed, meka_error *err)
{
    return prob_regression_synthesize(out, params, params->n_classes, params->n_classes,
                                      draw_label, seed, err);
}

static size_t n_outputs(size_t n_classes)
{
    return n_classes;
}

static const prob_regression_model model = {
    .name = "softmax",
    .options = &table,
    .most_classes = PROB_MOST_CLASSES,
    .n_outputs = n_outputs,
    .target = PROB_TARGET_LABEL,
    .curvature = 0.2,
    .record = record,
    .score = score,
    .synthesize = synthesize,
};

static meka_status make(prob_instance *out, const void *params, const prob_request *request,
                        meka_error *err)
{
    return prob_regression_make(out, &model, params, request, err);
}

const prob_problem prob_softmax = {
    .name = "softmax",
    .summary = "L2-regularized softmax regression of several classes, on synthetic data or a "
               "file",
    .reference = "Bishop, Pattern Recognition and Machine Learning, 2006, section 4.3.4; "
                 "synthetic labels are drawn from the model itself",
    .minimum = "by Newton-CG on all training rows, to rounding (none where l2 = 0 and a class "
               "can be separated)",
    .data = "FILE or FILE,TEST: rows of a class and features, as LIBSVM or CSV, plain or gzip",
    .options = {options, sizeof options / sizeof options[0], sizeof(prob_regression_params)},
    .make = make,
};
