/* The proposition away from the one problem that is verified in depth: other dimensions,
 * condition numbers, noise, batches and steps; a step beyond 2/L; an estimated Sigma. */
#include "plots/verify_findings.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

/* d, L/mu, condition of Cov xi, n, a L, seed.  Hessian and axes of Cov xi are random. */
static const plot_case_config designs[] = {
    {1, 1.0, 1.0, 1, 1.0, 0, NULL},    {2, 10.0, 1.0, 1, 0.5, 0, NULL},
    {5, 100.0, 10.0, 3, 0.1, 0, NULL}, {20, 1e3, 100.0, 2, 1.0, 0, NULL},
    {12, 2e3, 1.0, 6, 0.25, 0, NULL},  {10, 1e4, 1e3, 1, 0.75, 0, NULL},
};
enum { N_DESIGNS = sizeof designs / sizeof designs[0] };

enum { SWEEP_RUNS = 64, SWEEP_STEPS = 256, SWEEP_CHECKPOINTS = 14 };

/* The exact curves are followed for this many of the slowest mode's time constants. */
#define EXACT_TIMES 20.0
/* ... but no further than this, and only where that reaches the tail. */
enum { EXACT_STEPS = 1 << 19 };

typedef struct sweep {
    double off;      /* largest |t E / limit - 1| at the end of an exact curve */
    double most;     /* largest t E / bound along one */
    double distance; /* largest |mean - exact| over the band's half-width */
    size_t worst;    /* the design of `distance` */
} sweep;

static meka_status follow_exact(const plot_case *one, sweep *all, meka_error *err)
{
    double times = ceil(EXACT_TIMES / (one->a * one->mu));
    size_t T = (size_t)fmin(fmax(times, 4096.0), EXACT_STEPS);
    double *curve = meka_alloc(T + 1, sizeof *curve, err);
    if (!curve)
        return MEKA_ERR_MEMORY;
    plot_case_meka(one, T + 1, curve);
    for (size_t t = 0; t <= T; t++)
        all->most = fmax(all->most, (double)t * curve[t] / one->bound);
    all->off = fmax(all->off, fabs((double)T * curve[T] / one->limit - 1.0));
    free(curve);
    return MEKA_OK;
}

static meka_status follow_runs(const plot_case *one, const plot_verify_config *config,
                               const plot_tested *tested, size_t design,
                               const plot_progress *progress, sweep *all, meka_error *err)
{
    double t[SWEEP_CHECKPOINTS], mean[SWEEP_CHECKPOINTS], se[SWEEP_CHECKPOINTS], critical;
    double exact[SWEEP_STEPS + 1];
    size_t C = plot_log_spaced(1.0, SWEEP_STEPS, SWEEP_CHECKPOINTS, t);
    plot_bootstrap how = plot_evidence_bootstrap(config, 100 + design);
    how.confidence = 1.0 - (1.0 - how.confidence) / N_DESIGNS;
    how.resamples = 20000;
    double *gap = meka_alloc(SWEEP_RUNS * C, sizeof *gap, err);
    if (!gap)
        return MEKA_ERR_MEMORY;
    meka_status status = plot_evidence_gaps(config, one, tested, one->a, SWEEP_RUNS,
                                            1000 * (design + 1), C, t, progress, gap, err);
    if (!status)
        status = plot_band(SWEEP_RUNS, C, gap, &how, mean, se, &critical, err);
    free(gap);
    if (status)
        return status;
    plot_case_meka(one, SWEEP_STEPS + 1, exact);
    for (size_t c = 0; c < C; c++) {
        double distance = fabs(mean[c] - exact[(size_t)t[c]]) / (critical * se[c]);
        if (!(distance <= all->distance)) {
            all->distance = isnan(distance) ? INFINITY : distance;
            all->worst = design;
        }
    }
    return MEKA_OK;
}

