#include "tests/random_draw.h"

static int draw_reduction(drawer *w)
{
    int n = 1 + below(w, 9), x[9], y[9];
    for (int k = 0; k < n; k++) {
        x[k] = any_value(w);
        y[k] = any_value(w);
    }
    return emit_reduction(w, n, x, chance(w, 0.6) ? y : NULL);
}

/* sum_k f(theta_k): depends on no sample. */
static int draw_regularizer(drawer *w)
{
    static const ad_op kinds[] = {AD_OP_sqr, AD_OP_softplus, AD_OP_sin, AD_OP_tanh, AD_OP_abs};
    ad_op op = kinds[below(w, 5)];
    int term[PROGRAM_PARAMS], n = 1 + below(w, w->p->d);
    for (int k = 0; k < n; k++)
        if ((term[k] = emit1(w, op, k)) < 0)
            return -1;
    return emit_reduction(w, n, term, NULL);
}

/* A loop over parameters and features, as users write them. */
static int draw_loop(drawer *w)
{
    const random_program *p = w->p;
    int n = p->m && p->m < p->d ? p->m : p->d, total = emit_const(w, 0.0);
    int kind = below(w, 3);
    for (int k = 0; k < n && total >= 0; k++) {
        int partner = p->m ? p->d + k % p->m : (k + 1) % p->d, term;
        if (kind == 0) {
            term = emit2(w, AD_OP_mul, value_of(k), value_of(partner));
        } else {
            term = emit2(w, AD_OP_sub, value_of(partner), value_of(k));
            term = kind == 1 ? emit1(w, AD_OP_sqr, term) : emit1(w, AD_OP_tanh, term);
        }
        total = term < 0 ? -1 : emit2(w, AD_OP_add, value_of(total), value_of(term));
    }
    return total;
}

/* Several outputs over the same inputs, each through a function: a layer. */
static int draw_layer(drawer *w)
{
    static const ad_op kinds[] = {AD_OP_tanh, AD_OP_sigmoid, AD_OP_softplus, AD_OP_relu,
                                  AD_OP_neg};
    const random_program *p = w->p;
    int n = 1 + below(w, p->d < 4 ? p->d : 4), n_out = 1 + below(w, 4);
    int x[4], out[4], weight[4];
    bool features = p->m >= n && chance(w, 0.6);
    ad_op op = kinds[below(w, 5)];
    int offset = features ? below(w, p->m - n + 1) : 0;
    for (int k = 0; k < n; k++)
        x[k] = features ? p->d + offset + k : any_value(w);
    for (int o = 0; o < n_out; o++) {
        for (int k = 0; k < n; k++)
            weight[k] = (o * n + k) % p->d;
        int y = emit_reduction(w, n, weight, x);
        if (y >= 0 && chance(w, 0.3))
            y = emit2(w, AD_OP_add, value_of(y), value_of(below(w, p->d)));
        if (y < 0 || (out[o] = emit1(w, op, y)) < 0)
            return -1;
    }
    return emit_reduction(w, n_out, out, NULL);
}

/* log sum exp of a few values, with the usual shift. */
static int draw_softmax(drawer *w)
{
    int n = 2 + below(w, 3), x[4];
    int top = any_value(w);
    for (int k = 0; k < n; k++) {
        int shifted = emit2(w, AD_OP_sub, value_of(any_value(w)), value_of(top));
        if ((x[k] = emit1(w, AD_OP_exp, shifted)) < 0)
            return -1;
    }
    int log_sum = emit1(w, AD_OP_log, emit_reduction(w, n, x, NULL));
    return log_sum < 0 ? -1 : emit2(w, AD_OP_add, value_of(log_sum), value_of(top));
}

/* Sums of sums, products of products, and c + s x. */
static int draw_chain(drawer *w)
{
    ad_op op = chance(w, 0.5) ? AD_OP_add : AD_OP_mul;
    int x = any_value(w), n = 2 + below(w, 5);
    for (int k = 0; k < n && x >= 0; k++) {
        operand other = chance(w, 0.4) ? real_of(any_real(w)) : value_of(any_value(w));
        x = chance(w, 0.5) ? emit2(w, op, value_of(x), other)
                           : emit2(w, op, other, value_of(x));
    }
    return x;
}

/* The same node once more. */
static int draw_copy(drawer *w)
{
    return w->p->n_nodes ? emit(w, w->p->node[below(w, w->p->n_nodes)]) : -1;
}

void draw_shape(drawer *w)
{
    static int (*const shapes[])(drawer *) = {draw_reduction, draw_regularizer, draw_loop,
                                              draw_layer,     draw_softmax,     draw_chain,
                                              draw_copy};
    shapes[below(w, 7)](w);
}
