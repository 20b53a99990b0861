/* tests/reference.h - whole objectives against naive loops in extended precision: values,
 * gradients, Hessian-vector products and derivatives along a line, replayed and re-recorded. */
#ifndef TESTS_REFERENCE_H
#define TESTS_REFERENCE_H

#include <stdio.h>

#include "tests/ad_fixture.h"

enum { reference_max_params = 128, reference_max_samples = 8 };

/* An objective, and the same loss written down independently; theta [d], xi [m]. */
typedef struct reference {
    ad_objective objective;
    long double (*loss)(const long double *theta, const double *xi, const void *ctx);
} reference;

static inline long double reference_at(const reference *r, const double *theta,
                                       const double *along, long double a, const double *xi)
{
    long double point[reference_max_params];
    for (size_t j = 0; j < r->objective.n_params; j++)
        point[j] = theta[j] + a * along[j];
    return r->loss(point, xi, r->objective.ctx);
}

/* The k-th derivative, k = 1..3, of the loss along a direction: central differences of eighth
 * order (Fornberg 1988) with steps that suit 64-bit mantissas. */
static inline long double reference_slope(const reference *r, int k, const double *theta,
                                          const double *along, const double *xi)
{
    static const long double c1[] = {4.0L / 5, -1.0L / 5, 4.0L / 105, -1.0L / 280};
    static const long double c2[] = {8.0L / 5, -1.0L / 5, 8.0L / 315, -1.0L / 560};
    static const long double c3[] = {-61.0L / 30, 169.0L / 120, -3.0L / 10, 7.0L / 240};
    const long double h = k == 1 ? 0.001L : (k == 2 ? 0.002L : 0.004L);
    long double sum = k == 2 ? -205.0L / 72 * reference_at(r, theta, along, 0, xi) : 0.0L;
    for (int j = 1; j <= 4; j++) {
        long double right = reference_at(r, theta, along, j * h, xi);
        long double left = reference_at(r, theta, along, -j * h, xi);
        sum += k == 1   ? c1[j - 1] * (right - left)
               : k == 2 ? c2[j - 1] * (right + left)
                        : c3[j - 1] * (right - left);
    }
    return sum / (k == 1 ? h : (k == 2 ? h * h : h * h * h));
}

static inline void reference_close(const char *name, const char *what, size_t i, size_t j,
                                   double got, long double want, double tolerance)
{
    double scale = fmax(1.0, fabs((double)want));
    ck_assert_msg(fabs(got - (double)want) <= tolerance * scale,
                  "%s, sample %zu: %s %zu is %.17g, not %.17Lg", name, i, what, j, got, want);
}

/* One sample's numbers; (H v)_j = (D2(e_j + v) - D2(e_j) - D2(v)) / 2. */
static inline void reference_sample(const reference *r, size_t i, const double *theta,
                                    const double *v, const double *xi, double loss,
                                    const double *grad, const double *hvp)
{
    const char *name = r->objective.name;
    size_t d = r->objective.n_params;
    double unit[reference_max_params] = {0}, both[reference_max_params];
    long double along_v = reference_slope(r, 2, theta, v, xi);
    reference_close(name, "loss", i, 0, loss, reference_at(r, theta, v, 0, xi), 4e-15);
    memcpy(both, v, d * sizeof *v);
    for (size_t j = 0; j < d; j++) {
        unit[j] = 1;
        both[j] += 1;
        reference_close(name, "gradient", i, j, grad[j], reference_slope(r, 1, theta, unit, xi),
                        1e-13);
        long double want = (reference_slope(r, 2, theta, both, xi) -
                            reference_slope(r, 2, theta, unit, xi) - along_v) /
                           2;
        reference_close(name, "hvp", i, j, hvp[j], want, 1e-11);
        unit[j] = 0;
        both[j] = v[j];
    }
}

static inline void reference_evaluate(const ad_objective *objective, const reference *r,
                                      const double *theta, const double *v, size_t n,
                                      const double *xi)
{
    static const double tolerance[] = {1e-14, 1e-13, 1e-11, 1e-7};
    size_t d = r->objective.n_params, m = r->objective.n_features;
    double loss[reference_max_samples], grad[reference_max_samples * reference_max_params],
        hvp[reference_max_samples * reference_max_params];
    ad_line_moments line = {.order = 3};
    long double want[4] = {0};
    meka_error err = {0};
    fixture f = fixture_make(objective, 3);
    assert_ok(ad_eval_samples(f.batch, theta, v, n, xi, loss, grad, hvp, &err), err);
    assert_ok(ad_eval_line(f.batch, theta, v, n, xi, &line, &err), err);
    for (size_t i = 0; i < n; i++) {
        const double *sample = m ? xi + i * m : NULL;
        reference_sample(r, i, theta, v, sample, loss[i], grad + i * d, hvp + i * d);
        for (int k = 0; k <= 3; k++)
            want[k] += (k == 0 ? reference_at(r, theta, v, 0, sample)
                               : reference_slope(r, k, theta, v, sample)) /
                       n;
    }
    for (size_t k = 0; k <= 3; k++)
        reference_close(r->objective.name, "line", 0, k, line.mean[k], want[k], tolerance[k]);
    fixture_clear(&f);
}

/* The same objective, recorded anew for every sample. */
static inline ad_var reference_again(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                                     const void *ctx)
{
    const ad_objective *inner = ctx;
    (void)ad_value(theta[0]);
    return inner->record(tape, theta, xi, inner->ctx);
}

/* Everything the toolkit computes at theta [d] along v [d] for xi [n][m]. */
static inline void reference_check(const reference *r, const double *theta, const double *v,
                                   size_t n, const double *xi)
{
    ck_assert_uint_le(r->objective.n_params, reference_max_params);
    ck_assert_uint_le(n, reference_max_samples);
    ad_objective again = r->objective;
    again.record = reference_again;
    again.ctx = &r->objective;
    reference_evaluate(&r->objective, r, theta, v, n, xi);
    reference_evaluate(&again, r, theta, v, n, xi);
}

/* A reproducible number in (-1, 1) for the k-th of something. */
static inline double reference_number(size_t k)
{
    return sin(1.7 * (double)k + 0.4) * 0.9;
}

#endif
