/* meka run: its row of the table of subcommands. */
#include "cli/run.h"

#include "base/parallel.h"

#include <math.h>

static void defaults(void *place)
{
    *(cli_run_values *)place = (cli_run_values){
        .config = opt_config_default(),
        .method = "meka",
        .problem_seed = 1,
        .jobs = meka_cpu_count(),
    };
}

#define PLACE(field) .offset = offsetof(cli_run_values, field)

static const cli_option options[] = {
    {.name = "method",
     .argument = "NAME",
     .type = CLI_TEXT,
     .meaning = "how to optimize; 'meka list methods' shows what there is",
     PLACE(method)},
    {.name = "preset",
     .argument = "NAME",
     .type = CLI_TEXT,
     .meaning = "the method's settings of that name, over which --set goes",
     PLACE(preset)},
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
     .argument = "FILE|DIR",
     .type = CLI_TEXT,
     .meaning =
         "of an objective from a file: its samples, one line each, as many numbers as the "
         "objective has features, drawn with replacement; of a problem: what 'meka list "
         "NAME' says",
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
    {.name = "checkpoint",
     .argument = "FILE",
     .type = CLI_TEXT,
     .meaning = "write the state of the run to FILE now and then, and at its end; with several "
                "seeds one file each, as for --log",
     PLACE(checkpoint)},
    {.name = "checkpoint-every",
     .argument = "N",
     .type = CLI_COUNT,
     .min = 1,
     .max = 1e15,
     .initial = "ten seconds",
     .meaning = "steps between checkpoints",
     PLACE(checkpoint_every)},
    {.name = "resume",
     .type = CLI_FLAG,
     .meaning = "continue from --checkpoint FILE: iterates and log come out as if the run had "
                "never ended.  Options that only say when to stop may be others",
     PLACE(resume)},
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
        "completes log and checkpoint and ends with status 3; a second time ends at once.\n"
        "A run of several seeds ends with a table: a line per seed, the quartiles of the final "
        "loss and how many stopped for which reason.",
    .example = "meka run examples/rosenbrock.c --data examples/noise.csv --steps 5000",
    .option = options,
    .n_options = sizeof options / sizeof options[0],
    .table = opt_config_options,
    .table_offset = offsetof(cli_run_values, config),
    .n_operands_min = 1,
    .n_operands_max = 1,
    .operand = "a problem or a file",
    .size = sizeof(cli_run_values),
    .defaults = defaults,
    .function = cli_run_execute,
};
