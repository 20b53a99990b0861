/* Rows and words: rows are used again as soon as their value has had its last use. */
#include "ad/plan_build.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------- which rows an entry touches */

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

static void touch(emitter *e, uint32_t node)
{
    if (node != GRAPH_NONE)
        words_put(&e->touched, node);
}

static void touch_terms(emitter *e, const row_sum *s, uint32_t first, uint32_t n)
{
    for (uint32_t k = first; k < first + n; k++)
        for (int j = 0; j < GRAPH_DEGREE && !e->p->term[s->first + k].grouped; j++)
            touch(e, e->p->term[s->first + k].x[j]);
}

static void touch_group(emitter *e, const row_group *g)
{
    const planner *p = e->p;
    bool reads_rows = !plan_is_feature_group(p, g);
    for (uint32_t k = 0; k < g->n_rows && reads_rows; k++)
        touch(e, p->member_row[g->first_row + k]);
    for (uint32_t k = 0; k < g->n_members; k++)
        touch(e, p->sum[p->member[g->first_member + k]].node);
}

static void touch_value(emitter *e, const row_value *v)
{
    touch(e, v->row);
    if (v->sum != GRAPH_NONE) {
        const row_sum *s = &e->p->sum[v->sum];
        for (uint32_t k = 0; k < s->n; k++)
            for (int j = 0; j < GRAPH_DEGREE; j++)
                touch(e, e->p->term[s->first + k].x[j]);
    }
}

/* The function's value and partials that need rows: nodes by number of the partial. */
static void outputs_of(const emitter *e, uint32_t fun, uint32_t out[GRAPH_N_PARTS])
{
    for (int k = 0; k < GRAPH_N_PARTS; k++)
        out[k] = e->part[e->fun[fun] * (size_t)GRAPH_N_PARTS + (size_t)k];
}

static void touch_array(emitter *e, uint32_t array)
{
    const graph *g = e->p->g;
    for (size_t k = 0; k < g->array[array].n; k++)
        touch(e, graph_list(g, array)[k]);
}

static void touch_operands(emitter *e, const graph_block *b)
{
    for (int which = 0; which < 2; which++)
        for (uint32_t k = 0; k < b->n_pairs && !plan_is_uniform_operand(e->p, b, which); k++)
            touch_array(e, b->pair[k][which]);
}

static void touch_block(emitter *e, uint32_t id)
{
    const graph_block *b = &e->p->g->block[planner_node(e->p, id)->a];
    size_t n = ad_block_size(&b->shape, b->part);
    touch_operands(e, b);
    for (uint32_t k = 0; k < n; k++)
        if (e->p->row[id + 1 + k])
            touch(e, id + 1 + k);
}

static void touch_stat(emitter *e, const row_stat *s)
{
    for (uint32_t k = 0; k < s->out.n_left; k++)
        touch_array(e, s->left[k]);
    for (uint32_t k = 0; k < s->out.n_right; k++)
        touch_array(e, s->right[k]);
}

static void touch_entry(emitter *e, const entry *t)
{
    const planner *p = e->p;
    e->touched.n = 0;
    switch (t->kind) {
    case ENTRY_BROADCAST:
        touch(e, t->a);
        break;
    case ENTRY_SUM:
        touch_terms(e, &p->sum[t->a], t->first, t->n);
        touch(e, p->sum[t->a].node);
        break;
    case ENTRY_GROUP:
        touch_group(e, &p->group[t->a]);
        break;
    case ENTRY_FUN: {
        uint32_t out[GRAPH_N_PARTS];
        touch(e, planner_node(p, t->a)->a);
        touch(e, planner_node(p, t->a)->b);
        outputs_of(e, t->a, out);
        for (int k = 0; k < GRAPH_N_PARTS; k++)
            touch(e, out[k]);
        break;
    }
    case ENTRY_SELECT:
        touch(e, planner_node(p, t->a)->a);
        touch(e, planner_node(p, t->a)->b);
        touch(e, planner_node(p, t->a)->c);
        touch(e, t->a);
        break;
    case ENTRY_BLOCK:
        touch_block(e, t->a);
        break;
    case ENTRY_BLOCK_JOBS:
        touch_stat(e, &p->stat[t->a]);
        break;
    case ENTRY_JOB:
        touch_value(e, &p->job[t->a].g);
        touch_value(e, &p->job[t->a].h);
        break;
    case ENTRY_FEATURE_JOBS: {
        feature_job j;
        plan_is_feature_job(p, t->a, &j);
        touch(e, j.x);
        touch(e, j.y);
        break;
    }
    }
}

