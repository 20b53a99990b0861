/* The options of the loop. */
#include <meka/optim.h>

#include <math.h>
#include <string.h>

static const char *const schedules[] = {"constant", "cosine",    "linear",
                                        "1/t",      "1/sqrt(t)", NULL};
static const char *const averages[] = {"none", "uniform", "ema", NULL};

const char *opt_schedule_name(size_t schedule)
{
    return schedule < sizeof schedules / sizeof schedules[0] ? schedules[schedule] : NULL;
}

#define PLACE(field) offsetof(opt_config, field)
#define COUNT(name, field, initial, low, meaning)                                              \
    {                                                                                          \
        name, MEKA_OPTION_COUNT, initial, low, 1e15, NULL, meaning, PLACE(field)               \
    }
#define REAL(name, field, initial, low, high, meaning)                                         \
    {                                                                                          \
        name, MEKA_OPTION_REAL, initial, low, high, NULL, meaning, PLACE(field)                \
    }
#define CHOICE(name, field, initial, names, meaning)                                           \
    {                                                                                          \
        name, MEKA_OPTION_CHOICE, initial, 0.0, 0.0, names, meaning, PLACE(field)              \
    }

enum { N_TRAJECTORY = 10 }; /* rows that change the log; the others only end a run */

static const meka_option rows[] = {
    COUNT("seed", seed, "1", 0, "which samples are drawn; the same seed gives the same run"),
    {"batch", MEKA_OPTION_COUNT, "32", 1, 1e8, NULL, "samples per step", PLACE(batch_size)},
    CHOICE("schedule", schedule, "constant", schedules,
           "factor on the step size of any method, after the warm-up: constant, cosine or "
           "linear (to 0 at the horizon), 1/t or 1/sqrt(t)"),
    COUNT("warmup", warmup, "0", 0,
          "steps at the start over which that factor rises from 1/N to 1"),
    COUNT("horizon", horizon, "0", 0,
          "the step at which cosine and linear schedules reach 0; 0: the last of --steps"),
    CHOICE("average", average, "none", averages,
           "average of the iterates that is kept beside them: none, uniform (Polyak) or ema"),
    REAL("average-ema", average_ema, "0.999", 0.0, 0.9999999, "coefficient of the average ema"),
    COUNT("average-from", average_from, "0", 0, "step after which iterates are averaged"),
    COUNT(
        "skip", max_skipped, "0", 0,
        "batches with a loss or derivative that is not finite to leave out, at most; one more "
        "ends the run"),
    COUNT("test-every", test_every, "0", 0,
          "steps between evaluations of held-out samples, where there are any; 0: only at the "
          "end"),
    COUNT("steps", max_steps, "1000", 1, "steps at most"),
    COUNT("max-samples", max_samples, "0", 0, "stop once so many samples are drawn; 0: never"),
    COUNT("max-gradients", max_gradients, "0", 0,
          "stop once so many gradients are evaluated, counted per sample; 0: never"),
    REAL("max-seconds", max_seconds, "inf", 0.0, INFINITY,
         "stop after so many seconds of wall-clock time; a run so ended cannot be repeated "
         "exactly"),
    REAL("target", target_loss, "-inf", -INFINITY, 1e300,
         "stop when the loss is at most this: its excess over the known minimum, or the loss "
         "over all samples, or where neither is known its estimate"),
    REAL("grad-tol", grad_tolerance, "0", 0.0, INFINITY,
         "stop when sqrt(|m|^2 + tr P) is at most this: m is the method's estimate of the "
         "gradient, P its variance where the method knows one; 0: never"),
    REAL("diverge", diverge_factor, "0", 0.0, INFINITY,
         "stop when the loss (as for --target) exceeds this times its start; 0: never"),
    COUNT("stall", stall_steps, "0", 0,
          "stop when so many steps have brought no better loss; 0: never"),
};

static const meka_option_table table = {rows, sizeof rows / sizeof rows[0], sizeof(opt_config)};

const meka_option_table *opt_config_options(void)
{
    return &table;
}

bool opt_config_row_limits(const meka_option *row)
{
    return row - rows >= N_TRAJECTORY;
}

opt_config opt_config_default(void)
{
    opt_config config;
    meka_options_init(&table, &config);
    config.known_minimum = NAN;
    return config;
}
