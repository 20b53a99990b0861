/* Sums that read the same rows become one matrix product, which loads a row once for many
 * sums. */
#include "ad/plan_build.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { GROUP_ROWS = 4 }; /* shorter sums gain nothing */

static bool is_linear(const row_term *t)
{
    return t->x[1] == GRAPH_NONE;
}

/* A row that few sums read would keep a sum apart from others like it: only rows that at
 * least half as many sums read as its most popular one count. */
static bool is_common(const planner *p, const row_term *t, uint32_t popular)
{
    return is_linear(t) && 2 * p->where[t->x[0]] > popular;
}

static uint32_t popularity(const planner *p, const row_sum *s)
{
    uint32_t most = 0;
    for (uint32_t k = 0; k < s->n; k++) {
        const row_term *t = &p->term[s->first + k];
        if (is_linear(t) && p->where[t->x[0]] > most)
            most = p->where[t->x[0]];
    }
    return most;
}

static int by_number(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

static bool is_member(const planner *p, const row_sum *s)
{
    return p->row[s->node] && s->n >= GROUP_ROWS;
}

/* Features can be worth a group even of one sum: they are read where they lie. */
static bool reads_features(const planner *p, const row_sum *s)
{
    return planner_node(p, p->term[s->first].x[0])->kind == GRAPH_FEATURE;
}

/* Adds the sum's sorted common rows to member_row. */
static candidate describe(planner *p, uint32_t sum)
{
    const row_sum *s = &p->sum[sum];
    candidate c = {.sum = sum, .first = (uint32_t)p->n_member_rows, .hash = 1};
    uint32_t popular = popularity(p, s);
    if (popular < (reads_features(p, s) ? 1 : 2) ||
        meka_grow(&p->member_row, &p->member_row_capacity, p->n_member_rows + s->n,
                  sizeof(uint32_t), p->error))
        return c;
    for (uint32_t k = 0; k < s->n; k++)
        if (is_common(p, &p->term[s->first + k], popular))
            p->member_row[p->n_member_rows++] = p->term[s->first + k].x[0];
    c.n = (uint32_t)(p->n_member_rows - c.first);
    if (c.n < GROUP_ROWS) {
        p->n_member_rows = c.first;
        c.n = 0;
        return c;
    }
    qsort(p->member_row + c.first, c.n, sizeof(uint32_t), by_number);
    for (uint32_t k = 0; k < c.n; k++) {
        c.hash = (c.hash ^ p->member_row[c.first + k]) * 0x9e3779b97f4a7c15u;
        c.hash ^= c.hash >> 30;
    }
    return c;
}

static const uint32_t *rows_of(const planner *p, const candidate *c)
{
    return p->member_row + c->first;
}

static bool same_rows(const planner *p, const candidate *x, const candidate *y)
{
    return x->hash == y->hash && x->n == y->n &&
           memcmp(rows_of(p, x), rows_of(p, y), x->n * sizeof(uint32_t)) == 0;
}

static int by_hash(const void *x, const void *y)
{
    const candidate *a = x, *b = y;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->sum < b->sum ? -1 : a->sum > b->sum;
}

candidate *plan_candidates(planner *p, size_t *n)
{
    *n = 0;
    candidate *c = meka_alloc(p->n_sums, sizeof *c, p->error);
    if (!c)
        return NULL;
    p->n_member_rows = 0;
    memset(p->where, 0, p->n0 * sizeof *p->where);
    for (size_t k = 0; k < p->n_sums; k++)
        if (is_member(p, &p->sum[k]))
            for (uint32_t j = 0; j < p->sum[k].n; j++)
                if (is_linear(&p->term[p->sum[k].first + j]))
                    p->where[p->term[p->sum[k].first + j].x[0]]++;
    for (uint32_t k = 0; k < p->n_sums && !p->error->status; k++) {
        if (is_member(p, &p->sum[k])) {
            c[*n] = describe(p, k);
            *n += c[*n].n > 0;
        }
    }
    qsort(c, *n, sizeof *c, by_hash);
    return c;
}

size_t plan_candidates_end(const planner *p, const candidate *c, size_t n, size_t k)
{
    size_t end = k + 1;
    while (end < n && same_rows(p, &c[k], &c[end]))
        end++;
    return end;
}

void plan_mark_common(planner *p, uint32_t sum)
{
    const row_sum *s = &p->sum[sum];
    uint32_t popular = popularity(p, s);
    for (uint32_t j = 0; j < s->n; j++)
        p->term[s->first + j].grouped = is_common(p, &p->term[s->first + j], popular);
}

/* Makes candidates [n], all with the same rows, a group. */
static void make_group(planner *p, const candidate *c, size_t n)
{
    if (meka_grow(&p->group, &p->group_capacity, p->n_groups + 1, sizeof *p->group, p->error) ||
        meka_grow(&p->member, &p->member_capacity, p->n_members + n, sizeof(uint32_t),
                  p->error))
        return;
    p->group[p->n_groups] = (row_group){(uint32_t)p->n_members, (uint32_t)n, c->first, c->n};
    for (size_t k = 0; k < n; k++) {
        p->member[p->n_members++] = c[k].sum;
        p->sum[c[k].sum].group = (uint32_t)p->n_groups;
        plan_mark_common(p, c[k].sum);
    }
    p->n_groups++;
}

void plan_groups(planner *p)
{
    size_t n;
    candidate *c = p->passes & AD_PASS_GROUP ? plan_candidates(p, &n) : NULL;
    for (size_t k = 0, end; c && k < n && !p->error->status; k = end) {
        end = plan_candidates_end(p, c, n, k);
        row_group lone = {.n_members = 1, .first_row = c[k].first, .n_rows = c[k].n};
        if (end - k >= 2 || plan_is_feature_group(p, &lone))
            make_group(p, &c[k], end - k);
    }
    free(c);
}
