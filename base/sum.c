#include "base/sum.h"

double meka_dot(size_t n, const double *a, const double *b)
{
    double sum[MEKA_CHAINS] = {0};
    size_t j = 0;
    for (; j + MEKA_CHAINS <= n; j += MEKA_CHAINS)
        for (size_t k = 0; k < MEKA_CHAINS; k++)
            sum[k] += a[j + k] * b[j + k];
    for (size_t k = 0; j + k < n; k++)
        sum[k] += a[j + k] * b[j + k];
    return meka_join(sum);
}
