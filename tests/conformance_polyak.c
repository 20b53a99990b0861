/* Step sizes from the value of the loss, and coin betting. */
#include "tests/conformance.h"

#include <math.h>

enum { D = CONFORMANCE_MAX_D };

/* f and g on the batch of step t. */
static double batch_at(const conformance_task *task, uint64_t t, double *g)
{
    conformance_batch batch;
    conformance_draw(&batch, task->problem, task->seed, t);
    return conformance_mean(&batch, task->theta[t], NULL, g, NULL);
}

static double dot(const conformance_task *task, const double *a, const double *b)
{
    double sum = 0.0;
    for (size_t j = 0; j < task->problem->d; j++)
        sum += a[j] * b[j];
    return sum;
}

/* ------------------------------------------------------------------- SPS_max
 *
 * Loizou, Vaswani, Laradji, Lacoste-Julien (2021): gamma_k = min{(f_i(x_k) - f_i^*) /
 * (c |grad f_i(x_k)|^2), gamma_b}, x_{k+1} = x_k - gamma_k grad f_i(x_k); smoothed, gamma_b is
 * tau^(b/n) gamma_{k-1} (section 4). */

static void sps(const conformance_task *task, double c, double gamma_b, double f_star,
                double growth, double gamma_0)
{
    double g[D], last = gamma_0;
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        double f = batch_at(task, t, g);
        double gamma = fmax(f - f_star, 0.0) / (c * dot(task, g, g));
        gamma = fmin(fmin(gamma, gamma_b), growth * last);
        if (gamma > 0.0)
            last = gamma;
        for (size_t j = 0; j < task->problem->d; j++)
            task->theta[t + 1][j] = task->theta[t][j] - gamma * g[j];
    }
}

static void sps_capped(const conformance_task *task)
{
    sps(task, 0.5, 0.25, 0.0, INFINITY, 1.0);
}

static void sps_bounded(const conformance_task *task)
{
    sps(task, 1.0, 0.3, 0.4, INFINITY, 1.0);
}

static void sps_smoothed(const conformance_task *task)
{
    sps(task, 0.5, 0.3, 0.0, 1.25, 0.01);
}

/* --------------------------------------------------------------------- ALI-G
 *
 * Berrada, Zisserman, Kumar (2020), algorithm 1: gamma_t = min{l(w_t) / (|grad l(w_t)|^2 +
 * delta), eta}; with momentum v_t = mu v_{t-1} - gamma_t grad l(w_t), and w_{t+1} = w_t -
 * gamma_t grad l(w_t) + mu v_t. */

static void alig(const conformance_task *task, double eta, double mu, double delta,
                 double f_star)
{
    double g[D], v[D] = {0.0};
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        double loss = batch_at(task, t, g);
        double gamma = fmin(fmax(loss - f_star, 0.0) / (dot(task, g, g) + delta), eta);
        for (size_t j = 0; j < task->problem->d; j++) {
            v[j] = mu * v[j] - gamma * g[j];
            task->theta[t + 1][j] = task->theta[t][j] - gamma * g[j] + mu * v[j];
        }
    }
}

static void alig_default(const conformance_task *task)
{
    alig(task, 0.1, 0.9, 1e-5, 0.0);
}

static void alig_plain(const conformance_task *task)
{
    alig(task, 0.3, 0.0, 0.5, 0.4);
}

/* ------------------------------------------------------------------------ L4
 *
 * Rolinek, Martius (2018), algorithm 1.  g = <grad L>_tau_m in both; v = g in L4Mom and
 * v = g / (sqrt(<(grad L)^2>_tau_s) + epsilon) in L4Adam, both averages corrected for their
 * start at 0, tau_m = 10, tau_s = 1000. */

typedef struct l4_settings {
    double alpha, gamma, tau, gamma_0, tau_m, tau_s;
} l4_settings;

static void l4(const conformance_task *task, bool adam, const l4_settings *s)
{
    double grad[D], first[D] = {0.0}, second[D] = {0.0}, g[D], v[D], L_min = 0.0;
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        double L = batch_at(task, t, grad);
        for (size_t j = 0; j < task->problem->d; j++) {
            first[j] += (grad[j] - first[j]) / s->tau_m;
            second[j] += (grad[j] * grad[j] - second[j]) / s->tau_s;
            g[j] = first[j] / (1.0 - pow(1.0 - 1.0 / s->tau_m, (double)t + 1.0));
            v[j] = g[j];
            if (adam)
                v[j] /=
                    sqrt(second[j] / (1.0 - pow(1.0 - 1.0 / s->tau_s, (double)t + 1.0))) + 1e-4;
        }
        if (t == 0)
            L_min = s->gamma_0 * L;
        L_min = fmin(L_min, L);
        double eta = s->alpha * (L - s->gamma * L_min) / (dot(task, g, v) + 1e-12);
        L_min = (1.0 + 1.0 / s->tau) * L_min;
        for (size_t j = 0; j < task->problem->d; j++)
            task->theta[t + 1][j] = task->theta[t][j] - eta * v[j];
    }
}

