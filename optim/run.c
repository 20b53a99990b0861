/* The loop: samples, steps, exact columns, reasons to stop. */
#include "optim/run.h"

#include "optim/methods.h"

#include <assert.h>
#include <math.h>
#include <string.h>

const char *opt_stop_name(opt_stop stop)
{
    switch (stop) {
    case OPT_RUNNING:
        return "running";
    case OPT_CONVERGED:
        return "converged";
    case OPT_TARGET:
        return "target reached";
    case OPT_BUDGET:
        return "budget spent";
    case OPT_NONFINITE:
        return "non-finite";
    case OPT_DIVERGED:
        return "diverged";
    case OPT_CANCELLED:
        return "cancelled";
    }
    return "unknown";
}

opt_row opt_row_empty(void)
{
    opt_row row;
    for (size_t i = 0; opt_column_at(i); i++)
        *(double *)((char *)&row + opt_column_at(i)->offset) = NAN;
    return row;
}

/* ----------------------------------------------------------------- iteration */

/* The exact gap and, where tracked, the exact gradient at theta_t.  They never change what a
 * run does: values that are not finite are only reported. */
static meka_status evaluate_exactly(opt_run *run, opt_row *row, meka_error *err)
{
    const opt_config *config = &run->config;
    bool wanted =
        config->track_exact || !isnan(config->target_loss) || config->diverge_factor > 0.0;
    if (!run->has_population || !wanted)
        return MEKA_OK;
    ad_moments moments = {.grad_mean = config->track_exact ? run->exact : NULL};
    meka_status status = opt_view_moments(&run->exact_view, run->theta, NULL, &moments, err);
    if (status != MEKA_OK && status != MEKA_NONFINITE)
        return status;
    row->exact_gap =
        moments.loss_mean - (isnan(config->known_minimum) ? 0.0 : config->known_minimum);
    return MEKA_OK;
}

static double distance(size_t d, const double *a, const double *b, double *difference)
{
    for (size_t j = 0; j < d; j++)
        difference[j] = a[j] - b[j];
    return opt_norm(d, difference);
}

/* What the method did not fill in. */
static void complete_row(opt_run *run, opt_row *row)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    row->step = (double)run->t;
    row->samples = (double)run->ledger.samples;
    row->gradients = (double)run->ledger.gradients;
    row->hvps = (double)run->ledger.hvps;
    row->line_passes = (double)run->ledger.line_passes;
    row->seconds = (double)(now.tv_sec - run->began.tv_sec) +
                   1e-9 * (double)(now.tv_nsec - run->began.tv_nsec);
    if (run->config.track_exact && run->has_population) {
        row->filter_error = distance(run->d, run->estimate, run->exact, run->difference);
        row->sample_error = distance(run->d, run->gradient, run->exact, run->difference);
    }
}

/* The exact gap where known, else the method's best estimate of the loss. */
static double loss_of(const opt_row *row)
{
    if (!isnan(row->exact_gap))
        return row->exact_gap;
    return isnan(row->loss_filtered) ? row->loss : row->loss_filtered;
}

static opt_stop reason_to_stop(const opt_run *run)
{
    const opt_config *config = &run->config;
    double loss = loss_of(&run->row), start = loss_of(&run->start);
    if (config->grad_tolerance > 0.0 &&
        opt_norm(run->d, run->estimate) <= config->grad_tolerance)
        return OPT_CONVERGED;
    if (loss <= config->target_loss)
        return OPT_TARGET;
    if (config->diverge_factor > 0.0 && start > 0.0 && loss > config->diverge_factor * start)
        return OPT_DIVERGED;
    if (run->t >= config->max_steps)
        return OPT_BUDGET;
    return OPT_RUNNING;
}

static meka_status check_finite(const opt_run *run, const opt_row *row, meka_error *err)
{
    for (size_t j = 0; j < run->d; j++)
        if (!isfinite(run->theta[j]))
            return meka_fail(err, MEKA_NONFINITE,
                             "method %s: parameter %zu would become %g at step %llu with step "
                             "size %g; try a smaller step",
                             run->method->name, j, run->theta[j], (unsigned long long)run->t,
                             row->alpha);
    return MEKA_OK;
}

