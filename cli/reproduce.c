/* meka reproduce: the verdict and the figure, in one directory. */
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/report.h"

#include "base/parallel.h"
#include "base/text.h"
#include "plots/files.h"

#include <stdio.h>
#include <string.h>

enum { path_size = 4096 };

static const char figure_name[] = "4";

typedef struct reproduce_values {
    const char *out;
    uint64_t seed, jobs;
    bool json, quiet;
} reproduce_values;

/* What the two halves leave behind. */
typedef struct reproduction {
    plot_verify_config config;
    plot_verify_report report;
    const plot_figure *figure;
    plot_figure_files files;
    char verdict_path[path_size]; /* DIR/verify.json */
    cli_progress progress;
} reproduction;

/* The progress of the verification is the first half of the whole, the figure's the rest. */
static void first_half(void *ctx, double fraction, const char *what)
{
    cli_progress_update(ctx, 0.5 * fraction, what);
}

static void second_half(void *ctx, double fraction, const char *what)
{
    cli_progress_update(ctx, 0.5 + 0.5 * fraction, what);
}

static meka_status verify(reproduction *r, const reproduce_values *values, meka_error *err)
{
    cli_json json = {0};
    char *text = NULL;
    /* Begun before the work: a directory that cannot be written is known at once. */
    meka_file *file = meka_file_begin(r->verdict_path, err);
    if (!file)
        return MEKA_ERR_IO;
    r->config = plot_verify_default();
    r->config.seed = values->seed;
    r->config.jobs = values->jobs;
    r->config.progress = first_half;
    r->config.progress_ctx = &r->progress;
    meka_status status = plot_verify_run(&r->report, &r->config, err);
    if (status != MEKA_OK)
        goto cleanup;
    cli_report_add(&json, NULL, NULL, &r->config, &r->report);
    text = cli_json_render(&json, err);
    if (!text) {
        status = MEKA_ERR_MEMORY;
        goto cleanup;
    }
    fprintf(file->stream, "%s\n", text);
    status = meka_file_commit(file, err);
    file = NULL;
cleanup:
    meka_file_abandon(file);
    cJSON_free(text);
    cli_json_clear(&json);
    return status;
}

static meka_status draw(reproduction *r, const reproduce_values *values, meka_error *err)
{
    const plot_figure_config config = {
        .directory = values->out,
        .seed = values->seed,
        .jobs = values->jobs,
        .progress = second_half,
        .progress_ctx = &r->progress,
    };
    meka_status status = plot_figure_find(&r->figure, figure_name, err);
    if (status != MEKA_OK)
        return status;
    return plot_figure_make(r->figure, &config, &r->files, err);
}

/* The findings are printed when they are known, before the figure. */
static void print_rest(const reproduction *r)
{
    printf("\nFiles:\n  %s\n", r->verdict_path);
    cli_report_print_files(&r->files);
    cli_report_print_verdict(&r->report);
}

static meka_status print_json(const reproduction *r, meka_error *err)
{
    cli_json json = {0};
    cJSON *root = cli_json_object(&json, NULL, NULL);
    cli_json_text(&json, root, "command", "reproduce");
    cli_json_text(&json, root, "version", MEKA_VERSION);
    cli_report_add(&json, root, "verify", &r->config, &r->report);
    cJSON *files = cli_json_array(&json, root, "files");
    cli_json_text(&json, files, NULL, r->verdict_path);
    cli_report_add_files(&json, files, &r->files);
    cli_json_bool(&json, root, "passed", r->report.passed);
    meka_status status = cli_json_print(&json, err);
    cli_json_clear(&json);
    return status;
}

static cli_exit reproduce(const cli_call *call, meka_error *err)
{
    const reproduce_values *values = call->values;
    reproduction r = {0};
    size_t length = strlen(values->out);
    meka_status status = plot_directory_create(values->out, err);
    if (status != MEKA_OK)
        return CLI_FAILED;
    snprintf(r.verdict_path, sizeof r.verdict_path, "%s%sverify.json", values->out,
             values->out[length - 1] == '/' ? "" : "/");
    cli_progress_begin(&r.progress, values->quiet);
    status = verify(&r, values, err);
    if (status == MEKA_OK && !values->json) {
        cli_progress_hide(&r.progress);
        cli_report_print(&r.config, &r.report);
        fflush(stdout);
    }
    if (status == MEKA_OK)
        status = draw(&r, values, err);
    cli_progress_end(&r.progress);
    if (status == MEKA_OK && values->json)
        status = print_json(&r, err);
    else if (status == MEKA_OK)
        print_rest(&r);
    cli_exit result = r.report.passed ? CLI_DONE : CLI_FINDING_FAILED;
    plot_verify_clear(&r.report);
    return status == MEKA_OK ? result : cli_exit_of(status);
}

static void defaults(void *place)
{
    *(reproduce_values *)place = (reproduce_values){
        .out = "meka-out", .seed = plot_verify_default().seed, .jobs = meka_cpu_count()};
}

#define PLACE(field) .offset = offsetof(reproduce_values, field)

static const cli_option options[] = {
    {.name = "out",
     .argument = "DIR",
     .type = CLI_TEXT,
     .meaning = "directory for the files; made if it does not exist",
     PLACE(out)},
    {.name = "seed",
     .argument = "S",
     .type = CLI_COUNT,
     .min = 0,
     .max = 1e15,
     .meaning = "of all experiments; the same seed gives the same results",
     PLACE(seed)},
    CLI_OPTION_JOBS(reproduce_values),
    CLI_OPTION_JSON(reproduce_values),
    CLI_OPTION_QUIET(reproduce_values),
};

const cli_command cli_reproduce = {
    .name = "reproduce",
    .summary = "verify Proposition 1 and make figure 4, into one directory",
    .usage = "[OPTION]...",
    .details = "Runs 'meka verify' and 'meka figure 4' as they are by default.  The verdict is "
               "also written to DIR/verify.json.  Prints the findings, the verdict and the "
               "names of the files.\n"
               "Ends with status 0 if all findings hold and with status 1 if one does not.",
    .example = "meka reproduce --out results",
    .option = options,
    .n_options = sizeof options / sizeof options[0],
    .size = sizeof(reproduce_values),
    .defaults = defaults,
    .function = reproduce,
};
