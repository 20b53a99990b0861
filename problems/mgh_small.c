/* Functions of 2 to 4 parameters from More, Garbow, Hillstrom 1981; numbers in the comments
 * are theirs. */
#include "problems/test_functions.h"

#include <math.h>

#define PI 3.14159265358979323846

/* 2 */
static void freudenstein_roth(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    ad_var y = x[1];
    ad_var down = ad_sub(ad_mul(ad_sub(5.0, y), y), 2.0);
    ad_var up = ad_sub(ad_mul(ad_add(y, 1.0), y), 14.0);
    r[0] = ad_add(ad_sub(x[0], 13.0), ad_mul(down, y));
    r[1] = ad_add(ad_sub(x[0], 29.0), ad_mul(up, y));
}
static const prob_test_function freudenstein_roth_function = {
    .dim = 2,
    .fixed_terms = 2,
    .residuals = freudenstein_roth,
    PROB_START(0.5, -2),
    PROB_KNOWN({PROB_AT(5, 4)}, {PROB_LOCAL_MINIMUM, .value = 48.984253679240021,
                                 PROB_AT(11.412778986902094, -0.89680525327447652)}),
};
PROB_TEST_FUNCTION(freudenstein_roth, "freudenstein-roth",
                   "Freudenstein and Roth's function of 2 parameters", PROB_MGH("2"),
                   "0 at (5, 4)", PROB_ARRAY(PROB_NOISE_ROWS));

/* 3 */
static void powell_badly_scaled(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    r[0] = ad_sub(ad_mul(ad_mul(1e4, x[0]), x[1]), 1.0);
    r[1] = ad_sub(ad_add(ad_exp(ad_neg(x[0])), ad_exp(ad_neg(x[1]))), 1.0001);
}
static const prob_test_function powell_badly_scaled_function = {
    .dim = 2,
    .fixed_terms = 2,
    .residuals = powell_badly_scaled,
    PROB_START(0, 1),
    PROB_KNOWN({PROB_AT(1.0981593296998175e-5, 9.1061467398665240)}),
};
PROB_TEST_FUNCTION(powell_badly_scaled, "powell-badly-scaled",
                   "Powell's badly scaled function of 2 parameters", PROB_MGH("3"),
                   "0 at (1.098159e-5, 9.106147)", PROB_ARRAY(PROB_NOISE_ROWS));

/* 4 */
static void brown_badly_scaled(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    r[0] = ad_sub(x[0], 1e6);
    r[1] = ad_sub(x[1], 2e-6);
    r[2] = ad_sub(ad_mul(x[0], x[1]), 2.0);
}
static const prob_test_function brown_badly_scaled_function = {
    .dim = 2,
    .fixed_terms = 3,
    .residuals = brown_badly_scaled,
    PROB_START(1, 1),
    PROB_KNOWN({PROB_AT(1e6, 2e-6)}),
};
PROB_TEST_FUNCTION(brown_badly_scaled, "brown-badly-scaled",
                   "Brown's badly scaled function of 2 parameters", PROB_MGH("4"),
                   "0 at (1e6, 2e-6)", PROB_ARRAY(PROB_NOISE_ROWS));

/* 5: y_i - x_1 (1 - x_2^i) */
static void beale(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    static const double y[] = {1.5, 2.25, 2.625};
    ad_var power = x[1];
    for (size_t i = 0; i < m && i < sizeof y / sizeof y[0]; i++) {
        r[i] = ad_sub(y[i], ad_mul(x[0], ad_sub(1.0, power)));
        power = ad_mul(power, x[1]);
    }
}
static const prob_test_function beale_function = {
    .dim = 2,
    .fixed_terms = 3,
    .residuals = beale,
    PROB_START(1, 1),
    PROB_KNOWN({PROB_AT(3, 0.5)}),
};
PROB_TEST_FUNCTION(beale, "beale", "Beale's function of 2 parameters", PROB_MGH("5"),
                   "0 at (3, 0.5)", PROB_ARRAY(PROB_NOISE_ROWS));

/* 6: 2 + 2i - (exp(i x_1) + exp(i x_2)) */
static void jennrich_sampson(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    for (size_t i = 0; i < m; i++) {
        double t = (double)(i + 1);
        r[i] = ad_sub(2.0 + 2.0 * t, ad_add(ad_exp(ad_mul(t, x[0])), ad_exp(ad_mul(t, x[1]))));
    }
}
static const prob_test_function jennrich_sampson_function = {
    .dim = 2,
    .residuals = jennrich_sampson,
    PROB_START(0.3, 0.4),
    PROB_KNOWN({.terms = 10, .value = 124.36218235561485, PROB_AT(0.25782521367036408)}),
};
PROB_TEST_FUNCTION(jennrich_sampson, "jennrich-sampson",
                   "Jennrich and Sampson's function of 2 parameters", PROB_MGH("6"),
                   "124.362 at (0.257825, 0.257825) for terms = 10",
                   PROB_ARRAY(PROB_TERMS_ROW("10", 2, 100), PROB_NOISE_ROWS));

/* 7: with the angle of (x_1, x_2) from -1/4 to 3/4 of a turn, so that the cut is the half-line
 * x_1 = 0, x_2 < 0 as it is in the source's two branches of the arc tangent. */
