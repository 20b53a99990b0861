/* optim/explain.h - one step of MEKA from a log: its line model and how its size was chosen. */
#ifndef OPT_EXPLAIN_H
#define OPT_EXPLAIN_H

#include "optim/log_read.h"
#include "optim/step_choice.h"

typedef struct meka_explanation {
    const meka_params *params; /* borrowed from the reader */
    bool adam;                 /* ADAMEKA */
    uint64_t t, n_before;      /* the step; steps before it without batches left out */
    opt_row row, before; /* this step's row; that of the step before, NaN: there is none */
    meka_line line;      /* what was measured */
    meka_choice choice;  /* what became of it, from the log alone */
} meka_explanation;

/* Repeats the choice of every step size up to step t from the rows of the log, for averages
 * reach back to the first; reader must be fresh from opt_log_reader_open.  What the log says
 * and what is repeated agree to rounding: |d|^2 and s are logged as square roots.
 *
 * MEKA_ERR_INPUT: the reader's failures, or a method that has no line model.
 * MEKA_ERR_RANGE: the log is fine but has no such step (the text says which there are), or its
 * batch was left out. */
meka_status meka_explain(opt_log_reader *reader, uint64_t t, meka_explanation *out,
                         meka_error *err);

/* How far the rules for comparison go in the model that was used; INFINITY: no best step. */
double meka_explain_rule(const meka_explanation *explanation, meka_rule rule);
/* What the rule maximizes, at step size a: PI Phi(-mu/sqrt V); EI sqrt(V) (z Phi(z) + phi(z));
 * quadratic -mu; bound -mu - k sqrt(p a^2) - k sqrt(q a^4/4); fixed NaN. */
double meka_explain_value(const meka_explanation *explanation, meka_rule rule, double a);

#endif
