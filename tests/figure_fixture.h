/* tests/figure_fixture.h - a figure's findings, from results that a test may change. */
#ifndef TESTS_FIGURE_FIXTURE_H
#define TESTS_FIGURE_FIXTURE_H

#include "plots/figure.h"
#include "tests/testing.h"

#include <math.h>
#include <stdlib.h>

static inline const plot_figure *find(const char *name)
{
    const plot_figure *figure = NULL;
    meka_error err = {0};
    assert_ok(plot_figure_find(&figure, name, &err), err);
    return figure;
}

static inline void conclude(plot_figure_work *work)
{
    meka_error err = {0};
    work->n_findings = 0;
    work->note[0] = '\0';
    assert_ok(work->figure->conclude(work, &err), err);
}

static inline void clear(plot_figure_work *work)
{
    for (size_t i = 0; i < work->figure->n_experiments; i++)
        plot_results_clear(&work->results[i]);
    free(work);
}

static inline const plot_finding *finding(const plot_figure_work *work, const char *name)
{
    for (size_t i = 0; i < work->n_findings; i++)
        if (strcmp(work->finding[i].name, name) == 0)
            return &work->finding[i];
    ck_abort_msg("there is no finding %s", name);
    return NULL;
}

static inline void assert_passed(const plot_figure_work *work, const char *name, bool passed)
{
    const plot_finding *x = finding(work, name);
    ck_assert_msg(x->passed == passed, "%s: %g [%g, %g] %s", name, x->value, x->low, x->high,
                  x->passed ? "holds" : "fails");
}

/* Every value of measure m of curve k times factor. */
static inline void scale(plot_results *r, size_t k, size_t m, double factor)
{
    for (size_t i = 0; i < r->S * r->C; i++)
        r->value[(k * r->S * r->C + i) * r->M + m] *= factor;
}

/* The number of a curve, or of a measure, by its key. */
static inline size_t curve(const plot_experiment *x, const char *key)
{
    size_t k = 0;
    while (strcmp(x->curve[k].key, key) != 0)
        k++;
    return k;
}

static inline size_t measure(const plot_experiment *x, const char *key)
{
    size_t m = 0;
    while (strcmp(x->measure[m]->key, key) != 0)
        m++;
    return m;
}

/* The figure without a run: every measure is 1 throughout, but for a percent between runs.
 * Owned. */
static inline plot_figure_work *synthetic(const plot_figure *figure,
                                          const plot_figure_config *config)
{
    enum { S = 4, C = 21 };
    plot_figure_work *work = calloc(1, sizeof *work);
    work->figure = figure;
    work->config = config;
    for (size_t i = 0; i < figure->n_experiments; i++) {
        const plot_experiment *x = figure->experiment[i];
        plot_results *r = &work->results[i];
        *r = (plot_results){.K = x->n_curves, .S = S, .C = C, .M = x->n_measures};
        r->t = calloc(C, sizeof *r->t);
        r->value = calloc(r->K * S * C * r->M, sizeof *r->value);
        r->lost = calloc(r->K * S, sizeof *r->lost);
        ck_assert(r->t && r->value && r->lost);
        for (size_t c = 0; c < C; c++)
            r->t[c] = (double)(x->size.steps * c) / (C - 1);
        for (size_t j = 0; j < r->K * S * C * r->M; j++)
            r->value[j] = 1.0 + 0.01 * (double)(j / (C * r->M) % S);
    }
    return work;
}

#endif
