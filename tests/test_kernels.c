/* The varying machine against plain loops, for every instruction set. */
#include "tests/kernel_fixture.h"

/* -------------------------------------------------------------------------- loading */

static void expect_loaded(const machine *c, const plan_feature *f, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        for (size_t l = 0; l < c->b.lanes; l++) {
            size_t sample = l < c->b.n_valid ? l : c->b.n_valid - 1;
            machine_expect_same(machine_at(c, f[k].row, l),
                                c->xi[sample * c->b.m + f[k].index]);
        }
    }
}

/* Features 0, 1 .. m - 1 but those divisible by `gap`, into rows in another order. */
static void check_load(ad_isa isa, size_t n_valid, size_t m, size_t gap)
{
    machine c = machine_make(isa, n_valid, m);
    plan_feature f[N_ROWS];
    uint32_t n = 0;
    for (uint32_t k = 0; k < m && n < 37; k++)
        if (gap == 0 || k % gap != 0)
            f[n++] = (plan_feature){k, (k * 5 + 3) % 37};
    c.kernels->load(&c.b, f, n);
    expect_loaded(&c, f, n);
    machine_expect_untouched(&c, 37);
    machine_clear(&c);
}

static void check_loads(ad_isa isa, size_t n_valid)
{
    static const size_t m[] = {1, 2, 3, 5, 7, 8, 9, 15, 17, 33};
    for (size_t k = 0; k < sizeof m / sizeof m[0]; k++) {
        check_load(isa, n_valid, m[k], 0);
        check_load(isa, n_valid, m[k], 4);
        check_load(isa, n_valid, m[k], 11);
    }
}

START_TEST(features_are_transposed_into_rows_whose_last_lanes_repeat_the_last_sample)
{
    machine_for_each(check_loads);
}
END_TEST

/* ----------------------------------------------------------------------------- sums */

enum { OUT = 0, FIRST_IN = 1 };

/* Words of a SUM of n[0..3] terms (the last: squares), and its value in lane l with the sum of
 * absolute terms. */
static size_t put_sum(uint32_t *w, uint32_t init, const uint32_t *n)
{
    size_t at = 0;
    uint32_t next = 0;
    w[at++] = PLAN_SUM, w[at++] = OUT, w[at++] = init;
    for (int class = 1; class <= 4; class ++)
        w[at++] = n[class - 1];
    for (uint32_t degree = 1; degree <= 3; degree++) {
        for (uint32_t k = 0; k < n[degree - 1]; k++, next++) {
            w[at++] = next % 3 == 1 ? (uint32_t)PLAN_ONE : 2 + next % 11;
            for (uint32_t j = 0; j < degree; j++)
                w[at++] = FIRST_IN + (next * 3 + j * 7) % 30;
        }
    }
    for (uint32_t k = 0; k < n[3]; k++, next++) {
        w[at++] = k % 2 ? (uint32_t)PLAN_ONE : 2 + next % 11;
        w[at++] = 2 + (next * 5) % 11;
        w[at++] = 2 + (next * 7) % 11;
        w[at++] = FIRST_IN + next % 30;
    }
    return at;
}

static double plain_sum(const machine *c, const uint32_t *w, size_t l, double *scale)
{
    double init = w[2] == (uint32_t)PLAN_ADD ? machine_before(c, OUT, l) : c->u[w[2]];
    long double sum = init;
    const uint32_t *t = w + 7;
    *scale = fabs(init);
    for (int degree = 1; degree <= 3; degree++) {
        for (uint32_t k = 0; k < w[2 + degree]; k++, t += 1 + degree) {
            long double product = c->u[t[0]];
            for (int j = 0; j < degree; j++)
                product *= machine_before(c, t[1 + j], l);
            sum += product;
            *scale += fabs((double)product);
        }
    }
    for (uint32_t k = 0; k < w[6]; k++, t += 4) {
        long double x = machine_before(c, t[3], l), s = c->u[t[1]] * x, o = c->u[t[2]];
        sum += c->u[t[0]] * (s + o) * (s + o);
        *scale += fabs((double)(c->u[t[0]] * (fabsl(s) + fabsl(o)) * (fabsl(s) + fabsl(o))));
    }
    return (double)sum;
}

static void check_sum(ad_isa isa, size_t n_valid, uint32_t init, const uint32_t *n)
{
    machine c = machine_make(isa, n_valid, 0);
    uint32_t w[512];
    machine_run(&c, w, put_sum(w, init, n));
    for (size_t l = 0; l < c.b.lanes; l++) {
        double scale, want = plain_sum(&c, w, l, &scale);
        machine_expect(machine_at(&c, OUT, l), want, scale, 2.0 + n[0] + n[1] + n[2] + n[3]);
    }
    machine_expect_untouched(&c, OUT + 1);
    machine_clear(&c);
}

