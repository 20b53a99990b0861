#include "tests/testing.h"

#include "base/parallel.h"

#include <stdatomic.h>
#include <time.h>

enum { N = 200 };

/* What the bodies below do at an item, and what they saw. */
typedef struct scene {
    meka_status status[N]; /* to return */
    int delay_ms[N];       /* to wait first */
    atomic_int calls[N], on_thread[N];
    atomic_int order, started[N]; /* started: the item's place in the order of starts */
} scene;

static scene now;

static meka_status act(void *ctx, size_t item, size_t thread, meka_error *err)
{
    scene *s = ctx;
    atomic_store(&s->started[item], atomic_fetch_add(&s->order, 1));
    atomic_fetch_add(&s->calls[item], 1);
    atomic_store(&s->on_thread[item], (int)thread);
    if (s->delay_ms[item]) {
        struct timespec pause = {0, s->delay_ms[item] * 1000000L};
        nanosleep(&pause, NULL);
    }
    if (s->status[item] != MEKA_OK)
        return meka_fail(err, s->status[item], "item %zu", item);
    return MEKA_OK;
}

static scene *fresh_scene(void)
{
    memset(&now, 0, sizeof now);
    return &now;
}

START_TEST(every_item_is_done_once_on_any_number_of_threads)
{
    static const size_t counts[] = {0, 1, 2, 4, 7, 1000};
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
        meka_error err;
        scene *s = fresh_scene();
        assert_ok(meka_parallel_for(counts[k], N, act, s, &err), err);
        for (size_t i = 0; i < N; i++) {
            ck_assert_int_eq(s->calls[i], 1);
            ck_assert_int_lt(s->on_thread[i], counts[k] ? (int)counts[k] : 1);
        }
    }
}
END_TEST

START_TEST(several_threads_take_part)
{
    meka_error err;
    scene *s = fresh_scene();
    bool used[4] = {false};
    for (size_t i = 0; i < 8; i++)
        s->delay_ms[i] = 50;
    assert_ok(meka_parallel_for(4, 8, act, s, &err), err);
    for (size_t i = 0; i < 8; i++)
        used[s->on_thread[i]] = true;
    ck_assert(used[0] && used[1] && used[2] && used[3]);
}
END_TEST

START_TEST(no_items_are_no_work)
{
    meka_error err;
    scene *s = fresh_scene();
    assert_ok(meka_parallel_for(4, 0, act, s, &err), err);
    ck_assert_int_eq(s->order, 0);
}
END_TEST

START_TEST(items_start_in_order)
{
    meka_error err;
    scene *s = fresh_scene();
    assert_ok(meka_parallel_for(1, N, act, s, &err), err);
    for (size_t i = 0; i < N; i++)
        ck_assert_int_eq(s->started[i], (int)i);
}
END_TEST

START_TEST(the_failure_of_the_lowest_item_is_returned_although_it_comes_last)
{
    static const size_t counts[] = {1, 4};
    for (size_t k = 0; k < 2; k++) {
        meka_error err;
        scene *s = fresh_scene();
        s->delay_ms[0] = 100;
        s->status[0] = MEKA_ERR_IO;
        s->status[1] = MEKA_ERR_RANGE;
        s->status[2] = MEKA_ERR_MEMORY;
        assert_fails(meka_parallel_for(counts[k], N, act, s, &err), err, MEKA_ERR_IO, "item 0");
        ck_assert_int_eq(meka_parallel_for(counts[k], N, act, s, NULL), MEKA_ERR_IO);
    }
}
END_TEST

START_TEST(after_a_failure_no_further_item_starts)
{
    static const int counts[] = {1, 4};
    for (size_t k = 0; k < 2; k++) {
        meka_error err;
        scene *s = fresh_scene();
        s->status[5] = MEKA_ERR_INPUT;
        for (size_t i = 0; i < N; i++)
            s->delay_ms[i] = i == 5 ? 0 : 20;
        assert_fails(meka_parallel_for((size_t)counts[k], N, act, s, &err), err, MEKA_ERR_INPUT,
                     "item 5");
        for (size_t i = 0; i < N; i++)
            ck_assert_int_eq(s->calls[i], i < 6 || s->calls[i]);
        ck_assert_int_le(s->order, 6 + 2 * (counts[k] - 1));
    }
}
END_TEST

START_TEST(a_result_that_is_not_finite_is_no_failure_but_is_told)
{
    static const size_t counts[] = {1, 4};
    for (size_t k = 0; k < 2; k++) {
        meka_error err;
        scene *s = fresh_scene();
        s->delay_ms[3] = 20;
        s->status[3] = MEKA_NONFINITE;
        s->status[9] = MEKA_NONFINITE;
        assert_fails(meka_parallel_for(counts[k], N, act, s, &err), err, MEKA_NONFINITE,
                     "item 3");
        ck_assert_int_eq(s->order, N);
        s = fresh_scene();
        s->status[3] = MEKA_NONFINITE;
        s->status[9] = MEKA_ERR_RANGE;
        assert_fails(meka_parallel_for(counts[k], N, act, s, &err), err, MEKA_ERR_RANGE,
                     "item 9");
    }
}
END_TEST

START_TEST(without_new_threads_the_caller_does_everything)
{
    meka_error err;
    scene *s = fresh_scene();
    test_refuse_threads(true);
    assert_ok(meka_parallel_for(4, N, act, s, &err), err);
    test_refuse_threads(false);
    for (size_t i = 0; i < N; i++) {
        ck_assert_int_eq(s->calls[i], 1);
        ck_assert_int_eq(s->on_thread[i], 0);
    }
}
END_TEST

START_TEST(there_is_at_least_one_processor)
{
    ck_assert_uint_ge(meka_cpu_count(), 1);
}
END_TEST

TEST_MAIN("parallel", every_item_is_done_once_on_any_number_of_threads,
          several_threads_take_part, no_items_are_no_work, items_start_in_order,
          the_failure_of_the_lowest_item_is_returned_although_it_comes_last,
          after_a_failure_no_further_item_starts,
          a_result_that_is_not_finite_is_no_failure_but_is_told,
          without_new_threads_the_caller_does_everything, there_is_at_least_one_processor)
