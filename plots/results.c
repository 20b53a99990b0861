/* What experiments give: quantiles over seeds, tables. */
#include "plots/experiment.h"

#include "base/memory.h"
#include "base/text.h"
#include "plots/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void plot_results_clear(plot_results *results)
{
    free(results->t);
    free(results->value);
    free(results->lost);
    *results = (plot_results){0};
}

double plot_results_at(const plot_results *results, size_t k, size_t s, size_t c, size_t m)
{
    size_t C = results->C, M = results->M;
    return results->value[((k * results->S + s) * C + c) * M + m];
}

double plot_results_quantile(const plot_results *results, size_t k, size_t c, size_t m,
                             double p)
{
    size_t S = results->S;
    double *sorted = meka_alloc(S, sizeof *sorted, NULL), quantile = NAN;
    if (!sorted)
        return NAN;
    for (size_t s = 0; s < S; s++)
        sorted[s] = plot_results_at(results, k, s, c, m);
    plot_sort(S, sorted);
    quantile = isnan(sorted[S - 1]) ? NAN : plot_quantile(S, sorted, p);
    free(sorted);
    return quantile;
}

plot_interval plot_results_ratio(const plot_results *results, size_t k, size_t l, size_t c,
                                 size_t m, const plot_bootstrap *how)
{
    plot_interval ratio = {NAN, NAN, NAN};
    size_t S = results->S;
    double *x = meka_alloc(S, sizeof *x, NULL);
    bool usable = x && S >= 2;
    for (size_t s = 0; usable && s < S; s++) {
        x[s] = log(plot_results_at(results, k, s, c, m) / plot_results_at(results, l, s, c, m));
        usable = isfinite(x[s]);
    }
    if (usable && plot_mean_interval(S, x, how, &ratio, NULL) == MEKA_OK)
        ratio = (plot_interval){exp(ratio.value), exp(ratio.low), exp(ratio.high)};
    free(x);
    return ratio;
}

static double window_average(const plot_results *r, const plot_window *w, size_t s)
{
    double sum = 0.0;
    size_t n = 0;
    for (size_t c = 0; c < r->C; c++)
        if (r->t[c] >= w->from && r->t[c] <= w->to) {
            sum += plot_results_at(r, w->k, s, c, w->m);
            n++;
        }
    return n ? sum / (double)n : NAN;
}

/* The average of every run, to be freed; NULL: there is none, or one is not finite. */
static double *window_averages(const plot_results *r, const plot_window *w)
{
    double *x = meka_alloc(r->S, sizeof *x, NULL);
    bool usable = x && r->S >= 2;
    for (size_t s = 0; usable && s < r->S; s++) {
        x[s] = window_average(r, w, s);
        usable = isfinite(x[s]);
    }
    if (!usable) {
        free(x);
        return NULL;
    }
    return x;
}

static double window_log(const plot_results *r, const plot_window *w, size_t s)
{
    double sum = 0.0;
    size_t n = 0;
    for (size_t c = 0; c < r->C; c++)
        if (r->t[c] >= w->from && r->t[c] <= w->to) {
            sum += log(plot_results_at(r, w->k, s, c, w->m));
            n++;
        }
    return n ? sum / (double)n : NAN;
}

/* Of window a, or of a over b where there is a b. */
static plot_interval factor(const plot_results *r, const plot_window *a, const plot_window *b,
                            double confidence)
{
    plot_interval x = {NAN, NAN, NAN};
    double *logs = meka_alloc(r->S, sizeof *logs, NULL);
    bool usable = logs && r->S >= 2;
    for (size_t s = 0; usable && s < r->S; s++) {
        logs[s] = window_log(r, a, s) - (b ? window_log(r, b, s) : 0.0);
        usable = isfinite(logs[s]);
    }
    if (usable) {
        x = plot_student_interval(r->S, logs, confidence);
        x = (plot_interval){exp(x.value), exp(x.low), exp(x.high)};
    }
    free(logs);
    return x;
}

plot_interval plot_window_level(const plot_results *results, const plot_window *window,
                                double confidence)
{
    return factor(results, window, NULL, confidence);
}

plot_interval plot_window_factor(const plot_results *results, const plot_window *a,
                                 const plot_window *b, double confidence)
{
    return factor(results, a, b, confidence);
}

size_t plot_results_diverged(const plot_results *results, size_t k, size_t m)
{
    size_t n = 0;
    for (size_t s = 0; s < results->S; s++)
        n += results->lost[k * results->S + s] ||
             !(plot_results_at(results, k, s, results->C - 1, m) <=
               plot_results_at(results, k, s, 0, m));
    return n;
}

plot_interval plot_window_contest(const plot_results *results, const plot_window *a,
                                  const plot_window *b, double confidence)
{
    bool a_stays = plot_results_diverged(results, a->k, a->m) == 0,
         b_stays = plot_results_diverged(results, b->k, b->m) == 0;
    if (a_stays && b_stays)
        return plot_window_factor(results, a, b, confidence);
    double ratio = a_stays ? 0.0 : b_stays ? INFINITY : NAN;
    return (plot_interval){ratio, ratio, ratio};
}

