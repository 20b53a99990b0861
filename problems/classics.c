/* Test functions of one formula each.  Where the literature names no starting point, ours is
 * a point from which the way to the minimum is not straight, and not a stationary one. */
#include "problems/test_functions.h"

#define PI 3.14159265358979323846

/* (x^2 + y - 11)^2 + (x + y^2 - 7)^2 */
static void himmelblau(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    r[0] = ad_add(ad_sqr(x[0]), ad_sub(x[1], 11.0));
    r[1] = ad_add(x[0], ad_sub(ad_sqr(x[1]), 7.0));
}
static const prob_test_function himmelblau_function = {
    .dim = 2,
    .fixed_terms = 2,
    .residuals = himmelblau,
    PROB_START(0, 0),
    PROB_KNOWN({PROB_AT(3, 2)}, {PROB_AT(-2.8051180869527449, 3.1313125182505730)},
               {PROB_AT(-3.7793102533777469, -3.2831859912861694)},
               {PROB_AT(3.5844283403304917, -1.8481265269644036)}),
};
PROB_TEST_FUNCTION(himmelblau, "himmelblau",
                   "Himmelblau's function of 2 parameters, with four minima",
                   "Himmelblau, Applied Nonlinear Programming, 1972; the start is ours",
                   "0 at (3, 2), (-2.805118, 3.131313), (-3.779310, -3.283186) and "
                   "(3.584428, -1.848127)",
                   PROB_ARRAY(PROB_NOISE_ROWS));

/* (4 - 2.1 x^2 + x^4/3) x^2 + x y + (4 y^2 - 4) y^2 */
static ad_var six_hump_camel(ad_tape *tape, size_t d, const ad_var *x)
{
    ad_var xx = ad_sqr(x[0]), yy = ad_sqr(x[1]);
    ad_var slope = ad_add(4.0, ad_mul(xx, ad_sub(ad_div(xx, 3.0), 2.1)));
    ad_var bowl = ad_mul(ad_sub(ad_mul(4.0, yy), 4.0), yy);
    return ad_add(ad_add(ad_mul(slope, xx), ad_mul(x[0], x[1])), bowl);
}
static const prob_test_function six_hump_camel_function = {
    .dim = 2,
    .value = six_hump_camel,
    PROB_START(1, 1),
    PROB_KNOWN(
        {.value = -1.0316284534898774, PROB_AT(0.089842013100318062, -0.71265640302073963)},
        {.value = -1.0316284534898774, PROB_AT(-0.089842013100318062, 0.71265640302073963)},
        {PROB_LOCAL_MINIMUM, .value = -0.21546382438371764,
         PROB_AT(1.7036067149699808, -0.79608356867262512)},
        {PROB_LOCAL_MINIMUM, .value = -0.21546382438371764,
         PROB_AT(-1.7036067149699808, 0.79608356867262512)},
        {PROB_LOCAL_MINIMUM, .value = 2.1042503103112583,
         PROB_AT(1.6071047529201972, 0.56865145488413137)},
        {PROB_LOCAL_MINIMUM, .value = 2.1042503103112583,
         PROB_AT(-1.6071047529201972, -0.56865145488413137)}),
};
PROB_TEST_FUNCTION(six_hump_camel, "six-hump-camel",
                   "six-hump camel-back function of 2 parameters: six minima, two of them "
                   "global",
                   "Dixon, Szego, Towards Global Optimisation 2, 1978, 1-15; the start is ours",
                   "-1.031628 at (0.089842, -0.712656) and (-0.089842, 0.712656)",
                   PROB_ARRAY(PROB_NOISE_ROWS));

/* -20 exp(-0.2 sqrt(mean x_k^2)) - exp(mean cos 2 pi x_k) + 20 + e, in terms of expm1 so that
 * the minimum is 0 without rounding.  The root has a cone at 0, where its derivative is taken
 * to be 0. */
static ad_var ackley(ad_tape *tape, size_t d, const ad_var *x)
{
    double n = (double)d;
    ad_var mean = ad_div(ad_sqnorm(d, x), n), cosines = ad_const(tape, 0.0);
    for (size_t k = 0; k < d; k++)
        cosines = ad_add(cosines, ad_sub(ad_cos(ad_mul(2.0 * PI, x[k])), 1.0));
    ad_var away = ad_gt(mean, 0.0);
    ad_var root = ad_select(away, ad_sqrt(ad_select(away, mean, 1.0)), 0.0);
    ad_var cone = ad_mul(-20.0, ad_expm1(ad_mul(-0.2, root)));
    return ad_sub(cone, ad_mul(2.71828182845904523536, ad_expm1(ad_div(cosines, n))));
}
static const prob_test_function ackley_function = {
    .dim = 2,
    .value = ackley,
    PROB_START(1.5, -2.5),
    PROB_KNOWN({PROB_AT(0)}),
};
PROB_TEST_FUNCTION(ackley, "ackley",
                   "Ackley's function: a cone with ripples, not differentiable at its minimum, "
                   "where the gradient is given as 0",
                   "Ackley, A Connectionist Machine for Genetic Hillclimbing, 1987; the start "
                   "is ours: (1.5, -2.5), repeated",
                   "0 at theta = 0", PROB_ARRAY(PROB_DIM_ROW("2", 1, 1e5), PROB_NOISE_ROWS));

