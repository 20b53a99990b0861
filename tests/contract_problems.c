/* One contract for every row of the registry, whatever it is. */
#include "tests/ad_fixture.h"

#include <meka/problems.h>
#include <stdlib.h>

typedef struct instance {
    const prob_problem *row;
    prob_instance problem;
    fixture ad;
    size_t d;
    double *g, *h, *v, *x; /* [d] each, for the tests' use */
} instance;

static instance make(const prob_problem *row, uint64_t seed)
{
    instance it = {.row = row};
    meka_error err = {0};
    assert_ok(prob_create(&it.problem, row, &(prob_request){.seed = seed}, &err), err);
    it.ad = fixture_make(&it.problem.objective, 0);
    it.d = it.problem.objective.n_params;
    it.g = calloc(4 * it.d, sizeof(double));
    it.h = it.g + it.d;
    it.v = it.h + it.d;
    it.x = it.v + it.d;
    return it;
}

static void clear(instance *it)
{
    free(it->g);
    fixture_clear(&it->ad);
    prob_destroy(&it->problem);
}

/* The i-th row that can be made without files; advances i. */
static const prob_problem *next(size_t *i)
{
    const prob_problem *row;
    while ((row = prob_problem_at((*i)++)) && row->needs_data)
        ;
    return row;
}

/* One of each, made once: networks take their time.  [n_made], in the order of next(). */
static instance *made;
static size_t n_made;

static void make_all(void)
{
    const prob_problem *row;
    for (size_t i = 0; (row = next(&i));) {
        made = realloc(made, (n_made + 1) * sizeof *made);
        made[n_made++] = make(row, 3);
    }
}

static void clear_all(void)
{
    for (size_t i = 0; i < n_made; i++)
        clear(&made[i]);
    free(made);
}

