/* Functions of any number of parameters n = d from More, Garbow, Hillstrom 1981; numbers in
 * the comments are theirs, i and j count from 1. */
#include "problems/test_functions.h"

#include <math.h>

/* 20: sum_{j>1} (j-1) x_j t^(j-2) - (sum_j x_j t^(j-1))^2 - 1, t = i/29, for i <= 29, both
 * sums by Horner's rule; then x_1 and x_2 - x_1^2 - 1 */
static void watson(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    for (size_t i = 0; i < 29; i++) {
        double t = (double)(i + 1) / 29.0;
        ad_var sum = x[d - 1], slope = ad_mul((double)(d - 1), x[d - 1]);
        for (size_t k = d - 1; k-- > 0;) {
            sum = ad_add(ad_mul(t, sum), x[k]);
            if (k > 0)
                slope = ad_add(ad_mul(t, slope), ad_mul((double)k, x[k]));
        }
        r[i] = ad_sub(ad_sub(slope, ad_sqr(sum)), 1.0);
    }
    r[29] = x[0];
    r[30] = ad_sub(ad_sub(x[1], ad_sqr(x[0])), 1.0);
}
static const prob_test_function watson_function = {
    .dim = 6,
    .fixed_terms = 31,
    .residuals = watson,
    PROB_START(0),
    PROB_KNOWN({.dim = 6,
                .value = 2.2876700535524362e-3,
                PROB_AT(-0.015725086401458457, 1.0124348693691099, -0.23299162595673768,
                        1.2604300877996083, -1.5137289227222797, 0.99299643243113452)},
               {.dim = 9,
                .value = 1.3997601380990199e-6,
                PROB_AT(-1.5307036521394342e-5, 0.99978970393194838, 0.014763963693556959,
                        0.14634232829936223, 1.0008211030047092, -2.6177311405190151,
                        4.1044031644788564, -3.1436122785564422, 1.0526264080101669)},
               {.dim = 12,
                .value = 4.7223811058917574e-10,
                PROB_AT(-6.6380604645206870e-9, 1.0000016441178620, -5.6393221034230585e-4,
                        0.34782054050404241, -0.15673150409616512, 1.0528151772071778,
                        -3.2472711534596677, 7.2884348979380610, -10.271848241321724,
                        9.0741136470753157, -4.5413754666925120, 1.0120118885528104)}),
};
PROB_TEST_FUNCTION(watson, "watson",
                   "Watson's function: the polynomial nearest to a solution of u' = u^2 + 1, "
                   "ever worse conditioned as dim grows",
                   PROB_MGH("20"),
                   "2.28767e-3 for dim = 6, 1.39976e-6 for dim = 9, 4.72238e-10 for dim = 12",
                   PROB_ARRAY(PROB_DIM_ROW("6", 2, 31), PROB_NOISE_ROWS));

/* 21 */
static void extended_rosenbrock(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    for (size_t k = 0; k < d; k += 2) {
        r[k] = ad_mul(10.0, ad_sub(x[k + 1], ad_sqr(x[k])));
        r[k + 1] = ad_sub(1.0, x[k]);
    }
}
static const prob_test_function extended_rosenbrock_function = {
    .dim = 10,
    .multiple = 2,
    .terms_per_dim = 1,
    .residuals = extended_rosenbrock,
    PROB_START(-1.2, 1),
    PROB_KNOWN({PROB_AT(1)}),
};
PROB_TEST_FUNCTION(extended_rosenbrock, "extended-rosenbrock",
                   "d/2 separate Rosenbrock functions; dim even; rosenbrock is the chained one",
                   PROB_MGH("21"), "0 at (1, ..., 1)",
                   PROB_ARRAY(PROB_DIM_ROW("10", 2, 1e5), PROB_NOISE_ROWS));

