#include <meka/meka.h>

#include <stdlib.h>

/* Wrong: another loss at every call. */
static ad_var impure(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    double noise = (double)rand() / RAND_MAX;
    return ad_sqr(ad_sub(theta[0], noise));
}

MEKA_OBJECTIVE(.name = "impure", .n_params = 1, .record = impure)
