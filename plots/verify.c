/* Proposition 1, verified: gathers the curves; what they show is in verify_findings.c and
 * verify_sweep.c. */
#include "plots/verify_findings.h"

#include "base/memory.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_CHECKPOINTS = 48,  /* of the band */
    SGD_CHECKPOINTS = 200, /* averaged per run */
    MAX_EXACT = 1 << 22,   /* longest exact curve */
};

plot_verify_config plot_verify_default(void)
{
    return (plot_verify_config){
        .dim = 20,
        .condition = 100.0,
        .batch = 2,
        .step = 1.0,
        .steps = 4000,
        .seeds = 256,
        .seed = 1,
        .confidence = 0.99,
        .jobs = 1,
    };
}

static meka_status check_config(const plot_verify_config *c, meka_error *err)
{
    if (c->dim < 1 || c->dim > 10000)
        return meka_fail(err, MEKA_ERR_INPUT, "verify: %zu dimensions; 1 to 10000 can be used",
                         c->dim);
    if (!(c->condition >= 1.0 && c->condition <= 1e12))
        return meka_fail(err, MEKA_ERR_INPUT,
                         "verify: a condition number of %g; it must lie in [1, 1e12]",
                         c->condition);
    if (!(c->step > 0.0 && c->step <= 1.0))
        return meka_fail(err, MEKA_ERR_INPUT,
                         "verify: a step of %g/L; the proposition is about steps in (0, 1/L]",
                         c->step);
    if (c->batch < 1 || c->steps < 16 || c->steps > MAX_EXACT)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "verify: batch %zu and %zu steps; a batch has at least 1 sample and a "
                         "run 16 to %d steps",
                         c->batch, c->steps, MAX_EXACT);
    if (c->seeds < 8)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "verify: %zu seeds; intervals need at least 8 runs", c->seeds);
    if (!(c->confidence >= 0.5 && c->confidence < 1.0))
        return meka_fail(err, MEKA_ERR_INPUT,
                         "verify: a confidence of %g; it must lie in [0.5, 1)", c->confidence);
    return MEKA_OK;
}

plot_bootstrap plot_evidence_bootstrap(const plot_verify_config *config, uint64_t purpose)
{
    double error = (1.0 - config->confidence) / PLOT_SAMPLED_FINDINGS;
    double resamples = fmin(fmax(20.0 / error, 1000.0), 50000.0);
    return (plot_bootstrap){
        .confidence = 1.0 - error,
        .resamples = (size_t)resamples,
        .seed = config->seed,
        .purpose = purpose,
    };
}

meka_status plot_evidence_gaps(const plot_verify_config *config, const plot_case *one,
                               const plot_tested *tested, double alpha, size_t n_runs,
                               uint64_t offset, size_t C, const double *t,
                               const plot_progress *progress, double *gap, meka_error *err)
{
    char number[40];
    snprintf(number, sizeof number, "alpha=%.17g", alpha);
    size_t length = strlen(tested->settings) + sizeof number + 2;
    char *settings = meka_alloc(length, 1, err);
    if (!settings)
        return MEKA_ERR_MEMORY;
    snprintf(settings, length, "%s %s", tested->settings, number);
    plot_runs runs = {
        .problem = &one->problem,
        .program = one->program,
        .method = tested->method,
        .settings = settings,
        .batch = (size_t)one->n,
        .seed = config->seed + offset,
        .n_runs = n_runs,
        .start = one->problem.objective.x0,
        .n_checkpoints = C,
        .checkpoint = t,
        .jobs = config->jobs,
        .progress = *progress,
    };
    meka_status status = plot_runs_gaps(&runs, gap, err);
    free(settings);
    return status;
}

/* The exact curve, long enough to know where its tail begins and to have 16 times as much;
 * `tail` is where it begins. */
static meka_status exact_curve(plot_evidence *seen, meka_error *err)
{
    size_t T = seen->config->steps + 1;
    for (;;) {
        free(seen->exact);
        seen->exact = meka_alloc(T, sizeof *seen->exact, err);
        if (!seen->exact)
            return MEKA_ERR_MEMORY;
        plot_case_meka(&seen->one, T, seen->exact);
        seen->n_exact = T;
        seen->tail =
            plot_tail_start(seen->exact, T, seen->one.limit, false, PLOT_TAIL_TOLERANCE);
        if (seen->tail <= T / 16 || T >= MAX_EXACT)
            break;
        T = T < MAX_EXACT / 2 ? 2 * T : MAX_EXACT;
    }
    if (seen->tail >= T)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "verify: with condition %g and step %g/L even %zu steps are within "
                         "the transient; a smaller condition or a longer step is needed",
                         seen->config->condition, seen->config->step, T);
    if (seen->tail > seen->config->steps / 4)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "verify: with condition %g, step %g/L and batch %zu the first %zu "
                         "steps are transient; at least %zu steps are needed, not %zu (or a "
                         "smaller condition)",
                         seen->config->condition, seen->config->step, seen->config->batch,
                         seen->tail, 4 * seen->tail, seen->config->steps);
    return MEKA_OK;
}

static void check_settings(plot_tested *tested, const plot_verify_config *config,
                           const opt_method *meka)
{
    bool own = config->method && config->method != meka;
    tested->method = own ? config->method : meka;
    tested->settings = config->settings ? config->settings : own ? "" : PLOT_EQ15;
}

