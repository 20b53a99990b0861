/* tests/net_fixture.h - small networks of bilinear blocks, data for them, and their moments. */
#ifndef TESTS_NET_FIXTURE_H
#define TESTS_NET_FIXTURE_H

#include "ad/block.h"
#include "tests/ad_fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* y = W x as a block, however small. */
static inline void affine(size_t n_out, size_t n_in, const ad_var *w, const ad_var *x,
                          ad_var *y)
{
    ad_block_shape s;
    if (ad_block_affine(&s, n_out, n_in)) /* an assertion would allocate */
        ad_block_record(&s, w, x, y, __FILE__, __LINE__);
}

enum { MOST_IN = 300, MOST_HIDDEN = 40, OUT = 3, N = 150 };

typedef struct net {
    size_t n_in, n_hidden;
    double decay;   /* lambda of lambda |theta|^2 / 2 */
    double scale;   /* of the loss */
    size_t again;   /* how often the hidden layer is used again; n_in = n_hidden */
    bool backwards; /* the weights' parameters in reverse */
    bool linear;    /* no functions: |z|^2 / 2 */
} net;

static inline size_t n_weights(const net *c)
{
    return c->n_hidden * c->n_in + OUT * c->n_hidden;
}

static inline ad_var record_net(ad_tape *tape, const ad_var *t, const ad_var *xi,
                                const void *ctx)
{
    const net *c = ctx;
    static ad_var w[MOST_HIDDEN * (MOST_IN + OUT)], y[MOST_HIDDEN], x[MOST_HIDDEN];
    ad_var z[OUT], loss;
    size_t n = n_weights(c), h = c->n_hidden;
    (void)tape;
    for (size_t k = 0; k < n; k++)
        w[k] = t[c->backwards ? n - 1 - k : k];
    affine(h, c->n_in, w, xi, y);
    for (size_t k = 0; k < h; k++)
        y[k] = c->linear ? ad_mul(y[k], 1.0) : ad_tanh(ad_add(y[k], t[n + k]));
    for (size_t use = 0; use < c->again; use++) {
        memcpy(x, y, sizeof x);
        affine(h, h, w, x, y);
        for (size_t k = 0; k < h; k++)
            y[k] = ad_sigmoid(y[k]);
    }
    affine(OUT, h, w + h * c->n_in, y, z);
    loss = c->linear ? ad_mul(0.5, ad_sqnorm(OUT, z))
                     : ad_softmax_cross_entropy(OUT, z, xi[c->n_in]);
    if (c->decay != 0.0)
        loss = ad_add(loss, ad_mul(0.5 * c->decay, ad_sqnorm(n, t)));
    return c->scale == 1.0 ? loss : ad_mul(c->scale, loss);
}

static inline ad_objective objective_of(const net *c)
{
    return (ad_objective){.name = "net",
                          .n_params = n_weights(c) + c->n_hidden,
                          .n_features = c->n_in + 1,
                          .record = record_net,
                          .ctx = c};
}

/* theta, v and features that look random; labels. */
typedef struct data {
    size_t n_params, n_features;
    double *theta, *v, *xi; /* xi [N][n_features] */
} data;

static inline data data_of(const ad_objective *o)
{
    data a = {o->n_params, o->n_features, calloc(o->n_params, sizeof(double)),
              calloc(o->n_params, sizeof(double)), calloc(N * o->n_features, sizeof(double))};
    ck_assert(a.theta && a.v && a.xi);
    for (size_t k = 0; k < o->n_params; k++) {
        a.theta[k] = 0.4 * sin(1.7 * (double)(k * k % 1009));
        a.v[k] = cos(2.3 * (double)(k * k % 1013));
    }
    for (size_t k = 0; k < N * o->n_features; k++)
        a.xi[k] = sin(0.9 * (double)(k * k % 2003)) + 0.25;
    for (size_t i = 0; i < N; i++)
        a.xi[(i + 1) * o->n_features - 1] = (double)(i % OUT);
    return a;
}

static inline void data_clear(data *a)
{
    free(a->theta);
    free(a->v);
    free(a->xi);
}

/* Everything that is not a matrix of components. */
typedef struct result {
    double *row[5]; /* [n_params]: means, variances, covariances */
    ad_moments m;
} result;

/* With `all` also the variances of components, for which blocks take another way. */
static inline result moments_of(const fixture *f, const data *a, size_t n, bool all)
{
    result r;
    meka_error err = {0};
    for (int k = 0; k < 5; k++) {
        r.row[k] = calloc(a->n_params, sizeof(double));
        ck_assert_ptr_nonnull(r.row[k]);
    }
    r.m = (ad_moments){.grad_mean = r.row[0],
                       .hvp_mean = r.row[1],
                       .grad_var = all ? r.row[2] : NULL,
                       .hvp_var = all ? r.row[3] : NULL,
                       .cross_cov = all ? r.row[4] : NULL,
                       .traces = true};
    assert_ok(ad_eval_moments(f->batch, a->theta, a->v, n, a->xi, &r.m, &err), err);
    return r;
}

static inline void result_clear(result *r)
{
    for (int k = 0; k < 5; k++)
        free(r->row[k]);
}

static inline double largest(const double *x, size_t n)
{
    double most = 0.0;
    for (size_t k = 0; k < n; k++)
        most = fmax(most, fabs(x[k]));
    return most;
}

static inline void check_rows(const result *x, const result *y, int n_rows, size_t n_params)
{
    for (int row = 0; row < n_rows; row++) {
        double scale = largest(y->row[row], n_params);
        for (size_t k = 0; k < n_params; k++)
            ck_assert_msg(fabs(x->row[row][k] - y->row[row][k]) <= 1e-13 * scale,
                          "row %d, component %zu: %.17g instead of %.17g", row, k,
                          x->row[row][k], y->row[row][k]);
    }
}

static inline void check_traces(const ad_moments *x, const ad_moments *y)
{
    double g = y->grad_var_trace, h = y->hvp_var_trace;
    ck_assert_double_le(fabs(x->grad_var_trace - g), 1e-13 * g);
    ck_assert_double_le(fabs(x->hvp_var_trace - h), 1e-13 * h);
    ck_assert_double_le(fabs(x->cross_cov_trace - y->cross_cov_trace), 1e-13 * sqrt(g * h));
}

/* Against the same written out as sums. */
static inline void check_net(const net *c, size_t n_lanes, size_t n, ad_isa isa)
{
    ad_objective o = objective_of(c);
    fixture f = fixture_with(&o, 0, n_lanes, isa);
    fixture sums = fixture_with(&o, AD_PASS_BLOCK, n_lanes, isa);
    data a = data_of(&o);
    result want = moments_of(&sums, &a, n, true);
    for (int all = 0; all < 2; all++) {
        result got = moments_of(&f, &a, n, all);
        check_rows(&got, &want, all ? 5 : 2, o.n_params);
        check_traces(&got.m, &want.m);
        result_clear(&got);
    }
    result_clear(&want);
    data_clear(&a);
    fixture_clear(&f);
    fixture_clear(&sums);
}

static const net plain = {.n_in = 9, .n_hidden = 7, .scale = 1.0};

#endif
