/* tests/sparse_fixture.h - objectives of a sparse input, the same of a dense one, and samples
 * for both. */
#ifndef TESTS_SPARSE_FIXTURE_H
#define TESTS_SPARSE_FIXTURE_H

#include "tests/ad_fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OUT = 5, MOST_IN = 150, MOST_TERMS = 20, N = 77 };

typedef struct sparse {
    size_t n_out, n_in, n_terms;
    int n_uses;     /* inputs, 1 or 2, of the same weights */
    bool linear;    /* the loss is |y|^2 / 2, else of labels */
    bool backwards; /* the weights' parameters in reverse: not a block */
    bool elsewhere; /* weights 0 and 3 are used outside of the map too */
    bool anew;      /* recorded anew for every sample */
    bool dense;     /* the same, of rows that are written out */
    double decay, scale;
} sparse;

static inline size_t width_of(const sparse *c)
{
    return c->dense ? c->n_in : 2 * c->n_terms;
}

static inline ad_var record_sparse(ad_tape *tape, const ad_var *t, const ad_var *xi,
                                   const void *ctx)
{
    const sparse *c = ctx;
    static ad_var w[MOST_OUT * MOST_IN];
    ad_var y[MOST_OUT], z[MOST_OUT];
    size_t n = c->n_out * c->n_in, m = width_of(c);
    ad_var label = xi[(size_t)c->n_uses * m];
    (void)tape;
    for (size_t k = 0; k < n; k++)
        w[k] = t[c->backwards ? n - 1 - k : k];
    for (int use = 0; use < c->n_uses; use++, xi += m) {
        if (c->dense)
            ad_affine(c->n_out, c->n_in, w, xi, t + n, use ? z : y);
        else
            ad_sparse_affine(c->n_out, c->n_in, w, c->n_terms, xi, xi + c->n_terms, t + n,
                             use ? z : y);
        for (size_t j = 0; use && j < c->n_out; j++)
            y[j] = ad_add(y[j], ad_tanh(z[j]));
    }
    ad_var loss = c->linear      ? ad_mul(0.5, ad_sqnorm(c->n_out, y))
                  : c->n_out > 1 ? ad_softmax_cross_entropy(c->n_out, y, label)
                                 : ad_softplus(ad_mul(ad_sub(1.0, ad_mul(2.0, label)), y[0]));
    if (c->elsewhere)
        loss = ad_add(loss, ad_mul(ad_add(label, 0.5), ad_mul(ad_sqr(t[0]), t[3])));
    if (c->decay != 0.0)
        loss = ad_add(loss, ad_mul(0.5 * c->decay, ad_sqnorm(n, t)));
    if (c->anew && ad_value(label) > 100.0)
        loss = ad_mul(2.0, loss);
    return c->scale == 1.0 ? loss : ad_mul(c->scale, loss);
}

static inline ad_objective sparse_objective(const sparse *c)
{
    return (ad_objective){.name = "sparse",
                          .n_params = c->n_out * (c->n_in + 1),
                          .n_features = (size_t)c->n_uses * width_of(c) + 1,
                          .record = record_sparse,
                          .ctx = c};
}

/* theta, v and N samples of the objective; a column comes twice in some of them, and the last
 * terms of most are filled up. */
typedef struct samples {
    double *theta, *v, *xi;
} samples;

static inline void make_row(const sparse *c, size_t i, double *xi)
{
    size_t n = i % 5 == 0 ? c->n_terms : i % (c->n_terms + 1);
    for (size_t k = 0; k < c->n_terms; k++) {
        double index = (double)((i * 37 + k * (k + 3) * 11 + i * k) % c->n_in);
        double value = sin(0.9 * (double)(i * 31 + k * k)) + 0.25;
        if (k >= n)
            index = value = 0.0;
        if (c->dense) {
            xi[(size_t)index] += value;
        } else {
            xi[k] = index;
            xi[c->n_terms + k] = value;
        }
    }
}

