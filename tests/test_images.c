/* Image operations against naive loops in extended precision; geometry that does not fit. */
#include "tests/reference.h"

#include <meka/images.h>

#include <stdlib.h>

/* --------------------------------------------------------------------------- geometry */

START_TEST(windows_are_counted_as_they_fit)
{
    static const size_t rows[][5] = {/* size, kernel, stride, padding, count */
                                     {5, 3, 1, 0, 3},        {5, 3, 2, 0, 2}, {6, 3, 2, 0, 2},
                                     {5, 3, 1, 1, 5},        {5, 5, 1, 0, 1}, {5, 6, 1, 0, 0},
                                     {4, 6, 1, 1, 1},        {5, 0, 1, 0, 0}, {5, 1, 0, 0, 0},
                                     {5, 1, 1, SIZE_MAX, 0}, {1, 1, 7, 0, 1}};
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        const size_t *r = rows[k];
        ck_assert_uint_eq(ad_window_count(r[0], r[1], r[2], r[3]), r[4]);
    }
}
END_TEST

/* ------------------------------------------------------------------------ convolution */

enum { max_out = 128 };

typedef struct conv_case {
    ad_conv2d_shape shape;
    bool bias;
} conv_case;

static size_t conv_outputs(const ad_conv2d_shape *s)
{
    return s->channels_out * ad_window_count(s->height, s->kernel, s->stride, s->padding) *
           ad_window_count(s->width, s->kernel, s->stride, s->padding);
}

static size_t conv_weights(const ad_conv2d_shape *s)
{
    return s->channels_out * s->channels_in * s->kernel * s->kernel;
}

/* theta is the weights, then the biases; sum_k tanh(out_k) (k mod 5 + 1) / 16. */
static ad_var conv(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    const conv_case *c = ctx;
    ad_var out[max_out];
    size_t n = conv_outputs(&c->shape);
    if (!ad_conv2d(&c->shape, xi, t, c->bias ? t + conv_weights(&c->shape) : NULL, out))
        return ad_const(tape, NAN);
    for (size_t k = 0; k < n; k++)
        out[k] = ad_mul(ad_tanh(out[k]), (double)(k % 5 + 1) / 16);
    return ad_sum(n, out);
}

static long double conv_value(const conv_case *c, const long double *t, const double *xi,
                              size_t o, long r, long q)
{
    const ad_conv2d_shape *s = &c->shape;
    long double sum = c->bias ? t[conv_weights(s) + o] : 0;
    for (size_t ch = 0; ch < s->channels_in; ch++)
        for (size_t i = 0; i < s->kernel; i++)
            for (size_t j = 0; j < s->kernel; j++) {
                long y = r * (long)s->stride + (long)i - (long)s->padding;
                long x = q * (long)s->stride + (long)j - (long)s->padding;
                bool inside = y >= 0 && y < (long)s->height && x >= 0 && x < (long)s->width;
                size_t w = ((o * s->channels_in + ch) * s->kernel + i) * s->kernel + j;
                sum +=
                    inside ? t[w] * xi[(ch * s->height + (size_t)y) * s->width + (size_t)x] : 0;
            }
    return sum;
}

static long double conv_ref(const long double *t, const double *xi, const void *ctx)
{
    const conv_case *c = ctx;
    const ad_conv2d_shape *s = &c->shape;
    long height = (long)ad_window_count(s->height, s->kernel, s->stride, s->padding);
    long width = (long)ad_window_count(s->width, s->kernel, s->stride, s->padding);
    long double sum = 0;
    size_t k = 0;
    for (size_t o = 0; o < s->channels_out; o++)
        for (long r = 0; r < height; r++)
            for (long q = 0; q < width; q++)
                sum += (k++ % 5 + 1) / 16.0L * tanhl(conv_value(c, t, xi, o, r, q));
    return sum;
}

