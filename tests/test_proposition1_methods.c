/* On the problems of Proposition 1 (eq. 14: f = 0.5 (theta - xi)'H(theta - xi), a fixed step,
 * the filter of eq. 15) three methods are one: MEKA, IGT with gamma = t/(t+1) and SGDHess with
 * a = 1/(t+1) all have m_t = H(theta_t - xibar_t), xibar_t the mean of all samples so far. */
#include "tests/optim_fixture.h"

#include <stdio.h>

enum { MAX_D = 8, STEPS = 300 };

/* Symmetric H = Q diag(lambda) Q', lambda from L/condition to L in equal ratios, Q a product of
 * two reflections; xi = mix z + 1 with z ~ N(0, I). */
typedef struct proposition {
    size_t d;
    double L, condition;
    double H[MAX_D * MAX_D], mix[MAX_D * MAX_D]; /* [d][d] */
} proposition;

static void reflect(size_t d, double *H, meka_rng *rng)
{
    double u[MAX_D], square = 0.0;
    for (size_t j = 0; j < d; j++) {
        u[j] = meka_rng_normal(rng);
        square += u[j] * u[j];
    }
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < d; i++) {
            size_t across = side ? d : 1, along = side ? 1 : d;
            double dot = 0.0;
            for (size_t j = 0; j < d; j++)
                dot += u[j] * H[i * across + j * along];
            for (size_t j = 0; j < d; j++)
                H[i * across + j * along] -= 2.0 * dot / square * u[j];
        }
}

static proposition make_proposition(size_t d, double L, double condition, uint64_t index)
{
    proposition p = {.d = d, .L = L, .condition = condition};
    meka_rng rng;
    meka_rng_init(&rng, 5, MEKA_STREAM_TEST, 0, index);
    for (size_t j = 0; j < d; j++)
        p.H[j * d + j] = d > 1 ? L * pow(condition, -(double)j / (double)(d - 1)) : L;
    reflect(d, p.H, &rng);
    reflect(d, p.H, &rng);
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++) {
            p.H[i * d + j] = p.H[(i < j ? i : j) * d + (i < j ? j : i)];
            p.mix[i * d + j] = 0.5 * meka_rng_normal(&rng);
        }
    return p;
}

static ad_var record(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    const proposition *p = ctx;
    ad_var e[MAX_D];
    (void)tape;
    for (size_t j = 0; j < p->d; j++)
        e[j] = ad_sub(theta[j], xi[j]);
    return ad_mul(0.5, ad_quadratic_form(p->d, p->H, e));
}

static void draw(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    const proposition *p = ctx;
    meka_rng rng;
    meka_rng_init(&rng, seed, MEKA_STREAM_SAMPLES, step, 0);
    for (size_t i = 0; i < n; i++, xi += p->d) {
        double z[MAX_D];
        for (size_t j = 0; j < p->d; j++)
            z[j] = meka_rng_normal(&rng);
        for (size_t j = 0; j < p->d; j++) {
            xi[j] = 1.0;
            for (size_t k = 0; k < p->d; k++)
                xi[j] += p->mix[j * p->d + k] * z[k];
        }
    }
}

enum { MEKA_SCALAR, MEKA_FULL, IGT, SGDHESS, N_RUNS };
static const char *const names[N_RUNS] = {"meka", "meka", "igt", "sgdhess"};
static const double sigma = 0.7;

static optim_fixture start(const proposition *p, int which, size_t n, double alpha,
                           const double *x0)
{
    static const char *const formats[N_RUNS] = {
        "rule=fixed noise=constant start=observation covariance=scalar sigma=0.7 alpha=%.17g",
        "rule=fixed noise=constant start=observation covariance=full sigma=0.7 alpha=%.17g",
        "mode=uniform alpha=%.17g", "mode=uniform alpha=%.17g"};
    char settings[160];
    snprintf(settings, sizeof settings, formats[which], alpha);
    const ad_objective objective = {
        .name = "14", .n_params = p->d, .n_features = p->d, .record = record, .ctx = p};
    const meka_source source = {.n_features = p->d, .draw = draw, .ctx = p};
    opt_config config = fixture_config(names[which], settings);
    config.batch_size = n;
    config.seed = 3;
    return optim_fixture_make(&objective, &source, &config, x0);
}

/* What the formulas give, summed in the plainest way. */
typedef struct oracle {
    double theta[MAX_D], sum[MAX_D]; /* sum of the batches' means */
    double norm;                     /* |m_t| */
    double scale;                    /* largest |theta_j|, |xi_j| so far */
} oracle;

static void oracle_step(oracle *o, const proposition *p, size_t n, double alpha, uint64_t t)
{
    double xi[16 * MAX_D], m[MAX_D] = {0};
    size_t d = p->d;
    draw(p, 3, t, n, xi);
    for (size_t i = 0; i < n * d; i++) {
        o->sum[i % d] += xi[i] / (double)n;
        o->scale = fmax(o->scale, fabs(xi[i]));
    }
    for (size_t j = 0; j < d; j++) {
        o->scale = fmax(o->scale, fabs(o->theta[j]));
        for (size_t k = 0; k < d; k++)
            m[j] += p->H[j * d + k] * (o->theta[k] - o->sum[k] / (double)(t + 1));
    }
    o->norm = 0.0;
    for (size_t j = 0; j < d; j++) {
        o->norm = hypot(o->norm, m[j]);
        o->theta[j] -= alpha * m[j];
    }
}

