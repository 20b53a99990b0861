/* optim/run.h - what the run log needs to know of a run. */
#ifndef OPT_RUN_H
#define OPT_RUN_H

#include <meka/optim.h>

/* The configuration in use, with defaults filled in; borrowed. */
const opt_config *opt_run_config(const opt_run *run);
size_t opt_run_n_params(const opt_run *run);

#endif
