#include "optim/step_size.h"
#include "tests/testing.h"

#include <stdio.h>

/* A number spread over `decades` powers of ten around 1. */
static double spread(meka_rng *rng, double decades)
{
    return pow(10.0, decades * (meka_rng_uniform(rng) - 0.5));
}

/* A model whose coefficients matter at similar lengths, give or take `decades`, in units
 * (f, length) that differ by up to 60 powers of ten. */
static opt_line_model draw_model(meka_rng *rng, double decades)
{
    double f = spread(rng, 60.0), length = spread(rng, 60.0);
    opt_line_model m = {
        .A = f / length * spread(rng, 1.0),
        .B = f / length / length * spread(rng, decades),
        .C = f / length / length / length * spread(rng, decades),
        .p = f * f / length / length * spread(rng, decades),
        .q = f * f / length / length / length / length * spread(rng, decades),
        .s = f * f * spread(rng, decades),
    };
    if (meka_rng_uniform(rng) < 0.4)
        m.B = -m.B;
    if (meka_rng_uniform(rng) < 0.4)
        m.C = 0.0;
    if (meka_rng_uniform(rng) < 0.2)
        m.q = 0.0;
    if (meka_rng_uniform(rng) < 0.1)
        m.p = 0.0;
    if (meka_rng_uniform(rng) < 0.1)
        m.q *= 1e-30;
    return m;
}

/* -mu/sqrt V in extended precision. */
static long double certainty(const opt_line_model *m, long double a)
{
    long double mu = a * (-m->A + a * (m->B / 2.0L + a * m->C / 6.0L));
    return -mu / sqrtl(2.0L * m->s + a * a * (m->p + a * a * m->q / 4.0L));
}

/* The best step on a grid, fine around `near` and coarse over all lengths. */
static long double best_on_grid(const opt_line_model *m, double near)
{
    long double best = 0.0L;
    for (int i = -1000; i <= 1000; i++) {
        long double far = powl(10.0L, i * 0.08L), close = near * (1.0L + i * 4e-4L);
        if (certainty(m, far) > best)
            best = certainty(m, far);
        if (close > 0.0L && certainty(m, close) > best)
            best = certainty(m, close);
    }
    return best;
}

START_TEST(pi_beats_every_step_of_a_grid)
{
    meka_rng rng;
    meka_rng_init(&rng, 1, MEKA_STREAM_TEST, 0, 0);
    int bounded = 0;
    for (int repeat = 0; repeat < 1500; repeat++) {
        opt_line_model m = draw_model(&rng, repeat % 2 ? 2.0 : 12.0);
        double a = opt_step_pi(&m);
        ck_assert(a >= 0.0);
        if (isinf(a)) {
            /* Only without anything that outgrows negative curvature. */
            ck_assert(m.B <= 0.0 && m.C == 0.0 && m.q == 0.0);
            continue;
        }
        bounded++;
        long double mine = certainty(&m, a), best = best_on_grid(&m, a);
        ck_assert_msg(mine >= best * (1.0L - 1e-13L),
                      "A %g B %g C %g p %g q %g s %g: a = %g gives %.17Lg, the grid %.17Lg",
                      m.A, m.B, m.C, m.p, m.q, m.s, a, mine, best);
    }
    ck_assert_int_ge(bounded, 1100);
}
END_TEST

START_TEST(pi_satisfies_its_stationarity_condition)
{
    meka_rng rng;
    meka_rng_init(&rng, 2, MEKA_STREAM_TEST, 0, 0);
    for (int repeat = 0; repeat < 5000; repeat++) {
        opt_line_model m = draw_model(&rng, 12.0);
        double a = opt_step_pi(&m);
        if (isinf(a) || (m.p == 0.0 && m.q == 0.0))
            continue;
        long double x = a, term[6] = {
                               (long double)m.C * m.q / 24 * x * x * x * x * x * x,
                               ((long double)m.A * m.q / 4 + (long double)m.C * m.p / 3) * x *
                                   x * x * x,
                               (long double)m.B * m.p / 2 * x * x * x,
                               (long double)m.C * m.s * x * x,
                               2.0L * m.B * m.s * x,
                               -2.0L * m.A * m.s,
                           };
        long double sum = 0.0L, largest = 0.0L;
        for (int k = 0; k < 6; k++) {
            sum += term[k];
            largest = fmaxl(largest, fabsl(term[k]));
        }
        ck_assert_msg(fabsl(sum) <= 64 * DBL_EPSILON * largest,
                      "A %g B %g C %g p %g q %g s %g: a = %g leaves %Lg of %Lg", m.A, m.B, m.C,
                      m.p, m.q, m.s, a, sum, largest);
    }
}
END_TEST