static void check_sums(ad_isa isa, size_t n_valid)
{
    static const uint32_t n[][4] = {{0, 0, 0, 0}, {1, 0, 0, 0},  {0, 1, 0, 0}, {0, 0, 1, 0},
                                    {3, 2, 1, 0}, {17, 0, 0, 0}, {0, 9, 0, 0}, {5, 16, 7, 2},
                                    {0, 0, 0, 1}, {0, 0, 0, 9}};
    for (size_t k = 0; k < sizeof n / sizeof n[0]; k++) {
        check_sum(isa, n_valid, PLAN_ZERO, n[k]);
        check_sum(isa, n_valid, 5, n[k]);
        check_sum(isa, n_valid, (uint32_t)PLAN_ADD, n[k]);
    }
}

START_TEST(sums_of_products_equal_plain_loops)
{
    machine_for_each(check_sums);
}
END_TEST

/* --------------------------------------------------------------------------- groups */

static void check_group(ad_isa isa, size_t n_valid, uint32_t R, uint32_t C)
{
    machine c = machine_make(isa, n_valid, 0);
    enum { PACK = 3 };
    uint32_t w[64], at = 0;
    w[at++] = PLAN_GROUP, w[at++] = R, w[at++] = C, w[at++] = PACK;
    for (uint32_t r = 0; r < R; r++)
        w[at++] = R - 1 - r; /* results in another order */
    for (uint32_t r = 0; r < R; r++)
        w[at++] = r % 2 ? 2 + r : (uint32_t)PLAN_ZERO;
    for (uint32_t k = 0; k < C; k++)
        w[at++] = R + (k * 5) % 23;
    machine_run(&c, w, at);
    for (uint32_t r = 0; r < R; r++) {
        for (size_t l = 0; l < c.b.lanes; l++) {
            long double want = c.u[w[4 + R + r]];
            for (uint32_t k = 0; k < C; k++)
                want += (long double)c.pack[PACK + k * R + r] *
                        machine_before(&c, w[4 + 2 * R + k], l);
            machine_expect(machine_at(&c, R - 1 - r, l), (double)want, 4.0 * (C + 1), C + 2.0);
        }
    }
    machine_expect_untouched(&c, R);
    machine_clear(&c);
}

static void check_groups(ad_isa isa, size_t n_valid)
{
    for (uint32_t R = 1; R <= 11; R++)
        for (uint32_t C = 1; C <= 21; C += 4)
            check_group(isa, n_valid, R, C);
}

START_TEST(matrix_products_equal_plain_loops)
{
    machine_for_each(check_groups);
}
END_TEST

static void check_feature_group(ad_isa isa, size_t n_valid, uint32_t R, uint32_t C, uint32_t j)
{
    machine c = machine_make(isa, n_valid, C + j + 2);
    enum { PACK = 5 };
    uint32_t w[32], at = 0;
    w[at++] = PLAN_FEATURE_GROUP, w[at++] = R, w[at++] = C, w[at++] = PACK, w[at++] = j;
    for (uint32_t r = 0; r < R; r++)
        w[at++] = R - 1 - r;
    for (uint32_t r = 0; r < R; r++)
        w[at++] = 2 + r;
    machine_run(&c, w, at);
    for (uint32_t r = 0; r < R; r++) {
        for (size_t l = 0; l < c.b.lanes; l++) {
            size_t sample = l < n_valid ? l : n_valid - 1;
            long double want = c.u[2 + r];
            for (uint32_t k = 0; k < C; k++)
                want += (long double)c.pack[PACK + r * C + k] * c.xi[sample * c.b.m + j + k];
            machine_expect(machine_at(&c, R - 1 - r, l), (double)want, 4.0 * (C + 1), C + 2.0);
        }
    }
    machine_expect_untouched(&c, R);
    machine_clear(&c);
}

static void check_feature_groups(ad_isa isa, size_t n_valid)
{
    for (uint32_t R = 1; R <= 5; R++)
        for (uint32_t C = 16; C <= 37; C += 3)
            check_feature_group(isa, n_valid, R, C, C % 4);
}

START_TEST(matrix_products_with_features_equal_plain_loops)
{
    machine_for_each(check_feature_groups);
}
END_TEST

/* ------------------------------------------------------------------------- selection */

static void check_select(ad_isa isa, size_t n_valid)
{
    const uint32_t w[] = {PLAN_SELECT, 1, 2, 3, OUT};
    static const double condition[] = {0.0, 1.0, -0.0, NAN, -3.0, INFINITY, 5e-324};
    machine c = machine_make(isa, n_valid, 0);
    for (size_t l = 0; l < c.b.lanes; l++) {
        c.rows[c.b.stride + l] = c.before[c.b.stride + l] = condition[l % 7];
        if (l % 7 == 0) /* the side that is not chosen */
            c.rows[2 * c.b.stride + l] = c.before[2 * c.b.stride + l] = INFINITY;
    }
    machine_run(&c, w, sizeof w / sizeof w[0]);
    for (size_t l = 0; l < c.b.lanes; l++)
        machine_expect_same(machine_at(&c, OUT, l),
                            machine_before(&c, condition[l % 7] != 0.0 ? 2 : 3, l));
    machine_clear(&c);
}

