/* The reference for W3: softmax cross-entropy of a 16-32-10 network with tanh, theta = (W1, b1,
 * W2, b2), rows of W1 and W2 one after the other; xi = (x [16], label).
 *
 * Lanes of samples throughout.  A block of samples goes through four register-tiled products
 * (two layers forward, one back, their dual parts beside them); after that each parameter's
 * gradient and product are products of stored factors,
 *
 *   g = delta_r x_c,   h = delta'_r x_c + delta_r x'_c     (x' = 0 in the first layer),
 *
 * whose sums over the block are accumulated in registers for a tile of parameters at a time,
 * so that no per-sample gradient is ever written.  Tried and slower: blocks of half and twice
 * the size, tiles of one row or of four columns. */
#include "bench/reference.h"
#include "bench/simd.h"

enum {
    n_in = 16,
    n_hidden = 32,
    n_out = 10,
    m = n_in + 1,
    first_b1 = n_hidden * n_in,
    first_w2 = first_b1 + n_hidden,
    first_b2 = first_w2 + n_out * n_hidden,
    d = first_b2 + n_out,
    vecs = 16,             /* vectors of samples per block; the block stays in the L2 cache */
    pair = W == 8 ? 2 : 1, /* vectors per register tile */
    tall = W == 8 ? 4 : 2, /* rows per register tile, forward and back */
    wide = W == 8 ? 3 : 1, /* columns per tile of sums */
    high = 2,              /* rows per tile of sums */
};

/* Sums over samples of g, g^2, h, h^2 for every parameter, lane by lane. */
typedef vec sums[d][4];

/* Per unit and vector of samples. */
typedef vec row[vecs];

typedef struct block {
    row x[n_in], x_square[n_in];
    row y, mask;                           /* label; 0 in lanes past the last sample */
    row a[n_hidden], da[n_hidden];         /* tanh, and its derivative along v */
    row back[n_hidden], dback[n_hidden];   /* adjoints of the first layer's sums */
    row back2[n_hidden], dback2[n_hidden]; /* their squares */
    row out[n_out], dout[n_out];           /* logits, then their adjoints */
    vec loss, loss2;                       /* sums of losses and their squares */
} block;

/* a = tanh(W1 x + b1) and a' for `tall` units from j on, `pair` vectors from i on. */
INLINE void hidden_tile(block *b, const double *theta, const double *v, size_t j, size_t i)
{
    vec s[tall][pair], ds[tall][pair];
    UNROLL for (size_t r = 0; r < tall; r++) UNROLL for (size_t c = 0; c < pair; c++)
    {
        s[r][c] = splat(theta[first_b1 + j + r]);
        ds[r][c] = splat(v[first_b1 + j + r]);
    }
    for (size_t k = 0; k < n_in; k++) {
        UNROLL for (size_t r = 0; r < tall; r++) UNROLL for (size_t c = 0; c < pair; c++)
        {
            s[r][c] += theta[(j + r) * n_in + k] * b->x[k][i + c];
            ds[r][c] += v[(j + r) * n_in + k] * b->x[k][i + c];
        }
    }
    UNROLL for (size_t r = 0; r < tall; r++) UNROLL for (size_t c = 0; c < pair; c++)
    {
        vec y = BENCH_SLEEF(tanh)(s[r][c]);
        b->a[j + r][i + c] = y;
        b->da[j + r][i + c] = (1.0 - y * y) * ds[r][c];
    }
}

enum { out_tile = W == 8 ? 5 : 2 }; /* logits per register tile; divides n_out */

/* z = W2 a + b2 and z'. */
INLINE void out_tile_of(block *b, const double *theta, const double *v, size_t j, size_t i)
{
    const double *w2 = theta + first_w2 + j * n_hidden, *v2 = v + first_w2 + j * n_hidden;
    vec z[out_tile][pair], dz[out_tile][pair];
    UNROLL for (size_t r = 0; r < out_tile; r++) UNROLL for (size_t c = 0; c < pair; c++)
    {
        z[r][c] = splat(theta[first_b2 + j + r]);
        dz[r][c] = splat(v[first_b2 + j + r]);
    }
    for (size_t k = 0; k < n_hidden; k++) {
        UNROLL for (size_t r = 0; r < out_tile; r++) UNROLL for (size_t c = 0; c < pair; c++)
        {
            z[r][c] += w2[r * n_hidden + k] * b->a[k][i + c];
            dz[r][c] += w2[r * n_hidden + k] * b->da[k][i + c];
            dz[r][c] += v2[r * n_hidden + k] * b->a[k][i + c];
        }
    }
    UNROLL for (size_t r = 0; r < out_tile; r++) UNROLL for (size_t c = 0; c < pair; c++)
    {
        b->out[j + r][i + c] = z[r][c];
        b->dout[j + r][i + c] = dz[r][c];
    }
}

