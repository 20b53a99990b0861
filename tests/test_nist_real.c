/* NIST's nonlinear regressions on copies of the real files: in the directory nist-strd/ of the
 * one that the environment variable MEKA_DATA names.  Without it the program says so and ends
 * with status 77.  Files that are not there are left out. */
#include "tests/ad_fixture.h"

#include <limits.h>
#include <math.h>
#include <meka/optim.h>
#include <meka/problems.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_D = 9 };

/* The i-th regression whose file is there; advances i. */
static const prob_problem *next(size_t *i, char path[PATH_MAX])
{
    const prob_problem *row;
    while ((row = prob_problem_at((*i)++))) {
        char name[32];
        if (strncmp(row->name, "nist-", 5) != 0 ||
            sscanf(row->data, "NIST's file %31s", name) != 1)
            continue;
        snprintf(path, PATH_MAX, "%s/nist-strd/%s", getenv("MEKA_DATA"), name);
        if (access(path, R_OK) == 0)
            break;
    }
    return row;
}

static prob_instance make(const prob_problem *row, const char *path, int start)
{
    char settings[32];
    prob_instance it;
    meka_error err = {0};
    snprintf(settings, sizeof settings, "start=%d", start);
    const prob_request request = {.settings = settings, .data = path};
    assert_ok(prob_create(&it, row, &request, &err), err);
    return it;
}

/* What parameters printed with 11 digits add to the minimum, at most:
 * 0.5 sum_jk |H_jk| e_j e_k with e_j = 5e-11 |b_j|.  Only Lanczos1 (4e-21 of a sum of squares
 * of 1.4e-25) and Lanczos2 notice. */
static double rounded_loss(const prob_instance *it, const fixture *ad)
{
    size_t d = it->objective.n_params;
    double sum = 0.0, h[MAX_D];
    for (size_t k = 0; k < d; k++) {
        double v[MAX_D] = {0};
        meka_error err = {0};
        ad_moments column = {.hvp_mean = h};
        v[k] = 1.0;
        assert_ok(ad_eval_moments(ad->batch, it->minimizer, v, it->source.n_population,
                                  it->source.population, &column, &err),
                  err);
        for (size_t j = 0; j < d; j++)
            sum += 0.5 * fabs(h[j] * it->minimizer[j] * it->minimizer[k]) * 5e-11 * 5e-11;
    }
    return sum;
}

START_TEST(the_certified_sum_of_squares_is_printed_and_reproduced)
{
    const prob_problem *row;
    char path[PATH_MAX];
    size_t n = 0;
    for (size_t i = 0; (row = next(&i, path)); n++) {
        meka_error err = {0};
        double printed;
        prob_instance it = make(row, path, 1);
        double n_rows = (double)it.source.n_population;
        fixture ad = fixture_make(&it.objective, 0);
        ad_moments m = {0};
        assert_ok(ad_eval_moments(ad.batch, it.minimizer, NULL, it.source.n_population,
                                  it.source.population, &m, &err),
                  err);
        ck_assert_int_eq(sscanf(row->minimum, "residual sum of squares %lf", &printed), 1);
        ck_assert_double_lt(fabs(printed / n_rows - it.minimum), 1e-15 * it.minimum);
        double allowed = 1e-10 * it.minimum + rounded_loss(&it, &ad);
        ck_assert_msg(fabs(m.loss_mean - it.minimum) <= allowed, "%s: %.12g, not %.12g",
                      row->name, m.loss_mean * n_rows, it.minimum * n_rows);
        fixture_clear(&ad);
        prob_destroy(&it);
    }
    ck_assert_uint_gt(n, 0);
}
END_TEST

/* Parameters printed with 11 digits are off by up to 5e-11 |b_k|, so that gradient j is by
 * 5e-11 sum_k |H_jk| |b_k|; its own terms are rounded, by 1e-13 of their mean size. */
