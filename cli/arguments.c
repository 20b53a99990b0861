/* Command lines read by a table of options. */
#include "cli/command.h"

#include "base/memory.h"
#include "base/text.h"
#include "cli/output.h"

#include <assert.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { first_value = 256 }; /* getopt_long's value of option row 0; above any character */

size_t cli_command_count(const cli_command *command)
{
    return command->n_options + (command->table ? command->table()->n : 0);
}

const meka_option *cli_command_row(const cli_command *command, size_t i)
{
    return i < command->n_options ? NULL : &command->table()->row[i - command->n_options];
}

const char *cli_command_name(const cli_command *command, size_t i)
{
    const meka_option *row = cli_command_row(command, i);
    return row ? row->name : command->option[i].name;
}

static void *place_of(const cli_option *option, const void *values)
{
    return (char *)values + option->offset;
}

static meka_status fail_range(const cli_option *option, const char *text, meka_error *err)
{
    char low[32], high[32];
    bool real = option->type == CLI_REAL;
    cli_show_bound(low, option->min);
    cli_show_bound(high, option->max);
    if (isinf(option->min) && isinf(option->max))
        return meka_fail(err, MEKA_ERR_INPUT, "--%s must be a number, not '%.80s'",
                         option->name, text);
    return meka_fail(err, MEKA_ERR_INPUT, "--%s must be %s in %c%s, %s%c, not '%.80s'",
                     option->name, real ? "a number" : "an integer",
                     option->open & CLI_OPEN_LOW ? '(' : '[', low, high,
                     option->open & CLI_OPEN_HIGH || isinf(option->max) ? ')' : ']', text);
}

static bool in_range(const cli_option *option, double value)
{
    bool above = option->open & CLI_OPEN_LOW ? value > option->min : value >= option->min;
    bool below = option->open & CLI_OPEN_HIGH ? value < option->max : value <= option->max;
    return above && below;
}

static meka_status append_settings(char **settings, const char *text, meka_error *err)
{
    size_t used = *settings ? strlen(*settings) : 0, size = used + strlen(text) + 2;
    char *joined = meka_alloc(size, 1, err);
    if (!joined)
        return MEKA_ERR_MEMORY;
    snprintf(joined, size, "%s%s%s", used ? *settings : "", used ? " " : "", text);
    free(*settings);
    *settings = joined;
    return MEKA_OK;
}

/* Stores one option; text is its argument, NULL for a flag. */
static meka_status store(const cli_option *option, void *values, const char *text,
                         meka_error *err)
{
    void *place = place_of(option, values);
    double real = 0.0;
    uint64_t count = 0;
    switch (option->type) {
    case CLI_FLAG:
        *(bool *)place = true;
        break;
    case CLI_COUNT:
        if (!meka_parse_count(text, &count) || !in_range(option, (double)count))
            return fail_range(option, text, err);
        *(uint64_t *)place = count;
        break;
    case CLI_REAL:
        if (!meka_parse_real(text, &real) || !in_range(option, real))
            return fail_range(option, text, err);
        *(double *)place = real;
        break;
    case CLI_TEXT:
        if (!text[0])
            return meka_fail(err, MEKA_ERR_INPUT, "--%s must not be empty; it takes %s",
                             option->name, option->argument);
        *(const char **)place = text;
        break;
    case CLI_SETTINGS:
        return append_settings(place, text, err);
    }
    return MEKA_OK;
}

/* Stores an option of the command's table. */
static meka_status store_row(const cli_call *call, const meka_option *row, const char *text,
                             meka_error *err)
{
    char wanted[600];
    meka_status status = meka_options_set(call->command->table(),
                                          (char *)call->values + call->command->table_offset,
                                          "", row->name, text, NULL);
    if (status == MEKA_OK)
        return MEKA_OK;
    meka_options_wanted(row, wanted, sizeof wanted);
    return meka_fail(err, status, "--%s must be %s, not '%.80s'", row->name, wanted, text);
}

static meka_status fail_unknown(const cli_command *command, const char *text, meka_error *err)
{
    assert(command->option); /* every command has --help at least */
    char known[800] = "";
    for (size_t i = 0; i < cli_command_count(command); i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "--%s, ", cli_command_name(command, i));
    }
    return meka_fail(err, MEKA_ERR_INPUT, "'meka %s' has no option '%.80s'; it has %s--help",
                     command->name, text, known);
}

/* What getopt_long refused: `code` is '?' or ':', `text` the word it stands in. */
static meka_status fail_option(const cli_command *command, int code, const char *text,
                               meka_error *err)
{
    size_t i = (size_t)(optopt - first_value);
    if (optopt >= first_value && i < cli_command_count(command)) {
        const char *name = cli_command_name(command, i);
        const char *argument =
            cli_command_row(command, i) ? "VALUE" : command->option[i].argument;
        return code == ':'
                   ? meka_fail(err, MEKA_ERR_INPUT, "--%s needs an argument: --%s %s", name,
                               name, argument)
                   : meka_fail(err, MEKA_ERR_INPUT,
                               "--%s takes no argument, so '%.80s' is wrong", name, text);
    }
    char word[3] = {'-', (char)optopt, '\0'};
    bool letter = optopt > ' ' && optopt < 127; /* 0: a long option */
    return fail_unknown(command, letter ? word : text, err);
}