/* 10 d + sum_k x_k^2 - 10 cos(2 pi x_k) */
static ad_var rastrigin(ad_tape *tape, size_t d, const ad_var *x)
{
    ad_var sum = ad_const(tape, 0.0);
    for (size_t k = 0; k < d; k++) {
        ad_var ripple = ad_sub(1.0, ad_cos(ad_mul(2.0 * PI, x[k])));
        sum = ad_add(sum, ad_add(ad_sqr(x[k]), ad_mul(10.0, ripple)));
    }
    return sum;
}
static const prob_test_function rastrigin_function = {
    .dim = 2,
    .value = rastrigin,
    PROB_START(0.4, -1.4),
    PROB_KNOWN({PROB_AT(0)}, {PROB_LOCAL_MINIMUM, .value = 0.99495905709329139,
                              .value_per_dim = true, PROB_AT(0.99495863765233480)}),
};
PROB_TEST_FUNCTION(rastrigin, "rastrigin",
                   "Rastrigin's function: a paraboloid with ripples, about 11^d minima in "
                   "[-5.12, 5.12]^d",
                   "Rastrigin, Systems of Extremal Control, 1974; in d dimensions: "
                   "Muehlenbein, Schomisch, Born, Parallel Computing 17 (1991) 619-632; the "
                   "start is ours: (0.4, -1.4), repeated",
                   "0 at theta = 0", PROB_ARRAY(PROB_DIM_ROW("2", 1, 1e5), PROB_NOISE_ROWS));

/* sin(x + y) + (x - y)^2 - 1.5 x + 2.5 y + 1; its minima solve cos(x + y) = -1/2 with
 * sin(x + y) < 0 and x - y = 1: each is pi higher than the one before. */
static ad_var mccormick(ad_tape *tape, size_t d, const ad_var *x)
{
    ad_var linear = ad_add(1.0, ad_sub(ad_mul(2.5, x[1]), ad_mul(1.5, x[0])));
    ad_var wave = ad_sin(ad_add(x[0], x[1]));
    return ad_add(wave, ad_add(ad_sqr(ad_sub(x[0], x[1])), linear));
}
static const prob_test_function mccormick_function = {
    .dim = 2,
    .value = mccormick,
    PROB_START(0, 0),
    PROB_KNOWN(
        {.value = -1.9132229549810364, PROB_AT(-0.54719755119659775, -1.5471975511965977)},
        {PROB_LOCAL_MINIMUM, .value = 1.2283696986087568,
         PROB_AT(2.5943951023931955, 1.5943951023931955)}),
};
PROB_TEST_FUNCTION(mccormick, "mccormick",
                   "McCormick's function of 2 parameters; customarily on [-1.5, 4] x [-3, 4], "
                   "beyond which it falls without bound",
                   "McCormick, Applied Nonlinear Programming to Optimization and Control, "
                   "1976; the start is ours",
                   "-1.913223 at (-0.547198, -1.547198), in that box",
                   PROB_ARRAY(PROB_NOISE_ROWS));

/* 0.5 sum_k x_k^4 - 16 x_k^2 + 5 x_k */
static ad_var styblinski_tang(ad_tape *tape, size_t d, const ad_var *x)
{
    ad_var sum = ad_const(tape, 0.0);
    for (size_t k = 0; k < d; k++) {
        ad_var square = ad_sqr(x[k]);
        ad_var well = ad_mul(square, ad_sub(square, 16.0));
        sum = ad_add(sum, ad_mul(0.5, ad_add(well, ad_mul(5.0, x[k]))));
    }
    return sum;
}
static const prob_test_function styblinski_tang_function = {
    .dim = 2,
    .value = styblinski_tang,
    PROB_START(0, -1),
    PROB_KNOWN(
        {.value = -39.166165703771416, .value_per_dim = true, PROB_AT(-2.9035340277711771)},
        {PROB_LOCAL_MINIMUM, .value = -25.029446655283943, .value_per_dim = true,
         PROB_AT(2.7468027709908370)},
        {PROB_LOCAL_MINIMUM, .dim = 2, .value = -64.195612359055358,
         PROB_AT(-2.9035340277711771, 2.7468027709908370)},
        {PROB_LOCAL_MINIMUM, .dim = 2, .value = -64.195612359055358,
         PROB_AT(2.7468027709908370, -2.9035340277711771)}),
};
PROB_TEST_FUNCTION(styblinski_tang, "styblinski-tang",
                   "Styblinski and Tang's function: 2^d minima, one of them global",
                   "Styblinski, Tang, Neural Networks 3 (1990) 467-483; the start is ours: "
                   "(0, -1), repeated",
                   "-39.166166 d at theta_k = -2.903534",
                   PROB_ARRAY(PROB_DIM_ROW("2", 1, 1e5), PROB_NOISE_ROWS));