meka_status plot_find_sweep(plot_verify_report *report, const plot_verify_config *config,
                            const plot_tested *tested, const plot_progress *progress,
                            meka_error *err)
{
    sweep all = {0};
    for (size_t i = 0; i < N_DESIGNS; i++) {
        plot_case one;
        plot_case_config design = designs[i];
        plot_progress part = *progress;
        double width = (progress->to - progress->from) / N_DESIGNS;
        part.from = progress->from + width * (double)i;
        part.to = part.from + width;
        design.seed = config->seed + 1 + i;
        meka_status status = plot_case_create(&one, &design, err);
        if (status)
            return status;
        status = follow_exact(&one, &all, err);
        if (!status)
            status = follow_runs(&one, config, tested, i, &part, &all, err);
        plot_case_clear(&one);
        if (status)
            return status;
    }
    plot_interval found = {all.off, 0.0, PLOT_TAIL_TOLERANCE};
    plot_report_add(report, "sweep-exact",
                    "t E is bounded and approaches its constant on every problem of the sweep",
                    found, NAN, all.off <= found.high && all.most <= 1.0,
                    "%d problems, d 1..20, L/mu 1..1e4, a L 0.1..1, n 1..6, Cov xi condition "
                    "1..1e3: largest |t E / limit - 1| at the end; largest t E / bound %.3g",
                    (int)N_DESIGNS, all.most);
    const plot_case_config *worst = &designs[all.worst];
    found = (plot_interval){all.distance, 0.0, 1.0};
    plot_report_add(report, "sweep-monte-carlo",
                    "the runs' mean agrees with the exact curve on every problem of the sweep",
                    found, NAN, all.distance <= 1.0,
                    "largest |mean - exact| over half the band's width, at d=%zu L/mu=%g "
                    "n=%zu a L=%g; %d runs of %d steps each",
                    worst->dim, worst->condition, worst->batch, worst->step, (int)SWEEP_RUNS,
                    (int)SWEEP_STEPS);
    return MEKA_OK;
}

meka_status plot_find_divergence(plot_verify_report *report, const plot_evidence *seen,
                                 const plot_tested *tested, const plot_progress *progress,
                                 meka_error *err)
{
    enum { RUNS = 8 };
    /* |1 - a L| = 1.2: the gap of the steepest mode grows 1.44 times a step. */
    const double step = 2.2, t[] = {0.0, 200.0};
    double gap[RUNS][2], least = INFINITY, alpha = step * seen->one.a / seen->config->step;
    meka_status status =
        plot_evidence_gaps(seen->config, &seen->one, tested, alpha, RUNS,
                           3 * seen->config->seeds, 2, t, progress, &gap[0][0], err);
    if (status)
        return status;
    for (size_t s = 0; s < RUNS; s++)
        least = fmin(least, log10(gap[s][1] / gap[s][0]));
    plot_interval found = {least, 6.0, INFINITY};
    plot_report_add(report, "divergence", "a step of 2.2/L, beyond 2/L, diverges", found,
                    2.0 * t[1] * log10(step - 1.0), least >= found.low,
                    "decades by which the gap grows in %.0f steps, least of %d runs; expected: "
                    "the growth of the steepest mode alone",
                    t[1], (int)RUNS);
    return MEKA_OK;
}

/* A filter, or a problem, about whose rate nothing is proved. */
typedef struct beyond {
    const char *name, *claim, *settings;
    double noise_condition; /* of Cov xi; 0: the verification's own problem */
    const char *problem;    /* NULL: "noisy-quadratic" */
} beyond;

static const beyond filters[] = {
    {"estimated-noise",
     "beyond the proposition: the exponent with Sigma estimated, scalar; measured only",
     "preset=paper start=observation rule=fixed noise=estimated", 0.0, NULL},
    {"default-filter",
     "beyond the proposition: the exponent of the default filter; measured only", "rule=fixed",
     0.0, NULL},
    {"scalar-filter",
     "beyond the proposition: the exponent of the scalar filter where noise has axes; measured "
     "only",
     "preset=paper start=observation rule=fixed noise=estimated", 100.0, NULL},
    {"hessian-noise",
     "beyond the proposition: the exponent where samples' Hessians differ (Q > 0); measured "
     "only",
     "preset=paper start=observation rule=fixed noise=estimated", 1.0, "noisy-hessian"},
};
enum { N_FILTERS = sizeof filters / sizeof filters[0] };

