#include "ad/batch.h"

#include <float.h>
#include <math.h>

/* Appends b's n_b samples to a's n_a.  What two constants with one first sample differ by is
 * the rounding of their shift: a difference of zero. */
void ad_total_merge(ad_total *a, double n_a, const ad_total *b, double n_b)
{
    double n = n_a + n_b, w = n_a * n_b / n;
    double g = (b->g0 - a->g0) + b->g - a->g, h = (b->h0 - a->h0) + b->h - a->h;
    if (n_a == 0.0) {
        *a = *b;
        return;
    }
    a->g += g * (n_b / n);
    a->h += h * (n_b / n);
    if (a->g0 == b->g0 && a->gg == 0.0 && b->gg == 0.0)
        g = 0.0;
    if (a->h0 == b->h0 && a->hh == 0.0 && b->hh == 0.0)
        h = 0.0;
    a->gg += b->gg + g * g * w;
    a->hh += b->hh + h * h * w;
    a->gh += b->gh + g * h * w;
}

/* The sum of squares about the mean of n deviations from one of the samples.
 *
 * Kernels let that shift take part in a product's rounding, so that the deviation of the sample
 * itself need not be 0: equal samples leave the same residue in every deviation.  It is told
 * apart from a variance without knowing its size.  Of n deviations, one of which is 0, at least
 * a part 1/n of the squares remains; of equal ones only the rounding of both sums does, which
 * are n additions each.  The two are apart for segments of less than 4e7 samples. */
static double squares_about_mean(double sum, double squares, double n)
{
    double left = squares - sum * (sum / n);
    return isfinite(left) && left <= (2.0 * n + 16.0) * DBL_EPSILON * squares ? 0.0 : left;
}

ad_total ad_total_of(const double *sums, double n, bool squares)
{
    double g = sums[JOB_G], h = sums[JOB_H];
    ad_total t = {.g0 = sums[JOB_G0], .h0 = sums[JOB_H0], .g = g / n, .h = h / n};
    if (squares) {
        t.gg = squares_about_mean(g, sums[JOB_GG], n);
        t.hh = squares_about_mean(h, sums[JOB_HH], n);
        t.gh = sums[JOB_GH] - g * (h / n);
    }
    return t;
}

/* From sums of products of n deviations to unbiased covariances; those with a constant are 0.
 */
void ad_total_unbias(ad_total *t, double n)
{
    bool constant = t->gg == 0.0 || t->hh == 0.0;
    t->gg = n > 1.0 ? t->gg / (n - 1.0) : 0.0;
    t->hh = n > 1.0 ? t->hh / (n - 1.0) : 0.0;
    t->gh = n > 1.0 && !constant ? t->gh / (n - 1.0) : 0.0;
}