static void check_objective(const reference *r)
{
    double theta[reference_max_params], v[reference_max_params], xi[4 * 64];
    size_t m = r->objective.n_features;
    ck_assert_uint_le(m, 64);
    for (size_t j = 0; j < r->objective.n_params; j++) {
        theta[j] = reference_number(j) * 0.7;
        v[j] = reference_number(3 * j + 1) * 0.3;
    }
    for (size_t k = 0; k < 4 * m; k++)
        xi[k] = reference_number(2 * k + 5);
    reference_check(r, theta, v, 4, xi);
}

START_TEST(a_convolution_agrees_with_six_loops)
{
    static const conv_case cases[] = {
        {{1, 4, 4, 1, 3, 1, 0}, true},  {{2, 4, 5, 2, 3, 1, 1}, true},
        {{2, 5, 4, 3, 2, 2, 0}, false}, {{1, 3, 3, 2, 3, 2, 2}, true},
        {{1, 2, 2, 1, 1, 1, 2}, true}, /* windows that are all padding */
        {{1, 2, 2, 1, 1, 1, 2}, false}, {{3, 1, 1, 2, 1, 1, 0}, true},
        {{2, 5, 6, 4, 3, 1, 1}, true}, /* so large that they are blocks */
        {{1, 5, 6, 4, 5, 1, 2}, false},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const ad_conv2d_shape *s = &cases[k].shape;
        size_t d = conv_weights(s) + (cases[k].bias ? s->channels_out : 0);
        ck_assert_uint_le(conv_outputs(s), max_out);
        size_t m = s->channels_in * s->height * s->width;
        reference r = {{"conv2d", d, m, conv, &cases[k], NULL}, conv_ref};
        check_objective(&r);
    }
}
END_TEST

/* 0 * inf would be NaN. */
static ad_var padded(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_conv2d_shape s = {1, 1, 1, 1, 3, 1, 1};
    ad_var weight[9], out[1];
    for (int k = 0; k < 9; k++)
        weight[k] = k == 4 ? t[0] : ad_log(ad_const(tape, 0));
    ck_assert(ad_conv2d(&s, xi, weight, NULL, out));
    return out[0];
}

START_TEST(padding_leaves_terms_out)
{
    ad_objective o = {.name = "padded", .n_params = 1, .n_features = 1, .record = padded};
    fixture f = fixture_make(&o, 1);
    double theta = 3, xi = 5, loss, grad;
    meka_error err = {0};
    assert_ok(ad_eval_samples(f.batch, &theta, NULL, 1, &xi, &loss, &grad, NULL, &err), err);
    ck_assert(loss == 15 && grad == 5);
    fixture_clear(&f);
}
END_TEST

/* ---------------------------------------------------------------------------- pooling */

static ad_var pool(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    const ad_pool2d_shape *s = ctx;
    ad_var in[64] = {{0}}, out[64];
    for (size_t k = 0; k < s->channels * s->height * s->width; k++)
        in[k] = ad_mul(t[k], xi[k]);
    size_t n = s->channels * ad_window_count(s->height, s->kernel, s->stride, 0) *
               ad_window_count(s->width, s->kernel, s->stride, 0);
    if (!ad_avg_pool2d(s, in, out))
        return ad_const(tape, NAN);
    for (size_t k = 0; k < n; k++)
        out[k] = ad_mul(ad_exp(out[k]), (double)(k + 1));
    return ad_sum(n, out);
}

static long double pool_ref(const long double *t, const double *xi, const void *ctx)
{
    const ad_pool2d_shape *s = ctx;
    long double sum = 0, factor = 1;
    for (size_t c = 0; c < s->channels; c++)
        for (size_t r = 0; r + s->kernel <= s->height; r += s->stride)
            for (size_t q = 0; q + s->kernel <= s->width; q += s->stride) {
                long double mean = 0;
                for (size_t i = 0; i < s->kernel; i++)
                    for (size_t j = 0; j < s->kernel; j++) {
                        size_t at = (c * s->height + r + i) * s->width + q + j;
                        mean += t[at] * xi[at];
                    }
                sum += factor++ * expl(mean / (s->kernel * s->kernel));
            }
    return sum;
}

