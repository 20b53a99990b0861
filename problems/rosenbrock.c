/* Rosenbrock's function, chained over d parameters, with a noisy target:
 *
 *   f(theta, xi) = sum_{k<d-1} (xi_k - theta_k)^2 + 100 (theta_{k+1} - theta_k^2)^2
 *
 * with xi_k ~ N(1, noise^2) independent.  f is quadratic in xi, so that the expected
 * objective is f(theta, 1) plus a constant: the population is the single sample xi = 1. */
#include "problems/known.h"
#include "problems/rows.h"

#include "base/memory.h"

#include <stdlib.h>

typedef struct params {
    uint64_t dim;
    double noise;
} params;

static const meka_option options[] = {
    {"dim", MEKA_OPTION_COUNT, "2", 2, 1e6, NULL, "number of parameters d",
     offsetof(params, dim)},
    {"noise", MEKA_OPTION_REAL, "0.1", 0, 1e100, NULL,
     "standard deviation of the targets xi_k around 1", offsetof(params, noise)},
};

/* For d = 4 to 30 there are two minima (Shang, Qiu 2006), the second near (-1, 1, ..., 1). */
static const prob_known_table known = PROB_KNOWN_TABLE(
    {PROB_AT(1)},
    {PROB_LOCAL_MINIMUM, .dim = 4, .value = 3.7014286104300173,
     PROB_AT(-0.77565922656535262, 0.61309336548504346, 0.38206284633839315,
             0.14597201855219461)},
    {PROB_LOCAL_MINIMUM, .dim = 5, .value = 3.9308394341330281,
     PROB_AT(-0.96205102069475016, 0.93573939597671001, 0.88071360419432059,
             0.77787767585440633, 0.60509367859265284)},
    {PROB_LOCAL_MINIMUM, .dim = 6, .value = 3.9739405009302949,
     PROB_AT(-0.98657497957099373, 0.98339822883618175, 0.97210667005309191,
             0.94743743682643601, 0.89865118485172963, 0.80757395203541755)},
    {PROB_LOCAL_MINIMUM, .dim = 7, .value = 3.9836005364248540,
     PROB_AT(-0.99172257256140554, 0.99355539350337126, 0.99217332159469212,
             0.98689876269031392, 0.97516475660887304, 0.95143198270499267,
             0.90522281771395347)},
    {PROB_LOCAL_MINIMUM, .dim = 10, .value = 3.9865791123471382,
     PROB_AT(-0.99326337285636895, 0.99660603944343522, 0.99824061139111252,
             0.99898843376780063, 0.99922615343966498, 0.99907364816334434, 0.99845417740290879,
             0.99705625166303772, 0.99417937522806614, 0.98839263012886794)});

typedef struct rosenbrock {
    size_t d;
    double noise;
    double *x0, *one; /* [d] */
} rosenbrock;

static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    const rosenbrock *r = ctx;
    ad_var total = ad_const(tape, 0.0);
    for (size_t k = 0; k + 1 < r->d; k++) {
        ad_var miss = ad_sub(xi[k], theta[k]);
        ad_var bend = ad_sub(theta[k + 1], ad_sqr(theta[k]));
        total = ad_add(total, ad_add(ad_sqr(miss), ad_mul(100.0, ad_sqr(bend))));
    }
    return total;
}

static void draw(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    const rosenbrock *r = ctx;
    size_t m = r->d - 1;
    for (size_t i = 0; i < n; i++) {
        meka_rng rng;
        meka_rng_init(&rng, seed, MEKA_STREAM_SAMPLES, step, i);
        for (size_t k = 0; k < m; k++)
            xi[i * m + k] = 1.0 + r->noise * meka_rng_normal(&rng);
    }
}

static meka_status make(prob_instance *out, const void *values, const prob_request *request,
                        meka_error *err)
{
    const params *p = values;
    size_t d = p->dim;
    (void)request;
    size_t room = 2 * d * sizeof(double) + prob_known_size(&known, d, 0);
    rosenbrock *r = meka_alloc(1, sizeof *r + room, err);
    if (!r)
        return MEKA_ERR_MEMORY;
    r->d = d;
    r->noise = p->noise;
    r->x0 = (double *)(r + 1);
    r->one = r->x0 + d;
    for (size_t k = 0; k < d; k++) { /* the customary start (-1.2, 1), repeated */
        r->x0[k] = k % 2 ? 1.0 : -1.2;
        r->one[k] = 1.0;
    }
    *out = (prob_instance){
        .objective = {.name = "rosenbrock",
                      .n_params = d,
                      .n_features = d - 1,
                      .record = record,
                      .ctx = r,
                      .x0 = r->x0},
        .source = {.n_features = d - 1,
                   .draw = draw,
                   .ctx = r,
                   .population = r->one,
                   .n_population = 1},
        .storage = r,
    };
    prob_known_fill(out, &known, d, 0, r->one + d);
    return MEKA_OK;
}

const prob_problem prob_rosenbrock = {
    .name = "rosenbrock",
    .summary = "chained Rosenbrock function with a noisy target xi ~ N(1, noise^2)",
    .reference =
        "Rosenbrock, Computer Journal 3 (1960) 175-184, for dim = 2 problem 1 of More, "
        "Garbow, Hillstrom 1981; local minima: Shang, Qiu, Evolutionary Computation 14 "
        "(2006) 119-126; the noise is ours",
    .minimum = "0 at (1, ..., 1)",
    .known = &known,
    .options = {options, sizeof options / sizeof options[0], sizeof(params)},
    .make = make,
};
