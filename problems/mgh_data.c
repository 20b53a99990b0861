/* Functions that fit a model to data, from More, Garbow, Hillstrom 1981; numbers in the
 * comments are theirs, i counts from 1. */
#include "problems/test_functions.h"

#include <math.h>

/* 8: y_i - (x_1 + u / (v x_2 + w x_3)), u = i, v = 16 - i, w = min(u, v) */
static void bard(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    static const double y[15] = {0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39,
                                 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39};
    for (size_t i = 0; i < m; i++) {
        double u = (double)(i + 1), v = 16.0 - u;
        ad_var below = ad_add(ad_mul(v, x[1]), ad_mul(fmin(u, v), x[2]));
        r[i] = ad_sub(y[i], ad_add(x[0], ad_div(u, below)));
    }
}
static const prob_test_function bard_function = {
    .dim = 3,
    .fixed_terms = 15,
    .residuals = bard,
    PROB_START(1, 1, 1),
    PROB_KNOWN({.value = 8.2148773065789748e-3,
                PROB_AT(0.082410559749788932, 1.1330360920297216, 2.3436951786425371)}),
};
PROB_TEST_FUNCTION(bard, "bard",
                   "Bard's function of 3 parameters; it has poles, and falls towards 17.4286 "
                   "at (0.8406, -inf, -inf)",
                   PROB_MGH("8"), "8.21487e-3 at (0.0824106, 1.13304, 2.34370)",
                   PROB_ARRAY(PROB_NOISE_ROWS));

/* 9: x_1 exp(-x_2 (t_i - x_3)^2 / 2) - y_i, t_i = (8 - i) / 2 */
static void gaussian(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    static const double y[15] = {0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989,
                                 0.3521, 0.2420, 0.1295, 0.0540, 0.0175, 0.0044, 0.0009};
    for (size_t i = 0; i < m; i++) {
        double t = (7.0 - (double)i) / 2.0;
        ad_var exponent = ad_mul(-0.5, ad_mul(x[1], ad_sqr(ad_sub(t, x[2]))));
        r[i] = ad_sub(ad_mul(x[0], ad_exp(exponent)), y[i]);
    }
}
static const prob_test_function gaussian_function = {
    .dim = 3,
    .fixed_terms = 15,
    .residuals = gaussian,
    PROB_START(0.4, 1, 0),
    PROB_KNOWN(
        {.value = 1.1279327696186480e-8, PROB_AT(0.39895613783875668, 1.0000190844878057, 0)}),
};
PROB_TEST_FUNCTION(gaussian, "gaussian", "a Gaussian bell of 3 parameters fitted to a table",
                   PROB_MGH("9"), "1.12793e-8 at (0.398956, 1.00002, 0)",
                   PROB_ARRAY(PROB_NOISE_ROWS));

/* 10: x_1 exp(x_2 / (t_i + x_3)) - y_i, t_i = 45 + 5 i */
static void meyer(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    static const double y[16] = {34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744,
                                 8261,  7030,  6005,  5147,  4427,  3820,  3307,  2872};
    for (size_t i = 0; i < m; i++) {
        double t = 50.0 + 5.0 * (double)i;
        r[i] = ad_sub(ad_mul(x[0], ad_exp(ad_div(x[1], ad_add(t, x[2])))), y[i]);
    }
}
static const prob_test_function meyer_function = {
    .dim = 3,
    .fixed_terms = 16,
    .residuals = meyer,
    PROB_START(0.02, 4000, 250),
    PROB_KNOWN({.value = 87.945855170851121,
                PROB_AT(0.0056096364710280525, 6181.3463462863723, 345.22363462413650)}),
};
PROB_TEST_FUNCTION(meyer, "meyer",
                   "Meyer's function of 3 badly scaled parameters: the resistance of a "
                   "thermistor",
                   PROB_MGH("10"), "87.9458 at (0.00560964, 6181.35, 345.224)",
                   PROB_ARRAY(PROB_NOISE_ROWS));

