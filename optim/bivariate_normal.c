/* Bivariate normal probabilities by Owen's T function (D. B. Owen, "Tables for computing
 * bivariate normal probabilities", 1956). */
#include "optim/bivariate_normal.h"

#include <math.h>
#include <stddef.h>

static const double two_pi = 6.283185307179586477;

/* Q(z) = P(Z > z) */
static double upper_tail(double z)
{
    return 0.5 * erfc(z * 0.70710678118654752440); /* 1/sqrt 2 */
}

/* T(h, a) = (1/2 pi) int_0^a exp(-h^2 (1 + x^2)/2)/(1 + x^2) dx for 0 <= a <= 1, by 20-point
 * Gauss-Legendre quadrature: the nearest poles are at +-i. */
static double owen_integral(double h, double a)
{
    static const double rule[10][2] = {
        {0.076526521133497338, 0.15275338713072584},
        {0.22778585114164507, 0.14917298647260374},
        {0.37370608871541955, 0.14209610931838204},
        {0.51086700195082713, 0.13168863844917664},
        {0.63605368072651502, 0.11819453196151841},
        {0.7463319064601508, 0.10193011981724044},
        {0.83911697182221878, 0.083276741576704755},
        {0.91223442825132595, 0.062672048334109068},
        {0.96397192727791381, 0.040601429800386939},
        {0.99312859918509488, 0.017614007139152118},
    };
    double sum = 0.0;
    for (size_t i = 0; i < 20; i++) {
        double node = i < 10 ? rule[i][0] : -rule[i - 10][0];
        double x = 0.5 * a * (1.0 + node), square = 1.0 + x * x;
        sum += rule[i % 10][1] * exp(-0.5 * h * h * square) / square;
    }
    return 0.5 * a * sum / two_pi;
}

/* T(h, b/h), with h = 0 taken as +0; not both 0.  T is even in h and odd in a = b/h; beyond
 * a = 1 it is given by T(b, h/b). */
static double owen_t(double h, double b)
{
    double sign = (b < 0.0) == (h < 0.0) ? 1.0 : -1.0;
    h = fabs(h);
    b = fabs(b);
    if (b <= h)
        return sign * owen_integral(h, b / h);
    double p = upper_tail(h), q = upper_tail(b);
    double rest = isinf(b) ? 0.0 : owen_integral(b, h / b);
    return sign * (0.5 * (p + q) - p * q - rest);
}

double opt_bivariate_normal(double h, double k, double rho)
{
    if (h == -INFINITY || k == -INFINITY)
        return 0.0;
    if (h == INFINITY || k == INFINITY)
        return upper_tail(-fmin(h, k));
    double root = sqrt((1.0 - rho) * (1.0 + rho));
    if (root == 0.0)
        return rho > 0.0 ? upper_tail(-fmin(h, k)) : fmax(0.0, upper_tail(-h) - upper_tail(k));
    if (h == 0.0 && k == 0.0)
        return 0.25 + asin(rho) / two_pi;
    double outside = (h < 0.0) != (k < 0.0) && (h * k < 0.0 || h + k < 0.0) ? 0.5 : 0.0;
    double p = 0.5 * (upper_tail(-h) + upper_tail(-k)) - outside -
               owen_t(h, (k - rho * h) / root) - owen_t(k, (h - rho * k) / root);
    return fmax(0.0, fmin(1.0, p));
}

double opt_bivariate_strip(double x_low, double y_low, double y_high, double rho)
{
    if (!(y_low < y_high))
        return 0.0;
    return fmax(0.0, opt_bivariate_normal(-x_low, y_high, -rho) -
                         opt_bivariate_normal(-x_low, y_low, -rho));
}
