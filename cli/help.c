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

void cli_help_flag(const cli_option *option, char *text, size_t size)
{
    snprintf(text, size, "--%s%s%s", option->name, option->argument ? " " : "",
             option->argument ? option->argument : "");
}

meka_status cli_help_meaning(const cli_command *command, const cli_option *option, char *text,
                             size_t size, meka_error *err)
{
    char initial[128];
    void *values = meka_alloc(1, command->size, err);
    if (!values)
        return MEKA_ERR_MEMORY;
    command->defaults(values);
    cli_option_format(option, values, initial, sizeof initial);
    free(values);
    const char *shown = option->initial ? option->initial : initial;
    snprintf(text, size, "%s%s%s%s", option->meaning, shown[0] ? " (default: " : "", shown,
             shown[0] ? ")" : "");
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
    for (size_t i = 0; i < command->n_options; i++) {
        meka_error err = {0};
        cli_help_flag(&command->option[i], flag, sizeof flag);
        if (cli_help_meaning(command, &command->option[i], meaning, sizeof meaning, &err))
            snprintf(meaning, sizeof meaning, "%s", err.text);
        print_row(flag, meaning);
    }
    print_row("--help", "print this text");
    printf("\nExample:\n  %s\n", command->example);
}