static inline samples samples_of(const sparse *c)
{
    ad_objective o = sparse_objective(c);
    samples a = {calloc(o.n_params, sizeof(double)), calloc(o.n_params, sizeof(double)),
                 calloc(N * o.n_features, sizeof(double))};
    ck_assert(a.theta && a.v && a.xi);
    for (size_t k = 0; k < o.n_params; k++) {
        a.theta[k] = 0.4 * sin(1.7 * (double)(k * k % 1009));
        a.v[k] = cos(2.3 * (double)(k * k % 1013));
    }
    for (size_t i = 0; i < N; i++) {
        double *xi = a.xi + i * o.n_features;
        for (int use = 0; use < c->n_uses; use++)
            make_row(c, i + 1000 * (size_t)use, xi + (size_t)use * width_of(c));
        xi[o.n_features - 1] = (double)(i % (c->n_out > 1 ? c->n_out : 2));
    }
    return a;
}

static inline void samples_clear(samples *a)
{
    free(a->theta);
    free(a->v);
    free(a->xi);
}

/* All that an evaluation gives. */
typedef struct everything {
    double *loss, *grad, *hvp; /* [N], [N][d], [N][d] */
    double *row[5];            /* [d] means, variances, covariances */
    ad_moments m;
    ad_line_moments line;
} everything;

/* With `all` also the components' variances, for which there is another way. */
static inline everything evaluate_all(const fixture *f, const ad_objective *o, const samples *a,
                                      size_t n, bool all)
{
    everything e = {0};
    meka_error err = {0};
    size_t d = o->n_params;
    e.loss = calloc(N * (1 + 2 * d) + 5 * d, sizeof(double));
    ck_assert_ptr_nonnull(e.loss);
    e.grad = e.loss + N;
    e.hvp = e.grad + N * d;
    for (size_t k = 0; k < 5; k++)
        e.row[k] = e.hvp + N * d + k * d;
    assert_ok(ad_eval_samples(f->batch, a->theta, a->v, n, a->xi, e.loss, e.grad, e.hvp, &err),
              err);
    e.m = (ad_moments){.grad_mean = e.row[0],
                       .hvp_mean = e.row[1],
                       .grad_var = all ? e.row[2] : NULL,
                       .hvp_var = all ? e.row[3] : NULL,
                       .cross_cov = all ? e.row[4] : NULL,
                       .traces = true};
    assert_ok(ad_eval_moments(f->batch, a->theta, a->v, n, a->xi, &e.m, &err), err);
    e.line.order = 3;
    assert_ok(ad_eval_line(f->batch, a->theta, a->v, n, a->xi, &e.line, &err), err);
    return e;
}

static inline void everything_clear(everything *e)
{
    free(e->loss);
}

static inline void check_close(const char *what, const double *x, const double *y, size_t n)
{
    double scale = 0.0;
    for (size_t k = 0; k < n; k++)
        scale = fmax(scale, fabs(y[k]));
    for (size_t k = 0; k < n; k++)
        ck_assert_msg(fabs(x[k] - y[k]) <= 2e-13 * scale, "%s, number %zu: %.17g, not %.17g",
                      what, k, x[k], y[k]);
}

static inline void check_everything(const everything *x, const everything *y, size_t d,
                                    size_t n, bool all)
{
    double scale = sqrt(y->m.grad_var_trace * y->m.hvp_var_trace);
    check_close("losses", x->loss, y->loss, n);
    check_close("gradients", x->grad, y->grad, n * d);
    check_close("products", x->hvp, y->hvp, n * d);
    for (size_t k = 0; k < (all ? 5 : 2); k++)
        check_close("moments", x->row[k], y->row[k], d);
    check_close("trace of g", &x->m.grad_var_trace, &y->m.grad_var_trace, 1);
    check_close("trace of h", &x->m.hvp_var_trace, &y->m.hvp_var_trace, 1);
    ck_assert_double_le(fabs(x->m.cross_cov_trace - y->m.cross_cov_trace), 2e-13 * scale);
    check_close("line", x->line.mean, y->line.mean, 4);
    for (size_t k = 0; k < 4; k++)
        check_close("line's variances", &x->line.cov[k][k], &y->line.cov[k][k], 1);
}

#endif
