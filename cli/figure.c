/* meka figure: one figure of the paper. */
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/report.h"

#include "base/parallel.h"

#include <stdio.h>

typedef struct figure_values {
    const char *out;
    uint64_t seed, seeds, steps, jobs;
    const char *data;
    bool full, json, quiet;
} figure_values;

static meka_status print_json(const plot_figure *figure, const plot_figure_outcome *outcome,
                              meka_error *err)
{
    cli_json json = {0};
    cJSON *root = cli_json_object(&json, NULL, NULL);
    cli_json_text(&json, root, "command", "figure");
    cli_json_text(&json, root, "version", MEKA_VERSION);
    cli_report_add_figure(&json, cli_json_array(&json, root, "figures"), figure, outcome);
    meka_status status = cli_json_print(&json, err);
    cli_json_clear(&json);
    return status;
}

static cli_exit make_figure(const cli_call *call, meka_error *err)
{
    const figure_values *values = call->values;
    const plot_figure *figure;
    plot_figure_outcome outcome = {0};
    cli_progress progress;
    const plot_figure_config config = {
        .directory = values->out,
        .seed = values->seed,
        .seeds = values->seeds,
        .full = values->full,
        .steps = values->steps,
        .data = values->data,
        .jobs = values->jobs,
        .interrupted = cli_interrupted,
        .progress = cli_progress_update,
        .progress_ctx = &progress,
    };
    meka_status status = plot_figure_find(&figure, call->operand[0], err);
    if (status != MEKA_OK)
        return cli_exit_of(status);
    cli_interrupt_install();
    cli_progress_begin(&progress, values->quiet);
    status = plot_figure_make(figure, &config, &outcome, err);
    cli_progress_end(&progress);
    if (status == MEKA_OK && values->json)
        status = print_json(figure, &outcome, err);
    else if (status == MEKA_OK)
        cli_report_print_figure(figure, &outcome);
    return cli_exit_of_data(status, values->data);
}

static void defaults(void *place)
{
    *(figure_values *)place =
        (figure_values){.out = "meka-out", .seed = 1, .jobs = meka_cpu_count()};
}

#define PLACE(field) .offset = offsetof(figure_values, field)

static const cli_option options[] = {
    CLI_OPTIONS_FIGURES(figure_values),
    {.name = "seeds",
     .argument = "N",
     .type = CLI_COUNT,
     .min = 1,
     .max = 1e5,
     .initial = "the figure's own number",
     .meaning = "repetitions behind each curve",
     PLACE(seeds)},
    CLI_OPTION_JOBS(figure_values),
    CLI_OPTION_JSON(figure_values),
    CLI_OPTION_QUIET(figure_values),
};

const cli_command cli_figure = {
    .name = "figure",
    .summary = "make one figure: data, pictures and caption",
    .usage = "NAME [OPTION]...",
    .details =
        "Runs the experiment behind a figure ('meka list figures' names them) and writes "
        "its data as a tab-separated file, the gnuplot script, the pictures as PNG and "
        "SVG, and the caption as text.  Prints the names of the files and what was found.  "
        "Runs "
        "are kept in DIR/runs: what is there is not computed again.",
    .example = "meka figure 4 --out figures",
    .option = options,
    .n_options = sizeof options / sizeof options[0],
    .n_operands_min = 1,
    .n_operands_max = 1,
    .operand = "the name of a figure",
    .size = sizeof(figure_values),
    .defaults = defaults,
    .function = make_figure,
};
