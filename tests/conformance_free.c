/* Methods that choose the step size or do without its schedule: DoG, DoWG, D-Adaptation,
 * Prodigy, Mechanic, Schedule-Free.
 *
 * The distances that these methods start from are chosen larger than the defaults where
 * |x_t - x_0| is measured: rounding of the order of 1e-16 in x is a part 1e-10 of a distance
 * of 1e-6, and stays that part while the distance grows. */
#include "tests/conformance.h"

#include <math.h>
#include <string.h>

static double norm(size_t d, const double *v)
{
    double square = 0.0;
    for (size_t j = 0; j < d; j++)
        square += v[j] * v[j];
    return sqrt(square);
}

static double dot(size_t d, const double *a, const double *b)
{
    double sum = 0.0;
    for (size_t j = 0; j < d; j++)
        sum += a[j] * b[j];
    return sum;
}

/* g_t [d] at task->theta[t] */
static void gradient(const conformance_task *task, uint64_t t, double *g)
{
    conformance_batch batch;
    conformance_draw(&batch, task->problem, task->seed, t);
    conformance_mean(&batch, task->theta[t], NULL, g, NULL);
}

/* |x_t - x_0| */
static double distance(const conformance_task *task, uint64_t t)
{
    double difference[CONFORMANCE_MAX_D];
    for (size_t j = 0; j < task->problem->d; j++)
        difference[j] = task->theta[t][j] - task->theta[0][j];
    return norm(task->problem->d, difference);
}

/* ----------------------------------------------------------------- DoG, DoWG */

/* Ivgi, Hinder, Carmon (2023): x_{t+1} = x_t - eta_t g_t with
 * eta_t = max_{i <= t} |x_i - x_0| / sqrt(sum_{i <= t} |g_i|^2 + epsilon), and r_epsilon for
 * the maximum while it is larger. */
static void dog(const conformance_task *task, double reps_rel, double epsilon)
{
    size_t d = task->problem->d;
    double g[CONFORMANCE_MAX_D], sum = 0.0;
    double r = reps_rel * (1.0 + norm(d, task->theta[0]));
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        gradient(task, t, g);
        sum += dot(d, g, g);
        r = fmax(r, distance(task, t));
        for (size_t j = 0; j < d; j++)
            task->theta[t + 1][j] = task->theta[t][j] - r / sqrt(sum + epsilon) * g[j];
    }
}

static void dog_large(const conformance_task *task)
{
    dog(task, 0.05, 1e-8);
}

static void dog_epsilon(const conformance_task *task)
{
    dog(task, 0.2, 30.0);
}

/* Khaled, Mishchenko, Jin (2023), Algorithm 1, without its projection. */
static void dowg(const conformance_task *task)
{
    size_t d = task->problem->d;
    double g[CONFORMANCE_MAX_D], v = 0.0;
    double r = 0.05 * (1.0 + norm(d, task->theta[0]));
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        gradient(task, t, g);
        r = fmax(distance(task, t), r);
        v = v + r * r * dot(d, g, g);
        double eta = r * r / sqrt(v);
        for (size_t j = 0; j < d; j++)
            task->theta[t + 1][j] = task->theta[t][j] - eta * g[j];
    }
}

/* -------------------------------------------------------------- D-Adaptation */

/* d_{k+1} = max(d_k, dhat_{k+1}); the growth rate is of the authors' code */
static double raise(double d, double dhat, double growth)
{
    return fmax(d, fmin(dhat, growth * d));
}

/* Defazio, Mishchenko (2023), Algorithm 1: dual averaging with D-Adaptation. */
static void dadapt_dual(const conformance_task *task)
{
    size_t n = task->problem->d;
    double g[CONFORMANCE_MAX_D], s[CONFORMANCE_MAX_D] = {0.0};
    double d = 0.1, gamma = 0.0, squares = 0.0, weighted = 0.0;
    for (uint64_t k = 0; k < CONFORMANCE_STEPS; k++) {
        gradient(task, k, g);
        squares += dot(n, g, g);
        double gamma_next = 1.0 / sqrt(squares); /* gamma_{k+1} */
        if (k == 0)
            gamma = 1.0 / norm(n, g); /* gamma_0 */
        weighted += gamma * d * d * dot(n, g, g);
        for (size_t j = 0; j < n; j++)
            s[j] += d * g[j];
        double dhat = (gamma_next * dot(n, s, s) - weighted) / (2.0 * norm(n, s));
        d = raise(d, dhat, INFINITY);
        gamma = gamma_next;
        for (size_t j = 0; j < n; j++)
            task->theta[k + 1][j] = task->theta[0][j] - gamma * s[j];
    }
}

