/* problems/nist.h - the models of NIST's nonlinear regressions, as what they predict. */
#ifndef PROBLEMS_NIST_H
#define PROBLEMS_NIST_H

#include <meka/ad.h>

/* The prediction at parameters b [n_params] and predictors x [n_predictors]. */
typedef ad_var (*prob_nist_model)(const ad_var *b, const ad_var *x);

/* One row of nist.def. */
typedef struct prob_nist_row {
    const char *name; /* of the data set */
    size_t n_params, n_predictors;
    bool log_y; /* the response is log(y) */
    prob_nist_model model;
} prob_nist_row;

/* In the order of nist.def; NULL past the end. */
const prob_nist_row *prob_nist_row_at(size_t i);

#endif
