/* Truncated Newton: J. Nocedal, S. J. Wright, Numerical Optimization, 2nd ed. 2006, algorithm
 * 7.1, with the forcing sequence of eq. 7.3 (superlinear convergence). */
#include "problems/newton_cg.h"

#include "base/memory.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_ROWS = 1024,     /* sums of so few rows lose few digits, and so do those of chunks */
    CHUNK_BYTES = 1 << 23, /* where rows are copied */
    MOST_STEPS = 100,
    LEAST_PRODUCTS = 500,  /* of the Hessian and a vector: so many are made in any case, */
    MOST_PRODUCTS = 20000, /* and so many at most */
};

/* Rows times parameters times products: some minutes. */
#define MOST_WORK 2e11

/* Curvatures below this share of the largest are what rounding has left of 0. */
#define FLAT 1e-13

typedef struct solver {
    size_t d, n_chunk;
    ad_program *program;
    ad_batch *batch;
    const meka_samples *rows;
    const double *xi; /* [n_rows][n_features] or NULL */
    double *chunk;    /* [n_chunk][n_features] if xi is NULL */
    /* [d] each: */
    double *diagonal, *theta, *gradient, *step, *next, *next_gradient;
    double *residual, *direction, *product, *part;
    double n_products, most_products;
} solver;

/* The loss at theta, and what of gradient [d] and product [d] = H v is not NULL; loss inf or
 * NaN where the arithmetic leaves the range. */
static meka_status evaluate(solver *s, const double *theta, const double *v, double *gradient,
                            double *product, double *loss, meka_error *err)
{
    size_t n_rows = s->rows->n_rows, step = s->n_chunk;
    double *out = gradient ? gradient : product;
    assert(!(gradient && product));
    *loss = 0.0;
    for (size_t first = 0; first < n_rows; first += step) {
        size_t n = n_rows - first < step ? n_rows - first : step;
        double *into = first == 0 ? out : out ? s->part : NULL;
        double share = (double)n / (double)n_rows;
        ad_moments m = {.grad_mean = gradient ? into : NULL, .hvp_mean = product ? into : NULL};
        const double *xi = s->xi ? s->xi + first * s->rows->n_features : s->chunk;
        if (!s->xi)
            s->rows->read(s->rows->ctx, first, n, s->chunk);
        meka_status status = ad_eval_moments(s->batch, theta, v, n, xi, &m, err);
        if (status != MEKA_OK && status != MEKA_NONFINITE)
            return status;
        *loss += share * m.loss_mean;
        for (size_t j = 0; out && j < s->d && n < n_rows; j++)
            out[j] = (first ? out[j] : 0.0) + share * into[j];
    }
    return MEKA_OK;
}

static double dot(size_t d, const double *a, const double *b)
{
    double sum = 0.0;
    for (size_t j = 0; j < d; j++)
        sum += a[j] * b[j];
    return sum;
}

/* a' D^-1 a: of gradients. */
static double norm2_dual(const solver *s, const double *a)
{
    double sum = 0.0;
    for (size_t j = 0; j < s->d; j++)
        sum += a[j] * a[j] / s->diagonal[j];
    return sum;
}

/* a' D a: of parameters and steps. */
static double norm2(const solver *s, const double *a)
{
    double sum = 0.0;
    for (size_t j = 0; j < s->d; j++)
        sum += a[j] * a[j] * s->diagonal[j];
    return sum;
}

/* step = about -H^-1 g, by conjugate gradients scaled by D, until the residual is `forcing`
 * times the gradient.  Directions along which the curvature is nothing but rounding end it. */
static meka_status solve(solver *s, double forcing, meka_error *err)
{
    size_t d = s->d;
    double *r = s->residual, *p = s->direction, *hp = s->product;
    double size = norm2_dual(s, s->gradient), goal = forcing * forcing * size, largest = 0.0;
    for (size_t j = 0; j < d; j++) {
        s->step[j] = 0.0;
        r[j] = -s->gradient[j];
        p[j] = r[j] / s->diagonal[j];
    }
    size_t most = 20 * d + 50;
    for (size_t k = 0; k < most && s->n_products < s->most_products && size > goal; k++) {
        double loss;
        meka_status status = evaluate(s, s->theta, p, NULL, hp, &loss, err);
        if (status != MEKA_OK)
            return status;
        s->n_products++;
        double curvature = dot(d, p, hp), relative = curvature / norm2(s, p);
        largest = fmax(largest, relative);
        if (!(relative > FLAT * largest))
            break;
        double a = size / curvature;
        for (size_t j = 0; j < d; j++) {
            s->step[j] += a * p[j];
            r[j] -= a * hp[j];
        }
        double next = norm2_dual(s, r);
        for (size_t j = 0; j < d; j++)
            p[j] = r[j] / s->diagonal[j] + next / size * p[j];
        size = next;
    }
    return MEKA_OK;
}

