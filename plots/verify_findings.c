/* The findings of one verification, from its exact and sampled curves. */
#include "plots/verify_findings.h"

#include "base/memory.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void plot_report_add(plot_verify_report *report, const char *name, const char *claim,
                     plot_interval found, double expected, bool passed, const char *detail, ...)
{
    assert(report->n_findings < PLOT_MAX_FINDINGS);
    va_list args;
    va_start(args, detail);
    report->finding[report->n_findings++] =
        plot_finding_make(name, claim, found, expected, passed, detail, args);
    va_end(args);
    report->passed = report->passed && passed;
}

static bool inside(plot_interval x, double value)
{
    return x.low <= value && value <= x.high;
}

/* Interval moved apart by a known distance on either side. */
static plot_interval widened(plot_interval x, double by)
{
    return (plot_interval){x.value, x.low - by, x.high + by};
}

/* Slope of the exact curve over the last factor of 4 before T, at 64 places. */
static double exact_slope(const plot_evidence *seen, size_t T)
{
    double t[64], y[64];
    size_t first = T / 4 > 1 ? T / 4 : 1;
    size_t n = plot_log_spaced((double)first, (double)T, 64, t);
    for (size_t i = 0; i < n; i++)
        y[i] = seen->exact[(size_t)t[i]];
    return plot_log_slope(n, t, y);
}

void plot_find_exact(plot_verify_report *report, const plot_evidence *seen)
{
    size_t T = seen->n_exact - 1;
    double slope = exact_slope(seen, T), tolerance = PLOT_TAIL_TOLERANCE;
    plot_interval found = {slope, -1.0 - tolerance, -1.0 + tolerance};
    plot_report_add(report, "exact-exponent", "the exact curve E[f(theta_t) - f*] falls as 1/t",
                    found, -1.0, inside(found, slope),
                    "slope of log E against log t over t = %zu..%zu of "
                    "the covariance recursion, no sampling",
                    T / 4, T);

    double end = (double)T * seen->exact[T];
    found = (plot_interval){end, (1.0 - tolerance) * seen->one.limit,
                            (1.0 + tolerance) * seen->one.limit};
    plot_report_add(report, "exact-constant",
                    "t E[f(theta_t) - f*] approaches 0.5 tr(H Cov xi) / n", found,
                    seen->one.limit, inside(found, end),
                    "t E at t = %zu; within %g of the "
                    "limit from t = %zu on",
                    T, tolerance, seen->tail);

    double most = 0.0;
    size_t where = 0;
    for (size_t t = 0; t < seen->n_exact; t++) {
        if ((double)t * seen->exact[t] > most) {
            most = (double)t * seen->exact[t];
            where = t;
        }
    }
    found = (plot_interval){most, 0.0, seen->one.bound};
    plot_report_add(report, "bounded", "t E[f(theta_t) - f*] is bounded: E is O(1/t)", found,
                    NAN, inside(found, most),
                    "largest t E, at t = %zu, against the bound sum "
                    "x0^2/(4 e a) + (noise/n)(lambda + 1/(e a))",
                    where);
}

/* The report's curves: one allocation that begins with t. */
static meka_status keep_curves(plot_verify_report *report, const plot_evidence *seen,
                               meka_error *err)
{
    size_t C = seen->C;
    double *sgd = meka_alloc(seen->config->steps + 1, sizeof *sgd, err);
    double *t = meka_alloc(6 * C, sizeof *t, err);
    if (!sgd || !t) {
        free(sgd);
        free(t);
        return MEKA_ERR_MEMORY;
    }
    report->n_points = C;
    report->t = t;
    report->exact = t + C;
    report->mean = t + 2 * C;
    report->band_low = t + 3 * C;
    report->band_high = t + 4 * C;
    report->sgd = t + 5 * C;
    plot_case_sgd(&seen->one, seen->config->steps + 1, sgd);
    for (size_t c = 0; c < C; c++) {
        t[c] = seen->t[c];
        report->exact[c] = seen->exact[(size_t)t[c]];
        report->sgd[c] = sgd[(size_t)t[c]];
    }
    free(sgd);
    return MEKA_OK;
}