/* In units of rounding.  A step rounds m_t by a few of L scale, which moves theta by as many of
 * scale; the steps after it contract that or, along flat directions, let it add up at random:
 * sqrt(STEPS) = 17. */
enum { ALLOWED = 32 };

static void check_row(int which, const opt_row *row, double count)
{
    assert_ulps(row->gain, 1.0 / count, 8); /* K_t */
    if (which == MEKA_SCALAR || which == MEKA_FULL)
        assert_ulps(row->p, sigma / count, 8); /* P_t */
}

static void check_iterates(const proposition *p, size_t n, double rate)
{
    double x0[MAX_D], alpha = rate / p->L;
    optim_fixture run[N_RUNS];
    oracle o = {.scale = 0.0};
    for (size_t j = 0; j < p->d; j++)
        x0[j] = o.theta[j] = j % 2 ? -3.0 : 4.0;
    for (int i = 0; i < N_RUNS; i++)
        run[i] = start(p, i, n, alpha, x0);
    for (uint64_t t = 0; t < STEPS; t++) {
        oracle_step(&o, p, n, alpha, t);
        for (int i = 0; i < N_RUNS; i++) {
            fixture_step(run[i].run);
            check_row(i, opt_run_row(run[i].run), (double)(t + 1));
            assert_scaled(opt_run_row(run[i].run)->filtered_norm, o.norm, p->L * o.scale,
                          ALLOWED);
            for (size_t j = 0; j < p->d; j++)
                assert_scaled(opt_run_theta(run[i].run)[j], o.theta[j], o.scale, ALLOWED);
        }
    }
    for (int i = 0; i < N_RUNS; i++)
        optim_fixture_clear(&run[i]);
}

START_TEST(meka_igt_and_sgdhess_have_the_same_iterates)
{
    static const size_t sizes[] = {1, 2, 5, 8}, batches[] = {1, 4, 16};
    static const double conditions[] = {1.0, 30.0, 1000.0}, rates[] = {1.0, 0.25};
    uint64_t index = 0;
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 3; k++)
            for (size_t r = 0; r < 2; r++) {
                double condition = sizes[i] > 1 ? conditions[k] : 1.0, L = 0.5 + (double)k;
                proposition p = make_proposition(sizes[i], L, condition, index++);
                check_iterates(&p, batches[(i + k + r) % 3], rates[r]);
            }
}
END_TEST

/* f_i = 0.25 sum_j w_i (theta_j - x_ij)^4: the Hessian depends on theta. */
static ad_var record_quartic(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                             const void *ctx)
{
    ad_var sum = ad_const(tape, 0.0);
    (void)ctx;
    for (int j = 0; j < FIXTURE_D; j++)
        sum = ad_add(sum, ad_sqr(ad_sqr(ad_sub(theta[j], xi[j]))));
    return ad_mul(0.25, ad_mul(xi[FIXTURE_D], sum));
}

/* The largest distance between the iterates of IGT and SGDHess in 100 steps, and what is
 * MEKA's gain times t + 1 at the end. */
static void part(const ad_objective *objective, double alpha, double *distance, double *gain)
{
    const meka_source source = fixture_source();
    char settings[N_RUNS][120];
    optim_fixture run[N_RUNS];
    for (int i = MEKA_FULL; i < N_RUNS; i++) {
        snprintf(settings[i], sizeof settings[i],
                 i == MEKA_FULL ? "rule=fixed noise=constant sigma=0.01 alpha=%g"
                                : "mode=uniform alpha=%g",
                 alpha);
        opt_config config = fixture_config(names[i], settings[i]);
        run[i] = optim_fixture_make(objective, &source, &config, fixture_x0);
    }
    *distance = 0.0;
    for (int t = 0; t < 100; t++) {
        for (int i = MEKA_FULL; i < N_RUNS; i++)
            fixture_step(run[i].run);
        for (int j = 0; j < FIXTURE_D; j++)
            *distance = fmax(*distance, fabs(opt_run_theta(run[IGT].run)[j] -
                                             opt_run_theta(run[SGDHESS].run)[j]));
        *gain = opt_run_row(run[MEKA_FULL].run)->gain * (t + 1);
    }
    for (int i = MEKA_FULL; i < N_RUNS; i++)
        optim_fixture_clear(&run[i]);
}

START_TEST(noise_in_the_hessian_parts_meka_from_the_others)
{
    const ad_objective objective = fixture_objective();
    double distance, gain;
    part(&objective, 0.1, &distance, &gain);
    ck_assert_double_le(distance, ALLOWED * DBL_EPSILON * 4.0); /* |x0| <= 4 */
    ck_assert_double_gt(gain, 1.01);
}
END_TEST

START_TEST(beyond_quadratics_transport_and_hessian_vector_products_differ)
{
    ad_objective objective = fixture_objective();
    double distance, gain;
    objective.record = record_quartic;
    part(&objective, 0.01, &distance, &gain);
    ck_assert_double_gt(distance, 1e-3);
}
END_TEST

TEST_MAIN("proposition1_methods", meka_igt_and_sgdhess_have_the_same_iterates,
          noise_in_the_hessian_parts_meka_from_the_others,
          beyond_quadratics_transport_and_hessian_vector_products_differ)
