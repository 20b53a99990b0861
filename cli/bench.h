/* cli/bench.h - what 'meka bench' prints. */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "bench/training.h"
#include "cli/output.h"

/* Evaluations: what, on which machine; nothing but that if n = 0. */
void cli_bench_print(const bench_config *config, const bench_outcome *outcome, size_t n);
/* Returns the object that all is in. */
cJSON *cli_bench_add(cli_json *json, const bench_config *config, const bench_outcome *outcome,
                     size_t n);

/* Training runs. */
void cli_bench_print_trainings(const training_outcome *outcome, size_t n);
void cli_bench_add_trainings(cli_json *json, cJSON *root, const training_outcome *outcome,
                             size_t n);

/* Four significant digits, "-" for NaN; returns `buffer` [32]. */
const char *cli_bench_show(char *buffer, double value);

#endif
