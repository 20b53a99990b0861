/* The networks of the zoo against plain loops; their starts and scores. */
#include "problems/classifier.h"
#include "tests/net_reference.h"
#include "tests/train_fixture.h"

static prob_instance create(const char *name, const char *settings, uint64_t seed)
{
    const prob_problem *row;
    prob_instance it;
    meka_error err;
    ck_assert_int_eq(prob_problem_find(&row, name, NULL), MEKA_OK);
    assert_ok(prob_create(&it, row, &(prob_request){.settings = settings, .seed = seed}, &err),
              err);
    return it;
}

/* ------------------------------------------------------------------- layers */

typedef struct net_case {
    const char *name, *settings;
    size_t channels, side, n_params;
    int activation;
    double l2;
    void (*run)(ref_net *n);
} net_case;

static void linear(ref_net *n)
{
    ref_mlp(n, 0, 0);
}
static void deep(ref_net *n)
{
    ref_mlp(n, 20, 3);
}
static void cnn_max(ref_net *n)
{
    ref_cnn(n, 4, 0);
}
static void cnn_average(ref_net *n)
{
    ref_cnn(n, 3, 1);
}
static void resnet_8(ref_net *n)
{
    ref_resnet(n, 1, 4, 4);
}
static void resnet_14(ref_net *n)
{
    ref_resnet(n, 2, 2, 1);
}

#define FEW " train-rows=20 test-rows=20"
static const net_case cases[] = {
    {"mlp", "depth=0" FEW, 1, 28, 7850, 0, 0, linear},
    {"mlp", "depth=3 hidden=20 activation=tanh l2=0.5" FEW, 1, 28, 16750, 1, 0.5, deep},
    {"mlp", "depth=3 hidden=20 activation=softplus" FEW, 1, 28, 16750, 2, 0, deep},
    {"mlp", "depth=3 hidden=20 activation=relu scale=unit" FEW, 1, 28, 16750, 0, 0, deep},
    {"cnn", "width=4 l2=0.25" FEW, 3, 32, 2282, 0, 0.25, cnn_max},
    {"cnn", "width=3 pool=average colour=no activation=tanh" FEW, 1, 28, 1078, 1, 0,
     cnn_average},
    {"resnet", "width=4 groups=4 l2=0.125" FEW, 3, 32, 5006, 0, 0.125, resnet_8},
    {"resnet", "depth=14 width=2 groups=1 colour=no activation=softplus" FEW, 1, 28, 2888, 2, 0,
     resnet_14},
};
enum { N_CASES = sizeof cases / sizeof cases[0], N_SAMPLES = 20 };

/* Parameters that are all different from their start, gains and biases included. */
static double *some_theta(const ad_objective *o)
{
    double *theta = malloc(o->n_params * sizeof *theta);
    meka_rng rng;
    meka_rng_init(&rng, 1, MEKA_STREAM_TEST, 0, 0);
    for (size_t k = 0; k < o->n_params; k++)
        theta[k] = o->x0[k] + 0.1 * meka_rng_normal(&rng);
    return theta;
}

static void check_case(const net_case *c)
{
    static ref_net net;
    prob_instance it = create(c->name, c->settings, 4);
    const ad_objective *o = &it.objective;
    size_t m = c->channels * c->side * c->side;
    ck_assert_uint_eq(o->n_features, m + 1);
    ck_assert_uint_eq(o->n_params, c->n_params);
    fixture loss_of = fixture_make(o, 0), score_of = fixture_make(&it.score, 0);
    double *theta = some_theta(o), *xi = malloc(N_SAMPLES * (m + 1) * sizeof *xi);
    double loss[N_SAMPLES], score[N_SAMPLES];
    it.test.read(it.test.ctx, 0, N_SAMPLES, xi);
    meka_error err;
    assert_ok(
        ad_eval_samples(loss_of.batch, theta, NULL, N_SAMPLES, xi, loss, NULL, NULL, &err),
        err);
    assert_ok(
        ad_eval_samples(score_of.batch, theta, NULL, N_SAMPLES, xi, score, NULL, NULL, &err),
        err);
    for (size_t i = 0; i < N_SAMPLES; i++) {
        const double *x = xi + i * (m + 1);
        ref_begin(&net, c->channels, c->side, c->side, theta, x, c->activation);
        c->run(&net);
        ck_assert_ptr_eq(net.theta, theta + o->n_params);
        double wanted = ref_cross_entropy(&net, x[m]) + 0.5 * c->l2 * net.square_sum;
        ck_assert_msg(fabs(loss[i] - wanted) <= 1e-11 * (1.0 + wanted),
                      "%s %s: sample %zu: %.17g instead of %.17g", c->name, c->settings, i,
                      loss[i], wanted);
        ck_assert_double_eq(score[i], ref_class(&net) == x[m]);
    }
    free(theta);
    free(xi);
    fixture_clear(&loss_of);
    fixture_clear(&score_of);
    prob_destroy(&it);
}

