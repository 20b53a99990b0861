#include <meka/meka.h>

/* Wrong: it remembers how often it was called. */
static ad_var counting(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    static int calls;
    ad_var loss = ad_sqr(theta[0]);
    return calls++ % 2 ? ad_mul(2.0, loss) : loss;
}

MEKA_OBJECTIVE(.name = "counting", .n_params = 1, .record = counting)
