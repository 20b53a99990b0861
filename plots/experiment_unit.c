#include "plots/experiment_unit.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a run needs beside itself. */
typedef struct unit {
    const plot_setting *setting;
    const plot_curve *curve;
    uint64_t seed;
    size_t d;
    opt_run *run;
    ad_batch *batch;               /* for the population */
    double *start, *theta, *exact; /* [d] each */
} unit;

uint64_t plot_unit_seed(const plot_setting *setting, size_t item)
{
    return setting->config->seed + setting->config->offset + item % setting->S;
}

static bool needs(const plot_experiment *row, bool exact)
{
    for (size_t m = 0; m < row->n_measures; m++)
        if (exact ? row->measure[m]->exact : row->measure[m]->test)
            return true;
    return false;
}

static meka_status configure(opt_config *config, const unit *u, size_t n_threads,
                             meka_error *err)
{
    const plot_setting *setting = u->setting;
    *config = opt_config_default();
    meka_status status = opt_method_find(&config->method, u->curve->method, err);
    config->batch_size = setting->size->batch;
    if (!status && u->curve->loop)
        status = meka_options_set_all(opt_config_options(), config, setting->row->name,
                                      u->curve->loop, err);
    config->settings = u->curve->settings;
    config->seed = u->seed;
    /* One more than is asked for: the row of a checkpoint is that of the step from it.  What
     * counts costs ends by them; a step costs at least half a gradient. */
    config->horizon = (uint64_t)setting->t[setting->C - 1];
    config->max_steps = setting->row->by_cost ? 2 * config->horizon + 2 : config->horizon + 1;
    config->n_threads = n_threads;
    config->known_minimum = setting->problem.minimum;
    if (needs(setting->row, false) && setting->problem.test.n_rows) {
        config->test = &setting->problem.test;
        config->score = setting->score;
    }
    return status;
}

static meka_status begin(unit *u, size_t n_threads, meka_error *err)
{
    const plot_setting *setting = u->setting;
    const ad_objective *objective = &setting->problem.objective;
    u->d = objective->n_params;
    u->start = meka_alloc(3 * u->d, sizeof *u->start, err);
    if (!u->start)
        return MEKA_ERR_MEMORY;
    u->theta = u->start + u->d;
    u->exact = u->theta + u->d;
    if (objective->x0)
        memcpy(u->start, objective->x0, u->d * sizeof *u->start);
    if (setting->row->start_sd > 0.0) {
        meka_rng rng;
        meka_rng_init(&rng, u->seed, MEKA_STREAM_START, 0, 0);
        for (size_t j = 0; j < u->d; j++)
            u->start[j] = setting->row->start_sd * meka_rng_normal(&rng);
    }
    opt_config config;
    meka_status status = configure(&config, u, n_threads, err);
    if (!status)
        status = opt_run_create(&u->run, setting->program, &setting->problem.source, &config,
                                u->start, err);
    if (!status && needs(setting->row, true))
        status = ad_batch_create(&u->batch, setting->program,
                                 &(ad_batch_options){.n_threads = n_threads}, err);
    return status;
}

static double distance(size_t d, const double *a, const double *b)
{
    double scale = 0.0, sum = 0.0;
    for (size_t j = 0; j < d; j++)
        scale = fmax(scale, fabs(a[j] - b[j]));
    for (size_t j = 0; j < d && scale > 0.0; j++)
        sum += (a[j] - b[j]) / scale * ((a[j] - b[j]) / scale);
    return scale * sqrt(sum);
}

/* Loss and gradient over the population at theta_t. */
static meka_status evaluate_exactly(unit *u, double *gap, meka_error *err)
{
    const prob_instance *problem = &u->setting->problem;
    bool plain = problem->source.n_features == 0;
    size_t n = plain ? 1 : problem->source.n_population;
    ad_moments moments = {.grad_mean = u->exact};
    *gap = NAN;
    if (n == 0)
        return MEKA_OK;
    meka_status status = ad_eval_moments(
        u->batch, u->theta, NULL, n, plain ? NULL : problem->source.population, &moments, err);
    if (status && status != MEKA_NONFINITE)
        return status;
    *gap = moments.loss_mean - (isnan(problem->minimum) ? 0.0 : problem->minimum);
    return MEKA_OK;
}

