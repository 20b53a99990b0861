/* cli/subject.h - what eval, show and check look at: an objective, its program, samples. */
#ifndef CLI_SUBJECT_H
#define CLI_SUBJECT_H

#include "cli/command.h"
#include "cli/plugin.h"

#include <meka/problems.h>

/* What the command line says about it. */
typedef struct cli_subject_request {
    const char *operand; /* FILE.c, FILE.so or a problem's name */
    const char *option;  /* of a problem: "key=value ...", or NULL */
    const char *data;    /* file of samples, or NULL */
    const char *theta;   /* LIST or FILE, or NULL: x0, else zeros */
    uint64_t problem_seed, seed;
    size_t n_drawn; /* samples drawn where there is no data; 0: samples are of no interest */
    bool invent;    /* draw normal samples where nothing else is known */
} cli_subject_request;

typedef struct cli_subject {
    ad_objective objective;
    ad_program *program;
    double *theta;  /* [d] */
    size_t n;       /* samples; 1 where the objective takes none */
    double *xi;     /* [n][m] */
    bool data_used; /* by the problem: the samples are drawn from its own */
    bool invented;  /* the samples are normal numbers for want of others */
    cli_plugin plugin;
    prob_instance instance;
} cli_subject;

/* CLI_DONE, or another status with err set; close in any case. */
cli_exit cli_subject_open(cli_subject *subject, const cli_subject_request *request,
                          meka_error *err);
void cli_subject_close(cli_subject *subject);

/* Finds and makes a problem of the zoo; CLI_USAGE: no such problem, or options it does not
 * have; CLI_FAILED: memory, or data that are not what they should be. */
cli_exit cli_problem_create(prob_instance *out, const prob_problem **problem, const char *name,
                            const prob_request *request, meka_error *err);

/* Reads exactly n numbers from `text`: numbers separated by commas, or else the name of a file
 * of numbers in rows and columns.  `option` is what the user knows the list by. */
cli_exit cli_read_list(double *out, size_t n, const char *option, const char *text,
                       meka_error *err);

/* Rows that the three subcommands share. */
#define CLI_OPTION_PROBLEM(values_type)                                                        \
    {                                                                                          \
        .name = "option", .argument = "KEY=VALUE", .type = CLI_SETTINGS,                       \
        .meaning = "an option of the problem; may be repeated",                                \
        .offset = offsetof(values_type, option)                                                \
    }
#define CLI_OPTION_PROBLEM_SEED(values_type)                                                   \
    {                                                                                          \
        .name = "problem-seed", .argument = "S", .type = CLI_COUNT, .min = 0, .max = 1e15,     \
        .meaning = "what a problem with random parts is made of",                              \
        .offset = offsetof(values_type, problem_seed)                                          \
    }
#define CLI_OPTION_THETA(values_type)                                                          \
    {                                                                                          \
        .name = "theta", .argument = "LIST|FILE", .type = CLI_TEXT,                            \
        .initial = "the objective's x0, else zeros",                                           \
        .meaning = "the parameters: numbers separated by commas, or a file of numbers",        \
        .offset = offsetof(values_type, theta)                                                 \
    }
#define CLI_OPTION_DATA(values_type)                                                           \
    {                                                                                          \
        .name = "data", .argument = "FILE|DIR", .type = CLI_TEXT,                              \
        .meaning = "the samples: one line each, as many numbers as the objective has "         \
                   "features; or what a problem is made of, if it takes data",                 \
        .offset = offsetof(values_type, data)                                                  \
    }

#endif
