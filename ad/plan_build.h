/* ad/plan_build.h - what the steps from graph to plan share. */
#ifndef AD_PLAN_BUILD_H
#define AD_PLAN_BUILD_H

#include "ad/plan.h"

#define PLAN_NODE_ONE (GRAPH_NONE - 1) /* a coefficient that is 1 by construction */

/* c x y z of rows; c a uniform node or PLAN_NODE_ONE, absent rows GRAPH_NONE and last.
 * Or, if `square`, c (scale x + offset)^2 with both as in a plan_map. */
typedef struct row_term {
    uint32_t c, x[GRAPH_DEGREE];
    uint32_t scale, offset;
    bool square;
    bool grouped; /* computed by a group */
} row_term;

/* A varying sum: init (a uniform node, GRAPH_NONE: 0) + terms. */
typedef struct row_sum {
    uint32_t node, init;
    uint32_t first, n; /* of row_term */
    uint32_t group;    /* that starts it, or GRAPH_NONE */
} row_sum;

/* Sums over the same rows. */
typedef struct row_group {
    uint32_t first_member, n_members; /* in member: sums */
    uint32_t first_row, n_rows;       /* in member_row */
} row_group;

/* A quantity whose statistics are taken: a row, or terms evaluated on the fly: those of sum,
 * a single one without its coefficient. */
typedef struct row_value {
    uint32_t row, sum; /* one of them GRAPH_NONE; both: nothing varying */
    plan_map map;      /* of uniform nodes; PLAN_NODE_ONE, GRAPH_NONE: 1, 0 */
} row_value;

typedef struct row_job {
    row_value g, h;
} row_job;

/* A piece of code: what to do, on what, when. */
typedef enum entry_kind {
    ENTRY_BROADCAST,
    ENTRY_SUM,
    ENTRY_GROUP,
    ENTRY_FUN,
    ENTRY_SELECT,
    ENTRY_JOB,
    ENTRY_FEATURE_JOBS, /* a: the first of n jobs */
    ENTRY_BLOCK,        /* a: node */
    ENTRY_BLOCK_JOBS,   /* a: stat */
} entry_kind;
typedef struct entry {
    uint64_t key;
    entry_kind kind;
    uint32_t a;        /* node, sum, group or job */
    uint32_t first, n; /* of a sum's terms */
    bool begins;       /* sets the row rather than adding to it */
} entry;

/* Why a node has a row: something reads it, or only blocks whose results may be kept. */
typedef enum row_need { ROW_NOT_NEEDED, ROW_NEEDED, ROW_NEEDED_UNLESS_KEPT } row_need;

/* What an array of block operands is in this plan. */
typedef struct array_source {
    uint32_t kind;  /* PLAN_ROWS ... */
    uint32_t first; /* THETA, ALONG: component */
} array_source;

/* Blocks whose elements are components of gradient (g) and product (h); GRAPH_NONE: neither. */
typedef struct row_stat {
    uint32_t g, h;     /* nodes */
    uint32_t n_params; /* whose components they are */
    bool regular;      /* without a factor, each of another element */
    plan_stat out;
    uint32_t left[STAT_ARRAYS], right[STAT_ARRAYS]; /* the graph's arrays */
} row_stat;

typedef struct planner {
    graph *g;
    unsigned passes;
    meka_error *error; /* the graph's */
    size_t n0;         /* nodes before lowering added uniform ones */
    /* By node, [n0]: */
    uint32_t *sum_of;        /* its row_sum or GRAPH_NONE */
    uint8_t *wanted;         /* its value is needed in some form */
    uint8_t *row;            /* its row is needed: row_need */
    uint32_t *stamp, *where; /* scratch of merging like terms */
    row_sum *sum;
    size_t n_sums, sum_capacity;
    row_term *term;
    size_t n_terms, term_capacity;
    graph_term *uniform; /* scratch: the uniform terms of the sum at hand */
    size_t n_uniform, uniform_capacity;
    row_group *group;
    size_t n_groups, group_capacity;
    uint32_t *member, *member_row;
    size_t n_members, member_capacity, n_member_rows, member_row_capacity;
    row_job *job;
    size_t n_jobs, job_capacity;
    entry *entry;
    size_t n_entries, entry_capacity;
    array_source *source; /* [n arrays] */
    row_stat *stat;
    size_t n_stats, stat_capacity;
    size_t n_plain_jobs; /* those in job; the others' numbers follow */
    uint32_t result[4];
    int n_results;
} planner;

static inline const graph_node *planner_node(const planner *p, uint32_t node)
{
    return &p->g->node[node];
}

/* plan_lower.c: marks what the roots need and turns varying sums into row_sums. */
void plan_lower(planner *p, const plan_roots *roots);
/* A reference as a quantity for a job; after plan_rows. */
row_value plan_value(planner *p, graph_ref r);
/* c x as a uniform node, either PLAN_NODE_ONE or GRAPH_NONE (0) as documented above. */
uint32_t plan_times(planner *p, uint32_t c, uint32_t x);

