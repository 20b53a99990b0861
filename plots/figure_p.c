/* Figure P: Proposition 1, exactly and by Monte Carlo. */
#include "plots/figures.h"
#include "plots/number.h"
#include "plots/verify.h"

#include "figure_p_gp.h"

#include <string.h>

static void write_curves(FILE *stream, const plot_verify_config *config,
                         const plot_verify_report *r)
{
    fprintf(stream,
            "# Figure P of meka " MEKA_VERSION ": E[f(theta_t) - f*] of Proposition 1\n"
            "# noisy quadratic: d = %zu, condition %g, batch %zu, step %g/L; seed %llu\n"
            "# exact: by recursion; mean, low, high: %zu runs, simultaneous band, confidence "
            "%g\n# sgd: exact, same step; plateau: its limit\n"
            "# limit: 0.5 tr(H Cov xi) / (n t); bound: what MEKA never exceeds\n"
            "t\texact\tmean\tlow\thigh\tsgd\tplateau\tlimit\tbound\n",
            config->dim, config->condition, config->batch, config->step,
            (unsigned long long)config->seed, config->seeds, config->confidence);
    for (size_t i = 0; i < r->n_points; i++) {
        const double row[] = {r->t[i],        r->exact[i],        r->mean[i],
                              r->band_low[i], r->band_high[i],    r->sgd[i],
                              r->plateau,     r->limit / r->t[i], r->bound / r->t[i]};
        for (size_t k = 0; k < sizeof row / sizeof row[0]; k++) {
            fputs(k ? "\t" : "", stream);
            plot_number_write(stream, row[k]);
        }
        fputc('\n', stream);
    }
}

static meka_status write(plot_figure_work *work, FILE *stream, meka_error *err)
{
    const plot_figure_config *from = work->config;
    plot_verify_config config = plot_verify_default();
    plot_verify_report report;
    config.seed = from->seed;
    config.jobs = from->jobs;
    config.progress = from->progress;
    config.progress_ctx = from->progress_ctx;
    if (from->full) {
        config.seeds *= 4;
        config.steps *= 4;
    }
    if (from->seeds)
        config.seeds = from->seeds;
    meka_status status = plot_verify_run(&report, &config, err);
    if (status)
        return status;
    write_curves(stream, &config, &report);
    work->n_findings = report.n_findings;
    memcpy(work->finding, report.finding, report.n_findings * sizeof *report.finding);
    plot_figure_note(work,
                     "d = %zu, condition %g, batch %zu, step %g/L; %zu runs of %zu steps. "
                     "Limit of t (E f(theta_t) - f*):\n0.5 tr(H Cov xi)/n = %.4g; bound %.4g; "
                     "SGD's plateau %.4g. %s",
                     config.dim, config.condition, config.batch, config.step, config.seeds,
                     config.steps, report.limit, report.bound, report.plateau,
                     report.passed ? "All findings hold." : "NOT all findings hold.");
    plot_verify_clear(&report);
    return MEKA_OK;
}

const plot_figure plot_figure_p = {
    .name = "P",
    .file = "figureP",
    .title = "Proposition 1: with a constant step the filtered gradient converges as 1/t.",
    .caption =
        "E[f(theta_t) - f*] on the noisy quadratic of eq. 14 with the filter of eq. 15: the "
        "exact "
        "curve (a recursion of\nmeans and covariances, no sampling), the mean over runs with "
        "its "
        "simultaneous confidence band, a bound that\nholds for all t, and the constant that no "
        "estimator can beat, 0.5 tr(H Cov xi)/(n t). SGD with the same step\nstays at a "
        "plateau, "
        "which theory gives as well.",
    .script = figure_p_gp,
    .decides = true,
    .write = write,
};
