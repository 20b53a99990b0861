/* tests/kernel_fixture.h - a block of samples for kernels to run on, and plain loops beside. */
#ifndef TESTS_KERNEL_FIXTURE_H
#define TESTS_KERNEL_FIXTURE_H

#include "ad/kernels.h"
#include "tests/testing.h"

#include <stdlib.h>

enum { N_ROWS = 40, N_SCALARS = 16, MAX_LANES = 144, MAX_FEATURES = 67, N_JOBS = 40 };

typedef struct machine {
    kernel_block b;
    const kernel_set *kernels;
    double *rows, *before; /* [N_ROWS][stride]; before: as they were filled */
    double *scratch, *xi;
    double u[N_SCALARS], pack[1024], sums[N_JOBS * JOB_SIZE];
} machine;

/* A number in -2..2 that depends on `k` only. */
static inline double machine_number(size_t k)
{
    return 2.0 * sin(0.7 + 1.3 * (double)k + 1e-3 * (double)(k * k % 1013));
}

static inline double *machine_array(size_t n)
{
    double *x = aligned_alloc(64, (n * sizeof *x + 63) / 64 * 64);
    ck_assert_ptr_nonnull(x);
    for (size_t k = 0; k < n; k++)
        x[k] = machine_number(k);
    return x;
}

/* n_valid samples of m features; rows hold numbers in all lanes. */
static inline machine machine_make(ad_isa isa, size_t n_valid, size_t m)
{
    machine c = {.kernels = ad_kernels(isa)};
    size_t lanes = (n_valid + KERNEL_LANES - 1) / KERNEL_LANES * KERNEL_LANES;
    size_t stride = lanes / KERNEL_LANES % 2 ? lanes : lanes + KERNEL_LANES;
    ck_assert(c.kernels && lanes <= MAX_LANES && m <= MAX_FEATURES);
    c.rows = machine_array(N_ROWS * stride);
    c.before = machine_array(N_ROWS * stride);
    c.scratch = machine_array(3 * lanes);
    c.xi = machine_array(n_valid * m + 1);
    c.b = (kernel_block){.rows = c.rows,
                         .scratch = c.scratch,
                         .lanes = lanes,
                         .stride = stride,
                         .n_valid = n_valid,
                         .xi = c.xi,
                         .m = m,
                         .first = true,
                         .level = KERNEL_CROSS};
    for (size_t k = 2; k < N_SCALARS; k++)
        c.u[k] = machine_number(1000 + k);
    c.u[PLAN_ZERO] = 0.0;
    c.u[PLAN_ONE] = 1.0;
    for (size_t k = 0; k < sizeof c.pack / sizeof c.pack[0]; k++)
        c.pack[k] = machine_number(2000 + k);
    return c;
}

static inline void machine_clear(machine *c)
{
    free(c->rows);
    free(c->before);
    free(c->scratch);
    free(c->xi);
}

static inline void machine_run(machine *c, const uint32_t *code, size_t n)
{
    c->b.u = c->u;
    c->b.pack = c->pack;
    c->b.sums = c->sums;
    c->kernels->run(&c->b, code, n);
}

/* Lane l of a row, now and before. */
static inline double machine_at(const machine *c, size_t row, size_t l)
{
    return c->rows[row * c->b.stride + l];
}
static inline double machine_before(const machine *c, size_t row, size_t l)
{
    return c->before[row * c->b.stride + l];
}

/* assert_scaled and ck_assert for the many numbers of a block: Check itself is slow. */
static inline void machine_expect(double actual, double want, double scale, double ulps)
{
    if (!(test_distance(actual, want, scale) <= ulps))
        assert_scaled(actual, want, scale, ulps);
}
static inline void machine_expect_same(double actual, double want)
{
    if (!(actual == want))
        ck_abort_msg("%.17g, expected %.17g", actual, want);
}

/* Rows from `first` on, and what lies between rows, are as they were. */
static inline void machine_expect_untouched(const machine *c, size_t first)
{
    size_t n = (N_ROWS - first) * c->b.stride;
    ck_assert_mem_eq(c->rows + first * c->b.stride, c->before + first * c->b.stride,
                     n * sizeof *c->rows);
    for (size_t r = 0; r < first; r++)
        for (size_t l = c->b.lanes; l < c->b.stride; l++)
            machine_expect_same(machine_at(c, r, l), machine_before(c, r, l));
}

/* Runs `check` for every instruction set that is available. */
static inline void machine_for_each(void (*check)(ad_isa isa, size_t n_valid))
{
    static const size_t n[] = {1, 3, 7, 8, 9, 16, 31, 33, 64, 75, 129, 136};
    for (int isa = AD_ISA_BASELINE; ad_isa_name((ad_isa)isa); isa++)
        for (size_t k = 0; k < sizeof n / sizeof n[0] && ad_isa_is_available((ad_isa)isa); k++)
            check((ad_isa)isa, n[k]);
}

#endif
