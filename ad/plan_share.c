/* Equal sums up to a factor: the gradient of a quadratic form in e is He again, found here as
 * half of it beside half of it. */
#include "ad/plan_build.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A candidate's coefficients on its common rows, and a hash of their ratios to the first. */
typedef struct profile {
    uint64_t hash;
    uint32_t sum, first; /* in coefficient */
    bool replaced;       /* it no longer describes the sum */
} profile;

typedef struct sharer {
    planner *p;
    profile *profile;
    graph_ref *coefficient; /* [members][rows], rows sorted */
    size_t n_rows, profile_capacity, coefficient_capacity;
} sharer;

static uint64_t bits(double x)
{
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static int by_hash(const void *x, const void *y)
{
    const profile *a = x, *b = y;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->sum < b->sum ? -1 : a->sum > b->sum;
}

static int by_row(const void *x, const void *y)
{
    const row_term *a = x, *b = y;
    return a->x[0] < b->x[0] ? -1 : a->x[0] > b->x[0];
}

/* Writes number k's coefficients; scratch [n terms of the sum]. */
static void describe(sharer *s, const candidate *c, size_t k, row_term *scratch)
{
    planner *p = s->p;
    const row_sum *sum = &p->sum[c->sum];
    size_t n = 0;
    plan_mark_common(p, c->sum);
    for (uint32_t j = 0; j < sum->n; j++)
        if (p->term[sum->first + j].grouped)
            scratch[n++] = p->term[sum->first + j];
    qsort(scratch, n, sizeof *scratch, by_row);
    profile *out = &s->profile[k];
    *out = (profile){.sum = c->sum, .first = (uint32_t)(k * s->n_rows), .hash = 1};
    graph_ref *coefficient = s->coefficient + out->first;
    for (size_t j = 0; j < n; j++) {
        coefficient[j] = plan_coefficient(p, scratch[j].c);
        out->hash = (out->hash ^ coefficient[j].node) * 0x9e3779b97f4a7c15u;
        out->hash =
            (out->hash ^ bits(coefficient[j].c / coefficient[0].c)) * 0x9e3779b97f4a7c15u;
        out->hash ^= out->hash >> 30;
    }
    for (uint32_t j = 0; j < sum->n; j++)
        p->term[sum->first + j].grouped = false;
}

/* A sum that is so much smaller or larger may leave the range where its multiple does not. */
static const double largest_factor = 0x1p64;

/* The number by which x is y, exactly, or 0. */
static double factor_between(const sharer *s, const profile *x, const profile *y)
{
    const graph_ref *a = s->coefficient + x->first, *b = s->coefficient + y->first;
    double factor = a[0].c / b[0].c;
    if (fabs(factor) > largest_factor || fabs(factor) < 1.0 / largest_factor)
        return 0.0;
    for (size_t k = 0; k < s->n_rows; k++)
        if (a[k].node != b[k].node || a[k].c != factor * b[k].c)
            return 0.0;
    return factor;
}

/* A sum of its common rows and nothing else. */
static bool is_pure(const sharer *s, const profile *x)
{
    const row_sum *sum = &s->p->sum[x->sum];
    return !x->replaced && sum->init == GRAPH_NONE && sum->n == s->n_rows;
}

/* Replaces the common rows in sum `to` by factor times the row of sum `from`. */
static void replace(planner *p, uint32_t to, uint32_t from, double factor)
{
    row_sum *s = &p->sum[to];
    uint32_t node = p->sum[from].node, n = 0;
    uint32_t c = factor == 1.0 ? PLAN_NODE_ONE : graph_const(p->g, factor);
    bool merged = false;
    plan_mark_common(p, to);
    for (uint32_t k = 0; k < s->n; k++) {
        row_term t = p->term[s->first + k];
        if (t.grouped)
            continue;
        if (t.x[0] == node && t.x[1] == GRAPH_NONE) {
            t.c = plan_plus(p, t.c, c);
            merged = true;
        }
        p->term[s->first + n++] = t;
    }
    if (!merged)
        p->term[s->first + n++] = (row_term){.c = c, .x = {node, GRAPH_NONE, GRAPH_NONE}};
    s->n = n;
}

static void share_among(sharer *s, size_t n)
{
    planner *p = s->p;
    for (size_t k = 0; k < n && !p->error->status; k++) {
        if (!is_pure(s, &s->profile[k]))
            continue;
        for (size_t j = k + 1; j < n && s->profile[j].hash == s->profile[k].hash; j++) {
            uint32_t from = s->profile[k].sum, to = s->profile[j].sum;
            double factor = factor_between(s, &s->profile[j], &s->profile[k]);
            if (factor != 0.0 && p->sum[from].node < p->sum[to].node &&
                !s->profile[j].replaced) {
                replace(p, to, from, factor);
                s->profile[j].replaced = true;
            }
        }
    }
}

void plan_share(planner *p)
{
    size_t n;
    if (!(p->passes & AD_PASS_SHARE))
        return;
    candidate *c = plan_candidates(p, &n);
    sharer s = {.p = p};
    row_term *scratch = NULL;
    size_t scratch_capacity = 0;
    for (size_t k = 0, end; c && k < n && !p->error->status; k = end) {
        end = plan_candidates_end(p, c, n, k);
        s.n_rows = c[k].n;
        if (end - k < 2 ||
            meka_grow(&s.profile, &s.profile_capacity, end - k, sizeof *s.profile, p->error) ||
            meka_grow(&s.coefficient, &s.coefficient_capacity, (end - k) * s.n_rows,
                      sizeof *s.coefficient, p->error))
            continue;
        for (size_t j = k; j < end && !p->error->status; j++)
            if (!meka_grow(&scratch, &scratch_capacity, p->sum[c[j].sum].n, sizeof *scratch,
                           p->error))
                describe(&s, &c[j], j - k, scratch);
        qsort(s.profile, end - k, sizeof *s.profile, by_hash);
        share_among(&s, end - k);
    }
    free(c);
    free(s.profile);
    free(s.coefficient);
    free(scratch);
}
