/* The verification judged by filters written here: the right one passes, wrong ones that
 * still converge as 1/t or nearly so are caught. */
#include "plots/verify.h"
#include "plots/case.h"
#include "tests/testing.h"

typedef struct filter_params {
    double alpha;
} filter_params;

static const meka_option options[] = {
    {"alpha", MEKA_OPTION_REAL, "0.1", 0.0, 1e300, NULL, "step size",
     offsetof(filter_params, alpha)},
};

static meka_status sizes(const void *params, size_t d, size_t *n_state, size_t *n_scratch,
                         meka_error *err)
{
    *n_state = 2 * d;
    *n_scratch = d;
    return MEKA_OK;
}

static void init(const void *params, size_t d, double *state)
{
}

/* Eq. 15 with gain K_t = factor / (t+1) (1 at t = 0) from every `skip`-th part of the batch. */
static meka_status filter(const void *params, double *state, double *scratch,
                          const opt_step *step, double factor, size_t skip, meka_error *err)
{
    size_t d = step->n_params;
    double *m = state, *delta = state + d, *g = step->gradient, *b = scratch;
    double alpha = ((const filter_params *)params)->alpha;
    double k = step->t == 0 ? 1.0 : factor / ((double)step->t + 1.0);
    opt_view seen = *step->batch;
    seen.n = seen.n / skip ? seen.n / skip : 1;
    ad_moments moments = {.grad_mean = g, .hvp_mean = b};
    meka_status status = opt_view_moments(&seen, step->theta, delta, &moments, err);
    if (status)
        return status;
    for (size_t j = 0; j < d; j++) {
        m[j] = (1.0 - k) * (m[j] + b[j]) + k * g[j];
        delta[j] = -alpha * m[j];
        step->theta[j] += delta[j];
    }
    *step->estimate = m;
    return MEKA_OK;
}

static meka_status right(const void *params, double *state, double *scratch,
                         const opt_step *step, meka_error *err)
{
    return filter(params, state, scratch, step, 1.0, 1, err);
}

static meka_status sluggish(const void *params, double *state, double *scratch,
                            const opt_step *step, meka_error *err)
{
    return filter(params, state, scratch, step, 0.5, 1, err);
}

static meka_status wasteful(const void *params, double *state, double *scratch,
                            const opt_step *step, meka_error *err)
{
    return filter(params, state, scratch, step, 1.0, 2, err);
}

static meka_status forgetful(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    return filter(params, state, scratch, step, 0.05 * ((double)step->t + 1.0), 1, err);
}

#define METHOD(function)                                                                       \
    {                                                                                          \
        .name = #function, .summary = "", .reference = "",                                     \
        .options = {options, 1, sizeof(filter_params)}, .min_batch = 1, .sizes = sizes,        \
        .init = init, .step = function                                                         \
    }
static const opt_method right_method = METHOD(right), sluggish_method = METHOD(sluggish),
                        wasteful_method = METHOD(wasteful),
                        forgetful_method = METHOD(forgetful);

static plot_verify_config small(const opt_method *method)
{
    plot_verify_config config = plot_verify_default();
    config.dim = 3;
    config.condition = 4.0;
    config.batch = 2;
    config.steps = 600;
    config.seeds = 160;
    config.seed = 5;
    config.jobs = 2;
    config.method = method;
    return config;
}

static const plot_finding *find(const plot_verify_report *report, const char *name)
{
    for (size_t i = 0; i < report->n_findings; i++)
        if (strcmp(report->finding[i].name, name) == 0)
            return &report->finding[i];
    ck_abort_msg("there is no finding '%s'", name);
    return NULL;
}

static void assert_all_passed(const plot_verify_report *report)
{
    for (size_t i = 0; i < report->n_findings; i++) {
        const plot_finding *f = &report->finding[i];
        ck_assert_msg(f->passed, "%s: %g in [%g, %g], expected %g: %s", f->name, f->value,
                      f->low, f->high, f->expected, f->detail);
    }
    ck_assert(report->passed);
}

