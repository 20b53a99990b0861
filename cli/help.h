/* cli/help.h - what the program says about itself, from the tables. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/command.h"

/* `meka --help`, `meka NAME --help`: to stdout. */
void cli_help_print(void);
void cli_help_print_command(const cli_command *command);

/* The manual page, in roff (man macros), to stdout. */
void cli_man_print(void);

/* "--steps N" of an option row. */
void cli_help_flag(const cli_option *option, char *text, size_t size);
/* What the option means, its range and default, as one text. */
meka_status cli_help_meaning(const cli_command *command, const cli_option *option, char *text,
                             size_t size, meka_error *err);

/* The meanings of the exit status, in order; NULL past the end. */
const char *cli_help_exit(size_t i);

#endif
