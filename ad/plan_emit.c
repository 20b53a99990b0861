/* Order, rows and words: a sum is added up in pieces as soon as their operands are there, a
 * job runs right after its last operand, and rows are used again, so that a block's working
 * set stays small. */
#include "ad/plan_build.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 16 }; /* terms that are added at once */

/* ------------------------------------------------------------------------- entries */

static void put_entry(planner *p, entry e)
{
    if (!meka_grow(&p->entry, &p->entry_capacity, p->n_entries + 1, sizeof e, p->error))
        p->entry[p->n_entries++] = e;
}

/* Nodes run at key 2 node; what only reads nodes up to k may run at 2 k + 1. */
static uint64_t after(uint64_t key, const uint32_t *x, int n)
{
    for (int k = 0; k < n; k++)
        if (x[k] != GRAPH_NONE && 2 * (uint64_t)x[k] + 1 > key)
            key = 2 * (uint64_t)x[k] + 1;
    return key;
}

static void put_groups(planner *p)
{
    for (uint32_t k = 0; k < p->n_groups; k++) {
        const row_group *g = &p->group[k];
        const uint32_t *last = &p->member_row[g->first_row + g->n_rows - 1]; /* sorted */
        put_entry(p, (entry){after(0, last, 1), ENTRY_GROUP, k, 0, 0, true});
    }
}

static void put_sum(planner *p, uint32_t number)
{
    const row_sum *s = &p->sum[number];
    bool begins = s->group == GRAPH_NONE;
    uint64_t key = 0;
    if (!begins) {
        const row_group *g = &p->group[s->group];
        key = after(0, &p->member_row[g->first_row + g->n_rows - 1], 1);
    }
    for (uint32_t first = 0; first < s->n;) {
        uint32_t n = 0, taken = 0;
        for (; first + n < s->n && taken < PIECE; n++) {
            const row_term *t = &p->term[s->first + first + n];
            if (!t->grouped)
                key = after(key, t->x, GRAPH_DEGREE), taken++;
        }
        bool last = first + n == s->n;
        if (taken > 0)
            put_entry(p, (entry){last ? 2 * (uint64_t)s->node : key, ENTRY_SUM, number, first,
                                 n, begins});
        begins = begins && taken == 0;
        first += n;
    }
}

static uint64_t after_value(const planner *p, uint64_t key, const row_value *v)
{
    key = after(key, &v->row, 1);
    if (v->sum != GRAPH_NONE)
        for (uint32_t k = 0; k < p->sum[v->sum].n; k++)
            key = after(key, p->term[p->sum[v->sum].first + k].x, GRAPH_DEGREE);
    return key;
}

static bool is_broadcast(const graph_node *n)
{
    return !n->varying || n->kind == GRAPH_PARAM || n->kind == GRAPH_ALONG;
}

static void put_node(planner *p, uint32_t id, const uint8_t *fun_needed)
{
    const graph_node *n = planner_node(p, id);
    uint64_t key = 2 * (uint64_t)id;
    if (p->row[id] && is_broadcast(n))
        put_entry(p, (entry){key, ENTRY_BROADCAST, id, 0, 0, true});
    else if (n->kind == GRAPH_FUN && fun_needed[id])
        put_entry(p, (entry){key, ENTRY_FUN, id, 0, 0, true});
    else if (n->kind == GRAPH_SELECT && p->row[id])
        put_entry(p, (entry){key, ENTRY_SELECT, id, 0, 0, true});
}

/* Stable, by key; keys below 2 n0 + 2. */
static void sort_entries(planner *p)
{
    size_t n_keys = 2 * p->n0 + 3;
    size_t *start = meka_alloc(n_keys, sizeof *start, p->error);
    entry *sorted = meka_alloc(p->n_entries, sizeof *sorted, p->error);
    if (start && sorted) {
        for (size_t k = 0; k < p->n_entries; k++)
            start[p->entry[k].key + 1]++;
        for (size_t k = 1; k < n_keys; k++)
            start[k] += start[k - 1];
        for (size_t k = 0; k < p->n_entries; k++)
            sorted[start[p->entry[k].key]++] = p->entry[k];
        free(p->entry);
        p->entry = sorted;
        p->entry_capacity = p->n_entries;
        sorted = NULL;
    }
    free(start);
    free(sorted);
}

static void make_entries(planner *p)
{
    uint8_t *fun_needed = meka_alloc(p->n0, 1, p->error);
    if (!fun_needed)
        return;
    for (size_t k = 0; k < p->n0; k++) {
        const graph_node *n = planner_node(p, (uint32_t)k);
        if (p->row[k] && n->varying && n->kind == GRAPH_PART)
            fun_needed[n->a] = 1;
        if (p->row[k] && n->kind == GRAPH_FUN)
            fun_needed[k] = 1;
    }
    for (uint32_t k = 0; k < p->n0; k++)
        put_node(p, k, fun_needed);
    free(fun_needed);
    put_groups(p);
    for (uint32_t k = 0; k < p->n_sums; k++)
        if (p->row[p->sum[k].node])
            put_sum(p, k);
    for (uint32_t k = 0; k < p->n_jobs; k++) {
        uint64_t key = after_value(p, after_value(p, 0, &p->job[k].g), &p->job[k].h);
        put_entry(p, (entry){key, ENTRY_JOB, k, 0, 0, true});
    }
    if (!p->error->status)
        sort_entries(p);
}

