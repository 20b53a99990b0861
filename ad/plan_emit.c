/* Rows and words: rows are used again as soon as their value has had its last use. */
#include "ad/plan_emit.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------- which rows an entry touches */

void plan_touch(emitter *e, uint32_t node)
{
    if (node != GRAPH_NONE)
        words_put(&e->touched, node);
}

static void touch_terms(emitter *e, const row_sum *s, uint32_t first, uint32_t n)
{
    for (uint32_t k = first; k < first + n; k++)
        for (int j = 0; j < GRAPH_DEGREE && !e->p->term[s->first + k].grouped; j++)
            plan_touch(e, e->p->term[s->first + k].x[j]);
}

static void touch_group(emitter *e, const row_group *g)
{
    const planner *p = e->p;
    bool reads_rows = !plan_is_feature_group(p, g);
    for (uint32_t k = 0; k < g->n_rows && reads_rows; k++)
        plan_touch(e, p->member_row[g->first_row + k]);
    for (uint32_t k = 0; k < g->n_members; k++)
        plan_touch(e, p->sum[p->member[g->first_member + k]].node);
}

static void touch_value(emitter *e, const row_value *v)
{
    plan_touch(e, v->row);
    if (v->sum != GRAPH_NONE) {
        const row_sum *s = &e->p->sum[v->sum];
        for (uint32_t k = 0; k < s->n; k++)
            for (int j = 0; j < GRAPH_DEGREE; j++)
                plan_touch(e, e->p->term[s->first + k].x[j]);
    }
}

/* The function's value and partials that need rows: nodes by number of the partial. */
static void outputs_of(const emitter *e, uint32_t fun, uint32_t out[GRAPH_N_PARTS])
{
    for (int k = 0; k < GRAPH_N_PARTS; k++)
        out[k] = e->part[e->fun[fun] * (size_t)GRAPH_N_PARTS + (size_t)k];
}

static void touch_entry(emitter *e, const entry *t)
{
    const planner *p = e->p;
    e->touched.n = 0;
    switch (t->kind) {
    case ENTRY_BROADCAST:
        plan_touch(e, t->a);
        break;
    case ENTRY_SUM:
        touch_terms(e, &p->sum[t->a], t->first, t->n);
        plan_touch(e, p->sum[t->a].node);
        break;
    case ENTRY_GROUP:
        touch_group(e, &p->group[t->a]);
        break;
    case ENTRY_FUN: {
        uint32_t out[GRAPH_N_PARTS];
        plan_touch(e, planner_node(p, t->a)->a);
        plan_touch(e, planner_node(p, t->a)->b);
        outputs_of(e, t->a, out);
        for (int k = 0; k < GRAPH_N_PARTS; k++)
            plan_touch(e, out[k]);
        break;
    }
    case ENTRY_SELECT:
        plan_touch(e, planner_node(p, t->a)->a);
        plan_touch(e, planner_node(p, t->a)->b);
        plan_touch(e, planner_node(p, t->a)->c);
        plan_touch(e, t->a);
        break;
    case ENTRY_BLOCK:
        plan_touch_block(e, t->a);
        break;
    case ENTRY_BLOCK_JOBS:
        plan_touch_stat(e, &p->stat[t->a]);
        break;
    case ENTRY_JOB:
        touch_value(e, &p->job[t->a].g);
        touch_value(e, &p->job[t->a].h);
        break;
    case ENTRY_FEATURE_JOBS: {
        feature_job j;
        plan_is_feature_job(p, t->a, &j);
        plan_touch(e, j.x);
        plan_touch(e, j.y);
        break;
    }
    }
}

/* ---------------------------------------------------------------------------- words */

void plan_put(emitter *e, uint32_t x)
{
    words_put(&e->out, x);
}

uint32_t plan_row_number(const emitter *e, uint32_t node)
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
    plan_put(e, bare ? PLAN_ONE : plan_scalar(e->s, t->c));
    if (t->square) {
        plan_put(e, plan_scalar(e->s, t->scale));
        plan_put(e, plan_scalar(e->s, t->offset));
    }
    for (int j = 0; j < (t->square ? 1 : term_class(t)); j++)
        plan_put(e, plan_row_number(e, t->x[j]));
}

