/* Statistics of jobs against plain loops, for every shape, level and instruction set. */
#include "tests/kernel_fixture.h"

enum { JOB = 3, FIRST_FEATURE_JOB = 2 };

/* Words of one side: terms c x y z; count by degree first. */
typedef struct side {
    uint32_t word[40];
    size_t n;
} side;

typedef struct shape_case {
    plan_shape shape;
    side g, h;
} shape_case;

static const shape_case shapes[] = {
    {PLAN_LOSS, {{1, 0, 0, 0, PLAN_ONE, 4}, 6}, {{0, 0, 0, 0}, 4}},
    {PLAN_G1, {{1, 0, 0, 0, PLAN_ONE, 5}, 6}, {{0, 0, 0, 0}, 4}},
    {PLAN_G2, {{0, 1, 0, 0, PLAN_ONE, 6, 7}, 7}, {{0, 0, 0, 0}, 4}},
    {PLAN_G2_H2, {{0, 1, 0, 0, PLAN_ONE, 6, 7}, 7}, {{0, 1, 0, 0, PLAN_ONE, 8, 8}, 7}},
    {PLAN_G2_H2_H2,
     {{0, 1, 0, 0, PLAN_ONE, 6, 7}, 7},
     {{0, 2, 0, 0, PLAN_ONE, 8, 9, PLAN_ONE, 10, 11}, 10}},
    {PLAN_ANY, {{2, 1, 1, 0, 3, 4, PLAN_ONE, 5, 4, 6, 7, 5, 8, 9, 10}, 15}, {{0, 0, 0, 0}, 4}},
    {PLAN_ANY, {{0, 0, 0, 0}, 4}, {{1, 2, 0, 0, 6, 4, PLAN_ONE, 5, 6, 7, 5, 5}, 12}},
    {PLAN_ANY, {{1, 0, 0, 0, 3, 4}, 6}, {{0, 0, 1, 0, PLAN_ONE, 5, 6, 7}, 8}},
};
enum { N_SHAPES = sizeof shapes / sizeof shapes[0] };

static size_t put_job(uint32_t *w, const shape_case *s)
{
    w[0] = PLAN_JOB, w[1] = JOB, w[2] = s->shape;
    memcpy(w + 3, s->g.word, s->g.n * sizeof *w);
    memcpy(w + 3 + s->g.n, s->h.word, s->h.n * sizeof *w);
    return 3 + s->g.n + s->h.n;
}

static long double plain_side(const machine *c, const side *s, size_t l)
{
    long double sum = 0.0L;
    const uint32_t *t = s->word + 4;
    for (uint32_t degree = 1; degree <= 3; degree++) {
        for (uint32_t k = 0; k < s->word[degree - 1]; k++, t += 1 + degree) {
            long double product = c->u[t[0]];
            for (uint32_t j = 0; j < degree; j++)
                product *= machine_before(c, t[1 + j], l);
            sum += product;
        }
    }
    return sum;
}

/* What a job's sums should have grown by after the samples of a block; bound: of values. */
typedef struct plain_sums {
    long double g, gg, h, hh, gh;
} plain_sums;

static void add_sample(plain_sums *p, long double x, long double z)
{
    p->g += x;
    p->gg += x * x;
    p->h += z;
    p->hh += z * z;
    p->gh += x * z;
}

static void expect_sums(const double *sums, const plain_sums *p, kernel_level level,
                        bool is_loss, double n)
{
    bool squares = level >= KERNEL_SQUARES || (is_loss && level > KERNEL_NOTHING);
    bool cross = level >= KERNEL_CROSS;
    double scale = 64.0 * n, most = 8.0 + n / 8.0; /* values below 64 */
    ck_assert(level > KERNEL_NOTHING || sums[JOB_G] == 0.0);
    if (level > KERNEL_NOTHING) {
        assert_scaled(sums[JOB_G], (double)p->g, scale, most);
        assert_scaled(sums[JOB_H], (double)p->h, scale, most);
    }
    assert_scaled(sums[JOB_GG], squares ? (double)p->gg : 0.0, 64.0 * scale, most);
    assert_scaled(sums[JOB_HH], squares ? (double)p->hh : 0.0, 64.0 * scale, most);
    assert_scaled(sums[JOB_GH], cross ? (double)p->gh : 0.0, 64.0 * scale, most);
}

/* Lanes past the last sample may hold anything. */
static void spoil_padding(machine *c)
{
    for (size_t r = 0; r < N_ROWS; r++)
        for (size_t l = c->b.n_valid; l < c->b.lanes; l++)
            c->rows[r * c->b.stride + l] = l % 2 ? NAN : INFINITY;
}

