/* bench/measure.h - the engine beside its references: first whether they agree, then time. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "bench/workload.h"

/* What engine and references may differ by, as bench_distance measures it; and peers, which
 * sum in another order with other elementary functions. */
#define BENCH_TOLERANCE      1e-12
#define BENCH_PEER_TOLERANCE 1e-9

typedef struct bench_config {
    size_t repetitions; /* timings per figure; medians are reported */
    double seconds;     /* that one timing takes at least */
    ad_isa isa;         /* of the engine and the references */
} bench_config;

/* 15 timings of 10 ms with the best instruction set; quick: 3 of 1 ms. */
bench_config bench_config_default(void);
bench_config bench_config_quick(void);

/* Nanoseconds of thread CPU time per sample, medians over the repetitions; NaN: none.
 * A ratio is the median of the pairwise ratios to the reference, timed in turn. */
typedef struct bench_figure {
    double distance; /* bench_distance to the reference (of engine to engine: NaN) */
    double ns;
    double ratio, ratio_min, ratio_max;
} bench_figure;

typedef struct bench_outcome {
    const bench_workload *workload;
    bench_figure engine, reference, also, peer;
    bool agrees; /* engine with reference, also with reference, peer with engine */
} bench_outcome;

/* Checks and times one workload.  Where results disagree, `agrees` is false and nothing was
 * timed.  Fails without memory, or if the engine does. */
meka_status bench_measure(bench_outcome *out, const bench_workload *workload,
                          const bench_config *config, meka_error *err);

/* The bar is met; false also where there is none. */
bool bench_is_met(const bench_outcome *outcome);

/* The processor's model, "unknown" where the system does not say. */
void bench_machine(char *text, size_t size);
/* What compiled the engine and the references, such as "gcc 12.2.0". */
const char *bench_compiler(void);
/* What the engine makes of AD_ISA_BEST. */
ad_isa bench_engine_isa_best(void);

#endif