/* The paper's values but for alpha: with its 0.15 the steps on the logistic problem are so
 * long that the map is chaotic, and rounding errors outgrow the tolerance. */
static const l4_settings l4_defaults = {0.05, 0.9, 1000.0, 0.75, 10.0, 1000.0};
static const l4_settings l4_other = {0.05, 0.5, 20.0, 0.2, 5.0, 50.0};

static void l4mom(const conformance_task *task)
{
    l4(task, false, &l4_defaults);
}

static void l4mom_other(const conformance_task *task)
{
    l4(task, false, &l4_other);
}

static void l4adam(const conformance_task *task)
{
    l4(task, true, &l4_defaults);
}

static void l4adam_other(const conformance_task *task)
{
    l4(task, true, &l4_other);
}

/* ---------------------------------------------------------------------- MoMo
 *
 * Schaipp, Ohana, Eickenberg, Defazio, Gower (2023), algorithm 1 (MoMo: averages start at the
 * first values, rho = 1, D = I) and the algorithm of MoMo-Adam (averages start at 0, rho =
 * 1 - beta^k), both with weight decay lambda; the bound's estimates by ResetStar and
 * EstimateStar. */

typedef struct momo_settings {
    bool adam, estimate;
    double alpha, beta1, beta2, f_star, lambda;
} momo_settings;

typedef struct momo_state {
    double f_bar, gamma, f_star, d[D], v[D], D_k[D], rho;
} momo_state;

static void momo_average(const conformance_task *task, const momo_settings *s, uint64_t t,
                         momo_state *m)
{
    double g[D], beta = s->beta1, f = batch_at(task, t, g), gx = dot(task, g, task->theta[t]);
    bool first = t == 0 && !s->adam;
    m->rho = s->adam ? 1.0 - pow(beta, (double)t + 1.0) : 1.0;
    m->f_bar = first ? f : (1.0 - beta) * f + beta * m->f_bar;
    m->gamma = first ? gx : (1.0 - beta) * gx + beta * m->gamma;
    for (size_t j = 0; j < task->problem->d; j++) {
        m->d[j] = first ? g[j] : (1.0 - beta) * g[j] + beta * m->d[j];
        m->v[j] = (1.0 - s->beta2) * g[j] * g[j] + s->beta2 * m->v[j];
        m->D_k[j] =
            s->adam ? 1e-8 + sqrt(m->v[j] / (1.0 - pow(s->beta2, (double)t + 1.0))) : 1.0;
    }
}

static void momo(const conformance_task *task, const momo_settings *s)
{
    momo_state m = {.f_star = s->f_star};
    double decay = 1.0 + s->lambda * s->alpha;
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        const double *x = task->theta[t];
        momo_average(task, s, t, &m);
        double dx = dot(task, m.d, x), norm = 0.0;
        for (size_t j = 0; j < task->problem->d; j++)
            norm += m.d[j] * m.d[j] / m.D_k[j];
        double model = decay * (m.f_bar - m.gamma) + dx;
        if (s->estimate && model < decay * m.rho * m.f_star) /* ResetStar */
            m.f_star = fmax(0.5 * model / (decay * m.rho), s->f_star);
        double tau =
            fmin(s->alpha / m.rho,
                 fmax(decay * (m.f_bar - m.rho * m.f_star - m.gamma) + dx, 0.0) / norm);
        if (s->estimate) /* EstimateStar */
            m.f_star = fmax((m.f_bar + dx - m.gamma - 0.5 * tau * norm) / m.rho, s->f_star);
        for (size_t j = 0; j < task->problem->d; j++)
            task->theta[t + 1][j] = (x[j] - tau * m.d[j] / m.D_k[j]) / decay;
    }
}

static void momo_default(const conformance_task *task)
{
    momo(task, &(momo_settings){.alpha = 1.0, .beta1 = 0.9});
}

