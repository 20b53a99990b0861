#include "optim/calibration.h"

#include <math.h>

double opt_calibration_add(opt_calibration *calibration, double beta, double z, double c,
                           double A)
{
    calibration->count += 1.0;
    double mean = opt_ema_add(&calibration->observed, beta, c);
    double square = opt_ema_add(&calibration->observed_square, beta, c * c);
    double claimed = opt_ema_add(&calibration->claimed, beta, A);
    if (!(claimed > 0.0))
        return 1.0; /* nothing was ever claimed, so nothing was claimed wrongly */
    double variance = fmax(square - mean * mean, 0.0);
    double effective = fmin((1.0 + beta) / (1.0 - beta), calibration->count);
    double lower = mean - z * sqrt(variance / effective);
    return fmin(fmax(lower / claimed, 0.0), 1.0);
}
