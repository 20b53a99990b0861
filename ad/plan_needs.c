/* Which uniform nodes a plan's varying code and its results refer to. */
#include "ad/plan_build.h"

static void need_value(const planner *p, const row_value *v, uint8_t *used)
{
    if (v->sum != GRAPH_NONE && p->sum[v->sum].n > 1)
        used[v->sum] = 1;
}

static void need_map(scalars *s, const plan_map *m)
{
    plan_scalars_need(s, m->inner_scale);
    plan_scalars_need(s, m->inner_offset);
    plan_scalars_need(s, m->scale);
    plan_scalars_need(s, m->offset);
}

static void number_map(const scalars *s, plan_map *m)
{
    m->inner_scale = plan_scalar(s, m->inner_scale);
    m->inner_offset = plan_scalar(s, m->inner_offset);
    m->scale = plan_scalar(s, m->scale);
    m->offset = plan_scalar(s, m->offset);
}

static void need_term(scalars *s, const row_term *t)
{
    plan_scalars_need(s, t->c);
    if (t->square) {
        plan_scalars_need(s, t->scale);
        plan_scalars_need(s, t->offset);
    }
}

/* Uniform operands that are gathered. */
static void need_pack(const planner *p, scalars *s, const graph_block *b)
{
    for (uint32_t k = 0; k < b->n_pairs && plan_is_uniform_operand(p, b, 0); k++) {
        const graph_array *a = &p->g->array[b->pair[k][0]];
        for (size_t j = 0; p->source[b->pair[k][0]].kind == PLAN_PACK && j < a->n; j++)
            plan_scalars_need(s, p->g->list[a->first + j]);
    }
}

void plan_need_scalars(planner *p, scalars *s, const plan_param *params, uint8_t *used)
{
    for (size_t k = 0; k < p->n_plain_jobs; k++) {
        need_value(p, &p->job[k].g, used);
        need_value(p, &p->job[k].h, used);
    }
    for (size_t j = 0; params && j < p->g->n_params; j++) {
        need_map(s, &params[j].g);
        need_map(s, &params[j].h);
    }
    for (size_t k = 0; k < p->n_sums; k++) {
        if (p->row[p->sum[k].node])
            plan_scalars_need(s, p->sum[k].init);
        for (uint32_t j = 0; j < p->sum[k].n && (used[k] || p->row[p->sum[k].node]); j++)
            need_term(s, &p->term[p->sum[k].first + j]);
    }
    for (uint32_t k = 0; k < p->n0; k++) {
        if (p->row[k] && plan_is_broadcast(planner_node(p, k)))
            plan_scalars_need(s, k);
        if (p->row[k] && planner_node(p, k)->kind == GRAPH_BLOCK)
            need_pack(p, s, &p->g->block[planner_node(p, k)->a]);
    }
}

void plan_number_params(planner *p, const scalars *s, plan_param *params)
{
    for (size_t j = 0; params && j < p->g->n_params; j++) {
        number_map(s, &params[j].g);
        number_map(s, &params[j].h);
    }
}
