/* What recorded code and its derivatives become: results alone cannot show it. */
#include "tests/graph_fixture.h"

/* --------------------------------------------------------------- what loops become */

static ad_var loop(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var total = ad_mul(t[0], xi[0]);
    (void)tape, (void)ctx;
    for (int k = 1; k < d * m; k++)
        total = ad_add(total, ad_mul(t[k / m], xi[k % m]));
    return total;
}

START_TEST(a_loop_of_additions_becomes_one_sum_of_as_many_terms)
{
    drawing p = draw(loop);
    const graph_node *s = sum_of(&p.g, p.loss, d * m);
    ck_assert_uint_eq(count(&p.g, GRAPH_SUM), 1);
    for (uint32_t i = 0; i < d; i++)
        for (uint32_t j = 0; j < m; j++)
            ck_assert(has_term(&p.g, s, 1.0, param(&p, i), feature(&p, j), NONE));
    erase(&p);
}
END_TEST

START_TEST(without_fusion_every_addition_and_product_is_a_node)
{
    drawing p = draw_with(loop, NULL, AD_PASS_ALL & ~(unsigned)AD_PASS_FUSE);
    ck_assert_uint_eq(count(&p.g, GRAPH_SUM), d * m + d * m - 1);
    erase(&p);
}
END_TEST

static ad_var counting_loop(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var total = ad_const(tape, 0);
    (void)xi, (void)ctx;
    for (int k = 0; k < d; k++)
        total = ad_sub(total, ad_sqr(t[k]));
    return ad_sub(total, 1.0);
}

START_TEST(what_a_loop_starts_from_and_subtracts_is_part_of_the_sum)
{
    drawing p = draw(counting_loop);
    const graph_node *s = sum_of(&p.g, p.loss, d + 2);
    ck_assert_uint_eq(count(&p.g, GRAPH_SUM), 1);
    ck_assert_uint_eq(count(&p.g, GRAPH_CONST), 0);
    ck_assert(has_term(&p.g, s, 0.0, NONE, NONE, NONE));
    ck_assert(has_term(&p.g, s, -1.0, NONE, NONE, NONE));
    for (uint32_t k = 0; k < d; k++)
        ck_assert(has_term(&p.g, s, -1.0, param(&p, k), param(&p, k), NONE));
    erase(&p);
}
END_TEST

static ad_var dots(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)ctx;
    return ad_add(ad_dot(d, t, xi), ad_sum(d, t));
}

START_TEST(dots_are_sums_of_products_too)
{
    drawing p = draw(dots);
    /* Either the one or the other is continued; what is left may cancel and stays a node. */
    const graph_node *s = sum_of(&p.g, p.loss, d + 1);
    ck_assert_uint_eq(count(&p.g, GRAPH_SUM), 2);
    ck_assert(has_term(&p.g, s, 1.0, param(&p, 3), feature(&p, 3), NONE));
    erase(&p);
}
END_TEST

/* ------------------------------------------------------------------------ products */

static ad_var three_factors(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)ctx;
    return ad_mul(ad_mul(2.0, t[0]), ad_mul(xi[0], ad_mul(t[1], -3.0)));
}

START_TEST(a_product_of_products_is_one_term_up_to_degree_three)
{
    drawing p = draw(three_factors);
    const graph_node *s = sum_of(&p.g, p.loss, 1);
    ck_assert_uint_eq(count(&p.g, GRAPH_SUM), 1);
    ck_assert_uint_eq(count(&p.g, GRAPH_CONST), 0);
    ck_assert(has_term(&p.g, s, -6.0, param(&p, 0), param(&p, 1), feature(&p, 0)));
    erase(&p);
}
END_TEST

static ad_var four_factors(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)xi, (void)ctx;
    return ad_mul(ad_mul(t[0], t[1]), ad_mul(t[2], t[3]));
}

START_TEST(a_fourth_factor_makes_a_node_of_what_does_not_fit)
{
    drawing p = draw(four_factors);
    const graph_node *s = sum_of(&p.g, p.loss, 1);
    const graph_term *t = &p.g.term[s->a];
    ck_assert_uint_eq(count(&p.g, GRAPH_SUM), 2);
    ck_assert_int_eq(graph_degree(t), 3);
    ck_assert(has_term(&p.g, s, 1.0, find(&p.g, GRAPH_SUM, 0), param(&p, 2), param(&p, 3)));
    ck_assert(has_term(&p.g, &p.g.node[find(&p.g, GRAPH_SUM, 0)], 1.0, param(&p, 0),
                       param(&p, 1), NONE));
    erase(&p);
}
END_TEST

