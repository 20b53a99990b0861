#include <meka/meka.h>

/* Correct; x0 = 0 is a tie of max and abs without a kink: max(theta_0, 0)^2 + |theta_1|^2. */
static ad_var tie(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var distance = ad_abs(theta[1]);
    return ad_add(ad_sqr(ad_max(theta[0], 0.0)), ad_sqr(distance));
}

MEKA_OBJECTIVE(.name = "tie", .n_params = 2, .record = tie)
