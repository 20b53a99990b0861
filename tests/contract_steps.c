/* Every method's step on its own, without the loop: theta and state are all it keeps. */
#include "optim/run.h"
#include "tests/optim_fixture.h"

#include <stdio.h>

enum { STEPS = 30, BATCH = 8, SEED = 5 };

/* A method's memory and what it evaluates on, none of it shared. */
typedef struct by_hand {
    const opt_method *method;
    void *params;
    size_t n_state, n_scratch;
    double *state, *scratch, theta[FIXTURE_D];
    ad_program *program;
    ad_batch *batch, *population;
} by_hand;

static double *filled(size_t n, double value)
{
    double *array = malloc((n + 1) * sizeof *array);
    ck_assert_ptr_nonnull(array);
    for (size_t i = 0; i < n; i++)
        array[i] = value;
    return array;
}

static void count_memory(by_hand *h)
{
    meka_error err = {0};
    h->n_state = h->method->n_scalars + h->method->n_vectors * FIXTURE_D;
    h->n_scratch = h->method->n_work * FIXTURE_D;
    if (h->method->sizes)
        assert_ok(h->method->sizes(h->params, FIXTURE_D, &h->n_state, &h->n_scratch, &err),
                  err);
}

/* Before the first step. */
static by_hand by_hand_make(const opt_method *method, const char *settings)
{
    const ad_objective objective = fixture_objective();
    meka_error err = {0};
    by_hand h = {.method = method, .params = calloc(1, method->options.size)};
    assert_ok(opt_method_configure(method, h.params, settings, &err), err);
    count_memory(&h);
    h.state = filled(h.n_state, 0.0);
    h.scratch = filled(h.n_scratch, NAN);
    if (method->init)
        method->init(h.params, FIXTURE_D, h.state);
    memcpy(h.theta, fixture_x0, sizeof h.theta);
    assert_ok(ad_program_create(&h.program, &objective, &err), err);
    const ad_batch_options options = {.defers = method->defers};
    assert_ok(ad_batch_create(&h.batch, h.program, &options, &err), err);
    assert_ok(ad_batch_create(&h.population, h.program, NULL, &err), err);
    return h;
}

static void by_hand_clear(by_hand *h)
{
    ad_batch_destroy(h->population);
    ad_batch_destroy(h->batch);
    ad_program_destroy(h->program);
    free(h->scratch);
    free(h->state);
    free(h->params);
}

/* Whether v [d] is a part of the state. */
static bool is_kept(const by_hand *h, const double *v)
{
    for (size_t i = 0; i + FIXTURE_D <= h->n_state; i++)
        if (v == h->state + i)
            return true;
    return false;
}

/* Step t with scratch and outputs full of garbage. */
static void by_hand_step(by_hand *h, uint64_t t, double garbage)
{
    double xi[BATCH * (FIXTURE_D + 1)], room[FIXTURE_D], gradient[FIXTURE_D];
    const double *estimate = NULL;
    fixture_draw(NULL, SEED, t, BATCH, xi);
    for (size_t i = 0; i < h->n_scratch; i++)
        h->scratch[i] = garbage;
    for (int j = 0; j < FIXTURE_D; j++)
        room[j] = gradient[j] = garbage;
    const opt_view batch = {h->batch, BATCH, xi, NULL};
    const opt_view population = {h->population, 1, fixture_mean, NULL};
    opt_row row = opt_row_empty();
    bool deferred = false;
    const opt_step step = {.n_params = FIXTURE_D,
                           .t = t,
                           .seed = SEED,
                           .factor = 1.0,
                           .batch = h->method->full_batch ? &population : &batch,
                           .population = &population,
                           .theta = h->theta,
                           .gradient = gradient,
                           .room = room,
                           .estimate = &estimate,
                           .deferred = &deferred,
                           .row = &row};
    meka_error err = {0};
    assert_ok(h->method->step(h->params, h->state, h->scratch, &step, &err), err);
    if (deferred)
        assert_ok(ad_combine_means(h->batch, 1.0, 0.0, 0.0, gradient, NULL, &err), err);
    ck_assert_msg(estimate == gradient || estimate == room || is_kept(h, estimate),
                  "%s at step %llu: the estimate does not outlive the step", h->method->name,
                  (unsigned long long)t);
    for (int j = 0; j < FIXTURE_D; j++)
        ck_assert_msg(isfinite(estimate[j]) && isfinite(gradient[j]),
                      "%s at step %llu: estimate or gradient not given", h->method->name,
                      (unsigned long long)t);
}

