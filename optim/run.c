/* The loop: samples, steps, exact columns, reasons to stop. */
#include "optim/run.h"

#include "base/memory.h"
#include "optim/methods.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct opt_run {
    opt_config config;
    const opt_method *method;
    const ad_program *program;
    meka_source source;
    size_t d;
    void *params; /* [method->options.size] bytes */
    double *state, *scratch;
    double *theta, *best;        /* [d] */
    double *estimate, *gradient; /* [d] */
    double *exact, *before;      /* [d] grad f(theta_t), theta_t */
    double *difference;          /* [d] scratch */
    double *xi;                  /* [batch_size][n_features] */
    ad_batch *batch, *population_batch;
    opt_view batch_view;
    opt_view population_view; /* counted, for the method */
    opt_view exact_view;      /* not counted, for the exact columns */
    bool has_population;
    opt_ledger ledger;
    opt_row row, start; /* the last and the first iteration */
    uint64_t t;
    opt_stop stop;
    double best_loss;
    uint64_t best_step;
    meka_error reason;
    struct timespec began;
};

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

opt_config opt_config_default(void)
{
    return (opt_config){
        .batch_size = 32,
        .max_steps = 1000,
        .target_loss = NAN,
        .known_minimum = NAN,
        .n_threads = 1,
    };
}

static opt_row empty_row(void)
{
    opt_row row;
    for (size_t i = 0; opt_column_at(i); i++)
        *(double *)((char *)&row + opt_column_at(i)->offset) = NAN;
    return row;
}

/* ------------------------------------------------------------------ creation */

static meka_status check_input(const opt_run *run, const double *x0, meka_error *err)
{
    const opt_config *config = &run->config;
    size_t n_features = ad_program_n_features(run->program);
    if (run->source.n_features != n_features)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "the objective takes samples of %zu numbers, the data have %zu",
                         n_features, run->source.n_features);
    for (size_t j = 0; j < run->d; j++)
        if (!isfinite(x0[j]))
            return meka_fail(err, MEKA_ERR_INPUT,
                             "the starting point's component %zu is %g; it must be finite", j,
                             x0[j]);
    if (run->method->full_batch && !run->has_population)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "method %s needs the whole population, and this source only draws "
                         "samples; use a data set, or a stochastic method such as sgd or meka",
                         run->method->name);
    size_t needed = run->method->batch_needed ? run->method->batch_needed(run->params)
                                              : run->method->min_batch;
    if (!run->method->full_batch && config->batch_size < needed)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "method %s with these options needs batches of at least %zu samples "
                         "to estimate variances, not %zu",
                         run->method->name, needed, config->batch_size);
    if (n_features && config->batch_size > SIZE_MAX / n_features)
        return meka_fail(err, MEKA_ERR_INPUT, "a batch of %zu samples is too large",
                         config->batch_size);
    return MEKA_OK;
}

/* `n` zeroed doubles to *out. */
static meka_status allot(double **out, size_t n, meka_error *err)
{
    *out = meka_alloc(n, sizeof **out, err);
    return *out ? MEKA_OK : MEKA_ERR_MEMORY;
}

static meka_status allot_arrays(opt_run *run, meka_error *err)
{
    size_t d = run->d, n_state, n_scratch;
    meka_status status = run->method->sizes(run->params, d, &n_state, &n_scratch, err);
    if (status != MEKA_OK)
        return status;
    size_t n_xi = run->method->full_batch ? 0 : run->config.batch_size * run->source.n_features;
    struct {
        double **place;
        size_t n;
    } const arrays[] = {
        {&run->state, n_state}, {&run->scratch, n_scratch}, {&run->theta, d}, {&run->best, d},
        {&run->estimate, d},    {&run->gradient, d},        {&run->exact, d}, {&run->before, d},
        {&run->difference, d},  {&run->xi, n_xi},
    };
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        status = allot(arrays[i].place, arrays[i].n, err);
        if (status != MEKA_OK)
            return status;
    }
    run->method->init(run->params, d, run->state);
    return MEKA_OK;
}

