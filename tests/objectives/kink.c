#include <meka/meka.h>

/* Correct, but x0 = 0 lies on the kink of |theta_0|. */
static ad_var kink(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var distance = ad_abs(theta[0]);
    return ad_add(distance, ad_sqr(ad_sub(theta[1], 1.0)));
}

MEKA_OBJECTIVE(.name = "kink", .n_params = 2, .record = kink)
