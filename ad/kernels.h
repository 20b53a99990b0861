/* ad/kernels.h - the varying machine, compiled for several instruction sets. */
#ifndef AD_KERNELS_H
#define AD_KERNELS_H

#include "ad/plan.h"

enum { KERNEL_LANES = 8 }; /* rows hold a multiple of this many lanes, whatever the vectors */

typedef enum kernel_level {
    KERNEL_NOTHING, /* jobs are only handed to emit */
    KERNEL_MEANS,
    KERNEL_SQUARES, /* and sums of squares */
    KERNEL_CROSS,   /* and of products of g and h */
} kernel_level;

/* A term of a block's result: a row times w, of which other results take elements further on;
 * numbers or, if w varies, numbers of rows. */
typedef struct kernel_term {
    const double *x;
    union {
        const double *number;
        const uint32_t *row;
    } w;
} kernel_term;

/* Room for sparse arrays. */
typedef struct kernel_sparse {
    uint32_t *column; /* [n_sparse] of a sample's terms, and their values */
    double *value;    /* [n_sparse] */
    uint32_t *where;  /* [n_columns] */
    uint32_t *next;   /* [n_entries][lanes] */
} kernel_sparse;

enum {
    KERNEL_TILE = 16,   /* elements of a block's jobs that are computed at a time */
    KERNEL_PANEL = 128, /* and of a right array of a compact stat */
};

typedef struct kernel_block {
    double *rows;     /* [n_rows][stride], of which lanes are used; 64-byte aligned */
    double *scratch;  /* [3][lanes] */
    size_t lanes;     /* a multiple of KERNEL_LANES */
    size_t stride;    /* an odd multiple: rows do not compete for the same cache sets */
    size_t n_valid;   /* samples in this block, 1..lanes */
    const double *xi; /* [n_valid][m] */
    size_t m;
    const double *u; /* scalars of ad_plan_uniform */
    const double *pack;
    const double *theta, *v;
    const ad_plan *plan;
    kernel_term *terms;    /* [n_terms] */
    const double **lookup; /* [n_lookup] */
    double *weights;       /* [n_weights] */
    double *tile;          /* [2][KERNEL_TILE + 1][lanes] */
    double *left;          /* [n_left][lanes] */
    double *panel;         /* [2][lanes][KERNEL_PANEL] */
    double *stat;          /* [n_stat_memory] */
    kernel_sparse sparse;
    double *kept; /* [program's n_kept][lanes] of this block, or NULL */
    bool recall;  /* such values are read, not computed and written */
    bool compact; /* means, and the sums of variances, are all that is asked for */
    double *sums; /* [n_jobs][JOB_SIZE] */
    bool first;   /* no block before this one: take g0, h0 here */
    kernel_level level;
    /* Called for each job with its g and h [lanes]; NULL: not wanted. */
    void (*emit)(void *ctx, uint32_t job, const double *g, const double *h);
    void *emit_ctx;
} kernel_block;

/* Of a compact stat. */
typedef struct kernel_total {
    double *mean[2];  /* [stat's n] of g and of h */
    double *products; /* [STAT_SUMS] sums over the components of products of deviations */
} kernel_total;

typedef struct kernel_set {
    ad_isa isa;
    /* Runs code [n]. */
    void (*run)(const kernel_block *block, const uint32_t *code, size_t n);
    /* rows[feature[k].row][l] = xi[l][feature[k].index]; features are sorted by index. */
    void (*load)(const kernel_block *block, const plan_feature *feature, size_t n);
    uniform_loop *loop; /* of the uniform machine */
    /* Appends a segment of n samples, with these sums, to a compact stat's total of n_before.
     * ad/kernels_merge.h. */
    void (*merge)(const plan_stat *stat, const double *memory, const double *sums, double n,
                  const kernel_total *total, double n_before, kernel_level level);
} kernel_set;

/* Kernels for isa, or NULL if they are not compiled in or this processor cannot run them. */
const kernel_set *ad_kernels(ad_isa isa);

extern const kernel_set ad_kernels_baseline, ad_kernels_avx2, ad_kernels_avx512;

#endif
