#include <meka/meka.h>

/* log of a negative number at x0. */
static ad_var nonfinite(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var twice = ad_mul(2.0, theta[0]);
    return ad_add(ad_log(twice), ad_sqr(theta[1]));
}

static const double start[] = {-2.0, 1.0};

MEKA_OBJECTIVE(.name = "nonfinite", .n_params = 2, .record = nonfinite, .x0 = start)
