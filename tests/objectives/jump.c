#include <meka/meka.h>

/* The value jumps by 1 where theta_0 = 0, which is x0. */
static ad_var jump(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var step = ad_select(ad_gt(theta[0], 0.0), 1.0, 0.0);
    return ad_add(step, ad_sqr(ad_sub(theta[0], 1.0)));
}

MEKA_OBJECTIVE(.name = "jump", .n_params = 1, .record = jump)
