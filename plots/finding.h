/* plots/finding.h - findings: a number, the range it must lie in, whether it does. */
#ifndef PLOTS_FINDING_H
#define PLOTS_FINDING_H

#include "plots/statistics.h"

#include <stdarg.h>
#include <stdio.h>

/* One finding: a number, the interval or bound it must meet, and whether it does. */
typedef struct plot_finding {
    char name[40];    /* stable key, e.g. "monte-carlo-band" */
    char claim[160];  /* what must hold, in words */
    double value;     /* what was measured */
    double low, high; /* its confidence interval, or the allowed range */
    double expected;  /* what theory or the paper says; NaN: only the range counts */
    bool passed;
    char detail[256]; /* how it was measured */
} plot_finding;

/* detail and args as for vprintf. */
plot_finding plot_finding_make(const char *name, const char *claim, plot_interval found,
                               double expected, bool passed, const char *detail, va_list args);

/* A line of tab-separated fields, and back; false: not such a line. */
void plot_finding_write(FILE *stream, const plot_finding *finding);
bool plot_finding_read(const char *line, plot_finding *out);

#endif
