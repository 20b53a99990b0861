/* ad/tape.h - what recording leaves behind.
 *
 * Slots number values: theta 0..d-1, features d..d+m-1, then one slot per instruction in
 * the order recorded, so that every operand's slot is smaller than its user's.
 */
#ifndef AD_TAPE_H
#define AD_TAPE_H

#include "ad/block.h"

typedef enum ad_op {
    AD_OP_CONST, /* a: index into real */
#define AD_OP1(name, ...) AD_OP_##name,
#define AD_OP2(name, ...) AD_OP_##name,
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
    AD_OP_SELECT, /* a: condition, b: offset into list of the two choices */
    AD_OP_SUM,    /* a: offset into list, b: count */
    AD_OP_DOT,    /* a: offset into list (x then y), b: count of each */
    AD_OP_BLOCK,  /* a: index into block, b: number of the element of its result */
    AD_N_OPS
} ad_op;

typedef struct ad_instruction {
    uint32_t op;    /* ad_op */
    uint32_t a, b;  /* operand slots, or as ad_op says */
    uint32_t where; /* index into place */
} ad_instruction;

typedef struct ad_place {
    const char *file; /* the caller's __FILE__, borrowed from its code */
    int line;
} ad_place;

/* A bilinear block; its result's elements are consecutive slots from `first` on. */
typedef struct ad_block {
    ad_block_shape shape;
    uint32_t w, x;  /* offsets into list; x follows w */
    uint32_t first; /* slot */
} ad_block;

/* Straight-line code over slots. */
typedef struct ad_code {
    size_t n_params, n_features;
    size_t n;                    /* instructions */
    ad_instruction *instruction; /* [n] */
    double *real;                /* [n_reals] */
    size_t n_reals;
    uint32_t *list; /* [n_list] operand slots of SELECT, SUM, DOT, BLOCK */
    size_t n_list;
    ad_block *block; /* [n_blocks] */
    size_t n_blocks;
    ad_place *place; /* [n_places] */
    size_t n_places;
    uint32_t result; /* slot of the loss */
} ad_code;

static inline size_t ad_code_n_slots(const ad_code *code)
{
    return code->n_params + code->n_features + code->n;
}

struct ad_tape {
    ad_code code;
    double *value; /* [n_slots] at the point of recording */
    size_t instruction_capacity, real_capacity, list_capacity, block_capacity;
    size_t place_capacity, value_capacity;
    meka_error error; /* the first, sticky; status MEKA_OK: none */
    ad_place read;    /* where ad_value was first called; file NULL: never */
};

/* An empty tape.  clear frees what it holds. */
void ad_tape_init(ad_tape *tape);
void ad_tape_clear(ad_tape *tape);

/* Records the objective at theta [d], xi [m], replacing what the tape held (its memory is
 * kept).  MEKA_ERR_RECORD or MEKA_ERR_MEMORY: the first recording error. */
meka_status ad_tape_record(ad_tape *tape, const ad_objective *objective, const double *theta,
                           const double *xi, meka_error *err);

const char *ad_op_name(ad_op op);

/* The slots an instruction's value is computed from; a select's condition is not among
 * them, since no derivative passes through it.  *operand points into the code or at `own`.
 * A block's first element stands for the others: it has the block's operands, and they have
 * it for their only one. */
size_t ad_code_operands(const ad_code *code, const ad_instruction *in, uint32_t own[2],
                        const uint32_t **operand);

#endif
