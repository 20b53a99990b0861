/* Which compilation of a reference suits this processor. */
#include "bench/reference.h"

#define DECLARE(name, isa)     bench_reference bench_##name##_##isa;
#define DECLARE_BASELINE(name) DECLARE(name, baseline)
#define PLACE_BASELINE(name)   [BENCH_REF_##name] = bench_##name##_baseline,
BENCH_REFERENCES(DECLARE_BASELINE)
static bench_reference *const baseline[BENCH_N_REFERENCES] = {BENCH_REFERENCES(PLACE_BASELINE)};

#ifdef BENCH_X86
#define DECLARE_AVX2(name)   DECLARE(name, avx2)
#define DECLARE_AVX512(name) DECLARE(name, avx512)
#define PLACE_AVX2(name)     [BENCH_REF_##name] = bench_##name##_avx2,
#define PLACE_AVX512(name)   [BENCH_REF_##name] = bench_##name##_avx512,
BENCH_REFERENCES(DECLARE_AVX2)
BENCH_REFERENCES(DECLARE_AVX512)
static bench_reference *const avx2[BENCH_N_REFERENCES] = {BENCH_REFERENCES(PLACE_AVX2)};
static bench_reference *const avx512[BENCH_N_REFERENCES] = {BENCH_REFERENCES(PLACE_AVX512)};

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

ad_isa bench_isa_best(void)
{
#ifdef BENCH_X86
    return has_avx512() ? AD_ISA_AVX512 : has_avx2() ? AD_ISA_AVX2 : AD_ISA_BASELINE;
#else
    return AD_ISA_BASELINE;
#endif
}

bench_reference *bench_reference_of(bench_reference_id id, ad_isa isa)
{
    if (isa == AD_ISA_BEST)
        isa = bench_isa_best();
    if (isa == AD_ISA_BASELINE)
        return baseline[id];
#ifdef BENCH_X86
    if (isa == AD_ISA_AVX2 && has_avx2())
        return avx2[id];
    if (isa == AD_ISA_AVX512 && has_avx512())
        return avx512[id];
#endif
    return NULL;
}
