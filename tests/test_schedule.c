#include "tests/optim_fixture.h"

START_TEST(the_factor_rises_and_then_follows_its_formula)
{
    for (uint64_t t = 0; t < 4; t++)
        for (size_t s = 0; opt_schedule_name(s); s++)
            ck_assert_double_eq(opt_schedule_factor((opt_schedule)s, 4, 14, t),
                                ((double)t + 1) / 4);
    const double pi = 3.14159265358979323846;
    for (uint64_t t = 4; t < 20; t++) {
        double k = (double)t - 4, part = fmin(k / 10, 1.0);
        const double expected[] = {1.0, cos(0.5 * pi * part) * cos(0.5 * pi * part), 1.0 - part,
                                   1.0 / (k + 1.0), 1.0 / sqrt(k + 1.0)};
        for (size_t s = 0; opt_schedule_name(s); s++)
            ck_assert_double_eq_tol(opt_schedule_factor((opt_schedule)s, 4, 14, t), expected[s],
                                    4 * DBL_EPSILON);
    }
}
END_TEST

START_TEST(a_horizon_within_the_warm_up_ends_the_run_there)
{
    ck_assert_double_eq(opt_schedule_factor(OPT_SCHEDULE_COSINE, 10, 5, 9), 1.0);
    ck_assert_double_eq(opt_schedule_factor(OPT_SCHEDULE_COSINE, 10, 5, 10), 0.0);
    ck_assert_double_eq(opt_schedule_factor(OPT_SCHEDULE_LINEAR, 0, 0, 0), 0.0);
    ck_assert_double_eq(opt_schedule_factor(OPT_SCHEDULE_CONSTANT, 0, 0, 7), 1.0);
}
END_TEST

START_TEST(a_run_takes_its_steps_with_the_factor)
{
    const ad_objective objective = fixture_objective();
    const meka_source source = fixture_source();
    opt_config config = fixture_config("sgd", "alpha=0.1");
    config.schedule = OPT_SCHEDULE_COSINE;
    config.warmup = 2;
    config.max_steps = 12; /* also the horizon */
    optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
    for (uint64_t t = 0; t < 12; t++) {
        fixture_step(f.run);
        ck_assert_double_eq(opt_run_row(f.run)->alpha,
                            0.1 * opt_schedule_factor(OPT_SCHEDULE_COSINE, 2, 12, t));
    }
    optim_fixture_clear(&f);
}
END_TEST

TEST_MAIN("schedule", the_factor_rises_and_then_follows_its_formula,
          a_horizon_within_the_warm_up_ends_the_run_there,
          a_run_takes_its_steps_with_the_factor)
