#include <meka/data.h>

#include "base/memory.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* What is summed up over the rows; group g of features (a feature, or a channel) has one entry
 * in each. */
typedef struct sums {
    double *row;                    /* [n_features] the current one */
    double *low, *high;             /* [n] least and largest value */
    double *mean, *square;          /* [n] sums of x, then means; sums of (x - mean)^2 */
    size_t n, group_size, n_summed; /* n_summed: values per group */
} sums;

static void sum_values(sums *s, const prob_dataset *data)
{
    for (size_t i = 0; i < data->n_rows; i++) {
        prob_dataset_row(data, i, s->row);
        for (size_t j = 0; j < data->n_features; j++) {
            size_t g = j / s->group_size;
            double x = s->row[j];
            s->low[g] = x < s->low[g] ? x : s->low[g];
            s->high[g] = x > s->high[g] ? x : s->high[g];
            s->mean[g] += x;
        }
    }
    for (size_t g = 0; g < s->n; g++)
        s->mean[g] /= (double)s->n_summed;
}

static void sum_squares(sums *s, const prob_dataset *data)
{
    for (size_t i = 0; i < data->n_rows; i++) {
        prob_dataset_row(data, i, s->row);
        for (size_t j = 0; j < data->n_features; j++) {
            double e = s->row[j] - s->mean[j / s->group_size];
            s->square[j / s->group_size] += e * e;
        }
    }
}

/* Shift and scale of every group. */
static meka_status conclude(const sums *s, const prob_dataset *data, prob_scaling_kind kind,
                            prob_scaling *out, meka_error *err)
{
    for (size_t g = 0; g < s->n; g++) {
        bool unit = kind == PROB_SCALE_UNIT;
        double shift = unit ? s->low[g] : s->mean[g];
        double spread =
            unit ? s->high[g] - s->low[g] : sqrt(s->square[g] / (double)s->n_summed);
        if (unit && data->byte) {
            shift = 0.0;
            spread = 255.0;
        } else if (s->low[g] == s->high[g]) {
            shift = 0.0;
            spread = 1.0;
        }
        out->shift[g] = shift;
        out->scale[g] = 1.0 / spread;
        if (!isfinite(shift) || !isfinite(spread) || !isfinite(out->scale[g]))
            return meka_fail(err, MEKA_ERR_RANGE,
                             "%s %zu runs from %g to %g: a double cannot hold its scale",
                             data->channels ? "channel" : "feature", g + 1, s->low[g],
                             s->high[g]);
    }
    return MEKA_OK;
}

meka_status prob_scaling_create(prob_scaling *out, const prob_dataset *data,
                                prob_scaling_kind kind, meka_error *err)
{
    assert(out && data && data->n_rows > 0);
    size_t m = data->n_features, n = data->channels ? data->channels : m;
    meka_status status = MEKA_ERR_MEMORY;
    prob_scaling scaling = {.n = n};
    sums s = {.n = n, .group_size = m / n, .n_summed = m / n * data->n_rows};
    double *memory = meka_alloc(m + 4 * n, sizeof *memory, err);
    scaling.shift = memory ? meka_alloc(n, sizeof *scaling.shift, err) : NULL;
    scaling.scale = scaling.shift ? meka_alloc(n, sizeof *scaling.scale, err) : NULL;
    if (!scaling.scale)
        goto cleanup;
    s.row = memory;
    s.low = memory + m;
    s.high = s.low + n;
    s.mean = s.high + n;
    s.square = s.mean + n;
    for (size_t g = 0; g < n; g++) {
        s.low[g] = INFINITY;
        s.high[g] = -INFINITY;
    }
    sum_values(&s, data);
    if (kind == PROB_SCALE_STANDARD)
        sum_squares(&s, data);
    status = conclude(&s, data, kind, &scaling, err);
cleanup:
    free(memory);
    if (status == MEKA_OK)
        *out = scaling;
    else
        prob_scaling_clear(&scaling);
    return status;
}

void prob_scaling_clear(prob_scaling *scaling)
{
    if (!scaling)
        return;
    free(scaling->shift);
    free(scaling->scale);
    *scaling = (prob_scaling){0};
}
