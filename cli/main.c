/* meka: the command line. */
#include "cli/command.h"
#include "cli/help.h"
#include "cli/output.h"

#include <stdio.h>
#include <string.h>

static cli_exit run_command(int argc, char **argv, meka_error *err)
{
    const cli_command *command;
    cli_call call;
    meka_status status = cli_command_find(&command, argv[1], err);
    if (status == MEKA_OK)
        status = cli_call_read(&call, command, argc - 1, argv + 1, err);
    if (status != MEKA_OK)
        return cli_exit_of(status);
    cli_exit result = CLI_DONE;
    if (call.help)
        cli_help_print_command(command);
    else
        result = command->function(&call, err);
    cli_call_clear(&call);
    return result;
}

static cli_exit dispatch(int argc, char **argv, meka_error *err)
{
    if (argc < 2) {
        meka_fail(err, MEKA_ERR_INPUT, "a command is needed; 'meka --help' lists them");
        return CLI_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        cli_help_print();
    else if (strcmp(word, "--version") == 0)
        printf("meka %s\n", MEKA_VERSION);
    else if (strcmp(word, "--man-page") == 0) /* for the build, which installs it */
        cli_man_print();
    else if (word[0] == '-') {
        meka_fail(err, MEKA_ERR_INPUT,
                  "'%.80s' is not an option of meka itself, which has --help and --version; "
                  "options of a command follow its name",
                  word);
        return CLI_USAGE;
    } else
        return run_command(argc, argv, err);
    return CLI_DONE;
}

int main(int argc, char **argv)
{
    meka_error err = {0};
    cli_exit result = dispatch(argc, argv, &err);
    meka_error lost = {0};
    if (cli_output_finish(&lost) != MEKA_OK && result < CLI_USAGE) {
        err = lost;
        result = CLI_FAILED;
    }
    if (result >= CLI_USAGE)
        cli_complain(err.text);
    return (int)result;
}
