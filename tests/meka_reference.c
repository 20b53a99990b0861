#include "tests/meka_reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ----------------------------------------------------------------- settings */

/* The value of `key` in "key=value key=value", or NULL. */
static const char *value_of(const char *settings, const char *key)
{
    size_t length = strlen(key);
    for (const char *c = settings; c && *c; c++)
        if ((c == settings || c[-1] == ' ') && strncmp(c, key, length) == 0 && c[length] == '=')
            return c + length + 1;
    return NULL;
}

static char letter(const char *settings, const char *key, char otherwise)
{
    const char *value = value_of(settings, key);
    return value ? *value : otherwise;
}

static double real(const char *settings, const char *key, double otherwise)
{
    const char *value = value_of(settings, key);
    return value ? strtod(value, NULL) : otherwise;
}

choices reference_choices(const char *s)
{
    bool paper = letter(s, "preset", 'c') == 'p';
    return (choices){
        .covariance = letter(s, "covariance", 's'),
        .start = letter(s, "start", paper ? 'p' : 'o'),
        .noise = letter(s, "noise", 'e'),
        .rule = letter(s, "rule", 'p'),
        .variance = letter(s, "variance", paper ? 's' : 'd'),
        .negative = letter(s, "negative", paper ? 'm' : 'a'),
        .third_order = letter(s, "third_order", paper ? 'n' : 'y') == 'y',
        .calibrate = letter(s, "calibrate", paper ? 'n' : 'y') == 'y',
        .value_filter = letter(s, "value_filter", 'y') == 'y',
        .sigma = real(s, "sigma", 1.0),
        .ema = real(s, "ema", 0.999),
        .loss_ema = real(s, "loss_ema", 0.999),
        .gate = real(s, "gate", paper ? 0.0 : 5.0),
        .alpha = real(s, "alpha", 0.1),
        .fixed_steps = real(s, "fixed_steps", 0.0),
        .smoothing = real(s, "smoothing", paper ? 0.999 : 0.0),
        .factor = real(s, "factor", 1.0),
        .cap = real(s, "cap", INFINITY),
        .floor = real(s, "floor", paper ? 0.0 : 0.1),
        .calibration_z = real(s, "calibration_z", paper ? 0.0 : 1.0),
        .calibration_ema = real(s, "calibration_ema", 0.99),
        .curvature_ema = real(s, "curvature_ema", paper ? 0.0 : 0.9),
        .curvature_z = real(s, "curvature_z", 3.0),
        .bound_k = real(s, "bound_k", 0.5),
    };
}

/* --------------------------------------------------------------- statistics */

double reference_mean(size_t n, const double *x)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum / (double)n;
}

double reference_cov(size_t n, const double *x, const double *y)
{
    double mx = reference_mean(n, x), my = reference_mean(n, y), sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (x[i] - mx) * (y[i] - my);
    return sum / (double)(n - 1);
}

double reference_average(const double *x, size_t stride, int t, double beta)
{
    double sum = 0.0, weight = 0.0;
    for (int k = 0; k <= t; k++) {
        sum += pow(beta, t - k) * x[(size_t)k * stride];
        weight += pow(beta, t - k);
    }
    return sum / weight;
}

void reference_observe(const conformance_batch *batch, const double *theta, const double *delta,
                       seen *out)
{
    size_t d = batch->problem->d, n = batch->n;
    double f[N], g[D][N], h[D][N], one[D], product[D];
    for (size_t i = 0; i < n; i++) {
        f[i] = conformance_sample(batch, i, theta, delta, one, product);
        for (size_t j = 0; j < d; j++) {
            g[j][i] = one[j];
            h[j][i] = product[j];
        }
    }
    out->y = reference_mean(n, f);
    out->r = reference_cov(n, f, f) / (double)n;
    for (size_t j = 0; j < d; j++) {
        out->g[j] = reference_mean(n, g[j]);
        out->b[j] = reference_mean(n, h[j]);
        for (size_t k = 0; k < d; k++) {
            out->Sigma.x[j][k] = reference_cov(n, g[j], g[k]) / (double)n;
            out->Q.x[j][k] = reference_cov(n, h[j], h[k]) / (double)n;
            out->cross.x[j][k] = reference_cov(n, h[j], g[k]) / (double)n;
        }
    }
}

/* ----------------------------------------------------------------- matrices */

static double trace(size_t d, const matrix *a)
{
    double sum = 0.0;
    for (size_t j = 0; j < d; j++)
        sum += a->x[j][j];
    return sum;
}

double reference_form(size_t d, const matrix *a, const double *v)
{
    double sum = 0.0;
    for (size_t j = 0; j < d; j++)
        for (size_t k = 0; k < d; k++)
            sum += v[j] * a->x[j][k] * v[k];
    return sum;
}

/* What a covariance of this form can hold of a: (tr a / d) I, its diagonal, or all. */
static void keep(char covariance, size_t d, const matrix *a, matrix *out)
{
    for (size_t j = 0; j < d; j++)
        for (size_t k = 0; k < d; k++)
            out->x[j][k] = covariance == 'f'   ? a->x[j][k]
                           : j != k            ? 0.0
                           : covariance == 'd' ? a->x[j][j]
                                               : trace(d, a) / (double)d;
}