static meka_status read_options(cli_call *call, const struct option *rows, int argc,
                                char **argv, meka_error *err)
{
    const cli_command *command = call->command;
    optind = 0; /* getopt's word for: a new command line */
    opterr = 0;
    while (true) {
        int code = getopt_long(argc, argv, ":h", rows, NULL);
        if (code == -1)
            break;
        if (code == 'h') {
            call->help = true;
            return MEKA_OK;
        }
        if (code == '?' || code == ':')
            return fail_option(command, code, argv[optind - 1], err);
        size_t i = (size_t)(code - first_value);
        const meka_option *row = cli_command_row(command, i);
        meka_status status = row ? store_row(call, row, optarg, err)
                                 : store(&command->option[i], call->values, optarg, err);
        if (status != MEKA_OK)
            return status;
        call->given[i] = true;
    }
    call->operand = argv + optind;
    call->n_operands = (size_t)(argc - optind);
    return MEKA_OK;
}

static meka_status check_operands(const cli_call *call, meka_error *err)
{
    const cli_command *command = call->command;
    if (call->n_operands < command->n_operands_min)
        return meka_fail(err, MEKA_ERR_INPUT, "'meka %s' needs %s: meka %s %s", command->name,
                         command->operand, command->name, command->usage);
    if (call->n_operands > command->n_operands_max)
        return meka_fail(err, MEKA_ERR_INPUT, "'%.80s' is one argument too many: meka %s %s",
                         call->operand[command->n_operands_max], command->name, command->usage);
    return MEKA_OK;
}

meka_status cli_call_read(cli_call *call, const cli_command *command, int argc, char **argv,
                          meka_error *err)
{
    meka_status status = MEKA_ERR_MEMORY;
    size_t n = cli_command_count(command);
    struct option *rows = meka_alloc(n + 2, sizeof *rows, err);
    *call = (cli_call){.command = command};
    call->values = meka_alloc(1, command->size, err);
    call->given = meka_alloc(n, sizeof *call->given, err);
    if (!rows || !call->values || !call->given)
        goto cleanup;
    command->defaults(call->values);
    for (size_t i = 0; i < n; i++) {
        bool flag = !cli_command_row(command, i) && command->option[i].type == CLI_FLAG;
        rows[i] =
            (struct option){cli_command_name(command, i),
                            flag ? no_argument : required_argument, NULL, first_value + (int)i};
    }
    rows[n] = (struct option){"help", no_argument, NULL, 'h'};
    status = read_options(call, rows, argc, argv, err);
    if (status == MEKA_OK && !call->help)
        status = check_operands(call, err);
cleanup:
    free(rows);
    if (status != MEKA_OK)
        cli_call_clear(call);
    return status;
}

void cli_call_clear(cli_call *call)
{
    for (size_t i = 0; call->values && i < call->command->n_options; i++)
        if (call->command->option[i].type == CLI_SETTINGS)
            free(*(char **)place_of(&call->command->option[i], call->values));
    free(call->values);
    free(call->given);
    call->values = NULL;
    call->given = NULL;
}

bool cli_call_given(const cli_call *call, const char *name)
{
    for (size_t i = 0; i < cli_command_count(call->command); i++)
        if (strcmp(cli_command_name(call->command, i), name) == 0)
            return call->given[i];
    assert(!"an option of this subcommand");
    return false;
}

meka_status cli_call_exclude(const cli_call *call, const char *a, const char *b,
                             meka_error *err)
{
    if (!cli_call_given(call, a) || !cli_call_given(call, b))
        return MEKA_OK;
    return meka_fail(err, MEKA_ERR_INPUT, "--%s and --%s exclude each other; give one of them",
                     a, b);
}

void cli_option_format(const cli_option *option, const void *values, char *text, size_t size)
{
    const void *place = place_of(option, values);
    text[0] = '\0';
    switch (option->type) {
    case CLI_FLAG:
    case CLI_SETTINGS:
        break;
    case CLI_COUNT:
        snprintf(text, size, "%llu", (unsigned long long)*(const uint64_t *)place);
        break;
    case CLI_REAL:
        if (!isnan(*(const double *)place))
            meka_format_real(text, size, *(const double *)place, 6);
        break;
    case CLI_TEXT:
        if (*(const char *const *)place)
            snprintf(text, size, "%s", *(const char *const *)place);
        break;
    }
}

bool cli_split_pair(const char *text, char *a, char *b, size_t size)
{
    const char *colon = strchr(text, ':');
    if (!colon || (size_t)(colon - text) >= size || strlen(colon + 1) >= size)
        return false;
    memcpy(a, text, (size_t)(colon - text));
    a[colon - text] = '\0';
    memcpy(b, colon + 1, strlen(colon + 1) + 1);
    return true;
}