/* log sum exp z - z_y; logits become adjoints: p - e_y, and p' = p (z' - p.z'). */
INLINE void softmax(block *b, size_t i)
{
    vec e[n_out], top = b->out[0][i], sum = {0}, slope = {0}, picked = {0};
    UNROLL for (size_t c = 1; c < n_out; c++) top = greater(b->out[c][i], top);
    UNROLL for (size_t c = 0; c < n_out; c++)
    {
        e[c] = BENCH_SLEEF(exp)(b->out[c][i] - top);
        sum += e[c];
        slope += e[c] * b->dout[c][i];
    }
    vec scale = b->mask[i] / sum, mean = slope / sum;
    UNROLL for (size_t c = 0; c < n_out; c++)
    {
        vec_mask is_y = b->y[i] == splat((double)c);
        vec p = e[c] * scale;
        picked += keep(is_y, b->out[c][i]);
        b->out[c][i] = p - keep(is_y, b->mask[i]);
        b->dout[c][i] = p * (b->dout[c][i] - mean);
    }
    vec loss = b->mask[i] * (BENCH_SLEEF(log)(sum) + top - picked);
    b->loss += loss;
    b->loss2 += loss * loss;
}

/* The adjoints of the hidden units' sums: W2' delta through tanh. */
INLINE void back_tile(block *b, const double *theta, const double *v, size_t j, size_t i)
{
    const double *w2 = theta + first_w2 + j, *v2 = v + first_w2 + j;
    vec t[tall][pair] = {{{0}}}, dt[tall][pair] = {{{0}}};
    for (size_t k = 0; k < n_out; k++) {
        UNROLL for (size_t r = 0; r < tall; r++) UNROLL for (size_t c = 0; c < pair; c++)
        {
            t[r][c] += w2[k * n_hidden + r] * b->out[k][i + c];
            dt[r][c] += w2[k * n_hidden + r] * b->dout[k][i + c];
            dt[r][c] += v2[k * n_hidden + r] * b->out[k][i + c];
        }
    }
    UNROLL for (size_t r = 0; r < tall; r++) UNROLL for (size_t c = 0; c < pair; c++)
    {
        vec a = b->a[j + r][i + c], da = b->da[j + r][i + c], slope = 1.0 - a * a;
        vec g = t[r][c] * slope, h = dt[r][c] * slope - 2.0 * (t[r][c] * a * da);
        b->back[j + r][i + c] = g;
        b->dback[j + r][i + c] = h;
        b->back2[j + r][i + c] = g * g;
        b->dback2[j + r][i + c] = h * h;
    }
}

/* Sums of W1's parameters (j, k), `high` x `wide` of them. */
INLINE void sum_first(const block *b, size_t j, size_t k, size_t columns, vec (*sum)[4])
{
    vec acc[high][wide][4] = {{{{0}}}};
    for (size_t i = 0; i < vecs; i++) {
        UNROLL for (size_t r = 0; r < high; r++) UNROLL for (size_t c = 0; c < columns; c++)
        {
            acc[r][c][0] += b->back[j + r][i] * b->x[k + c][i];
            acc[r][c][1] += b->back2[j + r][i] * b->x_square[k + c][i];
            acc[r][c][2] += b->dback[j + r][i] * b->x[k + c][i];
            acc[r][c][3] += b->dback2[j + r][i] * b->x_square[k + c][i];
        }
    }
    UNROLL for (size_t r = 0; r < high; r++) UNROLL for (size_t c = 0; c < columns; c++)
        UNROLL for (size_t s = 0; s < 4; s++) sum[(j + r) * n_in + k + c][s] += acc[r][c][s];
}

