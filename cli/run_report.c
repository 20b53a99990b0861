/* What `meka run` prints. */
#include "cli/run.h"

#include "base/memory.h"
#include "cli/output.h"
#include "plots/statistics.h"

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

double cli_run_loss_quantile(const cli_run_plan *plan, double p)
{
    size_t n = 0;
    double *loss = meka_alloc(plan->seeds.n, sizeof *loss, NULL), quantile = NAN;
    if (!loss)
        return NAN;
    for (size_t i = 0; i < plan->seeds.n; i++)
        if (plan->outcome[i].started)
            loss[n++] = isfinite(plan->outcome[i].loss) ? plan->outcome[i].loss : INFINITY;
    plot_sort(n, loss);
    if (n && isfinite(loss[(size_t)ceil((double)(n - 1) * p)]))
        quantile = plot_quantile(n, loss, p);
    free(loss);
    return quantile;
}

/* -------------------------------------------------------------------- text */

static void print_title(const cli_run_plan *plan)
{
    const cli_run_subject *subject = &plan->subject;
    printf("%s (%zu parameter%s), method %s", subject->operand, subject->objective.n_params,
           subject->objective.n_params == 1 ? "" : "s", plan->config.method->name);
    if (plan->config.method->full_batch)
        printf(", all samples in every step");
    else if (subject->objective.n_features)
        printf(", batch %" PRIu64, plan->config.batch_size);
    printf("\n");
}

static void print_theta(const char *name, size_t d, const double *theta)
{
    char number[32];
    printf("  %-14s", name);
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

static void print_test(const opt_test *test)
{
    char number[32];
    if (!isnan(test->loss))
        printf("  %-14s%s\n", "test loss", cli_show(number, test->loss));
    if (!isnan(test->score))
        printf("  %-14s%.4f\n", "test score", test->score);
}

static void print_one(const cli_run_plan *plan)
{
    const cli_run_outcome *outcome = &plan->outcome[0];
    const opt_result *result = &outcome->result;
    size_t d = plan->subject.objective.n_params;
    char number[32];
    printf("  %-14s%" PRIu64 "\n", "seed", outcome->seed);
    printf("  %-14s%s\n", "stopped", opt_stop_name(result->stop));
    printf("  %-14s%" PRIu64 "\n", "steps", result->n_steps);
    if (result->n_skipped)
        printf("  %-14s%" PRIu64 " batches, the last: %s\n", "left out", result->n_skipped,
               result->reason.text);
    printf("  %-14s%s\n", cli_run_loss_name(&plan->subject), cli_show(number, outcome->loss));
    print_test(&result->test);
    print_theta("theta", d, outcome->theta);
    if (outcome->average) {
        printf("  %-14s%s\n", "at average", cli_show(number, outcome->average_loss));
        print_test(&outcome->average_test);
        print_theta("average", d, outcome->average);
    }
    print_cost(&result->ledger);
    printf("  %-14s%.3g s\n", "time", isnan(result->last.seconds) ? 0.0 : result->last.seconds);
}

/* Quartiles over the seeds; how many ended for which reason. */
static void print_summary(const cli_run_plan *plan)
{
    static const struct {
        const char *name;
        double p;
    } quantiles[] = {{"quarter", 0.25}, {"median", 0.5}, {"three q.", 0.75}};
    char number[32];
    for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++)
        printf("  %-8s  %-13s\n", quantiles[i].name,
               cli_show(number, cli_run_loss_quantile(plan, quantiles[i].p)));
    printf("  %-8s  ", "stopped");
    const char *separator = "";
    for (size_t stop = 1; opt_stop_name((opt_stop)stop); stop++) {
        size_t n = 0;
        for (size_t i = 0; i < plan->seeds.n; i++)
            n += plan->outcome[i].started && plan->outcome[i].result.stop == (opt_stop)stop;
        if (n)
            printf("%s%zu %s", separator, n, opt_stop_name((opt_stop)stop));
        separator = n ? ", " : separator;
    }
    printf("\n");
}

static void print_table(const cli_run_plan *plan)
{
    char number[32];
    bool scored = plan->subject.score != NULL;
    printf("  %-8s  %-13s  %s%10s  %12s  %s\n", "seed", cli_run_loss_name(&plan->subject),
           scored ? "test score  " : "", "steps", "gradients", "stopped");
    for (size_t i = 0; i < plan->seeds.n; i++) {
        const cli_run_outcome *outcome = &plan->outcome[i];
        const opt_result *result = &outcome->result;
        if (!outcome->started)
            continue;
        printf("  %-8" PRIu64 "  %-13s  ", outcome->seed, cli_show(number, outcome->loss));
        if (scored)
            printf("%-10.4f  ", result->test.score);
        printf("%10" PRIu64 "  %12" PRIu64 "  %s\n", result->n_steps, result->ledger.gradients,
               opt_stop_name(result->stop));
    }
    print_summary(plan);
}