START_TEST(names_are_unique_words_with_dashes_and_everything_known_is_said)
{
    const prob_problem *row, *found;
    for (size_t i = 0; (row = prob_problem_at(i)); i++) {
        ck_assert_uint_eq(strspn(row->name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
                          strlen(row->name));
        ck_assert_int_eq(prob_problem_find(&found, row->name, NULL), MEKA_OK);
        ck_assert_ptr_eq(found, row);
        ck_assert(row->summary && row->reference && row->make);
    }
}
END_TEST

/* x with every entry rounded is off by eps |x_k|, so that the gradient is by |H| |x| eps.  The
 * value's relative error is up to 1e-11 where residuals are differences of large numbers. */
static void assert_stationary(instance *it, const char *name, const double *point)
{
    const prob_instance *p = &it->problem;
    size_t d = it->d;
    double *scale = calloc(d, sizeof *scale);
    for (size_t k = 0; k < d; k++) {
        memset(it->v, 0, d * sizeof *it->v);
        it->v[k] = 1.0;
        ad_moments m = {.grad_mean = it->g, .hvp_mean = it->h};
        ck_assert_int_eq(ad_eval_moments(it->ad.batch, point, it->v, p->source.n_population,
                                         p->source.population, &m, NULL),
                         MEKA_OK);
        ck_assert_msg(fabs(m.loss_mean - p->minimum) <= 1e-14 + 1e-11 * fabs(p->minimum),
                      "%s is %.17g at its minimum, not %.17g", name, m.loss_mean, p->minimum);
        for (size_t j = 0; j < d; j++)
            scale[j] += fabs(it->h[j] * point[k]);
    }
    for (size_t j = 0; j < d; j++)
        ck_assert_msg(fabs(it->g[j]) <= 1e-12 + 64.0 * DBL_EPSILON * scale[j],
                      "%s: derivative %zu at the minimum is %g, rounding %g", name, j, it->g[j],
                      DBL_EPSILON * scale[j]);
    free(scale);
}

START_TEST(every_problem_is_stationary_at_its_known_minima_and_has_the_stated_value)
{
    for (size_t i = 0; i < n_made; i++) {
        instance it = made[i];
        const prob_instance *p = &it.problem;
        if (p->minimizer && p->n_minimizers == 0)
            assert_stationary(&it, it.row->name, p->minimizer);
        for (size_t k = 0; k < p->n_minimizers; k++)
            assert_stationary(&it, it.row->name, p->minimizer + k * it.d);
    }
}
END_TEST

START_TEST(the_mean_gradient_of_many_samples_is_that_of_the_population)
{
    for (size_t i = 0; i < n_made; i++) {
        instance it = made[i];
        const prob_instance *p = &it.problem;
        /* at most about 100 MB of them; many, since few samples reach some weights at all */
        size_t m = p->source.n_features, n = m < 600 ? 20000 : 12000000 / m;
        if (!p->source.n_population)
            continue;
        double *xi = malloc((n * p->source.n_features + 1) * sizeof *xi);
        p->source.draw(p->source.ctx, 1, 0, n, xi);
        ad_moments of_samples = {.grad_mean = it.g, .grad_var = it.v};
        ad_moments of_population = {.grad_mean = it.h};
        ad_eval_moments(it.ad.batch, p->objective.x0, NULL, n, xi, &of_samples, NULL);
        ad_eval_moments(it.ad.batch, p->objective.x0, NULL, p->source.n_population,
                        p->source.population, &of_population, NULL);
        for (size_t j = 0; j < it.d; j++) /* five standard errors */
            ck_assert_double_le(fabs(it.g[j] - it.h[j]),
                                5.0 * sqrt(it.v[j] / n) + 1e-12 * (1.0 + fabs(it.h[j])));
        free(xi);
    }
}
END_TEST

/* Sample i of a batch of n is a function of (seed, step, i), or, where a source goes through
 * its rows in turn, of (seed, step n + i): batches of 8 at step 11 begin where those of 2 do
 * at 44. */
START_TEST(samples_are_a_function_of_seed_and_step_and_rows_do_not_depend_on_the_batch)
{
    for (size_t i = 0; i < n_made; i++) {
        instance it = made[i];
        const meka_source *s = &it.problem.source;
        size_t one = s->n_features * sizeof(double);
        double *a = malloc(8 * one), *b = malloc(3 * one);
        s->draw(s->ctx, 7, 11, 8, a);
        s->draw(s->ctx, 7, 11, 3, b);
        bool by_step = memcmp(a, b, 3 * one) == 0;
        s->draw(s->ctx, 7, 44, 2, b);
        ck_assert_msg(by_step != (memcmp(a, b, 2 * one) == 0), "%s", it.row->name);
        s->draw(s->ctx, 7, 0, 8, a);
        s->draw(s->ctx, 7, 0, 3, b);
        ck_assert_mem_eq(a, b, 3 * one);
        s->draw(s->ctx, 7, 12, 3, b);
        ck_assert_mem_ne(a, b, 3 * one);
        s->draw(s->ctx, 8, 0, 3, b);
        ck_assert_mem_ne(a, b, 3 * one);
        free(a);
        free(b);
    }
}
END_TEST

START_TEST(the_same_seed_makes_the_same_instance)
{
    for (size_t i = 0; i < n_made; i++) {
        instance a = made[i], b = make(a.row, 3);
        const meka_source *s = &a.problem.source, *t = &b.problem.source;
        ck_assert_mem_eq(a.problem.objective.x0, b.problem.objective.x0, a.d * sizeof(double));
        ck_assert_uint_eq(s->n_population, t->n_population);
        if (s->n_population)
            ck_assert_mem_eq(s->population, t->population,
                             s->n_population * s->n_features * sizeof(double));
        double *xi = malloc((s->n_features + 1) * sizeof *xi), loss[2];
        s->draw(s->ctx, 1, 2, 1, xi);
        ad_eval_samples(a.ad.batch, a.problem.objective.x0, NULL, 1, xi, loss, a.g, NULL, NULL);
        ad_eval_samples(b.ad.batch, b.problem.objective.x0, NULL, 1, xi, loss + 1, b.g, NULL,
                        NULL);
        ck_assert_mem_eq(loss, loss + 1, sizeof *loss);
        ck_assert_mem_eq(a.g, b.g, a.d * sizeof *a.g);
        free(xi);
        clear(&b);
    }
}
END_TEST

/* The loss of sample xi at x0 + a v, in extended precision. */
static long double along(const instance *it, const double *xi, const double *v, long double a)
{
    size_t m = it->problem.source.n_features;
    long double *wide = malloc((it->d + m) * sizeof *wide), loss = 0;
    for (size_t k = 0; k < it->d; k++)
        wide[k] = it->problem.objective.x0[k] + a * v[k];
    for (size_t k = 0; k < m; k++)
        wide[it->d + k] = xi[k];
    ck_assert_int_eq(ad_program_eval_extended(it->ad.program, wide, wide + it->d, &loss, NULL),
                     MEKA_OK);
    free(wide);
    return loss;
}

/* Slope and curvature at x0 along v by differences of fourth order with step h and half of it;
 * their own errors are what halving changes, and rounding. */
typedef struct differences {
    long double slope, curvature, slope_error, curvature_error;
} differences;

static differences differentiate(const instance *it, const double *xi, long double h)
{
    long double f[5], slope[2], curvature[2], size = 0;
    for (int half = 0; half < 2; half++) {
        h *= half ? 0.5L : 1.0L;
        for (int k = -2; k <= 2; k++) {
            f[k + 2] = along(it, xi, it->v, k * h);
            size = fmaxl(size, fabsl(f[k + 2]));
        }
        slope[half] = (8 * (f[3] - f[1]) - (f[4] - f[0])) / (12 * h);
        curvature[half] = (16 * (f[3] + f[1]) - (f[4] + f[0]) - 30 * f[2]) / (12 * h * h);
    }
    long double eps = 64 * LDBL_EPSILON * size;
    return (differences){slope[1], curvature[1], fabsl(slope[0] - slope[1]) + eps / h,
                         fabsl(curvature[0] - curvature[1]) + 4 * eps / (h * h)};
}

/* The most exact differences of those with steps 1e-3, 1e-4, ... 1e-7; no more are taken than
 * it needs to know slope and curvature well.  Smooth functions need one, those with kinks a
 * step so short that there is none within it. */
static differences differentiate_well(const instance *it, const double *xi, double slope_scale,
                                      double curvature_scale)
{
    differences best = {0, 0, INFINITY, INFINITY};
    for (int k = 3; k <= 7; k++) {
        differences d = differentiate(it, xi, powl(10, -k));
        if (d.slope_error < best.slope_error) {
            best.slope = d.slope;
            best.slope_error = d.slope_error;
        }
        if (d.curvature_error < best.curvature_error) {
            best.curvature = d.curvature;
            best.curvature_error = d.curvature_error;
        }
        if (best.slope_error <= 1e-6L * slope_scale &&
            best.curvature_error <= 1e-4L * curvature_scale)
            break;
    }
    return best;
}

static void assert_line(instance *it, const char *name, const double *xi)
{
    ad_eval_samples(it->ad.batch, it->problem.objective.x0, it->v, 1, xi, NULL, it->g, it->h,
                    NULL);
    double vg = 0, vhv = 0, scale_g = 0, scale_h = 0;
    for (size_t k = 0; k < it->d; k++) {
        vg += it->v[k] * it->g[k];
        vhv += it->v[k] * it->h[k];
        scale_g += fabs(it->v[k] * it->g[k]);
        scale_h += fabs(it->v[k] * it->h[k]);
    }
    differences d = differentiate_well(it, xi, scale_g, scale_h);
    ck_assert_msg(fabsl(vg - d.slope) <= d.slope_error + 1e-9L * scale_g,
                  "%s: slope %.12g, by differences %.12Lg +- %.2Lg", name, vg, d.slope,
                  d.slope_error);
    ck_assert_msg(fabsl(vhv - d.curvature) <= d.curvature_error + 1e-9L * scale_h,
                  "%s: curvature %.12g, by differences %.12Lg +- %.2Lg", name, vhv, d.curvature,
                  d.curvature_error);
}

START_TEST(gradients_and_hessian_vector_products_are_those_of_differences)
{
    for (size_t i = 0; i < n_made; i++) {
        instance it = made[i];
        const meka_source *s = &it.problem.source;
        double *xi = malloc((s->n_features + 1) * sizeof *xi);
        s->draw(s->ctx, 1, 2, 1, xi);
        for (size_t k = 0; k < it.d && k < 12; k++) { /* along axes */
            memset(it.v, 0, it.d * sizeof *it.v);
            it.v[k] = fmax(0.01, fabs(it.problem.objective.x0[k]));
            assert_line(&it, it.row->name, xi);
        }
        for (uint64_t k = 0; k < 4; k++) { /* and at random: the Hessian's mixed entries */
            meka_rng rng;
            meka_rng_init(&rng, 5, MEKA_STREAM_TEST, i, k);
            for (size_t j = 0; j < it.d; j++)
                it.v[j] = meka_rng_normal(&rng) * fmax(0.01, fabs(it.problem.objective.x0[j]));
            assert_line(&it, it.row->name, xi);
        }
        free(xi);
    }
}
END_TEST

START_TEST(hessians_are_symmetric)
{
    for (size_t i = 0; i < n_made; i++) {
        instance it = made[i];
        const meka_source *s = &it.problem.source;
        const double *x0 = it.problem.objective.x0;
        double *xi = malloc((s->n_features + 1) * sizeof *xi);
        s->draw(s->ctx, 1, 2, 1, xi);
        meka_rng rng;
        meka_rng_init(&rng, 6, MEKA_STREAM_TEST, i, 0);
        double *u = it.x, left = 0, right = 0, scale = 0;
        for (size_t j = 0; j < it.d; j++) {
            u[j] = meka_rng_normal(&rng);
            it.v[j] = meka_rng_normal(&rng);
        }
        ad_eval_samples(it.ad.batch, x0, it.v, 1, xi, NULL, NULL, it.h, NULL);
        for (size_t j = 0; j < it.d; j++) {
            left += u[j] * it.h[j];
            scale += fabs(u[j] * it.h[j]);
        }
        ad_eval_samples(it.ad.batch, x0, u, 1, xi, NULL, NULL, it.h, NULL);
        for (size_t j = 0; j < it.d; j++) {
            right += it.v[j] * it.h[j];
            scale += fabs(it.v[j] * it.h[j]);
        }
        ck_assert_msg(fabs(left - right) <= 1e-12 * scale, "%s: u'Hv = %.17g, v'Hu = %.17g",
                      it.row->name, left, right);
        free(xi);
    }
}
END_TEST

START_TEST(held_out_samples_are_read_in_any_pieces_and_scores_are_0_or_1)
{
    for (size_t i = 0; i < n_made; i++) {
        instance it = made[i];
        const meka_samples *test = &it.problem.test;
        size_t n = test->n_rows < 40 ? test->n_rows : 40, m = test->n_features;
        double *xi = malloc((n + 1) * m * sizeof *xi + 1), score[40];
        if (n > 0) {
            ck_assert_uint_eq(m, it.problem.objective.n_features);
            test->read(test->ctx, test->n_rows - n, n, xi);
            for (size_t k = 0; k < n; k++) {
                test->read(test->ctx, test->n_rows - n + k, 1, xi + n * m);
                ck_assert_mem_eq(xi + n * m, xi + k * m, m * sizeof *xi);
            }
        }
        if (it.problem.score.record) {
            ck_assert_uint_gt(n, 0);
            fixture f = fixture_make(&it.problem.score, 0);
            ck_assert_int_eq(ad_eval_samples(f.batch, it.problem.score.x0, NULL, n, xi, score,
                                             NULL, NULL, NULL),
                             MEKA_OK);
            for (size_t k = 0; k < n; k++)
                ck_assert_msg(score[k] == 0.0 || score[k] == 1.0, "%s", it.row->name);
            fixture_clear(&f);
        }
        free(xi);
    }
}
END_TEST

/* Few rows, where there is a choice: memory fails once for every allocation. */
static const char *of_few_rows(const prob_problem *row)
{
    for (size_t i = 0; i < row->options.n; i++)
        if (strcmp(row->options.row[i].name, "train-rows") == 0)
            return "train-rows=10 test-rows=10";
    return NULL;
}

static meka_status make_one(void *ctx, meka_error *err)
{
    prob_instance p = {0};
    const prob_request request = {.settings = of_few_rows(ctx), .seed = 1};
    meka_status status = prob_create(&p, ctx, &request, err);
    prob_destroy(&p);
    return status;
}

START_TEST(memory_running_out_is_reported)
{
    const prob_problem *row;
    for (size_t i = 0; (row = next(&i));)
        ck_assert_uint_ge(test_every_allocation(make_one, (void *)(uintptr_t)row), 2);
}
END_TEST

TEST_MAIN_WITHIN("contract_problems", make_all, clear_all,
                 names_are_unique_words_with_dashes_and_everything_known_is_said,
                 every_problem_is_stationary_at_its_known_minima_and_has_the_stated_value,
                 the_mean_gradient_of_many_samples_is_that_of_the_population,
                 samples_are_a_function_of_seed_and_step_and_rows_do_not_depend_on_the_batch,
                 the_same_seed_makes_the_same_instance,
                 gradients_and_hessian_vector_products_are_those_of_differences,
                 hessians_are_symmetric,
                 held_out_samples_are_read_in_any_pieces_and_scores_are_0_or_1,
                 memory_running_out_is_reported)