/* The same for W2, where both factors depend on theta. */
INLINE void sum_second(const block *b, size_t j, size_t k, size_t columns, vec (*sum)[4])
{
    vec acc[high][wide][4] = {{{{0}}}};
    for (size_t i = 0; i < vecs; i++) {
        UNROLL for (size_t r = 0; r < high; r++) UNROLL for (size_t c = 0; c < columns; c++)
        {
            vec g = b->out[j + r][i] * b->a[k + c][i];
            vec h = b->dout[j + r][i] * b->a[k + c][i] + b->out[j + r][i] * b->da[k + c][i];
            acc[r][c][0] += g;
            acc[r][c][1] += g * g;
            acc[r][c][2] += h;
            acc[r][c][3] += h * h;
        }
    }
    UNROLL for (size_t r = 0; r < high; r++) UNROLL for (size_t c = 0; c < columns; c++)
        UNROLL for (size_t s = 0; s < 4; s++) sum[first_w2 + (j + r) * n_hidden + k + c][s] +=
        acc[r][c][s];
}

/* The biases' sums. */
INLINE void sum_bias(const row *g, const row *h, size_t n, vec (*sum)[4])
{
    for (size_t j = 0; j < n; j++) {
        vec acc[4] = {{0}};
        for (size_t i = 0; i < vecs; i++) {
            acc[0] += g[j][i];
            acc[1] += g[j][i] * g[j][i];
            acc[2] += h[j][i];
            acc[3] += h[j][i] * h[j][i];
        }
        UNROLL for (size_t s = 0; s < 4; s++) sum[j][s] += acc[s];
    }
}

static void take(block *b, const double *xi, size_t n_here)
{
    static const double nothing[n_in] = {0};
    if (n_here < vecs * W)
        memset(b->x, 0, sizeof b->x);
    columns_of(xi, n_here, m, n_in, nothing, (double *)b->x, vecs * W);
    double *y = (double *)b->y, *mask = (double *)b->mask;
    for (size_t i = 0; i < vecs * W; i++) {
        mask[i] = i < n_here ? 1.0 : 0.0;
        y[i] = i < n_here ? xi[i * m + n_in] : 0.0;
    }
    for (size_t k = 0; k < n_in; k++)
        for (size_t i = 0; i < vecs; i++)
            b->x_square[k][i] = b->x[k][i] * b->x[k][i];
}

static void sweep(block *b, const double *theta, const double *v)
{
    for (size_t i = 0; i < vecs; i += pair) {
        for (size_t j = 0; j < n_hidden; j += tall)
            hidden_tile(b, theta, v, j, i);
        for (size_t j = 0; j < n_out; j += out_tile)
            out_tile_of(b, theta, v, j, i);
        for (size_t c = 0; c < pair; c++)
            softmax(b, i + c);
        for (size_t j = 0; j < n_hidden; j += tall)
            back_tile(b, theta, v, j, i);
    }
}

static void add_sums(const block *b, vec (*sum)[4])
{
    for (size_t j = 0; j < n_hidden; j += high) {
        size_t k = 0;
        for (; k + wide <= n_in; k += wide)
            sum_first(b, j, k, wide, sum);
        for (; k < n_in; k++)
            sum_first(b, j, k, 1, sum);
    }
    sum_bias(b->back, b->dback, n_hidden, sum + first_b1);
    for (size_t j = 0; j < n_out; j += high) {
        size_t k = 0;
        for (; k + wide <= n_hidden; k += wide)
            sum_second(b, j, k, wide, sum);
        for (; k < n_hidden; k++)
            sum_second(b, j, k, 1, sum);
    }
    sum_bias(b->out, b->dout, n_out, sum + first_b2);
}

bench_reference BENCH_NAME(mlp);

void BENCH_NAME(mlp)(const double *theta, const double *v, size_t n, const double *xi,
                     const void *ctx, double *loss2, double *gm, double *gv, double *hm,
                     double *hv)
{
    block b = {.loss = {0}};
    sums sum = {{{0}}};
    for (size_t first = 0; first < n; first += vecs * W) {
        take(&b, xi + first * m, n - first < vecs * W ? n - first : vecs * W);
        sweep(&b, theta, v);
        add_sums(&b, sum);
    }
    moments_of((double)n, sum_of(b.loss), sum_of(b.loss2), &loss2[0], &loss2[1]);
    for (size_t j = 0; j < d; j++) {
        double total[8];
        vec part[8];
        UNROLL for (size_t s = 0; s < 8; s++) part[s] = sum[j][s % 4];
        UNROLL for (size_t s = 0; s < 8; s += W) store(total + s, sums_of(part + s));
        moments_of((double)n, total[0], total[1], &gm[j], &gv[j]);
        moments_of((double)n, total[2], total[3], &hm[j], &hv[j]);
    }
}
