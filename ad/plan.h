/* ad/plan.h - a graph made ready to run over blocks of samples.
 *
 * A plan is code for two machines.  The uniform machine works on scalars u[] and runs once per
 * evaluation: everything that depends on theta and the direction only.  The varying machine
 * works on rows, one double per lane (sample of the block), and runs once per block.  What
 * remains varying is linear algebra - sums of products - around few functions.
 *
 * Varying code is a stream of 32-bit words; rows and scalars are numbers:
 *
 *   SUM    out init TERMS     out = init + the sum of the terms
 *   GROUP  R C pack  out*R init*R x*C                 out_r = init_r + sum_k pack[k][r] x_k
 *   FEATURE_GROUP  R C pack j out*R init*R     out_r = init_r + sum_k pack[r][k] xi_{j+k}
 *   FUN1   op order x  out*4                          value and derivatives up to order
 *   FUN2   op mask a b  out*10                        value and partials in mask
 *   SELECT condition a b out
 *   JOB    job shape TERMS TERMS      statistics of g and h, each the sum of its terms
 *   BLOCK  shape part n kept out*N OPERANDS*n
 *                                     out = the sum of n derivatives of a bilinear form
 *   BLOCK_JOBS     stat OPERANDS*n          jobs of a plan_stat, of its arrays
 *   FEATURE_JOBS   job n j x y        jobs job + k, k < n, of g = x xi_{j+k}, h = y xi_{j+k}
 *
 * TERMS are n1 n2 n3 n4  (c x)*n1  (c x y)*n2  (c x y z)*n3  (c s o x)*n4, the last standing
 * for c (s x + o)^2.
 *
 * OPERANDS are two arrays, each THETA, ALONG or PACK with an offset, for numbers that stand
 * together, or ROWS with the rows' numbers; of BLOCK_JOBS always the latter.  A sparse x is two
 * features, where its indices start and its values; of BLOCK_JOBS it is nothing.  Results of a
 * block that nobody needs have the number UINT32_MAX.  kept: where they are kept for other
 * plans, or UINT32_MAX.
 *
 * FEATURE_GROUP and FEATURE_JOBS are for features that stand together in a sample: these are
 * read where they lie, with lanes of features, and need no rows.
 *
 * Uniform code, of scalars likewise:
 *
 *   SUM    out n0 n1 n2 n3  (c)*n0 (c x)*n1 (c x y)*n2 (c x y z)*n3
 *   LOOP   n, then as SUM but every c, x, y, z with a stride (0 or 1): n sums, out + 0, 1, ...
 *   FUN    op mask a b  out*10
 *   SELECT condition a b out
 */
#ifndef AD_PLAN_H
#define AD_PLAN_H

#include "ad/graph.h"

enum {
    PLAN_SUM,
    PLAN_GROUP,
    PLAN_FEATURE_GROUP,
    PLAN_FUN1,
    PLAN_FUN2,
    PLAN_SELECT,
    PLAN_JOB,
    PLAN_FEATURE_JOBS,
    PLAN_BLOCK,
    PLAN_BLOCK_JOBS
};

/* Where a block's operand is. */
enum { PLAN_ROWS, PLAN_THETA, PLAN_ALONG, PLAN_PACK };

enum { UNIFORM_SUM, UNIFORM_LOOP, UNIFORM_FUN, UNIFORM_SELECT };

enum {
    PLAN_ZERO = 0, /* u[0] = 0 */
    PLAN_ONE = 1,  /* u[1] = 1: a coefficient that need not be multiplied by */
    PLAN_FIRST_SCALAR = 2,
    PLAN_ADD = -1, /* as init: add to what out holds */
};

/* What a job's expressions look like; terms of these shapes have the coefficient PLAN_ONE. */
typedef enum plan_shape {
    PLAN_ANY,      /* whatever the term lists say */
    PLAN_G1,       /* g = x */
    PLAN_LOSS,     /* the same; its sum of squares is always taken */
    PLAN_G2,       /* g = x y */
    PLAN_G2_H2,    /* g = x y, h = x' y' */
    PLAN_G2_H2_H2, /* g = x y, h = x' y' + x'' y'' */
} plan_shape;

/* Sums of one job: of x = g - g0 and z = h - h0 with g0, h0 of the first sample. */
enum { JOB_G, JOB_GG, JOB_H, JOB_HH, JOB_GH, JOB_G0, JOB_H0, JOB_SIZE = 8 };

/* How a component comes from the quantity X of a job: scale (inner_scale X + inner_offset) +
 * offset, in this order: what the user wrote as a difference is evaluated as one. */
typedef struct plan_map {
    uint32_t inner_scale, inner_offset, scale, offset; /* scalars */
} plan_map;

/* A component of gradient and product, from a job's g and h; job PLAN_NO_JOB: neither varies
 * and only the offsets count. */
#define PLAN_NO_JOB UINT32_MAX
typedef struct plan_param {
    uint32_t index; /* of the parameter */
    uint32_t job;
    plan_map g, h;
} plan_param;

/* The derivatives of blocks with respect to w: one job per element, g and h those of two
 * blocks of one shape (or of one, or h absent).  left: arrays of z, right: of x. */
