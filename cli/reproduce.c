/* meka reproduce: every figure with its findings, in one directory. */
#include "cli/command.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/report.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "plots/page.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct reproduce_values {
    const char *out;
    uint64_t seed, steps, jobs;
    const char *data;
    bool full, json, quiet;
} reproduce_values;

/* What is made, in the order of the registry. */
typedef struct reproduction {
    const reproduce_values *values;
    size_t n;                     /* figures */
    plot_figure_outcome *outcome; /* [n] */
    size_t current;
    cli_progress progress;
} reproduction;

static void on_progress(void *ctx, double fraction, const char *what)
{
    reproduction *r = ctx;
    char text[96];
    snprintf(text, sizeof text, "figure %s: %.64s", plot_figure_at(r->current)->name,
             what ? what : "");
    cli_progress_update(&r->progress, ((double)r->current + fraction) / (double)r->n, text);
}

static meka_status make(reproduction *r, meka_error *err)
{
    const reproduce_values *values = r->values;
    const plot_figure_config config = {
        .directory = values->out,
        .seed = values->seed,
        .full = values->full,
        .steps = values->steps,
        .data = values->data,
        .jobs = values->jobs,
        .interrupted = cli_interrupted,
        .progress = on_progress,
        .progress_ctx = r,
    };
    meka_status status = MEKA_OK;
    for (r->current = 0; r->current < r->n && !status; r->current++) {
        const plot_figure *figure = plot_figure_at(r->current);
        plot_figure_outcome *outcome = &r->outcome[r->current];
        status = plot_figure_make(figure, &config, outcome, err);
        if (!status && !values->json) {
            cli_progress_hide(&r->progress);
            cli_report_print_figure(figure, outcome);
            fflush(stdout);
        }
    }
    return status;
}

static bool decided(const reproduction *r)
{
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->outcome[i].n_findings; k++)
            if (plot_figure_at(i)->decides && !r->outcome[i].finding[k].passed)
                return false;
    return true;
}

static meka_status print_json(const reproduction *r, const char *page, meka_error *err)
{
    cli_json json = {0};
    cJSON *root = cli_json_object(&json, NULL, NULL);
    cli_json_text(&json, root, "command", "reproduce");
    cli_json_text(&json, root, "version", MEKA_VERSION);
    cJSON *figures = cli_json_array(&json, root, "figures");
    for (size_t i = 0; i < r->n; i++)
        cli_report_add_figure(&json, figures, plot_figure_at(i), &r->outcome[i]);
    cli_json_text(&json, root, "page", page);
    cli_json_bool(&json, root, "passed", decided(r));
    meka_status status = cli_json_print(&json, err);
    cli_json_clear(&json);
    return status;
}

static void print_summary(const reproduction *r, const char *page)
{
    size_t n_findings = 0, n_hold = 0;
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->outcome[i].n_findings; k++) {
            n_findings++;
            n_hold += r->outcome[i].finding[k].passed;
        }
    printf("\n%zu of %zu findings hold; all with their figures: %s\n", n_hold, n_findings,
           page);
    printf("Verdict: Proposition 1 is %s.\n", decided(r) ? "confirmed" : "NOT confirmed");
}

static cli_exit reproduce(const cli_call *call, meka_error *err)
{
    reproduction r = {.values = call->values};
    char page[1024];
    while (plot_figure_at(r.n))
        r.n++;
    r.outcome = meka_alloc(r.n, sizeof *r.outcome, err);
    if (!r.outcome)
        return CLI_FAILED;
    cli_interrupt_install();
    cli_progress_begin(&r.progress, r.values->quiet);
    meka_status status = make(&r, err);
    cli_progress_end(&r.progress);
    if (!status)
        status = plot_page_write(page, sizeof page, r.values->out, r.outcome, err);
    if (!status && r.values->json)
        status = print_json(&r, page, err);
    else if (!status)
        print_summary(&r, page);
    cli_exit result = decided(&r) ? CLI_DONE : CLI_FINDING_FAILED;
    free(r.outcome);
    return status == MEKA_OK ? result : cli_exit_of_data(status, r.values->data);
}

static void defaults(void *place)
{
    *(reproduce_values *)place =
        (reproduce_values){.out = "meka-out", .seed = 1, .jobs = meka_cpu_count()};
}

static const cli_option options[] = {
    CLI_OPTIONS_FIGURES(reproduce_values),
    CLI_OPTION_JOBS(reproduce_values),
    CLI_OPTION_JSON(reproduce_values),
    CLI_OPTION_QUIET(reproduce_values),
};

const cli_command cli_reproduce = {
    .name = "reproduce",
    .summary = "make every figure, with a verdict on each claim, and one page of them",
    .usage = "[OPTION]...",
    .details =
        "Makes all figures ('meka list figures'), prints their findings and writes a page, "
        "DIR/index.html, that shows them.  Runs are kept in DIR/runs: what is there is not "
        "computed again, so that interrupted work goes on where it was.\n"
        "A claim of the paper that does not hold here is a result and said so.  Status 1 "
        "means that Proposition 1, which is a theorem, was not confirmed.",
    .example = "meka reproduce --out results",
    .option = options,
    .n_options = sizeof options / sizeof options[0],
    .size = sizeof(reproduce_values),
    .defaults = defaults,
    .function = reproduce,
};
