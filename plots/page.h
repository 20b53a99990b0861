/* plots/page.h - one page with every figure, its findings and how it was made. */
#ifndef PLOTS_PAGE_H
#define PLOTS_PAGE_H

#include "plots/figure.h"

/* Writes DIRECTORY/index.html from outcome [of every figure, in the registry's order]: the
 * verdicts first, then a section per figure with its picture inside the page, so that one file
 * is all that is needed.  path [size], out: its name.  MEKA_ERR_IO. */
meka_status plot_page_write(char *path, size_t size, const char *directory,
                            const plot_figure_outcome *outcome, meka_error *err);

#endif
