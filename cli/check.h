/* cli/check.h - the pieces of `meka check`. */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include "cli/subject.h"

#include "ad/extended.h"

/* ---------------------------------------------------------------- findings */

typedef enum cli_outcome { CLI_PASS, CLI_FAIL, CLI_HINT } cli_outcome;

typedef struct cli_finding {
    cli_outcome outcome;
    const char *name;    /* a word: "gradient" */
    double error, bound; /* the worst comparison, by error/bound; NaN: nothing was compared */
    char text[768];      /* a sentence with what and where */
} cli_finding;

typedef struct cli_findings {
    cli_finding item[64];
    size_t n;
} cli_findings;

/* "pass", "FAIL" or "hint". */
const char *cli_outcome_name(cli_outcome outcome);
/* Adds one; beyond the room there is for them they are dropped. */
void cli_find(cli_findings *findings, cli_outcome outcome, const char *name, double error,
              double bound, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* --------------------------------------------------------------- worst cases */

/* Many comparisons of one kind and the worst of them. */
typedef struct cli_worst {
    size_t n;            /* comparisons made */
    size_t n_undecided;  /* others, whose differences did not settle */
    double error, bound; /* of the one with the largest error/bound */
    double got, want;
    size_t point, sample;
} cli_worst;

/* Kinds of comparisons, in the order in which they are reported. */
typedef enum cli_kind {
    CLI_VALUE,    /* loss: double against extended precision */
    CLI_GRADIENT, /* g.v against first differences */
    CLI_PRODUCT,  /* v.Hv against second differences */
    CLI_MIXED,    /* u.Hv against second differences along u, v and u + v */
    CLI_SYMMETRY, /* u.Hv against v.Hu */
    CLI_MEAN,     /* mean gradient . v against differences of the mean */
    CLI_MOMENTS,  /* ad_eval_moments against the per-sample numbers */
    CLI_LINE,     /* ad_eval_line against gradients and products */
    CLI_THIRD,    /* its third derivative against third differences */
    CLI_N_KINDS
} cli_kind;

void cli_worst_add(cli_worst *worst, double got, double want, double bound, size_t point,
                   size_t sample);

/* --------------------------------------------------------------------- state */

/* A tie that was met. */
typedef struct cli_kink {
    const char *file; /* NULL: not an operation's, but the objective's own branch */
    int line;
    const char *operation;
    size_t point, sample;
    double left, right, recorded; /* slopes along one direction */
    bool smooth;                  /* they agree: a tie without a kink */
    bool jump;                    /* the loss itself is not continuous */
} cli_kink;

/* A single parameter's derivative that is wrong. */
typedef struct cli_culprit {
    bool found;
    size_t parameter;
    double got, want;
} cli_culprit;

typedef struct cli_checkup {
    const cli_subject *subject;
    cli_findings findings;
    meka_rng rng;
    ad_batch *batch;
    ad_extended extended;
    size_t n, d, m;    /* samples, parameters, features */
    size_t point;      /* 0: the point asked for; others are near it */
    double *theta;     /* [d] the point at hand */
    double *u, *v, *w; /* [d] directions; w = u + v */
    double *loss;      /* [n] */
    double *grad;      /* [n][d] */
    double *hu, *hv;   /* [n][d] */
    uint8_t *used;     /* [d + m] some recording needs the input */
    uint8_t *moved;    /* [d] some gradient was not 0 */
    long double *xi;   /* [m] */
    long double *at;   /* [d] */
    cli_worst worst[CLI_N_KINDS];
    cli_culprit culprit;
    cli_kink kink; /* the first tie; the first that is a kink, if one is */
    size_t n_ties;
    double noise;   /* at the sample at hand: |loss in double - loss in extended precision| */
    double largest; /* and the largest |value| of its recording */
    size_t n_rough; /* comparisons that only the rounding of such values explains */
    double roughest;
    /* Sums over the samples at the point at hand, of differences along v and their bounds. */
    double slope, slope_bound, third, third_bound;
    bool smooth; /* all of them are differences of one formula */
} cli_checkup;

/* Recording: pure, replayable, what is used.  *pure false: nothing else can be said. */
meka_status cli_check_recording(cli_checkup *c, bool *pure, meka_error *err);
/* What is not used, and how large the program is; last, when all points were seen. */
meka_status cli_check_usage(cli_checkup *c, meka_error *err);

/* At the point at hand, where losses, gradients and products are known: against differences
 * in extended precision, and products against each other. */
meka_status cli_check_differences(cli_checkup *c, meka_error *err);
/* One finding for each kind of comparison, and for kinks: what all points came to. */
void cli_check_conclude(cli_checkup *c);

/* At the point at hand: moments and line derivatives against the per-sample numbers. */
meka_status cli_check_statistics(cli_checkup *c, meka_error *err);

/* To stdout; the verdict follows from the findings. */
void cli_findings_print(const cli_checkup *c);
meka_status cli_findings_print_json(const cli_checkup *c, meka_error *err);

/* ---------------------------------------------------------------- differences */

/* Derivatives of one sample's loss along one direction, orders 0..3, with what they may be
 * off by. */
typedef struct cli_slopes {
    double value[4], error[4];
    double left, right; /* where not smooth: the one-sided first derivatives */
    bool smooth;        /* the same formula holds on both sides of the point */
    bool jump;          /* not smooth, and the value itself differs */
} cli_slopes;

/* size [4]: the derivatives' rough sizes, which say how small an error is small enough.
 * MEKA_NONFINITE: the loss is not finite at the point itself. */
meka_status cli_slopes_measure(cli_slopes *out, cli_checkup *c, size_t sample,
                               const double *direction, const double *size, meka_error *err);

#endif