START_TEST(meka_passes)
{
    meka_error err;
    plot_verify_report report;
    plot_verify_config config = small(NULL);
    assert_ok(plot_verify_run(&report, &config, &err), err);
    assert_all_passed(&report);
    const char *const names[] = {
        "exact-exponent",       "exact-constant",       "bounded",      "monte-carlo-band",
        "monte-carlo-exponent", "monte-carlo-constant", "sgd-plateau",  "below-sgd",
        "sweep-exact",          "sweep-monte-carlo",    "divergence",   "estimated-noise",
        "default-filter",       "scalar-filter",        "hessian-noise"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const plot_finding *f = find(&report, names[i]);
        ck_assert(f->claim[0] && f->detail[0]);
        /* Nothing was cut off. */
        ck_assert_uint_lt(strlen(f->claim), sizeof f->claim - 1);
        ck_assert_uint_lt(strlen(f->detail), sizeof f->detail - 1);
    }
    plot_verify_clear(&report);
}
END_TEST

START_TEST(the_curves_for_the_figure_belong_together)
{
    meka_error err;
    plot_verify_report report;
    plot_verify_config config = small(&right_method);
    assert_ok(plot_verify_run(&report, &config, &err), err);
    ck_assert_uint_ge(report.n_points, 10);
    ck_assert_double_eq(report.t[0], 1.0);
    ck_assert_double_eq(report.t[report.n_points - 1], 600.0);
    for (size_t c = 0; c < report.n_points; c++) {
        ck_assert_double_lt(report.band_low[c], report.mean[c]);
        ck_assert_double_lt(report.mean[c], report.band_high[c]);
        ck_assert_double_le(report.band_low[c], report.exact[c]);
        ck_assert_double_le(report.exact[c], report.band_high[c]);
        ck_assert_double_le(report.t[c] * report.exact[c], report.bound);
    }
    assert_ulps(report.sgd[report.n_points - 1], report.plateau, 1e6);
    plot_verify_clear(&report);
    ck_assert_ptr_null(report.t);
    plot_verify_clear(NULL);
}
END_TEST

START_TEST(an_independent_filter_with_gain_one_over_t_passes)
{
    meka_error err;
    plot_verify_report report;
    plot_verify_config config = small(&right_method);
    assert_ok(plot_verify_run(&report, &config, &err), err);
    assert_all_passed(&report);
    plot_verify_clear(&report);
}
END_TEST

START_TEST(a_filter_with_half_the_gain_is_caught)
{
    meka_error err;
    plot_verify_report report;
    plot_verify_config config = small(&sluggish_method);
    assert_ok(plot_verify_run(&report, &config, &err), err);
    ck_assert(!report.passed);
    ck_assert(!find(&report, "monte-carlo-band")->passed);
    ck_assert(!find(&report, "monte-carlo-constant")->passed);
    /* The theory, and SGD, are not to blame. */
    ck_assert(find(&report, "exact-constant")->passed);
    ck_assert(find(&report, "sgd-plateau")->passed);
    plot_verify_clear(&report);
}
END_TEST

/* It converges as 1/t; only the constant is wrong, by a factor of two. */
START_TEST(a_filter_that_ignores_half_of_its_samples_is_caught_by_the_constant)
{
    meka_error err;
    plot_verify_report report;
    plot_verify_config config = small(&wasteful_method);
    assert_ok(plot_verify_run(&report, &config, &err), err);
    const plot_finding *constant = find(&report, "monte-carlo-constant");
    ck_assert(!report.passed && !constant->passed);
    ck_assert_double_gt(constant->low, 1.3 * constant->expected);
    ck_assert(find(&report, "monte-carlo-exponent")->passed);
    plot_verify_clear(&report);
}
END_TEST

START_TEST(a_filter_of_constant_gain_is_caught_by_the_exponent)
{
    meka_error err;
    plot_verify_report report;
    plot_verify_config config = small(&forgetful_method);
    assert_ok(plot_verify_run(&report, &config, &err), err);
    const plot_finding *exponent = find(&report, "monte-carlo-exponent");
    ck_assert(!report.passed && !exponent->passed);
    ck_assert_double_gt(exponent->low, -0.8);
    plot_verify_clear(&report);
}
END_TEST

START_TEST(the_verdict_does_not_depend_on_the_number_of_threads)
{
    meka_error err;
    plot_verify_report one, many;
    plot_verify_config config = small(&right_method);
    config.seeds = 16;
    config.jobs = 1;
    assert_ok(plot_verify_run(&one, &config, &err), err);
    config.jobs = 3;
    assert_ok(plot_verify_run(&many, &config, &err), err);
    ck_assert_uint_eq(one.n_findings, many.n_findings);
    for (size_t i = 0; i < one.n_findings; i++) {
        ck_assert(memcmp(&one.finding[i].value, &many.finding[i].value, sizeof(double)) == 0);
        ck_assert(memcmp(&one.finding[i].low, &many.finding[i].low, sizeof(double)) == 0);
        ck_assert_str_eq(one.finding[i].detail, many.finding[i].detail);
    }
    plot_verify_clear(&one);
    plot_verify_clear(&many);
}
END_TEST

