/* The models of NIST's nonlinear regressions on files that this test makes up, against
 * transcriptions of the published formulas. */
#include "tests/ad_fixture.h"

#include <math.h>
#include <meka/problems.h>
#include <stdio.h>
#include <string.h>

enum { MAX_D = 9, N_ROWS = 12 };

/* y = f(x; b), or log(y) for Nelson; b[1] .. b[9] as NIST counts them. */
static double formula(const char *name, const double *certified, const double *x)
{
    const double *b = certified - 1, pi = acos(-1.0), t = x[0];
    if (!strcmp(name, "misra1a") || !strcmp(name, "boxbod"))
        return b[1] * (1 - exp(-b[2] * t));
    if (!strncmp(name, "chwirut", 7))
        return exp(-b[1] * t) / (b[2] + b[3] * t);
    if (!strncmp(name, "lanczos", 7))
        return b[1] * exp(-b[2] * t) + b[3] * exp(-b[4] * t) + b[5] * exp(-b[6] * t);
    if (!strncmp(name, "gauss", 5))
        return b[1] * exp(-b[2] * t) + b[3] * exp(-pow(t - b[4], 2) / pow(b[5], 2)) +
               b[6] * exp(-pow(t - b[7], 2) / pow(b[8], 2));
    if (!strcmp(name, "danwood"))
        return b[1] * pow(t, b[2]);
    if (!strcmp(name, "misra1b"))
        return b[1] * (1 - pow(1 + b[2] * t / 2, -2));
    if (!strcmp(name, "kirby2"))
        return (b[1] + b[2] * t + b[3] * t * t) / (1 + b[4] * t + b[5] * t * t);
    if (!strcmp(name, "hahn1") || !strcmp(name, "thurber"))
        return (b[1] + b[2] * t + b[3] * pow(t, 2) + b[4] * pow(t, 3)) /
               (1 + b[5] * t + b[6] * pow(t, 2) + b[7] * pow(t, 3));
    if (!strcmp(name, "nelson"))
        return b[1] - b[2] * x[0] * exp(-b[3] * x[1]);
    if (!strcmp(name, "mgh17"))
        return b[1] + b[2] * exp(-t * b[4]) + b[3] * exp(-t * b[5]);
    if (!strcmp(name, "misra1c"))
        return b[1] * (1 - pow(1 + 2 * b[2] * t, -.5));
    if (!strcmp(name, "misra1d"))
        return b[1] * b[2] * t * pow(1 + b[2] * t, -1);
    if (!strcmp(name, "roszman1"))
        return b[1] - b[2] * t - atan(b[3] / (t - b[4])) / pi;
    if (!strcmp(name, "enso"))
        return b[1] + b[2] * cos(2 * pi * t / 12) + b[3] * sin(2 * pi * t / 12) +
               b[5] * cos(2 * pi * t / b[4]) + b[6] * sin(2 * pi * t / b[4]) +
               b[8] * cos(2 * pi * t / b[7]) + b[9] * sin(2 * pi * t / b[7]);
    if (!strcmp(name, "mgh09"))
        return b[1] * (t * t + t * b[2]) / (t * t + t * b[3] + b[4]);
    if (!strcmp(name, "rat42"))
        return b[1] / (1 + exp(b[2] - b[3] * t));
    if (!strcmp(name, "mgh10"))
        return b[1] * exp(b[2] / (t + b[3]));
    if (!strcmp(name, "eckerle4"))
        return b[1] / b[2] * exp(-0.5 * pow((t - b[3]) / b[2], 2));
    if (!strcmp(name, "rat43"))
        return b[1] / pow(1 + exp(b[2] - b[3] * t), 1 / b[4]);
    if (!strcmp(name, "bennett5"))
        return b[1] * pow(b[2] + t, -1 / b[3]);
    ck_abort_msg("%s has no transcription", name);
    return NAN;
}

typedef struct shape {
    const char *id, *name; /* "misra1a", "Misra1a" */
    size_t d, m;
} shape;

