/* Bilinear blocks: what becomes of them in graph and plan, and where else they are met. */
#include "tests/graph_fixture.h"
#include "tests/net_fixture.h"
#include "tests/plan_reader.h"

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
    ck_assert_msg(strstr(err.text, "net_fixture.h:") != NULL, "%s", err.text);
    free(grad);
    data_clear(&a);
    fixture_clear(&f);
}
END_TEST

/* ------------------------------------------------------------- elsewhere */

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

TEST_MAIN("blocks", derivatives_of_a_block_are_blocks_of_its_other_arguments,
          both_factors_tangents_are_two_pairs_of_one_block,
          taylor_coefficients_of_a_block_are_cauchys_products,
          equal_blocks_are_one_and_switched_off_they_are_sums,
          what_does_not_depend_on_the_sample_is_written_as_sums,
          weights_need_neither_rows_nor_numbers_of_their_own,
          uses_of_the_same_weights_are_one_block,
          creation_survives_the_failure_of_every_allocation,
          a_block_that_overflows_is_named_with_its_place,
          long_doubles_know_blocks_and_so_does_print)
