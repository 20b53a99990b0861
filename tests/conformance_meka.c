/* MEKA and ADAMEKA, step by step as in section 4 of the design: eqs. 3-11, appendix B, and what
 * mends them.  Step sizes are found by brute force (tests/line_oracle.h). */
#include "tests/line_oracle.h"
#include "tests/meka_reference.h"

#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------- step size */

/* A'/A.  c = m.D g - tr D ((1-K) cov(b, g) + K cov(g, g)), of cov(b, g) the diagonal. */
static double calibration(const choices *c, size_t d, int t, const seen *now,
                          const double *weight, double A, double length, memory *z)
{
    double slope = 0.0;
    for (size_t j = 0; j < d; j++) {
        double noise = (1.0 - z->K.x[j][j]) * now->cross.x[j][j];
        for (size_t k = 0; k < d; k++)
            noise += z->K.x[j][k] * now->Sigma.x[k][j];
        slope += weight[j] * (z->m[j] * now->g[j] - noise);
    }
    z->slope[t] = slope / length;
    z->claim[t] = A / length;
    double beta = c->calibration_ema, mean = reference_average(z->slope, 1, t, beta);
    double square[STEPS];
    for (int k = 0; k <= t; k++)
        square[k] = (z->slope[k] - mean) * (z->slope[k] - mean);
    double variance = reference_average(square, 1, t, beta);
    double se = sqrt(variance / fmin((1.0 + beta) / (1.0 - beta), t + 1.0));
    return fmin(
        fmax((mean - c->calibration_z * se) / reference_average(z->claim, 1, t, beta), 0.0),
        1.0);
}

/* B, C and d'Q d from each sample along d. */
static void measure(const choices *c, const conformance_batch *batch, const double *theta,
                    const double *direction, line_terms *out)
{
    size_t d = batch->problem->d, n = batch->n;
    double one[D], product[D], along[N], third[N], h[D][N], length = 0.0, variance = 0.0;
    for (size_t i = 0; i < n; i++) {
        conformance_sample(batch, i, theta, direction, one, product);
        third[i] = conformance_third(batch, i, theta, direction);
        along[i] = 0.0;
        for (size_t j = 0; j < d; j++) {
            h[j][i] = product[j];
            along[i] += direction[j] * product[j];
        }
    }
    for (size_t j = 0; j < d; j++) {
        length += direction[j] * direction[j];
        variance += reference_cov(n, h[j], h[j]) / (double)(n * d);
    }
    out->B = reference_mean(n, along);
    out->C = c->third_order ? fabs(reference_mean(n, third)) : 0.0;
    out->q =
        c->variance == 's' ? variance * length : reference_cov(n, along, along) / (double)n;
}

/* B/|d|^2 raised to its average, by curvature_z standard errors at most. */
static double raised(const choices *c, double B, double q, int t, memory *z)
{
    double beta = c->curvature_ema;
    z->curvature[t] = B;
    z->curvature_var[t] = q;
    if (c->negative == 'a' && B < 0.0)
        return fmax(-B, reference_average(z->curvature, 1, t, beta));
    double sd = sqrt(fmax(q, reference_average(z->curvature_var, 1, t, beta)));
    return fmax(B, fmin(reference_average(z->curvature, 1, t, beta), B + c->curvature_z * sd));
}

/* The rule's step, the last one where it has none. */
static double choose(const choices *c, line_terms m, double length, int t, memory *z)
{
    if (c->curvature_ema > 0.0)
        m.B = length * raised(c, m.B / length, m.q / (length * length), t, z);
    if (c->negative == 'a')
        m.B = fabs(m.B);
    m.s = fmax(m.s, pow(c->floor * m.A * m.A / (2.0 * m.B), 2));
    if (c->rule == 'b') {
        m.A -= c->bound_k * sqrt(m.p);
        m.B += c->bound_k * sqrt(m.q);
    }
    if (!(m.A > 0.0))
        return 0.0;
    double unit = m.A / fmax(fabs(m.B), sqrt(m.q));
    line_criterion what = c->rule == 'p' ? LINE_PI : c->rule == 'e' ? LINE_EI : LINE_MU;
    quad best = line_minimum(&m, what, (line_grid){1e-9 * unit, 1e9 * unit, 8});
    if (best < (quad)INFINITY)
        z->last = (double)best;
    return z->last;
}