/* Of a row, from its name and what it says of its file; d and m as NIST's table has them. */
static shape shape_of(const prob_problem *row)
{
    static char name[32];
    static const struct {
        const char *ids;
        size_t d;
    } sizes[] = {{" misra1a misra1b misra1c misra1d danwood boxbod ", 2},
                 {" chwirut1 chwirut2 nelson rat42 mgh10 eckerle4 bennett5 ", 3},
                 {" mgh09 roszman1 rat43 ", 4},
                 {" kirby2 mgh17 ", 5},
                 {" lanczos1 lanczos2 lanczos3 ", 6},
                 {" hahn1 thurber ", 7},
                 {" gauss1 gauss2 gauss3 ", 8},
                 {" enso ", 9}};
    char word[32];
    shape s = {.id = row->name + strlen("nist-"), .name = name};
    ck_assert_int_eq(sscanf(row->data, "NIST's file %31[A-Za-z0-9].dat", name), 1);
    snprintf(word, sizeof word, " %s ", s.id);
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
        if (strstr(sizes[k].ids, word))
            s.d = sizes[k].d;
    ck_assert_uint_gt(s.d, 0);
    s.m = strcmp(s.id, "nelson") == 0 ? 2 : 1;
    return s;
}

static double parameter(size_t k, int column)
{
    return 0.75 + 0.125 * (double)k + 0.0625 * column;
}
static double predictor(size_t i, size_t k)
{
    return 0.3 + 0.2 * (double)i + 0.1 * (double)k;
}
static double response(size_t i)
{
    return 1.5 + 0.25 * (double)(i * i % 5);
}

/* A file in NIST's layout; columns 0 and 1 of the parameters are the starts, 2 certified. */
static const char *make_file(const char *name, size_t d, size_t m)
{
    char text[8192];
    size_t n = 0, data = 8 + d + 5;
    n +=
        (size_t)snprintf(text + n, sizeof text - n,
                         "Dataset Name:  %s  (%s.dat)\nFile Format: ASCII\n"
                         "Starting Values (lines 8 to %zu)\nCertified Values (lines 8 to %zu)\n"
                         "Data (lines %zu to %zu)\nModel:  Some Class\n y = f(x)\n",
                         name, name, 7 + d, 7 + d + 4, data, data + N_ROWS - 1);
    for (size_t k = 0; k < d; k++)
        n += (size_t)snprintf(text + n, sizeof text - n, "b%zu = %.9g %.9g %.9g 0.5\n", k + 1,
                              parameter(k, 0), parameter(k, 1), parameter(k, 2));
    n += (size_t)snprintf(text + n, sizeof text - n,
                          "Residual Sum of Squares: 6.0\nResidual Standard Deviation: 0.5\n"
                          "Degrees of Freedom: %zu\nNumber of Observations: %d\nData: y x\n",
                          N_ROWS - d, N_ROWS);
    for (size_t i = 0; i < N_ROWS; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%.9g", response(i));
        for (size_t k = 0; k < m; k++)
            n += (size_t)snprintf(text + n, sizeof text - n, " %.9g", predictor(i, k));
        n += (size_t)snprintf(text + n, sizeof text - n, "\n");
    }
    ck_assert_uint_lt(n, sizeof text);
    return test_write("invented.dat", text);
}

static const prob_problem *next(size_t *i)
{
    const prob_problem *row;
    while ((row = prob_problem_at((*i)++)) && strncmp(row->name, "nist-", 5) != 0)
        ;
    return row;
}

/* The gradient against differences of the formula, and HVPs against differences of the
 * gradient: to 1e-6 of the largest entry or 1, where h^2 and eps / h leave 1e-8. */
static void assert_derivatives(const shape *s, const prob_instance *it, const fixture *ad,
                               const double *theta)
{
    const double h = 1e-5;
    double g[MAX_D], side[2][MAX_D], hv[MAX_D], at[MAX_D];
    size_t n = it->source.n_population;
    for (size_t k = 0; k < s->d; k++) {
        meka_error err = {0};
        double v[MAX_D] = {0}, loss[2] = {0.0, 0.0}, size = 1.0;
        v[k] = 1.0;
        ad_moments m = {.grad_mean = g, .hvp_mean = hv};
        assert_ok(ad_eval_moments(ad->batch, theta, v, n, it->source.population, &m, &err),
                  err);
        for (int sign = 0; sign < 2; sign++) {
            memcpy(at, theta, sizeof at);
            at[k] += sign ? h : -h;
            ad_moments there = {.grad_mean = side[sign]};
            assert_ok(
                ad_eval_moments(ad->batch, at, NULL, n, it->source.population, &there, &err),
                err);
            for (size_t r = 0; r < N_ROWS; r++) {
                double x[2] = {predictor(r, 0), predictor(r, 1)}, y = response(r);
                double e = (s->m == 2 ? log(y) : y) - formula(s->id, at, x);
                loss[sign] += e * e / N_ROWS;
            }
        }
        for (size_t j = 0; j < s->d; j++)
            size = fmax(size, fmax(fabs(g[j]), fabs(hv[j])));
        ck_assert_msg(fabs((loss[1] - loss[0]) / (2 * h) - g[k]) < 1e-6 * size,
                      "%s gradient %zu", s->id, k);
        for (size_t j = 0; j < s->d; j++)
            ck_assert_msg(fabs((side[1][j] - side[0][j]) / (2 * h) - hv[j]) < 1e-6 * size,
                          "%s Hessian %zu %zu", s->id, k, j);
    }
}

