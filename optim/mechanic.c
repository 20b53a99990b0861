/* Mechanic: learns a factor on everything that a base optimizer has moved so far. */
#include "optim/distance.h"

#include <math.h>
#include <string.h>

typedef struct mechanic_params {
    double alpha, s_decay, s_init, epsilon, beta1, beta2, base_epsilon;
    size_t n_betas;
    int base;
} mechanic_params;

enum { BASE_SGD, BASE_ADAM };
static const char *const bases[] = {"sgd", "adam", NULL};

enum { MAX_BETAS = 6 };
static const double beta[MAX_BETAS] = {0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999};

static const meka_option options[] = {
    OPT_CHOICE(mechanic_params, base, "sgd", bases, "optimizer whose steps are scaled"),
    OPT_REAL(mechanic_params, alpha, "1", 0.0, 1e300,
             "step size of the base optimizer: any, unless so small or large that epsilon "
             "matters"),
    OPT_REAL(mechanic_params, s_decay, "1e-2", 0.0, 1e300,
             "lambda: pulls the factor down, as weight decay would"),
    OPT_REAL(mechanic_params, s_init, "1e-8", 1e-300, 1e300, "first factor"),
    OPT_REAL(mechanic_params, epsilon, "1e-8", 0.0, 1e300,
             "added to the root of the squared inner products"),
    OPT_COUNT(mechanic_params, n_betas, "6", 1, MAX_BETAS,
              "how many of 0.9, 0.99, 0.999, ... are the tuners' betas"),
    OPT_REAL(mechanic_params, beta1, "0.9", 0.0, OPT_MAX_BETA,
             "adam: coefficient of the gradient's average"),
    OPT_REAL(mechanic_params, beta2, "0.999", 0.0, OPT_MAX_BETA,
             "adam: coefficient of the squares' average"),
    OPT_REAL(mechanic_params, base_epsilon, "1e-8", 0.0, 1e300, "adam: added to the root"),
};

/* The tuners: four arrays [MAX_BETAS]. */
enum { S = 0, R = MAX_BETAS, M = 2 * MAX_BETAS, V = 3 * MAX_BETAS, N_SCALARS = 4 * MAX_BETAS };

/* Delta_{t+1} = Delta_t + u_t with the base optimizer's update u_t; m, v [d] */
static void move_base(const mechanic_params *p, const opt_step *step, const double *g,
                      double *m, double *v, double *delta)
{
    double left1 = 1.0 - pow(p->beta1, (double)step->t + 1.0);
    double left2 = 1.0 - pow(p->beta2, (double)step->t + 1.0);
    for (size_t j = 0; j < step->n_params; j++) {
        if (p->base == BASE_SGD) {
            delta[j] -= p->alpha * g[j];
            continue;
        }
        m[j] += (1.0 - p->beta1) * (g[j] - m[j]);
        v[j] += (1.0 - p->beta2) * (g[j] * g[j] - v[j]);
        delta[j] -= p->alpha * opt_ratio(m[j] / left1, sqrt(v[j] / left2) + p->base_epsilon);
    }
}

/* sum_i s_i */
static double total(const mechanic_params *p, const double *state)
{
    double sum = 0.0;
    for (size_t i = 0; i < p->n_betas; i++)
        sum += state[S + i];
    return sum;
}

/* h_t = <Delta_t, g_t + lambda (sum_i s_i) |g_t| x_t / |x_t|> */
static double inner_product(const mechanic_params *p, const double *state, const opt_step *step,
                            const double *g, const double *delta)
{
    size_t d = step->n_params;
    double pull = p->s_decay * total(p, state) * step->row->grad_norm;
    return meka_dot(d, delta, g) +
           opt_ratio(pull * meka_dot(d, delta, step->theta), opt_norm(d, step->theta));
}

/* The coin-betting tuners: s_i from the wealth won with s_i so far. */
static void tune(const mechanic_params *p, double *state, double h)
{
    for (size_t i = 0; i < p->n_betas; i++) {
        double *s = &state[S + i], *r = &state[R + i], *m = &state[M + i], *v = &state[V + i];
        *m = fmax(beta[i] * *m, fabs(h));
        *v = beta[i] * beta[i] * *v + h * h;
        *r = fmax(0.0, beta[i] * *r - *s * h);
        *s = opt_ratio(p->s_init / (double)p->n_betas * *m + *r, sqrt(*v) + p->epsilon);
    }
}

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const mechanic_params *p = params;
    size_t d = step->n_params;
    double *x_ref = state + N_SCALARS, *delta = x_ref + d, *m = delta + d, *v = m + d;
    const double *g = step->gradient;
    meka_status status = opt_step_gradient(step, err);
    if (status != MEKA_OK)
        return status;
    if (step->t == 0)
        memcpy(x_ref, step->theta, d * sizeof *x_ref);
    tune(p, state, inner_product(p, state, step, g, delta));
    move_base(p, step, g, m, v, delta);
    double s = total(p, state);
    for (size_t j = 0; j < d; j++)
        step->theta[j] += step->factor * (x_ref[j] - step->theta[j] + s * delta[j]);
    step->row->alpha = step->factor * s * p->alpha;
    return MEKA_OK;
}

const opt_method opt_method_mechanic = {
    .name = "mechanic",
    .summary = "Mechanic: SGD or Adam times a factor that coin betting tunes",
    .reference = "Cutkosky, Defazio, Mehta, Mechanic: a learning rate tuner (2023), arXiv "
                 "2306.00144",
    .deviations = "the schedule's factor multiplies x_{t+1} - x_t: in the paper it belongs to "
                  "the base optimizer, but the tuned factor would move x even with a schedule "
                  "at 0; the largest inner product is that of magnitudes, as in the authors' "
                  "code: with their signs a descending base would never start",
    .options = OPT_TABLE(options, mechanic_params),
    .min_batch = 1,
    .n_scalars = N_SCALARS,
    .n_vectors = 4,
    .step = take_step,
};
