#include "tests/testing.h"

#include <meka/data.h>

START_TEST(every_epoch_holds_every_row_exactly_once)
{
    static const size_t sizes[] = {1,  2,  3,   5,   13,  31,   32,   33,   63,   64,
                                   65, 97, 128, 129, 270, 1000, 4096, 4097, 60000};
    static unsigned char seen[60000];
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (uint64_t epoch = 0; epoch < 3; epoch++) {
            size_t n = sizes[s];
            prob_permutation p = prob_permutation_make(n, 5, 1, epoch);
            memset(seen, 0, n);
            for (size_t k = 0; k < n; k++) {
                uint64_t row = prob_permutation_at(&p, k);
                ck_assert_uint_lt(row, n);
                ck_assert_msg(!seen[row], "n = %zu: %zu twice", n, (size_t)row);
                seen[row] = 1;
            }
        }
}
END_TEST

START_TEST(large_ranges_are_covered_too)
{
    const uint64_t n = ((uint64_t)1 << 62) - 57;
    prob_permutation p = prob_permutation_make(n, 5, 1, 0);
    ck_assert_uint_le(p.low + p.high, 62);
    for (uint64_t k = 0; k < 1000; k++)
        ck_assert_uint_lt(prob_permutation_at(&p, n - 1 - k), n);
}
END_TEST

START_TEST(seed_stream_and_epoch_all_change_the_order)
{
    prob_permutation all[] = {
        prob_permutation_make(1000, 1, 1, 0), prob_permutation_make(1000, 2, 1, 0),
        prob_permutation_make(1000, 1, 2, 0), prob_permutation_make(1000, 1, 1, 1)};
    for (size_t a = 0; a < 4; a++)
        for (size_t b = 0; b < a; b++) {
            int n_same = 0;
            for (uint64_t k = 0; k < 1000; k++)
                n_same += prob_permutation_at(&all[a], k) == prob_permutation_at(&all[b], k);
            ck_assert_int_lt(n_same, 10); /* one is expected */
        }
}
END_TEST

/* sum (count - expected)^2 / expected over n cells, in standard deviations above its mean. */
static double chi_square(const double *count, size_t n, double expected)
{
    double sum = 0.0, freedom = (double)n - 1.0;
    for (size_t i = 0; i < n; i++)
        sum += (count[i] - expected) * (count[i] - expected) / expected;
    return (sum - freedom) / sqrt(2.0 * freedom);
}

START_TEST(over_epochs_all_orders_of_five_rows_are_equally_frequent)
{
    enum { N = 5, EPOCHS = 60000, ORDERS = 120 };
    double count[ORDERS] = {0};
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        prob_permutation p = prob_permutation_make(N, 3, 1, epoch);
        uint64_t row[N];
        size_t order = 0;
        for (size_t k = 0; k < N; k++)
            row[k] = prob_permutation_at(&p, k);
        for (size_t k = 0; k < N; k++) { /* the number of the order, in base N, N - 1, ... */
            size_t n_smaller = 0;
            for (size_t j = k + 1; j < N; j++)
                n_smaller += row[j] < row[k];
            order = order * (N - k) + n_smaller;
        }
        count[order]++;
    }
    ck_assert_double_lt(chi_square(count, ORDERS, (double)EPOCHS / ORDERS), 4.0);
}
END_TEST

START_TEST(over_epochs_places_and_neighbours_are_uniform)
{
    static const size_t sizes[] = {2, 3, 14, 33};
    enum { EPOCHS = 40000, MOST = 33 };
    static double place[MOST * MOST], next[MOST * MOST];
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        size_t n = sizes[s], n_pairs = 0;
        memset(place, 0, sizeof place);
        memset(next, 0, sizeof next);
        for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
            prob_permutation p = prob_permutation_make(n, 4, 1, epoch);
            uint64_t before = 0;
            for (size_t k = 0; k < n; k++) {
                uint64_t row = prob_permutation_at(&p, k);
                place[k * n + row]++;
                if (k == 1)
                    next[before * n + row]++;
                before = row;
            }
        }
        /* rows and columns of place have fixed sums, which makes chi-square smaller */
        ck_assert_double_lt(chi_square(place, n * n, (double)EPOCHS / (double)n), 4.0);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                if (i != j)
                    next[n_pairs++] = next[i * n + j];
        ck_assert_double_lt(chi_square(next, n_pairs, (double)EPOCHS / (double)n_pairs), 4.0);
    }
}
END_TEST

TEST_MAIN("permutation", every_epoch_holds_every_row_exactly_once, large_ranges_are_covered_too,
          seed_stream_and_epoch_all_change_the_order,
          over_epochs_all_orders_of_five_rows_are_equally_frequent,
          over_epochs_places_and_neighbours_are_uniform)
