#include "tests/testing.h"

#include <gsl/gsl_cdf.h>
#include <stdlib.h>

/* Philox4x64-10 of Salmon et al. (2011): the known-answer vectors that the authors'
 * Random123 library is distributed with (tests/kat_vectors). */
typedef struct known_answer {
    uint64_t counter[4], key[2], word[4];
} known_answer;

static const known_answer known_answers[] = {
    {{0, 0, 0, 0},
     {0, 0},
     {0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b}},
    {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
     {UINT64_MAX, UINT64_MAX},
     {0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0}},
    {{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89},
     {0x452821e638d01377, 0xbe5466cf34e90c6c},
     {0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6}},
};

START_TEST(the_words_are_the_published_ones)
{
    for (size_t i = 0; i < sizeof known_answers / sizeof known_answers[0]; i++) {
        const known_answer *row = &known_answers[i];
        meka_rng rng;
        meka_rng_init(&rng, row->key[0], row->key[1], row->counter[0], row->counter[1]);
        rng.counter[2] = row->counter[2];
        rng.counter[3] = row->counter[3];
        for (size_t k = 0; k < 4; k++)
            ck_assert_uint_eq(meka_rng_next(&rng), row->word[k]);
    }
}
END_TEST

START_TEST(the_fifth_word_begins_the_next_block)
{
    meka_rng rng, second;
    meka_rng_init(&rng, 1, 2, 3, 4);
    meka_rng_init(&second, 1, 2, 3, 4);
    second.counter[2] = 1;
    for (size_t k = 0; k < 4; k++)
        meka_rng_next(&rng);
    for (size_t k = 0; k < 4; k++)
        ck_assert_uint_eq(meka_rng_next(&rng), meka_rng_next(&second));
}
END_TEST

START_TEST(a_draw_depends_on_its_position_only)
{
    meka_rng a, b, again;
    meka_rng_init(&a, 11, MEKA_STREAM_TEST, 5, 0);
    meka_rng_init(&b, 11, MEKA_STREAM_TEST, 5, 1);
    double x[10], y[10];
    for (size_t k = 0; k < 10; k++) {
        x[k] = meka_rng_normal(&a);
        y[k] = meka_rng_gamma(&b, 0.7, 2.0);
    }
    meka_rng_init(&again, 11, MEKA_STREAM_TEST, 5, 0);
    for (size_t k = 0; k < 10; k++)
        ck_assert_double_eq(x[k], meka_rng_normal(&again));
    meka_rng_init(&again, 11, MEKA_STREAM_TEST, 5, 1);
    for (size_t k = 0; k < 10; k++)
        ck_assert_double_eq(y[k], meka_rng_gamma(&again, 0.7, 2.0));
}
END_TEST

START_TEST(each_coordinate_of_the_position_changes_the_stream)
{
    enum { N = 17 };
    uint64_t word[N];
    for (size_t k = 0; k < N; k++) {
        uint64_t at[4] = {1, 2, 3, 4};
        if (k > 0)
            at[(k - 1) / 4] += (uint64_t)1 << (16 * ((k - 1) % 4));
        meka_rng rng;
        meka_rng_init(&rng, at[0], at[1], at[2], at[3]);
        word[k] = meka_rng_next(&rng);
        for (size_t j = 0; j < k; j++)
            ck_assert_uint_ne(word[j], word[k]);
    }
}
END_TEST

START_TEST(streams_at_neighbouring_positions_are_uncorrelated)
{
    enum { N = 100000 };
    double with_step = 0.0, with_stream = 0.0, with_seed = 0.0, last = 0.0;
    for (uint64_t t = 0; t < N; t++) {
        meka_rng rng;
        meka_rng_init(&rng, 3, 1, t, 0);
        double x = meka_rng_normal(&rng);
        meka_rng_init(&rng, 3, 2, t, 0);
        with_stream += x * meka_rng_normal(&rng);
        meka_rng_init(&rng, 4, 1, t, 0);
        with_seed += x * meka_rng_normal(&rng);
        with_step += x * last;
        last = x;
    }
    /* Each sum has mean 0 and standard deviation sqrt(N). */
    ck_assert_double_lt(fabs(with_step), 4.0 * sqrt(N));
    ck_assert_double_lt(fabs(with_stream), 4.0 * sqrt(N));
    ck_assert_double_lt(fabs(with_seed), 4.0 * sqrt(N));
}
END_TEST

