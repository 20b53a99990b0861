/* meka show: the recorded program. */
#include "cli/output.h"
#include "cli/subject.h"

#include "ad/print.h"
#include "ad/program.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { text_limit = 300 };

typedef struct show_values {
    const char *format;
    char *option;
    const char *data;
    uint64_t problem_seed, limit;
    bool json;
} show_values;

static void add_input(cli_json *json, cJSON *array, const ad_tape *tape, size_t slot,
                      const uint8_t *needed)
{
    cJSON *object = cli_json_object(json, array, NULL);
    cli_json_count(json, object, "slot", slot);
    cli_json_real(json, object, "value", tape->value[slot]);
    cli_json_bool(json, object, "used", needed[slot] != 0);
}

static void add_instruction(cli_json *json, cJSON *array, const ad_tape *tape, size_t k,
                            const uint8_t *depends, const uint8_t *needed)
{
    const ad_code *code = &tape->code;
    const ad_instruction *in = &code->instruction[k];
    size_t slot = code->n_params + code->n_features + k;
    ad_operand_list operand;
    ad_code_list_operands(code, in, &operand);
    cJSON *object = cli_json_object(json, array, NULL);
    cli_json_count(json, object, "slot", slot);
    cli_json_text(json, object, "operation", ad_op_name((ad_op)in->op));
    cJSON *operands = cli_json_array(json, object, "operands");
    for (size_t j = 0; j < operand.n; j++)
        cli_json_count(json, operands, NULL, operand.slot[j]);
    cli_json_real(json, object, "value", tape->value[slot]);
    cli_json_text(json, object, "kind", ad_dependence_name(depends[slot]));
    cli_json_bool(json, object, "on_theta", (depends[slot] & AD_ON_THETA) != 0);
    cli_json_bool(json, object, "used", needed[slot] != 0);
    cli_json_text(json, object, "file", code->place[in->where].file);
    cli_json_count(json, object, "line", (uint64_t)code->place[in->where].line);
}

static void add_about(cli_json *json, const ad_program *program)
{
    const ad_code *code = &program->tape.code;
    const char *file = NULL;
    int line = 0;
    size_t counts[AD_N_OPS];
    bool replayable = ad_program_is_replayable(program, &file, &line);
    cJSON *root = json->root;
    cli_json_text(json, root, "command", "show");
    cli_json_text(json, root, "version", MEKA_VERSION);
    cli_json_text(json, root, "objective", program->objective.name);
    cli_json_count(json, root, "n_params", code->n_params);
    cli_json_count(json, root, "n_features", code->n_features);
    cli_json_count(json, root, "n_instructions", code->n);
    cli_json_bool(json, root, "replayable", replayable);
    if (!replayable) {
        cJSON *read = cli_json_object(json, root, "reads_value");
        cli_json_text(json, read, "file", file);
        cli_json_count(json, read, "line", (uint64_t)line);
    }
    cli_json_count(json, root, "result", code->result);
    ad_code_count(code, counts);
    cJSON *operations = cli_json_object(json, root, "operations");
    for (int op = 0; op < AD_N_OPS; op++)
        if (counts[op])
            cli_json_count(json, operations, ad_op_name((ad_op)op), counts[op]);
}

static meka_status print_json(const ad_program *program, size_t limit, meka_error *err)
{
    const ad_tape *tape = &program->tape;
    const ad_code *code = &tape->code;
    size_t n_slots = ad_code_n_slots(code);
    size_t n = limit && limit < code->n ? limit : code->n;
    cli_json json = {0};
    meka_status status = MEKA_ERR_MEMORY;
    uint8_t *marks = meka_alloc(n_slots, 2, err);
    if (!marks)
        return status;
    uint8_t *depends = marks, *needed = marks + n_slots;
    ad_code_dependence(code, depends);
    ad_code_needed(code, needed);
    cli_json_object(&json, NULL, NULL);
    add_about(&json, program);
    cJSON *array = cli_json_array(&json, json.root, "params");
    for (size_t j = 0; j < code->n_params; j++)
        add_input(&json, array, tape, j, needed);
    array = cli_json_array(&json, json.root, "features");
    for (size_t j = 0; j < code->n_features; j++)
        add_input(&json, array, tape, code->n_params + j, needed);
    array = cli_json_array(&json, json.root, "instructions");
    for (size_t k = 0; k < n; k++)
        add_instruction(&json, array, tape, k, depends, needed);
    cli_json_count(&json, json.root, "n_left_out", code->n - n);
    status = cli_json_print(&json, err);
    cli_json_clear(&json);
    free(marks);
    return status;
}