START_TEST(average_pooling_agrees_with_loops)
{
    static const ad_pool2d_shape shapes[] = {
        {1, 4, 4, 2, 2}, {2, 5, 4, 3, 1}, {3, 3, 3, 3, 3}, {2, 3, 5, 2, 3}, {1, 3, 2, 1, 1}};
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++) {
        size_t n = shapes[k].channels * shapes[k].height * shapes[k].width;
        reference r = {{"avg_pool2d", n, n, pool, &shapes[k], NULL}, pool_ref};
        check_objective(&r);
    }
}
END_TEST

/* ---------------------------------------------------------------------- normalization */

typedef struct norm_case {
    ad_group_norm_shape shape;
    bool affine;
} norm_case;

/* theta: the input's values, added to the features, then scales and shifts. */
static ad_var norm(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    const norm_case *c = ctx;
    const ad_group_norm_shape *s = &c->shape;
    size_t n = s->channels * s->size;
    ad_var in[64] = {{0}}, out[64];
    for (size_t k = 0; k < n; k++)
        in[k] = ad_add(ad_mul(2.0, xi[k]), t[k]);
    ad_group_norm(s, in, c->affine ? t + n : NULL, c->affine ? t + n + s->channels : NULL, out);
    for (size_t k = 0; k < n; k++)
        out[k] = ad_mul(ad_sin(out[k]), (double)(k + 1));
    return ad_sum(n, out);
}

static long double norm_ref(const long double *t, const double *xi, const void *ctx)
{
    const norm_case *c = ctx;
    const ad_group_norm_shape *s = &c->shape;
    size_t n = s->channels * s->size, in_group = n / s->groups;
    long double sum = 0;
    for (size_t k = 0; k < n; k++) {
        long double mean = 0, variance = 0;
        size_t first = k / in_group * in_group;
        for (size_t j = first; j < first + in_group; j++)
            mean += (2 * xi[j] + t[j]) / in_group;
        for (size_t j = first; j < first + in_group; j++)
            variance += (2 * xi[j] + t[j] - mean) * (2 * xi[j] + t[j] - mean) / in_group;
        long double y = (2 * xi[k] + t[k] - mean) / sqrtl(variance + s->epsilon);
        if (c->affine)
            y = y * t[n + k / s->size] + t[n + s->channels + k / s->size];
        sum += (k + 1) * sinl(y);
    }
    return sum;
}

START_TEST(group_normalization_agrees_with_its_formula)
{
    static const norm_case cases[] = {
        {{4, 3, 2, 1e-2}, true}, {{4, 3, 2, 1e-2}, false}, {{3, 2, 3, 0.1}, true},
        {{2, 4, 1, 0}, true},    {{4, 1, 4, 0.5}, true}, /* one value per group: the shift */
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const ad_group_norm_shape *s = &cases[k].shape;
        size_t n = s->channels * s->size;
        size_t d = n + (cases[k].affine ? 2 * s->channels : 0);
        reference r = {{"group_norm", d, n, norm, &cases[k], NULL}, norm_ref};
        check_objective(&r);
    }
}
END_TEST

static ad_var norm_of_equals(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    const double *epsilon = ctx;
    ad_group_norm_shape s = {2, 1, 1, *epsilon};
    ad_var in[2] = {t[0], t[0]}, out[2];
    ad_group_norm(&s, in, NULL, NULL, out);
    return out[0];
}

