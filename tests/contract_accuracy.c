/* How accurate each row of ops.def is over the range of doubles: value, first and second
 * derivative against a quad precision oracle, for every instruction set.
 *
 * MEKA_TEST_TABLE=1 prints the largest error of each, in units in the last place. */
#include "tests/program_checks.h"

#include <stdlib.h>

enum { MOST = 4000, N_ORDERS = 3 };

/* What an error is measured against, where not against the result itself. */
typedef enum yardstick {
    BY_RESULT,
    BY_UNIT,   /* derivatives: tanh' = 1 - y^2 is exact to units of 1 */
    BY_SLOPE,  /* second derivative: sigmoid'' vanishes at 0, where sigmoid' does not */
    BY_SQUARE, /* the result times 1 + x^2: exp(-x^2) of a rounded square */
    BY_CHANGE, /* result plus x times its derivative: psi near its root */
} yardstick;

/* A unary row's domain, and what is to hold there.  The general bounds are 2 units for a
 * vector function and its rounding, and twice and three times that for what two or three more
 * operations make of one or two such values. */
typedef struct limits {
    ad_op op;
    double low, high; /* the part of the domain for the value, open */
    /* Derivatives: |x| in (near, far).  Beyond far, squares and cubes of x overflow; nearer
     * to 0 than 1e-30, the library's trigamma is only good to some 2^8 units. */
    double near, far;
    yardstick by[N_ORDERS];
} limits;

static const double allowed[N_ORDERS] = {3, 6, 9};

#define ALL      -INFINITY, INFINITY, 0, INFINITY
#define POSITIVE 0, INFINITY, 0, INFINITY
static const limits rows[] = {
    {AD_OP_neg, ALL, {0}},
    {AD_OP_abs, ALL, {0}},
    {AD_OP_sqr, ALL, {0}},
    {AD_OP_stop, ALL, {0}},
    {AD_OP_sqrt, POSITIVE, {0}},
    {AD_OP_cbrt, ALL, {0}},
    {AD_OP_exp, ALL, {0}},
    {AD_OP_expm1, ALL, {0}},
    {AD_OP_log, POSITIVE, {0}},
    {AD_OP_log1p, -1, INFINITY, 0, INFINITY, {0}},
    {AD_OP_log2, POSITIVE, {0}},
    {AD_OP_log10, POSITIVE, {0}},
    {AD_OP_sin, ALL, {0}},
    {AD_OP_cos, ALL, {0}},
    {AD_OP_tan, ALL, {0}},
    {AD_OP_asin, -1, 1, 0, 1, {0}},
    {AD_OP_acos, -1, 1, 0, 1, {0}},
    {AD_OP_atan, -INFINITY, INFINITY, 0, 1e75, {0}},
    {AD_OP_sinh, ALL, {0}},
    {AD_OP_cosh, ALL, {0}},
    {AD_OP_tanh, ALL, {BY_RESULT, BY_UNIT, BY_UNIT}},
    {AD_OP_asinh, -INFINITY, INFINITY, 0, 1e100, {0}},
    {AD_OP_acosh, 1, INFINITY, 0, 1e100, {0}},
    {AD_OP_atanh, -1, 1, 0, 1, {0}},
    {AD_OP_erf, ALL, {BY_RESULT, BY_SQUARE, BY_SQUARE}},
    {AD_OP_erfc, ALL, {BY_RESULT, BY_SQUARE, BY_SQUARE}},
    {AD_OP_lgamma, 0, INFINITY, 1e-30, INFINITY, {BY_RESULT, BY_CHANGE, BY_RESULT}},
    {AD_OP_softplus, ALL, {0}},
    {AD_OP_sigmoid, ALL, {BY_RESULT, BY_RESULT, BY_SLOPE}},
    {AD_OP_relu, ALL, {0}},
    {AD_OP_normcdf, ALL, {BY_SQUARE, BY_SQUARE, BY_SQUARE}},
};
enum { N_ROWS = sizeof rows / sizeof rows[0] };

/* ------------------------------------------------------------------------- arguments */

/* A few per power of two over all of them, subnormal ones too, many around 1; both signs. */
static int draw_arguments(double *x, int n)
{
    meka_rng rng;
    int count = 0;
    meka_rng_init(&rng, 1, MEKA_STREAM_TEST, 2, 3);
    for (int k = -1074; k < 1024; k++) {
        int n_here = k >= -12 && k <= 10 ? 24 : (k % 2 == 0);
        for (int i = 0; i < n_here && count + 1 < n; i++) {
            x[count] = ldexp(1.0 + meka_rng_uniform(&rng), k);
            x[count + 1] = -x[count];
            count += 2;
        }
    }
    return count;
}

