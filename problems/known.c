#include "problems/known.h"

#include <math.h>

static bool applies(const prob_known *known, size_t d, size_t m)
{
    return (!known->dim || known->dim == d) && (!known->terms || known->terms == m);
}

static size_t count(const prob_known_table *known, size_t d, size_t m)
{
    size_t n = 0;
    for (size_t i = 0; i < known->n; i++)
        n += applies(&known->row[i], d, m);
    return n;
}

size_t prob_known_size(const prob_known_table *known, size_t d, size_t m)
{
    return count(known, d, m) * (sizeof(prob_stationary) + d * sizeof(double));
}

/* Minimizers lie side by side from the front of the room for points, others from its end. */
void prob_known_fill(prob_instance *out, const prob_known_table *known, size_t d, size_t m,
                     void *room)
{
    prob_stationary *stationary = room;
    size_t n = count(known, d, m);
    double *front = (double *)(stationary + n), *end = front + n * d;
    out->minimum = NAN;
    out->minimizer = NULL;
    out->n_minimizers = out->n_stationary = 0;
    for (size_t i = 0; i < known->n; i++) {
        const prob_known *row = &known->row[i];
        if (!applies(row, d, m))
            continue;
        bool lowest = row->kind == PROB_MINIMUM;
        double value = row->value * (row->value_per_dim ? (double)d : 1.0);
        if (lowest)
            out->minimum = value;
        if (!row->x)
            continue;
        double *x = lowest ? front + d * out->n_minimizers++ : (end -= d);
        for (size_t k = 0; k < d; k++)
            x[k] = row->x[k % row->n];
        if (!lowest)
            stationary[out->n_stationary++] =
                (prob_stationary){value, x, row->kind == PROB_LOCAL_MINIMUM};
    }
    out->minimizer = out->n_minimizers ? front : NULL;
    out->stationary = out->n_stationary ? stationary : NULL;
}