static meka_status find_band(plot_verify_report *report, const plot_evidence *seen,
                             meka_error *err)
{
    size_t C = seen->C, S = seen->config->seeds, worst = 0;
    plot_bootstrap how = plot_evidence_bootstrap(seen->config, 0);
    double critical, *se = report->band_low;
    meka_status status = plot_band(S, C, seen->gap, &how, report->mean, se, &critical, err);
    if (status)
        return status;
    double largest = 0.0;
    for (size_t c = 0; c < C; c++) {
        double half = critical * se[c];
        double distance = fabs(report->mean[c] - report->exact[c]) / se[c];
        /* A run that left the finite numbers has neither mean nor error: that fails. */
        if (!(distance <= largest)) {
            largest = isnan(distance) ? INFINITY : distance;
            worst = c;
        }
        report->band_low[c] = report->mean[c] - half;
        report->band_high[c] = report->mean[c] + half;
    }
    plot_interval found = {largest, 0.0, critical};
    plot_report_add(report, "monte-carlo-band",
                    "the runs' mean agrees with the exact curve at all checkpoints together",
                    found, NAN, inside(found, largest),
                    "largest |mean - exact| in standard errors, at t = %.0f; %zu runs, %zu "
                    "checkpoints, simultaneous bootstrap-t band at %.4g",
                    seen->t[worst], S, C, how.confidence);
    return MEKA_OK;
}

/* The checkpoints of the tail: t [*n] and gaps [S][*n], to be freed; NULL: no memory. */
static double *tail_gaps(const plot_evidence *seen, size_t *n, const double **t,
                         meka_error *err)
{
    size_t S = seen->config->seeds, first = 0;
    while (seen->t[first] < (double)seen->tail)
        first++;
    *n = seen->C - first;
    *t = seen->t + first;
    double *gap = meka_alloc(S * *n, sizeof *gap, err);
    for (size_t s = 0; gap && s < S; s++)
        for (size_t c = 0; c < *n; c++)
            gap[s * *n + c] = seen->gap[s * seen->C + first + c];
    return gap;
}

static meka_status find_exponent(plot_verify_report *report, const plot_evidence *seen,
                                 meka_error *err)
{
    size_t n, S = seen->config->seeds;
    const double *t;
    plot_bootstrap how = plot_evidence_bootstrap(seen->config, 1);
    plot_interval found = {NAN, NAN, NAN};
    double *gap = tail_gaps(seen, &n, &t, err);
    if (!gap)
        return MEKA_ERR_MEMORY;
    meka_status status = plot_slope_interval(S, n, t, gap, &how, &found, err);
    free(gap);
    if (status && status != MEKA_ERR_RANGE)
        return status;
    double exact = plot_log_slope(n, t, report->exact + (seen->C - n));
    found = widened(found, fabs(exact + 1.0));
    plot_report_add(report, "monte-carlo-exponent",
                    "the runs' mean falls as 1/t: its tail exponent is -1", found, -1.0,
                    inside(found, -1.0),
                    "least squares over %zu checkpoints t = %.0f..%.0f, bootstrap-t over %zu "
                    "runs at %.4g, widened by the exact curve's own distance %.2g from -1",
                    n, t[0], t[n - 1], S, how.confidence, fabs(exact + 1.0));
    return MEKA_OK;
}

