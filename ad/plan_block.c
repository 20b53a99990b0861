/* Blocks in a plan: where their operands are, and components of gradients that are elements of
 * blocks, whose statistics are taken together. */
#include "ad/plan_build.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* --------------------------------------------------------------------------- operands */

static array_source source_of(const planner *p, uint32_t array)
{
    const graph_array *a = &p->g->array[array];
    const uint32_t *list = graph_list(p->g, array);
    for (size_t k = 0; k < a->n; k++)
        if (planner_node(p, list[k])->varying)
            return (array_source){PLAN_ROWS, 0};
    uint32_t first;
    if (graph_stands_together(p->g, array, GRAPH_PARAM, &first))
        return (array_source){PLAN_THETA, first};
    if (graph_stands_together(p->g, array, GRAPH_ALONG, &first))
        return (array_source){PLAN_ALONG, first};
    return (array_source){PLAN_PACK, 0};
}

void plan_sources(planner *p)
{
    size_t n = p->g->n_arrays;
    p->source = meka_alloc(n, sizeof *p->source, p->error);
    for (uint32_t k = 0; p->source && k < n; k++)
        p->source[k] = source_of(p, k);
}

/* Only w, the larger part, and only if it is uniform in all pairs. */
bool plan_is_uniform_operand(const planner *p, const graph_block *b, int which)
{
    if (which != 0 || b->part == AD_BLOCK_W)
        return false;
    if (b->shape.n_terms) /* parameters, even where everything varies */
        return true;
    for (uint32_t k = 0; k < b->n_pairs; k++)
        if (p->source[b->pair[k][0]].kind == PLAN_ROWS)
            return false;
    return true;
}

bool plan_is_sparse_operand(const graph_block *b, int which)
{
    return b->shape.n_terms && which == (b->part == AD_BLOCK_Z);
}

void plan_sparse_features(const planner *p, const ad_block_shape *s, uint32_t array,
                          uint32_t at[2])
{
    at[0] = planner_node(p, graph_list(p->g, array)[0])->a;
    at[1] = planner_node(p, graph_list(p->g, array)[s->n_terms])->a;
}

void plan_need_block(planner *p, const graph_block *b)
{
    bool kept = graph_kept_number(p->g, (size_t)(b - p->g->block)) != UINT32_MAX;
    for (int which = 0; which < 2; which++) {
        bool uniform = plan_is_uniform_operand(p, b, which) || plan_is_sparse_operand(b, which);
        for (uint32_t k = 0; k < b->n_pairs && !uniform; k++) {
            const graph_array *a = &p->g->array[b->pair[k][which]];
            for (size_t j = 0; j < a->n; j++) {
                uint8_t *row = &p->row[p->g->list[a->first + j]];
                *row = kept && *row != ROW_NEEDED ? ROW_NEEDED_UNLESS_KEPT : ROW_NEEDED;
            }
        }
    }
}

/* ------------------------------------------------------------------------- statistics */

/* The block with respect to w whose element the reference is, up to a map; GRAPH_NONE with
 * *element untouched: nothing varying.  False: something else. */
static bool block_of(const planner *p, graph_ref r, uint32_t *block, uint32_t *element)
{
    *block = GRAPH_NONE;
    if (r.node == GRAPH_NONE || !planner_node(p, r.node)->varying)
        return true;
    const graph_node *n = planner_node(p, plan_base(p, r.node));
    if (n->kind != GRAPH_ELEMENT || p->g->block[planner_node(p, n->a)->a].part != AD_BLOCK_W)
        return false;
    *block = n->a;
    *element = n->b;
    return true;
}