/* 23 */
static void penalty_1(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    for (size_t k = 0; k < d; k++)
        r[k] = ad_mul(sqrt(1e-5), ad_sub(x[k], 1.0));
    r[d] = ad_sub(ad_sqnorm(d, x), 0.25);
}
static double count(size_t k, size_t d)
{
    (void)d;
    return (double)(k + 1);
}
static const prob_test_function penalty_1_function = {
    .dim = 4,
    .fixed_terms = 1,
    .terms_per_dim = 1,
    .residuals = penalty_1,
    .start_at = count,
    PROB_KNOWN({.dim = 4, .value = 2.2499775008999370e-5, PROB_AT(0.25000749958753787)},
               {.dim = 10, .value = 7.0876514670903694e-5, PROB_AT(0.15812230111311636)}),
};
PROB_TEST_FUNCTION(penalty_1, "penalty-1", "penalty function I", PROB_MGH("23"),
                   "2.24998e-5 (there: 2.24997e-5) at theta_k = 0.250007 for dim = 4, "
                   "7.08765e-5 at theta_k = 0.158122 for dim = 10",
                   PROB_ARRAY(PROB_DIM_ROW("4", 1, 1e5), PROB_NOISE_ROWS));

/* 24 */
static void penalty_2(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    double root = sqrt(1e-5);
    ad_var sum = ad_const(tape, -1.0), before = x[0];
    for (size_t k = 0; k < d; k++) {
        ad_var power = ad_exp(ad_div(x[k], 10.0));
        sum = ad_add(sum, ad_mul((double)(d - k), ad_sqr(x[k])));
        if (k > 0) {
            double y = exp((double)(k + 1) / 10.0) + exp((double)k / 10.0);
            r[k] = ad_mul(root, ad_sub(ad_add(power, before), y));
            r[d + k - 1] = ad_mul(root, ad_sub(power, exp(-0.1)));
        }
        before = power;
    }
    r[0] = ad_sub(x[0], 0.2);
    r[2 * d - 1] = sum;
}
static const prob_test_function penalty_2_function = {
    .dim = 4,
    .terms_per_dim = 2,
    .residuals = penalty_2,
    PROB_START(0.5),
    PROB_KNOWN({.dim = 4,
                .value = 9.3762930073554415e-6,
                PROB_AT(0.19999933335038038, 0.19131670099277245, 0.48010148533262317,
                        0.51884540439020059)},
               {.dim = 10,
                .value = 2.9366053745674594e-4,
                PROB_AT(0.19998360519782361, 0.010350648471292298, 0.019604934480438400,
                        0.032089067220685650, 0.049932677399641297, 0.076513995153993608,
                        0.11862407286950418, 0.19214487233557668, 0.34732058694184363,
                        0.36916437415935083)}),
};
PROB_TEST_FUNCTION(penalty_2, "penalty-2", "penalty function II", PROB_MGH("24"),
                   "9.37629e-6 at (0.199999, 0.191317, 0.480101, 0.518845) for dim = 4, "
                   "2.93661e-4 (there: 2.93660e-4) for dim = 10",
                   PROB_ARRAY(PROB_DIM_ROW("4", 1, 1000), PROB_NOISE_ROWS));

/* 25 */
static void variably_dimensioned(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    r[d] = ad_const(tape, 0.0);
    for (size_t k = 0; k < d; k++) {
        r[k] = ad_sub(x[k], 1.0);
        r[d] = ad_add(r[d], ad_mul((double)(k + 1), r[k]));
    }
    r[d + 1] = ad_sqr(r[d]);
}
static double downwards(size_t k, size_t d)
{
    return 1.0 - (double)(k + 1) / (double)d;
}
static const prob_test_function variably_dimensioned_function = {
    .dim = 10,
    .fixed_terms = 2,
    .terms_per_dim = 1,
    .residuals = variably_dimensioned,
    .start_at = downwards,
    PROB_KNOWN({PROB_AT(1)}),
};
PROB_TEST_FUNCTION(variably_dimensioned, "variably-dimensioned",
                   "the variably dimensioned function", PROB_MGH("25"), "0 at (1, ..., 1)",
                   PROB_ARRAY(PROB_DIM_ROW("10", 1, 1e5), PROB_NOISE_ROWS));

