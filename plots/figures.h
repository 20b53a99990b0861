/* plots/figures.h - the rows of the registry, one file each. */
#ifndef PLOTS_FIGURES_H
#define PLOTS_FIGURES_H

#include "plots/figure.h"

extern const plot_figure plot_figure_1, plot_figure_3, plot_figure_4, plot_figure_c,
    plot_figure_p;

#endif