/* Gaps [S][C] of one filter and what they show. */
static meka_status find_filter(plot_verify_report *report, const plot_evidence *seen,
                               const plot_case *one, size_t which, size_t S, size_t C,
                               const double *t, const plot_progress *progress, double *gap,
                               meka_error *err)
{
    const plot_verify_config *c = seen->config;
    plot_tested tested = {NULL, filters[which].settings};
    plot_bootstrap how = plot_evidence_bootstrap(c, 10 + which);
    plot_interval found = {NAN, NAN, NAN};
    meka_status status = opt_method_find(&tested.method, "meka", err);
    if (!status)
        status = plot_evidence_gaps(c, one, &tested, one->a, S, 4 * c->seeds, C, t, progress,
                                    gap, err);
    if (!status)
        status = plot_slope_interval(S, C, t, gap, &how, &found, err);
    if (status && status != MEKA_ERR_RANGE)
        return status;
    double end = 0.0;
    for (size_t s = 0; s < S; s++)
        end += gap[s * C + C - 1] / (double)S;
    double limit = seen->one.limit * seen->one.n / one->n;
    if (filters[which].noise_condition > 0.0)
        limit = one->limit;
    plot_report_add(report, filters[which].name, filters[which].claim, found, NAN,
                    isfinite(found.value),
                    "Sigma from %.0f samples a step, %zu runs, t = %.0f..%.0f; t E ends at "
                    "%.3g times 0.5 tr(H Cov xi)/n; passes if finite",
                    one->n, S, t[0], t[C - 1], t[C - 1] * end / limit);
    return MEKA_OK;
}

/* The same on the row's own problem, where it has one; another batch than the verification's
 * where that is of one sample, which has no variance to estimate. */
static meka_status find_beyond(plot_verify_report *report, const plot_evidence *seen,
                               size_t which, size_t S, size_t C, const double *t,
                               const plot_progress *progress, double *gap, meka_error *err)
{
    const plot_verify_config *c = seen->config;
    const beyond *row = &filters[which];
    const plot_case_config config = {
        .dim = c->dim,
        .condition = c->condition,
        .noise_condition = row->noise_condition,
        .batch = c->batch > 2 ? c->batch : 2,
        .step = c->step,
        .seed = c->seed,
        .problem = row->problem,
    };
    plot_case one = seen->one;
    one.n = (double)config.batch;
    if (row->noise_condition == 0.0)
        return find_filter(report, seen, &one, which, S, C, t, progress, gap, err);
    meka_status status = plot_case_create(&one, &config, err);
    if (status)
        return status;
    status = find_filter(report, seen, &one, which, S, C, t, progress, gap, err);
    plot_case_clear(&one);
    return status;
}

meka_status plot_find_beyond(plot_verify_report *report, const plot_evidence *seen,
                             const plot_progress *progress, meka_error *err)
{
    size_t S = seen->config->seeds < 64 ? seen->config->seeds : 64;
    size_t first = 0;
    while (seen->t[first] < (double)seen->tail)
        first++;
    size_t C = seen->C - first;
    double *gap = meka_alloc(S * C, sizeof *gap, err);
    if (!gap)
        return MEKA_ERR_MEMORY;
    meka_status status = MEKA_OK;
    for (size_t i = 0; i < N_FILTERS && !status; i++) {
        plot_progress part = *progress;
        double width = (progress->to - progress->from) / N_FILTERS;
        part.from = progress->from + width * (double)i;
        part.to = part.from + width;
        status = find_beyond(report, seen, i, S, C, seen->t + first, &part, gap, err);
    }
    free(gap);
    return status;
}
