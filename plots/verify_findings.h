/* plots/verify_findings.h - how plot_verify_run reaches its findings. */
#ifndef PLOTS_VERIFY_FINDINGS_H
#define PLOTS_VERIFY_FINDINGS_H

#include "plots/case.h"
#include "plots/runs.h"
#include "plots/statistics.h"

/* Findings drawn from samples: each errs with at most (1 - confidence) / this. */
enum { PLOT_SAMPLED_FINDINGS = 6 };

/* Relative distance of t E from its limit (and of SGD from its plateau) that still counts as
 * tail.  What remains of it is known exactly and widens the intervals. */
#define PLOT_TAIL_TOLERANCE 0.01

/* Eq. 15: the filter as printed, started at the first observation, with the gain of a Sigma
 * that is held constant (whatever its value, K_t = 1/(t+1)), and fixed steps. */
#define PLOT_EQ15 "preset=paper start=observation rule=fixed noise=constant"

/* Method and settings besides alpha. */
typedef struct plot_tested {
    const opt_method *method;
    const char *settings;
} plot_tested;

/* The curves of one verification. */
typedef struct plot_evidence {
    const plot_verify_config *config;
    plot_case one;
    size_t tail;     /* t from which t E is within PLOT_TAIL_TOLERANCE of its limit */
    size_t n_exact;  /* length of exact */
    double *exact;   /* [n_exact] MEKA's curve */
    size_t C;        /* checkpoints */
    double *t;       /* [C], t[0] = 1 */
    double *gap;     /* [S][C] MEKA */
    size_t sgd_tail; /* t from which SGD's curve is within the tolerance of its plateau */
    size_t sgd_C;
    double *sgd_t;    /* [sgd_C], evenly spaced in [sgd_tail, 2 sgd_tail + 400] */
    double *sgd_gap;  /* [S][sgd_C] */
    double *sgd_mean; /* [S] over those checkpoints */
} plot_evidence;

/* Bootstrap of the sampled findings' common confidence. */
plot_bootstrap plot_evidence_bootstrap(const plot_verify_config *config, uint64_t purpose);

/* Gaps of `tested` on one case: seeds config->seed + offset + 0, 1, ...  step is a L. */
meka_status plot_evidence_gaps(const plot_verify_config *config, const plot_case *one,
                               const plot_tested *tested, double alpha, size_t n_runs,
                               uint64_t offset, size_t C, const double *t,
                               const plot_progress *progress, double *gap, meka_error *err);

/* Appends a finding; text is printf-style and becomes `detail`. */
void plot_report_add(plot_verify_report *report, const char *name, const char *claim,
                     plot_interval found, double expected, bool passed, const char *detail, ...)
    __attribute__((format(printf, 7, 8)));

/* From the exact recursion. */
void plot_find_exact(plot_verify_report *report, const plot_evidence *seen);
/* From the Monte Carlo runs; fills the report's curves. */
meka_status plot_find_sampled(plot_verify_report *report, const plot_evidence *seen,
                              meka_error *err);
/* Other dimensions, condition numbers, noise, batches and steps, exact and sampled. */
meka_status plot_find_sweep(plot_verify_report *report, const plot_verify_config *config,
                            const plot_tested *tested, const plot_progress *progress,
                            meka_error *err);
/* A step beyond 2/L. */
meka_status plot_find_divergence(plot_verify_report *report, const plot_evidence *seen,
                                 const plot_tested *tested, const plot_progress *progress,
                                 meka_error *err);
/* What the proposition does not cover, measured only: Sigma estimated from the samples, in
 * the filter as printed and in the default one; noise with axes in a scalar filter; samples
 * whose Hessians differ. */
meka_status plot_find_beyond(plot_verify_report *report, const plot_evidence *seen,
                             const plot_progress *progress, meka_error *err);

#endif
