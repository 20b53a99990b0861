/* tests/plan_reader.h - reads a plan's varying code by the formats in ad/plan.h. */
#ifndef TESTS_PLAN_READER_H
#define TESTS_PLAN_READER_H

#include "ad/program.h"
#include "tests/testing.h"

/* An instruction: its kind and the words after it. */
typedef struct plan_instruction {
    uint32_t kind;
    const uint32_t *word;
} plan_instruction;

/* Words of a list of terms that begins with its counts. */
static inline size_t plan_list_words(const uint32_t *w)
{
    return 4 + 2 * (size_t)w[0] + 3 * (size_t)w[1] + 4 * (size_t)w[2] + 4 * (size_t)w[3];
}

/* Words of an array of n operands. */
static inline size_t plan_operand_words(const uint32_t *w, size_t n)
{
    return w[0] == PLAN_ROWS ? 1 + n : 2;
}

static inline size_t plan_block_words(const ad_plan *plan, const uint32_t *w)
{
    const ad_block_shape *s = &plan->shape[w[0]];
    ad_block_part part = (ad_block_part)w[1];
    const size_t n[2] = {ad_block_size(s, part == AD_BLOCK_W ? AD_BLOCK_X : AD_BLOCK_W),
                         ad_block_size(s, part == AD_BLOCK_Z ? AD_BLOCK_X : AD_BLOCK_Z)};
    size_t words = 4 + ad_block_size(s, part);
    for (uint32_t k = 0; k < 2 * w[2]; k++)
        words += s->n_terms && k % 2 == (part == AD_BLOCK_Z)
                     ? 2
                     : plan_operand_words(w + words, n[k % 2]);
    return words;
}

static inline size_t plan_stat_words(const plan_stat *s)
{
    return 1 + s->n_left * (1 + ad_block_size(&s->shape, AD_BLOCK_Z)) +
           (s->shape.n_terms ? 0 : s->n_right * (1 + ad_block_size(&s->shape, AD_BLOCK_X)));
}

/* Words after the kind. */
static inline size_t plan_instruction_words(const ad_plan *plan, const plan_instruction *in)
{
    const uint32_t *w = in->word;
    switch (in->kind) {
    case PLAN_SUM:
        return 2 + plan_list_words(w + 2);
    case PLAN_GROUP:
        return 3 + 2 * (size_t)w[0] + w[1];
    case PLAN_FEATURE_GROUP:
        return 4 + 2 * (size_t)w[0];
    case PLAN_FUN1:
        return 7;
    case PLAN_FUN2:
        return 14;
    case PLAN_SELECT:
        return 4;
    case PLAN_JOB: {
        size_t g = plan_list_words(w + 2);
        return 2 + g + plan_list_words(w + 2 + g);
    }
    case PLAN_FEATURE_JOBS:
        return 5;
    case PLAN_BLOCK:
        return plan_block_words(plan, w);
    case PLAN_BLOCK_JOBS:
        return plan_stat_words(&plan->stat[w[0]]);
    }
    ck_abort_msg("no instruction has number %u", in->kind);
    return 0;
}

/* The instruction at *at, which moves on to the next; false at the end. */
static inline bool plan_next(const ad_plan *plan, size_t *at, plan_instruction *out)
{
    if (*at == plan->n_code)
        return false;
    *out = (plan_instruction){plan->code[*at], plan->code + *at + 1};
    *at += 1 + plan_instruction_words(plan, out);
    ck_assert_uint_le(*at, plan->n_code);
    return true;
}

/* How many instructions are of this kind. */
static inline size_t plan_count(const ad_plan *plan, uint32_t kind)
{
    plan_instruction in;
    size_t n = 0;
    for (size_t at = 0; plan_next(plan, &at, &in);)
        n += in.kind == kind;
    return n;
}

/* Number k of those of this kind. */
static inline plan_instruction plan_find(const ad_plan *plan, uint32_t kind, size_t k)
{
    plan_instruction in;
    for (size_t at = 0; plan_next(plan, &at, &in);)
        if (in.kind == kind && k-- == 0)
            return in;
    ck_abort_msg("no such instruction");
    return in;
}

/* Terms of a SUM. */
static inline size_t plan_sum_terms(const plan_instruction *in)
{
    return (size_t)in->word[2] + in->word[3] + in->word[4] + in->word[5];
}

/* Terms of all SUMs and entries of all GROUPs' matrices: multiplications per sample. */
static inline size_t plan_multiplications(const ad_plan *plan)
{
    plan_instruction in;
    size_t n = 0;
    for (size_t at = 0; plan_next(plan, &at, &in);) {
        if (in.kind == PLAN_SUM)
            n += plan_sum_terms(&in);
        if (in.kind == PLAN_GROUP || in.kind == PLAN_FEATURE_GROUP)
            n += (size_t)in.word[0] * in.word[1];
    }
    return n;
}

#endif