/* next = theta + a step with a = 1, 1/2, .. such that the loss falls by a share of what the
 * model promises; a = 0: none does. */
static meka_status search(solver *s, double promised, double *loss, double *a, meka_error *err)
{
    double start = *loss;
    *a = 1.0;
    for (int halvings = 0; halvings < 40; halvings++) {
        for (size_t j = 0; j < s->d; j++)
            s->next[j] = s->theta[j] + *a * s->step[j];
        meka_status status = evaluate(s, s->next, NULL, NULL, NULL, loss, err);
        if (status != MEKA_OK)
            return status;
        if (*loss <= start - 1e-4 * *a * promised)
            return MEKA_OK;
        *a *= 0.5;
    }
    *a = 0.0;
    return MEKA_OK;
}

/* Does the loss not rise along the step, however far one goes?  The step to a minimum at
 * infinity is as long as the one before (that of exp(-t) is 1) and the loss along it falls for
 * ever; that to a finite one points to where the loss rises soon.  "Far" is 100 times the
 * length of theta; rises below 1e-7 of the loss are those of the step's error. */
static meka_status recedes(solver *s, double loss, bool *answer, meka_error *err)
{
    double far = 100.0 * (1.0 + sqrt(norm2(s, s->theta))) / sqrt(norm2(s, s->step)), there;
    for (size_t j = 0; j < s->d; j++)
        s->next[j] = s->theta[j] + far * s->step[j];
    meka_status status = evaluate(s, s->next, NULL, NULL, NULL, &there, err);
    *answer = there <= loss * (1.0 + 1e-7);
    return status;
}

/* Loss and squared gradient at the start. */
typedef struct origin {
    double loss, size;
} origin;

/* Loss and gradient at next; it becomes theta if the gradient is below share^2 of `size`. */
static meka_status move(solver *s, double size, double share, double *loss, bool *moved,
                        meka_error *err)
{
    double there;
    meka_status status = evaluate(s, s->next, NULL, s->next_gradient, NULL, &there, err);
    *moved = status == MEKA_OK && norm2_dual(s, s->next_gradient) < share * share * size;
    if (*moved) {
        memcpy(s->theta, s->next, s->d * sizeof *s->theta);
        memcpy(s->gradient, s->next_gradient, s->d * sizeof *s->gradient);
        *loss = there;
    }
    return status;
}

/* Goes along the step.  *more: there are more steps to come; *loss becomes NaN if none of
 * any length is of use.
 *
 * Where the model promises almost nothing, or the step hardly moves, the loss cannot tell
 * better points from rounding, and the gradient is the judge: Newton's step is right there,
 * unless the gradient is rounding, too.  That is the end. */
static meka_status follow(solver *s, double promised, double *loss, bool *more, meka_error *err)
{
    double size = norm2_dual(s, s->gradient), moving = norm2(s, s->step) / norm2(s, s->theta);
    bool near = promised <= 1e-9 * fabs(*loss) || moving <= 1e-20;
    bool last = promised <= 1e-13 * fabs(*loss) || moving <= 1e-28;
    double reached = *loss, a;
    meka_status status;
    if (near) {
        for (size_t j = 0; j < s->d; j++)
            s->next[j] = s->theta[j] + s->step[j];
        status = move(s, size, 0.5, loss, more, err);
        if (status != MEKA_OK || *more)
            return status;
        bool better;
        if (last)
            return move(s, size, 1.0, loss, &better, err);
    }
    status = search(s, promised, &reached, &a, err);
    if (status != MEKA_OK)
        return status;
    *more = a >= (near ? 1e-3 : DBL_MIN);
    if (!*more && !near)
        *loss = NAN;
    bool moved;
    return *more ? move(s, INFINITY, 1.0, loss, &moved, err) : MEKA_OK;
}

