/* L-BFGS on the whole population (Nocedal, Wright, "Numerical optimization", 2006, section
 * 7.2). */
#include "optim/methods.h"
#include "optim/wolfe_search.h"

#include <stdint.h>
#include <string.h>

typedef struct lbfgs_params {
    uint64_t memory, max_evaluations;
    double c1, c2;
} lbfgs_params;

static const meka_option options[] = {
    OPT_COUNT(lbfgs_params, memory, "10", 1, 1e6, "pairs (s, y) kept: the state is 2 memory d"),
    OPT_REAL(lbfgs_params, c1, "1e-4", 1e-16, 0.5, "sufficient decrease (Wolfe)"),
    OPT_REAL(lbfgs_params, c2, "0.9", 1e-8, 1.0, "curvature (strong Wolfe); above c1"),
    OPT_COUNT(lbfgs_params, max_evaluations, "40", 1, 1e6, "gradients per line search at most"),
};

enum { N_SCALARS = 4, N_WORK = 5 };

/* What the state and scratch hold; pair i, the oldest first, is in row (next - n + i) of the
 * rings s and y. */
typedef struct memory {
    double *n, *next;  /* pairs held, row of the next one */
    double *known, *f; /* whether f and g are those of theta */
    double *g;         /* [d] */
    double *s, *y;     /* [m][d] */
    double *p, *x, *gx, *weight, *origin;
    size_t m, d;
} memory;

static memory arrange(const lbfgs_params *params, size_t d, double *state, double *scratch)
{
    memory w = {.n = state, .next = state + 1, .known = state + 2, .f = state + 3};
    w.m = params->memory;
    w.d = d;
    w.g = state + N_SCALARS;
    w.s = w.g + d;
    w.y = w.s + w.m * d;
    w.p = scratch;
    w.x = w.p + d;
    w.gx = w.x + d;
    w.origin = w.gx + d;
    w.weight = w.origin + d; /* [m] */
    return w;
}

static meka_status count(const void *params, size_t d, size_t *n_state, size_t *n_scratch,
                         meka_error *err)
{
    const lbfgs_params *p = params;
    size_t m = p->memory, most = SIZE_MAX / sizeof(double) - N_SCALARS - m;
    if (d > most / (2 * m + N_WORK))
        return meka_fail(
            err, MEKA_ERR_INPUT,
            "method lbfgs: %zu pairs of %zu parameters are too many; use a smaller "
            "memory",
            m, d);
    if (!(p->c1 < p->c2 && p->c2 < 1.0))
        return meka_fail(err, MEKA_ERR_INPUT,
                         "method lbfgs: c1 = %g and c2 = %g; a step is only sure to exist for "
                         "c1 < c2 < 1",
                         p->c1, p->c2);
    *n_state = N_SCALARS + (2 * m + 1) * d;
    *n_scratch = (N_WORK - 1) * d + m;
    return MEKA_OK;
}

/* ----------------------------------------------------------------- direction */

static size_t row_of(const memory *w, size_t i)
{
    return ((size_t)*w->next + w->m - (size_t)*w->n + i) % w->m;
}

/* p = -H g by the two-loop recursion (Algorithm 7.4) with H^0 = (s.y / y.y) I of the newest
 * pair (eq. 7.20). */
static void find_direction(memory *w)
{
    size_t d = w->d, n = (size_t)*w->n;
    for (size_t j = 0; j < d; j++)
        w->p[j] = -w->g[j];
    for (size_t i = n; i-- > 0;) {
        const double *s = w->s + row_of(w, i) * d, *y = w->y + row_of(w, i) * d;
        w->weight[i] = meka_dot(d, s, w->p) / meka_dot(d, y, s);
        for (size_t j = 0; j < d; j++)
            w->p[j] -= w->weight[i] * y[j];
    }
    if (n > 0) {
        const double *s = w->s + row_of(w, n - 1) * d, *y = w->y + row_of(w, n - 1) * d;
        double gamma = meka_dot(d, s, y) / meka_dot(d, y, y);
        for (size_t j = 0; j < d; j++)
            w->p[j] *= gamma;
    }
    for (size_t i = 0; i < n; i++) {
        const double *s = w->s + row_of(w, i) * d, *y = w->y + row_of(w, i) * d;
        double beta = meka_dot(d, y, w->p) / meka_dot(d, y, s);
        for (size_t j = 0; j < d; j++)
            w->p[j] += (w->weight[i] - beta) * s[j];
    }
}

/* The pair of the move from origin to x, unless it says nothing about a positive curvature:
 * updates keep H positive definite only for s.y > 0, and a cosine this small is rounding. */