/* "SGD with D-Adaptation", with G = |g_0|. */
static void dadapt_sgd(const conformance_task *task, double gamma, double beta, double d,
                       double growth)
{
    size_t n = task->problem->d;
    double g[CONFORMANCE_MAX_D], s[CONFORMANCE_MAX_D] = {0.0}, z[CONFORMANCE_MAX_D];
    double big_g = 0.0, sum = 0.0;
    memcpy(z, task->theta[0], sizeof z);
    for (uint64_t k = 0; k < CONFORMANCE_STEPS; k++) {
        gradient(task, k, g);
        if (k == 0)
            big_g = norm(n, g);
        double lambda = d * gamma / big_g;
        sum += lambda * dot(n, g, s); /* lambda_i <g_i, s_i> */
        for (size_t j = 0; j < n; j++) {
            s[j] += lambda * g[j];
            z[j] -= lambda * g[j];
            task->theta[k + 1][j] = beta * task->theta[k][j] + (1.0 - beta) * z[j];
        }
        d = raise(d, 2.0 * sum / norm(n, s), growth);
    }
}

static void dadapt_sgd_plain(const conformance_task *task)
{
    dadapt_sgd(task, 0.5, 0.0, 1e-6, INFINITY);
}

static void dadapt_sgd_momentum(const conformance_task *task)
{
    dadapt_sgd(task, 0.5, 0.8, 0.01, INFINITY);
}

static void dadapt_sgd_growth(const conformance_task *task)
{
    dadapt_sgd(task, 1.0, 0.0, 0.1, 1.02);
}

/* "Adam with D-Adaptation". */
static void dadapt_adam(const conformance_task *task, double gamma, double beta1, double beta2,
                        double epsilon, double d, double growth)
{
    size_t n = task->problem->d;
    double g[CONFORMANCE_MAX_D], s[CONFORMANCE_MAX_D] = {0.0};
    double m[CONFORMANCE_MAX_D] = {0.0}, v[CONFORMANCE_MAX_D] = {0.0};
    double r = 0.0, root = sqrt(beta2);
    for (uint64_t k = 0; k < CONFORMANCE_STEPS; k++) {
        gradient(task, k, g);
        double inner = 0.0, l1 = 0.0; /* <g_k, s_k> in A_{k+1}^-1; |s_{k+1}|_1 */
        for (size_t j = 0; j < n; j++) {
            m[j] = beta1 * m[j] + (1.0 - beta1) * d * gamma * g[j];
            v[j] = beta2 * v[j] + (1.0 - beta2) * g[j] * g[j];
            double a = sqrt(v[j]) + epsilon;
            task->theta[k + 1][j] = task->theta[k][j] - m[j] / a;
            inner += g[j] * s[j] / a;
            s[j] = root * s[j] + (1.0 - root) * d * gamma * g[j];
            l1 += fabs(s[j]);
        }
        r = root * r + (1.0 - root) * d * gamma * inner;
        d = raise(d, r / ((1.0 - root) * l1), growth);
    }
}

static void dadapt_adam_plain(const conformance_task *task)
{
    dadapt_adam(task, 1.0, 0.9, 0.999, 1e-8, 1e-6, INFINITY);
}

static void dadapt_adam_options(const conformance_task *task)
{
    dadapt_adam(task, 0.3, 0.8, 0.95, 0.1, 0.05, 1.1);
}

/* ------------------------------------------------------------------- Prodigy */

typedef struct prodigy_setting {
    double gamma, beta1, beta2, beta3, epsilon, weight_decay, d0, d_coef, growth;
    bool safeguard;
} prodigy_setting;

/* Mishchenko, Defazio (2023), Prodigy for Adam, where beta_3 is the root of beta_2.  Of the
 * authors' code: a free beta_3, d_coef, decoupled weight decay, and the growth rate, which
 * remembers the largest estimate and leaves the first increase alone, and the safeguard, which
 * leaves gamma out of s. */
static void prodigy(const conformance_task *task, prodigy_setting o)
{
    size_t n = task->problem->d;
    double g[CONFORMANCE_MAX_D], m[CONFORMANCE_MAX_D] = {0.0}, v[CONFORMANCE_MAX_D] = {0.0};
    double s[CONFORMANCE_MAX_D] = {0.0}, r = 0.0, d = o.d0, largest = o.d0;
    for (uint64_t k = 0; k < CONFORMANCE_STEPS; k++) {
        const double *x = task->theta[k], *x0 = task->theta[0];
        double inner = 0.0, l1 = 0.0;
        gradient(task, k, g);
        for (size_t j = 0; j < n; j++) {
            m[j] = o.beta1 * m[j] + (1.0 - o.beta1) * d * g[j];
            v[j] = o.beta2 * v[j] + (1.0 - o.beta2) * d * d * g[j] * g[j];
            inner += g[j] * (x0[j] - x[j]);
            s[j] =
                o.beta3 * s[j] + (1.0 - o.beta3) * (o.safeguard ? 1.0 : o.gamma) * d * d * g[j];
            l1 += fabs(s[j]);
            task->theta[k + 1][j] = x[j] - o.gamma * d * o.weight_decay * x[j] -
                                    o.gamma * d * m[j] / (sqrt(v[j]) + d * o.epsilon);
        }
        r = o.beta3 * r + (1.0 - o.beta3) * o.gamma * d * d * inner;
        double dhat = o.d_coef * r / l1;
        if (d == o.d0)
            d = fmax(d, dhat);
        largest = fmax(largest, dhat);
        d = fmin(largest, o.growth * d);
    }
}

