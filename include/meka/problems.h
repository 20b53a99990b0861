/* meka/problems.h - the zoo: objectives with what is known about them.
 *
 * Every problem is an ordinary objective on the public interface plus a row.
 */
#ifndef MEKA_PROBLEMS_H
#define MEKA_PROBLEMS_H

#include <meka/ad.h>
#include <meka/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One instance of a problem.  Owned by the caller through prob_destroy. */
typedef struct prob_instance {
    ad_objective objective; /* x0 is the standard start, [d] */
    meka_source source;
    double minimum;          /* min of the mean loss over source.population; NaN: unknown */
    const double *minimizer; /* [d], or NULL: unknown */
    /* Where several points have this minimum: [n_minimizers][d], `minimizer` first; 0: only
     * that one is known, if any. */
    size_t n_minimizers;
    /* Of a noisy quadratic, else NULL: */
    const double *hessian;     /* H [d][d], symmetric, the mean over samples */
    const double *eigenvalue;  /* of H, [d], ascending */
    const double *eigenvector; /* [d][d], row j belongs to eigenvalue j */
    const double *noise_cov;   /* Cov xi [d][d] */
    /* Of a problem with held-out samples, else n_rows = 0 and record = NULL: */
    meka_samples test;
    ad_objective score; /* 1 where a prediction is right, else 0; same theta and features */
    void *storage;      /* the instance's own memory, and what frees more than one block: */
    void (*destroy)(void *storage); /* NULL: free */
} prob_instance;

/* What an instance is made from. */
typedef struct prob_request {
    const char *settings; /* "key=value ..."; NULL: defaults */
    const char *data;     /* file or directory, as the row's `data` says; NULL: none */
    uint64_t seed;        /* of all that is random in the problem itself */
} prob_request;

typedef struct prob_problem {
    const char *name, *summary, *reference;
    const char *minimum; /* "0 at (1, 1)": what is known, in words */
    const char *data;    /* what prob_request.data names, in words; NULL: it takes none */
    bool needs_data;     /* cannot be made without */
    meka_option_table options;
    /* Deterministic in (params, request->data, request->seed). */
    meka_status (*make)(prob_instance *out, const void *params, const prob_request *request,
                        meka_error *err);
} prob_problem;

/* The registry: rows in the order `meka list problems` shows them; NULL past the end. */
const prob_problem *prob_problem_at(size_t i);
/* By name; MEKA_ERR_INPUT: there is none; the text has similar names. */
meka_status prob_problem_find(const prob_problem **out, const char *name, meka_error *err);

/* MEKA_ERR_INPUT: what prob_create refuses whatever is in the data: settings that are not the
 * row's, data where it takes none, none where it needs them. */
meka_status prob_check(const prob_problem *problem, const prob_request *request,
                       meka_error *err);

/* Makes an instance; request NULL: zeroed.  MEKA_ERR_INPUT: settings that are not the row's,
 * data where it takes none, none where it needs them, or data that are not what they should be.
 */
meka_status prob_create(prob_instance *out, const prob_problem *problem,
                        const prob_request *request, meka_error *err);
void prob_destroy(prob_instance *instance); /* clears it; NULL and zeroed are fine */

#ifdef __cplusplus
}
#endif
#endif
