/* The probabilistic line search of Mahsereci, Hennig (2017), one evaluation per step.
 *
 * The paper's loop evaluates every trial on a batch of its own; so does this one, with the
 * batch of the step.  theta is therefore always the point of the next evaluation: between two
 * searches there is no step of its own, since the accepted point's evaluation starts the next
 * search. */
#include "optim/methods.h"
#include "optim/prob_line_search_model.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

typedef struct pls_params {
    double alpha, c1, c2, wolfe, extrapolation, reset, ema;
    uint64_t max_points;
} pls_params;

static const meka_option options[] = {
    OPT_REAL(pls_params, alpha, "1e-4", 1e-300, 1e300, "step size of the first trial"),
    OPT_REAL(pls_params, c1, "0.05", 0.0, 1.0, "sufficient decrease (Wolfe)"),
    OPT_REAL(pls_params, c2, "0.5", 0.0, 1.0, "curvature (strong Wolfe)"),
    OPT_REAL(pls_params, wolfe, "0.3", 0.0, 1.0,
             "probability of the Wolfe conditions above which a point is accepted"),
    OPT_REAL(pls_params, extrapolation, "1.3", 1e-3, 1e3,
             "the next search's first step size over the accepted one"),
    OPT_REAL(pls_params, reset, "100", 1.0, 1e300,
             "factor from the average step size beyond which a search starts at the average"),
    OPT_REAL(pls_params, ema, "0.95", 0.0, OPT_MAX_BETA, "moving average of the step size"),
    OPT_COUNT(pls_params, max_points, "10", 3, OPT_PLS_MAX_POINTS,
              "evaluations per search, that of the start included"),
};

/* The scalars of the state, then six arrays [max_points], x0 and the gradients. */
enum { N, ALPHA, ALPHA_MEAN, F0, BETA, SD_Y, SD_DY, PENDING, EXTENSION, FORCED, N_SCALARS };
enum { N_ARRAYS = 6 };

typedef struct search {
    const pls_params *p;
    size_t d;
    double *scalar;        /* [N_SCALARS]: points so far, the first trial's step size, its
                              average, the start's loss, |slope there|, the noise, t of theta,
                              how far beyond the last point to extrapolate, whether the next
                              evaluation is accepted untested */
    double *t, *y, *dy;    /* [max_points], in the model's units */
    double *f;             /* [max_points], mean loss */
    double *var_f, *var_g; /* [max_points], variances of f and of g.(batch gradient) */
    double *x0;            /* [d], the start; the direction is -g of point 0 */
    double *g;             /* [max_points][d] */
} search;

static search arrange(const pls_params *p, size_t d, double *state)
{
    size_t n = p->max_points;
    search s = {.p = p, .d = d, .scalar = state, .t = state + N_SCALARS};
    s.y = s.t + n;
    s.dy = s.y + n;
    s.f = s.dy + n;
    s.var_f = s.f + n;
    s.var_g = s.var_f + n;
    s.x0 = s.var_g + n;
    s.g = s.x0 + d;
    return s;
}

static meka_status count(const void *params, size_t d, size_t *n_state, size_t *n_scratch,
                         meka_error *err)
{
    const pls_params *p = params;
    size_t fixed = N_SCALARS + N_ARRAYS * OPT_PLS_MAX_POINTS;
    if (d > (SIZE_MAX / sizeof(double) - fixed) / (p->max_points + 1))
        return meka_fail(err, MEKA_ERR_INPUT,
                         "method prob-line-search: %zu parameters are too many", d);
    *n_state = N_SCALARS + N_ARRAYS * p->max_points + (p->max_points + 1) * d;
    *n_scratch = d;
    return MEKA_OK;
}

static void init(const void *params, size_t d, double *state)
{
    const pls_params *p = params;
    state[ALPHA] = state[ALPHA_MEAN] = p->alpha;
}

/* Point k: the batch's mean loss and gradient at theta, with their variances; direction [d]. */
static meka_status evaluate(const search *s, const opt_step *step, size_t k, double *direction,
                            meka_error *err)
{
    double n = (double)step->batch->n, *g = s->g + k * s->d;
    ad_moments moments = {.grad_mean = g};
    meka_status status = opt_view_moments(step->batch, step->theta, NULL, &moments, err);
    if (status != MEKA_OK)
        return status;
    for (size_t j = 0; j < s->d; j++)
        direction[j] = -g[j];
    ad_line_moments line = {.order = 1};
    status = opt_view_line(step->batch, step->theta, direction, &line, err);
    if (status != MEKA_OK)
        return status;
    s->f[k] = moments.loss_mean;
    s->var_f[k] = moments.loss_var / n;
    s->var_g[k] = line.cov[1][1] / n;
    step->row->loss = moments.loss_mean;
    memcpy(step->gradient, g, s->d * sizeof *g);
    opt_step_estimate(step, step->gradient); /* points of the search move */
    step->row->grad_norm = step->row->filtered_norm;
    return MEKA_OK;
}

