/* meka/jet.h - jets: Taylor coefficients up to order 3 along one direction, without a tape.
 *
 * A jet stands for a function phi of one variable a near 0: c[k] = phi^(k)(0) / k!.  With
 * x = {{x_0, v_0}} ... as operands, the result's coefficients are those of
 * a -> f(x_0 + a v_0, ...) (Griewank and Walther, Evaluating Derivatives, chapter 13).
 *
 * The functions, their derivatives and their domain edges are those of meka/ad.h, from the same
 * rows.  An operand with c[1] = c[2] = c[3] = 0 is a constant: it adds nothing to c[1..3], even
 * where its partial derivatives are inf or NaN.
 */
#ifndef MEKA_JET_H
#define MEKA_JET_H

#include <meka/dual.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_jet {
    double c[4];
} ad_jet;

ad_jet ad_jet_const(double value); /* value, 0, 0, 0 */
ad_jet ad_jet_var(double value);   /* value, 1, 0, 0 */

/* ad_jet_sin(x) ... ad_jet_add(a, b) ...: every name in meka/dual.h's lists. */
#define AD_JET_DECLARE1(name) ad_jet ad_jet_##name(ad_jet x);
#define AD_JET_DECLARE2(name) ad_jet ad_jet_##name(ad_jet a, ad_jet b);
AD_FUNCTIONS1(AD_JET_DECLARE1)
AD_FUNCTIONS2(AD_JET_DECLARE2)
#undef AD_JET_DECLARE1
#undef AD_JET_DECLARE2

/* condition.c[0] != 0 ? a : b */
ad_jet ad_jet_select(ad_jet condition, ad_jet a, ad_jet b);

/* f(x), f'(x), f''(x), f'''(x) of a function written with jets, into derivative [4].  ctx is
 * passed to f. */
void ad_jet_derivatives(ad_jet (*f)(ad_jet x, const void *ctx), const void *ctx, double x,
                        double *derivative);

#ifdef __cplusplus
}
#endif
#endif
