/* The order of work: a sum is added up in pieces as soon as their operands are there, and a job
 * runs right after its last operand, so that few rows are alive at a time. */
#include "ad/plan_build.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 16 }; /* terms that are added at once */

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

/* ---------------------------------------- features that stand together in a sample */

enum {
    TOGETHER = 16,     /* features that are worth it, and their number's divisor */
    TOGETHER_SUMS = 4, /* more sums over them are better served by rows */
};

static bool is_feature(const planner *p, uint32_t node)
{
    return planner_node(p, node)->kind == GRAPH_FEATURE;
}

/* Few sums over consecutive features. */
bool plan_is_feature_group(const planner *p, const row_group *g)
{
    const uint32_t *row = &p->member_row[g->first_row];
    if (g->n_members > TOGETHER_SUMS || g->n_rows < TOGETHER || !is_feature(p, row[0]))
        return false;
    for (uint32_t k = 1; k < g->n_rows; k++)
        if (!is_feature(p, row[k]) ||
            planner_node(p, row[k])->a != planner_node(p, row[0])->a + k)
            return false;
    return true;
}

/* The value is one row times one feature: the feature's node, and the row's; or false. */
static bool row_times_feature(const planner *p, const row_value *v, uint32_t *row,
                              uint32_t *feature)
{
    if (v->sum == GRAPH_NONE || p->sum[v->sum].n != 1)
        return false;
    const row_term *t = &p->term[p->sum[v->sum].first];
    if (t->x[1] == GRAPH_NONE || t->x[2] != GRAPH_NONE)
        return false;
    bool first = is_feature(p, t->x[0]);
    *feature = t->x[first ? 0 : 1];
    *row = t->x[first ? 1 : 0];
    return is_feature(p, *feature) && !is_feature(p, *row);
}

bool plan_is_feature_job(const planner *p, uint32_t job, feature_job *out)
{
    const row_job *j = &p->job[job];
    uint32_t other;
    out->y = GRAPH_NONE;
    if (!row_times_feature(p, &j->g, &out->x, &out->feature))
        return false;
    if (j->h.row == GRAPH_NONE && j->h.sum == GRAPH_NONE)
        return true;
    return row_times_feature(p, &j->h, &out->y, &other) && other == out->feature;
}

/* How many jobs from `first` on are of consecutive features and one pair of rows. */
static uint32_t count_feature_jobs(const planner *p, uint32_t first)
{
    feature_job a, b;
    if (!(p->passes & AD_PASS_GROUP) || !plan_is_feature_job(p, first, &a))
        return 0;
    uint32_t n = 1, index = planner_node(p, a.feature)->a;
    while (first + n < p->n_plain_jobs && plan_is_feature_job(p, first + n, &b) && b.x == a.x &&
           b.y == a.y && planner_node(p, b.feature)->a == index + n)
        n++;
    return n / TOGETHER * TOGETHER;
}

/* Blocks with elements that need rows, and those whose elements are components. */
static void put_block(planner *p, uint32_t id)
{
    size_t n = ad_block_size(&p->g->block[planner_node(p, id)->a].shape,
                             p->g->block[planner_node(p, id)->a].part);
    for (uint32_t k = 0; k < n; k++)
        if (p->row[id + 1 + k]) {
            put_entry(p, (entry){2 * (uint64_t)id, ENTRY_BLOCK, id, 0, 0, true});
            return;
        }
}

static void put_block_jobs(planner *p)
{
    for (uint32_t k = 0; k < p->n_stats; k++) {
        const uint32_t blocks[2] = {p->stat[k].g, p->stat[k].h};
        put_entry(p, (entry){after(0, blocks, 2), ENTRY_BLOCK_JOBS, k, 0, 0, true});
    }
}

static void put_jobs(planner *p)
{
    for (uint32_t k = 0; k < p->n_plain_jobs;) {
        uint32_t n = count_feature_jobs(p, k);
        uint64_t key = after_value(p, after_value(p, 0, &p->job[k].g), &p->job[k].h);
        put_entry(p, (entry){key, n ? ENTRY_FEATURE_JOBS : ENTRY_JOB, k, 0, n, true});
        k += n ? n : 1;
    }
}

/* ------------------------------------------------------------------------------------ */

bool plan_is_broadcast(const graph_node *n)
{
    return !n->varying || n->kind == GRAPH_PARAM || n->kind == GRAPH_ALONG;
}

static void put_node(planner *p, uint32_t id, const uint8_t *fun_needed)
{
    const graph_node *n = planner_node(p, id);
    uint64_t key = 2 * (uint64_t)id;
    if (p->row[id] && plan_is_broadcast(n))
        put_entry(p, (entry){key, ENTRY_BROADCAST, id, 0, 0, true});
    else if (n->kind == GRAPH_FUN && fun_needed[id])
        put_entry(p, (entry){key, ENTRY_FUN, id, 0, 0, true});
    else if (n->kind == GRAPH_BLOCK && p->row[id])
        put_block(p, id);
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

void plan_order(planner *p)
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
    put_jobs(p);
    put_block_jobs(p);
    if (!p->error->status)
        sort_entries(p);
}
