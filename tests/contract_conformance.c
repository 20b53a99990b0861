/* Every method follows the trajectory that its paper's formulas give (tests/conformance.h). */
#include "optim/run.h"
#include "tests/conformance.h"
#include "tests/testing.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Both sides round; the iterates of these problems contract, so that errors do not grow: they
 * stay below this, relative to the largest component so far. */
static const double tolerance = 1e-12;

/* The columns that the reference knows, each relative to its largest value so far.  Ten times
 * the tolerance of theta: a difference of gradients or curvatures feels its roundings more. */
static void compare_columns(const conformance_row *row, const conformance_problem *problem,
                            int t, const opt_row *expected, const opt_row *got, double *largest)
{
    for (size_t i = 0; opt_column_at(i); i++) {
        const opt_column *column = opt_column_at(i);
        double wanted = *(const double *)((const char *)expected + column->offset);
        double value = *(const double *)((const char *)got + column->offset);
        if (isnan(wanted))
            continue;
        largest[i] = fmax(largest[i], fabs(wanted));
        ck_assert_msg(fabs(value - wanted) <= 10.0 * tolerance * largest[i],
                      "%s '%s' on %s: %s of step %d is %.17g, the formulas give %.17g",
                      row->method, row->settings, problem->name, column->name, t, value,
                      wanted);
    }
}

static void compare(const conformance_row *row, const conformance_problem *problem)
{
    const uint64_t seed = 11;
    double theta[CONFORMANCE_STEPS + 1][CONFORMANCE_MAX_D] = {{0.0}};
    opt_row rows[CONFORMANCE_STEPS];
    const conformance_task task = {.problem = problem,
                                   .seed = seed,
                                   .theta = theta,
                                   .settings = row->settings,
                                   .rows = rows};
    for (int t = 0; t < CONFORMANCE_STEPS; t++)
        rows[t] = opt_row_empty();
    opt_config config = opt_config_default();
    ad_program *program = NULL;
    opt_run *run = NULL;
    meka_error err = {0};
    memcpy(theta[0], problem->objective.x0, problem->d * sizeof theta[0][0]);
    row->reference(&task);

    assert_ok(opt_method_find(&config.method, row->method, &err), err);
    config.settings = row->settings;
    config.seed = seed;
    config.batch_size = problem->n;
    config.max_steps = CONFORMANCE_STEPS;
    assert_ok(ad_program_create(&program, &problem->objective, &err), err);
    assert_ok(opt_run_create(&run, program, &problem->source, &config, theta[0], &err), err);
    double scale = 0.0, moved = 0.0, largest[sizeof(opt_row) / sizeof(double)] = {0.0};
    for (int t = 1; t <= CONFORMANCE_STEPS; t++) {
        opt_stop stop;
        assert_ok(opt_run_step(run, &stop, &err), err);
        ck_assert_msg(stop == (t < CONFORMANCE_STEPS ? OPT_RUNNING : OPT_BUDGET), "%s: %s",
                      row->method, opt_stop_name(stop));
        for (size_t j = 0; j < problem->d; j++)
            scale = fmax(scale, fabs(theta[t - 1][j]));
        for (size_t j = 0; j < problem->d; j++) {
            double got = opt_run_theta(run)[j];
            ck_assert_msg(fabs(got - theta[t][j]) <= tolerance * scale,
                          "%s '%s' on %s: theta_%d[%zu] is %.17g, the formulas give %.17g",
                          row->method, row->settings, problem->name, t, j, got, theta[t][j]);
            moved = fmax(moved, fabs(theta[t][j] - theta[0][j]));
        }
        compare_columns(row, problem, t - 1, &rows[t - 1], opt_run_row(run), largest);
    }
    /* A trajectory that stands still compares nothing. */
    ck_assert_msg(moved > 1e-3, "%s '%s' on %s hardly moves", row->method, row->settings,
                  problem->name);
    opt_run_destroy(run);
    ad_program_destroy(program);
}

START_TEST(every_row_follows_its_reference_on_both_problems)
{
    for (const conformance_row *const *table = conformance_tables(); *table; table++)
        for (const conformance_row *row = *table; row->method; row++)
            for (size_t i = 0; conformance_problem_at(i); i++)
                compare(row, conformance_problem_at(i));
}
END_TEST

START_TEST(rows_for_negative_curvature_follow_their_references)
{
    for (const conformance_row *row = conformance_nonconvex; row->method; row++)
        compare(row, conformance_nonconvex_problem());
}
END_TEST

static void refer(const conformance_row *row, const conformance_problem *problem,
                  double (*theta)[CONFORMANCE_MAX_D])
{
    opt_row rows[CONFORMANCE_STEPS];
    const conformance_task task = {.problem = problem,
                                   .seed = 11,
                                   .theta = theta,
                                   .settings = row->settings,
                                   .rows = rows};
    memset(theta, 0, (CONFORMANCE_STEPS + 1) * sizeof *theta);
    memcpy(theta[0], problem->objective.x0, problem->d * sizeof theta[0][0]);
    row->reference(&task);
}

/* A row that computes what another does on every problem shows nothing new. */
static void assert_rows_differ(const conformance_row *table, size_t n_problems,
                               const conformance_problem *const *problem)
{
    enum { MOST = 64 };
    static double theta[MOST][2][CONFORMANCE_STEPS + 1][CONFORMANCE_MAX_D];
    for (size_t i = 0; table[i].method; i++) {
        ck_assert_uint_lt(i, MOST);
        for (size_t l = 0; l < n_problems; l++)
            refer(&table[i], problem[l], theta[i][l]);
        for (size_t k = 0; k < i; k++)
            ck_assert_msg(memcmp(theta[k], theta[i], sizeof theta[i]) != 0,
                          "%s: '%s' and '%s' are the same", table[i].method, table[k].settings,
                          table[i].settings);
    }
}

START_TEST(no_two_rows_of_meka_are_the_same)
{
    const conformance_problem *rough = conformance_nonconvex_problem();
    const conformance_problem *both[] = {conformance_problem_at(0), conformance_problem_at(1)};
    assert_rows_differ(conformance_meka, 2, both);
    assert_rows_differ(conformance_nonconvex, 1, &rough);
}
END_TEST

START_TEST(every_method_has_a_reference)
{
    for (size_t i = 0; opt_method_at(i); i++) {
        const char *name = opt_method_at(i)->name;
        bool found = false;
        for (const conformance_row *const *table = conformance_tables(); *table; table++)
            for (const conformance_row *row = *table; row->method; row++)
                found = found || strcmp(row->method, name) == 0;
        ck_assert_msg(found, "method %s has no row in tests/conformance_*.c", name);
    }
}
END_TEST

TEST_MAIN("contract_conformance", every_row_follows_its_reference_on_both_problems,
          rows_for_negative_curvature_follow_their_references, no_two_rows_of_meka_are_the_same,
          every_method_has_a_reference)
