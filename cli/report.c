#include "cli/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

void cli_report_print_verdict(const plot_verify_report *report)
{
    size_t n_failed = 0, n = report->n_findings;
    for (size_t i = 0; i < n; i++)
        n_failed += !report->finding[i].passed;
    if (n_failed == 0)
        printf("\nVerdict: Proposition 1 is confirmed; all %zu findings hold.\n", n);
    else
        printf("\nVerdict: Proposition 1 is NOT confirmed; %zu of %zu findings fail%s.\n",
               n_failed, n, n_failed == 1 ? "s" : "");
}

static void print_finding(const plot_finding *finding, const char *yes, const char *no)
{
    char value[32], low[32], high[32], expected[32], range[80];
    snprintf(range, sizeof range, "[%s, %s]", cli_show(low, finding->low),
             cli_show(high, finding->high));
    printf("%-5s %-28s %12s  %-26s %12s\n", finding->passed ? yes : no, finding->name,
           cli_show(value, finding->value), range, cli_show(expected, finding->expected));
    printf("      ");
    cli_print_wrapped(finding->claim, 6, 6);
    if (finding->detail[0]) {
        printf("      ");
        cli_print_wrapped(finding->detail, 6, 6);
    }
}

void cli_report_print(const plot_verify_config *config, const plot_verify_report *report)
{
    char condition[32], step[32], confidence[32];
    printf("Proposition 1 on a noisy quadratic with d = %zu, condition %s, batch %zu, step "
           "%s/L:\n%zu runs of %zu steps, seed %" PRIu64 ", confidence %s\n\n",
           config->dim, cli_show(condition, config->condition), config->batch,
           cli_show(step, config->step), config->seeds, config->steps, config->seed,
           cli_show(confidence, config->confidence));
    printf("%-5s %-28s %12s  %-26s %12s\n", "", "finding", "measured", "interval or range",
           "theory");
    for (size_t i = 0; i < report->n_findings; i++)
        print_finding(&report->finding[i], "pass", "FAIL");
}

static void add_finding(cli_json *json, cJSON *array, const plot_finding *finding)
{
    cJSON *entry = cli_json_object(json, array, NULL);
    cli_json_text(json, entry, "name", finding->name);
    cli_json_text(json, entry, "claim", finding->claim);
    cli_json_real(json, entry, "value", finding->value);
    cli_json_real(json, entry, "low", finding->low);
    cli_json_real(json, entry, "high", finding->high);
    cli_json_real(json, entry, "expected", finding->expected);
    cli_json_bool(json, entry, "passed", finding->passed);
    cli_json_text(json, entry, "detail", finding->detail);
}

void cli_report_add(cli_json *json, cJSON *parent, const char *name,
                    const plot_verify_config *config, const plot_verify_report *report)
{
    cJSON *object = cli_json_object(json, parent, name);
    cli_json_text(json, object, "command", "verify");
    cli_json_text(json, object, "version", MEKA_VERSION);
    cJSON *values = cli_json_object(json, object, "config");
    cli_json_count(json, values, "dim", config->dim);
    cli_json_real(json, values, "condition", config->condition);
    cli_json_count(json, values, "batch", config->batch);
    cli_json_real(json, values, "step", config->step);
    cli_json_count(json, values, "steps", config->steps);
    cli_json_count(json, values, "seeds", config->seeds);
    cli_json_count(json, values, "seed", config->seed);
    cli_json_real(json, values, "confidence", config->confidence);
    cJSON *findings = cli_json_array(json, object, "findings");
    for (size_t i = 0; i < report->n_findings; i++)
        add_finding(json, findings, &report->finding[i]);
    cli_json_real(json, object, "limit", report->limit);
    cli_json_real(json, object, "bound", report->bound);
    cli_json_real(json, object, "sgd_plateau", report->plateau);
    cli_json_bool(json, object, "passed", report->passed);
}

void cli_report_print_files(const plot_figure_files *files)
{
    const char *const paths[] = {files->data, files->png, files->svg, files->caption};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (paths[i][0])
            printf("  %s\n", paths[i]);
}

void cli_report_add_files(cli_json *json, cJSON *array, const plot_figure_files *files)
{
    const char *const paths[] = {files->data, files->png, files->svg, files->caption};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (paths[i][0])
            cli_json_text(json, array, NULL, paths[i]);
}

void cli_report_print_figure(const plot_figure *figure, const plot_figure_outcome *outcome)
{
    printf("Figure %s: %s\n", figure->name, figure->title);
    cli_report_print_files(&outcome->files);
    if (outcome->n_findings)
        printf("%-5s %-28s %12s  %-26s %12s\n", "", "finding", "measured", "interval or range",
               "expected");
    for (size_t i = 0; i < outcome->n_findings; i++)
        print_finding(&outcome->finding[i], "holds", "NOT");
}

void cli_report_add_figure(cli_json *json, cJSON *array, const plot_figure *figure,
                           const plot_figure_outcome *outcome)
{
    cJSON *object = cli_json_object(json, array, NULL);
    cli_json_text(json, object, "figure", figure->name);
    cli_json_text(json, object, "title", figure->title);
    cli_report_add_files(json, cli_json_array(json, object, "files"), &outcome->files);
    cJSON *findings = cli_json_array(json, object, "findings");
    for (size_t i = 0; i < outcome->n_findings; i++)
        add_finding(json, findings, &outcome->finding[i]);
}
