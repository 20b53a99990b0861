#include "plots/compare.h"

#include "base/memory.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Seeds of tuning runs lie this far from those that count. */
#define TUNING_OFFSET 1000000

enum { text_size = 320 };

/* An experiment made at run time, with the texts that its row points to. */
typedef struct made {
    plot_experiment row;
    char name[text_size];
    plot_curve *curve;
    char (*text)[2][text_size]; /* [n_curves] key and settings */
    const plot_measure *measure[2];
} made;

static void made_clear(made *m)
{
    free(m->curve);
    free(m->text);
}

static meka_status made_create(made *m, const plot_compare_config *config,
                               const plot_arena *arena, bool tuning, size_t n_curves,
                               meka_error *err)
{
    *m = (made){.measure = {config->measure, config->also}};
    m->curve = meka_alloc(n_curves, sizeof *m->curve, err);
    m->text = meka_alloc(n_curves, sizeof *m->text, err);
    if (!m->curve || !m->text)
        return MEKA_ERR_MEMORY;
    snprintf(m->name, sizeof m->name, "compare-%s%s", arena->label, tuning ? "-tuning" : "");
    /* Of a run that tunes only the end counts: one point, after that at 0. */
    const plot_size size = {arena->options, arena->batch,
                            tuning ? config->tune_seeds : config->seeds, config->budget,
                            tuning ? 1 : config->points};
    m->row = (plot_experiment){.name = m->name,
                               .problem = arena->problem,
                               .data = arena->data,
                               .set = arena->set,
                               .size = size,
                               .full = size,
                               .by_cost = true,
                               .linear = tuning || config->linear,
                               .curve = m->curve,
                               .n_measures = config->also && !tuning ? 2 : 1,
                               .measure = m->measure};
    return MEKA_OK;
}

/* Adds a curve: a contender, with a step size unless it is NaN. */
static void add_curve(made *m, const plot_contender *contender, double alpha)
{
    size_t i = m->row.n_curves++;
    char *key = m->text[i][0], *settings = m->text[i][1];
    const char *given = contender->settings ? contender->settings : "";
    if (isnan(alpha)) {
        snprintf(key, text_size, "%s", contender->label);
        snprintf(settings, text_size, "%s", given);
    } else {
        snprintf(key, text_size, "%.200s-%.4g", contender->label, alpha);
        snprintf(settings, text_size, "%.250s alpha=%.17g", given, alpha);
    }
    m->curve[i] = (plot_curve){key, contender->method, settings, contender->loop};
}

static meka_status run(plot_results *out, const made *m, const plot_compare_config *config,
                       uint64_t offset, double from, double to, meka_error *err)
{
    const plot_progress progress = {config->progress, config->progress_ctx, from, to, m->name};
    const plot_experiment_config how = {
        .directory = config->directory,
        .seed = config->seed,
        .offset = offset,
        .data = config->data,
        .jobs = config->jobs,
        .interrupted = config->interrupted,
        .progress = &progress,
    };
    return plot_experiment_run(out, &m->row, &how, err);
}

/* --------------------------------------------------------------------- tuning */

static double grid_at(const plot_compare_config *config, size_t i)
{
    double part = config->n_grid > 1 ? (double)i / (double)(config->n_grid - 1) : 0.0;
    return config->grid_low * pow(config->grid_high / config->grid_low, part);
}

/* The step size of every contender in this arena. */
static meka_status tune(plot_cell *cell, const plot_compare_config *config,
                        const plot_arena *arena, double from, double to, meka_error *err)
{
    made m;
    plot_results r = {0};
    size_t n = config->n_grid;
    meka_status status =
        made_create(&m, config, arena, true, config->n_contenders * n + 1, err);
    for (size_t k = 0; k < config->n_contenders && !status; k++)
        for (size_t i = 0; i < n && config->contender[k].tuned; i++)
            add_curve(&m, &config->contender[k], grid_at(config, i));
    if (!status && m.row.n_curves)
        status = run(&r, &m, config, TUNING_OFFSET, from, to, err);
    for (size_t k = 0, curve = 0; k < config->n_contenders && !status; k++) {
        cell[k].alpha = NAN;
        if (!config->contender[k].tuned)
            continue;
        double lowest = INFINITY;
        for (size_t i = 0; i < n; i++, curve++) {
            double median = plot_results_quantile(&r, curve, r.C - 1, 0, 0.5);
            /* The smallest step size where all of them are lost. */
            if (i == 0 || median < lowest) {
                lowest = median;
                cell[k].alpha = grid_at(config, i);
                cell[k].at_edge = n > 1 && (i == 0 || i == n - 1);
            }
        }
    }
    plot_results_clear(&r);
    made_clear(&m);
    return status;
}

