/* plots/figures.h - the rows of the registry, one file each. */
#ifndef PLOTS_FIGURES_H
#define PLOTS_FIGURES_H

#include "plots/figure.h"

extern const plot_figure plot_figure_1, plot_figure_3, plot_figure_4, plot_figure_5,
    plot_figure_6, plot_figure_7, plot_figure_c, plot_figure_d1, plot_figure_f, plot_figure_h,
    plot_figure_p, plot_figure_t;

/* The networks on built-in images that the figures train where they are to take minutes. */
#define PLOT_SMALL_MLP "hidden=16 noise=0 train-rows=1000 test-rows=500"
#define PLOT_SMALL_CNN "width=2 colour=no train-rows=1000 test-rows=500"
/* In the directory of --data: their sets of images. */
#define PLOT_MLP_SET "mnist"
#define PLOT_CNN_SET "cifar-10"
/* With --full, which takes from hours to days: networks of the paper's kinds, of usual sizes.
 */
#define PLOT_LARGE_MLP "hidden=128 noise=0"
#define PLOT_LARGE_CNN "width=32"
#define PLOT_RESNET_32 "depth=32 width=16"

#endif
