#include "optim/calibration.h"

#include <math.h>

double opt_calibration_add(opt_calibration *calibration, double beta, double z, double c,
                           double A)
{
    calibration->count += 1.0;
    calibration->weight = beta * calibration->weight + (1.0 - beta);
    /* Deviations, not EMA(c^2) - EMA(c)^2: rounding there would be worth 1e-8 of sd(c). */
    double gain = (1.0 - beta) / calibration->weight, change = c - calibration->mean;
    calibration->mean += gain * change;
    calibration->scatter =
        beta * calibration->scatter + (1.0 - beta) * change * (c - calibration->mean);
    calibration->claimed += gain * (A - calibration->claimed);
    if (!(calibration->claimed > 0.0))
        return 1.0; /* nothing was ever claimed, so nothing was claimed wrongly */
    double variance = fmax(calibration->scatter, 0.0) / calibration->weight;
    double effective = fmin((1.0 + beta) / (1.0 - beta), calibration->count);
    double lower = calibration->mean - z * sqrt(variance / effective);
    return fmin(fmax(lower / calibration->claimed, 0.0), 1.0);
}
