/* The exact curves against two oracles that share nothing with them: the joint covariance of
 * all of (theta, m) in the original coordinates, as matrices, and plain simulation. */
#include "plots/verify.h"
#include "tests/testing.h"

#include <stdlib.h>

enum { D = 3, N = 2 * D, T_LONG = 20000 };

/* H = sum_k lambda_k v_k v_k' with v_k the rows of a rotation; C any covariance. */
typedef struct oracle {
    double lambda[D], v[D][D], H[D][D], C[D][D], x0[D];
    double start[D], noise_var[D]; /* in the eigenbasis */
} oracle;

static void rotate(double v[D][D], int i, int j, double angle)
{
    for (int k = 0; k < D; k++) {
        double a = v[i][k], b = v[j][k];
        v[i][k] = cos(angle) * a - sin(angle) * b;
        v[j][k] = sin(angle) * a + cos(angle) * b;
    }
}

static oracle make_oracle(void)
{
    oracle o = {.lambda = {0.02, 0.3, 1.0},
                .C = {{1.0, 0.3, -0.2}, {0.3, 0.5, 0.1}, {-0.2, 0.1, 2.0}},
                .x0 = {1.5, -0.7, 0.4}};
    for (int i = 0; i < D; i++)
        o.v[i][i] = 1.0;
    rotate(o.v, 0, 1, 0.6);
    rotate(o.v, 1, 2, 1.1);
    rotate(o.v, 0, 2, -0.4);
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++)
            for (int k = 0; k < D; k++)
                o.H[i][j] += o.lambda[k] * o.v[k][i] * o.v[k][j];
    for (int k = 0; k < D; k++)
        for (int i = 0; i < D; i++) {
            o.start[k] += o.v[k][i] * o.x0[i];
            for (int j = 0; j < D; j++)
                o.noise_var[k] += o.v[k][i] * o.C[i][j] * o.v[k][j];
        }
    return o;
}

static void multiply(double out[N][N], double a[N][N], double b[N][N])
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            out[i][j] = 0.0;
            for (int k = 0; k < N; k++)
                out[i][j] += a[i][k] * b[k][j];
        }
}

/* One move of z = (x, m): z' = M z + (0, k e), Cov e = H C H / n. */
static void joint_matrix(const oracle *o, double a, double k, double M[N][N])
{
    memset(M, 0, sizeof(double[N][N]));
    for (int i = 0; i < D; i++) {
        M[i][i] = 1.0;
        M[i][D + i] = -a;
        M[D + i][D + i] = 1.0 - k;
        for (int j = 0; j < D; j++) {
            M[D + i][j] += k * o->H[i][j];
            /* delta = -a m enters with weight 1-k, x' = x - a m with weight k. */
            M[D + i][D + j] += -a * o->H[i][j];
        }
    }
}

static void noise_matrix(const oracle *o, double n, double S[D][D])
{
    double HC[D][D] = {{0}};
    memset(S, 0, sizeof(double[D][D]));
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++)
            for (int k = 0; k < D; k++)
                HC[i][j] += o->H[i][k] * o->C[k][j];
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++)
            for (int k = 0; k < D; k++)
                S[i][j] += HC[i][k] * o->H[k][j] / n;
}

/* 0.5 tr(H E[x x']) */
static double gap_of(const oracle *o, const double *z, double P[N][N])
{
    double sum = 0.0;
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++)
            sum += 0.5 * o->H[i][j] * (z[i] * z[j] + P[i][j]);
    return sum;
}

static void brute_force_meka(const oracle *o, double a, double n, int T, double *curve)
{
    double z[N] = {0}, P[N][N] = {{0}}, S[D][D], M[N][N], half[N][N], Mt[N][N];
    noise_matrix(o, n, S);
    for (int i = 0; i < D; i++) {
        z[i] = o->x0[i];
        for (int j = 0; j < D; j++) {
            z[D + i] += o->H[i][j] * o->x0[j];
            P[D + i][D + j] = S[i][j];
        }
    }
    for (int t = 0; t < T; t++) {
        double k = 1.0 / (t + 2.0), next[N] = {0};
        curve[t] = gap_of(o, z, P);
        joint_matrix(o, a, k, M);
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                next[i] += M[i][j] * z[j];
                Mt[j][i] = M[i][j];
            }
        memcpy(z, next, sizeof z);
        multiply(half, M, P);
        multiply(P, half, Mt);
        for (int i = 0; i < D; i++)
            for (int j = 0; j < D; j++)
                P[D + i][D + j] += k * k * S[i][j];
    }
}