plot_interval plot_window_mean(const plot_results *results, const plot_window *window,
                               const plot_bootstrap *how)
{
    plot_interval mean = {NAN, NAN, NAN};
    double *x = window_averages(results, window);
    if (x && plot_mean_interval(results->S, x, how, &mean, NULL) != MEKA_OK)
        mean = (plot_interval){NAN, NAN, NAN};
    free(x);
    return mean;
}

plot_interval plot_window_ratio(const plot_results *results, const plot_window *a,
                                const plot_window *b, double confidence)
{
    plot_interval ratio = {NAN, NAN, NAN};
    double *x = window_averages(results, a), *y = window_averages(results, b);
    bool usable = x && y;
    for (size_t s = 0; usable && s < results->S; s++)
        usable = x[s] > 0.0 && y[s] > 0.0;
    if (usable)
        ratio = plot_ratio_interval(results->S, x, results->S, y, confidence);
    free(x);
    free(y);
    return ratio;
}

static void write_number(FILE *stream, double x)
{
    char text[40];
    meka_format_real(text, sizeof text, x, 9);
    fprintf(stream, "\t%s", isfinite(x) ? text : "nan");
}

void plot_results_write_head(FILE *stream, const plot_experiment *experiment,
                             const plot_experiment_config *config, const plot_results *results)
{
    const plot_size *size = config->full ? &experiment->full : &experiment->size;
    char data[1024];
    plot_experiment_data(data, sizeof data, experiment, config);
    fprintf(stream, "# %s of meka " MEKA_VERSION "\n# problem: %s %s\n# data: %s\n",
            experiment->name, plot_experiment_problem(experiment, config),
            size->options ? size->options : "", data[0] ? data : "the problem's own");
    fprintf(stream, "# seed: %llu, repetitions: %zu, batch: %zu\n",
            (unsigned long long)config->seed, results->S, size->batch);
    if (experiment->start_sd > 0.0)
        fprintf(stream, "# theta_0 ~ N(0, %g I)\n",
                experiment->start_sd * experiment->start_sd);
    for (size_t m = 0; m < experiment->n_measures; m++)
        fprintf(stream, "# %s: %s\n", experiment->measure[m]->key,
                experiment->measure[m]->meaning);
    for (size_t k = 0; k < experiment->n_curves; k++) {
        const plot_curve *curve = &experiment->curve[k];
        fprintf(stream, "# %s: %s %s%s%s\n", curve->key, curve->method,
                curve->settings && curve->settings[0] ? curve->settings
                                                      : "with its default options",
                curve->loop ? "; " : "", curve->loop ? curve->loop : "");
    }
}

void plot_results_write(FILE *stream, const plot_experiment *experiment,
                        const plot_experiment_config *config, const plot_results *results)
{
    static const struct {
        const char *name;
        double p;
    } quantile[] = {{"median", 0.5}, {"low", 0.1}, {"high", 0.9}};
    plot_results_write_head(stream, experiment, config, results);
    fputs("# median, and 0.1 and 0.9 quantiles over repetitions; nan: not finite\n", stream);
    fputs("t", stream);
    for (size_t k = 0; k < results->K; k++)
        for (size_t m = 0; m < results->M; m++)
            for (size_t q = 0; q < 3; q++)
                fprintf(stream, "\t%s_%s_%s", experiment->curve[k].key,
                        experiment->measure[m]->key, quantile[q].name);
    fputs("\n", stream);
    for (size_t c = 0; c < results->C; c++) {
        fprintf(stream, "%.0f", results->t[c]);
        for (size_t k = 0; k < results->K; k++)
            for (size_t m = 0; m < results->M; m++)
                for (size_t q = 0; q < 3; q++)
                    write_number(stream,
                                 plot_results_quantile(results, k, c, m, quantile[q].p));
        fputs("\n", stream);
    }
}

/* ------------------------------------------------------------------- measures */

#define COLUMN(id, column, text, exact_, test_)                                                \
    static double id##_value(const plot_point *point)                                          \
    {                                                                                          \
        return point->row->column;                                                             \
    }                                                                                          \
    const plot_measure plot_measure_##id = {#id, text, id##_value, exact_, test_};

static double merit_value(const plot_point *point)
{
    double gap = point->row->exact_gap;
    return isnan(gap) ? point->row->test_loss : gap;
}
const plot_measure plot_measure_merit = {
    "merit", "f(theta_t) - f*, or f(theta_t); the test loss where f is not known", merit_value,
    true, true};

COLUMN(gap, exact_gap, "f(theta_t) - f*; f(theta_t) where f* is not known", true, false)
COLUMN(loss, loss, "mean loss of the batch at theta_t", false, false)
COLUMN(filter_error, filter_error, "norm of m - grad f(theta_t)", true, false)
COLUMN(sample_error, sample_error, "norm of g - grad f(theta_t)", true, false)
COLUMN(alpha, alpha, "step size", false, false)
COLUMN(test_score, test_score, "share of the test samples that are right", false, true)
COLUMN(test_loss, test_loss, "mean loss of the test samples", false, true)
