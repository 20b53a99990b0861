/* plots/statistics.h - quantiles, confidence bands and intervals over repeated runs.
 *
 * Shapes: S runs (independent, identically distributed), C checkpoints, row-major.
 *
 * Band and slope are studentized bootstraps over runs (bootstrap-t; Hall, "The Bootstrap and
 * Edgeworth Expansion", 1992, sections 3.2 and 4.2): whole runs are resampled, so nothing is
 * assumed about how a run depends on its own past, and dividing every resample by its own
 * standard error corrects for skewed gaps, which a squared error always has.
 */
#ifndef PLOTS_STATISTICS_H
#define PLOTS_STATISTICS_H

#include <meka/base.h>

typedef struct plot_interval {
    double value, low, high;
} plot_interval;

/* How intervals are drawn. */
typedef struct plot_bootstrap {
    double confidence; /* in (0, 1) */
    size_t resamples;  /* >= 100; at least 20 / (1 - confidence) are sensible */
    uint64_t seed;     /* draws are (seed, MEKA_STREAM_STATISTICS, resample, purpose) */
    uint64_t purpose;  /* another one for every interval of the same seed */
} plot_bootstrap;

/* The p-quantile, p in [0, 1], of sorted [n], n >= 1: linear interpolation of the order
 * statistics at (n - 1) p (type 7 of Hyndman and Fan, 1996). */
double plot_quantile(size_t n, const double *sorted, double p);
/* Ascending; NaN last. */
void plot_sort(size_t n, double *x);

/* The median of x [S], S >= 1, which may hold INFINITY, with its percentile bootstrap interval
 * (Efron, Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3).
 * MEKA_ERR_MEMORY. */
meka_status plot_median_interval(size_t S, const double *x, const plot_bootstrap *how,
                                 plot_interval *out, meka_error *err);

/* A simultaneous band for C means: with probability `confidence` every mean lies in its
 * interval mean +- critical * se, where critical is that quantile of max_c |mean*_c - mean_c|
 * / se*_c over resamples.  A checkpoint at which all runs agree has a band of width 0 and no
 * part in the maximum. x [S][C], S >= 2; mean, se [C]: out. MEKA_ERR_MEMORY. */
meka_status plot_band(size_t S, size_t C, const double *x, const plot_bootstrap *how,
                      double *mean, double *se, double *critical, meka_error *err);

/* The mean of one number per run: the band at a single checkpoint; x [S]. */
meka_status plot_mean_interval(size_t S, const double *x, const plot_bootstrap *how,
                               plot_interval *out, meka_error *err);

/* The same by Student's t, which a handful of runs is enough for where they are about normal;
 * x [S], S >= 2. */
plot_interval plot_student_interval(size_t S, const double *x, double confidence);

/* The ratio of two means over independent runs, E x / E y: normal interval of its logarithm
 * by the delta method, with Student's t of min(S, R) - 1 degrees.  x [S] > 0, y [R] > 0. */
plot_interval plot_ratio_interval(size_t S, const double *x, size_t R, const double *y,
                                  double confidence);

/* Slope of the least-squares line through (log t_c, log y_c); t [C] > 0, y [C] > 0, C >= 2. */
double plot_log_slope(size_t C, const double *t, const double *y);

/* The same of the mean curve over runs, with its interval; the standard error of a resample
 * is that of the slope linearized in the means.  x [S][C]; every mean must be positive, else
 * MEKA_ERR_RANGE. */
meka_status plot_slope_interval(size_t S, size_t C, const double *t, const double *x,
                                const plot_bootstrap *how, plot_interval *out, meka_error *err);

#endif
