/* meka/dual.h - dual numbers: a value and its derivative along one direction, without a tape.
 *
 *     ad_dual x = ad_dual_var(0.5);
 *     ad_dual y = ad_dual_mul(x, ad_dual_exp(x));   // y.value = x e^x, y.tangent = (1 + x) e^x
 *
 * The functions, their derivatives and their domain edges are those of meka/ad.h, from the same
 * rows.  An operand whose tangent is 0 is a constant: it adds nothing to a tangent, even where
 * its partial derivative is inf or NaN.
 */
#ifndef MEKA_DUAL_H
#define MEKA_DUAL_H

#ifdef __cplusplus
extern "C" {
#endif

/* The functions that variables, dual numbers and jets have in common: X(name) is applied to
 * each. */
/* clang-format off */
/* Of one operand, as <math.h> where it has the name; stop: x as a constant; sqr: x^2;
 * softplus: log(1 + exp x); sigmoid: 1 / (1 + exp -x); relu: max(x, 0); normcdf: Phi(x). */
#define AD_FUNCTIONS1(X)                                                                       \
    X(neg) X(stop) X(abs) X(sqr) X(sqrt) X(cbrt) X(exp) X(expm1) X(log) X(log1p) X(log2)       \
    X(log10) X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) X(sinh) X(cosh) X(tanh) X(asinh)     \
    X(acosh) X(atanh) X(erf) X(erfc) X(lgamma) X(softplus) X(sigmoid) X(relu) X(normcdf)

/* Of two operands; the comparisons lt .. ne give 1 or 0. */
#define AD_FUNCTIONS2(X)                                                                       \
    X(add) X(sub) X(mul) X(div) X(pow) X(atan2) X(hypot) X(max) X(min)                         \
    X(lt) X(le) X(gt) X(ge) X(eq) X(ne)
/* clang-format on */

typedef struct ad_dual {
    double value, tangent; /* f(x), f'(x) v */
} ad_dual;

ad_dual ad_dual_const(double value); /* tangent 0 */
ad_dual ad_dual_var(double value);   /* tangent 1; for another direction set it */

/* ad_dual_sin(x) ... ad_dual_add(a, b) ...: every name in the lists above. */
#define AD_DUAL_DECLARE1(name) ad_dual ad_dual_##name(ad_dual x);
#define AD_DUAL_DECLARE2(name) ad_dual ad_dual_##name(ad_dual a, ad_dual b);
AD_FUNCTIONS1(AD_DUAL_DECLARE1)
AD_FUNCTIONS2(AD_DUAL_DECLARE2)
#undef AD_DUAL_DECLARE1
#undef AD_DUAL_DECLARE2

/* condition.value != 0 ? a : b */
ad_dual ad_dual_select(ad_dual condition, ad_dual a, ad_dual b);

#ifdef __cplusplus
}
#endif
#endif
