/* plots/verify.h - Proposition 1 of the paper, verified (DESIGN 5).
 *
 * Problem (eq. 14), filter (eq. 15), theta+ = theta - a m with a <= 1/L:
 * E[f(theta_t) - f*] is O(1/t), with t E -> 0.5 tr(H Cov xi) / n.
 */
#ifndef PLOTS_VERIFY_H
#define PLOTS_VERIFY_H

#include "plots/finding.h"

#include <meka/optim.h>
#include <meka/problems.h>

/* The exact curve E[f(theta_t) - f*], t = 0..T-1, of theta+ = theta - a m with
 * m = (1-k) (m + H delta) + k g and k_t = 1/(t+1): a recursion of mean and covariance of
 * (theta, m) per eigenvalue.  eigenvalue [d]; start [d] and noise_var [d] = diagonal of
 * Cov xi, both in the eigenbasis; curve [T].  Allocates nothing. */
void plot_exact_meka(size_t d, const double *eigenvalue, const double *start,
                     const double *noise_var, double a, double n, size_t T, double *curve);
/* The same of SGD, theta+ = theta - a g, and its plateau (finite for a < 2/L). */
void plot_exact_sgd(size_t d, const double *eigenvalue, const double *start,
                    const double *noise_var, double a, double n, size_t T, double *curve);
double plot_sgd_plateau(size_t d, const double *eigenvalue, const double *noise_var, double a,
                        double n);
/* lim t E[f(theta_t) - f*] of MEKA, 0.5 tr(H Cov xi) / n. */
double plot_meka_limit(size_t d, const double *eigenvalue, const double *noise_var, double n);
/* A number that t E[f(theta_t) - f*] never exceeds, for a <= 1/L:
 *
 *   sum_j start_j^2 / (4 e a) + (noise_var_j / n) (lambda_j + 1 / (e a))
 *
 * First term: t lambda x_0^2 rho^(2t) / 2 at its largest.  Second: theta_t is a sum of the
 * means xibar_k with weights w_i = a lambda rho^i, i = t-1-k, so that its variance is at most
 * (noise_var / n) sum_i w_i / (t - i), where i <= t/2 contribute at most 2 / t and the rest,
 * of total weight rho^(t/2), at most 2 / (e a lambda t). */
double plot_meka_bound(size_t d, const double *start, const double *eigenvalue,
                       const double *noise_var, double a, double n);

typedef struct plot_verify_config {
    size_t dim;        /* d */
    double condition;  /* L / mu, with L = 1 */
    size_t batch;      /* n */
    double step;       /* a, in units of 1/L: in (0, 1] */
    size_t steps;      /* T of the Monte Carlo runs */
    size_t seeds;      /* S, number of Monte Carlo runs, >= 8 */
    uint64_t seed;     /* of the problem and the first run */
    double confidence; /* that a true proposition passes: shared by all findings drawn from
                          samples (Bonferroni), e.g. 0.99 */
    size_t jobs;       /* threads */
    const opt_method *method; /* NULL: meka; a test passes a broken one.  Its step size must
                                 be the option `alpha` */
    const char *settings;     /* besides alpha; NULL: eq. 15 for meka, none for another
                                 method */
    void (*progress)(void *ctx, double fraction, const char *what); /* or NULL */
    void *progress_ctx;
} plot_verify_config;

plot_verify_config plot_verify_default(void);

#define PLOT_MAX_FINDINGS 16
typedef struct plot_verify_report {
    plot_finding finding[PLOT_MAX_FINDINGS];
    size_t n_findings;
    bool passed;    /* all of them */
    double limit;   /* 0.5 tr(H Cov xi) / n */
    double bound;   /* t E[f(theta_t) - f*] <= bound */
    double plateau; /* of SGD */
    /* For the figure, owned: */
    size_t n_points;
    double *t;                           /* [n_points], from 1, spaced in the logarithm */
    double *exact;                       /* [n_points] E[f(theta_t) - f*] */
    double *mean, *band_low, *band_high; /* [n_points] Monte Carlo, simultaneous band */
    double *sgd;                         /* [n_points] exact curve of SGD at the same step */
} plot_verify_report;

/* MEKA_ERR_INPUT: a value out of range, or `steps` so few that the runs end within the
 * transient of the problem, where t E says nothing about its limit; the text says how many
 * are needed.  A finding that fails is a result, not an error.  out: cleared with
 * plot_verify_clear; untouched on failure. */
meka_status plot_verify_run(plot_verify_report *out, const plot_verify_config *config,
                            meka_error *err);
void plot_verify_clear(plot_verify_report *report);

#endif
