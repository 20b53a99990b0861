#include "ad/sparse.h"

#include "ad/scratch.h"

#include <assert.h>
#include <stdlib.h>

/* ----------------------------------------------------------------------------- sweeps */

/* The slot of the weight of term k in lane l; UINT32_MAX: the term adds nothing. */
static uint32_t weight_of(const ad_code *code, const ad_block *b, size_t z, size_t k,
                          const double *value, size_t n_lanes, size_t l, double *x)
{
    size_t column =
        ad_sparse_column(&b->shape, value[ad_sparse_index(code, b, k) * n_lanes + l]);
    *x = value[ad_sparse_value(code, b, k) * n_lanes + l];
    return column == SIZE_MAX || *x == 0.0 ? UINT32_MAX : ad_sparse_weight(code, b, z, column);
}

double ad_sparse_element(const ad_code *code, const ad_block *b, size_t z, const double *value,
                         size_t n_lanes, size_t l)
{
    double sum = 0.0;
    for (size_t k = 0; k < b->shape.n_terms; k++) {
        double x, index = value[ad_sparse_index(code, b, k) * n_lanes + l];
        uint32_t w = weight_of(code, b, z, k, value, n_lanes, l, &x);
        if (ad_sparse_column(&b->shape, index) == SIZE_MAX)
            return NAN;
        if (w != UINT32_MAX)
            sum += x * value[w * n_lanes + l];
    }
    return sum;
}

void ad_sparse_forward(const ad_code *code, const ad_instruction *in, const ad_workspace *w,
                       double *out)
{
    for (size_t l = 0; l < w->n_lanes; l++)
        out[l] = ad_sparse_element(code, &code->block[in->a], in->b, w->value, w->n_lanes, l);
}

void ad_sparse_tangent(const ad_code *code, const ad_instruction *in, const ad_workspace *w,
                       double *out)
{
    const ad_block *b = &code->block[in->a];
    for (size_t l = 0; l < w->n_lanes; l++) {
        for (size_t k = 0; k < b->shape.n_terms; k++) {
            double x;
            uint32_t to = weight_of(code, b, in->b, k, w->value, w->n_lanes, l, &x);
            if (to != UINT32_MAX)
                out[l] += x * w->tangent[to * w->n_lanes + l];
        }
    }
}

void ad_sparse_reverse(const ad_code *code, const ad_instruction *in, uint32_t slot,
                       const ad_workspace *w, bool dual)
{
    const ad_block *b = &code->block[in->a];
    for (size_t l = 0; l < w->n_lanes; l++) {
        for (size_t k = 0; k < b->shape.n_terms; k++) {
            double x;
            uint32_t to = weight_of(code, b, in->b, k, w->value, w->n_lanes, l, &x);
            if (to == UINT32_MAX)
                continue;
            w->adjoint[to * w->n_lanes + l] += x * w->adjoint[slot * w->n_lanes + l];
            if (dual)
                w->second[to * w->n_lanes + l] += x * w->second[slot * w->n_lanes + l];
        }
    }
}

/* -------------------------------------------------------------------------- recording */

/* The n variables are inputs of numbers first, first + 1 .. < end. */
static bool stand_together(size_t n, const ad_var *x, size_t first, size_t end)
{
    for (size_t k = 0; k < n; k++)
        if (x[k].tape != x[0].tape || x[k].slot != x[0].slot + k || x[k].slot < first ||
            x[k].slot >= end)
            return false;
    return true;
}

/* What a plan knows how to read, and nothing in it but w has a derivative. */
static bool is_block(const ad_block_shape *s, const ad_var *W, const ad_var *index,
                     const ad_var *value)
{
    const ad_code *code = &index[0].tape->code;
    size_t d = code->n_params, m = code->n_features, n = s->n_terms;
    return stand_together(ad_block_size(s, AD_BLOCK_W), W, 0, d) &&
           stand_together(n, index, d, d + m) && stand_together(n, value, d, d + m);
}

/* Of anything else: one choice per term. */
static void record_choices(size_t n_out, size_t n_in, const ad_var *W, size_t n_terms,
                           const ad_var *index, const ad_var *value, ad_var *room, ad_var *y,
                           const char *file, int line)
{
    for (size_t j = 0; j < n_out; j++) {
        for (size_t k = 0; k < n_terms; k++)
            room[k] = ad_pick_at(n_in, W + j * n_in, index[k], file, line);
        y[j] = ad_dot_at(n_terms, room, value, file, line);
    }
}

void ad_sparse_affine_at(size_t n_out, size_t n_in, const ad_var *W, size_t n_terms,
                         const ad_var *index, const ad_var *value, const ad_var *b, ad_var *y,
                         const char *file, int line)
{
    assert(n_out >= 1 && n_in >= 1 && n_terms >= 1 && W && index && value && y);
    ad_tape *tape = index[0].tape;
    ad_block_shape s;
    ad_var *x = ad_scratch(tape, 2 * n_terms);
    for (size_t j = 0; j < n_out; j++)
        y[j] = (ad_var){tape, 0};
    if (!x)
        return;
    if (ad_block_sparse(&s, n_out, n_in, n_terms) && is_block(&s, W, index, value)) {
        for (size_t k = 0; k < n_terms; k++) {
            x[k] = index[k];
            x[n_terms + k] = value[k];
        }
        ad_block_record(&s, W, x, y, file, line);
    } else {
        record_choices(n_out, n_in, W, n_terms, index, value, x, y, file, line);
    }
    for (size_t j = 0; b && j < n_out; j++)
        y[j] = ad_add_vv(y[j], b[j], file, line);
    free(x);
}