/* The method's step on a fresh batch; theta and state are as before where it fails. */
static meka_status advance(opt_run *run, opt_row *row, meka_error *err)
{
    const meka_source *source = &run->source;
    const opt_config *config = &run->config;
    bool full = run->method->full_batch;
    if (!full) {
        source->draw(source->ctx, config->seed, run->t, config->batch_size, run->xi);
        run->ledger.samples += config->batch_size;
    }
    const opt_step step = {
        .n_params = run->d,
        .t = run->t,
        .seed = config->seed,
        .factor =
            opt_schedule_factor(config->schedule, config->warmup, config->horizon, run->t),
        .batch = full ? &run->population_view : &run->batch_view,
        .population = run->has_population ? &run->population_view : NULL,
        .theta = run->theta,
        .estimate = run->estimate,
        .gradient = run->gradient,
        .row = row,
    };
    memcpy(run->before, run->theta, run->d * sizeof *run->theta);
    memcpy(run->state_before, run->state, run->n_state * sizeof *run->state);
    meka_status status = run->method->step(run->params, run->state, run->scratch, &step, err);
    if (status == MEKA_OK)
        status = check_finite(run, row, err);
    if (status != MEKA_OK) {
        memcpy(run->theta, run->before, run->d * sizeof *run->theta);
        memcpy(run->state, run->state_before, run->n_state * sizeof *run->state);
    }
    return status;
}

/* Takes iteration t into the books. */
static void record(opt_run *run, const opt_row *row)
{
    double loss = loss_of(row);
    run->row = *row;
    if (run->t == 0)
        run->start = *row;
    if (!isnan(loss) && !(loss >= run->best_loss)) {
        run->best_loss = loss;
        run->best_step = run->t;
        memcpy(run->best, run->before, run->d * sizeof *run->best);
    }
    run->t++;
}

meka_status opt_run_step(opt_run *run, opt_stop *stop, meka_error *err)
{
    assert(run && stop);
    *stop = run->stop;
    if (run->stop != OPT_RUNNING)
        return MEKA_OK;
    const opt_ledger ledger = run->ledger;
    opt_row row = opt_row_empty();
    meka_error reason = {0};
    meka_status status = evaluate_exactly(run, &row, &reason);
    if (status != MEKA_OK)
        return meka_fail(err, status, "%s", reason.text);
    status = advance(run, &row, &reason);
    if (status == MEKA_NONFINITE) {
        run->reason = reason;
        run->stop = OPT_NONFINITE;
        *stop = run->stop;
        return MEKA_OK;
    }
    if (status != MEKA_OK) {
        run->ledger = ledger;
        return meka_fail(err, status, "%s", reason.text);
    }
    complete_row(run, &row);
    record(run, &row);
    run->stop = reason_to_stop(run);
    if (run->config.callback &&
        !run->config.callback(run->config.callback_ctx, &run->row, run->theta) &&
        run->stop == OPT_RUNNING)
        run->stop = OPT_CANCELLED;
    *stop = run->stop;
    return MEKA_OK;
}

/* ------------------------------------------------------------------- reading */

const double *opt_run_theta(const opt_run *run)
{
    return run->theta;
}

const double *opt_run_best(const opt_run *run)
{
    return run->best;
}

const opt_row *opt_run_row(const opt_run *run)
{
    return &run->row;
}

const void *opt_run_params(const opt_run *run)
{
    return run->params;
}

const opt_method *opt_run_method(const opt_run *run)
{
    return run->method;
}

void opt_run_result(const opt_run *run, opt_result *out)
{
    *out = (opt_result){
        .stop = run->stop,
        .last = run->row,
        .ledger = run->ledger,
        .best_loss = run->best_loss,
        .best_step = run->best_step,
        .reason = run->reason,
    };
}

meka_status opt_minimize(const ad_objective *objective, const meka_source *samples,
                         const opt_config *config, double *theta, opt_result *out,
                         meka_error *err)
{
    assert(objective && samples && config && theta);
    ad_program *program = NULL;
    opt_run *run = NULL;
    opt_stop stop = OPT_RUNNING;
    meka_status status = ad_program_create(&program, objective, err);
    if (status != MEKA_OK)
        goto cleanup;
    status = opt_run_create(&run, program, samples, config, theta, err);
    if (status != MEKA_OK)
        goto cleanup;
    while (stop == OPT_RUNNING) {
        status = opt_run_step(run, &stop, err);
        if (status != MEKA_OK)
            goto cleanup;
    }
    memcpy(theta, opt_run_theta(run), objective->n_params * sizeof *theta);
    if (out)
        opt_run_result(run, out);
cleanup:
    opt_run_destroy(run);
    ad_program_destroy(program);
    return status;
}
