/* ad/batch.h - evaluation block by block, and what is done with each block. */
#ifndef AD_BATCH_H
#define AD_BATCH_H

#include "ad/program.h"
#include "ad/sweep.h"

/* Running sums of two d-vectors per sample, gradient g and product h, shifted by those of
 * the first sample so that a large mean cannot cancel the variance away. */
typedef struct ad_sums {
    double *g0, *h0;      /* [d] the first sample's */
    double *g1, *h1;      /* [d] sums of x - x0 */
    double *gg, *hh, *gh; /* [d] sums of products of those */
    double *row;          /* [d] scratch */
} ad_sums;

struct ad_batch {
    const ad_program *program;
    ad_tape tape;    /* for objectives that are recorded anew for every sample */
    uint8_t *active; /* [active_capacity], belongs to tape */
    size_t active_capacity;
    size_t max_lanes;
    ad_workspace workspace; /* n_lanes: of the block at hand */
    size_t slot_capacity;   /* slots the workspace and jet have room for */
    double *jet;            /* [slot_capacity][3][max_lanes] */
    ad_sums sums;
};

/* One block after its sweeps. */
typedef struct ad_block {
    const ad_code *code;
    const uint8_t *active;
    ad_workspace *w;
    size_t first; /* index of lane 0's sample in the batch; w->n_lanes samples follow */
} ad_block;

/* Which sweeps to run. */
typedef enum ad_depth { AD_DEPTH_VALUE, AD_DEPTH_GRADIENT, AD_DEPTH_LINE } ad_depth;

typedef struct ad_request {
    const double *theta, *v; /* [d]; v NULL: no tangents */
    size_t n;
    const double *xi; /* [n][m] */
    ad_depth depth;
    int order; /* of AD_DEPTH_LINE */
} ad_request;

typedef void (*ad_sink)(void *ctx, const ad_batch *batch, const ad_block *block);

/* Evaluates all blocks in order and hands each to sink.  Fails only where the objective has
 * to be recorded anew: a recording error or memory. */
meka_status ad_batch_visit(ad_batch *batch, const ad_request *request, ad_sink sink, void *ctx,
                           meka_error *err);

/* Finds the first sample whose loss or derivatives are not finite and the operation they
 * come from; returns MEKA_NONFINITE with its description, or MEKA_OK if there is none. */
meka_status ad_batch_locate(ad_batch *batch, const ad_request *request, meka_error *err);

#endif
