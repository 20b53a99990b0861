/* meka verify: Proposition 1. */
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/report.h"

#include "base/parallel.h"

typedef struct verify_values {
    uint64_t dim, batch, steps, seeds, seed, jobs;
    double condition, step, confidence;
    bool json, quiet;
} verify_values;

static cli_exit verify(const cli_call *call, meka_error *err)
{
    const verify_values *values = call->values;
    plot_verify_report report = {0};
    cli_progress progress;
    plot_verify_config config = plot_verify_default();
    config.dim = values->dim;
    config.condition = values->condition;
    config.batch = values->batch;
    config.step = values->step;
    config.steps = values->steps;
    config.seeds = values->seeds;
    config.seed = values->seed;
    config.confidence = values->confidence;
    config.jobs = values->jobs;
    config.progress = cli_progress_update;
    config.progress_ctx = &progress;
    cli_progress_begin(&progress, values->quiet);
    meka_status status = plot_verify_run(&report, &config, err);
    cli_progress_end(&progress);
    if (status != MEKA_OK)
        return cli_exit_of(status);
    cli_json json = {0};
    if (values->json) {
        cli_report_add(&json, NULL, NULL, &config, &report);
        status = cli_json_print(&json, err);
    } else {
        cli_report_print(&config, &report);
        cli_report_print_verdict(&report);
    }
    cli_exit result = report.passed ? CLI_DONE : CLI_FINDING_FAILED;
    cli_json_clear(&json);
    plot_verify_clear(&report);
    return status == MEKA_OK ? result : cli_exit_of(status);
}

static void defaults(void *place)
{
    plot_verify_config config = plot_verify_default();
    *(verify_values *)place = (verify_values){
        .dim = config.dim,
        .condition = config.condition,
        .batch = config.batch,
        .step = config.step,
        .steps = config.steps,
        .seeds = config.seeds,
        .seed = config.seed,
        .confidence = config.confidence,
        .jobs = meka_cpu_count(),
    };
}

#define PLACE(field) .offset = offsetof(verify_values, field)

static const cli_option options[] = {
    {.name = "dim",
     .argument = "D",
     .type = CLI_COUNT,
     .min = 1,
     .max = 10000,
     .meaning = "number of parameters",
     PLACE(dim)},
    {.name = "condition",
     .argument = "K",
     .type = CLI_REAL,
     .min = 1,
     .max = 1e12,
     .meaning = "condition number L/mu of the Hessian",
     PLACE(condition)},
    {.name = "batch",
     .argument = "N",
     .type = CLI_COUNT,
     .min = 1,
     .max = 1e6,
     .meaning = "samples per step",
     PLACE(batch)},
    {.name = "step",
     .argument = "A",
     .type = CLI_REAL,
     .min = 0,
     .max = 1,
     .open = CLI_OPEN_LOW,
     .meaning = "step size, in units of 1/L",
     PLACE(step)},
    {.name = "steps",
     .argument = "T",
     .type = CLI_COUNT,
     .min = 16,
     .max = 1 << 22,
     .meaning = "length of each run",
     PLACE(steps)},
    {.name = "seeds",
     .argument = "N",
     .type = CLI_COUNT,
     .min = 8,
     .max = 1e6,
     .meaning = "number of runs",
     PLACE(seeds)},
    {.name = "seed",
     .argument = "S",
     .type = CLI_COUNT,
     .min = 0,
     .max = 1e15,
     .meaning = "of the problem and the first run",
     PLACE(seed)},
    {.name = "confidence",
     .argument = "P",
     .type = CLI_REAL,
     .min = 0.5,
     .max = 1,
     .open = CLI_OPEN_HIGH,
     .meaning = "probability that a true proposition passes",
     PLACE(confidence)},
    CLI_OPTION_JOBS(verify_values),
    CLI_OPTION_JSON(verify_values),
    CLI_OPTION_QUIET(verify_values),
};

const cli_command cli_verify = {
    .name = "verify",
    .summary = "verify Proposition 1 empirically: a verdict with confidence intervals",
    .usage = "[OPTION]...",
    .details =
        "Runs MEKA with a constant step size on a noisy quadratic and tests what Proposition 1 "
        "of its paper promises: the expected gap falls as 1/t, where plain stochastic gradient "
        "descent stays on a plateau.  Each finding shows what was measured, the interval or "
        "range that decides, and what theory says.\n"
        "Ends with status 0 if all findings hold and with status 1 if one does not.",
    .example = "meka verify --dim 10 --condition 100",
    .option = options,
    .n_options = sizeof options / sizeof options[0],
    .size = sizeof(verify_values),
    .defaults = defaults,
    .function = verify,
};
