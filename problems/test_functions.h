/* problems/test_functions.h - deterministic test functions as stochastic problems.
 *
 * A function is one row, mostly the f_i of its source; noise, options and samples are the
 * same for all:
 *
 *   f(theta, xi) = xi_0 f(theta) + sum_{k=1..d} xi_k theta_k
 *
 * with xi_k ~ N(0, noise^2) and a log-normal factor xi_0 > 0 of mean 1 and standard
 * deviation `multiplicative`, all independent.  Every gradient is thus that of f times xi_0
 * plus N(0, noise^2 I), and every Hessian that of f times xi_0.  It is linear in xi: the
 * expected objective is f itself and the population the single sample (1, 0, ..., 0). */
#ifndef PROBLEMS_TEST_FUNCTIONS_H
#define PROBLEMS_TEST_FUNCTIONS_H

#include "problems/known.h"
#include "problems/rows.h"

typedef struct prob_test_function {
    size_t dim;      /* d, unless there is an option */
    size_t multiple; /* d must be a multiple of this; 0: any */
    /* The number m of squares: of an option, else fixed_terms + terms_per_dim * d. */
    size_t fixed_terms, terms_per_dim;
    bool terms_cover_dim; /* m >= d is required */
    /* f = sum_i r_i^2; x [d], r [m], and m == 0 where it is not a sum of squares: */
    void (*residuals)(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r);
    ad_var (*value)(ad_tape *tape, size_t d, const ad_var *x);
    /* The standard start: start [n_start] repeated, or entry k of d. */
    const double *start;
    size_t n_start;
    double (*start_at)(size_t k, size_t d);
    prob_known_table known;
    double (*minimum)(size_t d, size_t m); /* where the value has a formula; else NULL */
} prob_test_function;

/* The values of every function's options; those it does not have are 0. */
typedef struct prob_test_function_params {
    uint64_t dim, terms;
    double noise, multiplicative;
} prob_test_function_params;

meka_status prob_test_function_make(prob_instance *out, const char *name,
                                    const prob_test_function *function, const void *values,
                                    meka_error *err);

#define PROB_DIM_ROW(initial, low, high)                                                       \
    {                                                                                          \
        "dim", MEKA_OPTION_COUNT, initial, low, high, NULL, "number of parameters d",          \
            offsetof(prob_test_function_params, dim)                                           \
    }
#define PROB_TERMS_ROW(initial, low, high)                                                     \
    {                                                                                          \
        "terms", MEKA_OPTION_COUNT, initial, low, high, NULL, "number of squares m",           \
            offsetof(prob_test_function_params, terms)                                         \
    }
#define PROB_NOISE_ROWS                                                                        \
    {"noise",                                                                                  \
     MEKA_OPTION_REAL,                                                                         \
     "0.1",                                                                                    \
     0,                                                                                        \
     1e100,                                                                                    \
     NULL,                                                                                     \
     "standard deviation of the noise in each entry of the gradient: a term xi'theta in the "  \
     "loss with xi normal of mean 0",                                                          \
     offsetof(prob_test_function_params, noise)},                                              \
    {                                                                                          \
        "multiplicative", MEKA_OPTION_REAL, "0", 0, 1e6, NULL,                                 \
            "standard deviation of the factor on the loss, log-normal of mean 1",              \
            offsetof(prob_test_function_params, multiplicative)                                \
    }

/* The registry's row prob_ID of the function ID_function; options in braces. */
#define PROB_ARRAY(...) __VA_ARGS__
#define PROB_TEST_FUNCTION(id, name_, summary_, reference_, minimum_, option_rows)             \
    static const meka_option id##_options[] = {option_rows};                                   \
    static meka_status id##_make(prob_instance *out, const void *values,                       \
                                 const prob_request *request, meka_error *err)                 \
    {                                                                                          \
        (void)request;                                                                         \
        return prob_test_function_make(out, name_, &id##_function, values, err);               \
    }                                                                                          \
    const prob_problem prob_##id = {                                                           \
        .name = name_,                                                                         \
        .summary = summary_,                                                                   \
        .reference = reference_,                                                               \
        .minimum = minimum_,                                                                   \
        .known = &id##_function.known,                                                         \
        .options = {id##_options, sizeof id##_options / sizeof id##_options[0],                \
                    sizeof(prob_test_function_params)},                                        \
        .make = id##_make,                                                                     \
    }

/* For the rows: the start with its length. */
#define PROB_START(...)                                                                        \
    .start = (const double[]){__VA_ARGS__},                                                    \
    .n_start = sizeof((const double[]){__VA_ARGS__}) / sizeof(double)

/* Number k of More, Garbow, Hillstrom 1981. */
#define PROB_MGH(k) "More, Garbow, Hillstrom, ACM TOMS 7 (1981) 17-41, problem " k

#endif