static void prodigy_plain(const conformance_task *task)
{
    prodigy(task, (prodigy_setting){.gamma = 0.2,
                                    .beta1 = 0.9,
                                    .beta2 = 0.999,
                                    .beta3 = sqrt(0.999),
                                    .epsilon = 1e-8,
                                    .d0 = 0.1,
                                    .d_coef = 1.0,
                                    .growth = INFINITY});
}

static void prodigy_options(const conformance_task *task)
{
    prodigy(task, (prodigy_setting){.gamma = 0.5,
                                    .beta1 = 0.8,
                                    .beta2 = 0.99,
                                    .beta3 = 0.9,
                                    .epsilon = 0.5,
                                    .weight_decay = 0.1,
                                    .d0 = 0.2,
                                    .d_coef = 0.7,
                                    .growth = 1.05});
}

static void prodigy_safeguard(const conformance_task *task)
{
    prodigy(task, (prodigy_setting){.gamma = 0.3,
                                    .beta1 = 0.9,
                                    .beta2 = 0.999,
                                    .beta3 = sqrt(0.999),
                                    .epsilon = 1e-8,
                                    .d0 = 0.1,
                                    .d_coef = 2.0,
                                    .growth = INFINITY,
                                    .safeguard = true});
}

/* ------------------------------------------------------------------ Mechanic */

/* u_t of Kingma, Ba (2015), Algorithm 1, with step size 1; m, v [n] */
static void adam_update(size_t n, uint64_t t, const double *g, double *m, double *v, double *u)
{
    for (size_t j = 0; j < n; j++) {
        m[j] = 0.9 * m[j] + 0.1 * g[j];
        v[j] = 0.999 * v[j] + 0.001 * g[j] * g[j];
        double m_hat = m[j] / (1.0 - pow(0.9, (double)t));
        double v_hat = v[j] / (1.0 - pow(0.999, (double)t));
        u[j] = -m_hat / (sqrt(v_hat) + 1e-8);
    }
}

/* Cutkosky, Defazio, Mehta (2023), Algorithm 1, with n values of beta; the largest inner
 * product is one of magnitudes. */
static void mechanic(const conformance_task *task, bool adam, double scale, size_t n,
                     double lambda, double s_init, double epsilon)
{
    static const double beta[6] = {0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999};
    size_t d = task->problem->d;
    double g[CONFORMANCE_MAX_D], u[CONFORMANCE_MAX_D], delta[CONFORMANCE_MAX_D] = {0.0};
    double am[CONFORMANCE_MAX_D] = {0.0}, av[CONFORMANCE_MAX_D] = {0.0};
    double s[6] = {0.0}, r[6] = {0.0}, m[6] = {0.0}, v[6] = {0.0}, s_sum = 0.0;
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        const double *x = task->theta[t];
        double h = 0.0;
        gradient(task, t, g);
        adam_update(d, t + 1, g, am, av, u);
        for (size_t j = 0; j < d; j++) /* Delta_t, x_t */
            h += delta[j] * (g[j] + lambda * s_sum * norm(d, g) * x[j] / norm(d, x));
        for (size_t j = 0; j < d; j++) /* Delta_{t+1} */
            delta[j] += adam ? scale * u[j] : -scale * g[j];
        s_sum = 0.0;
        for (size_t i = 0; i < n; i++) {
            m[i] = fmax(beta[i] * m[i], fabs(h));
            v[i] = beta[i] * beta[i] * v[i] + h * h;
            r[i] = fmax(0.0, beta[i] * r[i] - s[i] * h);
            double wealth = s_init / (double)n * m[i] + r[i];
            s[i] = wealth / (sqrt(v[i]) + epsilon);
            s_sum += s[i];
        }
        for (size_t j = 0; j < d; j++)
            task->theta[t + 1][j] = task->theta[0][j] + s_sum * delta[j];
    }
}

