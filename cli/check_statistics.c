/* Moments and line derivatives against the per-sample numbers, at one point. */
#include "cli/check.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

/* Two columns of per-sample numbers, summed in extended precision. */
typedef struct pair {
    double x_mean, cov;
    double x_size, cov_size; /* what their roundings are relative to */
} pair;

static pair summarize(size_t n, const double *x, const double *y, size_t stride)
{
    long double sum_x = 0.0L, sum_y = 0.0L, cov = 0.0L, size = 0.0L, size_cov = 0.0L;
    for (size_t i = 0; i < n; i++) {
        sum_x += x[i * stride];
        sum_y += y[i * stride];
        size += fabsl((long double)x[i * stride]);
    }
    for (size_t i = 0; i < n; i++) {
        long double a = x[i * stride] - sum_x / n, b = y[i * stride] - sum_y / n;
        cov += a * b;
        /* The engine's sums are shifted by the first sample, not by the mean. */
        size_cov += fabsl((x[i * stride] - x[0]) * ((long double)y[i * stride] - y[0]));
    }
    long double below = n > 1 ? (long double)(n - 1) : 1.0L;
    return (pair){(double)(sum_x / n), (double)(cov / below), (double)(size / n),
                  (double)((size_cov + fabsl(cov)) / below)};
}

static void compare(cli_checkup *c, cli_kind kind, double got, double want, double size)
{
    cli_worst_add(&c->worst[kind], got, want, 1e-10 * (size + fabs(want)), c->point, 0);
}

typedef struct arrays {
    double *grad_mean, *grad_var, *hvp_mean, *hvp_var, *cross; /* [d], in one block */
} arrays;

static void compare_parameters(cli_checkup *c, const arrays *a, const ad_moments *m)
{
    double traces[3] = {0}, sizes[3] = {0};
    for (size_t j = 0; j < c->d; j++) {
        pair g = summarize(c->n, c->grad + j, c->grad + j, c->d);
        pair h = summarize(c->n, c->hv + j, c->hv + j, c->d);
        pair gh = summarize(c->n, c->hv + j, c->grad + j, c->d);
        const double cov[3] = {g.cov, h.cov, gh.cov};
        const double size[3] = {g.cov_size + 1e-6 * g.x_size * g.x_size,
                                h.cov_size + 1e-6 * h.x_size * h.x_size,
                                gh.cov_size + 1e-6 * g.x_size * h.x_size};
        compare(c, CLI_MOMENTS, a->grad_mean[j], g.x_mean, g.x_size);
        compare(c, CLI_MOMENTS, a->hvp_mean[j], h.x_mean, h.x_size);
        compare(c, CLI_MOMENTS, a->grad_var[j], cov[0], size[0]);
        compare(c, CLI_MOMENTS, a->hvp_var[j], cov[1], size[1]);
        compare(c, CLI_MOMENTS, a->cross[j], cov[2], size[2]);
        for (int k = 0; k < 3; k++) {
            traces[k] += cov[k];
            sizes[k] += size[k];
        }
    }
    compare(c, CLI_MOMENTS, m->grad_var_trace, traces[0], sizes[0]);
    compare(c, CLI_MOMENTS, m->hvp_var_trace, traces[1], sizes[1]);
    compare(c, CLI_MOMENTS, m->cross_cov_trace, traces[2], sizes[2]);
}

/* The mean gradient along v against the differences of all samples' losses. */
static void compare_mean(cli_checkup *c, const double *grad_mean)
{
    double got = 0.0, size = 0.0;
    for (size_t j = 0; j < c->d; j++) {
        got += grad_mean[j] * c->v[j];
        size += fabs(grad_mean[j] * c->v[j]);
    }
    if (c->smooth)
        cli_worst_add(&c->worst[CLI_MEAN], got, c->slope / (double)c->n,
                      c->slope_bound / (double)c->n + 1e-9 * size, c->point, 0);
}

static meka_status check_moments(cli_checkup *c, meka_error *err)
{
    double *block = meka_alloc(c->d, 5 * sizeof *block, err);
    if (!block)
        return MEKA_ERR_MEMORY;
    const arrays a = {block, block + c->d, block + 2 * c->d, block + 3 * c->d,
                      block + 4 * c->d};
    ad_moments m = {.grad_mean = a.grad_mean,
                    .grad_var = a.grad_var,
                    .hvp_mean = a.hvp_mean,
                    .hvp_var = a.hvp_var,
                    .cross_cov = a.cross,
                    .traces = true};
    meka_status status =
        ad_eval_moments(c->batch, c->theta, c->v, c->n, c->subject->xi, &m, err);
    if (status == MEKA_OK) {
        pair loss = summarize(c->n, c->loss, c->loss, 1);
        compare(c, CLI_MOMENTS, m.loss_mean, loss.x_mean, loss.x_size);
        compare(c, CLI_MOMENTS, m.loss_var, loss.cov,
                loss.cov_size + 1e-6 * loss.x_size * loss.x_size);
        compare_parameters(c, &a, &m);
        compare_mean(c, a.grad_mean);
    }
    free(block);
    return status;
}

/* Column k of phi [3][n]: loss, g.v, v.Hv of each sample; size [3][n] their terms' sizes. */
static void project(const cli_checkup *c, double *phi, double *size)
{
    for (size_t i = 0; i < c->n; i++) {
        phi[i] = c->loss[i];
        size[i] = fabs(c->loss[i]);
        for (int k = 1; k <= 2; k++) {
            const double *x = (k == 1 ? c->grad : c->hv) + i * c->d;
            double sum = 0.0, terms = 0.0;
            for (size_t j = 0; j < c->d; j++) {
                sum += x[j] * c->v[j];
                terms += fabs(x[j] * c->v[j]);
            }
            phi[(size_t)k * c->n + i] = sum;
            size[(size_t)k * c->n + i] = terms;
        }
    }
}

static meka_status check_line(cli_checkup *c, meka_error *err)
{
    size_t n = c->n;
    double *phi = meka_alloc(n, 6 * sizeof *phi, err), *size = phi + 3 * n;
    if (!phi)
        return MEKA_ERR_MEMORY;
    ad_line_moments line = {.order = 3};
    meka_status status = ad_eval_line(c->batch, c->theta, c->v, n, c->subject->xi, &line, err);
    if (status == MEKA_OK) {
        project(c, phi, size);
        for (size_t k = 0; k < 3; k++) {
            pair terms = summarize(n, size + k * n, size + k * n, 1);
            for (size_t l = 0; l <= k; l++) {
                pair p = summarize(n, phi + k * n, phi + l * n, 1);
                pair other = summarize(n, size + l * n, size + l * n, 1);
                compare(c, CLI_LINE, line.cov[k][l], p.cov,
                        p.cov_size + 1e-3 * terms.x_size * other.x_size);
                if (l == 0)
                    compare(c, CLI_LINE, line.mean[k], p.x_mean, terms.x_size);
            }
        }
        double scale = 1e-2 * fabs(c->third) + 1e-4 * fabs(c->slope) + 1e-8 * fabs(c->loss[0]);
        if (c->smooth && c->third_bound <= scale)
            cli_worst_add(&c->worst[CLI_THIRD], line.mean[3], c->third / (double)n,
                          c->third_bound / (double)n, c->point, 0);
        else
            c->worst[CLI_THIRD].n_undecided++;
    }
    free(phi);
    return status;
}

meka_status cli_check_statistics(cli_checkup *c, meka_error *err)
{
    meka_status status = check_moments(c, err);
    return status == MEKA_OK ? check_line(c, err) : status;
}
