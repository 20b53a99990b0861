/* The varying machine for the processor the library is compiled for. */
#define KERNEL_SET ad_kernels_baseline
#define KERNEL_ISA AD_ISA_BASELINE
#include "ad/kernels_template.h"
