#include <meka/meka.h>

/* A loss without samples, written with an ordinary loop: the ellipsoid
 * sum_k c_k (theta_k - k)^2 with c = (1, 4, 9); minimum 0 at (0, 1, 2). */
static ad_var quadratic(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var sum = ad_const(tape, 0.0);
    for (int k = 0; k < 3; k++) {
        ad_var miss = ad_sub(theta[k], k);
        sum = ad_add(sum, ad_mul((k + 1) * (k + 1), ad_sqr(miss)));
    }
    return sum;
}

static const double start[] = {3.0, 3.0, 3.0};

MEKA_OBJECTIVE(.name = "quadratic", .n_params = 3, .record = quadratic, .x0 = start)
