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

/* A point where the mean loss is stationary, other than a minimizer. */
typedef struct prob_stationary {
    double value;    /* of the mean loss */
    const double *x; /* [d] */
    bool minimum;    /* a local one; else there are lower values as near as one likes */
} prob_stationary;

/* One instance of a problem.  Owned by the caller through prob_destroy. */
typedef struct prob_instance {
    ad_objective objective; /* x0 is the standard start, [d] */
    meka_source source;
    double minimum;          /* min of the mean loss over source.population; NaN: unknown */
    const double *minimizer; /* [d], or NULL: unknown */
    /* Where several points have this minimum: [n_minimizers][d], `minimizer` first; 0: only
     * that one is known, if any. */
    size_t n_minimizers;
    /* Where methods may end up or be held up instead, as far as it is known; else 0, NULL. */
    size_t n_stationary;
    const prob_stationary *stationary; /* [n_stationary] */
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

typedef enum prob_known_kind {
    PROB_MINIMUM,       /* nothing is lower, or nothing in the box that the row names */
    PROB_LOCAL_MINIMUM, /* there are lower values, but not near by */
    PROB_SADDLE,        /* stationary, but no minimum */
} prob_known_kind;

/* A stationary point of a problem's mean loss. */
typedef struct prob_known {
    prob_known_kind kind;
    size_t dim, terms; /* where it is one: values of these options; 0: for all */
    double value;      /* of the mean loss, divided by d if value_per_dim */
    bool value_per_dim;
    const double *x; /* [n], repeated up to d entries; NULL: the point is not known */
    size_t n;
} prob_known;

typedef struct prob_known_table {
    const prob_known *row; /* [n] */
    size_t n;
} prob_known_table;

typedef struct prob_problem {
    const char *name, *summary, *reference;
    const char *minimum;           /* "0 at (1, 1)": what is known, in words */
    const prob_known_table *known; /* and in numbers; NULL: in the instance only */
    const char *data; /* what prob_request.data names, in words; NULL: it takes none */
    bool needs_data;  /* cannot be made without */
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
