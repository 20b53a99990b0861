/* Methods that reduce the variance of the gradient: transport, recursive momentum, filters. */
#include "tests/conformance.h"

#include <math.h>
#include <string.h>

enum { D = CONFORMANCE_MAX_D };

static double norm(size_t d, const double *v)
{
    double sum = 0.0;
    for (size_t j = 0; j < d; j++)
        sum += v[j] * v[j];
    return sqrt(sum);
}

/* ---------------------------------------- IGT: Arnold et al., arXiv:1906.03532 */

/* The coefficient gamma_t of step t = 0, 1, ... */
typedef double igt_gamma(uint64_t t);

static double gamma_uniform(uint64_t t)
{
    return (double)t / (double)(t + 1);
}

/* Anytime tail averaging over the last half (c = 1/2), with s = 1, 2, ...:
 * gamma_s = c(s-1)/(1 + c(s-1)) (1 - (1/c) sqrt((1-c)/(s(s-1)))), gamma_1 = 0. */
static double gamma_anytime(uint64_t t)
{
    double c = 0.5, s = (double)t + 1.0;
    if (t == 0)
        return 0.0;
    return c * (s - 1.0) / (1.0 + c * (s - 1.0)) *
           (1.0 - 1.0 / c * sqrt((1.0 - c) / (s * (s - 1.0))));
}

static double gamma_constant(uint64_t t)
{
    return t == 0 ? 0.0 : 0.9;
}

/* v_t = gamma_t v_{t-1} + (1 - gamma_t) grad f(theta_t + gamma_t/(1-gamma_t)
 *                                              (theta_t - theta_{t-1}), x_t)
 * w_t = mu w_{t-1} + alpha v_t,  theta_{t+1} = theta_t - w_t; mu = 0: IGT, else
 * Heavyball-IGT. */
static void igt(const conformance_task *task, igt_gamma *gamma, double alpha, double mu)
{
    conformance_batch batch;
    double v[D] = {0}, w[D] = {0}, g[D], shifted[D];
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        double gamma_t = gamma(t);
        conformance_draw(&batch, task->problem, task->seed, t);
        for (size_t j = 0; j < task->problem->d; j++) {
            double move = t == 0 ? 0.0 : task->theta[t][j] - task->theta[t - 1][j];
            shifted[j] = task->theta[t][j] + gamma_t / (1.0 - gamma_t) * move;
        }
        conformance_mean(&batch, shifted, NULL, g, NULL);
        for (size_t j = 0; j < task->problem->d; j++) {
            v[j] = gamma_t * v[j] + (1.0 - gamma_t) * g[j];
            w[j] = mu * w[j] + alpha * v[j];
            task->theta[t + 1][j] = task->theta[t][j] - w[j];
        }
    }
}

static void igt_default(const conformance_task *task)
{
    igt(task, gamma_uniform, 0.1, 0.0);
}

static void igt_anytime(const conformance_task *task)
{
    igt(task, gamma_anytime, 0.2, 0.0);
}

static void igt_constant(const conformance_task *task)
{
    igt(task, gamma_constant, 0.05, 0.0);
}

static void igt_heavy_ball(const conformance_task *task)
{
    igt(task, gamma_anytime, 0.05, 0.5);
}

/* ------------------------------------ SGDHess: Tran, Cutkosky, arXiv:2103.03265 */

/* g^_t = (1-a)(g^clip_{t-1} + H(x_t, z_t)(x_t - x_{t-1})) + a grad f(x_t, z_t),
 * g^clip_t = g^_t or G g^_t/|g^_t| where |g^_t| > G,  x_{t+1} = x_t - eta g^clip_t;
 * g^_1 = grad f(x_1, z_1).  a = 0 stands for 1/(t+1).  Normalized (N-SGDHess): no clipping,
 * x_{t+1} = x_t - eta g^_t/|g^_t|. */
static void sgdhess(const conformance_task *task, double eta, double a, double G,
                    bool normalized)
{
    conformance_batch batch;
    size_t d = task->problem->d;
    double m[D], g[D], hv[D], move[D];
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        double a_t = a > 0.0 ? a : 1.0 / (double)(t + 1);
        const double *x = task->theta[t];
        conformance_draw(&batch, task->problem, task->seed, t);
        for (size_t j = 0; j < d; j++)
            move[j] = t == 0 ? 0.0 : x[j] - task->theta[t - 1][j];
        conformance_mean(&batch, x, move, g, hv);
        for (size_t j = 0; j < d; j++)
            m[j] = t == 0 ? g[j] : (1.0 - a_t) * (m[j] + hv[j]) + a_t * g[j];
        double length = norm(d, m);
        for (size_t j = 0; j < d && length > G; j++)
            m[j] = G * m[j] / length;
        for (size_t j = 0; j < d; j++)
            task->theta[t + 1][j] = x[j] - eta * (normalized ? m[j] / length : m[j]);
    }
}

