#include "tests/quad_oracle.h"

#include "tests/random_program.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static approx product(approx a, approx b)
{
    double m = a.m * b.m;
    return (approx){a.x * b.x, m, a.m * b.e + a.e * b.m + 0.5 * m};
}

static void add_to(approx *sum, approx term)
{
    if (term.m == 0.0 && term.e == 0.0)
        return;
    double before = sum->m;
    sum->x += term.x;
    sum->m += term.m;
    sum->e += term.e + (before > 0.0 ? 0.5 * sum->m : 0.0);
}

static void add_product(approx *sum, approx a, approx b)
{
    if ((a.m != 0.0 || a.e != 0.0) && (b.m != 0.0 || b.e != 0.0))
        add_to(sum, product(a, b));
}

static approx negated(approx a)
{
    a.x = -a.x;
    return a;
}

static approx exact(quad x)
{
    return (approx){x, fabs((double)x), 0.0};
}

static int n_coefficients(int d)
{
    return 4 + 2 * d;
}

static void jet_constant(jet *y, int d, approx value)
{
    memset(y, 0, (size_t)n_coefficients(d) * sizeof y->c[0]);
    y->c[0] = value;
}

static void jet_add(jet *y, int d, const jet *a, const jet *b, bool minus)
{
    for (int k = 0; k < n_coefficients(d); k++) {
        approx sum = a->c[k];
        add_to(&sum, minus ? negated(b->c[k]) : b->c[k]);
        y->c[k] = sum;
    }
}

static void jet_mul(jet *out, int d, const jet *a, const jet *b)
{
    jet y;
    jet_constant(&y, d, (approx){0});
    for (int k = 0; k < 4; k++)
        for (int i = 0; i <= k; i++)
            add_product(&y.c[k], a->c[i], b->c[k - i]);
    for (int j = 0; j < d; j++) {
        int t = jet_grad(j), st = jet_hvp(j);
        add_product(&y.c[t], a->c[0], b->c[t]);
        add_product(&y.c[t], a->c[t], b->c[0]);
        add_product(&y.c[st], a->c[0], b->c[st]);
        add_product(&y.c[st], a->c[1], b->c[t]);
        add_product(&y.c[st], a->c[t], b->c[1]);
        add_product(&y.c[st], a->c[st], b->c[0]);
    }
    memcpy(out->c, y.c, (size_t)n_coefficients(d) * sizeof y.c[0]);
}

/* ------------------------------------------------------- composition with a function */

/* Functions that change over a length of 1, near 0 too; the others' natural scale is x. */
static bool has_unit_scale(ad_op op)
{
    switch ((int)op) {
    case AD_OP_sqrt:
    case AD_OP_cbrt:
    case AD_OP_log:
    case AD_OP_log2:
    case AD_OP_log10:
    case AD_OP_pow:
    case AD_OP_div:
        return false;
    default:
        return true;
    }
}

/* Coefficient k of the series as double arithmetic has it, at an argument with error e.
 * That of tanh is a polynomial in y, as its textbook derivative 1 - y^2: where y saturates it
 * is exact to units of y, no longer to its own. */
static approx coefficient(ad_op op, const series *s, int k, approx u)
{
    double x = fabs((double)u.x), c = fabs((double)s->c[k]);
    if (op == AD_OP_stop && k == 0) /* passes on the value, and with it the error */
        return u;
    double slope = k + 1 < SERIES_TERMS ? (k + 1) * fabs((double)s->c[k + 1]) : 0.0;
    double length = has_unit_scale(op) && k > 0 ? fmax(x, 1.0) : x;
    double units = c + slope * length;
    if (op == AD_OP_tanh && k > 0)
        units += slope * fabs((double)(s->c[0] / s->c[1]));
    return (approx){s->c[k], c, FUNCTION_UNITS * units + slope * u.e};
}

static approx scaled(approx a, double factor)
{
    return (approx){a.x * factor, a.m * fabs(factor), a.e * fabs(factor)};
}

