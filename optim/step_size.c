#include "optim/step_size.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

double opt_line_mean(const opt_line_model *model, double a)
{
    return a * (-model->A + a * (model->B / 2.0 + a * model->C / 6.0));
}

double opt_line_variance(const opt_line_model *model, double a)
{
    return 2.0 * model->s + a * a * (model->p + a * a * model->q / 4.0);
}

double opt_step_quadratic(const opt_line_model *model)
{
    double A = model->A, B = model->B, C = model->C;
    if (!(A > 0.0))
        return 0.0;
    double largest = fmax(fabs(B), sqrt(A) * sqrt(C));
    if (!(largest > 0.0))
        return INFINITY;
    /* B and C in units of a power of two, so that nothing overflows and nothing is rounded. */
    double unit = ldexp(1.0, ilogb(largest)), b = B / unit, c = C / unit;
    double root = sqrt(b * b + 2.0 * (A / unit) * c);
    /* The form without cancellation for either sign of B. */
    if (b >= 0.0)
        return 2.0 * (A / unit) / (b + root);
    return c > 0.0 ? (root - b) / c : INFINITY;
}

double opt_step_bound(const opt_line_model *model, double k)
{
    opt_line_model bound = *model;
    bound.A = model->A - k * sqrt(model->p);
    bound.B = model->B + k * sqrt(model->q);
    return opt_step_quadratic(&bound);
}

/* The model in units in which A = 1: a = unit x, f in units of A unit.  The unit is the
 * length at which the first of B, C and sqrt q matters; 0 if none ever does. */
static double scale_model(const opt_line_model *model, opt_line_model *scaled)
{
    double A = model->A;
    double largest = fmax(fabs(model->B), fmax(sqrt(model->q), sqrt(model->C * A)));
    if (!(largest > 0.0))
        return 0.0;
    double unit = A / largest;
    *scaled = (opt_line_model){
        .A = 1.0,
        .B = model->B / largest,
        .C = model->C / largest * A / largest,
        .p = model->p / A / A,
        .q = model->q / largest / largest,
        .s = model->s / A / A / unit / unit,
    };
    return unit;
}

/* ------------------------------------------------ probability of improvement */

/* c [7]; c[0] + c[1] x + ... + c[6] x^6 */
static double polynomial(const double *c, double x)
{
    double sum = c[6];
    for (int k = 5; k >= 0; k--)
        sum = sum * x + c[k];
    return sum;
}

static double polynomial_slope(const double *c, double x)
{
    double sum = 6.0 * c[6];
    for (int k = 5; k >= 1; k--)
        sum = sum * x + k * c[k];
    return sum;
}

/* x with |c_k| x^k = |c_j| x^j / ratio for k < j: beyond it the j-th term is `ratio` times
 * the k-th. */
static double crossing(const double *c, int k, int j, double ratio)
{
    return pow(ratio * fabs(c[k] / c[j]), 1.0 / (j - k));
}

/* Positive numbers *low <= *high with c < 0 on (0, low] and c >= 0 on [high, infinity).  At
 * `low` every positive term is below an eighth of some negative one, at `high` every
 * negative term (there are at most three) below an eighth of one positive one.  False if no
 * positive term outlasts the negative ones. */
static bool bracket_roots(const double *c, double *low, double *high)
{
    *low = INFINITY;
    *high = INFINITY;
    for (int j = 1; j <= 6; j++) {
        if (!(c[j] > 0.0))
            continue;
        double first = 0.0, last = 0.0;
        for (int k = 0; k <= 6; k++) {
            if (!(c[k] < 0.0))
                continue;
            if (k < j)
                first = fmax(first, crossing(c, k, j, 0.125));
            last = k < j ? fmax(last, crossing(c, k, j, 8.0)) : INFINITY;
        }
        *low = fmin(*low, first);
        *high = fmin(*high, last);
    }
    return *high < INFINITY;
}

/* The root in [low, high], where c changes from negative to positive: Newton's method,
 * replaced by a geometric bisection whenever it leaves the bracket or is slow. */
static double refine_root(const double *c, double low, double high)
{
    double x = high;
    double last = high - low;
    for (int i = 0; i < 200 && high - low > 2.0 * DBL_EPSILON * high; i++) {
        double value = polynomial(c, x);
        if (value == 0.0)
            return x;
        if (value > 0.0)
            high = x;
        else
            low = x;
        double next = x - value / polynomial_slope(c, x);
        if (!(next > low && next < high) || fabs(next - x) > 0.5 * fabs(last))
            next = sqrt(low) * sqrt(high);
        last = next - x;
        if (fabs(last) <= DBL_EPSILON * x)
            return next;
        x = next;
    }
    return x;
}

