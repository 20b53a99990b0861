/* Tangents, adjoints and Taylor coefficients are the terms of the textbook, and no others. */
#include "tests/graph_fixture.h"

static uint32_t part(const drawing *p, uint32_t fun, int k)
{
    for (uint32_t i = 0; i < p->g.n_nodes; i++)
        if (p->g.node[i].kind == GRAPH_PART && p->g.node[i].a == fun && p->g.node[i].op == k)
            return i;
    return NONE;
}

static uint32_t first_fun(const drawing *p)
{
    for (uint32_t i = 0; i < p->g.n_nodes; i++)
        if (p->g.node[i].kind == GRAPH_FUN)
            return i;
    return NONE;
}

static bool is_just(graph_ref r, double c, uint32_t node)
{
    return r.c == c && r.node == node;
}

/* --------------------------------------------------------------------------- products */

static ad_var product_of_three(ad_tape *tape, const ad_var *t, const ad_var *xi,
                               const void *ctx)
{
    (void)tape, (void)ctx;
    return ad_mul(ad_mul(t[0], t[1]), xi[0]);
}

START_TEST(the_tangent_of_a_product_has_one_term_for_each_active_factor)
{
    drawing p = draw(product_of_three);
    graph_ref tangent[8];
    ck_assert_uint_le(p.n, 8);
    graph_tangents(&p.g, p.n, tangent);
    const graph_node *s = sum_of(&p.g, tangent[p.loss.node], 2);
    ck_assert(has_term(&p.g, s, 1.0, along(&p, 0), param(&p, 1), feature(&p, 0)));
    ck_assert(has_term(&p.g, s, 1.0, param(&p, 0), along(&p, 1), feature(&p, 0)));
    ck_assert(is_just(tangent[param(&p, 0)], 1.0, along(&p, 0)));
    ck_assert(graph_is_zero(tangent[feature(&p, 0)]));
    erase(&p);
}
END_TEST

START_TEST(the_adjoints_of_a_product_are_the_other_factors)
{
    drawing p = draw(product_of_three);
    graph_ref gradient[d], product[d];
    differentiate(&p, gradient, product);
    const graph_node *s = sum_of(&p.g, gradient[0], 1);
    ck_assert(has_term(&p.g, s, 1.0, param(&p, 1), feature(&p, 0), NONE));
    s = sum_of(&p.g, gradient[1], 1);
    ck_assert(has_term(&p.g, s, 1.0, param(&p, 0), feature(&p, 0), NONE));
    s = sum_of(&p.g, product[0], 1);
    ck_assert(has_term(&p.g, s, 1.0, along(&p, 1), feature(&p, 0), NONE));
    s = sum_of(&p.g, product[1], 1);
    ck_assert(has_term(&p.g, s, 1.0, along(&p, 0), feature(&p, 0), NONE));
    ck_assert(graph_is_zero(gradient[2]) && graph_is_zero(product[2]));
    erase(&p);
}
END_TEST

static ad_var square(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)xi, (void)ctx;
    return ad_add(ad_mul(3.0, ad_sqr(t[0])), ad_mul(7.0, t[1]));
}

START_TEST(derivatives_of_a_square_are_multiples_of_inputs_and_numbers)
{
    drawing p = draw(square);
    graph_ref gradient[d], product[d];
    differentiate(&p, gradient, product);
    ck_assert(is_just(gradient[0], 6.0, param(&p, 0)));
    ck_assert(is_just(product[0], 6.0, along(&p, 0)));
    ck_assert(is_just(gradient[1], 7.0, NONE));
    ck_assert(graph_is_zero(product[1]));
    erase(&p);
}
END_TEST

/* -------------------------------------------------------------------------- functions */

static ad_var exponential(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)xi, (void)ctx;
    return ad_exp(t[0]);
}

START_TEST(derivatives_of_a_function_are_its_partials)
{
    drawing p = draw(exponential);
    graph_ref gradient[d], product[d];
    differentiate(&p, gradient, product);
    uint32_t f = first_fun(&p);
    ck_assert(is_just(gradient[0], 1.0, part(&p, f, 1)));
    const graph_node *s = sum_of(&p.g, product[0], 1);
    ck_assert(has_term(&p.g, s, 1.0, part(&p, f, 2), along(&p, 0), NONE));
    ck_assert_uint_eq(part(&p, f, 3), NONE);
    erase(&p);
}
END_TEST

static ad_var quotient(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)xi, (void)ctx;
    return ad_div(t[0], t[1]);
}

