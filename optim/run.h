/* optim/run.h - a run, for the files that make, advance and log it. */
#ifndef OPT_RUN_H
#define OPT_RUN_H

#include <meka/optim.h>

#include <time.h>

struct opt_run {
    opt_config config;
    const opt_method *method;
    const ad_program *program;
    meka_source source;
    size_t d;
    void *params; /* [method->options.size] bytes */
    size_t n_state;
    double *state, *scratch;
    double *state_before;        /* [n_state] at the start of the step */
    double *theta, *best;        /* [d] */
    double *estimate, *gradient; /* [d] */
    double *exact, *before;      /* [d] grad f(theta_t), theta_t */
    double *difference;          /* [d] scratch */
    double *xi;                  /* [batch_size][n_features] */
    ad_batch *batch, *population_batch;
    opt_view batch_view;
    opt_view population_view; /* counted, for the method */
    opt_view exact_view;      /* not counted, for the exact columns */
    bool has_population;
    opt_ledger ledger;
    opt_row row, start; /* the last and the first iteration */
    uint64_t t;
    opt_stop stop;
    double best_loss;
    uint64_t best_step;
    meka_error reason;
    struct timespec began;
};

/* A row without a single quantity: all NaN. */
opt_row opt_row_empty(void);

#endif