static meka_status find_constant(plot_verify_report *report, const plot_evidence *seen,
                                 meka_error *err)
{
    size_t n, S = seen->config->seeds;
    const double *t;
    plot_bootstrap how = plot_evidence_bootstrap(seen->config, 2);
    plot_interval found;
    double *gap = tail_gaps(seen, &n, &t, err);
    if (!gap)
        return MEKA_ERR_MEMORY;
    /* Each run's average of t (f - f*) over the tail replaces its row. */
    double exact = 0.0;
    for (size_t s = 0; s < S; s++) {
        double sum = 0.0;
        for (size_t c = 0; c < n; c++)
            sum += t[c] * gap[s * n + c] / (double)n;
        gap[s] = sum;
    }
    for (size_t c = 0; c < n; c++)
        exact += t[c] * report->exact[seen->C - n + c] / (double)n;
    meka_status status = plot_mean_interval(S, gap, &how, &found, err);
    free(gap);
    if (status)
        return status;
    double limit = seen->one.limit, bias = fabs(exact - limit);
    found = widened(found, bias);
    plot_report_add(report, "monte-carlo-constant",
                    "the runs' t (f - f*) averages 0.5 tr(H Cov xi) / n", found, limit,
                    inside(found, limit),
                    "mean of t (f - f*) over t = %.0f..%.0f, bootstrap-t over %zu runs at "
                    "%.4g, widened by the exact curve's own distance %.2g from its limit",
                    t[0], t[n - 1], S, how.confidence, bias);
    return MEKA_OK;
}

/* Mean of SGD's exact curve over the checkpoints of its runs. */
static meka_status exact_sgd_mean(const plot_evidence *seen, double *mean, meka_error *err)
{
    size_t T = (size_t)seen->sgd_t[seen->sgd_C - 1] + 1;
    double *curve = meka_alloc(T, sizeof *curve, err);
    if (!curve)
        return MEKA_ERR_MEMORY;
    plot_case_sgd(&seen->one, T, curve);
    *mean = 0.0;
    for (size_t c = 0; c < seen->sgd_C; c++)
        *mean += curve[(size_t)seen->sgd_t[c]] / (double)seen->sgd_C;
    free(curve);
    return MEKA_OK;
}

static meka_status find_plateau(plot_verify_report *report, const plot_evidence *seen,
                                meka_error *err)
{
    size_t S = seen->config->seeds;
    double exact, plateau = seen->one.plateau;
    plot_bootstrap how = plot_evidence_bootstrap(seen->config, 3);
    plot_interval found;
    meka_status status = exact_sgd_mean(seen, &exact, err);
    if (!status)
        status = plot_mean_interval(S, seen->sgd_mean, &how, &found, err);
    if (status)
        return status;
    double bias = fabs(exact - plateau);
    found = widened(found, bias);
    plot_report_add(report, "sgd-plateau",
                    "SGD with the same step stops at 0.5 sum a lambda^2 / ((2 - a lambda) n)",
                    found, plateau, inside(found, plateau),
                    "mean gap over t = %.0f..%.0f, bootstrap-t over %zu runs at %.4g, widened "
                    "by the exact curve's own distance %.2g from its plateau",
                    seen->sgd_t[0], seen->sgd_t[seen->sgd_C - 1], S, how.confidence, bias);

    double *last = meka_alloc(S, sizeof *last, err);
    if (!last)
        return MEKA_ERR_MEMORY;
    for (size_t s = 0; s < S; s++)
        last[s] = seen->gap[s * seen->C + seen->C - 1];
    found = plot_ratio_interval(S, last, S, seen->sgd_mean, how.confidence);
    free(last);
    double theory = report->exact[seen->C - 1] / plateau;
    plot_report_add(report, "below-sgd", "MEKA ends below SGD's plateau: the ratio is below 1",
                    found, theory, found.high < 1.0,
                    "MEKA's mean gap at t = %.0f over SGD's, Student interval of the log ratio "
                    "at %.4g; only that it is below 1 is tested",
                    seen->t[seen->C - 1], how.confidence);
    return MEKA_OK;
}

meka_status plot_find_sampled(plot_verify_report *report, const plot_evidence *seen,
                              meka_error *err)
{
    meka_status status = keep_curves(report, seen, err);
    if (!status)
        status = find_band(report, seen, err);
    if (!status)
        status = find_exponent(report, seen, err);
    if (!status)
        status = find_constant(report, seen, err);
    if (!status)
        status = find_plateau(report, seen, err);
    return status;
}
