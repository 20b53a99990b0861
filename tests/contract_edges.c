/* Domain edges of every row of ops.def: values. Infinities, zeros of either sign, subnormal and
 * NaN arguments stand among ordinary samples, on every instruction set: a lane at an edge must
 * not disturb its neighbours. Values are those of the C library (Annex F of C99, which the
 * oracle's quad functions follow too). */
#include "tests/edge_fixture.h"

/* clang-format off */
static const double edges[] = {
    0.0, -0.0, INFINITY, -INFINITY, NAN, 5e-324, -5e-324, 3e-310, -3e-310, DBL_MIN, -DBL_MIN,
    DBL_MAX, -DBL_MAX, 1e300, -1e300, 1e-300, -1e-300, 1e22, -1e22, 1.0, -1.0, 2.0, -2.0, 3.0,
    -3.0, 0.5, -0.5, 30.0, -30.0, -37.5, 38.0, 710.0, -710.0, -708.5, 745.0, -745.0,
    0x1.fffffffffffffp-1, -0x1.fffffffffffffp-1, 0x1.0000000000001p0, -0x1.0000000000001p0,
};
/* clang-format on */
enum { N_EDGES = sizeof edges / sizeof edges[0] };

static void expect_value(const subject *s, const double *x, double got)
{
    bool two = op_is_binary(s->op);
    double want = (double)(two ? oracle_value2(s->op, x[0], x[1]) : oracle_value1(s->op, x[0]));
    /* ties; and sums and products, which fused sums that start from 0 may stand for */
    bool either = s->op == AD_OP_max || s->op == AD_OP_min || s->op == AD_OP_add ||
                  s->op == AD_OP_sub || s->op == AD_OP_neg || s->op == AD_OP_mul;
    if (either && got == 0.0 && want == 0.0)
        return;
    /* normcdf is erfc of a rounded x / sqrt 2: x^2 times as sensitive */
    double units = VALUE_UNITS * (s->op == AD_OP_normcdf ? 1.0 + x[0] * x[0] : 1.0);
    ck_assert_msg(same_value(got, want, units), "%s(%.17g, %.17g) on %s is %.17g, not %.17g",
                  ad_op_name(s->op), x[0], two ? x[1] : 0.0, ad_isa_name(s->c.how.isa), got,
                  want);
}

static void expect_neighbour(const subject *s, int lane, double loss, const double *grad,
                             const double *hvp)
{
    const random_program *p = &s->program;
    const jet *y = &p->want[lane];
    for (int k = 0; k < 1 + 2 * p->d; k++) {
        int j = (k - 1) / 2;
        int c = k == 0 ? 0 : (k % 2 ? jet_grad(j) : jet_hvp(j));
        double got = k == 0 ? loss : (k % 2 ? grad[j] : hvp[j]);
        /* near 0 sigmoid'' is a difference of numbers near 1/2 */
        double size = y->c[c].m + (s->op == AD_OP_sigmoid ? 1.0 : 0.0);
        ck_assert_msg(
            fabs((double)((quad)got - y->c[c].x)) <= NEIGHBOUR_UNITS * DBL_EPSILON * size,
            "%s on %s: lane %d next to an edge has piece %d = %.17g, not %.17g",
            ad_op_name(s->op), ad_isa_name(s->c.how.isa), lane, k, got, (double)y->c[c].x);
    }
}

static void fill_ordinary(const subject *s, double *xi)
{
    int d = s->program.d;
    for (int i = 0; i < N_BLOCK; i++)
        for (int j = 0; j < d; j++)
            xi[i * d + j] = ordinary(s->op, (i + 31 * j) % N_BLOCK);
}

/* A block of ordinary lanes with the edge x [d] in one of them: its value, and its
 * neighbours' derivatives. */
static void check_edge(const subject *direct, const subject *s, int at, const double *x)
{
    double xi[2 * N_BLOCK], loss[N_BLOCK], grad[2 * N_BLOCK], hvp[2 * N_BLOCK];
    int d = s->program.d;
    fill_ordinary(s, xi);
    memcpy(xi + (ptrdiff_t)at * d, x, (size_t)d * sizeof *x);
    subject_evaluate(direct, N_BLOCK, xi, loss, grad, hvp);
    expect_value(direct, x, loss[at]);
    subject_evaluate(s, N_BLOCK, xi, loss, grad, hvp);
    int near[4] = {(at + 1) % N_BLOCK, (at + N_BLOCK - 1) % N_BLOCK, (at ^ 4) % N_BLOCK, 0};
    for (int k = 0; k < 4; k++)
        if (near[k] != at)
            expect_neighbour(s, near[k], loss[near[k]], grad + (ptrdiff_t)near[k] * d,
                             hvp + (ptrdiff_t)near[k] * d);
}

static void check_all_edges(ad_op op, ad_isa isa, size_t n_lanes)
{
    subject *s = subject_create(op, 1.0, 0.5, isa, n_lanes);
    subject *direct = subject_create_direct(op, isa, n_lanes);
    random_program *p = &s->program;
    double xi[2 * N_BLOCK];
    fill_ordinary(s, xi);
    for (int i = 0; i < N_BLOCK; i++)
        oracle_run(p, xi + (ptrdiff_t)i * p->d, AD_OP_CONST, &p->want[i]);
    for (int k = 0; k < N_EDGES; k++) {
        for (int l = 0; l < (op_is_binary(op) ? N_EDGES : 1); l++) {
            double x[2] = {edges[k], edges[l]};
            check_edge(direct, s, (7 * k + l) % N_BLOCK, x);
        }
    }
    subject_destroy(direct);
    subject_destroy(s);
}

START_TEST(values_at_edges_are_the_c_librarys_and_do_not_disturb_their_neighbours)
{
    ad_isa isa[8];
    int n_isas = available_isas(isa);
    for (int op = 1; op < AD_N_OPS; op++) {
        if (!op_is_unary((ad_op)op) && !op_is_binary((ad_op)op))
            continue;
        for (int i = 0; i < n_isas; i++)
            check_all_edges((ad_op)op, isa[i], op % 2 ? 0 : 8);
    }
}
END_TEST

/* All edges in one batch, in neighbouring lanes. */
START_TEST(edges_next_to_each_other_have_their_values)
{
    ad_isa isa[8];
    int n_isas = available_isas(isa);
    double loss[N_EDGES], grad[N_EDGES], hvp[N_EDGES];
    for (int op = 1; op < AD_N_OPS; op++) {
        for (int i = 0; i < n_isas && op_is_unary((ad_op)op); i++) {
            subject *s = subject_create_direct((ad_op)op, isa[i], 0);
            subject_evaluate(s, N_EDGES, edges, loss, grad, hvp);
            for (int k = 0; k < N_EDGES; k++)
                expect_value(s, &edges[k], loss[k]);
            subject_destroy(s);
        }
    }
}
END_TEST

QUAD_TEST_MAIN("contract_edges",
               values_at_edges_are_the_c_librarys_and_do_not_disturb_their_neighbours,
               edges_next_to_each_other_have_their_values)