/* The k-th setting to try: the defaults, then each other value of a switch or choice alone;
 * false past the end. */
static bool setting_at(const opt_method *method, size_t k, char *text, size_t size)
{
    static const char *const switches[] = {"no", "yes", NULL};
    text[0] = '\0';
    if (k == 0)
        return true;
    for (size_t i = 0; i < method->options.n; i++) {
        const meka_option *row = &method->options.row[i];
        const char *const *values = row->type == MEKA_OPTION_CHOICE ? row->choices
                                    : row->type == MEKA_OPTION_BOOL ? switches
                                                                    : switches + 2;
        for (; *values; values++)
            if (strcmp(*values, row->initial) != 0 && --k == 0) {
                snprintf(text, size, "%s=%s", row->name, *values);
                return true;
            }
    }
    return false;
}

/* theta_0 .. theta_STEPS and the states before each step, [STEPS + 1][n_state]. */
typedef struct history {
    double theta[STEPS + 1][FIXTURE_D];
    double *state;
} history;

/* Bit for bit; a, b [n] */
static bool same(size_t n, const void *a, const void *b)
{
    return n == 0 || memcmp(a, b, n * sizeof(double)) == 0;
}

static void expect(const by_hand *h, const history *past, const char *settings, uint64_t t,
                   uint64_t from)
{
    ck_assert_msg(same(FIXTURE_D, h->theta, past->theta[t]) &&
                      same(h->n_state, h->state, past->state + t * h->n_state),
                  "%s '%s' continued from step %llu differs at step %llu", h->method->name,
                  settings, (unsigned long long)from, (unsigned long long)t);
}

static void keep(const by_hand *h, history *past, uint64_t t)
{
    memcpy(past->theta[t], h->theta, sizeof h->theta);
    memcpy(past->state + t * h->n_state, h->state, h->n_state * sizeof *h->state);
}

static void continue_from_everywhere(const opt_method *method, const char *settings)
{
    history past;
    by_hand whole = by_hand_make(method, settings);
    past.state = filled((STEPS + 1) * whole.n_state, NAN);
    keep(&whole, &past, 0);
    for (uint64_t t = 0; t < STEPS; t++) {
        by_hand_step(&whole, t, NAN);
        keep(&whole, &past, t + 1);
    }
    by_hand_clear(&whole);
    for (uint64_t from = 0; from < STEPS; from++) {
        by_hand rest = by_hand_make(method, settings);
        memcpy(rest.theta, past.theta[from], sizeof rest.theta);
        memcpy(rest.state, past.state + from * rest.n_state, rest.n_state * sizeof *rest.state);
        for (uint64_t t = from; t < STEPS; t++) {
            by_hand_step(&rest, t, 0.5);
            expect(&rest, &past, settings, t + 1, from);
        }
        by_hand_clear(&rest);
    }
    free(past.state);
}

START_TEST(a_run_continued_from_its_theta_and_state_is_the_same_bit_for_bit)
{
    char settings[128];
    for (size_t i = 0; opt_method_at(i); i++)
        for (size_t k = 0; setting_at(opt_method_at(i), k, settings, sizeof settings); k++)
            continue_from_everywhere(opt_method_at(i), settings);
}
END_TEST

START_TEST(the_loop_adds_nothing_to_the_steps)
{
    char settings[128];
    for (size_t i = 0; opt_method_at(i); i++)
        for (size_t k = 0; setting_at(opt_method_at(i), k, settings, sizeof settings); k++) {
            const ad_objective objective = fixture_objective();
            const meka_source source = fixture_source();
            opt_config config = fixture_config(opt_method_at(i)->name, settings);
            config.seed = SEED;
            optim_fixture f = optim_fixture_make(&objective, &source, &config, fixture_x0);
            by_hand h = by_hand_make(opt_method_at(i), settings);
            for (uint64_t t = 0; t < STEPS; t++) {
                by_hand_step(&h, t, NAN);
                fixture_step(f.run);
                ck_assert_msg(same(FIXTURE_D, opt_run_theta(f.run), h.theta),
                              "%s '%s' differs at step %llu", h.method->name, settings,
                              (unsigned long long)t);
            }
            by_hand_clear(&h);
            optim_fixture_clear(&f);
        }
}
END_TEST

TEST_MAIN("contract_steps", a_run_continued_from_its_theta_and_state_is_the_same_bit_for_bit,
          the_loop_adds_nothing_to_the_steps)
