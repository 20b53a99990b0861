/* Components of gradient and product as jobs: what is the same up to a factor and a shift has
 * its statistics taken once. */
#include "ad/plan_build.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash_job(const row_job *j)
{
    const uint32_t part[4] = {j->g.row, j->g.sum, j->h.row, j->h.sum};
    uint64_t h = 0;
    for (int k = 0; k < 4; k++) {
        h = (h ^ part[k]) * 0x9e3779b97f4a7c15u;
        h ^= h >> 31;
    }
    return h;
}

static bool same_value(const row_value *x, const row_value *y)
{
    return x->row == y->row && x->sum == y->sum;
}

static bool is_nothing(const row_value *x)
{
    return x->row == GRAPH_NONE && x->sum == GRAPH_NONE;
}

/* The job's number, a new one if there is none like it. */
static uint32_t number_of(planner *p, const row_job *j, uint32_t *table, size_t size)
{
    if (is_nothing(&j->g) && is_nothing(&j->h))
        return PLAN_NO_JOB;
    size_t at = hash_job(j) & (size - 1);
    for (; table[at] != GRAPH_NONE; at = (at + 1) & (size - 1)) {
        const row_job *other = &p->job[table[at]];
        bool share = p->passes & AD_PASS_AFFINE;
        if (share && same_value(&other->g, &j->g) && same_value(&other->h, &j->h))
            return table[at];
    }
    if (meka_grow(&p->job, &p->job_capacity, p->n_jobs + 1, sizeof *j, p->error))
        return PLAN_NO_JOB;
    p->job[p->n_jobs] = *j;
    table[at] = (uint32_t)p->n_jobs;
    return (uint32_t)p->n_jobs++;
}

/* By job, those of none last, and then by index, in which order they are. */
static void sort_params(planner *p, plan_param *params)
{
    size_t d = p->g->n_params;
    uint32_t *start = meka_alloc(p->n_jobs + 2, sizeof *start, p->error);
    plan_param *sorted = meka_alloc(d, sizeof *sorted, p->error);
    for (size_t j = 0; start && sorted && j < d; j++)
        start[(params[j].job == PLAN_NO_JOB ? p->n_jobs : params[j].job) + 1]++;
    for (size_t k = 1; start && sorted && k < p->n_jobs + 2; k++)
        start[k] += start[k - 1];
    for (size_t j = 0; start && sorted && j < d; j++)
        sorted[start[params[j].job == PLAN_NO_JOB ? p->n_jobs : params[j].job]++] = params[j];
    if (start && sorted)
        memcpy(params, sorted, d * sizeof *params);
    free(start);
    free(sorted);
}

/* Job 0. */
static void add_loss(planner *p)
{
    const row_value nothing = {.row = GRAPH_NONE, .sum = GRAPH_NONE};
    row_job loss = {nothing, nothing};
    loss.g.row = p->result[0];
    if (!meka_grow(&p->job, &p->job_capacity, 1, sizeof loss, p->error))
        p->job[p->n_jobs++] = loss;
}

void plan_jobs(planner *p, const plan_roots *roots, plan_param *params)
{
    add_loss(p);
    p->n_plain_jobs = p->n_jobs;
    if (!params)
        return;
    size_t d = p->g->n_params, size = 64;
    while (size < 4 * d)
        size *= 2;
    uint32_t *table = meka_alloc(size, sizeof *table, p->error);
    if (!table)
        return;
    memset(table, 0xff, size * sizeof *table);
    for (size_t j = 0; j < d && !p->error->status; j++) {
        uint32_t g, h, element;
        row_job job = {plan_value(p, roots->gradient[j]),
                       plan_value(p, roots->product ? roots->product[j] : graph_zero())};
        bool in_block = plan_stat_element(p, roots, j, &g, &h, &element);
        params[j] =
            (plan_param){.index = (uint32_t)j,
                         .job = in_block ? PLAN_NO_JOB : number_of(p, &job, table, size),
                         .g = job.g.map,
                         .h = job.h.map};
    }
    free(table);
    if (!p->error->status)
        plan_stat_jobs(p, roots, params);
    if (!p->error->status)
        sort_params(p, params);
}