/* 26: n - sum_j cos x_j + i (1 - cos x_i) - sin x_i */
static void trigonometric(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    ad_var sum = ad_const(tape, 0.0);
    for (size_t k = 0; k < d; k++) {
        r[k] = ad_sub(1.0, ad_cos(x[k]));
        sum = ad_add(sum, r[k]);
    }
    for (size_t k = 0; k < d; k++)
        r[k] = ad_sub(ad_add(sum, ad_mul((double)(k + 1), r[k])), ad_sin(x[k]));
}
static double one_nth(size_t k, size_t d)
{
    (void)k;
    return 1.0 / (double)d;
}
static const prob_test_function trigonometric_function = {
    .dim = 10,
    .terms_per_dim = 1,
    .residuals = trigonometric,
    .start_at = one_nth,
    PROB_KNOWN({PROB_AT(0)},
               {PROB_LOCAL_MINIMUM, .dim = 10, .value = 2.7950561218794563e-5,
                PROB_AT(0.055150903980691293, 0.056840616794738563, 0.058764001762695084,
                        0.060990608656760805, 0.063626213695854510, 0.066843179452758789,
                        0.20816151856988116, 0.16436309588564774, 0.085006895688507445,
                        0.091431450714707944)}),
};
PROB_TEST_FUNCTION(trigonometric, "trigonometric",
                   "the trigonometric function, with several minima", PROB_MGH("26"),
                   "0 at theta = 0 (and at others, up to multiples of 2 pi)",
                   PROB_ARRAY(PROB_DIM_ROW("10", 1, 1000), PROB_NOISE_ROWS));

/* 27.  The source gives the value 1 at (0, ..., 0, n + 1) among its minima.  It is stationary
 * there for n > 2, but at (-s, ..., -s, n + 1 + n s) the linear residuals are 0 as well and the
 * product is (-s)^(n-1) (n + 1 + n s): for s or -s there are lower values. */
static void brown_almost_linear(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    ad_var sum = ad_sum(d, x), product = x[0];
    for (size_t k = 1; k < d; k++)
        product = ad_mul(product, x[k]);
    for (size_t k = 0; k + 1 < d; k++)
        r[k] = ad_sub(ad_add(x[k], sum), (double)(d + 1));
    r[d - 1] = ad_sub(product, 1.0);
}
static const prob_test_function brown_almost_linear_function = {
    .dim = 10,
    .terms_per_dim = 1,
    .residuals = brown_almost_linear,
    PROB_START(0.5),
    PROB_KNOWN({PROB_AT(1)},
               {.dim = 10,
                PROB_AT(0.97943030334986245, 0.97943030334986245, 0.97943030334986245,
                        0.97943030334986245, 0.97943030334986245, 0.97943030334986245,
                        0.97943030334986245, 0.97943030334986245, 0.97943030334986245,
                        1.2056969665013755)},
               {PROB_SADDLE, .dim = 10, .value = 1, PROB_AT(0, 0, 0, 0, 0, 0, 0, 0, 0, 11)}),
};
PROB_TEST_FUNCTION(brown_almost_linear, "brown-almost-linear",
                   "Brown's almost linear system: squares of d - 1 linear equations and one "
                   "with the product of all parameters",
                   PROB_MGH("27"),
                   "0 at (1, ..., 1) and (a, ..., a, a^(1-d)) with d a^d - (d + 1) a^(d-1) + 1 "
                   "= 0 (a = 0.979430 for dim = 10)",
                   PROB_ARRAY(PROB_DIM_ROW("10", 2, 100), PROB_NOISE_ROWS));
