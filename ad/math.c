#define _DEFAULT_SOURCE /* lgamma_r */
#include "ad/math.h"

#include <gsl/gsl_sf_psi.h>

double ad_math_lgamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

/* Beyond this the first two terms of the asymptotic series (Abramowitz and Stegun 6.3.18,
 * 6.4.12-13) are exact to rounding, and GSL's routines would report underflow. */
static const double large = 1e8;

double ad_math_polygamma(int n, double x)
{
    const double pi = 3.14159265358979323846;
    if (isnan(x) || (x <= 0.0 && floor(x) == x))
        return NAN;
    if (x > large) {
        double r = 1.0 / x;
        return n == 0 ? log(x) - 0.5 * r : (n == 1 ? r * (1.0 + 0.5 * r) : -r * r * (1.0 + r));
    }
    if (x < 0.0) { /* reflection: derivatives of psi(1-x) - psi(x) = pi cot(pi x) */
        double s = sin(pi * fmod(x, 2.0)), cot = cos(pi * fmod(x, 2.0)) / s;
        double mirrored = ad_math_polygamma(n, 1.0 - x);
        switch (n) {
        case 0:
            return mirrored - pi * cot;
        case 1:
            return -mirrored + pi * pi / (s * s);
        default:
            return mirrored - 2.0 * pi * pi * pi * cot / (s * s);
        }
    }
    if (x < 1e-100) /* the pole dominates; GSL would overflow */
        return n == 0 ? -1.0 / x : (n == 1 ? 1.0 / (x * x) : -2.0 / (x * x * x));
    return n == 0 ? gsl_sf_psi(x) : (n == 1 ? gsl_sf_psi_1(x) : gsl_sf_psi_n(2, x));
}
