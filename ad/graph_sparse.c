/* A block of a sparse x written out as sums: x_c = sum_k (index_k == c) value_k. */
#include "ad/graph.h"

#include "base/memory.h"

#include <stdlib.h>

static uint32_t is_column(graph *g, uint32_t index, size_t column)
{
    return graph_fun(g, AD_OP_eq, index, graph_const(g, (double)column));
}

/* The array of a dense x of the same value. */
static uint32_t dense_array(graph *g, const ad_block_shape *s, uint32_t array)
{
    graph_ref *x = meka_alloc(s->channels_in, sizeof *x, &g->error);
    for (size_t c = 0; x && c < s->channels_in && !g->error.status; c++) {
        graph_sum_begin(g);
        for (uint32_t k = 0; k < s->n_terms && !g->error.status; k++) {
            graph_ref factor[2] = {{1.0, is_column(g, graph_list(g, array)[k], c)},
                                   {1.0, graph_list(g, array)[s->n_terms + k]}};
            graph_add_product(g, 1.0, factor, 2);
        }
        x[c] = graph_sum_end(g);
    }
    uint32_t dense = x && !g->error.status ? graph_array_of(g, x, s->channels_in) : 0;
    free(x);
    return dense;
}

/* The sum over k of 0 / (number of columns that index k means): NaN if one of them has none. */
static graph_ref check_indices(graph *g, const ad_block_shape *s, uint32_t array)
{
    graph_ref *term = meka_alloc(s->n_terms, sizeof *term, &g->error);
    for (uint32_t k = 0; term && k < s->n_terms && !g->error.status; k++) {
        graph_sum_begin(g);
        for (size_t c = 0; c < s->channels_in && !g->error.status; c++) {
            graph_ref is = {1.0, is_column(g, graph_list(g, array)[k], c)};
            graph_add_product(g, 1.0, &is, 1);
        }
        uint32_t count = graph_materialize(g, graph_sum_end(g));
        term[k] = (graph_ref){1.0, graph_fun(g, AD_OP_div, graph_const(g, 0.0), count)};
    }
    graph_sum_begin(g);
    for (uint32_t k = 0; term && k < s->n_terms && !g->error.status; k++)
        graph_add_product(g, 1.0, &term[k], 1);
    free(term);
    return graph_sum_end(g);
}

void graph_add_sparse_sums(graph *g, const ad_block_shape *s, ad_block_part part,
                           uint32_t (*pair)[2], uint32_t n_pairs, graph_ref *out)
{
    ad_block_shape dense = *s;
    uint32_t own[GRAPH_PAIRS][2];
    int x = part == AD_BLOCK_Z; /* the place of x in a pair */
    dense.n_terms = 0;
    for (uint32_t k = 0; k < n_pairs && !g->error.status; k++) {
        own[k][1 - x] = pair[k][1 - x];
        own[k][x] = dense_array(g, s, pair[k][x]);
    }
    if (g->error.status)
        return;
    graph_add_sums(g, &dense, part, own, n_pairs, out);
    if (part != AD_BLOCK_Z || n_pairs == 0)
        return;
    graph_ref check = check_indices(g, s, pair[0][1]);
    for (size_t k = 0; k < s->channels_out && !g->error.status; k++) {
        graph_sum_begin(g);
        graph_add_product(g, 1.0, &out[k], 1);
        graph_add_product(g, 1.0, &check, 1);
        out[k] = graph_sum_end(g);
    }
}