/* A stream whose next word is `word`. */
static meka_rng about_to_give(uint64_t word)
{
    meka_rng rng;
    meka_rng_init(&rng, 0, 0, 0, 0);
    rng.word[3] = word;
    rng.n_left = 1;
    return rng;
}

START_TEST(a_uniform_number_is_never_0_nor_1)
{
    meka_rng lowest = about_to_give(0), highest = about_to_give(UINT64_MAX);
    ck_assert_double_eq(meka_rng_uniform(&lowest), 0x1p-53);
    ck_assert_double_eq(meka_rng_uniform(&highest), 1.0 - 0x1p-53);
}
END_TEST

/* ---------------------------------------------------- whole distributions */

enum { N_DRAWS = 200000 };
static double drawn[N_DRAWS];

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* sqrt(N) times the Kolmogorov-Smirnov distance of `drawn` from cdf(., a, b).  It exceeds
 * 1.95 with probability 1e-3 where the distribution is right; the draws are fixed. */
static double ks_statistic(double (*cdf)(double x, double a, double b), double a, double b)
{
    double most = 0.0;
    qsort(drawn, N_DRAWS, sizeof drawn[0], compare);
    for (size_t i = 0; i < N_DRAWS; i++) {
        double p = cdf(drawn[i], a, b);
        most = fmax(most, fmax(p - (double)i / N_DRAWS, (double)(i + 1) / N_DRAWS - p));
    }
    return sqrt(N_DRAWS) * most;
}

static double uniform_cdf(double x, double a, double b)
{
    return (x - a) / (b - a);
}

static double normal_cdf(double x, double mean, double sd)
{
    return gsl_cdf_gaussian_P(x - mean, sd);
}

static double student_t_cdf(double x, double nu, double unused)
{
    (void)unused;
    return gsl_cdf_tdist_P(x, nu);
}

START_TEST(uniform_numbers_are_uniform)
{
    meka_rng rng;
    meka_rng_init(&rng, 1, MEKA_STREAM_TEST, 0, 0);
    for (size_t i = 0; i < N_DRAWS; i++)
        drawn[i] = meka_rng_uniform(&rng);
    ck_assert_double_lt(ks_statistic(uniform_cdf, 0.0, 1.0), 1.95);
}
END_TEST

START_TEST(normal_numbers_are_normal)
{
    meka_rng rng;
    meka_rng_init(&rng, 2, MEKA_STREAM_TEST, 0, 0);
    for (size_t i = 0; i < N_DRAWS; i++)
        drawn[i] = meka_rng_normal(&rng);
    ck_assert_double_lt(ks_statistic(normal_cdf, 0.0, 1.0), 1.95);
}
END_TEST

START_TEST(normal_numbers_have_the_moments_of_a_normal)
{
    /* Mean, variance, skewness, kurtosis and the correlation within a Box-Muller pair; the
     * standard deviations of the sums are sqrt(1, 2, 15, 96, 1) sqrt(N). */
    meka_rng rng;
    meka_rng_init(&rng, 3, MEKA_STREAM_TEST, 0, 0);
    double sum[4] = {0}, pairs = 0.0, last = 0.0;
    for (size_t i = 0; i < N_DRAWS; i++) {
        double x = meka_rng_normal(&rng);
        sum[0] += x;
        sum[1] += x * x - 1.0;
        sum[2] += x * x * x;
        sum[3] += x * x * x * x - 3.0;
        if (i % 2)
            pairs += x * last;
        last = x;
    }
    static const double variance[4] = {1.0, 2.0, 15.0, 96.0};
    for (size_t k = 0; k < 4; k++)
        ck_assert_double_lt(fabs(sum[k]), 4.0 * sqrt(variance[k] * N_DRAWS));
    ck_assert_double_lt(fabs(pairs), 4.0 * sqrt(N_DRAWS / 2.0));
}
END_TEST

