/* bench/trial.h - what becomes of a method with given settings on given problems. */
#ifndef BENCH_TRIAL_H
#define BENCH_TRIAL_H

#include <meka/meka.h>

/* A problem of a table: a row of the zoo with settings. */
typedef struct trial_problem {
    const char *label, *name, *settings;
} trial_problem;

typedef struct trial_setting {
    const opt_method *method;
    const char *settings; /* or NULL */
    char label[64];
} trial_setting;

/* Everything is run with everything: problems x batches x settings x seeds. */
typedef struct trial_plan {
    const trial_problem *problem; /* [n_problems] */
    size_t n_problems;
    const size_t *batch; /* [n_batches] */
    size_t n_batches;
    const trial_setting *setting; /* [n_settings] */
    size_t n_settings;
    uint64_t n_seeds; /* run seeds 1..n_seeds */
    uint64_t problem_seed;
    uint64_t steps;
    double diverge_factor; /* a gap above this times its start is divergence */
} trial_plan;

typedef struct trial_outcome {
    double start; /* f(theta_0) - f* */
    double final; /* f(theta_steps) - f*; inf where the run ended before */
    /* Ever above diverge_factor times its start, above its start at the end, or not finite. */
    bool diverged;
} trial_outcome;

/* The outcomes of one cell [n_seeds] are at
 * ((problem * n_batches + batch) * n_settings + setting) * n_seeds. */
size_t trial_count(const trial_plan *plan);
/* out [trial_count]; runs in parallel, results do not depend on it. */
meka_status trial_run(const trial_plan *plan, size_t n_threads, trial_outcome *out,
                      meka_error *err);

/* Of the final gaps of n outcomes, n >= 1. */
meka_status trial_median(const trial_outcome *outcome, size_t n, double *median,
                         meka_error *err);

#endif
