/* MEKA and ADAMEKA: options, presets, rows, memory. */
#include "optim/meka.h"

#include "optim/methods.h"

#include <math.h>
#include <string.h>

static const char *const preset_names[] = {"calibrated", "paper", NULL};
static const char *const covariances[] = {"scalar", "diag", "full", NULL};
static const char *const starts[] = {"observation", "prior", NULL};
static const char *const noises[] = {"estimated", "constant", NULL};
static const char *const rules[] = {"fixed", "quadratic", "pi", "ei", "bound", NULL};
static const char *const variances[] = {"directional", "scalar", NULL};
static const char *const negatives[] = {"absolute", "model", NULL};

#define CHOICE(name, initial, names, meaning)                                                  \
    OPT_CHOICE(meka_params, name, initial, names, meaning)
#define REAL(name, initial, low, high, meaning)                                                \
    OPT_REAL(meka_params, name, initial, low, high, meaning)
#define COUNT(name, initial, low, high, meaning)                                               \
    OPT_COUNT(meka_params, name, initial, low, high, meaning)
#define BOOL(name, initial, meaning) OPT_BOOL(meka_params, name, initial, meaning)

const char *meka_rule_name(size_t rule)
{
    return rule < sizeof rules / sizeof rules[0] ? rules[rule] : NULL;
}

/* The defaults are the preset `calibrated`. */
static const meka_option options[] = {
    CHOICE(preset, "calibrated", preset_names,
           "values for all other options, applied before those that are given: calibrated "
           "(the default) or paper (as printed)"),
    CHOICE(covariance, "scalar", covariances, "form of P, Q and Sigma: c I, diagonal or full"),
    CHOICE(start, "observation", starts,
           "first belief: observation (m = g, P = Sigma; eq. 15), or prior (m = 0, P = 1e4 I, "
           "which depends on the unit of the objective)"),
    CHOICE(noise, "estimated", noises,
           "Sigma: estimated from the samples, or constant (eq. 15), which works with one "
           "sample"),
    REAL(sigma, "1", 0.0, 1e300, "Sigma per dimension of a batch's mean gradient if constant"),
    REAL(ema, "0.999", 0.0, OPT_MAX_BETA, "coefficient of the moving average of Sigma"),
    REAL(loss_ema, "0.999", 0.0, OPT_MAX_BETA,
         "coefficient of the moving average of r, the variance of the mean loss"),
    BOOL(value_filter, "yes",
         "filter the function value (appendix B); no: u = y and s = r of the batch"),
    REAL(gate, "5", 0.0, 1e6,
         "innovations beyond this many standard deviations widen P to what they show (with "
         "noise=estimated); 0: none"),
    CHOICE(rule, "pi", rules,
           "step size: fixed, quadratic (A/B), pi (probability of improvement, eq. 12), ei "
           "(expected improvement) or bound (A - k sqrt p)/(B + k sqrt q)"),
    REAL(alpha, "0.1", 0.0, 1e300, "step size of the fixed rule and of the fixed steps"),
    COUNT(fixed_steps, "0", 0.0, 1e15,
          "steps at the start that have the size alpha, while the rule only watches (Fig. 7)"),
    BOOL(third_order, "yes", "add C a^3/6 with the third derivative along d to the line model"),
    CHOICE(variance, "directional", variances,
           "d'Q d: directional (measured along d), or scalar (|d|^2 times the mean variance of "
           "B d, one more Hessian-vector product)"),
    CHOICE(negative, "absolute", negatives,
           "curvature B < 0: absolute (|B| takes its place), or model (left to the rule; "
           "where the model has no best step, the last one found)"),
    REAL(smoothing, "0", 0.0, OPT_MAX_BETA, "coefficient of a moving average of a; 0: none"),
    REAL(factor, "1", 0.0, 1e300, "c in theta += c a d (Fig. 6)"),
    REAL(cap, "inf", 0.0, INFINITY, "largest c a"),
    REAL(floor, "0.1", 0.0, 1e6,
         "rho in s >= (rho A^2/(2B))^2, without which pi stops where s = 0; 0: none"),
    BOOL(calibrate, "yes",
         "scale the slope A by how far the filter's claims have been true; no: only log it"),
    REAL(calibration_z, "1", 0.0, 1e6, "standard errors below the mean calibration to use"),
    REAL(calibration_ema, "0.99", 0.0, OPT_MAX_BETA,
         "coefficient of the calibration's averages"),
    REAL(curvature_ema, "0.9", 0.0, OPT_MAX_BETA,
         "coefficient of the average that B/|d|^2 is raised to; 0: none"),
    REAL(curvature_z, "3", 0.0, INFINITY,
         "standard errors sqrt(q) of B by which the average raises it at most"),
    REAL(bound_k, "0.5", 0.0, 1e6, "k of the rule bound"),
};

static const opt_preset presets[] = {
    {"calibrated", "third-order PI with a floor on s, calibrated slope, curvature average",
     "covariance=scalar start=observation noise=estimated sigma=1 ema=0.999 loss_ema=0.999 "
     "value_filter=yes gate=5 rule=pi fixed_steps=0 third_order=yes variance=directional "
     "negative=absolute smoothing=0 factor=1 cap=inf floor=0.1 calibrate=yes calibration_z=1 "
     "calibration_ema=0.99 curvature_ema=0.9 curvature_z=3 bound_k=0.5"},
    {"paper", "the method as printed: PI, smoothed steps, scalar variances, the prior",
     "covariance=scalar start=prior noise=estimated sigma=1 ema=0.999 loss_ema=0.999 "
     "value_filter=yes gate=0 rule=pi fixed_steps=0 third_order=no variance=scalar "
     "negative=model "
     "smoothing=0.999 factor=1 cap=inf floor=0 calibrate=no calibration_z=0 "
     "calibration_ema=0.99 curvature_ema=0 curvature_z=3 bound_k=0.5"},
};