START_TEST(every_model_is_its_published_formula)
{
    const prob_problem *row;
    size_t n = 0;
    for (size_t i = 0; (row = next(&i)); n++) {
        meka_error err = {0};
        prob_instance it;
        shape s = shape_of(row);
        const prob_request request = {.settings = "start=2",
                                      .data = make_file(s.name, s.d, s.m)};
        assert_ok(prob_create(&it, row, &request, &err), err);
        fixture ad = fixture_make(&it.objective, 0);
        double theta[MAX_D] = {0}, loss[N_ROWS];
        for (size_t k = 0; k < s.d; k++) {
            ck_assert_double_eq(it.objective.x0[k], parameter(k, 1));
            ck_assert_double_eq(it.minimizer[k], parameter(k, 2));
            theta[k] = parameter(k, 0);
        }
        ck_assert_double_eq(it.minimum, 6.0 / N_ROWS);
        ck_assert_uint_eq(it.source.n_population, N_ROWS);
        assert_ok(ad_eval_samples(ad.batch, theta, NULL, N_ROWS, it.source.population, loss,
                                  NULL, NULL, &err),
                  err);
        for (size_t r = 0; r < N_ROWS; r++) {
            double x[2] = {predictor(r, 0), predictor(r, 1)}, y = response(r);
            double e = (s.m == 2 ? log(y) : y) - formula(s.id, theta, x);
            /* the terms of the models are of size 1 to 10 here */
            ck_assert_msg(fabs(loss[r] - e * e) < 1e-12 * (1 + e * e), "%s row %zu: %g, not %g",
                          row->name, r, loss[r], e * e);
        }
        assert_derivatives(&s, &it, &ad, theta);
        fixture_clear(&ad);
        prob_destroy(&it);
    }
    ck_assert_uint_eq(n, 27);
}
END_TEST

START_TEST(a_file_of_another_data_set_or_shape_is_refused)
{
    static const struct {
        const char *problem, *name;
        size_t d, m;
        const char *what;
    } bad[] = {
        {"nist-misra1a", "Misra1b", 2, 1, "'Misra1b'; this problem needs Misra1a.dat"},
        {"nist-misra1a", "Misra1a", 3, 1, "values of 3 parameters, but the model of Misra1a"},
        {"nist-nelson", "Nelson", 3, 1, "data of 1 predictors, but the model of Nelson has 2"},
        {"nist-misra1a", "Misra1a", 2, 2, "data of 2 predictors, but the model of Misra1a"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        const prob_problem *row;
        meka_error err = {0};
        prob_instance it;
        assert_ok(prob_problem_find(&row, bad[k].problem, &err), err);
        const prob_request request = {.data = make_file(bad[k].name, bad[k].d, bad[k].m)};
        assert_fails(prob_create(&it, row, &request, &err), err, MEKA_ERR_INPUT, bad[k].what);
    }
}
END_TEST

START_TEST(there_are_two_starts)
{
    const prob_problem *row;
    meka_error err = {0};
    prob_instance it;
    assert_ok(prob_problem_find(&row, "nist-boxbod", &err), err);
    const prob_request request = {.settings = "start=3", .data = make_file("BoxBOD", 2, 1)};
    assert_fails(prob_create(&it, row, &request, &err), err, MEKA_ERR_INPUT, "start");
}
END_TEST

TEST_MAIN("nist_models", every_model_is_its_published_formula,
          a_file_of_another_data_set_or_shape_is_refused, there_are_two_starts)
