#include "optim/explain.h"

#include "optim/methods.h"
#include "optim/run.h"

#include <assert.h>
#include <math.h>

static const double inverse_root_2 = 0.70710678118654752440;
static const double inverse_root_2_pi = 0.39894228040143267794;

/* What the step knew, as the log has it. */
static meka_line line_of(const opt_row *row, uint64_t t)
{
    return (meka_line){
        .measured = {.A = row->slope,
                     .B = row->curvature,
                     .C = isnan(row->third) ? 0.0 : row->third,
                     .p = row->direction_p,
                     .q = row->direction_q,
                     .s = row->loss_sd * row->loss_sd},
        .calibration = row->calibration,
        .length = row->direction_norm * row->direction_norm,
        .schedule = row->schedule,
        .t = t,
    };
}

/* Of a batch that was left out the log has the costs only. */
static bool is_left_out(const opt_row *row)
{
    return isnan(row->alpha);
}

static meka_status check_method(const opt_log_reader *reader, meka_error *err)
{
    if (reader->method == &opt_method_meka || reader->method == &opt_method_adameka)
        return MEKA_OK;
    return meka_fail(err, MEKA_ERR_INPUT,
                     "'%.400s' is the log of method %s, which has no line model; only those of "
                     "meka and adameka can be explained",
                     reader->path, reader->method->name);
}

static meka_status fail_missing(const opt_log_reader *reader, uint64_t t, uint64_t n,
                                meka_error *err)
{
    if (n == 0)
        return meka_fail(err, MEKA_ERR_RANGE,
                         "step %llu is not in '%.400s', which has no steps",
                         (unsigned long long)t, reader->path);
    return meka_fail(err, MEKA_ERR_RANGE,
                     "step %llu is not in '%.400s', which has steps 0 to %llu",
                     (unsigned long long)t, reader->path, (unsigned long long)(n - 1));
}

meka_status meka_explain(opt_log_reader *reader, uint64_t t, meka_explanation *out,
                         meka_error *err)
{
    assert(reader && out);
    meka_choice_memory memory = {0};
    meka_status status = check_method(reader, err);
    if (status != MEKA_OK)
        return status;
    meka_explanation e = {.params = reader->params,
                          .adam = reader->method == &opt_method_adameka,
                          .t = t,
                          .row = opt_row_empty(),
                          .before = opt_row_empty()};
    for (uint64_t k = 0, done = 0; k <= t; k++) {
        opt_row row;
        bool more;
        status = opt_log_reader_next(reader, k, &row, &more, err);
        if (status != MEKA_OK)
            return status;
        if (!more)
            return fail_missing(reader, t, k, err);
        if (is_left_out(&row) && k == t)
            return meka_fail(err, MEKA_ERR_RANGE,
                             "the batch of step %llu was left out, because it gave something "
                             "not finite: there is nothing to explain",
                             (unsigned long long)t);
        if (is_left_out(&row))
            continue;
        e.n_before += k < t;
        e.before = e.row;
        e.row = row;
        e.line = line_of(&row, done++);
        meka_choose_step(e.params, &e.line, &memory, &e.choice);
    }
    *out = e;
    return MEKA_OK;
}

double meka_explain_rule(const meka_explanation *e, meka_rule rule)
{
    return meka_rule_step(e->params, rule, &e->choice.model);
}

double meka_explain_value(const meka_explanation *e, meka_rule rule, double a)
{
    const opt_line_model *m = &e->choice.model;
    double mean = opt_line_mean(m, a), sd = sqrt(opt_line_variance(m, a)),
           k = e->params->bound_k;
    double z = -mean / sd;
    switch (rule) {
    case MEKA_RULE_FIXED:
        break;
    case MEKA_RULE_QUADRATIC:
        return -mean;
    case MEKA_RULE_PI:
        return sd > 0.0 ? 0.5 * erfc(-z * inverse_root_2) : mean < 0.0;
    case MEKA_RULE_EI:
        return sd > 0.0 ? sd * (z * 0.5 * erfc(-z * inverse_root_2) +
                                exp(-0.5 * z * z) * inverse_root_2_pi)
                        : fmax(-mean, 0.0);
    case MEKA_RULE_BOUND:
        return -mean - k * a * sqrt(m->p) - k * a * a * sqrt(m->q) / 2.0;
    }
    return NAN;
}