START_TEST(pi_knows_its_limits)
{
    opt_line_model m = {.A = 3.0, .B = 2.0};
    /* Certain about everything: the minimizer of mu. */
    assert_ulps(opt_step_pi(&m), 1.5, 4);
    /* Only f uncertain: the same. */
    m.s = 7.0;
    assert_ulps(opt_step_pi(&m), 1.5, 4);
    /* So uncertain that its variance is no number: the limit. */
    m = (opt_line_model){.A = 3.0, .B = 2.0, .p = 1.0, .q = 1.0, .s = INFINITY};
    assert_ulps(opt_step_pi(&m), 1.5, 4);
    m = (opt_line_model){.A = 3.0, .B = 2.0, .s = 7.0};
    /* A tiny q beside B of order one. */
    m.q = 1e-34;
    assert_ulps(opt_step_pi(&m), 1.5, 8);
    /* f certain, its slope not: the shorter the better. */
    m.s = 0.0;
    m.p = 1.0;
    ck_assert_double_eq(opt_step_pi(&m), 0.0);
    /* Nothing promised. */
    m.A = 0.0;
    m.s = 1.0;
    ck_assert_double_eq(opt_step_pi(&m), 0.0);
    /* Downhill for ever. */
    m = (opt_line_model){.A = 1.0, .B = -1.0, .p = 1.0, .s = 1.0};
    ck_assert_double_eq(opt_step_pi(&m), INFINITY);
    m.B = 0.0;
    ck_assert_double_eq(opt_step_pi(&m), INFINITY);
    /* B = C = p = 0: a^4 = 8 s/q. */
    m = (opt_line_model){.A = 1.0, .q = 0.5, .s = 1.0};
    assert_ulps(opt_step_pi(&m), 2.0, 8);
}
END_TEST

START_TEST(the_quadratic_rule_is_stationary_for_every_sign_of_the_curvature)
{
    /* Neither A^2 nor B^2 is a number here. */
    opt_line_model far = {.A = 3e200, .B = 2e200};
    assert_ulps(opt_step_quadratic(&far), 1.5, 2);
    far = (opt_line_model){.A = 1.5e-200, .B = -2e-200, .C = 2e-200};
    assert_ulps(opt_step_quadratic(&far), 1.0 + sqrt(2.5), 4);
    meka_rng rng;
    meka_rng_init(&rng, 3, MEKA_STREAM_TEST, 0, 0);
    for (int repeat = 0; repeat < 5000; repeat++) {
        opt_line_model m = draw_model(&rng, 12.0);
        double a = opt_step_quadratic(&m);
        if (m.B <= 0.0 && m.C == 0.0) {
            ck_assert_double_eq(a, INFINITY);
            continue;
        }
        long double x = a, up = 0.5L * m.C * x * x + fmaxl(m.B, 0.0L) * x,
                    down = m.A + fmaxl(-(long double)m.B, 0.0L) * x;
        ck_assert(fabsl(up - down) <= 16 * DBL_EPSILON * down);
    }
    opt_line_model plain = {.A = 3.0, .B = 4.0};
    ck_assert_double_eq(opt_step_quadratic(&plain), 0.75);
}
END_TEST

START_TEST(the_bound_is_a_lower_slope_over_an_upper_curvature)
{
    opt_line_model m = {.A = 3.0, .B = 1.0, .p = 4.0, .q = 9.0, .s = 100.0};
    ck_assert_double_eq(opt_step_bound(&m, 0.0), 3.0);
    ck_assert_double_eq(opt_step_bound(&m, 0.5), (3.0 - 1.0) / (1.0 + 1.5));
    ck_assert_double_eq(opt_step_bound(&m, 2.0), 0.0);
    m.B = -2.0;
    ck_assert_double_eq(opt_step_bound(&m, 0.5), INFINITY);
    ck_assert_double_eq(opt_step_bound(&m, 1.0), 1.0);
}
END_TEST

