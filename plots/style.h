/* plots/style.h - the same colour and dashes for the same method in every figure.
 *
 * Colours are Okabe and Ito's, which colour-blind readers can tell apart ("Color universal
 * design", 2008); dashes do the same in print. */
#ifndef PLOTS_STYLE_H
#define PLOTS_STYLE_H

typedef struct plot_style {
    const char *colour; /* "#0072B2" */
    const char *dash;   /* gnuplot's, "solid" or "(8,3)" */
} plot_style;

/* Of a method by name; of one without a style of its own the which-th of those left. */
plot_style plot_style_of(const char *method, unsigned which);

#endif
