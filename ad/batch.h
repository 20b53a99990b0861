/* ad/batch.h - evaluation, segment by segment and block by block.
 *
 * The samples fall into at most BATCH_SEGMENTS segments of whole blocks, always the same ones
 * for the same number of samples.  Each segment's sums are its own; they are merged in order,
 * so that a result does not depend on how many threads work on the segments. */
#ifndef AD_BATCH_H
#define AD_BATCH_H

#include "ad/kernels.h"
#include "ad/program.h"
#include "ad/sweep.h"

enum {
    BATCH_SEGMENTS = 8,
    BATCH_GROUPS = 8,   /* of a matrix's columns, likewise */
    BATCH_GRAMS = 4,    /* of them where each has a matrix of its own to be added up */
    BATCH_CHUNK = 1024, /* samples, at least, whose factors are kept unless lanes are given */
};

/* Sums over a line's derivatives, shifted by the first sample's. */
typedef struct ad_line_sums {
    size_t n;
    double x0[4], x1[4], xx[4][4];
} ad_line_sums;

/* One thread's memory. */
typedef struct ad_worker {
    double *rows, *scratch;
    kernel_term *terms;
    const double **lookup;
    double *weights, *tile, *left, *panel, *stat; /* as in kernel_block */
    kernel_sparse sparse;
    double *sums; /* [n_jobs][JOB_SIZE] of the segment at hand, which has n samples so far */
    size_t n;
    ad_line_sums line;
    bool finite; /* nothing was inf or NaN so far; whoever looks keeps it */
} ad_worker;

/* The factors of dense compact stats (ad/kernels_chunk.h) of up to `size` samples. */
typedef struct ad_chunk {
    size_t size, stride;            /* the latter of a row of the chunk at hand */
    double *rows;                   /* [the most factors of a plan][stride of size] */
    double *left;                   /* [n_left][size] */
    double *left_products;          /* [KERNEL_PRODUCTS][size] */
    double *stat;                   /* [n_stat_memory] */
    uint32_t *number;               /* [rows of a stat] = 0, 1, 2, ... */
    kernel_part part[BATCH_GROUPS]; /* with memory of their own */
} ad_chunk;

/* The mean of the factored stat, which is not written out, of the last evaluation that deferred
 * its means. */
typedef struct ad_factored {
    size_t size;           /* of the most samples for which this is used; 0: none */
    const plan_stat *stat; /* NULL: everything was written out */
    size_t n;
    const double *xi;
    const double *v;           /* whose product with x is kept */
    bool combined;             /* v holds the combination that ad_combine_means wrote to it */
    kernel_factored sums;      /* with memory of its own, but for gram */
    double *gram[BATCH_GRAMS]; /* [lanes of size][lanes of size] */
    double along[2];           /* inner products of the sums over the samples with v, */
    double inner[STAT_SUMS];   /* and with each other */
} ad_factored;

/* What a sample's own recording is evaluated with: a tape and sweeps over one lane. */
typedef struct ad_sampler {
    ad_tape tape;    /* of objectives that are recorded anew */
    uint8_t *active; /* [active_capacity], belongs to tape */
    size_t active_capacity, slot_capacity;
    ad_workspace w;
    double *jet; /* [slot_capacity][3] */
} ad_sampler;

/* Of a job: means less the first sample's values g0, h0, and sums of products of deviations
 * from the mean; merged segment by segment. */
typedef struct ad_total {
    double g0, h0, g, h, gg, hh, gh;
} ad_total;

/* totals.c: appends b's n_b samples to a's n_a. */
void ad_total_merge(ad_total *a, double n_a, const ad_total *b, double n_b);
/* The total of a segment of n samples, from a job's sums. */
ad_total ad_total_of(const double *sums, double n, bool squares);
/* From sums of products of n deviations to unbiased covariances; those with a constant are 0.
 */
void ad_total_unbias(ad_total *t, double n);

struct ad_batch {
    const ad_program *program;
    const kernel_set *kernels;
    size_t max_lanes, n_threads;
    double *u, *pack;  /* scalars of the plan at hand */
    ad_worker *worker; /* [n_threads] */
    ad_chunk chunk;
    ad_sampler sampler;
    ad_total *total; /* [max jobs]; if recorded anew [1 + d]: loss, then components */
    /* Values of the last evaluation that was to keep them, and of what: [n_kept rounded up to
     * blocks][program's n_kept], block by block.  kept_n = 0: of none. */
    double *kept;
    size_t n_kept, kept_n;
    const double *kept_theta, *kept_xi;
    /* [2][d], empty unless it defers: mean gradient and product of the last evaluation that
     * deferred them, of which the first n_deferred are there. */
    double *deferred;
    size_t n_deferred;
    bool defers;
    ad_factored factored;
    double *cov; /* [2 * KERNEL_LANES + 4][d]: gradients, products, and their sums */
};

