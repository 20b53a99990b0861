/* tests/edge_fixture.h - single operations at the edges of their domains. */
#ifndef TESTS_EDGE_FIXTURE_H
#define TESTS_EDGE_FIXTURE_H

#include "tests/program_checks.h"

#include <stdlib.h>

enum { N_BLOCK = 67, VALUE_UNITS = 4, NEIGHBOUR_UNITS = 9 };

typedef struct subject {
    ad_op op;
    random_program program;
    checker c;
} subject;

/* f(theta + xi) and its derivatives along v = (v0, v1). */
static inline subject *subject_create(ad_op op, double v0, double v1, ad_isa isa,
                                      size_t n_lanes)
{
    subject *s = malloc(sizeof *s);
    ck_assert_ptr_nonnull(s);
    s->op = op;
    random_program_single(&s->program, op);
    s->program.v[0] = v0;
    s->program.v[1] = v1;
    checker_init(&s->c, &s->program, (setup){.isa = isa, .n_lanes = n_lanes});
    return s;
}

/* f(xi) itself. */
static inline subject *subject_create_direct(ad_op op, ad_isa isa, size_t n_lanes)
{
    subject *s = malloc(sizeof *s);
    ck_assert_ptr_nonnull(s);
    s->op = op;
    random_program_direct(&s->program, op);
    checker_init(&s->c, &s->program, (setup){.isa = isa, .n_lanes = n_lanes});
    return s;
}

static inline void subject_destroy(subject *s)
{
    checker_clear(&s->c);
    free(s);
}

/* xi [n][d] -> loss [n], grad [n][d], hvp [n][d]; checks the status against them. */
static inline void subject_evaluate(const subject *s, int n, const double *xi, double *loss,
                                    double *grad, double *hvp)
{
    const random_program *p = &s->program;
    meka_error err = {0};
    bool finite = true;
    meka_status status =
        ad_eval_samples(s->c.batch, p->theta, p->v, (size_t)n, xi, loss, grad, hvp, &err);
    for (int i = 0; i < n; i++)
        finite = finite && isfinite(loss[i]);
    for (int i = 0; i < n * p->d; i++)
        finite = finite && isfinite(grad[i]) && isfinite(hvp[i]);
    ck_assert_msg(status == (finite ? MEKA_OK : MEKA_NONFINITE),
                  "%s: results are %s, but the status is '%s'", ad_op_name(s->op),
                  finite ? "finite" : "not all finite", meka_status_name(status));
}

/* The same class and sign, within a few units where finite and not zero. */
static inline bool same_value(double got, double want, double units)
{
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got);
    if (isinf(want) || isinf(got))
        return want == got || fabs(want) + fabs(got) == INFINITY;
    if (want == 0.0)
        return got == 0.0 && signbit(got) == signbit(want);
    return fabs(got - want) <= units * fmax(DBL_EPSILON * fabs(want), 5e-324) &&
           signbit(got) == signbit(want);
}

/* An ordinary argument of every operation's domain, another for every lane. */
static inline double ordinary(ad_op op, int lane)
{
    double x = 0.3 + 0.5 * lane / N_BLOCK;
    return op == AD_OP_acosh ? x + 1.2 : x;
}

#endif