static void sgdhess_default(const conformance_task *task)
{
    sgdhess(task, 0.1, 0.1, INFINITY, false);
}

static void sgdhess_uniform(const conformance_task *task)
{
    sgdhess(task, 0.2, 0.0, INFINITY, false);
}

static void sgdhess_clipped(const conformance_task *task)
{
    sgdhess(task, 0.1, 0.3, 0.8, false);
}

static void sgdhess_normalized(const conformance_task *task)
{
    sgdhess(task, 0.02, 0.1, INFINITY, true);
}

/* ------------------------------------ STORM: Cutkosky, Orabona, arXiv:1905.10018 */

/* Algorithm 1.  d_1 = grad f(x_1, xi_1), G_t = |grad f(x_t, xi_t)|,
 * eta_t = k/(w + sum_{i<=t} G_i^2)^(1/3), x_{t+1} = x_t - eta_t d_t, a_{t+1} = c eta_t^2,
 * d_{t+1} = grad f(x_{t+1}, xi_{t+1}) + (1 - a_{t+1})(d_t - grad f(x_t, xi_{t+1})).
 * a is at most 1. */
static void storm(const conformance_task *task, double k, double w, double c)
{
    conformance_batch batch;
    size_t d = task->problem->d;
    double direction[D], g[D], before[D], sum = 0.0, eta = 0.0;
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        double a = fmin(c * eta * eta, 1.0);
        conformance_draw(&batch, task->problem, task->seed, t);
        conformance_mean(&batch, task->theta[t], NULL, g, NULL);
        if (t == 0)
            memcpy(direction, g, sizeof direction);
        else
            conformance_mean(&batch, task->theta[t - 1], NULL, before, NULL);
        for (size_t j = 0; j < d && t > 0; j++)
            direction[j] = g[j] + (1.0 - a) * (direction[j] - before[j]);
        sum += norm(d, g) * norm(d, g);
        eta = k / pow(w + sum, 1.0 / 3.0);
        for (size_t j = 0; j < d; j++)
            task->theta[t + 1][j] = task->theta[t][j] - eta * direction[j];
    }
}

static void storm_default(const conformance_task *task)
{
    storm(task, 0.1, 0.1, 100.0);
}

static void storm_other(const conformance_task *task)
{
    storm(task, 0.5, 2.0, 3.0);
}

/* ------------------------------------- MARS-AdamW: Yuan et al., arXiv:2411.10438 */

typedef struct mars_settings {
    double eta, beta1, beta2, gamma, clip, epsilon, lambda;
    bool exact;
} mars_settings;

/* Algorithm 2, t = 1, 2, ... with x_1 = x_0:
 * c_t = grad f(x_t, xi_t) + gamma beta1/(1-beta1) (grad f(x_t, xi_t) - grad f(x_{t-1}, xi_t)),
 * c~_t = c_t/|c_t| where |c_t| > 1, m and v Adam's moments of c~_t, bias-corrected,
 * x_{t+1} = x_t - eta (m^/(sqrt(v^) + eps) + lambda x_t).
 * Approximate: grad f(x_{t-1}, xi_{t-1}) in the place of grad f(x_{t-1}, xi_t). */
static void mars(const conformance_task *task, mars_settings s)
{
    conformance_batch batch;
    size_t d = task->problem->d;
    double m[D] = {0}, v[D] = {0}, g[D], last[D], c[D];
    for (uint64_t i = 0; i < CONFORMANCE_STEPS; i++) {
        double t = (double)(i + 1);
        conformance_draw(&batch, task->problem, task->seed, i);
        conformance_mean(&batch, task->theta[i], NULL, g, NULL);
        if (i == 0)
            memcpy(last, g, sizeof last);
        else if (s.exact)
            conformance_mean(&batch, task->theta[i - 1], NULL, last, NULL);
        for (size_t j = 0; j < d; j++)
            c[j] = g[j] + s.gamma * s.beta1 / (1.0 - s.beta1) * (g[j] - last[j]);
        double length = norm(d, c);
        for (size_t j = 0; j < d; j++) {
            double clipped = length > s.clip ? s.clip * c[j] / length : c[j];
            m[j] = s.beta1 * m[j] + (1.0 - s.beta1) * clipped;
            v[j] = s.beta2 * v[j] + (1.0 - s.beta2) * clipped * clipped;
            double m_hat = m[j] / (1.0 - pow(s.beta1, t));
            double v_hat = v[j] / (1.0 - pow(s.beta2, t));
            double x = task->theta[i][j];
            task->theta[i + 1][j] =
                x - s.eta * (m_hat / (sqrt(v_hat) + s.epsilon) + s.lambda * x);
        }
        memcpy(last, g, sizeof last);
    }
}