/* ------------------------------------------------------- which rows an entry touches */

typedef struct emitter {
    planner *p;
    scalars *s;
    words out, pack;
    words touched;      /* rows' nodes of the entry at hand */
    uint32_t *row;      /* [n0] row of a node, or GRAPH_NONE */
    uint32_t *last_use; /* [n0] entry number + 1 */
    uint32_t *part;     /* [n0][GRAPH_N_PARTS] rows' nodes of a function's outputs */
    words free_rows;
    uint32_t n_rows;
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
        out[k] = e->part[fun * (size_t)GRAPH_N_PARTS + (size_t)k];
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
    case ENTRY_GROUP: {
        const row_group *g = &p->group[t->a];
        for (uint32_t k = 0; k < g->n_rows; k++)
            touch(e, p->member_row[g->first_row + k]);
        for (uint32_t k = 0; k < g->n_members; k++)
            touch(e, p->sum[p->member[g->first_member + k]].node);
        break;
    }
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
    case ENTRY_JOB:
        touch_value(e, &p->job[t->a].g);
        touch_value(e, &p->job[t->a].h);
        break;
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

static int term_degree(const row_term *t)
{
    return 1 + (t->x[1] != GRAPH_NONE) + (t->x[2] != GRAPH_NONE);
}

/* Counts and terms by degree; with `bare`, without the coefficient. */
static void put_terms(emitter *e, const row_term *t, uint32_t n, bool bare, bool skip_grouped)
{
    uint32_t count[GRAPH_DEGREE + 1] = {0};
    for (uint32_t k = 0; k < n; k++)
        count[term_degree(&t[k])] += !(skip_grouped && t[k].grouped);
    for (int degree = 1; degree <= GRAPH_DEGREE; degree++)
        put(e, count[degree]);
    for (int degree = 1; degree <= GRAPH_DEGREE; degree++) {
        for (uint32_t k = 0; k < n; k++) {
            if (term_degree(&t[k]) != degree || (skip_grouped && t[k].grouped))
                continue;
            put(e, bare ? PLAN_ONE : plan_scalar(e->s, t[k].c));
            for (int j = 0; j < degree; j++)
                put(e, row_number(e, t[k].x[j]));
        }
    }
}

static void put_value(emitter *e, const row_value *v)
{
    if (v->sum != GRAPH_NONE) {
        const row_sum *s = &e->p->sum[v->sum];
        put_terms(e, &e->p->term[s->first], s->n, s->n == 1, false);
        return;
    }
    const row_term row = {PLAN_NODE_ONE, {v->row, GRAPH_NONE, GRAPH_NONE}, false};
    put_terms(e, &row, v->row != GRAPH_NONE, false, false);
}

static bool is_product(const planner *p, const row_value *v, uint32_t n)
{
    if (v->sum == GRAPH_NONE || p->sum[v->sum].n != n)
        return false;
    for (uint32_t k = 0; k < n; k++) {
        const row_term *t = &p->term[p->sum[v->sum].first + k];
        if (term_degree(t) != 2 || (n > 1 && t->c != PLAN_NODE_ONE))
            return false;
    }
    return true;
}

static plan_shape shape_of(const planner *p, const row_job *j)
{
    bool no_h = j->h.row == GRAPH_NONE && j->h.sum == GRAPH_NONE;
    if (!is_product(p, &j->g, 1))
        return PLAN_ANY;
    return no_h                      ? PLAN_G2
           : is_product(p, &j->h, 1) ? PLAN_G2_H2
           : is_product(p, &j->h, 2) ? PLAN_G2_H2_H2
                                     : PLAN_ANY;
}

static void put_group(emitter *e, const row_group *g)
{
    planner *p = e->p;
    put(e, PLAN_GROUP);
    put(e, g->n_members);
    put(e, g->n_rows);
    put(e, (uint32_t)e->pack.n);
    for (uint32_t k = 0; k < g->n_members; k++)
        put(e, row_number(e, p->sum[p->member[g->first_member + k]].node));
    for (uint32_t k = 0; k < g->n_members; k++)
        put(e, plan_scalar(e->s, p->sum[p->member[g->first_member + k]].init));
    for (uint32_t k = 0; k < g->n_rows; k++) {
        put(e, row_number(e, p->member_row[g->first_row + k]));
        p->where[p->member_row[g->first_row + k]] = k;
    }
    size_t first = e->pack.n;
    for (size_t k = 0; k < (size_t)g->n_rows * g->n_members; k++)
        words_put(&e->pack, PLAN_ZERO);
    for (uint32_t m = 0; m < g->n_members && !p->error->status; m++) {
        const row_sum *s = &p->sum[p->member[g->first_member + m]];
        for (uint32_t k = 0; k < s->n; k++) {
            const row_term *t = &p->term[s->first + k];
            if (t->grouped)
                e->pack.word[first + p->where[t->x[0]] * (size_t)g->n_members + m] =
                    plan_scalar(e->s, t->c);
        }
    }
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

static void put_words(emitter *e, const entry *t)
{
    const planner *p = e->p;
    const graph_node *n = planner_node(p, t->a);
    switch (t->kind) {
    case ENTRY_BROADCAST:
        put(e, PLAN_SUM);
        put(e, row_number(e, t->a));
        put(e, plan_scalar(e->s, t->a));
        for (int k = 0; k < GRAPH_DEGREE; k++)
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

static void emit_all(emitter *e)
{
    planner *p = e->p;
    for (size_t k = 0; k < p->n_entries; k++) {
        touch_entry(e, &p->entry[k]);
        for (size_t j = 0; j < e->touched.n; j++)
            e->last_use[e->touched.word[j]] = (uint32_t)k + 1;
    }
    for (int k = 0; k < p->n_results; k++)
        e->last_use[p->result[k]] = UINT32_MAX;
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
            give_row(e, k);
            out->feature[out->n_features_used++] =
                (plan_feature){planner_node(p, k)->a, e->row[k]};
        }
    }
}

static void need_value(const planner *p, scalars *s, const row_value *v, uint8_t *used)
{
    plan_scalars_need(s, v->scale);
    plan_scalars_need(s, v->offset);
    if (v->sum != GRAPH_NONE && p->sum[v->sum].n > 1)
        used[v->sum] = 1;
}

static void need_scalars(planner *p, scalars *s, const plan_param *params, uint8_t *used)
{
    for (size_t k = 0; k < p->n_jobs; k++) {
        need_value(p, s, &p->job[k].g, used);
        need_value(p, s, &p->job[k].h, used);
    }
    for (size_t j = 0; params && j < p->g->n_params; j++) {
        plan_scalars_need(s, params[j].g_scale);
        plan_scalars_need(s, params[j].g_offset);
        plan_scalars_need(s, params[j].h_scale);
        plan_scalars_need(s, params[j].h_offset);
    }
    for (size_t k = 0; k < p->n_sums; k++) {
        if (p->row[p->sum[k].node])
            plan_scalars_need(s, p->sum[k].init);
        for (uint32_t j = 0; j < p->sum[k].n && (used[k] || p->row[p->sum[k].node]); j++)
            plan_scalars_need(s, p->term[p->sum[k].first + j].c);
    }
    for (uint32_t k = 0; k < p->n0; k++)
        if (p->row[k] && is_broadcast(planner_node(p, k)))
            plan_scalars_need(s, k);
}

static void number_params(planner *p, const scalars *s, plan_param *params)
{
    for (size_t j = 0; params && j < p->g->n_params; j++) {
        params[j].g_scale = plan_scalar(s, params[j].g_scale);
        params[j].g_offset = plan_scalar(s, params[j].g_offset);
        params[j].h_scale = plan_scalar(s, params[j].h_scale);
        params[j].h_offset = plan_scalar(s, params[j].h_offset);
    }
}

static void find_parts(emitter *e)
{
    const planner *p = e->p;
    memset(e->part, 0xff, p->n0 * GRAPH_N_PARTS * sizeof *e->part);
    for (uint32_t k = 0; k < p->n0; k++) {
        const graph_node *n = planner_node(p, k);
        if (!p->row[k] || !n->varying)
            continue;
        if (n->kind == GRAPH_FUN)
            e->part[k * (size_t)GRAPH_N_PARTS] = k;
        if (n->kind == GRAPH_PART)
            e->part[n->a * (size_t)GRAPH_N_PARTS + n->op] = k;
    }
}

static bool emitter_begin(emitter *e, planner *p, scalars *s)
{
    *e = (emitter){.p = p, .s = s};
    e->out.error = e->pack.error = e->touched.error = e->free_rows.error = p->error;
    e->row = meka_alloc(p->n0, sizeof *e->row, p->error);
    e->last_use = meka_alloc(p->n0, sizeof *e->last_use, p->error);
    e->part = meka_alloc(p->n0, GRAPH_N_PARTS * sizeof *e->part, p->error);
    if (!e->row || !e->last_use || !e->part)
        return false;
    memset(e->row, 0xff, p->n0 * sizeof *e->row);
    find_parts(e);
    return true;
}

void plan_emit(planner *p, ad_plan *out, plan_param *params)
{
    scalars s;
    emitter e = {0};
    uint8_t *used = meka_alloc(p->n_sums, 1, p->error);
    make_entries(p);
    if (!plan_scalars_begin(&s, p, out) && used && !p->error->status) {
        need_scalars(p, &s, params, used);
        plan_scalars_assign(&s);
        number_params(p, &s, params);
        if (emitter_begin(&e, p, &s)) {
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
    free(e.part);
    free(used);
}