START_TEST(the_curve_of_meka_equals_the_joint_covariance_recursion_in_matrices)
{
    enum { T = 300 };
    oracle o = make_oracle();
    const double steps[] = {1.0, 0.3, 1.7};
    for (int i = 0; i < 3; i++) {
        double curve[T], expected[T];
        plot_exact_meka(D, o.lambda, o.start, o.noise_var, steps[i], 4.0, T, curve);
        brute_force_meka(&o, steps[i], 4.0, T, expected);
        for (int t = 0; t < T; t++)
            assert_scaled(curve[t], expected[t], expected[0], 1000);
    }
}
END_TEST

/* g = H (x - xi) with xi of covariance C: C = A A', xi = A z. */
static void draw_gradient(const oracle *o, const double *x, meka_rng *rng, double *g)
{
    double A[D][D] = {{0}}, e[D], z[D];
    for (int i = 0; i < D; i++)
        for (int j = 0; j <= i; j++) {
            double sum = o->C[i][j];
            for (int k = 0; k < j; k++)
                sum -= A[i][k] * A[j][k];
            A[i][j] = i == j ? sqrt(sum) : sum / A[j][j];
        }
    for (int i = 0; i < D; i++)
        z[i] = meka_rng_normal(rng);
    for (int i = 0; i < D; i++) {
        e[i] = x[i];
        for (int j = 0; j <= i; j++)
            e[i] -= A[i][j] * z[j];
    }
    for (int i = 0; i < D; i++) {
        g[i] = 0.0;
        for (int j = 0; j < D; j++)
            g[i] += o->H[i][j] * e[j];
    }
}

/* Eq. 15 (filter) or plain SGD, one run; gap [T]. */
static void simulate(const oracle *o, bool filter, double a, int T, uint64_t run, double *gap)
{
    double x[D], g[D], m[D] = {0}, delta[D] = {0};
    meka_rng rng;
    meka_rng_init(&rng, 7, MEKA_STREAM_TEST, run, filter);
    memcpy(x, o->x0, sizeof x);
    for (int t = 0; t < T; t++) {
        double k = filter ? 1.0 / (t + 1.0) : 1.0;
        gap[t] = 0.0;
        for (int i = 0; i < D; i++)
            for (int j = 0; j < D; j++)
                gap[t] += 0.5 * x[i] * o->H[i][j] * x[j];
        draw_gradient(o, x, &rng, g);
        for (int i = 0; i < D; i++) {
            double b = 0.0;
            for (int j = 0; j < D; j++)
                b += o->H[i][j] * delta[j];
            m[i] = (1.0 - k) * (m[i] + b) + k * g[i];
        }
        for (int i = 0; i < D; i++) {
            delta[i] = -a * m[i];
            x[i] += delta[i];
        }
    }
}

/* Largest |mean - curve| in standard errors over runs. */
static double distance(const oracle *o, bool filter, double a, int T, const double *curve)
{
    enum { RUNS = 2000 };
    double *sum = calloc((size_t)T, sizeof *sum), *squares = calloc((size_t)T, sizeof *squares);
    double *gap = calloc((size_t)T, sizeof *gap), largest = 0.0;
    for (uint64_t r = 0; r < RUNS; r++) {
        simulate(o, filter, a, T, r, gap);
        for (int t = 0; t < T; t++) {
            sum[t] += gap[t] / RUNS;
            squares[t] += gap[t] * gap[t] / RUNS;
        }
    }
    for (int t = 1; t < T; t++) {
        double se = sqrt((squares[t] - sum[t] * sum[t]) / RUNS);
        largest = fmax(largest, fabs(sum[t] - curve[t]) / se);
    }
    free(sum);
    free(squares);
    free(gap);
    return largest;
}

START_TEST(the_curves_of_meka_and_sgd_are_the_means_of_simulated_runs)
{
    enum { T = 120 };
    double curve[T];
    oracle o = make_oracle();
    plot_exact_meka(D, o.lambda, o.start, o.noise_var, 0.8, 1.0, T, curve);
    ck_assert_double_lt(distance(&o, true, 0.8, T, curve), 4.0);
    /* The test can fail: a third more noise shows. */
    double more[D] = {o.noise_var[0] * 4 / 3, o.noise_var[1] * 4 / 3, o.noise_var[2] * 4 / 3};
    plot_exact_meka(D, o.lambda, o.start, more, 0.8, 1.0, T, curve);
    ck_assert_double_gt(distance(&o, true, 0.8, T, curve), 5.0);
    plot_exact_sgd(D, o.lambda, o.start, o.noise_var, 0.8, 1.0, T, curve);
    ck_assert_double_lt(distance(&o, false, 0.8, T, curve), 4.0);
}
END_TEST

