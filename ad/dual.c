/* Dual numbers from the rows of ops.def. */
#include <meka/dual.h>

#include <stdbool.h>

#include "ad/math.h"

ad_dual ad_dual_const(double value)
{
    return (ad_dual){value, 0.0};
}

ad_dual ad_dual_var(double value)
{
    return (ad_dual){value, 1.0};
}

#define AD_OP1(name, value_expression, d1, ...)                                                \
    ad_dual ad_dual_##name(ad_dual operand)                                                    \
    {                                                                                          \
        double x = operand.value, y = (value_expression);                                      \
        bool moves = operand.tangent != 0.0;                                                   \
        return (ad_dual){y, moves ? TERM(d1, operand.tangent) : 0.0};                          \
    }
#define AD_OP2(name, value_expression, da, db, ...)                                            \
    ad_dual ad_dual_##name(ad_dual left, ad_dual right)                                        \
    {                                                                                          \
        double a = left.value, b = right.value, y = (value_expression);                        \
        double from_a = left.tangent != 0.0 ? TERM(da, left.tangent) : 0.0;                    \
        double from_b = right.tangent != 0.0 ? TERM(db, right.tangent) : 0.0;                  \
        return (ad_dual){y, from_a + from_b};                                                  \
    }
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2

ad_dual ad_dual_select(ad_dual condition, ad_dual a, ad_dual b)
{
    return condition.value != 0.0 ? a : b;
}