/* ---------------------------------------------------------------------------- words */

static void put(emitter *e, uint32_t x)
{
    words_put(&e->out, x);
}

static uint32_t row_number(const emitter *e, uint32_t node)
{
    return node == GRAPH_NONE ? UINT32_MAX : e->row[node];
}

/* 1 to 3 rows; squares come last. */
enum { TERM_SQUARE = GRAPH_DEGREE + 1, TERM_CLASSES };

static int term_class(const row_term *t)
{
    return t->square ? TERM_SQUARE : 1 + (t->x[1] != GRAPH_NONE) + (t->x[2] != GRAPH_NONE);
}

static void put_term(emitter *e, const row_term *t, bool bare)
{
    put(e, bare ? PLAN_ONE : plan_scalar(e->s, t->c));
    if (t->square) {
        put(e, plan_scalar(e->s, t->scale));
        put(e, plan_scalar(e->s, t->offset));
    }
    for (int j = 0; j < (t->square ? 1 : term_class(t)); j++)
        put(e, row_number(e, t->x[j]));
}

/* Counts and terms by class; with `bare`, without the coefficient. */
static void put_terms(emitter *e, const row_term *t, uint32_t n, bool bare, bool skip_grouped)
{
    uint32_t count[TERM_CLASSES] = {0};
    for (uint32_t k = 0; k < n; k++)
        count[term_class(&t[k])] += !(skip_grouped && t[k].grouped);
    for (int class = 1; class < TERM_CLASSES; class ++)
        put(e, count[class]);
    for (int class = 1; class < TERM_CLASSES; class ++)
        for (uint32_t k = 0; k < n; k++)
            if (term_class(&t[k]) == class && !(skip_grouped && t[k].grouped))
                put_term(e, &t[k], bare);
}

static void put_value(emitter *e, const row_value *v)
{
    if (v->sum != GRAPH_NONE) {
        const row_sum *s = &e->p->sum[v->sum];
        put_terms(e, &e->p->term[s->first], s->n, s->n == 1, false);
        return;
    }
    const row_term row = {.c = PLAN_NODE_ONE, .x = {v->row, GRAPH_NONE, GRAPH_NONE}};
    put_terms(e, &row, v->row != GRAPH_NONE, false, false);
}

static bool is_product(const planner *p, const row_value *v, uint32_t n)
{
    if (v->sum == GRAPH_NONE || p->sum[v->sum].n != n)
        return false;
    for (uint32_t k = 0; k < n; k++) {
        const row_term *t = &p->term[p->sum[v->sum].first + k];
        if (term_class(t) != 2 || (n > 1 && t->c != PLAN_NODE_ONE))
            return false;
    }
    return true;
}

static plan_shape shape_of(const planner *p, const row_job *j)
{
    if (j == p->job)
        return PLAN_LOSS;
    bool no_h = j->h.row == GRAPH_NONE && j->h.sum == GRAPH_NONE;
    if (no_h && j->g.row != GRAPH_NONE)
        return PLAN_G1;
    if (!is_product(p, &j->g, 1))
        return PLAN_ANY;
    return no_h                      ? PLAN_G2
           : is_product(p, &j->h, 1) ? PLAN_G2_H2
           : is_product(p, &j->h, 2) ? PLAN_G2_H2_H2
                                     : PLAN_ANY;
}

