/* The models, as the .dat files of NIST's Statistical Reference Datasets print them. */
#include "problems/nist.h"

static const double pi = 3.14159265358979323846;

static ad_var model_saturation(const ad_var *b, const ad_var *x)
{
    return ad_mul(b[0], ad_sub(1.0, ad_exp(ad_neg(ad_mul(b[1], x[0])))));
}

static ad_var model_chwirut(const ad_var *b, const ad_var *x)
{
    return ad_div(ad_exp(ad_neg(ad_mul(b[0], x[0]))), ad_add(b[1], ad_mul(b[2], x[0])));
}

/* a exp(-k x) */
static ad_var decay(ad_var a, ad_var k, ad_var x)
{
    return ad_mul(a, ad_exp(ad_neg(ad_mul(k, x))));
}

static ad_var model_lanczos(const ad_var *b, const ad_var *x)
{
    return ad_add(ad_add(decay(b[0], b[1], x[0]), decay(b[2], b[3], x[0])),
                  decay(b[4], b[5], x[0]));
}

/* a exp(-((x - centre) / width)^2) */
static ad_var peak(ad_var a, ad_var centre, ad_var width, ad_var x)
{
    return ad_mul(a, ad_exp(ad_neg(ad_sqr(ad_div(ad_sub(x, centre), width)))));
}

static ad_var model_gauss(const ad_var *b, const ad_var *x)
{
    return ad_add(ad_add(decay(b[0], b[1], x[0]), peak(b[2], b[3], b[4], x[0])),
                  peak(b[5], b[6], b[7], x[0]));
}

static ad_var model_power(const ad_var *b, const ad_var *x)
{
    return ad_mul(b[0], ad_pow(x[0], b[1]));
}

static ad_var model_misra1b(const ad_var *b, const ad_var *x)
{
    ad_var base = ad_add(1.0, ad_mul(0.5, ad_mul(b[1], x[0])));
    return ad_mul(b[0], ad_sub(1.0, ad_div(1.0, ad_sqr(base))));
}

/* c[0] + c[1] x + ... + c[n-1] x^(n-1), by Horner's rule */
static ad_var polynomial(size_t n, const ad_var *c, ad_var x)
{
    ad_var sum = c[n - 1];
    for (size_t k = n - 1; k-- > 0;)
        sum = ad_add(c[k], ad_mul(x, sum));
    return sum;
}

static ad_var model_kirby2(const ad_var *b, const ad_var *x)
{
    return ad_div(polynomial(3, b, x[0]),
                  ad_add(1.0, ad_mul(x[0], polynomial(2, b + 3, x[0]))));
}

static ad_var model_cubic_ratio(const ad_var *b, const ad_var *x)
{
    return ad_div(polynomial(4, b, x[0]),
                  ad_add(1.0, ad_mul(x[0], polynomial(3, b + 4, x[0]))));
}

static ad_var model_nelson(const ad_var *b, const ad_var *x)
{
    return ad_sub(b[0], ad_mul(x[0], decay(b[1], b[2], x[1])));
}

static ad_var model_mgh17(const ad_var *b, const ad_var *x)
{
    return ad_add(ad_add(b[0], decay(b[1], b[3], x[0])), decay(b[2], b[4], x[0]));
}

static ad_var model_misra1c(const ad_var *b, const ad_var *x)
{
    ad_var base = ad_add(1.0, ad_mul(2.0, ad_mul(b[1], x[0])));
    return ad_mul(b[0], ad_sub(1.0, ad_div(1.0, ad_sqrt(base))));
}

static ad_var model_misra1d(const ad_var *b, const ad_var *x)
{
    ad_var product = ad_mul(b[1], x[0]);
    return ad_div(ad_mul(b[0], product), ad_add(1.0, product));
}

static ad_var model_roszman1(const ad_var *b, const ad_var *x)
{
    ad_var angle = ad_atan(ad_div(b[2], ad_sub(x[0], b[3])));
    return ad_sub(ad_sub(b[0], ad_mul(b[1], x[0])), ad_div(angle, pi));
}

/* a cos(phase) + b sin(phase) */
static ad_var wave(ad_var a, ad_var b, ad_var phase)
{
    return ad_add(ad_mul(a, ad_cos(phase)), ad_mul(b, ad_sin(phase)));
}

static ad_var model_enso(const ad_var *b, const ad_var *x)
{
    ad_var turn = ad_mul(2.0 * pi, x[0]);
    ad_var year = wave(b[1], b[2], ad_div(turn, 12.0));
    ad_var first = wave(b[4], b[5], ad_div(turn, b[3]));
    ad_var second = wave(b[7], b[8], ad_div(turn, b[6]));
    return ad_add(ad_add(b[0], year), ad_add(first, second));
}

static ad_var model_mgh09(const ad_var *b, const ad_var *x)
{
    ad_var square = ad_sqr(x[0]);
    ad_var above = ad_mul(b[0], ad_add(square, ad_mul(x[0], b[1])));
    return ad_div(above, ad_add(ad_add(square, ad_mul(x[0], b[2])), b[3]));
}

/* 1 + exp(b2 - b3 x) */
static ad_var logistic(const ad_var *b, const ad_var *x)
{
    return ad_add(1.0, ad_exp(ad_sub(b[1], ad_mul(b[2], x[0]))));
}

static ad_var model_rat42(const ad_var *b, const ad_var *x)
{
    return ad_div(b[0], logistic(b, x));
}

static ad_var model_rat43(const ad_var *b, const ad_var *x)
{
    return ad_div(b[0], ad_pow(logistic(b, x), ad_div(1.0, b[3])));
}

static ad_var model_mgh10(const ad_var *b, const ad_var *x)
{
    return ad_mul(b[0], ad_exp(ad_div(b[1], ad_add(x[0], b[2]))));
}

static ad_var model_eckerle4(const ad_var *b, const ad_var *x)
{
    ad_var z = ad_div(ad_sub(x[0], b[2]), b[1]);
    return ad_mul(ad_div(b[0], b[1]), ad_exp(ad_mul(-0.5, ad_sqr(z))));
}

static ad_var model_bennett5(const ad_var *b, const ad_var *x)
{
    return ad_mul(b[0], ad_pow(ad_add(b[1], x[0]), ad_div(-1.0, b[2])));
}

static const prob_nist_row rows[] = {
#define NIST(id, title, n_params, n_predictors, model, log_y, sum, formula)                    \
    {title, n_params, n_predictors, log_y, model_##model},
#include "problems/nist.def"
#undef NIST
};

const prob_nist_row *prob_nist_row_at(size_t i)
{
    return i < sizeof rows / sizeof rows[0] ? &rows[i] : NULL;
}
