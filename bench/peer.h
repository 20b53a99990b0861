/* bench/peer.h - ADOL-C, where it is installed, on the same workloads. */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whether it was compiled in. */
bool bench_peer_is_present(void);

/* Records W1 .. W4 (`which` = 1 .. 4) on a tape; ctx as the workload's.  False: not one of
 * these, or there is no peer, or no memory.  One tape at a time; begin again to replace it. */
bool bench_peer_begin(int which, const double *theta, const double *xi, const void *ctx);

/* As a reference; the tape must be of the same workload. */
void bench_peer_run(const double *theta, const double *v, size_t n, const double *xi,
                    const void *ctx, double *loss2, double *gm, double *gv, double *hm,
                    double *hv);
void bench_peer_end(void);

#ifdef __cplusplus
}
#endif

#endif
