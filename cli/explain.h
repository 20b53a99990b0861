/* cli/explain.h - what the files of `meka explain` share. */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include "cli/output.h"
#include "optim/explain.h"
#include "plots/files.h"

#include <stdio.h>

/* A readable half page. */
void cli_explain_write(const opt_log_reader *reader, const meka_explanation *explanation,
                       FILE *stream);
/* files NULL: no picture was made. */
meka_status cli_explain_print_json(const opt_log_reader *reader,
                                   const meka_explanation *explanation,
                                   const plot_figure_files *files, meka_error *err);

/* P-, mean over dimensions, before the gate; NaN: there is no prediction. */
double cli_explain_predicted_variance(const meka_explanation *explanation);
/* |g - m-| over what P- and Sigma let one expect, sqrt(d (P- + Sigma)). */
double cli_explain_surprise(const opt_log_reader *reader, const meka_explanation *explanation);

#endif