/* What is shown has no samples: data are what a problem is made of. */
static cli_exit check_data(const char *operand, meka_error *err)
{
    const prob_problem *problem;
    if (cli_plugin_is_file(operand)) {
        meka_fail(
            err, MEKA_ERR_INPUT,
            "--data is what a problem of the zoo is made of; '%.200s' is a file, which is "
            "shown without samples",
            operand);
        return CLI_USAGE;
    }
    if (prob_problem_find(&problem, operand, NULL) == MEKA_OK && !problem->data) {
        meka_fail(err, MEKA_ERR_INPUT,
                  "problem %s is not made of data, so --data has no meaning; leave it out",
                  problem->name);
        return CLI_USAGE;
    }
    return CLI_DONE;
}

static cli_exit show(const cli_call *call, meka_error *err)
{
    const show_values *values = call->values;
    bool dot = strcmp(values->format, "dot") == 0;
    cli_subject subject;
    if (!dot && strcmp(values->format, "text") != 0) {
        meka_fail(err, MEKA_ERR_INPUT, "--format must be text or dot, not '%.80s'",
                  values->format);
        return CLI_USAGE;
    }
    if (cli_call_exclude(call, "format", "json", err) != MEKA_OK)
        return CLI_USAGE;
    if (values->data && check_data(call->operand[0], err) != CLI_DONE)
        return CLI_USAGE;
    const cli_subject_request request = {.operand = call->operand[0],
                                         .option = values->option,
                                         .data = values->data,
                                         .problem_seed = values->problem_seed};
    cli_exit result = cli_subject_open(&subject, &request, err);
    if (result == CLI_DONE) {
        size_t limit = cli_call_given(call, "limit") ? (size_t)values->limit
                       : dot || values->json         ? 0
                                                     : text_limit;
        result = cli_exit_of(values->json ? print_json(subject.program, limit, err)
                                          : ad_program_print(subject.program,
                                                             dot ? AD_PRINT_DOT : AD_PRINT_TEXT,
                                                             limit, stdout, err));
    }
    cli_subject_close(&subject);
    return result;
}

static void defaults(void *place)
{
    *(show_values *)place =
        (show_values){.format = "text", .problem_seed = 1, .limit = text_limit};
}

#define PLACE(field) .offset = offsetof(show_values, field)

static const cli_option options[] = {
    {.name = "format",
     .argument = "text|dot",
     .type = CLI_TEXT,
     .meaning = "a table, or a graph for Graphviz",
     PLACE(format)},
    {.name = "limit",
     .argument = "N",
     .type = CLI_COUNT,
     .min = 0,
     .max = 1e12,
     .initial = "300 as a table, else 0",
     .meaning = "instructions, parameters and features shown at most; 0: all of them",
     PLACE(limit)},
    CLI_OPTION_PROBLEM(show_values),
    {.name = "data",
     .argument = "FILE",
     .type = CLI_TEXT,
     .meaning = "what a problem is made of, if it takes data ('meka list PROBLEM' says so)",
     PLACE(data)},
    CLI_OPTION_PROBLEM_SEED(show_values),
    CLI_OPTION_JSON(show_values),
};

const cli_command cli_show_command = {
    .name = "show",
    .summary = "print the program that an objective records",
    .usage = "FILE.c|FILE.so|PROBLEM [OPTION]...",
    .details =
        "Prints what one call of the objective records at its x0 and with all features 0: "
        "every instruction with its operands, its value there, and the file and line that "
        "wrote it.  A value is constant, uniform (it depends on theta alone, so it is "
        "computed once for all samples) or varying (it depends on the sample); 'theta' marks "
        "those that derivatives pass through, 'dead' those that the result does not need.  "
        "Below stand the counts of operations.\n"
        "An objective that reads a value with ad_value is recorded anew for every sample; the "
        "line that does so is named.\n"
        "--format dot is for Graphviz: 'meka show FILE.c --format dot | dot -Tsvg'.",
    .example = "meka show examples/rosenbrock.c",
    .option = options,
    .n_options = sizeof options / sizeof options[0],
    .n_operands_min = 1,
    .n_operands_max = 1,
    .operand = "a problem or a file",
    .size = sizeof(show_values),
    .defaults = defaults,
    .function = show,
};
