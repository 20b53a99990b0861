/* Problem 35 of More, Garbow, Hillstrom 1981 with m = n = d: the mean over x_j of the Chebyshev
 * polynomial T_i, shifted to [0, 1], less its integral, which is 0 for odd i and
 * -1 / (i^2 - 1) for even.  For n = 10 the source's minimum is a local one: 191 of 250 searches
 * from uniformly distributed points ended lower, none below the value given here. */
#include "problems/test_functions.h"

static void chebyquad(ad_tape *tape, size_t d, size_t m, const ad_var *x, ad_var *r)
{
    for (size_t i = 0; i < m; i++)
        r[i] = ad_const(tape, i % 2 ? 1.0 / ((double)(i + 1) * (double)(i + 1) - 1.0) : 0.0);
    for (size_t k = 0; k < d; k++) {
        ad_var shifted = ad_sub(ad_mul(2.0, x[k]), 1.0), twice = ad_mul(2.0, shifted);
        ad_var before = ad_const(tape, 1.0), now = shifted;
        for (size_t i = 0; i < m; i++) {
            r[i] = ad_add(r[i], ad_div(now, (double)d));
            ad_var next = ad_sub(ad_mul(twice, now), before);
            before = now;
            now = next;
        }
    }
}
static double evenly(size_t k, size_t d)
{
    return (double)(k + 1) / (double)(d + 1);
}
static const prob_test_function chebyquad_function = {
    .dim = 8,
    .terms_per_dim = 1,
    .residuals = chebyquad,
    .start_at = evenly,
    PROB_KNOWN({.dim = 1, PROB_AT(0.5)},
               {.dim = 2, PROB_AT(0.21132486540518712, 0.78867513459481288)},
               {.dim = 3, PROB_AT(0.14644660940672624, 0.5, 0.85355339059327376)},
               {.dim = 4,
                PROB_AT(0.10267276385411694, 0.40620376295746005, 0.59379623704253995,
                        0.89732723614588306)},
               {.dim = 5,
                PROB_AT(0.083751256499509062, 0.31272929522320947, 0.5, 0.68727070477679053,
                        0.91624874350049094)},
               {.dim = 6,
                PROB_AT(0.066876590946089704, 0.28874067311944424, 0.36668229924164764,
                        0.63331770075835236, 0.71125932688055576, 0.9331234090539103)},
               {.dim = 7,
                PROB_AT(0.058069149620975482, 0.23517161235742159, 0.33804409474004618, 0.5,
                        0.66195590525995382, 0.76482838764257841, 0.94193085037902452)},
               {.dim = 8,
                .value = 3.5168737256779317e-3,
                PROB_AT(0.043152760151016631, 0.19309084038418612, 0.26632870689027293, 0.5,
                        0.5, 0.73367129310972707, 0.80690915961581388, 0.95684723984898337)},
               {.dim = 9,
                PROB_AT(0.044205346135782763, 0.19949067230988096, 0.23561910847106,
                        0.41604690789259803, 0.5, 0.58395309210740197, 0.76438089152894,
                        0.80050932769011904, 0.95579465386421724)},
               {.dim = 10,
                .value = 4.7727136963753490e-3,
                PROB_AT(0.032993373018074462, 0.15514535775907336, 0.20018919846138622,
                        0.38326166496125498, 0.38326166496125498, 0.52924947713340654,
                        0.64035354937106590, 0.71356584741599997, 0.82848182305190733,
                        0.92525183378539752)},
               {.dim = 10,
                .value = 4.7727136963753490e-3,
                PROB_AT(0.074748166214602480, 0.17151817694809267, 0.28643415258400003,
                        0.35964645062893410, 0.47075052286659346, 0.61673833503874502,
                        0.61673833503874502, 0.79981080153861378, 0.84485464224092664,
                        0.967006626981925538)},
               {PROB_LOCAL_MINIMUM, .dim = 10, .value = 6.5039548008823061e-3,
                PROB_AT(0.059619900535812704, 0.16670828183586141, 0.23917065894260849,
                        0.39888429230604449, 0.39888429230604449, 0.60111570769395551,
                        0.60111570769395551, 0.76082934105739151, 0.83329171816413859,
                        0.9403800994641873)}),
};
PROB_TEST_FUNCTION(chebyquad, "chebyquad",
                   "Chebyquad: the abscissas of a quadrature rule with equal weights",
                   PROB_MGH("35"),
                   "0 for dim = 1 to 7 and 9, 3.51687e-3 for dim = 8, 4.77271e-3 for dim = 10 "
                   "(there: 6.50395e-3); at any order of the parameters",
                   PROB_ARRAY(PROB_DIM_ROW("8", 1, 1000), PROB_NOISE_ROWS));
