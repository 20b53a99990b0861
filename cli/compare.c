/* meka compare: methods against each other. */
#include "cli/compare.h"

#include "cli/progress.h"

#include "base/parallel.h"

#include <stdio.h>

typedef struct compare_values {
    const char *methods, *tune, *out, *data;
    uint64_t batch, budget, seeds, tune_seeds, grid, seed, jobs;
    double grid_low, grid_high, tau;
    bool json, quiet;
} compare_values;

static meka_status compare(const cli_call *call, meka_error *err)
{
    const compare_values *values = call->values;
    cli_compare_names names = {0};
    cli_progress progress;
    plot_comparison all = {0};
    plot_figure_files files;
    char caption[512];
    plot_compare_config config = {
        .measure = &plot_measure_merit,
        .budget = values->budget,
        .points = 60,
        .seeds = values->seeds,
        .tune_seeds = values->tune_seeds,
        .n_grid = values->grid,
        .grid_low = values->grid_low,
        .grid_high = values->grid_high,
        .tau = values->tau,
        .seed = values->seed,
        .directory = values->out,
        .jobs = values->jobs,
        .interrupted = cli_interrupted,
        .progress = cli_progress_update,
        .progress_ctx = &progress,
    };
    if (values->grid_low > values->grid_high)
        return meka_fail(err, MEKA_ERR_INPUT, "--grid-low must not exceed --grid-high");
    meka_status status =
        cli_compare_read(&names, &config, call->operand, call->n_operands, values->batch,
                         values->data, values->methods, values->tune, err);
    if (!status) {
        cli_interrupt_install();
        cli_progress_begin(&progress, values->quiet);
        status = plot_compare(&all, &config, err);
        cli_progress_end(&progress);
    }
    snprintf(
        caption, sizeof caption,
        "Medians over %llu seeds, bands from the 10%% to the 90%% quantile, against the cost "
        "in gradients of a\nbatch (a Hessian-vector product counts 1, a Taylor pass 1, a loss "
        "alone 1/2); and the performance profile\nat tau = %g.\n",
        (unsigned long long)values->seeds, values->tau);
    if (!status)
        status = plot_compare_draw(&all, &config, caption, &files, err);
    if (!status && values->json)
        status = cli_compare_print_json(&all, &config, &files, err);
    else if (!status)
        cli_compare_print(&all, &config, &files);
    plot_comparison_clear(&all);
    cli_compare_names_clear(&names);
    return status;
}

static cli_exit execute(const cli_call *call, meka_error *err)
{
    return cli_exit_of(compare(call, err));
}

static void defaults(void *place)
{
    *(compare_values *)place = (compare_values){
        .methods = "meka,adameka",
        .tune = "sgd,heavy-ball,adam",
        .out = "meka-out",
        .batch = 32,
        .budget = 1000,
        .seeds = 10,
        .tune_seeds = 3,
        .grid = 13,
        .grid_low = 1e-4,
        .grid_high = 1e2,
        .tau = 0.01,
        .seed = 1,
        .jobs = meka_cpu_count(),
    };
}

#define PLACE(field) .offset = offsetof(compare_values, field)
#define COUNT(name_, argument_, low, high, meaning_, field)                                    \
    {                                                                                          \
        .name = name_, .argument = argument_, .type = CLI_COUNT, .min = low, .max = high,      \
        .meaning = meaning_, PLACE(field)                                                      \
    }

static const cli_option options[] = {
    {.name = "methods",
     .argument = "LIST",
     .type = CLI_TEXT,
     .meaning = "methods as they are, separated by commas, options after the name: "
                "\"meka,meka preset=paper\"",
     PLACE(methods)},
    {.name = "tune",
     .argument = "LIST",
     .type = CLI_TEXT,
     .meaning = "methods whose option alpha is chosen from a grid, for every problem anew; or "
                "none",
     PLACE(tune)},
    COUNT("batch", "N", 1, 1e8, "samples per step", batch),
    COUNT("budget", "C", 1, 1e9, "cost of a run, in gradients of a batch", budget),
    COUNT("seeds", "N", 1, 1e5, "repetitions that count", seeds),
    COUNT("tune-seeds", "N", 1, 1e5, "repetitions for every step size of the grid", tune_seeds),
    COUNT("grid", "N", 1, 1000, "number of step sizes, evenly spaced in the logarithm", grid),
    {.name = "grid-low",
     .argument = "A",
     .type = CLI_REAL,
     .min = 0,
     .max = 1e100,
     .open = CLI_OPEN_LOW,
     .meaning = "the smallest of them",
     PLACE(grid_low)},
    {.name = "grid-high",
     .argument = "A",
     .type = CLI_REAL,
     .min = 0,
     .max = 1e100,
     .open = CLI_OPEN_LOW,
     .meaning = "the largest of them",
     PLACE(grid_high)},
    {.name = "tau",
     .argument = "X",
     .type = CLI_REAL,
     .min = 0,
     .max = 1,
     .open = CLI_OPEN_LOW | CLI_OPEN_HIGH,
     .meaning =
         "a run has solved its problem once what remains of the way from its start to the "
         "lowest loss of all runs is at most this share",
     PLACE(tau)},
    {.name = "data",
     .argument = "FILE|DIR",
     .type = CLI_TEXT,
     .meaning = "what those of the problems that take data are made of",
     PLACE(data)},
    {.name = "out",
     .argument = "DIR",
     .type = CLI_TEXT,
     .meaning = "directory for the files; made if it does not exist",
     PLACE(out)},
    COUNT("seed", "S", 0, 1e15, "of problems and runs; the same seed gives the same results",
          seed),
    CLI_OPTION_JOBS(compare_values),
    CLI_OPTION_JSON(compare_values),
    CLI_OPTION_QUIET(compare_values),
};

const cli_command cli_compare = {
    .name = "compare",
    .summary = "compare methods: equal budgets, tuned baselines, many seeds",
    .usage = "PROBLEM... [OPTION]...",
    .details =
        "Runs every method on every problem (\"NAME key=value ...\" for one with options) with "
        "the same budget.  Costs are counted in gradients: one with its loss counts 1, a "
        "Hessian-vector product beside it 1, a Taylor pass along a line 1, a loss alone 1/2.  "
        "Methods in --tune first run with every step size of the grid, on other seeds.\n"
        "Prints medians with bootstrap intervals, ranks and the performance profile (Dolan, "
        "More 2002), and writes a table and pictures to DIR.  Runs are kept in DIR/runs and "
        "not "
        "computed again.",
    .example = "meka compare rosenbrock \"logistic rows=500\" --budget 300 --seeds 4 --grid 7",
    .option = options,
    .n_options = sizeof options / sizeof options[0],
    .n_operands_min = 1,
    .n_operands_max = 64,
    .operand = "a problem",
    .size = sizeof(compare_values),
    .defaults = defaults,
    .function = execute,
};
