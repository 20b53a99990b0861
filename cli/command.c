#include "cli/command.h"

#include <stdio.h>
#include <string.h>

static const cli_command *const commands[] = {
    &cli_list,    &cli_run,    &cli_eval,   &cli_show_command, &cli_check, &cli_explain,
    &cli_compare, &cli_verify, &cli_figure, &cli_reproduce,    &cli_bench,
};
enum { n_commands = sizeof commands / sizeof commands[0] };

const cli_command *cli_command_at(size_t i)
{
    return i < n_commands ? commands[i] : NULL;
}

meka_status cli_command_find(const cli_command **out, const char *name, meka_error *err)
{
    char known[256] = "";
    for (size_t i = 0; i < n_commands; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            *out = commands[i];
            return MEKA_OK;
        }
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", commands[i]->name);
    }
    return meka_fail(err, MEKA_ERR_INPUT, "there is no subcommand '%.80s'; known are %s", name,
                     known);
}

cli_exit cli_exit_of(meka_status status)
{
    switch (status) {
    case MEKA_OK:
        return CLI_DONE;
    case MEKA_ERR_INPUT:
        return CLI_USAGE;
    default:
        return CLI_FAILED;
    }
}

cli_exit cli_exit_of_data(meka_status status, const char *data)
{
    return status == MEKA_ERR_INPUT && data ? CLI_FAILED : cli_exit_of(status);
}
