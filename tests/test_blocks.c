/* Bilinear blocks: what becomes of them in graph and plan, and statistics of their weights. */
#include "tests/ad_fixture.h"
#include "tests/graph_fixture.h"
#include "tests/plan_reader.h"

#include <math.h>
#include <string.h>

/* y = W x as a block, however small. */
static void affine(size_t n_out, size_t n_in, const ad_var *w, const ad_var *x, ad_var *y)
{
    ad_block_shape s;
    if (ad_block_affine(&s, n_out, n_in)) /* an assertion would allocate */
        ad_block_record(&s, w, x, y, __FILE__, __LINE__);
}

/* ------------------------------------------------------------------------ the graph */

/* Two rows of four weights, over four features. */
static ad_var layer(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var y[2];
    (void)tape, (void)ctx;
    affine(2, 4, t, xi, y);
    return ad_add(ad_tanh(y[0]), ad_tanh(y[1]));
}

START_TEST(derivatives_of_a_block_are_blocks_of_its_other_arguments)
{
    drawing p = draw(layer);
    graph_ref gradient[d], product[d];
    ck_assert_uint_eq(count(&p.g, GRAPH_BLOCK), 1);
    ck_assert_uint_eq(count(&p.g, GRAPH_ELEMENT), 2);
    ck_assert_uint_eq(count(&p.g, GRAPH_SUM), 1); /* of the two functions */
    differentiate(&p, gradient, product);
    /* W x, V x, z x', z' x': the features have no adjoints and no tangents. */
    ck_assert_uint_eq(count(&p.g, GRAPH_BLOCK), 4);
    for (uint32_t j = 0; j < 8; j++) {
        const graph_node *g = &p.g.node[gradient[j].node], *h = &p.g.node[product[j].node];
        ck_assert(gradient[j].c == 1.0 && g->kind == GRAPH_ELEMENT && g->b == j);
        ck_assert(product[j].c == 1.0 && h->kind == GRAPH_ELEMENT && h->b == j);
        ck_assert_int_eq(p.g.block[p.g.node[g->a].a].part, AD_BLOCK_W);
        ck_assert_uint_eq(p.g.block[p.g.node[h->a].a].n_pairs, 1);
    }
    erase(&p);
}
END_TEST

static ad_var two_layers(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var y[2], z[2];
    (void)tape, (void)ctx;
    affine(2, 2, t, xi, y);
    y[0] = ad_tanh(y[0]);
    y[1] = ad_tanh(y[1]);
    affine(2, 2, t + 4, y, z);
    return ad_add(ad_tanh(z[0]), ad_tanh(z[1]));
}

START_TEST(both_factors_tangents_are_two_pairs_of_one_block)
{
    drawing p = draw(two_layers);
    graph_ref gradient[d], product[d];
    differentiate(&p, gradient, product);
    const graph_block *outer = &p.g.block[p.g.node[p.g.node[product[4].node].a].a];
    ck_assert_uint_eq(outer->n_pairs, 2); /* z' y and z y' */
    const graph_block *inner = &p.g.block[p.g.node[p.g.node[product[0].node].a].a];
    ck_assert_uint_eq(inner->n_pairs, 1); /* z' x: x is data */
    erase(&p);
}
END_TEST

START_TEST(taylor_coefficients_of_a_block_are_cauchys_products)
{
    drawing p = draw(two_layers);
    graph_ref c[3];
    size_t most = 0;
    graph_taylor(&p.g, p.n, p.loss, 3, c);
    assert_ok(p.g.error.status, p.g.error);
    for (size_t k = 0; k < p.g.n_blocks; k++)
        most = p.g.block[k].n_pairs > most ? p.g.block[k].n_pairs : most;
    ck_assert_uint_eq(most, 2); /* W y_k + V y_(k-1): a line's parameters end at order 1 */
    ck_assert_uint_eq(count(&p.g, GRAPH_BLOCK), 2 + 1 + 3); /* and V x */
    erase(&p);
}
END_TEST

START_TEST(equal_blocks_are_one_and_switched_off_they_are_sums)
{
    drawing p = draw(layer), q = draw_with(layer, NULL, AD_PASS_ALL & ~AD_PASS_BLOCK);
    size_t nodes = p.g.n_nodes;
    uint32_t pair[1][2] = {{p.g.block[0].pair[0][0], p.g.block[0].pair[0][1]}};
    graph_ref again[2];
    graph_add_block(&p.g, &p.g.block[0].shape, AD_BLOCK_Z, pair, 1, again);
    ck_assert_uint_eq(p.g.n_nodes, nodes);
    ck_assert_uint_eq(count(&q.g, GRAPH_BLOCK), 0);
    ck_assert_uint_eq(count(&q.g, GRAPH_SUM), 3);
    erase(&p);
    erase(&q);
}
END_TEST