START_TEST(a_group_of_equal_values_needs_an_epsilon)
{
    for (int k = 0; k < 2; k++) {
        double epsilon = k, theta = 3, loss;
        ad_objective o = {
            .name = "equals", .n_params = 1, .record = norm_of_equals, .ctx = &epsilon};
        fixture f = fixture_make(&o, 1);
        (void)ad_eval_samples(f.batch, &theta, NULL, 1, NULL, &loss, NULL, NULL, NULL);
        ck_assert(k == 0 ? isnan(loss) : loss == 0);
        fixture_clear(&f);
    }
}
END_TEST

/* ----------------------------------------------------------------------------- errors */

static ad_var misfit(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_conv2d_shape conv_shape = {1, 2, 4, 1, 3, 1, 0}, still = {1, 2, 4, 1, 1, 0, 0};
    ad_pool2d_shape pool_shape = {1, 2, 4, 3, 1};
    ad_group_norm_shape odd = {3, 2, 2, 0.1}, negative = {4, 2, 2, -0.1}, none = {4, 2, 0, 0.1};
    ad_var out[8];
    for (int k = 0; k < 8; k++)
        out[k] = t[0];
    switch (*(const int *)ctx) {
    case 0:
        ck_assert(!ad_conv2d(&conv_shape, t, t, NULL, out) && out[0].slot == t[0].slot);
        break;
    case 1:
        ck_assert(!ad_conv2d(&still, t, t, NULL, out));
        break;
    case 2:
        ck_assert(!ad_avg_pool2d(&pool_shape, t, out) && out[0].slot == t[0].slot);
        break;
    case 3:
        ad_group_norm(&odd, t, NULL, NULL, out);
        break;
    case 4:
        ad_group_norm(&negative, t, NULL, NULL, out);
        break;
    default:
        ad_group_norm(&none, t, NULL, NULL, out);
        break;
    }
    return ad_sum(6, out);
}

START_TEST(a_geometry_that_does_not_fit_is_an_error_with_the_callers_line)
{
    static const char *const says[] = {
        "conv2d: a kernel of 3 with stride 1 and padding 0 does not fit 2 x 4 values",
        "conv2d: a kernel of 1 with stride 0",
        "avg_pool2d: a kernel of 3",
        "group_norm: 3 channels in 2 groups",
        "with epsilon -0.1",
        "4 channels in 0 groups",
    };
    for (int k = 0; k < 6; k++) {
        ad_objective o = {.name = "misfit", .n_params = 9, .record = misfit, .ctx = &k};
        ad_program *program = NULL;
        meka_error err;
        assert_fails(ad_program_create(&program, &o, &err), err, MEKA_ERR_RECORD, says[k]);
        ck_assert_ptr_nonnull(strstr(err.text, __FILE__));
    }
}
END_TEST

static meka_status record_images(void *ctx, meka_error *err)
{
    static const conv_case c = {{1, 3, 3, 1, 2, 1, 0}, true};
    static const ad_pool2d_shape p = {1, 2, 2, 2, 1};
    ad_program *program = NULL;
    ad_objective a = {
        .name = "conv", .n_params = 5, .n_features = 9, .record = conv, .ctx = &c};
    ad_objective b = {
        .name = "pool", .n_params = 4, .n_features = 4, .record = pool, .ctx = &p};
    meka_status status = ad_program_create(&program, &a, err);
    ad_program_destroy(program);
    program = NULL;
    if (!status)
        status = ad_program_create(&program, &b, err);
    ad_program_destroy(program);
    return status;
}

START_TEST(memory_that_runs_out_while_recording_is_reported)
{
    ck_assert_uint_ge(test_every_allocation(record_images, NULL), 8);
}
END_TEST

TEST_MAIN("images", windows_are_counted_as_they_fit, a_convolution_agrees_with_six_loops,
          padding_leaves_terms_out, average_pooling_agrees_with_loops,
          group_normalization_agrees_with_its_formula, a_group_of_equal_values_needs_an_epsilon,
          a_geometry_that_does_not_fit_is_an_error_with_the_callers_line,
          memory_that_runs_out_while_recording_is_reported)
