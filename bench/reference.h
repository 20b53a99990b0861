/* bench/reference.h - hand-written references, compiled once for every instruction set.
 *
 * Each computes by hand what ad_eval_moments computes for one workload. */
#ifndef BENCH_REFERENCE_H
#define BENCH_REFERENCE_H

#include <meka/ad.h>

/* Means and variances (n - 1; 0 with n = 1) over n >= 1 samples: loss2 [2] = mean and
 * variance of the losses; gm, gv [d] of the gradients; hm, hv [d] of the Hessian-vector
 * products with v [d].  theta [d]; xi [n][m], row-major; ctx: the workload's constants.
 * Variances come from sums of squares: their error is relative to the mean square. */
typedef void bench_reference(const double *theta, const double *v, size_t n, const double *xi,
                             const void *ctx, double *loss2, double *gm, double *gv, double *hm,
                             double *hv);

/* All of them. */
#define BENCH_REFERENCES(X)                                                                    \
    X(logistic)                                                                                \
    X(rosenbrock)                                                                              \
    X(rosenbrock_hoisted)                                                                      \
    X(mlp)                                                                                     \
    X(quadratic)                                                                               \
    X(student)                                                                                 \
    X(mixture)                                                                                 \
    X(lotka)

#define BENCH_REFERENCE_ID(name) BENCH_REF_##name,
typedef enum bench_reference_id {
    BENCH_REF_NONE,
    BENCH_REFERENCES(BENCH_REFERENCE_ID) BENCH_N_REFERENCES
} bench_reference_id;

/* The reference for an instruction set (AD_ISA_BEST: the best that it was compiled for and
 * this processor has); NULL if it is not available, or the id is BENCH_REF_NONE. */
bench_reference *bench_reference_of(bench_reference_id id, ad_isa isa);
/* What AD_ISA_BEST stands for here. */
ad_isa bench_isa_best(void);

#endif