/* Weights of a block over parameters alone. */
static ad_var uniform(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var y[2];
    (void)tape, (void)ctx;
    affine(2, 2, t, t + 4, y);
    return ad_add(ad_mul(y[0], xi[0]), y[1]);
}

/* Data for weights. */
static ad_var regression(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var y[2];
    (void)tape, (void)ctx;
    affine(2, 4, xi, t, y);
    return ad_add(ad_tanh(y[0]), ad_tanh(y[1]));
}

START_TEST(what_does_not_depend_on_the_sample_is_written_as_sums)
{
    drawing p = draw(uniform), q = draw(regression);
    ck_assert_uint_eq(count(&p.g, GRAPH_BLOCK), 0);
    ck_assert_uint_eq(count(&q.g, GRAPH_BLOCK), 0);
    ck_assert_uint_eq(count(&q.g, GRAPH_SUM), 3);
    erase(&p);
    erase(&q);
}
END_TEST

/* -------------------------------------------------------------------------- networks */

enum { MOST_IN = 300, MOST_HIDDEN = 40, OUT = 3, N = 150 };

typedef struct net {
    size_t n_in, n_hidden;
    double decay;   /* lambda of lambda |theta|^2 / 2 */
    double scale;   /* of the loss */
    size_t again;   /* how often the hidden layer is used again; n_in = n_hidden */
    bool backwards; /* the weights' parameters in reverse */
    bool linear;    /* no functions: |z|^2 / 2 */
} net;

static size_t n_weights(const net *c)
{
    return c->n_hidden * c->n_in + OUT * c->n_hidden;
}

