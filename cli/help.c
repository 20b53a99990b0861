#include "cli/help.h"

#include "base/memory.h"
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { meaning_column = 24 };

static const char *const exits[] = {
    "done",
    "a finding fails: of a check, of Proposition 1, or results that bench compares",
    "the command line is wrong: an unknown name, a value out of range, something missing",
    "the work failed: a file, the compiler, a value that is not finite, an interruption",
};

const char *cli_help_exit(size_t i)
{
    return i < sizeof exits / sizeof exits[0] ? exits[i] : NULL;
}

void cli_help_flag(const cli_command *command, size_t i, char *text, size_t size)
{
    static const char *const arguments[] = {
        [MEKA_OPTION_REAL] = "X",
        [MEKA_OPTION_COUNT] = "N",
        [MEKA_OPTION_BOOL] = "yes|no",
        [MEKA_OPTION_CHOICE] = "NAME",
    };
    const meka_option *row = cli_command_row(command, i);
    const char *argument = row ? arguments[row->type] : command->option[i].argument;
    snprintf(text, size, "--%s%s%s", cli_command_name(command, i), argument ? " " : "",
             argument ? argument : "");
}

/* The default of an option that is not of a table. */
static meka_status find_default(const cli_command *command, const cli_option *option,
                                char *text, size_t size, meka_error *err)
{
    void *values = meka_alloc(1, command->size, err);
    if (!values)
        return MEKA_ERR_MEMORY;
    command->defaults(values);
    cli_option_format(option, values, text, size);
    free(values);
    if (option->initial)
        snprintf(text, size, "%s", option->initial);
    return MEKA_OK;
}

meka_status cli_help_meaning(const cli_command *command, size_t i, char *text, size_t size,
                             meka_error *err)
{
    char initial[128];
    const meka_option *row = cli_command_row(command, i);
    const cli_option *option = &command->option[row ? 0 : i];
    meka_status status = MEKA_OK;
    if (row)
        snprintf(initial, sizeof initial, "%s", row->initial);
    else
        status = find_default(command, option, initial, sizeof initial, err);
    if (status != MEKA_OK)
        return status;
    snprintf(text, size, "%s%s%s%s", row ? row->meaning : option->meaning,
             initial[0] ? " (default: " : "", initial, initial[0] ? ")" : "");
    return MEKA_OK;
}

static void print_row(const char *left, const char *right)
{
    int used = printf("  %-*s", meaning_column - 2, left);
    if (used > meaning_column)
        printf("\n%*s", meaning_column, "");
    cli_print_wrapped(right, meaning_column, meaning_column);
}

void cli_help_print(void)
{
    const cli_command *command;
    printf("Usage: meka COMMAND [ARGUMENT]...\n\n");
    cli_print_wrapped("Self-tuning stochastic optimization of objectives written in C, with "
                      "exact per-sample derivatives, and the experiments that back it up.",
                      0, 0);
    printf("\nCommands:\n");
    for (size_t i = 0; (command = cli_command_at(i)); i++)
        print_row(command->name, command->summary);
    printf("\n'meka COMMAND --help' says more about each and gives an example.\n"
           "'meka --version' prints the version.\n\nExit status:\n");
    for (size_t i = 0; cli_help_exit(i); i++) {
        printf("  %zu  ", i);
        cli_print_wrapped(cli_help_exit(i), 5, 5);
    }
    printf("\nExample:\n  %s\n", cli_run.example);
}

void cli_help_print_command(const cli_command *command)
{
    char flag[64], meaning[1024];
    printf("Usage: meka %s %s\n\n", command->name, command->usage);
    cli_print_wrapped(command->details, 0, 0);
    printf("\nOptions:\n");
    for (size_t i = 0; i < cli_command_count(command); i++) {
        meka_error err = {0};
        cli_help_flag(command, i, flag, sizeof flag);
        if (cli_help_meaning(command, i, meaning, sizeof meaning, &err))
            snprintf(meaning, sizeof meaning, "%s", err.text);
        print_row(flag, meaning);
    }
    print_row("--help", "print this text");
    printf("\nExample:\n  %s\n", command->example);
}