typedef struct ad_request {
    const double *theta, *v; /* [d]; v NULL: no tangents */
    size_t n;
    const double *xi; /* [n][m] */
    plan_mode mode;
    size_t max_lanes; /* 0: the batch's */
    kernel_level level;
    /* After each block, if not NULL; first is the number of its first sample. */
    void (*block)(void *ctx, ad_worker *worker, const kernel_block *block, size_t first);
    /* After each segment, in order. */
    void (*segment)(void *ctx, const ad_worker *worker);
    /* After the segments of each chunk of n samples: all of them unless compact. */
    void (*chunk)(void *ctx, size_t first, size_t n);
    /* For every job in every block: its g and h [lanes]. */
    void (*emit)(void *ctx, ad_worker *worker, const kernel_block *block, size_t first,
                 uint32_t job, const double *g, const double *h);
    void *ctx;
    bool compact;      /* see kernel_block */
    bool keep, recall; /* values for, or of, another evaluation at theta and xi */
    bool factored;     /* the mean of a factored stat is not written out */
    bool recall_along; /* values of v too */
    bool serial;       /* on the caller's thread only */
} ad_request;

static inline int ad_request_order(const ad_request *r)
{
    return r->mode >= PLAN_LINE ? (int)(r->mode - PLAN_LINE) : 0;
}

/* Runs the program's plan over all samples. */
meka_status ad_batch_run(ad_batch *batch, const ad_request *request, meka_error *err);

/* chunk.c; size: in samples, whole blocks */
meka_status ad_chunk_create(ad_chunk *c, const ad_program *program, size_t size,
                            meka_error *err);
void ad_chunk_destroy(ad_chunk *c);
/* Appends the n samples from number `first` on to a dense compact stat's total of all before;
 * false: a mean is not finite. */
bool ad_chunk_add(ad_batch *batch, const ad_request *request, const plan_stat *stat,
                  size_t first, size_t n, const kernel_total *total);

/* The chunk of the n samples from xi on as a block of so many lanes. */
kernel_block ad_chunk_block(const ad_batch *batch, const double *xi, size_t n,
                            kernel_level level, const plan_stat *stat);

/* factored.c */
meka_status ad_factored_create(ad_batch *batch, meka_error *err);
void ad_factored_destroy(ad_batch *batch);
/* Whether the request, which defers its means, is evaluated so. */
bool ad_factored_serves(const ad_batch *batch, const ad_request *request);
/* Instead of ad_chunk_add, of all samples. */
void ad_factored_add(ad_batch *batch, const ad_request *request, const plan_stat *stat,
                     const kernel_total *total);
/* Adds what this stat's parameters contribute to the inner products. */
void ad_factored_multiply(const ad_batch *batch, ad_moments *out);
/* As ad_combine_means, of this stat's parameters; returns their sum of squares. */
double ad_factored_combine(ad_batch *batch, double a, double b, double c, double *out);

/* Lanes of n samples, and of a row of so many lanes. */
size_t ad_batch_lanes(size_t n);
size_t ad_batch_stride(size_t lanes);

/* Adds x [order + 1] to the sums. */
void ad_line_sums_add(ad_line_sums *s, int order, const double *x);
/* Appends b's samples to a's. */
void ad_line_sums_merge(ad_line_sums *a, int order, const ad_line_sums *b);

/* moments.c: ad_eval_moments without `defer`. */
meka_status ad_batch_moments(ad_batch *batch, const double *theta, const double *v, size_t n,
                             const double *xi, ad_moments *out, meka_error *err);

/* samples.c: writes components of gradients grad [n][d] and products hvp [n][d] (either may be
 * NULL) of the n samples of a block: those of `job` from its g and h [n], or with
 * PLAN_NO_JOB those that do not vary.  False: one was not finite. */
bool ad_scatter(const ad_batch *batch, const ad_plan *plan, uint32_t job, size_t n,
                const double *g, const double *h, double *grad, double *hvp);

/* sampler.c */
meka_status ad_sampler_create(ad_sampler *s, const ad_program *program, meka_error *err);
void ad_sampler_destroy(ad_sampler *s);
/* Evaluates sample i with the program's code or, if it is recorded anew, its own; then
 * *code and *active (borrowed) say how to read s->w and s->jet. */
meka_status ad_sampler_run(ad_sampler *s, const ad_program *program, const ad_request *request,
                           size_t i, const ad_code **code, const uint8_t **active,
                           meka_error *err);

/* locate.c: finds the first sample whose loss or derivatives are not finite and the operation
 * they come from; returns MEKA_NONFINITE with its description, or MEKA_OK if there is none. */
meka_status ad_batch_locate(ad_batch *batch, const ad_request *request, meka_error *err);

#endif