/* Begins a search at x0 with the data of point 0 (section 3.4: scaling).  Without a slope there
 * is nothing to search along, and the next step's batch starts anew. */
static void begin(const search *s)
{
    double *scalar = s->scalar, beta = meka_dot(s->d, s->g, s->g);
    bool sloping = beta > 0.0 && isfinite(beta) && isfinite(1.0 / (scalar[ALPHA] * beta));
    scalar[N] = sloping ? 1.0 : 0.0;
    if (!sloping)
        return;
    scalar[F0] = s->f[0];
    scalar[BETA] = beta;
    scalar[SD_Y] = sqrt(s->var_f[0]) / (scalar[ALPHA] * beta);
    scalar[SD_DY] = sqrt(s->var_g[0]) / beta;
    scalar[PENDING] = 0.0;
    scalar[EXTENSION] = 1.0;
    scalar[FORCED] = 0.0;
    s->t[0] = s->y[0] = 0.0;
    s->dy[0] = -1.0;
}

/* The schedule shortens moves, so that at 0 theta stays. */
static double move(double from, double to, double factor)
{
    return factor == 1.0 ? to : from + factor * (to - from);
}

/* theta moves towards x0 + t alpha0 s. */
static void propose(const search *s, const opt_step *step, double t)
{
    t = move(s->scalar[PENDING], t, step->factor);
    double alpha = t * s->scalar[ALPHA];
    for (size_t j = 0; j < s->d; j++)
        step->theta[j] = s->x0[j] - alpha * s->g[j];
    s->scalar[PENDING] = t;
    step->row->alpha = alpha;
}

/* Ends the search at point k, which starts the next one. */
static void accept(const search *s, const opt_step *step, size_t k)
{
    const pls_params *p = s->p;
    double *scalar = s->scalar, alpha = scalar[ALPHA] * s->t[k];
    bool is_here = k + 1 == (size_t)scalar[N];
    for (size_t j = 0; j < s->d; j++) {
        double x = is_here ? step->theta[j] : s->x0[j] - alpha * s->g[j];
        s->x0[j] = move(step->theta[j], x, step->factor);
    }
    s->f[0] = s->f[k];
    s->var_f[0] = s->var_f[k];
    s->var_g[0] = s->var_g[k];
    memmove(s->g, s->g + k * s->d, s->d * sizeof *s->g);
    scalar[ALPHA_MEAN] = p->ema * scalar[ALPHA_MEAN] + (1.0 - p->ema) * alpha;
    scalar[ALPHA] = p->extrapolation * alpha;
    if (scalar[ALPHA] < scalar[ALPHA_MEAN] / p->reset ||
        scalar[ALPHA] > scalar[ALPHA_MEAN] * p->reset)
        scalar[ALPHA] = scalar[ALPHA_MEAN];
    begin(s);
}

/* ------------------------------------------------------------------ decisions */

/* What to do after an evaluation: accept a point, or try t (accepting it untested). */
typedef struct decision {
    bool accept, forced;
    size_t point;
    double t;
} decision;

static opt_pls_data data_of(const search *s)
{
    return (opt_pls_data){
        .n = (size_t)s->scalar[N],
        .t = s->t,
        .y = s->y,
        .dy = s->dy,
        .sd_y = s->scalar[SD_Y],
        .sd_dy = s->scalar[SD_DY],
    };
}

/* The observed point of lowest posterior mean from `first` on. */
static size_t lowest_mean(const opt_pls_belief *belief, size_t first, size_t n)
{
    size_t best = first;
    for (size_t i = first + 1; i < n; i++)
        if (belief->mean[2 * i] < belief->mean[2 * best])
            best = i;
    return best;
}

