/* Figures H and T, which go over problems: their verdicts follow from their tables, and the
 * tables from runs. */
#include "plots/figure.h"
#include "tests/ad_fixture.h"

#include <meka/meka.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEEDS = 2, STEPS = 300, COLUMNS = 9, ROWS = 128 };

typedef struct table {
    size_t n;
    char name[ROWS][64];
    double value[ROWS][COLUMNS];
} table;

static void make(plot_figure_outcome *out, const char *name)
{
    const plot_figure *figure;
    meka_error err = {0};
    assert_ok(plot_figure_find(&figure, name, &err), err);
    const plot_figure_config config = {
        .directory = test_path(name), .seed = 3, .seeds = SEEDS, .jobs = 2};
    assert_ok(plot_figure_make(figure, &config, out, &err), err);
}

/* Rows of a name and n numbers, after the line of names. */
static void read_table(table *out, const char *path, size_t n)
{
    char *text = test_read(path), *rest = NULL;
    ck_assert_ptr_nonnull(text);
    out->n = 0;
    bool names = true;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (line[0] == '#')
            continue;
        char *at = strchr(line, '\t');
        ck_assert_ptr_nonnull(at);
        if (!names) {
            ck_assert_uint_lt(out->n, ROWS);
            snprintf(out->name[out->n], sizeof out->name[0], "%.*s", (int)(at - line), line);
            for (size_t k = 0; k < n; k++) {
                out->value[out->n][k] = strtod(at + 1, &at);
                ck_assert(*at == (k + 1 < n ? '\t' : '\0'));
            }
            out->n++;
        }
        names = false;
    }
    free(text);
}

static const plot_finding *finding(const plot_figure_outcome *from, const char *name)
{
    for (size_t i = 0; i < from->n_findings; i++)
        if (strcmp(from->finding[i].name, name) == 0)
            return &from->finding[i];
    ck_abort_msg("there is no finding %s", name);
    return NULL;
}

/* Whether a run of this preset diverges, by the loop's own exact gaps at every step.  Where it
 * is close, the figure, which looks at checkpoints only, may say otherwise: no such problem is
 * asked for here. */
static bool diverges(const prob_problem *row, const char *settings, size_t batch, uint64_t seed)
{
    prob_instance p;
    meka_error err = {0};
    assert_ok(prob_create(&p, row, &(prob_request){.seed = 3}, &err), err);
    fixture f = fixture_make(&p.objective, 0);
    opt_config config = opt_config_default();
    opt_run *run;
    assert_ok(opt_method_find(&config.method, "meka", &err), err);
    config.settings = settings;
    config.batch_size = batch;
    config.seed = seed;
    config.max_steps = STEPS;
    assert_ok(opt_run_create(&run, f.program, &p.source, &config, p.objective.x0, &err), err);
    opt_stop stop = OPT_RUNNING;
    double first = NAN, last = NAN;
    bool risen = false;
    while (stop == OPT_RUNNING) {
        ad_moments m = {0};
        meka_status status =
            ad_eval_moments(f.batch, opt_run_theta(run), NULL, p.source.n_population,
                            p.source.population, &m, NULL);
        last = m.loss_mean - p.minimum;
        first = isnan(first) ? last : first;
        risen |= status != MEKA_OK || !(last <= 10.0 * first);
        assert_ok(opt_run_step(run, &stop, &err), err);
    }
    opt_run_destroy(run);
    fixture_clear(&f);
    prob_destroy(&p);
    return risen || stop == OPT_NONFINITE || !(last <= first);
}

static plot_figure_outcome made_H;

static void make_H(void)
{
    make(&made_H, "H");
}

START_TEST(figure_H_has_the_runs_of_its_table)
{
    static table t;
    static const char *const names[] = {"beale", "wood", "himmelblau", "least-squares"};
    read_table(&t, made_H.files.data, 9);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const prob_problem *row;
        ck_assert_int_eq(prob_problem_find(&row, names[i], NULL), MEKA_OK);
        size_t r = 0;
        while (r < t.n && strcmp(t.name[r], names[i]) != 0)
            r++;
        ck_assert_msg(r < t.n, "no row %s", names[i]);
        for (int paper = 0; paper < 2; paper++) {
            double n = 0.0;
            for (uint64_t seed = 3; seed < 3 + SEEDS; seed++)
                n += diverges(row, paper ? "preset=paper" : NULL, 4, seed);
            ck_assert_msg(t.value[r][paper] == n / SEEDS, "%s, preset %d: share %g, not %g",
                          names[i], paper, t.value[r][paper], n / SEEDS);
        }
    }
}
END_TEST

START_TEST(the_findings_of_figure_H_are_sums_over_its_table)
{
    static table t;
    static const char *const names[] = {"default-never-diverges", "printed-needs-no-tuning"};
    read_table(&t, made_H.files.data, 9);
    ck_assert_uint_ge(t.n, 40);
    for (size_t k = 0; k < 2; k++) {
        double sum = 0.0;
        for (size_t r = 0; r < t.n; r++)
            sum += t.value[r][k] + t.value[r][2 + k] + t.value[r][4 + k];
        const plot_finding *x = finding(&made_H, names[k]);
        assert_scaled(x->value, sum / (3.0 * (double)t.n), 1.0, 1e7); /* 9 digits */
        ck_assert_double_le(x->low, x->value);
        ck_assert_double_ge(x->high, x->value);
        ck_assert_int_eq(x->passed, sum == 0.0);
        ck_assert(sum == 0.0 ? x->high < 0.05 : x->low > 0.0);
    }
    /* A'/A lies in [0, 1]. */
    for (size_t r = 0; r < t.n; r++)
        for (size_t b = 6; b < 9; b++)
            ck_assert(isnan(t.value[r][b]) || (t.value[r][b] > 0.0 && t.value[r][b] <= 1.0));
}
END_TEST

START_TEST(figure_T_compares_times_of_steps)
{
    static table t;
    plot_figure_outcome out;
    make(&out, "T");
    read_table(&t, out.files.data, 6);
    ck_assert_uint_ge(t.n, 5);
    for (size_t r = 0; r < t.n; r++) { /* batch, ratio, low, high, ms of SGD and of MEKA */
        const double *x = t.value[r];
        ck_assert(x[0] >= 1.0 && x[4] > 0.0);
        ck_assert(x[2] <= x[1] && x[1] <= x[3]);
        /* More work on the same batch, and far less than a hundred times as much. */
        ck_assert_msg(x[1] > 0.5 && x[1] < 100.0, "%s: %g", t.name[r], x[1]);
    }
    for (size_t i = 0; i < out.n_findings; i++)
        ck_assert_int_eq(out.finding[i].passed, out.finding[i].high <= 1.6);
}
END_TEST

TEST_MAIN_WITHIN("figure_zoo", make_H, NULL, figure_H_has_the_runs_of_its_table,
                 the_findings_of_figure_H_are_sums_over_its_table,
                 figure_T_compares_times_of_steps)
