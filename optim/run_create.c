/* Making and destroying runs. */
#include "optim/run.h"

#include "base/memory.h"
#include "optim/methods.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
                         "to estimate variances, not %" PRIu64,
                         run->method->name, needed, config->batch_size);
    if (n_features && config->batch_size > SIZE_MAX / n_features)
        return meka_fail(err, MEKA_ERR_INPUT, "a batch of %" PRIu64 " samples is too large",
                         config->batch_size);
    const meka_samples *test = config->test;
    if (test && (test->n_rows == 0 || test->n_features != n_features))
        return meka_fail(
            err, MEKA_ERR_INPUT,
            "the objective takes samples of %zu numbers, the %zu test samples have "
            "%zu",
            n_features, test->n_rows, test->n_features);
    if (test && config->score &&
        (ad_program_n_params(config->score) != run->d ||
         ad_program_n_features(config->score) != n_features))
        return meka_fail(err, MEKA_ERR_INPUT,
                         "the score takes %zu parameters and samples of %zu numbers, the "
                         "objective %zu and %zu",
                         ad_program_n_params(config->score),
                         ad_program_n_features(config->score), run->d, n_features);
    for (size_t i = 0; i < config->n_about; i++)
        if (strpbrk(config->about[i], "\r\n"))
            return meka_fail(err, MEKA_ERR_INPUT, "line %zu about the run holds a line break",
                             i + 1);
    return MEKA_OK;
}

/* `n` zeroed doubles to *out. */
static meka_status allot(double **out, size_t n, meka_error *err)
{
    *out = meka_alloc(n, sizeof **out, err);
    return *out ? MEKA_OK : MEKA_ERR_MEMORY;
}

/* Sets run->n_state. */
static meka_status count_memory(opt_run *run, size_t *n_scratch, meka_error *err)
{
    const opt_method *method = run->method;
    if (method->sizes)
        return method->sizes(run->params, run->d, &run->n_state, n_scratch, err);
    size_t most = (SIZE_MAX / sizeof(double) - method->n_scalars) /
                  (method->n_vectors + method->n_work + 1);
    if (run->d > most)
        return meka_fail(err, MEKA_ERR_INPUT, "method %s: %zu parameters are too many",
                         method->name, run->d);
    run->n_state = method->n_scalars + method->n_vectors * run->d;
    *n_scratch = method->n_work * run->d;
    return MEKA_OK;
}

enum { largest_piece = 256 };

static meka_status allot_arrays(opt_run *run, meka_error *err)
{
    size_t d = run->d, n_scratch = 0;
    meka_status status = count_memory(run, &n_scratch, err);
    if (status != MEKA_OK)
        return status;
    size_t n_xi = run->method->full_batch ? 0 : run->config.batch_size * run->source.n_features;
    const meka_samples *test = run->config.test;
    run->test_piece = !test ? 0 : test->n_rows < largest_piece ? test->n_rows : largest_piece;
    struct {
        double **place;
        size_t n;
    } const arrays[] = {
        {&run->state, run->n_state},
        {&run->state_before, run->n_state},
        {&run->state_after, run->n_state},
        {&run->scratch, n_scratch},
        {&run->theta, d},
        {&run->x0, d},
        {&run->best, d},
        {&run->average, run->config.average == OPT_AVERAGE_NONE ? 0 : d},
        {&run->gradient, d},
        {&run->gradient_next, d},
        {&run->room, d},
        {&run->room_next, d},
        {&run->exact, d},
        {&run->before, d},
        {&run->after, d},
        {&run->difference, d},
        {&run->xi, n_xi},
        {&run->test_xi, run->test_piece * run->source.n_features},
    };
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        status = allot(arrays[i].place, arrays[i].n, err);
        if (status != MEKA_OK)
            return status;
    }
    run->estimate = run->room;
    if (run->method->init)
        run->method->init(run->params, d, run->state);
    return MEKA_OK;
}

/* Batches and views.  An objective without samples is its own population of one. */
static meka_status make_views(opt_run *run, meka_error *err)
{
    const meka_source *source = &run->source;
    bool plain = source->n_features == 0;
    const ad_batch_options options = {.n_threads = run->config.n_threads};
    ad_batch_options own = options;
    own.n_kept = run->method->keeps ? run->config.batch_size : 0;
    own.defers = run->method->defers;
    meka_status status = ad_batch_create(&run->batch, run->program, &own, err);
    if (status != MEKA_OK)
        return status;
    if (run->config.test)
        status = ad_batch_create(&run->test_batch, run->program, &options, err);
    if (status == MEKA_OK && run->config.test && run->config.score)
        status = ad_batch_create(&run->score_batch, run->config.score, &options, err);
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

void opt_run_remember(opt_run *run)
{
    memcpy(run->before, run->theta, run->d * sizeof *run->theta);
    memcpy(run->state_before, run->state, run->n_state * sizeof *run->state);
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
    run->horizon = config->horizon ? config->horizon : run->config.max_steps;
    run->method = config->method ? config->method : &opt_method_meka;
    run->config.method = run->method;
    run->program = program;
    run->source = *source;
    run->d = ad_program_n_params(program);
    run->has_population = source->n_features == 0 || source->n_population > 0;
    run->row = opt_row_empty();
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
    opt_run_remember(run);
    memcpy(run->best, x0, run->d * sizeof *x0);
    if (config->average != OPT_AVERAGE_NONE)
        memcpy(run->average, x0, run->d * sizeof *x0);
    memcpy(run->x0, x0, run->d * sizeof *x0);
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
    ad_batch_destroy(run->test_batch);
    ad_batch_destroy(run->score_batch);
    free(run->params);
    free(run->state);
    free(run->state_before);
    free(run->state_after);
    free(run->scratch);
    free(run->theta);
    free(run->best);
    free(run->average);
    free(run->x0);
    free(run->gradient);
    free(run->gradient_next);
    free(run->room);
    free(run->room_next);
    free(run->exact);
    free(run->before);
    free(run->after);
    free(run->difference);
    free(run->xi);
    free(run->test_xi);
    free(run);
}