enum { STAT_ARRAYS = 2 * GRAPH_PAIRS, STAT_PAIRS = GRAPH_PAIRS };
typedef struct plan_stat {
    ad_block_shape shape;
    uint32_t first_job, n; /* n = size of w */
    bool compact;          /* a matrix product will do; see ad/kernels_ghost.h */
    bool factored;         /* its mean need not be written out; see ad/kernels_factored.h */
    bool direct; /* of the parameters from number `param` on, in order, without a factor */
    uint32_t param;
    uint32_t n_left, n_right;
    uint32_t n_pairs[2];             /* of g and h */
    uint32_t pair[2][STAT_PAIRS][2]; /* left, right */
    uint32_t feature[STAT_ARRAYS];   /* right arrays that stand together in xi start here, or
                                        UINT32_MAX; a sparse one's indices */
    uint32_t value[STAT_ARRAYS];     /* and the values of a sparse one */
    size_t offset;                   /* of its part in the memory for stats */
    size_t factor; /* if compact and dense: number of its first row of factors */
} plan_stat;

typedef struct plan_feature {
    uint32_t index, row;
} plan_feature;

/* What is asked of a program. */
typedef enum plan_mode {
    PLAN_GRADIENT, /* loss and gradient */
    PLAN_PRODUCT,  /* loss, gradient and Hessian-vector product */
    PLAN_LINE,     /* loss and its Taylor coefficients up to order 0, 1, 2, 3 */
    PLAN_LINE_1,
    PLAN_LINE_2,
    PLAN_LINE_3,
    PLAN_N_MODES
} plan_mode;

typedef struct ad_plan {
    /* The uniform machine. */
    size_t n_scalars;
    double *start;   /* [n_scalars] constants in place, the rest 0 */
    uint32_t *param; /* [n_used_params][2]: parameter, scalar */
    uint32_t *along; /* [n_used_along][2]: component of the direction, scalar */
    size_t n_used_params, n_used_along;
    uint32_t *uniform; /* words, ad/plan_uniform.c */
    size_t n_uniform;
    /* The varying machine. */
    size_t n_rows;
    plan_feature *feature; /* [n_features_used] */
    size_t n_features_used;
    size_t n_features_always; /* of these: not only by blocks whose results may be kept */
    uint32_t *code;
    size_t n_code;
    uint32_t *pack; /* [n_pack] scalars that are gathered for GROUPs and BLOCKs */
    size_t n_pack;
    ad_block_shape *shape; /* [n_shapes] of BLOCKs */
    size_t n_shapes;
    plan_stat *stat; /* [n_stats], ordered by job */
    size_t n_stats;
    size_t first_compact; /* jobs from here on belong to compact stats */
    size_t n_terms;       /* the most terms of one result of a BLOCK */
    size_t n_lookup;      /* the most rows that are looked up for one */
    size_t n_weights;     /* the most weights that are gathered for one */
    size_t n_left;        /* the most elements in a compact stat's left arrays */
    size_t n_stat_memory; /* doubles that are kept for compact stats */
    size_t n_factors;     /* rows of factors of all dense compact stats, */
    size_t n_stat_rows;   /* the most of one */
    size_t n_columns;     /* the most columns of all sparse arrays of a stat, */
    size_t n_entries;     /* of all their terms, */
    size_t n_sparse;      /* and of the terms of one sparse array */
    /* Results. */
    size_t n_jobs;      /* number 0 is the loss */
    plan_param *params; /* [n_params], ordered by job */
    size_t n_params;
    uint32_t *first_param; /* [n_jobs + 1] where the parameters of a job start; last: of none */
    uint32_t result[4];    /* rows of the loss and its Taylor coefficients */
} ad_plan;

/* What is kept for a compact stat, by a worker for a sparse one: sums of products of deviations
 * (see batch.h), then of each left array the first sample's values, of each right one these and
 * the sums of deviations from them; of a sparse one also how many and which columns the first
 * has. */
enum { STAT_GG, STAT_HH, STAT_GH, STAT_SUMS };
static inline size_t plan_stat_memory(const plan_stat *s)
{
    return STAT_SUMS + s->n_left * ad_block_size(&s->shape, AD_BLOCK_Z) +
           2 * s->n_right * (size_t)s->shape.channels_in +
           (s->shape.n_terms ? 1 + (size_t)s->shape.n_terms : 0);
}

/* Whether w is gathered for a BLOCK: at several pixels it is used as often. */
static inline bool plan_gathers_weights(const ad_block_shape *s)
{
    return (size_t)s->height_out * s->width_out >= 4;
}

/* What a plan is to compute, as references into a graph. */
typedef struct plan_roots {
    graph_ref loss[4]; /* loss and Taylor coefficients */
    int n_loss;
    const graph_ref *gradient, *product; /* [n_params] or NULL */
} plan_roots;

meka_status ad_plan_create(ad_plan *out, graph *g, const plan_roots *roots, unsigned passes,
                           meka_error *err);
void ad_plan_clear(ad_plan *plan);

/* u [n_scalars]: everything uniform; pack [n_pack]: coefficients in the order GROUPs use. */
/* loop: runs a LOOP's words and returns what follows them. */
typedef const uint32_t *uniform_loop(double *u, const uint32_t *code);
void ad_plan_uniform(const ad_plan *plan, uniform_loop *loop, const double *theta,
                     const double *v, double *u, double *pack);

#endif
