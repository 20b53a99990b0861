/* Runs that are compositions: nothing here knows a derivative.  Instructions of one kind are
 * recorded one after the other, so that an evaluation can treat them as one loop. */
#include "ad/scratch.h"

#include <assert.h>
#include <float.h>
#include <stdlib.h>

ad_var ad_sqnorm_at(size_t n, const ad_var *x, const char *file, int line)
{
    return ad_dot_at(n, x, x, file, line);
}

/* ------------------------------------------------------------------------- log sum exp */

/* max_k x[k] as a constant: log sum_k exp(x[k] - c) + c does not depend on c.  Clamped to
 * finite numbers, so that x[k] - c is x[k] for infinite x[k] and never inf - inf. */
static ad_var shift_of(size_t n, const ad_var *x, const char *file, int line)
{
    ad_var top = x[0];
    for (size_t k = 1; k < n; k++)
        top = ad_max_vv(top, x[k], file, line);
    top = ad_max_vr(ad_min_vr(top, DBL_MAX, file, line), -DBL_MAX, file, line);
    return ad_stop_at(top, file, line);
}

/* z[k] = x[k] - shift; returns log sum_k exp z[k].  z has room for 2n. */
static ad_var log_sum(size_t n, const ad_var *x, ad_var shift, ad_var *z, const char *file,
                      int line)
{
    ad_var *power = z + n;
    for (size_t k = 0; k < n; k++)
        z[k] = ad_sub_vv(x[k], shift, file, line);
    for (size_t k = 0; k < n; k++)
        power[k] = ad_exp_at(z[k], file, line);
    return ad_log_at(ad_sum_at(n, power, file, line), file, line);
}

ad_var ad_logsumexp_at(size_t n, const ad_var *x, const char *file, int line)
{
    assert(n >= 1 && x);
    if (n == 1)
        return ad_sum_at(1, x, file, line);
    ad_tape *tape = x[0].tape;
    ad_var *z = ad_scratch(tape, 2 * n);
    if (!z)
        return (ad_var){tape, 0};
    ad_var shift = shift_of(n, x, file, line);
    ad_var result = ad_add_vv(log_sum(n, x, shift, z, file, line), shift, file, line);
    free(z);
    return result;
}

ad_var ad_softmax_cross_entropy_at(size_t n, const ad_var *logits, ad_var index,
                                   const char *file, int line)
{
    assert(n >= 1 && logits);
    ad_tape *tape = logits[0].tape;
    ad_var *z = ad_scratch(tape, 2 * n);
    if (!z)
        return (ad_var){tape, 0};
    ad_var shift = shift_of(n, logits, file, line);
    ad_var all = log_sum(n, logits, shift, z, file, line);
    ad_var result = ad_sub_vv(all, ad_pick_at(n, z, index, file, line), file, line);
    free(z);
    return result;
}

/* --------------------------------------------------------------------- linear algebra */

void ad_affine_at(size_t n_out, size_t n_in, const ad_var *W, const ad_var *x, const ad_var *b,
                  ad_var *y, const char *file, int line)
{
    assert(n_out >= 1 && n_in >= 1 && W && x && y);
    ad_block_shape s;
    bool block = ad_block_affine(&s, n_out, n_in) && ad_block_work(&s) >= AD_BLOCK_SMALLEST;
    if (block)
        ad_block_record(&s, W, x, y, file, line);
    for (size_t j = 0; !block && j < n_out; j++)
        y[j] = ad_dot_at(n_in, W + j * n_in, x, file, line);
    for (size_t j = 0; b && j < n_out; j++)
        y[j] = ad_add_vv(y[j], b[j], file, line);
}

/* x'(A x): its derivative is two products of A with a vector, whatever the direction. */
ad_var ad_quadratic_form_v(size_t n, const ad_var *A, const ad_var *x, const char *file,
                           int line)
{
    assert(n >= 1 && A && x);
    ad_tape *tape = x[0].tape;
    ad_var *product = ad_scratch(tape, n);
    if (!product)
        return (ad_var){tape, 0};
    ad_affine_at(n, n, A, x, NULL, product, file, line);
    ad_var result = ad_dot_at(n, x, product, file, line);
    free(product);
    return result;
}

/* (row, x) over the elements of the row that are not 0; scratch [2n].  False: all are. */
static bool sparse_dot(ad_var *out, size_t n, const double *row, const ad_var *x, ad_var *list,
                       const char *file, int line)
{
    size_t n_terms = 0;
    for (size_t k = 0; k < n; k++)
        if (row[k] != 0.0)
            list[n_terms++] = ad_const_at(x[0].tape, row[k], file, line);
    size_t at = n_terms;
    for (size_t k = 0; k < n; k++)
        if (row[k] != 0.0)
            list[at++] = x[k];
    if (n_terms > 0)
        *out = ad_dot_at(n_terms, list, list + n_terms, file, line);
    return n_terms > 0;
}

ad_var ad_quadratic_form_r(size_t n, const double *A, const ad_var *x, const char *file,
                           int line)
{
    assert(n >= 1 && A && x);
    ad_tape *tape = x[0].tape;
    ad_var *room = ad_scratch(tape, 4 * n);
    if (!room)
        return (ad_var){tape, 0};
    ad_var *left = room, *product = room + n;
    size_t n_rows = 0;
    for (size_t j = 0; j < n; j++) {
        left[n_rows] = x[j];
        n_rows += sparse_dot(&product[n_rows], n, A + j * n, x, room + 2 * n, file, line);
    }
    ad_var result = n_rows > 0 ? ad_dot_at(n_rows, left, product, file, line)
                               : ad_const_at(tape, 0.0, file, line);
    free(room);
    return result;
}

/* ----------------------------------------------------------------------------- choice */

/* The chain of selects ends in 0 / (number of matches): 0/0 without a match.  A constant NaN
 * there would be the first thing found wherever anything else is not finite. */
ad_var ad_pick_at(size_t n, const ad_var *values, ad_var index, const char *file, int line)
{
    assert(n >= 1 && values);
    ad_tape *tape = index.tape;
    ad_var *is = ad_scratch(tape, n);
    if (!is)
        return (ad_var){tape, 0};
    for (size_t k = 0; k < n; k++)
        is[k] = ad_eq_vr(index, (double)k, file, line);
    ad_var choice = ad_div_rv(0.0, ad_sum_at(n, is, file, line), file, line);
    for (size_t k = n; k-- > 0;)
        choice =
            ad_select_at(is[k], ad_operand_var(values[k]), ad_operand_var(choice), file, line);
    free(is);
    return choice;
}