START_TEST(gamma_numbers_follow_the_gamma_distribution)
{
    static const double shapes[] = {0.3, 1.0, 7.5};
    for (size_t k = 0; k < 3; k++) {
        meka_rng rng;
        meka_rng_init(&rng, 4, MEKA_STREAM_TEST, k, 0);
        for (size_t i = 0; i < N_DRAWS; i++)
            drawn[i] = meka_rng_gamma(&rng, shapes[k], 2.5);
        ck_assert_double_lt(ks_statistic(gsl_cdf_gamma_P, shapes[k], 2.5), 1.95);
    }
}
END_TEST

START_TEST(student_numbers_follow_the_t_distribution)
{
    static const double degrees[] = {1.0, 2.0, 3.0, 30.0};
    for (size_t k = 0; k < 4; k++) {
        meka_rng rng;
        meka_rng_init(&rng, 5, MEKA_STREAM_TEST, k, 0);
        for (size_t i = 0; i < N_DRAWS; i++)
            drawn[i] = meka_rng_student_t(&rng, degrees[k]);
        ck_assert_double_lt(ks_statistic(student_t_cdf, degrees[k], 0.0), 1.95);
    }
}
END_TEST

START_TEST(integers_below_n_are_below_n_and_equally_likely)
{
    enum { N = 7 };
    size_t count[N] = {0};
    double chi2 = 0.0;
    meka_rng rng;
    meka_rng_init(&rng, 6, MEKA_STREAM_TEST, 0, 0);
    for (size_t i = 0; i < N_DRAWS; i++) {
        uint64_t k = meka_rng_below(&rng, N);
        ck_assert_uint_lt(k, N);
        count[k]++;
    }
    for (size_t k = 0; k < N; k++)
        chi2 += pow((double)count[k] - (double)N_DRAWS / N, 2) / ((double)N_DRAWS / N);
    ck_assert_double_lt(chi2, gsl_cdf_chisq_Pinv(0.999, N - 1));
    for (size_t i = 0; i < 100; i++)
        ck_assert_uint_eq(meka_rng_below(&rng, 1), 0);
}
END_TEST

START_TEST(integers_below_a_large_n_are_unbiased)
{
    /* A bare remainder modulo 3 * 2^62 would put half of all draws below 2^62. */
    const uint64_t third = (uint64_t)1 << 62;
    size_t n_low = 0;
    meka_rng rng;
    meka_rng_init(&rng, 7, MEKA_STREAM_TEST, 0, 0);
    for (size_t i = 0; i < N_DRAWS; i++)
        n_low += meka_rng_below(&rng, 3 * third) < third;
    ck_assert_double_lt(fabs((double)n_low - N_DRAWS / 3.0), 4.0 * sqrt(N_DRAWS * 2.0 / 9.0));
}
END_TEST

static void gamma_of_shape_zero(void *rng)
{
    meka_rng_gamma(rng, 0.0, 1.0);
}

static void student_t_of_nan(void *rng)
{
    meka_rng_student_t(rng, NAN);
}

static void below_zero(void *rng)
{
    meka_rng_below(rng, 0);
}

START_TEST(parameters_without_a_distribution_are_programmer_errors)
{
    meka_rng rng;
    meka_rng_init(&rng, 0, 0, 0, 0);
    ck_assert(test_aborts(gamma_of_shape_zero, &rng));
    ck_assert(test_aborts(student_t_of_nan, &rng));
    ck_assert(test_aborts(below_zero, &rng));
}
END_TEST

TEST_MAIN("rng", the_words_are_the_published_ones, the_fifth_word_begins_the_next_block,
          a_draw_depends_on_its_position_only,
          each_coordinate_of_the_position_changes_the_stream,
          streams_at_neighbouring_positions_are_uncorrelated, a_uniform_number_is_never_0_nor_1,
          uniform_numbers_are_uniform, normal_numbers_are_normal,
          normal_numbers_have_the_moments_of_a_normal,
          gamma_numbers_follow_the_gamma_distribution,
          student_numbers_follow_the_t_distribution,
          integers_below_n_are_below_n_and_equally_likely,
          integers_below_a_large_n_are_unbiased,
          parameters_without_a_distribution_are_programmer_errors)
