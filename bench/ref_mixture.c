/* The reference for U2: a Gaussian mixture with diagonal covariances.  With s = exp(-log
 * scale), e = (x - mean) s, z_c = logit_c - sum_k (e_k^2/2 + log scale_k), p = softmax(z) of a
 * sample, q = softmax(logits),
 *
 *   f = log sum exp logits - log sum exp z
 *   df/dmean = -p e s,   df/dlog scale = -p (e^2 - 1),   df/dlogit = q - p
 *
 * and their derivatives along v.  Lanes of samples; e, p and their dual parts of a block stay
 * in the first-level cache, and the sums of one parameter pair in registers. */
#include "bench/reference.h"
#include "bench/simd.h"

#include <math.h>

enum {
    n_dim = 3,
    n_parts = 5,
    n_each = n_parts * n_dim,
    first_scale = n_each,
    first_logit = 2 * n_each,
    d = 2 * n_each + n_parts,
    vecs = 8, /* vectors of samples per block */
};

/* What all samples share. */
typedef struct shared {
    double s[n_each];               /* exp(-log scale) */
    double offset[n_parts];         /* logit_c - sum_k log scale_k */
    double doffset[n_parts];        /* along v, as every d... */
    double q[n_parts], dq[n_parts]; /* softmax of the logits */
    double log_sum;                 /* log sum exp of the logits */
} shared;

typedef struct block {
    vec x[n_dim][vecs], mask[vecs];
    vec e[n_each][vecs], de[n_each][vecs];
    vec p[n_parts][vecs], dp[n_parts][vecs]; /* 0 in lanes past the last sample */
    vec loss, loss2;                         /* sums of losses and their squares */
} block;

static void share(shared *out, const double *theta, const double *v)
{
    const double *logit = theta + first_logit, *dlogit = v + first_logit;
    double top = logit[0], sum = 0.0, slope = 0.0;
    for (int c = 1; c < n_parts; c++)
        top = logit[c] > top ? logit[c] : top;
    for (int c = 0; c < n_parts; c++) {
        out->q[c] = exp(logit[c] - top);
        sum += out->q[c];
        slope += out->q[c] * dlogit[c];
        out->offset[c] = logit[c];
        out->doffset[c] = dlogit[c];
        for (int i = c * n_dim; i < (c + 1) * n_dim; i++) {
            out->s[i] = exp(-theta[first_scale + i]);
            out->offset[c] -= theta[first_scale + i];
            out->doffset[c] -= v[first_scale + i];
        }
    }
    for (int c = 0; c < n_parts; c++) {
        out->q[c] /= sum;
        out->dq[c] = out->q[c] * (dlogit[c] - slope / sum);
    }
    out->log_sum = log(sum) + top;
}

/* One vector of samples: e, p and what is theirs along v. */
INLINE void forward(block *b, const shared *all, const double *theta, const double *v, size_t i)
{
    vec z[n_parts], dz[n_parts], sum = {0}, slope = {0};
    UNROLL for (size_t c = 0; c < n_parts; c++)
    {
        vec squares = {0}, cross = {0};
        UNROLL for (size_t k = 0; k < n_dim; k++)
        {
            size_t j = c * n_dim + k;
            vec e = (b->x[k][i] - theta[j]) * all->s[j];
            vec de = -(v[j] * all->s[j]) - e * v[first_scale + j];
            squares += e * e;
            cross += e * de;
            b->e[j][i] = e;
            b->de[j][i] = de;
        }
        z[c] = all->offset[c] - 0.5 * squares;
        dz[c] = all->doffset[c] - cross;
    }
    vec top = z[0];
    UNROLL for (size_t c = 1; c < n_parts; c++) top = greater(z[c], top);
    UNROLL for (size_t c = 0; c < n_parts; c++)
    {
        z[c] = BENCH_SLEEF(exp)(z[c] - top);
        sum += z[c];
        slope += z[c] * dz[c];
    }
    vec scale = b->mask[i] / sum, mean = slope / sum;
    UNROLL for (size_t c = 0; c < n_parts; c++)
    {
        b->p[c][i] = z[c] * scale;
        b->dp[c][i] = b->p[c][i] * (dz[c] - mean);
    }
    vec loss = b->mask[i] * (all->log_sum - top - BENCH_SLEEF(log)(sum));
    b->loss += loss;
    b->loss2 += loss * loss;
}

INLINE void add_to(vec *sum, vec g, vec h)
{
    sum[0] += g;
    sum[1] += g * g;
    sum[2] += h;
    sum[3] += h * h;
}

/* Adds the block to the sums of g, g^2, h, h^2 of every parameter. */
INLINE void add_block(const block *b, const shared *all, const double *v, vec (*sum)[4])
{
    for (size_t j = 0; j < n_each; j++) {
        const vec *p = b->p[j / n_dim], *dp = b->dp[j / n_dim];
        double s = all->s[j], ds = v[first_scale + j];
        vec mean[4] = {{0}}, scale[4] = {{0}};
        for (size_t i = 0; i < vecs; i++) {
            vec e = b->e[j][i], de = b->de[j][i], excess = 1.0 - e * e;
            vec pe = p[i] * e, along = dp[i] * e + p[i] * de;
            add_to(mean, -s * pe, -s * (along - ds * pe));
            add_to(scale, p[i] * excess, dp[i] * excess - 2.0 * (pe * de));
        }
        UNROLL for (int k = 0; k < 4; k++)
        {
            sum[j][k] += mean[k];
            sum[first_scale + j][k] += scale[k];
        }
    }
    for (size_t c = 0; c < n_parts; c++) {
        vec logit[4] = {{0}};
        for (size_t i = 0; i < vecs; i++)
            add_to(logit, all->q[c] * b->mask[i] - b->p[c][i],
                   all->dq[c] * b->mask[i] - b->dp[c][i]);
        UNROLL for (int k = 0; k < 4; k++) sum[first_logit + c][k] += logit[k];
    }
}

bench_reference BENCH_NAME(mixture);

void BENCH_NAME(mixture)(const double *theta, const double *v, size_t n, const double *xi,
                         const void *ctx, double *loss2, double *gm, double *gv, double *hm,
                         double *hv)
{
    block b = {.loss = {0}};
    vec sum[d][4] = {{{0}}};
    shared all;
    share(&all, theta, v);
    for (size_t first = 0; first < n; first += vecs * W) {
        size_t n_here = n - first < vecs * W ? n - first : vecs * W;
        const double *rows = xi + first * n_dim;
        double *mask = (double *)b.mask;
        columns_of(rows, n_here, n_dim, n_dim, rows, (double *)b.x, vecs * W);
        for (size_t i = 0; i < vecs * W; i++)
            mask[i] = i < n_here ? 1.0 : 0.0;
        for (size_t i = 0; i < vecs; i++)
            forward(&b, &all, theta, v, i);
        add_block(&b, &all, v, sum);
    }
    moments_of((double)n, sum_of(b.loss), sum_of(b.loss2), &loss2[0], &loss2[1]);
    for (size_t j = 0; j < d; j++) {
        moments_of((double)n, sum_of(sum[j][0]), sum_of(sum[j][1]), &gm[j], &gv[j]);
        moments_of((double)n, sum_of(sum[j][2]), sum_of(sum[j][3]), &hm[j], &hv[j]);
    }
}
