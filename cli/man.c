/* The manual page: the tables again, as roff. */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

/* Text with roff's own characters made harmless; a newline starts a paragraph. */
static void put(const char *text)
{
    bool line_begins = true;
    for (; *text; text++) {
        if (line_begins && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        line_begins = *text == '\n';
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else if (*text == '\n')
            fputs("\n.PP\n", stdout);
        else
            putchar(*text);
    }
    putchar('\n');
}

static void put_tagged(const char *tag, const char *text)
{
    fputs(".TP\n.B ", stdout);
    put(tag);
    put(text);
}

static void put_command(const cli_command *command)
{
    char flag[64], meaning[1024];
    fputs(".SS meka ", stdout);
    printf("%s ", command->name);
    put(command->usage);
    put(command->details);
    for (size_t i = 0; i < cli_command_count(command); i++) {
        cli_help_flag(command, i, flag, sizeof flag);
        if (cli_help_meaning(command, i, meaning, sizeof meaning, NULL) == MEKA_OK)
            put_tagged(flag, meaning);
    }
}

static void put_environment_and_files(void)
{
    puts(".SH FILES");
    put_tagged("FILE.c", "An objective: a C file that includes <meka/meka.h> and ends with "
                         "MEKA_OBJECTIVE(...).  It is compiled into a private temporary "
                         "directory, which is removed before the run begins.");
    put_tagged("FILE.so", "The same, compiled beforehand as a shared object.");
    put_tagged("FILE.csv", "Samples, one per line: numbers separated by commas, blanks or "
                           "tabs; '#' starts a comment; a first line without numbers names "
                           "the columns.");
    put_tagged("meka-out/",
               "What 'meka reproduce' writes: index.html; for each figure its data "
               "(.tsv), script (.gp), pictures (.png, .svg) and caption (.txt); "
               "and in runs/ what has been computed for them.");
    puts(".PP");
    put("Every file that meka writes bears its name with '.part' appended until it is "
        "complete.  The log of a run that was killed is found under that name; --resume takes "
        "its rows over.");
    puts(".SH ENVIRONMENT");
    put_tagged("CC", "The C compiler for FILE.c, with options if need be (default: cc).");
    put_tagged("TMPDIR", "Where the temporary directory for FILE.c is made (default: /tmp).");
}

void cli_man_print(void)
{
    const cli_command *command;
    printf(".TH MEKA 1 \"\" \"meka %s\" \"User Commands\"\n", MEKA_VERSION);
    puts(".SH NAME\nmeka \\- self\\-tuning stochastic optimization of objectives written in C");
    puts(".SH SYNOPSIS\n.B meka\n.I COMMAND\n[\\fIARGUMENT\\fR]...");
    puts(".SH DESCRIPTION");
    put("meka takes one sample's loss as a C function, computes exact per-sample losses, "
        "gradients and Hessian-vector products of it, and optimizes it with Kalman-filtered "
        "gradients and uncertainty-informed step sizes, or with a baseline.  It verifies "
        "empirically what theory promises of that method and draws the figures.\n"
        "Results go to standard output; progress and errors go to standard error.  Every "
        "error is one line that begins with 'meka:'.");
    puts(".SH COMMANDS");
    for (size_t i = 0; (command = cli_command_at(i)); i++)
        put_command(command);
    puts(".PP");
    put("Every command takes --help; 'meka --help' and 'meka --version' stand alone.");
    puts(".SH EXIT STATUS");
    for (size_t i = 0; cli_help_exit(i); i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        put_tagged(number, cli_help_exit(i));
    }
    put_environment_and_files();
    puts(".SH EXAMPLES");
    for (size_t i = 0; (command = cli_command_at(i)); i++) {
        puts(".TP");
        put(command->summary);
        fputs(".B ", stdout);
        put(command->example);
    }
    puts(".SH SEE ALSO");
    put("Chen, Choi, Balles, Duvenaud, Hennig: Self-tuning stochastic optimization with "
        "curvature-aware gradient filtering, 2020.");
}