START_TEST(the_certified_parameters_are_a_stationary_point)
{
    const prob_problem *row;
    char path[PATH_MAX];
    for (size_t i = 0; (row = next(&i, path));) {
        meka_error err = {0};
        prob_instance it = make(row, path, 1);
        size_t d = it.objective.n_params, n = it.source.n_population;
        fixture ad = fixture_make(&it.objective, 0);
        double g[MAX_D], h[MAX_D], allowed[MAX_D] = {0};
        double *each = malloc(n * d * sizeof *each);
        ad_moments m = {.grad_mean = g};
        assert_ok(
            ad_eval_moments(ad.batch, it.minimizer, NULL, n, it.source.population, &m, &err),
            err);
        assert_ok(ad_eval_samples(ad.batch, it.minimizer, NULL, n, it.source.population, NULL,
                                  each, NULL, &err),
                  err);
        for (size_t k = 0; k < n * d; k++)
            allowed[k % d] += 1e-13 * fabs(each[k]) / (double)n;
        for (size_t k = 0; k < d; k++) {
            double v[MAX_D] = {0};
            v[k] = 1.0;
            ad_moments column = {.hvp_mean = h};
            assert_ok(ad_eval_moments(ad.batch, it.minimizer, v, n, it.source.population,
                                      &column, &err),
                      err);
            for (size_t j = 0; j < d; j++)
                allowed[j] += 5e-11 * fabs(h[j] * it.minimizer[k]);
        }
        for (size_t j = 0; j < d; j++)
            ck_assert_msg(fabs(g[j]) <= allowed[j], "%s: gradient %zu is %g, allowed %g",
                          row->name, j, g[j], allowed[j]);
        free(each);
        fixture_clear(&ad);
        prob_destroy(&it);
    }
}
END_TEST

/* Correct digits of the worst parameter, at most 11: as many as are certified. */
static double digits(const prob_instance *it, const double *theta)
{
    double worst = 1e-11;
    for (size_t k = 0; k < it->objective.n_params; k++)
        worst = fmax(worst, fabs(theta[k] / it->minimizer[k] - 1.0));
    return -log10(worst);
}

/* Where `newton` does not arrive, and why. */
static const struct {
    const char *name;
    int start;
    const char *why;
} exceptions[] = {
    {"nist-lanczos1", 2, "two of the three rates meet, and the gradient keeps them equal"},
    {"nist-lanczos2", 2, "two of the three rates meet, and the gradient keeps them equal"},
    {"nist-lanczos3", 2, "two of the three rates meet, and the gradient keeps them equal"},
    {"nist-mgh09", 1, "a higher stationary point, with negative b2, b3 and b4"},
    {"nist-mgh10", 1, "b2 and b3 run away to where the model is nearly constant"},
};

static const char *exception(const char *name, int start)
{
    for (size_t k = 0; k < sizeof exceptions / sizeof exceptions[0]; k++)
        if (strcmp(exceptions[k].name, name) == 0 && exceptions[k].start == start)
            return exceptions[k].why;
    return NULL;
}

/* Runs `newton` from the instance's start; the step after which 6 digits stayed correct. */
static double run_newton(const prob_instance *it, uint64_t n_steps, uint64_t *reached)
{
    meka_error err = {0};
    fixture ad = fixture_make(&it->objective, 0);
    opt_config config = opt_config_default();
    opt_run *run;
    opt_stop stop = OPT_RUNNING;
    assert_ok(opt_method_find(&config.method, "newton", &err), err);
    config.max_steps = n_steps;
    assert_ok(opt_run_create(&run, ad.program, &it->source, &config, it->objective.x0, &err),
              err);
    *reached = 0;
    for (uint64_t t = 1; stop == OPT_RUNNING; t++) {
        assert_ok(opt_run_step(run, &stop, &err), err);
        if (digits(it, opt_run_theta(run)) < 6.0)
            *reached = t + 1;
    }
    double result = digits(it, opt_run_theta(run));
    opt_run_destroy(run);
    fixture_clear(&ad);
    return result;
}

START_TEST(newton_reaches_the_certified_parameters_from_both_starts)
{
    const prob_problem *row;
    char path[PATH_MAX];
    for (size_t i = 0; (row = next(&i, path));)
        for (int start = 1; start <= 2; start++) {
            prob_instance it = make(row, path, start);
            uint64_t reached;
            double result = run_newton(&it, 3000, &reached);
            const char *why = exception(row->name, start);
            printf("%-14s start %d: %4.1f digits, 6 of them after step %4llu\n", row->name,
                   start, result, (unsigned long long)reached);
            ck_assert_msg((result >= 6.0) == !why, "%s from start %d: %.1f digits; %s",
                          row->name, start, result, why ? why : "no exception");
            prob_destroy(&it);
        }
}
END_TEST

/* ------------------------------------------- Levenberg and Marquardt's method
 *
 * With f_i = r_i^2 the Jacobian's row is J_i = g_i / (2 r_i), whatever the sign of r_i, which
 * the gradient of each sample gives.  p solves (J'J + mu diag D^2) p = -J'r with
 * D_j = max over the iterations of |J_j| (More, "The Levenberg-Marquardt algorithm", 1978). */
typedef struct levenberg {
    const prob_instance *it;
    fixture ad;
    size_t d, n;
    double theta[MAX_D], scale[MAX_D], A[MAX_D][MAX_D], b[MAX_D];
    double loss[256], grad[256 * MAX_D];
} levenberg;

