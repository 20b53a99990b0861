/* cli/report.h - the verdict on Proposition 1, as `verify` and `reproduce` give it. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "cli/output.h"

#include "plots/figure.h"
#include "plots/verify.h"

/* The findings as a table, to stdout. */
void cli_report_print(const plot_verify_config *config, const plot_verify_report *report);
/* How many findings hold, as a sentence of its own, to stdout. */
void cli_report_print_verdict(const plot_verify_report *report);
/* The same as an object; parent NULL: the document's root. */
void cli_report_add(cli_json *json, cJSON *parent, const char *name,
                    const plot_verify_config *config, const plot_verify_report *report);

/* A figure with its files and findings, to stdout; and as an object of an array. */
void cli_report_print_figure(const plot_figure *figure, const plot_figure_outcome *outcome);
void cli_report_add_figure(cli_json *json, cJSON *array, const plot_figure *figure,
                           const plot_figure_outcome *outcome);

/* The names of a figure's files, one line each; and as an array named "files". */
void cli_report_print_files(const plot_figure_files *files);
void cli_report_add_files(cli_json *json, cJSON *array, const plot_figure_files *files);

#endif