/* Counts and terms by class; with `bare`, without the coefficient. */
static void put_terms(emitter *e, const row_term *t, uint32_t n, bool bare, bool skip_grouped)
{
    uint32_t count[TERM_CLASSES] = {0};
    for (uint32_t k = 0; k < n; k++)
        count[term_class(&t[k])] += !(skip_grouped && t[k].grouped);
    for (int class = 1; class < TERM_CLASSES; class ++)
        plan_put(e, count[class]);
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
    plan_put(e, of_features ? PLAN_FEATURE_GROUP : PLAN_GROUP);
    plan_put(e, g->n_members);
    plan_put(e, g->n_rows);
    plan_put(e, (uint32_t)e->pack.n);
    if (of_features)
        plan_put(e, planner_node(p, p->member_row[g->first_row])->a);
    for (uint32_t k = 0; k < g->n_members; k++)
        plan_put(e, plan_row_number(e, p->sum[p->member[g->first_member + k]].node));
    for (uint32_t k = 0; k < g->n_members; k++)
        plan_put(e, plan_scalar(e->s, p->sum[p->member[g->first_member + k]].init));
    for (uint32_t k = 0; k < g->n_rows && !of_features; k++)
        plan_put(e, plan_row_number(e, p->member_row[g->first_row + k]));
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
    plan_put(e, unary ? PLAN_FUN1 : PLAN_FUN2);
    plan_put(e, n->op);
    plan_put(e, unary ? order : mask);
    plan_put(e, plan_row_number(e, n->a));
    if (!unary)
        plan_put(e, plan_row_number(e, n->b));
    for (int k = 0; k < (unary ? 4 : GRAPH_N_PARTS); k++)
        plan_put(e, plan_row_number(e, out[k]));
}

static void put_words(emitter *e, const entry *t)
{
    const planner *p = e->p;
    const graph_node *n = planner_node(p, t->a);
    switch (t->kind) {
    case ENTRY_BROADCAST:
        plan_put(e, PLAN_SUM);
        plan_put(e, plan_row_number(e, t->a));
        plan_put(e, plan_scalar(e->s, t->a));
        for (int class = 1; class < TERM_CLASSES; class ++)
            plan_put(e, 0);
        break;
    case ENTRY_SUM: {
        const row_sum *s = &p->sum[t->a];
        plan_put(e, PLAN_SUM);
        plan_put(e, plan_row_number(e, s->node));
        plan_put(e, t->begins ? plan_scalar(e->s, s->init) : (uint32_t)PLAN_ADD);
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
        plan_put(e, PLAN_SELECT);
        plan_put(e, plan_row_number(e, n->a));
        plan_put(e, plan_row_number(e, n->b));
        plan_put(e, plan_row_number(e, n->c));
        plan_put(e, plan_row_number(e, t->a));
        break;
    case ENTRY_BLOCK:
        plan_put_block(e, t->a);
        break;
    case ENTRY_BLOCK_JOBS:
        plan_put_stat(e, t->a);
        break;
    case ENTRY_FEATURE_JOBS: {
        feature_job j;
        plan_is_feature_job(p, t->a, &j);
        plan_put(e, PLAN_FEATURE_JOBS);
        plan_put(e, t->a);
        plan_put(e, t->n);
        plan_put(e, planner_node(p, j.feature)->a);
        plan_put(e, plan_row_number(e, j.x));
        plan_put(e, plan_row_number(e, j.y));
        break;
    }
    case ENTRY_JOB:
        plan_put(e, PLAN_JOB);
        plan_put(e, t->a);
        plan_put(e, shape_of(p, &p->job[t->a]));
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

/* Features with rows for this reason. */
static void emit_features_of(emitter *e, ad_plan *out, row_need need)
{
    planner *p = e->p;
    for (uint32_t k = 0; k < p->n0; k++) {
        if (p->row[k] != need || planner_node(p, k)->kind != GRAPH_FEATURE ||
            e->last_use[k] == 0)
            continue;
        give_row(e, k);
        out->feature[out->n_features_used++] = (plan_feature){planner_node(p, k)->a, e->row[k]};
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
    if (!out->feature)
        return;
    emit_features_of(e, out, ROW_NEEDED);
    out->n_features_always = out->n_features_used;
    emit_features_of(e, out, ROW_NEEDED_UNLESS_KEPT);
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
            plan_emit_stats(p, out);
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