/* --------------------------------------------------------------------- what is equal */

static ad_var twice_the_same(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)ctx;
    ad_var x = ad_exp(ad_mul(t[0], xi[0])), y = ad_exp(ad_mul(xi[0], t[0]));
    return ad_add(ad_mul(x, t[1]), ad_mul(t[1], y));
}

START_TEST(equal_subexpressions_are_one_node_in_whatever_order_their_factors_come)
{
    drawing p = draw(twice_the_same);
    ck_assert_uint_eq(count(&p.g, GRAPH_FUN), 1);
    ck_assert_uint_eq(count(&p.g, GRAPH_SUM), 2);
    const graph_node *s = sum_of(&p.g, p.loss, 1); /* like terms are merged */
    uint32_t product = find(&p.g, GRAPH_SUM, 0);
    ck_assert(has_term(&p.g, s, 2.0, param(&p, 1), find(&p.g, GRAPH_FUN, product), NONE));
    erase(&p);
    p = draw_with(twice_the_same, NULL, AD_PASS_ALL & ~(unsigned)AD_PASS_SHARE);
    ck_assert_uint_eq(count(&p.g, GRAPH_FUN), 2);
    erase(&p);
}
END_TEST

/* ----------------------------------------------------------- which sums are taken in */

static ad_var sum_and_difference(ad_tape *tape, const ad_var *t, const ad_var *xi,
                                 const void *ctx)
{
    (void)tape, (void)ctx;
    ad_var s = ad_add(ad_add(xi[0], xi[1]), xi[2]);
    return ad_add(s, ad_sub(t[0], t[1]));
}

START_TEST(a_difference_that_is_added_to_a_sum_stays_a_difference)
{
    drawing p = draw(sum_and_difference);
    const graph_node *s = sum_of(&p.g, p.loss, 4);
    uint32_t difference = find(&p.g, GRAPH_SUM, 0);
    ck_assert_uint_eq(count(&p.g, GRAPH_SUM), 2);
    ck_assert(has_term(&p.g, s, 1.0, difference, NONE, NONE));
    s = sum_of(&p.g, (graph_ref){1.0, difference}, 2);
    ck_assert(has_term(&p.g, s, 1.0, param(&p, 0), NONE, NONE));
    ck_assert(has_term(&p.g, s, -1.0, param(&p, 1), NONE, NONE));
    erase(&p);
}
END_TEST

static ad_var sum_and_squares(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)ctx;
    ad_var s = ad_add(ad_add(xi[0], xi[1]), xi[2]);
    return ad_add(s, ad_add(ad_sqr(t[0]), ad_mul(2.0, ad_sqr(t[1]))));
}

START_TEST(a_sum_of_squares_is_taken_in)
{
    drawing p = draw(sum_and_squares);
    const graph_node *s = sum_of(&p.g, p.loss, 5);
    ck_assert_uint_eq(count(&p.g, GRAPH_SUM), 1);
    ck_assert(has_term(&p.g, s, 1.0, param(&p, 0), param(&p, 0), NONE));
    ck_assert(has_term(&p.g, s, 2.0, param(&p, 1), param(&p, 1), NONE));
    erase(&p);
}
END_TEST

static ad_var used_twice(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)xi, (void)ctx;
    ad_var s = ad_add(t[0], t[1]);
    return ad_add(ad_add(s, t[2]), ad_exp(s));
}

START_TEST(a_sum_with_two_users_is_computed_once)
{
    drawing p = draw(used_twice);
    const graph_node *s = sum_of(&p.g, p.loss, 2); /* so few are added as they were written */
    ck_assert_uint_eq(count(&p.g, GRAPH_SUM), 3);
    ck_assert(
        has_term(&p.g, s, 1.0, find(&p.g, GRAPH_FUN, find(&p.g, GRAPH_SUM, 0)), NONE, NONE));
    erase(&p);
}
END_TEST

/* ------------------------------------------------------ what leaves nothing behind */

static ad_var with_dead_code(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)ctx;
    ad_var unused = ad_exp(ad_mul(t[0], xi[0]));
    ad_log(unused);
    return ad_mul(t[1], xi[1]);
}

START_TEST(dead_code_leaves_no_node)
{
    drawing p = draw(with_dead_code);
    ck_assert_uint_eq(p.g.n_nodes, 3); /* t1, xi1 and their product */
    ck_assert_uint_eq(param(&p, 0), NONE);
    ck_assert_uint_eq(feature(&p, 0), NONE);
    erase(&p);
}
END_TEST

