/* ad/sparse.h - blocks of a sparse x, in the sweeps over tapes.
 *
 *     y[z] = sum_k value[k] w[z][index[k]]
 *
 * A term of value 0 adds nothing; an index that is none of 0 .. n_in - 1 makes all y NaN. */
#ifndef AD_SPARSE_H
#define AD_SPARSE_H

#include "ad/sweep.h"

#include <math.h>

/* The column that an index means; SIZE_MAX: none. */
static inline size_t ad_sparse_column(const ad_block_shape *s, double index)
{
    if (!(index >= 0.0 && index < s->channels_in) || index != floor(index))
        return SIZE_MAX;
    return (size_t)index;
}

/* Slots of term k of the block's element z. */
static inline uint32_t ad_sparse_index(const ad_code *code, const ad_block *b, size_t k)
{
    return code->list[b->x + k];
}
static inline uint32_t ad_sparse_value(const ad_code *code, const ad_block *b, size_t k)
{
    return code->list[b->x + b->shape.n_terms + k];
}
static inline uint32_t ad_sparse_weight(const ad_code *code, const ad_block *b, size_t z,
                                        size_t column)
{
    return code->list[b->w + z * b->shape.channels_in + column];
}

/* Element z in lane l; value [n_slots][n_lanes]. */
double ad_sparse_element(const ad_code *code, const ad_block *b, size_t z, const double *value,
                         size_t n_lanes, size_t l);

/* What the sweeps do for one instruction, an element of such a block in this slot. */
void ad_sparse_forward(const ad_code *code, const ad_instruction *in, const ad_workspace *w,
                       double *out);
/* out += the tangent. */
void ad_sparse_tangent(const ad_code *code, const ad_instruction *in, const ad_workspace *w,
                       double *out);
void ad_sparse_reverse(const ad_code *code, const ad_instruction *in, uint32_t slot,
                       const ad_workspace *w, bool dual);

#endif