/* y = s(u): with h = u - u_0, y = c0 + c1 h + c2 h^2 + c3 h^3 truncated. */
static void jet_compose(jet *out, int d, ad_op op, const series *s, const jet *u)
{
    approx c[4], square = product(u->c[1], u->c[1]);
    jet y;
    jet_constant(&y, d, (approx){0});
    for (int k = 0; k < 4; k++)
        c[k] = coefficient(op, s, k, u->c[0]);
    y.c[0] = c[0];
    for (int k = 1; k < 4; k++)
        add_product(&y.c[k], c[1], u->c[k]);
    add_product(&y.c[2], c[2], square);
    add_product(&y.c[3], scaled(c[2], 2.0), product(u->c[1], u->c[2]));
    add_product(&y.c[3], c[3], product(square, u->c[1]));
    for (int j = 0; j < d; j++) {
        int t = jet_grad(j), st = jet_hvp(j);
        add_product(&y.c[t], c[1], u->c[t]);
        add_product(&y.c[st], c[1], u->c[st]);
        add_product(&y.c[st], scaled(c[2], 2.0), product(u->c[1], u->c[t]));
    }
    memcpy(out->c, y.c, (size_t)n_coefficients(d) * sizeof y.c[0]);
}

static void jet_function(jet *y, int d, ad_op op, const jet *u)
{
    series s = oracle_series(op, u->c[0].x);
    jet_compose(y, d, op, &s, u);
}

/* ------------------------------------------------------------------ binary operations */

static void jet_divide(jet *y, int d, const jet *a, const jet *b)
{
    series s = {{1 / b->c[0].x}};
    jet reciprocal;
    for (int k = 1; k < SERIES_TERMS; k++)
        s.c[k] = -s.c[k - 1] / b->c[0].x;
    jet_compose(&reciprocal, d, AD_OP_div, &s, b);
    jet_mul(y, d, a, &reciprocal);
}

static bool is_constant(const jet *u, int d)
{
    for (int k = 1; k < n_coefficients(d); k++)
        if (u->c[k].m != 0.0)
            return false;
    return true;
}

static void jet_power(jet *y, int d, const jet *a, const jet *b)
{
    quad x = a->c[0].x, exponent = b->c[0].x;
    if (is_constant(b, d) &&
        b->c[0].e == 0.0) { /* c_k = binomial(exponent, k) x^(exponent - k) */
        series s = {{q_pow(x, exponent)}};
        quad binomial = 1;
        for (int k = 1; k < SERIES_TERMS; k++) {
            binomial *= (exponent - (k - 1)) / k;
            s.c[k] = binomial == 0 ? 0 : binomial * q_pow(x, exponent - k);
        }
        jet_compose(y, d, AD_OP_pow, &s, a);
        return;
    }
    jet_function(y, d, AD_OP_log, a);
    jet_mul(y, d, y, b);
    jet_function(y, d, AD_OP_exp, y);
    y->c[0].x = q_pow(x, exponent);
}

/* The angle is a constant plus the arc tangent of the smaller over the larger. */
static void jet_angle(jet *y, int d, const jet *a, const jet *b)
{
    bool steep = q_abs(a->c[0].x) > q_abs(b->c[0].x);
    jet_divide(y, d, steep ? b : a, steep ? a : b);
    jet_function(y, d, AD_OP_atan, y);
    for (int k = 0; steep && k < n_coefficients(d); k++)
        y->c[k] = negated(y->c[k]);
    y->c[0].x = q_atan2(a->c[0].x, b->c[0].x);
    y->c[0].m = fabs((double)y->c[0].x);
    y->c[0].e += FUNCTION_UNITS * y->c[0].m;
}

static void jet_length(jet *y, int d, const jet *a, const jet *b)
{
    jet square;
    jet_mul(&square, d, a, a);
    jet_mul(y, d, b, b);
    jet_add(y, d, y, &square, false);
    jet_function(y, d, AD_OP_sqrt, y);
}

/* The larger; at a tie the mean, as of one-sided derivatives. */
static void jet_larger(jet *y, int d, const jet *a, const jet *b, bool smaller)
{
    quad difference = smaller ? b->c[0].x - a->c[0].x : a->c[0].x - b->c[0].x;
    jet both;
    if (difference != 0) {
        *y = difference > 0 ? *a : *b;
        return;
    }
    jet_add(&both, d, a, b, false);
    for (int k = 0; k < n_coefficients(d); k++)
        y->c[k] = scaled(both.c[k], 0.5);
}