static void mars_default(const conformance_task *task)
{
    mars(task, (mars_settings){3e-3, 0.95, 0.99, 0.025, 1.0, 1e-8, 0.0, true});
}

static void mars_approximate(const conformance_task *task)
{
    mars(task, (mars_settings){0.02, 0.9, 0.95, 0.5, 1.0, 1e-6, 0.1, false});
}

static void mars_exact(const conformance_task *task)
{
    mars(task, (mars_settings){0.05, 0.9, 0.999, 1.0, 0.3, 1e-8, 0.01, true});
}

static void mars_unclipped(const conformance_task *task)
{
    mars(task, (mars_settings){0.05, 0.8, 0.9, 0.1, INFINITY, 1e-8, 0.0, true});
}

/* ---------------------------- forward gradients: Baydin et al., arXiv:2202.08587 */

/* g(theta) = (grad f(theta).v) v, v ~ N(0, I) or of random signs, averaged over k draws;
 * theta_{t+1} = theta_t - alpha g(theta_t) */
static void forward(const conformance_task *task, double alpha, uint64_t k, bool signs)
{
    conformance_batch batch;
    size_t d = task->problem->d;
    double g[D], v[D];
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        conformance_draw(&batch, task->problem, task->seed, t);
        conformance_mean(&batch, task->theta[t], NULL, g, NULL);
        memcpy(task->theta[t + 1], task->theta[t], sizeof v);
        for (uint64_t i = 0; i < k; i++) {
            meka_rng rng;
            double slope = 0.0;
            meka_rng_init(&rng, task->seed, MEKA_STREAM_METHOD, t, i);
            for (size_t j = 0; j < d; j++) {
                if (signs)
                    v[j] = meka_rng_uniform(&rng) < 0.5 ? -1.0 : 1.0;
                else
                    v[j] = meka_rng_normal(&rng);
                slope += g[j] * v[j];
            }
            for (size_t j = 0; j < d; j++)
                task->theta[t + 1][j] -= alpha * slope * v[j] / (double)k;
        }
    }
}

static void forward_default(const conformance_task *task)
{
    forward(task, 0.01, 1, false);
}

static void forward_signs(const conformance_task *task)
{
    forward(task, 0.02, 1, true);
}

static void forward_average(const conformance_task *task)
{
    forward(task, 0.05, 3, false);
}

const conformance_row conformance_variance[] = {
    {"igt", "", igt_default},
    {"igt", "mode=anytime tail=0.5 alpha=0.2", igt_anytime},
    {"igt", "mode=constant gamma=0.9 alpha=0.05", igt_constant},
    {"igt", "mode=anytime tail=0.5 alpha=0.05 mu=0.5", igt_heavy_ball},
    {"sgdhess", "", sgdhess_default},
    {"sgdhess", "mode=uniform alpha=0.2", sgdhess_uniform},
    {"sgdhess", "a=0.3 clip=0.8", sgdhess_clipped},
    {"sgdhess", "normalize=yes alpha=0.02", sgdhess_normalized},
    {"storm", "", storm_default},
    {"storm", "k=0.5 w=2 c=3", storm_other},
    {"mars-adamw", "", mars_default},
    {"mars-adamw",
     "previous=approximate alpha=0.02 beta1=0.9 beta2=0.95 gamma=0.5 epsilon=1e-6 "
     "weight_decay=0.1",
     mars_approximate},
    {"mars-adamw", "alpha=0.05 beta1=0.9 beta2=0.999 gamma=1 clip=0.3 weight_decay=0.01",
     mars_exact},
    {"mars-adamw", "alpha=0.05 beta1=0.8 beta2=0.9 gamma=0.1 clip=inf", mars_unclipped},
    {"forward-gradient", "", forward_default},
    {"forward-gradient", "distribution=rademacher alpha=0.02", forward_signs},
    {"forward-gradient", "n_directions=3 alpha=0.05", forward_average},
    {0},
};
