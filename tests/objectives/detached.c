#include <meka/meka.h>

/* Wrong: the weight depends on theta_1, but enters as a constant. */
static ad_var detached(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var weight = ad_const(tape, ad_value(ad_exp(theta[1])));
    return ad_add(ad_mul(weight, ad_sqr(theta[0])), ad_sqr(theta[1]));
}

static const double start[] = {1.5, 0.5};

MEKA_OBJECTIVE(.name = "detached", .n_params = 2, .record = detached, .x0 = start)
