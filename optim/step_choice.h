/* optim/step_choice.h - from a measured line model to the step size that is taken.
 *
 * All that lies between the two: calibrated slope, sign and average of the curvature, floor,
 * rule, smoothing, factor and cap.  The step of MEKA and its explanation are the same code. */
#ifndef OPT_STEP_CHOICE_H
#define OPT_STEP_CHOICE_H

#include "optim/meka.h"
#include "optim/step_size.h"

/* What a step knows before its size is chosen. */
typedef struct meka_line {
    opt_line_model measured; /* as claimed and measured; .s that of the value filter */
    double calibration;      /* A'/A; NaN: unknown, which counts as 1 */
    double length;           /* |d|^2 */
    double schedule;         /* the schedule's factor */
    uint64_t t;              /* steps done before this one */
} meka_line;

typedef struct meka_choice {
    opt_line_model model; /* what the rule was given */
    double average;       /* |d|^2 EMA(B/|d|^2); NaN: none is kept */
    double highest;   /* B + z sqrt q: where raising B to the average ends; NaN: no such end */
    bool determined;  /* the rule found a step; else the last one it found is `rule_step` */
    double rule_step; /* a by the rule */
    double smoothed;  /* a after the moving average */
    bool fixed;       /* the rule was only watching: alpha took the place of that */
    double wanted;    /* c a times the schedule's factor */
    double alpha;     /* that, but not above the cap */
} meka_choice;

/* The step that `rule` takes in this model, INFINITY if it determines none; fixed: alpha. */
double meka_rule_step(const meka_params *params, meka_rule rule, const opt_line_model *model);

/* memory: of the steps before; takes this one in. */
void meka_choose_step(const meka_params *params, const meka_line *line,
                      meka_choice_memory *memory, meka_choice *out);

#endif
