#include "plots/statistics.h"

#include "base/memory.h"

#include <gsl/gsl_cdf.h>

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    if (isnan(x) || isnan(y))
        return isnan(x) - isnan(y);
    return (x > y) - (x < y);
}

void plot_sort(size_t n, double *x)
{
    qsort(x, n, sizeof *x, compare);
}

double plot_quantile(size_t n, const double *sorted, double p)
{
    assert(n > 0 && p >= 0.0 && p <= 1.0);
    double place = (double)(n - 1) * p;
    size_t below = (size_t)place;
    if (below + 1 >= n)
        return sorted[n - 1];
    double part = place - (double)below;
    /* Without arithmetic on an order statistic that has no weight: it may be infinite. */
    return part == 0.0 ? sorted[below]
                       : (1.0 - part) * sorted[below] + part * sorted[below + 1];
}

/* How often each of S runs is in a resample; weight [S]. */
static void resample(const plot_bootstrap *how, size_t which, size_t S, double *weight)
{
    meka_rng rng;
    meka_rng_init(&rng, how->seed, MEKA_STREAM_STATISTICS, which, how->purpose);
    for (size_t s = 0; s < S; s++)
        weight[s] = 0.0;
    for (size_t s = 0; s < S; s++)
        weight[meka_rng_below(&rng, S)] += 1.0;
}

/* Weighted mean and its standard error at each checkpoint, x given as differences from
 * centre [C] so that a large mean does not cancel the variance away.  weight NULL: ones.
 * mean: out, [C], relative to centre. */
static void summarize(size_t S, size_t C, const double *x, const double *centre,
                      const double *weight, double *mean, double *se)
{
    for (size_t c = 0; c < C; c++)
        mean[c] = se[c] = 0.0;
    for (size_t s = 0; s < S; s++) {
        double w = weight ? weight[s] : 1.0;
        if (w == 0.0)
            continue;
        for (size_t c = 0; c < C; c++) {
            double e = x[s * C + c] - centre[c];
            mean[c] += w * e;
            se[c] += w * e * e;
        }
    }
    double n = (double)S;
    for (size_t c = 0; c < C; c++) {
        mean[c] /= n;
        double variance = (se[c] - n * mean[c] * mean[c]) / (n - 1.0);
        se[c] = sqrt(fmax(variance, 0.0) / n);
    }
}

/* max_c |mean*_c| / se*_c over checkpoints that vary, for one resample. */
static double largest_t(size_t C, const double *se, const double *mean_star,
                        const double *se_star)
{
    double largest = 0.0;
    for (size_t c = 0; c < C; c++)
        if (se[c] > 0.0)
            /* A resample of one single run knows nothing of its error: the ratio is inf. */
            largest =
                fmax(largest, se_star[c] > 0.0 ? fabs(mean_star[c]) / se_star[c] : INFINITY);
    return largest;
}

static void check(size_t S, size_t C, const double *x, const plot_bootstrap *how)
{
    assert(S >= 2 && C >= 1 && x && how && how->resamples >= 100);
    assert(how->confidence > 0.0 && how->confidence < 1.0);
}

meka_status plot_band(size_t S, size_t C, const double *x, const plot_bootstrap *how,
                      double *mean, double *se, double *critical, meka_error *err)
{
    check(S, C, x, how);
    double *work = meka_alloc(how->resamples + S + 2 * C, sizeof *work, err);
    if (!work)
        return MEKA_ERR_MEMORY;
    double *largest = work, *weight = largest + how->resamples;
    double *mean_star = weight + S, *se_star = mean_star + C;

    /* The first run is a centre near the mean; then the mean itself is. */
    summarize(S, C, x, x, NULL, mean, se);
    for (size_t c = 0; c < C; c++)
        mean[c] += x[c];
    for (size_t b = 0; b < how->resamples; b++) {
        resample(how, b, S, weight);
        summarize(S, C, x, mean, weight, mean_star, se_star);
        largest[b] = largest_t(C, se, mean_star, se_star);
    }
    plot_sort(how->resamples, largest);
    *critical = plot_quantile(how->resamples, largest, how->confidence);
    free(work);
    return MEKA_OK;
}

meka_status plot_mean_interval(size_t S, const double *x, const plot_bootstrap *how,
                               plot_interval *out, meka_error *err)
{
    double mean, se, critical;
    meka_status status = plot_band(S, 1, x, how, &mean, &se, &critical, err);
    if (status)
        return status;
    double half = se > 0.0 ? critical * se : 0.0;
    *out = (plot_interval){mean, mean - half, mean + half};
    return MEKA_OK;
}

meka_status plot_median_interval(size_t S, const double *x, const plot_bootstrap *how,
                                 plot_interval *out, meka_error *err)
{
    assert(S >= 1 && how->resamples >= 100);
    double *median = meka_alloc(how->resamples + 2 * S, sizeof *median, err);
    if (!median)
        return MEKA_ERR_MEMORY;
    double *weight = median + how->resamples, *sample = weight + S,
           tail = 1.0 - how->confidence;
    memcpy(sample, x, S * sizeof *x);
    plot_sort(S, sample);
    out->value = plot_quantile(S, sample, 0.5);
    for (size_t b = 0; b < how->resamples; b++) {
        size_t n = 0;
        resample(how, b, S, weight);
        for (size_t s = 0; s < S; s++)
            for (size_t left = (size_t)weight[s]; left > 0; left--)
                sample[n++] = x[s];
        assert(n == S);
        plot_sort(S, sample);
        median[b] = plot_quantile(S, sample, 0.5);
    }
    plot_sort(how->resamples, median);
    out->low = plot_quantile(how->resamples, median, 0.5 * tail);
    out->high = plot_quantile(how->resamples, median, 1.0 - 0.5 * tail);
    free(median);
    return MEKA_OK;
}