/* One step of Newton's method.  *more: there are more to come; *loss becomes NaN if there is no
 * minimum. */
static meka_status advance(solver *s, bool has_minimum, const origin *from, double *loss,
                           bool *more, meka_error *err)
{
    double size = norm2_dual(s, s->gradient);
    *more = false;
    if (size == 0.0)
        return MEKA_OK;
    double forcing = fmax(1e-2, fmin(0.1, pow(size / from->size, 0.25)));
    meka_status status = solve(s, forcing, err);
    if (status != MEKA_OK)
        return status;
    double promised = -0.5 * dot(s->d, s->gradient, s->step);
    /* What is left of the gradient has no curvature: rounding, or a slope without end. */
    if (promised == 0.0 && size <= 1e-20 * from->size)
        return MEKA_OK;
    bool infinite = !(promised > 0.0) || s->n_products >= s->most_products;
    if (!infinite && !has_minimum && promised <= 1e-8 * from->loss &&
        promised > 1e-13 * fabs(*loss))
        status = recedes(s, *loss, &infinite, err);
    if (infinite)
        *loss = NAN;
    return status != MEKA_OK || infinite ? status : follow(s, promised, loss, more, err);
}

static meka_status minimize(solver *s, bool has_minimum, double *minimum, meka_error *err)
{
    origin from;
    double loss;
    bool more = true;
    meka_status status = evaluate(s, s->theta, NULL, s->gradient, NULL, &loss, err);
    from.loss = loss;
    from.size = norm2_dual(s, s->gradient);
    for (int k = 0; status == MEKA_OK && more && k < MOST_STEPS; k++)
        status = advance(s, has_minimum, &from, &loss, &more, err);
    *minimum = more || !isfinite(loss) ? NAN : loss;
    return status;
}

/* The solver's vectors, one after the other in memory [10 d]. */
static void place(solver *s, double *memory)
{
    double **vector[] = {&s->diagonal,      &s->theta,    &s->gradient,  &s->step,    &s->next,
                         &s->next_gradient, &s->residual, &s->direction, &s->product, &s->part};
    for (size_t i = 0; i < sizeof vector / sizeof vector[0]; i++)
        *vector[i] = memory + i * s->d;
}

meka_status prob_newton_cg(const ad_objective *objective, const meka_samples *rows,
                           const double *xi, const prob_newton_cg_options *options,
                           double *theta, double *minimum, meka_error *err)
{
    assert(objective && rows && rows->n_rows > 0 && theta && minimum);
    size_t d = objective->n_params, width = rows->n_features ? rows->n_features : 1;
    solver s = {.d = d, .rows = rows, .xi = xi, .n_chunk = CHUNK_ROWS};
    if (!xi && s.n_chunk > CHUNK_BYTES / sizeof *xi / width)
        s.n_chunk = CHUNK_BYTES / sizeof *xi / width > 0 ? CHUNK_BYTES / sizeof *xi / width : 1;
    s.most_products =
        fmax(LEAST_PRODUCTS, fmin(MOST_PRODUCTS, MOST_WORK / (double)rows->n_rows / (double)d));
    *minimum = NAN;
    double *memory = meka_alloc(d, 10 * sizeof *memory, err);
    meka_status status = memory ? MEKA_OK : MEKA_ERR_MEMORY;
    if (status == MEKA_OK && !xi) {
        s.chunk = meka_alloc(s.n_chunk, width * sizeof *s.chunk, err);
        status = s.chunk ? MEKA_OK : MEKA_ERR_MEMORY;
    }
    if (status == MEKA_OK)
        status = ad_program_create(&s.program, objective, err);
    if (status == MEKA_OK)
        status = ad_batch_create(&s.batch, s.program, NULL, err);
    if (status == MEKA_OK) {
        place(&s, memory);
        memcpy(s.theta, theta, d * sizeof *theta);
        for (size_t j = 0; j < d; j++)
            s.diagonal[j] = options && options->diagonal ? options->diagonal[j] : 1.0;
        status = minimize(&s, options && options->has_minimum, minimum, err);
        memcpy(theta, s.theta, d * sizeof *theta);
    }
    ad_batch_destroy(s.batch);
    ad_program_destroy(s.program);
    free(s.chunk);
    free(memory);
    return status;
}
