/* plots/figure.h - the figures: each an experiment, a data file, a gnuplot script. */
#ifndef PLOTS_FIGURE_H
#define PLOTS_FIGURE_H

#include <meka/base.h>

typedef struct plot_figure_config {
    const char *directory; /* where NAME.tsv, NAME.gp, NAME.png, NAME.svg, NAME.txt go */
    uint64_t seed;
    size_t seeds; /* repetitions; 0: the figure's own number */
    size_t jobs;  /* threads */
    void (*progress)(void *ctx, double fraction, const char *what); /* or NULL */
    void *progress_ctx;
} plot_figure_config;

/* What a figure leaves behind. */
typedef struct plot_figure_files {
    char data[512], png[512], svg[512], caption[512]; /* paths */
} plot_figure_files;

/* A figure is one row. */
typedef struct plot_figure {
    const char *name; /* "4" */
    const char *title;
    const char *caption; /* what is shown and the claim it supports */
    meka_status (*make)(const struct plot_figure *row, const plot_figure_config *config,
                        plot_figure_files *out, meka_error *err);
} plot_figure;

/* The registry; NULL past the end. */
const plot_figure *plot_figure_at(size_t i);
meka_status plot_figure_find(const plot_figure **out, const char *name, meka_error *err);

/* Makes one figure: creates the directory if missing; every file appears whole or not. */
meka_status plot_figure_make(const plot_figure *figure, const plot_figure_config *config,
                             plot_figure_files *out, meka_error *err);

#endif
