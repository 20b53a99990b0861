/* What `meka run` prints. */
#include "cli/run.h"

#include "base/memory.h"
#include "cli/output.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { theta_shown = 10 }; /* parameters that are printed as text */

const char *cli_run_loss_name(const cli_run_subject *subject)
{
    if (!subject->has_population)
        return "loss estimate";
    return isnan(subject->minimum) ? "loss" : "gap";
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double cli_run_median_loss(const cli_run_report *report)
{
    size_t n = 0;
    double *loss = meka_alloc(report->n, sizeof *loss, NULL), median = NAN;
    if (!loss)
        return NAN;
    for (size_t i = 0; i < report->n; i++)
        if (report->outcome[i].started)
            loss[n++] = isnan(report->outcome[i].loss) ? INFINITY : report->outcome[i].loss;
    if (n) {
        qsort(loss, n, sizeof *loss, compare);
        double low = loss[(n - 1) / 2], high = loss[n / 2];
        median = isinf(high) ? high : low + 0.5 * (high - low);
        if (n % 2)
            median = low;
    }
    free(loss);
    return isinf(median) ? NAN : median;
}

/* -------------------------------------------------------------------- text */

static void print_title(const cli_run_report *report)
{
    const cli_run_subject *subject = report->subject;
    printf("%s (%zu parameter%s), method %s", subject->operand, subject->objective.n_params,
           subject->objective.n_params == 1 ? "" : "s", report->method->name);
    if (report->method->full_batch)
        printf(", all samples in every step");
    else if (subject->objective.n_features)
        printf(", batch %" PRIu64, report->batch);
    printf("\n");
}

static void print_theta(size_t d, const double *theta)
{
    char number[32];
    printf("  %-14s", "theta");
    if (d > theta_shown)
        printf("%zu numbers; --json prints them", d);
    for (size_t j = 0; d <= theta_shown && j < d; j++)
        printf("%s%s", j ? ", " : "", cli_show(number, theta[j]));
    printf("\n");
}

static void print_cost(const opt_ledger *ledger)
{
    const struct {
        uint64_t count;
        const char *what;
    } items[] = {
        {ledger->forwards, "losses"},
        {ledger->gradients, "gradients"},
        {ledger->hvps, "Hessian-vector products"},
        {ledger->line_passes, "line passes"},
    };
    char text[256] = "";
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        size_t used = strlen(text);
        if (items[i].count)
            snprintf(text + used, sizeof text - used, "%s%" PRIu64 " %s", used ? ", " : "",
                     items[i].count, items[i].what);
    }
    printf("  %-14s", "evaluations");
    cli_print_wrapped(text[0] ? text : "none", 16, 16);
}

static void print_one(const cli_run_report *report)
{
    const cli_run_outcome *outcome = &report->outcome[0];
    const opt_result *result = &outcome->result;
    char number[32];
    printf("  %-14s%" PRIu64 "\n", "seed", outcome->seed);
    printf("  %-14s%s\n", "stopped", opt_stop_name(result->stop));
    printf("  %-14s%.0f\n", "steps", isnan(result->last.step) ? 0.0 : result->last.step + 1.0);
    printf("  %-14s%s\n", cli_run_loss_name(report->subject), cli_show(number, outcome->loss));
    print_theta(report->subject->objective.n_params, outcome->theta);
    print_cost(&result->ledger);
    printf("  %-14s%.3g s\n", "time", isnan(result->last.seconds) ? 0.0 : result->last.seconds);
}

static void print_table(const cli_run_report *report)
{
    char number[32];
    printf("  %-8s  %-13s  %10s  %12s  %s\n", "seed", cli_run_loss_name(report->subject),
           "steps", "gradients", "stopped");
    for (size_t i = 0; i < report->n; i++) {
        const cli_run_outcome *outcome = &report->outcome[i];
        const opt_result *result = &outcome->result;
        if (!outcome->started)
            continue;
        printf("  %-8" PRIu64 "  %-13s  %10.0f  %12" PRIu64 "  %s\n", outcome->seed,
               cli_show(number, outcome->loss),
               isnan(result->last.step) ? 0.0 : result->last.step + 1.0,
               result->ledger.gradients, opt_stop_name(result->stop));
    }
    printf("  %-8s  %-13s\n", "median", cli_show(number, cli_run_median_loss(report)));
}

void cli_run_report_print(const cli_run_report *report)
{
    print_title(report);
    if (report->n > 1)
        print_table(report);
    else if (report->outcome[0].started)
        print_one(report);
}

/* -------------------------------------------------------------------- JSON */

static void add_outcome(cli_json *json, cJSON *array, const cli_run_report *report,
                        const cli_run_outcome *outcome)
{
    const opt_result *result = &outcome->result;
    const opt_ledger *ledger = &result->ledger;
    cJSON *object = cli_json_object(json, array, NULL);
    cli_json_count(json, object, "seed", outcome->seed);
    cli_json_text(json, object, "stop", opt_stop_name(result->stop));
    cli_json_text(json, object, "reason", result->reason.text[0] ? result->reason.text : NULL);
    cli_json_count(json, object, "steps",
                   isnan(result->last.step) ? 0 : (uint64_t)result->last.step + 1);
    cli_json_real(json, object, "loss", outcome->loss);
    cli_json_real(json, object, "best_loss", result->best_loss);
    cli_json_count(json, object, "best_step", result->best_step);
    cli_json_count(json, object, "samples", ledger->samples);
    cli_json_count(json, object, "losses", ledger->forwards);
    cli_json_count(json, object, "gradients", ledger->gradients);
    cli_json_count(json, object, "hvps", ledger->hvps);
    cli_json_count(json, object, "line_passes", ledger->line_passes);
    cli_json_real(json, object, "seconds", result->last.seconds);
    cJSON *theta = cli_json_array(json, object, "theta");
    for (size_t j = 0; j < report->subject->objective.n_params; j++)
        cli_json_real(json, theta, NULL, outcome->theta[j]);
}

meka_status cli_run_report_print_json(const cli_run_report *report, meka_error *err)
{
    cli_json json = {0};
    const cli_run_subject *subject = report->subject;
    cJSON *root = cli_json_object(&json, NULL, NULL);
    cli_json_text(&json, root, "command", "run");
    cli_json_text(&json, root, "version", MEKA_VERSION);
    cli_json_text(&json, root, "problem", subject->operand);
    cli_json_text(&json, root, "problem_options", report->values->option);
    cli_json_count(&json, root, "n_params", subject->objective.n_params);
    cli_json_count(&json, root, "n_features", subject->objective.n_features);
    cli_json_text(&json, root, "method", report->method->name);
    if (report->params)
        cli_json_options(&json, root, "options", &report->method->options, report->params);
    cli_json_count(&json, root, "batch", report->batch);
    cli_json_text(&json, root, "loss_is", cli_run_loss_name(subject));
    cli_json_real(&json, root, "minimum", subject->minimum);
    cJSON *runs = cli_json_array(&json, root, "runs");
    for (size_t i = 0; i < report->n; i++)
        if (report->outcome[i].started)
            add_outcome(&json, runs, report, &report->outcome[i]);
    cli_json_real(&json, root, "median_loss", cli_run_median_loss(report));
    meka_status status = cli_json_print(&json, err);
    cli_json_clear(&json);
    return status;
}
