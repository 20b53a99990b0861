#include "tests/ad_fixture.h"

#include <meka/problems.h>

typedef struct instance {
    prob_instance problem;
    fixture ad;
} instance;

static instance make(const prob_problem *row, const char *settings, uint64_t seed)
{
    instance it = {0};
    meka_error err = {0};
    ck_assert_msg(!prob_create(&it.problem, row,
                               &(prob_request){.settings = settings, .seed = seed}, &err),
                  "%s", err.text);
    it.ad = fixture_make(&it.problem.objective, 0);
    return it;
}

static void clear(instance *it)
{
    fixture_clear(&it->ad);
    prob_destroy(&it->problem);
}

START_TEST(rosenbrock_has_its_published_values)
{
    const prob_problem *row;
    ck_assert_int_eq(prob_problem_find(&row, "rosenbrock", NULL), MEKA_OK);
    instance it = make(row, NULL, 1);
    double xi = 1.0, loss, grad[2], start[2] = {-1.2, 1.0}, v[2] = {1, 0}, hvp[2];
    ad_eval_samples(it.ad.batch, start, v, 1, &xi, &loss, grad, hvp, NULL);
    assert_ulps(loss, 24.2, 2); /* More, Garbow, Hillstrom 1981, problem 1 */
    assert_ulps(grad[0], -215.6, 2);
    assert_ulps(grad[1], -88.0, 4);
    assert_ulps(hvp[0], 1330.0, 2); /* 1200 x^2 - 400 y + 2 */
    assert_ulps(hvp[1], 480.0, 2);  /* -400 x */
    clear(&it);
}
END_TEST

START_TEST(unknown_names_and_values_are_refused_with_what_would_be_right)
{
    const prob_problem *row;
    prob_instance p = {0};
    meka_error err;
    assert_fails(prob_problem_find(&row, "rosenbroc", &err), err, MEKA_ERR_INPUT,
                 "no problem is called 'rosenbroc'");
    ck_assert_ptr_nonnull(strstr(err.text, "similar: rosenbrock"));
    assert_fails(prob_problem_find(&row, "nist", &err), err, MEKA_ERR_INPUT, "nist-misra1a");
    assert_fails(prob_problem_find(&row, "q", &err), err, MEKA_ERR_INPUT, "meka list problems");
    ck_assert_ptr_null(strstr(err.text, "similar"));
    row = prob_problem_at(0);
    assert_fails(prob_create(&p, row, &(prob_request){.settings = "dim=0", .seed = 1}, &err),
                 err, MEKA_ERR_INPUT, "problem noisy-quadratic");
    assert_fails(prob_create(&p, row, &(prob_request){.settings = "size=3", .seed = 1}, &err),
                 err, MEKA_ERR_INPUT, "'size'");
    prob_destroy(&p);
    prob_destroy(NULL);
}
END_TEST

TEST_MAIN("problems", rosenbrock_has_its_published_values,
          unknown_names_and_values_are_refused_with_what_would_be_right)