static void remember(memory *w)
{
    size_t d = w->d;
    double *s = w->s + (size_t)*w->next * d, *y = w->y + (size_t)*w->next * d;
    double *move = w->p, *change = w->origin; /* in place of what is no longer needed */
    for (size_t j = 0; j < d; j++) {
        move[j] = w->x[j] - w->origin[j];
        change[j] = w->gx[j] - w->g[j];
    }
    if (!(meka_dot(d, move, change) > 1e-10 * opt_norm(d, move) * opt_norm(d, change)))
        return;
    memcpy(s, move, d * sizeof *s);
    memcpy(y, change, d * sizeof *y);
    *w->next = (double)(((size_t)*w->next + 1) % w->m);
    *w->n = fmin(*w->n + 1.0, (double)w->m);
}

/* -------------------------------------------------------------------- a step */

/* f and g at theta: kept from the search that led there, or evaluated. */
static meka_status observe(const opt_step *step, memory *w, meka_error *err)
{
    if (*w->known == 0.0) {
        ad_moments moments = {.grad_mean = w->g};
        meka_status status = opt_view_moments(step->batch, step->theta, NULL, &moments, err);
        if (status != MEKA_OK)
            return status;
        *w->f = moments.loss_mean;
        *w->known = 1.0;
    }
    step->row->loss = *w->f;
    memcpy(step->gradient, w->g, w->d * sizeof *w->g);
    opt_step_estimate(step, step->gradient); /* w->g is the next point's at the end */
    step->row->grad_norm = step->row->filtered_norm;
    return MEKA_OK;
}

/* Searches along p, or where that fails once more along -g with the memory dropped. */
static meka_status search(const lbfgs_params *params, const opt_step *step, memory *w,
                          opt_wolfe_point *point, bool *found, meka_error *err)
{
    *found = false;
    for (bool last = false; !last && !*found;) {
        last = *w->n == 0.0;
        find_direction(w);
        const opt_wolfe_problem problem = {
            .view = step->batch,
            .d = w->d,
            .origin = w->origin,
            .p = w->p,
            .phi = *w->f,
            .slope = meka_dot(w->d, w->g, w->p),
            .c1 = params->c1,
            .c2 = params->c2,
            .max_evaluations = params->max_evaluations,
        };
        meka_status status = MEKA_OK;
        /* Steepest descent has no natural length: its first trial moves by 1. */
        if (problem.slope < 0.0)
            status = opt_wolfe_search(&problem, last ? 1.0 / opt_norm(w->d, w->g) : 1.0, point,
                                      found, err);
        if (status != MEKA_OK)
            return status;
        step->row->slope = -problem.slope;
        if (!*found)
            *w->n = 0.0;
    }
    return MEKA_OK;
}

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    memory w = arrange(params, step->n_params, state, scratch);
    opt_wolfe_point point = {.x = w.x, .g = w.gx};
    bool found = false;
    meka_status status = observe(step, &w, err);
    if (status == MEKA_OK)
        status = opt_check_square(step->row->grad_norm * step->row->grad_norm, err);
    step->row->alpha = 0.0;
    if (status != MEKA_OK || step->row->grad_norm == 0.0 || step->factor == 0.0)
        return status;
    memcpy(w.origin, step->theta, w.d * sizeof *w.origin);
    status = search(params, step, &w, &point, &found, err);
    if (status != MEKA_OK || !found)
        return status;
    if (step->factor != 1.0) { /* somewhere else than where the search ended */
        point.alpha *= step->factor;
        for (size_t j = 0; j < w.d; j++)
            w.x[j] = w.origin[j] + point.alpha * w.p[j];
        ad_moments moments = {.grad_mean = w.gx};
        status = opt_view_moments(step->batch, w.x, NULL, &moments, err);
        if (status != MEKA_OK)
            return status;
        point.phi = moments.loss_mean;
    }
    remember(&w);
    memcpy(step->theta, w.x, w.d * sizeof *w.x);
    memcpy(w.g, w.gx, w.d * sizeof *w.gx);
    *w.f = point.phi;
    step->row->alpha = point.alpha;
    return MEKA_OK;
}

const opt_method opt_method_lbfgs = {
    .name = "lbfgs",
    .summary = "limited-memory BFGS on the whole population, with a strong Wolfe line search",
    .reference = "Nocedal, Wright, Numerical optimization, 2nd edition (2006), Algorithms 7.5, "
                 "3.5, 3.6",
    .deviations =
        "decreases within the rounding of the loss count as sufficient; a search that finds no "
        "point is repeated once along the steepest descent with the memory dropped, and if "
        "that "
        "fails too theta stays and alpha is 0; pairs with s.y <= 1e-10 |s| |y| are skipped",
    .options = OPT_TABLE(options, lbfgs_params),
    .min_batch = 1,
    .sizes = count,
    .step = take_step,
    .full_batch = true,
};
