/* ad/scratch.h - memory for variables while an operation records others. */
#ifndef AD_SCRATCH_H
#define AD_SCRATCH_H

#include "ad/tape.h"
#include "base/memory.h"

/* Room for n variables, to be freed with free(); NULL: no tape, or it has an error (now). */
static inline ad_var *ad_scratch(ad_tape *tape, size_t n)
{
    return tape && tape->error.status == MEKA_OK ? meka_alloc(n, sizeof(ad_var), &tape->error)
                                                 : NULL;
}

#endif