START_TEST(losses_and_scores_are_those_of_plain_loops)
{
    for (size_t k = 0; k < N_CASES; k++)
        check_case(&cases[k]);
}
END_TEST

START_TEST(the_networks_have_their_published_sizes)
{
    static const struct {
        const char *name, *settings;
        size_t n_params;
    } sizes[] = {
        {"mlp", "train-rows=1", 101770}, /* 784-128-10 */
        {"resnet", "depth=32 width=16 train-rows=1",
         464154}, /* 0.46M in table 6 of He et al. */
        {"resnet", "depth=20 width=16 train-rows=1", 269722},   /* 0.27M */
        {"resnet", "depth=110 width=16 train-rows=1", 1727962}, /* 1.7M */
    };
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        prob_instance it = create(sizes[k].name, sizes[k].settings, 1);
        ck_assert_uint_eq(it.objective.n_params, sizes[k].n_params);
        prob_destroy(&it);
    }
}
END_TEST

/* ------------------------------------------------------------------- starts */

/* n normal numbers of mean 0 and this variance: sums within five standard deviations. */
static void assert_normal(const double *x, size_t n, double variance)
{
    double sum = 0.0, square = 0.0;
    for (size_t k = 0; k < n; k++) {
        sum += x[k];
        square += x[k] * x[k];
    }
    ck_assert_double_le(fabs(sum), 5.0 * sqrt((double)n * variance));
    ck_assert_double_le(fabs(square / (double)n / variance - 1.0), 5.0 * sqrt(2.0 / (double)n));
}

static void assert_equal_to(const double *x, size_t n, double value)
{
    for (size_t k = 0; k < n; k++)
        ck_assert_double_eq(x[k], value);
}

START_TEST(weights_start_with_the_variances_of_he_and_of_glorot_and_the_rest_without_effect)
{
    for (int tanh = 0; tanh < 2; tanh++) {
        const char *settings = tanh ? "activation=tanh train-rows=1" : "train-rows=1";
        prob_instance it = create("mlp", settings, 7);
        const double *x = it.objective.x0;
        assert_normal(x, 784 * 128, tanh ? 2.0 / (784 + 128) : 2.0 / 784);
        assert_equal_to(x + 784 * 128, 128, 0.0);
        assert_normal(x + 785 * 128, 1280, tanh ? 2.0 / (128 + 10) : 2.0 / 128);
        assert_equal_to(x + 785 * 128 + 1280, 10, 0.0);
        prob_destroy(&it);
        it = create("resnet", tanh ? "width=16 activation=tanh" : "width=16", 7);
        x = it.objective.x0; /* 16 x 3 x 3 x 3, 16 gains, 16 shifts, 16 x 16 x 3 x 3 ... */
        assert_normal(x, 432, tanh ? 2.0 / (27 + 144) : 2.0 / 27);
        assert_equal_to(x + 432, 16, 1.0);
        assert_equal_to(x + 448, 16, 0.0);
        assert_normal(x + 464, 2304, tanh ? 2.0 / (144 + 144) : 2.0 / 144);
        prob_destroy(&it);
    }
}
END_TEST

