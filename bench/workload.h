/* bench/workload.h - the objectives that are timed, one row each. */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include "bench/reference.h"

typedef struct bench_workload {
    const char *name;
    const char *summary;
    size_t n_params, n_features, n_samples; /* d, m, n */
    size_t n_constants;                     /* doubles that record and reference find in ctx */
    /* Data, the same for every call: theta [d], v [d], xi [n][m], constants [n_constants]. */
    void (*make)(size_t n, double *theta, double *v, double *xi, double *constants);
    ad_var (*record)(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx);
    bench_reference_id reference; /* the denominator of the ratio; BENCH_REF_NONE: none */
    bench_reference_id also;      /* another reference, shown beside it */
    double bar, aim;              /* of the ratio; 0: none */
    const char *note;             /* what the engine and the reference make of it */
} bench_workload;

/* The table; NULL past the end. */
const bench_workload *bench_workload_at(size_t i);

/* A workload with its data and the program recorded from it. */
typedef struct bench_case {
    const bench_workload *workload;
    size_t n;
    ad_objective objective;
    double *theta, *v, *xi, *constants; /* owned */
    ad_program *program;                /* owned */
    ad_batch *batch;                    /* owned */
} bench_case;

/* n = 0: the workload's own number of samples. */
meka_status bench_case_init(bench_case *out, const bench_workload *workload, size_t n,
                            ad_isa isa, meka_error *err);
void bench_case_clear(bench_case *c);

/* Means and variances of one evaluation, from whoever computed them. */
typedef struct bench_result {
    double loss2[2];           /* mean, variance */
    double *gm, *gv, *hm, *hv; /* [d], owned (one block, at gm) */
} bench_result;

meka_status bench_result_init(bench_result *out, size_t n_params, meka_error *err);
void bench_result_clear(bench_result *result);

/* What is timed: one call of ad_eval_moments; one of a reference. */
meka_status bench_run_engine(const bench_case *c, bench_result *out, meka_error *err);
void bench_run_reference(const bench_case *c, bench_reference *reference, bench_result *out);

/* The largest difference between two results.  Means are compared relative to the root mean
 * square over the samples of the entry they belong to, variances relative to its square, both
 * as `expected` has them.  Infinite if anything is not a number. */
double bench_distance(const bench_result *actual, const bench_result *expected, size_t n,
                      size_t n_params);

/* The rows, one file each. */
extern const bench_workload bench_w1, bench_w2, bench_w3, bench_w4, bench_u1, bench_u2,
    bench_u3;

#endif