/* ----------------------------------------------------------------- unary operations */

/* Error of `got` in units of the yardstick; 0 where the result is not a normal number. */
static double error_of(const limits *row, int order, const quad want[N_ORDERS], double x,
                       double got)
{
    double size = fabs((double)want[order]);
    if (!(size >= DBL_MIN && size <= DBL_MAX))
        return 0.0;
    switch (row->by[order]) {
    case BY_UNIT:
        size = 1.0;
        break;
    case BY_SLOPE:
        size = fabs((double)want[1]);
        break;
    case BY_SQUARE:
        size *= 1.0 + x * x;
        break;
    case BY_CHANGE:
        size += fabs(x * (double)want[order + 1]);
        break;
    case BY_RESULT:
        break;
    }
    double error = fabs((double)((quad)got - want[order])) / (DBL_EPSILON * size);
    return isnan(error) ? INFINITY : error;
}

typedef struct worst_case {
    double error, x, got, want;
} worst_case;

static void evaluate(const random_program *p, ad_isa isa, size_t n, const double *xi,
                     double *loss, double *grad, double *hvp)
{
    checker c;
    checker_init(&c, p, (setup){.isa = isa});
    ad_eval_samples(c.batch, p->theta, p->v, n, xi, loss, grad, hvp, NULL);
    checker_clear(&c);
}

static void measure_row(const limits *row, ad_isa isa, int n, const double *x,
                        worst_case worst[N_ORDERS])
{
    random_program *p = malloc(sizeof *p);
    double *got[N_ORDERS];
    ck_assert_ptr_nonnull(p);
    for (int k = 0; k < N_ORDERS; k++)
        ck_assert_ptr_nonnull(got[k] = malloc((size_t)n * sizeof **got));
    random_program_single(p, row->op);
    p->v[0] = 1.0;
    evaluate(p, isa, (size_t)n, x, got[0], got[1], got[2]);
    for (int i = 0; i < n; i++) {
        if (!(x[i] > row->low && x[i] < row->high))
            continue;
        series s = oracle_series(row->op, x[i]);
        const quad want[N_ORDERS] = {s.c[0], s.c[1], 2 * s.c[2]};
        bool plain = fabs(x[i]) > row->near && fabs(x[i]) < row->far;
        for (int k = 0; k < (plain ? N_ORDERS : 1); k++) {
            double error = error_of(row, k, want, x[i], got[k][i]);
            if (error > worst[k].error)
                worst[k] = (worst_case){error, x[i], got[k][i], (double)want[k]};
        }
    }
    for (int k = 0; k < N_ORDERS; k++)
        free(got[k]);
    free(p);
}

static void judge(const char *name, ad_isa isa, const worst_case worst[], const double *limit)
{
    if (getenv("MEKA_TEST_TABLE")) {
        printf("%-9s %-9s", name, ad_isa_name(isa));
        for (int k = 0; k < N_ORDERS; k++)
            printf("  %8.3g at %-10.3g", worst[k].error, worst[k].x);
        printf("\n");
        fflush(stdout);
    }
    for (int k = 0; k < N_ORDERS; k++)
        ck_assert_msg(worst[k].error <= limit[k],
                      "%s (%s), derivative %d at %.17g: %.17g, not %.17g: off by %.3g units",
                      name, ad_isa_name(isa), k, worst[k].x, worst[k].got, worst[k].want,
                      worst[k].error);
}

START_TEST(unary_operations_and_their_derivatives_are_accurate_over_all_doubles)
{
    double x[MOST];
    int n = draw_arguments(x, MOST);
    ad_isa isa[8];
    int n_isas = available_isas(isa);
    for (int r = 0; r < N_ROWS; r++) {
        for (int i = 0; i < n_isas; i++) {
            worst_case worst[N_ORDERS] = {{0}};
            measure_row(&rows[r], isa[i], n, x, worst);
            judge(ad_op_name(rows[r].op), isa[i], worst, allowed);
        }
    }
}
END_TEST

START_TEST(every_unary_operation_has_its_row)
{
    for (int op = 1; op < AD_N_OPS; op++) {
        bool known = !op_is_unary((ad_op)op);
        for (int r = 0; r < N_ROWS; r++)
            known = known || rows[r].op == (ad_op)op;
        ck_assert_msg(known, "%s is missing", ad_op_name((ad_op)op));
    }
}
END_TEST