START_TEST(another_seed_gives_another_start_and_arrays_are_not_alike)
{
    prob_instance a = create("mlp", "depth=3 hidden=128", 1), b = create("mlp", "depth=3", 2);
    const double *x = a.objective.x0;
    ck_assert_uint_eq(a.objective.n_params, b.objective.n_params);
    size_t n_different = 0;
    for (size_t k = 0; k < 784 * 128; k++)
        n_different += x[k] != b.objective.x0[k];
    ck_assert_uint_eq(n_different, 784 * 128);
    const double *second = x + 785 * 128, *third = second + 129 * 128;
    ck_assert_mem_ne(second, third, 128 * 128 * sizeof *x);
    prob_destroy(&a);
    prob_destroy(&b);
}
END_TEST

/* ------------------------------------------------------------------- scores */

static ad_var score_of_features(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                                const void *ctx)
{
    (void)theta;
    (void)ctx;
    return prob_classifier_score(tape, 4, xi, xi[4]);
}

START_TEST(the_first_of_equal_logits_is_the_largest_and_one_that_is_not_a_number_never)
{
    static const struct {
        double logit[4];
        int largest; /* -1: none */
    } rows[] = {
        {{1, 2, 3, 0}, 2},
        {{0, 0, 0, 0}, 0},
        {{-1, 5, 5, 5}, 1},
        {{-3, -2, -1, -1}, 2},
        {{-1e308, -INFINITY, -1.1e308, -INFINITY}, 0},
        {{1, NAN, 0, 2}, 3},
        {{NAN, -4, -5, NAN}, 1},
        {{NAN, NAN, NAN, NAN}, -1},
        {{-INFINITY, -INFINITY, -INFINITY, -INFINITY}, -1},
        {{0, INFINITY, INFINITY, 1e308}, 1},
    };
    enum { N = sizeof rows / sizeof rows[0] };
    ad_objective o = {
        .name = "score", .n_params = 1, .n_features = 5, .record = score_of_features};
    fixture f = fixture_make(&o, 0);
    double theta = 0.0, xi[4 * N][5], score[4 * N], grad[4 * N];
    for (size_t i = 0; i < 4 * (size_t)N; i++) {
        memcpy(xi[i], rows[i / 4].logit, 4 * sizeof(double));
        xi[i][4] = (double)(i % 4);
    }
    ad_eval_samples(f.batch, &theta, NULL, 4 * (size_t)N, xi[0], score, grad, NULL, NULL);
    for (size_t i = 0; i < 4 * (size_t)N; i++) {
        ck_assert_double_eq(score[i], rows[i / 4].largest == (int)(i % 4));
        ck_assert_double_eq(grad[i], 0.0);
    }
    fixture_clear(&f);
}
END_TEST

START_TEST(the_mean_score_is_the_accuracy)
{
    static ref_net net;
    enum { N = 300, M = 785 };
    prob_instance it = create("mlp", "hidden=16 train-rows=20 test-rows=300", 2);
    fixture f = fixture_make(&it.score, 0);
    double *xi = malloc(N * M * sizeof *xi), *theta = some_theta(&it.objective);
    it.test.read(it.test.ctx, 0, N, xi);
    for (int zero = 0; zero < 2; zero++) {
        double n_right = 0.0;
        if (zero) /* then all logits are equal: class 0, a tenth of the images */
            memset(theta, 0, it.objective.n_params * sizeof *theta);
        for (size_t i = 0; i < N; i++) {
            ref_begin(&net, 1, 28, 28, theta, xi + i * M, 0);
            ref_mlp(&net, 16, 1);
            n_right += ref_class(&net) == xi[i * M + M - 1];
        }
        ck_assert_double_gt(n_right, 0.0);
        ck_assert(!zero || n_right == 0.1 * N);
        ad_moments m = {0};
        ck_assert_int_eq(ad_eval_moments(f.batch, theta, NULL, N, xi, &m, NULL), MEKA_OK);
        ck_assert_double_le(fabs(m.loss_mean - n_right / N), 4 * DBL_EPSILON);
    }
    free(xi);
    free(theta);
    fixture_clear(&f);
    prob_destroy(&it);
}
END_TEST

