/* The outcome of 'meka bench' as a table and as JSON. */
#include "cli/bench.h"

#include "bench/peer.h"

#include <math.h>
#include <stdio.h>

static const char *name_of_reference_isa(const bench_config *config)
{
    return ad_isa_name(config->isa == AD_ISA_BEST ? bench_isa_best() : config->isa);
}

static const char *name_of_engine_isa(const bench_config *config)
{
    return ad_isa_name(config->isa == AD_ISA_BEST ? bench_engine_isa_best() : config->isa);
}

const char *cli_bench_show(char *buffer, double value)
{
    if (isnan(value))
        snprintf(buffer, 32, "-");
    else
        snprintf(buffer, 32, "%.*f",
                 value < 10     ? 3
                 : value < 100  ? 2
                 : value < 1000 ? 1
                                : 0,
                 value);
    return buffer;
}

static void print_figure(const char *workload, const char *who, const bench_figure *figure)
{
    char ns[32], ratio[32], low[32], high[32];
    printf("%-4s%-11s%10s%9s", workload, who, cli_bench_show(ns, figure->ns),
           cli_bench_show(ratio, figure->ratio));
    if (!isnan(figure->ratio_min))
        printf("%8s ..%8s", cli_bench_show(low, figure->ratio_min),
               cli_bench_show(high, figure->ratio_max));
}

static void print_disagreement(const bench_outcome *o)
{
    const char *who = o->engine.distance > BENCH_TOLERANCE ? "engine and reference"
                      : o->also.distance > BENCH_TOLERANCE ? "the two references"
                                                           : "engine and ADOL-C";
    double distance = o->engine.distance > BENCH_TOLERANCE ? o->engine.distance
                      : o->also.distance > BENCH_TOLERANCE ? o->also.distance
                                                           : o->peer.distance;
    printf("%-4s%s disagree by %.3g of the natural scale; allowed is %.3g\n", o->workload->name,
           who, distance,
           o->peer.distance > BENCH_PEER_TOLERANCE ? BENCH_PEER_TOLERANCE : BENCH_TOLERANCE);
}

static void print_outcome(const bench_outcome *o)
{
    const bench_workload *w = o->workload;
    if (!o->agrees) {
        print_disagreement(o);
        return;
    }
    print_figure(w->name, "meka", &o->engine);
    if (w->bar > 0.0)
        printf("%7.2g%6.2g  %s", w->bar, w->aim, bench_is_met(o) ? "met" : "not met");
    putchar('\n');
    if (!isnan(o->reference.ns))
        print_figure("", "reference", &o->reference), putchar('\n');
    if (!isnan(o->also.ns))
        print_figure("", "hoisted", &o->also), putchar('\n');
    if (!isnan(o->peer.ns))
        print_figure("", "ADOL-C", &o->peer), putchar('\n');
}

void cli_bench_print(const bench_config *config, const bench_outcome *outcome, size_t n)
{
    char machine[256];
    bench_machine(machine, sizeof machine);
    printf("processor     %s\ncompiler      %s\ninstructions  meka %s, references %s\n",
           machine, bench_compiler(), name_of_engine_isa(config),
           name_of_reference_isa(config));
    if (n == 0)
        return;
    printf("timings       %zu of %g ms, one thread, CPU time; medians\n\n", config->repetitions,
           1e3 * config->seconds);
    printf("%14s%11s%9s%8s%11s%7s%6s\n", "", "ns/sample", "ratio", "least", "most", "bar",
           "aim");
    for (size_t i = 0; i < n; i++)
        print_outcome(&outcome[i]);
    putchar('\n');
    for (size_t i = 0; i < n; i++) {
        const bench_workload *w = outcome[i].workload;
        printf("%-4s%s; d = %zu, n = %zu\n", w->name, w->summary, w->n_params, w->n_samples);
    }
    if (!bench_peer_is_present())
        printf("\nADOL-C is skipped: it was not installed when meka was built.\n");
}

static void add_figure(cli_json *json, cJSON *parent, const char *name,
                       const bench_figure *figure)
{
    cJSON *object = cli_json_object(json, parent, name);
    cli_json_real(json, object, "ns_per_sample", figure->ns);
    cli_json_real(json, object, "ratio", figure->ratio);
    cli_json_real(json, object, "ratio_min", figure->ratio_min);
    cli_json_real(json, object, "ratio_max", figure->ratio_max);
    cli_json_real(json, object, "distance", figure->distance);
}

static void add_outcome(cli_json *json, cJSON *array, const bench_outcome *o)
{
    const bench_workload *w = o->workload;
    cJSON *object = cli_json_object(json, array, NULL);
    cli_json_text(json, object, "name", w->name);
    cli_json_text(json, object, "summary", w->summary);
    cli_json_text(json, object, "note", w->note);
    cli_json_count(json, object, "n_params", w->n_params);
    cli_json_count(json, object, "n_features", w->n_features);
    cli_json_count(json, object, "n_samples", w->n_samples);
    cli_json_bool(json, object, "agrees", o->agrees);
    add_figure(json, object, "meka", &o->engine);
    add_figure(json, object, "reference", &o->reference);
    add_figure(json, object, "hoisted", &o->also);
    add_figure(json, object, "adolc", &o->peer);
    cli_json_real(json, object, "bar", w->bar > 0.0 ? w->bar : NAN);
    cli_json_real(json, object, "aim", w->aim > 0.0 ? w->aim : NAN);
    cli_json_bool(json, object, "met", bench_is_met(o));
}

cJSON *cli_bench_add(cli_json *json, const bench_config *config, const bench_outcome *outcome,
                     size_t n)
{
    char machine[256];
    bench_machine(machine, sizeof machine);
    cJSON *root = cli_json_object(json, NULL, NULL);
    cJSON *about = cli_json_object(json, root, "machine");
    cli_json_text(json, about, "processor", machine);
    cli_json_text(json, about, "compiler", bench_compiler());
    cli_json_text(json, about, "isa", name_of_engine_isa(config));
    cli_json_text(json, about, "reference_isa", name_of_reference_isa(config));
    cli_json_bool(json, about, "adolc", bench_peer_is_present());
    cli_json_count(json, root, "repetitions", config->repetitions);
    cli_json_real(json, root, "seconds", config->seconds);
    cJSON *array = cli_json_array(json, root, "workloads");
    for (size_t i = 0; i < n; i++)
        add_outcome(json, array, &outcome[i]);
    return root;
}
