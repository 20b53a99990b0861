/* optim/run.h - a run, for the files that make, advance and log it. */
#ifndef OPT_RUN_H
#define OPT_RUN_H

#include <meka/optim.h>

#include <stdio.h>
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
    /* [n_state], [d]: copies of state and theta before the step, to go back to, and after it */
    double *state_before, *state_after, *before, *after;
    double *theta, *best, *x0;         /* [d] */
    double *average;                   /* [d], or empty */
    uint64_t n_averaged;               /* iterates in it */
    const double *estimate;            /* [d]: gradient, room, or within state */
    double *gradient, *room;           /* [d] */
    double *gradient_next, *room_next; /* [d] of the step under way, until it has succeeded */
    bool deferred;                     /* gradient is still with the batch */
    double *exact;                     /* [d] grad f(theta_t) */
    double *difference;                /* [d] scratch */
    double *xi;                        /* [batch_size][n_features] */
    ad_batch *batch, *population_batch;
    opt_view batch_view;
    opt_view population_view; /* counted, for the method */
    opt_view exact_view;      /* not counted, for the exact columns */
    bool has_population;
    /* Test samples are read and evaluated in pieces of at most test_piece. */
    size_t test_piece;
    double *test_xi; /* [test_piece][n_features] */
    ad_batch *test_batch, *score_batch;
    opt_ledger ledger;
    opt_row row, start; /* the last and the first iteration */
    uint64_t t;
    uint64_t horizon; /* of the schedule */
    opt_stop stop;
    double best_loss;
    uint64_t best_step;
    uint64_t n_skipped;
    meka_error reason;
    struct timespec began;
    double seconds_before; /* spent before this process */
    uint64_t t_loaded;     /* iterations done before this process */
};

/* A row without a single quantity: all NaN. */
opt_row opt_row_empty(void);

/* Copies theta and state, set by other than a step, to what a failed step goes back to. */
void opt_run_remember(opt_run *run);

/* The exact gap where known, else the method's best estimate of the loss. */
double opt_row_loss(const opt_row *row);

/* "key: value" lines, each after `prefix`, that say which run this is: all that its iterates
 * depend on, and with `limits` the options that only end it.  Draws the first batch. */
void opt_run_describe(const opt_run *run, const char *prefix, bool limits, FILE *stream);

/* Whether the run is over after what it has done so far. */
opt_stop opt_run_reason_to_stop(const opt_run *run);

#endif
