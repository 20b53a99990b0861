/* tests/conformance.h - methods against trajectories computed independently.
 *
 * A reference is a slow, direct transcription of a paper's formulas into plain C: it knows
 * neither the engine nor anything of optim/.  contract_conformance runs every row on both
 * problems, and those of the table conformance_nonconvex on one with negative curvature, and
 * compares all iterates; a method without a row fails there.
 *
 * Shapes: d parameters, m features, n samples per batch. */
#ifndef TESTS_CONFORMANCE_H
#define TESTS_CONFORMANCE_H

#include <meka/optim.h>

enum { CONFORMANCE_MAX_D = 8, CONFORMANCE_MAX_N = 64, CONFORMANCE_STEPS = 60 };

/* An objective twice: on the public interface, and in plain C. */
typedef struct conformance_problem {
    const char *name;
    ad_objective objective;
    meka_source source;
    size_t d, m, n; /* n: the batch size to use */
    /* One sample's loss; gradient g [d]; hv [d] = Hessian times v [d] where v is not NULL. */
    double (*sample)(const double *theta, const double *xi, const double *v, double *g,
                     double *hv);
    /* One sample's third derivative along v [d]: d^3/da^3 f(theta + a v) at a = 0. */
    double (*third)(const double *theta, const double *xi, const double *v);
} conformance_problem;

/* Both problems; NULL past the end. */
const conformance_problem *conformance_problem_at(size_t i);
/* One whose curvature along the way turns negative; its population is not known. */
const conformance_problem *conformance_nonconvex_problem(void);

/* One batch: the samples of step t, or the population. */
typedef struct conformance_batch {
    const conformance_problem *problem;
    size_t n;
    double xi[CONFORMANCE_MAX_N][CONFORMANCE_MAX_D];
} conformance_batch;
void conformance_draw(conformance_batch *batch, const conformance_problem *problem,
                      uint64_t seed, uint64_t t);
void conformance_population(conformance_batch *batch, const conformance_problem *problem);

/* The mean loss over the batch; the mean gradient to g [d] and, where v [d] is not NULL, the
 * mean of H_i v to hv [d]. */
double conformance_mean(const conformance_batch *batch, const double *theta, const double *v,
                        double *g, double *hv);
/* The same of sample i alone. */
double conformance_sample(const conformance_batch *batch, size_t i, const double *theta,
                          const double *v, double *g, double *hv);
double conformance_third(const conformance_batch *batch, size_t i, const double *theta,
                         const double *v);

/* What a reference is asked for: theta_1 .. theta_STEPS from theta_0 = the objective's x0. */
typedef struct conformance_task {
    const conformance_problem *problem;
    uint64_t seed;
    double (*theta)[CONFORMANCE_MAX_D]; /* [CONFORMANCE_STEPS + 1][d], row 0 is set */
    const char *settings;               /* the row's */
    opt_row *rows; /* [CONFORMANCE_STEPS] all NaN: what it fills of the log is compared too */
} conformance_task;

typedef struct conformance_row {
    const char *method, *settings; /* settings are what `reference` computes with */
    void (*reference)(const conformance_task *task);
} conformance_row;

/* A table per file of references, ended by a row without a method; conformance.c lists them. */
extern const conformance_row conformance_descent[];
extern const conformance_row conformance_polyak[];
extern const conformance_row conformance_momentum[];
extern const conformance_row conformance_variance[];
extern const conformance_row conformance_kalman[];
extern const conformance_row conformance_curvature[];
extern const conformance_row conformance_newton[];
extern const conformance_row conformance_search[];
extern const conformance_row conformance_prob_line_search[];
extern const conformance_row conformance_free[];
extern const conformance_row conformance_meka[];
extern const conformance_row conformance_nonconvex[];   /* not one of conformance_tables */
const conformance_row *const *conformance_tables(void); /* NULL-terminated */

#endif
