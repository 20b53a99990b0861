#include "tests/testing.h"

#include "base/memory.h"

#include <stdlib.h>

START_TEST(allocated_memory_is_zeroed_and_aligned_to_a_cache_line)
{
    static const size_t counts[] = {0, 1, 3, 8, 1000};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        /* What the C library hands out next is likely this block, which is not zero. */
        size_t bytes = (counts[i] * sizeof(double) + 64) / 64 * 64;
        void *dirty = aligned_alloc(64, bytes);
        ck_assert_ptr_nonnull(dirty);
        memset(dirty, 0xff, bytes);
        free(dirty);
        double *x = meka_alloc(counts[i], sizeof *x, NULL);
        ck_assert_ptr_nonnull(x);
        ck_assert_uint_eq((uintptr_t)x % 64, 0);
        for (size_t k = 0; k < counts[i]; k++)
            ck_assert_double_eq(x[k], 0.0);
        free(x);
    }
}
END_TEST

START_TEST(a_product_that_overflows_is_out_of_memory)
{
    meka_error err;
    ck_assert_ptr_null(meka_alloc(SIZE_MAX / 4, 8, NULL));
    assert_fails(meka_alloc(SIZE_MAX / 4, 8, &err) ? MEKA_OK : err.status, err, MEKA_ERR_MEMORY,
                 "elements of 8 bytes");
    assert_fails(meka_alloc(SIZE_MAX, 1, &err) ? MEKA_OK : err.status, err, MEKA_ERR_MEMORY,
                 "out of memory");
}
END_TEST

/* Grows an array one by one to n elements x[i] = i; false if that fails. */
static bool grow_to(int **x, size_t *capacity, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (meka_grow(x, capacity, i + 1, sizeof **x, NULL) != MEKA_OK || *capacity <= i)
            return false;
        (*x)[i] = (int)i;
    }
    return true;
}

START_TEST(growing_keeps_the_elements_and_costs_few_reallocations)
{
    enum { N = 10000 };
    int *x = NULL;
    size_t capacity = 0;
    test_fail_allocation(0);
    bool grown = grow_to(&x, &capacity, N);
    size_t n_allocations = test_allocations();
    ck_assert(grown);
    ck_assert_uint_le(n_allocations, 14); /* log2(10000) = 13.3 */
    for (size_t i = 0; i < N; i++)
        ck_assert_int_eq(x[i], (int)i);
    free(x);
}
END_TEST

START_TEST(growing_to_what_there_is_does_nothing)
{
    double *x = meka_alloc(4, sizeof *x, NULL), *before = x;
    size_t capacity = 4;
    test_fail_allocation(0);
    meka_status status = meka_grow(&x, &capacity, 4, sizeof *x, NULL);
    size_t n_allocations = test_allocations();
    ck_assert_int_eq(status, MEKA_OK);
    ck_assert_ptr_eq(x, before);
    ck_assert_uint_eq(n_allocations, 0);
    free(x);
}
END_TEST

START_TEST(failing_to_grow_changes_nothing)
{
    meka_error err;
    double *x = meka_alloc(4, sizeof *x, NULL), *before = x;
    size_t capacity = 4;
    x[3] = 7.0;
    assert_fails(meka_grow(&x, &capacity, SIZE_MAX / 4, sizeof *x, &err), err, MEKA_ERR_MEMORY,
                 "out of memory");
    test_fail_allocation(1);
    assert_fails(meka_grow(&x, &capacity, 5, sizeof *x, &err), err, MEKA_ERR_MEMORY,
                 "out of memory");
    ck_assert_ptr_eq(x, before);
    ck_assert_uint_eq(capacity, 4);
    ck_assert_double_eq(x[3], 7.0);
    free(x);
}
END_TEST

START_TEST(a_copied_text_is_equal_and_elsewhere)
{
    const char *text = "a text";
    char *copy = meka_strdup(text, NULL);
    ck_assert_str_eq(copy, text);
    ck_assert_ptr_ne(copy, text);
    free(copy);
}
END_TEST

static meka_status allocate_all(void *ctx, meka_error *err)
{
    (void)ctx;
    meka_status status = MEKA_ERR_MEMORY;
    size_t capacity = 0;
    double *grown = NULL;
    double *x = meka_alloc(3, sizeof *x, err);
    char *text = x ? meka_strdup("text", err) : NULL;
    if (text)
        status = meka_grow(&grown, &capacity, 1, sizeof *grown, err);
    free(x);
    free(text);
    free(grown);
    return status;
}

START_TEST(every_allocation_that_fails_is_reported)
{
    ck_assert_uint_eq(test_every_allocation(allocate_all, NULL), 3);
}
END_TEST

TEST_MAIN("memory", allocated_memory_is_zeroed_and_aligned_to_a_cache_line,
          a_product_that_overflows_is_out_of_memory,
          growing_keeps_the_elements_and_costs_few_reallocations,
          growing_to_what_there_is_does_nothing, failing_to_grow_changes_nothing,
          a_copied_text_is_equal_and_elsewhere, every_allocation_that_fails_is_reported)
