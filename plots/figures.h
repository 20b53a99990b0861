/* plots/figures.h - the rows of the registry, one file each. */
#ifndef PLOTS_FIGURES_H
#define PLOTS_FIGURES_H

#include "plots/figure.h"

extern const plot_figure plot_figure_4;

#endif
