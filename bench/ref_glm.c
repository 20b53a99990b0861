/* References for losses f(x.theta, y) with x, theta in R^d: W1 (logistic) and U1 (Student t).
 *
 * With u = x.v:  g = f' x,  h = f'' u x, so four sums over the samples with a = f' and
 * b = f'' u: of a x_j, (a x_j)^2, b x_j, (b x_j)^2.  A block of samples that stays in
 * the first-level cache is read twice: once for the inner products (four samples at a time
 * share the loads of theta and v), once for the sums, `tile` vectors of features at a time so
 * that the sums stay in registers.
 *
 * Lanes hold features here, not samples: the rows are contiguous that way.  Tried and slower:
 * lanes of samples, rows transposed in registers; blocks that leave the first-level cache;
 * tiles of half the size; a^2, b^2 times x^2 instead of squares of the products (one more
 * multiplication on the ports that multiply). */
#include "bench/reference.h"
#include "bench/simd.h"

enum {
    block = 32,             /* samples; a multiple of W */
    tile = W == 8 ? 4 : 2,  /* vectors of features whose sums are in registers */
    group = W == 2 ? 2 : 4, /* samples whose inner products are */
    d_most = 128,
};

/* Loss and its first two derivatives with respect to z = x.theta, W samples at a time. */
typedef struct link_value {
    vec loss, first, second;
} link_value;

/* softplus(-y z); s = sigmoid(-y z), without overflow for either sign. */
INLINE link_value logistic_link(vec z, vec y)
{
    vec t = -y * z, zero = {0};
    vec_mask negative = t < zero;
    vec e = BENCH_SLEEF(exp)(keep(negative, t) - keep(~negative, t)); /* exp(-|t|) */
    vec one = splat(1.0), r = one / (one + e), s = keep(~negative, r) + keep(negative, e * r);
    vec loss = keep(~negative, t) + BENCH_SLEEF(log1p)(e);
    return (link_value){loss, -y * s, y * y * (e * r * r)};
}

/* (nu + 1)/2 log1p((y - z)^2/nu), nu = 4. */
INLINE link_value student_link(vec z, vec y)
{
    vec r = y - z, q = r * r;
    vec w = 1.0 / (4.0 + q);
    return (link_value){2.5 * BENCH_SLEEF(log1p)(0.25 * q), -5.0 * r * w,
                        5.0 * (4.0 - q) * w * w};
}

/* z [n], u [n] = products of n rows with theta and v; n a multiple of group. */
INLINE void inner_products(size_t d, const double *theta, const double *v, size_t n,
                           const double *const *row, double *z, double *u)
{
    for (size_t i = 0; i < n; i += group) {
        vec acc[2 * group] = {{0}};
        for (size_t j = 0; j < d; j += W) {
            vec t = load(theta + j), w = load(v + j);
            UNROLL for (int k = 0; k < group; k++)
            {
                vec x = load(row[i + k] + j);
                acc[k] += x * t;
                acc[group + k] += x * w;
            }
        }
        double both[2 * group];
        UNROLL for (int k = 0; k < 2 * group; k += W) store(both + k, sums_of(acc + k));
        memcpy(z + i, both, sizeof both / 2);
        memcpy(u + i, both + group, sizeof both / 2);
    }
}

/* Adds the block's n samples to the sums [4][d]; factor [n][2] = a, b. */
INLINE void add_samples(size_t d, size_t n, const double *const *row, double (*factor)[2],
                        double (*sums)[d_most])
{
    for (size_t j = 0; j < d; j += tile * W) {
        vec acc[4][tile];
        UNROLL for (int s = 0; s < 4; s++) UNROLL for (int k = 0; k < tile; k++) acc[s][k] =
            load(sums[s] + j + k * W);
        for (size_t i = 0; i < n; i++) {
            const double *f = factor[i];
            UNROLL for (int k = 0; k < tile; k++)
            {
                vec x = load(row[i] + j + k * W), g = f[0] * x, h = f[1] * x;
                acc[0][k] += g;
                acc[1][k] += g * g;
                acc[2][k] += h;
                acc[3][k] += h * h;
            }
        }
        UNROLL for (int s = 0; s < 4; s++) UNROLL for (int k = 0; k < tile; k++)
            store(sums[s] + j + k * W, acc[s][k]);
    }
}

typedef link_value link_function(vec z, vec y);

INLINE void glm(link_function *link, size_t d, const double *theta, const double *v, size_t n,
                const double *xi, double *loss2, double *gm, double *gv, double *hm, double *hv)
{
    _Alignas(64) double sums[4][d_most] = {{0}}, z[block], u[block], y[block];
    double factor[block][2], loss_sum = 0.0, loss_squares = 0.0;
    for (size_t first = 0; first < n; first += block) {
        size_t n_here = n - first < block ? n - first : block;
        const double *row[block]; /* those past the last sample repeat it */
        for (size_t i = 0; i < block; i++) {
            row[i] = xi + (first + (i < n_here ? i : n_here - 1)) * (d + 1);
            y[i] = row[i][d];
        }
        inner_products(d, theta, v, block, row, z, u);
        for (size_t i = 0; i < block; i += W) {
            link_value f = link(load(z + i), load(y + i));
            vec a = f.first, b = f.second * load(u + i);
            for (size_t k = 0; k < W && i + k < n_here; k++) {
                factor[i + k][0] = a[k];
                factor[i + k][1] = b[k];
                loss_sum += f.loss[k];
                loss_squares += f.loss[k] * f.loss[k];
            }
        }
        add_samples(d, n_here, row, factor, sums);
    }
    moments_of((double)n, loss_sum, loss_squares, &loss2[0], &loss2[1]);
    for (size_t j = 0; j < d; j++) {
        moments_of((double)n, sums[0][j], sums[1][j], &gm[j], &gv[j]);
        moments_of((double)n, sums[2][j], sums[3][j], &hm[j], &hv[j]);
    }
}

bench_reference BENCH_NAME(logistic), BENCH_NAME(student);

void BENCH_NAME(logistic)(const double *theta, const double *v, size_t n, const double *xi,
                          const void *ctx, double *loss2, double *gm, double *gv, double *hm,
                          double *hv)
{
    glm(logistic_link, 128, theta, v, n, xi, loss2, gm, gv, hm, hv);
}

void BENCH_NAME(student)(const double *theta, const double *v, size_t n, const double *xi,
                         const void *ctx, double *loss2, double *gm, double *gv, double *hm,
                         double *hv)
{
    glm(student_link, 32, theta, v, n, xi, loss2, gm, gv, hm, hv);
}
