/* The loop: samples, steps, exact columns, reasons to stop. */
#include "optim/run.h"

#include "optim/methods.h"

#include <assert.h>
#include <math.h>
#include <string.h>

opt_row opt_row_empty(void)
{
    opt_row row;
    for (size_t i = 0; opt_column_at(i); i++)
        *(double *)((char *)&row + opt_column_at(i)->offset) = NAN;
    return row;
}

/* ----------------------------------------------------------------- iteration */

/* f(theta) - f* over the population and, unless NULL, the gradient [d] there.  Values that are
 * not finite are only reported: they never change what a run does. */
static meka_status evaluate_population(opt_run *run, const double *theta, double *grad,
                                       double *gap, meka_error *err)
{
    const opt_config *config = &run->config;
    ad_moments moments = {.grad_mean = grad};
    meka_status status = opt_view_moments(&run->exact_view, theta, NULL, &moments, err);
    if (status != MEKA_OK && status != MEKA_NONFINITE)
        return status;
    *gap = moments.loss_mean - (isnan(config->known_minimum) ? 0.0 : config->known_minimum);
    return MEKA_OK;
}

/* What is exact of row t: loss and, where tracked, gradient and the average's loss. */
static meka_status evaluate_exactly(opt_run *run, opt_row *row, meka_error *err)
{
    const opt_config *config = &run->config;
    bool wanted =
        config->track_exact || config->target_loss > -INFINITY || config->diverge_factor > 0.0;
    if (!run->has_population || !wanted)
        return MEKA_OK;
    meka_status status = evaluate_population(
        run, run->theta, config->track_exact ? run->exact : NULL, &row->exact_gap, err);
    if (status == MEKA_OK && config->track_exact && config->average != OPT_AVERAGE_NONE)
        status = evaluate_population(run, run->average, NULL, &row->average_gap, err);
    return status;
}

static meka_status evaluate_test(opt_run *run, opt_row *row, meka_error *err)
{
    opt_test test = {NAN, NAN};
    uint64_t every = run->config.test_every;
    meka_status status = MEKA_OK;
    if (every && run->t % every == 0)
        status = opt_run_test(run, run->theta, &test, err);
    row->test_loss = test.loss;
    row->test_score = test.score;
    return status;
}

static double distance(size_t d, const double *a, const double *b, double *difference)
{
    for (size_t j = 0; j < d; j++)
        difference[j] = a[j] - b[j];
    return opt_norm(d, difference);
}

/* Step, ledger and time. */
static void count_costs(opt_run *run, opt_row *row)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    row->step = (double)run->t;
    row->samples = (double)run->ledger.samples;
    row->forwards = (double)run->ledger.forwards;
    row->gradients = (double)run->ledger.gradients;
    row->hvps = (double)run->ledger.hvps;
    row->line_passes = (double)run->ledger.line_passes;
    row->seconds = run->seconds_before + (double)(now.tv_sec - run->began.tv_sec) +
                   1e-9 * (double)(now.tv_nsec - run->began.tv_nsec);
}

static void compare_with_exact(opt_run *run, opt_row *row)
{
    if (run->config.track_exact && run->has_population) {
        row->filter_error = distance(run->d, run->estimate, run->exact, run->difference);
        row->sample_error =
            distance(run->d, opt_run_gradient(run), run->exact, run->difference);
    }
}

/* Copies what the step has made, if it is finite.  What a method remembers must be, too: an
 * infinite average of squares, say, would make every later step 0 without a word. */
static meka_status check_finite(const opt_run *run, const opt_row *row, meka_error *err)
{
    if (!opt_copy_finite(run->n_state, run->state, run->state_after))
        return meka_fail(err, MEKA_NONFINITE,
                         "method %s: an average or sum that it keeps overflows at step %llu; "
                         "scale the objective down, or take smaller steps",
                         run->method->name, (unsigned long long)run->t);
    if (opt_copy_finite(run->d, run->theta, run->after))
        return MEKA_OK;
    for (size_t j = 0; j < run->d; j++)
        if (!isfinite(run->theta[j]))
            return meka_fail(err, MEKA_NONFINITE,
                             "method %s: parameter %zu would become %g at step %llu with step "
                             "size %g; try a smaller step",
                             run->method->name, j, run->theta[j], (unsigned long long)run->t,
                             row->alpha);
    return MEKA_OK;
}

/* The batch no longer has the last gradient: the step under way has evaluated it. */
static void lose_gradient(opt_run *run)
{
    for (size_t j = 0; j < run->d && run->deferred; j++)
        run->gradient[j] = NAN;
    run->deferred = false;
}

static void swap(double **a, double **b)
{
    double *kept = *a;
    *a = *b;
    *b = kept;
}

