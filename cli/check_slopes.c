/* Derivatives along a line by central differences of long double values. */
#include "cli/check.h"

#include <float.h>
#include <math.h>

enum { reach = 4, n_points = 2 * reach + 1, n_steps = 8 };

/* Weights of f(+jh) (and, with the sign of the parity, of f(-jh)), j = 0..4, of orders eight
 * and six (third derivative: six and four); Fornberg, Math. Comp. 51 (1988). */
static const long double fine[4][5] = {
    {1},
    {0, 4.0L / 5, -1.0L / 5, 4.0L / 105, -1.0L / 280},
    {-205.0L / 72, 8.0L / 5, -1.0L / 5, 8.0L / 315, -1.0L / 560},
    {0, -61.0L / 30, 169.0L / 120, -3.0L / 10, 7.0L / 240},
};
static const long double coarse[4][5] = {
    {1},
    {0, 3.0L / 4, -3.0L / 20, 1.0L / 60},
    {-49.0L / 18, 3.0L / 2, -3.0L / 20, 1.0L / 90},
    {0, -13.0L / 8, 1, -1.0L / 8},
};
/* One-sided first derivative of order four, of f(0), f(h), ... f(4h). */
static const long double onesided[5] = {-25.0L / 12, 4, -3, 4.0L / 3, -1.0L / 4};

typedef struct stencil {
    long double h;
    long double f[n_points]; /* f[reach + j] = f(theta + j h v) */
    long double largest;     /* |f| */
    bool smooth;             /* all finite, by the same decisions */
} stencil;

static meka_status fill(stencil *s, cli_checkup *c, const double *direction, meka_error *err)
{
    uint64_t decisions = 0;
    s->smooth = true;
    s->largest = 0.0L;
    for (int k = 0; k < n_points; k++) {
        int j = k == 0 ? 0 : (k % 2 ? (k + 1) / 2 : -k / 2); /* 0, 1, -1, 2, -2, ... */
        for (size_t i = 0; i < c->d; i++)
            c->at[i] = (long double)c->theta[i] + (long double)j * s->h * direction[i];
        long double *f = &s->f[reach + j];
        meka_status status = ad_extended_eval(&c->extended, c->at, c->xi, f, err);
        if (status != MEKA_OK && (status != MEKA_NONFINITE || j == 0))
            return status;
        if (j == 0)
            decisions = c->extended.decisions;
        s->smooth = s->smooth && status == MEKA_OK && decisions == c->extended.decisions;
        if (isfinite(*f))
            s->largest = fmaxl(s->largest, fabsl(*f));
    }
    return MEKA_OK;
}

static long double apply(const long double weight[5], const stencil *s, int order)
{
    long double sum = weight[0] * s->f[reach];
    for (int j = 1; j <= reach; j++)
        sum += weight[j] * (s->f[reach + j] + (order % 2 ? -1.0L : 1.0L) * s->f[reach - j]);
    return sum / powl(s->h, order);
}

/* Keeps what this stencil gives where it is better than what there is.  The difference of
 * the two orders overestimates the error of the better one; `unit` is the rounding of the
 * values, at most 8 of which (the sum of the weights' sizes) a derivative sees. */
static void improve(cli_slopes *out, const stencil *s, long double unit)
{
    for (int k = 1; k <= 3; k++) {
        long double value = apply(fine[k], s, k);
        long double error =
            fabsl(value - apply(coarse[k], s, k)) + 8.0L * unit * s->largest / powl(s->h, k);
        if (!(error >= (long double)out->error[k])) {
            out->value[k] = (double)value;
            out->error[k] = (double)error;
        }
    }
}

/* The slopes on either side of a tie with their rounding, and whether the value jumps. */
static void measure_sides(cli_slopes *out, const stencil *s, long double unit)
{
    long double right = 0.0L, left = 0.0L, f0 = s->f[reach];
    bool jump = false;
    for (int j = 0; j <= reach; j++) {
        right += onesided[j] * s->f[reach + j];
        left -= onesided[j] * s->f[reach - j];
    }
    for (int side = -1; side <= 1; side += 2) {
        /* Over four times the way a slope makes four times the difference, a jump the same. */
        long double near = s->f[reach + side] - f0, far = s->f[reach + reach * side] - f0;
        jump = jump || (fabsl(near) > 1e-6L * s->largest && fabsl(far) < 2.0L * fabsl(near));
    }
    out->right = (double)(right / s->h);
    out->left = (double)(left / s->h);
    out->error[1] = (double)(16.0L * unit * s->largest / s->h);
    out->jump = jump;
}

static bool good_enough(const cli_slopes *out, const double *size)
{
    for (int k = 1; k <= 3; k++)
        if (!(out->error[k] <= 1e-11 * fmax(size[k], fabs(out->value[k]))))
            return false;
    return true;
}

meka_status cli_slopes_measure(cli_slopes *out, cli_checkup *c, size_t sample,
                               const double *direction, const double *size, meka_error *err)
{
    /* What a program recorded anew makes of the values it reads has a double's rounding. */
    bool replayable = ad_program_is_replayable(c->subject->program, NULL, NULL);
    long double unit = replayable ? LDBL_EPSILON : DBL_EPSILON;
    stencil s = {.h = 0.5L};
    *out = (cli_slopes){.error = {0.0, INFINITY, INFINITY, INFINITY}};
    for (size_t j = 0; j < c->m; j++)
        c->xi[j] = c->subject->xi[sample * c->m + j];
    for (int k = 0; k < n_steps; k++) {
        s.h *= 0.125L;
        meka_status status = fill(&s, c, direction, err);
        if (status != MEKA_OK)
            return status;
        out->value[0] = (double)s.f[reach];
        if (s.smooth) {
            out->smooth = true;
            improve(out, &s, unit);
            if (good_enough(out, size))
                break;
        }
    }
    if (!out->smooth)
        measure_sides(out, &s, unit);
    return MEKA_OK;
}
