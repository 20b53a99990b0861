/* References for W2, the chained Rosenbrock function: with r_k = t_{k+1} - t_k^2,
 *
 *   f   = sum_k 100 r_k^2 + (a - t_k)^2                          k = 0 .. d-2
 *   g_k = 200 r_{k-1} - 400 t_k r_k - 2 (a - t_k)
 *   h_k = 200 r'_{k-1} - 400 (t_k r'_k + v_k r_k) + 2 v_k,       r'_k = v_{k+1} - 2 t_k v_k
 *
 * (r_{-1} = 0; at k = d-1 only the first term).  Only a differs between the samples.
 *
 * `rosenbrock` computes all of it for every sample: lanes of samples, a few k at a time so that
 * their sums stay in registers; what a sample carries from one k to the next is stored.
 * `rosenbrock_hoisted` knows what all samples share, as its author would. */
#include "bench/reference.h"
#include "bench/simd.h"

enum {
    d = 1000,
    tile = W == 2 ? 2 : 4, /* k whose sums are in registers */
    block = 64,            /* vectors of samples whose state is in the first-level cache */
};

/* What a vector of samples carries along k. */
typedef struct chain {
    vec loss, r, dr; /* the sum so far; 200 r_{k-1}, 200 r'_{k-1} */
    vec a, mask;     /* mask: 0 in lanes past the last sample */
} chain;

/* sum[0..3]: of g, g^2, h, h^2. */
INLINE void add_to(vec *sum, vec g, vec h)
{
    sum[0] += g;
    sum[1] += g * g;
    sum[2] += h;
    sum[3] += h * h;
}

/* `count` consecutive k from t, v on, for every sample of the block; totals [count][4]. */
INLINE void advance(size_t count, bool masked, const double *t, const double *v, size_t n_vecs,
                    chain *chains, double *totals)
{
    vec sum[4 * tile] = {{0}};
    for (size_t i = 0; i < n_vecs; i++) {
        /* Nobody is to find out that t and v are the same for all i: that is hoisting. */
        __asm__ volatile("" ::: "memory");
        chain *c = &chains[i];
        vec loss = c->loss, last = c->r, dlast = c->dr, a = c->a, mask = c->mask;
        vec t1 = lanes_of(t[0]), v1 = lanes_of(v[0]);
        UNROLL for (size_t k = 0; k < count; k++)
        {
            vec t0 = t1, v0 = v1, t2 = t0 + t0, e = a - t0;
            t1 = lanes_of(t[k + 1]);
            v1 = lanes_of(v[k + 1]);
            vec r = t1 - t0 * t0, p = 200.0 * r, dp = 200.0 * (v1 - t2 * v0);
            vec g = last - t2 * p - 2.0 * e, v2 = v0 + v0, h = dlast - t2 * dp + (v2 - v2 * p);
            loss += 0.5 * (p * r) + e * e;
            add_to(sum + 4 * k, masked ? g * mask : g, masked ? h * mask : h);
            last = p;
            dlast = dp;
        }
        c->loss = loss;
        c->r = last;
        c->dr = dlast;
    }
    UNROLL for (size_t k = 0; k < 4 * count; k += W)
    {
        if (W == 8 && count == 1)
            for (size_t s = 0; s < 4; s++)
                totals[s] += sum_of(sum[s]);
        else
            store(totals + k, load(totals + k) + sums_of(sum + k));
    }
}

INLINE void advance_all(bool masked, const double *theta, const double *v, size_t n_vecs,
                        chain *chains, double *totals)
{
    size_t k = 0;
    for (; k + tile < d; k += tile)
        advance(tile, masked, theta + k, v + k, n_vecs, chains, totals + 4 * k);
    for (; k + 1 < d; k++)
        advance(1, masked, theta + k, v + k, n_vecs, chains, totals + 4 * k);
    vec sum[4] = {{0}};
    for (size_t i = 0; i < n_vecs; i++)
        add_to(sum, chains[i].mask * chains[i].r, chains[i].mask * chains[i].dr);
    for (size_t s = 0; s < 4; s++)
        totals[4 * k + s] += sum_of(sum[s]);
}

bench_reference BENCH_NAME(rosenbrock), BENCH_NAME(rosenbrock_hoisted);

void BENCH_NAME(rosenbrock)(const double *theta, const double *v, size_t n, const double *xi,
                            const void *ctx, double *loss2, double *gm, double *gv, double *hm,
                            double *hv)
{
    _Alignas(64) double totals[4 * d] = {0};
    double loss_sum = 0.0, loss_squares = 0.0;
    for (size_t first = 0; first < n; first += block * W) {
        chain chains[block];
        size_t n_here = n - first < block * W ? n - first : block * W;
        size_t n_vecs = (n_here + W - 1) / W;
        memset(chains, 0, n_vecs * sizeof chains[0]);
        for (size_t i = 0; i < n_here; i++) {
            chains[i / W].a[i % W] = xi[first + i];
            chains[i / W].mask[i % W] = 1.0;
        }
        size_t n_whole = n_here / W;
        advance_all(false, theta, v, n_whole, chains, totals);
        if (n_whole < n_vecs)
            advance_all(true, theta, v, 1, chains + n_whole, totals);
        for (size_t i = 0; i < n_here; i++) {
            double loss = chains[i / W].loss[i % W];
            loss_sum += loss;
            loss_squares += loss * loss;
        }
    }
    moments_of((double)n, loss_sum, loss_squares, &loss2[0], &loss2[1]);
    for (size_t k = 0; k < d; k++) {
        const double *s = totals + 4 * k;
        moments_of((double)n, s[0], s[1], &gm[k], &gv[k]);
        moments_of((double)n, s[2], s[3], &hm[k], &hv[k]);
    }
}

/* f is a polynomial in a; g is G - 2 a with a shared G, h is shared. */
void BENCH_NAME(rosenbrock_hoisted)(const double *theta, const double *v, size_t n,
                                    const double *xi, const void *ctx, double *loss2,
                                    double *gm, double *gv, double *hm, double *hv)
{
    double a_sum = 0.0, a_squares = 0.0, a_mean, a_var, t_sum = 0.0, shared = 0.0;
    for (size_t i = 0; i < n; i++) {
        a_sum += xi[i];
        a_squares += xi[i] * xi[i];
    }
    moments_of((double)n, a_sum, a_squares, &a_mean, &a_var);
    gm[0] = hm[0] = 0.0;
    for (size_t k = 0; k + 1 < d; k++) {
        double t = theta[k], r = theta[k + 1] - t * t, dr = v[k + 1] - 2.0 * t * v[k];
        t_sum += t;
        shared += 100.0 * r * r + t * t;
        gm[k] += 2.0 * (t - a_mean) - 400.0 * t * r;
        hm[k] += 2.0 * v[k] - 400.0 * (t * dr + v[k] * r);
        gm[k + 1] = 200.0 * r;
        hm[k + 1] = 200.0 * dr;
        gv[k] = 4.0 * a_var;
        hv[k] = 0.0;
    }
    gv[d - 1] = hv[d - 1] = 0.0;
    double loss_sum = 0.0, loss_squares = 0.0;
    for (size_t i = 0; i < n; i++) {
        double loss = shared + xi[i] * ((d - 1) * xi[i] - 2.0 * t_sum);
        loss_sum += loss;
        loss_squares += loss * loss;
    }
    moments_of((double)n, loss_sum, loss_squares, &loss2[0], &loss2[1]);
}