/* The method's step on a fresh batch; theta and state are as before where it fails. */
static meka_status advance(opt_run *run, opt_row *row, meka_error *err)
{
    const meka_source *source = &run->source;
    const opt_config *config = &run->config;
    const double *estimate = NULL;
    bool full = run->method->full_batch, deferred = false;
    if (!full) {
        source->draw(source->ctx, config->seed, run->t, config->batch_size, run->xi);
        run->ledger.samples += config->batch_size;
    }
    const opt_step step = {
        .n_params = run->d,
        .t = run->t - run->n_skipped, /* a batch left out has not happened */
        .seed = config->seed,
        .factor = opt_schedule_factor((opt_schedule)config->schedule, config->warmup,
                                      run->horizon, run->t),
        .batch = full ? &run->population_view : &run->batch_view,
        .population = run->has_population ? &run->population_view : NULL,
        .theta = run->theta,
        .gradient = run->gradient_next,
        .room = run->room_next,
        .estimate = &estimate,
        .deferred = &deferred,
        .row = row,
    };
    row->schedule = step.factor;
    meka_status status = run->method->step(run->params, run->state, run->scratch, &step, err);
    if (status == MEKA_OK)
        status = check_finite(run, row, err);
    if (status != MEKA_OK) {
        lose_gradient(run);
        memcpy(run->theta, run->before, run->d * sizeof *run->theta);
        memcpy(run->state, run->state_before, run->n_state * sizeof *run->state);
        return status;
    }
    assert(estimate);
    run->estimate = estimate;
    swap(&run->gradient, &run->gradient_next);
    swap(&run->room, &run->room_next);
    swap(&run->state_before, &run->state_after);
    run->deferred = deferred;
    return MEKA_OK;
}

/* Takes theta_{t+1} into the average. */
static void update_average(opt_run *run)
{
    const opt_config *config = &run->config;
    if (config->average == OPT_AVERAGE_NONE)
        return;
    if (run->t >= config->average_from)
        run->n_averaged++;
    double n = (double)run->n_averaged, weight = 1.0;
    if (run->n_averaged > 1 && config->average == OPT_AVERAGE_UNIFORM)
        weight = 1.0 / n;
    else if (run->n_averaged > 1)
        weight = (1.0 - config->average_ema) / (1.0 - pow(config->average_ema, n));
    for (size_t j = 0; j < run->d; j++)
        run->average[j] += weight * (run->theta[j] - run->average[j]);
}

/* Takes iteration t into the books; what was after it is then before the next. */
static void record(opt_run *run, const opt_row *row)
{
    double loss = opt_row_loss(row);
    run->row = *row;
    if (isnan(run->start.step))
        run->start = *row;
    if (!isnan(loss) && !(loss >= run->best_loss)) {
        run->best_loss = loss;
        run->best_step = run->t;
        swap(&run->best, &run->before);
    }
    swap(&run->before, &run->after);
    update_average(run);
    run->t++;
}

/* A batch that gave something not finite: the run ends, or goes on without it. */
static void leave_out(opt_run *run, const meka_error *reason)
{
    run->reason = *reason;
    /* The whole population would be the same again. */
    if (run->method->full_batch || run->n_skipped >= run->config.max_skipped) {
        run->stop = OPT_NONFINITE;
        return;
    }
    opt_row row = opt_row_empty();
    count_costs(run, &row);
    run->row = row;
    run->n_skipped++;
    run->t++;
    run->stop = opt_run_reason_to_stop(run);
}

static meka_status iterate(opt_run *run, meka_error *err)
{
    const opt_ledger ledger = run->ledger;
    opt_row row = opt_row_empty();
    meka_error reason = {0};
    meka_status status = evaluate_exactly(run, &row, &reason);
    if (status == MEKA_OK)
        status = evaluate_test(run, &row, &reason);
    if (status == MEKA_OK)
        status = advance(run, &row, &reason);
    if (status == MEKA_NONFINITE) {
        leave_out(run, &reason);
        return MEKA_OK;
    }
    if (status != MEKA_OK) {
        run->ledger = ledger;
        return meka_fail(err, status, "%s", reason.text);
    }
    count_costs(run, &row);
    compare_with_exact(run, &row);
    record(run, &row);
    run->stop = opt_run_reason_to_stop(run);
    return MEKA_OK;
}

meka_status opt_run_step(opt_run *run, opt_stop *stop, meka_error *err)
{
    assert(run && stop);
    uint64_t t = run->t;
    if (run->stop == OPT_RUNNING) {
        meka_status status = iterate(run, err);
        if (status != MEKA_OK)
            return status;
    }
    /* Not where the run ended without another row. */
    if (run->t > t && run->config.callback &&
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

const double *opt_run_estimate(const opt_run *run)
{
    return run->estimate;
}

const double *opt_run_gradient(opt_run *run)
{
    if (run->deferred) /* finite, as the evaluation was */
        ad_combine_means(run->batch, 1.0, 0.0, 0.0, run->gradient, NULL, NULL);
    run->deferred = false;
    return run->gradient;
}

const double *opt_run_best(const opt_run *run)
{
    return run->best;
}

const double *opt_run_average(const opt_run *run)
{
    return run->config.average == OPT_AVERAGE_NONE ? NULL : run->average;
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
        .n_steps = run->t,
        .n_skipped = run->n_skipped,
        .reason = run->reason,
        .test = {NAN, NAN},
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
    opt_test test = {NAN, NAN};
    if (out)
        status = opt_run_test(run, opt_run_theta(run), &test, err);
    if (status != MEKA_OK)
        goto cleanup;
    memcpy(theta, opt_run_theta(run), objective->n_params * sizeof *theta);
    if (out) {
        opt_run_result(run, out);
        out->test = test;
    }
cleanup:
    opt_run_destroy(run);
    ad_program_destroy(program);
    return status;
}