/* The numerator F of the derivative of mu/sqrt V; fifth-order terms cancel:
 *
 *   C q/24 x^6 + (A q/4 + C p/3) x^4 + (B p/2) x^3 + C s x^2 + 2 B s x - 2 A s
 *
 * It has at most one positive root.  For B >= 0 only the last coefficient is negative.  For
 * B < 0 take units in which A = 1, B = -1:
 *
 *   F/x^3 = p (C x/3 - 1/2) + q (C x^3/24 + x/4) + s (C x^2 - 2 x - 2)/x^3
 *
 * The first two terms increase; so does the third as long as C x^2 <= 4 x + 6, and beyond
 * that all three are non-negative: F/x^3 increases wherever it can be zero.
 *
 * The root is well conditioned.  Let P be the sum of the positive terms there, which is that
 * of the negative ones.  For B >= 0 every positive term has a power >= 1, so x F' >= P.  For
 * B < 0 the root lies where C x^2 <= 2 x + 2 (beyond, all three terms above are positive),
 * and there x F'/x^3 = p C x/3 + q (C x^3/8 + x/4) + s (4 x + 6 - C x^2)/x^3 >= P/x^3.  So
 * a relative error e in every coefficient moves the root by at most 2 P/(x F') e <= 2 e.
 * The coefficients below carry at most 13 roundings and Horner's rule adds 12, of half an
 * ulp: with those of the iteration and the scaling, 30 DBL_EPSILON relative at the very
 * worst, and never above 8 in 4000 models with every coefficient anywhere between 1e-6 and
 * 1e6 (tests/test_pi_root.c). */
double opt_step_pi(const opt_line_model *model)
{
    opt_line_model m;
    if (!(model->A > 0.0))
        return 0.0;
    if ((model->p == 0.0 && model->q == 0.0) || isinf(model->s))
        return opt_step_quadratic(model);
    double unit = scale_model(model, &m);
    if (unit == 0.0)
        return model->s > 0.0 ? INFINITY : 0.0;

    double c[7] = {
        -2.0 * m.s, 2.0 * m.B * m.s, m.C * m.s, m.B * m.p / 2.0, m.q / 4.0 + m.C * m.p / 3.0,
        0.0,        m.C * m.q / 24.0};
    bool falls = false;
    for (int k = 0; k <= 6; k++)
        falls = falls || c[k] < 0.0;
    if (!falls)
        return 0.0;
    double low, high;
    if (!bracket_roots(c, &low, &high))
        return INFINITY;

    /* Once more scaled, so that no power of x can overflow on [low, high] = [.., 1]. */
    double power = 1.0;
    for (int k = 0; k <= 6; k++) {
        c[k] *= power;
        power *= high;
    }
    return unit * high * refine_root(c, low / high, 1.0);
}

/* ----------------------------------------------------- expected improvement */

/* phi(z)/Phi(z), by erfc where that does not underflow and else by its asymptotic series. */
static double inverse_mills(double z)
{
    if (z > -30.0) {
        double density = exp(-0.5 * z * z) * 0.39894228040143267794; /* 1/sqrt(2 pi) */
        return density / (0.5 * erfc(-z * 0.70710678118654752440));  /* 1/sqrt 2 */
    }
    double w = 1.0 / (z * z);
    return -z * (1.0 + w * (1.0 - w * (2.0 - w * (10.0 - w * (74.0 - w * 706.0)))));
}

/* The derivative of the expected improvement by a, over Phi(z): its sign. */
static double ei_slope(const opt_line_model *m, double x)
{
    double variance = opt_line_variance(m, x);
    double sd = sqrt(variance);
    double rise = m->A - x * (m->B + x * m->C / 2.0); /* -mu' */
    if (!(sd > 0.0))
        return rise;
    double spread = x * (m->p + x * x * m->q / 2.0) / sd; /* (sqrt V)' */
    return rise + spread * inverse_mills(-opt_line_mean(m, x) / sd);
}

double opt_step_ei(const opt_line_model *model)
{
    opt_line_model m;
    if (!(model->A > 0.0))
        return 0.0;
    double unit = scale_model(model, &m);
    double left = unit > 0.0 ? opt_step_quadratic(&m) : INFINITY;
    if (left == INFINITY)
        return INFINITY;
    /* Up to the minimizer of mu both terms of the slope are non-negative; from there the
     * first change of sign is looked for in steps of 9 percent, over twelve decades. */
    const double factor = 1.0905077326652577; /* 2^(1/8) */
    double right = left;
    for (int i = 0; ei_slope(&m, right) > 0.0; i++) {
        if (i == 320)
            return INFINITY;
        left = right;
        right *= factor;
    }
    while (right - left > 2.0 * DBL_EPSILON * right) {
        double middle = left + 0.5 * (right - left);
        if (middle <= left || middle >= right)
            break;
        if (ei_slope(&m, middle) > 0.0)
            left = middle;
        else
            right = middle;
    }
    return unit * right;
}
