/* Which rows the roots need. */
#include "ad/plan_build.h"

static void need_row(planner *p, uint32_t node)
{
    if (node != GRAPH_NONE)
        p->row[node] = ROW_NEEDED;
}

static void need_terms(planner *p, const row_sum *s)
{
    for (uint32_t k = 0; k < s->n; k++)
        for (int j = 0; j < GRAPH_DEGREE; j++)
            need_row(p, p->term[s->first + k].x[j]);
}

/* The one row in a term that is the square of a multiple of it plus a number; NULL: other. */
static const row_term *square_of(const planner *p, const row_term *t, uint32_t *offset)
{
    bool square = t->x[0] == t->x[1] && t->x[2] == GRAPH_NONE;
    return square ? plan_single_row(p, t->x[0], offset) : NULL;
}

/* The same of a row that is computed: squares may do without the row in between. */
static void need_summands(planner *p, const row_sum *s)
{
    uint32_t offset;
    for (uint32_t k = 0; k < s->n; k++) {
        const row_term *t = &p->term[s->first + k], *inner = square_of(p, t, &offset);
        for (int j = 0; j < GRAPH_DEGREE; j++)
            need_row(p, inner ? inner->x[0] : t->x[j]);
    }
}

static void need_operands(planner *p, uint32_t id)
{
    const graph_node *n = planner_node(p, id);
    if (!n->varying)
        return;
    switch ((graph_kind)n->kind) {
    case GRAPH_SUM:
        need_summands(p, &p->sum[p->sum_of[id]]);
        break;
    case GRAPH_PART: /* comes with its function */
        need_row(p, planner_node(p, n->a)->a);
        need_row(p, planner_node(p, n->a)->b);
        break;
    case GRAPH_FUN:
        need_row(p, n->a);
        need_row(p, n->b);
        break;
    case GRAPH_ELEMENT:
        need_row(p, n->a);
        break;
    case GRAPH_BLOCK:
        plan_need_block(p, &p->g->block[n->a]);
        break;
    case GRAPH_SELECT:
        need_row(p, n->a);
        need_row(p, n->b);
        need_row(p, n->c);
        break;
    default:
        break;
    }
}

static void need_root(planner *p, graph_ref r)
{
    if (r.node == GRAPH_NONE || !planner_node(p, r.node)->varying)
        return;
    const row_sum *s =
        planner_node(p, r.node)->kind == GRAPH_SUM ? &p->sum[p->sum_of[r.node]] : NULL;
    if (plan_base(p, r.node) != r.node)
        need_row(p, plan_base(p, r.node));
    else if (s && s->n <= PLAN_FEW_TERMS)
        need_terms(p, s);
    else
        need_row(p, r.node);
}

void plan_rows(planner *p, const plan_roots *roots)
{
    for (int k = 0; k < p->n_results; k++)
        need_row(p, p->result[k]);
    for (size_t j = 0; j < p->g->n_params; j++) {
        uint32_t g, h, element;
        if (roots->gradient && plan_stat_element(p, roots, j, &g, &h, &element)) {
            need_row(p, g); /* of blocks: what they read is needed */
            need_row(p, h);
            continue;
        }
        if (roots->gradient)
            need_root(p, roots->gradient[j]);
        if (roots->product)
            need_root(p, roots->product[j]);
    }
    for (size_t k = p->n0; k-- > 0;)
        if (p->row[k])
            need_operands(p, (uint32_t)k);
}

void plan_squares(planner *p)
{
    for (size_t k = 0; k < p->n_sums; k++) {
        for (uint32_t j = 0; p->row[p->sum[k].node] && j < p->sum[k].n; j++) {
            uint32_t offset;
            row_term *t = &p->term[p->sum[k].first + j];
            const row_term *inner = square_of(p, t, &offset);
            if (!inner || p->row[t->x[0]])
                continue;
            t->square = true;
            t->scale = inner->c;
            t->offset = offset;
            t->x[0] = t->x[1] = inner->x[0];
        }
    }
}
