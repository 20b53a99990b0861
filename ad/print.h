/* ad/print.h - what can be said about recorded code. */
#ifndef AD_PRINT_H
#define AD_PRINT_H

#include "ad/tape.h"

/* What a slot's value depends on. */
enum {
    AD_ON_THETA = 1, /* alone: uniform, one value per batch */
    AD_ON_SAMPLE = 2 /* varying */
};

/* depends [n_slots]: sums of the above; a select depends on its condition too. */
void ad_code_dependence(const ad_code *code, uint8_t *depends);

/* "constant", "uniform" or "varying". */
const char *ad_dependence_name(uint8_t depends);

/* needed [n_slots]: 1 where the result is computed from the slot, 0 elsewhere. */
void ad_code_needed(const ad_code *code, uint8_t *needed);

/* All operands of an instruction, as ad_code_operands, but a select's condition first. */
typedef struct ad_operand_list {
    uint32_t own[3];
    const uint32_t *slot; /* [n] */
    size_t n;
} ad_operand_list;
void ad_code_list_operands(const ad_code *code, const ad_instruction *in, ad_operand_list *out);

/* counts [AD_N_OPS]: how often each operation occurs. */
void ad_code_count(const ad_code *code, size_t *counts);

#endif
