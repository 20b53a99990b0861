/* The training runs of 'meka bench' as a table and as JSON. */
#include "cli/bench.h"

#include <math.h>
#include <stdio.h>

static const char *name_of_other(const training_outcome *o)
{
    return o->workload->beside ? o->workload->beside : "PyTorch";
}

static void print_figure(const training_outcome *o, int k)
{
    const training_figure *f = &o->figure[k];
    const training_workload *w = o->workload;
    char who[32], ms[32], ratio[32], low[32], high[32];
    snprintf(who, sizeof who, "%s x%d", w->method, k + 1);
    printf("%-4s%-11s%10s%9s", k == 0 ? w->name : "", who, cli_bench_show(ms, f->ms),
           cli_bench_show(ratio, f->ratio));
    if (!isnan(f->ratio))
        printf("%8s ..%8s%7.2g%6.2g  %s", cli_bench_show(low, f->ratio_min),
               cli_bench_show(high, f->ratio_max), w->bar, w->aim,
               f->ratio <= w->bar ? "met" : "not met");
    snprintf(who, sizeof who, "%s x%d", name_of_other(o), k + 1);
    printf("\n%-4s%-11s%10s\n", "", who, cli_bench_show(ms, f->other_ms));
}

static void print_outcome(const training_outcome *o)
{
    if (!o->agrees) {
        printf("%-4smeka's and PyTorch's losses differ by %.3g relatively; allowed is %.3g\n",
               o->workload->name, o->distance, TRAINING_TOLERANCE);
        return;
    }
    for (int k = 0; k < TRAINING_MOST_THREADS; k++)
        print_figure(o, k);
}

void cli_bench_print_trainings(const training_outcome *outcome, size_t n)
{
    bool sought = false, found = false;
    if (n == 0)
        return;
    printf("\n%14s%11s%9s%8s%11s%7s%6s\n", "", "ms/step", "ratio", "least", "most", "bar",
           "aim");
    for (size_t i = 0; i < n; i++)
        print_outcome(&outcome[i]);
    putchar('\n');
    for (size_t i = 0; i < n; i++) {
        const training_outcome *o = &outcome[i];
        printf("%-4s%s; d = %zu, n = %zu\n", o->workload->name, o->workload->summary,
               o->n_params, o->batch_size);
        if (o->has_torch)
            printf("    %s, OPENBLAS_CORETYPE %s\n", o->torch, o->core ? o->core : "not set");
        sought = sought || !o->workload->beside;
        found = found || o->has_torch;
    }
    printf("x1: with one thread, CPU time; x2: with two, wall-clock time; the least of all\n");
    if (sought && !found)
        printf("PyTorch is skipped: there is no python3 here that can import torch.\n");
}

static void add_figure(cli_json *json, cJSON *array, const training_figure *figure, int k)
{
    cJSON *object = cli_json_object(json, array, NULL);
    cli_json_count(json, object, "threads", (uint64_t)k + 1);
    cli_json_real(json, object, "ms_per_step", figure->ms);
    cli_json_real(json, object, "other_ms_per_step", figure->other_ms);
    cli_json_real(json, object, "ratio", figure->ratio);
    cli_json_real(json, object, "ratio_min", figure->ratio_min);
    cli_json_real(json, object, "ratio_max", figure->ratio_max);
}

static void add_outcome(cli_json *json, cJSON *array, const training_outcome *o)
{
    const training_workload *w = o->workload;
    cJSON *object = cli_json_object(json, array, NULL);
    cli_json_text(json, object, "name", w->name);
    cli_json_text(json, object, "summary", w->summary);
    cli_json_text(json, object, "method", w->method);
    cli_json_text(json, object, "beside", name_of_other(o));
    cli_json_count(json, object, "n_params", o->n_params);
    cli_json_count(json, object, "n_features", o->n_features);
    cli_json_count(json, object, "batch_size", o->batch_size);
    cli_json_text(json, object, "torch", o->has_torch ? o->torch : NULL);
    cli_json_text(json, object, "openblas_coretype", o->core);
    cli_json_real(json, object, "distance", o->distance);
    cli_json_bool(json, object, "agrees", o->agrees);
    cJSON *figures = cli_json_array(json, object, "figures");
    for (int k = 0; k < TRAINING_MOST_THREADS; k++)
        add_figure(json, figures, &o->figure[k], k);
    cli_json_real(json, object, "bar", w->bar);
    cli_json_real(json, object, "aim", w->aim);
    cli_json_bool(json, object, "met", training_is_met(o));
}

void cli_bench_add_trainings(cli_json *json, cJSON *root, const training_outcome *outcome,
                             size_t n)
{
    cJSON *array = cli_json_array(json, root, "trainings");
    for (size_t i = 0; i < n; i++)
        add_outcome(json, array, &outcome[i]);
}
