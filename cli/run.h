/* cli/run.h - the pieces of `meka run`. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli/command.h"
#include "cli/plugin.h"
#include "cli/progress.h"

#include <meka/optim.h>
#include <meka/problems.h>

#include <stdatomic.h>

typedef struct cli_run_values {
    opt_config config; /* the options of the loop */
    const char *method, *preset;
    char *set, *option; /* "key=value ...", or NULL */
    uint64_t problem_seed, jobs, checkpoint_every;
    const char *seeds, *data, *noise, *log, *start, *checkpoint;
    bool resume, exact, json, quiet;
} cli_run_values;

/* The seeds to run: first .. first + n - 1. */
typedef struct cli_run_seeds {
    uint64_t first;
    size_t n;
} cli_run_seeds;

/* ----------------------------------------------------------------- subject */

typedef struct cli_run_noise {
    size_t n_features;
    double mean, sd;
} cli_run_noise;

/* What is optimized.  Must not be moved once opened: its source points into it. */
typedef struct cli_run_subject {
    const char *operand; /* as given on the command line */
    ad_objective objective;
    meka_source source;
    bool has_population; /* the source's mean objective can be evaluated */
    double minimum;      /* of it; NaN: not known */
    ad_program *program;
    const meka_samples *test; /* held-out samples, or NULL */
    ad_program *score;        /* what is counted on them, or NULL */
    double *start;            /* [d] */
    cli_plugin plugin;        /* of a file */
    prob_instance instance;   /* of the zoo */
    meka_data data;           /* --data */
    cli_run_noise noise;      /* --noise */
} cli_run_subject;

/* Loads, records and checks everything the command line names.  CLI_DONE, or another
 * status with err set; close in any case. */
cli_exit cli_run_subject_open(cli_run_subject *subject, const cli_call *call, meka_error *err);
void cli_run_subject_close(cli_run_subject *subject);

/* ---------------------------------------------------------------- outcomes */

/* How one seed's run ended. */
typedef struct cli_run_outcome {
    uint64_t seed;
    bool started; /* false: an interruption came first, and nothing below is set */
    opt_result result;
    double loss;         /* at theta, over the population; else the last estimate; NaN: none */
    double *theta;       /* [d], the last iterate */
    double *best;        /* [d], the iterate of result.best_loss */
    double *average;     /* [d], or NULL: none is kept */
    double average_loss; /* there; NaN: not known */
    opt_test average_test;
} cli_run_outcome;

/* What all seeds share; the report is about this. */
typedef struct cli_run_plan {
    const cli_run_values *values;
    cli_run_subject subject;
    opt_config config; /* but for the seed and the callback */
    char *settings;    /* of the method */
    void *params;      /* the method's options in use */
    cli_run_seeds seeds;
    cli_run_outcome *outcome; /* [seeds.n] */
    double *theta;            /* [seeds.n][3][d]: last, best, average */
    cli_progress progress;
    atomic_uint_fast64_t steps_done; /* of all seeds */
} cli_run_plan;

/* The run of seed number `item`, with log and checkpoints; a meka_item, ctx a plan. */
meka_status cli_run_one(void *ctx, size_t item, size_t thread, meka_error *err);
/* FILE as given for one seed, else with ".seedS" before the extension. */
void cli_run_name_file(char *path, size_t size, const cli_run_plan *plan, const char *name,
                       uint64_t seed);

/* "gap" where the minimum is known, "loss" where the population is, else "loss estimate". */
const char *cli_run_loss_name(const cli_run_subject *subject);
/* The p-quantile of the outcomes' losses, a loss that is not finite counting as the worst:
 * NaN where it falls among these. */
double cli_run_loss_quantile(const cli_run_plan *plan, double p);

/* To stdout. */
void cli_run_report_print(const cli_run_plan *plan);
meka_status cli_run_report_print_json(const cli_run_plan *plan, meka_error *err);

cli_exit cli_run_execute(const cli_call *call, meka_error *err);

#endif