/* The sum of losses at x; A = J'J and b = J'r there. */
static double linearize(levenberg *l, const double *x)
{
    meka_error err;
    double sum = 0.0;
    if (ad_eval_samples(l->ad.batch, x, NULL, l->n, l->it->source.population, l->loss, l->grad,
                        NULL, &err) != MEKA_OK)
        return INFINITY;
    memset(l->A, 0, sizeof l->A);
    memset(l->b, 0, sizeof l->b);
    for (size_t i = 0; i < l->n; i++) {
        const double *g = l->grad + i * l->d;
        sum += l->loss[i];
        for (size_t j = 0; j < l->d; j++) {
            l->b[j] += 0.5 * g[j];
            for (size_t k = 0; k < l->d && l->loss[i] > 0.0; k++)
                l->A[j][k] += g[j] * g[k] / (4.0 * l->loss[i]);
        }
    }
    return sum;
}

/* x = theta + p by Gauss-Jordan elimination, scaled by D. */
static void move(const levenberg *l, double mu, double *x)
{
    double M[MAX_D][MAX_D + 1];
    size_t d = l->d;
    for (size_t j = 0; j < d; j++) {
        for (size_t k = 0; k < d; k++)
            M[j][k] = l->A[j][k] / l->scale[j] / l->scale[k] + (j == k ? mu : 0.0);
        M[j][d] = -l->b[j] / l->scale[j];
    }
    for (size_t j = 0; j < d; j++)
        for (size_t i = 0; i < d; i++)
            for (size_t k = d + 1; i != j && k-- > j + 1;)
                M[i][k] -= M[i][j] / M[j][j] * M[j][k];
    for (size_t j = 0; j < d; j++)
        x[j] = l->theta[j] + M[j][d] / M[j][j] / l->scale[j];
}

/* From damping mu; the steps taken until 6 digits were correct; 0: never. */
static size_t run_levenberg(const prob_instance *it, double mu, double *result)
{
    levenberg *l = calloc(1, sizeof *l);
    double x[MAX_D];
    size_t reached = 0;
    l->it = it;
    l->ad = fixture_make(&it->objective, 0);
    l->d = it->objective.n_params;
    l->n = it->source.n_population;
    ck_assert_uint_le(l->n, 256);
    memcpy(l->theta, it->objective.x0, l->d * sizeof *x);
    double f = linearize(l, l->theta);
    for (size_t t = 1; t <= 2000 && mu < 1e20; t++) {
        for (size_t j = 0; j < l->d; j++)
            l->scale[j] = fmax(fmax(l->scale[j], sqrt(l->A[j][j])), 1e-300);
        move(l, mu, x);
        double next_f = linearize(l, x);
        if (next_f < f) {
            memcpy(l->theta, x, l->d * sizeof *x);
            f = next_f;
            mu = fmax(0.2 * mu, 1e-18);
        } else {
            linearize(l, l->theta);
            mu *= 4.0;
        }
        if (reached == 0 && digits(it, l->theta) >= 6.0)
            reached = t;
    }
    *result = digits(it, l->theta);
    fixture_clear(&l->ad);
    free(l);
    return reached;
}

START_TEST(levenberg_marquardt_reaches_the_certified_parameters_from_both_starts)
{
    const prob_problem *row;
    char path[PATH_MAX];
    for (size_t i = 0; (row = next(&i, path));)
        for (int start = 1; start <= 2; start++) {
            prob_instance it = make(row, path, start);
            double result;
            /* From its far start MGH10 needs nearly undamped first steps: with more damping it
             * is not there after 2000. */
            bool far = strcmp(row->name, "nist-mgh10") == 0 && start == 1;
            size_t reached = run_levenberg(&it, far ? 1e-8 : 1e-2, &result);
            printf("LM %-14s start %d: %4.1f digits, 6 of them after step %4zu\n", row->name,
                   start, result, reached);
            ck_assert_msg(result >= 6.0, "%s from start %d: %.1f digits", row->name, start,
                          result);
            prob_destroy(&it);
        }
}
END_TEST

int main(void)
{
    const TTest *const list[] = {
        the_certified_sum_of_squares_is_printed_and_reproduced,
        the_certified_parameters_are_a_stationary_point,
        newton_reaches_the_certified_parameters_from_both_starts,
        levenberg_marquardt_reaches_the_certified_parameters_from_both_starts};
    const char *directory = getenv("MEKA_DATA");
    if (!directory || !*directory) {
        puts("skipped: the environment variable MEKA_DATA names no directory of data sets");
        return 77;
    }
    return test_run("nist_real", list, sizeof list / sizeof list[0], NULL, NULL);
}