/* c a, from what is known of f along d = -D m; weight [d] is D. */
static double step_size(const choices *c, const conformance_batch *batch, const double *theta,
                        int t, const seen *now, const double *weight, const double *direction,
                        memory *z, opt_row *row)
{
    size_t d = batch->problem->d;
    line_terms m = {.p = reference_form(d, &z->P, direction), .s = z->s};
    double length = 0.0;
    for (size_t j = 0; j < d; j++) {
        m.A -= direction[j] * z->m[j];
        length += direction[j] * direction[j];
    }
    row->slope = m.A;
    row->direction_p = m.p;
    row->calibration = calibration(c, d, t, now, weight, m.A, sqrt(length), z);
    m.A *= c->calibrate ? row->calibration : 1.0;
    if (c->rule == 'f')
        return fmin(c->factor * c->alpha, c->cap);
    measure(c, batch, theta, direction, &m);
    row->curvature = m.B;
    row->direction_q = m.q;
    if (c->third_order)
        row->third = m.C;
    z->alpha[t] = choose(c, m, length, t, z);
    double a =
        c->smoothing > 0.0 ? reference_average(z->alpha, 1, t, c->smoothing) : z->alpha[t];
    if (t < c->fixed_steps)
        a = c->alpha;
    return fmin(c->factor * a, c->cap);
}

/* theta_{t+1} = theta_t + c a d */
static void follow(const conformance_task *task, bool adam)
{
    const choices c = reference_choices(task->settings);
    static _Thread_local memory z;
    size_t d = task->problem->d;
    memset(&z, 0, sizeof z);
    for (int t = 0; t < STEPS; t++) {
        const double *theta = task->theta[t];
        opt_row *row = &task->rows[t];
        double weight[D], direction[D];
        conformance_batch batch;
        seen now;
        conformance_draw(&batch, task->problem, task->seed, (uint64_t)t);
        reference_observe(&batch, theta, z.delta, &now);
        reference_filter(&c, d, t, &now, &z, row);
        for (size_t j = 0; j < d; j++) { /* eq. 9 with m^2 for the m it prints */
            weight[j] = adam ? 1.0 / (sqrt(z.m[j] * z.m[j] + z.P.x[j][j]) + 1e-8) : 1.0;
            direction[j] = -weight[j] * z.m[j];
        }
        row->alpha = step_size(&c, &batch, theta, t, &now, weight, direction, &z, row);
        for (size_t j = 0; j < d; j++) {
            task->theta[t + 1][j] = theta[j] + row->alpha * direction[j];
            z.delta[j] = task->theta[t + 1][j] - theta[j];
        }
    }
}

static void meka(const conformance_task *task)
{
    follow(task, false);
}

static void adameka(const conformance_task *task)
{
    follow(task, true);
}

/* ---------------------------------------------------------------------- rows */

#define MEKA(settings)                                                                         \
    {                                                                                          \
        "meka", settings, meka                                                                 \
    }
#define ADAMEKA(settings)                                                                      \
    {                                                                                          \
        "adameka", settings, adameka                                                           \
    }

