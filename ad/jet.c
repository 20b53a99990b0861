/* Jets from the rows of ops.def. */
#include <meka/jet.h>

#include <assert.h>
#include <stdbool.h>

#include "ad/compose.h"

ad_jet ad_jet_const(double value)
{
    return (ad_jet){{value}};
}

ad_jet ad_jet_var(double value)
{
    return (ad_jet){{value, 1.0}};
}

static bool moves(const ad_jet *x)
{
    return x->c[1] != 0.0 || x->c[2] != 0.0 || x->c[3] != 0.0;
}

#define AD_OP1(name, value_expression, d1, d2, d3)                                             \
    ad_jet ad_jet_##name(ad_jet operand)                                                       \
    {                                                                                          \
        double x = operand.c[0], y = (value_expression);                                       \
        ad_jet result = {{y}};                                                                 \
        if (moves(&operand))                                                                   \
            COMPOSE1(result, operand, d1, d2, d3);                                             \
        return result;                                                                         \
    }
#define AD_OP2(name, value_expression, da, db, daa, dab, dbb, daaa, daab, dabb, dbbb)          \
    ad_jet ad_jet_##name(ad_jet left, ad_jet right)                                            \
    {                                                                                          \
        double a = left.c[0], b = right.c[0], y = (value_expression);                          \
        ad_jet result = {{y}};                                                                 \
        bool on_a = moves(&left), on_b = moves(&right);                                        \
        COMPOSE2(result, left, right, on_a, on_b, da, db, daa, dab, dbb, daaa, daab, dabb,     \
                 dbbb);                                                                        \
        return result;                                                                         \
    }
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2

ad_jet ad_jet_select(ad_jet condition, ad_jet a, ad_jet b)
{
    return condition.c[0] != 0.0 ? a : b;
}

void ad_jet_derivatives(ad_jet (*f)(ad_jet x, const void *ctx), const void *ctx, double x,
                        double *derivative)
{
    static const double factorial[4] = {1.0, 1.0, 2.0, 6.0};
    assert(f && derivative);
    ad_jet y = f(ad_jet_var(x), ctx);
    for (int k = 0; k < 4; k++)
        derivative[k] = factorial[k] * y.c[k];
}
