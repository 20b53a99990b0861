/* The varying machine for avx512; compiled with that instruction set's flags. */
#define KERNEL_SET ad_kernels_avx512
#define KERNEL_ISA AD_ISA_AVX512
#include "ad/kernels_template.h"
