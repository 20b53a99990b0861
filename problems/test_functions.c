#include "problems/test_functions.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

/* What objective and source borrow: the one allocation starts with this. */
typedef struct noisy_function {
    const prob_test_function *function;
    size_t d, m;
    double noise;
    double factor_log_sd; /* tau: xi_0 = exp(tau z - tau^2 / 2) */
} noisy_function;

static ad_var record_squares(ad_tape *tape, const noisy_function *f, const ad_var *theta)
{
    ad_var *r = malloc(f->m * sizeof *r);
    if (!r)
        return (ad_var){NULL, 0};
    f->function->residuals(tape, f->d, f->m, theta, r);
    ad_var sum = ad_sqnorm(f->m, r);
    free(r);
    return sum;
}

static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    const noisy_function *f = ctx;
    ad_var value = f->function->residuals ? record_squares(tape, f, theta)
                                          : f->function->value(tape, f->d, theta);
    if (!value.tape)
        return value;
    return ad_add(ad_mul(xi[0], value), ad_dot(f->d, xi + 1, theta));
}

/* Mean of exp(tau z - tau^2/2) = 1, variance = exp(tau^2) - 1. */
static void draw(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    const noisy_function *f = ctx;
    double tau = f->factor_log_sd;
    size_t m = f->d + 1;
    for (size_t i = 0; i < n; i++) {
        meka_rng rng;
        meka_rng_init(&rng, seed, MEKA_STREAM_SAMPLES, step, i);
        xi[i * m] = exp(tau * (meka_rng_normal(&rng) - 0.5 * tau));
        for (size_t k = 1; k < m; k++)
            xi[i * m + k] = f->noise * meka_rng_normal(&rng);
    }
}

static bool applies(const prob_known *known, size_t d, size_t m)
{
    return (!known->dim || known->dim == d) && (!known->terms || known->terms == m);
}

/* Fills in what is known of the minimum for this d and m; `point` has room for all points. */
static void fill_minima(prob_instance *out, const noisy_function *f, double *point)
{
    const prob_test_function *function = f->function;
    out->minimum = function->minimum ? function->minimum(f->d, f->m) : NAN;
    for (size_t i = 0; i < function->n_known; i++) {
        const prob_known *known = &function->known[i];
        if (known->local || !applies(known, f->d, f->m))
            continue;
        if (!function->minimum)
            out->minimum = known->value * (function->value_per_dim ? (double)f->d : 1.0);
        if (!known->x)
            continue;
        double *x = point + f->d * out->n_minimizers++;
        for (size_t k = 0; k < f->d; k++)
            x[k] = known->x[k % known->n];
    }
    out->minimizer = out->n_minimizers ? point : NULL;
}

/* d and m of these options, or MEKA_ERR_INPUT. */
static meka_status sizes(noisy_function *f, const char *name,
                         const prob_test_function_params *p, meka_error *err)
{
    const prob_test_function *function = f->function;
    f->d = p->dim ? p->dim : function->dim;
    f->m = p->terms ? p->terms : function->fixed_terms + function->terms_per_dim * f->d;
    if (function->multiple && f->d % function->multiple)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "problem %s: dim must be a multiple of %zu, not %zu", name,
                         function->multiple, f->d);
    if (function->terms_cover_dim && f->m < f->d)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "problem %s: terms must be at least dim = %zu, not %zu", name, f->d,
                         f->m);
    return MEKA_OK;
}

meka_status prob_test_function_make(prob_instance *out, const char *name,
                                    const prob_test_function *function, const void *values,
                                    meka_error *err)
{
    const prob_test_function_params *p = values;
    noisy_function made = {.function = function, .noise = p->noise};
    meka_status status = sizes(&made, name, p, err);
    if (status)
        return status;
    made.factor_log_sd = sqrt(log1p(p->multiplicative * p->multiplicative));
    size_t d = made.d;
    size_t n_doubles = d + (d + 1) + function->n_known * d;
    noisy_function *f = meka_alloc(1, sizeof *f + n_doubles * sizeof(double), err);
    if (!f)
        return MEKA_ERR_MEMORY;
    *f = made;
    double *x0 = (double *)(f + 1), *population = x0 + d, *point = population + d + 1;
    for (size_t k = 0; k < d; k++)
        x0[k] = function->start_at ? function->start_at(k, d)
                                   : function->start[k % function->n_start];
    population[0] = 1.0;
    *out = (prob_instance){
        .objective = {.name = name,
                      .n_params = d,
                      .n_features = d + 1,
                      .record = record,
                      .ctx = f,
                      .x0 = x0},
        .source = {.n_features = d + 1,
                   .draw = draw,
                   .ctx = f,
                   .population = population,
                   .n_population = 1},
        .storage = f,
    };
    fill_minima(out, f, point);
    return MEKA_OK;
}
