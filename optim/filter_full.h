/* optim/filter_full.h - the matrix case of optim/filter.h. */
#ifndef OPT_FILTER_FULL_H
#define OPT_FILTER_FULL_H

#include "optim/filter.h"

size_t opt_full_work_size(size_t d);
void opt_full_observe(opt_filter *filter, const double *g, const double *sigma);

#endif
