#include "ad/kernels.h"

#include <stddef.h>

const char *ad_isa_name(ad_isa isa)
{
    static const char *const name[] = {"best", "baseline", "avx2", "avx512"};
    return isa < sizeof name / sizeof name[0] ? name[isa] : NULL;
}

#if defined(AD_KERNELS_X86)
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

const kernel_set *ad_kernels(ad_isa isa)
{
    switch (isa) {
    case AD_ISA_BASELINE:
        return &ad_kernels_baseline;
#if defined(AD_KERNELS_X86)
    case AD_ISA_AVX2:
        return has_avx2() ? &ad_kernels_avx2 : NULL;
    case AD_ISA_AVX512:
        return has_avx512() ? &ad_kernels_avx512 : NULL;
    case AD_ISA_BEST:
        return has_avx512() ? &ad_kernels_avx512
               : has_avx2() ? &ad_kernels_avx2
                            : &ad_kernels_baseline;
#else
    case AD_ISA_BEST:
        return &ad_kernels_baseline;
    case AD_ISA_AVX2:
    case AD_ISA_AVX512:
        break;
#endif
    }
    return NULL;
}

bool ad_isa_is_available(ad_isa isa)
{
    return ad_kernels(isa) != NULL;
}
