#include "problems/spectrum.h"

#include <math.h>
#include <string.h>

const char *const prob_spectrum_names[] = {"log", "linear", "clusters", "outliers", NULL};

/* Entry k of n numbers spaced evenly in their logarithm, condition^low the first and
 * condition^high the last; the last if there is but one. */
static double evenly(double condition, double low, double high, size_t k, size_t n)
{
    return n > 1 ? pow(condition, low + (high - low) * ((double)k / (double)(n - 1)))
                 : pow(condition, high);
}

/* Eigenvalue k of d, ascending. */
static double eigenvalue(const prob_spectrum *s, double condition, size_t k, size_t d)
{
    if (d == 1)
        return 1.0;
    switch (s->kind) {
    case PROB_SPECTRUM_LINEAR:
        return (1.0 + (condition - 1.0) * ((double)k / (double)(d - 1))) / condition;
    case PROB_SPECTRUM_CLUSTERS:
        return evenly(condition, -1.0, 0.0, k * s->groups / d, s->groups);
    case PROB_SPECTRUM_OUTLIERS: {
        size_t bulk = d - s->groups;
        if (k >= bulk)
            return evenly(condition, -1.0 / 3.0, 0.0, k - bulk, s->groups);
        return k ? evenly(condition, -1.0, -2.0 / 3.0, k, bulk) : 1.0 / condition;
    }
    default:
        return pow(condition, (double)k / (double)(d - 1) - 1.0);
    }
}

meka_status prob_spectrum_check(const prob_spectrum *s, size_t d, const char *owner,
                                meka_error *err)
{
    if (s->blocks < 1 || s->blocks > d)
        return meka_fail(err, MEKA_ERR_INPUT, "%s: blocks must be from 1 to dim = %zu, not %zu",
                         owner, d, s->blocks);
    if (s->block_condition > s->condition)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%s: block-condition must not exceed condition = %g, which is that of "
                         "all blocks together; it is %g",
                         owner, s->condition, s->block_condition);
    size_t least = d / s->blocks;
    if (s->kind == PROB_SPECTRUM_CLUSTERS && s->groups > least)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%s: %zu eigenvalues cannot form groups = %zu clusters", owner, least,
                         s->groups);
    if (s->kind == PROB_SPECTRUM_OUTLIERS && s->groups >= least)
        return meka_fail(
            err, MEKA_ERR_INPUT,
            "%s: of %zu eigenvalues, groups = %zu cannot be outliers: one at least "
            "must be left",
            owner, least, s->groups);
    return MEKA_OK;
}

/* Where entry i of unsorted value [d] goes in ascending order; equal ones keep theirs. */
static size_t place_of(const double *value, size_t d, size_t i)
{
    size_t place = 0;
    for (size_t j = 0; j < d; j++)
        place += value[j] < value[i] || (value[j] == value[i] && j < i);
    return place;
}

void prob_spectrum_draw(const prob_spectrum *s, size_t d, uint64_t seed, double *value,
                        double *vector, double *work)
{
    double *rotation = work, *unsorted = work + d * d;
    double last = (double)(s->blocks > 1 ? s->blocks - 1 : 1);
    memset(vector, 0, d * d * sizeof *vector);
    for (size_t b = 0; b < s->blocks; b++) {
        size_t from = b * d / s->blocks, n = (b + 1) * d / s->blocks - from;
        double scale = pow(s->block_condition, -(double)b / last);
        for (size_t k = 0; k < n; k++)
            unsorted[from + k] = scale * eigenvalue(s, s->condition / s->block_condition, k, n);
    }
    for (size_t b = 0; b < s->blocks; b++) {
        size_t from = b * d / s->blocks, n = (b + 1) * d / s->blocks - from;
        prob_random_rotation(rotation, n, seed, b ? b + 1 : 0);
        for (size_t k = 0; k < n; k++) {
            size_t place = place_of(unsorted, d, from + k);
            value[place] = unsorted[from + k];
            memcpy(vector + place * d + from, rotation + k * n, n * sizeof *vector);
        }
    }
}

void prob_random_rotation(double *q, size_t d, uint64_t seed, uint64_t which)
{
    for (size_t i = 0; i < d; i++) {
        meka_rng rng;
        meka_rng_init(&rng, seed, MEKA_STREAM_PROBLEM, which, i);
        double *row = q + i * d;
        for (size_t k = 0; k < d; k++)
            row[k] = meka_rng_normal(&rng);
        for (int pass = 0; pass < 2; pass++) {
            for (size_t j = 0; j < i; j++) {
                double dot = 0.0;
                for (size_t k = 0; k < d; k++)
                    dot += row[k] * q[j * d + k];
                for (size_t k = 0; k < d; k++)
                    row[k] -= dot * q[j * d + k];
            }
        }
        double norm = 0.0;
        for (size_t k = 0; k < d; k++)
            norm += row[k] * row[k];
        for (size_t k = 0; k < d; k++)
            row[k] /= sqrt(norm);
    }
}

void prob_compose(double *out, const double *weight, const double *vector, size_t n, size_t d)
{
    for (size_t i = 0; i < d; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = 0.0;
            for (size_t k = 0; k < n; k++)
                sum += weight[k] * vector[k * d + i] * vector[k * d + j];
            out[i * d + j] = out[j * d + i] = sum;
        }
    }
}
