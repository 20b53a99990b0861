/* plots/compare.h - methods against each other: problems, seeds, equal budgets, tuned
 * baselines.
 *
 * Every run may spend the same, counted by plot_cost.  A contender that is to be tuned first
 * runs with every step size of a grid on seeds of its own; the step size with the lowest median
 * at the end is the one it is judged with, on other seeds.
 */
#ifndef PLOTS_COMPARE_H
#define PLOTS_COMPARE_H

#include "plots/figure.h"

typedef struct plot_arena {
    const char *label;                    /* letters, digits, dashes: in names of files */
    const char *problem, *options, *data; /* as in plot_experiment */
    size_t batch;
    const char *set; /* likewise */
} plot_arena;

typedef struct plot_contender {
    const char *label; /* as for arenas */
    const char *method, *settings, *loop;
    bool tuned; /* over the grid of option `alpha` */
} plot_contender;

typedef struct plot_compare_config {
    size_t n_arenas, n_contenders;
    const plot_arena *arena;         /* [n_arenas] */
    const plot_contender *contender; /* [n_contenders] */
    const plot_measure *measure;     /* what is compared: the lower the better */
    const plot_measure *also;        /* what is recorded beside it, or NULL */
    size_t budget;                   /* of a run, in gradients of a batch */
    size_t points;                   /* of the curves */
    bool linear;                     /* these evenly spaced, else in the logarithm */
    size_t seeds, tune_seeds;
    size_t n_grid;
    double grid_low, grid_high; /* step sizes, evenly spaced in the logarithm */
    double tau; /* solved: measure <= low + tau (start - low), low the lowest of all */
    uint64_t seed;
    const char *directory;
    const char *data; /* as in plot_experiment_config */
    size_t jobs;
    bool (*interrupted)(void);
    void (*progress)(void *ctx, double fraction, const char *what);
    void *progress_ctx;
} plot_compare_config;

/* One contender in one arena. */
typedef struct plot_cell {
    double alpha;        /* from the grid; NaN: not tuned */
    bool at_edge;        /* of the grid: a better step size may lie beyond it */
    size_t n_lost;       /* runs that ended at something not finite */
    plot_interval final; /* median over seeds, and 95% bootstrap interval */
    double rank;         /* mean over seeds, 1 = best; ties share */
    double *last;        /* [S] measure at the end of the budget */
    double *cost;        /* [S] until solved, in gradients of a batch; INFINITY: never */
    double *median, *low, *high; /* [C] */
    /* of `also`, where there is one: [S] at the end of the budget; [C] */
    double *also_last, *also_median, *also_low, *also_high;
} plot_cell;

/* Owned; cleared with plot_comparison_clear. */
typedef struct plot_comparison {
    size_t A, K, S, C;
    double *t;       /* [C] costs of the curves' points */
    plot_cell *cell; /* [A][K] */
    double *rank;    /* [K] mean over arenas */
    double *memory;
} plot_comparison;

/* MEKA_ERR_INPUT: unknown names, settings or data; a contender to be tuned without an option
 * `alpha`.  MEKA_ERR_IO: a file, or interrupted. */
meka_status plot_compare(plot_comparison *out, const plot_compare_config *config,
                         meka_error *err);
void plot_comparison_clear(plot_comparison *comparison);

/* Writes DIRECTORY/compare.tsv, .gp, .png, .svg and .txt (the caption); files: their names. */
meka_status plot_compare_draw(const plot_comparison *comparison,
                              const plot_compare_config *config, const char *caption,
                              plot_figure_files *files, meka_error *err);

/* The performance profile (Dolan, More, "Benchmarking optimization software with performance
 * profiles", 2002): the share of arenas and seeds that contender k solves at a cost of at most
 * `factor` times that of the cheapest contender there. */
double plot_profile(const plot_comparison *comparison, size_t k, double factor);

#endif
