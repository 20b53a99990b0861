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
    size_t room = (d + (d + 1)) * sizeof(double) + prob_known_size(&function->known, d, made.m);
    noisy_function *f = meka_alloc(1, sizeof *f + room, err);
    if (!f)
        return MEKA_ERR_MEMORY;
    *f = made;
    double *x0 = (double *)(f + 1), *population = x0 + d;
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
    prob_known_fill(out, &function->known, d, f->m, population + d + 1);
    if (function->minimum)
        out->minimum = function->minimum(d, f->m);
    return MEKA_OK;
}