/* The row that node's row is a multiple of, plus a number, in at most two steps. */
uint32_t plan_base(const planner *p, uint32_t node);

/* plan_jobs.c: params [d] and jobs from the roots. */
void plan_jobs(planner *p, const plan_roots *roots, plan_param *params);

/* The sum that is one row times a number, plus a number (a uniform node or GRAPH_NONE); NULL:
 * it is not. */
const row_term *plan_single_row(const planner *p, uint32_t node, uint32_t *offset);

/* plan_rows.c: which rows the roots need. */
void plan_rows(planner *p, const plan_roots *roots);
/* Squares of such sums that nobody needs as rows: evaluated where they are added up. */
void plan_squares(planner *p);

/* plan_block.c.  Where arrays of operands are. */
void plan_sources(planner *p);
/* Operand `which` of a pair of the block is read as numbers, not rows. */
bool plan_is_uniform_operand(const planner *p, const graph_block *b, int which);
/* Operand `which` is a sparse x, which is read where it lies in a sample. */
bool plan_is_sparse_operand(const graph_block *b, int which);
/* The features where a sparse x starts: its indices, its values. */
void plan_sparse_features(const planner *p, const ad_block_shape *s, uint32_t array,
                          uint32_t at[2]);
/* Marks the rows that the block reads. */
void plan_need_block(planner *p, const graph_block *b);
/* Parameter j's components are elements number *element of blocks *g and *h (either may be
 * GRAPH_NONE) and nothing else varying. */
bool plan_stat_element(const planner *p, const plan_roots *roots, size_t j, uint32_t *g,
                       uint32_t *h, uint32_t *element);
/* Jobs of all parameters that are such elements. */
void plan_stat_jobs(planner *p, const plan_roots *roots, plan_param *params);

/* plan_group.c: which sums read the same rows. */
void plan_groups(planner *p);
/* plan_share.c: a sum that contains a multiple of another one over the same rows takes that. */
void plan_share(planner *p);

/* What is known of a sum that may join a group: its common rows, sorted. */
typedef struct candidate {
    uint64_t hash;
    uint32_t sum, first, n; /* in planner.member_row */
} candidate;

/* All candidates, those with the same rows next to each other; *n of them.  To be freed;
 * NULL: out of memory.  planner.where holds popularities from here on. */
candidate *plan_candidates(planner *p, size_t *n);
/* One past the last candidate with the same rows as number k. */
size_t plan_candidates_end(const planner *p, const candidate *c, size_t n, size_t k);
/* Marks (as grouped) the sum's terms on its common rows. */
void plan_mark_common(planner *p, uint32_t sum);

/* More terms than this are worth a row of their own rather than evaluation in a job. */
enum { PLAN_FEW_TERMS = 4 };
/* a + b of uniform nodes, as plan_times. */
uint32_t plan_plus(planner *p, uint32_t a, uint32_t b);
/* The value of a coefficient: c times a uniform node or (GRAPH_NONE) 1. */
graph_ref plan_coefficient(const planner *p, uint32_t c);

/* plan_order.c: the entries, in order. */
void plan_order(planner *p);
/* Few sums over features that stand together in a sample, and jobs of these. */
bool plan_is_feature_group(const planner *p, const row_group *g);
typedef struct feature_job {
    uint32_t x, y, feature; /* nodes; y GRAPH_NONE: no h */
} feature_job;
bool plan_is_feature_job(const planner *p, uint32_t job, feature_job *out);
/* A row of one value in every lane. */
bool plan_is_broadcast(const graph_node *n);

/* plan_emit.c: rows and words. */
void plan_emit(planner *p, ad_plan *out, plan_param *params);

/* plan_uniform.c: numbers for the uniform nodes that are used, and their code. */
typedef struct scalars {
    planner *p;
    ad_plan *plan;
    uint32_t *number; /* [n nodes] scalar of a node or GRAPH_NONE */
    uint8_t *needed;  /* [n nodes] */
} scalars;
meka_status plan_scalars_begin(scalars *s, planner *p, ad_plan *plan);
void plan_scalars_need(scalars *s, uint32_t node); /* before _number */
void plan_scalars_assign(scalars *s);
uint32_t plan_scalar(const scalars *s, uint32_t node);
void plan_scalars_end(scalars *s);

/* plan_needs.c: marks what the planner's sums, jobs and params [n_params] (or NULL) refer to;
 * used [n_sums], zeroed: scratch.  Afterwards params' nodes become scalars. */
void plan_need_scalars(planner *p, scalars *s, const plan_param *params, uint8_t *used);
void plan_number_params(planner *p, const scalars *s, plan_param *params);

/* A growing array of words. */
typedef struct words {
    uint32_t *word;
    size_t n, capacity;
    meka_error *error;
} words;
void words_put(words *w, uint32_t x);

#endif
