/* plots/figure_d1.h - what figure D.1 makes of a comparison. */
#ifndef PLOTS_FIGURE_D1_H
#define PLOTS_FIGURE_D1_H

#include "plots/compare.h"

/* Fills note and findings.  The comparison: arenas mlp and cnn; contenders sgd, heavy-ball and
 * adam, tuned, and meka with its default options and with the preset paper; test_score is what
 * is recorded beside the loss. */
void plot_figure_d1_conclude(plot_figure_work *work, const plot_comparison *all);

#endif
