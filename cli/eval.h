/* cli/eval.h - what `meka eval` computes and how it is shown. */
#ifndef CLI_EVAL_H
#define CLI_EVAL_H

#include "cli/subject.h"

/* Everything over n samples; d parameters. */
typedef struct cli_evaluation {
    const cli_subject *subject;
    double *direction; /* [d], or NULL: no products */
    double *loss;      /* [n] */
    double *grad;      /* [n][d] */
    double *hvp;       /* [n][d], or NULL */
    ad_moments moments;
} cli_evaluation;

/* To stdout. */
void cli_evaluation_print(const cli_evaluation *evaluation);
meka_status cli_evaluation_print_json(const cli_evaluation *evaluation, meka_error *err);

#endif
