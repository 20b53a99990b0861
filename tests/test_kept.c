/* Values that an evaluation keeps for the next one: whether they are used changes no bit, and
 * they are used only where they belong. */
#include "ad/batch.h"
#include "tests/testing.h"

#include <meka/images.h>
#include <meka/optim.h>

#include <math.h>
#include <string.h>

/* A network INPUTS-UNITS-2 whose first layer is worth keeping; the last feature is a target. */
enum { INPUTS = 300, UNITS = 16, D = UNITS * (INPUTS + 1) + UNITS, M = INPUTS + 1, MOST = 70 };

static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var unit[UNITS];
    (void)tape, (void)ctx;
    ad_affine(UNITS, INPUTS, theta, xi, theta + UNITS * INPUTS, unit);
    for (int k = 0; k < UNITS; k++)
        unit[k] = ad_tanh(unit[k]);
    ad_var out = ad_dot(UNITS, theta + UNITS * (INPUTS + 1), unit);
    return ad_sqr(ad_sub(out, xi[INPUTS]));
}

static const ad_objective objective = {
    .name = "kept", .n_params = D, .n_features = M, .record = record};

static void draw(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    meka_rng rng;
    (void)ctx;
    meka_rng_init(&rng, seed, MEKA_STREAM_TEST, step, 0);
    for (size_t k = 0; k < n * M; k++)
        xi[k] = meka_rng_normal(&rng);
}

static double theta[D], direction[D], other_theta[D], xi[MOST * M], other_xi[MOST * M];

static void fill(double *x, size_t n, uint64_t step)
{
    meka_rng rng;
    meka_rng_init(&rng, 5, MEKA_STREAM_TEST, step, 1);
    for (size_t j = 0; j < n; j++)
        x[j] = 0.1 * meka_rng_normal(&rng);
}

static ad_program *prepare(void)
{
    ad_program *program = NULL;
    meka_error err = {0};
    fill(theta, D, 1);
    fill(direction, D, 2);
    fill(other_theta, D, 3);
    draw(NULL, 1, 4, MOST, xi);
    draw(NULL, 1, 5, MOST, other_xi);
    assert_ok(ad_program_create(&program, &objective, &err), err);
    ck_assert_uint_eq(program->n_kept, 2 * UNITS); /* and their tangents */
    return program;
}

static ad_batch *batch_of(const ad_program *program, ad_batch_options options)
{
    ad_batch *batch = NULL;
    meka_error err = {0};
    assert_ok(ad_batch_create(&batch, program, &options, &err), err);
    return batch;
}

static ad_line_moments line_at(ad_batch *batch, const double *at, size_t n,
                               const double *samples, int order, bool again)
{
    ad_line_moments line = {.order = order, .again = again};
    meka_error err = {0};
    assert_ok(ad_eval_line(batch, at, direction, n, samples, &line, &err), err);
    return line;
}

static void assert_same_line(const ad_line_moments *a, const ad_line_moments *b)
{
    ck_assert_mem_eq(a->mean, b->mean, sizeof a->mean);
    ck_assert_mem_eq(a->cov, b->cov, sizeof a->cov);
}

static double kept_gradient[D], kept_product[D];
static ad_moments keep(ad_batch *batch, size_t n, bool product)
{
    ad_moments moments = {.grad_mean = kept_gradient,
                          .hvp_mean = product ? kept_product : NULL,
                          .traces = true,
                          .keep = true};
    meka_error err = {0};
    assert_ok(ad_eval_moments(batch, theta, product ? direction : NULL, n, xi, &moments, &err),
              err);
    return moments;
}

/* Makes what is kept unusable, so that its use shows. */
static void poison(ad_batch *batch)
{
    for (size_t k = 0; k < batch->n_kept * batch->program->n_kept; k++)
        batch->kept[k] = NAN;
}

START_TEST(using_kept_values_changes_no_bit)
{
    static const size_t sizes[] = {1, 7, 64, MOST}, lanes[] = {0, 8, 24};
    ad_program *program = prepare();
    for (ad_isa isa = AD_ISA_BEST; ad_isa_name(isa); isa++) {
        for (size_t k = 0; ad_isa_is_available(isa) && k < 24; k++) {
            size_t n = sizes[k % 4];
            ad_batch_options options = {
                .n_lanes = lanes[k / 4 % 3], .n_threads = k < 12 ? 1 : 3, .isa = isa};
            ad_batch *plain = batch_of(program, options);
            options.n_kept = n;
            ad_batch *keeping = batch_of(program, options);
            for (int order = 0; order <= 3; order++) {
                ad_line_moments expected = line_at(plain, theta, n, xi, order, false);
                keep(keeping, n, order % 2);
                ad_line_moments actual = line_at(keeping, theta, n, xi, order, true);
                assert_same_line(&actual, &expected);
                actual =
                    line_at(keeping, theta, n, xi, order, true); /* as often as one likes */
                assert_same_line(&actual, &expected);
            }
            ad_batch_destroy(plain);
            ad_batch_destroy(keeping);
        }
    }
    ad_program_destroy(program);
}
END_TEST

START_TEST(keeping_changes_no_bit_of_what_it_is_kept_from)
{
    double gradient[D], product[D];
    ad_program *program = prepare();
    ad_batch *plain = batch_of(program, (ad_batch_options){0});
    ad_batch *keeping = batch_of(program, (ad_batch_options){.n_kept = MOST});
    ad_moments a = keep(plain, MOST, true);
    memcpy(gradient, kept_gradient, sizeof gradient);
    memcpy(product, kept_product, sizeof product);
    ad_moments b = keep(keeping, MOST, true);
    ck_assert_mem_eq(gradient, kept_gradient, sizeof gradient);
    ck_assert_mem_eq(product, kept_product, sizeof product);
    ck_assert_double_eq(a.loss_var, b.loss_var);
    ck_assert_double_eq(a.grad_var_trace, b.grad_var_trace);
    ck_assert_double_eq(a.cross_cov_trace, b.cross_cov_trace);
    ad_batch_destroy(plain);
    ad_batch_destroy(keeping);
    ad_program_destroy(program);
}
END_TEST

