/* ad/program.h - recorded code, made ready for evaluation. */
#ifndef AD_PROGRAM_H
#define AD_PROGRAM_H

#include "ad/tape.h"

struct ad_program {
    ad_objective objective;
    ad_tape tape;    /* the trial recording; its code is what is replayed */
    uint8_t *active; /* [n_slots] 1: depends on theta; so derivatives pass through it */
};

/* Marks the slots that depend on theta. */
void ad_code_activity(const ad_code *code, uint8_t *active);

#endif