/* ----------------------------------------------------------------- evaluation */

static size_t last_of(const plot_results *r)
{
    return r->C - 1;
}

/* Mean ranks over seeds of the values at the end. */
static void rank(plot_cell *cell, size_t K, size_t S)
{
    for (size_t k = 0; k < K; k++) {
        double sum = 0.0;
        for (size_t s = 0; s < S; s++) {
            double below = 0.0, equal = 0.0;
            for (size_t l = 0; l < K; l++) {
                below += cell[l].last[s] < cell[k].last[s];
                equal += cell[l].last[s] == cell[k].last[s];
            }
            sum += below + 0.5 * (equal + 1.0);
        }
        cell[k].rank = sum / (double)S;
    }
}

/* When every run first was at or below low + tau (start - low). */
static void find_costs(plot_cell *cell, const plot_results *r, double tau)
{
    double low = INFINITY;
    for (size_t k = 0; k < r->K; k++)
        for (size_t s = 0; s < r->S; s++)
            for (size_t c = 0; c < r->C; c++)
                low = fmin(low, plot_results_at(r, k, s, c, 0));
    for (size_t k = 0; k < r->K; k++)
        for (size_t s = 0; s < r->S; s++) {
            double target = low + tau * (plot_results_at(r, k, s, 0, 0) - low);
            cell[k].cost[s] = INFINITY;
            for (size_t c = r->C; c-- > 0;)
                if (plot_results_at(r, k, s, c, 0) <= target)
                    cell[k].cost[s] = r->t[c];
        }
}

/* What there is beside what is compared. */
static void summarize_also(plot_cell *cell, const plot_results *r, size_t k)
{
    for (size_t c = 0; c < r->C; c++) {
        cell->also_median[c] = plot_results_quantile(r, k, c, 1, 0.5);
        cell->also_low[c] = plot_results_quantile(r, k, c, 1, 0.1);
        cell->also_high[c] = plot_results_quantile(r, k, c, 1, 0.9);
    }
    for (size_t s = 0; s < r->S; s++)
        cell->also_last[s] = plot_results_at(r, k, s, last_of(r), 1);
}

static meka_status summarize(plot_cell *cell, const plot_results *r,
                             const plot_compare_config *config, meka_error *err)
{
    for (size_t k = 0; k < r->K; k++) {
        const plot_bootstrap how = {0.95, 2000, config->seed, k};
        for (size_t c = 0; c < r->C; c++) {
            cell[k].median[c] = plot_results_quantile(r, k, c, 0, 0.5);
            cell[k].low[c] = plot_results_quantile(r, k, c, 0, 0.1);
            cell[k].high[c] = plot_results_quantile(r, k, c, 0, 0.9);
        }
        for (size_t s = 0; s < r->S; s++) {
            cell[k].last[s] = plot_results_at(r, k, s, last_of(r), 0);
            cell[k].n_lost += r->lost[k * r->S + s];
        }
        if (r->M > 1)
            summarize_also(&cell[k], r, k);
        meka_status status =
            plot_median_interval(r->S, cell[k].last, &how, &cell[k].final, err);
        if (status)
            return status;
    }
    rank(cell, r->K, r->S);
    find_costs(cell, r, config->tau);
    return MEKA_OK;
}

/* The next n doubles of the memory at *at. */
static double *take(double **at, size_t n)
{
    *at += n;
    return *at - n;
}

