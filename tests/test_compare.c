#include "plots/compare.h"
#include "tests/testing.h"

#include <math.h>
#include <stdlib.h>

static const plot_arena arenas[] = {
    {"quadratic", "noisy-quadratic", "dim=4 condition=20", NULL, 8, NULL},
    {"rosenbrock", "rosenbrock", NULL, NULL, 8, NULL},
};
static const plot_contender contenders[] = {
    {"meka", "meka", NULL, NULL, false},
    {"sgd", "sgd", NULL, NULL, true},
    {"lost", "sgd", "alpha=1e200", NULL, false},
};
enum { A = 2, K = 3, S = 5, GRID = 4, BUDGET = 40 };

static plot_compare_config small(void)
{
    return (plot_compare_config){
        .n_arenas = A,
        .arena = arenas,
        .n_contenders = K,
        .contender = contenders,
        .measure = &plot_measure_gap,
        .budget = BUDGET,
        .points = 12,
        .seeds = S,
        .tune_seeds = 3,
        .n_grid = GRID,
        .grid_low = 1e-3,
        .grid_high = 1.0,
        .tau = 0.1,
        .seed = 11,
        .jobs = 2,
    };
}

static plot_comparison compare(const plot_compare_config *config)
{
    plot_comparison all;
    meka_error err = {0};
    assert_ok(plot_compare(&all, config, &err), err);
    return all;
}

/* Gaps at the budget's end of sgd with this step size. */
static plot_results sgd(const plot_arena *arena, double alpha, uint64_t offset, size_t seeds)
{
    char settings[64];
    snprintf(settings, sizeof settings, "alpha=%.17g", alpha);
    const plot_curve curve = {"sgd", "sgd", settings, NULL};
    const plot_measure *const gap = &plot_measure_gap;
    const plot_experiment experiment = {
        .name = "sgd",
        .problem = arena->problem,
        .size = {arena->options, arena->batch, seeds, BUDGET, 2},
        .n_curves = 1,
        .curve = &curve,
        .n_measures = 1,
        .measure = &gap,
    };
    const plot_experiment_config config = {.seed = 11, .offset = offset};
    plot_results r;
    meka_error err = {0};
    assert_ok(plot_experiment_run(&r, &experiment, &config, &err), err);
    return r;
}

START_TEST(a_baseline_is_tuned_on_other_seeds_than_it_is_judged_with)
{
    plot_compare_config config = small();
    plot_comparison all = compare(&config);
    for (size_t a = 0; a < A; a++) {
        double best = NAN, lowest = INFINITY;
        size_t at = 0;
        for (size_t i = 0; i < GRID; i++) {
            double alpha = 1e-3 * pow(1e3, (double)i / (GRID - 1));
            plot_results r = sgd(&arenas[a], alpha, 1000000, 3);
            double median = plot_results_quantile(&r, 0, r.C - 1, 0, 0.5);
            if (median < lowest) {
                lowest = median;
                best = alpha;
                at = i;
            }
            plot_results_clear(&r);
        }
        const plot_cell *cell = &all.cell[a * K + 1];
        ck_assert_double_eq(cell->alpha, best);
        ck_assert(cell->at_edge == (at == 0 || at == GRID - 1));
        /* A step of sgd costs one gradient: what counts is the experiment by steps. */
        plot_results r = sgd(&arenas[a], best, 0, S);
        for (size_t s = 0; s < S; s++)
            ck_assert_double_eq(cell->last[s], plot_results_at(&r, 0, s, r.C - 1, 0));
        plot_results_clear(&r);
        ck_assert_double_nan(all.cell[a * K].alpha);
    }
    plot_comparison_clear(&all);
}
END_TEST

START_TEST(a_run_spends_its_budget_and_no_more)
{
    plot_compare_config config = small();
    config.n_arenas = 1;
    plot_comparison all = compare(&config);
    /* meka by hand: the iterate of the last step that is paid for. */
    const prob_problem *row;
    prob_instance problem;
    ad_program *program = NULL;
    opt_run *run = NULL;
    meka_error err = {0};
    assert_ok(prob_problem_find(&row, arenas[0].problem, &err), err);
    assert_ok(prob_create(&problem, row,
                          &(prob_request){.settings = arenas[0].options, .seed = 11}, &err),
              err);
    assert_ok(ad_program_create(&program, &problem.objective, &err), err);
    opt_config how = opt_config_default();
    how.seed = 11;
    how.batch_size = 8;
    how.track_exact = true;
    how.known_minimum = problem.minimum;
    assert_ok(opt_run_create(&run, program, &problem.source, &how, problem.objective.x0, &err),
              err);
    double gap = NAN, cost = 0.0;
    size_t steps = 0;
    for (; cost <= BUDGET; steps++) {
        opt_stop stop;
        assert_ok(opt_run_step(run, &stop, &err), err);
        gap = opt_run_row(run)->exact_gap;
        cost = plot_cost(opt_run_row(run)) / 8.0;
    }
    ck_assert_uint_lt(steps, BUDGET);
    ck_assert_double_eq(all.cell[0].last[0], gap);
    opt_run_destroy(run);
    ad_program_destroy(program);
    prob_destroy(&problem);
    plot_comparison_clear(&all);
}
END_TEST