void cli_run_report_print(const cli_run_plan *plan)
{
    print_title(plan);
    if (plan->seeds.n > 1)
        print_table(plan);
    else if (plan->outcome[0].started)
        print_one(plan);
}

/* -------------------------------------------------------------------- JSON */

static void add_vector(cli_json *json, cJSON *object, const char *name, size_t d,
                       const double *values)
{
    cJSON *array = cli_json_array(json, object, name);
    for (size_t j = 0; j < d; j++)
        cli_json_real(json, array, NULL, values[j]);
}

static void add_outcome(cli_json *json, cJSON *array, const cli_run_plan *plan,
                        const cli_run_outcome *outcome)
{
    const opt_result *result = &outcome->result;
    const opt_ledger *ledger = &result->ledger;
    cJSON *object = cli_json_object(json, array, NULL);
    cli_json_count(json, object, "seed", outcome->seed);
    cli_json_text(json, object, "stop", opt_stop_name(result->stop));
    cli_json_text(json, object, "reason", result->reason.text[0] ? result->reason.text : NULL);
    cli_json_count(json, object, "steps", result->n_steps);
    cli_json_count(json, object, "skipped", result->n_skipped);
    cli_json_real(json, object, "loss", outcome->loss);
    cli_json_real(json, object, "test_loss", result->test.loss);
    cli_json_real(json, object, "test_score", result->test.score);
    cli_json_real(json, object, "best_loss", result->best_loss);
    cli_json_count(json, object, "best_step", result->best_step);
    cli_json_count(json, object, "samples", ledger->samples);
    cli_json_count(json, object, "losses", ledger->forwards);
    cli_json_count(json, object, "gradients", ledger->gradients);
    cli_json_count(json, object, "hvps", ledger->hvps);
    cli_json_count(json, object, "line_passes", ledger->line_passes);
    cli_json_real(json, object, "seconds", result->last.seconds);
    size_t d = plan->subject.objective.n_params;
    add_vector(json, object, "theta", d, outcome->theta);
    add_vector(json, object, "best_theta", d, outcome->best);
    if (outcome->average) {
        cli_json_real(json, object, "average_loss", outcome->average_loss);
        cli_json_real(json, object, "average_test_loss", outcome->average_test.loss);
        cli_json_real(json, object, "average_test_score", outcome->average_test.score);
        add_vector(json, object, "average_theta", d, outcome->average);
    }
}

meka_status cli_run_report_print_json(const cli_run_plan *plan, meka_error *err)
{
    cli_json json = {0};
    const cli_run_subject *subject = &plan->subject;
    cJSON *root = cli_json_object(&json, NULL, NULL);
    cli_json_text(&json, root, "command", "run");
    cli_json_text(&json, root, "version", MEKA_VERSION);
    cli_json_text(&json, root, "problem", subject->operand);
    cli_json_text(&json, root, "problem_options", plan->values->option);
    cli_json_count(&json, root, "n_params", subject->objective.n_params);
    cli_json_count(&json, root, "n_features", subject->objective.n_features);
    cli_json_text(&json, root, "method", plan->config.method->name);
    if (plan->params)
        cli_json_options(&json, root, "options", &plan->config.method->options, plan->params);
    cli_json_options(&json, root, "run", opt_config_options(), &plan->config);
    cli_json_count(&json, root, "batch", plan->config.batch_size);
    cli_json_text(&json, root, "loss_is", cli_run_loss_name(subject));
    cli_json_real(&json, root, "minimum", subject->minimum);
    cJSON *runs = cli_json_array(&json, root, "runs");
    for (size_t i = 0; i < plan->seeds.n; i++)
        if (plan->outcome[i].started)
            add_outcome(&json, runs, plan, &plan->outcome[i]);
    cli_json_real(&json, root, "lower_quartile_loss", cli_run_loss_quantile(plan, 0.25));
    cli_json_real(&json, root, "median_loss", cli_run_loss_quantile(plan, 0.5));
    cli_json_real(&json, root, "upper_quartile_loss", cli_run_loss_quantile(plan, 0.75));
    meka_status status = cli_json_print(&json, err);
    cli_json_clear(&json);
    return status;
}
