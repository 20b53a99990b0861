#include "plots/case.h"

#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* start = V (x0 - theta*), noise_var = diag(V C V'), rows of V the eigenvectors. */
static void to_eigenbasis(plot_case *one)
{
    const prob_instance *p = &one->problem;
    size_t d = one->d;
    for (size_t k = 0; k < d; k++) {
        const double *v = p->eigenvector + k * d;
        one->start[k] = one->noise_var[k] = 0.0;
        for (size_t i = 0; i < d; i++) {
            double row = 0.0;
            for (size_t j = 0; j < d; j++)
                row += p->noise_cov[i * d + j] * v[j];
            one->noise_var[k] += v[i] * row;
            one->start[k] += v[i] * (p->objective.x0[i] - p->minimizer[i]);
        }
    }
}

meka_status plot_case_create(plot_case *out, const plot_case_config *config, meka_error *err)
{
    plot_case one = {.d = config->dim, .n = (double)config->batch};
    const prob_problem *problem;
    char settings[160];
    snprintf(settings, sizeof settings, "dim=%zu condition=%.17g noise-condition=%.17g start=1",
             config->dim, config->condition, config->noise_condition);
    meka_status status =
        prob_problem_find(&problem, config->problem ? config->problem : "noisy-quadratic", err);
    if (!status)
        status = prob_create(&one.problem, problem,
                             &(prob_request){.settings = settings, .seed = config->seed}, err);
    if (!status)
        status = ad_program_create(&one.program, &one.problem.objective, err);
    if (!status) {
        one.start = meka_alloc(2 * one.d, sizeof *one.start, err);
        status = one.start ? MEKA_OK : MEKA_ERR_MEMORY;
    }
    if (status) {
        plot_case_clear(&one);
        return status;
    }
    one.noise_var = one.start + one.d;
    to_eigenbasis(&one);
    const double *lambda = one.problem.eigenvalue;
    one.mu = lambda[0];
    one.a = config->step / lambda[one.d - 1];
    one.limit = plot_meka_limit(one.d, lambda, one.noise_var, one.n);
    one.bound = plot_meka_bound(one.d, one.start, lambda, one.noise_var, one.a, one.n);
    one.plateau = plot_sgd_plateau(one.d, lambda, one.noise_var, one.a, one.n);
    *out = one;
    return MEKA_OK;
}

void plot_case_clear(plot_case *one)
{
    ad_program_destroy(one->program);
    prob_destroy(&one->problem);
    free(one->start);
    memset(one, 0, sizeof *one);
}

void plot_case_meka(const plot_case *one, size_t T, double *curve)
{
    plot_exact_meka(one->d, one->problem.eigenvalue, one->start, one->noise_var, one->a, one->n,
                    T, curve);
}

void plot_case_sgd(const plot_case *one, size_t T, double *curve)
{
    plot_exact_sgd(one->d, one->problem.eigenvalue, one->start, one->noise_var, one->a, one->n,
                   T, curve);
}

size_t plot_tail_start(const double *curve, size_t T, double asymptote, bool plateau,
                       double tolerance)
{
    size_t t = T;
    while (t > 0) {
        double value = plateau ? curve[t - 1] : (double)(t - 1) * curve[t - 1];
        if (!(fabs(value / asymptote - 1.0) <= tolerance))
            break;
        t--;
    }
    return t;
}
