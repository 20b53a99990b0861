#include <meka/meka.h>

/* Correct, but xi_1 and theta_2 are not used, and theta_1 has no effect. */
static ad_var wasteful(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var nothing = ad_mul(0.0, theta[1]);
    return ad_add(ad_sqr(ad_sub(theta[0], xi[0])), nothing);
}

MEKA_OBJECTIVE(.name = "wasteful", .n_params = 3, .n_features = 2, .record = wasteful)