/* ----------------------------------------------------------------- training */

START_TEST(a_small_convolutional_network_learns_the_shapes_and_a_linear_model_does_not)
{
    prob_instance line = create("mlp", "depth=0", 1);
    prob_instance net = create("cnn", "width=6 colour=no", 1);
    outcome low = train(&line, "adam", "alpha=1e-3", 32, 1000);
    outcome high = train(&net, "adam", "alpha=1e-2", 32, 400);
    ck_assert_msg(low.accuracy[1] < 0.2, "linear: %g", low.accuracy[1]);
    ck_assert_msg(high.accuracy[1] > 0.6, "convolutional: %g", high.accuracy[1]);
    prob_destroy(&line);
    prob_destroy(&net);
}
END_TEST

START_TEST(every_network_learns_without_tuning)
{
    static const struct {
        const char *name, *settings;
        uint64_t n_steps;
    } rows[] = {{"mlp", "hidden=32", 300},
                {"cnn", "width=4 colour=no", 150},
                {"resnet", "width=2 groups=2 colour=no", 150}};
    for (size_t k = 0; k < 3; k++) {
        prob_instance it = create(rows[k].name, rows[k].settings, 1);
        outcome o = train(&it, "meka", NULL, 32, rows[k].n_steps);
        /* better than knowing nothing, and four standard deviations above chance */
        ck_assert_msg(o.loss[1] < log(10.0) && o.accuracy[1] > 0.14, "%s: %g, %g", rows[k].name,
                      o.loss[1], o.accuracy[1]);
        prob_destroy(&it);
    }
}
END_TEST

/* ------------------------------------------------------------------- errors */

START_TEST(options_that_make_no_network_are_refused_with_what_would_be_right)
{
    static const char *const wrong[][2] = {
        {"depth=9", "option 'depth' must be 6 n + 2, such as 8, 14, 20 or 32, not 9"},
        {"width=6", "option 'groups' must divide width, but 4 does not divide 6"},
        {"depth=2", "'depth'"},
    };
    const prob_problem *row;
    ck_assert_int_eq(prob_problem_find(&row, "resnet", NULL), MEKA_OK);
    for (size_t k = 0; k < 3; k++) {
        prob_instance it;
        meka_error err;
        assert_fails(prob_create(&it, row, &(prob_request){.settings = wrong[k][0]}, &err), err,
                     MEKA_ERR_INPUT, wrong[k][1]);
    }
}
END_TEST

/* Recording with each allocation failing in turn: an error, not a crash.  (An objective can
 * only say that it has no result.) */
START_TEST(memory_that_runs_out_while_recording_is_an_error)
{
    static const char *const names[] = {"mlp", "cnn", "resnet"};
    for (size_t i = 0; i < 3; i++) {
        prob_instance it = create(names[i], "train-rows=1 test-rows=1", 1);
        for (size_t k = 1; k <= 40; k++) { /* the network's own come first */
            ad_program *program = NULL;
            meka_error err = {0};
            test_fail_allocation(k);
            meka_status status = ad_program_create(&program, &it.objective, &err);
            test_fail_allocation(0);
            ck_assert_int_ne(status, MEKA_OK);
            ck_assert_uint_gt(strlen(err.text), 0);
        }
        prob_destroy(&it);
    }
}
END_TEST

TEST_MAIN("networks", losses_and_scores_are_those_of_plain_loops,
          the_networks_have_their_published_sizes,
          weights_start_with_the_variances_of_he_and_of_glorot_and_the_rest_without_effect,
          another_seed_gives_another_start_and_arrays_are_not_alike,
          the_first_of_equal_logits_is_the_largest_and_one_that_is_not_a_number_never,
          the_mean_score_is_the_accuracy,
          a_small_convolutional_network_learns_the_shapes_and_a_linear_model_does_not,
          every_network_learns_without_tuning,
          options_that_make_no_network_are_refused_with_what_would_be_right,
          memory_that_runs_out_while_recording_is_an_error)