/* What the measures make of the step just taken from theta_t: value [M]. */
static meka_status look(unit *u, double *value, meka_error *err)
{
    const plot_experiment *row = u->setting->row;
    opt_row seen = *opt_run_row(u->run);
    opt_test test = {NAN, NAN};
    meka_status status = MEKA_OK;
    if (u->batch) {
        status = evaluate_exactly(u, &seen.exact_gap, err);
        seen.filter_error = distance(u->d, opt_run_estimate(u->run), u->exact);
        seen.sample_error = distance(u->d, opt_run_gradient(u->run), u->exact);
    }
    if (!status && needs(row, false))
        status = opt_run_test(u->run, u->theta, &test, err);
    seen.test_loss = test.loss;
    seen.test_score = test.score;
    const plot_point point = {
        .row = &seen,
        .theta = u->theta,
        .d = u->d,
        .batch = u->setting->size->batch,
        .estimate = opt_run_estimate(u->run),
        .gradient = opt_run_gradient(u->run),
        .exact = u->batch ? u->exact : NULL,
    };
    for (size_t m = 0; m < row->n_measures && !status; m++)
        value[m] = row->measure[m]->value(&point);
    return status;
}

double plot_cost(const opt_row *row)
{
    return row->gradients + row->hvps + row->line_passes +
           0.5 * (row->forwards - row->gradients);
}

/* How far along the axis of checkpoints a run is after its last step. */
static double position(const unit *u)
{
    const opt_row *row = opt_run_row(u->run);
    return u->setting->row->by_cost ? plot_cost(row) / (double)u->setting->size->batch
                                    : row->step + 1.0;
}

/* A checkpoint belongs to the last iterate that was reached by then: theta_t with position(t)
 * <= checkpoint < position(t + 1). */
static meka_status follow(unit *u, double *value, bool *lost, meka_error *err)
{
    const plot_setting *setting = u->setting;
    size_t M = setting->row->n_measures, C = setting->C, c = 0;
    opt_stop stop = OPT_RUNNING;
    while (c < C && stop == OPT_RUNNING) {
        memcpy(u->theta, opt_run_theta(u->run), u->d * sizeof *u->theta);
        meka_status status = opt_run_step(u->run, &stop, err);
        if (status)
            return status;
        if (stop == OPT_NONFINITE)
            break;
        double at = position(u);
        if (at <= setting->t[c])
            continue;
        status = look(u, value + c * M, err);
        if (status)
            return status;
        for (c++; c < C && setting->t[c] < at; c++)
            memcpy(value + c * M, value + (c - 1) * M, M * sizeof *value);
    }
    *lost = stop == OPT_NONFINITE;
    for (; c < C; c++)
        for (size_t m = 0; m < M; m++)
            value[c * M + m] = *lost || c == 0 ? INFINITY : value[(c - 1) * M + m];
    return MEKA_OK;
}

static meka_status compute(const plot_setting *setting, size_t item, size_t n_threads,
                           double *value, bool *lost, meka_error *err)
{
    unit u = {.setting = setting,
              .curve = &setting->row->curve[item / setting->S],
              .seed = plot_unit_seed(setting, item)};
    meka_status status = begin(&u, n_threads, err);
    if (!status)
        status = follow(&u, value, lost, err);
    opt_run_destroy(u.run);
    ad_batch_destroy(u.batch);
    free(u.start);
    return status;
}

meka_status plot_unit_run(const plot_setting *setting, size_t item, size_t n_threads,
                          double *value, bool *lost, bool *cached, meka_error *err)
{
    char path[1280];
    char *description = plot_unit_describe(setting, item, err);
    if (!description)
        return MEKA_ERR_MEMORY;
    snprintf(path, sizeof path, "%s/%s.%llu.tsv", setting->directory,
             setting->row->curve[item / setting->S].key,
             (unsigned long long)(plot_unit_seed(setting, item)));
    meka_status status = MEKA_OK;
    *cached = setting->directory[0] && plot_unit_read(path, description, setting, value, lost);
    if (!*cached) {
        status = compute(setting, item, n_threads, value, lost, err);
        if (!status && setting->directory[0])
            status = plot_unit_write(path, description, setting, value, *lost, err);
    }
    free(description);
    return status;
}