static void mechanic_sgd(const conformance_task *task)
{
    mechanic(task, false, 1.0, 6, 0.01, 1e-8, 1e-8);
}

static void mechanic_sgd_options(const conformance_task *task)
{
    mechanic(task, false, 0.05, 2, 0.3, 0.01, 0.1);
}

static void mechanic_adam(const conformance_task *task)
{
    mechanic(task, true, 0.02, 6, 0.01, 1e-8, 1e-8);
}

/* ------------------------------------------------------------- Schedule-Free */

/* Defazio, Yang, Mehta, Mishchenko, Khaled, Cutkosky (2024): Schedule-Free SGD and, with
 * adam, Schedule-Free AdamW, without warm-up; c_{t+1} = gamma_t^2 / sum_i gamma_i^2 for both.
 */
static void schedule_free(const conformance_task *task, bool adam, double gamma, double beta1,
                          double beta2, double epsilon, double lambda)
{
    size_t d = task->problem->d;
    conformance_batch batch;
    double g[CONFORMANCE_MAX_D], y[CONFORMANCE_MAX_D], z[CONFORMANCE_MAX_D];
    double v[CONFORMANCE_MAX_D] = {0.0}, sum = 0.0;
    memcpy(z, task->theta[0], sizeof z);
    for (uint64_t t = 1; t <= CONFORMANCE_STEPS; t++) {
        const double *x = task->theta[t - 1];
        for (size_t j = 0; j < d; j++)
            y[j] = (1.0 - beta1) * z[j] + beta1 * x[j];
        conformance_draw(&batch, task->problem, task->seed, t - 1);
        conformance_mean(&batch, y, NULL, g, NULL);
        sum += gamma * gamma;
        double c = gamma * gamma / sum;
        for (size_t j = 0; j < d; j++) {
            v[j] = beta2 * v[j] + (1.0 - beta2) * g[j] * g[j];
            double v_hat = v[j] / (1.0 - pow(beta2, (double)t));
            double u = adam ? g[j] / (sqrt(v_hat) + epsilon) : g[j];
            z[j] = z[j] - gamma * u - gamma * lambda * y[j];
            task->theta[t][j] = (1.0 - c) * x[j] + c * z[j];
        }
    }
}

static void schedule_free_sgd(const conformance_task *task)
{
    schedule_free(task, false, 0.3, 0.9, 0.0, 0.0, 0.05);
}

static void schedule_free_adam(const conformance_task *task)
{
    schedule_free(task, true, 0.0025, 0.9, 0.999, 1e-8, 0.0);
}

static void schedule_free_adam_options(const conformance_task *task)
{
    schedule_free(task, true, 0.2, 0.5, 0.9, 0.1, 0.1);
}

const conformance_row conformance_free[] = {
    {"dog", "reps_rel=0.05", dog_large},
    {"dog", "reps_rel=0.2 epsilon=30", dog_epsilon},
    {"dowg", "reps_rel=0.05", dowg},
    {"d-adaptation", "base=dual d0=0.1", dadapt_dual},
    {"d-adaptation", "alpha=0.5", dadapt_sgd_plain},
    {"d-adaptation", "alpha=0.5 momentum=0.8 d0=0.01", dadapt_sgd_momentum},
    {"d-adaptation", "d0=0.1 growth_rate=1.02", dadapt_sgd_growth},
    {"d-adaptation", "base=adam", dadapt_adam_plain},
    {"d-adaptation",
     "base=adam alpha=0.3 beta1=0.8 beta2=0.95 epsilon=0.1 d0=0.05 "
     "growth_rate=1.1",
     dadapt_adam_options},
    {"prodigy", "alpha=0.2 d0=0.1", prodigy_plain},
    {"prodigy",
     "alpha=0.5 beta1=0.8 beta2=0.99 beta3=0.9 epsilon=0.5 weight_decay=0.1 d0=0.2 d_coef=0.7 "
     "growth_rate=1.05",
     prodigy_options},
    {"prodigy", "alpha=0.3 d0=0.1 d_coef=2 safeguard_warmup=yes", prodigy_safeguard},
    {"mechanic", "base=sgd alpha=1", mechanic_sgd},
    {"mechanic", "base=sgd alpha=0.05 n_betas=2 s_decay=0.3 s_init=0.01 epsilon=0.1",
     mechanic_sgd_options},
    {"mechanic", "base=adam alpha=0.02", mechanic_adam},
    {"schedule-free", NULL, schedule_free_adam},
    {"schedule-free", "alpha=0.2 beta=0.5 beta2=0.9 epsilon=0.1 weight_decay=0.1",
     schedule_free_adam_options},
    {"schedule-free", "base=sgd alpha=0.3 weight_decay=0.05", schedule_free_sgd},
    {0},
};