START_TEST(derivatives_of_a_quotient_leave_out_the_partial_that_is_absent)
{
    drawing p = draw(quotient);
    graph_ref gradient[d], product[d];
    differentiate(&p, gradient, product);
    uint32_t f = first_fun(&p);
    enum { DA = 1, DB, DAA, DAB, DBB };
    ck_assert(is_just(gradient[0], 1.0, part(&p, f, DA)));
    ck_assert(is_just(gradient[1], 1.0, part(&p, f, DB)));
    const graph_node *s = sum_of(&p.g, product[0], 1);
    ck_assert(has_term(&p.g, s, 1.0, part(&p, f, DAB), along(&p, 1), NONE));
    s = sum_of(&p.g, product[1], 2);
    ck_assert(has_term(&p.g, s, 1.0, part(&p, f, DAB), along(&p, 0), NONE));
    ck_assert(has_term(&p.g, s, 1.0, part(&p, f, DBB), along(&p, 1), NONE));
    ck_assert_uint_eq(part(&p, f, DAA), NONE);
    erase(&p);
}
END_TEST

static ad_var kinks(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)xi, (void)ctx;
    ad_var stopped = ad_mul(ad_stop(t[2]), ad_lt(t[2], t[3]));
    return ad_add(ad_relu(t[0]), ad_add(ad_max(t[1], 0.0), stopped));
}

START_TEST(what_has_no_derivative_gives_none)
{
    drawing p = draw(kinks);
    graph_ref gradient[d], product[d];
    differentiate(&p, gradient, product);
    for (int j = 0; j < d; j++)
        ck_assert(graph_is_zero(product[j]) && graph_is_zero(gradient[j]) == (j >= 2));
    erase(&p);
}
END_TEST

static ad_var choice(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)ctx;
    return ad_select(ad_gt(xi[0], 0.0), t[0], ad_sqr(t[1]));
}

START_TEST(adjoints_of_a_selection_are_selections)
{
    drawing p = draw(choice);
    graph_ref gradient[d], product[d];
    differentiate(&p, gradient, product);
    const graph_node *n = &p.g.node[gradient[0].node];
    const graph_node *one = &p.g.node[n->b], *zero = &p.g.node[n->c];
    ck_assert_int_eq(n->kind, GRAPH_SELECT);
    ck_assert(one->kind == GRAPH_CONST && p.g.real[one->a] == 1.0);
    ck_assert(zero->kind == GRAPH_CONST && p.g.real[zero->a] == 0.0);
    ck_assert(graph_is_zero(product[0]) && !graph_is_zero(product[1]));
    erase(&p);
}
END_TEST

/* ---------------------------------------------------------------------------- Taylor */

static ad_var cubic(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)xi, (void)ctx;
    return ad_mul(ad_mul(t[0], t[0]), ad_mul(2.0, t[1]));
}

START_TEST(taylor_coefficients_of_a_product_are_those_of_cauchys_formula)
{
    drawing p = draw(cubic);
    graph_ref c[3];
    graph_taylor(&p.g, p.n, p.loss, 3, c);
    uint32_t x = param(&p, 0), y = param(&p, 1), v = along(&p, 0), w = along(&p, 1);
    const graph_node *s = sum_of(&p.g, c[0], 2);
    ck_assert(has_term(&p.g, s, 4.0, x, v, y) && has_term(&p.g, s, 2.0, x, x, w));
    s = sum_of(&p.g, c[1], 2);
    ck_assert(has_term(&p.g, s, 2.0, v, v, y) && has_term(&p.g, s, 4.0, x, v, w));
    s = sum_of(&p.g, c[2], 1);
    ck_assert(has_term(&p.g, s, 2.0, v, v, w));
    erase(&p);
}
END_TEST

START_TEST(taylor_coefficients_of_a_function_of_an_input_have_one_term)
{
    drawing p = draw(exponential);
    graph_ref c[3];
    graph_taylor(&p.g, p.n, p.loss, 3, c);
    uint32_t f = first_fun(&p), v = along(&p, 0);
    ck_assert(has_term(&p.g, sum_of(&p.g, c[0], 1), 1.0, part(&p, f, 1), v, NONE));
    ck_assert(has_term(&p.g, sum_of(&p.g, c[1], 1), 0.5, part(&p, f, 2), v, v));
    const graph_node *third = sum_of(&p.g, c[2], 1);
    const graph_term *t = &p.g.term[third->a];
    ck_assert(t->c == 1.0 / 6.0 && graph_degree(t) == 3);
    erase(&p);
}
END_TEST