/* Mean of x [n], and the squared relative standard error of that mean. */
static double relative_error(size_t n, const double *x, double *squared)
{
    double mean, se;
    summarize(n, 1, x, x, NULL, &mean, &se);
    mean += x[0];
    *squared = se * se / (mean * mean);
    return mean;
}

plot_interval plot_student_interval(size_t S, const double *x, double confidence)
{
    assert(S >= 2 && confidence > 0.0 && confidence < 1.0);
    double mean, se;
    summarize(S, 1, x, x, NULL, &mean, &se);
    mean += x[0];
    double width = se * gsl_cdf_tdist_Pinv(0.5 + 0.5 * confidence, (double)S - 1.0);
    return (plot_interval){mean, mean - width, mean + width};
}

plot_interval plot_ratio_interval(size_t S, const double *x, size_t R, const double *y,
                                  double confidence)
{
    assert(S >= 2 && R >= 2 && confidence > 0.0 && confidence < 1.0);
    double error_x, error_y;
    double ratio = relative_error(S, x, &error_x) / relative_error(R, y, &error_y);
    double degrees = (double)(S < R ? S : R) - 1.0;
    double t = gsl_cdf_tdist_Pinv(0.5 + 0.5 * confidence, degrees);
    double factor = exp(t * sqrt(error_x + error_y));
    return (plot_interval){ratio, ratio / factor, ratio * factor};
}

/* Least squares is linear in log y: slope = sum_c w_c log y_c with these weights [C]. */
static void slope_weights(size_t C, const double *t, double *w)
{
    double centre = 0.0, scale = 0.0;
    for (size_t c = 0; c < C; c++)
        centre += log(t[c]) / (double)C;
    for (size_t c = 0; c < C; c++) {
        w[c] = log(t[c]) - centre;
        scale += w[c] * w[c];
    }
    for (size_t c = 0; c < C; c++)
        w[c] /= scale;
}

double plot_log_slope(size_t C, const double *t, const double *y)
{
    assert(C >= 2);
    double centre = 0.0, scale = 0.0, sum = 0.0;
    for (size_t c = 0; c < C; c++)
        centre += log(t[c]) / (double)C;
    for (size_t c = 0; c < C; c++) {
        double u = log(t[c]) - centre;
        scale += u * u;
        sum += u * log(y[c]);
    }
    return sum / scale;
}

/* Slope of the weighted mean curve and its linearized standard error: run s contributes
 * psi_s = sum_c w_c x_sc / mean_c.  mean [C]: scratch.  False where a mean is not positive. */
static bool slope_of(size_t S, size_t C, const double *x, const double *w, const double *weight,
                     double *mean, double *slope, double *se)
{
    for (size_t c = 0; c < C; c++)
        mean[c] = 0.0;
    for (size_t s = 0; s < S; s++)
        for (size_t c = 0; c < C; c++)
            mean[c] += weight[s] * x[s * C + c] / (double)S;
    *slope = 0.0;
    double centre = 0.0; /* of psi */
    for (size_t c = 0; c < C; c++) {
        if (!(mean[c] > 0.0))
            return false;
        *slope += w[c] * log(mean[c]);
        centre += w[c];
    }
    double sum = 0.0;
    for (size_t s = 0; s < S; s++) {
        if (weight[s] == 0.0)
            continue;
        double psi = -centre;
        for (size_t c = 0; c < C; c++)
            psi += w[c] * x[s * C + c] / mean[c];
        sum += weight[s] * psi * psi;
    }
    *se = sqrt(sum / ((double)S * ((double)S - 1.0)));
    return true;
}

meka_status plot_slope_interval(size_t S, size_t C, const double *t, const double *x,
                                const plot_bootstrap *how, plot_interval *out, meka_error *err)
{
    check(S, C, x, how);
    assert(C >= 2);
    double *work = meka_alloc(how->resamples + S + 2 * C, sizeof *work, err);
    if (!work)
        return MEKA_ERR_MEMORY;
    double *pivot = work, *weight = pivot + how->resamples, *w = weight + S, *mean = w + C;
    meka_status status = MEKA_OK;
    double slope, se;
    slope_weights(C, t, w);
    for (size_t s = 0; s < S; s++)
        weight[s] = 1.0;
    if (!slope_of(S, C, x, w, weight, mean, &slope, &se)) {
        status = meka_fail(err, MEKA_ERR_RANGE,
                           "the logarithmic slope of a curve needs positive means");
        goto cleanup;
    }
    for (size_t b = 0; b < how->resamples; b++) {
        double slope_star, se_star;
        resample(how, b, S, weight);
        bool known = slope_of(S, C, x, w, weight, mean, &slope_star, &se_star);
        pivot[b] = known && se_star > 0.0 ? (slope_star - slope) / se_star : 0.0;
    }
    plot_sort(how->resamples, pivot);
    double tail = 0.5 - 0.5 * how->confidence;
    *out = (plot_interval){
        .value = slope,
        .low = slope - se * plot_quantile(how->resamples, pivot, 1.0 - tail),
        .high = slope - se * plot_quantile(how->resamples, pivot, tail),
    };
cleanup:
    free(work);
    return status;
}