static meka_status run_meka(plot_evidence *seen, const plot_tested *tested,
                            const plot_progress *progress, meka_error *err)
{
    const plot_verify_config *c = seen->config;
    seen->t = meka_alloc(MAX_CHECKPOINTS, sizeof *seen->t, err);
    if (!seen->t)
        return MEKA_ERR_MEMORY;
    seen->C = plot_log_spaced(1.0, (double)c->steps, MAX_CHECKPOINTS, seen->t);
    seen->gap = meka_alloc(c->seeds * seen->C, sizeof *seen->gap, err);
    if (!seen->gap)
        return MEKA_ERR_MEMORY;
    return plot_evidence_gaps(c, &seen->one, tested, seen->one.a, c->seeds, 0, seen->C, seen->t,
                              progress, seen->gap, err);
}

/* Where SGD's exact curve stays at its plateau. */
static meka_status sgd_tail(plot_evidence *seen, meka_error *err)
{
    size_t T = 1024;
    for (;;) {
        double *curve = meka_alloc(T, sizeof *curve, err);
        if (!curve)
            return MEKA_ERR_MEMORY;
        plot_case_sgd(&seen->one, T, curve);
        seen->sgd_tail =
            plot_tail_start(curve, T, seen->one.plateau, true, PLOT_TAIL_TOLERANCE);
        free(curve);
        if (seen->sgd_tail <= T / 2)
            return MEKA_OK;
        if (T >= MAX_EXACT)
            return meka_fail(err, MEKA_ERR_INPUT,
                             "verify: SGD needs more than %zu steps to its plateau; a smaller "
                             "condition or a longer step is needed",
                             T);
        T *= 2;
    }
}

static meka_status run_sgd(plot_evidence *seen, const plot_progress *progress, meka_error *err)
{
    const plot_verify_config *c = seen->config;
    plot_tested sgd = {.settings = ""};
    size_t S = c->seeds;
    meka_status status = sgd_tail(seen, err);
    if (!status)
        status = opt_method_find(&sgd.method, "sgd", err);
    if (status)
        return status;
    seen->sgd_C = SGD_CHECKPOINTS;
    seen->sgd_t = meka_alloc(SGD_CHECKPOINTS, sizeof *seen->sgd_t, err);
    seen->sgd_gap = meka_alloc(S * SGD_CHECKPOINTS, sizeof *seen->sgd_gap, err);
    seen->sgd_mean = meka_alloc(S, sizeof *seen->sgd_mean, err);
    if (!seen->sgd_t || !seen->sgd_gap || !seen->sgd_mean)
        return MEKA_ERR_MEMORY;
    double spacing = ((double)seen->sgd_tail + 400.0) / (SGD_CHECKPOINTS - 1);
    for (size_t i = 0; i < SGD_CHECKPOINTS; i++)
        seen->sgd_t[i] = floor((double)seen->sgd_tail + spacing * (double)i);
    /* Other seeds than MEKA's, so that the two are independent. */
    status = plot_evidence_gaps(c, &seen->one, &sgd, seen->one.a, S, S, seen->sgd_C,
                                seen->sgd_t, progress, seen->sgd_gap, err);
    if (status)
        return status;
    for (size_t s = 0; s < S; s++)
        for (size_t i = 0; i < SGD_CHECKPOINTS; i++)
            seen->sgd_mean[s] += seen->sgd_gap[s * SGD_CHECKPOINTS + i] / SGD_CHECKPOINTS;
    return MEKA_OK;
}

static plot_progress progress_of(const plot_verify_config *config, double from, double to,
                                 const char *what)
{
    return (plot_progress){config->progress, config->progress_ctx, from, to, what};
}

static meka_status gather(plot_verify_report *report, plot_evidence *seen,
                          const plot_tested *tested, meka_error *err)
{
    const plot_verify_config *c = seen->config;
    bool as_published = !c->method && !c->settings;
    plot_progress meka = progress_of(c, 0.0, 0.5, "filtered gradients");
    plot_progress sgd = progress_of(c, 0.5, 0.65, "stochastic gradients");
    plot_progress sweep = progress_of(c, 0.65, 0.85, "other problems");
    plot_progress beyond = progress_of(c, 0.85, 1.0, "beyond the proposition");
    meka_status status = exact_curve(seen, err);
    if (!status)
        status = run_meka(seen, tested, &meka, err);
    if (!status)
        status = run_sgd(seen, &sgd, err);
    if (status)
        return status;
    plot_find_exact(report, seen);
    status = plot_find_sampled(report, seen, err);
    if (!status)
        status = plot_find_sweep(report, c, tested, &sweep, err);
    if (!status)
        status = plot_find_divergence(report, seen, tested, &beyond, err);
    if (!status && as_published)
        status = plot_find_beyond(report, seen, &beyond, err);
    return status;
}

meka_status plot_verify_run(plot_verify_report *out, const plot_verify_config *config,
                            meka_error *err)
{
    assert(out && config);
    meka_status status = check_config(config, err);
    if (status)
        return status;
    const opt_method *meka;
    status = opt_method_find(&meka, "meka", err);
    if (status)
        return status;
    plot_tested tested;
    check_settings(&tested, config, meka);
    plot_verify_report report = {.passed = true};
    plot_evidence seen = {.config = config};
    plot_case_config problem = {config->dim,  config->condition, 1.0, config->batch,
                                config->step, config->seed,      NULL};
    status = plot_case_create(&seen.one, &problem, err);
    if (!status) {
        report.limit = seen.one.limit;
        report.bound = seen.one.bound;
        report.plateau = seen.one.plateau;
        status = gather(&report, &seen, &tested, err);
    }
    plot_case_clear(&seen.one);
    free(seen.exact);
    free(seen.t);
    free(seen.gap);
    free(seen.sgd_t);
    free(seen.sgd_gap);
    free(seen.sgd_mean);
    if (status)
        plot_verify_clear(&report);
    else
        *out = report;
    return status;
}

void plot_verify_clear(plot_verify_report *report)
{
    if (!report)
        return;
    free(report->t);
    memset(report, 0, sizeof *report);
}