static void jet_binary(jet *y, int d, ad_op op, const jet *a, const jet *b)
{
    switch ((int)op) {
    case AD_OP_add:
    case AD_OP_sub:
        jet_add(y, d, a, b, op == AD_OP_sub);
        break;
    case AD_OP_mul:
        jet_mul(y, d, a, b);
        break;
    case AD_OP_div:
        jet_divide(y, d, a, b);
        break;
    case AD_OP_pow:
        jet_power(y, d, a, b);
        break;
    case AD_OP_atan2:
        jet_angle(y, d, a, b);
        break;
    case AD_OP_hypot:
        jet_length(y, d, a, b);
        break;
    case AD_OP_max:
    case AD_OP_min:
        jet_larger(y, d, a, b, op == AD_OP_min);
        break;
    default:
        jet_constant(y, d, exact(oracle_value2(op, a->c[0].x, b->c[0].x)));
    }
}

/* -------------------------------------------------------------------- whole programs */

static void count_use(void *ctx, int value)
{
    ((int *)ctx)[value]++;
}

typedef struct machine {
    const random_program *p;
    int n_uses[PROGRAM_VALUES];
    jet value[];
} machine;

static const jet *fetch(const machine *m, operand o, jet *room)
{
    if (o.value >= 0)
        return &m->value[o.value];
    jet_constant(room, m->p->d, exact(o.real));
    return room;
}

static void run_list(machine *m, const node *in, jet *y)
{
    int d = m->p->d;
    const int *x = m->p->list + in->list;
    jet term;
    jet_constant(y, d, (approx){0});
    for (int k = 0; k < in->n; k++) {
        const jet *next = &m->value[x[k]];
        if (in->op == AD_OP_DOT) {
            jet_mul(&term, d, next, &m->value[x[k + in->n]]);
            next = &term;
        }
        jet_add(y, d, y, next, false);
    }
}

static void run_node(machine *m, const node *in, jet *y)
{
    int d = m->p->d;
    jet room_a, room_b;
    const jet *a = &room_a, *b = &room_b;
    if (in->op == AD_OP_SUM || in->op == AD_OP_DOT) {
        run_list(m, in, y);
        return;
    }
    a = fetch(m, in->a, &room_a);
    if (in->op == AD_OP_CONST)
        *y = *a;
    else if (in->op == AD_OP_SELECT)
        *y = *fetch(m, a->c[0].x != 0 ? in->b : in->c, &room_b);
    else if (op_is_unary(in->op))
        jet_function(y, d, in->op, a);
    else {
        b = fetch(m, in->b, &room_b);
        jet_binary(y, d, in->op, a, b);
    }
}

static void break_jet(jet *y, int d, ad_op op)
{
    if (op_is_comparison(op))
        y->c[0] = exact(1 - y->c[0].x);
    if (op == AD_OP_stop) /* has no derivatives to break */
        y->c[0].x *= 1 + 0x1p-30;
    for (int k = 1; k < n_coefficients(d); k++)
        y->c[k].x *= 1 + 0x1p-30;
}

void oracle_run(const random_program *p, const double *xi, ad_op broken, jet *out)
{
    int d = p->d, first = program_n_inputs(p);
    machine *m = malloc(sizeof *m + (size_t)(first + p->n_nodes) * sizeof *m->value);
    if (!m)
        abort();
    *m = (machine){.p = p};
    for (int k = 0; k < p->n_nodes; k++)
        node_operands(p, &p->node[k], count_use, m->n_uses);
    for (int i = 0; i < first + p->n_nodes; i++) {
        jet *y = &m->value[i];
        if (i >= first) {
            const node *in = &p->node[i - first];
            run_node(m, in, y);
            if (in->op == broken && broken != AD_OP_CONST)
                break_jet(y, d, broken);
        } else if (i >= d) {
            jet_constant(y, d, exact(xi[i - d]));
        } else {
            jet_constant(y, d, exact(p->theta[i]));
            y->c[1] = exact(p->v[i]);
            y->c[jet_grad(i)] = exact(1);
        }
        for (int k = 1; k < n_coefficients(d); k++) /* adjoints of several uses are added */
            y->c[k].e += 0.5 * m->n_uses[i] * y->c[k].m;
    }
    memcpy(out->c, m->value[p->result].c, (size_t)n_coefficients(d) * sizeof out->c[0]);
    free(m);
}