/* Two blocks one after the other: a full one whose first sample is the shift, and this. */
static void check_job(ad_isa isa, size_t n_valid, const shape_case *s, kernel_level level)
{
    machine a = machine_make(isa, 32, 0), b = machine_make(isa, n_valid, 0);
    uint32_t w[128];
    size_t n = put_job(w, s);
    plain_sums want = {0};
    a.b.level = b.b.level = level;
    machine_run(&a, w, n);
    spoil_padding(&b);
    memcpy(b.sums, a.sums, sizeof b.sums);
    b.b.first = false;
    machine_run(&b, w, n);
    double *sums = b.sums + (size_t)JOB * JOB_SIZE;
    if (level > KERNEL_NOTHING) {
        assert_scaled(sums[JOB_G0], (double)plain_side(&a, &s->g, 0), 64.0, 4);
        assert_scaled(sums[JOB_H0], (double)plain_side(&a, &s->h, 0), 64.0, 4);
    }
    long double g0 = sums[JOB_G0], h0 = sums[JOB_H0];
    for (size_t l = 0; l < 32; l++)
        add_sample(&want, plain_side(&a, &s->g, l) - g0, plain_side(&a, &s->h, l) - h0);
    for (size_t l = 0; l < n_valid; l++)
        add_sample(&want, plain_side(&b, &s->g, l) - g0, plain_side(&b, &s->h, l) - h0);
    expect_sums(sums, &want, level, s->shape == PLAN_LOSS, 32.0 + (double)n_valid);
    for (size_t k = 0; k < JOB * JOB_SIZE; k++)
        machine_expect_same(b.sums[k], 0.0);
    machine_clear(&a);
    machine_clear(&b);
}

static void check_jobs(ad_isa isa, size_t n_valid)
{
    for (size_t k = 0; k < N_SHAPES; k++)
        for (int level = KERNEL_NOTHING; level <= KERNEL_CROSS; level++)
            check_job(isa, n_valid, &shapes[k], (kernel_level)level);
}

START_TEST(jobs_of_every_shape_and_level_equal_plain_loops_over_the_valid_samples)
{
    machine_for_each(check_jobs);
}
END_TEST

/* ------------------------------------------------------------------- what is emitted */

typedef struct emitted {
    size_t n, lanes;
    uint32_t job[N_JOBS];
    double g[N_JOBS][MAX_LANES], h[N_JOBS][MAX_LANES];
} emitted;

static void keep(void *ctx, uint32_t job, const double *g, const double *h)
{
    emitted *e = ctx;
    e->job[e->n] = job;
    memcpy(e->g[e->n], g, e->lanes * sizeof *g);
    memcpy(e->h[e->n++], h, e->lanes * sizeof *h);
}

static void check_emission(ad_isa isa, size_t n_valid)
{
    static emitted e;
    for (size_t k = 0; k < N_SHAPES; k++) {
        machine c = machine_make(isa, n_valid, 0);
        uint32_t w[128];
        e = (emitted){.lanes = c.b.lanes};
        c.b.level = KERNEL_NOTHING;
        c.b.emit = keep;
        c.b.emit_ctx = &e;
        machine_run(&c, w, put_job(w, &shapes[k]));
        ck_assert(e.n == 1 && e.job[0] == JOB);
        for (size_t l = 0; l < n_valid; l++) {
            machine_expect(e.g[0][l], (double)plain_side(&c, &shapes[k].g, l), 32.0, 4);
            machine_expect(e.h[0][l], (double)plain_side(&c, &shapes[k].h, l), 32.0, 4);
        }
        machine_clear(&c);
    }
}

START_TEST(jobs_hand_out_the_values_of_every_sample)
{
    machine_for_each(check_emission);
}
END_TEST

/* ------------------------------------------- jobs of features that stand together */

enum { ROW_X = 12, ROW_Y = 13, FIRST = 3 };

static size_t put_feature_jobs(uint32_t *w, uint32_t n, bool has_h)
{
    const uint32_t word[] = {PLAN_FEATURE_JOBS,
                             FIRST_FEATURE_JOB,
                             n,
                             FIRST,
                             ROW_X,
                             has_h ? (uint32_t)ROW_Y : (uint32_t)UINT32_MAX};
    memcpy(w, word, sizeof word);
    return sizeof word / sizeof word[0];
}

static void add_features(const machine *c, size_t k, bool has_h, long double g0, long double h0,
                         plain_sums *want)
{
    for (size_t l = 0; l < c->b.n_valid; l++) {
        long double xi = c->xi[l * c->b.m + FIRST + k];
        add_sample(want, machine_before(c, ROW_X, l) * xi - g0,
                   has_h ? machine_before(c, ROW_Y, l) * xi - h0 : 0.0L);
    }
}