static void helical_valley(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    ad_var turn = ad_sub(0.25, ad_div(ad_atan2(x[0], x[1]), 2.0 * PI));
    r[0] = ad_mul(10.0, ad_sub(x[2], ad_mul(10.0, turn)));
    r[1] = ad_mul(10.0, ad_sub(ad_hypot(x[0], x[1]), 1.0));
    r[2] = x[2];
}
static const prob_test_function helical_valley_function = {
    .dim = 3,
    .fixed_terms = 3,
    .residuals = helical_valley,
    PROB_START(-1, 0, 0),
    PROB_KNOWN({PROB_AT(1, 0, 0)}),
};
PROB_TEST_FUNCTION(helical_valley, "helical-valley",
                   "Fletcher and Powell's helical valley of 3 parameters; it jumps at "
                   "theta_1 = 0, theta_2 < 0",
                   PROB_MGH("7"), "0 at (1, 0, 0)", PROB_ARRAY(PROB_NOISE_ROWS));

/* 11: exp(-|y_i - x_2|^x_3 / x_1) - t_i; what is printed there, |y_i m i x_2|, is a misprint
 * for |y_i - x_2|, the only reading with the stated minimum.  m < 100: t_100 = 1 would put
 * the minimum where |.| is 0. */
static void gulf(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    for (size_t i = 0; i < m; i++) {
        double t = (double)(i + 1) / 100.0;
        double y = 25.0 + pow(-50.0 * log(t), 2.0 / 3.0);
        ad_var power = ad_pow(ad_abs(ad_sub(y, x[1])), x[2]);
        r[i] = ad_sub(ad_exp(ad_neg(ad_div(power, x[0]))), t);
    }
}
static const prob_test_function gulf_function = {
    .dim = 3,
    .residuals = gulf,
    PROB_START(5, 2.5, 0.15),
    PROB_KNOWN({PROB_AT(50, 25, 1.5)}),
};
PROB_TEST_FUNCTION(gulf, "gulf",
                   "Gulf Research and Development function of 3 parameters; not differentiable "
                   "where theta_2 is one of its data, all above 25",
                   PROB_MGH("11") " (with y_i - x_2 for the misprinted y_i m i x_2)",
                   "0 at (50, 25, 1.5)",
                   PROB_ARRAY(PROB_TERMS_ROW("99", 3, 99), PROB_NOISE_ROWS));

/* 12: exp(-t x_1) - exp(-t x_2) - x_3 (exp(-t) - exp(-10 t)), t = i/10 */
static void box(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    for (size_t i = 0; i < m; i++) {
        double t = (double)(i + 1) / 10.0;
        ad_var difference = ad_sub(ad_exp(ad_mul(-t, x[0])), ad_exp(ad_mul(-t, x[1])));
        r[i] = ad_sub(difference, ad_mul(exp(-t) - exp(-10.0 * t), x[2]));
    }
}
static const prob_test_function box_function = {
    .dim = 3,
    .residuals = box,
    PROB_START(0, 10, 20),
    PROB_KNOWN({PROB_AT(1, 10, 1)}, {PROB_AT(10, 1, -1)}, {PROB_AT(1, 1, 0)}),
};
PROB_TEST_FUNCTION(box, "box", "Box's function of 3 parameters", PROB_MGH("12"),
                   "0 at (1, 10, 1), (10, 1, -1) and wherever theta_1 = theta_2, theta_3 = 0",
                   PROB_ARRAY(PROB_TERMS_ROW("10", 3, 1000), PROB_NOISE_ROWS));

/* 13, and 22 for more than 4 parameters */
static void powell_singular(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    for (size_t k = 0; k < d; k += 4) {
        r[k] = ad_add(x[k], ad_mul(10.0, x[k + 1]));
        r[k + 1] = ad_mul(sqrt(5.0), ad_sub(x[k + 2], x[k + 3]));
        r[k + 2] = ad_sqr(ad_sub(x[k + 1], ad_mul(2.0, x[k + 2])));
        r[k + 3] = ad_mul(sqrt(10.0), ad_sqr(ad_sub(x[k], x[k + 3])));
    }
}
static const prob_test_function powell_singular_function = {
    .dim = 4,
    .multiple = 4,
    .terms_per_dim = 1,
    .residuals = powell_singular,
    PROB_START(3, -1, 0, 1),
    PROB_KNOWN({PROB_AT(0)}),
};
PROB_TEST_FUNCTION(powell_singular, "powell-singular",
                   "Powell's function with a singular Hessian at its minimum; dim a multiple "
                   "of 4",
                   PROB_MGH("13") " and 22", "0 at theta = 0",
                   PROB_ARRAY(PROB_DIM_ROW("4", 4, 1e5), PROB_NOISE_ROWS));

/* 14 */
static void wood(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    r[0] = ad_mul(10.0, ad_sub(x[1], ad_sqr(x[0])));
    r[1] = ad_sub(1.0, x[0]);
    r[2] = ad_mul(sqrt(90.0), ad_sub(x[3], ad_sqr(x[2])));
    r[3] = ad_sub(1.0, x[2]);
    r[4] = ad_mul(sqrt(10.0), ad_sub(ad_add(x[1], x[3]), 2.0));
    r[5] = ad_mul(sqrt(0.1), ad_sub(x[1], x[3]));
}
static const prob_test_function wood_function = {
    .dim = 4,
    .fixed_terms = 6,
    .residuals = wood,
    PROB_START(-3, -1, -3, -1),
    PROB_KNOWN({PROB_AT(1)}, {PROB_SADDLE, .value = 7.8769671651768675,
                              PROB_AT(-0.96797402493759307, 0.94713914081784182,
                                      -0.96951631033159115, 0.95124766579232528)}),
};
PROB_TEST_FUNCTION(wood, "wood", "Wood's function of 4 parameters", PROB_MGH("14"),
                   "0 at (1, 1, 1, 1)", PROB_ARRAY(PROB_NOISE_ROWS));
