/* Functions of ops.def on rows, and their derivatives, against the scalar expressions. */
#include "tests/kernel_fixture.h"

#include "ad/math.h"

enum { SLOT_X = 20, SLOT_A = 21, SLOT_B = 22 };

/* y and derivatives 1..3 of a unary function. */
static bool plain_fun1(ad_op op, double x, double *out)
{
    double y;
    switch (op) {
#define AD_OP1(name, value_expression, d1, d2, d3)                                             \
    case AD_OP_##name:                                                                         \
        (void)x;                                                                               \
        out[0] = y = (value_expression);                                                       \
        (void)y;                                                                               \
        out[1] = (d1), out[2] = (d2), out[3] = (d3);                                           \
        return true;
#define AD_OP2(name, ...)
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
    default:
        return false;
    }
}

static bool plain_fun2(ad_op op, double a, double b, double *out)
{
    double y;
    switch (op) {
#define AD_OP1(name, ...)
#define AD_OP2(name, value_expression, da, db, daa, dab, dbb, daaa, daab, dabb, dbbb)          \
    case AD_OP_##name:                                                                         \
        (void)a, (void)b;                                                                      \
        out[0] = y = (value_expression);                                                       \
        (void)y;                                                                               \
        out[1] = (da), out[2] = (db), out[3] = (daa), out[4] = (dab), out[5] = (dbb);          \
        out[6] = (daaa), out[7] = (daab), out[8] = (dabb), out[9] = (dbbb);                    \
        return true;
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
    default:
        return false;
    }
}

static void fill(machine *c, size_t row, double (*value)(size_t l))
{
    for (size_t l = 0; l < c->b.lanes; l++)
        c->rows[row * c->b.stride + l] = c->before[row * c->b.stride + l] = value(l);
}

/* The inside of every domain but acosh's, and that. */
static double inside(size_t l)
{
    return 0.5 + 0.2 * machine_number(l);
}
static double above_one(size_t l)
{
    return 1.0 + inside(l);
}
static double other_inside(size_t l)
{
    return 0.5 + 0.2 * machine_number(3 * l + 17);
}

/* Within some units of rounding of the largest of the derivatives: their expressions may
 * cancel, in vectors (with fused additions) and scalars alike. */
static void expect_close(double actual, double want, double scale)
{
    machine_expect(actual, want, scale, 16);
}

static double largest(const double *x, int n)
{
    double most = 0.0;
    for (int k = 0; k < n; k++)
        most = fmax(most, fabs(x[k]));
    return most;
}

static void check_unary(ad_isa isa, size_t n_valid, ad_op op, uint32_t order)
{
    machine c = machine_make(isa, n_valid, 0);
    fill(&c, SLOT_X, op == AD_OP_acosh ? above_one : inside);
    const uint32_t w[] = {PLAN_FUN1, op, order, SLOT_X, 0, 1, 2, 3};
    machine_run(&c, w, sizeof w / sizeof w[0]);
    for (size_t l = 0; l < c.b.lanes; l++) {
        double want[4];
        plain_fun1(op, machine_before(&c, SLOT_X, l), want);
        for (uint32_t k = 0; k <= order; k++)
            expect_close(machine_at(&c, k, l), want[k], largest(want, (int)k + 1));
    }
    machine_expect_untouched(&c, order + 1);
    machine_clear(&c);
}

static void check_all_unary(ad_isa isa, size_t n_valid)
{
    double unused[4];
    for (int op = 0; op < AD_N_OPS; op++)
        for (uint32_t order = 0; order <= 3 && plain_fun1((ad_op)op, 0.5, unused); order++)
            check_unary(isa, n_valid, (ad_op)op, order);
}

START_TEST(functions_of_one_variable_equal_their_rows_in_ops_def_at_every_order)
{
    machine_for_each(check_all_unary);
}
END_TEST

static void check_binary(ad_isa isa, size_t n_valid, ad_op op, uint32_t mask)
{
    machine c = machine_make(isa, n_valid, 0);
    uint32_t w[15] = {PLAN_FUN2, op, mask, SLOT_A, SLOT_B};
    fill(&c, SLOT_A, inside);
    fill(&c, SLOT_B, other_inside);
    for (uint32_t k = 0; k < GRAPH_N_PARTS; k++)
        w[5 + k] = mask & (1u << k) ? k : UINT32_MAX;
    machine_run(&c, w, sizeof w / sizeof w[0]);
    for (size_t l = 0; l < c.b.lanes; l++) {
        double want[GRAPH_N_PARTS];
        plain_fun2(op, machine_before(&c, SLOT_A, l), machine_before(&c, SLOT_B, l), want);
        for (uint32_t k = 0; k < GRAPH_N_PARTS; k++)
            if (mask & (1u << k))
                expect_close(machine_at(&c, k, l), want[k], largest(want, (int)k + 1));
            else
                machine_expect_same(machine_at(&c, k, l), machine_before(&c, k, l));
    }
    machine_expect_untouched(&c, GRAPH_N_PARTS);
    machine_clear(&c);
}

static void check_all_binary(ad_isa isa, size_t n_valid)
{
    static const uint32_t mask[] = {1, 2, 6, 7, 0x3f, 0x15, 0x3c1, 0x3ff};
    double unused[GRAPH_N_PARTS];
    for (int op = 0; op < AD_N_OPS; op++)
        for (size_t k = 0; k < sizeof mask / sizeof mask[0]; k++)
            if (plain_fun2((ad_op)op, 0.5, 0.25, unused))
                check_binary(isa, n_valid, (ad_op)op, mask[k]);
}

START_TEST(functions_of_two_variables_give_the_partials_that_are_asked_for_and_no_others)
{
    machine_for_each(check_all_binary);
}
END_TEST

/* A value that nobody needs goes nowhere. */
static void check_unwanted(ad_isa isa, size_t n_valid)
{
    machine c = machine_make(isa, n_valid, 0);
    const uint32_t w[] = {PLAN_FUN1,  AD_OP_exp,  2, SLOT_X,
                          UINT32_MAX, UINT32_MAX, 0, UINT32_MAX};
    fill(&c, SLOT_X, inside);
    machine_run(&c, w, sizeof w / sizeof w[0]);
    for (size_t l = 0; l < c.b.lanes; l++) {
        double want = exp(machine_before(&c, SLOT_X, l));
        assert_ulps(machine_at(&c, 0, l), want, 4);
    }
    machine_expect_untouched(&c, 1);
    machine_clear(&c);
}

START_TEST(derivatives_without_a_row_are_written_nowhere)
{
    machine_for_each(check_unwanted);
}
END_TEST

TEST_MAIN("kernels_functions",
          functions_of_one_variable_equal_their_rows_in_ops_def_at_every_order,
          functions_of_two_variables_give_the_partials_that_are_asked_for_and_no_others,
          derivatives_without_a_row_are_written_nowhere)