bool plan_stat_element(const planner *p, const plan_roots *roots, size_t j, uint32_t *g,
                       uint32_t *h, uint32_t *element)
{
    uint32_t other = 0;
    graph_ref product = roots->product ? roots->product[j] : graph_zero();
    if (!block_of(p, roots->gradient[j], g, element) || !block_of(p, product, h, &other))
        return false;
    if (*g == GRAPH_NONE)
        *element = other;
    if (*g == GRAPH_NONE || *h == GRAPH_NONE)
        return *g != *h;
    const graph_block *a = &p->g->block[planner_node(p, *g)->a];
    const graph_block *b = &p->g->block[planner_node(p, *h)->a];
    return *element == other && memcmp(&a->shape, &b->shape, sizeof a->shape) == 0;
}

static row_stat *stat_of(planner *p, uint32_t g, uint32_t h)
{
    for (size_t k = p->n_stats; k-- > 0;)
        if (p->stat[k].g == g && p->stat[k].h == h)
            return &p->stat[k];
    if (meka_grow(&p->stat, &p->stat_capacity, p->n_stats + 1, sizeof *p->stat, p->error))
        return NULL;
    const graph_block *b = &p->g->block[planner_node(p, g == GRAPH_NONE ? h : g)->a];
    row_stat *s = &p->stat[p->n_stats++];
    *s = (row_stat){.g = g, .h = h, .regular = true};
    s->out.shape = b->shape;
    s->out.n = (uint32_t)ad_block_size(&b->shape, AD_BLOCK_W);
    return s;
}

/* Number of the array among [*n] of the stat; UINT32_MAX: too many. */
static uint32_t number_array(uint32_t *array, uint32_t *n, uint32_t x)
{
    for (uint32_t k = 0; k < *n; k++)
        if (array[k] == x)
            return k;
    if (*n == STAT_ARRAYS)
        return UINT32_MAX;
    array[*n] = x;
    return (*n)++;
}

/* Blocks of recorded ones have at most two pairs; false: more. */
static bool number_pairs(planner *p, row_stat *s, int which, uint32_t node)
{
    if (node == GRAPH_NONE)
        return true;
    const graph_block *b = &p->g->block[planner_node(p, node)->a];
    s->out.n_pairs[which] = b->n_pairs;
    for (uint32_t k = 0; k < b->n_pairs; k++) { /* (x, z) */
        uint32_t *pair = s->out.pair[which][k];
        pair[0] = number_array(s->left, &s->out.n_left, b->pair[k][1]);
        pair[1] = number_array(s->right, &s->out.n_right, b->pair[k][0]);
        if (pair[0] == UINT32_MAX || pair[1] == UINT32_MAX)
            return false;
    }
    return true;
}

static bool is_matrix(const ad_block_shape *s)
{
    return s->height == 1 && s->width == 1 && s->kernel == 1 && s->height_out == 1 &&
           s->width_out == 1 && s->padding == 0;
}

/* A component whose map has a factor, or a second one of an element. */
static bool is_irregular(const row_stat *s, uint8_t *seen, uint32_t element,
                         const plan_param *param)
{
    bool scaled = param->g.scale != PLAN_NODE_ONE || param->g.inner_scale != PLAN_NODE_ONE ||
                  (s->h != GRAPH_NONE &&
                   (param->h.scale != PLAN_NODE_ONE || param->h.inner_scale != PLAN_NODE_ONE));
    bool again = seen[element];
    seen[element] = 1;
    return scaled || again;
}

/* Of gradient and product of the weights of graph_factored_block, one outer product each. */
static bool is_factored(const planner *p, const row_stat *s)
{
    size_t block = graph_factored_block(p->g);
    const plan_stat *out = &s->out;
    if (block == SIZE_MAX || !out->compact || !out->direct || out->n_right != 1 ||
        out->n_pairs[0] != 1 || out->n_pairs[1] != 1)
        return false;
    const graph_block *b = &p->g->block[block];
    uint32_t first;
    return graph_stands_together(p->g, b->pair[0][0], GRAPH_PARAM, &first) &&
           first == out->param && s->right[0] == b->pair[0][1];
}

