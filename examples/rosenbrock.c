#include <meka/meka.h>

/* One sample's loss: (xi_0 - x)^2 + 100 (y - x^2)^2, theta = (x, y). */
static ad_var rosenbrock(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var a = ad_sub(xi[0], theta[0]);
    ad_var b = ad_sub(theta[1], ad_sqr(theta[0]));
    return ad_add(ad_sqr(a), ad_mul(100.0, ad_sqr(b)));
}

static const double start[] = {-1.2, 1.0};

MEKA_OBJECTIVE(.name = "rosenbrock", .n_params = 2, .n_features = 1, .record = rosenbrock,
               .x0 = start)
