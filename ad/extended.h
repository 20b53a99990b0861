/* ad/extended.h - recorded code in long double, one sample at a time. */
#ifndef AD_EXTENDED_H
#define AD_EXTENDED_H

#include "ad/program.h"

/* One sample's evaluation and the memory for it, kept from call to call. */
typedef struct ad_extended {
    const ad_program *program; /* borrowed */
    ad_tape tape;              /* of an objective that is recorded anew */
    const ad_code *code;       /* what was evaluated last: the program's or the tape's */
    long double *value;        /* [n_slots] */
    size_t value_capacity;
    double *point; /* [d + m] theta and xi rounded to double */
    /* A hash of every decision taken: the signs of what abs, relu, max, min and comparisons
     * look at, the side each select took, and the instructions where they may change.  Equal
     * at two points: with near certainty the same formula holds at both. */
    uint64_t decisions;
} ad_extended;

/* The program must outlive it. */
meka_status ad_extended_init(ad_extended *e, const ad_program *program, meka_error *err);
void ad_extended_clear(ad_extended *e); /* zeroed is fine */

/* As ad_program_eval_extended. */
meka_status ad_extended_eval(ad_extended *e, const long double *theta, const long double *xi,
                             long double *loss, meka_error *err);

/* The first instruction that depends on theta and sat on a tie in the last evaluation: abs or
 * relu of 0, max, min or a comparison of equal values; the code's n if there is none. */
meka_status ad_extended_find_tie(const ad_extended *e, size_t *instruction, meka_error *err);

#endif
