/* tests/program_checks.h - what the toolkit says about a random program against what the
 * oracle says, to the oracle's own error bounds.
 *
 * An error of SLACK times the bound e is allowed.  e counts each rounding once and to first
 * order; passes that reorder sums and products (AD_PASS_FUSE, AD_PASS_GROUP) may make a term
 * go through as many again.  Nothing that is wrong in a formula fits into it: the bounds are
 * some ten to a thousand units in the last place. */
#ifndef TESTS_PROGRAM_CHECKS_H
#define TESTS_PROGRAM_CHECKS_H

#include "tests/random_program.h"
#include "tests/testing.h"

/* TEST_MAIN for tests that need the oracle: where there is no quad precision they skip (77 is
 * meson's word for it). */
#define QUAD_TEST_MAIN(name, ...)                                                              \
    int main(void)                                                                             \
    {                                                                                          \
        const TTest *const list[] = {__VA_ARGS__};                                             \
        if (QUAD_DIGITS < 113) {                                                               \
            puts("skipped: no floating point of 113 bits, which the oracle computes in");      \
            return 77;                                                                         \
        }                                                                                      \
        return test_run(name, list, sizeof list / sizeof list[0], NULL, NULL);                 \
    }

/* How a program is evaluated. */
typedef struct setup {
    unsigned passes_off;
    size_t n_lanes, n_threads;
    ad_isa isa;
} setup;

enum { SLACK = 2 };

typedef enum quantity {
    Q_LOSS,
    Q_GRAD,
    Q_HVP,
    Q_LINE,
    Q_MEAN,
    Q_COVARIANCE,
    Q_SYMMETRY,
    N_QUANTITIES
} quantity;

/* A program under test in one setup. */
typedef struct checker {
    const random_program *p;
    setup how;
    bool quiet;                 /* differences are counted, else they fail the test */
    int n_differences;          /* so far */
    double worst[N_QUANTITIES]; /* largest error seen in units of its bound */
    ad_program *program;
    ad_batch *batch;
} checker;

/* Creates program and batch (the test fails if that fails), and destroys them. */
void checker_init(checker *c, const random_program *p, setup how);
void checker_clear(checker *c);

/* got is want to its bound, and to `extra` units more. */
void check_value(checker *c, quantity q, const char *what, int sample, int index, double got,
                 approx want, double extra);

/* Evaluates and compares.  Bits of `pieces` choose which outputs are asked for. */
enum { PIECE_LOSS = 1, PIECE_GRAD = 2, PIECE_HVP = 4 };
void check_samples(checker *c, unsigned pieces);
void check_line(checker *c, int order);
enum {
    PIECE_GRAD_MEAN = 1,
    PIECE_HVP_MEAN = 2,
    PIECE_GRAD_VAR = 4,
    PIECE_HVP_VAR = 8,
    PIECE_CROSS = 16,
    PIECE_GRAD_COV = 32,
    PIECE_HVP_COV = 64,
    PIECE_TRACES = 128,
    PIECE_ALL = 255,
    PIECE_NEEDS_V = PIECE_HVP_MEAN | PIECE_HVP_VAR | PIECE_CROSS | PIECE_HVP_COV
};
void check_moments(checker *c, unsigned pieces);
/* Means left with the batch, with or without a v: inner products and combinations, before and
 * after a line `again`. */
void check_deferred(checker *c, bool along);

/* Samples in another order: each still gets what it got. */
void check_rotated(checker *c, int by);
/* u.(H v) = v.(H u) */
void check_symmetry(checker *c);

/* The instruction sets there are here; returns how many. */
int available_isas(ad_isa isa[8]);

#endif
