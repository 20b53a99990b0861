/* plots/gnuplot.h - drawing a figure with gnuplot as a child process. */
#ifndef PLOTS_GNUPLOT_H
#define PLOTS_GNUPLOT_H

#include <meka/base.h>

/* MEKA_OK if a gnuplot can be started, else MEKA_ERR_IO, saying what to install. */
meka_status plot_gnuplot_check(meka_error *err);

/* Runs `gnuplot script` inside `directory` (both relative or absolute; script is looked for
 * in directory) with the gnuplot variable part = ".part", which a script appends to the
 * names it writes.  MEKA_ERR_IO: gnuplot is missing, or failed; then the sentence ends with
 * what it wrote to stderr.  Waits for the end; stdin and stdout are /dev/null. */
meka_status plot_gnuplot_run(const char *directory, const char *script, meka_error *err);

#endif
