#include "problems/logistic.h"

#include "problems/regression.h"
#include "problems/rows.h"

#include <math.h>

static const meka_option options[] = {
    PROB_REGRESSION_SYNTHETIC("2000", "50"),
    PROB_REGRESSION_FILE,
    PROB_REGRESSION_COMMON("no"),
    PROB_REGRESSION_TEST,
};
static const meka_option_table table = {options, sizeof options / sizeof options[0],
                                        sizeof(prob_regression_params)};

/* y z: positive where the sign of the output z is the label's. */
static ad_var margin(const prob_regression *r, const ad_var *theta, const ad_var *xi)
{
    return ad_mul(prob_regression_label_of(r, xi), prob_regression_output(r, theta, xi));
}

static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    const prob_regression *r = ctx;
    return ad_add(ad_softplus(ad_neg(margin(r, theta, xi))), prob_regression_penalty(r, theta));
}

static ad_var score(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    return ad_gt(margin(ctx, theta, xi), 0.0);
}

/* Class 1, which is y = 1, with probability 1/(1 + exp(-z)). */
static double draw_label(size_t n_outputs, const double *output,
                         const prob_regression_params *params, meka_rng *rng)
{
    return meka_rng_uniform(rng) < 1.0 / (1.0 + exp(-output[0]));
}

static meka_status synthesize(prob_dataset *out, const prob_regression_params *params,
                              uint64_t seed, meka_error *err)
{
    return prob_regression_synthesize(out, params, 2, 1, draw_label, seed, err);
}

static size_t n_outputs(size_t n_classes)
{
    return 1;
}

static const prob_regression_model model = {
    .name = "logistic",
    .options = &table,
    .most_classes = 2,
    .n_outputs = n_outputs,
    .target = PROB_TARGET_SIGN,
    .curvature = 0.25,
    .record = record,
    .score = score,
    .synthesize = synthesize,
};

meka_status prob_logistic_make(prob_instance *out, size_t n_rows, size_t dim,
                               const double *features, const double *label, double l2,
                               meka_error *err)
{
    prob_dataset data, none = {0};
    prob_regression_params params;
    meka_options_init(&table, &params);
    params.l2 = l2;
    meka_status status = prob_regression_allocate(&data, n_rows, dim, 2, err);
    if (status != MEKA_OK)
        return status;
    for (size_t i = 0; i < n_rows; i++) {
        data.label[i] = label[i] > 0.0;
        for (size_t j = 0; j < dim; j++)
            data.dense[i * dim + j] = features[i * dim + j];
    }
    return prob_regression_build(out, &model, &params, &data, &none, SIZE_MAX, err);
}

static meka_status make(prob_instance *out, const void *params, const prob_request *request,
                        meka_error *err)
{
    return prob_regression_make(out, &model, params, request, err);
}

const prob_problem prob_logistic = {
    .name = "logistic",
    .summary = "L2-regularized logistic regression of two classes, on synthetic data or a file",
    .reference = "Hosmer, Lemeshow, Applied Logistic Regression, 1989; synthetic labels are "
                 "drawn from the model itself",
    .minimum = "by Newton-CG on all training rows, to rounding (none where l2 = 0 and the "
               "classes can be separated)",
    .data = "FILE or FILE,TEST: rows of a class and features, as LIBSVM or CSV, plain or gzip",
    .options = {options, sizeof options / sizeof options[0], sizeof(prob_regression_params)},
    .make = make,
};