/* sqrt(V) (z Phi(z) + phi(z)) in extended precision. */
static long double improvement(const opt_line_model *m, long double a)
{
    long double sd = sqrtl(2.0L * m->s + a * a * (m->p + a * a * m->q / 4.0L));
    long double z = certainty(m, a);
    return sd * (z * 0.5L * erfcl(-z / sqrtl(2.0L)) +
                 expl(-z * z / 2.0L) / sqrtl(2.0L * 3.14159265358979323846L));
}

START_TEST(ei_is_the_first_maximum_of_expected_improvement)
{
    meka_rng rng;
    meka_rng_init(&rng, 4, MEKA_STREAM_TEST, 0, 0);
    int bounded = 0;
    for (int repeat = 0; repeat < 2000; repeat++) {
        opt_line_model m = draw_model(&rng, 3.0);
        double a = opt_step_ei(&m);
        if (isinf(a))
            continue;
        bounded++;
        long double mine = improvement(&m, a);
        /* Rising all the way there, and lower on either side. */
        for (int i = 0; i < 100; i++) {
            long double before = a * (i + 1) / 101.0L;
            ck_assert_msg(improvement(&m, before) <= mine * (1.0L + 1e-12L),
                          "A %g B %g C %g p %g q %g s %g: a = %g gives %Lg, %Lg gives %Lg", m.A,
                          m.B, m.C, m.p, m.q, m.s, a, mine, before, improvement(&m, before));
        }
        ck_assert(improvement(&m, a * 1.0001L) <= mine * (1.0L + 1e-12L));
    }
    ck_assert_int_ge(bounded, 500);
}
END_TEST

START_TEST(ei_knows_its_limits)
{
    opt_line_model m = {.A = 3.0, .B = 2.0};
    assert_ulps(opt_step_ei(&m), 1.5, 4);
    m.A = 0.0;
    ck_assert_double_eq(opt_step_ei(&m), 0.0);
    m = (opt_line_model){.A = 1.0, .B = -1.0, .s = 1.0};
    ck_assert_double_eq(opt_step_ei(&m), INFINITY);
    /* More uncertain about the curvature than sure of it: no maximum. */
    m = (opt_line_model){.A = 1.0, .B = 1.0, .q = 100.0, .s = 1.0};
    ck_assert_double_eq(opt_step_ei(&m), INFINITY);
}
END_TEST

typedef double (*rule)(const opt_line_model *);

static double bound_half(const opt_line_model *m)
{
    return opt_step_bound(m, 0.5);
}

START_TEST(every_rule_scales_exactly_with_the_units)
{
    static const rule rules[] = {opt_step_quadratic, opt_step_pi, opt_step_ei, bound_half};
    meka_rng rng;
    meka_rng_init(&rng, 5, MEKA_STREAM_TEST, 0, 0);
    for (int repeat = 0; repeat < 1000; repeat++) {
        opt_line_model m = draw_model(&rng, 8.0);
        double f = ldexp(1.0, (int)meka_rng_below(&rng, 41) - 20);
        double l = ldexp(1.0, (int)meka_rng_below(&rng, 41) - 20);
        opt_line_model scaled = {m.A * f / l,
                                 m.B * f / l / l,
                                 m.C * f / l / l / l,
                                 m.p * f * f / l / l,
                                 m.q * f * f / l / l / l / l,
                                 m.s * f * f};
        for (size_t k = 0; k < sizeof rules / sizeof rules[0]; k++)
            ck_assert_double_eq(rules[k](&scaled), rules[k](&m) * l);
    }
}
END_TEST

TEST_MAIN("step_size", pi_beats_every_step_of_a_grid, pi_satisfies_its_stationarity_condition,
          pi_knows_its_limits, the_quadratic_rule_is_stationary_for_every_sign_of_the_curvature,
          the_bound_is_a_lower_slope_over_an_upper_curvature,
          ei_is_the_first_maximum_of_expected_improvement, ei_knows_its_limits,
          every_rule_scales_exactly_with_the_units)