/* Batches and views.  An objective without samples is its own population of one. */
static meka_status make_views(opt_run *run, meka_error *err)
{
    const meka_source *source = &run->source;
    const ad_batch_options options = {.n_threads = run->config.n_threads};
    bool plain = source->n_features == 0;
    meka_status status = ad_batch_create(&run->batch, run->program, &options, err);
    if (status != MEKA_OK)
        return status;
    run->batch_view =
        (opt_view){run->batch, run->config.batch_size, plain ? NULL : run->xi, &run->ledger};
    if (!run->has_population)
        return MEKA_OK;
    status = ad_batch_create(&run->population_batch, run->program, &options, err);
    if (status != MEKA_OK)
        return status;
    run->population_view =
        (opt_view){run->population_batch, source->n_population ? source->n_population : 1,
                   plain ? NULL : source->population, &run->ledger};
    run->exact_view = run->population_view;
    run->exact_view.ledger = NULL;
    return MEKA_OK;
}

meka_status opt_run_create(opt_run **out, const ad_program *program, const meka_source *source,
                           const opt_config *config, const double *x0, meka_error *err)
{
    assert(out && program && source && config && x0);
    opt_run *run = meka_alloc(1, sizeof *run, err);
    if (!run)
        return MEKA_ERR_MEMORY;
    run->config = *config;
    run->config.batch_size = config->batch_size ? config->batch_size : 32;
    run->config.max_steps = config->max_steps ? config->max_steps : 1000;
    run->config.n_threads = config->n_threads ? config->n_threads : 1;
    run->method = config->method ? config->method : &opt_method_meka;
    run->config.method = run->method;
    run->program = program;
    run->source = *source;
    run->d = ad_program_n_params(program);
    run->has_population = source->n_features == 0 || source->n_population > 0;
    run->row = empty_row();
    run->start = run->row;
    run->best_loss = NAN;
    run->stop = OPT_RUNNING;
    clock_gettime(CLOCK_MONOTONIC, &run->began);

    meka_status status = MEKA_ERR_MEMORY;
    run->params = meka_alloc(1, run->method->options.size, err);
    if (!run->params)
        goto failed;
    status = opt_method_configure(run->method, run->params, config->settings, err);
    if (status != MEKA_OK)
        goto failed;
    status = check_input(run, x0, err);
    if (status != MEKA_OK)
        goto failed;
    status = allot_arrays(run, err);
    if (status != MEKA_OK)
        goto failed;
    status = make_views(run, err);
    if (status != MEKA_OK)
        goto failed;
    memcpy(run->theta, x0, run->d * sizeof *x0);
    memcpy(run->best, x0, run->d * sizeof *x0);
    *out = run;
    return MEKA_OK;
failed:
    opt_run_destroy(run);
    return status;
}

void opt_run_destroy(opt_run *run)
{
    if (!run)
        return;
    ad_batch_destroy(run->batch);
    ad_batch_destroy(run->population_batch);
    free(run->params);
    free(run->state);
    free(run->scratch);
    free(run->theta);
    free(run->best);
    free(run->estimate);
    free(run->gradient);
    free(run->exact);
    free(run->before);
    free(run->difference);
    free(run->xi);
    free(run);
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

/* The method's step on a fresh batch. */
static meka_status advance(opt_run *run, opt_row *row, meka_error *err)
{
    const meka_source *source = &run->source;
    bool full = run->method->full_batch;
    if (!full) {
        source->draw(source->ctx, run->config.seed, run->t, run->config.batch_size, run->xi);
        run->ledger.samples += run->config.batch_size;
    }
    const opt_step step = {
        .n_params = run->d,
        .t = run->t,
        .seed = run->config.seed,
        .batch = full ? &run->population_view : &run->batch_view,
        .population = run->has_population ? &run->population_view : NULL,
        .theta = run->theta,
        .estimate = run->estimate,
        .gradient = run->gradient,
        .row = row,
    };
    return run->method->step(run->params, run->state, run->scratch, &step, err);
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
    opt_row row = empty_row();
    meka_error reason = {0};
    meka_status status = evaluate_exactly(run, &row, &reason);
    if (status != MEKA_OK)
        return meka_fail(err, status, "%s", reason.text);
    memcpy(run->before, run->theta, run->d * sizeof *run->theta);
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

const opt_config *opt_run_config(const opt_run *run)
{
    return &run->config;
}

size_t opt_run_n_params(const opt_run *run)
{
    return run->d;
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
