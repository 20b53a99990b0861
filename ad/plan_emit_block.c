/* Words of bilinear blocks. */
#include "ad/plan_emit.h"

#include "base/memory.h"

#include <string.h>

static void touch_array(emitter *e, uint32_t array)
{
    const graph *g = e->p->g;
    for (size_t k = 0; k < g->array[array].n; k++)
        plan_touch(e, graph_list(g, array)[k]);
}

static void touch_operands(emitter *e, const graph_block *b)
{
    for (int which = 0; which < 2; which++)
        for (uint32_t k = 0; k < b->n_pairs && !plan_is_uniform_operand(e->p, b, which) &&
                             !plan_is_sparse_operand(b, which);
             k++)
            touch_array(e, b->pair[k][which]);
}

void plan_touch_block(emitter *e, uint32_t id)
{
    const graph_block *b = &e->p->g->block[planner_node(e->p, id)->a];
    size_t n = ad_block_size(&b->shape, b->part);
    touch_operands(e, b);
    for (uint32_t k = 0; k < n; k++)
        if (e->p->row[id + 1 + k])
            plan_touch(e, id + 1 + k);
}

void plan_touch_stat(emitter *e, const row_stat *s)
{
    for (uint32_t k = 0; k < s->out.n_left; k++)
        touch_array(e, s->left[k]);
    for (uint32_t k = 0; k < s->out.n_right && !s->out.shape.n_terms; k++)
        touch_array(e, s->right[k]);
}

/* Number of the shape, a new one if there is none like it. */
static uint32_t number_shape(emitter *e, const ad_block_shape *s)
{
    ad_plan *plan = e->plan;
    for (uint32_t k = 0; k < plan->n_shapes; k++)
        if (memcmp(&plan->shape[k], s, sizeof *s) == 0)
            return k;
    if (meka_grow(&plan->shape, &e->shape_capacity, plan->n_shapes + 1, sizeof *s, e->p->error))
        return 0;
    plan->shape[plan->n_shapes] = *s;
    return (uint32_t)plan->n_shapes++;
}

static void put_rows(emitter *e, uint32_t array)
{
    const graph *g = e->p->g;
    plan_put(e, PLAN_ROWS);
    for (size_t k = 0; k < g->array[array].n; k++)
        plan_put(e, plan_row_number(e, graph_list(g, array)[k]));
}

static void put_uniform(emitter *e, uint32_t array)
{
    const planner *p = e->p;
    array_source s = p->source[array];
    plan_put(e, s.kind);
    if (s.kind != PLAN_PACK) {
        plan_put(e, s.first);
        return;
    }
    if (e->pack.n > UINT32_MAX)
        meka_fail(p->error, MEKA_ERR_RANGE,
                  "the matrices of this objective have more than 4294967295 coefficients");
    plan_put(e, (uint32_t)e->pack.n);
    for (size_t k = 0; k < p->g->array[array].n; k++)
        words_put(&e->pack, plan_scalar(e->s, graph_list(p->g, array)[k]));
}

static void put_operand(emitter *e, const graph_block *b, uint32_t pair, int which)
{
    uint32_t array = b->pair[pair][which], at[2];
    if (plan_is_sparse_operand(b, which)) {
        plan_sparse_features(e->p, &b->shape, array, at);
        plan_put(e, at[0]);
        plan_put(e, at[1]);
    } else if (b->shape.n_terms && which == 0) {
        const graph_node *w = planner_node(e->p, graph_list(e->p->g, array)[0]);
        plan_put(e, w->kind == GRAPH_PARAM ? PLAN_THETA : PLAN_ALONG);
        plan_put(e, w->a);
    } else if (plan_is_uniform_operand(e->p, b, which)) {
        put_uniform(e, array);
    } else {
        put_rows(e, array);
    }
}

/* The most terms of one element of the block's result. */
static size_t longest_sum(const graph_block *b)
{
    const ad_block_shape *s = &b->shape;
    size_t window = (size_t)s->kernel * s->kernel;
    return b->n_pairs * window *
           (b->part == AD_BLOCK_Z ? s->channels_in : (size_t)s->channels_out);
}

