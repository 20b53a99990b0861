/* plots/experiment_unit.h - one run of an experiment, kept in a file. */
#ifndef PLOTS_EXPERIMENT_UNIT_H
#define PLOTS_EXPERIMENT_UNIT_H

#include "plots/experiment.h"

/* An experiment under way. */
typedef struct plot_setting {
    const plot_experiment *row;
    const plot_experiment_config *config;
    const plot_size *size;
    size_t S, C, steps;
    double *t; /* [C] */
    prob_instance problem;
    ad_program *program, *score;
    char directory[1024]; /* where runs are kept, or "" */
    char data[1024];      /* path of the problem's data, or "" */
    unsigned long code;   /* checksum of the program itself: what computes the runs */
} plot_setting;

/* Run number `item` = k * S + s: from its file, or else computed and written there.
 * value [C][M]. */
meka_status plot_unit_run(const plot_setting *setting, size_t item, size_t n_threads,
                          double *value, bool *lost, bool *cached, meka_error *err);

/* Of its samples and its start. */
uint64_t plot_unit_seed(const plot_setting *setting, size_t item);

/* The text at the head of the run's file: all that its numbers depend on.  Owned; NULL: no
 * memory. */
char *plot_unit_describe(const plot_setting *setting, size_t item, meka_error *err);

/* A run's file: true if it is there, whole, and has this description. */
bool plot_unit_read(const char *path, const char *description, const plot_setting *setting,
                    double *value, bool *lost);
meka_status plot_unit_write(const char *path, const char *description,
                            const plot_setting *setting, const double *value, bool lost,
                            meka_error *err);

#endif
