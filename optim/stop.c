/* Reasons to stop. */
#include "optim/run.h"

#include <math.h>

const char *opt_stop_name(opt_stop stop)
{
    static const char *const names[] = {
        [OPT_RUNNING] = "running",       [OPT_CONVERGED] = "converged",
        [OPT_TARGET] = "target reached", [OPT_BUDGET] = "budget spent",
        [OPT_NONFINITE] = "non-finite",  [OPT_DIVERGED] = "diverged",
        [OPT_STALLED] = "stalled",       [OPT_CANCELLED] = "cancelled",
    };
    size_t i = (size_t)stop;
    return i < sizeof names / sizeof names[0] ? names[i] : NULL;
}

double opt_row_loss(const opt_row *row)
{
    if (!isnan(row->exact_gap))
        return row->exact_gap;
    return isnan(row->loss_filtered) ? row->loss : row->loss_filtered;
}

/* With the belief N(m, P) about the gradient, E|grad f|^2 = |m|^2 + tr P. */
static bool is_converged(const opt_run *run)
{
    double variance = isnan(run->row.p) ? 0.0 : run->row.p * (double)run->d;
    return run->config.grad_tolerance > 0.0 &&
           hypot(run->row.filtered_norm, sqrt(variance)) <= run->config.grad_tolerance;
}

static bool is_spent(const opt_run *run)
{
    const opt_config *config = &run->config;
    return run->t >= config->max_steps ||
           (config->max_samples && run->ledger.samples >= config->max_samples) ||
           (config->max_gradients && run->ledger.gradients >= config->max_gradients) ||
           (config->max_seconds > 0.0 && run->row.seconds >= config->max_seconds);
}

opt_stop opt_run_reason_to_stop(const opt_run *run)
{
    const opt_config *config = &run->config;
    double loss = opt_row_loss(&run->row), start = opt_row_loss(&run->start);
    if (is_converged(run))
        return OPT_CONVERGED;
    if (loss <= config->target_loss)
        return OPT_TARGET;
    if (config->diverge_factor > 0.0 && start > 0.0 && loss > config->diverge_factor * start)
        return OPT_DIVERGED;
    if (config->stall_steps && run->t > config->stall_steps &&
        run->t - 1 - run->best_step >= config->stall_steps)
        return OPT_STALLED;
    return is_spent(run) ? OPT_BUDGET : OPT_RUNNING;
}
