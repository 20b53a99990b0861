/* The reference for U3: Lotka-Volterra by explicit Euler steps, its adjoint, and the dual parts
 * of both, lanes of samples; the states of `abreast` vectors of them stay in the first-level
 * cache.
 *
 *   x+ = x + dt x (a - b y),  y+ = y + dt y (c x - e),  (a, b, c, e) = exp(theta)
 *   f  = (log x_T - o_x)^2 + (log y_T - o_y)^2,         xi = (x_0, y_0, o_x, o_y) */
#include "bench/reference.h"
#include "bench/simd.h"

#include <math.h>

enum { d = 4, m = 4, n_steps = 40, abreast = 2 };
static const double dt = 0.05;

/* A number and its derivative along v. */
typedef struct dual {
    vec p, t;
} dual;

INLINE dual add(dual a, dual b)
{
    return (dual){a.p + b.p, a.t + b.t};
}

INLINE dual sub(dual a, dual b)
{
    return (dual){a.p - b.p, a.t - b.t};
}

INLINE dual mul(dual a, dual b)
{
    return (dual){a.p * b.p, a.p * b.t + a.t * b.p};
}

/* One residual log z - o: adds its square to the loss and gives the adjoint of z. */
INLINE dual residual(dual z, vec o, vec mask, vec *loss)
{
    vec w = 1.0 / z.p, r = BENCH_SLEEF(log)(z.p) - o, tangent = z.t * w;
    vec twice = 2.0 * mask;
    *loss += mask * (r * r);
    return (dual){twice * (r * w), twice * ((tangent - r * tangent) * w)};
}

/* The states at every step, and at last the end. */
typedef struct path {
    dual x[n_steps + 1], y[n_steps + 1];
} path;

/* Several vectors of samples at once: every step waits for the one before. */
INLINE void integrate(const dual *rate, path *paths)
{
    for (int k = 0; k < n_steps; k++) {
        UNROLL for (int c = 0; c < abreast; c++)
        {
            dual x = paths[c].x[k], y = paths[c].y[k];
            paths[c].x[k + 1] = add(x, mul(x, sub(rate[0], mul(rate[1], y))));
            paths[c].y[k + 1] = add(y, mul(y, sub(mul(rate[2], x), rate[3])));
        }
    }
}

/* Gradient and product of W samples; rate [d] = dt exp(theta). */
INLINE void go_back(const dual *rate, const path *from, vec ox, vec oy, vec mask, vec *loss,
                    dual *grad)
{
    const dual *xs = from->x, *ys = from->y, zero = {{0}, {0}};
    *loss = zero.p;
    dual ax = residual(xs[n_steps], ox, mask, loss), ay = residual(ys[n_steps], oy, mask, loss);
    UNROLL for (int j = 0; j < d; j++) grad[j] = zero;
    for (int k = n_steps - 1; k >= 0; k--) {
        dual p = mul(ax, xs[k]), q = mul(ay, ys[k]);
        dual py = mul(p, ys[k]), qx = mul(q, xs[k]);
        grad[0] = add(grad[0], p);
        grad[1] = sub(grad[1], py);
        grad[2] = add(grad[2], qx);
        grad[3] = sub(grad[3], q);
        dual growth = sub(rate[0], mul(rate[1], ys[k]));
        dual other = sub(mul(rate[2], xs[k]), rate[3]);
        ax = add(add(ax, mul(ax, growth)), mul(q, rate[2]));
        ay = sub(add(ay, mul(ay, other)), mul(p, rate[1]));
    }
    UNROLL for (int j = 0; j < d; j++) grad[j] = mul(grad[j], rate[j]);
}

bench_reference BENCH_NAME(lotka);

void BENCH_NAME(lotka)(const double *theta, const double *v, size_t n, const double *xi,
                       const void *ctx, double *loss2, double *gm, double *gv, double *hm,
                       double *hv)
{
    vec sum[d][4] = {{{0}}}, loss_sum = {0}, loss_squares = {0};
    dual rate[d];
    for (int j = 0; j < d; j++) {
        double value = dt * exp(theta[j]);
        rate[j] = (dual){splat(value), splat(value * v[j])};
    }
    for (size_t i = 0; i < n; i += abreast * W) {
        size_t n_here = n - i < abreast * W ? n - i : abreast * W;
        path paths[abreast];
        vec columns[m][abreast] = {{{0}}}, mask[abreast] = {{0}};
        columns_of(xi + i * m, n_here, m, m, xi + i * m, (double *)columns, abreast * W);
        for (size_t k = 0; k < n_here; k++)
            mask[k / W][k % W] = 1.0;
        for (size_t c = 0; c < abreast; c++) {
            paths[c].x[0] = (dual){columns[0][c], {0}};
            paths[c].y[0] = (dual){columns[1][c], {0}};
        }
        integrate(rate, paths);
        for (size_t c = 0; c * W < n_here; c++) {
            vec loss;
            dual grad[d];
            go_back(rate, &paths[c], columns[2][c], columns[3][c], mask[c], &loss, grad);
            loss_sum += loss;
            loss_squares += loss * loss;
            UNROLL for (int j = 0; j < d; j++)
            {
                sum[j][0] += grad[j].p;
                sum[j][1] += grad[j].p * grad[j].p;
                sum[j][2] += grad[j].t;
                sum[j][3] += grad[j].t * grad[j].t;
            }
        }
    }
    moments_of((double)n, sum_of(loss_sum), sum_of(loss_squares), &loss2[0], &loss2[1]);
    for (size_t j = 0; j < d; j++) {
        moments_of((double)n, sum_of(sum[j][0]), sum_of(sum[j][1]), &gm[j], &gv[j]);
        moments_of((double)n, sum_of(sum[j][2]), sum_of(sum[j][3]), &hm[j], &hv[j]);
    }
}