/* 15: y_i - x_1 (u^2 + u x_2) / (u^2 + u x_3 + x_4) */
static void kowalik_osborne(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    static const double y[11] = {0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627,
                                 0.0456, 0.0342, 0.0323, 0.0235, 0.0246};
    static const double u[11] = {4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625};
    for (size_t i = 0; i < m; i++) {
        ad_var above = ad_add(u[i] * u[i], ad_mul(u[i], x[1]));
        ad_var below = ad_add(u[i] * u[i], ad_add(ad_mul(u[i], x[2]), x[3]));
        r[i] = ad_sub(y[i], ad_div(ad_mul(x[0], above), below));
    }
}
static const prob_test_function kowalik_osborne_function = {
    .dim = 4,
    .fixed_terms = 11,
    .residuals = kowalik_osborne,
    PROB_START(0.25, 0.39, 0.415, 0.39),
    PROB_KNOWN({.value = 3.0750560384923743e-4,
                PROB_AT(0.19280693457903785, 0.19128232873436696, 0.12305650692632065,
                        0.13606233068379484)}),
};
PROB_TEST_FUNCTION(kowalik_osborne, "kowalik-osborne",
                   "Kowalik and Osborne's function of 4 parameters; it falls towards "
                   "1.02734e-3 at (inf, -14.07, -inf, -inf)",
                   PROB_MGH("15"),
                   "3.07506e-4 (there: 3.07505e-4) at (0.192807, 0.191282, 0.123057, 0.136062)",
                   PROB_ARRAY(PROB_NOISE_ROWS));

/* 16: (x_1 + t x_2 - exp t)^2 + (x_3 + x_4 sin t - cos t)^2, t = i/5 */
static void brown_dennis(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    for (size_t i = 0; i < m; i++) {
        double t = (double)(i + 1) / 5.0;
        ad_var line = ad_sub(ad_add(x[0], ad_mul(t, x[1])), exp(t));
        ad_var wave = ad_sub(ad_add(x[2], ad_mul(sin(t), x[3])), cos(t));
        r[i] = ad_add(ad_sqr(line), ad_sqr(wave));
    }
}
static const prob_test_function brown_dennis_function = {
    .dim = 4,
    .residuals = brown_dennis,
    PROB_START(25, 5, -5, -1),
    PROB_KNOWN({.terms = 20,
                .value = 85822.201626356345,
                PROB_AT(-11.594439904762165, 13.203630051207204, -0.40343948817685952,
                        0.23677877445573630)}),
};
PROB_TEST_FUNCTION(brown_dennis, "brown-dennis", "Brown and Dennis's function of 4 parameters",
                   PROB_MGH("16"),
                   "85822.2 at (-11.5944, 13.2036, -0.403439, 0.236779) for terms = 20",
                   PROB_ARRAY(PROB_TERMS_ROW("20", 4, 100), PROB_NOISE_ROWS));

/* 17: y_i - (x_1 + x_2 exp(-t_i x_4) + x_3 exp(-t_i x_5)), t_i = 10 (i - 1) */
static void osborne_1(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    static const double y[33] = {0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818,
                                 0.784, 0.751, 0.718, 0.685, 0.658, 0.628, 0.603, 0.580, 0.558,
                                 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438,
                                 0.431, 0.424, 0.420, 0.414, 0.411, 0.406};
    for (size_t i = 0; i < m; i++) {
        double t = 10.0 * (double)i;
        ad_var first = ad_mul(x[1], ad_exp(ad_mul(-t, x[3])));
        ad_var second = ad_mul(x[2], ad_exp(ad_mul(-t, x[4])));
        r[i] = ad_sub(y[i], ad_add(x[0], ad_add(first, second)));
    }
}
static const prob_test_function osborne_1_function = {
    .dim = 5,
    .fixed_terms = 33,
    .residuals = osborne_1,
    PROB_START(0.5, 1.5, -1, 0.01, 0.02),
    PROB_KNOWN({.value = 5.4648946974829064e-5,
                PROB_AT(0.37541005210695204, 1.9358469127123674, -1.4646871366134231,
                        0.012867534640057289, 0.022122699661672611)},
               {.value = 5.4648946974829064e-5,
                PROB_AT(0.37541005210695204, -1.4646871366134231, 1.9358469127123674,
                        0.022122699661672611, 0.012867534640057289)}),
};
PROB_TEST_FUNCTION(osborne_1, "osborne-1",
                   "Osborne's function of 5 parameters: two exponentials and a constant",
                   PROB_MGH("17"),
                   "5.46489e-5 at (0.375410, 1.93585, -1.46469, 0.0128675, 0.0221227), or with "
                   "the exponentials exchanged",
                   PROB_ARRAY(PROB_NOISE_ROWS));

/* 18: x_3 exp(-t x_1) - x_4 exp(-t x_2) + x_6 exp(-t x_5) - y_i, t = i/10.  Where x_1 = x_5,
 * only x_3 + x_6 matters: the source's 5.65565e-3 is that of two exponentials, stationary on a
 * line, of which the part with x_3 x_6 < 0 is a minimum, the part between is not. */
