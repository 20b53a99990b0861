/* ad/kernels_transpose.h - W vectors as a matrix.  Part of ad/kernels_template.h. */
#ifndef AD_KERNELS_TRANSPOSE_H
#define AD_KERNELS_TRANSPOSE_H

#include "ad/kernels_sums.h"

/* a[i] is W features of sample i; afterwards W samples of feature i. */
INLINE void transpose(vd *a)
{
#if VECTOR_WIDTH == 8
    vd t[8], q[8];
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm512_unpacklo_pd(a[i], a[i + 1]);
        t[i + 1] = _mm512_unpackhi_pd(a[i], a[i + 1]);
    }
    for (int i = 0; i < 2; i++) { /* features of equal parity: 4 x 4 pairs of samples */
        q[0] = _mm512_shuffle_f64x2(t[i], t[i + 2], 0x88);
        q[1] = _mm512_shuffle_f64x2(t[i], t[i + 2], 0xdd);
        q[2] = _mm512_shuffle_f64x2(t[i + 4], t[i + 6], 0x88);
        q[3] = _mm512_shuffle_f64x2(t[i + 4], t[i + 6], 0xdd);
        a[i] = _mm512_shuffle_f64x2(q[0], q[2], 0x88);
        a[i + 2] = _mm512_shuffle_f64x2(q[1], q[3], 0x88);
        a[i + 4] = _mm512_shuffle_f64x2(q[0], q[2], 0xdd);
        a[i + 6] = _mm512_shuffle_f64x2(q[1], q[3], 0xdd);
    }
#elif VECTOR_WIDTH == 4
    vd t[4];
    for (int i = 0; i < 4; i += 2) {
        t[i] = _mm256_unpacklo_pd(a[i], a[i + 1]);
        t[i + 1] = _mm256_unpackhi_pd(a[i], a[i + 1]);
    }
    for (int i = 0; i < 2; i++) {
        a[i] = _mm256_permute2f128_pd(t[i], t[i + 2], 0x20);
        a[i + 2] = _mm256_permute2f128_pd(t[i], t[i + 2], 0x31);
    }
#else
    vd t = {a[0][0], a[1][0]};
    a[1] = (vd){a[0][1], a[1][1]};
    a[0] = t;
#endif
}

#endif