/* ---------------------------------------------------------------- binary operations */

enum { N_PAIRS = 1500 };

/* Magnitudes whose fourth powers stay in range; a power's result does too. */
static void draw_pair(meka_rng *rng, ad_op op, double pair[2])
{
    double reach = meka_rng_uniform(rng) < 0.5 ? 4.0 : 150.0;
    for (int j = 0; j < 2; j++) {
        int k = (int)floor((2.0 * meka_rng_uniform(rng) - 1.0) * reach);
        double sign = meka_rng_uniform(rng) < 0.5 ? -1.0 : 1.0;
        pair[j] = sign * ldexp(1.0 + meka_rng_uniform(rng), k);
    }
    if (op == AD_OP_pow) {
        pair[0] = fabs(pair[0]);
        pair[1] = (2.0 * meka_rng_uniform(rng) - 1.0) * fmin(6.0, 400.0 / reach);
    }
}

/* The entry of the oracle's jet and the toolkit's number for one of the five results of a
 * sample along coordinate: value, gradient (2), that column of the Hessian (2). */
typedef struct result {
    int order;
    double got;
    const approx *want;
} result;

static result pick(int which, const jet *y, double loss, const double *grad, const double *hvp)
{
    int j = (which + 1) % 2;
    if (which == 0)
        return (result){0, loss, &y->c[0]};
    return which <= 2 ? (result){1, grad[j], &y->c[jet_grad(j)]}
                      : (result){2, hvp[j], &y->c[jet_hvp(j)]};
}

/* In units of the sum of absolute terms; a derivative of a^b comes from a power with rounded
 * exponent, b - 1, so that its error grows with log a. */
static double error_of_pair(ad_op op, const result *r, const double *pair)
{
    double size = r->order == 0 ? fabs((double)r->want->x) : r->want->m;
    if (!(size >= DBL_MIN && size <= DBL_MAX))
        return 0.0;
    if (op == AD_OP_pow && r->order > 0)
        size *= 1.0 + fabs(log(pair[0]));
    double error = fabs((double)((quad)r->got - r->want->x)) / (DBL_EPSILON * size);
    return isnan(error) ? INFINITY : error;
}

static void measure_pairs(ad_op op, ad_isa isa, worst_case worst[N_ORDERS])
{
    static double xi[N_PAIRS][2], loss[N_PAIRS], grad[N_PAIRS][2], hvp[N_PAIRS][2];
    random_program *p = malloc(sizeof *p);
    meka_rng rng;
    ck_assert_ptr_nonnull(p);
    random_program_single(p, op);
    meka_rng_init(&rng, 1, MEKA_STREAM_TEST, 4, op);
    for (int i = 0; i < N_PAIRS; i++)
        draw_pair(&rng, op, xi[i]);
    for (int along = 0; along < 2; along++) {
        p->v[along] = 1.0;
        p->v[1 - along] = 0.0;
        evaluate(p, isa, N_PAIRS, xi[0], loss, grad[0], hvp[0]);
        for (int i = 0; i < N_PAIRS; i++) {
            jet y;
            oracle_run(p, xi[i], AD_OP_CONST, &y);
            for (int k = 0; k < 5; k++) {
                result r = pick(k, &y, loss[i], grad[i], hvp[i]);
                double error = error_of_pair(op, &r, xi[i]);
                if (error > worst[r.order].error)
                    worst[r.order] = (worst_case){error, xi[i][0], r.got, (double)r.want->x};
            }
        }
    }
    free(p);
}

START_TEST(binary_operations_and_their_derivatives_are_accurate_over_a_wide_range)
{
    ad_isa isa[8];
    int n_isas = available_isas(isa);
    for (int op = 1; op < AD_N_OPS; op++) {
        for (int i = 0; op_is_binary((ad_op)op) && i < n_isas; i++) {
            worst_case worst[N_ORDERS] = {{0}};
            measure_pairs((ad_op)op, isa[i], worst);
            judge(ad_op_name((ad_op)op), isa[i], worst, allowed);
        }
    }
}
END_TEST

QUAD_TEST_MAIN("contract_accuracy",
               unary_operations_and_their_derivatives_are_accurate_over_all_doubles,
               every_unary_operation_has_its_row,
               binary_operations_and_their_derivatives_are_accurate_over_a_wide_range)
