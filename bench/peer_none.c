/* No peer was found when this was built. */
#include "bench/peer.h"

bool bench_peer_is_present(void)
{
    return false;
}

bool bench_peer_begin(int which, const double *theta, const double *xi, const void *ctx)
{
    return false;
}

void bench_peer_run(const double *theta, const double *v, size_t n, const double *xi,
                    const void *ctx, double *loss2, double *gm, double *gv, double *hm,
                    double *hv)
{
}

void bench_peer_end(void)
{
}
