/* Every method follows the trajectory that its paper's formulas give (tests/conformance.h). */
#include "tests/conformance.h"
#include "tests/testing.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Both sides round; the iterates of these problems contract, so that errors do not grow: they
 * stay below this, relative to the largest component so far. */
static const double tolerance = 1e-12;

static void compare(const conformance_row *row, const conformance_problem *problem)
{
    const uint64_t seed = 11;
    double theta[CONFORMANCE_STEPS + 1][CONFORMANCE_MAX_D] = {{0.0}};
    const conformance_task task = {.problem = problem, .seed = seed, .theta = theta};
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
    double scale = 0.0, moved = 0.0;
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
          every_method_has_a_reference)