static ad_var record_net(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
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

static ad_objective objective_of(const net *c)
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

static data data_of(const ad_objective *o)
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

static void data_clear(data *a)
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
static result moments_of(const fixture *f, const data *a, size_t n, bool all)
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

static void result_clear(result *r)
{
    for (int k = 0; k < 5; k++)
        free(r->row[k]);
}

static double largest(const double *x, size_t n)
{
    double most = 0.0;
    for (size_t k = 0; k < n; k++)
        most = fmax(most, fabs(x[k]));
    return most;
}

static void check_rows(const result *x, const result *y, int n_rows, size_t n_params)
{
    for (int row = 0; row < n_rows; row++) {
        double scale = largest(y->row[row], n_params);
        for (size_t k = 0; k < n_params; k++)
            ck_assert_msg(fabs(x->row[row][k] - y->row[row][k]) <= 1e-13 * scale,
                          "row %d, component %zu: %.17g instead of %.17g", row, k,
                          x->row[row][k], y->row[row][k]);
    }
}

static void check_traces(const ad_moments *x, const ad_moments *y)
{
    double g = y->grad_var_trace, h = y->hvp_var_trace;
    ck_assert_double_le(fabs(x->grad_var_trace - g), 1e-13 * g);
    ck_assert_double_le(fabs(x->hvp_var_trace - h), 1e-13 * h);
    ck_assert_double_le(fabs(x->cross_cov_trace - y->cross_cov_trace), 1e-13 * sqrt(g * h));
}

/* Against the same written out as sums. */
static void check_net(const net *c, size_t n_lanes, size_t n, ad_isa isa)
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

START_TEST(statistics_of_a_network_are_those_of_the_sums_it_stands_for)
{
    static const size_t lanes[] = {0, 8, 24, 64}, n[] = {1, 2, 31, N};
    static const net nets[] = {
        {.n_in = 9, .n_hidden = 7, .scale = 1.0},
        {.n_in = 9, .n_hidden = 7, .scale = 1.0, .decay = 0.1},
        {.n_in = 9, .n_hidden = 7, .scale = -2.5, .decay = 0.1},
        {.n_in = 7, .n_hidden = 7, .scale = 1.0, .again = 1},
        {.n_in = 4, .n_hidden = 4, .scale = 1.0, .again = 40}, /* more pairs than one takes */
        {.n_in = 8, .n_hidden = 8, .scale = 1.0, .backwards = true},
        {.n_in = 133, .n_hidden = 5, .scale = 1.0}, /* more than a panel */
        {.n_in = 300, .n_hidden = 21, .scale = 1.0},
        {.n_in = 1, .n_hidden = 1, .scale = 1.0},
        {.n_in = 16, .n_hidden = 4, .scale = 1.0, .decay = 0.5, .backwards = true},
    };
    for (size_t k = 0; k < sizeof nets / sizeof nets[0]; k++)
        for (size_t l = 0; l < 4; l++)
            check_net(&nets[k], lanes[l], n[(k + l) % 4], AD_ISA_BEST);
}
END_TEST

START_TEST(every_instruction_set_agrees)
{
    static const net wide = {.n_in = 133, .n_hidden = 21, .scale = 1.0};
    for (int isa = 1; ad_isa_name((ad_isa)isa); isa++) {
        if (!ad_isa_is_available((ad_isa)isa))
            continue;
        check_net(&plain, 8, N, (ad_isa)isa);
        check_net(&wide, 0, N, (ad_isa)isa);
        check_net(&wide, 40, 77, (ad_isa)isa);
    }
}
END_TEST

START_TEST(the_number_of_threads_changes_no_bit)
{
    ad_objective o = objective_of(&plain);
    data a = data_of(&o);
    fixture one = fixture_make(&o, 8);
    result want = moments_of(&one, &a, N, false);
    for (size_t n_threads = 2; n_threads <= 8; n_threads += 3) {
        fixture f = {.program = one.program};
        meka_error err = {0};
        ad_batch_options options = {.n_lanes = 8, .n_threads = n_threads};
        assert_ok(ad_batch_create(&f.batch, f.program, &options, &err), err);
        result got = moments_of(&f, &a, N, false);
        for (int row = 0; row < 2; row++)
            ck_assert(memcmp(got.row[row], want.row[row], o.n_params * sizeof(double)) == 0);
        ck_assert(got.m.grad_var_trace == want.m.grad_var_trace &&
                  got.m.hvp_var_trace == want.m.hvp_var_trace &&
                  got.m.cross_cov_trace == want.m.cross_cov_trace);
        result_clear(&got);
        ad_batch_destroy(f.batch);
    }
    result_clear(&want);
    fixture_clear(&one);
    data_clear(&a);
}
END_TEST

/* ---------------------------------------------------------------- rounding of variances */

/* Integers, of which all products are exact in double: means 2^20 and more times as large as
 * deviations, so that sums of squares lose all digits.  grad [n][d] and hvp [n][d] are exact.
 */
static void exact_traces(const double *grad, const double *hvp, size_t n, size_t n_params,
                         long double *trace)
{
    memset(trace, 0, 3 * sizeof *trace);
    for (size_t j = 0; j < n_params; j++) {
        long double sum[3] = {0}, mean[2] = {0};
        for (size_t i = 0; i < n; i++) {
            mean[0] += grad[i * n_params + j];
            mean[1] += hvp[i * n_params + j];
        }
        for (size_t i = 0; i < n; i++) {
            long double g = grad[i * n_params + j] - mean[0] / n;
            long double h = hvp[i * n_params + j] - mean[1] / n;
            sum[0] += g * g, sum[1] += h * h, sum[2] += g * h;
        }
        for (int k = 0; k < 3; k++)
            trace[k] += sum[k] / (n - 1);
    }
}

static void make_integers(data *a, double base)
{
    for (size_t k = 0; k < a->n_params; k++) {
        a->theta[k] = (double)(k % 3) - 1.0;
        a->v[k] = (double)(k % 5) - 2.0;
    }
    for (size_t k = 0; k < N * a->n_features; k++)
        a->xi[k] = base + (double)(k * k % 7);
}

static void check_far(size_t n_lanes, double base, double tolerance)
{
    static const net far = {.n_in = 5, .n_hidden = 4, .scale = 1.0, .linear = true};
    ad_objective o = objective_of(&far);
    fixture f = fixture_make(&o, n_lanes);
    data a = data_of(&o);
    double *grad = calloc(2 * N * o.n_params, sizeof *grad), *hvp = grad + N * o.n_params;
    long double trace[3];
    meka_error err = {0};
    ck_assert_ptr_nonnull(grad);
    make_integers(&a, base);
    assert_ok(ad_eval_samples(f.batch, a.theta, a.v, N, a.xi, NULL, grad, hvp, &err), err);
    exact_traces(grad, hvp, N, o.n_params, trace);
    result got = moments_of(&f, &a, N, false);
    ck_assert_double_eq_tol(got.m.grad_var_trace / (double)trace[0], 1.0, tolerance);
    ck_assert_double_eq_tol(got.m.hvp_var_trace / (double)trace[1], 1.0, tolerance);
    ck_assert_double_eq_tol((got.m.cross_cov_trace - (double)trace[2]) /
                                sqrt((double)(trace[0] * trace[1])),
                            0.0, tolerance);
    result_clear(&got);
    free(grad);
    data_clear(&a);
    fixture_clear(&f);
}

START_TEST(large_means_do_not_cancel_the_traces_away)
{
    static const size_t lanes[] = {8, 64, 256};
    for (int l = 0; l < 3; l++) {
        check_far(lanes[l], 0.0, 1e-14);
        check_far(lanes[l], 0x1p20, 1e-13); /* means 2^18 deviations: squares 2^36 */
    }
}
END_TEST

START_TEST(equal_samples_have_no_variance_at_all)
{
    static const size_t lanes[] = {8, 24, 64};
    static const net c = {.n_in = 133, .n_hidden = 7, .scale = 1.0, .decay = 0.3};
    ad_objective o = objective_of(&c);
    data a = data_of(&o);
    for (size_t i = 1; i < N; i++)
        memcpy(a.xi + i * a.n_features, a.xi, a.n_features * sizeof(double));
    for (int l = 0; l < 3; l++) {
        fixture f = fixture_make(&o, lanes[l]);
        result got = moments_of(&f, &a, N, false);
        ck_assert(got.m.grad_var_trace == 0.0 && got.m.hvp_var_trace == 0.0 &&
                  got.m.cross_cov_trace == 0.0);
        result_clear(&got);
        fixture_clear(&f);
    }
    data_clear(&a);
}
END_TEST

START_TEST(a_power_of_two_scales_every_result_to_the_last_bit)
{
    static const net nets[2] = {{.n_in = 133, .n_hidden = 7, .scale = 2.0},
                                {.n_in = 133, .n_hidden = 7, .scale = 64.0}};
    result r[2];
    size_t n_params = 0;
    for (int k = 0; k < 2; k++) {
        ad_objective o = objective_of(&nets[k]);
        fixture f = fixture_make(&o, 24);
        data a = data_of(&o);
        n_params = o.n_params;
        r[k] = moments_of(&f, &a, N, false);
        data_clear(&a);
        fixture_clear(&f);
    }
    for (size_t j = 0; j < n_params; j++)
        for (int row = 0; row < 2; row++)
            ck_assert(32.0 * r[0].row[row][j] == r[1].row[row][j]);
    ck_assert(1024.0 * r[0].m.grad_var_trace == r[1].m.grad_var_trace);
    ck_assert(1024.0 * r[0].m.hvp_var_trace == r[1].m.hvp_var_trace);
    ck_assert(1024.0 * r[0].m.cross_cov_trace == r[1].m.cross_cov_trace);
    result_clear(&r[0]);
    result_clear(&r[1]);
}
END_TEST

START_TEST(long_doubles_know_blocks_and_so_does_print)
{
    ad_objective o = objective_of(&plain);
    fixture f = fixture_make(&o, 8);
    data a = data_of(&o);
    double loss[N];
    long double theta[256], xi[16], exact;
    meka_error err = {0};
    char *text = NULL;
    size_t length = 0;
    ck_assert(o.n_params <= 256 && o.n_features <= 16);
    for (size_t k = 0; k < o.n_params; k++)
        theta[k] = a.theta[k];
    for (size_t k = 0; k < o.n_features; k++)
        xi[k] = a.xi[k];
    assert_ok(ad_eval_samples(f.batch, a.theta, NULL, N, a.xi, loss, NULL, NULL, &err), err);
    assert_ok(ad_program_eval_extended(f.program, theta, xi, &exact, &err), err);
    ck_assert_double_eq_tol(loss[0], (double)exact, 1e-14);
    FILE *out = open_memstream(&text, &length);
    ck_assert_ptr_nonnull(out);
    assert_ok(ad_program_print(f.program, AD_PRINT_TEXT, 0, out, &err), err);
    fclose(out);
    ck_assert_msg(strstr(text, "10 block") != NULL, "%s", text); /* 7 + 3 values */
    free(text);
    data_clear(&a);
    fixture_clear(&f);
}
END_TEST

/* -------------------------------------------------------------------------- the plan */

START_TEST(weights_need_neither_rows_nor_numbers_of_their_own)
{
    static const net wide = {.n_in = 300, .n_hidden = 21, .scale = 1.0, .decay = 0.1};
    ad_objective o = objective_of(&wide);
    fixture f = fixture_make(&o, 8);
    const ad_plan *plan = &f.program->plan[PLAN_PRODUCT];
    ck_assert_uint_eq(plan->n_stats, 2);
    ck_assert(plan->stat[0].compact && plan->stat[1].compact);
    ck_assert(!plan->stat[0].direct); /* the decay is added */
    ck_assert_uint_eq(plan->first_compact, 1 + wide.n_hidden);
    ck_assert_uint_eq(plan_count(plan, PLAN_BLOCK_JOBS), 2);
    /* W x and V x, W y and V y + W y', W' z and W' z' + V' z */
    ck_assert_uint_eq(plan_count(plan, PLAN_BLOCK), 6);
    ck_assert_uint_eq(plan_count(plan, PLAN_JOB), 1 + wide.n_hidden);
    ck_assert_uint_lt(plan->n_rows, 300 + 20 * 21);
    fixture_clear(&f);
    static const net bare = {.n_in = 300, .n_hidden = 21, .scale = 1.0};
    o = objective_of(&bare);
    f = fixture_make(&o, 8);
    ck_assert(f.program->plan[PLAN_GRADIENT].stat[0].direct);
    /* theta and v are read where they lie, but for the biases */
    ck_assert_uint_lt(f.program->plan[PLAN_LINE_2].n_scalars, 100);
    fixture_clear(&f);
}
END_TEST

/* ------------------------------------------------------------------------- failures */

static meka_status run_all(void *ctx, meka_error *err)
{
    const net *c = ctx;
    ad_objective o = objective_of(c);
    ad_program *program = NULL;
    ad_batch *batch = NULL;
    ad_batch_options options = {.n_threads = 2};
    meka_status status = ad_program_create(&program, &o, err);
    if (!status)
        status = ad_batch_create(&batch, program, &options, err);
    ad_batch_destroy(batch);
    ad_program_destroy(program);
    return status;
}

START_TEST(uses_of_the_same_weights_are_one_block)
{
    static const net twice = {.n_in = 40, .n_hidden = 40, .scale = 1.0, .again = 1};
    ad_objective o = objective_of(&twice);
    fixture f = fixture_make(&o, 8);
    const ad_plan *plan = &f.program->plan[PLAN_PRODUCT];
    ck_assert_uint_eq(plan->n_stats, 2);
    ck_assert_uint_eq(plan->stat[0].n_pairs[0], 2);
    ck_assert_uint_eq(plan->stat[0].n_pairs[1], 3); /* the data have no tangents */
    ck_assert(!plan->stat[0].compact && plan->stat[1].compact);
    ck_assert_uint_lt(plan->n_rows, 40 * 40);
    fixture_clear(&f);
}
END_TEST

START_TEST(creation_survives_the_failure_of_every_allocation)
{
    net c = {.n_in = 4, .n_hidden = 4, .scale = 1.0, .again = 1, .decay = 0.1};
    ck_assert_uint_ge(test_every_allocation(run_all, &c), 50);
}
END_TEST

START_TEST(a_block_that_overflows_is_named_with_its_place)
{
    net c = plain;
    c.linear = true;
    ad_objective o = objective_of(&c);
    fixture f = fixture_make(&o, 8);
    data a = data_of(&o);
    double *grad = calloc(o.n_params, sizeof *grad);
    ad_moments out = {.grad_mean = grad};
    meka_error err = {0};
    for (size_t k = 0; k < plain.n_in; k++)
        a.theta[k] = 1e150;
    for (size_t k = 0; k < plain.n_in; k++)
        a.xi[a.n_features + k] = 1e170;
    ck_assert_int_eq(ad_eval_moments(f.batch, a.theta, NULL, 3, a.xi, &out, &err),
                     MEKA_NONFINITE);
    ck_assert_msg(strstr(err.text, "block is inf at sample 1") != NULL, "%s", err.text);
    ck_assert_msg(strstr(err.text, "test_blocks.c:") != NULL, "%s", err.text);
    free(grad);
    data_clear(&a);
    fixture_clear(&f);
}
END_TEST

TEST_MAIN("blocks", derivatives_of_a_block_are_blocks_of_its_other_arguments,
          both_factors_tangents_are_two_pairs_of_one_block,
          taylor_coefficients_of_a_block_are_cauchys_products,
          equal_blocks_are_one_and_switched_off_they_are_sums,
          what_does_not_depend_on_the_sample_is_written_as_sums,
          statistics_of_a_network_are_those_of_the_sums_it_stands_for,
          every_instruction_set_agrees, the_number_of_threads_changes_no_bit,
          large_means_do_not_cancel_the_traces_away, equal_samples_have_no_variance_at_all,
          a_power_of_two_scales_every_result_to_the_last_bit,
          long_doubles_know_blocks_and_so_does_print,
          weights_need_neither_rows_nor_numbers_of_their_own,
          uses_of_the_same_weights_are_one_block,
          creation_survives_the_failure_of_every_allocation,
          a_block_that_overflows_is_named_with_its_place)
