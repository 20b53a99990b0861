/* problems/regression.h - linear models on rows of features and a label: what least squares,
 * logistic and softmax regression share. */
#ifndef PROBLEMS_REGRESSION_H
#define PROBLEMS_REGRESSION_H

#include <meka/data.h>
#include <meka/problems.h>

/* Values of the options of all of them; the last three belong to some only. */
typedef struct prob_regression_params {
    uint64_t n_rows, dim; /* of synthetic data, */
    double condition;     /* and of their features */
    int format;           /* of a file: PROB_FORMAT_... */
    int label;            /* of a CSV file: a prob_csv_label */
    int sparse;           /* PROB_SPARSE_... */
    double l2;
    int scale, order; /* PROB_REGRESSION_... */
    bool bias, solve;
    double test_fraction, noise;
    uint64_t n_classes;
} prob_regression_params;

enum { PROB_FORMAT_AUTO, PROB_FORMAT_LIBSVM, PROB_FORMAT_CSV };
enum { PROB_SPARSE_AUTO, PROB_SPARSE_YES, PROB_SPARSE_NO };
enum { PROB_REGRESSION_RAW, PROB_REGRESSION_STANDARD, PROB_REGRESSION_UNIT };
enum { PROB_REGRESSION_REPLACEMENT, PROB_REGRESSION_EPOCHS };
extern const char *const prob_regression_formats[];
extern const char *const prob_regression_labels[];
extern const char *const prob_regression_sparse[];
extern const char *const prob_regression_scales[];
extern const char *const prob_regression_orders[];

/* Rows of option tables.  A table starts with those of synthetic data, then those of files. */
#define PROB_REGRESSION_OPTION(name, type, initial, low, high, choices, meaning, field)        \
    {                                                                                          \
        name, MEKA_OPTION_##type, initial, low, high, choices, meaning,                        \
            offsetof(prob_regression_params, field)                                            \
    }
#define PROB_REGRESSION_SYNTHETIC(rows, columns)                                               \
    PROB_REGRESSION_OPTION("rows", COUNT, rows, 1, 1e8, NULL,                                  \
                           "synthetic data: number of samples", n_rows),                       \
        PROB_REGRESSION_OPTION("dim", COUNT, columns, 1, 10000, NULL,                          \
                               "synthetic data: number of features", dim),                     \
        PROB_REGRESSION_OPTION("condition", REAL, "10", 1, 1e15, NULL,                         \
                               "synthetic data: condition number of the features' "            \
                               "covariance; its largest eigenvalue is 1",                      \
                               condition)
#define PROB_REGRESSION_FILE                                                                   \
    PROB_REGRESSION_OPTION("format", CHOICE, "auto", 0, 0, prob_regression_formats,            \
                           "of the file; auto: csv if its name ends with .csv, .tsv or .txt "  \
                           "(or these and .gz), else libsvm",                                  \
                           format),                                                            \
        PROB_REGRESSION_OPTION("label", CHOICE, "last", 0, 0, prob_regression_labels,          \
                               "the column of a csv file that is the label", label),           \
        PROB_REGRESSION_OPTION("sparse", CHOICE, "auto", 0, 0, prob_regression_sparse,         \
                               "whether samples are the entries of a libsvm file's rows or "   \
                               "the rows written out; auto: whichever is faster",              \
                               sparse)
#define PROB_REGRESSION_COMMON(with_bias)                                                      \
    PROB_REGRESSION_OPTION("l2", REAL, "1e-3", 0, 1e100, NULL,                                 \
                           "coefficient of 0.5 |theta|^2, a bias included", l2),               \
        PROB_REGRESSION_OPTION("bias", BOOL, with_bias, 0, 0, NULL,                            \
                               "whether the model has a constant term, its last parameters",   \
                               bias),                                                          \
        PROB_REGRESSION_OPTION("scale", CHOICE, "none", 0, 0, prob_regression_scales,          \
                               "features, by the training rows: standard: to mean 0 and "      \
                               "variance 1; unit: onto [0, 1]",                                \
                               scale),                                                         \
        PROB_REGRESSION_OPTION("order", CHOICE, "replacement", 0, 0, prob_regression_orders,   \
                               "how rows are drawn: with replacement, or shuffled by epochs",  \
                               order),                                                         \
        PROB_REGRESSION_OPTION("solve", BOOL, "yes", 0, 0, NULL,                               \
                               "whether to find the minimum, which takes time on large data",  \
                               solve)