const conformance_row conformance_meka[] = {
    /* The default: PI, floor, calibrated slope, curvature average, gate */
    MEKA(""),
    /* The paper's prior and scalar variances */
    MEKA("preset=paper smoothing=0"),
    /* Steps smoothed by 0.999 */
    MEKA("preset=paper start=observation"),
    /* P, Q, Sigma diagonal */
    MEKA("covariance=diag"),
    /* P, Q, Sigma full matrices */
    MEKA("covariance=full"),
    /* M = 0, P = s = 1e4 at first */
    MEKA("start=prior"),
    /* The prior as a matrix */
    MEKA("start=prior covariance=full"),
    /* Sigma known (eq. 15) */
    MEKA("noise=constant sigma=0.3"),
    /* A known Sigma as a matrix */
    MEKA("noise=constant sigma=0.3 covariance=full"),
    /* The filter with a fixed step */
    MEKA("rule=fixed alpha=0.05"),
    /* The step A'/B' */
    MEKA("rule=quadratic"),
    /* Expected improvement */
    MEKA("rule=ei"),
    /* The confidence bound with k = 0.5 */
    MEKA("rule=bound"),
    /* The confidence bound with k = 1 */
    MEKA("rule=bound bound_k=1 calibrate=no"),
    /* No C in PI */
    MEKA("third_order=no"),
    /* No C in the quadratic rule */
    MEKA("third_order=no rule=quadratic"),
    /* No C in expected improvement */
    MEKA("third_order=no rule=ei"),
    /* No C in the confidence bound */
    MEKA("third_order=no rule=bound"),
    /* D'Q d from the mean variance over dimensions */
    MEKA("variance=scalar"),
    /* A moving average of steps */
    MEKA("smoothing=0.9"),
    /* Fixed steps first (Fig. 7), of which averages know what the rule would have done */
    MEKA("alpha=0.05 fixed_steps=20"),
    MEKA("alpha=0.05 fixed_steps=20 smoothing=0.9 factor=0.5"),
    /* The factor c of Fig. 6 */
    MEKA("factor=0.5"),
    /* A largest step */
    MEKA("cap=2"),
    /* The claimed slope itself */
    MEKA("calibrate=no"),
    /* A shorter, bolder calibration */
    MEKA("calibration_z=0.5 calibration_ema=0.8"),
    /* This batch's curvature itself */
    MEKA("curvature_ema=0"),
    /* A shorter average of the curvature */
    MEKA("curvature_ema=0.5"),
    /* The average counts little where samples agree, and wholly */
    MEKA("curvature_z=0.1"),
    MEKA("curvature_z=inf"),
    /* s at its floor */
    MEKA("floor=5"),
    /* s at its floor, in expected improvement */
    MEKA("floor=5 rule=ei"),
    /* Shorter averages of Sigma and r, each its own */
    MEKA("ema=0.5 loss_ema=0.8"),
    /* S = r */
    MEKA("value_filter=no"),
    /* A gate that opens often */
    MEKA("gate=1"),
    /* A gate that opens often onto a matrix */
    MEKA("gate=1 covariance=full"),
    /* The default along m/sqrt(m^2 + P) */
    ADAMEKA(""),
    /* The paper's prior and scalar variances */
    ADAMEKA("preset=paper smoothing=0"),
    /* Each dimension's own P below the root */
    ADAMEKA("covariance=diag"),
    /* The diagonal of a full P below the root */
    ADAMEKA("covariance=full"),
    /* Sigma known (eq. 15) */
    ADAMEKA("noise=constant sigma=0.3"),
    /* A fixed step */
    ADAMEKA("rule=fixed alpha=0.02"),
    /* Fixed steps first */
    ADAMEKA("alpha=0.02 fixed_steps=20"),
    /* The step A'/B' */
    ADAMEKA("rule=quadratic"),
    /* Expected improvement */
    ADAMEKA("rule=ei"),
    /* The confidence bound */
    ADAMEKA("rule=bound"),
    /* D'Q d from the mean variance */
    ADAMEKA("variance=scalar"),
    /* Without what mends PI */
    ADAMEKA("calibrate=no curvature_ema=0 floor=0 gate=0"),
    {0},
};

const conformance_row conformance_nonconvex[] = {
    /* |B| for B < 0, or the recent average where that is positive */
    MEKA(""),
    MEKA("curvature_ema=0 cap=1"),
    /* PI with B < 0 as it is, which would go far */
    MEKA("negative=model curvature_ema=0 third_order=no cap=10"),
    /* No best step in many: the last one there was */
    MEKA("negative=model curvature_ema=0 third_order=no rule=ei"),
    MEKA("negative=model curvature_ema=0 third_order=no cap=1 rule=quadratic"),
    /* C makes every rule's step finite */
    MEKA("negative=model curvature_ema=0"),
    MEKA("negative=model curvature_ema=0 rule=quadratic"),
    MEKA("negative=model curvature_ema=0 rule=ei"),
    MEKA("negative=model curvature_ema=0 rule=bound"),
    ADAMEKA(""),
    ADAMEKA("negative=model"),
    {0},
};