/* Room for all cells, once the number of checkpoints is known. */
static meka_status make_room(plot_comparison *out, const plot_results *r, meka_error *err)
{
    size_t per_cell = 2 * out->S + 3 * r->C + (r->M > 1 ? out->S + 3 * r->C : 0);
    out->C = r->C;
    out->memory = meka_alloc(out->C + out->A * out->K * per_cell, sizeof *out->memory, err);
    if (!out->memory)
        return MEKA_ERR_MEMORY;
    double *at = out->memory;
    out->t = take(&at, r->C);
    memcpy(out->t, r->t, r->C * sizeof *at);
    for (size_t i = 0; i < out->A * out->K; i++) {
        plot_cell *cell = &out->cell[i];
        cell->last = take(&at, out->S);
        cell->cost = take(&at, out->S);
        cell->median = take(&at, out->C);
        cell->low = take(&at, out->C);
        cell->high = take(&at, out->C);
        if (r->M < 2)
            continue;
        cell->also_last = take(&at, out->S);
        cell->also_median = take(&at, out->C);
        cell->also_low = take(&at, out->C);
        cell->also_high = take(&at, out->C);
    }
    return MEKA_OK;
}

static meka_status judge(plot_comparison *out, size_t a, const plot_compare_config *config,
                         double from, double to, meka_error *err)
{
    made m;
    plot_results r = {0};
    plot_cell *cell = out->cell + a * out->K;
    meka_status status = made_create(&m, config, &config->arena[a], false, out->K, err);
    for (size_t k = 0; k < out->K && !status; k++)
        add_curve(&m, &config->contender[k], cell[k].alpha);
    if (!status)
        status = run(&r, &m, config, 0, from, to, err);
    if (!status && !out->memory)
        status = make_room(out, &r, err);
    if (!status)
        status = summarize(cell, &r, config, err);
    plot_results_clear(&r);
    made_clear(&m);
    return status;
}

static meka_status check(const plot_compare_config *config, meka_error *err)
{
    for (size_t k = 0; k < config->n_contenders; k++) {
        const opt_method *method;
        bool has_alpha = false;
        meka_status status = opt_method_find(&method, config->contender[k].method, err);
        if (status)
            return status;
        for (size_t i = 0; i < method->options.n; i++)
            has_alpha = has_alpha || strcmp(method->options.row[i].name, "alpha") == 0;
        if (config->contender[k].tuned && !has_alpha)
            return meka_fail(err, MEKA_ERR_INPUT,
                             "method %s has no option alpha, so that there is nothing to tune",
                             method->name);
    }
    return MEKA_OK;
}

meka_status plot_compare(plot_comparison *out, const plot_compare_config *config,
                         meka_error *err)
{
    assert(out && config && config->n_arenas && config->n_contenders && config->seeds);
    plot_comparison all = {
        .A = config->n_arenas, .K = config->n_contenders, .S = config->seeds};
    meka_status status = check(config, err);
    if (status)
        return status;
    all.cell = meka_alloc(all.A * all.K, sizeof *all.cell, err);
    all.rank = meka_alloc(all.K, sizeof *all.rank, err);
    if (!all.cell || !all.rank)
        status = MEKA_ERR_MEMORY;
    for (size_t a = 0; a < all.A && !status; a++) {
        double from = (double)a / (double)all.A, to = (double)(a + 1) / (double)all.A;
        double middle = 0.25 * from + 0.75 * to;
        status = tune(all.cell + a * all.K, config, &config->arena[a], from, middle, err);
        if (!status)
            status = judge(&all, a, config, middle, to, err);
    }
    if (status) {
        plot_comparison_clear(&all);
        return status;
    }
    for (size_t k = 0; k < all.K; k++)
        for (size_t a = 0; a < all.A; a++)
            all.rank[k] += all.cell[a * all.K + k].rank / (double)all.A;
    *out = all;
    return MEKA_OK;
}

void plot_comparison_clear(plot_comparison *comparison)
{
    free(comparison->cell);
    free(comparison->rank);
    free(comparison->memory);
    *comparison = (plot_comparison){0};
}

double plot_profile(const plot_comparison *comparison, size_t k, double factor)
{
    size_t K = comparison->K, n_solved = 0;
    for (size_t a = 0; a < comparison->A; a++) {
        const plot_cell *cell = comparison->cell + a * K;
        for (size_t s = 0; s < comparison->S; s++) {
            double least = INFINITY;
            for (size_t l = 0; l < K; l++)
                least = fmin(least, cell[l].cost[s]);
            n_solved += isfinite(cell[k].cost[s]) && cell[k].cost[s] <= factor * least;
        }
    }
    return (double)n_solved / (double)(comparison->A * comparison->S);
}
