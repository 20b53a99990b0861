/* cli/run.h - the pieces of `meka run`. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli/command.h"
#include "cli/plugin.h"

#include <meka/optim.h>
#include <meka/problems.h>

typedef struct cli_run_values {
    const char *method;
    char *set, *option; /* "key=value ...", or NULL */
    uint64_t batch, steps, seed, problem_seed, jobs;
    const char *seeds, *data, *noise, *log, *start;
    double target, grad_tol;
    bool exact, json, quiet;
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
    double *start;          /* [d] */
    cli_plugin plugin;      /* of a file */
    prob_instance instance; /* of the zoo */
    meka_data data;         /* --data */
    cli_run_noise noise;    /* --noise */
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
    double loss;   /* at theta, over the population; else the last estimate; NaN: none */
    double *theta; /* [d], the last iterate */
} cli_run_outcome;

/* What the report is about. */
typedef struct cli_run_report {
    const cli_run_values *values;
    const cli_run_subject *subject;
    const opt_method *method;
    const void *params; /* the method's options in use */
    uint64_t batch;
    const cli_run_outcome *outcome; /* [n], in the order of seeds */
    size_t n;
} cli_run_report;

/* "gap" where the minimum is known, "loss" where the population is, else "loss estimate". */
const char *cli_run_loss_name(const cli_run_subject *subject);
/* The median of the outcomes' losses; NaN (not finite) counts as the worst. */
double cli_run_median_loss(const cli_run_report *report);

/* To stdout. */
void cli_run_report_print(const cli_run_report *report);
meka_status cli_run_report_print_json(const cli_run_report *report, meka_error *err);

/* The subcommand itself. */
cli_exit cli_run_execute(const cli_call *call, meka_error *err);

#endif
