/* meka bench: the engine's time beside hand-written C. */
#include "cli/bench.h"

#include "base/memory.h"
#include "cli/command.h"
#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct bench_values {
    uint64_t repetitions;
    const char *isa;
    bool quick, json, quiet;
} bench_values;

static meka_status find_isa(ad_isa *out, const char *name, meka_error *err)
{
    char known[128] = "";
    const char *row;
    for (ad_isa isa = AD_ISA_BEST; (row = ad_isa_name(isa)); isa++) {
        if (isa != AD_ISA_BEST && !ad_isa_is_available(isa))
            continue;
        if (strcmp(row, name) == 0) {
            *out = isa;
            return MEKA_OK;
        }
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", row);
    }
    return meka_fail(err, MEKA_ERR_INPUT,
                     "--isa must be an instruction set that meka has and this processor knows "
                     "(%s), not '%.80s'",
                     known, name);
}

static meka_status configure(bench_config *config, const cli_call *call, meka_error *err)
{
    const bench_values *values = call->values;
    *config = values->quick ? bench_config_quick() : bench_config_default();
    if (cli_call_given(call, "repetitions"))
        config->repetitions = values->repetitions;
    return find_isa(&config->isa, values->isa, err);
}

/* The workloads that were named, all of them if none was. */
static meka_status choose(bench_outcome *out, size_t *n, const cli_call *call, meka_error *err)
{
    meka_status status = MEKA_OK;
    *n = 0;
    for (size_t i = 0; status == MEKA_OK && i < call->n_operands; i++)
        status = bench_workload_find(&out[(*n)++].workload, call->operand[i], err);
    const bench_workload *workload;
    for (size_t i = 0; !call->n_operands && (workload = bench_workload_at(i)); i++)
        out[(*n)++].workload = workload;
    return status;
}

static meka_status measure_all(bench_outcome *outcome, size_t n, const bench_config *config,
                               bool quiet, meka_error *err)
{
    cli_progress progress;
    meka_status status = MEKA_OK;
    cli_progress_begin(&progress, quiet);
    for (size_t i = 0; status == MEKA_OK && i < n; i++) {
        const bench_workload *workload = outcome[i].workload;
        cli_progress_update(&progress, (double)i / (double)n, workload->name);
        status = bench_measure(&outcome[i], workload, config, err);
    }
    cli_progress_end(&progress);
    return status;
}

static cli_exit bench(const cli_call *call, meka_error *err)
{
    const bench_values *values = call->values;
    bench_config config;
    cli_json json = {0};
    cli_exit result = CLI_DONE;
    size_t n = 0, most = call->n_operands;
    while (bench_workload_at(n))
        n++;
    bench_outcome *outcome = meka_alloc(most > n ? most : n, sizeof *outcome, err);
    meka_status status = outcome ? configure(&config, call, err) : MEKA_ERR_MEMORY;
    if (status == MEKA_OK)
        status = choose(outcome, &n, call, err);
    if (status == MEKA_OK)
        status = measure_all(outcome, n, &config, values->quiet, err);
    if (status != MEKA_OK)
        goto cleanup;
    if (values->json) {
        cli_bench_add(&json, &config, outcome, n);
        status = cli_json_print(&json, err);
    } else
        cli_bench_print(&config, outcome, n);
    for (size_t i = 0; i < n; i++)
        if (!outcome[i].agrees)
            result = CLI_FINDING_FAILED;
cleanup:
    cli_json_clear(&json);
    free(outcome);
    return status == MEKA_OK ? result : cli_exit_of(status);
}

static void defaults(void *place)
{
    *(bench_values *)place =
        (bench_values){.repetitions = bench_config_default().repetitions, .isa = "best"};
}

#define PLACE(field) .offset = offsetof(bench_values, field)

static const cli_option options[] = {
    {.name = "repetitions",
     .argument = "N",
     .type = CLI_COUNT,
     .min = 1,
     .max = 1000,
     .initial = "15; with --quick 3",
     .meaning = "timings per figure, of which the median is shown",
     PLACE(repetitions)},
    {.name = "isa",
     .argument = "NAME",
     .type = CLI_TEXT,
     .meaning = "instruction set of meka and the references: best, baseline, avx2 or avx512",
     PLACE(isa)},
    {.name = "quick",
     .type = CLI_FLAG,
     .meaning = "short timings: to see that it works, not how fast",
     PLACE(quick)},
    CLI_OPTION_JSON(bench_values),
    CLI_OPTION_QUIET(bench_values),
};

const cli_command cli_bench = {
    .name = "bench",
    .summary = "time the derivatives beside hand-written C",
    .usage = "[NAME]... [OPTION]...",
    .details =
        "Times one evaluation of per-sample gradients and Hessian-vector products, reduced to "
        "means and variances, on each workload, beside C that was written by hand for that "
        "workload with vector instructions, and beside ADOL-C if meka was built where it is "
        "installed.  A ratio is to the hand-written C; its least and most over the timings "
        "show how much to trust it.  W1 to W4 have bars that the ratio is held against.\n"
        "Before anything is timed the results are compared: means must agree to 1e-12 of their "
        "entries' root mean square over the samples, variances to 1e-12 of its square (ADOL-C: "
        "1e-9).  Ends with status 1 if they do not; the times never decide.",
    .example = "meka bench W1 W4 --quick",
    .option = options,
    .n_options = sizeof options / sizeof options[0],
    .n_operands_max = 64,
    .size = sizeof(bench_values),
    .defaults = defaults,
    .function = bench,
};
