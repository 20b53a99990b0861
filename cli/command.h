/* cli/command.h - subcommands and their options as tables.
 *
 * One row per subcommand, one row per option: parsing, --help, the man page and the tests
 * all read them. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <meka/base.h>

/* The process's exit status. */
typedef enum cli_exit {
    CLI_DONE = 0,
    CLI_FINDING_FAILED = 1, /* meka worked; what it examined does not hold */
    CLI_USAGE = 2,          /* the command line is at fault; nothing was done */
    CLI_FAILED = 3,         /* a file, the objective, memory, or an interruption */
} cli_exit;

/* How an option's argument is read and stored at its offset. */
typedef enum cli_type {
    CLI_FLAG,     /* no argument; bool */
    CLI_COUNT,    /* uint64_t in [min, max] */
    CLI_REAL,     /* double in the range; NaN: not given */
    CLI_TEXT,     /* const char *, borrowed from argv; NULL: not given */
    CLI_SETTINGS, /* char *, owned: the arguments of every occurrence, blanks between */
} cli_type;

enum { CLI_OPEN_LOW = 1, CLI_OPEN_HIGH = 2 }; /* range ends that do not belong to it */

typedef struct cli_option {
    const char *name;     /* without the dashes */
    const char *argument; /* what the help calls its argument; NULL for a flag */
    cli_type type;
    double min, max;     /* of CLI_COUNT and CLI_REAL */
    unsigned open;       /* CLI_OPEN_LOW | CLI_OPEN_HIGH */
    const char *initial; /* the default in words, where the stored value does not say it */
    const char *meaning;
    size_t offset;
} cli_option;

struct cli_call;

typedef struct cli_command {
    const char *name;
    const char *summary; /* a phrase */
    const char *usage;   /* what follows "meka NAME" */
    const char *details; /* paragraphs, separated by newlines */
    const char *example; /* a whole command line that works in the source tree */
    const cli_option *option;
    size_t n_options;
    /* Further options, numbered after those: a row `x` is --x VALUE, stored in the table's
     * struct, which lies at `table_offset` of the values.  NULL: none. */
    const meka_option_table *(*table)(void);
    size_t table_offset;
    size_t n_operands_min, n_operands_max;
    const char *operand; /* what an operand is, for the sentence about a missing one */
    size_t size;         /* of the struct that option offsets refer to */
    void (*defaults)(void *values); /* values is zeroed before */
    cli_exit (*function)(const struct cli_call *call, meka_error *err);
} cli_command;

/* A subcommand's command line, read. */
typedef struct cli_call {
    const cli_command *command;
    void *values; /* command->size bytes */
    bool *given;  /* [cli_command_count] */
    bool help;    /* --help was asked for; nothing else is set */
    char **operand;
    size_t n_operands;
} cli_call;

/* The table; NULL past the end. */
const cli_command *cli_command_at(size_t i);
/* By name; MEKA_ERR_INPUT lists the known names. */
meka_status cli_command_find(const cli_command **out, const char *name, meka_error *err);

/* The number of options, of both kinds; the name of the i-th; the row of the table that it is,
 * NULL for one of `option`. */
size_t cli_command_count(const cli_command *command);
const char *cli_command_name(const cli_command *command, size_t i);
const meka_option *cli_command_row(const cli_command *command, size_t i);

/* Reads argv [argc] (argv[0] is the subcommand's name; argv may be reordered and must
 * outlive the call).  MEKA_ERR_INPUT says what is wrong and what would be right. */
meka_status cli_call_read(cli_call *call, const cli_command *command, int argc, char **argv,
                          meka_error *err);
void cli_call_clear(cli_call *call);
/* Whether --NAME was on the command line; name must be one of the command's. */
bool cli_call_given(const cli_call *call, const char *name);
/* MEKA_ERR_INPUT if both were. */
meka_status cli_call_exclude(const cli_call *call, const char *a, const char *b,
                             meka_error *err);

/* The option's value in `values` as text, "" if it has none. */
void cli_option_format(const cli_option *option, const void *values, char *text, size_t size);

/* "A:B" as two texts of at most `size` - 1 characters. */
bool cli_split_pair(const char *text, char *a, char *b, size_t size);

/* What a failure of the library comes to: CLI_USAGE where the command line holds the value
 * that was not usable (MEKA_ERR_INPUT), else CLI_FAILED. */
cli_exit cli_exit_of(meka_status status);
/* The same where all other values are known to be usable, so that what is not is in the data:
 * CLI_FAILED, if there are any (else NULL). */
cli_exit cli_exit_of_data(meka_status status, const char *data);

/* Rows that several subcommands share. */
#define CLI_OPTION_QUIET(values_type)                                                          \
    {                                                                                          \
        .name = "quiet", .type = CLI_FLAG, .meaning = "show no progress",                      \
        .offset = offsetof(values_type, quiet)                                                 \
    }
#define CLI_OPTION_JSON(values_type)                                                           \
    {                                                                                          \
        .name = "json", .type = CLI_FLAG,                                                      \
        .meaning = "print JSON, numbers with 17 digits, instead of text",                      \
        .offset = offsetof(values_type, json)                                                  \
    }
#define CLI_OPTION_JOBS(values_type)                                                           \
    {                                                                                          \
        .name = "jobs", .argument = "K", .type = CLI_COUNT, .min = 1, .max = 4096,             \
        .initial = "the number of processors",                                                 \
        .meaning = "threads to use; results do not depend on it",                              \
        .offset = offsetof(values_type, jobs)                                                  \
    }
/* What figure and reproduce make their figures from: out, full, steps, data, seed. */
#define CLI_OPTIONS_FIGURES(values_type)                                                       \
    {.name = "out",                                                                            \
     .argument = "DIR",                                                                        \
     .type = CLI_TEXT,                                                                         \
     .meaning = "directory for the files; made if it does not exist",                          \
     .offset = offsetof(values_type, out)},                                                    \
        {.name = "full",                                                                       \
         .type = CLI_FLAG,                                                                     \
         .meaning = "larger experiments, which take longer",                                   \
         .offset = offsetof(values_type, full)},                                               \
        {.name = "steps",                                                                      \
         .argument = "N",                                                                      \
         .type = CLI_COUNT,                                                                    \
         .min = 1,                                                                             \
         .max = 1e9,                                                                           \
         .initial = "the experiment's own number",                                             \
         .meaning = "end the runs after so many iterations, for a quick look; figures 3 and "  \
                    "P stay as they are",                                                      \
         .offset = offsetof(values_type, steps)},                                              \
        {.name = "data",                                                                       \
         .argument = "DIR",                                                                    \
         .type = CLI_TEXT,                                                                     \
         .initial = "built-in images",                                                         \
         .meaning = "directory with mnist/ and cifar-10/, whose images networks train on",     \
         .offset = offsetof(values_type, data)},                                               \
    {                                                                                          \
        .name = "seed", .argument = "S", .type = CLI_COUNT, .min = 0, .max = 1e15,             \
        .meaning = "of all experiments; the same seed gives the same results",                 \
        .offset = offsetof(values_type, seed)                                                  \
    }

/* The subcommands, one file each. */
extern const cli_command cli_list, cli_run, cli_eval, cli_show_command, cli_check, cli_explain,
    cli_compare, cli_verify, cli_figure, cli_reproduce, cli_bench;

#endif