/* What the statistics of one stat's elements become; params [n_params] are of those jobs. */
static void describe(planner *p, row_stat *s, const plan_param *params, uint8_t *seen)
{
    plan_stat *out = &s->out;
    bool few = number_pairs(p, s, 0, s->g) && number_pairs(p, s, 1, s->h);
    if (!few)
        meka_fail(p->error, MEKA_ERR_RANGE, "a sum of too many blocks");
    out->direct = s->n_params == out->n;
    memset(seen, 0, out->n);
    for (uint32_t k = 0; k < s->n_params; k++) {
        const plan_param *param = &params[k];
        s->regular = s->regular && !is_irregular(s, seen, param->job, param);
        out->direct = out->direct && param->index == params[0].index + k && param->job == k &&
                      param->g.offset == GRAPH_NONE && param->h.offset == GRAPH_NONE &&
                      param->g.inner_offset == GRAPH_NONE &&
                      param->h.inner_offset == GRAPH_NONE;
    }
    out->param = params[0].index;
    out->direct = out->direct && s->regular;
    out->compact = s->regular && s->n_params == out->n && is_matrix(&out->shape) &&
                   out->n_left <= 2 && out->n_right <= 2 && out->n_pairs[0] == 1 &&
                   out->n_pairs[1] <= 2;
    for (uint32_t k = 0; k < out->n_right; k++) {
        if (out->shape.n_terms) {
            uint32_t at[2];
            plan_sparse_features(p, &out->shape, s->right[k], at);
            out->feature[k] = at[0];
            out->value[k] = at[1];
            continue;
        }
        uint32_t first;
        bool features = graph_stands_together(p->g, s->right[k], GRAPH_FEATURE, &first);
        out->feature[k] = features ? first : UINT32_MAX;
    }
    out->factored = is_factored(p, s);
}

typedef struct stat_param {
    uint32_t stat, element;
} stat_param;

/* Sets the jobs' numbers: compact stats come last. */
static void number_jobs(planner *p)
{
    size_t n = p->n_plain_jobs;
    for (int compact = 0; compact < 2; compact++)
        for (size_t k = 0; k < p->n_stats; k++)
            if (p->stat[k].out.compact == compact) {
                p->stat[k].out.first_job = (uint32_t)n;
                n += p->stat[k].out.n;
            }
    if (n >= PLAN_NO_JOB)
        meka_fail(p->error, MEKA_ERR_RANGE,
                  "this objective has more than 4294967294 weights in blocks");
    p->n_jobs = n;
}

void plan_stat_jobs(planner *p, const plan_roots *roots, plan_param *params)
{
    size_t d = p->g->n_params, most = 1, n = 0;
    stat_param *at = meka_alloc(d, sizeof *at, p->error);
    plan_param *sorted = meka_alloc(d, sizeof *sorted, p->error);
    uint8_t *seen = NULL;
    p->n_plain_jobs = p->n_jobs;
    for (size_t j = 0; at && sorted && j < d && !p->error->status; j++) {
        uint32_t g, h;
        at[j].stat = UINT32_MAX;
        if (!plan_stat_element(p, roots, j, &g, &h, &at[j].element))
            continue;
        row_stat *s = stat_of(p, g, h);
        if (!s)
            break;
        at[j].stat = (uint32_t)(s - p->stat);
        s->n_params++;
        most = s->out.n > most ? s->out.n : most;
    }
    if (at && sorted && !p->error->status)
        seen = meka_alloc(most, 1, p->error);
    for (uint32_t k = 0; seen && k < p->n_stats && !p->error->status; k++) {
        n = 0;
        for (size_t j = 0; j < d; j++)
            if (at[j].stat == k) {
                sorted[n] = params[j];
                sorted[n++].job = at[j].element;
            }
        describe(p, &p->stat[k], sorted, seen);
    }
    if (seen && !p->error->status)
        number_jobs(p);
    for (size_t j = 0; seen && j < d && !p->error->status; j++)
        if (at[j].stat != UINT32_MAX)
            params[j].job = p->stat[at[j].stat].out.first_job + at[j].element;
    free(at);
    free(sorted);
    free(seen);
}
