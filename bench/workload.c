/* The table of workloads, and one made ready to run. */
#include "bench/workload.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

static const bench_workload *const workloads[] = {
    &bench_w1, &bench_w2, &bench_w3, &bench_w4, &bench_u1, &bench_u2, &bench_u3,
};
enum { n_workloads = sizeof workloads / sizeof workloads[0] };

const bench_workload *bench_workload_at(size_t i)
{
    return i < n_workloads ? workloads[i] : NULL;
}

meka_status bench_case_init(bench_case *out, const bench_workload *workload, size_t n,
                            ad_isa isa, meka_error *err)
{
    size_t d = workload->n_params;
    ad_batch_options options = {.isa = isa};
    bench_case c = {.workload = workload, .n = n ? n : workload->n_samples};
    meka_status status = MEKA_ERR_MEMORY;
    c.theta = meka_alloc(d, sizeof(double), err);
    c.v = meka_alloc(d, sizeof(double), err);
    c.xi = meka_alloc(c.n * workload->n_features, sizeof(double), err);
    c.constants = meka_alloc(workload->n_constants, sizeof(double), err);
    if (!c.theta || !c.v || !c.xi || !c.constants)
        goto failed;
    workload->make(c.n, c.theta, c.v, c.xi, c.constants);
    c.objective = (ad_objective){.name = workload->name,
                                 .n_params = d,
                                 .n_features = workload->n_features,
                                 .record = workload->record,
                                 .ctx = c.constants,
                                 .x0 = c.theta};
    status = ad_program_create_with(&c.program, &c.objective, NULL, err);
    if (status == MEKA_OK)
        status = ad_batch_create(&c.batch, c.program, &options, err);
    if (status == MEKA_OK) {
        *out = c;
        return MEKA_OK;
    }
failed:
    bench_case_clear(&c);
    return status;
}

void bench_case_clear(bench_case *c)
{
    ad_batch_destroy(c->batch);
    ad_program_destroy(c->program);
    free(c->theta);
    free(c->v);
    free(c->xi);
    free(c->constants);
    *c = (bench_case){0};
}

meka_status bench_result_init(bench_result *out, size_t n_params, meka_error *err)
{
    double *block = meka_alloc(4 * n_params, sizeof *block, err);
    if (!block)
        return MEKA_ERR_MEMORY;
    *out = (bench_result){.gm = block,
                          .gv = block + n_params,
                          .hm = block + 2 * n_params,
                          .hv = block + 3 * n_params};
    return MEKA_OK;
}

void bench_result_clear(bench_result *result)
{
    free(result->gm);
    *result = (bench_result){0};
}

meka_status bench_run_engine(const bench_case *c, bench_result *out, meka_error *err)
{
    ad_moments moments = {
        .grad_mean = out->gm, .grad_var = out->gv, .hvp_mean = out->hm, .hvp_var = out->hv};
    meka_status status = ad_eval_moments(c->batch, c->theta, c->v, c->n, c->xi, &moments, err);
    out->loss2[0] = moments.loss_mean;
    out->loss2[1] = moments.loss_var;
    return status;
}

void bench_run_reference(const bench_case *c, bench_reference *reference, bench_result *out)
{
    reference(c->theta, c->v, c->n, c->xi, c->constants, out->loss2, out->gm, out->gv, out->hm,
              out->hv);
}

/* Of one entry's mean and variance; expected e, v with mean square e^2 + (n-1)/n v. */
static double entry_distance(double mean, double var, double e, double v, double n)
{
    double square = e * e + v * (n - 1.0) / n, scale = sqrt(square);
    double a = fabs(mean - e), b = fabs(var - v);
    if (a == 0.0 && b == 0.0)
        return 0.0;
    double x = a > 0.0 ? a / scale : a, y = b > 0.0 ? b / square : b; /* never 0 / 0 */
    return isnan(x) || isnan(y) ? INFINITY : fmax(x, y);
}

double bench_distance(const bench_result *actual, const bench_result *expected, size_t n,
                      size_t n_params)
{
    const bench_result *a = actual, *e = expected;
    double count = (double)n;
    double worst = entry_distance(a->loss2[0], a->loss2[1], e->loss2[0], e->loss2[1], count);
    for (size_t j = 0; j < n_params; j++) {
        double g = entry_distance(a->gm[j], a->gv[j], e->gm[j], e->gv[j], count);
        double h = entry_distance(a->hm[j], a->hv[j], e->hm[j], e->hv[j], count);
        worst = fmax(worst, fmax(g, h));
    }
    return worst;
}
