#include "plots/experiment.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "plots/experiment_unit.h"
#include "plots/files.h"
#include "plots/statistics.h"

#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -------------------------------------------------------------------- setting */

static meka_status make_checkpoints(plot_setting *setting, meka_error *err)
{
    size_t steps = setting->steps, points = setting->size->points;
    setting->t = meka_alloc(points + 1, sizeof *setting->t, err);
    if (!setting->t)
        return MEKA_ERR_MEMORY;
    setting->t[0] = 0.0;
    setting->C = 1;
    if (steps == 0)
        return MEKA_OK;
    if (!setting->row->linear)
        setting->C = 1 + plot_log_spaced(1.0, (double)steps, points, setting->t + 1);
    else
        for (size_t i = 1; i <= points; i++) {
            double t = round((double)(steps * i) / (double)points);
            if (t > setting->t[setting->C - 1])
                setting->t[setting->C++] = t;
        }
    return MEKA_OK;
}

const char *plot_experiment_problem(const plot_experiment *experiment,
                                    const plot_experiment_config *config)
{
    return config->full && experiment->full_problem ? experiment->full_problem
                                                    : experiment->problem;
}

void plot_experiment_data(char *path, size_t size, const plot_experiment *experiment,
                          const plot_experiment_config *config)
{
    if (experiment->set && config->data)
        snprintf(path, size, "%s/%s", config->data, experiment->set);
    else
        snprintf(path, size, "%s", experiment->data ? experiment->data : "");
}

static meka_status make_problem(plot_setting *setting, meka_error *err)
{
    const plot_experiment *row = setting->row;
    const plot_experiment_config *config = setting->config;
    const prob_problem *problem;
    const prob_request request = {.settings = setting->size->options,
                                  .data = setting->data[0] ? setting->data : NULL,
                                  .seed = config->seed};
    meka_status status = prob_problem_find(&problem, plot_experiment_problem(row, config), err);
    if (!status)
        status = prob_create(&setting->problem, problem, &request, err);
    if (!status)
        status = ad_program_create(&setting->program, &setting->problem.objective, err);
    if (!status && setting->problem.score.record)
        status = ad_program_create(&setting->score, &setting->problem.score, err);
    return status;
}

/* What sizes other than the usual one add to the name of the directory. */
static void write_suffix(const plot_setting *setting, char *text, size_t size)
{
    const plot_experiment_config *config = setting->config;
    snprintf(text, size, "%s", config->full ? "-full" : "");
    if (setting->steps < setting->size->steps)
        snprintf(text + strlen(text), size - strlen(text), "-%zu", setting->steps);
}

static void setting_clear(plot_setting *setting)
{
    ad_program_destroy(setting->program);
    ad_program_destroy(setting->score);
    prob_destroy(&setting->problem);
    free(setting->t);
}

static meka_status setting_create(plot_setting *out, const plot_experiment *row,
                                  const plot_experiment_config *config, meka_error *err)
{
    plot_setting setting = {
        .row = row, .config = config, .size = config->full ? &row->full : &row->size};
    setting.S = config->seeds ? config->seeds : setting.size->seeds;
    setting.steps = setting.size->steps;
    if (config->steps && config->steps < setting.steps)
        setting.steps = config->steps;
    setting.code = plot_code_checksum();
    plot_experiment_data(setting.data, sizeof setting.data, row, config);
    meka_status status = make_checkpoints(&setting, err);
    if (!status && config->directory) {
        char suffix[40];
        write_suffix(&setting, suffix, sizeof suffix);
        snprintf(setting.directory, sizeof setting.directory, "%s/runs/%s%s", config->directory,
                 row->name, suffix);
        status = plot_directory_create(setting.directory, err);
    }
    if (!status)
        status = make_problem(&setting, err);
    if (status)
        setting_clear(&setting);
    else
        *out = setting;
    return status;
}

/* ----------------------------------------------------------------------- runs */

typedef struct job {
    const plot_setting *setting;
    plot_results *results;
    size_t n_threads; /* of one run */
    atomic_size_t n_done, n_cached;
} job;

static meka_status run_item(void *ctx, size_t item, size_t thread, meka_error *err)
{
    job *all = ctx;
    const plot_setting *setting = all->setting;
    const plot_experiment_config *config = setting->config;
    plot_results *r = all->results;
    bool cached = false;
    if (config->interrupted && config->interrupted())
        return meka_fail(
            err, MEKA_ERR_IO,
            "interrupted; the same command goes on with the runs that are missing");
    meka_status status =
        plot_unit_run(setting, item, all->n_threads, r->value + item * r->C * r->M,
                      &r->lost[item], &cached, err);
    if (status)
        return status;
    atomic_fetch_add(&all->n_cached, cached);
    size_t done = atomic_fetch_add(&all->n_done, 1) + 1;
    /* Only the calling thread reports: a callback need not be thread-safe. */
    if (thread == 0 && config->progress)
        plot_progress_report(config->progress, (double)done / (double)(r->K * r->S));
    return MEKA_OK;
}

static meka_status results_create(plot_results *out, const plot_setting *setting,
                                  meka_error *err)
{
    plot_results r = {.K = setting->row->n_curves,
                      .S = setting->S,
                      .C = setting->C,
                      .M = setting->row->n_measures};
    r.t = meka_alloc(r.C, sizeof *r.t, err);
    r.value = meka_alloc(r.K * r.S, r.C * r.M * sizeof *r.value, err);
    r.lost = meka_alloc(r.K * r.S, sizeof *r.lost, err);
    if (!r.t || !r.value || !r.lost) {
        plot_results_clear(&r);
        return MEKA_ERR_MEMORY;
    }
    memcpy(r.t, setting->t, r.C * sizeof *r.t);
    *out = r;
    return MEKA_OK;
}

meka_status plot_experiment_run(plot_results *out, const plot_experiment *experiment,
                                const plot_experiment_config *config, meka_error *err)
{
    assert(out && experiment && config);
    plot_setting setting;
    plot_results results = {0};
    meka_status status = setting_create(&setting, experiment, config, err);
    if (status)
        return status;
    status = results_create(&results, &setting, err);
    if (!status) {
        size_t n = results.K * results.S, jobs = config->jobs ? config->jobs : 1;
        job all = {.setting = &setting,
                   .results = &results,
                   .n_threads = n && n < jobs ? jobs / n : 1};
        status = meka_parallel_for(jobs, n, run_item, &all, err);
        results.n_cached = atomic_load(&all.n_cached);
    }
    setting_clear(&setting);
    if (status)
        plot_results_clear(&results);
    else
        *out = results;
    return status;
}
