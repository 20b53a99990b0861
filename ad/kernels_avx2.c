/* The varying machine for avx2; compiled with that instruction set's flags. */
#define KERNEL_SET ad_kernels_avx2
#define KERNEL_ISA AD_ISA_AVX2
#include "ad/kernels_template.h"
