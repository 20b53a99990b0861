/* plots/case.h - one problem of Proposition 1 with everything theory says about it. */
#ifndef PLOTS_CASE_H
#define PLOTS_CASE_H

#include "plots/verify.h"

typedef struct plot_case_config {
    size_t dim;
    double condition;       /* L / mu */
    double noise_condition; /* of Cov xi, whose axes are random; 1: identity */
    size_t batch;           /* n */
    double step;            /* a L */
    uint64_t seed;
    const char *problem; /* with these options and knowledge; NULL: "noisy-quadratic" */
} plot_case_config;

typedef struct plot_case {
    prob_instance problem;
    ad_program *program;
    size_t d;
    double a, n, mu;           /* absolute step, batch, smallest eigenvalue */
    double *start, *noise_var; /* [d], in the eigenbasis */
    double limit, bound, plateau;
} plot_case;

/* theta_0 ~ N(0, I) */
meka_status plot_case_create(plot_case *out, const plot_case_config *config, meka_error *err);
void plot_case_clear(plot_case *one);

/* The exact curve [T] of MEKA or SGD on this case. */
void plot_case_meka(const plot_case *one, size_t T, double *curve);
void plot_case_sgd(const plot_case *one, size_t T, double *curve);

/* The first t0 from which on `curve` [T] stays within a fraction `tolerance` of its
 * asymptote: limit / t, or with plateau a constant.  T if it never does. */
size_t plot_tail_start(const double *curve, size_t T, double asymptote, bool plateau,
                       double tolerance);

#endif
