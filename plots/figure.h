/* plots/figure.h - the figures: each experiments, a data file, a gnuplot script, findings. */
#ifndef PLOTS_FIGURE_H
#define PLOTS_FIGURE_H

#include "plots/experiment.h"
#include "plots/finding.h"

typedef struct plot_figure_config {
    const char *directory; /* where NAME.tsv, NAME.gp, NAME.png, NAME.svg, NAME.txt go */
    uint64_t seed;
    size_t seeds;              /* repetitions; 0: the figure's own number */
    bool full;                 /* the larger size */
    size_t steps;              /* of a run of an experiment at most; 0: its own number */
    const char *data;          /* directory of image sets in place of built-in ones, or NULL */
    size_t jobs;               /* threads */
    bool (*interrupted)(void); /* or NULL */
    void (*progress)(void *ctx, double fraction, const char *what); /* or NULL */
    void *progress_ctx;
} plot_figure_config;

/* What a figure leaves behind. */
typedef struct plot_figure_files {
    char data[512], png[512], svg[512], caption[512]; /* paths */
} plot_figure_files;

enum { PLOT_FIGURE_EXPERIMENTS = 8, PLOT_FIGURE_FINDINGS = 32 };

typedef struct plot_figure plot_figure;

/* A figure under way. */
typedef struct plot_figure_work {
    const plot_figure *figure;
    const plot_figure_config *config;
    plot_results results[PLOT_FIGURE_EXPERIMENTS]; /* of the row's experiments */
    char note[2048];                               /* what the caption says of the numbers */
    size_t n_findings;
    plot_finding finding[PLOT_FIGURE_FINDINGS];
} plot_figure_work;

/* A figure is one row. */
struct plot_figure {
    const char *name;    /* "4" */
    const char *file;    /* "figure4": names of files, and of the script in plots/ */
    const char *title;   /* one sentence */
    const char *caption; /* what is shown and the claim it supports */
    const char *script;  /* gnuplot; reads FILE.tsv, writes 'FILE.png'.part, 'FILE.svg'.part */
    bool decides;        /* a finding that fails is a failure, not just a result */
    bool images;         /* trains on images, which config.data may replace */
    bool timed;          /* measures time, so that made again its numbers differ */
    const plot_experiment *const *experiment; /* [n_experiments] */
    size_t n_experiments;
    /* Writes the data file; NULL: the table of the first experiment. */
    meka_status (*write)(plot_figure_work *work, FILE *stream, meka_error *err);
    /* Fills note and findings, after write; NULL: none. */
    meka_status (*conclude)(plot_figure_work *work, meka_error *err);
};

/* The registry; NULL past the end. */
const plot_figure *plot_figure_at(size_t i);
meka_status plot_figure_find(const plot_figure **out, const char *name, meka_error *err);

/* What plot_figure_make gives. */
typedef struct plot_figure_outcome {
    plot_figure_files files;
    size_t n_findings;
    plot_finding finding[PLOT_FIGURE_FINDINGS];
    bool cached; /* all of it was there */
} plot_figure_outcome;

/* Makes one figure: creates the directory if missing; every file appears whole or not.  Runs
 * and figures that are there already and were made by this program from the same row and
 * configuration are not made again. */
meka_status plot_figure_make(const plot_figure *figure, const plot_figure_config *config,
                             plot_figure_outcome *out, meka_error *err);

/* Appends a finding to the figure's; detail is printf-style. */
void plot_figure_add(plot_figure_work *work, const char *name, const char *claim,
                     plot_interval found, double expected, bool passed, const char *detail, ...)
    __attribute__((format(printf, 7, 8)));
/* Appends to the note, printf-style. */
void plot_figure_note(plot_figure_work *work, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
