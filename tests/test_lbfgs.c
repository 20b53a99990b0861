/* L-BFGS and its line search: what conformance does not show. */
#include "optim/methods.h"
#include "optim/wolfe_search.h"
#include "tests/optim_fixture.h"

enum { D = 8 };

static ad_var record_rosenbrock(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                                const void *ctx)
{
    return ad_add(ad_sqr(ad_sub(1.0, theta[0])),
                  ad_mul(100.0, ad_sqr(ad_sub(theta[1], ad_sqr(theta[0])))));
}

/* f and gradient g [2] in plain C. */
static double rosenbrock(const double *x, double *g)
{
    double a = 1.0 - x[0], b = x[1] - x[0] * x[0];
    g[0] = -2.0 * a - 400.0 * x[0] * b;
    g[1] = 200.0 * b;
    return a * a + 100.0 * b * b;
}

static optim_fixture make(const ad_objective *objective, const char *settings, const double *x0)
{
    const meka_source source = meka_source_none();
    opt_config config = fixture_config("lbfgs", settings);
    return optim_fixture_make(objective, &source, &config, x0);
}

static const ad_objective valley = {
    .name = "rosenbrock", .n_params = 2, .record = record_rosenbrock};
static const double valley_x0[2] = {-1.2, 1.0};

START_TEST(the_minimum_of_rosenbrocks_valley_is_found)
{
    static const char *const settings[] = {"", "memory=1", "memory=3", "c2=0.1"};
    static const double limit[] = {60.0, 200.0, 60.0, 120.0}; /* gradients */
    for (int k = 0; k < 4; k++) {
        double g[2], start = rosenbrock(valley_x0, g);
        optim_fixture f = make(&valley, settings[k], valley_x0);
        int t = 0;
        while (t++ < 200 && rosenbrock(opt_run_theta(f.run), g) > 1e-10 * start)
            fixture_step(f.run);
        ck_assert_double_le(rosenbrock(opt_run_theta(f.run), g), 1e-10 * start);
        ck_assert_double_le(opt_run_row(f.run)->gradients, limit[k]);
        optim_fixture_clear(&f);
    }
}
END_TEST

START_TEST(every_step_satisfies_the_strong_wolfe_conditions)
{
    optim_fixture f = make(&valley, "c1=0.01 c2=0.5", valley_x0);
    for (int t = 0; t < 25; t++) {
        double before[2], g0[2], g1[2], p[2];
        memcpy(before, opt_run_theta(f.run), sizeof before);
        fixture_step(f.run);
        const double *after = opt_run_theta(f.run);
        double alpha = opt_run_row(f.run)->alpha;
        double f0 = rosenbrock(before, g0), f1 = rosenbrock(after, g1);
        if (alpha == 0.0)
            break;
        for (int j = 0; j < 2; j++)
            p[j] = (after[j] - before[j]) / alpha;
        double slope0 = meka_dot(2, g0, p), slope1 = meka_dot(2, g1, p);
        ck_assert_double_lt(slope0, 0.0);
        ck_assert_double_le(f1, f0 + 0.01 * alpha * slope0 + 1e-12 * f0);
        ck_assert_double_le(fabs(slope1), -0.5 * slope0 * (1.0 + 1e-6));
        assert_scaled(opt_run_row(f.run)->loss, f0, f0 + 1e-12, 1e3);
        assert_scaled(opt_run_row(f.run)->slope, -slope0, -slope0, 1e8);
    }
    optim_fixture_clear(&f);
}
END_TEST

/* f = 0.5 sum_j (j+1)^2 theta_j^2 */
static ad_var record_bowl(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var sum = ad_const(tape, 0.0);
    for (int j = 0; j < D; j++)
        sum = ad_add(sum, ad_mul(0.5 * (j + 1) * (j + 1), ad_sqr(theta[j])));
    return sum;
}

START_TEST(exact_searches_end_on_a_quadratic_after_as_many_steps_as_dimensions)
{
    /* Nocedal, Wright, theorem 6.4; the searches here are exact to 1e-6 of the slope, whence
     * the two steps more. */
    const ad_objective bowl = {.name = "bowl", .n_params = D, .record = record_bowl};
    const double x0[D] = {1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0};
    optim_fixture f = make(&bowl, "c2=1e-6 c1=1e-7", x0);
    for (int t = 0; t < D + 2; t++)
        fixture_step(f.run);
    ck_assert_double_le(opt_norm(D, opt_run_theta(f.run)), 1e-8);
    optim_fixture_clear(&f);
}
END_TEST

/* f = theta^4/4 - theta, minimum at 1 */
static ad_var record_quartic(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                             const void *ctx)
{
    return ad_sub(ad_mul(0.25, ad_sqr(ad_sqr(theta[0]))), theta[0]);
}