static void momo_other(const conformance_task *task)
{
    momo(task, &(momo_settings){.alpha = 0.5, .beta1 = 0.6, .f_star = 0.4, .lambda = 0.05});
}

static void momo_star(const conformance_task *task)
{
    momo(task,
         &(momo_settings){
             .estimate = true, .alpha = 0.5, .beta1 = 0.8, .f_star = -1.0, .lambda = 0.02});
}

/* A bound that the model undercuts: the estimates are held at it. */
static void momo_star_held(const conformance_task *task)
{
    momo(task, &(momo_settings){.estimate = true, .alpha = 0.3, .beta1 = 0.5, .f_star = 0.7});
}

static void momo_adam(const conformance_task *task)
{
    momo(task, &(momo_settings){.adam = true, .alpha = 0.01, .beta1 = 0.9, .beta2 = 0.999});
}

static void momo_adam_other(const conformance_task *task)
{
    momo(task, &(momo_settings){.adam = true,
                                .alpha = 0.3,
                                .beta1 = 0.8,
                                .beta2 = 0.95,
                                .f_star = 0.4,
                                .lambda = 0.05});
}

static void momo_adam_star(const conformance_task *task)
{
    momo(task, &(momo_settings){.adam = true,
                                .estimate = true,
                                .alpha = 0.2,
                                .beta1 = 0.9,
                                .beta2 = 0.99,
                                .f_star = -1.0,
                                .lambda = 0.02});
}

/* --------------------------------------------------------------------- COCOB
 *
 * Orabona, Tommasi (2017), algorithm 2 (COCOB-Backprop), with their g = -grad f. */
static void cocob(const conformance_task *task, double alpha)
{
    double grad[D], L[D] = {0.0}, G[D] = {0.0}, Reward[D] = {0.0}, theta[D] = {0.0};
    for (uint64_t t = 0; t < CONFORMANCE_STEPS; t++) {
        const double *w = task->theta[t], *w_1 = task->theta[0];
        batch_at(task, t, grad);
        for (size_t i = 0; i < task->problem->d; i++) {
            double g = -grad[i];
            L[i] = fmax(L[i], fabs(g));
            G[i] = G[i] + fabs(g);
            Reward[i] = fmax(Reward[i] + (w[i] - w_1[i]) * g, 0.0);
            theta[i] = theta[i] + g;
            task->theta[t + 1][i] = w_1[i] + theta[i] /
                                                 (L[i] * fmax(G[i] + L[i], alpha * L[i])) *
                                                 (L[i] + Reward[i]);
        }
    }
}

static void cocob_default(const conformance_task *task)
{
    cocob(task, 100.0);
}

static void cocob_bold(const conformance_task *task)
{
    cocob(task, 10.0);
}

const conformance_row conformance_polyak[] = {
    {"sps-max", "alpha=0.25", sps_capped},
    {"sps-max", "alpha=0.3 c=1 f_star=0.4", sps_bounded},
    {"sps-max", "alpha=0.3 growth=1.25 gamma_0=0.01", sps_smoothed},
    {"ali-g", NULL, alig_default},
    {"ali-g", "alpha=0.3 mu=0 delta=0.5 f_star=0.4", alig_plain},
    {"l4", "fraction=0.05", l4mom},
    {"l4", "fraction=0.05 gamma=0.5 tau=20 gamma_0=0.2 beta1=0.8", l4mom_other},
    {"l4", "base=adam fraction=0.05", l4adam},
    {"l4", "base=adam fraction=0.05 gamma=0.5 tau=20 gamma_0=0.2 beta1=0.8 beta2=0.98",
     l4adam_other},
    {"momo", NULL, momo_default},
    {"momo", "alpha=0.5 beta1=0.6 f_star=0.4 weight_decay=0.05", momo_other},
    {"momo", "alpha=0.5 beta1=0.8 f_star=-1 estimate=yes weight_decay=0.02", momo_star},
    {"momo", "alpha=0.3 beta1=0.5 f_star=0.7 estimate=yes", momo_star_held},
    {"momo", "preset=momo-adam", momo_adam},
    {"momo", "base=adam alpha=0.3 beta1=0.8 beta2=0.95 f_star=0.4 weight_decay=0.05",
     momo_adam_other},
    {"momo", "base=adam alpha=0.2 beta2=0.99 f_star=-1 estimate=yes weight_decay=0.02",
     momo_adam_star},
    {"cocob", NULL, cocob_default},
    {"cocob", "rounds=10", cocob_bold},
    {0},
};
