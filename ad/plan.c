#include "ad/plan.h"

#include "ad/plan_build.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* planner_end is due even if this fails. */
static bool planner_begin(planner *p, graph *g, const plan_roots *roots, unsigned passes)
{
    *p = (planner){.g = g, .passes = passes, .error = &g->error};
    p->n_results = roots->n_loss;
    for (int k = 0; k < roots->n_loss; k++)
        p->result[k] = graph_materialize(g, roots->loss[k]);
    size_t n = p->n0 = g->n_nodes;
    p->sum_of = meka_alloc(n, sizeof *p->sum_of, p->error);
    p->wanted = meka_alloc(n, 1, p->error);
    p->row = meka_alloc(n, 1, p->error);
    p->stamp = meka_alloc(n, sizeof *p->stamp, p->error);
    p->where = meka_alloc(n, sizeof *p->where, p->error);
    if (p->error->status || !p->sum_of)
        return false;
    memset(p->sum_of, 0xff, n * sizeof *p->sum_of);
    plan_sources(p);
    return !p->error->status;
}

static void planner_end(planner *p)
{
    free(p->sum_of);
    free(p->wanted);
    free(p->row);
    free(p->stamp);
    free(p->where);
    free(p->sum);
    free(p->term);
    free(p->uniform);
    free(p->group);
    free(p->member);
    free(p->member_row);
    free(p->job);
    free(p->entry);
    free(p->source);
    free(p->stat);
}

/* first_param[k]: where the parameters of job k start; [n_jobs]: those of none. */
static void index_params(ad_plan *plan, meka_error *err)
{
    plan->first_param = meka_alloc(plan->n_jobs + 1, sizeof *plan->first_param, err);
    size_t j = 0;
    for (size_t k = 0; plan->first_param && k <= plan->n_jobs; k++) {
        while (j < plan->n_params && plan->params[j].job < k)
            j++;
        plan->first_param[k] = (uint32_t)j;
    }
}

static void make_plan(planner *p, ad_plan *out, const plan_roots *roots)
{
    plan_lower(p, roots);
    if (!p->error->status)
        plan_rows(p, roots);
    if (!p->error->status)
        plan_share(p);
    if (!p->error->status) { /* fewer than before */
        memset(p->row, 0, p->n0);
        plan_rows(p, roots);
        plan_squares(p);
    }
    if (roots->gradient) {
        out->params = meka_alloc(p->g->n_params, sizeof *out->params, p->error);
        out->n_params = p->g->n_params;
    }
    if (!p->error->status)
        plan_jobs(p, roots, out->params);
    if (!p->error->status)
        plan_groups(p);
    if (!p->error->status)
        plan_order(p);
    if (!p->error->status)
        plan_emit(p, out, out->params);
    if (!p->error->status)
        index_params(out, p->error);
}

meka_status ad_plan_create(ad_plan *out, graph *g, const plan_roots *roots, unsigned passes,
                           meka_error *err)
{
    planner p;
    memset(out, 0, sizeof *out);
    if (!g->error.status) {
        if (planner_begin(&p, g, roots, passes))
            make_plan(&p, out, roots);
        planner_end(&p);
    }
    if (g->error.status) {
        ad_plan_clear(out);
        return meka_fail(err, g->error.status, "%s", g->error.text);
    }
    return MEKA_OK;
}

void ad_plan_clear(ad_plan *plan)
{
    free(plan->start);
    free(plan->param);
    free(plan->along);
    free(plan->uniform);
    free(plan->feature);
    free(plan->code);
    free(plan->pack);
    free(plan->shape);
    free(plan->stat);
    free(plan->params);
    free(plan->first_param);
    memset(plan, 0, sizeof *plan);
}
