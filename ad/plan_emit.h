/* ad/plan_emit.h - what the files that write a plan's words share. */
#ifndef AD_PLAN_EMIT_H
#define AD_PLAN_EMIT_H

#include "ad/plan_build.h"

typedef struct emitter {
    planner *p;
    scalars *s;
    words out, pack;
    words touched;      /* rows' nodes of the entry at hand */
    uint32_t *row;      /* [n0] row of a node, or GRAPH_NONE */
    uint32_t *last_use; /* [n0] entry number + 1 */
    uint32_t *fun;      /* [n0] number of a function */
    uint32_t *part;     /* [functions][GRAPH_N_PARTS] rows' nodes of its outputs */
    words free_rows;
    uint32_t n_rows;
    ad_plan *plan;
    size_t shape_capacity;
} emitter;

/* plan_emit.c: a row's node of the entry at hand; a word; the row's number. */
void plan_touch(emitter *e, uint32_t node);
void plan_put(emitter *e, uint32_t x);
uint32_t plan_row_number(const emitter *e, uint32_t node);

/* plan_emit_block.c: rows and words of a block (a node) and of jobs of a stat. */
void plan_touch_block(emitter *e, uint32_t id);
void plan_touch_stat(emitter *e, const row_stat *s);
void plan_put_block(emitter *e, uint32_t id);
void plan_put_stat(emitter *e, uint32_t number);
/* The planner's stats, and what they need of a worker. */
void plan_emit_stats(const planner *p, ad_plan *out);

#endif
