/* cli/compare.h - the pieces of `meka compare`. */
#ifndef CLI_COMPARE_H
#define CLI_COMPARE_H

#include "cli/command.h"

#include "plots/compare.h"

/* Reads what is compared: the operands are problems, `methods` and `tune` lists of methods, all
 * of the form "NAME key=value ...".  The texts and arrays that config points to are owned by
 * it. MEKA_ERR_INPUT. */
typedef struct cli_compare_names {
    char *text;
    plot_arena *arena;
    plot_contender *contender;
} cli_compare_names;

meka_status cli_compare_read(cli_compare_names *names, plot_compare_config *config,
                             char *const *operand, size_t n_operands, size_t batch,
                             const char *data, const char *methods, const char *tune,
                             meka_error *err);
void cli_compare_names_clear(cli_compare_names *names);

/* To stdout. */
void cli_compare_print(const plot_comparison *all, const plot_compare_config *config,
                       const plot_figure_files *files);
meka_status cli_compare_print_json(const plot_comparison *all,
                                   const plot_compare_config *config,
                                   const plot_figure_files *files, meka_error *err);

#endif
