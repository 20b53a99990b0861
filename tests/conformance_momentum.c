/* Momentum and methods that scale each component by its gradients so far. */
#include "tests/conformance.h"

#include <math.h>

/* The mean gradient of the batch of step t at theta, to g [d]. */
static void gradient(const conformance_task *task, uint64_t t, const double *theta, double *g)
{
    conformance_batch batch;
    conformance_draw(&batch, task->problem, task->seed, t);
    conformance_mean(&batch, theta, NULL, g, NULL);
}

/* Polyak 1964: x_{t+1} = x_t - alpha g_t + beta (x_t - x_{t-1}), x_{-1} = x_0. */
static void polyak(const conformance_task *task, double alpha, double beta)
{
    double(*x)[CONFORMANCE_MAX_D] = task->theta;
    double g[CONFORMANCE_MAX_D];
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        gradient(task, t, x[t], g);
        for (size_t j = 0; j < task->problem->d; j++) {
            double last = t > 0 ? x[t][j] - x[t - 1][j] : 0.0;
            x[t + 1][j] = x[t][j] - alpha * g[j] + beta * last;
        }
    }
}

static void heavy_ball(const conformance_task *task)
{
    polyak(task, 0.05, 0.8);
}

static void heavy_ball_without_memory(const conformance_task *task)
{
    polyak(task, 0.05, 0.0);
}

/* Sutskever et al. 2013, eq. 3 and 4, with their theta called x:
 *   v_{t+1} = mu v_t - epsilon grad f(x_t + mu v_t),  x_{t+1} = x_t + v_{t+1};
 * compared are the points of evaluation x_t + mu v_t. */
static void nesterov_constant(const conformance_task *task)
{
    const double epsilon = 0.05, mu = 0.8;
    double x[CONFORMANCE_MAX_D], v[CONFORMANCE_MAX_D] = {0.0}, g[CONFORMANCE_MAX_D];
    for (size_t j = 0; j < task->problem->d; j++)
        x[j] = task->theta[0][j];
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        gradient(task, t, task->theta[t], g);
        for (size_t j = 0; j < task->problem->d; j++) {
            v[j] = mu * v[j] - epsilon * g[j];
            x[j] += v[j];
            task->theta[t + 1][j] = x[j] + mu * v[j];
        }
    }
}

/* Nesterov 1983 with a fixed step size alpha; y_0 = x_{-1}, a_0 = 1:
 *   x_k = y_k - alpha grad f(y_k),  a_{k+1} = (1 + sqrt(4 a_k^2 + 1))/2,
 *   y_{k+1} = x_k + (a_k - 1)(x_k - x_{k-1})/a_{k+1}. */
static void nesterov_convex(const conformance_task *task)
{
    const double alpha = 0.05;
    double(*y)[CONFORMANCE_MAX_D] = task->theta;
    double before[CONFORMANCE_MAX_D], g[CONFORMANCE_MAX_D], a = 1.0;
    for (size_t j = 0; j < task->problem->d; j++)
        before[j] = y[0][j];
    for (uint64_t k = 0; k < CONFORMANCE_STEPS; k++) {
        gradient(task, k, y[k], g);
        double next = (1.0 + sqrt(4.0 * a * a + 1.0)) / 2.0;
        for (size_t j = 0; j < task->problem->d; j++) {
            double x = y[k][j] - alpha * g[j];
            y[k + 1][j] = x + (a - 1.0) * (x - before[j]) / next;
            before[j] = x;
        }
        a = next;
    }
}

/* Duchi, Hazan, Singer 2011, figure 1 with diagonal matrices: s_{t,i} = |g_{1:t,i}|_2,
 * H_t = delta I + diag(s_t), x_{t+1} = x_t - eta H_t^{-1} g_t. */
static void duchi(const conformance_task *task, double eta, double delta)
{
    double g[CONFORMANCE_STEPS][CONFORMANCE_MAX_D];
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        gradient(task, t, task->theta[t], g[t]);
        for (size_t i = 0; i < task->problem->d; i++) {
            double square = 0.0;
            for (uint64_t k = 0; k <= t; k++)
                square += g[k][i] * g[k][i];
            task->theta[t + 1][i] = task->theta[t][i] - eta * g[t][i] / (delta + sqrt(square));
        }
    }
}

static void adagrad(const conformance_task *task)
{
    duchi(task, 0.3, 1e-10);
}

static void adagrad_with_epsilon(const conformance_task *task)
{
    duchi(task, 0.5, 0.1);
}

typedef struct rmsprop_setting {
    double alpha, beta, epsilon, momentum;
    bool centered;
} rmsprop_setting;

/* Tieleman, Hinton 2012, lecture 6e: MeanSquare(w, t) = beta MeanSquare(w, t-1) +
 * (1 - beta) (dE/dw)^2, by whose root the gradient is divided.  Centered and with momentum:
 * Graves 2013 with epsilon outside the root and his 1e-4 as alpha:
 * n = beta n + (1 - beta) g^2, m = beta m + (1 - beta) g,
 * Delta = momentum Delta - alpha g/(sqrt(n - m^2) + epsilon), w += Delta. */
static void mean_square(const conformance_task *task, rmsprop_setting s)
{
    double n[CONFORMANCE_MAX_D] = {0.0}, m[CONFORMANCE_MAX_D] = {0.0};
    double delta[CONFORMANCE_MAX_D] = {0.0}, g[CONFORMANCE_MAX_D];
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        gradient(task, t, task->theta[t], g);
        for (size_t i = 0; i < task->problem->d; i++) {
            n[i] = s.beta * n[i] + (1.0 - s.beta) * g[i] * g[i];
            m[i] = s.beta * m[i] + (1.0 - s.beta) * g[i];
            double variance = s.centered ? n[i] - m[i] * m[i] : n[i];
            delta[i] = s.momentum * delta[i] - s.alpha * g[i] / (sqrt(variance) + s.epsilon);
            task->theta[t + 1][i] = task->theta[t][i] + delta[i];
        }
    }
}