START_TEST(in_one_dimension_the_direction_is_the_secant_methods)
{
    /* The secant condition H y = s leaves nothing else. */
    const ad_objective quartic = {.name = "quartic", .n_params = 1, .record = record_quartic};
    double x[8] = {1.5};
    int n_units = 0;
    optim_fixture f = make(&quartic, "", x);
    for (int t = 1; t < 8; t++) {
        fixture_step(f.run);
        x[t] = opt_run_theta(f.run)[0];
        if (t < 2)
            continue;
        double g0 = pow(x[t - 2], 3.0) - 1.0, g1 = pow(x[t - 1], 3.0) - 1.0;
        double secant = x[t - 1] - g1 * (x[t - 1] - x[t - 2]) / (g1 - g0);
        if (fabs(g1) < 1e-6)
            break;
        double alpha = opt_run_row(f.run)->alpha;
        assert_scaled(x[t], x[t - 1] + alpha * (secant - x[t - 1]), 1.0, 1e4);
        n_units += alpha == 1.0;
    }
    ck_assert_int_ge(n_units, 2);
    optim_fixture_clear(&f);
}
END_TEST

/* f = theta - 0.4 log theta, minimum at 0.4 */
static ad_var record_barrier(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                             const void *ctx)
{
    return ad_sub(theta[0], ad_mul(0.4, ad_log(theta[0])));
}

START_TEST(a_trial_outside_the_domain_counts_as_too_far)
{
    const ad_objective barrier = {.name = "barrier", .n_params = 1, .record = record_barrier};
    const double x0 = 0.5; /* the first trial is at -0.5 */
    optim_fixture f = make(&barrier, "", &x0);
    for (int t = 0; t < 15; t++)
        ck_assert_int_eq(fixture_step(f.run), OPT_RUNNING);
    assert_scaled(opt_run_theta(f.run)[0], 0.4, 1.0, 1e4);
    optim_fixture_clear(&f);
}
END_TEST

static ad_var record_slope(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                           const void *ctx)
{
    return ad_mul(-2.0, theta[0]);
}

START_TEST(a_search_that_finds_nothing_leaves_theta_alone)
{
    /* Unbounded below: no point has a smaller slope. */
    const ad_objective slope = {.name = "slope", .n_params = 1, .record = record_slope};
    const double x0 = 3.0;
    optim_fixture f = make(&slope, "max_evaluations=10", &x0);
    for (int t = 0; t < 3; t++) {
        ck_assert_int_eq(fixture_step(f.run), OPT_RUNNING);
        ck_assert_double_eq(opt_run_theta(f.run)[0], 3.0);
        ck_assert_double_eq(opt_run_row(f.run)->alpha, 0.0);
    }
    ck_assert_double_eq(opt_run_row(f.run)->gradients, 31.0);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(at_the_minimum_there_is_nothing_to_do)
{
    const double x0[2] = {1.0, 1.0};
    optim_fixture f = make(&valley, "", x0);
    fixture_step(f.run);
    fixture_step(f.run);
    ck_assert_mem_eq(opt_run_theta(f.run), x0, sizeof x0);
    ck_assert_double_eq(opt_run_row(f.run)->gradients, 1.0);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(a_schedule_shortens_the_steps)
{
    const meka_source source = meka_source_none();
    opt_config config = fixture_config("lbfgs", "");
    config.schedule = OPT_SCHEDULE_COSINE;
    config.max_steps = 60;
    double g[2], before[2];
    optim_fixture f = optim_fixture_make(&valley, &source, &config, valley_x0);
    memcpy(before, valley_x0, sizeof before);
    while (fixture_step(f.run) == OPT_RUNNING) {
        /* The loss reported is that of theta, also where the search ended elsewhere. */
        double value = rosenbrock(before, g);
        assert_scaled(opt_run_row(f.run)->loss, value, value + 1e-12, 1e3);
        memcpy(before, opt_run_theta(f.run), sizeof before);
    }
    ck_assert_double_lt(rosenbrock(opt_run_theta(f.run), g), 1e-4);
    optim_fixture_clear(&f);
}
END_TEST

START_TEST(options_that_cannot_work_are_refused)
{
    const meka_source source = meka_source_none();
    opt_config config = fixture_config("lbfgs", "c1=0.2 c2=0.1");
    ad_program *program = NULL;
    opt_run *run = NULL;
    meka_error err = {0};
    assert_ok(ad_program_create(&program, &valley, &err), err);
    assert_fails(opt_run_create(&run, program, &source, &config, valley_x0, &err), err,
                 MEKA_ERR_INPUT, "c1 < c2");
    ad_program_destroy(program);

    size_t n_state, n_scratch;
    char params[64];
    ck_assert_uint_ge(sizeof params, opt_method_lbfgs.options.size);
    assert_ok(opt_method_configure(&opt_method_lbfgs, params, "memory=1000000", &err), err);
    assert_fails(opt_method_lbfgs.sizes(params, SIZE_MAX / 1000000, &n_state, &n_scratch, &err),
                 err, MEKA_ERR_INPUT, "smaller memory");
    assert_ok(opt_method_lbfgs.sizes(params, 3, &n_state, &n_scratch, &err), err);
    ck_assert_uint_ge(n_state, 6000003);
}
END_TEST

TEST_MAIN("lbfgs", the_minimum_of_rosenbrocks_valley_is_found,
          every_step_satisfies_the_strong_wolfe_conditions,
          exact_searches_end_on_a_quadratic_after_as_many_steps_as_dimensions,
          in_one_dimension_the_direction_is_the_secant_methods,
          a_trial_outside_the_domain_counts_as_too_far,
          a_search_that_finds_nothing_leaves_theta_alone, at_the_minimum_there_is_nothing_to_do,
          a_schedule_shortens_the_steps, options_that_cannot_work_are_refused)
