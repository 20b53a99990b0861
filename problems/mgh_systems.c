/* Squares of systems of equations from More, Garbow, Hillstrom 1981; numbers in the comments
 * are theirs, n = d, h = 1/(n + 1), t_i = i h, i and j count from 1. */
#include "problems/test_functions.h"

/* (x_i + t_i + 1)^3 */
static ad_var cube(ad_var x, double t)
{
    ad_var sum = ad_add(x, t + 1.0);
    return ad_mul(sum, ad_sqr(sum));
}

/* t (t - 1) */
static double parabola(size_t k, size_t d)
{
    double t = (double)(k + 1) / (double)(d + 1);
    return t * (t - 1.0);
}

/* Problems 28 and 29 discretize one equation and have one solution. */
#define SOLUTION_10                                                                            \
    PROB_AT(-0.043164982518764871, -0.081577156535386882, -0.11448571438052929,                \
            -0.14097357686259668, -0.15990869618198312, -0.16987720231277492,                  \
            -0.16908998378120835, -0.15524953522183182, -0.12535589167893499,                  \
            -0.075416533685892084)

/* 28: 2 x_i - x_{i-1} - x_{i+1} + h^2 (x_i + t_i + 1)^3 / 2 */
static void boundary_value(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    double h = 1.0 / (double)(d + 1);
    for (size_t k = 0; k < d; k++) {
        ad_var bent = ad_mul(0.5 * h * h, cube(x[k], (double)(k + 1) * h));
        r[k] = ad_add(ad_mul(2.0, x[k]), bent);
        if (k > 0)
            r[k] = ad_sub(r[k], x[k - 1]);
        if (k + 1 < d)
            r[k] = ad_sub(r[k], x[k + 1]);
    }
}
static const prob_test_function boundary_value_function = {
    .dim = 10,
    .terms_per_dim = 1,
    .residuals = boundary_value,
    .start_at = parabola,
    PROB_KNOWN({0}, {.dim = 10, SOLUTION_10}),
};
PROB_TEST_FUNCTION(boundary_value, "discrete-boundary-value",
                   "a discretized boundary value problem", PROB_MGH("28"),
                   "0 (for dim = 10 from (-0.0431650, -0.0815772, ...) to (..., -0.0754165))",
                   PROB_ARRAY(PROB_DIM_ROW("10", 1, 1e5), PROB_NOISE_ROWS));

/* 29: x_i + h/2 ((1 - t_i) sum_{j<=i} t_j c_j + t_i sum_{j>i} (1 - t_j) c_j) with c_j the cube
 * above */
static void integral_equation(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    double h = 1.0 / (double)(d + 1);
    ad_var sum = ad_const(tape, 0.0);
    for (size_t k = d; k-- > 0;) { /* first the sums over j > i, backwards */
        double t = (double)(k + 1) * h;
        r[k] = ad_add(x[k], ad_mul(0.5 * h * t, sum));
        sum = ad_add(sum, ad_mul(1.0 - t, cube(x[k], t)));
    }
    sum = ad_const(tape, 0.0);
    for (size_t k = 0; k < d; k++) {
        double t = (double)(k + 1) * h;
        sum = ad_add(sum, ad_mul(t, cube(x[k], t)));
        r[k] = ad_add(r[k], ad_mul(0.5 * h * (1.0 - t), sum));
    }
}
static const prob_test_function integral_equation_function = {
    .dim = 10,
    .terms_per_dim = 1,
    .residuals = integral_equation,
    .start_at = parabola,
    PROB_KNOWN({0}, {.dim = 10, SOLUTION_10}),
};
PROB_TEST_FUNCTION(integral_equation, "discrete-integral-equation",
                   "a discretized integral equation", PROB_MGH("29"),
                   "0 (for dim = 10 where discrete-boundary-value has it)",
                   PROB_ARRAY(PROB_DIM_ROW("10", 1, 1e5), PROB_NOISE_ROWS));

/* 30: (3 - 2 x_i) x_i - x_{i-1} - 2 x_{i+1} + 1 */
static void broyden_tridiagonal(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    for (size_t k = 0; k < d; k++) {
        r[k] = ad_add(ad_mul(ad_sub(3.0, ad_mul(2.0, x[k])), x[k]), 1.0);
        if (k > 0)
            r[k] = ad_sub(r[k], x[k - 1]);
        if (k + 1 < d)
            r[k] = ad_sub(r[k], ad_mul(2.0, x[k + 1]));
    }
}
static const prob_test_function broyden_tridiagonal_function = {
    .dim = 10,
    .terms_per_dim = 1,
    .residuals = broyden_tridiagonal,
    PROB_START(-1),
    PROB_KNOWN({0}, {.dim = 10,
                     PROB_AT(-0.57072213201122479, -0.68180694998427509, -0.70221007601766003,
                             -0.70551062989508039, -0.70490615572874367, -0.70149660702985113,
                             -0.69188932235479825, -0.66579651440585375, -0.59603510902636571,
                             -0.41641225752869335)}),
};
PROB_TEST_FUNCTION(broyden_tridiagonal, "broyden-tridiagonal", "Broyden's tridiagonal system",
                   PROB_MGH("30"),
                   "0 (for dim = 10 from (-0.570722, -0.681807, ...) to (..., -0.416412))",
                   PROB_ARRAY(PROB_DIM_ROW("10", 1, 1e5), PROB_NOISE_ROWS));

