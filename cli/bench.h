/* cli/bench.h - what 'meka bench' prints. */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "bench/measure.h"
#include "cli/output.h"

void cli_bench_print(const bench_config *config, const bench_outcome *outcome, size_t n);
void cli_bench_add(cli_json *json, const bench_config *config, const bench_outcome *outcome,
                   size_t n);

#endif