START_TEST(costs_are_what_the_documentation_says)
{
    const opt_row row = {.forwards = 100, .gradients = 60, .hvps = 20, .line_passes = 7};
    ck_assert_double_eq(plot_cost(&row), 60 + 20 + 7 + 0.5 * 40);
}
END_TEST

START_TEST(what_is_recorded_beside_the_measure_is_of_the_same_runs)
{
    plot_compare_config config = small();
    config.also = &plot_measure_gap;
    config.linear = true;
    plot_comparison all = compare(&config);
    ck_assert_double_eq(all.t[1], round(BUDGET / 12.0));
    ck_assert_double_eq(all.t[all.C - 1], BUDGET);
    for (size_t i = 0; i < A * K; i++) {
        const plot_cell *x = &all.cell[i];
        ck_assert_mem_eq(x->also_last, x->last, S * sizeof *x->last);
        ck_assert_mem_eq(x->also_median, x->median, all.C * sizeof *x->median);
        ck_assert_mem_eq(x->also_low, x->low, all.C * sizeof *x->low);
        ck_assert_mem_eq(x->also_high, x->high, all.C * sizeof *x->high);
    }
    plot_comparison_clear(&all);
}
END_TEST

START_TEST(ranks_and_profiles_order_the_contenders)
{
    plot_compare_config config = small();
    plot_comparison all = compare(&config);
    double sum = 0.0, first = 0.0;
    for (size_t k = 0; k < K; k++) {
        sum += all.rank[k];
        first += plot_profile(&all, k, 1.0);
        for (double factor = 1.0; factor < 64.0; factor *= 2.0)
            ck_assert_double_le(plot_profile(&all, k, factor),
                                plot_profile(&all, k, 2.0 * factor));
    }
    ck_assert_double_eq_tol(sum, 1.0 + 2.0 + 3.0, 1e-12);
    /* The one of every arena and seed that comes first, and those that come with it. */
    ck_assert_double_ge(first, 1.0);
    ck_assert_double_eq(all.rank[2], 3.0);
    ck_assert_double_eq(plot_profile(&all, 2, INFINITY), 0.0);
    for (size_t a = 0; a < A; a++) {
        const plot_cell *lost = &all.cell[a * K + 2];
        ck_assert_uint_eq(lost->n_lost, S);
        ck_assert_double_eq(lost->final.value, INFINITY);
        for (size_t s = 0; s < S; s++)
            ck_assert_double_eq(lost->cost[s], INFINITY);
        const plot_interval *final = &all.cell[a * K].final;
        ck_assert(final->low <= final->value && final->value <= final->high);
    }
    plot_comparison_clear(&all);
}
END_TEST

START_TEST(nothing_depends_on_threads)
{
    plot_compare_config config = small();
    plot_comparison many = compare(&config);
    config.jobs = 1;
    plot_comparison one = compare(&config);
    for (size_t i = 0; i < A * K; i++) {
        ck_assert_mem_eq(many.cell[i].last, one.cell[i].last, S * sizeof(double));
        ck_assert_mem_eq(many.cell[i].median, one.cell[i].median, one.C * sizeof(double));
        ck_assert_double_eq(many.cell[i].final.low, one.cell[i].final.low);
    }
    plot_comparison_clear(&many);
    plot_comparison_clear(&one);
}
END_TEST

START_TEST(only_what_has_a_step_size_can_be_tuned)
{
    plot_compare_config config = small();
    const plot_contender wrong[] = {{"lbfgs", "cocob", NULL, NULL, true}};
    config.contender = wrong;
    config.n_contenders = 1;
    plot_comparison all;
    meka_error err = {0};
    assert_fails(plot_compare(&all, &config, &err), err, MEKA_ERR_INPUT,
                 "cocob has no option alpha");
}
END_TEST

TEST_MAIN("compare", a_baseline_is_tuned_on_other_seeds_than_it_is_judged_with,
          a_run_spends_its_budget_and_no_more, costs_are_what_the_documentation_says,
          what_is_recorded_beside_the_measure_is_of_the_same_runs,
          ranks_and_profiles_order_the_contenders, nothing_depends_on_threads,
          only_what_has_a_step_size_can_be_tuned)
