#include "problems/regression.h"
#include "problems/rows.h"

static const meka_option options[] = {
    PROB_REGRESSION_SYNTHETIC("1000", "20"),
    PROB_REGRESSION_OPTION("noise", REAL, "1", 0, 1e100, NULL,
                           "synthetic data: standard deviation of the labels' error", noise),
    PROB_REGRESSION_FILE,
    PROB_REGRESSION_COMMON("yes"),
};
static const meka_option_table table = {options, sizeof options / sizeof options[0],
                                        sizeof(prob_regression_params)};

/* 0.5 (x.theta - y)^2 + 0.5 l2 |theta|^2 */
static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    const prob_regression *r = ctx;
    ad_var e = ad_sub(prob_regression_output(r, theta, xi), prob_regression_label_of(r, xi));
    return ad_add(ad_mul(0.5, ad_sqr(e)), prob_regression_penalty(r, theta));
}

static double draw_label(size_t n_outputs, const double *output,
                         const prob_regression_params *params, meka_rng *rng)
{
    return output[0] + params->noise * meka_rng_normal(rng);
}

static meka_status synthesize(prob_dataset *out, const prob_regression_params *params,
                              uint64_t seed, meka_error *err)
{
    return prob_regression_synthesize(out, params, 0, 1, draw_label, seed, err);
}

static size_t n_outputs(size_t n_classes)
{
    return 1;
}

static const prob_regression_model model = {
    .name = "least-squares",
    .options = &table,
    .n_outputs = n_outputs,
    .target = PROB_TARGET_LABEL,
    .curvature = 1.0,
    .record = record,
    .synthesize = synthesize,
};

static meka_status make(prob_instance *out, const void *params, const prob_request *request,
                        meka_error *err)
{
    return prob_regression_make(out, &model, params, request, err);
}

const prob_problem prob_least_squares = {
    .name = "least-squares",
    .summary = "linear least squares with an L2 penalty (ridge regression), on synthetic data "
               "or a file",
    .reference = "Hoerl, Kennard, Ridge regression: biased estimation for nonorthogonal "
                 "problems, 1970",
    .minimum = "by Newton-CG on all rows, to rounding",
    .data = "FILE: rows of a number to predict and features, as LIBSVM or CSV, plain or gzip",
    .options = {options, sizeof options / sizeof options[0], sizeof(prob_regression_params)},
    .make = make,
};
