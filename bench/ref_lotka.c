/* The reference for U3: Lotka-Volterra by explicit Euler steps, its adjoint, and the dual parts
 * of both, lanes of samples; the states of one vector of samples stay in the first-level cache.
 *
 *   x+ = x + dt x (a - b y),  y+ = y + dt y (c x - e),  (a, b, c, e) = exp(theta)
 *   f  = (log x_T - o_x)^2 + (log y_T - o_y)^2,         xi = (x_0, y_0, o_x, o_y) */
#include "bench/reference.h"
#include "bench/simd.h"

#include <math.h>

enum { d = 4, m = 4, n_steps = 40 };
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

/* Gradient and product of W samples; rate [d] = dt exp(theta). */
INLINE void solve(const dual *rate, const vec *xi, vec mask, vec *loss, dual *grad)
{
    dual xs[n_steps], ys[n_steps], x = {xi[0], {0}}, y = {xi[1], {0}}, zero = {{0}, {0}};
    for (int k = 0; k < n_steps; k++) {
        xs[k] = x;
        ys[k] = y;
        dual dx = mul(x, sub(rate[0], mul(rate[1], y)));
        dual dy = mul(y, sub(mul(rate[2], x), rate[3]));
        x = add(x, dx);
        y = add(y, dy);
    }
    *loss = zero.p;
    dual ax = residual(x, xi[2], mask, loss), ay = residual(y, xi[3], mask, loss);
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
    for (size_t i = 0; i < n; i += W) {
        size_t n_here = n - i < W ? n - i : W;
        vec columns[m], mask = {0}, loss;
        dual grad[d];
        columns_of(xi + i * m, n_here, m, m, xi + i * m, (double *)columns, W);
        for (size_t k = 0; k < n_here; k++)
            mask[k] = 1.0;
        solve(rate, columns, mask, &loss, grad);
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
    moments_of((double)n, sum_of(loss_sum), sum_of(loss_squares), &loss2[0], &loss2[1]);
    for (size_t j = 0; j < d; j++) {
        moments_of((double)n, sum_of(sum[j][0]), sum_of(sum[j][1]), &gm[j], &gv[j]);
        moments_of((double)n, sum_of(sum[j][2]), sum_of(sum[j][3]), &hm[j], &hv[j]);
    }
}
