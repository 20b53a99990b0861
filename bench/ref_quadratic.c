/* The reference for W4: f = 0.5 e'He, e = theta - xi, H symmetric: g = He, h = Hv.
 *
 * H is symmetric, so that one product gives the loss and the gradient; h is the same for all
 * samples.  Lanes of samples; a tile of `rows` x `vecs` sums stays in registers, and e [d] of a
 * block in the first-level cache.  Tried and not faster: tiles of 4 and of 10 rows, 2 to 6
 * vectors. */
#include "bench/reference.h"
#include "bench/simd.h"

enum {
    d = 20,
    vecs = W == 8 ? 4 : 2, /* vectors of samples per block */
    rows = 5,              /* of H at a time; divides d */
};

/* w = He for `rows` rows of one block; e [d][vecs].  Adds to the block's losses 0.5 e'w and to
 * the sums of w and w^2. */
INLINE void multiply(const double *hessian, size_t j, vec (*e)[vecs], vec *loss, vec *sum,
                     vec *squares)
{
    vec w[rows][vecs] = {{{0}}};
    for (size_t k = 0; k < d; k++) {
        const double *column = hessian + k * d + j; /* symmetric: also row k */
        UNROLL for (int r = 0; r < rows; r++) UNROLL for (int i = 0; i < vecs; i++) w[r][i] +=
            column[r] * e[k][i];
    }
    UNROLL for (int r = 0; r < rows; r++)
    {
        vec s = {0}, q = {0};
        UNROLL for (int i = 0; i < vecs; i++)
        {
            loss[i] += 0.5 * (w[r][i] * e[j + (size_t)r][i]);
            s += w[r][i];
            q += w[r][i] * w[r][i];
        }
        sum[j + (size_t)r] += s;
        squares[j + (size_t)r] += q;
    }
}

bench_reference BENCH_NAME(quadratic);

void BENCH_NAME(quadratic)(const double *theta, const double *v, size_t n, const double *xi,
                           const void *ctx, double *loss2, double *gm, double *gv, double *hm,
                           double *hv)
{
    const double *hessian = ctx;
    vec sum[d] = {{0}}, squares[d] = {{0}}, loss_sum = {0}, loss_squares = {0}, e[d][vecs];
    for (size_t first = 0; first < n; first += vecs * W) {
        size_t n_here = n - first < vecs * W ? n - first : vecs * W;
        vec loss[vecs] = {{0}};
        /* Lanes past the last sample hold xi = theta: zero loss, zero gradient. */
        for (size_t k = 0; k < d && n_here < vecs * W; k++)
            UNROLL for (int i = 0; i < vecs; i++) e[k][i] = splat(theta[k]);
        columns_of(xi + first * d, n_here, d, d, theta, (double *)e, vecs * W);
        for (size_t k = 0; k < d; k++)
            UNROLL for (int i = 0; i < vecs; i++) e[k][i] = theta[k] - e[k][i];
        for (size_t j = 0; j < d; j += rows)
            multiply(hessian, j, e, loss, sum, squares);
        UNROLL for (int i = 0; i < vecs; i++)
        {
            loss_sum += loss[i];
            loss_squares += loss[i] * loss[i];
        }
    }
    moments_of((double)n, sum_of(loss_sum), sum_of(loss_squares), &loss2[0], &loss2[1]);
    for (size_t j = 0; j < d; j++) {
        moments_of((double)n, sum_of(sum[j]), sum_of(squares[j]), &gm[j], &gv[j]);
        hm[j] = hv[j] = 0.0;
        for (size_t k = 0; k < d; k++)
            hm[j] += hessian[j * d + k] * v[k];
    }
}
