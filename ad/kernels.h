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
    KERNEL_TILE = 16,          /* elements of a block's jobs that are computed at a time */
    KERNEL_PANEL = 8192,       /* doubles of a panel of a right array of a compact stat, or */
    KERNEL_LEAST_COLUMNS = 32, /* as many columns as the longest tile has at most, up to */
    KERNEL_MOST_COLUMNS = 128,
    /* Vectors on one side of a compact stat's outer products, and inner products of two. */
    KERNEL_VECTORS = 4,
    KERNEL_PRODUCTS = KERNEL_VECTORS * (KERNEL_VECTORS + 1) / 2,
};

/* Of one panel of `lanes` samples. */
static inline size_t kernel_panel_size(size_t lanes)
{
    return lanes * KERNEL_LEAST_COLUMNS > KERNEL_PANEL ? lanes * KERNEL_LEAST_COLUMNS
                                                       : KERNEL_PANEL;
}

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
    double *panel;         /* [2][kernel_panel_size(lanes)] */
    double *stat;          /* [n_stat_memory] */
    kernel_sparse sparse;
    double *factors; /* [n_factors][factor_stride] of compact stats, at this block's lanes */
    size_t factor_stride;
    double *kept;            /* [program's n_kept][lanes] of this block, or NULL */
    size_t first_along;      /* number of the first of them that depends on v */
    bool keep[2], recall[2]; /* such values are written; are read, not computed; [1]: of v */
    bool compact;            /* means, and the sums of variances, are all that is asked for */
    double *sums;            /* [n_jobs][JOB_SIZE] */
    bool first;              /* no block before this one: take g0, h0 here */
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

/* A dense one over a chunk of samples, which is a block whose rows are its factors. */
typedef struct kernel_chunk {
    const kernel_total *total; /* of n_before samples */
    double n_before;
    size_t n_groups; /* of columns */
} kernel_chunk;

/* What a group of columns contributes. */
typedef struct kernel_part {
    double own[4], between[4]; /* STAT_...: of sums of deviations, of differences of means */
    bool finite;               /* the means are */
    double *right_products;    /* [KERNEL_PRODUCTS][lanes], the caller's */
} kernel_part;

/* A stat whose mean is not written out: ad/kernels_factored.h. */
typedef struct kernel_factored {
    double *x;              /* [n_x, rounded up to KERNEL_MOST_COLUMNS][lanes], in panels */
    double *gram;           /* [lanes][lanes] G, x_i.x_j */
    double *sum;            /* [lanes] of its rows */
    double *right_products; /* [KERNEL_PRODUCTS][lanes] */
    double *along, square;  /* [lanes] x_i.e, |e|^2 with e the sum of x - x_0 */
    double *product;        /* [n_left][n_z][lanes] (z - z_0) G */
    /* For combinations out = mean of z x' + scale out: z [n_z][lanes], and its z_0 [n_z]. */
    double *left, *first;
    double *out; /* [n_z][n_x] */
    double scale;
} kernel_factored;

typedef struct kernel_set {
    ad_isa isa;
    /* Runs code [n]. */
    void (*run)(const kernel_block *block, const uint32_t *code, size_t n);
    /* rows[feature[k].row][l] = xi[l][feature[k].index]; features are sorted by index. */
    void (*load)(const kernel_block *block, const plan_feature *feature, size_t n);
    uniform_loop *loop; /* of the uniform machine */
    /* Appends a segment of n samples, with these sums, to a sparse compact stat's total of
     * n_before.  ad/kernels_merge.h. */
    void (*merge)(const plan_stat *stat, const double *memory, const double *sums, double n,
                  const kernel_total *total, double n_before, kernel_level level);
    /* Appends a chunk of samples to a dense one's total: once, once for each group of columns
     * in any order, and once, which says whether the means are finite.  number [rows of the
     * stat] = 0, 1, 2, ...  ad/kernels_chunk.h. */
    void (*chunk_begin)(const kernel_block *chunk, const plan_stat *stat,
                        const uint32_t *number);
    void (*chunk_columns)(const kernel_block *chunk, const plan_stat *stat,
                          const uint32_t *number, const kernel_chunk *c, size_t group,
                          kernel_part *out);
    bool (*chunk_end)(const kernel_block *chunk, const plan_stat *stat, const kernel_chunk *c,
                      const kernel_part *part);
    /* Instead of the last two, for all samples in one chunk: once for each group of columns,
     * with a G [lanes][lanes] of its own; once; for each group of rows; and once, with the
     * statistics and the sums' inner products [STAT_SUMS].  Then
     * a combination, once for each group of columns, which returns its sum of squares.
     * ad/kernels_factored.h. */
    void (*factored_columns)(const kernel_block *chunk, const plan_stat *stat,
                             const uint32_t *number, const kernel_chunk *c,
                             const kernel_factored *f, size_t group, double *gram);
    void (*factored_gather)(const kernel_block *chunk, const plan_stat *stat,
                            const kernel_chunk *c, double *const *gram, kernel_factored *out);
    void (*factored_rows)(const kernel_block *chunk, const plan_stat *stat,
                          const kernel_chunk *c, const kernel_factored *f, size_t group);
    void (*factored_end)(const kernel_block *chunk, const plan_stat *stat,
                         const kernel_factored *f, double *products, double *inner);
    double (*factored_combine)(const kernel_block *chunk, const plan_stat *stat,
                               const uint32_t *number, const kernel_chunk *c,
                               const kernel_factored *f, size_t group);
} kernel_set;

/* Kernels for isa, or NULL if they are not compiled in or this processor cannot run them. */
const kernel_set *ad_kernels(ad_isa isa);

extern const kernel_set ad_kernels_baseline, ad_kernels_avx2, ad_kernels_avx512;

#endif