/* Coefficients as the kernels want them: [rows][members], of features [members][rows]. */
static void put_pack(emitter *e, const row_group *g, bool of_features)
{
    planner *p = e->p;
    size_t first = e->pack.n;
    for (uint32_t k = 0; k < g->n_rows; k++)
        p->where[p->member_row[g->first_row + k]] = k;
    for (size_t k = 0; k < (size_t)g->n_rows * g->n_members; k++)
        words_put(&e->pack, PLAN_ZERO);
    for (uint32_t m = 0; m < g->n_members && !p->error->status; m++) {
        const row_sum *s = &p->sum[p->member[g->first_member + m]];
        for (uint32_t k = 0; k < s->n; k++) {
            const row_term *t = &p->term[s->first + k];
            size_t row = p->where[t->x[0]];
            if (t->grouped)
                e->pack.word[first + (of_features ? m * (size_t)g->n_rows + row
                                                  : row * g->n_members + m)] =
                    plan_scalar(e->s, t->c);
        }
    }
}

static void put_group(emitter *e, const row_group *g)
{
    planner *p = e->p;
    bool of_features = plan_is_feature_group(p, g);
    if (e->pack.n > UINT32_MAX)
        meka_fail(p->error, MEKA_ERR_RANGE,
                  "the matrices of this objective have more than 4294967295 coefficients");
    put(e, of_features ? PLAN_FEATURE_GROUP : PLAN_GROUP);
    put(e, g->n_members);
    put(e, g->n_rows);
    put(e, (uint32_t)e->pack.n);
    if (of_features)
        put(e, planner_node(p, p->member_row[g->first_row])->a);
    for (uint32_t k = 0; k < g->n_members; k++)
        put(e, row_number(e, p->sum[p->member[g->first_member + k]].node));
    for (uint32_t k = 0; k < g->n_members; k++)
        put(e, plan_scalar(e->s, p->sum[p->member[g->first_member + k]].init));
    for (uint32_t k = 0; k < g->n_rows && !of_features; k++)
        put(e, row_number(e, p->member_row[g->first_row + k]));
    put_pack(e, g, of_features);
}

static void put_fun(emitter *e, uint32_t id)
{
    const graph_node *n = planner_node(e->p, id);
    uint32_t out[GRAPH_N_PARTS], mask = 0, order = 0;
    outputs_of(e, id, out);
    for (uint32_t k = 0; k < GRAPH_N_PARTS; k++) {
        if (out[k] != GRAPH_NONE) {
            mask |= 1u << k;
            order = k;
        }
    }
    bool unary = n->b == GRAPH_NONE;
    put(e, unary ? PLAN_FUN1 : PLAN_FUN2);
    put(e, n->op);
    put(e, unary ? order : mask);
    put(e, row_number(e, n->a));
    if (!unary)
        put(e, row_number(e, n->b));
    for (int k = 0; k < (unary ? 4 : GRAPH_N_PARTS); k++)
        put(e, row_number(e, out[k]));
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
    put(e, PLAN_ROWS);
    for (size_t k = 0; k < g->array[array].n; k++)
        put(e, row_number(e, graph_list(g, array)[k]));
}