static void most(size_t *max, size_t n)
{
    *max = n > *max ? n : *max;
}

void plan_put_block(emitter *e, uint32_t id)
{
    const planner *p = e->p;
    const graph_block *b = &p->g->block[planner_node(p, id)->a];
    size_t n = ad_block_size(&b->shape, b->part);
    bool uniform = plan_is_uniform_operand(p, b, 0);
    plan_put(e, PLAN_BLOCK);
    plan_put(e, number_shape(e, &b->shape));
    plan_put(e, b->part);
    plan_put(e, b->n_pairs);
    plan_put(e, graph_kept_number(p->g, planner_node(p, id)->a));
    for (uint32_t k = 0; k < n; k++)
        plan_put(e, p->row[id + 1 + k] ? plan_row_number(e, id + 1 + k) : UINT32_MAX);
    for (uint32_t k = 0; k < b->n_pairs; k++) {
        put_operand(e, b, k, 0);
        put_operand(e, b, k, 1);
    }
    if (b->shape.n_terms) {
        most(&e->plan->n_sparse, b->shape.n_terms);
        return;
    }
    size_t n_w = ad_block_size(&b->shape, AD_BLOCK_W),
           n_x = ad_block_size(&b->shape, AD_BLOCK_X);
    size_t n_z = ad_block_size(&b->shape, AD_BLOCK_Z);
    if (b->part == AD_BLOCK_W)
        most(&e->plan->n_lookup, b->n_pairs * (n_x + n_z));
    else
        most(&e->plan->n_terms, longest_sum(b));
    if (uniform && plan_gathers_weights(&b->shape))
        most(&e->plan->n_weights, b->n_pairs * n_w);
}

void plan_put_stat(emitter *e, uint32_t number)
{
    const row_stat *s = &e->p->stat[number];
    plan_put(e, PLAN_BLOCK_JOBS);
    plan_put(e, number);
    for (uint32_t k = 0; k < s->out.n_left; k++)
        put_rows(e, s->left[k]);
    if (s->out.shape.n_terms) {
        most(&e->plan->n_columns, (size_t)s->out.n_right * s->out.shape.channels_in);
        most(&e->plan->n_entries, (size_t)s->out.n_right * s->out.shape.n_terms);
        most(&e->plan->n_sparse, s->out.shape.n_terms);
        return;
    }
    for (uint32_t k = 0; k < s->out.n_right; k++)
        put_rows(e, s->right[k]);
    most(&e->plan->n_lookup, s->out.n_left * ad_block_size(&s->out.shape, AD_BLOCK_Z) +
                                 s->out.n_right * ad_block_size(&s->out.shape, AD_BLOCK_X));
}

/* Rows of a dense compact stat's factors: features are read where they lie. */
static size_t count_factors(const plan_stat *s)
{
    size_t n = s->n_left * ad_block_size(&s->shape, AD_BLOCK_Z);
    for (uint32_t k = 0; k < s->n_right && s->shape.n_terms == 0; k++)
        n += s->feature[k] == UINT32_MAX ? s->shape.channels_in : 0;
    return s->shape.n_terms ? 0 : n;
}

/* The planner's stats and what memory they need, in order of their jobs. */
void plan_emit_stats(const planner *p, ad_plan *out)
{
    out->stat = meka_alloc(p->n_stats, sizeof *out->stat, p->error);
    out->first_compact = p->n_jobs;
    for (size_t k = 0; out->stat && k < p->n_stats; k++) {
        plan_stat *s = &out->stat[out->n_stats++];
        *s = p->stat[k].out;
        s->offset = out->n_stat_memory;
        if (!s->compact)
            continue;
        size_t left = s->n_left * ad_block_size(&s->shape, AD_BLOCK_Z);
        out->n_left = left > out->n_left ? left : out->n_left;
        out->n_stat_memory += plan_stat_memory(s);
        s->factor = out->n_factors;
        out->n_factors += count_factors(s);
        most(&out->n_stat_rows, count_factors(s));
        if (s->first_job < out->first_compact)
            out->first_compact = s->first_job;
    }
}
