/* Factors on the step size. */
#include <meka/optim.h>

#include <math.h>

double opt_schedule_factor(opt_schedule schedule, uint64_t warmup, uint64_t horizon, uint64_t t)
{
    if (t < warmup)
        return ((double)t + 1.0) / (double)warmup;
    double k = (double)(t - warmup);
    bool over = t >= horizon;
    double part = over ? 1.0 : k / (double)(horizon - warmup); /* of the way, for two of them */
    switch (schedule) {
    case OPT_SCHEDULE_CONSTANT:
        break;
    case OPT_SCHEDULE_COSINE:
        return over ? 0.0 : 0.5 * (1.0 + cos(3.14159265358979323846 * part));
    case OPT_SCHEDULE_LINEAR:
        return 1.0 - part;
    case OPT_SCHEDULE_INVERSE:
        return 1.0 / (k + 1.0);
    case OPT_SCHEDULE_INVERSE_ROOT:
        return 1.0 / sqrt(k + 1.0);
    }
    return 1.0;
}