/* Condition 2000, d = 20, n = 1, a = 1/L: t E at t = 2e4 is 1.5162, its limit 1.5160. */
START_TEST(t_times_the_gap_is_near_its_limit_after_twenty_thousand_steps)
{
    double lambda[20], start[20], ones[20];
    double *curve = calloc(T_LONG, sizeof *curve);
    for (int k = 0; k < 20; k++) {
        lambda[k] = pow(2000.0, k / 19.0 - 1.0);
        start[k] = ones[k] = 1.0;
    }
    plot_exact_meka(20, lambda, start, ones, 1.0, 1.0, T_LONG, curve);
    double limit = plot_meka_limit(20, lambda, ones, 1.0);
    ck_assert_double_eq_tol(limit, 1.5160, 5e-5);
    ck_assert_double_eq_tol((T_LONG - 1.0) * curve[T_LONG - 1], 1.5162, 5e-5);
    double bound = plot_meka_bound(20, start, lambda, ones, 1.0, 1.0);
    for (int t = 0; t < T_LONG; t++)
        ck_assert_double_le(t * curve[t], bound);
    free(curve);
}
END_TEST

START_TEST(the_bound_holds_for_small_steps_large_starts_and_loud_noise)
{
    enum { T = 5000 };
    double *curve = calloc(T, sizeof *curve);
    for (int i = 0; i < 40; i++) {
        double lambda[D], start[D], noise[D];
        meka_rng rng;
        meka_rng_init(&rng, 3, MEKA_STREAM_TEST, 0, (uint64_t)i);
        for (int k = 0; k < D; k++) {
            lambda[k] = exp(-7.0 * meka_rng_uniform(&rng));
            start[k] = 10.0 * meka_rng_normal(&rng);
            noise[k] = exp(4.0 * meka_rng_normal(&rng));
        }
        double a = exp(-4.0 * meka_rng_uniform(&rng));
        double bound = plot_meka_bound(D, start, lambda, noise, a, 2.0);
        plot_exact_meka(D, lambda, start, noise, a, 2.0, T, curve);
        for (int t = 0; t < T; t++)
            ck_assert_double_le(t * curve[t], bound);
    }
    free(curve);
}
END_TEST

START_TEST(sgd_ends_at_its_plateau_and_has_none_from_two_over_l_on)
{
    enum { T = 4000 };
    oracle o = make_oracle();
    double *curve = calloc(T, sizeof *curve);
    const double steps[] = {0.2, 1.0, 1.9};
    for (int i = 0; i < 3; i++) {
        plot_exact_sgd(D, o.lambda, o.start, o.noise_var, steps[i], 2.0, T, curve);
        double plateau = plot_sgd_plateau(D, o.lambda, o.noise_var, steps[i], 2.0);
        assert_ulps(curve[T - 1], plateau, 1e9); /* 2e-7: what is left of the start */
        ck_assert_double_gt(plateau, 0.0);
    }
    ck_assert(isinf(plot_sgd_plateau(D, o.lambda, o.noise_var, 2.0, 2.0)));
    plot_exact_sgd(D, o.lambda, o.start, o.noise_var, 2.2, 2.0, T, curve);
    ck_assert_double_gt(curve[100], 1e10);
    free(curve);
}
END_TEST

START_TEST(without_noise_both_are_gradient_descent)
{
    double lambda[] = {0.25, 1.0}, start[] = {2.0, -1.0}, none[] = {0.0, 0.0};
    double meka[30], sgd[30];
    plot_exact_meka(2, lambda, start, none, 0.5, 1.0, 30, meka);
    plot_exact_sgd(2, lambda, start, none, 0.5, 1.0, 30, sgd);
    for (int t = 0; t < 30; t++) {
        double x = 2.0 * pow(0.875, t), y = -pow(0.5, t);
        double expected = 0.5 * (0.25 * x * x + y * y);
        assert_scaled(meka[t], expected, expected, 200);
        assert_scaled(sgd[t], expected, expected, 200);
    }
}
END_TEST

TEST_MAIN("exact", the_curve_of_meka_equals_the_joint_covariance_recursion_in_matrices,
          the_curves_of_meka_and_sgd_are_the_means_of_simulated_runs,
          t_times_the_gap_is_near_its_limit_after_twenty_thousand_steps,
          the_bound_holds_for_small_steps_large_starts_and_loud_noise,
          sgd_ends_at_its_plateau_and_has_none_from_two_over_l_on,
          without_noise_both_are_gradient_descent)
