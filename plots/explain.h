/* plots/explain.h - one step of MEKA as a picture. */
#ifndef PLOTS_EXPLAIN_H
#define PLOTS_EXPLAIN_H

#include "optim/explain.h"
#include "plots/files.h"

/* The rules that are compared, the one in use among them unless it is `fixed`. */
enum { PLOT_EXPLAIN_RULES = 4 };
extern const meka_rule plot_explain_rule[PLOT_EXPLAIN_RULES];

/* The picture shows step sizes from 0 to this: all maximizers that are not beyond 8 times the
 * step that was taken. */
double plot_explain_range(const meka_explanation *explanation);

/* Writes explain.tsv, .gp, .png, .svg and .txt (caption) to directory, which is made if need
 * be.  MEKA_ERR_RANGE: the rule `fixed` measured no line model. */
meka_status plot_explain_draw(const meka_explanation *explanation, const char *directory,
                              const char *caption, plot_figure_files *out, meka_error *err);

#endif
