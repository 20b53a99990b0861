/* The step of highest probability of improvement is exact to rounding over 12 orders of
 * magnitude in each coefficient of the model. */
#include "optim/step_size.h"
#include "tests/line_oracle.h"
#include "tests/testing.h"

#include <stdio.h>
#include <stdlib.h>

enum { CASES = 4000 };

/* Anywhere between 1e-6 and 1e6, every magnitude as likely. */
static double any_magnitude(meka_rng *rng)
{
    return pow(10.0, 12.0 * meka_rng_uniform(rng) - 6.0);
}

/* Some models without third order, some without uncertain slope or curvature. */
static line_terms draw_terms(meka_rng *rng, int repeat)
{
    line_terms m = {any_magnitude(rng), any_magnitude(rng), any_magnitude(rng),
                    any_magnitude(rng), any_magnitude(rng), any_magnitude(rng)};
    if (repeat % 2)
        m.B = -m.B;
    if (repeat % 5 == 1 || repeat % 5 == 2)
        m.C = 0.0;
    if (repeat % 7 == 3)
        m.p = 0.0;
    if (repeat % 7 == 4)
        m.q = 0.0;
    return m;
}

static double solve(const line_terms *m)
{
    opt_line_model model = {.A = m->A, .B = m->B, .C = m->C, .p = m->p, .q = m->q, .s = m->s};
    return opt_step_pi(&model);
}

/* The terms of the numerator of the derivative of mu/sqrt V, that of a^5 having cancelled. */
static void terms_of(const line_terms *m, quad a, quad *term)
{
    quad A = m->A, B = m->B, C = m->C, p = m->p, q = m->q, s = m->s;
    term[0] = -2 * A * s;
    term[1] = 2 * B * s * a;
    term[2] = C * s * a * a;
    term[3] = B * p / 2 * a * a * a;
    term[4] = (A * q / 4 + C * p / 3) * a * a * a * a;
    term[5] = 0;
    term[6] = C * q / 24 * a * a * a * a * a * a;
}

START_TEST(the_sextic_is_the_numerator_of_the_derivative)
{
    meka_rng rng;
    meka_rng_init(&rng, 1, MEKA_STREAM_TEST, 0, 0);
    for (int repeat = 0; repeat < 2000; repeat++) {
        line_terms m = draw_terms(&rng, repeat);
        quad a = any_magnitude(&rng), term[7], sum = 0, largest = 0;
        terms_of(&m, a, term);
        for (int k = 0; k < 7; k++)
            sum += term[k];
        /* What line_slope adds up, the cancelling terms of a^5 included. */
        largest = ((quad)m.A + q_abs(m.B) * a + (quad)m.C * a * a) * line_variance(&m, a);
        ck_assert(q_abs(sum - line_slope(&m, LINE_PI, a)) <= (quad)1e-32 * largest);
    }
}
END_TEST

/* sum_k |c_k| a^k / (a F'(a)) at a root of F = sum_k c_k a^k: how much a relative error in
 * every coefficient moves the root, relatively. */
static quad condition(const line_terms *m, quad root)
{
    quad term[7], size = 0, slope = 0;
    terms_of(m, root, term);
    for (int k = 0; k < 7; k++) {
        size += q_abs(term[k]);
        slope += k * term[k];
    }
    return size / slope;
}

static bool rises(const line_terms *m, quad a)
{
    quad term[7], sum = 0;
    terms_of(m, a, term);
    for (int k = 0; k < 7; k++)
        sum += term[k];
    return sum > 0;
}

/* Every change of sign between 1e-30 and 1e30, which no coefficient's length leaves; the root
 * to 1e-25, INFINITY if there is none. */
static quad find_roots(const line_terms *m, int *changes)
{
    quad found = INFINITY, factor = q_pow(10, (quad)1 / 10);
    *changes = 0;
    for (quad a = (quad)1e-30; a < (quad)1e30; a *= factor) {
        quad low = a, high = a * factor;
        if (rises(m, low) == rises(m, high))
            continue;
        (*changes)++;
        while (high - low > (quad)1e-25 * high) {
            quad middle = (low + high) / 2;
            if (rises(m, middle))
                high = middle;
            else
                low = middle;
        }
        found = low;
    }
    return found;
}

START_TEST(the_root_is_exact_to_rounding_and_there_is_no_other)
{
    meka_rng rng;
    meka_rng_init(&rng, 2, MEKA_STREAM_TEST, 0, 0);
    double worst = 0.0, worst_condition = 0.0;
    int bounded = 0;
    for (int repeat = 0; repeat < CASES; repeat++) {
        line_terms m = draw_terms(&rng, repeat);
        int changes;
        quad root = find_roots(&m, &changes);
        double a = solve(&m);
        if (root == (quad)INFINITY) {
            ck_assert_msg(isinf(a) && m.B < 0.0 && m.C == 0.0 && m.q == 0.0,
                          "A %g B %g C %g p %g q %g s %g: a = %.17g, but there is no maximum",
                          m.A, m.B, m.C, m.p, m.q, m.s, a);
            continue;
        }
        bounded++;
        double error = (double)(q_abs(a - root) / root) / DBL_EPSILON;
        ck_assert_int_eq(changes, 1);
        ck_assert_msg(error <= 8.0,
                      "A %g B %g C %g p %g q %g s %g: a = %.17g is off %.17g by %.3g ulps", m.A,
                      m.B, m.C, m.p, m.q, m.s, a, (double)root, error);
        worst = fmax(worst, error);
        worst_condition = fmax(worst_condition, (double)condition(&m, root));
    }
    if (getenv("TEST_NUMBERS"))
        printf("%d roots, worst error %.3g DBL_EPSILON, worst condition %.6g\n", bounded, worst,
               worst_condition);
    ck_assert_int_ge(bounded, CASES * 9 / 10);
    ck_assert_double_le(worst_condition, 2.0 * (1.0 + DBL_EPSILON));
}
END_TEST

/* -mu/sqrt V; long double is enough to tell grid points apart. */
static long double certainty(const line_terms *m, long double a)
{
    long double mu = a * (-m->A + a * (m->B / 2.0L + a * m->C / 6.0L));
    return -mu / sqrtl(2.0L * m->s + a * a * (m->p + a * a * m->q / 4.0L));
}

START_TEST(no_step_of_a_dense_grid_is_better)
{
    meka_rng rng;
    meka_rng_init(&rng, 3, MEKA_STREAM_TEST, 0, 0);
    const long double factor = powl(10.0L, 1.0L / 40.0L);
    for (int repeat = 0; repeat < CASES; repeat++) {
        line_terms m = draw_terms(&rng, repeat);
        double a = solve(&m);
        if (isinf(a))
            continue;
        long double mine = certainty(&m, a), best = 0.0L;
        for (long double other = 1e-30L; other < 1e30L; other *= factor)
            best = fmaxl(best, certainty(&m, other));
        ck_assert_msg(best <= mine * (1.0L + 16.0L * LDBL_EPSILON),
                      "A %g B %g C %g p %g q %g s %g: a = %g gives %.20Lg, the grid %.20Lg",
                      m.A, m.B, m.C, m.p, m.q, m.s, a, mine, best);
    }
}
END_TEST

TEST_MAIN("pi_root", the_sextic_is_the_numerator_of_the_derivative,
          the_root_is_exact_to_rounding_and_there_is_no_other,
          no_step_of_a_dense_grid_is_better)
