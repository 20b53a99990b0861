/* problems/rows.h - the rows of the registry; each problem's file defines one. */
#ifndef PROBLEMS_ROWS_H
#define PROBLEMS_ROWS_H

#include <meka/problems.h>

extern const prob_problem prob_noisy_quadratic;
extern const prob_problem prob_rosenbrock;
extern const prob_problem prob_noisy_hessian;
extern const prob_problem prob_least_squares;
extern const prob_problem prob_logistic;
extern const prob_problem prob_mlp;
extern const prob_problem prob_cnn;
extern const prob_problem prob_resnet;
extern const prob_problem prob_softmax;

#define TEST_FUNCTION(id) extern const prob_problem prob_##id;
#include "problems/test_functions.def"
#undef TEST_FUNCTION

#define NIST(id, title, n_params, n_predictors, model, log_y, sum, formula)                    \
    extern const prob_problem prob_nist_##id;
#include "problems/nist.def"
#undef NIST

#endif
