/* cli/help.h - what the program says about itself, from the tables. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/command.h"

/* `meka --help`, `meka NAME --help`: to stdout. */
void cli_help_print(void);
void cli_help_print_command(const cli_command *command);

/* The manual page, in roff (man macros), to stdout. */
void cli_man_print(void);

/* The i-th option as it is written, "--steps N", and what it means with its default; range and
 * choices of a table's row are in its meaning or in the error for a bad value. */
void cli_help_flag(const cli_command *command, size_t i, char *text, size_t size);
meka_status cli_help_meaning(const cli_command *command, size_t i, char *text, size_t size,
                             meka_error *err);

/* The meanings of the exit status, in order; NULL past the end. */
const char *cli_help_exit(size_t i);

#endif