static void rmsprop(const conformance_task *task)
{
    mean_square(task, (rmsprop_setting){1e-3, 0.9, 1e-8, 0.0, false});
}

static void rmsprop_with_epsilon(const conformance_task *task)
{
    mean_square(task, (rmsprop_setting){0.02, 0.8, 0.1, 0.0, false});
}

static void rmsprop_with_momentum(const conformance_task *task)
{
    mean_square(task, (rmsprop_setting){0.01, 0.9, 1e-8, 0.5, false});
}

static void rmsprop_centered(const conformance_task *task)
{
    mean_square(task, (rmsprop_setting){0.01, 0.9, 1e-8, 0.0, true});
}

typedef struct adam_setting {
    double alpha, beta1, beta2, epsilon, lambda;
    bool amsgrad, nesterov;
} adam_setting;

/* Kingma, Ba 2015, algorithm 1, whose t begins at 1:
 *   m_t = beta1 m_{t-1} + (1 - beta1) g_t,  v_t = beta2 v_{t-1} + (1 - beta2) g_t^2,
 *   m^_t = m_t/(1 - beta1^t),  v^_t = v_t/(1 - beta2^t),
 *   theta_t = theta_{t-1} - alpha m^_t/(sqrt(v^_t) + epsilon).
 * AMSGrad (Reddi, Kale, Kumar 2018, algorithm 2): the largest v^ so far in place of v^_t.
 * AdamW (Loshchilov, Hutter 2019, algorithm 2): - alpha lambda theta_{t-1} besides.
 * Nesterov's momentum (Choi et al. 2019, table 1): beta1 m_t + (1 - beta1) g_t in place of
 * m_t, with the same 1 - beta1^t. */
static void adam_with(const conformance_task *task, adam_setting s)
{
    double m[CONFORMANCE_MAX_D] = {0.0}, v[CONFORMANCE_MAX_D] = {0.0};
    double largest[CONFORMANCE_MAX_D] = {0.0}, g[CONFORMANCE_MAX_D];
    for (uint64_t t = 1; t <= CONFORMANCE_STEPS; t++) {
        const double *theta = task->theta[t - 1];
        gradient(task, t - 1, theta, g);
        for (size_t j = 0; j < task->problem->d; j++) {
            m[j] = s.beta1 * m[j] + (1.0 - s.beta1) * g[j];
            v[j] = s.beta2 * v[j] + (1.0 - s.beta2) * pow(g[j], 2.0);
            double ahead = s.nesterov ? s.beta1 * m[j] + (1.0 - s.beta1) * g[j] : m[j];
            double m_hat = ahead / (1.0 - pow(s.beta1, (double)t));
            double v_hat = v[j] / (1.0 - pow(s.beta2, (double)t));
            largest[j] = fmax(largest[j], v_hat);
            if (s.amsgrad)
                v_hat = largest[j];
            task->theta[t][j] = theta[j] - s.alpha * m_hat / (sqrt(v_hat) + s.epsilon) -
                                s.alpha * s.lambda * theta[j];
        }
    }
}

static void adam(const conformance_task *task)
{
    adam_with(task, (adam_setting){1e-3, 0.9, 0.999, 1e-8, 0.0, false, false});
}

static void adam_with_other_averages(const conformance_task *task)
{
    adam_with(task, (adam_setting){0.05, 0.7, 0.9, 1e-2, 0.0, false, false});
}

static void amsgrad(const conformance_task *task)
{
    adam_with(task, (adam_setting){0.05, 0.9, 0.9, 1e-8, 0.0, true, false});
}

static void adamw(const conformance_task *task)
{
    adam_with(task, (adam_setting){0.05, 0.9, 0.999, 1e-8, 0.1, false, false});
}

static void nadam(const conformance_task *task)
{
    adam_with(task, (adam_setting){1e-3, 0.9, 0.999, 1e-8, 0.0, false, true});
}

static void nadamw(const conformance_task *task)
{
    adam_with(task, (adam_setting){0.05, 0.8, 0.99, 1e-3, 0.1, false, true});
}

const conformance_row conformance_momentum[] = {
    {"heavy-ball", "alpha=0.05 beta=0.8", heavy_ball},
    {"heavy-ball", "alpha=0.05 beta=0", heavy_ball_without_memory},
    {"nesterov", "alpha=0.05 beta=0.8", nesterov_constant},
    {"nesterov", "alpha=0.05 momentum=convex", nesterov_convex},
    {"adagrad", "alpha=0.3", adagrad},
    {"adagrad", "alpha=0.5 epsilon=0.1", adagrad_with_epsilon},
    {"rmsprop", "", rmsprop},
    {"rmsprop", "alpha=0.02 beta=0.8 epsilon=0.1", rmsprop_with_epsilon},
    {"rmsprop", "alpha=0.01 momentum=0.5", rmsprop_with_momentum},
    {"rmsprop", "alpha=0.01 centered=yes", rmsprop_centered},
    {"adam", "", adam},
    {"adam", "alpha=0.05 beta1=0.7 beta2=0.9 epsilon=1e-2", adam_with_other_averages},
    {"adam", "alpha=0.05 beta2=0.9 amsgrad=yes", amsgrad},
    {"adam", "alpha=0.05 weight_decay=0.1", adamw},
    {"nadamw", "", nadam},
    {"nadamw", "alpha=0.05 beta1=0.8 beta2=0.99 epsilon=1e-3 weight_decay=0.1", nadamw},
    {0},
};
