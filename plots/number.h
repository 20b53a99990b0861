/* plots/number.h - numbers in the files of experiments: finite or not, they read back the same.
 */
#ifndef PLOTS_NUMBER_H
#define PLOTS_NUMBER_H

#include <stdbool.h>
#include <stdio.h>

/* "nan", "inf", "-inf", or 17 significant digits where so many are needed. */
void plot_number_write(FILE *stream, double value);
/* The whole of text; false: not a number. */
bool plot_number_read(const char *text, double *value);

#endif
