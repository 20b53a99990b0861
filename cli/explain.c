/* meka explain: one step of a run, from its log. */
#include "cli/explain.h"

#include "cli/command.h"
#include "cli/report.h"
#include "plots/explain.h"

#include <stdlib.h>

typedef struct explain_values {
    uint64_t step;
    const char *out;
    bool json;
} explain_values;

/* The log is a file: what is wrong in it is not the command line's fault, but a step that it
 * does not have is. */
static cli_exit exit_of_log(meka_status status)
{
    if (status == MEKA_ERR_RANGE)
        return CLI_USAGE;
    return status == MEKA_OK ? CLI_DONE : CLI_FAILED;
}

static cli_exit draw(const opt_log_reader *reader, const meka_explanation *explanation,
                     const char *directory, plot_figure_files *files, meka_error *err)
{
    char *caption = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&caption, &size);
    if (!memory) {
        meka_fail(err, MEKA_ERR_MEMORY, "out of memory for a caption");
        return CLI_FAILED;
    }
    cli_explain_write(reader, explanation, memory);
    meka_status status = MEKA_OK;
    if (fclose(memory) != 0)
        status = meka_fail(err, MEKA_ERR_MEMORY, "out of memory for a caption");
    if (status == MEKA_OK)
        status = plot_explain_draw(explanation, directory, caption, files, err);
    free(caption);
    return status == MEKA_ERR_RANGE ? CLI_USAGE : cli_exit_of(status);
}

static cli_exit explain(const cli_call *call, meka_error *err)
{
    const explain_values *values = call->values;
    opt_log_reader reader = {0};
    meka_explanation explanation;
    plot_figure_files files = {0};
    if (!cli_call_given(call, "step")) {
        meka_fail(err, MEKA_ERR_INPUT, "which step? --step T is missing; 0 is the first");
        return CLI_USAGE;
    }
    meka_status status = opt_log_reader_open(&reader, call->operand[0], err);
    if (status == MEKA_OK)
        status = meka_explain(&reader, values->step, &explanation, err);
    cli_exit result = exit_of_log(status);
    if (result == CLI_DONE && values->out)
        result = draw(&reader, &explanation, values->out, &files, err);
    if (result == CLI_DONE && values->json)
        result = cli_exit_of(
            cli_explain_print_json(&reader, &explanation, values->out ? &files : NULL, err));
    else if (result == CLI_DONE) {
        cli_explain_write(&reader, &explanation, stdout);
        if (values->out)
            printf("\nPicture\n");
        cli_report_print_files(&files);
    }
    opt_log_reader_close(&reader);
    return result;
}

static void defaults(void *place)
{
    *(explain_values *)place = (explain_values){0};
}

#define PLACE(field) .offset = offsetof(explain_values, field)

static const cli_option options[] = {
    {.name = "step",
     .argument = "T",
     .type = CLI_COUNT,
     .min = 0,
     .max = 1e15,
     .initial = "none, it must be given",
     .meaning = "the step to explain, as the log counts them from 0",
     PLACE(step)},
    {.name = "out",
     .argument = "DIR",
     .type = CLI_TEXT,
     .meaning = "also draw it: explain.png, explain.svg, data and gnuplot script in DIR, which "
                "is made if it does not exist",
     PLACE(out)},
    CLI_OPTION_JSON(explain_values),
};

const cli_command cli_explain = {
    .name = "explain",
    .summary = "say why a step of MEKA has the size it has",
    .usage = "LOG --step T [OPTION]...",
    .details =
        "Reads a log that 'meka run PROBLEM --log LOG' wrote with method meka or adameka, and "
        "explains one step: the model of the loss along the direction, mu(a) = -A a + B a^2/2 "
        "+ C a^3/6 with variance V(a) = 2 s + p a^2 + q a^4/4; where A, B and s come from "
        "(calibration, curvature average, floor); the steps that the rules pi, ei, quadratic "
        "and bound would take in it; how the step that was taken follows from the rule, "
        "smoothing, factor, schedule and cap; and what the Kalman filters predicted, observed "
        "and concluded.\n"
        "All of it is computed anew from the log, by the code of the method; the log of a run "
        "that still goes on or was killed is LOG.part.",
    .example = "meka explain run.tsv --step 20 --out explained",
    .option = options,
    .n_options = sizeof options / sizeof options[0],
    .n_operands_min = 1,
    .n_operands_max = 1,
    .operand = "the log of a run",
    .size = sizeof(explain_values),
    .defaults = defaults,
    .function = explain,
};
