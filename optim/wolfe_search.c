/* A line search for the strong Wolfe conditions (Nocedal, Wright 2006, section 3.5). */
#include "optim/wolfe_search.h"

#include "optim/methods.h"

#include <float.h>

/* One end of an interval of step lengths. */
typedef struct end {
    double alpha, phi, slope;
} end;

typedef struct search {
    const opt_wolfe_problem *problem;
    opt_wolfe_point *point;
    uint64_t left;     /* evaluations */
    bool any_finite;   /* some trial was */
    double rounding;   /* phi values this close are not told apart */
    meka_error *err;   /* of a trial that was not finite */
    end low, high;     /* zoom's interval: the better end first */
    meka_status trial; /* of the last evaluation: MEKA_OK or MEKA_NONFINITE */
} search;

/* Evaluates at alpha; a point that is not finite gets phi = inf. */
static meka_status evaluate(search *s, double alpha, end *out)
{
    const opt_wolfe_problem *q = s->problem;
    opt_wolfe_point *point = s->point;
    for (size_t j = 0; j < q->d; j++)
        point->x[j] = q->origin[j] + alpha * q->p[j];
    ad_moments moments = {.grad_mean = point->g};
    meka_status status = opt_view_moments(q->view, point->x, NULL, &moments, s->err);
    if (status != MEKA_OK && status != MEKA_NONFINITE)
        return status;
    bool finite = status == MEKA_OK;
    point->alpha = alpha;
    point->phi = finite ? moments.loss_mean : INFINITY;
    point->slope = finite ? meka_dot(q->d, point->g, q->p) : INFINITY;
    *out = (end){alpha, point->phi, point->slope};
    s->trial = status;
    s->any_finite = s->any_finite || finite;
    s->left--;
    return MEKA_OK;
}

/* The first Wolfe condition fails.  Near a minimum the decrease drowns in the rounding of phi,
 * of which slopes are free: there they alone decide (as in Hager, Zhang, "A new conjugate
 * gradient method with guaranteed descent and an efficient line search", 2005). */
static bool is_too_high(const search *s, const end *a)
{
    const opt_wolfe_problem *q = s->problem;
    return !(a->phi <= q->phi + q->c1 * a->alpha * q->slope + s->rounding);
}

static bool is_flat_enough(const search *s, const end *a)
{
    return fabs(a->slope) <= -s->problem->c2 * s->problem->slope;
}

/* The minimizer of the cubic through both ends (eq. 3.59); their midpoint where there is none
 * or it is within a tenth of an end, so that the interval always shrinks. */
static double interpolate(const end *a, const end *b)
{
    double width = b->alpha - a->alpha;
    double d1 = a->slope + b->slope - 3.0 * (b->phi - a->phi) / width;
    double d2 = copysign(sqrt(d1 * d1 - a->slope * b->slope), width);
    double share = 1.0 - (b->slope + d2 - d1) / (b->slope - a->slope + 2.0 * d2);
    if (!(share >= 0.1 && share <= 0.9))
        share = 0.5;
    return a->alpha + share * width;
}

/* Algorithm 3.6 */
static meka_status zoom(search *s, bool *found)
{
    while (s->left > 0) {
        end now;
        meka_status status = evaluate(s, interpolate(&s->low, &s->high), &now);
        if (status != MEKA_OK)
            return status;
        if (is_too_high(s, &now) || now.phi > s->low.phi + s->rounding) {
            s->high = now;
            continue;
        }
        *found = is_flat_enough(s, &now);
        if (*found)
            return MEKA_OK;
        if (now.slope * (s->high.alpha - s->low.alpha) >= 0.0)
            s->high = s->low;
        s->low = now;
    }
    return MEKA_OK;
}

/* Algorithm 3.5 */
static meka_status bracket(search *s, double alpha, bool *found)
{
    end previous = {0.0, s->problem->phi, s->problem->slope}, now;
    while (s->left > 0) {
        meka_status status = evaluate(s, alpha, &now);
        if (status != MEKA_OK)
            return status;
        bool rises = previous.alpha > 0.0 && now.phi > previous.phi + s->rounding;
        if (is_too_high(s, &now) || rises) {
            s->low = previous;
            s->high = now;
            return zoom(s, found);
        }
        *found = is_flat_enough(s, &now);
        if (*found)
            return MEKA_OK;
        if (now.slope >= 0.0) {
            s->low = now;
            s->high = previous;
            return zoom(s, found);
        }
        previous = now;
        alpha *= 2.0;
    }
    return MEKA_OK;
}

meka_status opt_wolfe_search(const opt_wolfe_problem *problem, double alpha,
                             opt_wolfe_point *point, bool *found, meka_error *err)
{
    meka_error reason = {0};
    search s = {
        .problem = problem,
        .point = point,
        .left = problem->max_evaluations,
        .rounding = 64.0 * DBL_EPSILON * fabs(problem->phi), /* of sums over many samples */
        .err = &reason,
    };
    *found = false;
    meka_status status = bracket(&s, alpha, found);
    if (status == MEKA_OK && !s.any_finite && s.trial != MEKA_OK)
        status = s.trial;
    return status == MEKA_OK ? MEKA_OK : meka_fail(err, status, "%s", reason.text);
}