START_TEST(selections_take_one_side_and_nothing_of_the_other)
{
    machine_for_each(check_select);
}
END_TEST

/* -------------------------------------------------- the same numbers in other places */

static size_t append(uint32_t *w, size_t at, const uint32_t *word, size_t n)
{
    memcpy(w + at, word, n * sizeof *w);
    return at + n;
}

/* Instructions that compute rows 0..5. */
static size_t put_program(uint32_t *w)
{
    const uint32_t n[4] = {4, 3, 2, 1};
    const uint32_t group[] = {PLAN_GROUP, 2, 4, 0, 1, 2, 2, 3, 20, 21, 22, 23};
    const uint32_t tanh_of_0[] = {PLAN_FUN1, AD_OP_tanh, 2, 0, 3, 4, 5, UINT32_MAX};
    const uint32_t hypot_of_1_2[] = {PLAN_FUN2,  AD_OP_hypot, 1,          1,
                                     2,          0,           UINT32_MAX, UINT32_MAX,
                                     UINT32_MAX, UINT32_MAX,  UINT32_MAX, UINT32_MAX,
                                     UINT32_MAX, UINT32_MAX,  UINT32_MAX};
    const uint32_t more[] = {PLAN_SUM, 2, (uint32_t)PLAN_ADD, 0, 1, 0, 0, PLAN_ONE, 3, 4};
    size_t at = put_sum(w, 3, n);
    at = append(w, at, group, sizeof group / sizeof *group);
    at = append(w, at, tanh_of_0, sizeof tanh_of_0 / sizeof *tanh_of_0);
    at = append(w, at, hypot_of_1_2, sizeof hypot_of_1_2 / sizeof *hypot_of_1_2);
    return append(w, at, more, sizeof more / sizeof *more);
}

static void check_places(ad_isa isa, size_t n_valid)
{
    machine c = machine_make(isa, n_valid, 0), other = machine_make(isa, n_valid, 0);
    uint32_t w[256];
    size_t n = put_program(w), lanes = c.b.lanes;
    for (size_t r = 0; r < N_ROWS; r++)
        for (size_t l = 0; l < lanes; l++)
            other.rows[r * c.b.stride + (lanes + 2 - l) % lanes] = machine_at(&c, r, l);
    machine_run(&c, w, n);
    machine_run(&other, w, n);
    for (size_t r = 0; r < 6; r++)
        for (size_t l = 0; l < lanes; l++)
            machine_expect_same(machine_at(&c, r, l),
                                machine_at(&other, r, (lanes + 2 - l) % lanes));
    machine_clear(&c);
    machine_clear(&other);
}

START_TEST(a_samples_numbers_do_not_depend_on_its_lane)
{
    machine_for_each(check_places);
}
END_TEST

/* In blocks of 8 samples and all at once. */
static void check_blocks(ad_isa isa, size_t n_valid)
{
    enum { C = 21, R = 3, m = C + 2 };
    const uint32_t w[] = {PLAN_FEATURE_GROUP, R, C, 0, 1, 0, 1, 2, 2, 3, 4};
    machine whole = machine_make(isa, n_valid, m);
    machine_run(&whole, w, sizeof w / sizeof w[0]);
    for (size_t first = 0; first < n_valid; first += KERNEL_LANES) {
        size_t n = n_valid - first < KERNEL_LANES ? n_valid - first : KERNEL_LANES;
        machine block = machine_make(isa, n, m);
        memcpy(block.xi, whole.xi + first * m, n * m * sizeof *block.xi);
        machine_run(&block, w, sizeof w / sizeof w[0]);
        for (size_t r = 0; r < R; r++)
            for (size_t l = 0; l < n; l++)
                machine_expect_same(machine_at(&block, r, l), machine_at(&whole, r, first + l));
        machine_clear(&block);
    }
    machine_clear(&whole);
}

START_TEST(a_samples_numbers_do_not_depend_on_its_block)
{
    machine_for_each(check_blocks);
}
END_TEST

TEST_MAIN("kernels", features_are_transposed_into_rows_whose_last_lanes_repeat_the_last_sample,
          sums_of_products_equal_plain_loops, matrix_products_equal_plain_loops,
          matrix_products_with_features_equal_plain_loops,
          selections_take_one_side_and_nothing_of_the_other,
          a_samples_numbers_do_not_depend_on_its_lane,
          a_samples_numbers_do_not_depend_on_its_block)
