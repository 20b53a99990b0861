/* meka run: its row of the table of subcommands. */
#include "cli/run.h"

#include "base/parallel.h"

#include <math.h>

static void defaults(void *place)
{
    opt_config config = opt_config_default();
    *(cli_run_values *)place = (cli_run_values){
        .method = "meka",
        .batch = config.batch_size,
        .steps = config.max_steps,
        .seed = 1,
        .problem_seed = 1,
        .jobs = meka_cpu_count(),
        .target = NAN,
        .grad_tol = NAN,
    };
}

#define PLACE(field) .offset = offsetof(cli_run_values, field)

static const cli_option options[] = {
    {.name = "method",
     .argument = "NAME",
     .type = CLI_TEXT,
     .meaning = "how to optimize; 'meka list methods' shows what there is",
     PLACE(method)},
    {.name = "set",
     .argument = "KEY=VALUE",
     .type = CLI_SETTINGS,
     .meaning = "an option of the method; may be repeated",
     PLACE(set)},
    {.name = "option",
     .argument = "KEY=VALUE",
     .type = CLI_SETTINGS,
     .meaning = "an option of the problem; may be repeated",
     PLACE(option)},
    {.name = "batch",
     .argument = "N",
     .type = CLI_COUNT,
     .min = 1,
     .max = 1e8,
     .meaning = "samples per step",
     PLACE(batch)},
    {.name = "steps",
     .argument = "N",
     .type = CLI_COUNT,
     .min = 1,
     .max = 1e12,
     .meaning = "steps at most",
     PLACE(steps)},
    {.name = "seed",
     .argument = "S",
     .type = CLI_COUNT,
     .min = 0,
     .max = 1e15,
     .meaning = "which samples are drawn; the same seed gives the same run",
     PLACE(seed)},
    {.name = "seeds",
     .argument = "A:B",
     .type = CLI_TEXT,
     .meaning = "one run for each seed from A to B, and their median",
     PLACE(seeds)},
    {.name = "problem-seed",
     .argument = "S",
     .type = CLI_COUNT,
     .min = 0,
     .max = 1e15,
     .meaning = "what a problem with random parts is made of; the same for all runs",
     PLACE(problem_seed)},
    CLI_OPTION_JOBS(cli_run_values),
    {.name = "data",
     .argument = "FILE.csv",
     .type = CLI_TEXT,
     .meaning = "the samples of an objective from a file: one line each, as many numbers as "
                "the objective has features; batches are drawn with replacement",
     PLACE(data)},
    {.name = "noise",
     .argument = "MEAN:SD",
     .type = CLI_TEXT,
     .meaning = "instead of --data: every feature independent and normal",
     PLACE(noise)},
    {.name = "start",
     .argument = "LIST",
     .type = CLI_TEXT,
     .initial = "the objective's x0, else zeros",
     .meaning = "starting point: numbers separated by commas",
     PLACE(start)},
    {.name = "target",
     .argument = "X",
     .type = CLI_REAL,
     .min = -INFINITY,
     .max = INFINITY,
     .meaning = "stop when the loss is at most X: its excess over the known minimum, or the "
                "loss over all samples, or where neither is known its estimate",
     PLACE(target)},
    {.name = "grad-tol",
     .argument = "X",
     .type = CLI_REAL,
     .min = 0,
     .max = INFINITY,
     .meaning = "stop when the norm of the method's gradient estimate is at most X",
     PLACE(grad_tol)},
    {.name = "log",
     .argument = "FILE",
     .type = CLI_TEXT,
     .meaning = "write a tab-separated log, one row per step; with several seeds one file "
                "each, '.seedS' before the extension",
     PLACE(log)},
    {.name = "exact",
     .type = CLI_FLAG,
     .meaning = "log exact loss and gradient errors at every step, even where that is a pass "
                "over more samples than a batch has",
     PLACE(exact)},
    CLI_OPTION_JSON(cli_run_values),
    CLI_OPTION_QUIET(cli_run_values),
};

const cli_command cli_run = {
    .name = "run",
    .summary = "optimize a problem of the zoo or an objective of your own",
    .usage = "PROBLEM|FILE.c|FILE.so [OPTION]...",
    .details =
        "Optimizes PROBLEM (see 'meka list problems'), or the objective that FILE.c or its "
        "compiled form FILE.so defines with MEKA_OBJECTIVE.  A C file is compiled with $CC, or "
        "cc.  An objective that takes samples needs --data or --noise; one without samples "
        "needs neither.\n"
        "Prints where the run ended: the gap is the loss minus the known minimum.  The counts "
        "are per sample.  Interrupting (Ctrl-C) finishes the step, prints what there is, "
        "completes the log and ends with status 3; a second time ends at once.",
    .example = "meka run examples/rosenbrock.c --data examples/noise.csv --steps 5000",
    .option = options,
    .n_options = sizeof options / sizeof options[0],
    .n_operands_min = 1,
    .n_operands_max = 1,
    .operand = "a problem or a file",
    .size = sizeof(cli_run_values),
    .defaults = defaults,
    .function = cli_run_execute,
};