START_TEST(unusable_values_are_refused_with_what_would_be_right)
{
    meka_error err;
    plot_verify_report report = {.n_findings = 77};
    plot_verify_config config = small(NULL);
    config.step = 1.5;
    assert_fails(plot_verify_run(&report, &config, &err), err, MEKA_ERR_INPUT, "(0, 1/L]");
    config = small(NULL);
    config.condition = 0.5;
    assert_fails(plot_verify_run(&report, &config, &err), err, MEKA_ERR_INPUT, "[1, 1e12]");
    config = small(NULL);
    config.seeds = 3;
    assert_fails(plot_verify_run(&report, &config, &err), err, MEKA_ERR_INPUT, "at least 8");
    config = small(NULL);
    config.confidence = 1.0;
    assert_fails(plot_verify_run(&report, &config, &err), err, MEKA_ERR_INPUT, "[0.5, 1)");
    config = small(NULL);
    config.dim = 0;
    assert_fails(plot_verify_run(&report, &config, &err), err, MEKA_ERR_INPUT, "dimensions");
    config = small(NULL);
    config.settings = "rule=sideways";
    assert_fails(plot_verify_run(&report, &config, &err), err, MEKA_ERR_INPUT, "sideways");
    ck_assert_uint_eq(report.n_findings, 77);
}
END_TEST

START_TEST(runs_that_end_within_the_transient_are_refused_with_the_steps_needed)
{
    meka_error err;
    plot_verify_report report;
    plot_verify_config config = small(NULL);
    config.dim = 20;
    config.condition = 2000.0;
    assert_fails(plot_verify_run(&report, &config, &err), err, MEKA_ERR_INPUT, "transient");
    ck_assert_ptr_nonnull(strstr(err.text, "steps are needed, not 600"));
}
END_TEST

START_TEST(the_tail_starts_where_the_curve_stays_near_its_asymptote)
{
    double curve[100];
    for (size_t t = 0; t < 100; t++)
        curve[t] = t < 30 ? 5.0 : 2.0 / (double)t;
    ck_assert_uint_eq(plot_tail_start(curve, 100, 2.0, false, 0.01), 30);
    ck_assert_uint_eq(plot_tail_start(curve, 100, 3.0, false, 0.01), 100);
    for (size_t t = 0; t < 100; t++)
        curve[t] = 3.0 + (t < 40);
    ck_assert_uint_eq(plot_tail_start(curve, 100, 3.0, true, 0.01), 40);
    curve[99] = NAN;
    ck_assert_uint_eq(plot_tail_start(curve, 100, 3.0, true, 0.01), 100);
}
END_TEST

typedef struct heard {
    double last;
    int n;
    bool ascending;
} heard;

static void listen(void *ctx, double fraction, const char *what)
{
    heard *h = ctx;
    h->ascending = h->ascending && fraction >= h->last && fraction <= 1.0 && what[0];
    h->last = fraction;
    h->n++;
}

START_TEST(progress_rises_from_zero_to_one)
{
    meka_error err;
    heard h = {0.0, 0, true};
    plot_verify_report report;
    plot_verify_config config = small(&right_method);
    config.seeds = 8;
    config.jobs = 1;
    config.progress = listen;
    config.progress_ctx = &h;
    assert_ok(plot_verify_run(&report, &config, &err), err);
    plot_verify_clear(&report);
    ck_assert(h.ascending);
    ck_assert_int_gt(h.n, 20);
    ck_assert_double_gt(h.last, 0.99);
}
END_TEST

TEST_MAIN("verify", meka_passes, the_curves_for_the_figure_belong_together,
          an_independent_filter_with_gain_one_over_t_passes,
          a_filter_with_half_the_gain_is_caught,
          a_filter_that_ignores_half_of_its_samples_is_caught_by_the_constant,
          a_filter_of_constant_gain_is_caught_by_the_exponent,
          the_verdict_does_not_depend_on_the_number_of_threads,
          unusable_values_are_refused_with_what_would_be_right,
          runs_that_end_within_the_transient_are_refused_with_the_steps_needed,
          the_tail_starts_where_the_curve_stays_near_its_asymptote,
          progress_rises_from_zero_to_one)