static void check_feature_job(ad_isa isa, size_t n_valid, uint32_t n, bool has_h,
                              kernel_level level)
{
    size_t m = n + FIRST + 2;
    machine a = machine_make(isa, 24, m), b = machine_make(isa, n_valid, m);
    uint32_t w[8];
    size_t n_words = put_feature_jobs(w, n, has_h);
    a.b.level = b.b.level = level;
    machine_run(&a, w, n_words);
    memcpy(b.sums, a.sums, sizeof b.sums);
    spoil_padding(&b);
    b.b.first = false;
    machine_run(&b, w, n_words);
    for (size_t k = 0; k < n; k++) {
        const double *sums = b.sums + (FIRST_FEATURE_JOB + k) * JOB_SIZE;
        plain_sums want = {0};
        double g0 = level ? machine_before(&a, ROW_X, 0) * a.xi[FIRST + k] : 0.0;
        double h0 = level && has_h ? machine_before(&a, ROW_Y, 0) * a.xi[FIRST + k] : 0.0;
        ck_assert(sums[JOB_G0] == g0 && sums[JOB_H0] == h0);
        add_features(&a, k, has_h, g0, h0, &want);
        add_features(&b, k, has_h, g0, h0, &want);
        expect_sums(sums, &want, level, false, 24.0 + (double)n_valid);
    }
    for (size_t k = (FIRST_FEATURE_JOB + n) * JOB_SIZE; k < N_JOBS * JOB_SIZE; k++)
        machine_expect_same(b.sums[k], 0.0);
    machine_clear(&a);
    machine_clear(&b);
}

static void check_feature_jobs(ad_isa isa, size_t n_valid)
{
    for (int level = KERNEL_NOTHING; level <= KERNEL_CROSS; level++) {
        for (uint32_t n = 16; n <= 32; n += 16) {
            check_feature_job(isa, n_valid, n, true, (kernel_level)level);
            check_feature_job(isa, n_valid, n, false, (kernel_level)level);
        }
    }
}

START_TEST(jobs_of_features_equal_plain_loops_over_the_valid_samples)
{
    machine_for_each(check_feature_jobs);
}
END_TEST

static void check_feature_emission(ad_isa isa, size_t n_valid)
{
    static emitted e;
    enum { n = 16, m = n + FIRST };
    for (int has_h = 0; has_h < 2; has_h++) {
        machine c = machine_make(isa, n_valid, m);
        uint32_t w[8];
        e = (emitted){.lanes = n_valid};
        c.b.level = KERNEL_NOTHING;
        c.b.emit = keep;
        c.b.emit_ctx = &e;
        machine_run(&c, w, put_feature_jobs(w, n, has_h));
        ck_assert_uint_eq(e.n, n);
        for (size_t k = 0; k < n; k++) {
            ck_assert_uint_eq(e.job[k], FIRST_FEATURE_JOB + k);
            for (size_t l = 0; l < n_valid; l++) {
                double xi = c.xi[l * m + FIRST + k], y = machine_at(&c, ROW_Y, l) * xi;
                machine_expect_same(e.g[k][l], machine_at(&c, ROW_X, l) * xi);
                machine_expect_same(e.h[k][l], (has_h ? y : 0.0));
            }
        }
        machine_clear(&c);
    }
}

START_TEST(jobs_of_features_hand_out_the_values_of_every_sample)
{
    machine_for_each(check_feature_emission);
}
END_TEST

/* ------------------------------------------------------------------------- constants */

static void check_constant(ad_isa isa, size_t n_valid)
{
    for (size_t k = 0; k < N_SHAPES; k++) {
        machine c = machine_make(isa, n_valid, 0);
        uint32_t w[128];
        for (size_t r = 0; r < N_ROWS; r++)
            for (size_t l = 0; l < c.b.lanes; l++)
                c.rows[r * c.b.stride + l] = machine_before(&c, r, 0);
        machine_run(&c, w, put_job(w, &shapes[k]));
        const double *sums = c.sums + (size_t)JOB * JOB_SIZE;
        double n = (double)n_valid, rounding = 8 * DBL_EPSILON;
        ck_assert(fabs(sums[JOB_G]) <= rounding * n && fabs(sums[JOB_H]) <= rounding * n);
        ck_assert(sums[JOB_GG] <= n * rounding * rounding);
        ck_assert(sums[JOB_HH] <= n * rounding * rounding);
        if (shapes[k].shape == PLAN_G1 || shapes[k].shape == PLAN_LOSS)
            ck_assert(sums[JOB_G] == 0.0 && sums[JOB_GG] == 0.0);
        machine_clear(&c);
    }
}

START_TEST(equal_samples_leave_less_than_their_rounding)
{
    machine_for_each(check_constant);
}
END_TEST

TEST_MAIN("kernels_jobs",
          jobs_of_every_shape_and_level_equal_plain_loops_over_the_valid_samples,
          jobs_hand_out_the_values_of_every_sample,
          jobs_of_features_equal_plain_loops_over_the_valid_samples,
          jobs_of_features_hand_out_the_values_of_every_sample,
          equal_samples_leave_less_than_their_rounding)
