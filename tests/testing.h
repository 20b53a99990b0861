/* tests/testing.h - what every test file shares.
 *
 * A test file tests/test_NAME.c holds Check tests whose names are sentences, and ends with
 * a list of them:
 *
 *     #include "tests/testing.h"
 *
 *     START_TEST(a_sum_of_two_variables_is_exact)
 *     {
 *         assert_ulps(2.0 + 3.0, 5.0, 0);              // equal to 0 ulps of 5
 *         assert_scaled(1e8 - 1e8 + 1, 1.0, 1e8, 4);   // to 4 ulps of 1e8
 *     }
 *     END_TEST
 *
 *     TEST_MAIN("sum", a_sum_of_two_variables_is_exact)
 *
 * It is registered by adding its NAME to `tests` in the meson.build of the folder it tests
 * (contract tests over a registry are called tests/contract_NAME.c, registered whole).
 * Sources that several tests share (oracles) go into tests/ and into `test_support` there.
 * Each test runs in a process of its own (CK_FORK=no: all in one, for debuggers) and has
 * TEST_SECONDS seconds (times CK_TIMEOUT_MULTIPLIER).
 *
 * Memory: in test programs malloc, calloc, realloc, aligned_alloc, posix_memalign, strdup,
 * strndup, fopen and getline, where our own code calls them, can be made to fail:
 *
 *     static meka_status read_it(void *ctx, meka_error *err)
 *     {
 *         meka_data data;
 *         meka_status status = meka_data_read_csv(&data, ctx, err);
 *         if (status == MEKA_OK)
 *             meka_data_clear(&data);
 *         return status;
 *     }
 *     ...
 *     ck_assert_uint_ge(test_every_allocation(read_it, path), 1);
 *
 * (Check is linked statically, so its own calls count too: no ck_assert inside such a body.)
 * Leaks are found by the address sanitizer's build of the same tests.
 */
#ifndef TESTS_TESTING_H
#define TESTS_TESTING_H

#include <check.h>
#include <float.h>
#include <math.h>
#include <meka/base.h>
#include <string.h>

enum { TEST_SECONDS = 60 };

/* The last line of a test file: main, which runs the named tests. */
#define TEST_MAIN(name, ...) TEST_MAIN_WITHIN(name, NULL, NULL, __VA_ARGS__)

/* The same between begin() and end(), which run once, before and after all tests: each test
 * finds what begin made and changes a copy of its own. */
#define TEST_MAIN_WITHIN(name, begin, end, ...)                                                \
    int main(void)                                                                             \
    {                                                                                          \
        const TTest *const list[] = {__VA_ARGS__};                                             \
        return test_run(name, list, sizeof list / sizeof list[0], begin, end);                 \
    }

/* 0 if all pass, else 1; begin and end may be NULL. */
int test_run(const char *name, const TTest *const *list, size_t n, void (*begin)(void),
             void (*end)(void));

/* ------------------------------------------------------------- comparisons */

/* |actual - expected| in units of DBL_EPSILON * scale; 0 for the same infinity or two NaNs,
 * infinite if only one of them is finite. */
double test_distance(double actual, double expected, double scale);

/* actual agrees with expected to `ulps` units of DBL_EPSILON * scale. */
#define assert_scaled(actual, expected, scale, ulps)                                           \
    do {                                                                                       \
        double actual_ = (actual), expected_ = (expected), scale_ = (scale), ulps_ = (ulps);   \
        double distance_ = test_distance(actual_, expected_, scale_);                          \
        ck_assert_msg(distance_ <= ulps_,                                                      \
                      "%s = %.17g, expected %.17g: off by %.3g ulps of %.3g, allowed %.3g",    \
                      #actual, actual_, expected_, distance_, scale_, ulps_);                  \
    } while (0)

/* The same with scale = |expected|. */
#define assert_ulps(actual, expected, ulps)                                                    \
    do {                                                                                       \
        double wanted_ = (expected);                                                           \
        assert_scaled(actual, wanted_, fabs(wanted_), ulps);                                   \
    } while (0)

/* Arrays [n], element by element, one scale for all. */
#define assert_all_scaled(n, actual, expected, scale, ulps)                                    \
    do {                                                                                       \
        const double *all_ = (actual), *right_ = (expected);                                   \
        double common_ = (scale), most_ = (ulps);                                              \
        for (size_t at_ = 0; at_ < (size_t)(n); at_++) {                                       \
            double off_ = test_distance(all_[at_], right_[at_], common_);                      \
            ck_assert_msg(off_ <= most_,                                                       \
                          "%s[%zu] = %.17g, expected %.17g: off by %.3g ulps of %.3g, "        \
                          "allowed %.3g",                                                      \
                          #actual, at_, all_[at_], right_[at_], off_, common_, most_);         \
        }                                                                                      \
    } while (0)

/* call gives MEKA_OK; else the test fails with the text in err (a meka_error). */
#define assert_ok(call, err)                                                                   \
    do {                                                                                       \
        meka_status status_ = (call);                                                          \
        ck_assert_msg(status_ == MEKA_OK, "%s: %s: %s", #call, meka_status_name(status_),      \
                      (err).text);                                                             \
    } while (0)

/* call gives the status `wanted` and an error text that contains `piece`. */
#define assert_fails(call, err, wanted, piece)                                                 \
    do {                                                                                       \
        (err) = (meka_error){0};                                                               \
        meka_status status_ = (call);                                                          \
        ck_assert_msg(status_ == (wanted) && (err).status == (wanted),                         \
                      "%s: is '%s' (%s), expected '%s'", #call, meka_status_name(status_),     \
                      (err).text, meka_status_name(wanted));                                   \
        ck_assert_msg(strstr((err).text, (piece)) != NULL, "%s: '%s' does not say '%s'",       \
                      #call, (err).text, (piece));                                             \
    } while (0)

/* ----------------------------------------------------------- failing memory */

/* One call under test: creates, clears, and returns what creating came to. */
typedef meka_status (*test_body)(void *ctx, meka_error *err);

/* Runs body with its 1st, 2nd, ... allocation failing until a run needs no more of them.
 * Every run in which one failed must return MEKA_ERR_MEMORY with a text, the last MEKA_OK.
 * Returns how many allocations there were to fail. */
size_t test_every_allocation(test_body body, void *ctx);

/* The pieces of it: makes the k-th allocation from now on (k >= 1) fail once, 0 none; and
 * how many were asked for since. */
void test_fail_allocation(size_t k);
size_t test_allocations(void);

/* While on, pthread_create fails as it does where no thread can be had. */
void test_refuse_threads(bool on);

/* -------------------------------------------------------------------- files */

/* A directory of this test's own, removed when the test ends. */
const char *test_directory(void);
/* A path in it; the text is valid until the next eight calls. */
const char *test_path(const char *name);
/* Writes text to a file in it and returns its path. */
const char *test_write(const char *name, const char *text);
/* The whole file as text, to be freed; NULL if it does not exist. */
char *test_read(const char *path);

/* ---------------------------------------------------------- programmer errors */

/* True if body ends its process by abort(), as a failed assert does.  Runs it in a child
 * whose stderr is silenced. */
bool test_aborts(void (*body)(void *ctx), void *ctx);

#endif