/* The observed points by their t; order [n] */
static void sort_points(const search *s, size_t n, size_t *order)
{
    for (size_t i = 0; i < n; i++) {
        size_t k = i;
        for (; k > 0 && s->t[order[k - 1]] > s->t[i]; k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
}

/* Section 3.2: the candidate of the best expected improvement times Wolfe probability, t [n]
 * with the extrapolation last. */
static double choose(const search *s, opt_pls_belief *belief, size_t n, const double *t)
{
    const opt_pls_data data = data_of(s);
    size_t best = 0;
    double most = -1.0, lowest = belief->mean[2 * lowest_mean(belief, 0, data.n)];
    opt_pls_condition(belief, &data, n, t);
    for (size_t i = 0; i < n; i++) {
        double utility = opt_pls_improvement(belief, data.n + i, lowest) *
                         opt_pls_wolfe(belief, data.n + i, s->p->c1, s->p->c2);
        if (utility > most) {
            most = utility;
            best = i;
        }
    }
    if (best == n - 1)
        s->scalar[EXTENSION] *= 2.0;
    return t[best];
}

/* Where nothing is certain yet: the next t, or an earlier point that has become acceptable. */
static decision look_further(const search *s, opt_pls_belief *belief)
{
    size_t n = (size_t)s->scalar[N], order[OPT_PLS_MAX_POINTS], n_candidates = 0, accepted = 0;
    double candidates[OPT_PLS_MAX_POINTS];
    sort_points(s, n, order);
    for (size_t i = 0; i + 1 < n; i++) {
        size_t k = order[i];
        if (opt_pls_minimum(belief, k, order[i + 1], &candidates[n_candidates]))
            n_candidates++;
        else if (i == 0 && belief->mean[1] > 0.0) /* the direction leads uphill */
            return (decision){.forced = true, .t = 0.01 * s->t[order[1]]};
        if (i > 0 && opt_pls_wolfe(belief, k, s->p->c1, s->p->c2) > s->p->wolfe &&
            (!accepted || belief->mean[2 * k] < belief->mean[2 * accepted]))
            accepted = k;
    }
    if (accepted)
        return (decision){.accept = true, .point = accepted};
    assert(n >= 1); /* the search's start is a point */
    candidates[n_candidates++] = s->t[order[n - 1]] + s->scalar[EXTENSION];
    return (decision){.t = choose(s, belief, n_candidates, candidates)};
}

static decision decide(const search *s, const opt_step *step)
{
    opt_pls_belief belief;
    const opt_pls_data data = data_of(s);
    size_t n = data.n, last = n - 1;
    opt_pls_condition(&belief, &data, 0, NULL);
    double unit = s->scalar[ALPHA] * s->scalar[BETA];
    step->row->loss_filtered = s->scalar[F0] + unit * belief.mean[2 * last];
    step->row->loss_sd = unit * sqrt(fmax(0.0, belief.cov[2 * last][2 * last]));
    if (s->scalar[FORCED] != 0.0 ||
        opt_pls_wolfe(&belief, last, s->p->c1, s->p->c2) > s->p->wolfe)
        return (decision){.accept = true, .point = last};
    if (n == s->p->max_points)
        return (decision){.accept = true, .point = lowest_mean(&belief, 1, n)};
    size_t k = lowest_mean(&belief, 0, n);
    if (fabs(belief.mean[2 * k + 1]) < 1e-5 && belief.cov[2 * k + 1][2 * k + 1] < 1e-4)
        return (decision){.accept = true, .point = k}; /* certainly flat */
    return look_further(s, &belief);
}

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    search s = arrange(params, step->n_params, state);
    double *scalar = s.scalar, t = 1.0;
    size_t n = (size_t)scalar[N];
    meka_status status = evaluate(&s, step, n, scratch, err);
    step->row->alpha = 0.0;
    if (status != MEKA_OK || step->factor == 0.0)
        return status;
    if (n == 0) {
        memcpy(s.x0, step->theta, s.d * sizeof *s.x0);
        begin(&s);
    } else {
        s.t[n] = scalar[PENDING];
        s.y[n] = (s.f[n] - scalar[F0]) / (scalar[ALPHA] * scalar[BETA]);
        s.dy[n] = -meka_dot(s.d, s.g + n * s.d, s.g) / scalar[BETA];
        scalar[N] += 1.0;
        const decision next = decide(&s, step);
        scalar[FORCED] = next.forced;
        t = next.t;
        if (next.accept) {
            accept(&s, step, next.point);
            t = 1.0;
        }
    }
    if (scalar[N] > 0.0)
        propose(&s, step, t);
    else
        memcpy(step->theta, s.x0, s.d * sizeof *s.x0);
    return MEKA_OK;
}

const opt_method opt_method_prob_line_search = {
    .name = "prob-line-search",
    .summary = "stochastic gradient descent with a probabilistic line search",
    .reference = "Mahsereci, Hennig, Probabilistic line searches for stochastic optimization "
                 "(2017), Journal of Machine Learning Research 18(119), arXiv:1703.10034",
    .deviations =
        "a step is one evaluation, so that theta is also at trial points that are not "
        "accepted; "
        "the variance of the projected gradient is that of the samples' projections, where the "
        "paper neglects covariances between its elements; the schedule's factor shortens every "
        "move, also between trials",
    .options = OPT_TABLE(options, pls_params),
    .min_batch = 2,
    .sizes = count,
    .init = init,
    .step = take_step,
};