/* -------------------------------------------------------------------------- forgetting */

static ad_var everything(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)ctx;
    ad_var s = ad_add(ad_mul(t[0], xi[0]), ad_mul(t[1], xi[1]));
    ad_var x = ad_tanh(s), y = ad_tanh(ad_add(ad_mul(t[0], xi[0]), ad_mul(t[1], xi[1])));
    ad_var z = ad_select(ad_lt(x, 0.5), ad_mul(x, t[2]), ad_exp(y));
    return ad_add(ad_sqr(z), ad_div(y, ad_add(3.0, t[3])));
}

/* Every number in the table and in nodes is of something that exists. */
static void expect_sound(const graph *g)
{
    for (size_t k = 0; k < g->table_size; k++)
        ck_assert(g->table[k] == NONE || g->table[k] < g->n_nodes);
    for (size_t k = 0; k < g->n_nodes; k++)
        if (g->node[k].kind == GRAPH_SUM)
            ck_assert_uint_le(g->node[k].a + (size_t)g->node[k].b, g->n_terms);
}

static void check_truncate(unsigned passes)
{
    drawing p = draw_with(everything, NULL, passes);
    size_t n_nodes = p.g.n_nodes, n_terms = p.g.n_terms, later_nodes, later_terms;
    graph_ref gradient[2][d], product[2][d], line[3];
    differentiate(&p, gradient[0], product[0]);
    later_nodes = p.g.n_nodes, later_terms = p.g.n_terms;
    ck_assert_uint_gt(later_nodes, n_nodes);
    for (int other = 0; other < 2; other++) { /* also after something else was there */
        graph_truncate(&p.g, n_nodes, n_terms);
        expect_sound(&p.g);
        ck_assert(p.g.n_nodes == n_nodes && p.g.n_terms == n_terms);
        ck_assert_uint_eq(count(&p.g, GRAPH_ALONG) + count(&p.g, GRAPH_PART), 0);
        if (other == 0)
            graph_taylor(&p.g, n_nodes, p.loss, 3, line);
    }
    differentiate(&p, gradient[1], product[1]);
    ck_assert(p.g.n_nodes == later_nodes && p.g.n_terms == later_terms);
    for (int j = 0; j < d; j++) {
        ck_assert(is_just(gradient[0][j], gradient[1][j].c, gradient[1][j].node));
        ck_assert(is_just(product[0][j], product[1][j].c, product[1][j].node));
    }
    erase(&p);
}

START_TEST(truncating_forgets_what_came_later)
{
    check_truncate(AD_PASS_ALL);
}
END_TEST

START_TEST(truncating_forgets_also_where_equal_nodes_are_not_shared)
{
    check_truncate(AD_PASS_ALL & ~(unsigned)AD_PASS_SHARE);
    check_truncate(0);
}
END_TEST

START_TEST(what_is_still_there_after_truncating_is_shared_as_before)
{
    drawing p = draw(everything);
    graph_ref gradient[d], product[d];
    size_t n = p.g.n_nodes;
    differentiate(&p, gradient, product);
    graph_truncate(&p.g, n, p.g.n_terms);
    for (uint32_t k = 0; k < n; k++) {
        graph_node node = p.g.node[k];
        if (node.kind == GRAPH_FUN)
            ck_assert_uint_eq(graph_fun(&p.g, (ad_op)node.op, node.a, node.b), k);
        if (node.kind == GRAPH_SELECT)
            ck_assert_uint_eq(graph_select(&p.g, node.a, node.b, node.c), k);
    }
    ck_assert_uint_eq(p.g.n_nodes, n);
    erase(&p);
}
END_TEST

TEST_MAIN("graph_derive", the_tangent_of_a_product_has_one_term_for_each_active_factor,
          the_adjoints_of_a_product_are_the_other_factors,
          derivatives_of_a_square_are_multiples_of_inputs_and_numbers,
          derivatives_of_a_function_are_its_partials,
          derivatives_of_a_quotient_leave_out_the_partial_that_is_absent,
          what_has_no_derivative_gives_none, adjoints_of_a_selection_are_selections,
          taylor_coefficients_of_a_product_are_those_of_cauchys_formula,
          taylor_coefficients_of_a_function_of_an_input_have_one_term,
          truncating_forgets_what_came_later,
          truncating_forgets_also_where_equal_nodes_are_not_shared,
          what_is_still_there_after_truncating_is_shared_as_before)