START_TEST(kept_values_are_used_where_they_belong)
{
    ad_program *program = prepare();
    ad_batch *batch = batch_of(program, (ad_batch_options){.n_kept = MOST});
    ad_line_moments line = {.order = 2, .again = true};
    keep(batch, MOST, true);
    poison(batch);
    ck_assert_int_ne(ad_eval_line(batch, theta, direction, MOST, xi, &line, NULL), MEKA_OK);
    ck_assert(isnan(line.mean[0]));
    ad_batch_destroy(batch);
    ad_program_destroy(program);
}
END_TEST

/* What happens between keeping and using, and where it is then used. */
static void nothing(ad_batch *batch)
{
}
static void other_moments(ad_batch *batch)
{
    ad_moments moments = {.grad_mean = kept_gradient};
    ad_eval_moments(batch, theta, NULL, MOST, xi, &moments, NULL);
}
static void samples(ad_batch *batch)
{
    double loss[MOST];
    ad_eval_samples(batch, other_theta, NULL, MOST, xi, loss, NULL, NULL, NULL);
}
static void line_anew(ad_batch *batch)
{
    line_at(batch, theta, MOST, xi, 1, false);
}

START_TEST(kept_values_do_not_survive_another_point_batch_or_evaluation)
{
    static const struct {
        void (*between)(ad_batch *batch);
        const double *theta, *xi;
        size_t n;
    } cases[] = {
        {nothing, other_theta, xi, MOST}, {nothing, theta, other_xi, MOST},
        {nothing, theta, xi, MOST - 1},   {other_moments, theta, xi, MOST},
        {samples, theta, xi, MOST},       {line_anew, theta, xi, MOST},
    };
    ad_program *program = prepare();
    ad_batch *plain = batch_of(program, (ad_batch_options){0});
    ad_batch *batch = batch_of(program, (ad_batch_options){.n_kept = MOST});
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        ad_line_moments expected =
            line_at(plain, cases[k].theta, cases[k].n, cases[k].xi, 3, false);
        keep(batch, MOST, true);
        cases[k].between(batch);
        poison(batch);
        ad_line_moments actual =
            line_at(batch, cases[k].theta, cases[k].n, cases[k].xi, 3, true);
        assert_same_line(&actual, &expected);
    }
    ad_batch_destroy(plain);
    ad_batch_destroy(batch);
    ad_program_destroy(program);
}
END_TEST

START_TEST(more_samples_than_there_is_memory_for_are_not_kept)
{
    ad_program *program = prepare();
    ad_batch *plain = batch_of(program, (ad_batch_options){0});
    ad_batch *batch = batch_of(program, (ad_batch_options){.n_kept = MOST - 1});
    ad_line_moments expected = line_at(plain, theta, MOST, xi, 3, false);
    keep(batch, MOST - 1, true);
    keep(batch, MOST, true);
    ad_line_moments actual = line_at(batch, theta, MOST, xi, 3, true);
    assert_same_line(&actual, &expected);
    keep(plain, MOST, true);
    actual = line_at(plain, theta, MOST, xi, 3, true);
    assert_same_line(&actual, &expected);
    ad_batch_destroy(plain);
    ad_batch_destroy(batch);
    ad_program_destroy(program);
}
END_TEST

/* Runs of so many samples per step, one that keeps values and one that does not. */
static void check_runs(size_t batch_size, double tolerance)
{
    const meka_source source = {.n_features = M, .draw = draw};
    ad_program *program = prepare();
    const opt_method *meka;
    meka_error err = {0};
    opt_run *run[2];
    assert_ok(opt_method_find(&meka, "meka", &err), err);
    ck_assert(meka->keeps);
    opt_method forgetful = *meka;
    forgetful.keeps = false;
    for (int k = 0; k < 2; k++) {
        opt_config config = opt_config_default();
        config.method = k == 0 ? meka : &forgetful;
        config.batch_size = batch_size;
        assert_ok(opt_run_create(&run[k], program, &source, &config, theta, &err), err);
        for (int t = 0; t < 8; t++) {
            opt_stop stop;
            assert_ok(opt_run_step(run[k], &stop, &err), err);
            ck_assert_int_eq(stop, OPT_RUNNING);
        }
    }
    for (int j = 0; j < D; j++)
        ck_assert_double_le(fabs(opt_run_theta(run[0])[j] - opt_run_theta(run[1])[j]),
                            tolerance);
    opt_run_destroy(run[0]);
    opt_run_destroy(run[1]);
    ad_program_destroy(program);
}

/* Few samples' means are not written out where values are kept (tests/test_factored.c): then
 * last bits differ, and eight steps carry that on. */
START_TEST(a_run_is_the_same_whether_its_method_keeps_values_or_not)
{
    check_runs(60, 0.0);
    check_runs(20, 1e-13);
}
END_TEST

TEST_MAIN("kept", using_kept_values_changes_no_bit,
          keeping_changes_no_bit_of_what_it_is_kept_from,
          kept_values_are_used_where_they_belong,
          kept_values_do_not_survive_another_point_batch_or_evaluation,
          more_samples_than_there_is_memory_for_are_not_kept,
          a_run_is_the_same_whether_its_method_keeps_values_or_not)