static ad_var constants(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)xi, (void)ctx;
    ad_var five = ad_add(ad_const(tape, 2), ad_const(tape, 3));
    return ad_mul(ad_mul(five, ad_mul(t[0], 4.0)), ad_neg(ad_sqr(ad_const(tape, 0.5))));
}

START_TEST(constants_fold)
{
    drawing p = draw(constants);
    ck_assert_uint_eq(p.g.n_nodes, 1); /* t0 */
    ck_assert(p.loss.node == param(&p, 0) && p.loss.c == -5.0);
    erase(&p);
}
END_TEST

static ad_var only_constants(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)t, (void)xi, (void)ctx;
    return ad_sub(ad_const(tape, 2), ad_mul(ad_const(tape, 3), 5.0));
}

START_TEST(a_constant_objective_has_no_nodes_and_no_derivatives)
{
    drawing p = draw(only_constants);
    graph_ref tangent[1], gradient[d], product[d];
    ck_assert_uint_eq(p.g.n_nodes, 0);
    ck_assert(p.loss.node == NONE && p.loss.c == -13.0);
    graph_reverse(&p.g, 0, p.loss, tangent, gradient, product);
    for (int j = 0; j < d; j++)
        ck_assert(graph_is_zero(gradient[j]) && graph_is_zero(product[j]));
    erase(&p);
}
END_TEST

/* ------------------------------------------------------------- scaling changes no bit */

static ad_var scaled(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    const double *c = ctx;
    (void)tape;
    ad_var x = ad_mul(*c, ad_add(t[0], ad_mul(t[1], xi[0])));
    return ad_mul(*c, ad_add(ad_tanh(x), ad_mul(ad_mul(*c, x), ad_exp(ad_mul(*c, t[1])))));
}

START_TEST(a_multiple_by_one_is_a_node_of_its_own_as_operand_of_a_function)
{
    const double one = 1.0;
    drawing p = draw_with(scaled, &one, AD_PASS_ALL);
    for (size_t k = 0; k < p.g.n_nodes; k++) {
        const graph_node *n = &p.g.node[k];
        if (n->kind == GRAPH_FUN)
            ck_assert_int_eq(sum_of(&p.g, (graph_ref){1.0, n->a}, 1)->kind, GRAPH_SUM);
    }
    erase(&p);
}
END_TEST

/* Nodes and terms, but for coefficients. */
static void expect_same_structure(const graph *a, const graph *b)
{
    ck_assert_uint_eq(a->n_nodes, b->n_nodes);
    ck_assert_uint_eq(a->n_terms, b->n_terms);
    for (size_t k = 0; k < a->n_nodes; k++) {
        const graph_node *x = &a->node[k], *y = &b->node[k];
        ck_assert(x->kind == y->kind && x->op == y->op);
        ck_assert(x->a == y->a && x->b == y->b && x->c == y->c);
    }
    for (size_t k = 0; k < a->n_terms; k++)
        ck_assert_mem_eq(a->term[k].f, b->term[k].f, sizeof a->term[k].f);
}

START_TEST(a_factor_of_one_makes_the_same_graph_as_one_of_two)
{
    const double c[2] = {1.0, 2.0};
    drawing p[2];
    graph_ref gradient[d], product[d];
    for (int k = 0; k < 2; k++) {
        p[k] = draw_with(scaled, &c[k], AD_PASS_ALL);
        differentiate(&p[k], gradient, product);
    }
    expect_same_structure(&p[0].g, &p[1].g);
    erase(&p[0]);
    erase(&p[1]);
}
END_TEST

TEST_MAIN("graph", a_loop_of_additions_becomes_one_sum_of_as_many_terms,
          without_fusion_every_addition_and_product_is_a_node,
          what_a_loop_starts_from_and_subtracts_is_part_of_the_sum,
          dots_are_sums_of_products_too, a_product_of_products_is_one_term_up_to_degree_three,
          a_fourth_factor_makes_a_node_of_what_does_not_fit,
          equal_subexpressions_are_one_node_in_whatever_order_their_factors_come,
          a_difference_that_is_added_to_a_sum_stays_a_difference, a_sum_of_squares_is_taken_in,
          a_sum_with_two_users_is_computed_once, dead_code_leaves_no_node, constants_fold,
          a_constant_objective_has_no_nodes_and_no_derivatives,
          a_multiple_by_one_is_a_node_of_its_own_as_operand_of_a_function,
          a_factor_of_one_makes_the_same_graph_as_one_of_two)