static void biggs_exp6(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    for (size_t i = 0; i < m; i++) {
        double t = (double)(i + 1) / 10.0;
        double y = exp(-t) - 5.0 * exp(-10.0 * t) + 3.0 * exp(-4.0 * t);
        ad_var first = ad_mul(x[2], ad_exp(ad_mul(-t, x[0])));
        ad_var second = ad_mul(x[3], ad_exp(ad_mul(-t, x[1])));
        ad_var third = ad_mul(x[5], ad_exp(ad_mul(-t, x[4])));
        r[i] = ad_sub(ad_add(ad_sub(first, second), third), y);
    }
}
static const prob_test_function biggs_exp6_function = {
    .dim = 6,
    .residuals = biggs_exp6,
    PROB_START(1, 2, 1, 1, 1, 1),
    PROB_KNOWN({PROB_AT(1, 10, 1, 5, 4, 3)}, {PROB_AT(4, 10, 3, 5, 1, 1)},
               {PROB_AT(1, 4, 1, -3, 10, -5)}, {PROB_AT(4, 1, 3, -1, 10, -5)},
               {PROB_AT(10, 1, -5, -1, 4, 3)}, {PROB_AT(10, 4, -5, -3, 1, 1)},
               {PROB_LOCAL_MINIMUM, .terms = 13, .value = 5.6556499254999310e-3,
                PROB_AT(1.7114159947195876, 17.683198180949067, 3, 5.1865615519934518,
                        1.7114159947195876, -0.67371267816221493)},
               {PROB_SADDLE, .terms = 13, .value = 5.6556499254999310e-3,
                PROB_AT(1.7114159947195876, 17.683198180949067, 1, 5.1865615519934518,
                        1.7114159947195876, 1.3262873218377851)}),
};
PROB_TEST_FUNCTION(biggs_exp6, "biggs-exp6",
                   "Biggs's function of 6 parameters: three exponentials", PROB_MGH("18"),
                   "0 at (1, 10, 1, 5, 4, 3) and the five other orders of its exponentials: "
                   "(4, 10, 3, 5, 1, 1), (1, 4, 1, -3, 10, -5), (4, 1, 3, -1, 10, -5), "
                   "(10, 1, -5, -1, 4, 3), (10, 4, -5, -3, 1, 1)",
                   PROB_ARRAY(PROB_TERMS_ROW("13", 6, 1000), PROB_NOISE_ROWS));

/* 19: y_i - (x_1 exp(-t x_5) + sum_{k=2..4} x_k exp(-(t - x_{k+7})^2 x_{k+4})), t = (i-1)/10 */
static void osborne_2(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    static const double y[65] = {
        1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746,
        0.679, 0.608, 0.655, 0.616, 0.606, 0.602, 0.626, 0.651, 0.724, 0.649, 0.649,
        0.694, 0.644, 0.624, 0.661, 0.612, 0.558, 0.533, 0.495, 0.500, 0.423, 0.395,
        0.375, 0.372, 0.391, 0.396, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653,
        0.672, 0.708, 0.633, 0.668, 0.645, 0.632, 0.591, 0.559, 0.597, 0.625, 0.739,
        0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098, 0.054};
    for (size_t i = 0; i < m; i++) {
        double t = (double)i / 10.0;
        ad_var model = ad_mul(x[0], ad_exp(ad_mul(-t, x[4])));
        for (size_t k = 1; k < 4; k++) {
            ad_var square = ad_sqr(ad_sub(t, x[k + 7]));
            model = ad_add(model, ad_mul(x[k], ad_exp(ad_neg(ad_mul(square, x[k + 4])))));
        }
        r[i] = ad_sub(y[i], model);
    }
}
static const prob_test_function osborne_2_function = {
    .dim = 11,
    .fixed_terms = 65,
    .residuals = osborne_2,
    PROB_START(1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5),
    PROB_KNOWN({.value = 0.040137736293547738,
                PROB_AT(1.3099771546273005, 0.43155379460298892, 0.63366169896072400,
                        0.59943053478591630, 0.75418322632801128, 0.90428857985963366,
                        1.3658118352370285, 4.8236988172271556, 2.3986848661317546,
                        4.5688745976676716, 5.6753414705806412)}),
};
PROB_TEST_FUNCTION(osborne_2, "osborne-2",
                   "Osborne's function of 11 parameters: an exponential and three bells",
                   PROB_MGH("19"),
                   "4.01377e-2 at (1.30998, 0.431554, 0.633662, 0.599431, 0.754183, 0.904289, "
                   "1.36581, 4.82370, 2.39868, 4.56887, 5.67534) and with the bells exchanged",
                   PROB_ARRAY(PROB_NOISE_ROWS));
