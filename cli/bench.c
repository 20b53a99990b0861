/* meka bench: times beside hand-written C and PyTorch. */
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

typedef struct chosen {
    bench_outcome *evaluation;
    training_outcome *training;
    size_t n_evaluations, n_trainings;
} chosen;

/* Takes the workloads of this name, or all with NULL; false: there is none. */
static bool take(chosen *c, const char *name)
{
    const bench_workload *evaluation;
    const training_workload *training;
    size_t before = c->n_evaluations + c->n_trainings;
    for (size_t i = 0; (evaluation = bench_workload_at(i)); i++)
        if (!name || strcmp(evaluation->name, name) == 0)
            c->evaluation[c->n_evaluations++].workload = evaluation;
    for (size_t i = 0; (training = training_at(i)); i++)
        if (!name || strcmp(training->name, name) == 0)
            c->training[c->n_trainings++].workload = training;
    return c->n_evaluations + c->n_trainings > before;
}

static meka_status refuse(const char *name, meka_error *err)
{
    char known[256] = "";
    const bench_workload *evaluation;
    const training_workload *training;
    for (size_t i = 0; (evaluation = bench_workload_at(i)); i++)
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "",
                 evaluation->name);
    for (size_t i = 0; (training = training_at(i)); i++)
        snprintf(known + strlen(known), sizeof known - strlen(known), ", %s", training->name);
    return meka_fail(err, MEKA_ERR_INPUT, "there is no workload '%.80s'; known are %s", name,
                     known);
}

/* The workloads that were named, all of them if none was. */
static meka_status choose(chosen *out, const cli_call *call, meka_error *err)
{
    size_t most = call->n_operands ? call->n_operands : 1;
    for (size_t i = 0; bench_workload_at(i) || training_at(i); i++)
        most++;
    out->evaluation = meka_alloc(most, sizeof *out->evaluation, err);
    out->training = meka_alloc(most, sizeof *out->training, err);
    if (!out->evaluation || !out->training)
        return MEKA_ERR_MEMORY;
    for (size_t i = 0; i < call->n_operands; i++)
        if (!take(out, call->operand[i]))
            return refuse(call->operand[i], err);
    if (!call->n_operands)
        take(out, NULL);
    return MEKA_OK;
}

static meka_status measure_all(const chosen *c, const bench_config *config,
                               const bench_values *values, meka_error *err)
{
    cli_progress progress;
    meka_status status = MEKA_OK;
    double n = (double)(c->n_evaluations + c->n_trainings);
    cli_progress_begin(&progress, values->quiet);
    for (size_t i = 0; status == MEKA_OK && i < c->n_evaluations; i++) {
        const bench_workload *workload = c->evaluation[i].workload;
        cli_progress_update(&progress, (double)i / n, workload->name);
        status = bench_measure(&c->evaluation[i], workload, config, err);
    }
    for (size_t i = 0; status == MEKA_OK && i < c->n_trainings; i++) {
        const training_workload *workload = c->training[i].workload;
        cli_progress_update(&progress, (double)(c->n_evaluations + i) / n, workload->name);
        status = training_measure(&c->training[i], workload, config, values->quick, err);
    }
    cli_progress_end(&progress);
    return status;
}

static bool all_agree(const chosen *c)
{
    bool agree = true;
    for (size_t i = 0; i < c->n_evaluations; i++)
        agree = agree && c->evaluation[i].agrees;
    for (size_t i = 0; i < c->n_trainings; i++)
        agree = agree && c->training[i].agrees;
    return agree;
}

static cli_exit bench(const cli_call *call, meka_error *err)
{
    const bench_values *values = call->values;
    bench_config config;
    chosen c = {0};
    cli_json json = {0};
    meka_status status = configure(&config, call, err);
    if (status == MEKA_OK)
        status = choose(&c, call, err);
    if (status == MEKA_OK)
        status = measure_all(&c, &config, values, err);
    if (status == MEKA_OK && values->json) {
        cJSON *root = cli_bench_add(&json, &config, c.evaluation, c.n_evaluations);
        cli_bench_add_trainings(&json, root, c.training, c.n_trainings);
        status = cli_json_print(&json, err);
    } else if (status == MEKA_OK) {
        cli_bench_print(&config, c.evaluation, c.n_evaluations);
        cli_bench_print_trainings(c.training, c.n_trainings);
    }
    cli_exit result = all_agree(&c) ? CLI_DONE : CLI_FINDING_FAILED;
    cli_json_clear(&json);
    free(c.evaluation);
    free(c.training);
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
     .meaning =
         "instruction set of W1 to U3, meka and references: best, baseline, avx2 or avx512",
     PLACE(isa)},
    {.name = "quick",
     .type = CLI_FLAG,
     .meaning = "short timings and small networks: to see that it works, not how fast",
     PLACE(quick)},
    CLI_OPTION_JSON(bench_values),
    CLI_OPTION_QUIET(bench_values),
};

const cli_command cli_bench = {
    .name = "bench",
    .summary = "time derivatives and training beside hand-written C and PyTorch",
    .usage = "[NAME]... [OPTION]...",
    .details =
        "Times one evaluation of per-sample gradients and Hessian-vector products, reduced to "
        "means and variances, on each workload, beside C that was written by hand for that "
        "workload with vector instructions, and beside ADOL-C if meka was built where it is "
        "installed.  A ratio is to the hand-written C; its least and most over the timings "
        "show how much to trust it.  W1 to W4 have bars that the ratio is held against.\n"
        "T1 to T3 are steps of training runs on built-in images: SGD beside PyTorch in double "
        "precision, if there is a python3 that has it, and MEKA beside SGD; with one thread "
        "(CPU time) and with two (wall-clock time; a machine with other work to do will not "
        "show it).  PyTorch runs as a process of its own, takes turns with meka, starts from "
        "the same point and gets the same batches; of the kernels of OpenBLAS, if it uses "
        "that, "
        "it gets the fastest.\n"
        "Before anything is timed the results are compared: means must agree to 1e-12 of their "
        "entries' root mean square over the samples, variances to 1e-12 of its square (ADOL-C: "
        "1e-9), losses of the first steps with PyTorch's to 1e-10.  Ends with status 1 if they "
        "do not; the times never decide.",
    .example = "meka bench W1 W4 --quick",
    .option = options,
    .n_options = sizeof options / sizeof options[0],
    .n_operands_max = 64,
    .size = sizeof(bench_values),
    .defaults = defaults,
    .function = bench,
};