enum { N_HEAD = sizeof(meka_head) / sizeof(double) };

bool meka_defers(const meka_params *params, bool adam)
{
    return params->covariance == OPT_COVARIANCE_SCALAR && !adam;
}

/* The number of doubles of state and scratch: what meka_layout hands out. */
static void count_memory(const meka_params *params, bool adam, size_t d, size_t *n_state,
                         size_t *n_scratch)
{
    size_t size = opt_covariance_size((opt_covariance)params->covariance, d);
    *n_state = N_HEAD + (adam ? 2 : 1) * d + 2 * size;
    *n_scratch = (meka_defers(params, adam) ? 1 : 4) * d + 4 * size +
                 opt_filter_work_size((opt_covariance)params->covariance, d);
}

static meka_status count_sizes(const meka_params *p, bool adam, size_t d, size_t *n_state,
                               size_t *n_scratch, meka_error *err)
{
    /* At most 9 d^2 + 12 d + a few hundred doubles. */
    size_t largest = p->covariance == OPT_COVARIANCE_FULL
                         ? (size_t)sqrt((double)(SIZE_MAX / (32 * sizeof(double))))
                         : SIZE_MAX / (32 * sizeof(double));
    if (d > largest)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "method meka: %zu parameters are too many for covariance=%s; at most "
                         "%zu fit the address space",
                         d, covariances[p->covariance], largest);
    count_memory(p, adam, d, n_state, n_scratch);
    return MEKA_OK;
}

static meka_status sizes_meka(const void *params, size_t d, size_t *n_state, size_t *n_scratch,
                              meka_error *err)
{
    return count_sizes(params, false, d, n_state, n_scratch, err);
}

static meka_status sizes_adameka(const void *params, size_t d, size_t *n_state,
                                 size_t *n_scratch, meka_error *err)
{
    return count_sizes(params, true, d, n_state, n_scratch, err);
}

static double *take(double **cursor, size_t n)
{
    double *block = *cursor;
    *cursor += n;
    return block;
}

void meka_layout(const meka_params *params, bool adam, size_t d, double *state, double *scratch,
                 meka_memory *out)
{
    size_t size = opt_covariance_size((opt_covariance)params->covariance, d);
    double *cursor = state;
    out->adam = adam;
    out->deferred = meka_defers(params, adam);
    size_t n_weighted = out->deferred ? 0 : d;
    out->head = (meka_head *)take(&cursor, N_HEAD);
    out->m = take(&cursor, d);
    out->v = adam ? take(&cursor, d) : out->m;
    out->P = take(&cursor, size);
    out->sigma_sum = take(&cursor, size);
    cursor = scratch;
    out->h = take(&cursor, d);
    out->weight = take(&cursor, n_weighted);
    out->var = take(&cursor, n_weighted);
    out->cross = take(&cursor, n_weighted);
    out->K = take(&cursor, size);
    out->q = take(&cursor, size);
    out->observed = take(&cursor, size);
    out->sigma = take(&cursor, size);
    out->work = cursor;
}

/* One sample has no variance; it is enough where no rule or average needs one. */
static size_t batch_needed(const void *params)
{
    const meka_params *p = params;
    bool no_variance =
        p->rule == MEKA_RULE_FIXED || (p->rule == MEKA_RULE_QUADRATIC && !p->calibrate);
    return p->noise == MEKA_NOISE_CONSTANT && no_variance ? 1 : 2;
}

static meka_status step_meka(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    return meka_step(params, false, state, scratch, step, err);
}

static meka_status step_adameka(const void *params, double *state, double *scratch,
                                const opt_step *step, meka_error *err)
{
    return meka_step(params, true, state, scratch, step, err);
}

#define COMMON                                                                                 \
    .reference = "Chen, Choi, Balles, Duvenaud, Hennig, Self-tuning stochastic optimization "  \
                 "with curvature-aware gradient filtering (2020)",                             \
    .deviations = "eq. 9 has m^2 where m is printed, which the units demand, and eq. 13 the "  \
                  "sign of eq. 11; the filter of the function value (appendix B) is "          \
                  "reconstructed, with a moving average of r as of Sigma; with preset=paper "  \
                  "all else is as printed, while the default adds what keeps small batches "   \
                  "and ill-conditioned problems from diverging: the gate, the floor on s, "    \
                  "the calibrated slope, the average curvature, d'Q d measured along d, "      \
                  "steps that are not averaged, and a start that knows no units",              \
    .options = OPT_TABLE(options, meka_params), .min_batch = 2, .presets = presets,            \
    .n_presets = sizeof presets / sizeof presets[0], .batch_needed = batch_needed,             \
    .keeps = true

const opt_method opt_method_meka = {
    .name = "meka",
    .summary = "Kalman-filtered gradients with uncertainty-informed step sizes",
    .step = step_meka,
    .sizes = sizes_meka,
    .defers = true,
    COMMON,
};

const opt_method opt_method_adameka = {
    .name = "adameka",
    .summary = "MEKA along m/sqrt(m^2 + P) elementwise (eq. 9)",
    .step = step_adameka,
    .sizes = sizes_adameka,
    COMMON,
};