/* 31: x_i (2 + 5 x_i^2) + 1 - sum_{j != i, i-5 <= j <= i+1} x_j (1 + x_j) */
static void broyden_banded(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    for (size_t k = 0; k < d; k++) {
        r[k] = ad_add(ad_mul(x[k], ad_add(2.0, ad_mul(5.0, ad_sqr(x[k])))), 1.0);
        for (size_t j = k > 5 ? k - 5 : 0; j < d && j <= k + 1; j++)
            if (j != k)
                r[k] = ad_sub(r[k], ad_mul(x[j], ad_add(1.0, x[j])));
    }
}
static const prob_test_function broyden_banded_function = {
    .dim = 10,
    .terms_per_dim = 1,
    .residuals = broyden_banded,
    PROB_START(-1),
    PROB_KNOWN({0}, {.dim = 10,
                     PROB_AT(-0.42830286358725027, -0.47659642435629024, -0.51965246364686173,
                             -0.55809932483218090, -0.59250615682945735, -0.62450368219946792,
                             -0.62323947144059109, -0.62139384179657350, -0.62045359665908736,
                             -0.58646927072043507)}),
};
PROB_TEST_FUNCTION(broyden_banded, "broyden-banded", "Broyden's banded system", PROB_MGH("31"),
                   "0 (for dim = 10 from (-0.428303, -0.476596, ...) to (..., -0.586469))",
                   PROB_ARRAY(PROB_DIM_ROW("10", 1, 1e5), PROB_NOISE_ROWS));

/* 32: x_i - (2/m) sum_j x_j - 1 for i <= n, then -(2/m) sum_j x_j - 1 */
static void linear_full_rank(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    ad_var rest = ad_add(ad_mul(-2.0 / (double)m, ad_sum(d, x)), -1.0);
    for (size_t i = 0; i < m; i++)
        r[i] = i < d ? ad_add(x[i], rest) : rest;
}
static double minimum_full_rank(size_t d, size_t m)
{
    return (double)(m - d);
}
static const prob_test_function linear_full_rank_function = {
    .dim = 10,
    .terms_cover_dim = true,
    .residuals = linear_full_rank,
    PROB_START(1),
    PROB_KNOWN({PROB_AT(-1)}),
    .minimum = minimum_full_rank,
};
PROB_TEST_FUNCTION(linear_full_rank, "linear-full-rank", "linear equations of full rank",
                   PROB_MGH("32"), "terms - dim at (-1, ..., -1)",
                   PROB_ARRAY(PROB_DIM_ROW("10", 1, 1000), PROB_TERMS_ROW("20", 1, 1000),
                              PROB_NOISE_ROWS));

/* 33: i sum_j j x_j - 1 */
static void linear_rank_1(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    ad_var sum = ad_const(tape, 0.0);
    for (size_t k = 0; k < d; k++)
        sum = ad_add(sum, ad_mul((double)(k + 1), x[k]));
    for (size_t i = 0; i < m; i++)
        r[i] = ad_sub(ad_mul((double)(i + 1), sum), 1.0);
}
static double minimum_rank_1(size_t d, size_t m)
{
    double terms = (double)m;
    (void)d;
    return terms * (terms - 1.0) / (2.0 * (2.0 * terms + 1.0));
}
static const prob_test_function linear_rank_1_function = {
    .dim = 10,
    .terms_cover_dim = true,
    .residuals = linear_rank_1,
    PROB_START(1),
    PROB_KNOWN({.dim = 10, .terms = 20, PROB_AT(3.0 / 41, 0, 0, 0, 0, 0, 0, 0, 0, 0)}),
    .minimum = minimum_rank_1,
};
PROB_TEST_FUNCTION(linear_rank_1, "linear-rank-1", "linear equations of rank 1", PROB_MGH("33"),
                   "m (m - 1) / (2 (2 m + 1)) with m = terms wherever sum_j j theta_j = "
                   "3 / (2 m + 1)",
                   PROB_ARRAY(PROB_DIM_ROW("10", 1, 1000), PROB_TERMS_ROW("20", 1, 1000),
                              PROB_NOISE_ROWS));

/* 34: (i - 1) sum_{1<j<n} j x_j - 1 for 1 < i < m; the first and the last are -1 */
static void linear_rank_1_zeros(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    ad_var sum = ad_const(tape, 0.0);
    for (size_t k = 1; k + 1 < d; k++)
        sum = ad_add(sum, ad_mul((double)(k + 1), x[k]));
    for (size_t i = 0; i < m; i++)
        r[i] = ad_sub(ad_mul(i + 1 < m ? (double)i : 0.0, sum), 1.0);
}
static double minimum_rank_1_zeros(size_t d, size_t m)
{
    double terms = (double)m;
    (void)d;
    return (terms * (terms + 3.0) - 6.0) / (2.0 * (2.0 * terms - 3.0));
}
static const prob_test_function linear_rank_1_zeros_function = {
    .dim = 10,
    .terms_cover_dim = true,
    .residuals = linear_rank_1_zeros,
    PROB_START(1),
    PROB_KNOWN({.dim = 10, .terms = 20, PROB_AT(0, 1.5 / 37, 0, 0, 0, 0, 0, 0, 0, 0)}),
    .minimum = minimum_rank_1_zeros,
};
PROB_TEST_FUNCTION(linear_rank_1_zeros, "linear-rank-1-zeros",
                   "linear equations of rank 1 with zero columns and rows", PROB_MGH("34"),
                   "(m^2 + 3 m - 6) / (2 (2 m - 3)) with m = terms wherever sum_{1<j<d} j "
                   "theta_j = 3 / (2 m - 3)",
                   PROB_ARRAY(PROB_DIM_ROW("10", 3, 1000), PROB_TERMS_ROW("20", 3, 1000),
                              PROB_NOISE_ROWS));