/* K = P (P + Sigma)^-1: the transpose of the solution X of (P + Sigma) X = P. */
static void gain(size_t d, const matrix *P, const matrix *Sigma, matrix *K)
{
    long double row[D][2 * D];
    for (size_t j = 0; j < d; j++)
        for (size_t k = 0; k < d; k++) {
            row[j][k] = (long double)P->x[j][k] + Sigma->x[j][k];
            row[j][d + k] = P->x[j][k];
        }
    for (size_t k = 0; k < d; k++) /* positive definite: no pivoting */
        for (size_t j = 0; j < d; j++) {
            long double factor = row[j][k] / row[k][k];
            for (size_t l = 0; l < 2 * d && j != k; l++)
                row[j][l] -= factor * row[k][l];
        }
    for (size_t j = 0; j < d; j++)
        for (size_t k = 0; k < d; k++)
            K->x[k][j] = (double)(row[j][d + k] / row[j][j]);
}

/* ------------------------------------------------------------------ filters */

/* Appendix B: u- = u + m.delta + delta.b/2, c = s + delta'P delta + delta'Q delta/4. */
static void filter_value(const choices *c, size_t d, const seen *now, const matrix *Q, double r,
                         memory *z)
{
    double u = z->u, prior = z->s + reference_form(d, &z->P, z->delta) +
                             reference_form(d, Q, z->delta) / 4;
    for (size_t j = 0; j < d; j++)
        u += (z->m[j] + now->b[j] / 2) * z->delta[j];
    prior += fmax((now->y - u) * (now->y - u) - prior - r, 0.0); /* lambda */
    double k = prior / (prior + r);
    z->u = c->value_filter ? (1 - k) * u + k * now->y : now->y;
    z->s = c->value_filter ? (1 - k) * (1 - k) * prior + k * k * r : r;
}

/* a b', a [d][d], b [d][d] */
static matrix times_transpose(size_t d, const matrix *a, const matrix *b)
{
    matrix out = {{{0.0}}};
    for (size_t j = 0; j < d; j++)
        for (size_t k = 0; k < d; k++)
            for (size_t l = 0; l < d; l++)
                out.x[j][k] += a->x[j][l] * b->x[k][l];
    return out;
}

/* Eqs. 6-8; before eq. 7, P- grows where g - m- is beyond the gate. */
static void filter_gradient(const choices *c, size_t d, const seen *now, const matrix *Q,
                            const matrix *Sigma, memory *z)
{
    double e[D], surprise = 0.0;
    matrix P, rest;
    for (size_t j = 0; j < d; j++) {
        z->m[j] += now->b[j];
        e[j] = now->g[j] - z->m[j];
        surprise += e[j] * e[j];
        for (size_t k = 0; k < d; k++)
            P.x[j][k] = z->P.x[j][k] + Q->x[j][k];
    }
    double expected = trace(d, &P) + trace(d, Sigma);
    if (c->gate > 0.0 && c->noise == 'e' && surprise > c->gate * c->gate * expected)
        for (size_t j = 0; j < d; j++)
            P.x[j][j] += (surprise - expected) / (double)d;
    gain(d, &P, Sigma, &z->K);
    for (size_t j = 0; j < d; j++)
        for (size_t k = 0; k < d; k++) {
            z->m[j] += z->K.x[j][k] * e[k];
            rest.x[j][k] = (j == k) - z->K.x[j][k];
        }
    /* P- and Sigma are symmetric. */
    matrix left = times_transpose(d, &rest, &P), right = times_transpose(d, &z->K, Sigma);
    left = times_transpose(d, &left, &rest);
    right = times_transpose(d, &right, &z->K);
    for (size_t j = 0; j < d; j++)
        for (size_t k = 0; k < d; k++)
            z->P.x[j][k] = left.x[j][k] + right.x[j][k];
}

void reference_filter(const choices *c, size_t d, int t, const seen *now, memory *z,
                      opt_row *row)
{
    matrix Q, Sigma;
    keep(c->covariance, d, &now->Q, &Q);
    keep(c->covariance, d, &now->Sigma, &z->Sigma[t]);
    for (size_t j = 0; j < d; j++)
        for (size_t k = 0; k < d; k++)
            Sigma.x[j][k] = c->noise == 'c'
                                ? (j == k) * c->sigma
                                : reference_average(&z->Sigma[0].x[j][k], D * D, t, c->ema);
    z->r[t] = now->r;
    double r = reference_average(z->r, 1, t, c->loss_ema);
    if (t == 0 && c->start == 'o') { /* eq. 15 */
        memcpy(z->m, now->g, sizeof z->m);
        z->P = Sigma;
        z->u = now->y;
        z->s = r;
        for (size_t j = 0; j < d; j++)
            z->K.x[j][j] = 1.0;
    } else {
        for (size_t j = 0; j < d && t == 0; j++)
            z->P.x[j][j] = 1e4;
        z->s = t == 0 ? 1e4 : z->s;
        filter_value(c, d, now, &Q, r, z);
        filter_gradient(c, d, now, &Q, &Sigma, z);
    }
    row->loss = now->y;
    row->loss_filtered = z->u;
    row->loss_sd = sqrt(z->s);
    row->p = trace(d, &z->P) / (double)d;
    row->q = trace(d, &Q) / (double)d;
    row->sigma = trace(d, &Sigma) / (double)d;
    row->gain = trace(d, &z->K) / (double)d;
}
