/* bench/training.h - steps of whole training runs, beside PyTorch or beside another method. */
#ifndef BENCH_TRAINING_H
#define BENCH_TRAINING_H

#include "bench/measure.h"
#include "bench/torch.h"

/* Losses of the first steps may differ from PyTorch's, which sums in another order, by this,
 * relatively. */
#define TRAINING_TOLERANCE 1e-10

typedef struct training_workload {
    const char *name, *summary;
    const char *problem;                           /* of the zoo, and a torch_task's kind */
    const char *width_option;                      /* of that */
    size_t width[2], train_rows[2], batch_size[2]; /* in full size, and small */
    const char *method;
    double alpha;       /* of SGD, which takes its step size as this option; else 0 */
    const char *beside; /* a method in the ratio's denominator; NULL: PyTorch */
    double bar, aim;    /* of the ratio */
} training_workload;

/* The table; NULL past the end. */
const training_workload *training_at(size_t i);

/* Milliseconds per step, the least of all timings: CPU time with one thread, which others on
 * the machine hardly disturb, and wall-clock time with more.  A ratio is that of these two; the
 * least and the most of pairs timed in turn show how much to trust it.  NaN: none. */
typedef struct training_figure {
    double ms, other_ms;
    double ratio, ratio_min, ratio_max;
} training_figure;

enum { TRAINING_MOST_THREADS = 2 };

typedef struct training_outcome {
    const training_workload *workload;
    size_t n_params, n_features, batch_size;
    training_figure figure[TRAINING_MOST_THREADS]; /* with 1, 2 threads */
    bool has_torch;
    char torch[512];  /* torch_description */
    const char *core; /* OPENBLAS_CORETYPE that suited it best; NULL: its own choice */
    double distance;  /* largest relative difference of the losses; NaN: no PyTorch */
    bool agrees;      /* it is allowed; else nothing was timed */
} training_outcome;

/* Trains with the run loop on the problem's own sampler, as `meka run` does, and times it.
 * small: the sizes of --quick, and no search for PyTorch's best kernels.  Fails without memory,
 * if a run does, or if PyTorch ends early. */
meka_status training_measure(training_outcome *out, const training_workload *workload,
                             const bench_config *config, bool small, meka_error *err);

/* With every number of threads; false also where there is no ratio. */
bool training_is_met(const training_outcome *outcome);

#endif
