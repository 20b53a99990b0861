#include <meka/meka.h>

/* Correct, but half of the digits of theta_0 are lost on the way. */
static ad_var rounding(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var lossy = ad_sub(ad_abs(ad_add(theta[0], 1e9)), 1e9);
    return ad_add(ad_sqr(lossy), ad_add(1e8, ad_exp(theta[1])));
}

static const double start[] = {0.3, 0.2};

MEKA_OBJECTIVE(.name = "rounding", .n_params = 2, .record = rounding, .x0 = start)
