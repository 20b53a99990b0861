/* plots/files.h - what a figure leaves in its directory. */
#ifndef PLOTS_FILES_H
#define PLOTS_FILES_H

#include "plots/figure.h"

/* Creates a directory and its parents; one that exists is fine.  MEKA_ERR_IO. */
meka_status plot_directory_create(const char *path, meka_error *err);

/* Checksum of the running program: what another one has made is not taken for its own.  0 where
 * the program cannot be read. */
unsigned long plot_code_checksum(void);

/* The four paths DIRECTORY/NAME.tsv, .png, .svg, .txt.  MEKA_ERR_INPUT: too long. */
meka_status plot_files_name(plot_figure_files *out, const char *directory, const char *name,
                            meka_error *err);

/* Draws: writes DIRECTORY/NAME.gp (script, the text of a gnuplot program that reads NAME.tsv
 * and writes 'NAME.png'.part and 'NAME.svg'.part, where `part` is "" unless set), runs it,
 * gives the pictures their names and writes the caption.  After a failure no unfinished
 * file is left. */
meka_status plot_files_draw(const plot_figure_files *files, const char *directory,
                            const char *name, const char *script, const char *caption,
                            meka_error *err);

#endif
