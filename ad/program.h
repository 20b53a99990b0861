/* ad/program.h - recorded code, made ready for evaluation. */
#ifndef AD_PROGRAM_H
#define AD_PROGRAM_H

#include "ad/plan.h"

struct ad_program {
    ad_objective objective;
    ad_tape tape;       /* the trial recording */
    uint8_t *active;    /* [n_slots] 1: depends on theta; so derivatives pass through it */
    unsigned passes;    /* AD_PASS_... that are on */
    bool replay;        /* plan holds what serves every sample */
    size_t n_kept;      /* values of a sample that plans can keep for one another, */
    size_t first_along; /* of which those from here on depend on the direction */
    ad_plan plan[PLAN_N_MODES];
};

/* Marks the slots that depend on theta. */
void ad_code_activity(const ad_code *code, uint8_t *active);

#endif