static void put_uniform(emitter *e, uint32_t array)
{
    const planner *p = e->p;
    array_source s = p->source[array];
    put(e, s.kind);
    if (s.kind != PLAN_PACK) {
        put(e, s.first);
        return;
    }
    if (e->pack.n > UINT32_MAX)
        meka_fail(p->error, MEKA_ERR_RANGE,
                  "the matrices of this objective have more than 4294967295 coefficients");
    put(e, (uint32_t)e->pack.n);
    for (size_t k = 0; k < p->g->array[array].n; k++)
        words_put(&e->pack, plan_scalar(e->s, graph_list(p->g, array)[k]));
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

static void put_block(emitter *e, uint32_t id)
{
    const planner *p = e->p;
    const graph_block *b = &p->g->block[planner_node(p, id)->a];
    size_t n = ad_block_size(&b->shape, b->part);
    bool uniform = plan_is_uniform_operand(p, b, 0);
    put(e, PLAN_BLOCK);
    put(e, number_shape(e, &b->shape));
    put(e, b->part);
    put(e, b->n_pairs);
    for (uint32_t k = 0; k < n; k++)
        put(e, p->row[id + 1 + k] ? row_number(e, id + 1 + k) : UINT32_MAX);
    for (uint32_t k = 0; k < b->n_pairs; k++) {
        if (uniform)
            put_uniform(e, b->pair[k][0]);
        else
            put_rows(e, b->pair[k][0]);
        put_rows(e, b->pair[k][1]);
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

static void put_stat(emitter *e, uint32_t number)
{
    const row_stat *s = &e->p->stat[number];
    put(e, PLAN_BLOCK_JOBS);
    put(e, number);
    for (uint32_t k = 0; k < s->out.n_left; k++)
        put_rows(e, s->left[k]);
    for (uint32_t k = 0; k < s->out.n_right; k++)
        put_rows(e, s->right[k]);
    most(&e->plan->n_lookup, s->out.n_left * ad_block_size(&s->out.shape, AD_BLOCK_Z) +
                                 s->out.n_right * ad_block_size(&s->out.shape, AD_BLOCK_X));
}

/* The planner's stats and what they need of a worker, in order of their jobs. */
static void emit_stats(const planner *p, ad_plan *out)
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
        if (s->first_job < out->first_compact)
            out->first_compact = s->first_job;
    }
}

static void put_words(emitter *e, const entry *t)
{
    const planner *p = e->p;
    const graph_node *n = planner_node(p, t->a);
    switch (t->kind) {
    case ENTRY_BROADCAST:
        put(e, PLAN_SUM);
        put(e, row_number(e, t->a));
        put(e, plan_scalar(e->s, t->a));
        for (int class = 1; class < TERM_CLASSES; class ++)
            put(e, 0);
        break;
    case ENTRY_SUM: {
        const row_sum *s = &p->sum[t->a];
        put(e, PLAN_SUM);
        put(e, row_number(e, s->node));
        put(e, t->begins ? plan_scalar(e->s, s->init) : (uint32_t)PLAN_ADD);
        put_terms(e, &p->term[s->first + t->first], t->n, false, true);
        break;
    }
    case ENTRY_GROUP:
        put_group(e, &p->group[t->a]);
        break;
    case ENTRY_FUN:
        put_fun(e, t->a);
        break;
    case ENTRY_SELECT:
        put(e, PLAN_SELECT);
        put(e, row_number(e, n->a));
        put(e, row_number(e, n->b));
        put(e, row_number(e, n->c));
        put(e, row_number(e, t->a));
        break;
    case ENTRY_BLOCK:
        put_block(e, t->a);
        break;
    case ENTRY_BLOCK_JOBS:
        put_stat(e, t->a);
        break;
    case ENTRY_FEATURE_JOBS: {
        feature_job j;
        plan_is_feature_job(p, t->a, &j);
        put(e, PLAN_FEATURE_JOBS);
        put(e, t->a);
        put(e, t->n);
        put(e, planner_node(p, j.feature)->a);
        put(e, row_number(e, j.x));
        put(e, row_number(e, j.y));
        break;
    }
    case ENTRY_JOB:
        put(e, PLAN_JOB);
        put(e, t->a);
        put(e, shape_of(p, &p->job[t->a]));
        put_value(e, &p->job[t->a].g);
        put_value(e, &p->job[t->a].h);
        break;
    }
}

/* ------------------------------------------------------------------- rows, reused */

static void give_row(emitter *e, uint32_t node)
{
    if (e->row[node] == GRAPH_NONE)
        e->row[node] = e->free_rows.n ? e->free_rows.word[--e->free_rows.n] : e->n_rows++;
}

static void take_row(emitter *e, uint32_t node)
{
    if (e->row[node] != GRAPH_NONE) {
        words_put(&e->free_rows, e->row[node]);
        e->row[node] = GRAPH_NONE;
    }
}

static void find_last_uses(emitter *e)
{
    planner *p = e->p;
    for (size_t k = 0; k < p->n_entries; k++) {
        touch_entry(e, &p->entry[k]);
        for (size_t j = 0; j < e->touched.n; j++)
            e->last_use[e->touched.word[j]] = (uint32_t)k + 1;
    }
    for (int k = 0; k < p->n_results; k++)
        e->last_use[p->result[k]] = UINT32_MAX;
}

static void emit_all(emitter *e)
{
    planner *p = e->p;
    for (size_t k = 0; k < p->n_entries && !p->error->status; k++) {
        touch_entry(e, &p->entry[k]);
        for (size_t j = 0; j < e->touched.n; j++)
            give_row(e, e->touched.word[j]);
        put_words(e, &p->entry[k]);
        for (size_t j = 0; j < e->touched.n; j++)
            if (e->last_use[e->touched.word[j]] == k + 1)
                take_row(e, e->touched.word[j]);
    }
}

/* Features have their rows from the start. */
static void emit_features(emitter *e, ad_plan *out)
{
    planner *p = e->p;
    size_t n = 0;
    for (size_t k = 0; k < p->n0; k++)
        n += p->row[k] && planner_node(p, (uint32_t)k)->kind == GRAPH_FEATURE;
    out->feature = meka_alloc(n, sizeof *out->feature, p->error);
    for (uint32_t k = 0; out->feature && k < p->n0; k++) {
        if (p->row[k] && planner_node(p, k)->kind == GRAPH_FEATURE) {
            if (e->last_use[k] == 0)
                continue;
            give_row(e, k);
            out->feature[out->n_features_used++] =
                (plan_feature){planner_node(p, k)->a, e->row[k]};
        }
    }
}

static void find_parts(emitter *e)
{
    const planner *p = e->p;
    size_t n_funs = 0;
    for (uint32_t k = 0; k < p->n0; k++)
        if (planner_node(p, k)->kind == GRAPH_FUN)
            e->fun[k] = (uint32_t)n_funs++;
    e->part = meka_alloc(n_funs, GRAPH_N_PARTS * sizeof *e->part, p->error);
    if (!e->part)
        return;
    memset(e->part, 0xff, n_funs * GRAPH_N_PARTS * sizeof *e->part);
    for (uint32_t k = 0; k < p->n0; k++) {
        const graph_node *n = planner_node(p, k);
        if (!p->row[k] || !n->varying)
            continue;
        if (n->kind == GRAPH_FUN)
            e->part[e->fun[k] * (size_t)GRAPH_N_PARTS] = k;
        if (n->kind == GRAPH_PART)
            e->part[e->fun[n->a] * (size_t)GRAPH_N_PARTS + n->op] = k;
    }
}

static bool emitter_begin(emitter *e, planner *p, scalars *s, ad_plan *out)
{
    *e = (emitter){.p = p, .s = s, .plan = out};
    e->out.error = e->pack.error = e->touched.error = e->free_rows.error = p->error;
    e->row = meka_alloc(p->n0, sizeof *e->row, p->error);
    e->last_use = meka_alloc(p->n0, sizeof *e->last_use, p->error);
    e->fun = meka_alloc(p->n0, sizeof *e->fun, p->error);
    if (!e->row || !e->last_use || !e->fun)
        return false;
    memset(e->row, 0xff, p->n0 * sizeof *e->row);
    find_parts(e);
    return e->part != NULL;
}

void plan_emit(planner *p, ad_plan *out, plan_param *params)
{
    scalars s;
    emitter e = {0};
    uint8_t *used = meka_alloc(p->n_sums, 1, p->error);

    if (!plan_scalars_begin(&s, p, out) && used && !p->error->status) {
        plan_need_scalars(p, &s, params, used);
        plan_scalars_assign(&s);
        plan_number_params(p, &s, params);
        if (emitter_begin(&e, p, &s, out)) {
            emit_stats(p, out);
            find_last_uses(&e);
            emit_features(&e, out);
            emit_all(&e);
            for (int k = 0; k < p->n_results; k++)
                out->result[k] = e.row[p->result[k]];
        }
    }
    out->n_rows = e.n_rows;
    out->code = e.out.word;
    out->n_code = e.out.n;
    out->pack = e.pack.word;
    out->n_pack = e.pack.n;
    out->n_jobs = p->n_jobs;
    plan_scalars_end(&s);
    free(e.touched.word);
    free(e.free_rows.word);
    free(e.row);
    free(e.last_use);
    free(e.fun);
    free(e.part);
    free(used);
}
