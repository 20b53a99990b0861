#include <meka/meka.h>

/* Correct: Huber's loss of theta_0 - xi_0, with an ordinary branch on its value. */
static ad_var huber(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var miss = ad_sub(theta[0], xi[0]);
    if (ad_value(miss) > 1.0)
        return ad_sub(miss, 0.5);
    if (ad_value(miss) < -1.0)
        return ad_sub(-0.5, miss);
    return ad_mul(0.5, ad_sqr(miss));
}

static const double start[] = {0.3};

MEKA_OBJECTIVE(.name = "huber", .n_params = 1, .n_features = 1, .record = huber, .x0 = start)