#define PROB_REGRESSION_TEST                                                                   \
    PROB_REGRESSION_OPTION("test-fraction", REAL, "0", 0, 0.999999, NULL,                      \
                           "of the rows, drawn at random, held out for testing",               \
                           test_fraction)

/* An instance, and what its objective is recorded from. */
typedef struct prob_regression {
    size_t n_features, n_classes; /* of the data; n_classes = 0: real labels */
    size_t n_terms;               /* of a sparse sample; 0: samples are dense */
    bool bias;
    size_t n_params; /* d */
    double l2;
    prob_dataset train, test;
    prob_sampler sampler, test_sampler;
    double *x0, *minimizer; /* [d] */
} prob_regression;

/* A kind of regression. */
typedef struct prob_regression_model {
    const char *name;
    const meka_option_table *options;
    size_t most_classes; /* 0: labels are real */
    size_t (*n_outputs)(
        size_t n_classes); /* numbers the model gives: d = n_outputs (m + bias) */
    prob_target target;
    double curvature; /* that of the loss by one of its outputs, about: scales CG */
    ad_var (*record)(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx);
    ad_var (*score)(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx);
    meka_status (*synthesize)(prob_dataset *out, const prob_regression_params *params,
                              uint64_t seed, meka_error *err);
} prob_regression_model;

meka_status prob_regression_make(prob_instance *out, const prob_regression_model *model,
                                 const prob_regression_params *params,
                                 const prob_request *request, meka_error *err);

/* Of these rows, which become the instance's own whatever the outcome; test zeroed: none.
 * A population of up to population_bytes is kept; 0: as a sampler keeps it. */
meka_status prob_regression_build(prob_instance *out, const prob_regression_model *model,
                                  const prob_regression_params *params, prob_dataset *train,
                                  prob_dataset *test, size_t population_bytes, meka_error *err);

/* Reads what `data` names: FILE, or for classes FILE,TEST. */
meka_status prob_regression_read(prob_dataset *train, prob_dataset *test,
                                 const prob_regression_model *model,
                                 const prob_regression_params *params, const char *data,
                                 meka_error *err);

/* A data set of zeros, dense; n_classes = 0: real labels. */
meka_status prob_regression_allocate(prob_dataset *out, size_t n_rows, size_t n_features,
                                     size_t n_classes, meka_error *err);

/* Makes the features of synthetic rows and calls `label` for each of them:
 * x_ij = s_j z_ij with s_j^2 spaced evenly in its logarithm from 1/condition to 1; the model's
 * n_outputs weight vectors are 2 z; output [n_outputs] = x . weights.  rng is the row's, as far
 * as the features have left it. */
typedef double (*prob_regression_label)(size_t n_outputs, const double *output,
                                        const prob_regression_params *params, meka_rng *rng);
meka_status prob_regression_synthesize(prob_dataset *out, const prob_regression_params *params,
                                       size_t n_classes, size_t n_outputs,
                                       prob_regression_label label, uint64_t seed,
                                       meka_error *err);

/* sum_j xi_j theta_j over the features, and the bias: output k's parameters are
 * theta[k * m .. k * m + m - 1] and theta[n_outputs * m + k]. */
ad_var prob_regression_output(const prob_regression *r, const ad_var *theta, const ad_var *xi);
/* n_outputs of them. */
void prob_regression_outputs(const prob_regression *r, size_t n_outputs, const ad_var *theta,
                             const ad_var *xi, ad_var *z);
/* The last of a sample's features. */
ad_var prob_regression_label_of(const prob_regression *r, const ad_var *xi);
/* 0.5 l2 |theta|^2 */
ad_var prob_regression_penalty(const prob_regression *r, const ad_var *theta);

#endif
